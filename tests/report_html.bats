#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `tlsbye report --html`: one page, to be looked at in a browser; here a headless Chromium without a network, by
# tests/lib/browser.py, which prints each message of the page's console and each request that it makes.
#
# shellcheck disable=SC2016,SC2030,SC2031  # a $ in single quotes is JavaScript's; page is set anew in each test

load lib/project

setup_file() {
  # 77 connections of nine kinds, for all tests of this file.
  export LOG=$BATS_FILE_TMPDIR/log PAGE=$BATS_FILE_TMPDIR/page.html
  "$ROOT/tests/lib/make-log" clean=20 cured=20 wrong-lost=12 wrong-notify=8 meant=2 reset-read=4 bare-read=4 abandoned=5 hidden=2 >"$LOG"
  export MADE=0
  "$TLSBYE" report --html "$PAGE" "$LOG" >"$BATS_FILE_TMPDIR/said" 2>&1 || MADE=$?
  # One browser for all of them; it ends when teardown_file closes this pipe.
  export BROWSER=$BATS_FILE_TMPDIR/browser
  command -v "${CHROMIUM:-chromium}" >/dev/null || return 0
  mkfifo "$BATS_FILE_TMPDIR/stay"
  python3 "$ROOT/tests/lib/browser.py" --serve "$BROWSER" <"$BATS_FILE_TMPDIR/stay" >"$BATS_FILE_TMPDIR/browser.out" 2>&1 3>&- &
  echo "$!" >"$BATS_FILE_TMPDIR/pid"
  sleep 120 >"$BATS_FILE_TMPDIR/stay" 3>&- &
  echo "$!" >>"$BATS_FILE_TMPDIR/pid"
  local i
  for ((i = 0; i < 1000; i++)); do
    [[ ! -S $BROWSER ]] || return 0
    sleep 0.02 # nothing wakes a shell when a socket appears; the loop ends with the condition
  done
  cat "$BATS_FILE_TMPDIR/browser.out" >&2
  return 1
}

teardown_file() {
  local -a pids
  [[ -e $BATS_FILE_TMPDIR/pid ]] || return 0
  mapfile -t pids <"$BATS_FILE_TMPDIR/pid"
  kill "${pids[1]}" # which held the browser's stdin open
  wait "${pids[@]}" || true
}

# page LOG-TEXT: a page of its own, in $page.
page() {
  page=$BATS_TEST_TMPDIR/page.html
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/log"
  "$TLSBYE" report --html "$page" "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/said" 2>&1 || true
  assert_file_exist "$page"
}

# look [OPTION...] FILE COMMAND...: in the browser.
look() {
  command -v "${CHROMIUM:-chromium}" >/dev/null || skip "chromium is not installed"
  run -0 timeout 60 python3 "$ROOT/tests/lib/browser.py" "$@"
}

# end REST: the end of a connection; REST begins with a comma, and wins over what stands before.
end() {
  printf '{"v":1,"event":"end","time":1764033333.000100,"program":"%s","pid":1,"mode":"observe","level":"info","id":"%s","fd":5,"transport":"tcp","local":"127.0.0.1:443","peer":"%s","role":"server","doors":["SSL_free","close"],"called_shutdown":false,"close_notify":"none","handshake":true,"verdict":"wrong","data":"unknown","faults":["no-close_notify"],"us":100%s}\n' \
    "${program:-server}" "${id:-1.1}" "${peer:-127.0.0.1:5}" "${1:-}"
}

# The text of one column of the table, top to bottom, of the rows that are seen.
column() {
  printf '%s' "[...document.querySelectorAll('#connections tbody')].filter(b => b.checkVisibility()).map(b => b.rows[0].cells[$1].textContent.trim()).join(' ')"
}

# Presses what a CSS selector finds, as a mouse would.
press() {
  printf '%s' "document.querySelector('$1').click()"
}

# --- one file, and nothing else ---

@test "html: the page is one file that asks for nothing, and its console is silent, whatever is pressed" {
  assert_equal "$MADE $(<"$BATS_FILE_TMPDIR/said")" "1 $(<"$BATS_FILE_TMPDIR/said")"
  run grep -cE 'src=|@import|url\(|<link' "$PAGE"
  assert_output 0
  look "$PAGE" eval 'for (const b of document.querySelectorAll("button")) b.click(); document.querySelectorAll("button").length > 50'
  assert_output true
}

