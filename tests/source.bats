#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# From the addresses of a log to function, file and line, as `tlsbye report --json` tells them: programs and libraries,
# stripped, rebuilt, gone; with debug information beside them. A log may come from anybody: what it names is opened only
# if nothing can happen by it.

load lib/project

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  printf '%s\n' '#include <unistd.h>' '' 'int lets_go(int fd)' '{' '	return close(fd) + 1;' '}' >lets_go.c
  printf '%s\n' 'int lets_go(int fd);' 'int main(void)' '{' '	return lets_go(9);' '}' >main.c
}

# compile FILE [OPTION...]: a program that calls close() in lets_go.c, line 5.
compile() {
  ${CC:-cc} -g -O1 -Wl,--build-id "${@:2}" lets_go.c main.c -o "$1"
}

# The address behind the call of close(), as a return address is.
offset_of() {
  local hex
  hex=$(objdump --disassemble "$1" | grep -A1 -E '(call|bl) .*<close@' | sed -nE '2s/^ *([0-9a-f]+):.*/\1/p')
  echo $((16#$hex))
}

build_id_of() {
  readelf --notes "$1" | sed -n 's/^ *Build ID: //p'
}

# event PATH BUILD_ID OFFSET: one connection that was closed there. PATH and BUILD_ID may be empty.
event() {
  local object="\"path\":\"$1\"" index=0
  [[ -z $2 ]] || object+=",\"build_id\":\"$2\""
  [[ -n $1 ]] || index=null
  printf '{"v":1,"event":"end","time":1764033333.123456,"program":"legacy","pid":7,"mode":"observe","level":"info",'
  printf '"id":"7.1","fd":5,"transport":"tcp","local":"127.0.0.1:443","peer":"127.0.0.1:5000","role":"server",'
  printf '"objects":[{%s}],"sites":{"close":[[%s,%s]]},' "$object" "$index" "$3"
  printf '"doors":["close"],"called_shutdown":false,"close_notify":"none","handshake":true,"unread":9,'
  printf '"will_reset":"yes","verdict":"wrong","data":"lost","faults":["unread-at-close"],"us":10}\n'
}

# place PATH BUILD_ID OFFSET [REPORT ARG...]: $output is what the report says of that frame, KEY=VALUE a line.
place() {
  event "${@:1:3}" >log
  run -1 timeout 20 "$TLSBYE" report "${@:4}" --json log
  run -0 python3 -c '
import json, sys
for key, value in json.load(sys.stdin)["groups"][0]["sites"]["close"][0].items():
    print(f"{key}={value}")' <<<"$output"
}

# place_in FILE [REPORT ARG...]: the call in this file of the directory.
place_in() {
  place "$PWD/$1" "$(build_id_of "$1")" "$(offset_of "$1")" "${@:2}"
}

assert_line_5() {
  assert_line "function=lets_go"
  assert_line "file=$PWD/lets_go.c"
  assert_line "line=5"
  assert_line "code=return close(fd) + 1;"
  refute_line --partial "why="
}

refute_place() {
  refute_line --partial "line="
  assert_line --partial "why=$1"
}

@test "source: function, file and line, for a PIE and for a program at fixed addresses" {
  local how
  for how in -pie -no-pie; do
    compile program "$how"
    place_in program
    assert_line_5
  done
}

@test "source: the call in a shared library" {
  ${CC:-cc} -g -O1 -shared -fPIC -Wl,--build-id lets_go.c -o libgo.so
  place_in libgo.so
  assert_line_5
}

@test "source: without .debug_aranges, as clang builds, and with the functions in a file of their own" {
  compile program
  objcopy --remove-section=.debug_aranges program
  place_in program
  assert_line_5
  compile program -gsplit-dwarf
  place_in program
  assert_line_5
}

@test "source: an inlined call is where it is written, and the report knows what it was inlined into" {
  printf '%s\n' 'static inline __attribute__((always_inline)) int inner(int fd)' '{' '	return lets_go(fd);' '}' \
    'int lets_go(int fd);' 'int outer(int fd)' '{' '	return inner(fd) + 2;' '}' >inlined.c
  sed -i '1i int lets_go(int fd);' inlined.c
  sed 's/lets_go(/close(/' inlined.c >lets_go.c
  sed -i 's/lets_go(9)/outer(9)/; s/int lets_go/int outer/' main.c
  compile program
  place_in program
  assert_line "function=inner"
  assert_line "line=4"
  assert_line "inlined=outer() at $PWD/lets_go.c:9"
}

@test "source: stripped, the nearest that is known is told, and what to install" {
  compile program
  strip program
  place_in program
  refute_place "no debug information here: install its -dbgsym package"
  refute_line --partial "function="

  ${CC:-cc} -g -O1 -shared -fPIC -Wl,--build-id lets_go.c -o libgo.so
  strip libgo.so
  place_in libgo.so
  assert_line --regexp '^function=lets_go\+0x[0-9a-f]+$'
  refute_place "no debug information here"
}

@test "source: another build than the one that ran is not resolved wrongly" {
  compile program
  local id offset
  id=$(build_id_of program) offset=$(offset_of program)
  sed -i '1i /* a new line */' lets_go.c
  compile program
  [[ $(build_id_of program) != "$id" ]]
  place "$PWD/program" "$id" "$offset"
  refute_place "the file is another build than the one that ran"
}

@test "source: debug information in a file beside the program, and below .debug" {
  compile program
  objcopy --only-keep-debug program program.debug
  strip program
  objcopy --add-gnu-debuglink=program.debug program
  place_in program
  assert_line_5
  mkdir .debug
  mv program.debug .debug/
  place_in program
  assert_line_5
  # of another build: no
  sed -i '1i /* a new line */' lets_go.c
  compile other
  objcopy --only-keep-debug other .debug/program.debug
  place_in program
  refute_place "no debug information here"
}

@test "source: debug information found by build-id, even when the program is gone or was rebuilt" {
  compile program
  local id offset
  id=$(build_id_of program) offset=$(offset_of program)
  mkdir -p "debug/.build-id/${id:0:2}"
  objcopy --only-keep-debug program "debug/.build-id/${id:0:2}/${id:2}.debug"
  strip program
  place_in program
  refute_place "no debug information here"
  place_in program --debug-directory="$PWD/debug"
  assert_line_5
  compile program -O0
  place "$PWD/program" "$id" "$offset" --debug-directory="$PWD/debug"
  assert_line_5
  rm program
  place "$PWD/program" "$id" "$offset" --debug-directory="$PWD/debug"
  assert_line_5
}

@test "source: a directory that libdw would not look in is refused" {
  local directory
  for directory in debug "$PWD/a:b"; do
    run -2 "$TLSBYE" report --debug-directory="$directory" /dev/null
    assert_line --partial "use an absolute path, without a colon"
  done
}

@test "source: gone, deleted, the kernel's, nobody's, relative, no program: each in words" {
  place "$PWD/gone" "" 4711
  refute_place "the file is gone, or not on this machine"
  place "$PWD/gone (deleted)" "" 4711
  refute_place "the file was deleted while the program ran"
  place "linux-vdso.so.1" "" 4711
  refute_place "code of the kernel's"
  place "" "" 4711
  refute_place "the address is in no object that was loaded"
  place "./program" "" 4711
  refute_place "its path is relative"
  place "$PWD/main.c" "" 4711
  refute_place "the file is no program and no library, or is damaged"
  compile program
  place "$PWD/program" "" 99999999
  refute_place "the address is outside of the file"
}

@test "source: a file that was deleted and is back is taken by its build-id only" {
  compile program
  place "$PWD/program (deleted)" "$(build_id_of program)" "$(offset_of program)"
  assert_line_5
  place "$PWD/program (deleted)" "" "$(offset_of program)"
  refute_place "the file was deleted while the program ran"
}

# --- logs, programs and debug information that mean harm ---

@test "source: FIFO, device, directory, /proc: not opened, so nothing hangs and nothing happens" {
  mkfifo fifo
  local path
  for path in "$PWD/fifo" /dev/zero "$PWD" /proc/kmsg; do
    place "$path" "" 4711
    refute_place "it is no regular file, and was not opened"
  done
}

@test "source: a FIFO as separate debug file, as split DWARF, as source" {
  compile program
  objcopy --only-keep-debug program program.debug
  strip program
  objcopy --add-gnu-debuglink=program.debug program
  rm program.debug
  mkfifo program.debug
  place_in program
  refute_place "no debug information here"

  compile program -gsplit-dwarf
  rm -f ./*.dwo
  mkfifo program-lets_go.dwo lets_go.dwo
  place_in program
  assert_line "line=5"

  compile program
  rm lets_go.c
  mkfifo lets_go.c
  place_in program
  assert_line "line=5"
  refute_line --partial "code="
}

@test "source: a report quotes programs, and never a file that only claims to be their source" {
  printf 'root:secret\n' >passwd
  printf '#include <unistd.h>\nint lets_go(int fd)\n{\n#line 1 "%s/passwd"\n	return close(fd) + 1;\n}\n' "$PWD" >lets_go.c
  compile program
  place_in program
  assert_line "file=$PWD/passwd"
  refute_output --partial secret
}

@test "source: lines of a source that was changed since the build have moved, and are not quoted" {
  touch -d '1 hour ago' lets_go.c
  compile program
  place_in program
  assert_line_5
  touch -d '1 hour' lets_go.c
  place_in program
  assert_line "line=5"
  refute_line --partial "code="
}

@test "source: nothing of a log or of debug information reaches the terminal as a control character" {
  sed -i '1i #line 1 "evil\\033[31m.c"' lets_go.c
  compile program
  place_in program
  assert_line --partial 'evil?[31m.c'
  place '/x\u001b[31m\u009b31m' "" 4711
  refute_output --partial $'\e'
  refute_output --partial $'\u9b'
  "$TLSBYE" report log >text || true
  run grep -c $'\e' text
  assert_output 0
}

@test "source: cut and damaged files end in words, not in a crash" {
  compile program
  local size offset cut i names=()
  size=$(stat -c %s program) offset=$(offset_of program)
  for cut in 0 1 16 63 64 200 1000 $((size / 2)) $((size - 500)) $((size - 1)); do
    head -c "$cut" program >"cut.$cut"
    names+=("cut.$cut")
  done
  for i in 16 32 40 54 58 60; do # of the ELF header: type, sizes and places of its tables
    cp program "damaged.$i"
    printf '\xff\xff\xff\x7f' | dd of="damaged.$i" bs=1 seek="$i" conv=notrunc status=none
    names+=("damaged.$i")
  done
  for i in "${names[@]}"; do
    event "$PWD/$i" "" "$offset"
  done >log
  run -1 "$TLSBYE" report --json log
  for i in "${names[@]}"; do
    assert_line --partial "\"object\": \"$PWD/$i\""
  done
}

# libdw loads libdebuginfod.so.1 where there is one, and asks the servers that the environment names.
@test "source: no server is asked for debug information" {
  cat >fake.c <<'END'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
void *debuginfod_begin(void) { return (void *)1; }
static int asked(void) { if (getenv("DEBUGINFOD_URLS")) close(creat("asked", 0600)); return -1; }
int debuginfod_find_debuginfo(void *c, const void *b, int n, char **p) { (void)c, (void)b, (void)n, (void)p; return asked(); }
int debuginfod_find_executable(void *c, const void *b, int n, char **p) { (void)c, (void)b, (void)n, (void)p; return asked(); }
int debuginfod_find_source(void *c, const void *b, int n, const char *s, char **p) { (void)c, (void)b, (void)n, (void)s, (void)p; return asked(); }
void debuginfod_set_progressfn(void *c, void *f) { (void)c, (void)f; }
void debuginfod_set_verbose_fd(void *c, int fd) { (void)c, (void)fd; }
void debuginfod_end(void *c) { (void)c; }
END
  ${CC:-cc} -shared -fPIC fake.c -o libdebuginfod.so.1
  compile program
  strip program
  LD_LIBRARY_PATH=$PWD DEBUGINFOD_URLS=http://127.0.0.1:9/ place_in program
  refute_place "no debug information here"
  assert_file_not_exist asked
}

# --- a function that ends by calling another jumps there, and the return address is its own caller's ---

# jumping OPTION...: main() calls drop() and drop() ends by close() in line 5, which the address of main() has to tell.
jumping() {
  printf '%s\n' '#include <unistd.h>' '__attribute__((noinline)) void drop(int *fd)' '{' '	*fd += 1;' '	close(*fd);' '}' >drop.c
  printf '%s\n' 'void drop(int *fd);' 'int main(int argc, char **argv)' '{' '	(void)argv;' '	drop(&argc);' \
    '	return argc;' '}' >user.c
  cat drop.c user.c >both.c
  ${CC:-cc} -g -O2 -Wl,--build-id "$@" -o program
  run objdump --disassemble=drop program
  assert_output --regexp '(jmp|b ).*close'
  jumped_from=$((16#$(objdump --disassemble=main program | grep -A1 -E '(call|bl) .*<drop>' |
    sed -nE '2s/^ *([0-9a-f]+):.*/\1/p')))
}

@test "source: close() as the last thing that a function does is found in that function" {
  local how
  for how in -gdwarf-5 -gdwarf-4; do
    jumping "$how" both.c
    place "$PWD/program" "$(build_id_of program)" "$jumped_from"
    assert_line "function=drop"
    assert_line "code=close(*fd);"
  done
}

@test "source: the same in two files of source" {
  jumping drop.c user.c
  place "$PWD/program" "$(build_id_of program)" "$jumped_from"
  assert_line "function=drop"
  assert_line "file=$PWD/drop.c"
  assert_line "line=5"
}

@test "source: where a function has two such ends, it is the caller's line that is named" {
  printf '%s\n' '#include <unistd.h>' '__attribute__((noinline)) int drop(int *fd)' '{' '	if (*fd > 7) {' \
    '		*fd = 1;' '		return close(3);' '	}' '	return close(*fd);' '}' \
    'int main(int argc, char **argv)' '{' '	(void)argv;' '	return drop(&argc) + 1;' '}' >two.c
  ${CC:-cc} -g -O2 -fno-crossjumping -fno-code-hoisting -fno-tree-tail-merge -Wl,--build-id two.c -o program
  run -0 bash -c 'objdump --disassemble=drop program | grep -cE "(jmp|b ) .*close"'
  assert_output 2
  local behind
  behind=$((16#$(objdump --disassemble=main program | grep -A1 -E '(call|bl) .*<drop>' | sed -nE '2s/^ *([0-9a-f]+):.*/\1/p')))
  place "$PWD/program" "$(build_id_of program)" "$behind"
  assert_line "function=main"
  assert_line "line=13"
}
