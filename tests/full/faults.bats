#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9: each system call of ours fails, alone and from the first on, with ENOMEM, EMFILE, EPERM, EINTR, EAGAIN and ENOSYS: of a
# server that frees and of one that closes first, of a client that exits, where data is left unread, where it is not whole,
# in a child, with epoll sets; by the hub, by a task, in place; of the hub; of the command. The loader's calls for the object
# are not among them: a loader that may not map ends a program by itself, or does without. What holds: lib/faults.py. The sums
# are printed.
#
# Minutes: tests/run --full. FAULTS_ERRORS=EPERM,EAGAIN is a shorter list.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # a test's variables are its own; what lib/judge.bash reads and sets

load ../lib/judge
load ../lib/faults

export BATS_TEST_TIMEOUT=1800
errors=${FAULTS_ERRORS:-ENOMEM,EMFILE,EPERM,EINTR,EAGAIN,ENOSYS}
whole=(--write 64K -- --send 1K --expect 64K --watch 10)

setup() {
  begin_test
  load_faults
}

# each OPTION... -- PROGRAM ARG... -- JUDGE ARG...: the n-th alone, then from the first on.
each() {
  local when
  for when in nth from; do
    faults --errors "$errors" --when "$when" "$@"
    echo "# ${BATS_TEST_DESCRIPTION}: $when: ${lines[-1]}" >&3
  done
}

@test "faults: a server that frees, then closes" {
  each -- server_free_then_close "${whole[@]}"
}

@test "faults: a server that closes, then frees" {
  each -- server_close_then_free "${whole[@]}"
}

@test "faults: bytes lie unread" {
  each -- server_free_then_close --write 64K -- --send 1K --trail 20K --expect 64K --watch 10
}

@test "faults: a client that leaves by exit" {
  each --calls --connections 1 -- client_exit_status --mode exit --write 64K -- --no-tickets --expect 64K
}

@test "faults: a client that leaves with another status: no close_notify" {
  each --calls --connections 1 -- client_exit_status --mode exit --status 3 --write 64K -- --no-tickets --expect 64K
}

@test "faults: a write that is left half-done: never close_notify" {
  # How many writes it takes is the network's doing.
  each --calls-of "getsockopt,setsockopt,getsockname,ioctl,shutdown,socket,connect,sendmsg,sendto,recvfrom,rt_sigprocmask,fcntl" \
    -- server_unfinished_write --write 32M -- --send 1K --expect 32M --rcvbuf 4K --pause 300
}

@test "faults: a socket in an epoll set" {
  each -- server_epoll --rounds 20 "${whole[@]}"
}

@test "faults: a child that serves" {
  each --by preload --who all -- server_fork_child "${whole[@]}"
}

@test "faults: without a hub, by a task" {
  export TLSBYE_WAYS=clone
  each --by preload --who all -- server_free_then_close "${whole[@]}"
}

@test "faults: without either, in place" {
  export TLSBYE_WAYS=in-place
  each --by preload -- server_free_then_close "${whole[@]}"
}

@test "faults: of the hub" {
  # Not from the first on: a hub whose epoll_wait() fails for ever does not end (no kernel does that).
  faults --errors "$errors" --who hub -- server_free_then_close "${whole[@]}"
  echo "# ${BATS_TEST_DESCRIPTION}: ${lines[-1]}" >&3
}

@test "faults: of the hub, as it begins" {
  faults --errors "$errors" --who start -- server_free_then_close "${whole[@]}"
  echo "# ${BATS_TEST_DESCRIPTION}: ${lines[-1]}" >&3
}

@test "faults: of tlsbye run, before the program begins" {
  faults --errors "$errors" --who command -- server_free_then_close "${whole[@]}"
  echo "# ${BATS_TEST_DESCRIPTION}: ${lines[-1]}" >&3
}

# The command says why it does not begin, or the program is served as bare.
begins_or_says_why() {
  rm -f "$BATS_TEST_TMPDIR/port"
  start_program cured server_free_then_close --write 64K --port-file "$BATS_TEST_TMPDIR/port"
  poll 1000 filled_or_ended "$BATS_TEST_TMPDIR/port" "$program_pid"
  if [[ -s $BATS_TEST_TMPDIR/port ]]; then
    start_judge connect --send 1K --expect 64K --watch 10 "$(<"$BATS_TEST_TMPDIR/port")"
    wait_judge
    wait_program
    assert_status
    assert_verdict whole=yes content=right # a hub that cannot hold a socket closes it: what the peer answers is met by a reset
    await_hub # its folder stays where it crashed
    ((served += 1))
  else
    wait_program
    [[ $program_status -eq 125 ]] || fail_showing "it ended with $program_status"
    grep -q '^tlsbye: ' "$program_err" || fail_showing 'it does not say why'
  fi
}

@test "faults: malloc of the command and of the hub, from the n-th on" {
  local n served=0
  for ((n = 1; n <= 20; n++)); do
    wrapper=(env "MALLOC_FAILS=$n+" MALLOC_FAILS_IN=tlsbye "LD_PRELOAD=$BUILD/tests/programs/.libs/malloc_fails.so")
    begins_or_says_why
  done
  echo "# ${BATS_TEST_DESCRIPTION}: served $served of 20" >&3
  ((served >= 1))
}
