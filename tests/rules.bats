#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What a report suggests is not said for show: each piece of code is taken out of a report, compiled or run as it stands,
# and judged by the peer. Each test has its control in the same program without the piece. (The one for C programs is
# tried on the demo's wrong pair, in seed_report.bats.)
#
# shellcheck disable=SC2034,SC2154  # connections is read, tls and port are set, in lib/judge.bash
# shellcheck disable=SC2016  # perl and ruby expand

load lib/judge

setup_file() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$BATS_FILE_TMPDIR/certificate.pem" 2>/dev/null
}

setup() {
  begin_test
  cd "$BATS_TEST_TMPDIR" || return
  certificate=$BATS_FILE_TMPDIR/certificate.pem key=$BATS_FILE_TMPDIR/key.pem
  connections=2
}

# end_event FAULT [OBJECT] [TRANSPORT]: a log of one connection with this fault, let go by a close() in this object.
end_event() {
  printf '{"v":1,"event":"end","time":1764033333.123456,"program":"legacy","pid":7,"mode":"observe","level":"info",'
  printf '"id":"7.1","fd":5,"transport":"%s","local":"127.0.0.1:443","peer":"127.0.0.1:5000","role":"server",' "${3:-tcp}"
  printf '"objects":[{"path":"%s"}],"sites":{"close":[[0,4711]],"SSL_free":[[0,4711]],"SSL_write":[[0,4711]]},' "${2:-/bin/x}"
  printf '"doors":["close"],"called_shutdown":false,"close_notify":"none","handshake":true,'
  printf '"will_reset":"yes","verdict":"wrong","data":"lost","faults":["%s"],"us":10}\n' "$1"
}

# said KEY: of the first group of the report on ./log.
said() {
  { "$TLSBYE" report --json log || true; } |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["groups"][0].get(sys.argv[1], ""))' "$1"
}

# serve COMMAND...: it serves $connections of the judge's, which says more than is read and reads slowly.
serve() {
  rm -f "$program_log"
  note_command "$@"
  timeout "$judge_timeout" "$@" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
  wait_for_port "$program_log" "$program_pid"
  start_judge connect --connections "$connections" --tls "$tls" --send 1K --trail "${trail:-100K}" --rcvbuf 4K \
    --pause 20 --expect 1M --expect-any "$port"
  wait_judge
  wait_program
}

# The bare control, and then the same server with what is suggested.
bare_and_good() {
  serve "$@" bare "$certificate" "$key" "$connections"
  assert_total close_notify=0 "rst=$connections"
  serve "$@" good "$certificate" "$key" "$connections"
  assert_total "whole=$connections" "close_notify=$connections" "fin=$connections" rst=0
}

# --- the interpreters' modules ---

python_server='
import socket, ssl, sys
how, certificate, key, count = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
for i in range(int(count)):
    conn = context.wrap_socket(listener.accept()[0], server_side=True)
    conn.recv(2048)
    conn.sendall(b"x" * 1048576)
    tls_goodbye(conn) if how == "good" else conn.close()
'

@test "rules: python: what is suggested for its ssl module sends all, close_notify and FIN, at once" {
  end_event unread-at-close /usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so >log
  assert_equal "$(said language)" Python
  { said lines && echo "$python_server"; } >server.py
  both bare_and_good python3 server.py
}

perl_server='
use strict; use warnings; use IO::Socket::SSL;
my ($how, $certificate, $key, $count) = @ARGV;
my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
$| = 1; print $listener->sockport, "\n";
for (1 .. $count) {
	my $conn = IO::Socket::SSL->start_SSL(scalar $listener->accept, SSL_server => 1,
		SSL_cert_file => $certificate, SSL_key_file => $key) or die $SSL_ERROR;
	sysread($conn, my $request, 2048);
	my ($reply, $sent) = ("x" x 1048576, 0);
	$sent += $conn->syswrite($reply, 1048576 - $sent, $sent) || last while $sent < 1048576;
	$how eq "good" ? tls_goodbye($conn) : undef $conn;
}
'

@test "rules: perl: what is suggested for IO::Socket::SSL sends all, close_notify and FIN, at once" {
  end_event unread-at-close /usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Net/SSLeay/SSLeay.so >log
  assert_equal "$(said language)" Perl
  { said lines && echo "$perl_server"; } >server.pl
  both bare_and_good perl server.pl
}

