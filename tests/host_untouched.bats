#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9: nothing of ours lives in the host. Whoever looks from inside (threads, descriptors, wait) or from outside (its
# pipes, group and session, pidof, pgrep, start-stop-daemon) sees what he sees bare; and what was handed over outlives
# the host, even its death by SIGKILL. What holds it is found by /proc, not by words of the log (lib/hub.bash).
#
# shellcheck disable=SC2030,SC2031  # a test's variables are its own
# shellcheck disable=SC2034,SC2154  # what lib/*.bash read and set
# shellcheck disable=SC2016         # inner shells expand

load lib/project
load lib/judge
load lib/hub

# --- from inside ---

# sees bare|cured FILE: what the host sees with connections open, and when they have been let go.
sees() {
  connections=3
  start_held_judge --expect 64K
  start_host "$1"
  : >"$2"
  tell look
  echo "before: $reply" >>"$2"
  tell connect 3
  tell write 65536
  tell look
  echo "open: $reply" >>"$2"
  hold_peer
  tell release
  tell look
  echo "released: $reply" >>"$2"
  let_peer_go
  finish
}

@test "P9: a host with one thread has one, and its own descriptors alone, with drains under way as well" {
  alike() {
    sees bare "$BATS_TEST_TMPDIR/bare"
    sees cured "$BATS_TEST_TMPDIR/cured"
    assert_verdict "${whole[@]}"
    assert_equal "$(<"$BATS_TEST_TMPDIR/cured")" "$(<"$BATS_TEST_TMPDIR/bare")"
    [[ $(grep -c 'threads=1 ' "$BATS_TEST_TMPDIR/cured") -eq 3 ]]
  }
  both alike
}

# waits bare|cured: children of its own, and none of ours, among what wait() finds.
waits() {
  connections=6
  start_held_judge --expect 64K
  start_host "$1" client_by_command --write 64K
  tell connect 1
  tell write 65536
  tell release
  tell children 5
  assert_reply 'children 5 failed=0'
  tell wait
  assert_reply 'waited 0 errno=ECHILD'
  finish
}

@test "P9: a loop of wait() ends when the host's own children have ended, with the hub still there" {
  waits bare
  waits cured
  assert_verdict "${whole[@]}"
}

@test "P9: a loop of wait() ends while the peer holds what lingers" {
  local way
  for way in '' clone; do
    [[ -z $way ]] || export TLSBYE_WAYS=$way
    connections=1
    start_held_judge --expect 64K
    start_host cured
    tell connect 1
    tell write 65536
    hold_peer
    tell release
    tell wait
    assert_reply 'waited 0 errno=ECHILD'
    finish
    assert_verdict "${whole[@]}"
  done
}

@test "P9: likewise as PID 1 of a name space of its own" {
  unshare -pf true 2>/dev/null || skip "unshare -pf is not permitted"
  local how
  for how in bare cured; do
    wrapper=(unshare -pf --kill-child)
    waits "$how"
  done
  assert_verdict "${whole[@]}"
}

# Python says that a fork() beside threads is deprecated since 3.12.
@test "P9: a Python that speaks TLS forks without a DeprecationWarning" {
  local python=''
  for python in /usr/bin/python3.{12,13,14,15} /usr/bin/python3 ''; do
    [[ -n $python ]] || skip "no Python 3.12 or newer"
    [[ -x $python ]] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' && break
  done
  cat >"$BATS_TEST_TMPDIR/forks.py" <<'PYTHON'
import os, socket, ssl, sys
context = ssl._create_unverified_context()
stream = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))))
stream.sendall(b"x" * 65536)
stream.close()
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
PYTHON
  start_held_judge --expect 64K --expect-any
  start_host cured "$python" -W error::DeprecationWarning "$BATS_TEST_TMPDIR/forks.py"
  wait_program
  assert_status
  wait_judge
  assert_verdict "${whole[@]}"
}

# --- its pipes: who reads them reads until the last holder has closed ---

# shell bare|cured SCRIPT ARG...: bash runs SCRIPT, where "$@" is the client with its arguments.
shell() {
  local how=$1 script=$2
  shift 2
  program_command "$how" client_by_command --port "$port" --tls "$tls" "$@"
  run timeout 30 bash -c "$script" bash "${program_command[@]}" 3>&-
}

substitution='x=$(printf "%s\n" "connect 1" "write 65536" release "$LAST" | "$@" 2>&1); echo "$x"'
pipeline='printf "%s\n" "connect 1" "write 65536" release "$LAST" | "$@" 2>&1 | cat'

