#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The hub, spoken to by a program that needs no libtlsbye.so for it (tests/programs/hub_client.c): it drains what it is
# given, believes nothing, holds nothing of anybody's open, and goes when its tree has gone.
#
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
# shellcheck disable=SC2034,SC2154 # program_pid is read in lib/judge.bash; $stderr is run's
# shellcheck disable=SC2016 # a $ in single quotes is for the program's shell

load lib/judge

setup() {
  begin_test
  export TMPDIR=$BATS_TEST_TMPDIR CLIENT=$BUILD/tests/programs/hub_client
  log=$BATS_TEST_TMPDIR/log go=$BATS_TEST_TMPDIR/go
  hub=''
}

teardown() {
  touch "$go"
  end_test
}

# client WORD...: under `tlsbye run`, to its end.
client() {
  note_command "$CLIENT" "$@"
  run --separate-stderr timeout "$judge_timeout" "$TLSBYE" run --log="$log" -- "$CLIENT" "$@"
  assert_success
}

# start_client WORD...: in the background; sets $hub, the hub's pid.
start_client() {
  note_command "$CLIENT" "$@"
  : >"$program_log"
  timeout "$judge_timeout" "$TLSBYE" run --log="$log" -- "$CLIENT" hub "$@" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
  find_hub
}

find_hub() {
  wait_until grep -q '^hub ' "$program_log"
  hub=$(awk '/^hub / { print $2; exit }' "$program_log")
}

said() {
  grep -qxF -- "$1" "$program_log"
}

logged() {
  [[ -f $log ]] && grep -qF -- "$1" "$log"
}

log_lines() {
  grep -cF -- "$1" "$log" || true
}

# A zombie is none: whoever is its parent by now may take its time.
has_ended() {
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
  [[ -z $state || $state == [ZX] ]]
}

# What the hub has open, but for what it always has.
hub_holds() {
  find "/proc/$hub/fd" -type l -printf '%l\n' 2>/dev/null | grep -vE '^(/dev/null|anon_inode:.*|socket:.*)$' | sort
}

holds_open() {
  hub_holds | grep -qF -- "$1"
}

holds_no() {
  ! holds_open "$1"
}

# --- what it is for ---

@test "hub: all bytes, then FIN; its lines are in the log" {
  client hold read=1 close=1 await
  assert_line '1: 1000 bytes, end'
  run cat "$log"
  assert_line --partial 'half-closed by tlsbye'
  assert_line --partial 'drained 0 bytes'
  assert_line --regexp 'client\[[0-9]+\].*half-closed, drained.*peer: FIN$'
}

@test "hub: a peer that resets" {
  client hold reset=1 await
  assert_equal "$(log_lines 'peer: reset')" 2 # of the drain, of the end
}

@test "hub: the residue goes before the FIN" {
  client residue=5 hold read=1
  assert_line '1: 1005 bytes, end'
}

@test "hub: close_notify follows: no FIN before it, and the bytes before the FIN" {
  client follows=60000 hold line=before spoken=1 read=1 close=1 await
  assert_line '1: 1006 bytes, end'
  run cat "$log"
  assert_line --index 0 before
  assert_line --index 1 --partial 'half-closed by tlsbye'
}

@test "hub: close_notify does not follow in time: the FIN alone" {
  client follows=50 hold read=1
  assert_line '1: 1000 bytes, end'
}

@test "hub: the sites that the program rendered are in the JSON" {
  client format=1 'sites=,"sites":{"close":"x"}' hold close=1 await
  assert_equal "$(log_lines ',"sites":{"close":"x"}')" 1
}

@test "hub: a silent peer, and one that never ends, have their limits" {
  client idle=50 hold await idle=5000 total=50 hold await
  assert_equal "$(log_lines 'still open, and silent for so long')" 2
  assert_equal "$(log_lines 'still open when the drain reached its limit')" 2
}

@test "hub: past LINGER_SOCKETS the one that has all sent goes first, though it is younger" {
  client format=1 number=2 idle=60000 total=60000 fill=1 hold fill=0 hold read=2 hold read=3 close=1 close=2 close=3 await
  run grep '"ended_by":"room"' "$log"
  assert_output --regexp '"id":"[0-9]+\.2"'
  assert_equal "${#lines[@]}" 1
}

