# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bats helpers around the judging peer (src/judge) and the programs with one habit each (tests/programs).
#
#   judge_server bare|cured PROGRAM [ARG...] -- [JUDGE ARG...]   the program serves, the judge connects
#   judge_client bare|cured PROGRAM [ARG...] -- [JUDGE ARG...]   the judge serves, the program connects
#   assert_verdict KEY=VALUE...       every connection's line says so; KEY=VALUE* where more may follow
#   assert_total KEY=VALUE...         the total says so; KEY>=N and KEY<=N too
#   assert_program KEY=VALUE...       a line of the program's own output says so
#   assert_event TEXT...              one of the lines that tlsbye wrote to stderr holds all of these; refute_event TEXT
#   await_hub                         until the hubs of this test have ended: the end of a connection is told by the hub,
#                                     when its drain is over, and so after the program's end. events_with and the like
#                                     wait for that; who reads $program_err or a log himself calls it, or sets
#                                     reads_log=yes: then judge_server and judge_client do
#   both COMMAND...                   runs it at TLS 1.2, then at TLS 1.3
#   side_by_side NAME "VALUE..." COMMAND...   runs it with each value of that variable, at the same time
#   both_at_once COMMAND...           so at TLS 1.2 and 1.3
#
# The program must end with status $want_status, or there was no cure. Settings are given as TLSBYE_... before the
# command, and $wrapper is put before the program, as in: wrapper=(env --chdir=/).
#
# Both pass --connections $connections and --tls $tls to the two sides alike. Where that does not fit (real programs,
# more than one step), the parts are there: start_program, start_judge, wait_for_port, wait_program, wait_judge,
# run_bare, run_cured.
#
# Environment: BUILD (where make ran), TLSBYE (the command). Rules: every wait is for a condition and bounded; only
# processes started here are ended, by their number; a failed assertion shows what was run and what it said.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${BUILD:=$top/build}"
: "${TLSBYE:=$BUILD/src/tlsbye/tlsbye}"
JUDGE=${JUDGE:-$BUILD/src/judge/judge}
export BUILD TLSBYE JUDGE

BATS_LIB_PATH=${BATS_LIB_PATH:+$BATS_LIB_PATH:}/usr/lib/bats
export BATS_LIB_PATH
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

# A user's own settings must not decide a test.
while IFS= read -r variable; do
  unset "$variable"
done < <(compgen -e TLSBYE_)
# Which way sockets are handed over (hub, clone, in-place), where a whole file is run for one of them alone:
# TESTS_WAYS=clone tests/run tests/doors.bats
[[ -z ${TESTS_WAYS:-} ]] || export TLSBYE_WAYS=$TESTS_WAYS

# How long a program, or a judge, may run in all. The judge ends its connections long before.
judge_timeout=${judge_timeout:-60}
connections=1
tls=1.3
want_status=0
wrapper=()
reads_log=

