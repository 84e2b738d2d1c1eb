# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bats helpers around programs that Debian ships, on top of the judge's (judge.bash): servers in a folder of their
# own on a port that was free, clients against the judge, and programs whose run must be the same as bare.
#
#   free_port                                              sets $port, for arguments and configuration files
#   judge_real_server bare|cured PROGRAM [ARG...] -- [JUDGE ARG...]   it serves on $port, the judge connects
#   judge_real_client bare|cured PROGRAM [ARG...] -- [JUDGE ARG...]   the judge serves on $port, it connects
#   start_program_with_input bare|cured PROGRAM [ARG...]
#   nginx_on_free_port, merecat_on_free_port, python_on_free_port
#                                                          set $port, and $nginx_command ..., which serves $real there
#   pages_behind_haproxy                                   likewise $haproxy_command, before a plain server of $real
#   haproxy_on_free_port PORT [WORD...]                    likewise, before PORT; the words are its server's options
#   sbin NAME                                              the path of a program that may be in /usr/sbin
#   start_peer PORT PROGRAM [ARG...]                       a bare server beside the program under test
#   assert_same_as_bare PROGRAM [ARG...]                   under tlsbye the same status, stdout and stderr
#   assert_bare STATUS [TEXT]                              what that status was, and what stdout holds
#   assert_as_good_as FILE                                 the judge's total is no worse than the one in FILE
#
#   both COMMAND...                                        at TLS 1.2, then at TLS 1.3
#
# $real is the folder: cert.pem and key.pem for localhost, page (1 MB). Servers that change their user can read it.
# A client runs $runs times, with $input as its stdin.
#
# shellcheck disable=SC2034,SC2154  # what judge.bash and the tests set and read

page_bytes=1048576
runs=1
input=/dev/null

# For setup_file. Not Bats' own folder, which another user (merecat's, nginx's) may not enter.
make_real_folder() {
  real=$(mktemp -d)
  export real
  chmod 711 "$real"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$real/key.pem" -out "$real/cert.pem" 2>/dev/null
  head -c "$page_bytes" /dev/zero | tr '\0' x >"$real/page"
  chmod a+r "$real/page" "$real/cert.pem"
}

remove_real_folder() {
  rm -rf "$real"
}

peers=()
teardown() {
  local pid
  for pid in $program_pid $judge_pid "${peers[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

# Not "$@" || return: that would switch errexit off inside, and all but the last assertion with it.
both() {
  for tls in 1.2 1.3; do
    "$@"
  done
}

# Does anybody listen on PORT of IPv4? A look at the kernel's table: a connection for a probe would be served, and
# a server that serves one would be gone.
listens() {
  grep -qiE "^ *[0-9]+: [0-9A-F]{8}:$(printf %04X "$1") [0-9A-F:]+ 0A " /proc/net/tcp
}

# The kernel's own choices for clients lie above 30000. Files that tests/run has side by side have last digits of their
# own (TESTS_SLOT): between the look and the listen(), another must not take the port.
free_port() {
  local i
  for ((i = 0; i < 50; i++)); do
    port=$((20000 + RANDOM % 10000))
    [[ -z ${TESTS_SLOT:-} ]] || port=$((port - port % 10 + TESTS_SLOT % 10))
    grep -qi ":$(printf %04X "$port") " /proc/net/tcp || return 0
  done
  fail_showing "no free port between 20000 and 29999"
}

listens_or_ended() {
  listens "$1" || ! kill -0 "$2" 2>/dev/null
}

# Waits until PORT is listened on, at most 20 seconds and no longer than process PID lives.
wait_until_listens() {
  poll 2000 listens_or_ended "$@" || true
  listens "$1" || fail_showing "nobody listens on port $1"
}

# As start_program, with $input on stdin: the shell gives a program in the background /dev/null.
start_program_with_input() {
  program_command "$@"
  timeout "$judge_timeout" "${program_command[@]}" <"$input" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
}

stop_program() {
  kill "$program_pid" 2>/dev/null || true
  wait_program
}

judge_real_server() {
  local how=$1
  shift
  split_args "$@"
  start_program "$how" "${program_args[@]}"
  wait_until_listens "$port" "$program_pid" || return 1
  start_judge connect --connections "$connections" --tls "$tls" "${judge_args[@]}" "$port"
  wait_judge || return 1
  stop_program
}

# Sets $program_status: 0, or that of the last run that failed.
judge_real_client() {
  local how=$1 i
  shift
  split_args "$@"
  start_judge serve --port "$port" --connections "$connections" --tls "$tls" "${judge_args[@]}"
  wait_until_listens "$port" "$judge_pid" || return 1
  program_command "$how" "${program_args[@]}"
  program_status=0
  for ((i = 0; i < runs; i++)); do
    timeout "$judge_timeout" "${program_command[@]}" <"$input" >>"$program_log" 2>>"$program_err" 3>&- ||
      program_status=$?
  done
  wait_judge
}

start_peer() {
  local port=$1 log=$BATS_TEST_TMPDIR/peer.out
  shift
  note_command "$@"
  timeout "$judge_timeout" "$@" >>"$log" 2>&1 3>&- &
  peers+=("$!")
  wait_until_listens "$port" "$!" || {
    tail -n 12 "$log" >&2
    return 1
  }
}

sbin() {
  PATH=$PATH:/usr/sbin:/sbin command -v "$1"
}

# All files of this nginx lie in a folder of its own.
nginx_on_free_port() {
  free_port
  local folder=$real/nginx.$port
  mkdir -p "$folder"
  cat >"$folder/conf" <<CONF
daemon off;
worker_processes 1;
pid $folder/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server {
    listen 127.0.0.1:$port ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate $real/cert.pem;
    ssl_certificate_key $real/key.pem;
    root $real;
  }
}
CONF
  nginx_command=("$(sbin nginx)" -e stderr -c "$folder/conf" -p "$folder")
}