@test "hub: past LINGER_SOCKETS, else the oldest" {
  client format=1 number=2 idle=60000 total=60000 fill=1 hold hold hold hold read=4 close=3 close=4 await
  run bash -c 'grep "\"ended_by\":\"room\"" "$0" | sed "s/.*\"id\":\"[0-9]*\.\([0-9]*\)\".*/\1/" | xargs' "$log"
  assert_output '1 2'
}

@test "hub: a process has its own limit; another's holds do not count" {
  client format=1 number=1 idle=60000 hold read=1 fork=hold close=1 await
  assert_equal "$(log_lines '"ended_by":"room"')" 0
}

@test "hub: by the path, where the abstract name is another network's" {
  client path line=heard
  wait_until logged heard
  ((EUID == 0)) || skip "only root can make a network of its own"
  run --separate-stderr "$TLSBYE" run --log="$log" -- unshare -n "$CLIENT" line=unheard path line=elsewhere
  wait_until logged elsewhere
  refute logged unheard
}

@test "hub: a program that became another user, or has another root, still logs" {
  ((EUID == 0)) || skip "only root can become somebody else"
  run --separate-stderr "$TLSBYE" run --log="$log" -- setpriv --reuid=65534 --regid=65534 --clear-groups -- "$CLIENT" line=nobody
  wait_until logged nobody
  assert_equal "$(stat -c %a "$log")" 644
}

@test "hub: AWAIT is answered at once where nothing is held, and else after the last" {
  client await
  assert_output 'await: told'
  client idle=200 hold await line=after
  assert_output 'await: told'
  run tail -n 2 "$log"
  assert_line --index 0 --partial 'still open, and silent for so long'
  assert_line --index 1 after
}

# --- what it does not believe ---

@test "hub: what is no message of its tree is dropped, with its descriptors, and the next one is taken" {
  local what
  client bad=fine # or the others prove nothing
  assert_line 'bad fine: held'
  for what in garbage short large truncated version token kind size none surplus pipe enum bool control residue forever; do
    client "bad=$what" hold read=2 close=2 await
    assert_line "bad $what: dropped"
    assert_line '2: 1000 bytes, end'
  done
  refute logged forged
}

@test "hub: a line that commands a terminal, turns the order of reading or is no UTF-8 is not written" {
  local line
  for line in $'forged\e[2J' $'forged\u009b2J' $'forged\u202e' $'forged\x9b2J' $'forged\xc3'; do
    rm -f "$log"
    client line="$line" line=next
    wait_until logged next
    refute logged forged
  done
}

@test "hub: an id that it has already is dropped; the first one stays" {
  client idle=100 follows=60000 hold again=1 read=1 close=1 spoken=1 await
  assert_line '1: 1000 bytes, end' # the second socket, without what would follow
  assert_line 'await: told'
  assert_equal "$(log_lines 'half-closed by tlsbye:')" 0
  assert_equal "$(log_lines 'half-closed by tlsbye')" 1
}

@test "hub: SPOKEN for what is over, or for another process's, is dropped" {
  client hold read=1 close=1 await spoken=1 spoken=7 follows=60000 hold fork=spoken=2 line=here spoken=2 read=2
  assert_line '2: 1006 bytes, end'
}

# --- what it must not miss ---

# Linux may tell the end of a connection whose message is queued, where the sender sends and goes meanwhile.
under_early_ends() {
  ! readelf -d "$TLSBYE" | grep -qE 'NEEDED.*lib[a-z]+san\.' || skip 'a sanitizer wants to be first, before what is preloaded'
  early=$BUILD/tests/programs/.libs/kernel_that_ends_early.so
}

@test "hub: a message that is there after its connection's end was told is taken" {
  under_early_ends
  LD_PRELOAD=$early client follows=60000 hold spoken=1 read=1 line=here
  assert_equal "$stderr" '' # of a loader that finds no such object
  assert_line '1: 1006 bytes, end'
  wait_until logged here
}

