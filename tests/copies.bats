#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1, P3, P7: copies of a descriptor that libc's dup() did not make: by the raw system call, by a message (SCM_RIGHTS), by
# pidfd_getfd(2). The close of the first number is not the end; what may be in another process's hands is neither told that all is said
# nor half-closed.
#
# shellcheck disable=SC2034,SC2154  # connections and reads_log are read, program_err set, in lib/judge.bash

load lib/judge

good=(tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' plain=0 late=0)
silent=(tls=none tcp=fin whole=yes content=right plain=0 late=0)

# The reply is 64 KB by the first number and 64 KB by the copy.
goes_on() {
  connections=4
  judge_server "$1" server_sends_copies --mode "$2" --read 2K --write 64K -- --parallel 4 --send 1K --expect 128K "${@:3}"
}

for_each() {
  local how=$1 mode
  for mode in "${@:2}"; do
    "$how" "$mode"
  done
}

by_system_call=(raw-dup raw-dup3 raw-fcntl raw-close)
by_message=(message messages raw-message raw-messages late peeked)

loses_bare() {
  goes_on bare "$1" --trail 20K
  assert_total close_notify=0 rst=4
}

whole_bare() {
  goes_on bare "$1"
  assert_verdict "${silent[@]}"
}

cured() {
  goes_on cured "$1" --trail 20K
  assert_verdict "${good[@]}"
}

@test "bare: a server that goes on over such a copy, and closes that, resets; with nothing unread all arrives" {
  for_each loses_bare raw-dup message late
  for_each whole_bare raw-dup message late
}

@test "P1: copies and closes by syscall(2): goodbye is said for the last, and not before" {
  both for_each cured "${by_system_call[@]}"
}

@test "P1: a message to itself (sendmsg, sendmmsg, syscall; received after the close; looked at before): likewise" {
  both for_each cured "${by_message[@]}"
}

has_pidfd_getfd() {
  python3 -c 'import ctypes, os, sys
libc = ctypes.CDLL(None)
pidfd = libc.syscall(434, os.getpid(), 0)
sys.exit(libc.syscall(438, pidfd, 0, 0) < 0)'
}

@test "P1: pidfd_getfd, libc's and by syscall(2): likewise" {
  has_pidfd_getfd || skip "pidfd_getfd() is refused here"
  both for_each cured pidfd raw-pidfd
}

@test "P7: the SSL goes on in a child, over a copy that came by a message: the child is its owner, and says goodbye" {
  both for_each cured forked
}

@test "P3: a copy that another process had, and may have: silent, and no FIN of ours" {
  TLSBYE_LOG_LEVEL=debug goes_on cured back
  assert_verdict "${silent[@]}"
  assert_program open=y
  assert_event 'no close_notify (a copy of the socket was sent away, and the connection may go on there)'
}

@test "P3: freed and closed while another process holds the copy: it can go on" {
  connections=2
  held() {
    judge_server cured server_sends_copies --mode "$1" --read 2K --write 64K -- --send 1K --expect 64K
    assert_verdict "${silent[@]}"
  }
  TLSBYE_LOG_LEVEL=debug held holder
  assert_program open=y
  refute_event 'half-closed'
  connections=1
  held exit
}

@test "P11: a connection that goes on after the close of its last known number is told of once, at its end" {
  reads_log=yes
  TLSBYE_LOG_FORMAT=json goes_on cured late
  assert_verdict "${good[@]}"
  assert_equal "$(grep -c '"event":"end"' "$program_err")" 4
}

child_late() {
  judge_server "$1" server_sends_copies --mode child-late --read 2K --write 64K -- --send 1K --expect 128K
  assert_verdict bytes=131072 content=right
  assert_total bad=0 late=0
}

# The child has used the next sequence number; that its copy was away at its close must not make the parent the owner.
@test "P7: a child sends its copy to itself, closes, goes on: the parent is silent" {
  both child_late bare
  both child_late cured
}
