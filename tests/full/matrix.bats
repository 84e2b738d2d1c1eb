#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The matrix of tests/matrix.bats once more, for the other ways of letting go, the other setting of LINGER, IPv6 and
# slow readers: what a change to the order of things would break first. Minutes, not seconds: tests/run --full.
#
# shellcheck disable=SC2034  # connections and judge_timeout are read in lib/judge.bash

load ../lib/judge

connections=200
judge_timeout=300

# cell REPLY REQUEST PROGRAM [ARG...] -- [JUDGE ARG...]
cell() {
  local reply=$1 request=$2
  shift 2
  split_args "$@"
  local -a server=("${program_args[@]}") peer=("${judge_args[@]}")
  judge_server cured "${server[@]}" --read 2K --write "$reply" -- \
    --parallel 16 --send "$request" --expect "$reply" --limit 60 "${peer[@]}"
  assert_verdict tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' plain=0 late=0
}

matrix() {
  local reply request
  for reply in 1K 64K 1M 8M; do
    for request in 1K 100K 1M; do
      cell "$reply" "$request" "$@"
    done
  done
}

@test "P1: free then close, a reader without a pause: the whole matrix" {
  both matrix server_free_then_close --
}

@test "P1: close then free: the whole matrix" {
  both matrix server_close_then_free -- --pause 5
}

@test "P1: shutdown(SHUT_WR) first: the whole matrix" {
  both matrix server_shutdown_wr_then_free -- --pause 5
}

@test "P1: SSL_clear between the connections: the whole matrix" {
  both matrix server_clear -- --pause 5
}

# Each parent waits for its child, and the child for its drain: one connection after the other here, too.
@test "P1: the child of a fork serves: the whole matrix" {
  connections=40
  both matrix server_fork_child --mode child -- --pause 5
}

@test "P1: IPv6: the whole matrix" {
  both matrix server_free_then_close --ipv6 -- --ipv6 --pause 5
}

# The server waits for each peer.
@test "P1: LINGER=wait: the whole matrix" {
  connections=40
  export TLSBYE_LINGER=wait
  both matrix server_free_then_close -- --watch 20
}

@test "P1: slow readers, a small receive buffer: 64 KB and 1 MB" {
  slow() {
    local reply
    for reply in 64K 1M; do
      cell "$reply" 100K server_free_then_close -- --rcvbuf 16K --chunk 16K --chunk-pause 2
    done
  }
  both slow
}

@test "P1: peers that send on behind the reply: 64 KB and 1 MB" {
  late() {
    local reply
    for reply in 64K 1M; do
      cell "$reply" 100K server_free_then_close -- --late-trail 256K --pause 5
    done
  }
  both late
}
