#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9: a system call of ours that fails, or memory that is not to be had, makes nothing worse: the program's status, output and
# data are bare's, close_notify comes only where the data is whole, its signal mask stays its own. Which calls are ours, and
# what is held against what, is told in lib/faults.py. Each call with each error, over all ways: tests/full/faults.bats.
#
# shellcheck disable=SC2034,SC2154  # what lib/judge.bash reads and sets

load lib/judge
load lib/faults

setup() {
  begin_test
  load_faults
}

whole=(--write 64K -- --send 1K --expect 64K --watch 10)

@test "P9: each system call of ours fails from the first on" {
  faults --when from --errors EPERM -- server_free_then_close "${whole[@]}"
}

# A socket that lives on in the hub would tell of itself in the program's set, by a pointer that is nobody's any more.
@test "P9: a socket that cannot leave the program's epoll set is not handed over" {
  local trace=$BATS_TEST_TMPDIR/trace
  wrapper=(strace -o "$trace" --inject=epoll_ctl:error=ENOMEM:when=2+) # the first is the program's
  judge_server cured server_epoll --rounds 20 "${whole[@]}"
  assert_verdict tls=close_notify whole=yes
  assert_program events=0
  grep -q 'EPOLL_CTL_DEL.*(INJECTED)' "$trace" || fail_showing 'nothing failed'
  refute grep SCM_RIGHTS "$trace"
}

# A filter that refuses rt_sigprocmask by its first argument: the mask that would be set again is not one that was got.
@test "P9: no signal can be blocked: the mask stays the program's" {
  faults --errors EPERM --calls-of rt_sigprocmask -- server_free_then_close "${whole[@]}"
  TLSBYE_WAYS=clone faults --by preload --errors EPERM --calls-of rt_sigprocmask -- server_free_then_close "${whole[@]}"
}

# malloc_fails WHICH PROGRAM ARG...: no memory for the object; $asked says how often it asked.
malloc_fails() {
  local which=$1
  shift
  wrapper=(env "MALLOC_FAILS=$which" "LD_PRELOAD=$BUILD/tests/programs/.libs/malloc_fails.so")
  judge_server cured "$@" --write 64K -- --send 1K --expect 64K --watch 10
  assert_verdict tls=close_notify tcp=fin whole=yes content=right
  asked=$(sed -n 's/^malloc: asked=\([0-9]*\) .*/\1/p' "$program_err")
}

# Nothing is asked of malloc on the way of a connection, so that it may be let go in a handler, and cured without memory.
@test "P9: malloc gives nothing: the cure does without" {
  local program
  for program in server_free_then_close server_close_then_free; do
    malloc_fails 1+ "$program"
    assert_equal "$asked" 0
  done
}