@test "P9: \$(tlsbye run PROGRAM 2>&1) and tlsbye run PROGRAM | cat end when PROGRAM does" {
  local how script
  export LAST='exit 0'
  for script in "$substitution" "$pipeline"; do
    for how in bare cured; do
      start_held_judge --expect 64K
      shell "$how" "$script"
      assert_success
      assert_line --partial released
      wait_judge
    done
    assert_verdict "${whole[@]}"
  done
}

@test "P9: likewise where PROGRAM becomes a daemon, which goes on" {
  local how script daemon
  export LAST=daemonize
  for script in "$substitution" "$pipeline"; do
    for how in bare cured; do
      start_held_judge --expect 64K
      shell "$how" "$script"
      assert_success
      daemon=$(sed -n 's/^daemon //p' <<<"$output")
      [[ -n $daemon ]] || fail_showing "no daemon: $output"
      extras+=("$daemon")
      ! gone "$daemon" || fail_showing "the daemon has ended"
      kill -KILL "$daemon"
      wait_judge
    done
    assert_verdict "${whole[@]}"
  done
}

@test "P9: likewise with a peer that never ends, when the drain has" {
  local how script
  export LAST='exit 0' TLSBYE_LINGER_IDLE=1s
  for script in "$substitution" "$pipeline"; do
    start_held_judge --expect 64K --end never
    shell cured "$script"
    assert_success
    assert_line --partial released
    ! gone "$judge_pid" || fail_showing "the peer has ended"
    kill -KILL "$judge_pid"
    judge_pid=''
  done
}

# --- its group, session and names ---

# The pid, the group, the session: fields 1, 5 and 6 of stat(5).
numbers_of() {
  sed -E 's/ \(.*\)//' "/proc/$1/stat" | cut -d ' ' -f "$2"
}

@test "P9: the hub has a name, a group, a session and a command line of its own" {
  start_held_judge --expect 64K
  start_host cured
  tell connect 1
  find_hub
  assert_equal "$(<"/proc/$hub/comm")" tlsbye-hub
  [[ $(numbers_of "$hub" 4) != $(numbers_of "$program_pid" 4) ]] || fail_showing "the program's group"
  [[ $(numbers_of "$hub" 5) != $(numbers_of "$program_pid" 5) ]] || fail_showing "the program's session"
  run tr -d '\0' <"/proc/$hub/cmdline"
  assert_output tlsbye-hub
  tell write 65536
  tell release
  finish
  assert_verdict "${whole[@]}"
}

@test "P9: the hub keeps none of the program's pipes, files and folders" {
  start_held_judge --expect 64K
  start_host cured
  tell connect 1
  find_hub
  run find "/proc/$hub/fd" -type l -printf '%l\n'
  refute_output --partial "$BATS_TEST_TMPDIR"
  refute_output --partial pipe:
  run readlink "/proc/$hub/cwd"
  assert_output /
  tell write 65536
  tell release
  finish
}

# In the background a shell has SIGINT ignored, and whoever it starts inherits that.
@test "P9: ^C that the program survives does not end the hub, nor what it holds" {
  start_held_judge --expect 64K
  wrapper=(setsid env --default-signal=INT)
  start_host cured
  tell ignore
  tell connect 1
  tell write 65536
  find_hub
  hold_peer
  tell release
  assert_way hub 1
  kill -INT -- "-$program_pid"
  tell look # it has survived
  ! gone "$hub" || fail_showing "the hub has ended"
  assert_way hub 1
  finish
  assert_verdict "${whole[@]}"
}

@test "P9: the hub does not outlive its tree where it holds nothing" {
  start_held_judge --expect 64K
  start_host cured
  tell connect 1
  tell write 65536
  find_hub
  tell release
  finish
  wait_until gone "$hub"
}

@test "P9: the hub does not outlive its tree where nothing was ever handed over" {
  start_held_judge --expect 64K
  start_host cured
  tell look
  find_hub
  order exit 0
  wait_program
  wait_until gone "$hub"
}

@test "P9: the hub goes on while a child of the tree lives, and not longer" {
  export LAST=daemonize
  start_held_judge --expect 64K
  shell cured "$substitution"
  local daemon
  daemon=$(sed -n 's/^daemon //p' <<<"$output")
  extras+=("$daemon")
  wait_judge
  assert_verdict "${whole[@]}"
  hub=$(awk -v name=TLSBYE_HUB -v RS='\0' -F = '$1 == name' "/proc/$daemon/environ" | grep -oE '[0-9]+' |
    while read -r pid; do [[ $(cat "/proc/$pid/comm" 2>/dev/null) == tlsbye-hub ]] && echo "$pid"; done | head -n 1)
  [[ -n $hub ]] || fail_showing "no hub of the daemon"
  ! gone "$hub" || fail_showing "the hub has ended"
  kill -KILL "$daemon"
  wait_until gone "$hub"
}

