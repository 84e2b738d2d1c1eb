#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P12: what `tlsbye check` says of a program is not contradicted by what happens when it runs under tlsbye. A dozen programs; with
# tests/run --full all that are installed of more than 40, and the table is printed.
#
# shellcheck disable=SC2030,SC2031  # a test's port is its own
# shellcheck disable=SC2034,SC2154  # what lib/*.bash set and read

load lib/project
load lib/judge
load lib/real
load lib/hosts
load lib/probed
load lib/starttls
load lib/check_table

setup_file() {
  make_real_folder
  make_servers
  chmod a+rx "$real"
}

teardown_file() {
  remove_real_folder
}

setup() {
  begin_test
  PATH=$PATH:/usr/sbin:/sbin
  programs=$BUILD/tests/programs
  none="no TLS of OpenSSL's found"
}

scripts() {
  local url=https://127.0.0.1:$peer_port/
  cat >"$BATS_TEST_TMPDIR/client.py" <<PYTHON
import ssl, urllib.request
urllib.request.urlopen("$url", context=ssl._create_unverified_context()).read()
PYTHON
  cat >"$BATS_TEST_TMPDIR/client.tcl" <<TCL
package require tls
set s [tls::socket -request 0 -require 0 127.0.0.1 $peer_port]
puts \$s "GET / HTTP/1.0\r\n\r"
flush \$s
read \$s
close \$s
TCL
  cat >"$BATS_TEST_TMPDIR/client.pl" <<PROLOG
:- use_module(library(ssl)).
:- use_module(library(socket)).
:- initialization(main).
main :- ssl_context(client, C, [cacerts([]), cert_verify_hook(cert_accept_any)]), tcp_connect('127.0.0.1':$peer_port, P, []), stream_pair(P, R0, W0),
  ssl_negotiate(C, R0, W0, R, W), format(W, 'GET / HTTP/1.0\r\n\r\n', []), flush_output(W), read_string(R, _, _), close(W), close(R), halt.
PROLOG
  cat >"$BATS_TEST_TMPDIR/client.lua" <<LUA
local socket, ssl = require "socket", require "ssl"
local c = socket.tcp(); c:connect("127.0.0.1", $peer_port)
c = ssl.wrap(c, {mode = "client", protocol = "any", verify = "none"}); c:dohandshake()
c:send("GET / HTTP/1.0\r\n\r\n"); c:receive("*a"); c:close()
LUA
  perl_client="print {IO::Socket::SSL->new(PeerAddr => '127.0.0.1:$peer_port', SSL_verify_mode => 0)} \"GET / HTTP/1.0\r\n\r\n\""
}

# What every machine that runs these tests has.
dozen() {
  local url=https://127.0.0.1:$peer_port/
  client ncat ncat reachable ncat --ssl 127.0.0.1 "$peer_port"
  client socat socat reachable socat - "openssl:127.0.0.1:$peer_port,verify=0"
  client s_client openssl reachable openssl s_client -quiet -connect "127.0.0.1:$peer_port"
  client curl /usr/bin/curl 'reachable in part' /usr/bin/curl -sk "$url"
  client python3 /usr/bin/python3 'reachable in part' /usr/bin/python3 "$BATS_TEST_TMPDIR/client.py"
  client perl /usr/bin/perl reachable /usr/bin/perl -MIO::Socket::SSL -e "$perl_client"
  client ruby ruby reachable ruby -ropen-uri -e "URI.open('$url', ssl_verify_mode: 0).read"
  client wget /usr/bin/wget "$none" /usr/bin/wget -qO- --no-check-certificate "$url"
  client true /bin/true "$none" /bin/true
  client sh sh 'cannot be told' sh -c "exec curl -sk $url"
  client client_dlsym "$programs/client_dlsym" 'reachable in part' "$programs/client_dlsym" --port "$peer_port"
  nginx_on_free_port
  server nginx nginx reachable "${nginx_command[@]}"
  merecat_on_free_port
  server merecat merecat reachable "${merecat_command[@]}"
  free_port
  server s_server openssl reachable openssl s_server -accept "127.0.0.1:$port" -www -quiet -cert "$real/cert.pem" -key "$real/key.pem"
}

