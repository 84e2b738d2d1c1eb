#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Where more than one shares something: many threads one SSL_CTX, one SSL many connections (cure.bats has SSL_clear), and
# two SSLs one descriptor, one after the other or at once. In doubt tlsbye is silent: a word of one SSL must never break
# into the stream of another.
#
# shellcheck disable=SC2034,SC2154  # connections is read in lib/judge.bash, output set by bats

load lib/judge

good=(tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' plain=0 late=0)

# --- threads ---

pool() {
  connections=96
  judge_server "$1" server_thread_pool --read 2K --write 256K -- --parallel 16 --send 100K --expect 256K --pause 5
}

@test "bare: eight threads with one SSL_CTX lose replies" {
  pool_bare() {
    pool bare
    assert_total close_notify=0 rst=96
  }
  both pool_bare
}

@test "P1: eight threads with one SSL_CTX: every byte, close_notify, FIN" {
  pool_cured() {
    pool cured
    assert_verdict "${good[@]}"
  }
  both pool_cured
}

# --- one SSL after the other on one descriptor ---

twice() {
  "run_$1" starttls_twice --write 64K --tls "$tls" "${@:2}"
  assert_success
}

@test "bare: TLS twice over one connection: neither has a goodbye" {
  twice_bare() {
    twice bare
    assert_line 'first got=65536 content=right end=nothing'
    assert_output --regexp 'second got=131072 content=right end=(cut|error)'
  }
  both twice_bare
}

@test "P1, P11: TLS twice over one connection: both goodbyes, in order, and an event for each" {
  twice_cured() {
    twice cured
    assert_line 'first got=65536 content=right end=close_notify'
    assert_line 'second got=131072 content=right end=close_notify'
    assert_output --regexp 'tlsbye: .*: SSL_free without SSL_shutdown; sent close_notify'
    assert_output --regexp 'tlsbye: .*: SSL_free, close without SSL_shutdown; sent close_notify, half-closed'
  }
  both twice_cured
}

@test "P6: the first SSL, freed in the middle of the second's talk, or never, does not break into it" {
  late() {
    local mode
    for mode in late leak; do
      twice cured --mode "$mode"
      assert_line 'first got=65536 content=right end=nothing'
      assert_line 'second got=131072 content=right end=close_notify'
    done
    twice cured --mode late
    assert_output --partial 'no close_notify (another SSL was using the socket by then)'
  }
  both late
}

@test "P1: a copy of the descriptor from the first SSL's time, closed in the second's, is not the last one" {
  copied() {
    twice cured --mode dup
    assert_line 'second got=131072 content=right end=close_notify'
  }
  both copied
}

# --- two SSLs at once ---

beside() {
  judge_server "$1" server_two_ssl --mode "$2" --write 64K -- --wait-first --send 1K --trail 20K --expect 64K
}

@test "bare: a second SSL on the descriptor: no goodbye, and a reset" {
  beside_bare() {
    beside bare idle
    assert_verdict tls=none tcp=rst
    beside bare tried
    assert_program second=-1
    assert_verdict tls=none tcp=rst
  }
  both beside_bare
}

@test "P1: a second SSL that was never used takes nothing from the first" {
  idle() {
    beside cured idle
    assert_verdict "${good[@]}"
  }
  both idle
}

@test "P9: a second SSL that tried to shake hands: in doubt no close_notify, but all data and a FIN" {
  tried() {
    local mode
    for mode in tried tried-last; do
      beside cured "$mode"
      assert_program second=-1
      assert_verdict tls=none tcp=fin whole=yes content=right 'order=data>fin' plain=0 late=0
      assert_event 'no close_notify (another SSL was using the socket by then)'
    done
  }
  both tried
}
