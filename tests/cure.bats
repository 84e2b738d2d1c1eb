#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1: whichever way the program lets go, the peer gets everything that was written, then close_notify, then FIN, and no
# RST. P2: and the program waits for nobody. Each habit is shown bare first, where it must hurt; then under tlsbye.
#
# shellcheck disable=SC2034,SC2154  # connections is read, program_log set, in lib/judge.bash

load lib/judge

# What every cured connection must say.
good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)

# The server reads 2 KB of a 100 KB request and answers with 1 MB; the pause keeps the judge from emptying the reply
# before the RST overtakes it.
wrong_server() {
  local how=$1
  shift
  judge_server "$how" "$@" --read 2K --write 1M -- --parallel 8 --send 100K --expect 1M --pause 50
}

loses_bare() {
  connections=20
  wrong_server bare "$@"
  assert_total close_notify=0 rst=20 'truncated>=10'
}

cured() {
  connections=20
  wrong_server cured "$@"
  assert_verdict "${good[@]}"
}

# --- the doors ---

@test "bare: free then close loses replies (or this file proves nothing)" {
  both loses_bare server_free_then_close
}

@test "P1: free then close: every byte, close_notify, FIN" {
  both cured server_free_then_close
}

@test "bare: close then free loses replies" {
  both loses_bare server_close_then_free
}

@test "P1: close then free: every byte, close_notify, FIN" {
  both cured server_close_then_free
}

# What closes a descriptor without passing through close().
closers=(dup2 dup3 fclose freopen close_range closefrom)

@test "bare: dup2 and dup3 over the connection, fclose, freopen, close_range, closefrom lose replies" {
  local closer
  for closer in "${closers[@]}"; do
    loses_bare server_close_then_free --mode "$closer"
  done
}

@test "P1: dup2 and dup3 over the connection, fclose, freopen, close_range, closefrom: every byte, close_notify, FIN" {
  each_closer() {
    local closer
    for closer in "${closers[@]}"; do
      cured server_close_then_free --mode "$closer"
    done
  }
  both each_closer
}

# The reply is 64 KB by the first descriptor and 64 KB by its copy.
copies() {
  connections=10
  judge_server "$1" server_copies --mode "$2" --read 2K --write 64K -- --parallel 4 --send 1K --trail 20K --expect 128K
}

@test "bare: with a copy of the descriptor, and the first one closed, the last close resets" {
  local copier
  for copier in dup dup2 dup3 fcntl fcntl-cloexec; do
    copies bare "$copier"
    assert_total close_notify=0 rst=10
  done
}

@test "P1: copies by dup, dup2, dup3 and fcntl: goodbye is said for the last of them, and not before" {
  each_copier() {
    local copier
    for copier in dup dup2 dup3 fcntl fcntl-cloexec; do
      copies cured "$copier"
      assert_verdict "${good[@]}" content=right
    done
  }
  both each_copier
}

@test "bare: a server that closes all that it does not know loses replies" {
  both loses_bare server_closes_everything
}

@test "P1, P9: a server that closes all that it does not know finds nothing of ours, and hurts nothing" {
  closes_everything() {
    cured server_closes_everything
    assert_equal "$(sort -u "$program_log")" 'open=0 closed=0'
  }
  both closes_everything
}

shuts_first() {
  judge_server "$1" server_shutdown_wr_then_free --write 64K -- --send 1K --trail 20K --expect 64K
}

@test "bare: shutdown(SHUT_WR) first: no close_notify, and a RST" {
  shuts_first_bare() {
    shuts_first bare
    assert_total close_notify=0 rst=1
  }
  both shuts_first_bare
}

@test "P1: shutdown(SHUT_WR) first: close_notify comes before the FIN all the same" {
  shuts_first_cured() {
    shuts_first cured
    assert_verdict "${good[@]}"
  }
  both shuts_first_cured
}

@test "bare: SSL_clear between two connections loses replies" {
  both loses_bare server_clear
  both loses_bare server_clear --mode clear-first
}

@test "P1: SSL_clear between two connections, before the close and behind it" {
  both cured server_clear
  both cured server_clear --mode clear-first
}

@test "bare: libssl by RTLD_LOCAL, as in python and perl, loses replies" {
  loses_bare server_dlopen
  loses_bare server_dlopen --mode closesocket
}

@test "P1: libssl by RTLD_LOCAL is found; closesocket() is a close()" {
  both cured server_dlopen
  both cured server_dlopen --mode closesocket
}

leaves() {
  judge_client "$1" client_exit_status --mode "$2" --write 1M -- --expect 1M --rcvbuf 4K --pause 20
}

@test "bare: exit(0) with neither free nor close loses data at TLS 1.3" {
  leaves bare exit
  assert_verdict tls=torn tcp=rst whole=no
  leaves bare return
  assert_verdict tls=torn tcp=rst whole=no
}

@test "P1: exit(0) with neither, and the return from main" {
  leaves_cured() {
    leaves cured exit
    assert_verdict "${good[@]}"
    leaves cured return
    assert_verdict "${good[@]}"
  }
  both leaves_cured
}

# --- a client that only writes: the server's tickets lie unread ---

writes_only() {
  connections=20
  judge_client "$1" client_write_only --write 1M -- --parallel 8 --expect 1M --rcvbuf 4K --pause 20
}

