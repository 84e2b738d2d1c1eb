# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bats helpers around `tlsbye probe`, on top of real.bash: the servers that it is tried on, what it found, and the same
# trials played by the judge.
#
#   start_server bare|cured NAME           nginx, nginx_lingering, apache2, merecat, webrick, socat, s_server: $port
#   use_script PROTOCOL MODE [cured]       a small server of ours (below; start_scripts in setup_file): $port
#   probe [OPTION...] HOST:PORT            as bats' run, of `tlsbye probe --json`
#   found TRIAL KEY                        a value of one trial, of the last "client", or of "all"
#   assert_found STATUS FAULT...           the exit status, and exactly these faults
#   assert_agrees TRIAL [JUDGE ARG...]     the judge, with that script, says of $port what the trial says
#
# shellcheck disable=SC2034,SC2154  # what judge.bash, real.bash and the tests set and read

# What the servers need: an apache2 of its own account, and scripts in $real.
make_servers() {
  touch -d 2020-01-01 "$real/page" # apache2's ETag of a page of this very second is two bytes longer
  printf 'GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >"$real/request"
  printf 'GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n' >"$real/request_to_stay"
  cat >"$real/webrick.rb" <<'RUBY'
require 'webrick/https'
port, folder = ARGV
WEBrick::HTTPServer.new(Port: port.to_i, BindAddress: '127.0.0.1', DocumentRoot: folder, SSLEnable: true,
  SSLCertificate: OpenSSL::X509::Certificate.new(File.read("#{folder}/cert.pem")),
  SSLPrivateKey: OpenSSL::PKey.read(File.read("#{folder}/key.pem")),
  AccessLog: [], Logger: WEBrick::Log.new($stderr, 1)).start
RUBY
  cat >"$real/script.py" <<'PYTHON'
# FOLDER FILE: a port for each protocol and mode, told in FILE; protocol none is TLS from the first byte on.
import os, socket, ssl, sys, threading, time
folder, ports = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
context.set_alpn_protocols(["http/1.1", "h2"])
context.sni_callback = lambda stream, name, context: print("sni", name, flush=True)
HEAD = b"HTTP/1.1 200 OK\r\n"
REPLIES = {
    "short": HEAD + b"Content-Length: 2000\r\n\r\n" + b"x" * 1999,
    "short_chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nworld",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n",
}
# What gives up on more than it reads, without a word, and ends as it should: mode, how the whole begins, how much is left of it.
GIVES_UP = {"mute": (HEAD + b"Content-Length: 200000\r\n\r\n", 0), "halves": (HEAD + b"Content-Length: 200000\r\n\r\n", 100000),
            "shortens": (HEAD + b"Connection: close\r\n\r\n", 100000), "clips": (HEAD + b"Connection: close\r\n\r\n", 195000)}
GREETING = {"smtp": b"220-mail.example\r\n220 ready\r\n", "ftp": b"220-many\r\n 221 words\r\n220 ready\r\n",
            "imap": b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", "postgres": b"", "none": b""}
CONSENT = {"smtp": b"220 go\r\n", "ftp": b"234 go\r\n", "imap": b"* 1 EXISTS\r\na OK go\r\n", "postgres": b"S"}
REFUSAL = {"smtp": b"454 not now\r\n", "ftp": b"502 no\r\n", "imap": b"a NO not now\r\n", "postgres": b"N"}

def plaintext(stream, protocol, mode):
    if mode == "closes" or mode == "silent":
        time.sleep(60 if mode == "silent" else 0)
        return False
    while mode == "endless":
        stream.sendall(b"220-more\r\n")
    stream.sendall(GREETING[protocol])
    request = stream.recv(100)
    if protocol == "smtp":
        assert request.startswith(b"EHLO ")
        stream.sendall(b"250-mail.example\r\n250-STARTTLS\r\n250 HELP\r\n")
        request = stream.recv(100)
    wanted = {"smtp": b"STARTTLS\r\n", "ftp": b"AUTH TLS\r\n", "imap": b"a STARTTLS\r\n",
              "postgres": b"\0\0\0\x08\x04\xd2\x16\x2f"}
    assert request == wanted[protocol], request
    if mode == "refuse":
        stream.sendall(REFUSAL[protocol])
        return False
    stream.sendall(CONSENT[protocol] + (b"250 injected\r\n" if mode == "inject" else b""))
    return True

def give_up(tls, mode):
    head, left = GIVES_UP[mode]
    whole = head + b"x" * 200000
    tls.settimeout(1)
    more = 0
    try:
        while more < 200000 and (got := tls.recv(65536)):
            more += len(got)
    except OSError:
        pass
    tls.settimeout(5)
    tls.sendall(whole[:left] if more else whole)
    tls.settimeout(0)
    try:
        tls.unwrap()
    except OSError:
        pass
    with socket.socket(fileno=tls.detach()) as stream:
        stream.shutdown(socket.SHUT_WR)
        stream.settimeout(5)
        while stream.recv(65536):
            pass

def serve(stream, protocol, mode):
    if protocol != "none" and not plaintext(stream, protocol, mode):
        return
    if mode == "silent":
        time.sleep(60)
    if mode == "inject":
        stream.recv(1000)
        return
    tls = context.wrap_socket(stream, server_side=True)
    request = tls.recv(1000)
    print("asked", request, flush=True)
    if protocol == "postgres" and request:
        assert request[:8] == len(request[:37]).to_bytes(4, "big") + b"\0\3\0\0", request
    if mode in GIVES_UP:
        give_up(tls, mode)
        return
    tls.sendall(REPLIES.get(mode, b"hello\n"))
    print("reply", protocol, mode, flush=True)
    if mode == "keeps":
        tls.settimeout(30)
        while tls.recv(1000):
            pass
    if mode in ("short", "short_chunk", "keeps"):
        tls.unwrap()
    tls.close()

def answer(stream, protocol, mode):
    try:
        serve(stream, protocol, mode)
    except (OSError, AssertionError) as error:
        print(protocol, mode, error, file=sys.stderr)
    stream.close()

def listen(listener, protocol, mode):
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0], protocol, mode), daemon=True).start()

