#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `tlsbye report --connection ID`: one connection as a ladder, program | OpenSSL | kernel | peer. What is drawn is what
# the log says; it fits the terminal; and no character of the log reaches the terminal that is none.
#
# shellcheck disable=SC2154  # stderr is set by run --separate-stderr

load lib/project
load lib/judge

setup() {
  begin_test
  log=$BATS_TEST_TMPDIR/log
  # What is drawn must not depend on who runs the tests.
  export LC_ALL=C
  unset COLUMNS
}

# event NAME MILLISECONDS REST: a line of connection $id (1234.1) of program $program, at level debug in mode $mode.
event() {
  printf '{"v":1,"event":"%s","time":1764033333.%06d,"program":"%s","pid":%s,"mode":"%s","level":"debug","id":"%s","fd":5,"transport":"tcp","local":"127.0.0.1:443","peer":"127.0.0.1:51234","role":"%s"%s}\n' \
    "$1" "$(($2 * 1000))" "${program:-legacy-server}" "${id%%.*}" "$mode" "$id" "${role:-server}" "$3" >>"$log"
}

id=1234.1
mode=cure
sites=',"objects":[{"path":"/usr/bin/legacy-server"}],"sites":{"SSL_free":[[0,4660]],"close":[[0,4711]]}'

begun() {
  event tracked 0 ''
  event handshake 2 ',"version":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","resumed":false,"us":1234'
}

cured_connection() {
  begun
  event notify 5 ',"by":"tlsbye","result":"sent"'
  event half-close 6 ',"by":"tlsbye"'
  event drain 17 ',"bytes":100376,"us":11000,"ended_by":"fin"'
  event end 18 ',"doors":["SSL_free","close"],"called_shutdown":false,"close_notify":"tlsbye","handshake":true,"bytes_read":2048,"bytes_written":1048576,"unread":100352,"half_closed":true,"drained":100376,"drain_us":11000,"peer_end":"fin","verdict":"cured","data":"safe","faults":["unread-at-close","no-close_notify"],"us":18000'"$sites"
}

observed_end() {
  mode=observe
  event end 18 ',"doors":["SSL_free","close"],"called_shutdown":false,"close_notify":"none","would_notify":true,"handshake":true,"bytes_read":2048,"bytes_written":1048576,"unread":102400,"unsent":946176,"will_reset":"yes","verdict":"wrong","data":"lost","lost_bytes":946176,"faults":["unread-at-close","no-close_notify"],"us":18000'"$sites"
}

ladder() {
  run --separate-stderr "$TLSBYE" report --connection "$@" "$log"
}

