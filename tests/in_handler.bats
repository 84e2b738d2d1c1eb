#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A signal handler is never taken for plain code, however the program is compiled; plain code is known as such.

load lib/project

setup() {
  ! readelf -d "$BUILD/tests/programs/check_in_handler" | grep -qE 'NEEDED.*lib[at]san\.' ||
    skip "sanitizers keep stacks and signals of their own"
  case $(uname -m) in
  x86_64 | i?86 | aarch64) ;;
  *) skip "always in doubt on this machine" ;;
  esac
}

# Builds the same with these options and runs it; what cannot be built so (no 32-bit libc) is skipped.
check_compiled() {
  local program=$BATS_TEST_TMPDIR/check_in_handler
  "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -I"$ROOT/src" -I"$ROOT/src/libtlsbye" "$@" -o "$program" \
    "$ROOT"/tests/programs/{check_in_handler,in_handler_situations,in_handler_stacks}.c \
    "$ROOT"/src/libtlsbye/sys/{in_handler,kernel}.c -pthread || skip "cannot be compiled with $*"
  run -0 "$program"
  assert_output ""
}

@test "no handler is said to be outside, plain code is" {
  run -0 "$BUILD/tests/programs/check_in_handler"
  assert_output ""
}

@test "the same, not optimized" {
  check_compiled -O0
}

@test "the same, optimized without frame pointers" {
  check_compiled -O3 -fomit-frame-pointer
}

@test "the same, with frame pointers and stack protector" {
  check_compiled -O2 -fno-omit-frame-pointer -fstack-protector-all
}

@test "the same, statically linked" {
  check_compiled -O2 -static
}

# The headers of a 64-bit system serve, where those for 32 bits are not linked to their usual place.
@test "the same, for i386" {
  [[ $(uname -m) == x86_64 ]] || skip "needs x86-64"
  check_compiled -m32 -O2 -idirafter "/usr/include/$("${CC:-cc}" -print-multiarch)"
}

# Whose frames are its own, as is the stack that it gives to the program.
@test "valgrind, which hides the vdso: in doubt" {
  command -v valgrind >/dev/null || skip "valgrind is not installed"
  run -0 valgrind -q --log-file=/dev/null "$BUILD/tests/programs/check_in_handler" --cost 4
  assert_output --partial "in doubt"
}
