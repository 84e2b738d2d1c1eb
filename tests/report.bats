#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The command `tlsbye report`: what a log comes to. The logs are made (tests/lib/make-log), so every number is known
# beforehand. Logs that are no good are in report_bad_input.bats.

# shellcheck disable=SC2154,SC2016 # $stderr is run's; a $ in single quotes is for another shell

load lib/project
load lib/report

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset NO_COLOR
}

# on_a_terminal COMMAND: its stdout and stderr are one.
on_a_terminal() {
  run script --quiet --return --command "$1" /dev/null
}

# --- counts ---

@test "report: every connection is counted once, by what it came to" {
  make_log clean=20 cured=5 wrong-lost=4 wrong-reset=3 wrong-notify=2 meant=1 killed=6 >log
  report_json log
  assert_equal "$status" 1
  assert_report totals.connections=41 totals.clean=20 totals.cured=5 totals.wrong=9 totals.meant=1 \
    totals.without_end=6 totals.undecided=0 totals.lost=4 totals.lost_bytes=160000 totals.data_unknown=3 \
    totals.resets=7 totals.processes=1 handshakes=41 only_info=false lines_skipped=0
}

@test "report: nothing is called right where a connection has no end: the likely ways are named, and the status tells" {
  make_log clean=2 killed=1 >log
  run -1 "$TLSBYE" report log
  assert_output --partial '1  without an end'
  assert_output --partial 'of 1 connection the end was not seen'
  refute_output --partial 'Nothing wrong was found'
  make_log clean=2 >log
  run -0 "$TLSBYE" report log
  assert_output --partial 'Nothing wrong was found'
}

@test "report: who ended without a word is told besides who was ended by a signal, and nothing is called right" {
  local begin='{"v":1,"level":"warn","mode":"cure","time":1764033333.5,'
  make_log clean=2 >log
  printf '%s"event":"killed","program":"sh","pid":7,"signal":"SIGTERM"}\n' "$begin" >>log
  printf '%s"event":"cut-short","program":"sh","pid":7}\n' "$begin" >>log
  run "$TLSBYE" report log
  assert_output --partial '1 process was ended by a signal.'
  refute_output --partial 'ended without a word'
  assert_line 'Nothing wrong was found.'
  printf '%s"event":"cut-short","program":"worker","pid":8}\n' "$begin" >>log
  run "$TLSBYE" report log
  assert_output --partial '1 process was ended by a signal.'
  assert_output --partial '1 process ended without a word'
  assert_line 'Nothing is known to be wrong, but not everything was seen.'
}

@test "report: who leaves a server in the handshake is counted, and is no finding; a client wants to know" {
  visit() {
    printf '{"v":1,"event":"read-failed","time":1.5,"program":"x","pid":7,"mode":"cure","level":"info","id":"7.1","fd":4,'
    printf '"transport":"tcp","local":"unknown","peer":"unknown","role":"%s","call":"SSL_accept","bytes_read":0,' "$1"
    printf '"bytes_written":0,"peer_notified":false,"cause":"peer-closed-in-handshake"}\n'
    printf '{"v":1,"event":"end","time":1.6,"program":"x","pid":7,"mode":"cure","level":"debug","id":"7.1","fd":4,'
    printf '"doors":["close"],"close_notify":"none","verdict":"clean","data":"safe","faults":[]}\n'
  }
  visit server >log
  run -0 "$TLSBYE" report log
  assert_output --partial 'that the peer left in the handshake'
  visit client >log
  run -1 "$TLSBYE" report log
  assert_output --partial 'peer-closed-in-handshake: 1 connection'
}

@test "report: a copy in a forked child is not counted twice" {
  make_log clean=4 foreign=3 >log
  report_json log
  assert_equal "$status" 0
  assert_report totals.connections=4 totals.foreign=3 totals.without_end=0
}

@test "report: a parent that leaves its connection to a child is no connection without an end" {
  make_log clean=1 >child
  make_log killed=1 --process=7 >parent
  make_log foreign=1 --process=7 >>parent
  report_json child parent
  assert_report totals.connections=1 totals.foreign=1 totals.without_end=0
}

