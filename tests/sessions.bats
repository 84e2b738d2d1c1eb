#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A server that frees its SSL without SSL_shutdown takes the session out of its own cache: every connection of the same
# client is a full handshake. With the goodbye sessions resume again. 100 connections one after the other, each of which
# offers the session of the one before; each test prints how many were full handshakes.
#
# shellcheck disable=SC2034,SC2154  # connections is read, tls is set, in lib/judge.bash

load lib/judge

connections=100

# full_handshakes bare|cured PROGRAM: sets $full. The judge's watch for a late RST, twice 50 ms a connection, is not what is
# asked here.
full_handshakes() {
  judge_server "$1" "$2" --cache --read 1K -- --send 1K --expect 1K --session-reuse --watch 5 --quiet
  assert_total connections=100 alerts=0 bad=0 open=0
  full=$((connections - $(total resumed)))
  echo "# TLS $tls, $2, $1${TLSBYE_MODE:+ ($TLSBYE_MODE)}: $full full handshakes of $connections" >&3
}

# goes_wrong PROGRAM: all are full handshakes bare; is_mended PROGRAM: only the first is, cured.
goes_wrong() {
  full_handshakes bare "$1"
  assert_equal "$full" 100
}

is_mended() {
  full_handshakes cured "$1"
  assert_equal "$full" 1
}

@test "control: a right server needs one full handshake of 100, bare" {
  right() {
    full_handshakes bare server_right
    assert_equal "$full" 1
  }
  both right
}

@test "bare: free then close needs 100 full handshakes of 100" {
  both goes_wrong server_free_then_close
}

@test "P1: free then close needs one" {
  both is_mended server_free_then_close
}

@test "bare: close then free needs 100 full handshakes of 100" {
  both goes_wrong server_close_then_free
}

@test "P1: close then free needs one" {
  both is_mended server_close_then_free
}

@test "observing changes nothing: 100 of 100" {
  export TLSBYE_MODE=observe
  observed() {
    full_handshakes cured server_free_then_close
    assert_equal "$full" 100
  }
  both observed
}