ruby_server='
require "socket"; require "openssl"
how, certificate, key, count = ARGV
context = OpenSSL::SSL::SSLContext.new
context.cert = OpenSSL::X509::Certificate.new(File.read(certificate))
context.key = OpenSSL::PKey.read(File.read(key))
listener = TCPServer.new("127.0.0.1", 0)
$stdout.sync = true
puts listener.addr[1]
count.to_i.times do
  socket = listener.accept
  ssl = OpenSSL::SSL::SSLSocket.new(socket, context)
  ssl.accept
  ssl.sysread(2048)
  ssl.write("x" * 1048576)
  how == "good" ? tls_goodbye(ssl) : socket.close
end
'

@test "rules: ruby: what is suggested for its openssl module sends all, close_notify and FIN, at once" {
  end_event no-close_notify /usr/lib/x86_64-linux-gnu/ruby/3.1.0/openssl.so >log
  assert_equal "$(said language)" Ruby
  { said lines && echo "$ruby_server"; } >server.rb
  both bare_and_good ruby server.rb
}

need() {
  command -v "$1" >/dev/null || skip "$1 is not installed"
}

php_server='
[, $how, $certificate, $key, $count] = $argv;
$context = stream_context_create(["ssl" => ["local_cert" => $certificate, "local_pk" => $key]]);
$listener = stream_socket_server("tcp://127.0.0.1:0", $e, $s, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context);
echo explode(":", stream_socket_get_name($listener, false))[1], "\n";
for ($i = 0; $i < $count; $i++) {
	$conn = stream_socket_accept($listener, 20);
	stream_socket_enable_crypto($conn, true, STREAM_CRYPTO_METHOD_TLS_SERVER | STREAM_CRYPTO_METHOD_TLSv1_3_SERVER);
	fread($conn, 1024);
	fwrite($conn, str_repeat("x", 1048576));
	if ($how == "good") tls_goodbye($conn); else stream_socket_shutdown($conn, STREAM_SHUT_RDWR);
	unset($conn);
}
'

@test "rules: php: what is suggested for its streams sends all, close_notify and FIN, at once" {
  need php
  end_event unread-at-close /usr/bin/php8.2 >log
  assert_equal "$(said language)" PHP
  { echo '<?php' && said lines && echo "$php_server"; } >server.php
  both bare_and_good php server.php
}

lua_server='
local ssl = require "ssl"
local how, certificate, key, count = ...
local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()
print(port) io.stdout:flush()
for i = 1, tonumber(count) do
  local raw = listener:accept()
  local conn = assert(ssl.wrap(raw, {mode = "server", protocol = "any", certificate = certificate, key = key}))
  conn:dohandshake()
  conn:receive(1024)
  conn:send(("x"):rep(1048576))
  if how == "good" then tls_read_away(conn) end
  conn:close()
end
'

# Its close() says close_notify and closes over what is unread.
@test "rules: lua: what is suggested for LuaSec reads away what has come, and then close() costs nothing" {
  need lua5.3
  lua5.3 -e 'require "ssl"' 2>/dev/null || skip "LuaSec is not installed"
  end_event unread-at-close /usr/lib/x86_64-linux-gnu/lua/5.3/ssl.so >log
  assert_equal "$(said language)" Lua
  { said lines && echo "$lua_server"; } >server.lua
  good_total=(close_notify=2) # its close() may meet our answer: a reset after its FIN, which costs nothing
  both good_alone lua5.3 server.lua
}

tcl_server='
lassign $argv how certificate key count
set served 0
proc accepted {conn host port} {
    global how certificate key count served
    fconfigure $conn -blocking 1 -translation binary -buffering full
    tls::import $conn -server 1 -certfile $certificate -keyfile $key -require 0 -request 0
    tls::handshake $conn
    read $conn 1024
    puts -nonewline $conn [string repeat x 1048576]
    if {$how eq "good"} { tls_goodbye $conn } else { close $conn }
    if {[incr served] == $count} { set ::done 1 }
}
set listener [socket -server accepted -myaddr 127.0.0.1 0]
puts [lindex [fconfigure $listener -sockname] 2]
flush stdout
vwait done
'

@test "rules: tcl: what is suggested for its package tls sends all, and FIN; close_notify it cannot say" {
  need tclsh
  echo 'package require tls' | tclsh >/dev/null 2>&1 || skip "the package tls is not installed"
  end_event unread-at-close /usr/lib/tcltk/x86_64-linux-gnu/tcltls1.7.22/tcltls.so >log
  assert_equal "$(said language)" Tcl
  { echo 'package require tls' && said lines && echo "$tcl_server"; } >server.tcl
  good_total=(close_notify=0 fin=2 rst=0)
  both good_alone tclsh server.tcl
}

