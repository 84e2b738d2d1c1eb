#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=alone
#
# P1 by the numbers: the wrong server, which reads 2 KB of each request, answers and closes, for all sizes of replies
# and requests at both versions, 200 connections each. Bare it must lose; under tlsbye not one byte of any. Of 8 MB hardly a
# reply arrives whole bare: 40 each are as telling, and the other 160, which take a minute, are for tests/run --full.
# tests/full/matrix.bats has the other orders and settings.
#
# shellcheck disable=SC2034  # connections and judge_timeout are read in lib/judge.bash

load lib/judge

connections=200
judge_timeout=180

# cell bare|cured REPLY REQUEST. A judge that watches 16 at a time keeps two processors busy.  It reads late enough
# for a server on a loaded machine to have closed before.
cell() {
  judge_server "$1" server_free_then_close --read 2K --write "$2" -- \
    --parallel 16 --send "$3" --expect "$2" --pause 50 --limit 60
}

replies_of() {
  local request
  for request in 1K 100K 1M; do
    cell cured "$1" "$request"
    assert_verdict tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' plain=0 late=0
    assert_total "whole=$connections" truncated=0 lost=0 "close_notify=$connections" "fin=$connections" rst=0
  done
}

@test "bare: 1 MB replies to 100 KB requests are truncated in 90% or more" {
  truncated() {
    cell bare 1M 100K
    assert_total 'truncated>=180' close_notify=0 rst=200
  }
  both truncated
}

@test "P1: replies of 1 KB, requests of 1 KB, 100 KB and 1 MB: 0 truncated" {
  both replies_of 1K
}

@test "P1: replies of 64 KB, requests of 1 KB, 100 KB and 1 MB: 0 truncated" {
  both replies_of 64K
}

@test "P1: replies of 1 MB, requests of 1 KB, 100 KB and 1 MB: 0 truncated" {
  both replies_of 1M
}

@test "bare: replies of 8 MB to 100 KB requests are truncated in 90% or more" {
  large_truncated() {
    cell bare 8M 100K
    assert_total 'truncated>=36' close_notify=0 rst=40
  }
  connections=40
  both large_truncated
}

@test "P1: replies of 8 MB, requests of 1 KB, 100 KB and 1 MB: 0 truncated" {
  [[ -n ${TESTS_FULL:-} ]] || connections=40
  both replies_of 8M
}

# The server that the client writes to pauses for 20 ms with a receive buffer of 4 KB.
writes_only() {
  judge_client "$1" client_write_only --write 1M -- --parallel 8 --expect 1M --rcvbuf 4K --pause 20
}

@test "bare: a write-only client of 1 MB at TLS 1.3 loses 200 of 200" {
  writes_only bare
  assert_total whole=0 truncated=200 rst=200
}

@test "P1: a write-only client of 1 MB: 200 of 200 whole" {
  writes_only_cured() {
    writes_only cured
    assert_total whole=200 lost=0 close_notify=200 fin=200 rst=0
  }
  both writes_only_cured
}
