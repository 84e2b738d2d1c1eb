#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9 in environments that forbid things: filters, limits, other users and roots, a daemon without its first descriptors. In each a
# server that loses its connections bare is run bare, under `tlsbye run` and with LD_PRELOAD by hand: what becomes of it is bare's or
# better, its events arrive, nothing blocks (lib/environments.bash). "start" is the environment of all, of `tlsbye run` and its hub as well;
# "later" is what a program does to itself after its first handshake. The table of outcomes is printed at the end: the status, and of
# so many connections what the peer saw.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # a test's variables are its own; lib/*.bash set and read some

load lib/project
load lib/judge
load lib/real
load lib/environments

setup_file() {
  make_environments
}

teardown_file() {
  print_environments
}

setup() {
  begin_test
  export TLSBYE_LOG=$BATS_TEST_TMPDIR/events TLSBYE_LOG_FORMAT=json TLSBYE_LOG_LEVEL=debug
  connections=2 tls=1.3 counted=''
}

teardown() {
  end_test
  remove_cgroup
}

# both_times LABEL ENVIRONMENT: from the start, and later.
both_times() {
  compare "$1" start "$2"
  compare "$1" later "$2"
}

@test "P9: no environment at all (or this file proves nothing)" {
  calls common system-service docker podman
  compare 'none' start no-new-privs
}

@test "P9: systemd's @system-service, which kills" {
  calls common system-service
  both_times '@system-service, kills' calls:kill
}

@test "P9: @system-service by SECCOMP_RET_TRAP, with a handler" {
  calls common system-service
  compare '@system-service, traps' later calls:trap
}

@test "P9: Docker's default profile" {
  calls common docker
  both_times 'docker' calls:eperm
}

@test "P9: containers-common's default profile" {
  calls common docker podman -podman-eperm
  both_times 'podman' calls:enosys
}

@test "P9: RestrictAddressFamilies= without AF_UNIX" {
  both_times 'no AF_UNIX' no-unix
}

@test "P9: RLIMIT_NPROC 0, as another user" {
  both_times 'RLIMIT_NPROC 0' nproc
}

@test "P9: pids.max of a cgroup" {
  own_cgroup
  both_times 'pids.max 1' "pids:$cgroup"
}

@test "P9: RLIMIT_NOFILE 0" {
  connections=1 # accept() fails from there on
  compare 'RLIMIT_NOFILE 0' later nofile
}

@test "P9: OpenSSH's sandbox by rlimits" {
  connections=1
  compare 'rlimits of sshd' later rlimits
}

# No hand-over, and so nothing to excuse a drain that ends before the peer does: poll() fails, select() waits.
@test "P1: LINGER=wait does wait under RLIMIT_NOFILE 0" {
  connections=1
  TLSBYE_LINGER='wait' compare 'rlimits, LINGER=wait' later rlimits
}

@test "P9: RLIMIT_AS" {
  compare 'RLIMIT_AS, 1 MB more' later as
}

@test "P9: RLIMIT_FSIZE 0, with a log file" {
  compare 'RLIMIT_FSIZE 0' later fsize
  counted=run # the hub has the limit, too
  compare 'RLIMIT_FSIZE 0' start fsize
}

@test "P11: RLIMIT_FSIZE 0: lines that the hub's file does not take are counted, and --report does not tell of no connection" {
  unset TLSBYE_LOG TLSBYE_LOG_FORMAT TLSBYE_LOG_LEVEL
  free_port
  {
    "$place/tests/programs/enters" fsize "$place/src/tlsbye/tlsbye" run --report -- "$place/tests/programs/server_in_environment" \
      --port "$port" --write 64K 2>&1 3>&- | cat >"$program_err"
  } 3>&- &
  program_pid=$!
  wait_until_listens "$port" "$program_pid"
  start_judge connect --tls "$tls" --limit 20 --send 100K --expect 64K "$port"
  wait_judge
  wait_program
  run cat "$program_err"
  assert_line --regexp '^tlsbye: [0-9]+ lines of the log are lost: '
  refute_output --partial "no TLS connection"
  refute_output --partial "Nothing wrong"
}

# The task has the host's limits: poll() fails there at once, each time.
@test "P9: RLIMIT_NOFILE 0: what waits for a slow peer does not spin" {
  connections=1
  free_port
  LD_PRELOAD=$place/src/libtlsbye/.libs/libtlsbye.so timeout 60 "$place/tests/programs/server_in_environment" --port "$port" \
    --write 64K --mode nofile 2>"$program_err" 3>&- &
  program_pid=$!
  wait_until_listens "$port" "$program_pid"
  start_judge connect --tls "$tls" --limit 20 --send 100K --expect 64K --end never "$port"
  wait_program
  wait_until find_task
  wait_until task_is_old 100
  local used
  used=$(task_field 14 15)
  kill "$judge_pid"
  [[ $used -lt 30 ]] || fail_showing "the task has used $used ticks of the processor in a second"
}

@test "P9: another user" {
  both_times 'another user' user
}

@test "P9: no capabilities, no new privileges" {
  compare 'no capabilities' later no-caps
  compare 'no_new_privs' later no-new-privs
}

@test "P9: chroot" {
  mkdir "$place/empty"
  compare 'chroot' later "chroot:$place/empty"
}

@test "P9: no /proc, no /dev, a read-only root" {
  both_times 'no /proc' no-proc
  both_times 'no /dev' no-dev
  both_times 'read-only /' read-only
}

@test "P9: 0 to 2 are sockets" {
  compare '0 to 2 re-used' later descriptors
}
