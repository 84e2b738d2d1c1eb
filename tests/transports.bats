#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# TLS over other things than TCP: DTLS over UDP, where close_notify is all that there is to say; sockets of one machine
# (AF_UNIX); TLS in the kernel. Each is shown bare first.
#
# shellcheck disable=SC2034,SC2054,SC2154  # wrapper, with commas, and connections are read in lib/judge.bash; output is set by bats

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
  for mode in free close exit shutdown connected-free connected-close connected-exit connected-shutdown sorted-free \
    sorted-close; do
    dtls bare "$mode"
    one_waits
  done
}

@test "P1: DTLS: close_notify at SSL_free, close, shutdown and exit, connected or not, and nothing about FIN or drain" {
  local mode
  for mode in free close exit shutdown connected-free connected-close connected-exit connected-shutdown sorted-free \
    sorted-close; do
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

# A filter may answer so for ever: nobody waits for it, and what is told of it is what happened.
@test "P10: DTLS: a send that is always interrupted is repeated a few times only" {
  local mode
  judge_timeout=20
  wrapper=(env "LD_PRELOAD=$BUILD/tests/programs/.libs/interrupts_sends.so")
  for mode in free connected-close; do
    dtls cured "$mode"
    one_waits
    assert_output --partial 'each try to send it was interrupted'
  done
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
  local mode
  for mode in shared-free shared-close sorted-shared-free sorted-shared-close; do
    dtls bare "$mode"
    assert_line 'client=1 got=5 end=nothing'
    assert_line --regexp 'client=2 got=(5|10) end=nothing'
  done
}

@test "P1: one socket, two DTLS peers: each hears its own goodbye, and the other goes on" {
  local way
  for way in '' sorted-; do
    dtls cured "${way}shared-free"
    assert_line 'client=1 got=5 end=close_notify'
    assert_line 'client=2 got=10 end=close_notify'
    dtls cured "${way}shared-first"
    assert_line 'client=1 got=10 end=close_notify'
    assert_line 'client=2 got=5 end=close_notify'
  done
}

@test "P1, P11: close() of a socket with two DTLS peers says goodbye to both, and tells of both" {
  local way
  for way in '' sorted-; do
    dtls cured "${way}shared-close"
    assert_line 'client=1 got=5 end=close_notify'
    assert_line 'client=2 got=5 end=close_notify'
    [[ $(grep -c 'close without SSL_shutdown; sent close_notify' <<<"$output") -eq 2 ]] ||
      fail_showing 'not two events'
  done
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

@test "P7: DTLS: a child that exits says nothing, and its parent still does" {
  dtls bare fork-free
  assert_line 'client=1 got=10 end=nothing'
  dtls cured fork-free
  assert_line 'client=1 got=10 end=close_notify'
  [[ $(grep -c 'sent close_notify' <<<"$output") -eq 1 ]] || fail_showing 'not one event'
}

@test "DTLS: NOTIFY=off and MODE=observe change nothing" {
  TLSBYE_NOTIFY=off dtls cured close
  one_waits
  TLSBYE_MODE=observe dtls cured shared-close
  assert_line 'client=1 got=5 end=nothing'
  assert_line 'client=2 got=5 end=nothing'
  [[ $(grep -c 'only observed' <<<"$output") -eq 2 ]] || fail_showing 'not two events'
}

# --- sockets of one machine ---

unix() {
  local how=$1 path=$BATS_TEST_TMPDIR/socket
  shift
  rm -f "$path"
  split_args "$@"
  judge_server "$how" "${program_args[@]}" --unix "$path" -- --unix "$path" "${judge_args[@]}"
}

good=(tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' plain=0 late=0)

@test "bare: AF_UNIX: a close over unread bytes is a reset there, too, and nobody says goodbye" {
  unix_bare() {
    unix bare server_free_then_close --write 64K -- --send 1K --trail 20K --expect 64K
    assert_total close_notify=0 rst=1
    unix bare server_close_then_free --write 64K -- --send 1K --trail 20K --expect 64K
    assert_total close_notify=0 rst=1
  }
  both unix_bare
}

@test "P1: AF_UNIX: every byte, close_notify, the end, and no reset" {
  unix_cured() {
    unix cured server_free_then_close --write 64K -- --send 1K --trail 20K --expect 64K
    assert_verdict "${good[@]}"
    assert_event ' unix - unix: ' 'sent close_notify, half-closed, drained'
    unix cured server_close_then_free --write 64K -- --send 1K --trail 20K --expect 64K
    assert_verdict "${good[@]}"
  }
  both unix_cured
}

@test "bare: AF_UNIX: a slow reader gets no goodbye" {
  unix bare server_free_then_close --write 8M -- --send 20K --expect 8M --chunk 64K --chunk-pause 1 --limit 30
  assert_total close_notify=0 rst=1
}

@test "P1: AF_UNIX: a full send queue takes not even close_notify; the slow reader gets it all the same" {
  full() {
    unix cured server_free_then_close --write 8M -- --send 20K --expect 8M --chunk 64K --chunk-pause 1 --limit 30
    assert_verdict "${good[@]}"
    unix cured server_close_then_free --write 8M -- --send 20K --expect 8M --chunk 64K --chunk-pause 1 --limit 30
    assert_verdict "${good[@]}"
  }
  both full
}

@test "P5: AF_UNIX: results, errno, error queue, mask, SIGPIPE and descriptors are as bare, also behind a peer's end" {
  sees_the_same() {
    unix bare check_transparency "$@"
    cp "$program_log" "$BATS_TEST_TMPDIR/bare.out"
    unix cured check_transparency "$@"
    run diff "$BATS_TEST_TMPDIR/bare.out" "$program_log"
    assert_output ''
  }
  transparent() {
    sees_the_same -- --send 1K --trail 20K --expect 1K
    sees_the_same --mode close-first -- --send 1K --trail 20K --expect 1K
    sees_the_same --mode reset -- --send 1K --end reset --end-at 1K
  }
  both transparent
}

pair() {
  "run_$1" server_socketpair --mode "$2" --write 64K --tls "$tls"
  assert_success
}

@test "bare: a socketpair's other end is cut off" {
  pair_bare() {
    pair bare free
    assert_output --regexp 'end=(cut|reset)'
    pair bare close
    assert_output --regexp 'end=(cut|reset)'
  }
  both pair_bare
}

@test "P1: a socketpair's other end gets every byte, and close_notify" {
  pair_cured() {
    pair cured free
    assert_line 'got=65536 content=right end=close_notify'
    pair cured close
    assert_line 'got=65536 content=right end=close_notify'
  }
  both pair_cured
}

# --- TLS in the kernel ---

@test "P1: TLS in the kernel: close_notify, and a drain of what it decrypts" {
  in_kernel() {
    judge_server bare server_kernel_tls --write 64K -- --send 1K --trail 20K --expect 64K
    grep -q 'kernel-tls=yes' "$program_log" ||
      skip "no TLS in this kernel (the module tls), or none in this libssl"
    assert_verdict tls=none tcp=rst
    judge_server cured server_kernel_tls --write 64K -- --send 1K --trail 20K --expect 64K
    assert_program kernel-tls=yes
    assert_verdict "${good[@]}"
    assert_event 'sent close_notify, half-closed, drained' 'peer: close_notify, then FIN'
  }
  both in_kernel
}

# In front of libc's functions, and behind the object's, which is therefore named here. For cured runs only.
in_kernel_that_pretends() {
  wrapper=(env LD_PRELOAD="$BUILD/src/libtlsbye/.libs/libtlsbye.so:$BUILD/tests/programs/.libs/kernel_that_pretends.so")
}

# What would be said to such a kernel: this one takes the two bytes for plaintext, and shows them as they are.
@test "P1: to the kernel's record layer close_notify is a control message of type alert, of level warning" {
  in_kernel_that_pretends
  said() {
    judge_server cured server_kernel_tls --mode pretend --write 4K -- --send 1K --expect 4K
    grep -q 'marked=yes' "$program_log" || skip 'this libssl knows no TLS in the kernel'
    assert_event 'sent close_notify, half-closed'
    assert_verdict tls=none plain=2 tcp=fin
    assert_program record-type=21 length=2 alert=1,0 flags=dontwait,nosignal
  }
  both said
}

@test "P3: to the kernel's record layer nothing is said behind an unfinished write" {
  in_kernel_that_pretends
  unfinished() {
    judge_server cured server_kernel_tls --mode unfinished --write 32M -- --send 1K --expect 32M --pause 100
    grep -q 'marked=yes' "$program_log" || skip 'this libssl knows no TLS in the kernel'
    assert_program half-done=yes
    run grep record-type "$program_log"
    assert_failure
    assert_verdict tcp=fin plain=0
    assert_event 'no close_notify (the program did not finish writing)'
  }
  both unfinished
}

@test "P1: sessions of TLS in the kernel resume again" {
  connections=3
  resumes() {
    judge_server bare server_kernel_tls --mode pretend --cache -- --send 1K --session-reuse
    assert_total resumed=0
    judge_server cured server_kernel_tls --mode pretend --cache -- --send 1K --session-reuse
    grep -q 'marked=yes' "$program_log" || skip 'this libssl knows no TLS in the kernel'
    assert_total resumed=2
  }
  both resumes
}

# In place: the hub's calls, and a task's, are the system's own, which no object can pretend to.
@test "P1, P11: the kernel's records are drained with their types, and the peer's close_notify is known by its own" {
  in_kernel_that_pretends
  export TLSBYE_LINGER='wait'
  drained() {
    judge_server cured server_kernel_tls --mode pretend --write 4K -- --send 1K --trail 20K --expect 4K
    grep -q 'marked=yes' "$program_log" || skip 'this libssl knows no TLS in the kernel'
    run grep plain-recv "$program_log"
    assert_failure
    assert_verdict tcp=fin whole=yes
    assert_event 'sent close_notify, half-closed, drained 2' 'peer: close_notify, then FIN'
  }
  both drained
}

# Where TLS is in the kernel, a record that is no data answers EIO to a plain recv().
@test "P1: EIO in the drain is a control record to be taken off, not a reset" {
  wrapper=(strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=recvfrom,recvmsg -e inject=recvfrom:error=EIO:when=1)
  survives() {
    judge_server cured server_free_then_close --write 64K -- --send 1K --trail 20K --expect 64K
    run grep -c 'EIO.*(INJECTED)' "$BATS_TEST_TMPDIR/trace"
    assert_output 1
    assert_verdict "${good[@]}"
    assert_event 'sent close_notify, half-closed, drained' 'peer: FIN'
  }
  both survives
}

# --- QUIC ---

@test "QUIC: an SSL object of QUIC is left alone: not a datagram more, and no event" {
  run_bare client_quic
  assert_success
  [[ $output != quic=no ]] || skip 'this libssl has no QUIC (OpenSSL 3.2)'
  assert_line --regexp '^quic=yes connect=-1 datagrams=[1-9]'
  local bare=$output
  run_cured client_quic
  assert_success
  assert_output "$bare"
}
