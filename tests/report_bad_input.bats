#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `tlsbye report` reads what can be read, counts what it skipped and why, and never dies; nor does it take more memory
# for a longer log.

# shellcheck disable=SC2154 # $stderr is run's
# shellcheck disable=SC2016 # a $ in single quotes is for another shell
# shellcheck disable=SC2094 # a log that is named and redirected is read twice

load lib/project
load lib/report

# 100 MB in the short form, 1 GB in the long one.
megabytes=100
[[ -z ${TESTS_FULL:-} ]] || megabytes=1000

setup_file() {
  "$BATS_TEST_DIRNAME/lib/make-log" clean=4 cured=3 wrong-lost=2 killed=1 "--megabytes=$megabytes" \
    >"$BATS_FILE_TMPDIR/large"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset NO_COLOR
  make_log wrong-lost=1 --level=info >event
  line=$(<event)
}

# two_good_and LINE...: a log with these lines between two events. The lines are printf's.
two_good_and() {
  cat event
  printf '%b\n' "$@"
  cat event
}

# limited BYTES COMMAND...: with no more address space than that. (A sanitizer's shadow alone takes terabytes.)
limited() {
  local bytes=$1
  shift
  ! readelf -d "$TLSBYE" | grep -qE 'NEEDED.*lib[a-z]+san\.' || skip "a sanitizer's build knows no bound"
  run --separate-stderr prlimit --as="$bytes" "$@"
}

# skips REASON NUMBER LINE...: that many lines are skipped for that reason, and both events are read.
skips() {
  local reason=$1 number=$2
  shift 2
  two_good_and "$@" >log
  report_json log
  assert_equal "$status" 1
  assert_equal "$stderr" ""
  assert_report "skipped={\"$reason\": $number}" "where.$reason=log:2" "lines_skipped=$number" totals.wrong=2
}

@test "bad input: a line that is cut in the middle" {
  skips "cut in the middle of an event" 3 "${line:0:50}" "${line:0:300}" "${line%\}}"
}

@test "bad input: the last line has no newline: whole it is read, cut it is counted" {
  printf '%s' "$line" >whole
  printf '%s\n%s' "$line" "${line:0:200}" >half
  report_json whole
  assert_report totals.wrong=1 lines_skipped=0 lines=1
  report_json half
  assert_report totals.wrong=1 lines_skipped=1 "where.cut in the middle of an event=half:2"
}

