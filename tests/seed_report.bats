#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# From "connection reset by peer" to the line of source: the demo's wrong server and client, observed. The report names
# file and line of SSL_free() and of close(), says what is missing, and what it suggests, pasted in as it stands, makes
# the report clean, and the peer whole.
#
# shellcheck disable=SC2034,SC2154  # program_command is read, tls and the logs are set, in lib/judge.bash

load lib/judge

setup_file() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$BATS_FILE_TMPDIR/certificate.pem" 2>/dev/null
}

setup() {
  begin_test
  log=$BATS_TEST_TMPDIR/log
  connections=4
}

# observed COMMAND...: in the background, with all its events in $log.
observed() {
  rm -f "$log" "$program_log" # or the port of the one before is read
  program_command=("$TLSBYE" run --observe --log-format=json --log-level=debug --log="$log" "$@")
  note_command "${program_command[@]}"
  timeout "$judge_timeout" "${program_command[@]}" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
}

# The peer has more to say than the server reads, and is slow to read itself: bare, it loses the reply.
observe_server() {
  observed "$1" 0 1048576 "$tls" "$connections" "$BATS_FILE_TMPDIR/certificate.pem" "$BATS_FILE_TMPDIR/key.pem"
  wait_for_port "$program_log" "$program_pid"
  start_judge connect --connections "$connections" --tls "$tls" --send 1K --trail 100K --rcvbuf 4K --pause 20 \
    --expect 1M --expect-any "$port"
  wait_judge
  wait_program
}

# The judge ends first, so that the client's reading comes to an end.
observe_client() {
  rm -f "$BATS_TEST_TMPDIR/port"
  start_judge serve --port-file "$BATS_TEST_TMPDIR/port" --connections "$connections" --tls "$tls" --send 1K \
    --end first --expect 100K --expect-any
  wait_for_port "$BATS_TEST_TMPDIR/port" "$judge_pid"
  observed "$1" "$port" 102400 1024 "$tls" "$connections"
  wait_program
  wait_judge
}

# line_of CALL SIDE: where the demo's source has it.
line_of() {
  grep -n -m 1 -F "$1" "$top/demo/wrong/$2.c" | cut -d: -f1
}

report() {
  note_command "$TLSBYE" report "$log"
  run "$TLSBYE" report "$log"
}

# paste_into SIDE: a copy of the demo's source with what the report suggests, where it suggests it, compiled to
# $BATS_TEST_TMPDIR/pasted/SIDE.
paste_into() {
  local side=$1 copy=$BATS_TEST_TMPDIR/pasted line number
  mkdir -p "$copy"
  cp -R "$top/demo/." "$copy/"
  chmod -R u+w "$copy" # a distribution's tree may be read-only
  IFS=$'\t' read -r number line < <("$TLSBYE" report "$log" |
    sed -nE 's|^ +([^ ].*;) +\(before line ([0-9]+) of .*/'"$side"'\.c\)$|\2\t\1|p')
  "$TLSBYE" report --lines "$log" >"$copy/functions" || true
  awk -v number="$number" -v line="$line" -v functions="$copy/functions" '
    FNR == NR { if (/^#include/) last = FNR; next }
    FNR == number { print "\t\t" line }
    { print }
    FNR == last { while ((getline text < functions) > 0) print text }
  ' "$top/demo/wrong/$side.c" "$top/demo/wrong/$side.c" >"$copy/wrong/$side.c"
  # shellcheck disable=SC2046  # words
  ${CC:-cc} -g -O2 -Wall -Wextra -Werror -o "$copy/$side" "$copy/wrong/$side.c" "$copy/common.c" \
    $(pkg-config --cflags --libs openssl)
}

assert_clean_report() {
  report
  assert_success
  assert_line --partial "$connections  clean"
  assert_line "Nothing wrong was found."
}

# --- the server ---

@test "seed: the wrong server loses replies, and the report is not clean (or this file proves nothing)" {
  observe_server "$BUILD/demo/wrong/server"
  assert_total whole=0 close_notify=0 "rst=$connections"
  report
  assert_failure 1
  assert_line --partial "$connections  wrong, and not cured"
  refute_line "Nothing wrong was found."
}

@test "seed: the report names the server's SSL_free() and close(), what is missing, and the rule" {
  observe_server "$BUILD/demo/wrong/server"
  report
  assert_line --regexp "^ +SSL_free\(\) +main\(\) at /.*/demo/wrong/server\.c:$(line_of 'SSL_free(ssl)' server)\$"
  assert_line --regexp "^ +close\(\) +main\(\) at /.*/demo/wrong/server\.c:$(line_of 'close(client)' server)\$"
  assert_output --partial "without SSL_shutdown()"
  assert_output --partial "SSL_shutdown(3)"
  assert_output --partial "RFC 8446, 6.1"
  assert_output --partial "RFC 5246, 7.2.1"
  assert_output --partial "received bytes lie unread"
  assert_output --partial "RFC 2525, 2.17"
  assert_line --partial "tls_goodbye(ssl, client);"
}

paste_server() {
  observe_server "$BUILD/demo/wrong/server"
  paste_into server
  observe_server "$BATS_TEST_TMPDIR/pasted/server"
  assert_verdict whole=yes tls=close_notify tcp=fin
  assert_total "whole=$connections" "close_notify=$connections" "fin=$connections" rst=0
  assert_clean_report
}

@test "seed: the suggested lines, pasted into the server, make the report clean and every reply whole" {
  both paste_server
}

# --- the client ---

@test "seed: the wrong client says no close_notify, and the report names its SSL_free()" {
  observe_client "$BUILD/demo/wrong/client"
  assert_total "whole=$connections" close_notify=0
  report
  assert_failure 1
  assert_line --regexp "^ +SSL_free\(\) +main\(\) at /.*/demo/wrong/client\.c:$(line_of 'SSL_free(ssl)' client)\$"
  assert_line --partial "tls_goodbye(ssl, server);"
}

paste_client() {
  observe_client "$BUILD/demo/wrong/client"
  paste_into client
  observe_client "$BATS_TEST_TMPDIR/pasted/client"
  assert_verdict whole=yes tls=close_notify tcp=fin
  assert_total "close_notify=$connections" "fin=$connections" rst=0
  assert_clean_report
}

@test "seed: the suggested lines, pasted into the client, make the report clean" {
  both paste_client
}
