#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1's TCP side for programs whose SSL has a BIO of their own (haproxy, apache2, curl, PostgreSQL): SSL_get_fd is -1, so the
# socket is learnt from the I/O that the thread does inside SSL_* calls. No TLS record of ours goes past the program's
# buffers: without SSL_shutdown there is no close_notify, and the event says why.
#
# shellcheck disable=SC2034  # connections is read in lib/judge.bash

load lib/judge

good=(tcp=fin whole=yes content=right plain=0 late=0)

# 64 KB lie behind the request; the pause keeps the judge from emptying the reply before the RST overtakes it.
serves() {
  judge_server "$1" server_own_bio --mode "$2" --write 256K -- \
    --parallel 2 --send 1K --trail 64K --expect 256K --rcvbuf 8K --pause 5
}

resets_bare() {
  serves bare "$1"
  assert_total "rst=$connections" whole=0 bad=0
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
  both every_call_bare free
  both every_call_bare close
}

@test "P1: SSL_free, then close: all that was written arrives, by whatever calls" {
  both every_call_cured free
}

@test "P1: close, then SSL_free: the same" {
  both every_call_cured close
}
