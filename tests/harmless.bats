#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P5: what the program sees of itself is what it would have seen. P6: never a byte on a descriptor that is not this
# connection any more. P8: close() stays async-signal-safe, and costs an untracked descriptor nothing. P9: in doubt,
# pass through. Most tests run a program bare and cured, and compare what it printed.
#
# shellcheck disable=SC2034,SC2154  # connections and wrapper are read, program_log and _err are set, in lib/judge.bash
# shellcheck disable=SC2016,SC2317  # the wrapper's shell expands; a test's inner function has the name of another's

load lib/judge

good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)

# prints_the_same PROGRAM [ARG...] -- [JUDGE ARG...]: bare and cured; the bare output stays in $BATS_TEST_TMPDIR/bare.
prints_the_same() {
  judge_server bare "$@"
  cp "$program_log" "$BATS_TEST_TMPDIR/bare"
  [[ -s $program_log ]] || fail_showing 'the program printed nothing'
  judge_server cured "$@"
  diff "$BATS_TEST_TMPDIR/bare" "$program_log" || fail_showing 'bare (<) and cured (>) output differ'
}

# --- P5: results, errno, error queue, signals, flags, descriptors ---

@test "P5, P9: free then close looks the same from inside, and so do the descriptors of children" {
  same() {
    prints_the_same check_transparency -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both same
}

@test "P5, P9: close then free looks the same from inside" {
  same() {
    prints_the_same check_transparency --mode close-first -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both same
}

@test "P5, P9: shutdown(SHUT_WR) first looks the same from inside" {
  same() {
    prints_the_same check_transparency --mode shutdown-first -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both same
}

@test "P5, P9: a second descriptor of the socket looks the same from inside" {
  same() {
    prints_the_same check_transparency --mode dup -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both same
}

@test "P5: a peer that has reset the connection: no SIGPIPE, no error of ours" {
  same() {
    prints_the_same check_transparency --mode reset -- --send 1K --end reset --end-at 1K
  }
  both same
}

@test "P5, P9: the same with LINGER=wait" {
  export TLSBYE_LINGER=wait
  prints_the_same check_transparency -- --send 1K --trail 20K --expect 1K
  prints_the_same check_transparency --mode close-first -- --send 1K --trail 20K --expect 1K
}

# server_second_shutdown is the other half: over a socket the second call is made to succeed, where all has arrived.
@test "P5: TLS over a BIO pair: the second SSL_shutdown over unread data fails as bare" {
  memory() {
    run_bare check_memory_bios --tls "$tls"
    assert_success
    assert_line 'server: read=0 write=6 shutdown=1'
    assert_line 'client: first=0 second=-1 error=1 reason=application data after close notify'
    local bare=$output
    TLSBYE_LOG_LEVEL=warn run_cured check_memory_bios --tls "$tls"
    assert_success
    assert_output "$bare"
  }
  both memory
}

@test "P5: an SSL without a BIO leaves no error behind for the next call on another connection" {
  run_bare check_no_bio
  assert_success
  assert_line 'new, free: no error'
  local bare=$output
  run_cured check_no_bio
  assert_success
  assert_output "$bare"
}

# OpenSSL keeps the session of an SSL that sent close_notify. 1.1.1 cannot accept TLS 1.3 with it; a client would offer
# it to the next server.
@test "P5: SSL_clear leaves no session behind, as bare" {
  connections=3
  same() {
    prints_the_same server_clear -- --send 1K --expect 1K
    prints_the_same server_clear --mode clear-first -- --send 1K --expect 1K
    assert_program session=none
    assert_verdict "${good[@]}"
  }
  both same
}

# The control: a program that closes properly gets no event either.
@test "P5: a socket that is closed in an epoll set has no event afterwards" {
  epoll() {
    prints_the_same server_epoll --rounds 20 -- --send 1K --trail 20K --late-trail 64K --expect 1K
    assert_program events=0
    assert_verdict "${good[@]}"
    prints_the_same server_epoll --mode close-first --rounds 20 -- --send 1K --trail 20K --late-trail 64K --expect 1K
    assert_program events=0
    assert_verdict "${good[@]}"
  }
  both epoll
}

# However many sets there are, close() neither waits, nor asks sets that never had the socket. (In place, after 50 ms, what comes
# late would be answered with a reset.)
@test "P2, P5: so it is where 300 other sets are open, and where it was in another one before" {
  epoll() {
    prints_the_same server_epoll --rounds 20 --mode "$1" -- --send 1K --trail 20K --late-trail 64K --expect 1K
    assert_program events=0
    assert_verdict "${good[@]}"
  }
  both epoll many
  both epoll moved
}

@test "P5: only the set that has it is told" {
  command -v strace >/dev/null || skip 'strace is not installed'
  wrapper=(strace -ff -qq -e trace=epoll_ctl -o "$BATS_TEST_TMPDIR/trace")
  connections=3
  judge_server cured server_epoll --mode many -- --send 1K --trail 20K --expect 1K
  local program # the hub has a set of its own
  program=$(grep -c EPOLL_CTL_ADD "$BATS_TEST_TMPDIR"/trace.* | sort -t : -k 2 -n | tail -n 1)
  assert_equal "$(grep -c EPOLL_CTL_DEL "${program%:*}")" 3
}

# Bare the reset frees the port at once.
@test "P5: a port that is bound again right behind the close can be bound, as bare, and but once" {
  binds_again() {
    connections=5
    prints_the_same client_same_port --write 64K -- --send 1K --expect 64K --rcvbuf 4K --pause 20
    assert_equal "$(sort -u "$program_log")" $'bind=0 listen=0\nsecond=98 reuse=0 theirs=0 datagram=98'
    assert_verdict "${good[@]}"
  }
  judge_server() { judge_client "$@"; }
  both binds_again
}

@test "P5: a socket with O_ASYNC sends no signal after its close, while its drain still meets the peer's bytes" {
  async() {
    local mode
    for mode in free-first close-first; do
      prints_the_same server_async --mode "$mode" -- --send 1K --trail 20K --late-trail 64K --expect 1K
      assert_program before=some after=0
      assert_verdict "${good[@]}"
    done
  }
  both async
}

# --- P6: nothing lands elsewhere ---

@test "P6: a number that is another's by the time of SSL_free gets not a byte" {
  reused() {
    local mode
    for mode in file socket; do
      judge_client cured client_reused_fd --mode "$mode" -- --expect 1K
      assert_program same-number=yes bytes=0 flags=as-before
      assert_verdict "${good[@]}"
    done
  }
  both reused
}

@test "bare: SSL_free that ends TLS only: plaintext follows, without a close_notify" {
  plain_bare() {
    judge_server bare server_free_then_plaintext -- --send 1K --expect 1K --starttls-plain
    assert_verdict tls=none plain=6 'order=data>plain>fin'
  }
  both plain_bare
}

@test "P1, P6: SSL_free that ends TLS only: plaintext arrives as bare, behind the close_notify" {
  plain() {
    judge_server cured server_free_then_plaintext -- --send 1K --expect 1K --starttls-plain
    assert_verdict tls=close_notify plain=6 whole=yes late=0 'order=data>close_notify>plain>fin'
  }
  both plain
}

@test "P5: fclose() of a stream that its socket does not take whole fails as bare" {
  local tls=1.2
  prints_the_same server_free_then_plaintext --mode stream -- --send 1K --expect 1K --starttls-plain --rcvbuf 4K --pause 20
  assert_program fclose=-1 errno=11
}

@test "P6: a connection that got number 2: no line of ours goes into it" {
  connections=10
  stderr_is_a_socket() {
    judge_server cured server_socket_is_stderr -- --parallel 4 --send 1K --trail 20K --expect 1K
    assert_program fd=2
    assert_verdict "${good[@]}"
  }
  both stderr_is_a_socket
}

@test "P6, P9: stderr closed from the start: no line of ours goes into whatever got its number" {
  connections=10
  wrapper=(sh -c 'exec "$@" 2>&-' sh)
  no_stderr() {
    judge_server cured server_free_then_close -- --parallel 4 --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
    assert_file_empty "$program_err"
  }
  both no_stderr
}

# --- P8: signal handlers, threads ---

closes_in_handler() {
  connections=200
  judge_client "$1" client_close_in_handler --mode "$2" -- --parallel 8 --expect-any --expect 1K
  assert_program rounds=200
}

@test "P8: a handler that closes while the thread is in malloc: 200 of 200, no hang" {
  handler() {
    closes_in_handler cured malloc
    assert_verdict "${good[@]}"
  }
  both handler
}

# It goes on writing single bytes until the handler comes, so what is whole is not known; that nothing is broken is.
@test "P8: a handler that closes while the thread is in OpenSSL: 200 of 200, no hang, no bad record" {
  handler() {
    closes_in_handler cured openssl
    assert_total connections=200 bad=0 late=0 plain=0 torn=0 open=0
  }
  both handler
}

@test "bare: a handler that closes while the thread is in SSL_read resets" {
  connections=20
  judge_client bare client_close_in_handler --mode read -- --parallel 8 --send 4M --expect 1K
  assert_total rst=20
}

# The read that the handler interrupted fails with EBADF, a system call's error: behind it no close_notify is due. What
# was written before arrives, and nothing of what the peer sends makes the kernel reset.
@test "P8: a handler that closes while the thread is in SSL_read, busy or waiting: 200 of 200, no hang, nothing lost" {
  reading() {
    local sends
    connections=200
    for sends in 4M 0; do
      judge_client cured client_close_in_handler --mode read -- --parallel 8 --send "$sends" --expect 1K
      assert_program rounds=200
      assert_total connections=200 whole=200 fin=200 rst=0 bad=0 late=0 plain=0 torn=0 open=0
    done
  }
  both reading
}

two_close() {
  connections=100
  judge_server cured server_two_closers -- --parallel 4 --send 1K --trail 20K --expect 1K
}

@test "P5, P6: two threads close at the same moment: one succeeds, the other gets EBADF, nothing is broken" {
  race() {
    two_close
    assert_equal "$(sort -u "$program_log")" 'closed=1 refused=1'
    assert_total plain=0 late=0 bad=0 torn=0 open=0
  }
  both race
}

@test "P1: two threads close at the same moment, and goodbye is said all the same" {
  race() {
    two_close
    assert_verdict "${good[@]}"
  }
  both race
}

@test "P9: a close under a blocked reader: as bare, and the reader is not robbed" {
  reader() {
    prints_the_same server_threads -- --send 1K --expect 1K --limit 1
    assert_verdict whole=yes
  }
  both reader
}

# --- P8, P9: programs and descriptors that are none of our business ---

@test "P8, P9: untracked descriptors close as bare: results, errno, and a plain socket's reset" {
  prints_the_same server_other_descriptors -- --send 1K --expect 1K
  assert_program 'its peer: read=-1 errno=104'
}

@test "P9: a connection without a handshake is closed as bare" {
  judge_server bare server_no_handshake -- --handshake garbage
  assert_total rst=1
  judge_server cured server_no_handshake -- --handshake garbage
  assert_total rst=1
}

@test "P9: a process without TLS has no thread of ours and no descriptor" {
  run -0 "$TLSBYE" run -- cat /proc/self/status
  assert_line --regexp '^Threads:[[:space:]]*1$'
  run -0 ls /proc/self/fd
  local bare=$output
  run -0 "$TLSBYE" run -- ls /proc/self/fd
  assert_output "$bare"
}

# The loader's lock is held by who waits for the thread.
@test "P9: a thread that a library's constructor waits for is not held up by its first hooked call" {
  local how
  for how in run_bare run_cured; do
    "$how" check_without_tls constructor "$BUILD/tests/programs/.libs/constructor_waits.so"
    assert_success
    assert_output loaded
  done
}

@test "P5: fclose() of a stream in memory leaves errno alone" {
  local how
  for how in run_bare run_cured; do
    "$how" check_without_tls fclose
    assert_success
    assert_output 'fclose=0 errno=0'
  done
}

@test "P9: LD_BIND_NOW=1, with TLS and without" {
  export LD_BIND_NOW=1
  run -0 "$TLSBYE" run -- sh -c 'echo fine; exit 0'
  assert_output fine
  judge_server cured server_free_then_close -- --send 1K --trail 20K --expect 1K
  assert_verdict "${good[@]}"
  judge_server cured server_dlopen -- --send 1K --trail 20K --expect 1K
  assert_verdict "${good[@]}"
}

@test "P5, P9: a closed number looks closed to another thread while SSL_free says goodbye" {
  connections=200
  numbers() {
    prints_the_same server_watched_numbers -- --parallel 4 --send 1K --trail 20K --expect 1K
    assert_program seen-open=no
    assert_verdict "${good[@]}"
  }
  both numbers
}

@test "P9: a program at its limit of descriptors still closes" {
  at_limit() {
    prints_the_same server_at_limit -- --send 1K --expect 1K
    assert_program at-limit=yes close=0 errno=0 free-again=yes
    assert_verdict whole=yes tcp=fin
    prints_the_same server_at_limit --mode close-first -- --send 1K --expect 1K
    assert_verdict whole=yes tcp=fin
  }
  both at_limit
}

@test "P1: a program at its limit of descriptors says goodbye, too" {
  at_limit() {
    judge_server cured server_at_limit -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
    judge_server cured server_at_limit --mode close-first -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both at_limit
}

# --- P9: a log that nobody takes ---

@test "P5, P9: stderr is a pipe without a reader: no SIGPIPE reaches the program" {
  wrapper=(bash -c 'exec 2> >(:); wait $!; exec "$@"' bash)
  broken_pipe() {
    prints_the_same check_transparency -- --send 1K --trail 20K --expect 1K
    TLSBYE_LINGER='wait' prints_the_same check_transparency -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both broken_pipe
}

@test "P2, P9: stderr is a full pipe that nobody reads: nothing waits for it" {
  mkfifo "$BATS_TEST_TMPDIR/full"
  wrapper=(bash -c 'exec 9<>"$0"; dd if=/dev/zero oflag=nonblock bs=4K count=1K >&9 2>/dev/null; exec "$@" 2>&9 9>&-'
    "$BATS_TEST_TMPDIR/full")
  full_pipe() {
    judge_server cured server_free_then_close -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
    TLSBYE_LINGER='wait' judge_server cured server_free_then_close -- --send 1K --trail 20K --expect 1K
    assert_verdict "${good[@]}"
  }
  both full_pipe
}
