#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# TLS over other things than TCP: DTLS over UDP, where close_notify is all that there is to say; sockets of one machine
# (AF_UNIX); TLS in the kernel. Each is shown bare first.
#
# shellcheck disable=SC2154  # output is set by bats

load lib/judge

# dtls bare|cured MODE [ARG...]: what the server's clients heard last stands in $output.
dtls() {
  local how=$1 mode=$2
  shift 2
  "run_$how" dtls_server --mode "$mode" "$@"
  assert_success
  refute_output --partial 'server failed'
}

one_hears() {
  assert_line 'client=1 got=5 end=close_notify'
}

one_waits() {
  assert_line 'client=1 got=5 end=nothing'
}

# --- DTLS ---

@test "bare: DTLS peers hear nothing, whichever way the server lets go" {
  local mode
  for mode in free close exit shutdown connected-free connected-close connected-exit connected-shutdown; do
    dtls bare "$mode"
    one_waits
  done
}

@test "P1: DTLS: close_notify at SSL_free, close, shutdown and exit, connected or not, and nothing about FIN or drain" {
  local mode
  for mode in free close exit shutdown connected-free connected-close connected-exit connected-shutdown; do
    dtls cured "$mode"
    one_hears
    assert_output --regexp 'tlsbye: dtls_server\[[0-9]+\] fd [0-9]+ 127\.0\.0\.1:[0-9]+ - 127\.0\.0\.1:[0-9]+: .*; sent close_notify'
    refute_output --partial 'half-closed'
    refute_output --partial 'drained'
  done
}

@test "P1: DTLS over IPv6" {
  dtls bare free --ipv6
  one_waits
  dtls cured free --ipv6
  one_hears
  dtls cured connected-close --ipv6
  one_hears
}

@test "P5: the port of a DTLS socket can be bound again as soon as close() has returned" {
  local mode
  for mode in free close connected-close shutdown; do
    dtls bare "$mode"
    assert_line 'bind-again=0'
    dtls cured "$mode"
    assert_line 'bind-again=0'
  done
}

@test "bare: two DTLS peers of one socket hear nothing" {
  dtls bare shared-close
  assert_line 'client=1 got=5 end=nothing'
  assert_line 'client=2 got=5 end=nothing'
}

@test "P1: one socket, two DTLS peers: each hears its own goodbye, and the other goes on" {
  dtls cured shared-free
  assert_line 'client=1 got=5 end=close_notify'
  assert_line 'client=2 got=10 end=close_notify'
  dtls cured shared-first
  assert_line 'client=1 got=10 end=close_notify'
  assert_line 'client=2 got=5 end=close_notify'
}

@test "P1, P11: close() of a socket with two DTLS peers says goodbye to both, and tells of both" {
  dtls cured shared-close
  assert_line 'client=1 got=5 end=close_notify'
  assert_line 'client=2 got=5 end=close_notify'
  [[ $(grep -c 'close without SSL_shutdown; sent close_notify' <<<"$output") -eq 2 ]] ||
    fail_showing 'not two events'
}

@test "P3: DTLS: a handshake that did not complete, and a failed exit, stay silent" {
  dtls bare handshake
  assert_line 'accept=-1'
  assert_line 'client=1 got=0 end=nothing'
  dtls cured handshake
  assert_line 'accept=-1'
  assert_line 'client=1 got=0 end=nothing'
  assert_output --partial 'no close_notify (the handshake did not complete)'
  run_cured dtls_server --mode exit --status 3
  assert_failure 3
  one_waits
  assert_output --partial 'no close_notify (the exit status was not 0)'
}

@test "DTLS: NOTIFY=off and MODE=observe change nothing" {
  TLSBYE_NOTIFY=off dtls cured close
  one_waits
  TLSBYE_MODE=observe dtls cured shared-close
  assert_line 'client=1 got=5 end=nothing'
  assert_line 'client=2 got=5 end=nothing'
  [[ $(grep -c 'only observed' <<<"$output") -eq 2 ]] || fail_showing 'not two events'
}
