#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9: a program that a process under tlsbye executes, and that cannot take the object, runs as bare: another C library's, another
# machine's, an ASan-built one, any at all where the object is out of reach. Each case has its control: what the program's loader
# makes of the variable where nobody looks. What a program has got it says itself (tests/programs/executes_by.c).
#
# shellcheck disable=SC2016  # inner shells expand
# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # a test's variables are its own; lib/judge.bash sets and reads some

load lib/project
load lib/judge

DOORS=(execve execv execvp execvpe execl execlp execle fexecve execveat execveat_empty posix_spawn posix_spawnp vfork)

setup() {
  begin_test
  cd "$BATS_TEST_TMPDIR" || return
  BY=$BUILD/tests/programs/executes_by
  export PATH=$PWD:$PATH
}

# built NAME FLAG...: executes_by once more, otherwise; fails where this machine's compiler cannot.
built() {
  "${CC:-cc}" -D_GNU_SOURCE -pthread "${@:2}" -o "$1" "$ROOT/tests/programs/executes_by.c" 2>cc.err
}

# Its loader is that of this machine, by a name of musl's: it takes what it is given, and so tells what that is.
other_libc() {
  cp "$(sed -n 's/^.*interpreter: \(.*\)]$/\1/p' <<<"$(readelf -l "$TLSBYE")")" ld-musl-test.so.1
  built other "-Wl,--dynamic-linker=$PWD/ld-musl-test.so.1" || fail_showing "$(cat cc.err)"
}

# unmark_pie FILE: takes DF_1_PIE out of its DT_FLAGS_1.
unmark_pie() {
  /usr/bin/python3 - "$1" <<'PYTHON'
import struct, sys
name = sys.argv[1]
data = bytearray(open(name, "rb").read())
entry = struct.pack("<Q", 0x6FFFFFFB)
at = next(i for i in range(0, len(data) - 16, 8) if data[i:i + 8] == entry and struct.unpack_from("<Q", data, i + 8)[0] & 0x08000000)
struct.pack_into("<Q", data, at + 8, struct.unpack_from("<Q", data, at + 8)[0] & ~0x08000000)
open(name, "wb").write(data)
PYTHON
}

# executes DOOR PROGRAM: by hand, and so without a hub.
executes() {
  LD_PRELOAD=${list:-$OBJECT} run "$BY" "$@"
}

@test "the control: who is executed past the hooks gets the variable as it is" {
  other_libc
  LD_PRELOAD=$OBJECT run ./other
  assert_output "LD_PRELOAD=$OBJECT ASAN_OPTIONS=-"
  executes execve "$BY"
  assert_line "LD_PRELOAD=$OBJECT ASAN_OPTIONS=-"
}

@test "P9: a program of another C library has no object in its environment, by whichever function, and the caller's own stays" {
  other_libc
  local door
  for door in "${DOORS[@]}"; do
    executes "$door" "$PWD/other"
    assert_success
    assert_line --index 0 "own=$OBJECT"
    assert_line "LD_PRELOAD=- ASAN_OPTIONS=-"
    [[ $door != posix_spawn* && $door != vfork ]] || assert_line --index 2 "own=$OBJECT"
  done
}

@test "P9: likewise by its name on PATH, past what cannot be executed, and after an exec that fails" {
  other_libc
  mkdir first
  install -m 644 "$BY" first/other
  local door
  for door in execvp execvpe execlp posix_spawnp; do
    PATH=$PWD/nowhere:$PWD/first:$PATH executes "$door" other
    assert_success
    assert_line "LD_PRELOAD=- ASAN_OPTIONS=-"
  done
  chmod -x other
  executes execve ./other
  assert_failure
  assert_line --index 2 "own=$OBJECT"
}

@test "P9: of a script it is the interpreter's, and the interpreter's interpreter's" {
  other_libc
  printf '#!%s\n' "$PWD/other" >script
  printf '#! %s\n' "$PWD/script" >again
  chmod +x script again
  local script
  for script in ./script ./again; do
    executes execve "$script"
    assert_line "LD_PRELOAD=- ASAN_OPTIONS=-"
  done
}

