#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# One `tlsbye run` before a command that starts many programs (make check, a nightly script): each of them is reached,
# MODE, ONLY and SKIP mean the same in all of them, one log takes their lines, and who has nothing to do with TLS prints
# and exits as bare. a, b, c and d are four names of a client that only writes, whose data is lost bare at TLS 1.3.
#
# shellcheck disable=SC2034,SC2154  # connections and want_status are read, program_err is set, in lib/judge.bash
# shellcheck disable=SC2016  # the tree's shell expands

load lib/judge

setup() {
  begin_test
  local name
  mkdir "$BATS_TEST_TMPDIR/bin"
  for name in a b c d; do
    ln -s "$BUILD/tests/programs/client_write_only" "$BATS_TEST_TMPDIR/bin/$name"
  done
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  connections=4
}

# tree bare|cured PROGRAM [ARG...]: the judge serves $connections; what the tree starts finds $TALK, its arguments.
tree() {
  local file=$BATS_TEST_TMPDIR/port
  rm -f "$file"
  start_judge serve --port-file "$file" --connections "$connections" --parallel 8 --tls 1.3 \
    --expect 1M --rcvbuf 4K --pause 20
  wait_for_port "$file" "$judge_pid"
  export TALK="--port $port --tls 1.3 --write 1M"
  start_program "$@"
  wait_program
  wait_judge
  assert_status
}

# How many connections arrived whole and well ended; the others must have been lost as bare.
assert_cured() {
  assert_total "whole=$1" "close_notify=$1" "fin=$1" "rst=$((connections - $1))" late=0
}