# What ends well is the whole point; how it ends without the piece is its library's version's to say.
good_total=("close_notify=2" fin=2 rst=0)
good_alone() {
  serve "$@" good "$certificate" "$key" "$connections"
  assert_total "whole=$connections" "${good_total[@]}"
  serve "$@" bare "$certificate" "$key" "$connections"
  assert_total "${bare_total:-rst=$connections}"
}

node_server='
const [how, certificate, key, count] = process.argv.slice(2), fs = require("fs");
let served = 0;
const server = require("tls").createServer({cert: fs.readFileSync(certificate), key: fs.readFileSync(key)}, socket => {
  socket.on("error", () => {});
  socket.once("data", () => socket.write("x".repeat(1048576), () => how == "good" ? tlsGoodbye(socket) : socket.destroy()));
  socket.once("close", () => { if (++served == count) server.close(); });
}).listen(0, "127.0.0.1", () => console.log(server.address().port));
'

# Bare it reads on, and says no close_notify.
@test "rules: node: what is suggested sends all, close_notify and FIN, at once" {
  need node
  end_event unread-at-close /usr/bin/node >log
  assert_equal "$(said language)" JavaScript
  { said lines && echo "$node_server"; } >server.js
  bare_total=close_notify=0
  both good_alone node server.js
}

# --- who suffers: a peer that ends without close_notify ---

# read_event OBJECT [ROLE]: a read that met such an end.
read_event() {
  end_event no-close_notify "$1" >end
  python3 - "${2:-client}" <<'PYTHON'
import json, sys
event = json.loads(open("end").readline())
event.update(event="read-failed", level="warn", call="SSL_read", error="SSL_ERROR_SSL", cause="peer-closed-without-close_notify",
             role=sys.argv[1], bytes_read=100, data="unknown", sites={"SSL_read": [[0, 4711]]})
for key in "verdict", "faults", "doors", "called_shutdown", "close_notify", "will_reset":
    event.pop(key, None)
print(json.dumps(event))
PYTHON
}

# cut_short: a server that says "hello" and closes without close_notify, for so many connections; sets port.
cut_short() {
  rm -f "$program_log"
  timeout 60 python3 -c '
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:3])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
for i in range(int(sys.argv[3])):
    conn = context.wrap_socket(listener.accept()[0], server_side=True)
    conn.sendall(b"hello")
    conn.shutdown(socket.SHUT_WR)
    conn.recv(1)
    conn.close()
' "$certificate" "$key" "$1" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
  wait_for_port "$program_log" "$program_pid"
}

# tolerates LANGUAGE OBJECT COMMAND SCRIPT: WRITE in the script stands for the line. Bare the end is an error, with the line it is none.
tolerates() {
  local line
  read_event "$2" >log
  assert_equal "$(said language)" "$1"
  line=$(said write)
  cut_short 2
  printf '%s\n' "${4//WRITE/}" >bare.script
  printf '%s\n' "${4//WRITE/"$line"}" >good.script
  run $3 bare.script "$port"
  assert_output 'hello error'
  run $3 good.script "$port"
  assert_output 'hello end'
}

@test "rules: who suffers is told of --ignore-unexpected-eof, and of tlsbye probe for the peer" {
  read_event /bin/x >log
  assert_equal "$(said probe)" 'tlsbye probe 127.0.0.1:5000'
  [[ $(said elsewhere) == *'--ignore-unexpected-eof'*'OpenSSL 3.0'* ]]
  assert_equal "$(said write)" 'SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);'
  run "$TLSBYE" report log
  assert_output --partial 'Ask the other side how it ends: tlsbye probe 127.0.0.1:5000'
  read_event /bin/x server >log
  assert_equal "$(said probe)" 'tlsbye probe --listen 443'
  end_event no-close_notify >log
  assert_equal "$(said probe)" ''
}

@test "rules: who suffers: ruby and lua have their own line, and it does what it says; perl, php and tcl have none, and not C's" {
  tolerates Ruby /usr/lib/x86_64-linux-gnu/ruby/3.1.0/openssl.so ruby 'require "openssl"; require "socket"
context = OpenSSL::SSL::SSLContext.new
WRITE
ssl = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("127.0.0.1", ARGV[0]), context).connect
print ssl.sysread(5)
begin
  ssl.sysread(5)
rescue EOFError
  print " end"
rescue OpenSSL::SSL::SSLError
  print " error"
