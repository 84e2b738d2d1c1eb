#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `tlsbye run --report`: the report follows the program, on stderr; to everybody else the program is what it was.
#
# shellcheck disable=SC2034,SC2154 # wrapper is read in lib/judge.bash; $stderr is run's
# shellcheck disable=SC2016 # a $ in single quotes is for the program's shell

load lib/judge

setup() {
  begin_test
  export TMPDIR=$BATS_TEST_TMPDIR
}

left_behind() {
  find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'tlsbye-*'
}

# A zombie has, too: whoever is to reap a daemon may take its time.
ended() {
  [[ ! -e /proc/$1/stat || $(sed -E 's/.*\) (.).*/\1/' "/proc/$1/stat" 2>/dev/null || echo Z) == [ZX] ]]
}

# observed PROGRAM: serves one connection of the judge's.
observed() {
  "$JUDGE" cert "$BATS_TEST_TMPDIR/cert.pem" "$BATS_TEST_TMPDIR/key.pem"
  wrapper=("$TLSBYE" run --observe --report --)
  judge_server bare "$@" -- --send 100K --expect 1K --end answer
}

@test "run --report: the wrong server: what is wrong, where, and the events are kept for the ladder" {
  observed server_free_then_close
  run cat "$program_err"
  assert_output --partial '1 connection of server_free_then_close'
  assert_output --partial 'no-close_notify: 1 connection'
  assert_output --partial 'unread-at-close: 1 connection'
  assert_output --regexp 'SSL_free\(\)  .*server_free_then_close\.c:[0-9]+'
  local kept id
  kept=$(sed -n 's/^tlsbye: the events stay in //p' "$program_err")
  assert_file_exist "$kept"
  assert_equal "$(stat -c %a "$kept" "$(dirname "$kept")" | xargs)" '600 700'
  id=$(sed -n 's/.*--connection \([0-9.]*\) .*/\1/p' "$program_err" | head -n 1)
  run "$TLSBYE" report --connection "$id" "$kept"
  assert_output --partial 'SSL_free()'
}

@test "run --report: the right server: nothing is wrong, and nothing is left" {
  observed server_right --read 100K
  run cat "$program_err"
  assert_output --partial '1  clean'
  refute_output --partial 'the events stay'
  assert_equal "$(left_behind)" ''
}

@test "run --report: a log that the user named stays where it is" {
  wrapper=("$TLSBYE" run --observe --report "--log=$BATS_TEST_TMPDIR/log" --)
  judge_server bare server_free_then_close -- --send 100K --expect 1K
  run grep -c '"event":"end"' "$BATS_TEST_TMPDIR/log"
  assert_output 1
  assert_equal "$(left_behind)" ''
}

@test "run --report: status, stdin and stdout are the program's" {
  run --separate-stderr bash -c 'echo in | "$TLSBYE" run --report -- sh -c "cat; exit 7"'
  assert_failure 7
  assert_output in
  assert_equal "$(left_behind)" ''
}

@test "run --report: a signal for tlsbye is one for the program, and its end is the program's end" {
  "$TLSBYE" run --report -- sh -c 'trap "echo told; trap - TERM; kill -TERM \$\$" TERM; echo \$\$ >"$0"; while :; do sleep 0.05; done' \
    "$BATS_TEST_TMPDIR/pid" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
  wait_until test -s "$BATS_TEST_TMPDIR/pid"
  kill -TERM "$program_pid"
  local status=0
  wait "$program_pid" || status=$?
  program_pid=''
  assert_equal "$status" 143
  assert_equal "$(<"$program_log")" told
  assert_equal "$(left_behind)" ''
}

@test "run --report: the program has the signal mask and the dispositions that tlsbye was started with" {
  mask() {
    "$@" sh -c "trap '' USR1; exec \"\$@\"" sh "${launcher[@]}" grep -E '^Sig(Blk|Ign)' /proc/self/status
  }
  launcher=()
  local bare
  bare=$(mask env --block-signal=HUP --ignore-signal=CHLD)
  launcher=("$TLSBYE" run --report --)
  assert_equal "$(mask env --block-signal=HUP --ignore-signal=CHLD)" "$bare"
}

@test "run --report: a program that cannot be run: one line, no report, nothing left" {
  run -127 --separate-stderr "$TLSBYE" run --report -- no-such-program
  assert_equal "$(wc -l <<<"$stderr")" 1
  echo 'no program' >"$BATS_TEST_TMPDIR/text"
  run --separate-stderr "$TLSBYE" run --report -- "$BATS_TEST_TMPDIR/text"
  assert_failure 126
  printf '#!/no/such/interpreter\n' >"$BATS_TEST_TMPDIR/script"
  chmod +x "$BATS_TEST_TMPDIR/script"
  run --separate-stderr "$TLSBYE" run --report -- "$BATS_TEST_TMPDIR/script"
  assert_failure 126
  assert_equal "$stderr" "tlsbye: $BATS_TEST_TMPDIR/script: there, but its interpreter (the #! line) or its loader is not"
  assert_equal "$(left_behind)" ''
}

@test "run --report: no place for the events: a clear line, and the program is not run" {
  TMPDIR=$BATS_TEST_TMPDIR/nowhere run --separate-stderr "$TLSBYE" run --report -- echo ran
  assert_failure 125
  assert_output ''
  assert_regex "$stderr" "nowhere/tlsbye-.*No such file or directory.*TMPDIR can name another place"
}