@test "bad input: every place at which a line can be cut" {
  for ((i = 1; i < ${#line}; i++)); do
    printf '%s\n' "${line:0:i}"
  done >log
  report_json log
  assert_equal "$status" 2
  assert_report "skipped={\"cut in the middle of an event\": $((${#line} - 1))}" totals.events=0
}

@test "bad input: an event behind one that was cut, on the same line" {
  printf '%s%s\n' "${line:0:200}" "$line" >log
  report_json log
  assert_report totals.wrong=1 'skipped={"cut in the middle of an event": 1}'
}

@test "bad input: an event behind other text on its line is read" {
  printf 'Nov 25 01:15:33 host legacy-server[1000]: %s\nEnter a number: %s\n\xef\xbb\xbf%s\r\n' "$line" "$line" "$line" >log
  report_json log
  assert_report totals.wrong=3 lines_skipped=0
}

@test "bad input: other output in between; empty lines are nothing" {
  skips "other output" 3 'listening on port 443' '' '  \t\r' '127.0.0.1 - - "GET / HTTP/1.1" 200' '}'
  run "$TLSBYE" report log
  assert_line "         3  other output (first log:2); --log=FILE keeps the events apart"
}

@test "bad input: events as text are recognised, and how to get the others is told" {
  text="tlsbye: legacy-server[1000] fd 5 127.0.0.1:443 - 127.0.0.1:20001: closed"
  skips "events as text, for people" 2 "$text" "$text"
  run "$TLSBYE" report log
  assert_line --partial "write the log with --log-format=json"
  skips "other output" 2 "tlsbye: warning: libtlsbye.so cannot reach ./x: it is statically linked" "tlsbye: x[y] z"
}

@test "bad input: a newer schema" {
  skips "of a newer schema" 3 "${line/\"v\":1/\"v\":2}" "${line/\"v\":1/\"v\":99}" '{"v":2,"event":["new"],"time":"now"}'
}

@test "bad input: what is JSON, but no object" {
  skips "JSON, but not an object" 6 '[1,2]' '"text"' '42' 'null' "[$line]" '[[[[[[]]]]]]'
}

@test "bad input: somebody else's JSON" {
  skips "JSON, but not an event of tlsbye" 3 '{"level":"info","msg":"hello"}' '{}' '{"a":{"b":[1,{"v":1}]}}'
}

@test "bad input: what begins like an event and is no JSON" {
  skips "begins like an event, but is not JSON" 5 '{"v":1,oops}' "$line}" "$line garbage" '{"v":1,"event":"\xff\xfe"}' "{'v':1}"
}

@test "bad input: an event without a key that it must have" {
  skips "an event without a key that it must have" 7 "${line/\"v\":1,/}" "${line/\"event\":\"end\",/}" \
    "${line/\"program\":\"legacy-server\",/}" "${line/\"pid\":1000,/}" "${line/\"id\":\"1000.1\",/}" \
    "${line/\"verdict\":\"wrong\",/}" "${line/\"time\":/\"tome\":}"
}

@test "bad input: values of the wrong type" {
  skips "an event with a value of the wrong type" 14 "${line/\"pid\":1000/\"pid\":\"x\"}" "${line/\"pid\":1000/\"pid\":[1]}" \
    "${line/\"time\":/\"time\":-}" "${line/\"time\":/\"time\":9999999}" "${line/\"unread\":7000/\"unread\":-7}" \
    "${line/\"unread\":7000/\"unread\":1.5}" "${line/\"unread\":7000/\"unread\":7e3}" \
    "${line/\"unread\":7000/\"unread\":9223372036854775808}" "${line/\"unread\":7000/\"unread\":99999999999999999999999}" \
    "${line/\"verdict\":\"wrong\"/\"verdict\":true}" "${line/\"handshake\":true/\"handshake\":1}" \
    "${line/\"faults\":\[*\"],/\"faults\":\"all\",}" "${line/\"sites\":\{/\"sites\":[],\"new\":\{}" \
    "${line/\"event\":\"end\"/\"event\":5}"
}

@test "bad input: keys and events that nobody knows yet are passed over" {
  two_good_and "${line/\"v\":1/\"v\":1,\"new\":{\"a\":[1,[2]],\"sites\":5\},\"other\":null}" \
    '{"v":1,"event":"new","time":1,"program":"x","pid":5,"sites":{"SSL_new":[[0,1,2],[7,1],[],[[3]]]}}' \
    "${line/\"unread\":7000/\"unread\":null}" >log
  report_json log
  assert_report totals.wrong=4 totals.events=4 'skipped={"an event with a value of the wrong type": 1}'
}

@test "bad input: NUL bytes: within a line, and the hole that a truncated log has" {
  skips "NUL bytes" 2 "${line:0:100}\0${line:100}" 'text \0 text'
  {
    cat event
    head -c 3000000 /dev/zero
    cat event
    head -c 70000 /dev/zero
  } >log
  report_json log
  assert_report totals.wrong=2 'skipped={"NUL bytes": 2}' "where.NUL bytes=log:2" lines=3
}

@test "bad input: a line of 50 MB, with a newline or without" {
  {
    cat event
    head -c 50000000 /dev/zero | tr '\0' x
    echo
    cat event
    printf '{"v":1,"text":"'
    head -c 50000000 /dev/zero | tr '\0' '['
  } >log
  limited 64000000 "$TLSBYE" report --json log
  printf '%s' "$output" >report.json
  assert_report totals.wrong=2 'skipped={"longer than 64 KiB": 2}' "where.longer than 64 KiB=log:2" lines=4
}

@test "bad input: lines around the longest that is read, and brackets without end" {
  for size in 65535 65536 65537; do
    printf '%s,"pad":"' "${line%\}}"
    head -c $((size - ${#line} - 9)) /dev/zero | tr '\0' x
    printf '"}\n'
  done >log
  assert_equal "$(head -n 1 log | wc -c)" 65536
  { head -c 60000 /dev/zero | tr '\0' '['; echo; } >>log
  { printf '{"v":1,"sites":'; head -c 60000 /dev/zero | tr '\0' '['; echo; } >>log
  report_json log
  assert_report totals.wrong=2 'skipped={"cut in the middle of an event": 1, "other output": 1, "longer than 64 KiB": 1}'
}

@test "bad input: long names in many frames of many programs: each is told of, within 256 MB" {
  perl -e 'my $frames = join ",", ("[0,1]") x 32;
    for my $i (1 .. 20) {
      print qq({"v":1,"event":"end","time":1,"program":"p$i","pid":$i,"mode":"cure","level":"info","id":"$i.1","verdict":"wrong",),
        qq("faults":["unread-at-close"],"objects":[{"path":"/), "a" x 40_000, qq("}],"sites":{),
        join(",", map { qq("c$_":[$frames]) } 1 .. 24), "}}\n" }' >log
  limited 256000000 "$TLSBYE" report log
  assert_failure 1
  assert_equal "$(grep -c ': unread-at-close: 1 connection' <<<"$output")" 20
  refute_output --partial "in no group"
}

@test "bad input: more names than there is memory for: what is in no group is counted" {
  perl -e 'for my $i (1 .. 2000) {
      print qq({"v":1,"event":"end","time":1,"program":"p$i","pid":$i,"mode":"cure","level":"info","id":"$i.1","verdict":"wrong",),
        qq("faults":["unread-at-close"],"cipher":"), "x" x 60_000, qq("}\n) }' >log
  limited 128000000 "$TLSBYE" report --json log
  assert_failure 1
  printf '%s' "$output" >report.json
  run python3 -c 'import json; r = json.load(open("report.json")); print(r["totals"]["wrong"], len(r["groups"]) + r["groups_left_out"])'
  assert_output "2000 2000"
}

@test "bad input: what a lax reader takes for UTF-8 does not become JSON, nor reach a terminal" {
  local byte
  for byte in '\xc0\x9b' '\xe0\x80\x9b' '\xed\xa0\x80' '\xf7\xbf\xbf\xbf' '\u009b' '\\\\ud800' '\\\\u202e' '\xe2\x80\xae'; do
    printf '%b\n' "${line/legacy-server/a${byte}z}"
  done >log
  report_json log
  assert_equal "$status$stderr" 1
  run python3 -c 'import json; r = json.loads(open("report.json", "rb").read().decode()); print(r["totals"]["wrong"], *sorted(r["programs"]))'
  assert_output "8 a????z a???z a??z a?z"
  run "$TLSBYE" report log
  refute_output --regexp $'[^\n -~]'
}

@test "bad input: an address that is larger than a signed number stays what it is" {
  sed 's/"close":\[\[0,[0-9]*/"close":[[null,18446744073699065856/' event >log
  report_json log
  assert_report groups.0.sites.close.0.offset=18446744073699065856
}

@test "bad input: a log that comes by stdin is not overwritten by the page either" {
  cp event log
  run --separate-stderr bash -c '"$TLSBYE" report --html=log - <log'
  assert_failure 2
  [[ $stderr == "tlsbye: log: is a log that is to be read"* ]]
  cmp event log
}

@test "bad input: the same file twice counts once, by whatever name, and that is said" {
  cp event log
  ln log other
  report_json log ./other - <log
  assert_equal "$status" 1
  assert_equal "$stderr" $'tlsbye: ./other: the same file as log; it is read once\ntlsbye: -: the same file as log; it is read once'
  assert_report totals.wrong=1 lines=1
}

@test "bad input: an empty file is an empty report" {
  : >log
  report_json log
  assert_equal "$status$stderr" 0
  assert_report totals.events=0 lines=0 lines_skipped=0 groups.#=0
  run "$TLSBYE" report log
  assert_success
  assert_line "No event."
  assert_line --partial 'tlsbye check tells' # why there may be none
}

@test "bad input: a binary file; where there is no event at all the status is 2" {
  run --separate-stderr "$TLSBYE" report "$TLSBYE"
  assert_failure 2
  [[ $stderr == "tlsbye: no event of tlsbye in $TLSBYE" ]]
  { cat event "$TLSBYE"; echo; cat event; } >log
  report_json log
  assert_equal "$status" 1
  assert_report totals.wrong=2
}

@test "bad input: a compressed log says how to read it" {
  gzip <event >log.gz
  run --separate-stderr "$TLSBYE" report log.gz
  assert_failure 2
  assert_equal "$stderr" "tlsbye: log.gz: compressed; next: zcat log.gz | tlsbye report -"
}

@test "bad input: all of it together" {
  two_good_and 'other' "${line:0:90}" "${line/\"v\":1/\"v\":3}" '[]' '{}' "{" "${line/\"pid\":1000/\"pid\":null}" 'a\0b' >log
  report_json log
  assert_report totals.wrong=2 lines_skipped=8 'skipped={"cut in the middle of an event": 2, "JSON, but not an object": 1, "JSON, but not an event of tlsbye": 1, "of a newer schema": 1, "an event without a key that it must have": 1, "other output": 1, "NUL bytes": 1}'
  run "$TLSBYE" report log
  assert_line "Skipped, of 10 lines:"
  assert_line "         1  of a newer schema (log:4); a newer tlsbye reads them"
}

# --- large ones ---

@test "large: nothing is lost in 256 MB of address space, whatever the log's size" {
  local large=$BATS_FILE_TMPDIR/large
  limited 256000000 "$TLSBYE" report --json "$large"
  printf '%s' "$output" >report.json
  assert_equal "$status" 1
  assert_report "totals.cured=$(grep -c '"verdict":"cured"' "$large")" \
    "totals.connections=$(grep -c '"event":"tracked"' "$large")" "bytes=$(stat -c %s "$large")" \
    "totals.without_end=$(($(grep -c '"event":"tracked"' "$large") - $(grep -c '"event":"end"' "$large")))"
}

@test "large: not even when no connection ends, or all of it is one connection that was asked for" {
  make_log killed=1 "--megabytes=$((megabytes / 5))" >killed
  limited 256000000 "$TLSBYE" report --json killed
  printf '%s' "$output" >report.json
  assert_report "totals.without_end=$(grep -c '"event":"tracked"' killed)" totals.untold=0
  sed -E 's/"id":"[0-9.]+"/"id":"1.1"/' killed >one
  limited 256000000 "$TLSBYE" report --connection 1.1#1 one
  assert_equal "$status" 1 # it has no end
}

@test "large: a progress bar on a terminal, and none elsewhere" {
  local large=$BATS_FILE_TMPDIR/large
  run script --quiet --return --command "$TLSBYE report --html page.html $large" /dev/null
  assert_output --regexp $'\r\033\\[K\\[#+ *\\] +[0-9]+%'
  run --separate-stderr "$TLSBYE" report "$large"
  assert_equal "$stderr" ""
}
