#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1 on programs of Debian 12 as they are shipped: each loses data bare, though it ended with status 0 or served its
# last byte, and under tlsbye none: every byte, close_notify, FIN, no RST. The pause and the small receive buffer
# keep the peer from emptying the stream before the program lets go of it; no verdict depends on who is faster.
#
# shellcheck disable=SC2030,SC2031  # a test's tls and connections are its own
# shellcheck disable=SC2034,SC2154  # tls, runs and connections are read, port and real are set, in lib/*.bash
# shellcheck disable=SC2317         # called by both

load lib/project
load lib/judge
load lib/real

setup_file() {
  make_real_folder
  legacy_programs
}

teardown_file() {
  remove_real_folder
}

slow=(--rcvbuf 4K --pause 100 --limit 30)

legacy_programs() {
  printf 'GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >"$real/request"

  # PORT BYTES CONNECTIONS VERSION
  cat >"$real/client.py" <<'PYTHON'
import socket, ssl, sys
port, size, connections, version = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
context = ssl._create_unverified_context()
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
for _ in range(connections):
    stream = context.wrap_socket(socket.create_connection(("127.0.0.1", port)))
    stream.sendall(b"x" * size)
    stream.close()
PYTHON

  # PORT BYTES CONNECTIONS VERSION
  cat >"$real/client.pl" <<'PERL'
use strict; use warnings; use IO::Socket::SSL;
my ($port, $size, $connections, $version) = @ARGV;
for (1 .. $connections) {
    my $stream = IO::Socket::SSL->new(PeerAddr => "127.0.0.1:$port", SSL_verify_mode => 0,
        SSL_version => "TLSv" . ($version =~ tr/./_/r)) or die "connect: $SSL_ERROR";
    print $stream "x" x $size or die "print: $!";
    close $stream or die "close: $!";
}
PERL

  # One line of the request, then the reply. PORT BYTES CERTIFICATE KEY
  cat >"$real/server.pl" <<'PERL'
use strict; use warnings; use IO::Socket::SSL;
my ($port, $size, $certificate, $key) = @ARGV;
my $listener = IO::Socket::SSL->new(LocalAddr => "127.0.0.1:$port", Listen => 16, ReuseAddr => 1,
    SSL_cert_file => $certificate, SSL_key_file => $key) or die "listen: $SSL_ERROR";
while (my $stream = $listener->accept) {
    my $line = <$stream>;
    print $stream "x" x $size;
    close $stream;
}
PERL
}

# What P1 promises, for every connection.
assert_cured() {
  assert_verdict tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' "$@"
  assert_total "connections=$connections" lost=0 rst=0 plain=0 late=0
}

# --- servers: 64 KB lie behind the request ---

serve_merecat() {
  merecat_on_free_port
  judge_real_server "$1" "${merecat_command[@]}" -- \
    --send-file "$real/request" --trail 64K "${slow[@]}" "${@:2}" --expect $((page_bytes + 343)) --expect-any
}

@test "bare merecat: 343 bytes of a 1 MB page arrive (or this file proves nothing)" {
  lost() {
    serve_merecat bare --pause 150 # on a loaded machine it may not have closed after 20 ms
    assert_verdict tls=torn tcp=rst bytes=343
  }
  connections=10
  both lost
}

@test "merecat: the page, close_notify, FIN (P1)" {
  whole() {
    serve_merecat cured
    assert_cured bytes=1048919
  }
  connections=10
  both whole
}

serve_python() {
  python_on_free_port
  judge_real_server "$1" "${python_command[@]}" -- \
    --send-file "$real/request" --trail 64K "${slow[@]}" --expect $((page_bytes + 198)) --expect-any
}

@test "bare python http.server: truncated pages" {
  lost() {
    serve_python bare
    assert_total 'truncated>=9' 'rst>=9'
  }
  connections=10
  both lost
}

@test "python http.server: the page, close_notify, FIN (P1)" {
  whole() {
    serve_python cured
    assert_cured
  }
  connections=10
  both whole
}

serve_perl() {
  free_port
  judge_real_server "$1" /usr/bin/perl "$real/server.pl" "$port" "$page_bytes" "$real/cert.pem" "$real/key.pem" -- \
    --send-file "$real/request" --trail 64K "${slow[@]}" --expect 1M --expect-any
}

@test "bare perl server: truncated replies, though it said close_notify" {
  lost() {
    serve_perl bare
    assert_total 'truncated>=9' 'rst>=9'
  }
  connections=10
  both lost
}