@test "P1: so is the socket that a close in a handler hands over, and close_notify that follows" {
  under_early_ends
  wrapper=(env "LD_PRELOAD=$early")
  connections=5
  follows() {
    judge_client cured client_close_in_handler --mode malloc -- --expect 1K
    assert_program rounds=5
    assert_verdict tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0
  }
  both follows
}

@test "hub: a line is one line" {
  client "line=a"$'\n'"forged" "line=a"$'\e'"[2J" line= line=good await
  run cat "$log"
  assert_output good
}

# ends WORD...: to its end, and the hub's, which has told all that it had to tell then.
ends() {
  rm -f "$log"
  start_client "$@"
  wait_until has_ended "$hub"
}

@test "hub: who has said TLS and not BYE, HELLO or a name that is none is told of" {
  local name
  ends tls=prog
  assert_equal "$(log_lines 'prog[')" 1
  ends tls=prog bye
  assert_equal "$(cat "$log")" ''
  ends tls=prog hello # by an exec of another program
  assert_equal "$(cat "$log")" ''
  for name in $'prog\nforged' "$(printf 'prog%.0s' {1..16})"; do
    ends "tls=$name"
    assert_equal "$(cat "$log")" ''
  done
}

@test "hub: who says nothing is closed, and nobody waits for that" {
  start_client silent=300 hold read=1 "wait=$go"
  wait_until said '1: 1000 bytes, end'
  wait_until bash -c '(($(find "/proc/$0/fd" -type l | wc -l) < 20))' "$hub"
}

# In a mailbox that is not taken, a line is not read; nor is it held open.
@test "hub: a mailbox that is none is dropped, and the next one is taken" {
  local what
  client mailbox=fine put=first # or the others prove nothing
  wait_until logged first
  for what in small large unsealed final file none; do
    start_client "mailbox=$what" put=forged "line=$what" mailbox=fine "put=good $what" "wait=$go"
    wait_until logged "good $what"
    assert_equal "$(hub_holds | grep -vcxF "$log")" 1
    touch "$go"
    wait_until has_ended "$hub"
    rm "$go"
    wait_program
  done
  refute logged forged
}

@test "hub: a mailbox: its lines are in the log, in their order" {
  client mailbox=fine put=1 put=2 put=3 "put=$(printf '%3000s' long)"
  wait_until logged long
  assert_equal "$(cut -c 1 "$log" | xargs)" '1 2 3'
}

@test "hub: what is in a mailbox is believed as little as a LINE" {
  start_client mailbox=fine slots=4000 freed put=$'a\nforged' put=$'a\e[2J' put=good mailbox=fine slots=4294967295 freed "wait=$go.2"
  wait_until logged good
  touch "$go.2"
  wait_program
  wait_until has_ended "$hub"
  assert_equal "$(<"$log")" good
}

@test "hub: a mailbox in which all are writing, or are dead by now, costs its lines and nobody else's" {
  start_client mailbox=fine slots=1 put=lost mailbox=fine put=other "wait=$go"
  wait_until logged other
  assert said full
  touch "$go"
  wait_program
  wait_until has_ended "$hub"
  assert_equal "$(<"$log")" other
}

@test "hub: a mailbox that it cannot free is dropped, not read again and again" {
  start_client mailbox=fine future put=once "wait=$go" put=never "wait=$go.2"
  wait_until logged once
  wait_until holds_no mailbox
  touch "$go" "$go.2"
  wait_program
  wait_until has_ended "$hub"
  assert_equal "$(<"$log")" once
}

@test "hub: a process has four mailboxes at most" {
  start_client mailbox=fine mailbox=fine mailbox=fine mailbox=fine mailbox=fine line=here "wait=$go"
  wait_until logged here
  assert_equal "$(hub_holds | grep -c mailbox)" 4
  touch "$go"
  wait_program
}

@test "hub: a process that it does not know, but whose mailbox it has, is waited for" {
  start_client mailbox=fine "raw=wait=$go"
  wait_program
  sleep 1 # longer than its grace: what must not happen has had its time
  refute has_ended "$hub"
  touch "$go"
  wait_until has_ended "$hub"
  rm "$go"
  start_client "raw=wait=$go" # without one it is not, or the above proves nothing
  wait_program
  wait_until has_ended "$hub"
}

