# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154  # $top is lib/judge.bash's
#
# Bats helper around lib/faults.py, which lets the system calls of tlsbye fail and compares with bare.
#
#   faults OPTION... -- PROGRAM ARG... -- JUDGE ARG...   all that has to hold holds, in each run; $output has the sum
#
# Rules: what failed in which run is printed, and its folder is kept under $BATS_TEST_TMPDIR until the test ends.

load_faults() {
  command -v strace >/dev/null || skip 'strace is not installed'
  # Not a test of its own where ptrace is refused.
  strace -o /dev/null true 2>/dev/null || skip 'strace may not trace here'
  export OBJECT=$BUILD/src/libtlsbye/.libs/libtlsbye.so
}

faults() {
  local options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  run /usr/bin/python3 "$top/tests/lib/faults.py" "${options[@]}" "$BATS_TEST_TMPDIR/$RANDOM" "${@:2}"
  assert_success
  refute_line --partial ' 0 runs,'
}
