#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1 on every libssl: tests/suites/chroots builds tlsbye on Debian bullseye (OpenSSL 1.1.1, glibc 2.31), bookworm (3.0),
# trixie (3.5), sid (3.6 or newer, linked -Bsymbolic) and sid with experimental's OpenSSL (4.0 or newer), runs the tests
# of the cure there with the object built there, and once more with the one built on bullseye. Its table is printed at
# the end.
#
# Minutes, a network and root: tests/run --full. TLSBYE_SCRATCH keeps the chroots, TLSBYE_MIRROR names another mirror.

chroots=$BATS_TEST_DIRNAME/../suites/chroots
# A chroot is installed and built in before its tests begin. Each step has a limit of its own.
export BATS_TEST_TIMEOUT=3600

setup_file() {
  export TLSBYE_SCRATCH=${TLSBYE_SCRATCH:-$BATS_FILE_TMPDIR}
}

teardown_file() {
  "$chroots" --table | sed 's/^/# /' >&3
}

# on SUITE: skips, with the reason, what cannot be made here.
on() {
  local status=0
  "$chroots" "$1" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || status=$?
  ((status != 77)) || skip "$(sed -n 's/.*skipped: *//p' "$BATS_TEST_TMPDIR/out" | head -n 1)"
  cat "$BATS_TEST_TMPDIR/out"
  return "$status"
}

@test "P1: OpenSSL 1.1.1 (bullseye)" {
  on bullseye
}

@test "P1: OpenSSL 3.0 (bookworm), and the object built on bullseye" {
  on bookworm
}

@test "P1: OpenSSL 3.5 (trixie), and the object built on bullseye" {
  on trixie
}

@test "P1: OpenSSL 3.6 or newer, linked -Bsymbolic (sid), and the object built on bullseye" {
  on sid
}

@test "P1: OpenSSL 4.0 or newer (experimental), and the object built on bullseye" {
  on experimental
}