# 343 bytes of header come before a page of 1 MB.
merecat_on_free_port() {
  free_port
  cat >"$BATS_TEST_TMPDIR/merecat.conf" <<CONF
port = $port
hostname = 127.0.0.1
directory = $real
ssl {
    certfile = $real/cert.pem
    keyfile = $real/key.pem
}
CONF
  merecat_command=("$(sbin merecat)" -n -f "$BATS_TEST_TMPDIR/merecat.conf" -P "$BATS_TEST_TMPDIR/pid")
}

# The documented way to https; 198 bytes of header, whatever Python's version. python_on_free_port [PROTOCOL]
python_on_free_port() {
  free_port
  cat >"$real/server.py" <<'PYTHON'
import functools, http.server, ssl, sys
port, folder, protocol = int(sys.argv[1]), *sys.argv[2:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
http.server.SimpleHTTPRequestHandler.sys_version = "Python"
http.server.SimpleHTTPRequestHandler.protocol_version = protocol
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
server = http.server.HTTPServer(("127.0.0.1", port), handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
PYTHON
  python_command=(/usr/bin/python3 "$real/server.py" "$port" "$real" "${1:-HTTP/1.0}")
}

# TLS in front of a plain backend, through a BIO of its own.
haproxy_on_free_port() {
  local backend=$1
  shift
  free_port
  cat "$real/cert.pem" "$real/key.pem" >"$BATS_TEST_TMPDIR/pair.pem"
  cat >"$BATS_TEST_TMPDIR/haproxy.cfg" <<CONF
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
listen tls
    bind 127.0.0.1:$port ssl crt $BATS_TEST_TMPDIR/pair.pem
    http-response del-header Server
    server pages 127.0.0.1:$backend $*
CONF
  haproxy_command=("$(sbin haproxy)" -db -f "$BATS_TEST_TMPDIR/haproxy.cfg")
}

# 167 bytes of header come before a page of 1 MB.
pages_behind_haproxy() {
  free_port
  start_peer "$port" /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$real" "$port"
  haproxy_on_free_port "$port"
}

# run_recorded NAME COMMAND...: status (124: the time limit's), stdout and stderr into $BATS_TEST_TMPDIR/NAME.*; in
# an empty folder, which has the same name in each run, since programs say where they are.
run_recorded() {
  local record=$BATS_TEST_TMPDIR/$1 folder=$BATS_TEST_TMPDIR/folder status=0
  shift
  note_command "$@"
  rm -rf "$folder"
  mkdir "$folder"
  (cd "$folder" && exec timeout --kill-after=5 "$judge_timeout" "$@" <"$input" 3>&-) \
    >"$record.stdout" 2>"$record.stderr" || status=$?
  echo "$status" >"$record.status"
}

# The events go to a file: stderr is compared byte for byte.
assert_same_as_bare() {
  local what
  run_recorded bare "$@"
  run_recorded cured env TLSBYE_LOG="$BATS_TEST_TMPDIR/events" "$TLSBYE" run -- "$@"
  for what in status stdout stderr; do
    cmp -s "$BATS_TEST_TMPDIR/bare.$what" "$BATS_TEST_TMPDIR/cured.$what" || {
      {
        echo "-- under tlsbye another $what than bare:"
        cat "$BATS_TEST_TMPDIR/commands"
        diff -a "$BATS_TEST_TMPDIR/bare.$what" "$BATS_TEST_TMPDIR/cured.$what" | head -n 20
        tail -n 5 "$BATS_TEST_TMPDIR/cured.stderr" "$BATS_TEST_TMPDIR/events" 2>/dev/null
      } >&2
      return 1
    }
  done
}

# That the two runs were the same proves nothing where both failed: their status, and what stdout holds.
assert_bare() {
  assert_equal "status $(<"$BATS_TEST_TMPDIR/bare.status")" "status $1"
  [[ $# -lt 2 ]] || grep -qF -- "$2" "$BATS_TEST_TMPDIR/bare.stdout" || {
    tail -n 5 "$BATS_TEST_TMPDIR/bare.stdout" "$BATS_TEST_TMPDIR/bare.stderr" >&2
    return 1
  }
}

# keep_verdicts NAME: the judge's lines, before its next run writes over them.
keep_verdicts() {
  cp "$judge_log" "$BATS_TEST_TMPDIR/$1"
}

assert_as_good_as() {
  local kept=$BATS_TEST_TMPDIR/$1 key bare
  for key in whole close_notify; do
    bare=$(judge_log=$kept total "$key")
    assert_total "$key>=$bare"
  done
  for key in truncated lost rst open torn bad plain late; do
    bare=$(judge_log=$kept total "$key")
    assert_total "$key<=$bare"
  done
}

# At most 20 seconds, for what a program that nobody waits for leaves behind.
wait_for_file() {
  poll 2000 test -e "$1" || fail_showing "there is no $1"
}
