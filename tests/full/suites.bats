#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P5, by what others test: the TLS tests of other projects give the same verdicts with and without tlsbye.
# tests/suites/peers tells how, and which are expected to differ. Its table is printed at the end.
#
# Minutes, and a network: tests/run --full. TLSBYE_SCRATCH keeps sources and builds.
#
# shellcheck disable=SC2154  # status and output are set by Bats' run

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

peers=$BATS_TEST_DIRNAME/../suites/peers
# Some are built first, and chroots are made. Each step has a limit of its own.
export BATS_TEST_TIMEOUT=3600

setup_file() {
  export TLSBYE_SCRATCH=${TLSBYE_SCRATCH:-$BATS_FILE_TMPDIR}
}

teardown_file() {
  "$peers" --table | sed 's/^/# /' >&3
}

run_peers() {
  run "$peers" "$@" 3>&-
  ((status != 77)) || skip "$(sed -n 's/.*skipped: *//p' <<<"$output" | head -n 1)"
}

# A comparison that finds nothing proves nothing: this tlsbye turns one verdict round.
@test "the control: a verdict that changes is found" {
  export TLSBYE_SCRATCH=$BATS_TEST_TMPDIR TLSBYE=$BATS_TEST_TMPDIR/tlsbye
  cat >"$TLSBYE" <<'EOF'
#!/usr/bin/env bash
while [[ $1 != -- ]]; do shift; done
shift
"$@" | sed '0,/^ok/s/^ok/not ok/'
EOF
  chmod +x "$TLSBYE"
  run_peers --only 01loadmodule io_socket_ssl
  assert_failure 1
  assert_line --regexp $'^io_socket_ssl: owed\t01loadmodule\tnot ok'
  assert_line --regexp '^differences owed to tlsbye: [1-9]'
}

@test "P5: IO::Socket::SSL's tests give the same verdicts" {
  run_peers io_socket_ssl
  assert_success
}

@test "P5: CPython's tests of TLS give the same verdicts" {
  run_peers cpython
  assert_success
}

@test "P5: OpenSSL's tests of TLS give the same verdicts" {
  run_peers openssl
  assert_success
}

@test "P5: Net::SSLeay's tests give the same verdicts" {
  run_peers net_ssleay
  assert_success
}

@test "P5: Ruby's tests of TLS give the same verdicts" {
  run_peers ruby_openssl
  assert_success
}

@test "P5: Redis's tests with --tls give the same verdicts" {
  run_peers redis
  assert_success
}

@test "P5: libevent's tests of TLS give the same verdicts" {
  run_peers libevent
  assert_success
}

@test "P5: Mosquitto's tests of TLS give the same verdicts" {
  run_peers mosquitto
  assert_success
}

@test "P5: PostgreSQL's tests of TLS give the same verdicts" {
  run_peers postgresql
  assert_success
}

@test "P5: CPython's tests of TLS on trixie give the same verdicts" {
  run_peers cpython_trixie
  assert_success
}

@test "P5: CPython's tests of TLS on sid give the same verdicts" {
  run_peers cpython_sid
  assert_success
}
