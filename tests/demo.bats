#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The demo tells the truth: the wrong pair loses replies bare and none under tlsbye, the right pair none at all,
# the shim's lines are there, and so is merecat. The table is read by its columns:
# name, TLS, connections, whole, truncated, bytes lost, ended clean.

load lib/project

setup_file() {
  # One run for all tests of this file: what it printed, and its exit status.
  local status=0
  "$ROOT/demo/run" --quick >"$BATS_FILE_TMPDIR/table" 2>"$BATS_FILE_TMPDIR/errors" || status=$?
  echo "$status" >"$BATS_FILE_TMPDIR/status"
}

# column NAME TLS NUMBER: counted from the TLS column, which is 1.
column() {
  awk -v name="$1" -v tls="$2" -v number="$3" '
    index($0, name) == 1 && substr($0, length(name) + 1) ~ "^ +" tls " " {
      split(substr($0, length(name) + 1), fields, " ")
      print fields[number]
    }' "$BATS_FILE_TMPDIR/table"
}

# merecat_bytes NAME: how many bytes arrived in merecat's row of that name.
merecat_bytes() {
  sed -nE "s/^  $1 +([0-9,]+) bytes arrived.*/\1/p" "$BATS_FILE_TMPDIR/table" | tr -d ,
}

assert_row() {
  local name=$1 whole=$2 truncated=$3 clean=$4 tls
  for tls in 1.2 1.3; do
    assert_equal "TLS $tls: whole $(column "$name" "$tls" 3)" "TLS $tls: whole $whole"
    assert_equal "TLS $tls: truncated $(column "$name" "$tls" 4)" "TLS $tls: truncated $truncated"
    assert_equal "TLS $tls: clean $(column "$name" "$tls" 6)" "TLS $tls: clean $clean"
  done
}

@test "demo: bare, the wrong pair loses replies (or this file proves nothing)" {
  local tls
  for tls in 1.2 1.3; do
    assert [ "$(column 'wrong pair' $tls 4)" -ge 18 ]
    assert_equal "$(column 'wrong pair' $tls 6)" 0
  done
}

@test "demo: the same server under tlsbye loses none, and every end is clean (P1)" {
  assert_row 'wrong pair, server under tlsbye' 20 0 20
}

@test "demo: the right pair loses none, and every end is clean" {
  assert_row 'right pair' 20 0 20
}

@test "demo: the shim has a line for the connection that it cured (P11)" {
  run sed -n '/^What tlsbye says/,/^And why/p' "$BATS_FILE_TMPDIR/table"
  assert_output --partial 'close_notify'
}

@test "demo: the report names the guilty line (P11)" {
  run sed -n '/^And why/,/^merecat/p' "$BATS_FILE_TMPDIR/table"
  assert_output --regexp 'close\(\)  .*demo/wrong/server\.c:[0-9]+'
  assert_output --partial 'tls_goodbye(ssl, client);'
}

@test "demo: merecat loses its page bare, and nothing under tlsbye (P1)" {
  assert [ "$(merecat_bytes bare)" -lt 1048576 ]
  assert [ "$(merecat_bytes 'under tlsbye')" -gt 1048576 ]
}

@test "demo: it ends with status 0 and without a word on stderr" {
  run cat "$BATS_FILE_TMPDIR/status" "$BATS_FILE_TMPDIR/errors"
  assert_output 0
}

@test "demo: an unknown option is refused before anything is run" {
  run "$ROOT/demo/run" --fast
  assert_failure 2
  assert_output 'usage: demo/run [--quick]'
}
