#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P11: the suffering side. A read that fails is one event, which says what OpenSSL said, what the kernel knows, how much had
# come, and so who did what; so does a write that was not taken. Each cause is made by a peer that is known to do just that:
# the judge, told so, or a wrong server, bare, which the judge has looked at before. The same is told whether tlsbye cures
# or only observes, and the program sees what it sees bare (P5).
#
# shellcheck disable=SC2034,SC2154  # connections and tls are read, port and program_err are set, in lib/judge.bash
# shellcheck disable=SC2016  # the inner shell expands

load lib/judge
load lib/sites
load lib/symbolic

reads_log=yes

export TLSBYE_MODE

each_mode() {
  for TLSBYE_MODE in cure observe; do
    "$@"
  done
}

# In the long form each mode meets each version.
each() {
  if [[ -n ${TESTS_FULL:-} ]]; then
    each_mode both "$@"
  else
    TLSBYE_MODE=cure
    tls=1.3 "$@"
    TLSBYE_MODE=observe
    tls=1.2 "$@"
  fi
}

assert_failure_event() {
  assert_value "$1" count=1 "${@:2}"
}

# What else there is depends on how far the peer had come.
assert_fault() {
  run event_value end faults
  assert_output --partial "\"$1\""
}

no_failure() {
  assert_equal "$(grep -cE '"event":"(read-failed|write-incomplete)"' "$program_err")" 0
}

# reads_to_end HOW ARG...: a client that reads to the end, against a judge that ends so.
reads_to_end() {
  local how=$1
  shift
  in_json judge_client "$how" client_reads_to_end -- --send 64K "$@"
}

unexpected_eof_is_ssl_error() {
  [[ $(openssl version) != 'OpenSSL 1.'* ]]
}

