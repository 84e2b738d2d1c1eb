#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=alone
#
# A process that ends without a word, by a signal or by the bare system call: the hub tells of it, and invents no cause.
#
# shellcheck disable=SC2030,SC2031  # a test's variables are its own
# shellcheck disable=SC2034,SC2154  # what lib/*.bash read and set
# shellcheck disable=SC2016,SC2317  # inner shells expand; called by both

load lib/project
load lib/judge
load lib/hub

# logs_to_hub [OPTION...]: from here on the host's log is $log, which the hub has open.
logs_to_hub() {
  log=$BATS_TEST_TMPDIR/log
  rm -f "$log"
  wrapper=("$TLSBYE" run "--log=$log" "$@" --)
}

# No other log has its lines: who is asked is the schema.
cut_short() {
  "$BATS_TEST_DIRNAME/lib/json_lines" say cut-short program pid level mode <"$log"
}

is_cut_short() {
  [[ -n $(cut_short) ]]
}

assert_hub_ended() {
  wait_until gone "$hub"
}

@test "P11: a process that is killed with a connection: the hub tells that it ended, and no cause" {
  connections=2
  logs_to_hub --log-format=json
  start_held_judge
  start_host bare
  tell connect 2
  find_hub
  kill -KILL "$program_pid"
  wait_until is_cut_short
  assert_equal "$(cut_short)" "\"client_by_command\" $program_pid \"warn\" \"cure\""
  assert_hub_ended
  assert_equal "$("$BATS_TEST_DIRNAME/lib/json_lines" valid "$log")" 1
}

@test "P11: the same for people; not for who wants errors alone" {
  killed() {
    start_held_judge
    start_host bare
    tell connect 1
    find_hub
    kill -KILL "$program_pid"
    assert_hub_ended
  }
  logs_to_hub
  killed
  run cat "$log"
  assert_output --regexp "^tlsbye: client_by_command\[$program_pid\]: the process ended without a word:"
  logs_to_hub --log-level=error
  killed
  run cat "$log"
  assert_output ''
}

@test "P12: no word of who had no connection, came to its exit, or became a program without the object" {
  connections=1
  logs_to_hub --log-format=json
  wrapper+=(sh -c 'sh -c "kill -KILL \$\$"; exec "$@"' sh)
  start_held_judge
  start_host bare
  tell connect 1
  find_hub
  finish
  assert_hub_ended
  refute is_cut_short
  start_held_judge
  start_host bare
  tell connect 1
  find_hub
  tell clear # of LD_PRELOAD, too
  order exec /bin/true
  assert_hub_ended
  refute is_cut_short
}