end'
  wait_program
  if lua5.3 -e 'require "ssl"' 2>/dev/null; then
    tolerates Lua /usr/lib/x86_64-linux-gnu/lua/5.3/ssl.so lua5.3 'local socket, ssl = require "socket", require "ssl"
local conn = socket.tcp(); conn:connect("127.0.0.1", (...))
conn = ssl.wrap(conn, {mode = "client", protocol = "any", verify = "none", WRITE }); conn:dohandshake()
io.write((conn:receive(5)))
local _, failure = conn:receive(5)
io.write(failure == "closed" and " end" or " error")'
    wait_program
  fi
  read_event /usr/bin/php8.2 >log
  assert_equal "$(said write)$(said language)" ''
  read_event /usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Net/SSLeay/SSLeay.so >log
  assert_equal "$(said write)$(said language)" ''
  read_event /usr/lib/tcltk/x86_64-linux-gnu/tcltls1.7.22/tcltls.so >log
  assert_equal "$(said write)$(said language)" ''
}

# replies LANGUAGE EXTENSION OBJECT BARE: bare.EXTENSION and good.EXTENSION, of server.EXTENSION: the one writes as in BARE,
# which nobody repeats on a non-blocking socket, the other as LANGUAGE is told to.
replies() {
  local server line
  end_event unfinished-write "$3" >log
  assert_equal "$(said language)" "$1"
  line=$(said write)
  server=$(<"server.$2")
  printf '%s\n' "${server/REPLY/"$4"}" >"bare.$2"
  printf '%s\n' "${server/REPLY/"$line"}" >"good.$2"
}

@test "rules: unfinished-write: python, perl and ruby: what is suggested writes all of it" {
  local how
  cat >server.py <<<"$python_server"
  sed -i -e 's/    conn.recv(.*/&\n    conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)/' \
    -e 's/    conn.sendall(.*/    data = b"x" * 1048576; conn.setblocking(False); REPLY/' \
    -e 's/    tls_goodbye(conn).*/    conn.close()/' server.py
  replies Python py /usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so 'conn.send(data)'
  cat >server.pl <<<"$perl_server"
  sed -i -e '/my (\$reply/s/.*/\tmy $data = "x" x 1048576; $conn->blocking(0); REPLY/' \
    -e 's/sysread(.*/&\n\tsetsockopt($conn, Socket::SOL_SOCKET(), Socket::SO_SNDBUF(), 65536);/' -e '/syswrite(\$reply/d' \
    -e 's/\$how eq .*/undef $conn;/' server.pl
  replies Perl pl /usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Net/SSLeay/SSLeay.so 'syswrite($conn, $data);'
  cat >server.rb <<<"$ruby_server"
  sed -i -e 's/  ssl.write(.*/  socket.setsockopt(:SOCKET, :SNDBUF, 65536); data = "x" * 1048576; REPLY/' \
    -e 's/  how == .*/  socket.close/' server.rb
  replies Ruby rb /usr/lib/x86_64-linux-gnu/ruby/3.1.0/openssl.so 'ssl.write_nonblock(data)'
  for how in 'python3 py' 'perl pl' 'ruby rb'; do # 1.2: without tickets, so that no reset takes what was written
    tls=1.2 connections=1 trail=0 serve "${how% *}" "bare.${how#* }" bare "$certificate" "$key" 1
    assert_total whole=0
    tls=1.2 connections=1 trail=0 serve "${how% *}" "good.${how#* }" good "$certificate" "$key" 1
    assert_total lost=0
  done
}

# --- C: what is no goodbye ---

compile() {
  # shellcheck disable=SC2046  # words
  ${CC:-cc} -g -O1 -Wall -Wextra -Werror "-I$top/demo" server.c "$top/demo/common.c" -o server \
    $(pkg-config --cflags --libs openssl)
}

# One who reads it all before it ends, and wants only what is written.
bare_and_whole() {
  trail=0 serve ./server bare "$certificate" "$key" "$connections" "$tls"
  assert_total whole=0
  trail=0 serve ./server good "$certificate" "$key" "$connections" "$tls"
  assert_total "whole=$connections"
}

c_begin='
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common.h"
'

c_main='
int main(int argc, char **argv)
{
	SSL_CTX *ctx = server_context(argv[5], argv[2], argv[3]);
	int listener = listen_on_loopback(0), count = (int)number(argv[4], "connections"), small = 16384;
	char *reply = filled_buffer(1048576);

	set_up_process();
	while (argc == 6 && count-- > 0) {
		int fd = accept_client(listener);
		SSL *ssl = SSL_new(ctx);
		char request[2048];

		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		SSL_set_fd(ssl, fd);
		SSL_accept(ssl);
		SSL_read(ssl, request, sizeof(request));
		serve(ssl, fd, reply, 1048576, strcmp(argv[1], "good") == 0);
		SSL_free(ssl);
		close(fd);
	}
	free(reply);
	return 0;
}'