with open(ports + ".new", "w") as file:
    for protocol in GREETING:
        for mode in [*REPLIES, *(GIVES_UP if protocol == "none" else ()), "good", "keeps", "refuse", "inject", "endless", "silent", "closes"]:
            listener = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=listen, args=(listener, protocol, mode)).start()
            print(protocol, mode, listener.getsockname()[1], file=file)
os.rename(ports + ".new", ports)
PYTHON
}

# For setup_file: both live as long as the file's tests.
start_scripts() {
  local how
  local -a run pids=()
  for how in bare cured; do
    run=()
    [[ $how == bare ]] || run=("$TLSBYE" run --)
    timeout 1800 "${run[@]}" /usr/bin/python3 "$real/script.py" "$real" "$real/ports.$how" \
      >"$real/script.$how" 2>"$real/script.$how.err" 3>&- &
    pids+=("$!")
  done
  wait_for_file "$real/ports.bare"
  wait_for_file "$real/ports.cured"
  export scripts_pids="${pids[*]}"
}

stop_scripts() {
  local pid
  for pid in $scripts_pids; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

use_script() {
  port=$(sed -n "s/^$1 $2 //p" "$real/ports.${3:-bare}")
  [[ -n $port ]] || fail_showing "no script for $1 $2"
}

serve_nginx() {
  nginx_on_free_port
  server=("${nginx_command[@]}")
}

# Waits for more in every case, not only where more is there already.
serve_nginx_lingering() {
  nginx_on_free_port
  sed -i "s|root $real;|lingering_close always; &|" "$real/nginx.$port/conf"
  server=("${nginx_command[@]}")
}

serve_apache2() {
  free_port
  local folder=$real/apache2.$port modules=/usr/lib/apache2/modules
  mkdir -p "$folder"
  cat >"$folder/conf" <<CONF
ServerRoot $folder
ServerName localhost
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule ssl_module $modules/mod_ssl.so
LoadModule authz_core_module $modules/mod_authz_core.so
Listen 127.0.0.1:$port
PidFile $folder/pid
ErrorLog $folder/error
DefaultRuntimeDir $folder
User www-data
Group www-data
SSLEngine on
SSLCertificateFile $real/cert.pem
SSLCertificateKeyFile $real/key.pem
DocumentRoot $real
CONF
  server=("$(sbin apache2)" -X -f "$folder/conf")
}

serve_merecat() {
  merecat_on_free_port
  server=("${merecat_command[@]}")
}

serve_webrick() {
  free_port
  server=(ruby "$real/webrick.rb" "$port" "$real")
}

# It reads no request: a page and nothing else, for everybody.
serve_socat() {
  free_port
  server=(socat "OPENSSL-LISTEN:$port,bind=127.0.0.1,cert=$real/cert.pem,key=$real/key.pem,verify=0,reuseaddr,fork"
    "SYSTEM:cat $real/page")
}

# It serves files of the folder that it runs in.
serve_s_server() {
  free_port
  server=(env --chdir="$real" openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -quiet -WWW)
}

start_server() {
  "serve_$2"
  start_program "$1" "${server[@]}"
  wait_until_listens "$port" "$program_pid"
}

probe() {
  note_command "$TLSBYE" probe --json "$@"
  run --separate-stderr timeout "$judge_timeout" "$TLSBYE" probe --json "$@"
  take_answers "$output"
}

# Of the JSON, the values for found.
take_answers() {
  local trial key value json=$1
  echo "$json" >>"$BATS_TEST_TMPDIR/commands"
  unset answers
  declare -gA answers
  while IFS=' ' read -r trial key value; do
    answers[$trial $key]=$value
  done < <(/usr/bin/python3 -c '
import json, sys
def word(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ">".join(map(str, value)) if isinstance(value, list) else value
answer = json.loads(sys.argv[1])
for part in [answer] + answer.get("trials", []) + answer.get("clients", []):
    for key, value in part.items():
        if key not in ("trials", "clients"):
            print(part.get("trial", "client" if "peer" in part else "all"), key, word(value))
' "$json")
}

found() {
  echo "${answers[$1 $2]:-}"
}

assert_found() {
  local want=$1
  shift
  [[ $status -eq $want ]] || fail_showing "the probe ended with $status, not $want: $stderr" || return 1
  local IFS='>'
  assert_equal "$(found all faults)" "$*"
}

# A RST behind FIN answers our own last word, or races with it: nothing can be lost by it, and it is no part of the
# verdict. Where a RST cuts the data off, how much of it got through is chance.
assert_agrees() {
  local trial=$1 expects key judged
  shift
  expects=$(found "$trial" expected)
  start_judge connect --tls "$tls" --expect-any --limit 10 ${expects:+--expect "$expects"} "$@" "$port"
  wait_judge || return 1
  local -A verdict=()
  while read -r key; do
    verdict[${key%%=*}]=${key#*=}
  done < <(grep '^verdict: ' "$judge_log" | tr ' ' '\n')
  assert_equal "$trial tcp=$(found "$trial" tcp | sed 's/fin+rst/fin/')" "$trial tcp=${verdict[tcp]/fin+rst/fin}"
  [[ -z $(found "$trial" whole) ]] || assert_equal "$trial whole=$(found "$trial" whole)" "$trial whole=${verdict[whole]}"
  [[ ${verdict[tcp]} != rst ]] || return 0
  for key in tls bytes; do
    judged=${verdict[$key]}
    assert_equal "$trial $key=$(found "$trial" "$key")" "$trial $key=$judged"
  done
  judged=${verdict[order]}
  assert_equal "$trial order=$(found "$trial" order | sed 's/>rst$//')" "$trial order=${judged%>rst}"
}
