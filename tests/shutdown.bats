#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shutdown() before any goodbye. P1: close_notify comes before the FIN, and where the program shut both sides, what the peer
# sends behind that resets nothing. P5: whoever looks at the socket afterwards, or is blocked on it, sees what is to be
# seen bare.
#
# shellcheck disable=SC2034,SC2154  # connections is read in lib/judge.bash, program_log is set there

load lib/judge

good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)

# The judge reads slowly, and answers the end with its own close_notify: to a socket that is really shut.
shuts() {
  judge_server "$1" server_shutdown_rdwr "${@:2}" --write 1M -- \
    --parallel 4 --send 20K --expect 1M --rcvbuf 4K --pause 100 --late-trail 1K
}

@test "bare: shutdown(SHUT_RDWR): no close_notify, and replies are lost" {
  shuts_bare() {
    connections=10
    shuts bare
    assert_total close_notify=0 'rst>=9' 'truncated>=9'
    shuts bare --mode free-first
    assert_total close_notify=0 'rst>=9' 'truncated>=9'
  }
  both shuts_bare
}

@test "P1: shutdown(SHUT_RDWR): every byte, close_notify, FIN" {
  shuts_cured() {
    connections=10
    shuts cured
    assert_verdict "${good[@]}"
    shuts cured --mode free-first
    assert_verdict "${good[@]}"
  }
  both shuts_cured
}

# looks_the_same MODE SEND [LIMIT]: bare and cured the program prints the same. The judge keeps its side open for a while: what
# it would answer to a close_notify, and when, is not the program's doing.
looks_the_same() {
  judge_server bare server_shutdown_rdwr --mode "$1" -- --send "$2" --expect 1K --end never --limit "${3:-1}"
  cp "$program_log" "$BATS_TEST_TMPDIR/bare"
  judge_server cured server_shutdown_rdwr --mode "$1" -- --send "$2" --expect 1K --end never --limit "${3:-1}"
  diff <(sort "$BATS_TEST_TMPDIR/bare") <(sort "$program_log") || fail_showing 'bare (<) and cured (>) output differ'
}

@test "P5: behind shutdown(SHUT_RDWR) a read finds what was there, then the end, as bare" {
  reads() {
    looks_the_same read 4K
    assert_program end=0 recv=0 readv=0 recvmsg=0
  }
  both reads
}

@test "P5: behind shutdown(SHUT_RDWR) poll, select and epoll say what they say bare" {
  looks() {
    both looks_the_same "$look" 4K
  }
  side_by_side look 'poll select epoll late-epoll' looks
}

@test "P5: behind shutdown(SHUT_RDWR) stdio, and recv that waits for all, meet the end at once, as bare" {
  meets_end() {
    looks_the_same "$look" 17K 2
    run cat "$program_log"
    assert_line --regexp '=10[0-9][0-9] at-once$'
  }
  side_by_side look 'stream late-stream waitall waitall-message' meets_end
}

@test "P5, P9: while a read side is shut: recvmsg may peek, and what the kernel refuses is the kernel's to refuse" {
  run_bare check_read_side
  assert_success
  assert_line 'peeked 6, read 6, then 0'
  assert_line 'other descriptors: EINVAL EFAULT EFAULT'
  run_cured check_read_side
  assert_success
  assert_line 'peeked 6, read 6, then 0'
  assert_line 'other descriptors: EINVAL EFAULT EFAULT'
}

@test "P5: shutdown(SHUT_RDWR) wakes a thread that is blocked in SSL_read or in poll, as bare" {
  wakes() {
    looks_the_same "$look" 1K 4
    assert_program woke=at-once
  }
  side_by_side look 'thread poll-thread' wakes
}

@test "P5: shutdown(SHUT_RDWR) wakes a forked child that waits for the socket, as bare" {
  looks_the_same poll-child 1K 4
  assert_program woke=at-once
}
