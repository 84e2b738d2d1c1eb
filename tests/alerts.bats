#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A handshake that failed ends with an alert, which tells the peer why. A program that closes behind it, with a part of the
# peer's words unread, resets the connection: where the peer is still writing, the reset is all that it learns. Here the
# alert is OpenSSL's own; tlsbye's part is the half-close and the drain, and not a word more (P3).
#
# A peer that does nothing but read still finds the alert in its queue, so the judge sees both ends as they are: an alert,
# then RST or FIN. The last four tests have peers that write, and what these tell their users.
#
# shellcheck disable=SC2034,SC2154  # want_status is read in lib/judge.bash, output set by bats

load lib/judge

refused() {
  judge_server "$1" server_refuses --mode "$2" -- --handshake hello --trail 20K
  assert_program accept=-1
  assert_verdict "tls=alert:$3" handshake=no "tcp=$4" "order=alert>$4" plain=0 late=0
}

untrusted() {
  connections=10
  judge_client "$1" client_unknown_ca --
  assert_program connect=-1
  assert_verdict tls=alert:unknown_CA handshake=no "tcp=$2" "order=alert>$2" plain=0 late=0
}

@test "bare: a client that does not trust the server: its alert, and a reset behind it" {
  both untrusted bare rst
}

@test "P1, P3: a client that does not trust the server: its alert, then FIN" {
  untrusted_cured() {
    untrusted cured fin
    assert_event 'no close_notify (the connection, or its handshake, had failed), half-closed, drained'
  }
  both untrusted_cured
}

@test "bare: a server that refuses version, cipher or name: an alert, and a reset behind it" {
  both refused bare version protocol_version rst
  both refused bare cipher handshake_failure rst
  both refused bare sni unrecognized_name rst
}

@test "P1, P3: a server that refuses version, cipher or name: its alert, then FIN" {
  both refused cured version protocol_version fin
  both refused cured cipher handshake_failure fin
  both refused cured sni unrecognized_name fin
}

wants_certificate() {
  tls=1.3
  judge_server "$1" server_refuses --mode cert -- --send 1M
  assert_program accept=-1
  assert_verdict tls=alert:116 handshake=yes "tcp=$2" "order=alert>$2" plain=0 late=0 # certificate_required
}

@test "bare: a server that wants a certificate resets a TLS 1.3 client in the middle of its request" {
  wants_certificate bare rst
}

@test "P1, P3: a server that wants a certificate: its alert, then FIN, and the request is drained" {
  wants_certificate cured fin
  assert_event 'no close_notify (the connection, or its handshake, had failed), half-closed, drained 1,0'
}

# --- peers that write ---

# A client of TLS 1.3 is done with its handshake before the server has seen its certificate, and writes its request. Its
# next word from the server is the alert, if that arrives.
posts() {
  local file=$BATS_TEST_TMPDIR/port
  rm -f "$file"
  start_program "$1" server_refuses --mode cert --tls 1.3 --port-file "$file"
  wait_for_port "$file" "$program_pid"
  run timeout 20 python3 - "$port" <<'EOF'
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
connection = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10))
try:
    connection.sendall(b"x" * (16 << 20))
    connection.recv(1)
except OSError as error:
    print(error)
EOF
  wait_program
  assert_status
}

@test "bare: python, posting to a server that wants a certificate, learns that the connection broke" {
  posts bare
  assert_output --regexp 'EOF occurred in violation of protocol|Connection reset by peer|Broken pipe'
  refute_output --partial 'certificate required'
}

@test "P1: python learns that a certificate was required" {
  posts cured
  assert_output --partial 'alert certificate required'
}

authorities() {
  local i
  for ((i = 100; i < 200; i++)); do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -days 2 \
      -subj "/O=One of the many authorities that this server would accept/CN=Authority $i" 2>/dev/null
  done
}

# distrusts bare|cured: openssl s_server, which names a hundred authorities for the client's certificate, behind its own
# certificate (TLS 1.2: RFC 5246, 7.4.4), on a slow network: small buffers, in a network of its own. When the client says
# "unknown CA", the server is still writing. What it then tells its user stands in $output.
distrusts() {
  unshare -rn sh -c 'ip link set lo up && echo 4096 4096 4096 >/proc/sys/net/ipv4/tcp_wmem' 2>/dev/null ||
    skip 'no network of its own may be made here (unshare -rn, tcp_wmem)'
  "$JUDGE" cert "$BATS_TEST_TMPDIR/cert.pem" "$BATS_TEST_TMPDIR/key.pem"
  authorities >"$BATS_TEST_TMPDIR/authorities.pem"
  program_command "$1" client_unknown_ca --tls 1.2 --connections 5
  cd "$BATS_TEST_TMPDIR" || return
  # shellcheck disable=SC2016  # the inner shell's
  run timeout 60 unshare -rn bash -euc '
    ip link set lo up
    echo 4096 4096 4096 >/proc/sys/net/ipv4/tcp_wmem
    echo 4096 4096 4096 >/proc/sys/net/ipv4/tcp_rmem
    timeout 30 openssl s_server -www -accept 127.0.0.1:4433 -naccept 5 -tls1_2 \
      -cert cert.pem -key key.pem -Verify 1 -CAfile authorities.pem >server.out 2>server.err 3>&- &
    for ((i = 0; i < 1000; i++)); do
      ! grep -q ^ACCEPT server.out || break
      sleep 0.01 # nothing wakes a shell when a line appears; the loop ends with the condition
    done
    "$@" --port 4433 >client.out 2>client.err 3>&-
    wait
    cat server.err' _ "${program_command[@]}"
  assert_success
  run grep -c connect=-1 client.out
  assert_output 5
}

@test "bare: s_server, still writing, never hears that its CA is unknown" {
  distrusts bare
  run grep -c 'alert unknown ca' server.err
  assert_output 0
}

@test "P1: s_server hears 'unknown CA' from every client" {
  distrusts cured
  run grep -c 'alert unknown ca' server.err
  assert_output 5
}
