# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bats helpers around tests/programs/environment.h, on top of judge.bash: one server in one environment, bare, under `tlsbye run` and
# with LD_PRELOAD by hand, beside the judging peer; and a table of what came of it.
#
#   calls GROUP...                 a file for calls:kill and the like: the numbers of these groups of lib/calls, minus- for refused ones;
#                                  sets $ENVIRONMENT_CALLS
#   $counted                       run, where a log that takes no line is the hub's: it counts them
#   compare LABEL start|later ENVIRONMENT   all three; the server is started in it, or enters it after its first handshake. A row
#                                  of the table. Skips where this machine lets nobody do so.
#
# What has to hold: bare, the close resets the connection (or the row proves nothing). Cured, the program ends as bare, or well where
# it does not bare; the peer's account is bare's or better, and the whole cure where the drain has a process of its own (in place it has 50 ms); each connection has its end event in the
# log or on stderr; and none of the program's calls took a second (its status is 78 then).
#
# shellcheck disable=SC2034,SC2154  # what judge.bash and the tests set and read

# A folder which another user can reach: $place, with the command, the object and the programs.
make_environments() {
  place=$(mktemp -d)
  public_copy "$place" enters server_in_environment
  rows=$BATS_FILE_TMPDIR/rows
  export place rows
}

print_environments() {
  if [[ -s $rows ]]; then
    {
      printf 'environment|entered|bare|tlsbye run|LD_PRELOAD by hand\n'
      cat "$rows"
    } | column -t -s '|' | sed 's/^/# /' >&3
  fi
  rm -rf "$place"
}

# "name number", each a line, as this machine's headers have them.
call_numbers() {
  "${CC:-cc}" -E -dM -include sys/syscall.h -x c /dev/null |
    awk '$2 ~ /^__NR_/ { name = substr($2, 6); at[name] = $3 }
      END { for (name in at) { value = at[name]; while (value ~ /^__NR_/) value = at[substr(value, 6)]; if (value ~ /^[0-9]+$/) print name, value } }'
}

calls() {
  export ENVIRONMENT_CALLS=$place/calls
  awk -v groups="$*" 'BEGIN { n = split(groups, names, " "); for (i = 1; i <= n; i++) wanted[names[i]] }
    FNR == NR { number[$1] = $2; next }
    /^#/ { next }
    /^[a-z-]+:$/ { group = substr($1, 1, length($1) - 1); sign = ""; if (("-" group) in wanted) sign = "-"; inside = group in wanted || sign; next }
    inside { for (i = 1; i <= NF; i++) if ($i in number && !(number[$i] in seen)) { seen[number[$i]]; print sign number[$i] } }' \
    <(call_numbers) "$BATS_TEST_DIRNAME/lib/calls" >"$ENVIRONMENT_CALLS"
  chmod a+r "$ENVIRONMENT_CALLS"
  # 100 and more, or the headers were not understood.
  [[ $(wc -l <"$ENVIRONMENT_CALLS") -gt 100 ]] || fail_showing "$(wc -l <"$ENVIRONMENT_CALLS") calls for $*"
}

# How many lines of the log and of stderr are such.
told() {
  cat "$TLSBYE_LOG" "$program_err" 2>/dev/null | grep -c -- "$1" || true
}

# try bare|run|preload start|later ENVIRONMENT: sets $outcome, and $judged to the peer's words.
try() {
  local how=$1 when=$2 name=$3 before=() way=()
  [[ $when == later ]] || before=("$place/tests/programs/enters" "$name")
  case $how in
    run) way=("$place/src/tlsbye/tlsbye" run --) ;;
    preload) way=(/usr/bin/env "LD_PRELOAD=$place/src/libtlsbye/.libs/libtlsbye.so") ;;
  esac
  rm -f "$TLSBYE_LOG"
  free_port
  wrapper=("${before[@]}" "${way[@]}" "$place/tests/programs/server_in_environment" --port "$port"
    --connections "$connections" --write 64K --tls "$tls")
  [[ $when == start ]] || wrapper+=(--mode "$name")
  new_program_err
  note_command "${wrapper[@]}"
  # By a pipe: a limit of files is none of it.
  { timeout "$judge_timeout" "${wrapper[@]}" 2>&1 >/dev/null 3>&- | cat >"$program_err"; exit "${PIPESTATUS[0]}"; } 3>&- &
  program_pid=$!
  judged=
  poll 2000 listens_or_ended "$port" "$program_pid" || true
  if listens "$port"; then
    start_judge connect --connections "$connections" --tls "$tls" --limit 20 --send 100K --expect 64K --expect-any "$port"
    wait "$judge_pid" || true
    judge_pid=''
    judged=$(sed -n 's/^verdict: //p' "$judge_log")
  fi
  wait_program
  [[ $how != run ]] || await_hub || return 1
  ended=$(told '"event":"end"') in_place=$(told '"event":"hand-over".*"way":"in-place"')
  outcome="$program_status$(summary)"
}