@test "report: an end that the program itself had hidden is a hidden end, once" {
  make_log bare-read=1 hidden=1 | grep '"event":"end"' | sed '1s/"verdict"/"peer_hidden":"certain",&/' >log
  grep -q peer_hidden log
  report_json log
  assert_report totals.hidden_ends=1
}

@test "report: failed reads, given-up writes and hidden ends" {
  make_log reset-read=3 bare-read=2 abandoned=4 hidden=1 >log
  report_json log
  assert_equal "$status" 1
  assert_report totals.connections=10 totals.reads_failed=5 totals.abandoned=4 totals.hidden_ends=1 totals.lost=4
}

@test "report: a read that is tried again and again fails once" {
  make_log reset-read=1 --level=info >log
  cat log log log >again
  report_json again
  assert_report totals.reads_failed=1 groups.0.connections=1 totals.events=3
}

@test "report: a write that is given up is counted once, told by the write or by the end" {
  make_log abandoned=3 >log
  grep -v '"event":"write-incomplete"' log >without
  report_json log
  assert_report totals.abandoned=3
  report_json without
  assert_report totals.abandoned=3
}

@test "report: an id that comes again is another connection" {
  make_log clean=3 killed=1 >log
  sed 's/"time":1764/"time":1765/' log >later
  report_json log later
  assert_report totals.connections=8 totals.clean=6 totals.without_end=2 totals.processes=1
}

@test "report: rotated files give the same report in any order" {
  make_log clean=40 cured=10 wrong-lost=5 killed=3 >log
  split --number=l/3 log part.
  report_json log
  cp report.json whole.json
  report_json part.ac part.aa part.ab
  diff <(sed 1,7d whole.json) <(sed 1,9d report.json)
}

@test "report: several processes' files together, and stdin among them" {
  make_log clean=2 --process=10 --program=one >one
  make_log wrong-lost=3 --process=20 --program=two >two
  report_json one - <two
  assert_report totals.connections=5 totals.processes=2 programs.one=2 programs.two=3 files.#=2 files.1=-
}

@test "report: versions, ciphers and resumed sessions" {
  make_log clean=12 >log
  report_json log
  assert_report versions.TLSv1.3=null 'versions={"TLSv1.3": 9, "TLSv1.2": 3}' resumed=4 handshakes=12
}

@test "report: the times of the drains, by powers of two" {
  make_log cured=13 >log
  report_json log
  # 100 << n microseconds for n = 1 .. 11, 0, 1
  assert_report 'totals.drain_us={"128": 1, "256": 2, "512": 1, "1024": 1, "2048": 1, "4096": 1, "8192": 1, "16384": 1, "32768": 1, "65536": 1, "131072": 1, "262144": 1}'
}

@test "report: where only info was logged it says that clean connections may be missing" {
  make_log clean=5 wrong-notify=1 reset-read=2 --level=info >log
  report_json log
  assert_report only_info=true totals.connections=3 totals.undecided=2 totals.without_end=0
  run "$TLSBYE" report log
  assert_output --partial "--log-level=debug"
  make_log clean=5 >log
  run "$TLSBYE" report log
  refute_output --partial "--log-level=debug"
}

# --- groups ---

@test "report: groups come the worst first: lost data, resets, no close_notify; then what was suffered" {
  make_log wrong-notify=50 wrong-lost=2 abandoned=1 bare-read=9 --sites=1 >log
  report_json log
  assert_report groups.0.code=unread-at-close groups.0.lost=2 groups.0.lost_bytes=80000 groups.0.resets=2 \
    groups.1.code=unfinished-write groups.1.lost=1 groups.2.code=no-close_notify groups.2.connections=53 \
    groups.2.lost=0 groups.3.code=peer-closed-without-close_notify groups.3.connections=9
}