# Reads the client's first words, answers with a text, and closes.
plaintext_server='
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + ".new", "w").write("%d\n" % listener.getsockname()[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
listener.settimeout(20)
client, _ = listener.accept()
client.recv(4096)
client.sendall(sys.argv[2].encode())
client.close()
'

answered_by() {
  local file=$BATS_TEST_TMPDIR/port
  rm -f "$file"
  timeout 30 python3 -c "$plaintext_server" "$file" "$1" 3>&- &
  judge_pid=$!
  wait_for_port "$file" "$judge_pid"
  in_json start_program cured client_unknown_ca --port "$port" --tls "$tls"
  wait_program
  wait_judge
  assert_program connect=-1
}

# --- the peer ends ---

@test "P11: a peer that ends by FIN alone: closed without close_notify" {
  by_fin() {
    reads_to_end cured --end first-bare
    assert_program read=65536 end=eof
    assert_failure_event read-failed call=SSL_read cause=peer-closed-without-close_notify peer_end=fin \
      peer_notified=false bytes_read=65536 bytes_written=0 errno=
    if unexpected_eof_is_ssl_error; then
      assert_value read-failed error=SSL_ERROR_SSL 'reason=error:0A000126:SSL routines::unexpected eof while reading'
    fi
  }
  each by_fin
}

@test "P11: a peer that resets: no FIN came before" {
  by_reset() {
    reads_to_end cured --end reset --end-at 0
    assert_program end=syscall
    assert_failure_event read-failed call=SSL_read error=SSL_ERROR_SYSCALL errno=ECONNRESET cause=peer-reset \
      peer_end=reset peer_notified=false bytes_read=65536 reason=
  }
  each by_reset
}

@test "P11: a peer that says close_notify: nothing failed" {
  right() {
    reads_to_end cured --end first
    assert_program read=65536 end=clean
    no_failure
  }
  each right
}

# visited RST COMMAND...: the server, under tlsbye, whose only visitor connects and goes, by a reset where RST is 1.
visited() {
  local file=$BATS_TEST_TMPDIR/port rst=$1
  shift
  rm -f "$file"
  in_json start_program cured "$@" --port-file "$file" --tls "$tls"
  wait_for_port "$file" "$program_pid"
  timeout 20 python3 -c '
import socket, struct, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
if sys.argv[2] == "1":
    peer.sendall(b"\x16\x03\x01")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
peer.close()' "$port" "$rst"
  wait_program
}

@test "P12: a peer that closes in the middle of the handshake: no data was there to be cut, and nobody is blamed" {
  in_handshake() {
    answered_by ''
    assert_failure_event read-failed call=SSL_connect bytes_read=0 peer_end=fin cause=peer-closed-in-handshake
    assert_value end verdict=clean data=safe why=fatal-error 'faults=[]'
    visited 0 server_right
    assert_failure_event read-failed call=SSL_accept peer_end=fin cause=peer-closed-in-handshake
    visited 1 server_right
    assert_failure_event read-failed call=SSL_accept peer_end=reset cause=peer-closed-in-handshake
  }
  each in_handshake
}

# --- an error that is not the connection's ---

@test "P12: a healthy connection that looks broken by another's error: the cause is the queue, and the peer's judge sees it cut" {
  stale() {
    in_json judge_server cured server_stale_error --write 1K -- --send 1K --expect 1K
    assert_program error=1
    assert_verdict tls=none whole=yes
    assert_failure_event read-failed call=SSL_read error=SSL_ERROR_SSL cause=stale-error peer_end=open
    assert_value end verdict=wrong why=stale-error close_notify=none
    assert_fault no-close_notify
  }
  each stale
}

@test "P12: who tries again was not deceived: its end is cured as any other" {
  on() {
    in_json judge_server cured server_stale_error --mode on --write 64K -- --send 1K --expect 64K
    assert_program error=1
    assert_verdict tls=close_notify whole=yes
    assert_value end verdict=cured close_notify=tlsbye
  }
  TLSBYE_MODE=cure both on
}

@test "P12: the peer's close_notify that looks like a failure by another's error" {
  ended() {
    in_json judge_server cured server_stale_error --mode ended --write 64K -- --send 1K --expect 64K --end first
    assert_program error=1
    assert_failure_event read-failed cause=stale-error
    assert_value end peer_notified=true
  }
  each ended
}

@test "P12: a failure of its own is told by what the kernel says, whatever error another has left" {
  broken() {
    in_json judge_server cured server_stale_error --mode broken --write 64K -- --send 1K --expect 64K --end reset --end-at 64K
    assert_program error=1
    assert_failure_event read-failed cause=peer-reset errno=ECONNRESET error=SSL_ERROR_SSL peer_end=reset
  }
  each broken
}

@test "P12: a failure of its own whose alert finds no room is not another's error" {
  full() {
    in_json judge_server cured server_stale_error --mode full -- --send 1K --garbage --rcvbuf 4K --pause 1000
    assert_failure_event read-failed call=SSL_read error=SSL_ERROR_SSL cause=bad-record
    assert_value end why=fatal-error
  }
  each full
}

@test "P12: a write that is to be repeated, and looks broken by another's error" {
  of_write() {
    in_json judge_server cured server_stale_error --mode write --write 32M -- --send 1K --expect 32M --pause 50
    assert_value write-incomplete call=SSL_write error=SSL_ERROR_SSL cause=stale-error requested=33554432
    assert_value end verdict=wrong data=lost
    assert_fault no-close_notify
    assert_fault unfinished-write
  }
  each of_write
}

@test "P12: a write that was repeated, from another buffer or shorter: the event says so, and not that nobody did" {
  moved() {
    local how
    for how in moved shorter; do
      in_json judge_server cured server_moves_buffer --mode "$how" --write 32M -- --send 1K --expect 32M --pause 50
      assert_verdict whole=no
      assert_failure_event write-incomplete call=SSL_write error=SSL_ERROR_SSL cause=bad-write-retry
      assert_value end verdict=wrong data=lost why=fatal-error
      assert_fault bad-write-retry
    done
  }
  each moved
}

# --- a call on another SSL, after the close of its socket ---

# The judge serves both connections; of the second it sees what the first one's call does to it.
late() {
  connections=2 in_json judge_client cured client_late_shutdown --mode "$1" -- --send 100 --expect-any --end first-bare
}

@test "P12: SSL_shutdown() after close(), on a number that is another connection's: that is told, and the peer is not blamed" {
  TLSBYE_MODE=observe
  both late shutdown
  assert_total bad=1 # the record that strayed
  assert_value late-call count=1 call=SSL_shutdown held_back=false
  assert_value read-failed cause=late-call
  run event_value late-call other
  assert_output --regexp '\.2$'
  TLSBYE_MODE=cure
  both late shutdown
  assert_total bad=0
  assert_value late-call count=1 call=SSL_shutdown held_back=true
  assert_value read-failed cause=peer-closed-without-close_notify # nothing strayed: it is the peer's
}

@test "P12: SSL_free() after close(), which closes the number of another connection: that one's failures are its doing" {
  closed_for_another() {
    late free
    assert_value late-call count=1 call=SSL_free
    assert_value write-incomplete errno=EBADF cause=late-call
  }
  each closed_for_another
}

@test "P11: reading on behind the end is told once" {
  once() {
    in_json judge_client cured client_writes_late --mode once -- --end bare --end-at 0
    assert_failure_event read-failed cause=peer-closed-without-close_notify
  }
  each once
}

# --- we wrote to a peer that had closed ---

@test "P11: a write to a closed peer is what made it reset: told of the read behind it" {
  late_then_read() {
    in_json judge_client cured client_writes_late --mode read -- --end bare --end-at 0 --expect 4
    assert_program first=4
    assert_failure_event read-failed call=SSL_read cause=wrote-to-closed-peer peer_end=reset bytes_written=4
    assert_value end 'faults=["write-to-closed-peer"]'
  }
  each late_then_read
}

@test "P11: a write to a closed peer: told of the second write, which fails by EPIPE" {
  late_then_write() {
    in_json judge_client cured client_writes_late --mode write -- --end bare --end-at 0 --expect 4
    assert_program first=4 last=-1
    assert_failure_event write-incomplete call=SSL_write error=SSL_ERROR_SYSCALL errno=EPIPE requested=5 \
      bytes_written=4 peer_end=reset cause=wrote-to-closed-peer
  }
  each late_then_write
}

@test "P5: what a failed call leaves behind is what it leaves bare: errno, the error queue, SO_ERROR" {
  left_behind() {
    local late
    for late in once read write; do
      judge_client bare client_writes_late --mode "$late" -- --end bare --end-at 0 --expect-any
      cp "$program_log" "$BATS_TEST_TMPDIR/bare.out"
      judge_client cured client_writes_late --mode "$late" -- --end bare --end-at 0 --expect-any
      run diff "$BATS_TEST_TMPDIR/bare.out" "$program_log"
      assert_output ''
    done
    judge_client bare client_reads_to_end -- --send 64K --end reset --end-at 0
    cp "$program_log" "$BATS_TEST_TMPDIR/bare.out"
    judge_client cured client_reads_to_end -- --send 64K --end reset --end-at 0
    run diff "$BATS_TEST_TMPDIR/bare.out" "$program_log"
    assert_output ''
  }
  each left_behind
}

# --- the peer says why ---

@test "P11: the peer does not know our CA, and says so" {
  unknown_ca() {
    local file=$BATS_TEST_TMPDIR/port
    rm -f "$file"
    in_json start_program cured server_right --port-file "$file" --tls "$tls"
    wait_for_port "$file" "$program_pid"
    run -0 "$BUILD/tests/programs/client_unknown_ca" --port "$port" --tls "$tls" # bare: alerts.bats judges it
    wait_program
    assert_failure_event read-failed call=SSL_accept error=SSL_ERROR_SSL cause=peer-alert alert=unknown_ca bytes_read=0
    [[ $(event_value read-failed reason) == *'alert unknown ca' ]] || fail_showing 'the reason is another'
  }
  each unknown_ca
}

@test "P11: a certificate was required, and the client learns it when it reads" {
  required() {
    local file=$BATS_TEST_TMPDIR/port
    rm -f "$file"
    "$TLSBYE" run --log=off -- "$BUILD/tests/programs/server_refuses" --mode cert --tls 1.3 --port-file "$file" >/dev/null 3>&- &
    judge_pid=$!
    wait_for_port "$file" "$judge_pid"
    in_json start_program cured client_reads_to_end --port "$port" --tls 1.3
    wait_program
    wait_judge
    assert_failure_event read-failed call=SSL_read cause=peer-alert alert=certificate_required peer_notified=false
  }
  each_mode required
}

# --- what comes is no TLS, or does not decrypt ---

@test "P11: a plain HTTP server answers" {
  plain_answer() {
    answered_by $'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'
    assert_failure_event read-failed call=SSL_connect error=SSL_ERROR_SSL cause=not-tls bytes_read=0 alert=
  }
  each plain_answer
}

@test "P11: a plain HTTP client asks" {
  plain_request() {
    local file=$BATS_TEST_TMPDIR/port
    rm -f "$file"
    in_json start_program cured server_right --port-file "$file"
    wait_for_port "$file" "$program_pid"
    run curl -s --max-time 10 "http://127.0.0.1:$port/"
    assert_failure
    wait_program
    assert_failure_event read-failed call=SSL_accept cause=not-tls
  }
  each_mode plain_request
}

@test "P11: a record that does not decrypt" {
  garbage() {
    reads_to_end cured --garbage
    assert_failure_event read-failed call=SSL_read error=SSL_ERROR_SSL cause=bad-record bytes_read=65536 peer_notified=false
  }
  each garbage
}

# No hook of ours is around it: BIO_read and BIO_write have none.
@test "P11: a handshake that BIO_f_ssl makes for the program, and that fails" {
  skip_if_symbolic
  in_json judge_client cured client_bio -- --handshake garbage
  assert_failure_event read-failed call=SSL_do_handshake cause=not-tls
}

# --- writes ---

@test "P11: a write that wants to be repeated, and never is: told when the connection is let go" {
  abandoned() {
    in_json judge_server cured server_unfinished_write --write 32M -- --send 1K --expect 32M --pause 100
    assert_program half-done=yes
    assert_total truncated=1
    assert_failure_event write-incomplete call=SSL_write error=SSL_ERROR_WANT_WRITE requested=33554432 errno=
    site write-incomplete SSL_write
    [[ $site_path == */server_unfinished_write ]] || fail_showing "the site is in $site_path"
  }
  each abandoned
}

@test "P11: one that is repeated until it is whole is no event, however often it had to be" {
  repeated() {
    connections=2
    in_json judge_server cured server_epoll --write 4M -- --send 1K --expect 4M --pause 50
    no_failure
    connections=1
  }
  each repeated
}

@test "P11: who reads on behind the reset meets an end, which is no end of the peer's" {
  in_json judge_server cured server_right --write 32M -- --send 100K --end reset --end-at 20K
  assert_failure_event write-incomplete cause=peer-reset
  assert_value read-failed cause=peer-reset peer_end=reset
  assert_value end peer_end=reset
}

@test "P11: a write that meets the peer's reset" {
  met_reset() {
    in_json judge_server cured server_free_then_close --write 32M -- --send 1K --expect 32M --end reset --end-at 1K
    assert_failure_event write-incomplete call=SSL_write error=SSL_ERROR_SYSCALL errno=ECONNRESET cause=peer-reset \
      requested=33554432 bytes_written=0 peer_end=reset
    assert_value end verdict=clean data=lost 'faults=[]' # there was nothing left to repeat it on
  }
  each met_reset
}

# --- real programs, against a wrong server ---

# wrong_server COMMAND...: the wrong server, bare, and the command under tlsbye against it; @PORT@ in it is the port.
wrong_server() {
  local file=$BATS_TEST_TMPDIR/port how=$1
  shift
  rm -f "$file"
  "$BUILD/tests/programs/server_free_then_close" --port-file "$file" --tls "$tls" --read 16K --write 64K >/dev/null 3>&- &
  judge_pid=$!
  wait_for_port "$file" "$judge_pid"
  in_json start_program "$how" "${@/@PORT@/$port}"
  wait_program
  wait_judge
}

# What the wrong server does, by the judge's account: the one fact that the events below must agree with.
@test "bare: the wrong server ends by FIN, without close_notify" {
  both judge_server bare server_free_then_close --read 16K --write 64K -- --send 1K --expect 64K
  assert_verdict tls=none tcp=fin whole=yes
}

same_as_bare() {
  local bare_status
  wrong_server bare "$@"
  bare_status=$program_status
  cp "$program_log" "$BATS_TEST_TMPDIR/bare.out"
  grep -v '^{' "$program_err" | sed 's/^[0-9A-F]*:error/error/' >"$BATS_TEST_TMPDIR/bare.err" || true
  wrong_server cured "$@"
  assert_equal "$program_status" "$bare_status"
  cmp "$program_log" "$BATS_TEST_TMPDIR/bare.out"
  run diff "$BATS_TEST_TMPDIR/bare.err" <(grep -v '^{' "$program_err" | sed 's/^[0-9A-F]*:error/error/')
  assert_output ''
}

python_client='
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # before 3.12 python hides such an end from itself
connection = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10), suppress_ragged_eofs=False)
connection.sendall(b"x" * 1024)
got = 0
try:
    while data := connection.recv(4096):
        got += len(data)
