#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What an adversary found in the way of a socket out of the program: a FIN that waits for a word that nobody will say, and
# holds that were taken for one another.
#
# shellcheck disable=SC2034,SC2154  # what lib/judge.bash reads and sets

load lib/judge

# The FIN comes as soon as bare, not when the last limit says so: --limit is below it.
ends_at_once() {
  TLSBYE_LINGER_TOTAL=60s judge_client "$1" client_leaves_call --write 1K "${@:2}" -- --expect 1K --limit 20
  assert_verdict whole=* tcp=fin
}

@test "P1: a call left by siglongjmp, then close, then SSL_free: the FIN does not wait for the call" {
  ends_at_once bare
  ends_at_once cured
}

@test "P5: a close left by siglongjmp: no cancellation is left off, and no number that cannot be closed" {
  jumps() {
    connections=40
    judge_client "$1" client_jumps_out_of_close --read 1K --write 1K -- --send 1K --expect 1K
    assert_program cancellation_off=0 stuck=0
    [[ $(tail -n 1 "$program_log") == 'cancellation_off=0 stuck=0' ]] || fail_showing "something was left behind"
  }
  jumps bare
  jumps cured
}

@test "P12: a call left by siglongjmp is no other thread's; one that another thread is in is" {
  judge_client cured client_leaves_call --write 1K -- --expect 1K --limit 20
  assert_event 'no close_notify (a call that uses the SSL had not returned: '
  judge_client cured client_leaves_call --write 1K --mode thread -- --expect 1K --limit 20
  assert_event 'no close_notify (another thread was using the SSL)'
}

@test "P1: the same where the SSL is never freed, and the program lives on" {
  start_judge serve --port-file "$BATS_TEST_TMPDIR/port" --tls 1.3 --expect 1K --limit 20
  wait_for_port "$BATS_TEST_TMPDIR/port" "$judge_pid"
  TLSBYE_LINGER_TOTAL=60s start_program cured client_leaves_call --write 1K --mode never --port "$port" --tls 1.3
  wait_judge
  assert_verdict tcp=fin
  kill -0 "$program_pid"
}

@test "P1: closed in a handler that ends the process: the FIN does not wait, by whatever it ends" {
  ends_at_once cured --mode exit
  want_status=137
  ends_at_once cured --mode kill
}

@test "P12: LINGER=wait and off tell why a close in a handler said no close_notify" {
  local linger
  for linger in wait off; do
    TLSBYE_LINGER=$linger judge_client cured client_close_in_handler --mode openssl -- --expect-any
    assert_event 'no close_notify ('
  done
}

@test "P1: an exec of itself: the hub takes the sockets of both programs" {
  connections=2
  judge_client bare client_exec_again --write 1M -- --parallel 2 --pause 2000 --expect 1M
  assert_total whole=0
  judge_client cured client_exec_again --write 1M -- --parallel 2 --pause 2000 --expect 1M
  assert_verdict whole=yes tls=close_notify tcp=fin
  [[ $(events_with 'sent close_notify') -eq 2 ]] || fail_showing "not both have told of their end"
}

@test "P6: SSL_shutdown twice after close, the number is another's: that one loses nothing, and gets nothing" {
  judge_client bare client_reused_fd --mode shutdown -- --expect 1K
  assert_program same-number=yes 'bytes=[1-9][0-9]*'
  shut_down() {
    judge_client cured client_reused_fd --mode shutdown -- --expect 1K
    assert_program same-number=yes bytes=0 unread=13 first=0 second=-1 error=5
    assert_verdict whole=yes tls=close_notify tcp=fin
  }
  both shut_down
}

# A signal at each of our calls within a close, whichever it is.
jumps_out() {
  connections=30
  judge_client "$@" --write 1K -- --expect-any
  assert_program jumped=yes stuck=0 cancellation_left_off=0
}

@test "P9: close left by siglongjmp: the number can be closed, and cancellation is as it was" {
  local mode
  jumps_out cured client_jumps_at_each_call
  jumps_out cured client_jumps_at_each_call --mode closes-first
  for mode in observe off; do
    TLSBYE_MODE=$mode connections=30 judge_client cured client_jumps_at_each_call --write 1K -- --expect-any
    assert_program stuck=0 cancellation_left_off=0
  done
}
