# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bats helpers around the hub, the process outside of the program that holds what lingers, on top of judge.bash.
#
#   start_held_judge [JUDGE ARG...]      a judge that serves, of which hold_peer stops the process, and let_peer_go lets
#                                        it go on: between the two no connection can end; sets $port
#   start_host bare|cured [PROGRAM ARG...]   tests/programs/client_by_command (or what is said) with its stdin in our
#                                        hands; $program_pid is the program itself
#   tell COMMAND...                      one command to it; $reply is its answer; assert_reply REGEX
#   hub_of PID                           sets $hub: the tlsbye-hub whose parent is PID; fails where there is none
#   hub_names PID                        the abstract names that it listens on, one a line, without the @
#   held_by PID                          how many connections to $port it has among its descriptors
#   held_among PID N                     are they so many?
#   held_by_clones                       likewise, of the program's children that are no hub
#   assert_way hub|clone N [OWN]         within 10 seconds N connections are held so, and OWN (0) by the program itself
#   gone PID                             has it ended? A zombie has
#
# No words of the log decide who holds what: /proc does. Rules as in judge.bash. Whoever stops a process lets it go on
# in the teardown, or nobody could end it.
#
# shellcheck disable=SC2034,SC2154  # what judge.bash and the tests set and read

host_in='' hub='' extras=()

# How long a peer is stopped is the machine's affair: the drains are to wait for it. (A test may say otherwise.)
setup() {
  begin_test
  export TLSBYE_LINGER_IDLE=60s TLSBYE_LINGER_TOTAL=90s
}

teardown() {
  local pid
  for pid in $judge_pid $hub; do
    kill -CONT "$pid" 2>/dev/null || true
  done
  for pid in $program_pid $judge_pid "${extras[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  [[ -z $host_in ]] || exec {host_in}>&-
}

# Not by timeout: it is the judge that is to be stopped.
start_held_judge() {
  local file=$BATS_TEST_TMPDIR/port
  rm -f "$file"
  set -- serve --port-file "$file" --connections "$connections" --parallel "$connections" --tls "$tls" \
    --limit 90 --patience 90 "$@"
  note_command "$JUDGE" "$@"
  "$JUDGE" "$@" >"$judge_log" 2>&1 3>&- &
  judge_pid=$!
  wait_for_port "$file" "$judge_pid"
}

hold_peer() {
  kill -STOP "$judge_pid"
}

# It may have ended: not all tests stop it.
let_peer_go() {
  kill -CONT "$judge_pid" 2>/dev/null || true
}

# Opened for both ways: else a program that has ended would end whoever writes to it, by SIGPIPE.
start_host() {
  local how=$1 pipe=$BATS_TEST_TMPDIR/commands.pipe
  shift
  (($# > 0)) || set -- client_by_command
  rm -f "$pipe"
  mkfifo "$pipe"
  [[ -z $host_in ]] || exec {host_in}>&-
  exec {host_in}<>"$pipe"
  program_command "$how" "$@" --port "$port" --tls "$tls"
  : >"$program_log" # now: its lines are counted from here on, and the shell of the next line may come late
  "${program_command[@]}" <"$pipe" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
}

gone() {
  [[ ! -e /proc/$1/stat || $(sed -E 's/.*\) (.).*/\1/' "/proc/$1/stat" 2>/dev/null || echo Z) == [ZX] ]]
}

lines_of() {
  grep -c '' "$1" || true
}

answered_or_ended() {
  (($(lines_of "$program_log") > $1)) || gone "$program_pid"
}

# At most 100 seconds: thousands of handshakes are one command.
tell() {
  local before
  before=$(lines_of "$program_log")
  echo "$*" >&"$host_in"
  poll 10000 answered_or_ended "$before" || true
  if (($(lines_of "$program_log") > before)); then
    reply=$(tail -n 1 "$program_log")
    return 0
  fi
  fail_showing "no answer to: $*"
}

assert_reply() {
  [[ $reply =~ ^$1$ ]] || fail_showing "the answer is \"$reply\", not $1"
}

# No answer is to come.
order() {
  echo "$*" >&"$host_in"
}

# stat(5) of all. A process may end meanwhile: cat goes on, mawk would not. Names with blanks move the fields, which
# concerns none of the programs here.
processes() {
  cat /proc/[0-9]*/stat 2>/dev/null || true
}

# The second field of the variable (src/hub/message.h).
hub_of() {
  hub=$(tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | sed -n 's/^TLSBYE_HUB=[0-9]*:\([0-9]*\):.*/\1/p')
  [[ $hub =~ ^[0-9]+$ ]]
}

find_hub() {
  wait_until hub_of "$program_pid"
}

hub_names() {
  find "/proc/$1/fd" -type l -printf '%l\n' 2>/dev/null | sed -n 's/^socket:\[\(.*\)\]$/\1/p' |
    awk 'NR == FNR { own[$1]; next } $7 in own && $8 ~ /^@tlsbye-/ && !seen[$8]++ { print substr($8, 2) }' - /proc/net/unix
}

held_by() {
  local hex
  hex=$(printf %04X "$port")
  find "/proc/$1/fd" -type l -printf '%l\n' 2>/dev/null |
    awk -v end=":$hex\$" 'NR == FNR { if ($3 ~ end) mine["socket:[" $10 "]"]; next } $1 in mine { n++ } END { print n + 0 }' \
      /proc/net/tcp -
}

held_by_clones() {
  local pid n=0
  while read -r pid; do
    n=$((n + $(held_by "$pid")))
  done < <(processes | awk -v parent="$program_pid" '$2 != "(tlsbye-hub)" && $4 == parent { print $1 }')
  echo "$n"
}

held_among() {
  [[ $(held_by "$1") -eq $2 ]]
}

held_so() {
  local way=$1 count=$2 own=${3:-0}
  held_among "$program_pid" "$own" || return 1
  case $way in
    hub) held_among "$hub" "$count" ;;
    clone) [[ $(held_by_clones) -eq $count ]] ;;
  esac
}

assert_way() {
  wait_until held_so "$@" || {
    echo "-- held by the program: $(held_by "$program_pid"), the hub ${hub:-(none)}: $(held_by "${hub:-none}")," \
      "clones: $(held_by_clones)" >&2
    return 1
  }
}

# finish [STATUS]: the program's end, then the judge's.
finish() {
  want_status=${1:-0}
  order exit "$want_status"
  wait_program
  assert_status || return 1
  let_peer_go
  wait_judge
}

whole=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)
