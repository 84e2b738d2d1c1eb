#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What others write and we read: the corpus of each harness, once, by the ordinary compiler. Among it is every input that has
# found something. tests/full/fuzz.bats makes new ones.

load lib/project

# each_of HARNESS: as many inputs as there are files.
each_of() {
  local corpus=$ROOT/tests/fuzz/corpus/$1 files
  files=$(find "$corpus" -type f | wc -l)
  run --separate-stderr timeout 60 "$BUILD/tests/fuzz/$1" "$corpus"
  assert_success
  assert_output "$files inputs"
  ((files >= 8))
}

@test "fuzz: where an HTTP message ends" {
  each_of http
}

@test "fuzz: the plaintext before TLS" {
  each_of starttls
}

@test "fuzz: settings" {
  each_of settings
}

@test "fuzz: a log, shown in every way" {
  each_of report
}

@test "fuzz: messages to the hub" {
  each_of hub
}

@test "fuzz: every harness has a corpus and a test, and tests/fuzz/run knows it" {
  local file name
  for file in "$ROOT"/tests/fuzz/*.c; do
    grep -q '^int LLVMFuzzerTestOneInput' "$file" || continue
    name=$(basename "$file" .c)
    assert_dir_exists "$ROOT/tests/fuzz/corpus/$name"
    assert_file_contains "$BATS_TEST_FILENAME" "^  each_of $name\$"
    assert_file_contains "$ROOT/tests/fuzz/run" "^all=(.*\b$name\b.*)"
  done
}