@test "rules: unfinished-write: the suggested loop writes all of it on a non-blocking socket" {
  end_event unfinished-write >log
  assert_equal "$(said write)" 'if (!tls_write_all(ssl, fd, data, length))'
  cat >server.c <<END
$c_begin
$(said lines)
static void serve(SSL *ssl, int fd, char *data, size_t length, int good)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!good) {
		SSL_write(ssl, data, (int)length);
		return;
	}
	$(said write)
		return;
	SSL_shutdown(ssl);
}
$c_main
END
  compile
  both bare_and_whole
}

@test "rules: unflushed: what lies in a BIO_f_buffer goes out by the suggested call" {
  end_event unflushed >log
  cat >server.c <<END
$c_begin
$(said lines)
static void serve(SSL *ssl, int fd, char *data, size_t length, int good)
{
	BIO *buffer = BIO_new(BIO_f_buffer());

	BIO_set_write_buffer_size(buffer, 2 << 20);
	BIO_up_ref(SSL_get_rbio(ssl));
	SSL_set0_wbio(ssl, BIO_push(buffer, SSL_get_rbio(ssl)));
	SSL_write(ssl, data, (int)length);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!good)
		return;
	$(said write)
		return;
}
$c_main
END
  compile
  both bare_and_whole
}

# --- the table ---

# words_of LIST: its words in src/event_table.h.
words_of() {
  "$BUILD/tests/programs/event_words" | sed -n "s/^$1 //p"
}

@test "rules: every fault has its words, a rule with its place, and something to write" {
  local fault faults
  mapfile -t faults < <(words_of fault)
  for fault in "${faults[@]}"; do
    end_event "$fault"
  done >log
  run -1 "$TLSBYE" report --json log
  run -0 python3 -c '
import json, re, sys
groups = json.load(sys.stdin)["groups"]
for group in groups:
    for key in "what", "effect", "rule", "where", "write", "lines":
        assert group.get(key), (group["code"], key)
    assert re.search(r"RFC \d+, \d|[a-zA-Z_]+\([237]\)", group["rule"]), group["rule"]
print(len(groups))' <<<"$output"
  assert_output "${#faults[@]}"
  [[ ${#faults[@]} -ge 7 ]]
}

@test "rules: all functions together can be pasted into one file, without a warning" {
  local fault
  for fault in no-close_notify unfinished-write unflushed; do
    end_event "$fault"
  done >log
  "$TLSBYE" report --lines log >lines.c || true
  run grep -cE '^static .* tls_(goodbye|write_all|flush)\(' lines.c
  assert_output 3
  local standard
  for standard in gnu99 gnu17; do
    run -0 "${CC:-cc}" -std="$standard" -O2 -Wall -Wextra -Wshadow -Wno-unused-function -Werror -c lines.c -o lines.o
  done
}

@test "rules: a datagram has no half-close and no reset: SSL_shutdown() alone" {
  end_event no-close_notify /bin/x datagram >log
  assert_equal "$(said write)" "SSL_shutdown(ssl);"
  assert_equal "$(said lines)" ""
}

@test "rules: every cause of a failed read has its words, and whose fault it is" {
  local cause causes number=0
  mapfile -t causes < <(words_of cause)
  for cause in "${causes[@]}"; do
    printf '{"v":1,"event":"read-failed","time":1764033333.1,"program":"legacy","pid":7,"mode":"observe","level":"info",'
    printf '"id":"7.%d","fd":5,"transport":"tcp","role":"client","call":"SSL_read","error":"SSL_ERROR_SYSCALL",' \
      $((++number))
    printf '"bytes_read":1,"bytes_written":1,"cause":"%s"}\n' "$cause"
  done >log
  run -1 "$TLSBYE" report --json log
  run -0 python3 -c '
import json, sys
groups = json.load(sys.stdin)["groups"]
for group in groups:
    for key in "what", "effect", "rule":
        assert group.get(key), (group["code"], key)
print(len(groups), len({group["what"] for group in groups}))' <<<"$output"
  assert_output "${#causes[@]} ${#causes[@]}"
  [[ ${#causes[@]} -ge 9 ]]
}
