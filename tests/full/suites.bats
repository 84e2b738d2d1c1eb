#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P5, by what others test: OpenSSL's TLS tests, CPython's and IO::Socket::SSL's give the same verdicts with and without
# tlsbye. tests/suites/peers tells how; this needs the network the first time, and minutes: tests/run --full.
#
# shellcheck disable=SC2034,SC2154  # Bats reads BATS_TEST_TIMEOUT; top and output are set elsewhere

# Where sources and builds are kept, if anywhere: judge.bash forgets all that is called TLSBYE_.
export PEERS_SCRATCH=${TLSBYE_SCRATCH:-${PEERS_SCRATCH:-}}
load ../lib/judge

BATS_TEST_TIMEOUT=3600

peers() {
  run env TLSBYE_SCRATCH="$PEERS_SCRATCH" timeout 3500 "$top/tests/suites/peers" "$@"
  ((status != 77)) || skip "$(grep -F skipped <<<"$output")"
}

# As a user reads it: on the terminal, also where all is well.
show_table() {
  sed -n '/^suite /,$s/^/# /p' <<<"$output" >&3
}

# A comparison that finds nothing proves nothing: here tlsbye is a program that turns one verdict round.
@test "bare: a verdict that changes is found" {
  local wrong=$BATS_TEST_TMPDIR/tlsbye
  cat >"$wrong" <<'EOF'
#!/usr/bin/env bash
while [[ $1 != -- ]]; do shift; done
shift
"$@" | sed '0,/^ok/s/^ok/not ok/'
EOF
  chmod +x "$wrong"
  TLSBYE=$wrong peers --only '01loadmodule' io_socket_ssl
  assert_failure 1
  assert_line --regexp '^io_socket_ssl: owed	01loadmodule	not ok'
  assert_line 'differences owed to tlsbye: 2'
}

@test "P5: IO::Socket::SSL's tests: the same verdicts" {
  peers io_socket_ssl
  show_table
  assert_success
}

@test "P5: CPython's tests of TLS: the same verdicts" {
  peers cpython
  show_table
  assert_success
}

@test "P5: OpenSSL's tests of TLS: the same verdicts" {
  peers openssl
  show_table
  assert_success
}