@test "P9: what else stands in LD_PRELOAD stays" {
  other_libc
  local math dl
  math=$("${CC:-cc}" -print-file-name=libm.so.6)
  [[ $math == /* ]] || skip "no libm found"
  dl=${math%/*}/libdl.so.2
  for list in "$math:$OBJECT:$dl" "$math $OBJECT  $dl" "$OBJECT:$math" "$math:$OBJECT" ":$OBJECT: $math"; do
    executes execve ./other
    case $list in
      *"$dl") assert_line --regexp "^LD_PRELOAD=${math}[: ]+$dl ASAN" ;;
      *) assert_line --regexp "^LD_PRELOAD=:?$math ASAN" ;;
    esac
  done
}

@test "P9: musl's loader" {
  local musl
  musl=$(compgen -G '/lib/ld-musl-*.so.1' | head -n 1)
  command -v musl-gcc >/dev/null && [[ -n $musl ]] || skip "musl-tools is not installed"
  printf '%s\n' '#include <stdio.h>' '#include <stdlib.h>' 'int main(void) { return puts(getenv("LD_PRELOAD") ? "object" : "none") < 0; }' >of_musl.c
  musl-gcc -o of_musl of_musl.c
  LD_PRELOAD=$OBJECT run ./of_musl
  assert_failure 127
  LD_PRELOAD=$OBJECT run sh -c './of_musl; '"$musl"' ./of_musl'
  assert_success
  assert_output $'none\nnone'
}

@test "P9: a static program hands the variable on; a loader that is executed itself is told by what it is" {
  built still -static || skip "no static libc"
  built still_pie -static-pie || skip "no static PIE"
  local program
  for program in still still_pie; do
    executes execve "./$program"
    assert_line "LD_PRELOAD=$OBJECT ASAN_OPTIONS=-"
  done
  # As musl's libc.so: a shared object that can be executed. And this machine's own.
  built loader -static-pie -Wl,-soname,libc.test.so || skip "no static PIE"
  local flags
  flags=$(readelf -dW loader | sed -n 's/.*(FLAGS_1).*//p' | wc -l)
  [[ $flags -eq 1 ]] || skip "this linker marks no PIE"
  unmark_pie loader
  executes execve ./loader
  assert_line "LD_PRELOAD=- ASAN_OPTIONS=-"
  LD_PRELOAD=$OBJECT run sh -c '"$0" "$1"; exit 0' "$(sed -n 's/^.*interpreter: \(.*\)]$/\1/p' <<<"$(readelf -l "$TLSBYE")")" "$BY"
  assert_output "LD_PRELOAD=$OBJECT ASAN_OPTIONS=-"
}

@test "P9: a 32-bit program prints no line of its loader" {
  built narrow -m32 -idirafter "/usr/include/$("${CC:-cc}" -print-multiarch)" || skip "no 32-bit libc"
  LD_PRELOAD=$OBJECT run ./narrow
  assert_output --partial "cannot be preloaded" # or this proves nothing
  LD_PRELOAD=$OBJECT run sh -c './narrow; exit 0'
  assert_output "LD_PRELOAD=- ASAN_OPTIONS=-"
  run "$TLSBYE" run sh -c './narrow; exit 0'
  assert_output "LD_PRELOAD=- ASAN_OPTIONS=-"
}

@test "P9: where the object is out of reach no program prints a line of the loader" {
  cp "$OBJECT" libtlsbye.so
  LD_PRELOAD=$PWD/libtlsbye.so run sh -c 'mv libtlsbye.so away; '"$BY"'; mv away libtlsbye.so; '"$BY"
  assert_output "LD_PRELOAD=- ASAN_OPTIONS=-"$'\n'"LD_PRELOAD=$PWD/libtlsbye.so ASAN_OPTIONS=-"
}

@test "P12: the object stays where the loader of the next program finds it: no descriptor is free for a look, a word of the loader's in its name" {
  executes no_descriptor "$BY"
  assert_line "LD_PRELOAD=$OBJECT ASAN_OPTIONS=-"
  local folder
  for folder in lib lib64 "lib/$("${CC:-cc}" -print-multiarch)"; do
    mkdir -p "$folder"
    cp "$OBJECT" "$folder/libtlsbye.so"
  done
  LD_PRELOAD="$PWD/\$LIB/libtlsbye.so" run "$BY"
  assert_output "LD_PRELOAD=$PWD/\$LIB/libtlsbye.so ASAN_OPTIONS=-" # it does find it
  list="$PWD/\$LIB/libtlsbye.so" executes execve "$BY"
  assert_line "LD_PRELOAD=$PWD/\$LIB/libtlsbye.so ASAN_OPTIONS=-"
}

@test "P9: a handler on a stack of 8 KB executes a script, and a program of another C library, as bare" {
  other_libc
  printf '#!%s\n' "$BY" >script
  printf '#! %s\n' "$PWD/script" >again
  chmod +x script again
  run "$BY" small_stack ./again
  [[ $status -eq 0 ]] || skip "here the frame of a signal alone fills it"
  local program
  for program in ./script ./again "$BY"; do
    executes small_stack "$program"
    assert_success
    assert_line "LD_PRELOAD=$OBJECT ASAN_OPTIONS=-"
  done
  executes small_stack ./other
  assert_success
  assert_line "LD_PRELOAD=- ASAN_OPTIONS=-"
}

@test "P9: a thread's fork inherits no descriptor of another thread's exec, before the first connection" {
  run "$BY" forking "$BY"
  assert_line left=0
  executes forking "$BY"
  assert_line left=0
  assert_success
}

# --- ASan ---

asan_built() {
  built of_asan -fsanitize=address || skip "no ASan"
  run ./of_asan
  [[ $status -eq 0 ]] || skip "ASan does not run here"
  LD_PRELOAD=$OBJECT run ./of_asan
  assert_failure # or these prove nothing
  assert_output --partial "does not come first"
}

@test "P9: an ASan-built program runs, with the object, by a script and at once" {
  asan_built
  local how
  for how in env "$TLSBYE run"; do
    # shellcheck disable=SC2086 # a command and its word
    LD_PRELOAD=$OBJECT run $how sh -c './of_asan; ./of_asan'
    assert_success
    assert_line --index 1 "LD_PRELOAD=$OBJECT ASAN_OPTIONS=verify_asan_link_order=0"
  done
  run "$TLSBYE" run ./of_asan
  assert_success
  assert_output "LD_PRELOAD=$OBJECT ASAN_OPTIONS=verify_asan_link_order=0"
  ASAN_OPTIONS=exitcode=7 LD_PRELOAD=$OBJECT run sh -c './of_asan; exit 0'
  assert_output "LD_PRELOAD=$OBJECT ASAN_OPTIONS=exitcode=7:verify_asan_link_order=0"
  ASAN_OPTIONS=exitcode=7 run "$TLSBYE" run ./of_asan
  assert_output "LD_PRELOAD=$OBJECT ASAN_OPTIONS=exitcode=7:verify_asan_link_order=0"
}

@test "P9: where ASan's runtime is preloaded ahead of the object nothing is changed" {
  asan_built
  list="$("${CC:-cc}" -print-file-name=libasan.so):$OBJECT"
  [[ $list == /* ]] || skip "no libasan.so"
  ASAN_OPTIONS=detect_leaks=0 executes execve ./of_asan
  assert_line "LD_PRELOAD=$list ASAN_OPTIONS=detect_leaks=0"
}

@test "P1: an ASan-built client is cured" {
  asan_built
  "${CC:-cc}" -D_GNU_SOURCE -fsanitize=address -I"$ROOT/src" -o asan_client "$ROOT/tests/programs/client_write_only.c" \
    "$BUILD/tests/programs/liblegacy.a" -lssl -lcrypto || skip "no OpenSSL for this compiler"
  cured() {
    judge_client "$1" sh -c 'p=$1; shift; "$p" "$@"' sh "$PWD/asan_client" --write 1M -- --expect 1M --rcvbuf 4K --pause 20
  }
  tls=1.3
  cured bare
  assert_verdict whole=no
  both cured cured
  assert_verdict tls=close_notify tcp=fin whole=yes
}

# --- in doubt nothing is changed ---

@test "P9: a large environment, an object of another name: the exec passes through as it is" {
  other_libc
  large=$(printf 'A%s=1\n' {1..2000})
  # shellcheck disable=SC2086 # a variable each
  run env $large LD_PRELOAD="$OBJECT" "$BY" execve ./other
  assert_line "LD_PRELOAD=$OBJECT ASAN_OPTIONS=-"
  cp "$OBJECT" mine.so
  list=$PWD/mine.so executes execve ./other
  assert_line "LD_PRELOAD=$PWD/mine.so ASAN_OPTIONS=-"
}

@test "P9: files that are no programs, or damaged ones, give the answer that they give bare" {
  local length
  for length in 1 4 64 120 600; do
    head -c "$length" "$BY" >"part$length"
    chmod +x "part$length"
    local bare
    bare=$("$BY" execve "./part$length" 2>&1 | sed '/^own/d') || true
    executes execve "./part$length"
    assert_equal "$(sed '/^own/d' <<<"$output")" "$bare"
  done
  : >empty
  chmod +x empty
  executes execve ./empty
  assert_line "execve: Exec format error"
  executes execve .
  assert_line "execve: Permission denied"
  executes execve ./none
  assert_line "execve: No such file or directory"
}