@test "perl server: the reply, close_notify, FIN (P1)" {
  whole() {
    serve_perl cured
    assert_cured
  }
  connections=10
  both whole
}

# close_notify is haproxy's, and only the TCP side ours. The pause is for two programs to have done their part.
serve_haproxy() {
  pages_behind_haproxy
  judge_real_server "$1" "${haproxy_command[@]}" -- \
    --send-file "$real/request" --trail 64K "${slow[@]}" --pause 150 --expect $((page_bytes + 167)) --expect-any
}

@test "bare haproxy: not one byte of a 1 MB page arrives" {
  lost() {
    serve_haproxy bare
    assert_verdict tls=torn tcp=rst whole=no
    # The header, at the most.
    assert_total "lost>=$((connections * page_bytes))"
  }
  connections=5
  both lost
}

@test "haproxy: the page, close_notify, FIN (P1, through its own BIO)" {
  whole() {
    serve_haproxy cured
    assert_cured
    [[ $(events_with 'close_notify was sent already, half-closed, drained') -ge $connections ]] ||
      fail_showing "not one such event for each connection"
  }
  connections=5
  both whole
}

# It serves one client and ends, so each judgement has a server of its own. Its door is exit().
serve_ncat() {
  local how=$1
  free_port
  start_program_with_input "$how" ncat --ssl --ssl-cert "$real/cert.pem" --ssl-key "$real/key.pem" \
    -l 127.0.0.1 "$port" --send-only
  wait_until_listens "$port" "$program_pid"
  start_judge connect --tls "$tls" --send 1K --trail 64K "${slow[@]}" --expect 1M --expect-any "$port"
  wait_judge
  wait_program
  assert_equal "ncat ended with $program_status" "ncat ended with 0"
}

@test "bare ncat --listen --send-only: truncated files, status 0" {
  lost() {
    for _ in 1 2 3; do
      serve_ncat bare
      assert_verdict tcp=rst whole=no
    done
  }
  input=$real/page
  both lost
}

@test "ncat --listen --send-only: the file, close_notify, FIN (P1, at exit)" {
  whole() {
    for _ in 1 2 3; do
      serve_ncat cured
      assert_cured
    done
  }
  input=$real/page
  both whole
}

# --- clients that only write: at TLS 1.3 the server's tickets lie unread ---

write_python() {
  free_port
  judge_real_client "$1" /usr/bin/python3 "$real/client.py" "$port" "$page_bytes" "$connections" "$tls" -- \
    "${slow[@]}" --expect 1M --expect-any
  assert_equal "python ended with $program_status" "python ended with 0"
}

@test "bare python sendall, close: TLS 1.3 loses all, TLS 1.2 ends without close_notify" {
  connections=10
  write_python bare
  assert_verdict tcp=rst whole=no
  tls=1.2
  write_python bare
  assert_verdict tls=none tcp=fin whole=yes
}

@test "python sendall, close: every byte, close_notify, FIN (P1)" {
  whole() {
    write_python cured
    assert_cured
  }
  connections=10
  both whole
}

write_perl() {
  free_port
  judge_real_client "$1" /usr/bin/perl "$real/client.pl" "$port" "$page_bytes" "$connections" "$tls" -- \
    "${slow[@]}" --expect 1M --expect-any
  assert_equal "perl ended with $program_status" "perl ended with 0"
}

@test "bare perl print, close: TLS 1.3 loses all" {
  connections=10
  write_perl bare
  assert_verdict tcp=rst whole=no
}

@test "perl print, close: every byte, close_notify, FIN (P1)" {
  whole() {
    write_perl cured
    assert_cured
  }
  connections=10
  both whole
}

write_ncat() {
  free_port
  judge_real_client "$1" ncat --ssl --send-only 127.0.0.1 "$port" -- "${slow[@]}" --expect 1M --expect-any
  assert_equal "ncat ended with $program_status" "ncat ended with 0"
}

@test "bare ncat --send-only: no file arrives whole at TLS 1.3, status 0" {
  connections=10 runs=10 input=$real/page
  write_ncat bare
  assert_verdict tcp=rst whole=no
}

@test "ncat --send-only: the file, close_notify, FIN (P1)" {
  whole() {
    write_ncat cured
    assert_cured
  }
  connections=10 runs=10 input=$real/page
  both whole
}