@test "report: a group is about one call: SSL_free for close_notify, close for the reset" {
  make_log wrong-lost=3 --sites=1 --backtrace=3 >log
  report_json log
  assert_report groups.#=2 groups.0.call=close groups.1.call=SSL_free groups.0.sites.close.#=3 \
    groups.0.sites.close.0.offset=4711 groups.1.sites.SSL_free.0.offset=4660 \
    groups.1.sites.SSL_free.0.object=/usr/bin/legacy-server
}

@test "report: another call site, and another program, is another group" {
  make_log wrong-notify=12 --sites=4 >log
  make_log wrong-notify=5 --sites=1 --program=other >other
  report_json log other
  assert_report groups.#=5 groups.0.program=other groups.0.connections=5 groups.4.connections=3
}

@test "report: an address in no object is no place: all of them are one group" {
  make_log wrong-notify=6 --sites=6 >log
  sed -i 's/\[\[0,/[[null,/g' log
  report_json log
  assert_report groups.#=1 groups.0.connections=6
}

@test "report: call sites without end are bounded, and what has no group is counted" {
  make_log wrong-notify=2100 --sites=2100 >log
  report_json log
  assert_report groups.#=2000 groups_left_out=100 totals.wrong=2100
}

@test "report: each group names its worst connections" {
  make_log wrong-reset=2 wrong-lost=1 wrong-reset=40 --sites=1 >log
  lost=$(grep '"data":"lost"' log | grep -o '"id":"[0-9.]*"' | cut -d'"' -f4)
  report_json log
  assert_report groups.0.examples.#=3 "groups.0.examples.0=$lost"
}

# --- for people ---

