#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `tlsbye probe`: what it says of a peer is what the judging peer measures with the same script, field by field; its
# status tells peers that end well from those that do not, and under tlsbye those end well too; what cannot be
# tried is told, with the next step, and status 2.
#
# shellcheck disable=SC2030,SC2031  # a test's tls and connections are its own
# shellcheck disable=SC2034,SC2154  # variables of lib/*.bash

load lib/project
load lib/judge
load lib/real
load lib/probed

setup_file() {
  make_real_folder
  make_servers
  start_scripts
}

teardown_file() {
  stop_scripts
  remove_real_folder
}

trust() {
  probe --cafile "$real/cert.pem" "$@"
}

# refuses MESSAGE ARG...: status 2, and the message is a line of stderr.
refuses() {
  local message=$1
  shift
  run --separate-stderr timeout 20 "$TLSBYE" probe "$@"
  assert_equal "$* $status" "$* 2"
  assert_equal "$output" ""
  assert_regex "$stderr" "^tlsbye: $message"
}

# --- the same verdicts as the judge's, and what they come to ---

# agrees SERVER [half-close]: bare, in all trials but the one whose outcome is a race within some servers. The judge
# answers close_notify at once. Where that overtakes the FIN of a server that reads no more, the server's close resets;
# so to those who end without waiting for us the judge says nothing, and the probe says it late.
agrees() {
  local name=$1 trail=(--rcvbuf 4K --pause 120) versions=(1.3) wait=(--end answer) ours
  shift
  [[ $name != @(nginx|webrick|merecat) ]] || wait=(--end bare)
  [[ -z ${TESTS_FULL:-} ]] || versions=(1.2 1.3)
  start_server bare "$name"
  for tls in "${versions[@]}"; do
    trust --tls "$tls" --path /page "localhost:$port"
    ours=(--end half --end-at "$(found close_notify bytes)")
    [[ $name != merecat ]] || ours=(--end bare) # it ends first
    assert_agrees wait --send-file "$real/request" "${wait[@]}"
    assert_agrees close_notify --send-file "$real/request_to_stay" "${ours[@]}"
    assert_agrees unread --send-file "$real/request" --trail 256K "${trail[@]}"
    assert_agrees late --send-file "$real/request" --late-trail 256K "${trail[@]}"
    [[ $# -eq 0 ]] || assert_agrees half-close --send-file "$real/request" --end first-bare
  done
}

assert_cured_is_clean() {
  stop_program
  start_server cured "$1"
  trust --path /page "localhost:$port"
  assert_found 0
  assert_equal "$(found late whole)" yes
}

@test "probe agrees with the judge on apache2: clean" {
  agrees apache2 half-close
  assert_found 0
}

@test "probe agrees with the judge on openssl s_server: clean" {
  agrees s_server half-close
  assert_found 0
}

@test "probe agrees with the judge on merecat: not clean; under tlsbye clean" {
  agrees merecat half-close
  assert_found 1 reset-unread reset-late no-close_notify
  assert_equal "$(found unread whole)" no
  assert_cured_is_clean merecat
}

@test "probe agrees with the judge on webrick: not clean; under tlsbye clean" {
  agrees webrick half-close
  assert_found 1 reset-unread reset-late
  assert_equal "$(found unread whole)" no
  assert_cured_is_clean webrick
}

# Our FIN kills its cat before, behind, or within the page. Under tlsbye nothing resets any more, and what cat had written and socat not
# yet read when it gave up, over the bytes that it could not pass on, is socat's own to lose: its close_notify says that this was all.
@test "probe agrees with the judge on socat: not clean; under tlsbye without a fault" {
  agrees socat
  assert_found 1 reset-unread reset-late
  assert_equal "$(found unread whole)" no
  stop_program
  start_server cured socat
  trust --path /page "localhost:$port"
  assert_equal "$(found all faults) $(found unread tls) $(found unread tcp)" " close_notify fin"
  [[ $status -eq 0 || ($status -eq 2 && yesyes != $(found unread whole)$(found late whole)) ]] || fail_showing "status $status"
}

# It lingers where bytes are there already (lingering_close on), and closes at once where there are none. Whether it
# reads our FIN before it says close_notify is chance.
@test "probe agrees with the judge on nginx: it loses its reply when bytes come late; under tlsbye clean" {
  agrees nginx
  assert_found 1 reset-late
  assert_equal "$(found late whole)" no
  assert_cured_is_clean nginx
}

@test "probe: server_right and an nginx that always lingers are clean" {
  start_server bare nginx_lingering
  trust --path /page "localhost:$port"
  assert_found 0
  stop_program
  start_program bare server_right --port-file "$BATS_TEST_TMPDIR/port" --ipv6 --connections 5 --read 64 --write 1M
  wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
  probe --insecure --tls 1.2 "[::1]:$port"
  assert_found 0
  assert_equal "$(found all version)" TLSv1.2
}

@test "probe: free, then close: not clean; under tlsbye it is" {
  local how
  for how in bare cured; do
    rm -f "$BATS_TEST_TMPDIR/port"
    start_program "$how" server_free_then_close --port-file "$BATS_TEST_TMPDIR/port" --connections 5 --read 64 --write 1M
    wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
    probe --insecure "localhost:$port"
    if [[ $how == bare ]]; then
      assert_found 1 reset-unread reset-late no-close_notify
    else
      assert_found 0
    fi
    wait_program
  done
}

# has_faults PROGRAM [ARG...] -- FAULT...
has_faults() {
  rm -f "$BATS_TEST_TMPDIR/port"
  split_args "$@"
  start_program bare "${program_args[@]}" --port-file "$BATS_TEST_TMPDIR/port" --connections 5
  wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
  probe --insecure "localhost:$port"
  answers[all faults]=${answers[all faults]#truncated>} # whether a RST overtakes one kilobyte is chance
  assert_found 1 "${judge_args[@]}"
  stop_program
}

@test "probe: each bad end by its own name" {
  has_faults server_bad_record -- reset-unread reset-late broken-record
  has_faults server_bad_record --mode late -- reset-unread reset-late records-behind-close_notify
  has_faults server_shutdown_wr_then_free -- reset-unread reset-late no-close_notify
  has_faults server_zero_linger -- reset reset-unread reset-late no-close_notify close_notify-reset
}

@test "probe: the questions in lines, one for the whole; --verbose has the judge's own" {
  start_server bare merecat
  run "$TLSBYE" probe --cafile "$real/cert.pem" --path /page --verbose "localhost:$port"
  assert_failure 1
  assert_line --regexp "^localhost:$port at 127.0.0.1:$port: TLSv1.3, TLS_[A-Z0-9_]+$"
  assert_line --regexp '^sends close_notify\?  +no$'
  assert_line --regexp '^FIN or RST\?  +FIN; RST when bytes lie unread; RST when bytes come late$'
  assert_line --regexp '^loses data\?  +yes: 343 of 1048919 bytes arrive when bytes lie unread; '
  assert_line --regexp '^answers a close_notify\?  +it ended first: FIN without close_notify$'
  assert_line --regexp '^after a half-close\?  +1048919 bytes, FIN without close_notify$'
  assert_line --regexp '^how long\?  +[0-9]+ ms to its own end$'
  assert_line --regexp '^not clean: it resets when bytes lie unread'
  assert_line --regexp '^wait +verdict: id=1 tls=none tcp=fin bytes=1048919 expected=1048919 whole=yes order=data>fin '
}

@test "probe: a server that keeps the connection is told so, and is not unclean by that" {
  use_script none keeps
  probe --insecure --timeout 400ms "localhost:$port"
  assert_equal "$(found wait tcp)" open
  assert_equal "$(found close_notify tls)" close_notify
  assert_equal "$(found all faults)" ""
  assert_equal "$status" 0
}

@test "probe: short of its Content-Length, or of its chunks: truncated, though close_notify came" {
  local mode
  for mode in short short_chunk; do
    use_script none "$mode"
    probe --insecure "localhost:$port"
    assert_equal "$status" 1
    assert_equal "$(found wait tls)" close_notify
    assert_equal "$(found wait whole)" no
    [[ $(found all faults) == truncated* ]] || fail_showing "not truncated"
  done
}

# gives_up MODE STATUS FAULT...
gives_up() {
  local mode=$1
  shift
  use_script none "$mode"
  probe "localhost:$port"
  assert_found "$@"
  assert_equal "$mode $(found unread tls) $(found unread tcp)" "$mode close_notify fin"
}

@test "probe: a reply that is missing, or half, where more is sent than is read, is a loss, whatever close_notify says" {
  gives_up mute 1 no-reply-trail
  assert_equal "$(found unread bytes) $(found unread whole)" "0 no"
  gives_up halves 1 truncated-trail
  assert_equal "$(found unread bytes) $(found unread whole)" "100000 no"
}

@test "probe: a shorter reply that nothing but close_notify calls whole is not known to be so" {
  gives_up shortens 2
  assert_equal "$(found unread bytes) $(found unread whole)" "100000 "
  gives_up clips 2 # 5,000 bytes of 200,000 are missing
  run --separate-stderr "$TLSBYE" probe "localhost:$port"
  assert_line --regexp '^loses data\?  +not known: '
  assert_line --regexp '^not known: whether its shorter replies are whole$'
}

@test "probe: the errno of a look-up is this look-up's own" {
  ${CC:-cc} -shared -fPIC -o "$BATS_TEST_TMPDIR/resolver.so" -x c - <<'C'
#include <errno.h>
#include <netdb.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	(void)node, (void)service, (void)hints, (void)found;
	errno = ENETDOWN;
	return EAI_SYSTEM;
}
C
  LD_PRELOAD=$BATS_TEST_TMPDIR/resolver.so refuses 'name.example: Network is down; ' name.example
}

@test "probe: a certificate that is not trusted is told, and the probe goes on; --verify refuses it" {
  use_script none good
  probe "localhost:$port"
  assert_equal "$(found all verified) $(found all not_verified)" "no self-signed certificate"
  assert_equal "$(found wait tls)" none
  assert_found 1 reset-unread reset-late no-close_notify
  run --separate-stderr "$TLSBYE" probe "localhost:$port"
  assert_line --regexp '^certificate trusted\?  +no: self-signed certificate$'
  run --separate-stderr "$TLSBYE" probe --verify --cafile "$real/cert.pem" "localhost:$port"
  assert_line --regexp '^certificate trusted\?  +yes, for localhost$'
}

# asked TEXT...: the next lines of the script's log hold these texts, one each.
asked() {
  local text
  for text in "$@"; do
    wait_until grep -qF -- "$text" "$real/script.bare" || return 1
  done
}

@test "probe: --path, --host, --sni, --alpn and --send are what the peer gets" {
  use_script none chunked
  probe --insecure --path /this/page --host host.example --sni name.example --alpn h2,http/1.1 "localhost:$port"
  assert_equal "$(found all alpn)" http/1.1
  assert_equal "$(found wait whole)" yes
  asked "GET /this/page HTTP/1.1\\r\\nHost: host.example\\r\\n" "sni name.example"
  probe --insecure --send - "127.0.0.1:$port" <<<"from stdin"
  asked "asked b'from stdin\\n'" "sni None"
  refuses '.* chose h2, which our request does not speak' --insecure --alpn h2 "localhost:$port"
}

@test "probe: a server that has one connection to give: what is known is told, and status 2" {
  start_program bare server_right --port-file "$BATS_TEST_TMPDIR/port" --read 64 --write 64K
  wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
  probe --insecure "localhost:$port"
  assert_found 2
  assert_equal "$(found wait tls)" close_notify
  assert_regex "$(found unread trouble)" 'refused; .*has it more than one connection to give'
}

# --- STARTTLS ---

@test "probe --starttls: smtp, imap, ftp and postgres, replies of many lines; clean under tlsbye" {
  local protocol
  for protocol in smtp imap ftp postgres; do
    use_script "$protocol" good cured
    trust --starttls "$protocol" "localhost:$port"
    assert_found 0
    assert_equal "$protocol $(found wait tls)" "$protocol close_notify"
  done
}

@test "probe --starttls: plaintext behind the consent is not taken for TLS (CVE-2011-0411): 2" {
  local protocol
  for protocol in smtp imap ftp postgres; do
    use_script "$protocol" inject
    trust --starttls "$protocol" "localhost:$port"
    assert_equal "$status" 2
    assert_regex "$stderr" "plaintext (lies|was put) after the peer's consent"
  done
}

@test "probe --starttls: refused, without end, silent, closed, another protocol: 2 and the reason" {
  local mode
  local -A reason=([refuse]='the peer refused|has no TLS to offer|does not offer it' [endless]='talks without end'
    [silent]='no answer in time' [closes]='(closed|reset) before TLS began')
  for mode in refuse endless silent closes; do
    for protocol in smtp postgres; do
      [[ $mode != endless || $protocol != postgres ]] || continue
      use_script "$protocol" "$mode"
      trust --timeout 500ms --starttls "$protocol" "localhost:$port"
      assert_equal "$mode $status" "$mode 2"
      assert_regex "$stderr" "^tlsbye: STARTTLS: .*(${reason[$mode]})"
      done
  done
  use_script imap refuse
  trust --starttls imap "localhost:$port"
  assert_regex "$stderr" 'the peer refused: "a NO '
  trust --starttls smtp "localhost:$port"
  assert_regex "$stderr" '"\* OK .*" is no reply of smtp'
  assert_equal "$status" 2
}

# --- clients ---

# client_of_probe CLIENT...: the probe's JSON of one client, to which PORT is the probe's.
client_of_probe() {
  local arguments=("${options[@]}") log=$BATS_TEST_TMPDIR/probe.json
  free_port
  timeout "$judge_timeout" "$TLSBYE" probe --json --listen "$port" --timeout 2s "${arguments[@]}" >"$log" 2>"$judge_log" 3>&- &
  judge_pid=$!
  wait_until_listens "$port" "$judge_pid"
  "${@//PORT/$port}" </dev/null >"$program_log" 2>"$program_err" || true
  status=0
  wait "$judge_pid" || status=$?
  judge_pid='' stderr=$(<"$judge_log")
  take_answers "$(<"$log")"
}

python_client() {
  cat >"$BATS_TEST_TMPDIR/client.py" <<'PYTHON'
import socket, ssl, sys
context = ssl._create_unverified_context()
stream = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
stream.sendall(b"x" * 100000)
stream.close()
PYTHON
}

@test "probe --listen: curl and s_client are clean" {
  options=()
  client_of_probe curl -sk https://127.0.0.1:PORT/
  assert_found 0
  assert_equal "$(found client whole)" yes
  assert_equal "$(<"$program_log")" ok
  client_of_probe openssl s_client -quiet -connect 127.0.0.1:PORT
  assert_found 0
  assert_equal "$(found client tls)" close_notify
}

@test "probe --listen: write-only clients reset; under tlsbye they deliver all, and are clean" {
  python_client
  options=(--expect 1M)
  client_of_probe "$BUILD/tests/programs/client_write_only" --port PORT --write 1M
  assert_found 1 truncated reset
  client_of_probe "$TLSBYE" run -- "$BUILD/tests/programs/client_write_only" --port PORT --write 1M
  assert_found 0
  assert_equal "$(found client bytes)" 1048576
  options=(--expect 100000)
  client_of_probe /usr/bin/python3 "$BATS_TEST_TMPDIR/client.py" PORT
  assert_found 1 truncated reset
  client_of_probe "$TLSBYE" run -- /usr/bin/python3 "$BATS_TEST_TMPDIR/client.py" PORT
  assert_found 0
}

@test "probe --listen: a client that waits for our end is ended; one that distrusts us could not be tried" {
  options=(--cert "$real/cert.pem" --key "$real/key.pem")
  client_of_probe openssl s_client -quiet -ign_eof -connect 127.0.0.1:PORT
  assert_found 0
  assert_regex "$(found client answered_ms)" '^[0-9]+$'
  client_of_probe curl -s --cacert "$real/cert.pem" https://localhost:PORT/
  assert_found 0
  client_of_probe curl -s https://localhost:PORT/
  assert_equal "$status" 2
  assert_regex "$(found client trouble)" 'refuses the handshake with alert:unknown_CA; .*--cert'
}

@test "probe --listen: FIN alone in answer to our end is no fault; no end at all leaves it unknown" {
  options=(--timeout 400ms)
  client_of_probe "$BUILD/tests/programs/client_never_closes" --port PORT
  assert_found 0
  assert_equal "$(found client tls)" none
  client_of_probe /usr/bin/python3 -c 'import socket, ssl, time
stream = ssl._create_unverified_context().wrap_socket(socket.create_connection(("127.0.0.1", PORT)))
time.sleep(1)'
  assert_found 2
  assert_equal "$(found client tcp)" open
}

# --- what cannot be tried ---

@test "probe: misuse is a line and status 2, before anything is contacted" {
  refuses 'no HOST:PORT to probe, and no --listen'
  refuses '99999: not a port' localhost:99999
  refuses '0: not a port' localhost:0
  refuses 'x: not a port' localhost:x
  refuses '"": not the name' :443
  refuses 'https://localhost/: a HOST:PORT is asked for, no URL' https://localhost/
  refuses 'b: one HOST:PORT at a time' a b
  refuses '--starttls=xmpp: not one of smtp, imap, ftp, postgres' --starttls=xmpp localhost
  refuses '--send=/no/such/file: No such file' --send=/no/such/file localhost
  refuses '--cafile=.*|/no/such/file: no certificates can be read' --cafile=/no/such/file localhost
  refuses 'localhost: one HOST:PORT at a time, and none with --listen' --listen 0 localhost
  refuses 'HOST and --listen: one of them' localhost --listen 0
  refuses '--cert: makes sense with --listen only' --cert x localhost
  refuses '--starttls: makes no sense with --listen' --listen 0 --starttls=smtp
  refuses '--timeout=5: not a duration' --timeout=5 localhost
  refuses '--connections=0: not from 1' --listen 0 --connections=0
  refuses '--tls=1.1: not 1.2 or 1.3' --tls=1.1 localhost
  refuses '--path=x: not a word that begins with /' --path=x localhost
  refuses '--path=/.*: not a word' --path=$'/\r\nX: y' localhost
  refuses '--alpn=,: not a short list' --alpn=, localhost
}

@test "probe: nobody there, no such name, no TLS, a certificate that is not trusted: 2 and what to try" {
  free_port
  refuses 'cannot connect to localhost, port [0-9]+: Connection refused; nothing listens there, or a firewall refuses it$' "localhost:$port"
  refuses 'no-such-host.invalid: .*; is the name spelt right' no-such-host.invalid
  use_script smtp good
  refuses '127.0.0.1:[0-9]+ speaks no TLS: its first bytes are "220.*try --starttls=smtp' "localhost:$port"
  use_script none silent
  refuses '.*the handshake took longer than 0.5 s' --timeout=500ms --insecure "localhost:$port"
  use_script none good
  refuses 'the certificate of 127.0.0.1:[0-9]+ is not trusted: self.signed certificate; .*without --verify' --verify "localhost:$port"
  refuses '.*not trusted: hostname mismatch|.*not trusted: Hostname mismatch' --verify --cafile="$real/cert.pem" --sni=other.example \
    "localhost:$port"
  trust 127.0.0.1:"$port"
  assert_equal "$(found all verified)" yes
}

# more_than N TEXT FILE: so many lines of it hold the text.
more_than() {
  [[ $(grep -c "$2" "$3") -gt $1 ]]
}

@test "probe: SIGINT tells what is known, and ends as SIGINT does" {
  local before
  use_script none keeps
  before=$(grep -c "reply none keeps" "$real/script.bare" || true)
  env --default-signal=INT timeout "$judge_timeout" "$TLSBYE" probe --insecure "localhost:$port" >"$judge_log" 3>&- &
  judge_pid=$!
  wait_until more_than "$before" "reply none keeps" "$real/script.bare"
  kill -INT "$(pgrep -P "$judge_pid")"
  wait_judge || true
  assert_equal "$judge_status" 130
  grep -q '^not known: not every trial could be made' "$judge_log"
  grep -q '^sends close_notify?  *not tried: interrupted' "$judge_log"
}

@test "probe: --listen: SIGINT is not told as a client that did not come" {
  run --separate-stderr env --default-signal=INT timeout --preserve-status --signal=INT 1 "$TLSBYE" probe --json --listen 0
  assert_failure 130
  assert_output --partial '"trouble":"interrupted","clients":[]'
}

@test "probe: --json: a name that is not ASCII stays itself" {
  run --separate-stderr "$TLSBYE" probe --json --timeout 2s 'bücher\x.invalid:1'
  assert_failure 2
  run python3 -c 'import json, sys; print(json.loads(sys.argv[1])["host"])' "$output"
  assert_output 'bücher\x.invalid'
}

@test "probe: --help tells every option, and so does the manual" {
  local option
  run --separate-stderr "$TLSBYE" probe --help
  assert_success
  assert_equal "$stderr" ""
  while read -r option; do
    grep -qF -- "${option/--/\\-\\-}" "$ROOT/man/tlsbye-probe.1" || fail_showing "the manual has no $option"
  done < <(grep -oE '^ +--[a-z]+' <<<"$output")
  run grep -c -- '--' <<<"$output"
  assert [ "$output" -ge 19 ]
}
