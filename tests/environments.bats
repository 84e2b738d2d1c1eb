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
  connections=2 want=cured tls=1.3
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
  both_times 'pids.max 1' "pids:$(own_cgroup)"
}

@test "P9: RLIMIT_NOFILE 0" {
  connections=1 # accept() fails from there on
  compare 'RLIMIT_NOFILE 0' later nofile
}

@test "P9: RLIMIT_AS" {
  compare 'RLIMIT_AS, 1 MB more' later as
}

@test "P9: RLIMIT_FSIZE 0, with a log file" {
  both_times 'RLIMIT_FSIZE 0' fsize
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
