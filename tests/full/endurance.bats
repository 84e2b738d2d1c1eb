#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The races of the default run, thousands of times over: handlers that close, threads that close, forks, crowds.
# Minutes, not seconds: tests/run --full.
#
# shellcheck disable=SC2034,SC2154  # connections and judge_timeout are read, program_log is set, in lib/judge.bash

load ../lib/judge

judge_timeout=300
good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)

@test "P8: a handler that closes while the thread is in malloc: 2000 of 2000" {
  connections=2000
  malloc() {
    judge_client cured client_close_in_handler --mode malloc -- --parallel 16 --expect 1K --watch 20
    assert_program rounds=2000
    assert_verdict "${good[@]}"
  }
  both malloc
}

@test "P8: a handler that closes while the thread is in OpenSSL: 2000 of 2000" {
  connections=2000
  openssl() {
    judge_client cured client_close_in_handler --mode openssl -- --parallel 16 --expect-any --expect 1K --watch 20
    assert_program rounds=2000
    assert_total bad=0 late=0 plain=0 torn=0 open=0
  }
  both openssl
}

@test "P5, P6: two threads close at the same moment: 2000 of 2000 without harm" {
  connections=2000
  race() {
    judge_server cured server_two_closers -- --parallel 16 --send 1K --trail 20K --expect 1K --watch 20
    run sort -u "$program_log"
    assert_output 'closed=1 refused=1'
    assert_total bad=0 late=0 plain=0 torn=0 open=0
  }
  both race
}

@test "P7: 1000 forks, each of the two in turn" {
  connections=1000
  local mode
  for mode in child parent parent-exit killed-parent last; do
    judge_server cured server_fork_child --mode "$mode" --write 64K -- \
      --parallel 16 --send 1K --trail 20K --expect 64K --watch 20
    assert_verdict "${good[@]}"
  done
}

@test "P1, P2: 5000 connections, 200 at a time, in one process" {
  connections=5000
  crowd() {
    judge_server cured server_free_then_close --write 64K -- \
      --parallel 200 --send 100K --expect 64K --pause 20 --limit 60 --watch 20
    assert_verdict "${good[@]}"
  }
  both crowd
}

@test "P6: a number that is another's by the time of SSL_free: 1000 of 1000 got not a byte" {
  connections=1000
  reused() {
    judge_client cured client_reused_fd --mode socket -- --parallel 16 --expect 1K --watch 20
    assert_equal "$(sort -u "$program_log")" 'same-number=yes bytes=0 flags=as-before'
    assert_verdict "${good[@]}"
  }
  both reused
}
