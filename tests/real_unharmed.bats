#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Programs that nothing was wrong with stay as good as they were (P5, P7, P9). First the ones that say goodbye by
# themselves (curl, nginx, openssl), as the judge and their own output see them. Then interpreters, shells and builds:
# the same exit status, stdout and stderr as bare, whatever they do with processes, threads and descriptors while a
# TLS connection is open. What the shim has to say goes to a file there.
#
# shellcheck disable=SC2016         # $ in single quotes is for others
# shellcheck disable=SC2030,SC2031  # a test's tls and connections are its own
# shellcheck disable=SC2034,SC2154  # tls, runs and connections are read, port and real are set, in lib/*.bash
# shellcheck disable=SC2317         # called by both

load lib/project
load lib/judge
load lib/real

setup_file() {
  make_real_folder
  export HOME=$real
  legacy_scripts
}

teardown_file() {
  remove_real_folder
}

# What the Python programs below share: a connection to an echo server, and contexts.
legacy_scripts() {
  cat >"$real/echo.py" <<'PYTHON'
import os, socket, ssl, threading

folder = os.path.dirname(os.path.abspath(__file__))
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
client = ssl.create_default_context(cafile=folder + "/cert.pem")

def serve(stream):
    """Echoes until the peer ends, then says goodbye as one should."""
    with server.wrap_socket(stream, server_side=True) as tls:
        while data := tls.recv(65536):
            tls.sendall(data)
        tls.unwrap()

def listen():
    """An echo server in threads of this process; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]

def connect(port):
    return client.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")

def echo(tls, data):
    tls.sendall(data)
    got = b""
    while len(got) < len(data):
        got += tls.recv(65536) or exit("the echo ended early")
    return got == data
PYTHON
}

# python_same_as_bare: the program on stdin, beside echo.py.
python_same_as_bare() {
  cat >"$BATS_TEST_TMPDIR/program.py"
  assert_same_as_bare env PYTHONPATH="$real" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$BATS_TEST_TMPDIR/program.py"
}

# A server in another process, for what must outlive the program: it turns lines round.
start_line_peer() {
  free_port
  start_peer "$port" openssl s_server -accept "127.0.0.1:$port" -cert "$real/cert.pem" -key "$real/key.pem" \
    -quiet -rev
}

# --- those that end well bare: nginx, openssl, curl ---

# request REST: a GET of the page, the rest of its header, an empty line.
request() {
  printf 'GET /page HTTP/1.1\r\nHost: localhost\r\n%s\r\n' "$1" >>"$BATS_TEST_TMPDIR/request"
}

# judge_nginx JUDGE ARG...: bare, then under tlsbye with a verdict as good.
judge_nginx() {
  local how
  for how in bare cured; do
    nginx_on_free_port
    judge_real_server "$how" "${nginx_command[@]}" -- --send-file "$BATS_TEST_TMPDIR/request" --limit 30 "$@"
    assert_equal "nginx ended with $program_status" "nginx ended with 0"
    assert_total "connections=$connections" rst=0 torn=0
    [[ $how == cured ]] || keep_verdicts bare
  done
  assert_as_good_as bare
}

@test "nginx: a page, bytes behind the request, slow reader" {
  connections=5
  request $'Connection: close\r\n'
  both judge_nginx --trail 64K --rcvbuf 4K --pause 20
  assert_verdict tls=close_notify tcp=fin
}

@test "nginx: keep-alive, two pages on one connection" {
  connections=5
  request ''
  request $'Connection: close\r\n'
  both judge_nginx --pause 20 --expect-any
  assert_total "whole=$connections"
}

@test "nginx: keep-alive, the client ends first" {
  connections=5
  request ''
  both judge_nginx --end first --end-at 1M
}

# TLS on both sides of it, each through a BIO of its own.
judge_haproxy() {
  local how backend
  nginx_on_free_port
  backend=$port
  start_peer "$backend" "${nginx_command[@]}"
  for how in bare cured; do
    haproxy_on_free_port "$backend" ssl verify none
    judge_real_server "$how" "${haproxy_command[@]}" -- \
      --send-file "$BATS_TEST_TMPDIR/request" --limit 30 --expect-any "$@"
    [[ $how == cured ]] || keep_verdicts bare
  done
  assert_as_good_as bare
  assert_total "connections=$connections" torn=0 rst=0 # bare, the peer's close_notify lies unread, and resets
}

@test "haproxy between TLS and TLS: keep-alive, two pages on one connection" {
  connections=5
  request ''
  request $'Connection: close\r\n'
  both judge_haproxy --pause 20
  assert_total "whole=$connections"
}

@test "haproxy between TLS and TLS: keep-alive, the client ends first" {
  connections=5
  request ''
  both judge_haproxy --end first --end-at 1M
}

# Each server of them serves $connections and ends by itself.
judge_s_server() {
  local how
  for how in bare cured; do
    free_port
    judge_real_server "$how" openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -quiet \
      -naccept "$connections" "$@"
    [[ $how == cured ]] || keep_verdicts bare
  done
  assert_as_good_as bare
  assert_total "connections=$connections"
}

@test "openssl s_server -WWW: a page to a slow reader, bytes behind the request" {
  cd "$real"
  connections=5
  request $'Connection: close\r\n'
  both judge_s_server -WWW -- --send-file "$BATS_TEST_TMPDIR/request" --pause 20 --rcvbuf 4K --limit 30
}

@test "openssl s_server -rev: the client ends first" {
  cd "$real"
  connections=5
  printf 'abc\n' >"$BATS_TEST_TMPDIR/line"
  both judge_s_server -rev -- --send-file "$BATS_TEST_TMPDIR/line" --end first --end-at 4 --expect 4 --expect-any
  assert_total whole=5
}

@test "openssl s_client: 1 MB from stdin to a slow reader" {
  send() {
    local how
    for how in bare cured; do
      free_port
      judge_real_client "$how" openssl s_client -connect "127.0.0.1:$port" -nocommands -- \
        --rcvbuf 4K --pause 20 --limit 30 --expect 1M --expect-any
      assert_equal "s_client ended with $program_status" "s_client ended with 0"
      assert_total whole=3 rst=0
      [[ $how == cured ]] || keep_verdicts bare
    done
    assert_as_good_as bare
  }
  connections=3 runs=3 input=$real/page
  both send
}

# socat says goodbye in an exit handler of its own, which it registered before it knew of TLS. Its status is that of the
# command where it hears of that before the end of the pipe, which sleep keeps open.
@test "socat whose command failed: its exit handler still says close_notify (P5)" {
  end() {
    local how
    for how in bare cured; do
      free_port
      judge_real_client "$how" socat SYSTEM:'head -c 1024 page; head -c 4 >/dev/null; sleep 0.3 & exit 3' \
        "OPENSSL:127.0.0.1:$port,verify=0" -- --expect 1K --expect-any --wait-first --send 4
      assert_equal "socat ended with $program_status" "socat ended with 1"
      assert_verdict tls=close_notify whole=yes
      [[ $how == cured ]] || keep_verdicts bare
    done
    assert_as_good_as bare
  }
  cd "$real"
  both end
}

curl_same_as_bare() {
  assert_same_as_bare curl --silent --show-error --no-progress-meter --cacert "$real/cert.pem" \
    --write-out '%{http_code} %{size_download} %{num_connects} %{exitcode} %{errormsg}\n' "$@"
}

@test "curl: pages from nginx, one connection and two" {
  nginx_on_free_port
  start_peer "$port" "${nginx_command[@]}"
  curl_same_as_bare "https://localhost:$port/page" "https://localhost:$port/cert.pem"
  assert_bare 0 '200 1048576 1 0'
  curl_same_as_bare --tls-max 1.2 -H 'Connection: close' "https://localhost:$port/page" "https://localhost:$port/none"
  assert_bare 0 '404'
  curl_same_as_bare --fail "https://localhost:$port/none"
  assert_bare 22
}

@test "curl: openssl s_server -www and -WWW" {
  free_port
  start_peer "$port" openssl s_server -accept "127.0.0.1:$port" -cert "$real/cert.pem" -key "$real/key.pem" -quiet -www
  curl_same_as_bare --output /dev/null --write-out '%{http_code} %{exitcode}\n' "https://localhost:$port/"
  assert_bare 0 '200 0'
  cd "$real"
  free_port
  start_peer "$port" openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -quiet -WWW
  curl_same_as_bare "https://localhost:$port/page"
  assert_bare 0 '200 1048576'
}

@test "curl: a certificate that nobody trusts, status 60; nobody there, status 7; no TLS, status 35" {
  nginx_on_free_port
  start_peer "$port" "${nginx_command[@]}"
  assert_same_as_bare curl --silent --show-error "https://localhost:$port/page"
  assert_bare 60
  free_port
  # It says how many milliseconds it tried, which are the machine's.
  # shellcheck disable=SC2016
  assert_same_as_bare bash -c 'curl --silent --show-error "$1" 2>&1 | sed -E "s/after [0-9]+ ms/after a while/"
    exit "${PIPESTATUS[0]}"' bash "https://localhost:$port/"
  assert_bare 7 'after a while'
  start_peer "$port" /usr/bin/python3 -m http.server --bind 127.0.0.1 "$port"
  curl_same_as_bare "https://localhost:$port/"
  assert_bare 35
}

# The outer connection has a BIO of curl's own over the socket, the inner one a BIO over the outer one. The page is asked for by its
# address: of a name the proxy tries ::1 first, and only that.
@test "curl: TLS within TLS, through a proxy" {
  nginx_on_free_port
  start_peer "$port" "${nginx_command[@]}"
  local page="https://127.0.0.1:$port/page"
  free_port
  start_peer "$port" ncat --ssl --ssl-cert "$real/cert.pem" --ssl-key "$real/key.pem" --proxy-type http -l 127.0.0.1 "$port"
  curl_same_as_bare --proxy-cacert "$real/cert.pem" --proxy "https://localhost:$port" "$page" "$page"
  assert_bare 0 '200 1048576 1 0'
}

# --- exit status ---

@test "sh: its status, and its end by a signal, are its own" {
  assert_same_as_bare sh -c 'echo out; echo err >&2; exit 7'
  assert_bare 7 out
  local how
  # A shell says 143 for both an exit with 143 and an end by SIGTERM: wait(2) can tell.
  for how in bare cured; do
    program_command "$how" sh -c 'kill -TERM $$'
    run /usr/bin/python3 -c 'import subprocess, sys; print(subprocess.run(sys.argv[1:]).returncode)' \
      "${program_command[@]}"
    assert_output -- -15
  done
}

@test "python with a TLS connection open: every way to end has its own status and words" {
  local ending
  start_line_peer
  for ending in 'sys.exit(3)' 'raise ValueError("uncaught")' 'os._exit(4)' 'os.kill(os.getpid(), signal.SIGINT)' \
    'os.kill(os.getpid(), signal.SIGTERM)' 'os.abort()' 'os.execlp("sh", "sh", "-c", "echo became; exit 6")' 'pass'; do
    python_same_as_bare <<PYTHON
import os, signal, sys, echo
tls = echo.connect($port)
tls.sendall(b"abc\\n")
print(tls.recv(4), flush=True)
$ending
PYTHON
    grep -qF "b'cba\\n'" "$BATS_TEST_TMPDIR/bare.stdout"
  done
}

# --- processes ---

@test "sh: pipelines, background jobs, subshells, traps, redirections" {
  assert_same_as_bare sh -c '
    seq 1 100000 | sort -rn | head -n 2
    yes | head -n 3
    (exit 3) | cat; echo "pipe $?"
    { for i in 1 2 3 4 5; do echo $i & done; wait; } | sort
    sleep 60 & kill $!; wait $!; echo "killed $?"
    trap "echo trapped" USR1; kill -USR1 $$
    exec 5>fifth; echo five >&5; exec 5>&-; cat fifth
    echo no-such | tr a-z A-Z >&2
    no-such-command; echo "missing $?"'
  assert_bare 0 'killed 143'
}

@test "env -i, nohup, setsid, xargs -P: what they start runs as bare" {
  assert_same_as_bare env -i /bin/sh -c 'echo "$LD_PRELOAD-"; /usr/bin/env | sort'
  assert_same_as_bare sh -c 'seq 40 | xargs -P 8 -n 1 sh -c "echo \$1" sh | sort -n'
  assert_same_as_bare setsid --wait sh -c 'exit 9'
  assert_bare 9
}

@test "make -j: many processes at once" {
  printf '%s\n' 'all: $(shell seq -f t%g 60)' 't%:; @sh -c "echo $@ | cat" >$@' >"$BATS_TEST_TMPDIR/makefile"
  assert_same_as_bare sh -c "make -j 8 -s -f '$BATS_TEST_TMPDIR/makefile'; echo \$?; cat t* | sort -V | tail -n 3"
  assert_bare 0 t60
}

@test "python: subprocess, fork, spawn, pools, beside a TLS connection that goes on (P7)" {
  python_same_as_bare <<'PYTHON'
import multiprocessing, os, subprocess, sys, echo

def square(x):
    return x * x

def leave(status):
    sys.exit(status)

if __name__ == "__main__":
    tls = echo.connect(echo.listen())
    print(subprocess.run(["sh", "-c", "cat; exit 3"], input=b"child\n", capture_output=True))
    print(subprocess.run("exit 4", shell=True, close_fds=False, preexec_fn=os.setsid).returncode, echo.echo(tls, b"1"))
    print(os.system("exit 5") >> 8, os.popen("echo popen").read(), echo.echo(tls, b"2"))
    for how in "fork", "spawn", "forkserver":
        context = multiprocessing.get_context(how)
        with context.Pool(2) as pool:
            print(how, pool.map(square, range(20)))
        process = context.Process(target=leave, args=(6,))
        process.start()
        process.join()
        print(how, process.exitcode, echo.echo(tls, b"3" * 100000))
    for end in os._exit, sys.exit:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            tls.close()
            end(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), echo.echo(tls, b"4"))
    tls.unwrap()
    print("done")
PYTHON
  assert_bare 0 'done'
}

@test "perl: system, backticks, fork, exec, pipes" {
  assert_same_as_bare /usr/bin/perl -e '
    $| = 1;
    print system("exit 3") >> 8, " ", `echo backticks`;
    open my $pipe, "-|", "echo pipe" or die; print <$pipe>; close $pipe;
    for my $status (4, 5) { my $child = fork; exit $status if !$child; waitpid $child, 0; print $? >> 8, "\n"; }
    local $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; select undef, undef, undef, 20;
    exec "sh", "-c", "echo became; exit 6";'
  assert_bare 6 alarm
}

@test "ruby: open3, threads, fork" {
  assert_same_as_bare ruby -ropen3 -e '
    p Open3.capture3("cat; echo err >&2; exit 3", stdin_data: "in")[0, 2]
    p (1..8).map { |i| Thread.new { `echo #{i}`.to_i } }.sum(&:value)
    Process.wait(fork { exit 4 }); p $?.exitstatus
    abort "ends"'
  assert_bare 1 36
}

@test "git: commit, clone, log, and https to a server of files" {
  cat >"$BATS_TEST_TMPDIR/git.sh" <<'SH'
set -e
export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z' GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@localhost GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@localhost
git init -q -b main one
seq 10000 >one/file
git -C one add file
git -C one commit -q -m first
git clone -q --no-local one two
git -C two log --stat
git -C two fsck
git -C two gc -q
SH
  assert_same_as_bare sh "$BATS_TEST_TMPDIR/git.sh"
  assert_bare 0 'first'
  mkdir "$real/git"
  mv "$BATS_TEST_TMPDIR/folder/one/.git" "$real/git/one.git"
  git -C "$real/git/one.git" update-server-info
  chmod -R a+rX "$real/git"
  nginx_on_free_port
  start_peer "$port" "${nginx_command[@]}"
  assert_same_as_bare env GIT_SSL_CAINFO="$real/cert.pem" sh -c \
    'git ls-remote "$1" && git clone -q "$1" two && cat two/file' sh "https://localhost:$port/git/one.git"
  assert_bare 0 refs/heads/main
  assert_same_as_bare git ls-remote "https://localhost:$port/git/one.git"
  assert_bare 128
}

# --- TLS by other ways than socket, write, close ---

@test "python: TLS in threads" {
  python_same_as_bare <<'PYTHON'
import concurrent.futures, echo
port = echo.listen()
def converse(number):
    with echo.connect(port) as tls:
        good = all(echo.echo(tls, bytes([number]) * 100000) for _ in range(5))
        tls.unwrap()
        return number, good
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(list(pool.map(converse, range(40))))
PYTHON
  assert_bare 0 '(39, True)'
}

@test "python: asyncio TLS, both ends" {
  python_same_as_bare <<'PYTHON'
import asyncio, echo
async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def converse(port, number):
    reader, writer = await asyncio.open_connection("localhost", port, ssl=echo.client)
    writer.write(b"x" * 100000)
    data = await reader.readexactly(100000)
    writer.close()
    await writer.wait_closed()
    return number, len(data)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=echo.server)
    port = server.sockets[0].getsockname()[1]
    print(await asyncio.gather(*(converse(port, number) for number in range(20))))
    process = await asyncio.create_subprocess_exec("sh", "-c", "exit 3")
    print(await process.wait())
asyncio.run(main())
PYTHON
  assert_bare 0 '(19, 100000)'
}

@test "python: TLS in memory, no socket at all" {
  python_same_as_bare <<'PYTHON'
import ssl, echo
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
one = echo.client.wrap_bio(down, up, server_hostname="localhost")
two = echo.server.wrap_bio(up, down, server_side=True)
def step(act):
    try:
        return act()
    except ssl.SSLWantReadError:
        return "want"
for act in [one.do_handshake, two.do_handshake] * 2 + [lambda: one.write(b"abc"), lambda: two.read(3),
        lambda: two.write(b"def"), lambda: one.read(3), one.unwrap, two.unwrap, one.unwrap]:
    print(step(act))
unfinished = echo.client.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
print(step(unfinished.do_handshake), up.pending, down.pending)
PYTHON
  assert_bare 0 "b'def'"
}

@test "ruby: webrick answers https to itself" {
  assert_same_as_bare ruby -rwebrick/https -rnet/http -ropenssl -e '
    key = OpenSSL::PKey.read(File.read(ARGV[0] + "/key.pem"))
    certificate = OpenSSL::X509::Certificate.new(File.read(ARGV[0] + "/cert.pem"))
    server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: 0, SSLEnable: true, SSLCertificate: certificate,
      SSLPrivateKey: key, DocumentRoot: ARGV[0], AccessLog: [], Logger: WEBrick::Log.new(nil, 0))
    thread = Thread.new { server.start }
    5.times do
      http = Net::HTTP.new("localhost", server.listeners[0].to_io.local_address.ip_port)
      http.use_ssl = true
      http.ca_file = ARGV[0] + "/cert.pem"
      p http.start { |h| [h.get("/page").body.size, h.get("/none").code] }
    end
    server.shutdown; thread.join' "$real"
  assert_bare 0 '[1048576, "404"]'
}

# --- descriptors ---

@test "a program that counts its descriptors sees its own, while a drain is under way (P9)" {
  start_judge serve --port-file "$BATS_TEST_TMPDIR/port" --connections 2 --parallel 2 --end never --limit 30 \
    --never-read
  wait_for_port "$BATS_TEST_TMPDIR/port" "$judge_pid"
  python_same_as_bare <<PYTHON
import os, socket, ssl, subprocess
def descriptors():
    return sorted(os.listdir("/proc/self/fd"))
before = descriptors()
tls = ssl._create_unverified_context().wrap_socket(socket.create_connection(("127.0.0.1", $port)))
tls.sendall(b"x" * 10000)
print(descriptors(), flush=True)
tls.close()
print(descriptors() == before, flush=True)
subprocess.run(["ls", "/proc/self/fd"], close_fds=False)
os.close(os.open("/dev/null", os.O_RDONLY))
print(os.dup(1), flush=True)
os._exit(0)
PYTHON
  assert_bare 0 True
}

# A daemon reuses 2 for a file of its own: nothing may be written there but by itself (DESIGN: Settings).
@test "a daemon that forks twice, closes everything and opens a file as 2: the file holds its own words" {
  local how
  cat >"$BATS_TEST_TMPDIR/daemon.py" <<'PYTHON'
import os, sys, echo
port, path = int(sys.argv[1]), sys.argv[2]
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.closerange(0, 1024)
for wanted in 0, 1, 2:
    assert os.open(path + ".part", os.O_RDWR | os.O_CREAT | os.O_APPEND) == wanted
tls = echo.connect(port)
tls.sendall(b"abc\n")
os.write(2, tls.recv(4))
tls.close()
os.write(2, b"done\n")
os.rename(path + ".part", path)
PYTHON
  start_line_peer
  for how in bare cured; do
    program_command "$how" /usr/bin/python3 "$BATS_TEST_TMPDIR/daemon.py" "$port" "$BATS_TEST_TMPDIR/words"
    run env PYTHONPATH="$real" PYTHONDONTWRITEBYTECODE=1 timeout 60 "${program_command[@]}" 3>&-
    assert_success
    assert_output ''
    wait_for_file "$BATS_TEST_TMPDIR/words"
    run cat "$BATS_TEST_TMPDIR/words"
    assert_output $'cba\ndone'
    rm "$BATS_TEST_TMPDIR/words"
  done
}

@test "a program without stdin, stdout, stderr: a TLS connection on 0, 1 or 2 gets TLS alone" {
  local how
  for how in bare cured; do
    free_port
    start_judge serve --port "$port" --connections 1 --expect 1K --expect-any
    wait_until_listens "$port" "$judge_pid"
    program_command "$how" /usr/bin/python3 -c 'import socket, ssl, sys, os
os.closerange(0, 3)
tls = ssl._create_unverified_context().wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
tls.sendall(b"x" * 1024)
tls.read(0)
tls.unwrap()
tls.close()' "$port"
    run timeout 60 "${program_command[@]}" 3>&-
    assert_success
    wait_judge
    assert_verdict tls=close_notify whole=yes plain=0
  done
}

@test "sh without stderr; ulimit -n 16; a limit on processes is no harm" {
  assert_same_as_bare sh -c 'exec 2>&-; ls /proc/self/fd | wc -l; no-such-command; echo $?'
  assert_same_as_bare sh -c 'ulimit -n 16; seq 5 | sort -r | cat; ls /proc/self/fd | wc -l'
  assert_bare 0
}