# In how many connections the peer saw each.
with() {
  grep -cE "(^| )$1( |\$)" <<<"$judged" || true
}

summary() {
  printf ' whole=%s notify=%s fin=%s' "$(with whole=yes)" "$(with tls=close_notify)" "$(with tcp=fin)"
}

# No number of the second summary is less than that of the first.
not_worse() {
  awk -v bare="$1" -v cured="$2" 'BEGIN { n = split(bare, b, /[ =]/); split(cured, c, /[ =]/); for (i = 3; i <= n; i += 2) if (c[i] + 0 < b[i] + 0) exit 1 }'
}

compare() {
  local label=$1 when=$2 name=$3 how bare row status
  try bare "$when" "$name"
  bare=$outcome status=$program_status
  if ((status == 77)); then
    echo "$label|$when|not permitted here||" >>"$rows"
    skip "$name is not permitted here: $(tail -n 1 "$program_err")"
  fi
  [[ $status -ne 0 || $(with tcp=rst) -eq $connections ]] || fail_showing "bare, no reset: $bare"
  row="$label|$when|$bare"
  for how in run preload; do
    try "$how" "$when" "$name"
    row+="|$outcome events=$ended"
    ((in_place == 0)) || row+=" in place"
    [[ $program_status -eq 0 || $program_status -eq $status ]] || fail_showing "$how: $outcome, bare: $bare"
    not_worse "$bare" "$outcome" || fail_showing "$how: $outcome, bare: $bare"
    if ((status == 0)); then
      [[ $in_place -gt 0 || $outcome == "0 whole=$connections notify=$connections fin=$connections" ]] || fail_showing "$how: $outcome"
      [[ $ended -eq $connections || $how == "$counted" ]] || fail_showing "$how: $ended end events for $connections connections"
    fi
  done
  echo "$row" >>"$rows"
}

# Sets $cgroup: one that nobody is in, in the first place where one can be made. remove_cgroup, when its processes have ended.
own_cgroup() {
  local folder
  for folder in /sys/fs/cgroup/pids /sys/fs/cgroup; do
    cgroup=$folder/tlsbye-$BASHPID
    if mkdir "$cgroup" 2>/dev/null; then
      [[ ! -e $cgroup/pids.max ]] || return 0
      rmdir "$cgroup"
    fi
  done
  cgroup=''
  skip "no cgroup can be made here"
}

remove_cgroup() {
  [[ -z ${cgroup:-} ]] || poll 1000 rmdir "$cgroup" 2>/dev/null || true
  cgroup=''
}

# The task of ours that holds a connection to $port: sets $task. Its command line is the program's.
find_task() {
  local folder
  for folder in /proc/[0-9]*; do
    [[ $(cat "$folder/comm" 2>/dev/null) == tlsbye-linger ]] || continue
    tr '\0' ' ' <"$folder/cmdline" 2>/dev/null | grep -q -- "--port $port " || continue
    task=${folder#/proc/}
    return 0
  done
  return 1
}

# The sum of these fields of stat(5).
task_field() {
  local field fields sum=0
  read -ra fields < <(sed -E 's/ \(.*\)//' "/proc/$task/stat")
  for field in "$@"; do
    sum=$((sum + fields[field - 2]))
  done
  echo "$sum"
}

# Has it lived for so many ticks?
task_is_old() {
  local now
  now=$(awk -v hz="$(getconf CLK_TCK)" '{ print int($1 * hz) }' /proc/uptime)
  ((now - $(task_field 22) >= $1))
}