@test "hub: a mailbox that somebody has open, and nobody mapped, keeps it from nothing" {
  start_client mailbox=fine put=last "raw=unmapped=$go"
  wait_program
  wait_until has_ended "$hub"
  assert_equal "$(<"$log")" last
  touch "$go"
}

@test "hub: its filter refuses what it must not do" {
  run "$BUILD/tests/programs/check_hub_filter"
  ((status != 77)) || skip "no filter on this machine"
  assert_output 'filter works'
}

# --- what it must not be ---

@test "hub: no capability, no new privilege, a filter, a session and a name of its own" {
  start_client "wait=$go"
  run cat "/proc/$hub/status"
  assert_line --regexp '^Name:.tlsbye-hub$'
  assert_line --regexp '^CapPrm:.0+$'
  assert_line --regexp '^CapEff:.0+$'
  assert_line --regexp '^CapInh:.0+$'
  assert_line --regexp '^NoNewPrivs:.1$'
  ! "$BUILD/tests/programs/check_hub_filter" >/dev/null || assert_line --regexp '^Seccomp:.2$'
  assert_equal "$(ps -o sid= -p "$hub" | tr -d ' ')" "$hub"
  assert_equal "$(tr -d '\0' <"/proc/$hub/cmdline")" tlsbye-hub
  assert_equal "$(readlink "/proc/$hub/cwd")" /
  run pgrep -f "$CLIENT"
  refute_line "$hub"
}

@test "hub: nothing of the program's is open in it; stderr only while a line for it is to come, and once" {
  start_client stderr=1 idle=60000 total=60000 hold hold hold "line=held" read=1 read=2 read=3 "wait=$go" close=1 close=2 close=3 await "wait=$go.2"
  wait_until logged held
  wait_until holds_open "$program_err"
  assert_equal "$(hub_holds)" "$(printf '%s\n' "$log" "$program_err" | sort)"
  touch "$go"
  wait_until holds_no "$program_err"
  assert_equal "$(hub_holds)" "$log"
  assert_equal "$(grep -c 'peer: FIN$' "$program_err")" 6
  touch "$go.2"
}

@test "hub: a stderr that takes nothing does not stop it" {
  mkfifo "$BATS_TEST_TMPDIR/full"
  exec 7<>"$BATS_TEST_TMPDIR/full"
  dd if=/dev/zero of="$BATS_TEST_TMPDIR/full" bs=4096 oflag=nonblock 2>/dev/null || true
  run timeout "$judge_timeout" "$TLSBYE" run -- "$CLIENT" stderr=1 hold read=1 close=1 await 2>&7 7>&-
  exec 7>&-
  assert_success
}

# A debugger waits for all children, by __WALL; the first process of a pid namespace adopts whoever is orphaned in it.
waits_in_vain() {
  run --separate-stderr timeout -s KILL 20 "$@" "$TLSBYE" run -- python3 -c '
import os
assert "TLSBYE_HUB" in os.environ
flags = 0 if os.getpid() == 1 else 0x40000000
try:
    print(os.waitpid(-1, flags))
except ChildProcessError:
    print("none")'
  assert_output none
}

@test "hub: wait() does not see it" {
  waits_in_vain env
  ((EUID == 0)) || skip "only root can make a pid namespace of its own"
  waits_in_vain unshare --pid --fork
}

# A service manager sends SIGTERM to all of a service at once: the program has still to let go of its connections.
@test "hub: after SIGTERM its drains, and those that still come, have AT_EXIT" {
  export TLSBYE_AT_EXIT=1m
  start_client idle=60000 total=60000 hold "line=held" "wait=$go" hold
  wait_until logged held
  kill -TERM "$hub"
  client line=other # another hub: this one was not disturbed by it
  refute has_ended "$hub"
  kill -TERM "$hub" # for the second time
  wait_until has_ended "$hub"
  touch "$go"
  wait_until said 'not sent'
}

