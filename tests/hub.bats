#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=alone
#
# The hub under bad treatment: stopped, killed, impersonated, unknown to a child, flooded, sent garbage. What may never
# happen: a close that blocks, a socket that goes to somebody else, a hub that dies of what it is sent, a token in a log.
# Where the hub cannot be had, the next way has to do: a clone of the host (TLSBYE_WAYS names the ways, for tests).
#
# shellcheck disable=SC2030,SC2031  # a test's variables are its own
# shellcheck disable=SC2034,SC2154  # what lib/*.bash read and set
# shellcheck disable=SC2016,SC2317  # inner shells expand; called by both

load lib/project
load lib/judge
load lib/hub

hub_messages=("${PYTHON:-/usr/bin/python3}" "$ROOT/tests/lib/hub_messages.py")

# opened N [JUDGE ARG...]: N connections of a host under tlsbye, each with 64 KB written.
opened() {
  connections=$1
  start_held_judge --expect 64K "${@:2}"
  start_host cured
  tell connect "$connections"
  tell write 65536
  assert_reply "wrote $connections"
}

assert_no_close_blocked() {
  local longest=${reply#*longest_ms=}
  [[ $longest -lt 1000 ]] || fail_showing "a close took $longest ms"
}

# Whatever its words: which way was not to be had.
assert_line_about_hub() {
  grep -qiE '^tlsbye: .*\bhub\b' "$program_err" || fail_showing "no line about the hub"
}

# --- the ways, each alone ---

@test "bare: no hub, and the data of what is closed is lost" {
  connections=3
  start_held_judge --expect 64K --rcvbuf 4K
  start_host bare
  tell connect 3
  hold_peer
  tell write 65536 # which the peer's socket does not take, and ours does
  run ! hub_of "$program_pid"
  tell release
  finish
  assert_verdict tcp=rst whole=no
}

@test "the hub holds what was closed; the host holds nothing" {
  each() {
    opened 3
    find_hub
    hold_peer
    tell release
    assert_way hub 3
    assert_equal "$(held_by_clones)" 0
    finish
    assert_verdict "${whole[@]}"
  }
  both each
}

@test "without a hub a clone holds it, one for each; the host holds nothing" {
  each() {
    opened 3
    hold_peer
    tell release
    assert_no_close_blocked
    assert_way clone 3
    finish
    assert_verdict "${whole[@]}"
  }
  export TLSBYE_WAYS=clone
  both each
}

# LD_PRELOAD by hand, /etc/ld.so.preload, a unit's Environment=: nobody started a hub.
@test "LD_PRELOAD by hand: a clone holds it" {
  connections=2
  start_held_judge --expect 64K
  wrapper=(env "LD_PRELOAD=$OBJECT")
  start_host bare
  tell connect 2
  tell write 65536
  hold_peer
  tell release
  assert_way clone 2
  finish
  assert_verdict "${whole[@]}"
}

# valgrind ends a program that clones but for a thread or a fork.
@test "P9: LD_PRELOAD by hand under valgrind: no task, and the program lives" {
  command -v valgrind >/dev/null || skip "valgrind is not installed"
  wrapper=(env "LD_PRELOAD=$OBJECT" valgrind -q --tool=none --error-exitcode=9)
  judge_client bare client_write_only --write 64K -- --expect 64K
  assert_verdict tls=close_notify tcp=fin whole=yes
}

# Its promise is smaller: what the peer takes within the deadline.
@test "in place: a peer that takes everything gets everything; one that takes nothing holds no close up" {
  export TLSBYE_WAYS=in-place
  opened 3
  tell release
  finish
  assert_verdict "${whole[@]}"
  opened 3
  hold_peer
  tell release
  assert_no_close_blocked
  assert_equal "$(held_by "$program_pid") $(held_by_clones)" '0 0'
  finish
  refute_event 'out of memory'
}

# --- stopped, killed ---

@test "P2: a stopped hub: no close blocks, the host goes on and ends; every byte, close_notify, FIN" {
  stopped() {
    opened 20
    find_hub
    kill -STOP "$hub"
    tell release
    assert_reply 'released 20 .*'
    assert_no_close_blocked
    order exit 0
    wait_program
    assert_status
    kill -CONT "$hub"
    wait_judge
    assert_verdict "${whole[@]}"
  }
  both stopped
}

@test "a hub that was killed: what is closed later goes by the clone, and a line says so" {
  lost() {
    opened 3
    find_hub
    kill -KILL "$hub"
    wait_until gone "$hub"
    hold_peer
    tell release
    assert_no_close_blocked
    assert_way clone 3
    assert_line_about_hub
    finish
    assert_verdict "${whole[@]}"
  }
  both lost
}

@test "a hub that was killed costs what it held, and no more" {
  opened 5
  find_hub
  hold_peer
  tell release 2
  assert_way hub 2 3
  kill -KILL "$hub"
  wait_until gone "$hub"
  tell release
  assert_reply 'released 3 .*'
  assert_no_close_blocked
  assert_way clone 3
  finish
  assert_total 'whole>=3' 'close_notify>=3' 'fin>=3'
}

hub_folder() {
  tr '\0' '\n' <"/proc/$program_pid/environ" | sed -n 's/^TLSBYE_HUB=.*:\(\/.*\)$/\1/p'
}

# sockets that are bound and not listened to are those of a hub that begins at this moment.
@test "a hub that was killed leaves its folder: the next run removes it, and no other" {
  local dead live other=$BATS_TEST_TMPDIR/tlsbye-others begins=$BATS_TEST_TMPDIR/tlsbye-begins
  export TMPDIR=$BATS_TEST_TMPDIR
  mkdir "$other" "$begins" # names as long as ours
  touch "$other/hub"
  connections=1
  start_held_judge
  start_host cured
  tell connect 1
  find_hub
  dead=$(hub_folder)
  kill -KILL "$hub"
  wait_until gone "$hub"
  order exit 0
  wait_program
  assert_exists "$dead/hub"
  start_host cured
  find_hub
  live=$(hub_folder)
  assert_not_exists "$dead"
  "${PYTHON:-/usr/bin/python3}" -c '
import socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
subprocess.check_call(sys.argv[2:])' "$begins/hub" "$TLSBYE" run true
  assert_exists "$begins/hub"
  assert_exists "$live/hub"
  assert_exists "$other/hub"
  order exit 0
  wait_program
}

@test "SIGTERM ends the hub's drains early (AT_EXIT), and the hub with them" {
  export TLSBYE_AT_EXIT=100ms
  opened 2 --end never
  find_hub
  hold_peer
  tell release
  assert_way hub 2
  order exit 0
  wait_program
  kill -TERM "$hub"
  wait_until gone "$hub"
}

# --- somebody else ---

# Who takes the name of a hub that has gone: whatever comes is told, line by line.
impersonate() {
  "${hub_messages[@]}" impostor "$1" >"$BATS_TEST_TMPDIR/impostor" 2>&1 3>&- &
  extras+=("$!")
  wait_until grep -q listening "$BATS_TEST_TMPDIR/impostor"
}

assert_impostor_got_nothing() {
  ! grep -E 'fds=[1-9]' "$BATS_TEST_TMPDIR/impostor" || fail_showing "a socket was given away"
  ! grep -E 'bytes=[1-9]' "$BATS_TEST_TMPDIR/impostor" || fail_showing "a message, with its token, was given away"
}

@test "the hub's name taken by somebody else: no socket and no token is given away; the clone does it" {
  local name names
  opened 3
  find_hub
  names=$(hub_names "$hub")
  [[ -n $names ]] || fail_showing "the hub listens on no abstract name"
  kill -KILL "$hub"
  wait_until gone "$hub"
  while read -r name; do
    impersonate "$name"
  done <<<"$names"
  hold_peer
  tell release
  assert_no_close_blocked
  assert_way clone 3
  assert_impostor_got_nothing
  finish
  assert_verdict "${whole[@]}"
}

# TLSBYE_HUB has the hub's pid in it, as a number of its own: 1 is put in its place.
@test "another pid in TLSBYE_HUB: the hub that answers is not the one that was promised; the clone does it" {
  connections=2
  start_held_judge --expect 64K
  start_host cured bash -c '
    wrong=$(sed -E "s/^([0-9]+):([0-9]+):/\1:1\2:/" <<<"$TLSBYE_HUB")
    [[ $wrong != "$TLSBYE_HUB" ]] || echo "no pid in TLSBYE_HUB" >&2
    export TLSBYE_HUB=$wrong
    exec "$@"' bash "$BUILD/tests/programs/client_by_command"
  tell connect 2
  run grep 'no pid in' "$program_err"
  assert_failure
  tell write 65536
  find_hub
  hold_peer
  tell release
  assert_way clone 2
  finish
  assert_verdict "${whole[@]}"
}

@test "nonsense in TLSBYE_HUB: the clone does it" {
  local nonsense
  for nonsense in '' : ::: 'x' '/tmp' '-1' "$(printf 'a%.0s' {1..5000})" '99999999999999999999:tlsbye-0:0'; do
    connections=1
    start_held_judge --expect 64K
    start_host cured env "TLSBYE_HUB=$nonsense" "$BUILD/tests/programs/client_by_command"
    tell connect 1
    tell write 65536
    hold_peer
    tell release
    assert_way clone 1
    finish
    assert_verdict "${whole[@]}"
  done
}

# --- environments ---

@test "a program that wipes its own environment: the constructor has read it, and the hub does it" {
  opened 2
  find_hub
  tell clear
  hold_peer
  tell release
  assert_way hub 2
  finish
  assert_verdict "${whole[@]}"
}

@test "a child that is executed without the environment, the object still preloaded: the clone does it" {
  local wipe limits="TLSBYE_LINGER_IDLE=$TLSBYE_LINGER_IDLE TLSBYE_LINGER_TOTAL=$TLSBYE_LINGER_TOTAL" # as in lib/hub.bash
  for wipe in "env -i LD_PRELOAD=\$LD_PRELOAD $limits" 'env -u TLSBYE_HUB'; do
    connections=2
    start_held_judge --expect 64K
    start_host cured bash -c "exec $wipe \"\$@\"" bash "$BUILD/tests/programs/client_by_command"
    tell connect 2
    tell write 65536
    hold_peer
    tell release
    assert_way clone 2
    finish
    assert_verdict "${whole[@]}"
  done
}

# Words of TLSBYE_HUB that are no public name: 16 characters or more.
tokens() {
  local word
  tr '\0' '\n' <"/proc/$program_pid/environ" | sed -n 's/^TLSBYE_HUB=//p' | grep -oE '[0-9A-Za-z+=]{16,}' |
    while read -r word; do
      grep -qF -- "$word" /proc/net/unix || echo "$word"
    done
}

@test "the token stands in no log and in no command line" {
  local format token all=$BATS_TEST_TMPDIR/all
  export TLSBYE_LOG_LEVEL=debug TLSBYE_LOG=$BATS_TEST_TMPDIR/events
  : >"$all"
  for format in text json; do
    export TLSBYE_LOG_FORMAT=$format
    opened 3
    find_hub
    tokens >"$BATS_TEST_TMPDIR/tokens"
    [[ -s $BATS_TEST_TMPDIR/tokens ]] || fail_showing "no token in TLSBYE_HUB"
    cat "/proc/$hub/cmdline" "/proc/$program_pid/cmdline" >>"$all"
    tell release
    kill -KILL "$hub" # what is said of a hub that cannot be reached is said, too
    tell connect 0
    finish
    cat "$TLSBYE_LOG" "$program_err" "$program_log" >>"$all"
    [[ -s $TLSBYE_LOG ]] || fail_showing "nothing was logged"
    while read -r token; do
      ! grep -qaF -- "$token" "$all" || fail_showing "the token was told"
    done <"$BATS_TEST_TMPDIR/tokens"
  done
}

# --- many ---

many=500 tree=50
[[ -z ${TESTS_FULL:-} ]] || many=5000 tree=500

@test "$many hand-overs at once: the hub holds them all; every byte, close_notify, FIN" {
  ulimit -n $((many * 2 + 100)) || skip "not so many descriptors"
  export TLSBYE_LINGER_SOCKETS=8192 TLSBYE_LOG=off
  judge_timeout=240
  opened "$many"
  find_hub
  hold_peer
  tell release
  assert_reply "released $many .*"
  assert_no_close_blocked
  assert_way hub "$many"
  finish
  assert_verdict "${whole[@]}"
}

@test "$many hand-overs at once to a stopped hub: no close blocks; every byte, close_notify, FIN" {
  ulimit -n $((many * 2 + 100)) || skip "not so many descriptors"
  export TLSBYE_LINGER_SOCKETS=8192 TLSBYE_LOG=off
  opened "$many"
  find_hub
  kill -STOP "$hub"
  tell release
  assert_no_close_blocked
  kill -CONT "$hub"
  finish
  assert_verdict "${whole[@]}"
}

# More in flight than RLIMIT_NOFILE of one user: sendmsg() says ETOOMANYREFS, except to root.
@test "more descriptors in flight than a user may have: no close blocks; every byte, close_notify, FIN" {
  [[ $EUID -eq 0 ]] || skip "has to be started by root"
  connections=240
  start_held_judge --expect 4K
  local place
  place=$(mktemp -d -p "$BATS_TMPDIR")
  public_copy "$place" client_by_command
  wrapper=(setpriv "--reuid=$(id -u nobody)" --clear-groups bash -c 'ulimit -n 160 && exec "$@"' bash)
  TLSBYE_LOG=off BUILD=$place TLSBYE=$place/src/tlsbye/tlsbye start_host cured
  find_hub
  kill -STOP "$hub"
  local i
  for i in 1 2; do
    tell connect 120
    tell write 4096
    tell release
    assert_reply 'released 120 .*'
    assert_no_close_blocked
  done
  kill -CONT "$hub"
  finish
  rm -rf "$place"
  assert_verdict "${whole[@]}"
}

@test "a tree of $tree processes has one hub, which does it for all" {
  connections=$tree
  start_held_judge --expect 64K
  export TLSBYE_LOG=off
  start_host cured client_by_command --write 64K
  find_hub
  tell children "$tree"
  assert_reply "children $tree failed=0"
  hub_of "$program_pid" # one: two pids are no number
  finish
  assert_verdict "${whole[@]}"
  wait_until gone "$hub"
}

# --- messages ---

descriptors_of() {
  find "/proc/$1/fd" -type l | wc -l
}

has_descriptors() {
  [[ $(descriptors_of "$1") -eq $2 ]]
}

@test "garbage to the hub: it lives, keeps nothing of it, and goes on" {
  local name names before
  opened 2
  find_hub
  names=$(hub_names "$hub")
  [[ -n $names ]] || fail_showing "the hub listens on no abstract name"
  before=$(descriptors_of "$hub")
  while read -r name; do
    run timeout 60 "${hub_messages[@]}" garbage "$name"
    assert_success
  done <<<"$names"
  ! gone "$hub" || fail_showing "the hub has ended: $output"
  wait_until has_descriptors "$hub" "$before"
  hold_peer
  tell release
  assert_way hub 2
  finish
  assert_verdict "${whole[@]}"
}

@test "senders that connect to the hub and say nothing keep nobody else out" {
  local name
  opened 2
  find_hub
  name=$(hub_names "$hub" | head -n 1)
  "${hub_messages[@]}" silent "$name" 200 >"$BATS_TEST_TMPDIR/silent" 2>&1 3>&- &
  extras+=("$!")
  wait_until grep -q connected "$BATS_TEST_TMPDIR/silent"
  hold_peer
  tell release
  assert_no_close_blocked
  held() { (($(held_by "$hub") + $(held_by_clones) == 2)); }
  wait_until held
  finish
  assert_verdict "${whole[@]}"
}

# --- a process that cuts itself off: chroot, a network of its own, another user, no further process ---

# cuts_itself_off MODE: one connection, let go after that; its events are in $TLSBYE_LOG. At TLS 1.2: what is unread of 1.3
# resets, where the drain in place is over before the peer is.
cuts_itself_off() {
  local tls=1.2
  ((EUID == 0)) || skip "only root can cut itself off so"
  unshare -n true 2>/dev/null || skip "no network of its own may be made here"
  export TLSBYE_LOG=$BATS_TEST_TMPDIR/events TLSBYE_LOG_LEVEL=debug
  rm -f "$TLSBYE_LOG"
  start_held_judge --expect 1K
  start_program cured client_cuts_itself_off --mode "$1" --port "$port" --tls "$tls" --write 1024
  wait_program
  assert_status
  wait_judge
  assert_verdict tls=close_notify tcp=fin whole=yes
  assert_program descriptors=0 "errno=$(errno_of EXDEV)" "failed=$(errno_of ENOENT)"
  [[ $1 == killed ]] || await_hub
}

# Its BYE does not reach the hub any more.
@test "P12: a process that said TLS, cut itself off and came to its exit was not cut short" {
  cuts_itself_off chroot
  ! grep -qF "without a word" "$TLSBYE_LOG" || fail_showing "it is said to have been cut short"
}

errno_of() {
  "${PYTHON:-/usr/bin/python3}" -c "import errno; print(errno.$1)"
}

# told COUNT FILE: so often its end stands there.
told() {
  run grep -cE 'SSL_free, close without SSL_shutdown.*; peer: ' "$2"
  assert_output "$1"
}

@test "P11: by a raw chroot, which nobody sees, the events are lost (or the next ones prove nothing)" {
  cuts_itself_off raw
  told 0 "$TLSBYE_LOG"
}

@test "P11, P9: by chroot() in a network of its own: all events are in the log, no descriptor of ours is left" {
  cuts_itself_off chroot
  told 1 "$TLSBYE_LOG"
}

@test "P11: by unshare(), with the path gone: all events are in the log" {
  cuts_itself_off unshare
  told 1 "$TLSBYE_LOG"
}

@test "P11: where it may have a task, that one's events are in the log" {
  cuts_itself_off task
  told 1 "$TLSBYE_LOG"
}

@test "P11: a mailbox that no hub reads gets nothing: its events are on stderr" {
  cuts_itself_off killed
  told 1 "$program_err"
}

# ftruncate() past RLIMIT_FSIZE is SIGXFSZ, which ends a program.
@test "P5: where there may be no mailbox, chroot() does what it does bare" {
  wrapper=(prlimit --fsize=100000)
  cuts_itself_off chroot
  told 0 "$TLSBYE_LOG"
}
