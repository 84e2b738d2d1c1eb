#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The command `tlsbye run`: it becomes the program, so everything that others see of a program is the program's own;
# what it has to say itself is one line and a status of env(1)'s kind; and a program that the object cannot reach
# is run with a warning (P12).

# shellcheck disable=SC2154,SC2016 # $stderr is run's; a $ in single quotes is for the program's shell

load lib/project

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$PATH:$BATS_TEST_TMPDIR
}

# program NAME [CC FLAGS...]: a C program that says so and exits with 7.
program() {
  local name=$1
  shift
  printf 'int puts(const char *); int main(void) { return puts("%s runs") < 0 ? 1 : 7; }\n' "$name" >"$name.c"
  ${CC:-cc} "$@" "$name.c" -o "$name"
}

# script NAME FIRST-LINE
script() {
  printf '%s\n' "$2" >"$1"
  chmod +x -- "$1"
}

static_program() {
  program "$1" -static 2>/dev/null || skip "this compiler cannot link statically"
}

# as_nobody COMMAND...: from the directory of the test, which nobody may enter.
as_nobody() {
  ((EUID == 0)) || skip "only root can become somebody else"
  setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# A copy of the build that another account can reach, with what has the bits beside it.
public_place() {
  ((EUID == 0)) || skip "only root can make files with these bits"
  PLACE=$(mktemp -d)
  public_copy "$PLACE"
  program privileged
  mv privileged "$PLACE/"
  [[ $(findmnt -no OPTIONS -T "$PLACE") != *nosuid* ]] || skip "$PLACE is on a file system without setuid"
}

teardown() {
  [[ -z ${PLACE:-} ]] || rm -rf "$PLACE"
}

# --- it becomes the program ---

@test "command: exit status, stdin and stdout are the program's own" {
  run --separate-stderr "$TLSBYE" run sh -c 'cat; exit 7' <<<"from stdin"
  assert_failure 7
  assert_output "from stdin"
  assert_equal "$stderr" ""
}

@test "command: a program ended by a signal is seen as ended by that signal" {
  run bash -c '"$0" run sh -c "kill -TERM \$\$" & wait $!' "$TLSBYE"
  assert_failure 143
}

@test "command: it execs, so that the program has the process id that was started" {
  "$TLSBYE" run sh -c 'echo $$' >id &
  local started=$!
  wait "$started"
  assert_equal "$(<id)" "$started"
}

@test "command: the object comes in by its absolute path, ahead of what was preloaded before but for a sanitizer" {
  run "$TLSBYE" run sh -c 'echo "$LD_PRELOAD"'
  assert_output "$OBJECT"
  LD_PRELOAD=libm.so.6 run "$TLSBYE" run sh -c 'echo "$LD_PRELOAD"'
  assert_output "$OBJECT:libm.so.6"
  for runtime in libasan.so.8 libclang_rt.asan-x86_64.so; do
    cp "$OBJECT" "$BATS_TEST_TMPDIR/$runtime" # which brings nothing of its own
    LD_PRELOAD="libm.so.6 $BATS_TEST_TMPDIR/$runtime libdl.so.2" TLSBYE_MODE=off run "$TLSBYE" run sh -c 'echo "$LD_PRELOAD"'
    assert_output "libm.so.6 $BATS_TEST_TMPDIR/$runtime $OBJECT:libdl.so.2"
  done
}

@test "command: run under itself it preloads the object once" {
  run "$TLSBYE" run "$TLSBYE" run sh -c 'echo "$LD_PRELOAD"'
  assert_output "$OBJECT"
}

@test "command: it works from any directory and through a symbolic link" {
  ln -s "$TLSBYE" link
  cd /
  run "$BATS_TEST_TMPDIR/link" run sh -c 'echo "$LD_PRELOAD"'
  assert_output "$OBJECT"
}

@test "command: a place that LD_PRELOAD cannot name is refused: 125" {
  mkdir -p "a place/tlsbye" "a place/libtlsbye/.libs"
  cp "$TLSBYE" "a place/tlsbye/"
  cp "$OBJECT" "a place/libtlsbye/.libs/"
  run "a place/tlsbye/tlsbye" run true
  assert_failure 125
  assert_output --partial "LD_PRELOAD cannot hold a path with a space or a colon"
}

# --- its own options, and the program's ---

@test "command: options behind the program are the program's" {
  run "$TLSBYE" run --observe printf '%s\n' --mode=off --help
  assert_success
  assert_line --index 0 -- --mode=off
  assert_line --index 1 -- --help
}

@test "command: -- ends the options" {
  script --observe '#!/bin/sh'
  run "$TLSBYE" run -- --observe
  assert_success
}

@test "command: each option sets its variable, and wins over one that is there" {
  TLSBYE_LINGER_IDLE=9s run "$TLSBYE" run --linger-idle=500ms --log-level debug --only=nginx,python3 --observe env
  assert_line TLSBYE_LINGER_IDLE=500ms
  assert_line TLSBYE_LOG_LEVEL=debug
  assert_line TLSBYE_ONLY=nginx,python3
  assert_line TLSBYE_MODE=observe
}

@test "command: a bad value of an option is one line, status 2, and nothing is run" {
  run "$TLSBYE" run --linger-idle=5x touch was-run
  assert_failure 2
  assert_line --index 0 "tlsbye: --linger-idle=5x: not a duration like 5s or 500ms"
  assert_line --index 1 "Try 'tlsbye run --help'."
  assert_equal "${#lines[@]}" 2
  assert_file_not_exist was-run
}

@test "command: numbers out of range, wrapped round, signed, blank or with a tail are refused" {
  local bad
  for bad in --linger-idle={,5,-5s,+5s,' 5s','5s ',5sx,2h,18446744073709551617ms} \
    --linger-bytes={,64k,2T,0x10,99999999999999999999} --linger-sockets={,0,65537,1e3} \
    --mode={,cur,CURE,'cure|observe'} --log={,events.log} --only={',nginx','nginx,',/bin/nginx} --skip=','; do
    run "$TLSBYE" run "$bad" touch was-run
    assert_failure 2
    assert_line --index 0 --partial "tlsbye: $bad: not "
  done
  assert_file_not_exist was-run
}

@test "command: the ends of each range are allowed" {
  run "$TLSBYE" run --linger-idle=0s --linger-total=1h --linger-bytes=1T --linger-sockets=65536 --at-exit=60m \
    --only= --log=off true
  assert_success
}

@test "command: an unknown option is told with the usage, status 2, and nothing is run" {
  run --separate-stderr "$TLSBYE" run --frobnicate touch was-run
  assert_failure 2
  assert_output ""
  assert_regex "$stderr" "unrecognized option '--frobnicate'"
  assert_regex "$stderr" "Usage: tlsbye run "
  assert_regex "$stderr" "Try 'tlsbye run --help'\.$"
  assert_file_not_exist was-run
}

@test "command: no command, an unknown command, no program: status 2 and the next step" {
  run "$TLSBYE"
  assert_failure 2
  assert_line "Try 'tlsbye --help'."
  run "$TLSBYE" ./server
  assert_failure 2
  assert_line "tlsbye: ./server: no such command; to run a program: tlsbye run ./server"
  run "$TLSBYE" run
  assert_failure 2
  assert_line "Try 'tlsbye run --help'."
}

@test "command: --help and --version go to stdout" {
  run --separate-stderr "$TLSBYE" --version
  assert_success
  assert_output --regexp '^tlsbye [0-9]+\.[0-9]+\.[0-9]+$'
  run --separate-stderr "$TLSBYE" --help
  assert_success
  assert_line --regexp '^  run  '
  assert_equal "$stderr" ""
}

@test "command: run --help lists every setting of the table, with its default" {
  local name
  run --separate-stderr "$TLSBYE" run --help
  assert_success
  assert_equal "$stderr" ""
  for name in $(settings_names); do
    assert_line --regexp "^ +$(option_of "$name")(\[=WORD\]|=)"
  done
  assert_equal "$(grep -o 'default:' <<<"$output" | wc -l)" "$(settings_names | wc -l)"
}

# --- programs that cannot be run ---

@test "command: a program that is not there: 127 and a line" {
  run -127 "$TLSBYE" run no-such-program
  assert_output --regexp '^tlsbye: no-such-program: not found in PATH \(.*\); .*$'
  run -127 "$TLSBYE" run ./no-such-program
  assert_output "tlsbye: ./no-such-program: no such file"
}

@test "command: a file without x permission, and a directory: 126 and a line" {
  touch plain
  run "$TLSBYE" run ./plain
  assert_failure 126
  assert_output --partial "tlsbye: ./plain: not executable"
  run "$TLSBYE" run /tmp
  assert_failure 126
  assert_output "tlsbye: /tmp: is a directory, not a program"
}

@test "command: a script whose interpreter is not there: 126, and the line blames the right file" {
  script orphan '#!/no/such/interpreter'
  run "$TLSBYE" run ./orphan
  assert_failure 126
  assert_output --partial "its interpreter (the #! line) or its loader is not"
}

# --- programs that the object cannot reach (P12) ---

@test "P12: a static program is run, with a warning that says why" {
  static_program static
  run --separate-stderr "$TLSBYE" run ./static
  assert_failure 7
  assert_output "static runs"
  assert_regex "$stderr" "^tlsbye: warning: libtlsbye.so cannot reach ./static: it is linked statically: "
}

@test "P12: a script is judged by its interpreter, also through env and through another script" {
  static_program static
  script direct "#! $PWD/static"
  script by_env '#!/usr/bin/env static'
  script by_env_s '#!/usr/bin/env -S X=1 static -x'
  script nested "#!$PWD/direct"
  local name
  for name in direct by_env by_env_s nested; do
    run --separate-stderr "$TLSBYE" run "./$name"
    assert_failure 7
    assert_regex "$stderr" "cannot reach ./$name: its interpreter $PWD/static is linked statically"
  done
}

@test "P12: no warning for what can be reached: programs, scripts, a script without #!" {
  program dynamic
  script python '#!/usr/bin/env python3'
  script shell 'exit 7'
  local name
  for name in ./dynamic dynamic ./python ./shell; do
    run --separate-stderr "$TLSBYE" run "$name"
    assert_equal "$stderr" ""
  done
}

@test "P12: a program for another machine is named as such" {
  program foreign
  # e_machine: 183 is AArch64, 62 is x86-64
  if [[ $(uname -m) == x86_64 ]]; then printf '\267\0'; else printf '\76\0'; fi |
    dd of=foreign bs=1 seek=18 conv=notrunc status=none
  run "$TLSBYE" run ./foreign
  assert_output --partial "cannot reach ./foreign: it is built for another machine or word size"
}

@test "P12: a program of another C library runs without the object, which would end it" {
  cp "$(sed -n 's/^.*interpreter: \(.*\)]$/\1/p' <<<"$(readelf -l "$TLSBYE")")" ld-other.so.1
  program other "-Wl,--dynamic-linker=$PWD/ld-other.so.1"
  run --separate-stderr "$TLSBYE" run ./other
  assert_failure 7
  assert_output "other runs"
  assert_regex "$stderr" "cannot reach ./other: it uses another C library"
}

@test "P12: setuid, setgid, file capabilities: warned where the kernel makes ld.so ignore LD_PRELOAD" {
  public_place
  local bits
  for bits in 4755:setuid 2755:setgid; do
    chmod "${bits%:*}" "$PLACE/privileged"
    run --separate-stderr as_nobody "$PLACE/src/tlsbye/tlsbye" run "$PLACE/privileged"
    assert_failure 7
    assert_regex "$stderr" "cannot reach $PLACE/privileged: it is ${bits#*:}: ld.so ignores LD_PRELOAD"
  done
  chmod 755 "$PLACE/privileged"
  PATH=$PATH:/sbin:/usr/sbin setcap cap_net_bind_service+ep "$PLACE/privileged" || skip "no file capabilities here"
  run --separate-stderr as_nobody "$PLACE/src/tlsbye/tlsbye" run "$PLACE/privileged"
  assert_regex "$stderr" "it has file capabilities: ld.so ignores LD_PRELOAD"
}

@test "P12: no setuid warning where the bit changes nothing: root, and no_new_privs" {
  public_place
  chmod 4755 "$PLACE/privileged"
  run --separate-stderr "$PLACE/src/tlsbye/tlsbye" run "$PLACE/privileged"
  assert_failure 7
  assert_equal "$stderr" ""
  run --separate-stderr as_nobody setpriv --no-new-privs "$PLACE/src/tlsbye/tlsbye" run "$PLACE/privileged"
  assert_failure 7
  assert_equal "$stderr" ""
}

# --- the manual ---

@test "command: the manual of the command lists every option" {
  local name
  for name in $(settings_names); do
    run grep -F -- "$(option_of "$name" | sed 's/-/\\-/g')" "$ROOT/man/tlsbye.1"
    assert_success
  done
}