@test "html: what is not the page's own does not run and is not loaded (or the test before proves nothing)" {
  local page=$BATS_TEST_TMPDIR/page.html
  sed 's|</body>|<script>document.title = "owned"</script><b id=x onclick="document.title = 1">x</b><img src="https://example.invalid/x.png"></body>|' \
    "$PAGE" >"$page"
  look "$page" eval "$(press '#x')" eval 'document.title'
  assert_line 'How connections ended'
  assert_line --regexp '^console: error .*script-src'
  assert_line --regexp '^console: error .*img-src'
}

@test "html: hostile names stay text: in cells, attributes, titles, ladders and groups" {
  local name='</script></td><img src=x onerror=document.title=1><svg onload=document.title=2>\u0022 onfocus=document.title=3 x=\u0027&lt;b&gt;\u202egnp'
  page "$(program=$name end ',"objects":[{"path":"/x/</title><script>alert(1)</script>"}],"sites":{"close":[[0,5]],"</code><img src=y>":[[0,6]]},"faults":["unread-at-close"]')" \
    "$(program=$name id='1.2</text><image href=x>' peer='<iframe src=z>' end ',"why":"<object data=x>","peer_end":"<video src=x>"')" \
    '{"v":1,"event":"<style>*{color:red}</style>","time":1764033333,"program":"x","pid":1,"mode":"cure","level":"info","id":"1.1","fd":5}'
  look "$page" eval 'for (const b of document.querySelectorAll("button")) b.click();document.title' \
    eval 'document.querySelectorAll("img, image, iframe, object, video, svg [onload], [onfocus], main script, main style").length' \
    eval 'document.querySelector("#connections .name").textContent'
  assert_line --index 0 'How connections ended'
  assert_line --index 1 0
  assert_line --index 2 $'</script></td><img src=x onerror=document.title=1><svg onload=document.title=2>" onfocus=document.title=3 x=\'&lt;b&gt;???gnp'
  assert_equal "${#lines[@]}" 3
}

@test "html: each page lets another number run, so that a log cannot know it" {
  page "$(end)"
  run sed -n 's/.*<script nonce="\([0-9a-f]*\)">.*/\1/p' "$page" "$PAGE"
  assert_line --index 0 --regexp '^[0-9a-f]{32}$'
  assert_line --index 1 --regexp '^[0-9a-f]{32}$'
  refute_line --index 1 "${lines[0]}"
}

# --- the table ---

@test "html: a press on a heading sorts: numbers the greatest first, a second press turns it round, aria-sort tells" {
  look "$PAGE" eval "$(press '#connections thead th:nth-child(8) button')" eval "$(column 7)" \
    eval 'document.querySelector("th[aria-sort]").cellIndex + document.querySelector("th[aria-sort]").ariaSort' \
    eval "$(press '#connections thead th:nth-child(8) button')" eval "$(column 7)" \
    eval 'document.querySelectorAll("th[aria-sort]").length + document.querySelector("th[aria-sort]").ariaSort'
  assert_line --index 2 7descending
  assert_line --index 5 1ascending
  # Without the commas, and the unknown ones, which come last.
  local down up
  down=$(tr -d , <<<"${lines[1]}" | xargs)
  up=$(tr -d , <<<"${lines[4]}" | xargs)
  assert_equal "$down" "$(tr ' ' '\n' <<<"$down" | sort -nr | xargs)"
  assert_equal "$up" "$(tr ' ' '\n' <<<"$up" | sort -n | xargs)"
  [[ $down == '57344 '*' 40000' && $up == '40000 '*' 57344' ]]
}

@test "html: it sorts by the keyboard too, and unknown values come last in both directions" {
  page "$(id=1.1 end ',"unread":7')" "$(id=1.2 end)" "$(id=1.3 end ',"unread":1000')" "$(id=1.10 end ',"unread":20')"
  look "$page" eval 'document.querySelector("#connections thead th:nth-child(7) button").focus()' \
    key Enter eval "$(column 0)" key Space eval "$(column 0)" \
    eval "$(press '#connections thead th:nth-child(1) button')" eval "$(column 0)"
  assert_line --index 1 '1.3 1.10 1.1 1.2'
  assert_line --index 2 '1.1 1.10 1.3 1.2'
  assert_line --index 4 '1.1 1.2 1.3 1.10'
}

