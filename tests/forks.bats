#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P7 by bytes on the wire: who has put none there since a fork is no owner, whatever it has called; what it calls to let go
# quietly costs the other process nothing. The judge takes every record of all processes in one sequence: two under one
# number are a bad record there.
#
# shellcheck disable=SC2034,SC2154  # connections is read in lib/judge.bash, program_log set there

load lib/project
load lib/judge

connections=6
good=(tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' plain=0 late=0)
idioms='fake fakeonly quiet quietexit read peek pending exit'

# tidies bare|cured MODE
tidies() {
  judge_server "$1" server_fork_tidy --mode "$2" --read 1K --write 64K -- \
    --parallel 3 --send 1K --trail "${3:-20K}" --expect 64K
}

tidies_well() {
  tidies cured "$1"
  assert_verdict "${good[@]}"
  assert_total bad=0 late=0 rst=0
}

@test "bare: two processes that both write: the judge sees two records under one number" {
  both_write() {
    tidies bare both 0
    assert_verdict tls=bad
    assert_total bad=6
  }
  both both_write
}

@test "bare: the parent goes on after its child has tidied up, and resets at the end" {
  tidies_bare() {
    local how
    for how in fake quietexit; do
      tidies bare "$how"
      assert_verdict content=right
      assert_total close_notify=0 rst=6 bad=0
    done
  }
  both tidies_bare
}

@test "P7: a child that tidies up without a byte on the wire is no owner: the parent goes on, and its goodbye is whole" {
  all_idioms() {
    local how
    for how in $idioms; do
      tidies_well "$how"
    done
  }
  both all_idioms
}

@test "P1, P7: SSL_shutdown was said before the fork: the child that frees its copy takes nothing from the parent" {
  both tidies_well said
}

@test "P7: what a child writes by BIO_write is its word, too: its exit says goodbye, and nobody after it" {
  both tidies_well bio
}

# halves bare|cured MODE READ: one process reads so many bytes, the other writes, and lets go first.
halves() {
  connections=1
  judge_server "$1" server_fork_halves --mode "$2" --write 64K -- --send 1K --trail 20K --expect 64K
  assert_program "read=$3"
  assert_total bad=0 late=0
}

@test "P7: the child reads, the parent has written and lets go: no half-close, no drain, the child gets every byte" {
  both halves bare reader 21504
  both halves cured reader 21504
}

@test "P7: the same where the child has read no more than OpenSSL's buffer yet" {
  both halves bare buffered 21503
  both halves cured buffered 21503
}

# The peer's own close_notify may be there, unread, when the program that knows no TLS ends: then comes a RST, bare too.
plain() {
  connections=1
  judge_server "$1" server_fork_halves --mode "$2" -- --send 1K --expect 1K --starttls-plain
  assert_verdict tls=close_notify plain=6 whole=yes late=0 'order=data>close_notify>plain>*'
}

@test "P7: TLS was over before the fork, the parent closes: the child, or what it execs, goes on in plaintext" {
  both plain bare plain
  both plain cured plain
  both plain bare exec
  both plain cured exec
}

# many N: the least processor time of three first forks with so many connections, in us.
many() {
  local i us least=
  connections=1
  for i in 1 2 3; do
    judge_server cured server_fork_many --rounds "$1" --write 64K -- --send 1K --trail 20K --expect 64K
    assert_verdict "${good[@]}"
    us=$(sed -n 's/^us=//p' "$program_log")
    ((${least:-us} < us)) || least=$us
  done
  echo "$least"
}

@test "P1, P7: 40,000 connections at a fork: each has its word, and the goodbye is whole" {
  connections=1
  judge_server cured server_fork_many --rounds 40000 --write 64K -- --send 1K --trail 20K --expect 64K
  assert_verdict "${good[@]}"
}

@test "the first fork takes eight times as long with eight times the connections, not sixty-four times" {
  local few many
  few=$(many 2000)
  many=$(many 16000)
  echo "2,000: $few us; 16,000: $many us"
  ((many < 24 * few))
}
