#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# TLSBYE_* in the environment, as the object reads them: a value that it cannot use is one line on stderr that names
# the variable, what it allows and what is used instead; the program runs on with its own status (P9). Each program is
# preloaded directly here: `tlsbye run` refuses bad options before they get so far.

# shellcheck disable=SC2154 # $stderr is run's
# shellcheck disable=SC2016 # a $ in single quotes is for another shell

load lib/project

# preloaded [NAME=VALUE...] COMMAND...
preloaded() {
  env LD_PRELOAD="$OBJECT" "$@"
}

# The program under the object has to be one process, or each would say the line.
runs_on() {
  run --separate-stderr preloaded "$@" sh -c 'echo own output; exit 7'
  assert_failure 7
  assert_output "own output"
}

@test "settings: nothing is said about good values" {
  runs_on TLSBYE_MODE=observe TLSBYE_NOTIFY=off TLSBYE_LINGER=wait TLSBYE_LINGER_IDLE=500ms TLSBYE_LINGER_TOTAL=2m \
    TLSBYE_LINGER_BYTES=64K TLSBYE_LINGER_SOCKETS=1 TLSBYE_AT_EXIT=0s TLSBYE_QUIET_SHUTDOWN=override \
    TLSBYE_IGNORE_UNEXPECTED_EOF=on TLSBYE_LOG=stderr TLSBYE_LOG_LEVEL=error TLSBYE_ONLY= TLSBYE_SKIP=nginx,python3
  assert_equal "$stderr" ""
}

@test "settings: every default, written out, is a good value" {
  local row settings=()
  while IFS= read -r row; do
    settings+=("TLSBYE_$row")
  done < <(sed -nE 's/^\tX\(([A-Z_]+), [A-Z]+, "([^"]*)".*/\1=\2/p' "$ROOT/src/settings_table.h")
  assert_equal "${#settings[@]}" "$(settings_names | wc -l)"
  runs_on "${settings[@]}"
  assert_equal "$stderr" ""
}

@test "settings: a bad duration is named, with what is allowed and what is used" {
  runs_on TLSBYE_LINGER_IDLE=5x
  assert_equal "$stderr" "tlsbye: TLSBYE_LINGER_IDLE=5x: not a duration like 5s or 500ms; using 5s"
}

@test "settings: a duration, a size and a number out of range name the range" {
  runs_on TLSBYE_LINGER_TOTAL=2h
  assert_equal "$stderr" "tlsbye: TLSBYE_LINGER_TOTAL=2h: not from 0s to 1h; using 30s"
  runs_on TLSBYE_LINGER_BYTES=2T
  assert_equal "$stderr" "tlsbye: TLSBYE_LINGER_BYTES=2T: not from 0 to 1T; using 256M"
  runs_on TLSBYE_LINGER_SOCKETS=0
  assert_equal "$stderr" "tlsbye: TLSBYE_LINGER_SOCKETS=0: not from 1 to 65536; using 1024"
}

@test "settings: a bad size and a bad word" {
  runs_on TLSBYE_LINGER_BYTES=64k
  assert_equal "$stderr" "tlsbye: TLSBYE_LINGER_BYTES=64k: not a size like 65536, 64K or 16M; using 256M"
  runs_on TLSBYE_MODE=cured
  assert_equal "$stderr" "tlsbye: TLSBYE_MODE=cured: not one of cure|observe|off; using cure"
}

@test "settings: an empty value is no value" {
  runs_on TLSBYE_AT_EXIT=
  assert_equal "$stderr" "tlsbye: TLSBYE_AT_EXIT=: not a duration like 10s or 500ms; using 10s"
}

@test "settings: an unknown name is ignored, and the line says where the known ones stand" {
  runs_on TLSBYE_FOO=1
  assert_equal "$stderr" "tlsbye: TLSBYE_FOO: no such setting; ignored (libtlsbye.so(8) lists them)"
}

@test "settings: a name that only begins like a known one is unknown" {
  runs_on TLSBYE_LOG_LEVELS=debug
  assert_equal "$stderr" "tlsbye: TLSBYE_LOG_LEVELS: no such setting; ignored (libtlsbye.so(8) lists them)"
}

@test "settings: two mistakes are two lines" {
  runs_on TLSBYE_MODE=x TLSBYE_NOTIFY=y
  assert_equal "$(wc -l <<<"$stderr")" 2
}

@test "settings: a log file that cannot be opened is named, and stderr is used" {
  runs_on TLSBYE_LOG=/no/such/dir/x
  assert_equal "$stderr" "tlsbye: TLSBYE_LOG=/no/such/dir/x: cannot be opened (No such file or directory); using stderr"
}

@test "settings: a relative log file is refused: a daemon's directory is not the user's" {
  runs_on TLSBYE_LOG=events.log
  assert_equal "$stderr" "tlsbye: TLSBYE_LOG=events.log: not stderr, off or an absolute path; using stderr"
}

@test "settings: a very long value neither hurts nor floods" {
  local long
  long=$(printf 'x%.0s' {1..100000})
  runs_on TLSBYE_LINGER_IDLE="$long"
  assert_equal "$(wc -l <<<"$stderr")" 1
  assert [ "${#stderr}" -lt 8192 ]
}

@test "settings: a program whose stderr is closed runs on" {
  # Closed inside: bats itself gives what it runs a stderr.
  run env LD_PRELOAD="$OBJECT" TLSBYE_MODE=x sh -c 'exec "$0" -c "echo own output; exit 7" 2>&-' sh
  assert_line "tlsbye: TLSBYE_MODE=x: not one of cure|observe|off; using cure"
  run env OBJECT="$OBJECT" sh -c 'exec 2>&-; LD_PRELOAD=$OBJECT TLSBYE_MODE=x exec sh -c "echo own output; exit 7"'
  assert_failure 7
  assert_output "own output"
}