@test "run --report: no connection at all: that is said, and no word of levels that were not logged" {
  run --separate-stderr "$TLSBYE" run --report -- true
  assert_success
  assert_equal "$stderr" "tlsbye: no TLS connection of true was seen; next: tlsbye check true tells whether it is within reach"
  assert_equal "$(left_behind)" ''
}

@test "run --report: a program that is killed in the middle: that is told" {
  "$JUDGE" cert "$BATS_TEST_TMPDIR/cert.pem" "$BATS_TEST_TMPDIR/key.pem"
  wrapper=("$TLSBYE" run --report --)
  want_status=134 judge_client bare client_exit_status --mode abort -- --expect 1K
  run cat "$program_err"
  assert_output --partial "1 process was ended by a signal."
  assert_output --partial "1. client_exit_status: SIGABRT: 1 process"
  refute_output --partial "ended without a word" # it is known by what
}

@test "run --report: a daemon outlives its first process: the events stay, and go on coming" {
  local here=$BATS_TEST_TMPDIR kept
  run --separate-stderr "$TLSBYE" run --report -- sh -c '"$0/server_free_then_close" --port-file "$1/port" --connections 1 \
      --read 64 --write 10K >"$1/out" 2>"$1/err" 3>&- & echo $! >"$1/pid"' "$BUILD/tests/programs" "$here"
  assert_success
  kept=$(sed -n 's/^tlsbye: sh has ended.* tlsbye report //p' <<<"$stderr")
  assert_file_exist "$kept"
  program_pid=$(<"$here/pid")
  wait_until test -s "$here/port"
  "$JUDGE" connect --send 1K "$(<"$here/port")"
  wait_until grep -q '"event":"end"' "$kept"
  run cat "$here/err"
  assert_output ''
  wait_until ended "$program_pid"
  program_pid=''
}

# Off: so that nobody but the kernel tells who is left. In exec() a process has no environment to be known by, for a moment.
@test "run --report: a daemon that is just being executed goes on, too" {
  local again=$BUILD/tests/programs/executes_again i
  for ((i = 0; i < 100; i++)); do
    TLSBYE_MODE=off "$TLSBYE" run --report -- sh -c '"$0" 100000 & echo $!' "$again" >"$program_log" 2>"$program_err" 3>&-
    kill "$(<"$program_log")"
    grep -q 'sh has ended, but others that it started go on' "$program_err" || fail_showing "it was not seen in turn $i" || return 1
  done
}

# merecat becomes www-data before its first connection. The file is ours alone: its lines go there by the hub.
@test "run --report: a program that changes its user has its events told, and cannot touch the file" {
  ((EUID == 0)) || skip "only root can become somebody else"
  start_judge serve --port-file "$BATS_TEST_TMPDIR/port" --expect 1K
  wait_for_port "$BATS_TEST_TMPDIR/port" "$judge_pid"
  run --separate-stderr "$TLSBYE" run --report -- /usr/bin/python3 -c 'import os, socket, ssl, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection = ssl._create_unverified_context().wrap_socket(connection)
connection.sendall(b"x" * 1024)
connection.close()
try: open(os.environ["TLSBYE_LOG"], "a")
except PermissionError: print("not ours")' "$port"
  assert_success
  assert_output 'not ours'
  wait_judge
  assert_verdict tls=close_notify tcp=fin bytes=1024
  assert_regex "$stderr" '1 connection of python3'
  local kept
  kept=$(sed -n 's/^tlsbye: the events stay in //p' <<<"$stderr")
  assert_equal "$(grep -c '"event":"end"' "$kept")" 1
  assert_equal "$(stat -c %u:%a "$kept")" 0:600
}

@test "run --report: a program that SIGPIPE ends: the signal, the rule and the line; and the connection has no end" {
  wrapper=("$TLSBYE" run --report --log="$BATS_TEST_TMPDIR/log" --)
  want_status=141
  judge_client bare client_writes_late --mode killed -- --end bare --end-at 0 --expect 4
  run cat "$program_err"
  assert_output --partial '1. client_writes_late: SIGPIPE: 1 process'
  assert_output --partial 'signal(SIGPIPE, SIG_IGN);'
  assert_output --partial '1  without an end'
  refute_output --partial 'Nothing wrong'
  run "$BATS_TEST_DIRNAME/lib/json_lines" say killed program signal level <"$BATS_TEST_TMPDIR/log"
  assert_output '"client_writes_late" "SIGPIPE" "warn"'
  "$BATS_TEST_DIRNAME/lib/json_lines" valid "$BATS_TEST_TMPDIR/log"
  run -1 "$TLSBYE" report --html="$BATS_TEST_TMPDIR/page" "$BATS_TEST_TMPDIR/log"
}

@test "run --report: a program that was asked to end by a signal: no fault, unless a connection was open then" {
  run --separate-stderr "$TLSBYE" run --report --log="$BATS_TEST_TMPDIR/log" -- sh -c 'kill -TERM $$'
  assert_equal "$status" 143
  refute [ -s "$BATS_TEST_TMPDIR/log" ]
}