# The same lines, in this order; others may be between them.
assert_lines_in_order() {
  local want at=0
  for want in "$@"; do
    while ((at < ${#lines[@]})) && [[ ${lines[at]} != *"$want"* ]]; do
      at=$((at + 1))
    done
    ((at < ${#lines[@]})) || fail "not there, or not in this place: $want"$'\n'"$output"
    at=$((at + 1))
  done
}

# --- what is drawn ---

@test "ladder: a cure in full, at 80 columns" {
  cured_connection
  COLUMNS=80 ladder 1234.1
  diff - <(printf '%s\n' "$output") <<'LADDER'
1234.1  legacy-server[1234], server, fd 5, 127.0.0.1:443 - 127.0.0.1:51234
begins 2025-11-25 01:15:33.000000 UTC

      ms  program            OpenSSL                kernel                  peer
          |                     |                      |                      |
   0.000  |-- accepts --------->|                      |                      |
   2.000  |                     |<- handshake, TLSv1.3 ---------------------->|
          |                     | TLS_AES_256_GCM_SHA384                      |
          |                     | took 1.234 ms        |                      |
          |<- read 2,048 bytes -|                      |                      |
          | wrote 1,048,576 bytes                      |                      |
          |-------------------->|                      |                      |
          |-- SSL_free() ------>|                      |                      |
          | legacy-server+0x1234                       |                      |
   5.000  |                     |-- close_notify by tlsbye ------------------>|
          |-- close() -------------------------------->|                      |
          | legacy-server+0x1267                       |                      |
          | 100,352 bytes unread in the socket         |                      |
   6.000  |                     |                      |-- FIN by tlsbye ---->|
  17.000  |                     |                      | drained 100,376 bytes|
          |                     |                      |<---------------------|
          |                     |                      | in 11.000 ms         |
          |                     |                      |<-------------- FIN --|
          |                     |                      |                      |

Cured: the program closed the socket with bytes unread, and let go without
SSL_shutdown(). tlsbye said close_notify, half-closed and drained 100,376 bytes.
What it wrote has arrived.
LADDER
}

@test "ladder: observed: the reset and its cause, and what the cure would have done is marked as such" {
  begun
  observed_end
  ladder 1234.1
  assert_line --partial 'only observed, nothing was changed'
  assert_lines_in_order 'SSL_free()' 'x no close_notify' 'close()' '102,400 bytes unread' '-- RST ---' 'caused by 102,400' \
    '- would send close_notify - - -' '- would send FIN  - ->' '- would drain' \
    'Wrong: the program closed the socket with bytes unread' '946,176 bytes that it wrote are lost.'
  refute_line --partial 'by tlsbye'
}

@test "ladder: observed: where the cure would have stayed silent it says so, and why" {
  mode=observe
  event end 18 ',"doors":["SSL_free","close"],"called_shutdown":false,"close_notify":"none","would_notify":false,"why":"unfinished-write","handshake":true,"unfinished":16384,"will_reset":"possible","verdict":"wrong","data":"unknown","faults":["unfinished-write","fin-unawaited","no-close_notify"],"us":18000'
  ladder 1234.1
  assert_lines_in_order 'SSL_free()' 'up to 16,384' 'no close_notify' 'nor would tlsbye send it: the program did' \
    'close()' 'FIN' 'RST if more comes' 'would send FIN'
  refute_line --partial 'would send close_notify'
}

@test "ladder: a program that does it right: its SSL_shutdown, close_notify from both sides, no fault" {
  begun
  event notify 5 ',"by":"program","result":"sent"'
  event end 9 ',"doors":["SSL_free","close"],"called_shutdown":true,"close_notify":"program","handshake":true,"unread":0,"will_reset":"no","peer_notified":true,"peer_end":"fin","verdict":"clean","data":"safe","faults":[],"us":9000'
  ladder 1234.1
  assert_lines_in_order 'SSL_shutdown()' '-- close_notify ---' 'SSL_free()' 'close()' '-- FIN ---' '-- close_notify --|' '-- FIN --|' \
    'Clean: nothing was missing.'
  refute_line --partial 'no close_notify'
}

@test "ladder: the suffering side: the peer's bare end, the failing read with its error, and what the peer did" {
  role=client
  begun
  event read-failed 7 ',"call":"SSL_read","error":"SSL_ERROR_SSL","reason":"error:0A000126:SSL routines::unexpected eof while reading","bytes_read":65536,"bytes_written":120,"peer_end":"fin","peer_notified":false,"cause":"peer-closed-without-close_notify"'
  COLUMNS=100 ladder 1234.1
  assert_lines_in_order 'connects' 'FIN, unannounced' 'SSL_read(): SSL_ERROR_SSL' 'unexpected eof while reading' \
    '65,536 bytes were read, 120 bytes written before' 'the peer closed without SSL_shutdown' 'Without an end'
}

@test "ladder: words of a log of another version: each is shown as it is, and nothing else is missing" {
  begun
  event notify 7 ',"by":"tlsbye","result":"silent","why":"no-thread"'
  event read-failed 8 ',"call":"SSL_read","error":"SSL_ERROR_SYSCALL","bytes_read":1,"bytes_written":1,"peer_end":"gone","peer_notified":false,"cause":"cosmic-ray"'
  event shout 8 ''
  event end 9 ',"doors":["SSL_free","teleport","close"],"called_shutdown":false,"close_notify":"nobody","why":"no-thread","handshake":true,"will_reset":"often","peer_end":"melted","verdict":"odd","data":"dusty","faults":["brand-new"],"us":9000'
  ladder 1234.1
  assert_lines_in_order 'handshake' 'SSL_free()' 'no close_notify' 'no-thread' 'SSL_read(): SSL_ERROR_SYSCALL' 'cosmic-ray' \
    'shout' 'close()' 'tlsbye: no-thread.'
}

@test "ladder: a write that met the peer's reset: its RST comes first, the close sends no FIN, and nobody here is to blame" {
  role=client mode=observe
  begun
  event write-incomplete 7 ',"call":"SSL_write","error":"SSL_ERROR_SYSCALL","errno":"ECONNRESET","requested":65554,"bytes_written":0,"peer_end":"reset","peer_notified":false,"cause":"peer-reset"'
  event end 9 ',"doors":["close"],"called_shutdown":false,"close_notify":"none","would_notify":false,"why":"fatal-error","handshake":true,"bytes_written":0,"unread":0,"unfinished":65554,"will_reset":"no","verdict":"clean","data":"lost","lost_bytes":32144,"faults":[],"us":9000'
  ladder 1234.1
  assert_lines_in_order 'handshake' 'RST' 'SSL_write(): SSL_ERROR_SYSCALL' 'ECONNRESET' 'the peer closed with bytes unread, or aborted' 'close()' \
    'Clean on this side' '32,144 bytes that it wrote are lost.'
  refute_line --partial '-- FIN --'
  refute_line --partial 'Wrong'
}

@test "ladder: a FIN that the program's shutdown() sent is not sent again by its close()" {
  begun
  event half-close 5 ',"by":"program"'
  event end 9 ',"doors":["shutdown","close"],"called_shutdown":true,"close_notify":"program","handshake":true,"unread":0,"will_reset":"possible","verdict":"clean","data":"safe","faults":[],"us":9000'
  ladder 1234.1
  assert_equal "$(grep -c -- '-- FIN --' <<<"$output")" 1
  assert_line --partial 'RST if more comes'
}

@test "ladder: a log of ends alone still gives a ladder, without times, and says how to get them" {
  observed_end
  ladder 1234.1
  assert_line 'begins 2025-11-25 01:15:33.000000 UTC; only observed, nothing was changed' # told by the end's duration
  assert_lines_in_order 'SSL_free()' 'close()' '-- RST ---' '--log-level=debug'
  refute_line --regexp '^ +[0-9]+\.[0-9]{3} '
}

@test "ladder: an event that this report does not know has its place and its name" {
  begun
  event renegotiated 4 ''
  observed_end
  ladder 1234.1
  assert_lines_in_order 'handshake' '   4.000  * renegotiated' 'SSL_free()'
}

# --- of a real connection ---

# real_ladder MODE: of server_free_then_close, over bytes that it has not read.
real_ladder() {
  TLSBYE_MODE=$1 TLSBYE_LOG=$log TLSBYE_LOG_FORMAT=json TLSBYE_LOG_LEVEL=debug \
    judge_server cured server_free_then_close -- --send 100K --expect 1K
  ladder "$(sed -n '1s/.*"id":"\([0-9.]*\)".*/\1/p' "$log")"
}

# Where in its source it frees. (Its close() is a tail call: of that the stack has the caller's line only.)
line_of_free() {
  echo "server_free_then_close.c:$(grep -n '	SSL_free(' "$ROOT/tests/programs/server_free_then_close.c" | cut -d: -f1), in talk()"
}

@test "ladder: a real connection, cured: the lines of its source, and each step at its time" {
  real_ladder cure
  assert_lines_in_order 'accepts' 'handshake, TLSv1.3' 'SSL_free()' "$(line_of_free)" 'close_notify by tlsbye' 'close()' \
    'unread in the socket' 'FIN by tlsbye' 'drained' '-- FIN --|' 'Cured:' 'What it wrote has arrived.'
  local times
  times=$(grep -oE '^ *[0-9]+\.[0-9]{3}  ' <<<"$output")
  assert_equal "$times" "$(sort -n <<<"$times")"
  (($(wc -l <<<"$times") >= 5))
}

@test "ladder: a real connection, observed: the reset that it got, and what would have been" {
  real_ladder observe
  assert_verdict tls=none tcp=rst
  assert_lines_in_order 'SSL_free()' "$(line_of_free)" 'no close_notify' 'would send close_notify' 'close()' '-- RST ---' \
    'would send FIN' 'would drain' 'Wrong:'
}

# --- where it is drawn ---

@test "ladder: no line is wider than the terminal, from 80 to 120 columns" {
  cured_connection
  local columns
  for columns in 80 93 100 120; do
    COLUMNS=$columns ladder 1234.1
    assert_equal "$columns: $(awk -v most="$columns" 'length > most' <<<"$output")" "$columns: "
    # ... and it takes the room that there is.
    assert_line --regexp "^ {10}\\|.{$((columns - 13))}\\|\$"
  done
  COLUMNS=300 ladder 1234.1
  assert_equal "$(awk 'length > 120' <<<"$output")" ''
}

@test "ladder: lines and arrows in a UTF-8 locale, nothing but ASCII elsewhere, the same in both" {
  cured_connection
  ladder 1234.1
  assert_equal "$(LC_ALL=C grep -c '[^ -~]' <<<"$output")" 0
  local plain=$output
  LC_ALL=C.UTF-8 ladder 1234.1
  assert_line --partial '│── SSL_free() ──────►│'
  assert_equal "$(sed 's/│/|/g; s/─/-/g; s/►/>/g; s/◄/</g' <<<"$output")" "$plain"
}

@test "ladder: on a terminal it takes the terminal's width, and three colours; nowhere else is there a colour" {
  begun
  observed_end
  ladder 1234.1
  refute_output --partial $'\e'
  on_terminal() {
    run script -qec "stty cols 104; TERM=xterm $TLSBYE report --connection 1234.1 $log" /dev/null </dev/null
  }
  on_terminal
  assert_line --partial $'\e[31m-- RST -'
  assert_line --partial $'\e[33mx no close_notify'
  assert_line --partial $'\e[32m- would send close_notify'
  assert_line --regexp "^ {10}.{4}\\|.{91}\\|.{4}"$'\r'"?\$"
  NO_COLOR=1 on_terminal
  refute_output --partial $'\e'
}

# --- which connection ---

@test "ladder: an unknown id is an error that names the nearest, the same process first" {
  local i
  for i in 1234.1 1234.7 1234.20 99.8 1235.8; do
    id=$i
    observed_end
  done
  ladder 1234.8
  [[ $status -ne 0 ]]
  assert_output ''
  assert_regex "$stderr" 'tlsbye: 1234\.8: no connection of this log; among others there are 1234\.7, '
  assert_regex "$stderr" "'tlsbye report FILE' names examples"
}

@test "ladder: an id that was used again: both connections, and #2 is the second" {
  observed_end
  event tracked 500 ''
  event end 509 ',"doors":["SSL_free","close"],"called_shutdown":true,"close_notify":"program","verdict":"clean","faults":[],"us":9000'
  ladder 1234.1
  assert_lines_in_order '1234.1#1  legacy-server' 'Wrong:' '1234.1#2  legacy-server' 'Clean:'
  ladder '1234.1#2'
  refute_line --partial 'Wrong:'
  assert_line --partial 'Clean:'
  ladder '1234.1#3'
  [[ $status -ne 0 ]]
  assert_regex "$stderr" 'of this id the log has 2'
}

# --- a hostile log ---

@test "ladder: control characters of a log do not reach the terminal" {
  program='bad\u001b[31m\u0007name\u009b2J'
  observed_end
  ladder 1234.1
  assert_line --partial 'bad?[31m?name'
  LC_ALL=C.UTF-8 ladder 1234.1
  assert_line --partial 'bad?[31m?name'
  assert_equal "$(LC_ALL=C tr -d '\n' <<<"$output" | LC_ALL=C grep -c '[[:cntrl:]]')" 0
  refute_output --partial $'\xc2\x9b'
}