@test "P9: pidof, pgrep -f and start-stop-daemon find the program, and nothing when it has ended though its hub holds" {
  local path=$BUILD/tests/programs/client_by_command
  command -v start-stop-daemon >/dev/null || skip "start-stop-daemon is not installed"
  ! pidof client_by_command >/dev/null || skip "another client_by_command runs on this machine"
  start_held_judge --expect 64K
  start_host cured
  tell connect 1
  tell write 65536
  find_hub
  assert_equal "$(pidof client_by_command)" "$program_pid"
  assert_equal "$(pidof "$path")" "$program_pid"
  assert_equal "$(pgrep -f "$path")" "$program_pid"
  run start-stop-daemon --status --exec "$path"
  assert_success
  hold_peer
  tell release
  assert_way hub 1
  order exit 0
  wait_program
  ! gone "$hub" || fail_showing "the hub has ended, and holds nothing"
  run pidof client_by_command
  assert_failure
  run pidof "$path"
  assert_failure
  run pgrep -f "$path"
  assert_failure
  run start-stop-daemon --status --exec "$path"
  assert_failure 3
  let_peer_go
  wait_judge
  assert_verdict "${whole[@]}"
}

# --- the end of the host ---

# killed bare|cured: SIGKILL right behind the close, with the peer stopped.
killed() {
  start_held_judge --expect 1M --rcvbuf 4K "${@:2}"
  start_host "$1"
  tell connect 1
  tell write 1048576
  hold_peer
  tell release
  kill -KILL "$program_pid"
  wait "$program_pid" 2>/dev/null || true
  program_pid=''
  let_peer_go
  wait_judge
}

@test "bare: SIGKILL behind the close: the data was lost before" {
  killed bare --chunk 1K --chunk-pause 20 # most of it is unread when it is stopped
  assert_verdict tcp=rst whole=no
}

@test "P1: SIGKILL of the host right behind the close: every byte, close_notify, FIN" {
  both killed cured
  assert_verdict "${whole[@]}"
}

@test "P1: likewise by the clone alone" {
  export TLSBYE_WAYS=clone
  both killed cured
  assert_verdict "${whole[@]}"
}

# The peer holds what lingers, and the host has ended all the same. In 90 seconds the judge ends it, in 120 the alarm.
@test "P2: the host ends at once with its peers still there, and all the peers get all" {
  local way
  for way in '' clone; do
    [[ -z $way ]] || export TLSBYE_WAYS=$way
    connections=3
    start_held_judge --expect 64K
    start_host cured
    tell connect 3
    tell write 65536
    hold_peer
    order exit 0
    wait_until gone "$program_pid"
    finish
    assert_verdict "${whole[@]}"
  done
}

# authbind, socket_wrapper and torsocks are such objects.
@test "P9: another preloaded object that hooks bind and listen, behind ours or before, is called" {
  local order hook=$BATS_TEST_TMPDIR/hook.so file=$BATS_TEST_TMPDIR/port
  printf '%s\n' '#define _GNU_SOURCE' '#include <dlfcn.h>' '#include <unistd.h>' \
    'int bind(int fd, const void *to, unsigned size) { int (*next)(int, const void *, unsigned); *(void **)&next = dlsym(RTLD_NEXT, "bind");' \
    'return write(2, "bind seen\n", 10) == 10 ? next(fd, to, size) : -1; }' \
    'int listen(int fd, int backlog) { int (*next)(int, int); *(void **)&next = dlsym(RTLD_NEXT, "listen");' \
    'return write(2, "listen seen\n", 12) == 12 ? next(fd, backlog) : -1; }' >"$BATS_TEST_TMPDIR/hook.c"
  "${CC:-cc}" -shared -fPIC -o "$hook" "$BATS_TEST_TMPDIR/hook.c" -ldl
  for order in "$OBJECT:$hook" "$hook:$OBJECT"; do
    run -0 env LD_PRELOAD="$order" "$BUILD/tests/programs/server_free_then_close" --port-file "$file" --connections 0
    assert_output --partial "bind seen"
    assert_output --partial "listen seen"
  done
}