@test "html: words and verdicts filter the rows, together, and the number that is shown is told" {
  page "$(id=1.1 program=alpha end)" "$(id=1.2 program=beta end ',"data":"lost","lost_bytes":5')" \
    "$(id=1.3 program=beta peer=10.0.0.7:99 end)"
  look "$page" eval "$(column 0)" \
    eval 'document.querySelector("#filter").focus()' type 'BETA 10.0' eval "$(column 0)" eval 'shown.textContent' \
    eval "$(press '[data-verdict=lost]')" eval 'shown.textContent' \
    eval 'filter.value = ""; filter.dispatchEvent(new Event("input"))' eval "$(column 0)" \
    eval 'document.querySelector("[data-verdict=lost]").ariaPressed' \
    eval "$(press '#tools [data-verdict=""]')" eval 'shown.textContent'
  assert_equal "$(tr ' ' '\n' <<<"${lines[0]}" | sort | xargs)" '1.1 1.2 1.3'
  assert_line --index 2 1.3
  assert_line --index 3 '1 of 3 shown'
  assert_line --index 5 '0 of 3 shown'
  assert_line --index 7 1.2
  assert_line --index 8 true
  assert_line --index 10 'all 3 shown'
}

# --- ladders ---

@test "html: a press on a connection opens its ladder in place, a second one closes it" {
  local seen='[document.querySelectorAll("#c0 svg").length, document.querySelector("#c0 svg").checkVisibility(), document.querySelector("#c0 .open").ariaExpanded].join()'
  look "$PAGE" eval "$seen" eval "$(press '#c0 .open')" eval "$seen" \
    eval '[...document.querySelectorAll("#c0 svg text")].map(t => t.textContent).join("; ")' \
    eval 'document.querySelectorAll("#c0 svg .lost .arrow, #c0 svg .would .arrow").length > 1' \
    eval "$(press '#c0 .open')" eval "$seen"
  assert_line --index 0 1,false,false
  assert_line --index 2 1,true,true
  assert_line --index 3 --regexp 'program; OpenSSL; kernel; peer; .*SSL_free\(\); .*no close_notify; .*close\(\); .*RST; '
  assert_line --index 4 true
  assert_line --index 6 1,false,false
}

@test "html: a link of a group leads to its connection: opened, in sight, even if it was filtered away" {
  look "$PAGE" eval 'document.querySelector("[data-verdict=clean], [data-verdict=cured]").click()' \
    eval 'document.querySelector(".group a[href=\"#c0\"]").click(); new Promise(done => setTimeout(done, 100))' \
    eval 'const box = document.querySelector("#c0 .open").getBoundingClientRect(); [document.querySelector("#c0 svg").checkVisibility(), box.top > 0 && box.bottom < innerHeight].join()'
  assert_line --index 2 true,true
}

@test "html: no text of a ladder is wider than its drawing, or crosses the last lane" {
  look "$PAGE" eval 'document.querySelectorAll("#connections .open").forEach(b => b.click())' \
    eval '[...document.querySelectorAll(".steps text:not(.head)")].filter(t => { const b = t.getBBox(); return b.x < 0 || b.x + b.width > 852; }).map(t => t.textContent).join("; ") || "none"'
  assert_line --index 1 none
}

# --- groups ---

@test "html: each group has its rule and its line, which can be copied, and leads to the function that it needs" {
  look "$PAGE" eval '[...document.querySelectorAll("#groups .group")].every(g => g.textContent.includes("RFC ") || g.textContent.includes("(3)"))' \
    eval "$(press '.group .copy')" eval 'new Promise(done => setTimeout(done, 100))' eval 'document.querySelector(".group .copy").textContent' \
    eval 'document.querySelector(".group figcaption a").click(); new Promise(done => setTimeout(done, 100))' \
    eval 'const lines = document.querySelector(location.hash); [lines.checkVisibility(), lines.textContent.includes("SSL_shutdown(ssl)")].join()'
  assert_line --index 0 true
  assert_line --index 3 copied
  assert_line --index 5 true,true
}

# --- the histogram, and what was not read ---

@test "html: the histogram: bars for all drains, both axes with their labels" {
  look "$PAGE" eval '[...document.querySelectorAll(".histogram title")].map(t => parseInt(t.textContent) || 0).reduce((a, b) => a + b)' \
    eval 'document.querySelector(".histogram").textContent.includes("connections") + "," + document.querySelector(".histogram").textContent.includes("from the half-close to the peer")' \
    eval '[...document.querySelectorAll(".histogram text")].filter(t => /^[0-9.]+ (µs|ms|s)$/.test(t.textContent)).length >= 6'
  assert_line --index 0 20
  assert_line --index 1 true,true
  assert_line --index 2 true
}

@test "html: what was skipped stands there, with the reason and the place" {
  page "$(end)" 'Server ready.' '{"v":99,"event":"end"}' "$(end | cut -c1-100)"
  look "$page" eval '[...document.querySelectorAll("#skipped tbody tr")].map(r => r.cells[0].textContent + " " + r.cells[2].textContent.replace(/.*\//, "")).sort().join("; ")'
  assert_output '1 log:2; 1 log:3; 1 log:4'
}