# Every test has a folder of its own, and leaves no process behind. The folder of each hub's socket stands in it.
begin_test() {
  ((${#BATS_TEST_TMPDIR} <= 64)) || fail_showing "TMPDIR is too long a name: the hub would take another folder" || return 1
  export TMPDIR=$BATS_TEST_TMPDIR
  judge_pid='' program_pid=''
  judge_log=$BATS_TEST_TMPDIR/judge.out
  program_log=$BATS_TEST_TMPDIR/program.out
  program_err=$BATS_TEST_TMPDIR/program.err
  : >"$BATS_TEST_TMPDIR/commands"
}

setup() {
  begin_test
}

end_test() {
  local pid
  for pid in $program_pid $judge_pid; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

teardown() {
  end_test
}

# poll N COMMAND...: until it succeeds, N times a hundredth of a second: nothing wakes a shell when a file grows, a port is
# listened on or a folder goes. The pause is a read from a pipe that nobody writes to, since sleep(1) would be a process
# each time; and bats' look at each line (functrace) stays out, which costs more than the loop itself.
nap_pipe=${BATS_RUN_TMPDIR:?}/nap
[[ -p $nap_pipe ]] || mkfifo "$nap_pipe"
poll() {
  local -
  set +T
  poll_unseen "$@"
}

poll_unseen() {
  local times=$1 i
  shift
  for ((i = 0; i < times; i++)); do
    ! "$@" || return 0
    read -rt 0.01 <>"$nap_pipe" || true
  done
  return 1
}

note_command() {
  printf '%q ' "$@" >>"$BATS_TEST_TMPDIR/commands"
  echo >>"$BATS_TEST_TMPDIR/commands"
}

# A name of tests/programs is that program; anything else is looked up as the shell does.
program_path() {
  if [[ -x $BUILD/tests/programs/$1 ]]; then
    echo "$BUILD/tests/programs/$1"
  else
    echo "$1"
  fi
}

# Sets program_command: bare, or under tlsbye.
program_command() {
  local how=$1 path
  path=$(program_path "$2")
  shift 2
  case $how in
    bare) program_command=("${wrapper[@]}" "$path" "$@") ;;
    cured) program_command=("${wrapper[@]}" "$TLSBYE" run -- "$path" "$@") ;;
    *)
      echo "program_command: $how is neither bare nor cured" >&2
      return 1
      ;;
  esac
  note_command "${program_command[@]}"
}

# run_bare PROGRAM [ARG...]: in the foreground, as bats' run; $status, $output.
run_bare() {
  program_command bare "$@"
  run timeout "$judge_timeout" "${program_command[@]}"
}

run_cured() {
  program_command cured "$@"
  run timeout "$judge_timeout" "${program_command[@]}"
}

# start_program bare|cured PROGRAM [ARG...]: in the background; its stdout in $program_log, stderr in $program_err.
# Bats waits for whoever holds its descriptor 3: a program must not.
start_program() {
  program_command "$@"
  new_program_err
  timeout "$judge_timeout" "${program_command[@]}" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
}

# Another file of that name: the hub of an earlier program may have that one's still.
new_program_err() {
  rm -f "$program_err"
}

# start_judge serve|connect [ARG...]: in the background; its lines in $judge_log.
start_judge() {
  note_command "$JUDGE" "$@"
  timeout "$judge_timeout" "$JUDGE" "$@" >"$judge_log" 2>&1 3>&- &
  judge_pid=$!
}

# Waits until FILE holds a port, at most 10 seconds and no longer than process PID lives; sets $port.
wait_for_port() {
  local file=$1 pid=$2
  poll 1000 filled_or_ended "$file" "$pid" || true
  if [[ -s $file ]]; then
    port=$(<"$file")
    return 0
  fi
  echo "no port in $file" >>"$BATS_TEST_TMPDIR/commands"
  show_all
  return 1
}

filled_or_ended() {
  [[ -s $1 ]] || ! kill -0 "$2" 2>/dev/null
}

# wait_until COMMAND...: until it succeeds, at most 10 seconds.
wait_until() {
  poll 1000 "$@" || fail_showing "this did not come true in 10 seconds: $*"
}

# Sets $program_status, where 124 is the time limit's, and $program_ended_ms, the time of day.
wait_program() {
  program_status=0
  wait "$program_pid" || program_status=$?
  # shellcheck disable=SC2034  # for who measures an exit
  program_ended_ms=$((${EPOCHREALTIME/[.,]/} / 1000))
  program_pid=''
}

wait_judge() {
  judge_status=0
  wait "$judge_pid" || judge_status=$?
  judge_pid=''
  [[ $judge_status -eq 0 ]] && return 0
  echo "the judge ended with $judge_status" >>"$BATS_TEST_TMPDIR/commands"
  show_all
  return 1
}

# Splits "PROGRAM [ARG...] -- [JUDGE ARG...]" into program_args and judge_args.
split_args() {
  program_args=()
  while [[ $# -gt 0 && $1 != -- ]]; do
    program_args+=("$1")
    shift
  done
  judge_args=("${@:2}")
}

judge_server() {
  local how=$1 file=$BATS_TEST_TMPDIR/port
  shift
  split_args "$@"
  rm -f "$file"
  start_program "$how" "${program_args[@]}" --port-file "$file" --connections "$connections" --tls "$tls"
  wait_for_port "$file" "$program_pid" || return 1
  start_judge connect --connections "$connections" --tls "$tls" "${judge_args[@]}" "$port"
  wait_judge || return 1
  wait_program
  [[ -z $reads_log ]] || await_hub || return 1
  assert_status
}

judge_client() {
  local how=$1 file=$BATS_TEST_TMPDIR/port
  shift
  split_args "$@"
  rm -f "$file"
  start_judge serve --port-file "$file" --connections "$connections" --tls "$tls" "${judge_args[@]}"
  wait_for_port "$file" "$judge_pid" || return 1
  start_program "$how" "${program_args[@]}" --port "$port" --connections "$connections" --tls "$tls"
  wait_program
  wait_judge || return 1
  [[ -z $reads_log ]] || await_hub || return 1
  assert_status
}

# Not "$@" || return: that would switch errexit off inside, and all but the last assertion with it.
both() {
  for tls in 1.2 1.3; do
    "$@"
  done
}

# side_by_side NAME "VALUE..." COMMAND...: with each value of the variable, at the same time and in a folder of its own, for
# tests that wait: two waits take no longer than one. Each has errexit on inside, since what is run by & is no condition.
side_by_side() {
  local name=$1 value pids=() pid failed=0
  for value in $2; do
    printf -v "$name" %s "$value"
    aside "$value" "${@:3}" &
    pids+=("$!")
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || failed=1
  done
  return "$failed"
}

# What it started ends with it: teardown does not know of that.
aside() {
  BATS_TEST_TMPDIR+=/$1.$BASHPID
  mkdir "$BATS_TEST_TMPDIR"
  begin_test
  trap end_test EXIT
  "${@:2}"
}

both_at_once() {
  side_by_side tls '1.2 1.3' "$@"
}

# What was run and said: for whoever reads a failed test.
show_all() {
  {
    echo '-- run:'
    cat "$BATS_TEST_TMPDIR/commands"
    echo '-- judge (its last lines):'
    tail -n 12 "$judge_log" 2>/dev/null || true
    echo "-- program, status ${program_status:-unknown} (its last lines):"
    tail -n 12 "$program_log" "$program_err" 2>/dev/null || true
  } >&2
}

fail_showing() {
  echo "-- $*" >&2
  show_all
  return 1
}

assert_status() {
  [[ $program_status -eq $want_status ]] ||
    fail_showing "the program ended with $program_status, not $want_status"
}

# The value of KEY in the total line.
total() {
  sed -n "s/^total:.* $1=\\([0-9]*\\).*/\\1/p" "$judge_log"
}

# How many verdicts hold KEY=VALUE.
verdicts_with() {
  local want=" $1 "
  [[ $1 == *'*' ]] && want=" ${1%'*'}"
  sed -n 's/^verdict: .*/& /p' "$judge_log" | grep -cF -- "$want" || true
}

# All verdict lines hold all of KEY=VALUE, and there is one for each connection: silence proves nothing.
assert_verdict() {
  local want lines
  lines=$(grep -c '^verdict: ' "$judge_log" || true)
  [[ $lines -eq $connections ]] || fail_showing "$lines verdicts for $connections connections" || return 1
  for want in "$@"; do
    [[ $(verdicts_with "$want") -eq $lines ]] || fail_showing "not every verdict says $want" || return 1
  done
}

assert_total() {
  local want key is
  for want in "$@"; do
    key=${want%%[<>=]*}
    is=$(total "$key")
    [[ -n $is ]] || fail_showing "the total has no $key" || return 1
    case $want in
      *'>='*) [[ $is -ge ${want#*=} ]] ;;
      *'<='*) [[ $is -le ${want#*=} ]] ;;
      *) [[ $is -eq ${want#*=} ]] ;;
    esac || fail_showing "the total says $key=$is, not $want" || return 1
  done
}

# A whole word of the program's output.
assert_program() {
  local want
  for want in "$@"; do
    grep -qE -- "(^| )$want( |\$)" "$program_log" || fail_showing "the program did not say $want" || return 1
  done
}

# A hub removes its folder when all is told. (One that was killed cannot: such a test does without.)
no_hub_lives() {
  ! compgen -G "$BATS_TEST_TMPDIR/tlsbye-*" >/dev/null
}

# Of a program that still runs nobody can say that all is told: there what is asked for has to be there.
await_hub() {
  [[ -z $program_pid ]] || return 0
  poll 4000 no_hub_lives || fail_showing 'a hub of this test has not ended in 40 seconds'
}

# How many lines of tlsbye's hold all of these texts. Only what they begin with tells them from the program's own.
events_with() {
  await_hub
  events_so_far "$@"
}

events_so_far() {
  local text lines
  lines=$(grep '^tlsbye: ' "$program_err" || true)
  for text in "$@"; do
    lines=$(grep -F -- "$text" <<<"$lines" || true)
  done
  grep -c . <<<"$lines" || true
}

assert_event() {
  [[ $(events_so_far "$@") -ge 1 || $(events_with "$@") -ge 1 ]] || fail_showing "no event says all of: $*"
}

refute_event() {
  await_hub || return 1
  [[ $(events_so_far "$1") -eq 0 ]] || fail_showing "an event says $1"
}
