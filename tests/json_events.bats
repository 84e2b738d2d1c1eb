#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P11: TLSBYE_LOG_FORMAT=json says the same as the lines for people, one object a line, as tlsbye-events(5) and the schema
# promise. Whatever a program does or is called, a line is valid.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # each test sets for itself; lib/judge.bash reads and sets the rest

load lib/judge

reads_log=yes

setup() {
  begin_test
  export TLSBYE_LOG_FORMAT=json TLSBYE_LOG_LEVEL=debug
}

json() {
  "$BATS_TEST_DIRNAME/lib/json_lines" "$@"
}

# The last program's lines are to be valid, all of them. That is looked at when the test is over: it takes a while.
look_at_lines() {
  cat "$program_err" >>"$BATS_TEST_TMPDIR/lines"
}

# And so many of them are ends.
assert_ends() {
  look_at_lines
  [[ $(grep -c '"event":"end"' "$program_err") -eq $1 ]] || fail_showing "not $1 ends"
}

teardown() {
  if [[ -e $BATS_TEST_TMPDIR/lines ]]; then
    json valid "$BATS_TEST_TMPDIR/lines" >&2
  fi
  end_test
}

# says EVENT KEY... VALUE: a line of that event has these.
assert_says() {
  run json say "${@:1:$#-1}" <"$program_err"
  grep -qxF -- "${@: -1}" <<<"$output" || fail_showing "no $1 says ${*:2}, but: $output"
}

in_both_modes() {
  local TLSBYE_MODE
  export TLSBYE_MODE
  for TLSBYE_MODE in cure observe; do
    "$@"
  done
}

# --- every kind of line ---

@test "P11: json: a server's wrong end, and a right one: each step is a valid line" {
  judge_server cured server_free_then_close -- --send 100K --expect 1K
  assert_ends 1
  run json say notify by result <"$program_err"
  assert_output '"tlsbye" "sent"'
  assert_says end doors close_notify peer_end verdict data '["SSL_free","close"] "tlsbye" "fin" "cured" "safe"'
  assert_says end faults '["no-close_notify","unread-at-close"]'
  judge_server cured server_right --read 1K -- --send 1K --expect 1K
  assert_ends 1
  assert_says end close_notify peer_notified verdict faults level '"program" true "clean" [] "debug"'
  assert_says handshake version resumed role '"TLSv1.3" false "server"'
}

@test "P11: json, observing: nothing that we did, and what we would have done" {
  export TLSBYE_MODE=observe
  judge_server cured server_free_then_close -- --send 100K --expect 1K
  assert_total rst=1
  assert_ends 1
  assert_says end close_notify would_notify will_reset verdict half_closed '"none" true "yes" "wrong" null'
  assert_says end why '"only-observed"' # never none without a reason
  assert_says notify by result '"tlsbye" "would-send"'
  run json say drain bytes <"$program_err"
  assert_output ''
}

# What the kernel counts as thrown away, against what the judge misses; as for safe, against what it has.
assert_no_more_claimed() {
  local lost safe bytes
  lost=$(json say end data <"$program_err" | grep -c lost || true)
  safe=$(json say end data <"$program_err" | grep -c safe || true)
  bytes=$(json say end lost_bytes <"$program_err" | awk '{ sum += $1 } END { print sum + 0 }')
  [[ $lost -ge 1 && $bytes -ge 1 ]] || fail_showing "nothing is said to be lost"
  [[ $lost -le $(total truncated) && $bytes -le $(total lost) && $safe -le $(total whole) ]] ||
    fail_showing "$lost lost, $safe safe, $bytes bytes lost: more than the judge saw"
}

@test "P11: json, observing: lost means lost, and no more is claimed than the peer misses" {
  export TLSBYE_MODE=observe
  connections=12
  judge_server cured server_free_then_close --write 4M -- --parallel 6 --send 100K --expect 4M --pause 50
  assert_ends 12
  assert_no_more_claimed
  connections=1
  judge_server cured server_unfinished_write --write 32M -- --send 1K --expect 32M --pause 100
  assert_says end would_notify why 'false "unfinished-write"'
  assert_no_more_claimed
}

clients() {
  judge_client cured client_write_only -- --expect 1K
  assert_ends 1
  assert_says end role '"client"'
  judge_client cured client_exit_status -- --expect 1K
  assert_ends 1
  assert_says end doors '["exit"]'
  want_status=3 judge_client cured client_exit_status --status 3 -- --expect 1K
  assert_ends 1
  assert_says end close_notify why '"none" "failed-exit"'
}

@test "P11: json: clients, and processes that exit" {
  in_both_modes clients
}