# --- sizes ---

@test "html: a log without a connection, and one with a single one" {
  page '{"v":1,"event":"setting","time":1764033333,"program":"x","pid":1,"mode":"cure","level":"warn","text":"x"}'
  look "$page" eval 'document.querySelector(".headline").textContent' eval 'document.querySelectorAll("table, svg").length'
  assert_line --index 0 'No connection ended in this log.'
  assert_line --index 1 0
  assert_equal "${#lines[@]}" 2
  page "$(end)"
  look "$page" eval 'document.querySelectorAll("#connections tbody").length'
  assert_output 1
}

@test "html: two thousand groups: the page is made, stays under 10 MB and is there in seconds" {
  local page=$BATS_TEST_TMPDIR/page.html
  "$ROOT/tests/lib/make-log" wrong-lost=2000 --sites=2000 >"$BATS_TEST_TMPDIR/log"
  "$TLSBYE" report --html "$page" "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/said" 2>&1 || true
  (($(stat -c %s "$page") < 10000000))
  look "$page" eval 'document.querySelectorAll(".group").length' eval 'document.querySelectorAll("#connections tbody").length > 300'
  assert_line --index 0 2000
  assert_line --index 1 true
}

# --- for every reader ---

@test "html: without a script all of it can be read, and nothing is shown that would need one" {
  look --no-script "$PAGE" eval 'document.documentElement.className + [...document.querySelectorAll("button, input")].filter(b => b.checkVisibility()).length' \
    eval '[...document.querySelectorAll("#connections tbody")].every(b => b.querySelector("summary").checkVisibility())' \
    eval "$(press '#c0 summary')" eval 'document.querySelector("#c0 svg").checkVisibility()' \
    eval 'location.hash = "lines0"; document.querySelector("#lines0").checkVisibility()'
  assert_output "$(printf '%s\n' 0 true null true true)"
}

@test "html: light, dark and paper have colours of their own" {
  local colours='[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector(".headline b")).color].join(" ")'
  look "$PAGE" eval "$colours" media print eval 'getComputedStyle(document.querySelector("#tools")).display'
  assert_line --index 0 'rgb(255, 255, 255) rgb(179, 38, 30)'
  assert_line --index 1 none
  look --dark "$PAGE" eval "$colours"
  assert_output 'rgb(20, 23, 26) rgb(255, 138, 128)'
}

@test "html: at 400 pixels nothing but a table or a drawing has to be scrolled sideways" {
  look --width 400 "$PAGE" eval "$(press '#c0 .open')" eval 'document.documentElement.scrollWidth'
  assert_line --index 1 400
}

# --- the file ---

@test "html: the page takes the place of an older one at once, with usual permissions, and a link stays a link" {
  local folder=$BATS_TEST_TMPDIR
  echo old >"$folder/real.html"
  exec 9<"$folder/real.html"
  ln -s real.html "$folder/link.html"
  (umask 027 && "$TLSBYE" report --html "$folder/link.html" "$LOG" >/dev/null 2>&1) || true
  assert_equal "$(stat -c %A "$folder/real.html")" -rw-r-----
  assert_equal "$(readlink "$folder/link.html")" real.html
  run head -n 1 "$folder/real.html"
  assert_output '<!DOCTYPE html>'
  assert_equal "$(cat <&9)" old # who was reading the older one goes on with it
  assert_equal "$(find "$folder" -name '*html*' | wc -l)" 2
}

@test "html: what cannot be written is an error that says so, and leaves what was there, and nothing else" {
  local folder=$BATS_TEST_TMPDIR
  run "$TLSBYE" report --html "$folder/no/page.html" "$LOG"
  [[ $status -ne 0 && $status -ne 1 ]]
  assert_line --partial "tlsbye: $folder/no/page.html: the page cannot be written (No such file or directory)"
  run "$TLSBYE" report --html /dev/full "$LOG"
  [[ $status -ne 0 && $status -ne 1 ]]
  assert_line --partial 'tlsbye: /dev/full: the page cannot be written (No space left on device)'
  echo old >"$folder/page.html"
  run bash -c 'ulimit -f 4; trap "" XFSZ; "$@"' - "$TLSBYE" report --html "$folder/page.html" "$LOG"
  [[ $status -ne 0 && $status -ne 1 ]]
  assert_line --partial 'the page cannot be written (File too large)'
  assert_equal "$(cat "$folder"/page.html*)" old
}