# assert_told NAME...: one event for each, and none for another.
assert_told() {
  local name
  for name in "$@"; do
    [[ $(events_with "tlsbye: ${name}[") -eq 1 ]] || fail_showing "not one event of $name" || return 1
  done
  [[ $(events_with '') -eq $# ]] || fail_showing "not $# events"
}

in_turn_and_side_by_side='a $TALK; b $TALK; c $TALK & d $TALK & wait'

@test "bare: all programs of a shell lose their data" {
  tree bare sh -c "$in_turn_and_side_by_side"
  assert_cured 0
}

@test "P1: all programs of a shell are cured, in turn and side by side" {
  tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 4
  assert_told a b c d
}

@test "P1: programs deeper down, behind exec, in a pipeline, and longer alive than who was started" {
  tree cured sh -c 'sh -c "exec sh -c \"a \$TALK; exit 0\""; (exec b $TALK) | cat; (c $TALK &); exec d $TALK'
  assert_cured 4
}

# --- ONLY, SKIP, MODE ---

@test "ONLY: just these programs of the tree are cured, and nothing is said by the others" {
  TLSBYE_ONLY=a,c tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 2
  assert_told a c
}

@test "SKIP: all but these programs of the tree are cured" {
  TLSBYE_SKIP=a,c tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 2
  assert_told b d
}

@test "ONLY, SKIP: the name of the shell does not stand for what it starts" {
  TLSBYE_ONLY='sh' tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 0
  assert_told
  TLSBYE_SKIP='sh' tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 4
}

@test "ONLY with SKIP: who is in both is left out" {
  TLSBYE_ONLY=a,b TLSBYE_SKIP=b,c tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 1
  assert_told a
}

@test "MODE=observe: all programs of the tree are told of, and none is changed" {
  TLSBYE_MODE=observe tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 0
  assert_told a b c d
  assert_equal "$(events_with 'only observed')" 4
}

@test "MODE=off: nothing at all" {
  TLSBYE_MODE=off tree cured sh -c "$in_turn_and_side_by_side"
  assert_cured 0
  assert_file_empty "$program_err"
}

@test "MODE: a program of the tree may have its own" {
  tree cured sh -c 'TLSBYE_MODE=off a $TALK; TLSBYE_MODE=observe b $TALK; c $TALK; "$TLSBYE" run --observe d $TALK'
  assert_cured 1
  assert_told b c d
  assert_equal "$(events_with 'only observed')" 2
}

# --- other trees ---

@test "P1: make -j2 check: all programs are cured" {
  printf 'check: t1 t2 t3 t4\n%s: ; %s\n%s: ; @%s\n%s: ; @%s\n%s: ; @%s\n' t1 'a $$TALK' t2 'b $$TALK' t3 'c $$TALK' \
    t4 'd $$TALK' >"$BATS_TEST_TMPDIR/Makefile"
  tree bare make -sj2 -C "$BATS_TEST_TMPDIR" check
  assert_cured 0
  tree cured make -sj2 -C "$BATS_TEST_TMPDIR" check
  assert_cured 4
  assert_told a b c d
}

python_tree='
import os, subprocess, sys
talk = os.environ["TALK"].split()
subprocess.run(["a"] + talk, check=True)
subprocess.run("b $TALK", shell=True, check=True, start_new_session=True)
side = [subprocess.Popen([name] + talk, stdout=subprocess.PIPE, close_fds=close) for name, close in (("c", True), ("d", False))]
sys.exit(sum(p.wait() for p in side))
'

@test "P1: python starts them: by vfork, by a shell, with its descriptors closed, with pipes" {
  tree bare python3 -c "$python_tree"
  assert_cured 0
  tree cured python3 -c "$python_tree"
  assert_cured 4
  assert_told a b c d
}

@test "P12: env -i and env -u take the cure from what they start, as the manual says" {
  tree cured sh -c 'env -i "PATH=$PATH" a $TALK; env -u LD_PRELOAD b $TALK; c $TALK; env - "LD_PRELOAD=$LD_PRELOAD" "PATH=$PATH" d $TALK'
  assert_cured 2
  assert_told c d
}

@test "settings: a program that takes a variable from its children gives them the default" {
  TLSBYE_ONLY=a tree cured sh -c 'a $TALK; b $TALK; unset TLSBYE_ONLY; c $TALK; d $TALK'
  assert_cured 3
  assert_told a c d
}

# --- one log ---

@test "LOG: twenty programs side by side write whole lines into one file" {
  connections=100
  local log=$BATS_TEST_TMPDIR/events.log i
  TLSBYE_LOG=$log tree cured sh -c '
    i=0
    while [ $i -lt 20 ]; do
      $(printf "a b c d" | cut -d" " -f$((i % 4 + 1))) $TALK --connections 5 &
      i=$((i + 1))
    done
    wait'
  assert_cured 100
  assert_file_empty "$program_err"
  assert_equal "$(wc -l <"$log")" 100
  run grep -cE '^tlsbye: [abcd]\[[0-9]+\] fd [0-9]+ 127\.0\.0\.1:[0-9]+ - 127\.0\.0\.1:[0-9]+: SSL_free, close without SSL_shutdown[^:]*; sent close_notify, half-closed, drained [0-9,]+ bytes? in [0-9,]+ ms; peer: FIN$' "$log"
  assert_output 100
  for name in a b c d; do
    assert_equal "$(grep -c "^tlsbye: ${name}\[" "$log")" 25
  done
}

# --- no TLS ---

# Result and status of each, signals, pipes, descriptors, and what make and python add.
no_tls='
  printf "b\na\nc\n" | sort | tee copy; ls /no/such/file; echo "ls: $?"
  sh -c "exit 7"; echo "exit: $?"; sh -c "kill -TERM \$\$"; echo "signal: $?"
  (sleep 5 & kill $!; wait $!; echo "killed: $?") 2>/dev/null
  exec 9<copy; cat <&9; exec 9<&-
  yes | head -n 2; seq 3 | xargs -n 1 -P 2 true && echo "xargs: $?"
  python3 -c "import subprocess as s; print(s.run([\"sh\", \"-c\", \"exit 9\"]).returncode, s.getoutput(\"ls -l /proc/self/fd | wc -l\"))"
  printf "all:\n\t@echo made\n\t@false\n" >rules; make -f rules -k; echo "make: $?"
  echo "on stderr" >&2; (exec 2>&-; echo closed >&2); exit 3'

@test "P5, P9: who has nothing to do with TLS prints the same, and exits the same" {
  cd "$BATS_TEST_TMPDIR"
  run -3 --separate-stderr sh -c "$no_tls"
  local out=$output err=$stderr
  assert [ -n "$out" ]
  assert [ -n "$err" ]
  run -3 --separate-stderr "$TLSBYE" run sh -c "$no_tls"
  assert_equal "$output" "$out"
  assert_equal "$stderr" "$err"
  run -3 --separate-stderr "$TLSBYE" run --only=a --log-level=debug sh -c "$no_tls"
  assert_equal "$output" "$out"
  assert_equal "$stderr" "$err"
}

@test "P9: exit statuses of the tree are the programs' own" {
  want_status=9
  tree cured sh -c 'a $TALK --status 5; s=$?; b $TALK --status 4; s=$((s + $?)); c $TALK; d $TALK; exit $s'
  assert_cured 4
}
