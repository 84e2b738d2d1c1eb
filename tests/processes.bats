#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P7: never a TLS record, a half-close or a drain from a process that does not own the connection. Whoever has put
# bytes on the wire since the fork owns it (forks.bats); who has put none stays silent, unless every other holder has let go.
# Two speakers would show as bad or late records at the judge.
#
# shellcheck disable=SC2034  # connections is read in lib/judge.bash

load lib/project
load lib/judge

connections=10
good=(tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' plain=0 late=0)

forks() {
  judge_server "$1" server_fork_child --mode "$2" --write 64K -- --parallel 4 --send 1K --trail 20K --expect 64K
}

# forks_bare MODE: what is unread resets, and nobody says goodbye.
forks_bare() {
  forks bare "$1"
  assert_total close_notify=0 rst=10 bad=0
}

forks_cured() {
  forks cured "$1"
  assert_verdict "${good[@]}"
  assert_total bad=0 late=0 rst=0
}

@test "bare: a forking server resets, whoever of the two serves" {
  both forks_bare child
  both forks_bare parent
  both forks_bare parent-exit
}

@test "P7: the child serves, the parent lets go at once: only the child says goodbye" {
  both forks_cured child
}

@test "P7: the parent serves, a child closes what it inherited: only the parent says goodbye" {
  both forks_cured parent
}

@test "P7: the parent serves, a child exits with what it inherited: only the parent says goodbye" {
  both forks_cured parent-exit
}

@test "P7: the parent serves, the child was killed: the parent has spoken, and says goodbye" {
  both forks_cured killed-parent
}

# Without the object's hub its fork handler comes with the first connection, and so runs before the program's.
@test "P7: a connection that begins in the middle of a fork is the parent's: the child's end of it ends nothing" {
  local mode
  connections=2
  wrapper=(env "LD_PRELOAD=$OBJECT")
  for mode in free close exit; do
    judge_client bare client_connects_in_fork --mode "$mode" --write 64K -- --parallel 2 --expect 64K
    assert_verdict "${good[@]}"
  done
}

helped() {
  connections=1
  judge_client cured client_fork_fails --mode "$1" --write 64K -- --expect 64K
  assert_verdict "${good[@]}"
  assert_total bad=0 late=0
}

@test "P1: a fork that fails leaves the connection to who has it" {
  helped ''
  helped ended
}

# The helper of before has keys that were used since: it stays silent for ever, and it stands in nobody's way.
@test "P7: who has spoken since a fork owns the connection after the next one, too; the helper of before never does" {
  helped both
  helped lives
}

@test "bare: all was said before the fork, and nobody says goodbye" {
  both forks_bare last
}

@test "P7: all was said before the fork: the last of the two to let go says goodbye" {
  both forks_cured last
}

@test "P7: a child that execs has let go: the last holder says goodbye" {
  both forks_cured last-exec
}

# The parent cannot know that the child is gone: in doubt it is silent, and says why.
@test "P7, P11: all was said before the fork, the child was killed: silence, and an event that says so" {
  killed() {
    TLSBYE_LOG_LEVEL=debug forks cured killed
    assert_verdict plain=0 late=0
    assert_total close_notify=0 bad=0
    assert_event 'no close_notify (another process may own the connection since a fork)'
  }
  both killed
}

vforks() {
  judge_server "$1" server_vfork --mode "$2" --write 64K -- --parallel 4 --send 1K --trail 20K --expect 64K
}

@test "bare: a server whose vfork child closes the connection resets" {
  vforks_bare() {
    vforks bare "$1"
    assert_total close_notify=0 rst=10
  }
  both vforks_bare exit
  both vforks_bare exec
  both vforks_bare clone
}

@test "P7: a vfork child closes in its parent's memory, and the parent's goodbye is whole" {
  vforks_cured() {
    vforks cured "$1"
    assert_verdict "${good[@]}"
    assert_total bad=0 late=0 rst=0
  }
  both vforks_cured exit
  both vforks_cured exec
  both vforks_cured clone
}

@test "P7: LINGER=wait keeps the same rules" {
  export TLSBYE_LINGER=wait
  both forks_cured child
  both forks_cured parent
  both forks_cured last
}

# --- a listener that is inherited, an SSL that is handed on ---

workers() {
  connections=$(($3 + 1))
  judge_server "$1" server_prefork --mode "$2" --rounds 4 --write 64K -- \
    --parallel 8 --send 1K --trail 20K --expect 64K
  assert_program failed=0
}

@test "bare: pre-forked workers reset" {
  workers_bare() {
    workers bare warm 40
    assert_total close_notify=0 rst=41
  }
  both workers_bare
}

@test "P1, P7: pre-forked workers, cold and behind a parent that has spoken TLS: each goodbye is whole, exit included" {
  workers_cured() {
    workers cured cold 39
    assert_verdict "${good[@]}"
    workers cured warm 40
    assert_verdict "${good[@]}"
  }
  both workers_cured
}

# handed HOW WORDS: server_handed_to_child tells which.
handed() {
  judge_server "$1" server_handed_to_child --mode "$2" --write 64K -- \
    --parallel 4 --send 1K --trail 20K --expect 64K
  assert_program child=0
}

@test "bare: an SSL that the parent made and the child serves: a reset, whoever goes last" {
  handed_bare() {
    local when
    for when in early midst late; do
      handed bare "made-$when"
      assert_total close_notify=0 rst=10
    done
  }
  both handed_bare
}

@test "P7: made by the parent, accepted by the child: the child's goodbye is whole whenever the parent lets go" {
  made() {
    local when
    for when in early midst late; do
      handed cured "made-$when"
      assert_verdict "${good[@]}"
      handed cured "made-closes-$when"
      assert_verdict "${good[@]}"
    done
  }
  both made
}

@test "P7: handshaken by the parent, served by the child: likewise" {
  handshaken() {
    local when
    for when in early midst late; do
      handed cured "$when"
      assert_verdict "${good[@]}"
      handed cured "closes-$when"
      assert_verdict "${good[@]}"
    done
  }
  both handshaken
}