except OSError as error:
    print(got, error)
'

@test "P11, P5: python, against the wrong server" {
  python_reads() {
    same_as_bare python3 -c "$python_client" @PORT@
    run cat "$program_log"
    assert_output --regexp '^65536 .*(EOF occurred|UNEXPECTED_EOF)'
    assert_failure_event read-failed cause=peer-closed-without-close_notify peer_end=fin bytes_read=65536 bytes_written=1024
  }
  each python_reads
}

@test "P11, P5: openssl s_client, against the wrong server" {
  s_client_reads() {
    same_as_bare sh -c 'echo request | openssl s_client -quiet -ign_eof -connect 127.0.0.1:"$0" | sha256sum' @PORT@
    assert_failure_event read-failed cause=peer-closed-without-close_notify peer_end=fin bytes_read=65536 bytes_written=8
  }
  each s_client_reads
}

# curl puts a BIO of its own between OpenSSL and the socket, and reads without blocking.
@test "P11, P5: curl, against the wrong server" {
  curl_reads() {
    same_as_bare curl -sk --http0.9 --max-time 10 -o /dev/null https://127.0.0.1:@PORT@/
    assert_failure_event read-failed cause=peer-closed-without-close_notify peer_end=fin bytes_read=65536
  }
  each curl_reads
}

# --- for people ---

@test "P11: in text, one line says what the other side most likely did" {
  for_people() {
    judge_client cured client_reads_to_end -- --send 64K --end first-bare
    assert_event 'SSL_read failed after 65,536 bytes: SSL_ERROR_' \
      ': the peer closed without SSL_shutdown: its end of the data cannot be told from a cut cable; peer: FIN'
    judge_client cured client_reads_to_end -- --send 64K --end reset --end-at 0
    assert_event 'SSL_read failed after 65,536 bytes: SSL_ERROR_SYSCALL, ECONNRESET: the peer closed with bytes unread' \
      '; peer: reset'
  }
  each_mode for_people
}
