# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bats helpers around `tlsbye probe`, on top of real.bash: the servers that it is tried on, what it found, and the same
# trials played by the judge.
#
#   start_server bare|cured NAME           nginx, nginx_lingering, apache2, merecat, webrick, socat, s_server: $port
#   probe [OPTION...] HOST:PORT            as bats' run, of `tlsbye probe --json`; $json is what it said
#   found TRIAL KEY                        a value of one trial, of the last "client", or of "all"
#   assert_found STATUS FAULT...           the exit status, and exactly these faults
#   assert_agrees TRIAL [JUDGE ARG...]     the judge, with that script, says of $port what the trial says
#
# shellcheck disable=SC2034,SC2154  # what judge.bash, real.bash and the tests set and read

# What the servers need: an apache2 of its own account, and scripts in $real.
make_servers() {
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
}

sbin() {
  PATH=$PATH:/usr/sbin:/sbin command -v "$1"
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
  server=("$(sbin merecat)" -n -f "$BATS_TEST_TMPDIR/merecat.conf" -P "$BATS_TEST_TMPDIR/pid")
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
  local trial key value
  note_command "$TLSBYE" probe --json "$@"
  run --separate-stderr timeout "$judge_timeout" "$TLSBYE" probe --json "$@"
  json=$output
  echo "$json" >>"$BATS_TEST_TMPDIR/commands"
  unset answers
  declare -gA answers
  while IFS=' ' read -r trial key value; do
    answers[$trial $key]=$value
  done < <(python3 -c '
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
  for key in $(grep '^verdict: ' "$judge_log"); do
    verdict[${key%%=*}]=${key#*=}
  done
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
