#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What others write and we read, with inputs that libFuzzer makes up: a minute for each harness (FUZZ_SECONDS), with ASan and
# UBSan. tests/fuzz/run tells where an input is kept that has found something. Needs clang.
#
# bats file_tags=alone

load ../lib/project

export BATS_TEST_TIMEOUT=1800
ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

fuzz() {
  run "$ROOT/tests/fuzz/run" "${FUZZ_SECONDS:-60}" "$1"
  if ((status == 77)); then
    skip "${lines[-1]}"
  fi
  assert_success
  echo "# ${lines[-1]}" >&3
}

@test "fuzz: where an HTTP message ends" {
  fuzz http
}

@test "fuzz: the plaintext before TLS" {
  fuzz starttls
}

@test "fuzz: settings" {
  fuzz settings
}

@test "fuzz: a log, shown in every way" {
  fuzz report
}

@test "fuzz: messages to the hub" {
  fuzz hub
}
