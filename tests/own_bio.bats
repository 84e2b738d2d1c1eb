#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1's TCP side for programs whose SSL has a BIO of their own (haproxy, apache2, curl, PostgreSQL): SSL_get_fd is -1, so the
# socket is learnt from the I/O that the thread does inside SSL_* calls. No TLS record of ours goes past the program's
# buffers: without SSL_shutdown there is no close_notify, and the event says why.
#
# shellcheck disable=SC2034,SC2154  # connections is read, program_log is set, in lib/judge.bash
# shellcheck disable=SC2317         # called by both

load lib/judge

good=(tcp=fin whole=yes content=right plain=0 late=0)

# 64 KB lie behind the request; the pause keeps the judge from emptying the reply before the RST overtakes it.
serves() {
  judge_server "$1" server_own_bio --mode "$2" --write 256K -- \
    --parallel 2 --send 1K --trail 64K --expect 256K --rcvbuf 8K --pause 5
}

resets_bare() {
  serves bare "$1"
  assert_total "rst=$connections" "truncated>=$((connections / 2))" bad=0
}

cured() {
  serves cured "$1"
  assert_verdict "${good[@]}" tls=none
  assert_total rst=0 bad=0
  [[ $(events_with 'no close_notify (the program writes through a BIO of its own), half-closed, drained') -eq $connections ]] ||
    fail_showing "not one such event for each connection"
}

every_call_bare() {
  local calls
  for calls in plain vector socket message address fortified; do
    resets_bare "$calls-$1"
  done
}

every_call_cured() {
  local calls
  for calls in plain vector socket message address fortified; do
    cured "$calls-$1"
  done
}

connections=4

@test "bare: a program with a BIO of its own resets, by whatever calls, and replies are lost" {
  both_at_once every_call_bare free
  both_at_once every_call_bare close
}

@test "P1: SSL_free, then close: all that was written arrives, by whatever calls" {
  both_at_once every_call_cured free
}

@test "P1: close, then SSL_free: the same" {
  both_at_once every_call_cured close
}

@test "P1: SSL_shutdown, then the rest: the program's own close_notify, and it is told so" {
  said_by_the_program() {
    serves cured socket-shutdown
    assert_verdict "${good[@]}" tls=close_notify
    assert_event 'SSL_free, close after SSL_shutdown' 'close_notify was sent already, half-closed, drained'
  }
  both said_by_the_program
}

@test "bare: the other ways to let go reset as well" {
  both resets_bare socket-half
  both resets_bare socket-again
  both resets_bare socket-holds
  both resets_bare socket-clear
  both resets_bare socket-fork
}

@test "P1: shutdown(SHUT_WR) first" {
  both cured socket-half
}

@test "P1: a second BIO of the program's own, for the same socket" {
  both cured socket-again
}

@test "P1: what the program's BIO still holds at SSL_free goes out behind it, and nothing of ours came between" {
  both cured socket-holds
}

@test "P1: one SSL for all connections, SSL_clear between them: each socket is learnt anew" {
  both cured socket-clear
}

@test "P7: the child serves, the parent frees and closes before: only the child drains" {
  both cured socket-fork
}

@test "P1: LINGER=wait drains inside close() here, too" {
  export TLSBYE_LINGER=wait
  cured socket-free
  cured socket-close
}

@test "P11: observe learns the socket as well, and only tells" {
  export TLSBYE_MODE=observe
  serves cured socket-free
  assert_total "rst=$connections"
  [[ $(events_with 'unread; only observed, would not send close_notify: the program writes through a BIO') -eq $connections ]] ||
    fail_showing "not one such event for each connection"
}

# --- other I/O inside an SSL_* call ---

calls_back() {
  judge_server "$1" server_own_bio_callback --mode "$2" --write 256K -- \
    --send 1K --trail 64K --expect 256K --rcvbuf 8K --pause 5
}

@test "bare: a callback's other socket is reset at its close, and so is the connection" {
  connections=1
  resets() {
    calls_back bare other
    assert_program log=reset
    run grep wrong= "$program_log"
    assert_output ""
    assert_verdict tcp=rst
  }
  both resets
}

@test "P5: what a callback does on other sockets, files and with bad pointers ends as bare; the connection is cured" {
  connections=1
  as_bare() {
    calls_back cured other
    assert_program log=reset
    run grep wrong= "$program_log"
    assert_output ""
    assert_verdict "${good[@]}" tls=none
  }
  both as_bare
}

@test "P6: a callback that speaks TLS on another connection: each of the two has its own goodbye" {
  connections=2
  two() {
    judge_server cured server_own_bio_callback --mode tls --write 64K -- \
      --parallel 2 --send 1K --trail 64K --expect 64K
    assert_verdict "${good[@]}"
    assert_total close_notify=1 rst=0 bad=0
  }
  both two
}

@test "P6: a callback that leaves by longjmp: what the thread writes afterwards is not believed" {
  connections=1
  leaps() {
    calls_back cured jumps
    assert_program log=reset
    assert_verdict "${good[@]}" tls=none
  }
  both leaps
}

@test "P5: _FORTIFY_SOURCE: a read that overflows ends the program as bare, one that does not succeeds" {
  local call how
  for call in read recv recvfrom; do
    for how in bare cured; do
      "run_$how" overflow_fortified --mode "$call"
      assert_failure 134
      "run_$how" overflow_fortified --mode "$call" --status 1
      assert_success
    done
  done
}

# --- no I/O inside SSL_* calls at all ---

in_memory() {
  judge_server "$1" server_memory_bio --rounds "$2" --write 64K -- --send 1K --trail 64K --expect 64K
}

@test "bare: memory BIOs: a reset" {
  connections=2
  resets() {
    in_memory bare 1
    assert_total rst=2 close_notify=0
  }
  both resets
}

# What is told of them is in out_of_reach.bats.
@test "P12: memory BIOs: passed through as bare, and the log says of each that it is out of reach" {
  connections=3
  export TLSBYE_LOG_LEVEL=debug
  passes_through() {
    in_memory cured "$1"
    assert_total rst=3 close_notify=0 bad=0
    [[ $(events_with 'no socket known' 'is out of reach') -eq 3 ]] || fail_showing "not said of each"
    [[ $(events_with '') -eq 3 ]] || fail_showing "more was said"
  }
  both passes_through 1
  both passes_through 100
}