@test "P4: json: what was meant is called so" {
  meant() {
    judge_server cured server_zero_linger -- --send 1K --trail 20K --expect 1K
    assert_ends 1
    assert_says end why abort_meant verdict will_reset faults '"abort-meant" true "meant" "yes" []'
    judge_server cured server_quiet -- --send 1K --expect 1K
    assert_ends 1
    assert_says end called_shutdown close_notify why 'true "none" "quiet-shutdown"'
  }
  in_both_modes meant
}

@test "P11: json: own BIOs, AF_UNIX, datagrams, memory BIOs" {
  others() {
    judge_server cured server_own_bio --mode plain-free -- --send 1K --expect 1K
    assert_ends 1
    assert_says end why '"own-bio"'
    run_cured server_socketpair --mode free --write 64K --tls 1.3
    grep '^{' <<<"$output" >"$program_err"
    look_at_lines
    assert_says end transport peer '"unix" "unix"'
    run_cured dtls_server --mode free
    grep '^{' <<<"$output" >"$program_err"
    look_at_lines
    assert_says end transport will_reset '"datagram" null'
    judge_server cured server_memory_bio --rounds 100 -- --send 1K --expect 1K
    look_at_lines
    assert_says out-of-reach level count called_shutdown fd '"info" 1 false null'
  }
  in_both_modes others
}

@test "P7: json: after a fork each process tells of its own copy, and one of them is no owner" {
  judge_server cured server_fork_child --mode free --write 64K -- --send 1K --expect 64K
  assert_ends 2
  run json say end why verdict faults <"$program_err"
  assert_line '"not-owner" "foreign" []'
  run json say end id <"$program_err"
  assert_equal "$(sort -u <<<"$output" | wc -l)" 2
  run json say end pid id <"$program_err"
  local pid id
  while read -r pid id; do
    [[ $id == "\"$pid."* ]] || fail "process $pid tells of $id"
  done <<<"$output"
}

@test "P11: json: ids are one connection's from its first line to its end, and steps come in order" {
  connections=20
  judge_server cured server_free_then_close -- --parallel 8 --send 10K --expect 1K
  assert_ends 20
  run python3 - "$program_err" <<'PYTHON'
import collections, json, sys
steps = collections.defaultdict(list)
for line in open(sys.argv[1]):
    event = json.loads(line)
    steps[event["id"]].append((event["event"], event["time"]))
for way in steps.values():
    print(*[name for name, time in way if name != "read-failed"], sorted(time for _, time in way) == [t for _, t in way])
PYTHON
  assert_equal "$(sort -u <<<"$output")" 'tracked handshake notify half-close drain end True'
  assert_equal "${#lines[@]}" 20
}

# A handshake that nobody asked for: SSL_set_accept_state, and then SSL_read.
@test "P11: json: a handshake is told once, whether the program asks for it or just reads" {
  judge_server cured server_bio -- --send 1K --expect 1K
  run json say handshake version <"$program_err"
  assert_output '"TLSv1.3"'
  judge_server cured server_epoll -- --send 1K --expect 1K
  run json say handshake version <"$program_err"
  assert_output '"TLSv1.3"'
}

# --- the same as text ---

# What both renderings say of the end, brought into one form; $1 is the mode.
of_text() {
  sed -nE 's/.*: ((shutdown|SSL_clear|SSL_free|BIO_free|close|exit)[a-zA-Z_, ]*) (without|after) SSL_shutdown(, ([0-9,]+) bytes? unread)?.*/\1|\3|\5/p' \
    "$program_err" | tr -d ' '
  grep -oE 'sent close_notify|close_notify was sent already|no close_notify \(|only observed' "$program_err"
  sed -nE '/SSL_shutdown/s/.*; peer: (.*, then )?([^ ]*).*/\2/p' "$program_err"
}

of_json() {
  python3 - "$program_err" <<'PYTHON'
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event["event"] != "end":
        continue
    unread = event.get("unread", 0) + event["unread_tls"]
    print(",".join(event["doors"]), "after" if event["called_shutdown"] else "without", f"{unread:,}" if unread else "", sep="|")
    print({"cure": {"tlsbye": "sent close_notify", "program": "close_notify was sent already", "none": "no close_notify ("}[
        event["close_notify"]], "observe": "only observed"}[event["mode"]])
    ends = {"fin": "FIN", "reset": "reset", "idle": "still"}
    if event.get("peer_end") or event["peer_notified"]:
        print(ends.get(event.get("peer_end"), "close_notify"))
PYTHON
}

