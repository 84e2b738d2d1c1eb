#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1 for the doors of the process: whichever way it ends with a connection open, or becomes another program, what it
# wrote arrives; with status 0 close_notify follows (P3). A client writes more than the judge's socket takes at once: at
# TLS 1.3 the tickets lie unread, and bare the end of the process resets the connection.
#
# shellcheck disable=SC2034,SC2154,SC2317  # what lib/judge.bash reads and sets; inner functions share names

load lib/judge

good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)
doors=(exit return _exit _Exit quick_exit exec execvp fexecve cancelled-exec script long-enough)

# leaves bare|cured MODE [ARG...]: 1 MB to a slow reader.
leaves() {
  judge_client "$1" client_exit_status --mode "$2" --write 1M "${@:3}" -- --expect 1M --rcvbuf 4K --pause 20
}

@test "bare: whichever way the process ends, at TLS 1.3 data is lost" {
  local door
  for door in "${doors[@]}"; do
    leaves bare "$door"
    assert_verdict tls=torn tcp=rst whole=no
  done
}

@test "P1: whichever way the process ends: every byte, close_notify, FIN" {
  each_door() {
    local door
    for door in "${doors[@]}"; do
      leaves cured "$door"
      assert_verdict "${good[@]}"
    done
  }
  both each_door
}

@test "P3: whichever way the process ends with status 1: every byte, FIN, and no close_notify; the log says why" {
  want_status=1
  each_door() {
    local door
    for door in exit _exit _Exit quick_exit; do
      leaves cured "$door" --status 1
      assert_verdict tls=none tcp=fin whole=yes 'order=data>fin'
      assert_event 'no close_notify (the exit status was not 0)'
    done
  }
  both each_door
}

# Nobody comes back after it to say close_notify, and OpenSSL, which allocates, may not be called there: so it is silent.
@test "P3, P8: _exit() in a handler that interrupted malloc(): every byte, FIN, no hang, and no close_notify; the log says why" {
  in_handler() {
    for _ in 1 2 3 4 5; do
      leaves cured handler
      assert_verdict tls=none tcp=fin whole=yes 'order=data>fin' plain=0 late=0
    done
    assert_event 'no close_notify (it was closed where a signal handler may have been running'
  }
  both in_handler
}

# --- the program's own handlers come first ---

# Two halves of 64 KB: the second one is written by a handler of the exit.
leaves_talking() {
  judge_client "$1" client_exit_status --mode "$2" --write 64K -- --expect 128K --rcvbuf 4K --pause 20
}

@test "bare: what an exit handler writes is lost with the rest" {
  leaves_talking bare atexit
  assert_verdict tcp=rst whole=no
  leaves_talking bare at_quick_exit
  assert_verdict tcp=rst whole=no
}

@test "P1: an exit handler that still talks on the connection is heard, and then comes the goodbye" {
  talks() {
    leaves_talking cured atexit
    assert_verdict "${good[@]}" content=right
    leaves_talking cured at_quick_exit
    assert_verdict "${good[@]}" content=right
    leaves_talking cured early_quick_exit
    assert_verdict "${good[@]}" content=right
  }
  both talks
}

# --- exec ---

@test "bare: an exec behind free and close loses data" {
  leaves bare close-exec
  assert_verdict tls=torn tcp=rst whole=no
}

@test "P1: an exec does not end the drains that run" {
  goes_on() {
    leaves cured close-exec
    assert_verdict "${good[@]}"
  }
  both goes_on
}

@test "P9: TLS ended by the program: the program that it becomes goes on in plaintext, as bare" {
  local how
  tls=1.2 # at 1.3 the tickets are unread, and bare the end of the next program resets
  for how in bare cured; do
    judge_client "$how" client_exit_status --mode plain-exec --write 1K -- --expect 1K
    assert_verdict tls=close_notify whole=yes plain=6
  done
}

@test "P5: an exec that fails ends nothing: the program goes on, and its goodbye comes at its real end" {
  goes_on() {
    leaves_talking cured no-exec
    assert_verdict "${good[@]}" content=right
  }
  both goes_on
}

# Execution bits, and what the file begins with, are right; the kernel refuses all the same.
good_looking=(no-interpreter no-script no-elf no-loader long-argument many-arguments)

@test "bare: an exec that looks good fails, and the program goes on" {
  local try
  tls=1.2 # at 1.3 the exit that follows loses data
  for try in "${good_looking[@]}"; do
    leaves_talking bare "$try"
    assert_verdict tls=none whole=yes content=right
  done
}

@test "P5: an exec that fails although it looks good ends nothing either" {
  goes_on() {
    local try
    for try in "${good_looking[@]}"; do
      leaves_talking cured "$try"
      assert_verdict "${good[@]}" content=right
    done
  }
  both goes_on
}

# --- the last thread ---

# The process ends when its last thread does, which must not be ours: timeout's SIGTERM would not end it.
main_leaves() {
  judge_client "$1" client_main_leaves --mode "$2" --write 1M -- --expect 1M --rcvbuf 4K --pause 20
}

@test "bare: main leaves by pthread_exit: the process ends with its last thread, and data is lost" {
  local last
  for last in main worker bystander open; do
    main_leaves bare "$last"
    assert_verdict tls=torn tcp=rst whole=no
    assert_program 'done'
  done
}

@test "P1, P9: main leaves by pthread_exit: the process ends with its last thread: every byte, close_notify, FIN" {
  each_last() {
    local last
    for last in main worker open; do
      main_leaves cured "$last"
      assert_verdict "${good[@]}"
      assert_program 'done'
    done
  }
  both each_last
}

@test "P9: main leaves by pthread_exit, and a thread without TLS is the last: the process ends" {
  bystander() {
    main_leaves cured bystander
    assert_verdict "${good[@]}"
  }
  both bystander
}
