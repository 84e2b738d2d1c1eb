#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The core tests with an object, a hub, a command and programs that are built with AddressSanitizer and
# UndefinedBehaviorSanitizer; and threads that race in a program that has the object's sources linked in, with
# ThreadSanitizer. Builds of their own stand beside BUILD, in build-address and build-thread.
#
# libasan is preloaded ahead of everything: the programs of others that the tests run, and the shell, are not built with it.
# What is left in place of leaks: the programs of the tests leak, as programs that leave by exit do.
#
# Minutes: tests/run --full. SANITIZED="honesty copies" is a shorter list.
#
# bats file_tags=alone
#
# shellcheck disable=SC2154  # status, output: of Bats' run

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

export BATS_TEST_TIMEOUT=3600
top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
builds=$(dirname "${BUILD:-$top/build}")
core=(copies cure doors forks fuzz harmless honesty hub in_handler leaving)

# Tests that cannot hold with a sanitizer, and why: where the reason goes, the line goes.
not_here() {
  cat <<'END'
under valgrind                             one of the two can be in a process
executed without the environment           nor has it ASAN_OPTIONS then
END
}

# build KIND TARGET...: in build-KIND, or skips where the compiler has no such library.
build() {
  local kind=$1 folder=$builds/build-${1%%,*}
  shift
  echo 'int main(void) { return 0; }' | cc "-fsanitize=$kind" -x c -o /dev/null - 2>/dev/null ||
    skip "this compiler has no -fsanitize=$kind"
  mkdir -p "$folder"
  (
    cd "$folder"
    [[ config.status -nt $top/configure ]] || "$top/configure" CFLAGS='-O1 -g' "--enable-sanitizer=$kind"
    make -j"$(nproc)" "$@"
  ) >"$folder.log" 2>&1 || {
    tail -n 30 "$folder.log"
    return 1
  }
}

# What has failed and need not hold is taken away.
failures() {
  not_here | sed 's/   .*//' >"$BATS_TEST_TMPDIR/not_here"
  grep '^not ok' "$1" | grep -vFf "$BATS_TEST_TMPDIR/not_here" || true
}

sanitized() {
  local file=$1 out=$BATS_TEST_TMPDIR/$1.tap reports=$BATS_TEST_TMPDIR/reports
  mkdir -p "$reports"
  BUILD=$builds/build-address LD_PRELOAD=$(realpath "$(cc -print-file-name=libasan.so)") \
    ASAN_OPTIONS=detect_leaks=0:log_path=$reports/asan UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/ubsan \
    bats --formatter tap "$top/tests/$file.bats" >"$out" 2>&1 3>&- || true
  if grep -qE '^(not )?ok ' "$out" && ! grep -qrE 'ERROR: |runtime error' "$reports" && [[ -z $(failures "$out") ]]; then
    echo "# $file: $(grep -c '^ok ' "$out") hold" >&3
    return 0
  fi
  failures "$out"
  grep -rhE -A25 'ERROR: |runtime error' "$reports" | head -n 60
  tail -n 40 "$out"
  return 1
}

@test "address, undefined: the core tests hold, and nothing is reported" {
  local file failed=()
  build address,undefined all
  for file in ${SANITIZED:-"${core[@]}"}; do
    sanitized "$file" || failed+=("$file")
  done
  assert_equal "${failed[*]}" ''
}

# No address is drawn by lot (setarch): with 32 bits of it an older libtsan finds no room for its own.
race() {
  TSAN_OPTIONS="suppressions=$top/tests/lib/tsan.suppressions" run "$@" setarch -R \
    "$builds/build-thread/tests/programs/check_races" 40
  assert_success
  assert_line '160 connections'
}

@test "thread: connect, write, free, close, fork in several threads: by the hub, by a task, in place" {
  build thread tests/programs/check_races
  race "${BUILD:-$top/build}/src/tlsbye/tlsbye" run --log=off -- env -u LD_PRELOAD
  race env TLSBYE_LOG=off TLSBYE_WAYS=clone
  race env TLSBYE_LOG=off TLSBYE_WAYS=in-place
}