@test "P11: text and json say the same of the same program" {
  same() {
    local of=$1 text
    shift
    TLSBYE_LOG_FORMAT=text TLSBYE_LOG_LEVEL=debug "$@"
    text=$(of_text)
    TLSBYE_LOG_FORMAT=json TLSBYE_LOG_LEVEL=debug "$@"
    run of_json
    assert_output "$text"
    [[ $text == *$of* ]] || fail "$* said: $text"
  }
  renderings() {
    local only=$1
    same 'SSL_free,close|without|4,096' judge_server cured server_free_then_close --read 4K -- --send 8K --expect 1K
    same 'SSL_free,close|after|' judge_server cured server_right --read 1K -- --send 1K --expect 1K
    tls=1.2 same 'exit|without|' judge_client cured client_exit_status -- --expect 1K
    same 'SSL_free,close|without|' judge_server cured server_zero_linger --read 1K -- --send 1K --expect 1K
  }
  in_both_modes renderings
}

# --- whatever a program is called ---

@test "P9: json: a program's name with quotes, control characters and broken UTF-8 is a valid string" {
  local name=$'a"b\\c\td\x01e\x7f\xff\xc3\xa9\xe2\x82 \xed\xa0\x80\xf0\x9f\x98\x80' wanted
  printf -v wanted 'a\\"b\\\\c\\td\\u0001e\\u007f\\ufffd\\u00e9\\ufffd\\ufffd \\ufffd\\ufffd\\ufffd\\ud83d\\ude00'
  cp "$BUILD/tests/programs/server_free_then_close" "$BATS_TEST_TMPDIR/$name" 2>/dev/null ||
    skip "the file system refuses such names"
  [[ ! -e $BUILD/tests/programs/.libs/server_free_then_close ]] || skip "the program is a wrapper of libtool's"
  wrapper=(env)
  start_named() {
    local file=$BATS_TEST_TMPDIR/port
    env LD_PRELOAD="$BUILD/src/libtlsbye/.libs/libtlsbye.so" "$BATS_TEST_TMPDIR/$name" --port-file "$file" \
      2>"$program_err" 3>&- &
    program_pid=$!
    wait_for_port "$file" "$program_pid"
    timeout 20 "$JUDGE" connect --send 1K --expect 1K "$port"
    wait "$program_pid"
  }
  run -0 start_named
  look_at_lines
  assert_says end program "\"$wanted\""
}

@test "P9: json: a complaint quotes what is wrong, whatever it holds" {
  local odd=$'5x"\\\n\xff\x1b[0m'
  run -0 --separate-stderr env TLSBYE_LINGER_IDLE="$odd" TLSBYE_NO_SUCH=1 TLSBYE_LOG_LEVEL="$(printf '\x01%.0s' {1..3000})" \
    LD_PRELOAD="$BUILD/src/libtlsbye/.libs/libtlsbye.so" "$BUILD/tests/programs/check_lines" --mode many
  printf '%s\n' "$stderr" >"$BATS_TEST_TMPDIR/lines"
  run -0 json valid "$BATS_TEST_TMPDIR/lines"
  assert_output 3
  run json say setting text level <"$BATS_TEST_TMPDIR/lines"
  assert_line '"TLSBYE_LINGER_IDLE=5x\"\\\n\ufffd\u001b[0m: not a duration like 5s or 500ms; using 5s" "warn"'
  assert_line '"TLSBYE_NO_SUCH: no such setting; ignored (libtlsbye.so(8) lists them)" "warn"'
}

# --- whatever room there is ---

@test "P9: json: a line that has no room leaves whole keys out, from its end" {
  "$BUILD/tests/programs/check_lines" --mode cut >"$BATS_TEST_TMPDIR/cut"
  run -0 python3 - "$BATS_TEST_TMPDIR/cut" <<'PYTHON'
import json, sys
whole = {"v": 1, "program": '"\\\n\x01\ufffd\ufffd\ufffd \U0001f600', "handshake": True,
         "sites": {"close": [[0, 2**64 - 1 - i] for i in range(16)]}, "last": "word"}
room, seen = 700, set()
for line in open(sys.argv[1], encoding="utf-8"):
    assert len(line.encode()) <= room, (room, line)
    event = json.loads(line)
    assert all(whole[key] == value for key, value in event.items()), line
    seen.add(" ".join(event))
    room -= 1
print(*sorted(seen, key=len, reverse=True), sep="\n")
PYTHON
  assert_line --index 0 'v program handshake sites last'
  assert_line 'v program handshake last'
  assert_line 'v'
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/cut")" 697
}

@test "P9: more lines at once than there are buffers: each is whole" {
  run -0 "$BUILD/tests/programs/check_lines" --mode many
  assert_output right=40
}

# Watchdogs: the handler's close() comes while the thread is in malloc, on whatever stack there is.
@test "P8: json: a close in a signal handler tells of its connection" {
  connections=20
  judge_client cured client_close_in_handler --mode malloc -- --parallel 4 --expect 1K
  assert_ends 20
}