@test "bare: a write-only client loses everything at TLS 1.3" {
  writes_only bare
  assert_total whole=0 rst=20 close_notify=0
}

@test "P1: a write-only client: every byte, close_notify, FIN" {
  writes_only_cured() {
    writes_only cured
    assert_verdict "${good[@]}"
  }
  both writes_only_cured
}

# --- the seed's other trap ---

@test "bare: the second SSL_shutdown fails over unread records" {
  connections=1
  fails() {
    judge_server bare server_second_shutdown --read 2K -- --send 100K --expect 1K
    assert_program first=0 second=-1 'reason=application data after close notify'
  }
  both fails
}

@test "P1: the second SSL_shutdown succeeds where all has arrived, and the log says how much was never read" {
  succeeds() {
    local mode
    for mode in late nonblocking; do
      judge_server cured server_second_shutdown --mode "$mode" --read 2K -- --send 100K --expect 1K
      assert_program first=0 second=1 reason=none
      assert_verdict "${good[@]}"
      assert_event '100,352 bytes behind its SSL_shutdown never read'
    done
  }
  both succeeds
}

@test "P2: the second SSL_shutdown over unread records does not wait for a silent peer: it fails, as bare" {
  at_once() {
    local how
    for how in bare cured; do
      TLSBYE_LINGER_TOTAL=60s judge_server "$how" server_second_shutdown --read 2K -- \
        --send 100K --expect 1K --end never --limit 10
      assert_program first=0 second=-1 error=1 waited=no 'reason=application data after close notify'
    done
  }
  both_at_once at_once
}

# --- other peers, other ways ---

@test "bare: IPv6 loses as well" {
  judge_server bare server_free_then_close --ipv6 --write 1M -- --ipv6 --send 100K --expect 1M
  assert_verdict tcp=rst
  judge_client bare client_write_only --ipv6 --write 1M -- --ipv6 --expect 1M --rcvbuf 4K --pause 20
  assert_verdict tcp=rst whole=no
}

@test "P1: IPv6" {
  ipv6() {
    judge_server cured server_free_then_close --ipv6 --write 1M -- --ipv6 --send 100K --expect 1M
    assert_verdict "${good[@]}"
    assert_event '[::1]:'
    judge_client cured client_write_only --ipv6 --write 1M -- --ipv6 --expect 1M --rcvbuf 4K --pause 20
    assert_verdict "${good[@]}"
  }
  both ipv6
}

@test "P1: LINGER=wait drains inside close(), and cures as well" {
  export TLSBYE_LINGER=wait
  both cured server_free_then_close
  both cured server_close_then_free
  both cured server_clear
}

@test "bare: sessions are forgotten" {
  connections=3
  judge_server bare server_free_then_close --cache -- --send 1K --session-reuse
  assert_total resumed=0
}

@test "P1: sessions resume again, whichever comes first, free or close" {
  connections=3
  resumes() {
    judge_server cured server_free_then_close --cache -- --send 1K --session-reuse
    assert_total resumed=2
    judge_server cured server_close_then_free --cache -- --send 1K --session-reuse
    assert_total resumed=2
  }
  both resumes
}

# 8 MB do not fit between the two: when SSL_write returns, the send queue is full, and close_notify has no room.
reads_slowly() {
  judge_server "$1" server_free_then_close --write 8M -- \
    --send 20K --expect 8M --rcvbuf 64K --chunk 64K --chunk-pause 1 --limit 30
}

@test "bare: a slow reader loses the end of a reply that is larger than the socket's buffers" {
  reads_slowly bare
  assert_verdict tcp=rst whole=no
}

@test "P1: a slow reader gets all of a reply that is larger than the socket's buffers" {
  reads_slowly_cured() {
    reads_slowly cured
    assert_verdict "${good[@]}"
  }
  both reads_slowly_cured
}

speaks_late() {
  judge_server "$1" server_free_then_close --write 64K -- --send 1K --late-trail 64K --expect 64K --chunk 4K --chunk-pause 2
}

@test "bare: bytes that arrive after the close reset it" {
  speaks_late bare
  assert_verdict tcp=fin+rst tls=none
}

@test "P1: bytes that arrive after the close are drained" {
  speaks_late_cured() {
    speaks_late cured
    assert_verdict "${good[@]}"
  }
  both speaks_late_cured
}

@test "P1: a peer that ends first, with close_notify or without, still gets it all" {
  ends_first() {
    judge_server cured server_free_then_close --write 1M -- --send 100K --expect 1M --end first
    assert_verdict "${good[@]}"
    judge_server cured server_free_then_close --write 1M -- --send 100K --expect 1M --end first-bare
    assert_verdict "${good[@]}"
  }
  both ends_first
}

@test "P1, P2: a hundred at a time drain beside each other" {
  connections=200
  crowd() {
    judge_server cured server_free_then_close --write 256K -- \
      --parallel 100 --send 100K --expect 256K --pause 50 --limit 30
    assert_verdict "${good[@]}"
  }
  both crowd
}

@test "P1: with two descriptors of the socket, the half-close is for the last" {
  two_descriptors() {
    judge_server cured check_transparency --mode dup -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both two_descriptors
}

@test "control: a right server stays as good as it was" {
  right() {
    judge_server "$1" server_right --read 100K --write 1M -- --send 100K --expect 1M
    assert_verdict "${good[@]}"
  }
  both right bare
  both right cured
}