@test "report: one program at fault is one screen" {
  make_log clean=900 wrong-lost=5 wrong-notify=5 --sites=1 >log
  run "$TLSBYE" report log
  assert_failure 1
  ((${#lines[@]} <= 40)) || fail "${#lines[@]} lines: $output"
  assert_line "910 connections of legacy-server, 2025-11-25 01:15:33 UTC"
  assert_line "         5  truncated: data is lost, at least 200,000 bytes"
  assert_line --regexp '^1\. legacy-server: unread-at-close: 5 connections, 5 lost data'
  assert_line --regexp '^2\. legacy-server: no-close_notify: 10 connections'
  assert_output --partial "SSL_free()  /usr/bin/legacy-server+0x1234"
  assert_output --partial "close()  /usr/bin/legacy-server+0x1267"
  assert_output --partial "RFC 8446, 6.1"
  assert_output --partial "tls_goodbye(ssl, fd);"
  assert_output --regexp 'tlsbye report --connection 1000\.[0-9]+ log'
}

@test "report: --lines gives the functions to paste, once, and they compile" {
  make_log wrong-lost=2 wrong-notify=1 abandoned=1 >log
  run "$TLSBYE" report --lines log
  assert_failure 1
  printf '%s\n' "$output" 'int main(void) { tls_goodbye(NULL, -1); return tls_write_all(NULL, -1, "", 0); }' >lines.c
  ${CC:-cc} -Wall -Werror -fsyntax-only lines.c
  assert_equal "$(grep -c '^static void tls_goodbye' lines.c)" 1
}

@test "report: --connection draws that one, and knows when there is none" {
  make_log clean=3 >log
  run --separate-stderr "$TLSBYE" report --connection 1000.2 log
  assert_success
  assert_output --partial "1000.2  legacy-server[1000]"
  refute_output --partial "1000.3"
  run --separate-stderr "$TLSBYE" report --connection 1000.9 log
  assert_failure 2
  assert_equal "$output" ""
}

@test "report: colours are for terminals, and not with NO_COLOR" {
  make_log wrong-lost=1 >log
  run "$TLSBYE" report log
  refute_output --partial $'\033'
  on_a_terminal "$TLSBYE report log"
  assert_output --partial $'\033[1'
  NO_COLOR=1 on_a_terminal "$TLSBYE report log"
  refute_output --partial $'\033'
}

@test "report: what stands in a log cannot act on the terminal" {
  make_log wrong-notify=2 --program='x\u001b[31m\u009b' >log
  sed -i $'1s/legacy-server/legacy\x7f\xc2\x9bserver/' log
  for form in '' --json '--connection 1000.1'; do
    # shellcheck disable=SC2086 # an option and its argument
    run "$TLSBYE" report $form log
    assert_output --partial 'x?[31m'
    refute_output --regexp $'[\x01-\x09\x0b-\x1f\x7f]'
    refute_output --partial $'\xc2\x9b'
  done
}

@test "report: --html reads a pipe, too, and has the events of the worst connections" {
  make_log clean=5 wrong-lost=3 >log
  run --separate-stderr "$TLSBYE" report --html page.html <log -
  assert_failure 1
  grep -q '<svg' page.html
  grep -q '1000\.2' page.html
}

@test "report: --html does not write over a log" {
  make_log clean=2 >log
  cp log before
  run --separate-stderr "$TLSBYE" report --html log log
  assert_failure 2
  cmp log before
}

# --- statuses and errors ---

@test "report: 0 when nothing is wrong, 1 when something is, cured or not" {
  make_log clean=2 meant=1 >clean
  make_log clean=2 cured=1 >cured
  run "$TLSBYE" report clean
  assert_success
  assert_line "Nothing wrong was found."
  run "$TLSBYE" report cured
  assert_failure 1
}

@test "report: no FILE is misuse" {
  run --separate-stderr "$TLSBYE" report </dev/null
  assert_failure 2
  [[ $stderr == "tlsbye: no FILE; next: tlsbye report LOG"* ]]
  run --separate-stderr "$TLSBYE" report --json --lines log
  assert_failure 2
}

@test "report: a file that cannot be read does not hide the others, and the status tells" {
  make_log wrong-lost=2 >log
  report_json missing log /
  assert_equal "$status" 2
  [[ $stderr == *"tlsbye: missing: cannot be opened (No such file or directory)"* ]]
  [[ $stderr == *"tlsbye: /: cannot be read (Is a directory)"* ]]
  assert_report totals.wrong=2
}

@test "report: a stdout that cannot be written to is told" {
  make_log wrong-lost=2 >log
  for form in '' --json; do
    # shellcheck disable=SC2086 # no option, or one
    run bash -c '"$0" report $1 log 2>&1 >/dev/full' "$TLSBYE" "$form"
    assert_failure 2
    assert_output "tlsbye: the report cannot be written to stdout (No space left on device)"
  done
  run bash -c '"$0" report log 2>&1 >&-' "$TLSBYE"
  assert_failure 2
  assert_output --partial "cannot be written to stdout"
}

@test "report: a reader that has seen enough is no error" {
  make_log wrong-lost=200 --sites=200 >log
  run --separate-stderr bash -c '"$0" report --json log | head -n 1; exit "${PIPESTATUS[1]}"' "$TLSBYE"
  assert_success
  assert_equal "$output$stderr" "{"
}

@test "report: no yes or no of a locale changes it" {
  make_log cured=3 >log
  run env LC_ALL=C "$TLSBYE" report --json log
  expected=$output
  run env LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8 "$TLSBYE" report --json log
  assert_output "$expected"
}

@test "report: every key of the schema is read, and no other is expected" {
  run python3 - "$ROOT/schema/tlsbye-events.schema.json" <<'PYTHON'
import json, sys

def keys(node, found):
    if isinstance(node, dict):
        found |= set(node.get("properties", {}))
        for value in node.values():
            keys(value, found)
    elif isinstance(node, list):
        for value in node:
            keys(value, found)
    return found

print(*sorted(keys(json.load(open(sys.argv[1])), set()) - {"path", "build_id"}), sep="\n")
PYTHON
  local in_schema=$output
  run sed -nE 's/^\t(FIELD|ROOM)\("([a-z_]+)",.*/\2/p' "$ROOT/src/tlsbye/report/fields.c"
  assert_equal "$(LC_ALL=C sort <<<"$output")" "$in_schema"
}