@test "hub: no signal but SIGTERM ends it, and that one ends its drains with a word" {
  local signal
  export TLSBYE_AT_EXIT=100ms
  start_client idle=60000 total=60000 hold "line=held" "wait=$go" hold
  wait_until logged held
  for signal in HUP INT QUIT TSTP USR1 USR2 ALRM PIPE 32 33 40; do
    kill "-$signal" "$hub"
  done
  client line=other # another hub: this one was not disturbed by it
  refute has_ended "$hub"
  kill -TERM "$hub"
  wait_until has_ended "$hub"
  assert_equal "$(log_lines 'still open when the')" 2
  touch "$go"
  wait_until said 'not sent'
}

@test "hub: it lives as long as anybody of the tree, and no longer" {
  start_client "child=wait=$go"
  wait_program
  assert_equal "$program_status" 0
  refute has_ended "$hub" # the child has not said a word
  touch "$go"
  wait_until has_ended "$hub"
  assert_equal "$(find "$TMPDIR" -maxdepth 1 -name 'tlsbye-*')" ''
}

@test "hub: a tree whose processes have said hello is waited for" {
  note_command tlsbye run sh -c ...
  timeout "$judge_timeout" "$TLSBYE" run -- sh -c '"$CLIENT" hub hello "wait=$0" hold read=1 & ' "$go" >"$program_log" 2>&1 3>&-
  find_hub
  sleep 1 # longer than its grace: what must not happen has had its time
  refute has_ended "$hub"
  touch "$go"
  wait_until said '1: 1000 bytes, end'
  wait_until has_ended "$hub"
}

@test "hub: where the program cannot be run, it goes as well" {
  printf '#!/no/such/interpreter\n' >"$BATS_TEST_TMPDIR/script"
  chmod +x "$BATS_TEST_TMPDIR/script"
  run "$TLSBYE" run -- "$BATS_TEST_TMPDIR/script"
  assert_failure 126
  wait_until bash -c '! compgen -G "$TMPDIR/tlsbye-*"'
}

@test "hub: a stopped one keeps nobody waiting, and makes good when it goes on" {
  start_client "wait=$go" many=5000 line=here "wait=$go.2"
  kill -STOP "$hub"
  touch "$go"
  wait_until grep -q '^many:' "$program_log"
  run cat "$program_log"
  assert_line --regexp '^many: [45][0-9]{3} sent, blocked 0$'
  kill -CONT "$hub"
  wait_until bash -c '(($(grep -c ": half-closed by tlsbye" "$0") == $1))' "$log" "$(awk '/^many:/ { print $2 }' "$program_log")"
  touch "$go.2"
}

@test "hub: a killed one keeps nobody waiting" {
  start_client "wait=$go" hold read=1
  kill -KILL "$hub"
  wait_until has_ended "$hub"
  touch "$go"
  wait_program
  assert said 'not sent'
  assert said '1: 1000 bytes, end'
}

@test "hub: the log file is followed when it was rotated away" {
  start_client line=one "wait=$go" line=two "wait=$go.2" line=three
  wait_until logged one
  mv "$log" "$log.1"
  touch "$go"
  wait_until logged two
  assert_equal "$(<"$log.1")" one
  rm -r "$log"
  mkdir "$log" # no file can be there: the old one is better than none
  touch "$go.2"
  wait_program
  wait_until has_ended "$hub"
  rmdir "$log"
}

@test "hub: a tree of fifty processes, each with a hold" {
  note_command tlsbye run sh -c ...
  run --separate-stderr timeout "$judge_timeout" "$TLSBYE" run --log="$log" -- sh -c '
    for i in $(seq 50); do "$CLIENT" hello hold read=1 close=1 bye & done; wait'
  assert_success
  assert_equal "$(grep -cx '1: 1000 bytes, end' <<<"$output")" 50
  wait_until bash -c '(($(grep -c "drained 0 bytes in .*peer: FIN$" "$0") == 100))' "$log"
}

@test "hub: 10,000 held sockets are at most 10 MB" {
  [[ -n ${TESTS_FULL:-} ]] || skip "long: tests/run --full"
  (($(ulimit -Hn) >= 10500)) || skip "not so many descriptors"
  start_client level=3 idle=600000 total=600000 many=10000 line=all "wait=$go"
  wait_until logged all
  run awk '/^VmRSS:/ { print $2 }' "/proc/$hub/status"
  echo "# $output KB" >&3
  ((output <= 10240))
}