clients_more() {
  local url=https://127.0.0.1:$peer_port/
  client tclsh tclsh 'reachable in part' tclsh "$BATS_TEST_TMPDIR/client.tcl"
  client swipl swipl 'reachable in part' swipl -q "$BATS_TEST_TMPDIR/client.pl"
  client lua lua5.3 reachable lua5.3 "$BATS_TEST_TMPDIR/client.lua"
  client w3m w3m reachable w3m -o ssl_verify_server=0 -dump "$url"
  client wrk wrk reachable wrk -t1 -c1 -d1s "$url"
  client php php 'reachable in part' php -r "echo file_get_contents('$url', false, stream_context_create(['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]]));"
  client php-curl php 'reachable in part' php -r "\$c = curl_init('$url'); curl_setopt(\$c, CURLOPT_SSL_VERIFYPEER, 0); curl_setopt(\$c, CURLOPT_SSL_VERIFYHOST, 0); curl_exec(\$c);"
  client node node 'out of reach' node -e "process.env.NODE_TLS_REJECT_UNAUTHORIZED=0; require('https').get('$url', r => r.resume())"
  client redis-cli redis-cli reachable redis-cli --tls --insecure -h 127.0.0.1 -p "$peer_port" PING
  client mosquitto_pub mosquitto_pub reachable mosquitto_pub --insecure --cafile "$real/cert.pem" -p "$peer_port" -t a -m b
  client psql /usr/bin/psql 'cannot be told' /usr/bin/psql "host=127.0.0.1 port=$peer_port sslmode=require"
  client git-remote-https "$(git --exec-path)/git-remote-https" "$none" git -c http.sslVerify=false ls-remote "$url"
  client env env 'cannot be told' env A=b curl -sk "$url"
  client setsid setsid 'cannot be told' setsid --wait curl -sk "$url"
  client client_write_only "$programs/client_write_only" reachable "$programs/client_write_only" --port "$peer_port" --write 1K
}

servers_more() {
  local name
  free_port
  server python-http /usr/bin/python3 'reachable in part' /usr/bin/python3 -c "import http.server, ssl
s = http.server.HTTPServer(('127.0.0.1', $port), http.server.SimpleHTTPRequestHandler)
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain('$real/cert.pem', '$real/key.pem')
s.socket = c.wrap_socket(s.socket, server_side=True); s.serve_forever()"
  for name in apache2 webrick socat; do
    "serve_$name"
    case $name in
      apache2) server apache2 apache2 'reachable in part' "${server[@]}" ;;
      webrick) server webrick ruby reachable "${server[@]}" ;;
      socat) server socat-listen socat reachable "${server[@]}" ;;
    esac
  done
  free_port
  server ncat-listen ncat reachable ncat --ssl --listen 127.0.0.1 "$port" --ssl-cert "$real/cert.pem" --ssl-key "$real/key.pem" --sh-exec 'echo hello'
  redis_on_free_port
  server redis-server redis-server reachable "${redis_command[@]}"
  pages_behind_haproxy
  server haproxy haproxy 'reachable in part' "${haproxy_command[@]}"
  free_port
  server node-server node 'out of reach' node -e "const f = require('fs'); require('https').createServer({cert: f.readFileSync('$real/cert.pem'), key: f.readFileSync('$real/key.pem')}, (q, r) => r.end('hello')).listen($port, '127.0.0.1')"
  free_port
  echo 'run ->(env) { [200, {}, ["hello"]] }' >"$BATS_TEST_TMPDIR/config.ru"
  server puma puma 'reachable in part' puma -b "ssl://127.0.0.1:$port?key=$real/key.pem&cert=$real/cert.pem" "$BATS_TEST_TMPDIR/config.ru"
  free_port
  server server_memory_bio "$programs/server_memory_bio" 'reachable in part' "$programs/server_memory_bio" --port "$port" --rounds 1 --write 1K
  free_port
  server server_dlopen "$programs/server_dlopen" 'cannot be told' "$programs/server_dlopen" --port "$port" --write 1K
  free_port
  server server_own_bio "$programs/server_own_bio" 'reachable in part' "$programs/server_own_bio" --port "$port" --mode plain-free --write 1K
  free_port
  server server_right "$programs/server_right" reachable "$programs/server_right" --port "$port" --read 4 --write 1K
}

# Those that only root can start.
servers_of_root() {
  local starttls
  [[ $EUID -eq 0 ]] || return 0
  if [[ -n $(sbin proftpd) ]]; then
    proftpd_on_free_port
    starttls=ftp server proftpd proftpd 'reachable in part' "${ftp_command[@]}"
  fi
  if [[ -n $(vsftpd_path) ]]; then
    vsftpd_on_free_port
    starttls=ftp server vsftpd "$(vsftpd_path)" reachable "${ftp_command[@]}"
  fi
  if [[ -n $(sbin postfix) ]]; then
    postfix_on_free_port
    starttls=smtp server postfix postfix 'cannot be told' "${starttls_command[@]}"
  fi
  if [[ -n $(sbin dovecot) ]]; then
    dovecot_on_free_port
    starttls=imap server dovecot dovecot 'out of reach' "${starttls_command[@]}"
  fi
  if [[ -n $(postgres_path) ]]; then
    postgres_on_free_port
    starttls=postgres server postgres "$(postgres_path)/postgres" 'reachable in part' "${starttls_command[@]}"
  fi
}

@test "P12: check's word against what happens: a dozen programs; with --full all that are here of 40" {
  table_begin
  scripts
  dozen
  if [[ -n ${TESTS_FULL:-} ]]; then
    clients_more
    servers_more
    servers_of_root
  fi
  table_end
}
