#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Random programs over all ways to use a connection and to let go of it, bare and cured, beside a recording peer: tests/chaos
# tells how, and takes any number. Those of tests/chaos.seeds come first; a seed that deviates is printed. By hand tests/chaos keeps it
# there; a run of the tests leaves the tree as it is.

load lib/project

@test "300 random programs: cured does what bare does, and the peer gets what is promised" {
  cp "$ROOT/tests/chaos.seeds" "$BATS_TEST_TMPDIR/seeds"
  chmod u+w "$BATS_TEST_TMPDIR/seeds"
  CHAOS_SEEDS=$BATS_TEST_TMPDIR/seeds run --separate-stderr "$ROOT/tests/chaos" 300
  echo "$output"
  assert_line --index 1 '300 seeds, 0 deviations'
  assert_equal "${#lines[@]}" 2
  assert_success
}

@test "without the cure the same programs do not keep the promises" {
  CHAOS_MODE=off CHAOS_SEEDS=$BATS_TEST_TMPDIR/seeds run "$ROOT/tests/chaos" 20
  assert_failure 1
  assert_output --partial 'no close_notify'
  assert_output --partial 'the end is rst'
  [[ $(grep -c . "$BATS_TEST_TMPDIR/seeds") -eq $(sed -n 's/^20 seeds, \([0-9]*\) deviations$/\1/p' <<<"$output") ]]
}