# A daemon that is told to stop while its close() still waits for the peer (SO_LINGER, LINGER=wait). With LINGER=wait
# the handler runs after the drain, which has seen the peer's end.
@test "P11: json: a handler that ends the process inside of close: the end is told all the same" {
  tls=1.2
  TLSBYE_MODE=observe judge_client cured client_exits_in_close --write 2M -- --expect 2M --pause 1000
  assert_ends 1
  assert_says end doors verdict peer_end '["SSL_free","close"] "wrong" null'
  TLSBYE_LINGER="wait" judge_client cured client_exits_in_close --write 64K -- --expect 64K --end never --limit 2
  assert_ends 1
  assert_says end doors peer_end '["SSL_free","close"] "at-exit"'
}

# What was not sent is not called so, and what we made good was wrong.
@test "P11: json: a verdict is no better than the program" {
  # The parent of a child that serves knows nothing of its data.
  TLSBYE_MODE=observe judge_server cured server_fork_child -- --send 100K --expect 1K
  assert_says end why data '"not-owner" "unknown"'
  # BIO_free's own SSL_shutdown meets a reset.
  tls=1.2
  TLSBYE_MODE=observe judge_server cured server_bio --write 32M -- --send 1K --end reset --end-at 20K
  sed -i '/^{/!d' "$program_err" # the program complains as well
  assert_says end close_notify verdict '"none" "wrong"'
  tls=1.3
  # With LINGER=off the close is the bare one.
  TLSBYE_LINGER=off judge_server cured server_free_then_close --write 1M -- --send 100K --expect 1M --pause 100
  assert_total truncated=1
  assert_says end close_notify will_reset verdict data '"tlsbye" "yes" "wrong" "lost"'
  # We have read for it what it had left unread.
  judge_server cured server_second_shutdown --write 64K -- --send 100K --expect 64K --pause 50
  assert_verdict tls=close_notify tcp=fin whole=yes
  assert_says end verdict faults '"cured" ["unread-at-close"]'
}

# C1 as UTF-8 and as a bare byte, a mark of direction, a separator of lines.
@test "P9: what of a program's name steers a terminal or turns what is read does not get into a line, JSON or text" {
  local name=$'a\xc2\x9b31m\x9b\xe2\x80\xaeb\xe2\x80\xa8\xd8\x9c\xc3\xa9' format
  cp "$BUILD/tests/programs/server_free_then_close" "$BATS_TEST_TMPDIR/$name" 2>/dev/null ||
    skip "the file system refuses such names"
  wrapper=(env)
  for format in json text; do
    TLSBYE_LOG_FORMAT=$format judge_server cured "$BATS_TEST_TMPDIR/$name" -- --send 1K --expect 1K
    await_hub
    LC_ALL=C run -1 grep -P '\xc2[\x80-\x9f]|\x9b|\xe2\x80[\xa8\xae]|\xd8\x9c' "$program_err"
    LC_ALL=C run -0 grep -c $'a.*31m.*b.*\xc3\xa9' "$program_err"
  done
}

# --- the schema ---

@test "P11: the schema and the manual have the words of the table that the object writes, and no others" {
  "$BUILD/tests/programs/event_words" >"$BATS_TEST_TMPDIR/words"
  run -0 json words <"$BATS_TEST_TMPDIR/words"
  assert_output "$(wc -l <"$BATS_TEST_TMPDIR/words") words"
}

@test "P11: the schema takes a log of an earlier version: reasons that are not given any more" {
  local line='{"v":1,"event":"notify","time":1.5,"program":"x","pid":1,"mode":"cure","level":"debug","id":"1.1","by":"tlsbye"'
  for why in no-thread no-descriptor in-handler; do
    echo "$line,\"result\":\"silent\",\"why\":\"$why\"}" >>"$BATS_TEST_TMPDIR/old"
  done
  run -0 json valid "$BATS_TEST_TMPDIR/old"
  assert_output 3
  python3 -c 'import jsonschema; jsonschema.Draft202012Validator' || skip "the rest: this jsonschema is too old for the schema"
  echo "$line,\"result\":\"silent\",\"why\":\"no-such\"}" >"$BATS_TEST_TMPDIR/old"
  run -1 json valid "$BATS_TEST_TMPDIR/old"
}

@test "P11: the schema refuses a line with a key taken away, or of another type" {
  judge_server cured server_free_then_close -- --send 100K --expect 1K
  cat "$program_err" >"$BATS_TEST_TMPDIR/lines"
  TLSBYE_MODE=observe judge_server cured server_second_shutdown -- --send 1K --trail 20K --expect 1K
  cat "$program_err" >>"$BATS_TEST_TMPDIR/lines"
  run json mutilate "$BATS_TEST_TMPDIR/lines"
  [[ $output != *'too old'* ]] || skip "$output"
  assert_line --regexp '^refused=[0-9]{3} taken=0$'
}
