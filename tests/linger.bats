#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The drain, what comes of it, and the task that does it where there is no hub: the object's own code, without the object.

load lib/project

PROGRAMS=$BUILD/tests/programs

# The objects of which a task's code is made.
task_objects() {
  find "$BUILD/src/libtlsbye" -path '*/.libs/libtask_la-*.o'
}

in_a_task() {
  run timeout 60 "$PROGRAMS/check_clone" "$1"
  assert_output ""
  assert_success
}

@test "drain: FIN, reset, residue, limits, on TCP and AF_UNIX" {
  run timeout 120 "$PROGRAMS/check_drain"
  assert_output --regexp '^[0-9]+ cases, 0 failures$'
  assert_success
}

@test "hold: verdicts, and which lines are told" {
  run "$PROGRAMS/check_hold"
  assert_output "0 failures"
  assert_success
}

@test "task: no thread-local storage, no canary, no lazy binding" {
  mapfile -t objects < <(task_objects)
  [[ ${#objects[@]} -gt 10 ]]
  run nm --undefined-only "${objects[@]}"
  assert_success
  refute_output --regexp '__stack_chk_|__tls_get_addr|__errno_location|__[at]san_|__ubsan_'
  # A call through the PLT is bound when it is first made: what is not defined here is called by the table of addresses.
  run bash -c '
    defined=$(nm --defined-only "$@" | awk "NF == 3 { print \$3 }" | sort -u)
    readelf -rW "$@" | grep -E "PLT32|TPOFF|TLS|_CALL26|_JUMP26" | awk "{ print \$5 }" | sort -u |
      grep -vxF "$defined"' task "${objects[@]}"
  assert_output ""
  [[ $(uname -m) == x86_64 ]] || return 0
  run bash -c 'objdump -d --no-show-raw-insn "$@" | grep -cE "syscall"' task "${objects[@]}"
  refute_output 0 # it is code that was looked at
  run bash -c 'objdump -d --no-show-raw-insn "$@" | grep -E "%fs:|%gs:"' task "${objects[@]}"
  assert_output ""
}

@test "task: 64 at once; wait() sees none; no descriptor and no thread is left; the next one waits for them" {
  in_a_task many
}

@test "task: a child of the program's is waited for by the program alone" {
  in_a_task our_children_alone
}

@test "task: the peer gets all when the host exits at once" {
  in_a_task after_exit
}

@test "task: the peer gets all when the host becomes another program at once" {
  in_a_task after_exec
}

@test "task: the peer gets all when the host is killed at once" {
  in_a_task after_kill
}

@test "task: no more at once than the limit" {
  in_a_task at_most
}

@test "task: the child of a fork begins with none" {
  in_a_task child_of_a_fork
}

@test "task: where there can be none, nothing happens (RLIMIT_NPROC)" {
  [[ $(id -u) == 0 ]] || skip "needs to become another user"
  in_a_task refused
}

@test "task: SIGTERM ends it, no other signal does, and no handler of the host's runs in it" {
  in_a_task signals
  in_a_task handlers
}

@test "task: it has the socket alone, and no system call but a drain's" {
  in_a_task rights
}

@test "task: its events go to a descriptor or to a file" {
  in_a_task events
}

@test "task: what was to follow and does not, does not keep the FIN back" {
  in_a_task nothing_follows
}
