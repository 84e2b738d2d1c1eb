#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `tlsbye probe`: what it says of a peer is what the judging peer measures with the same script, field by field; its
# status tells peers that end well from those that do not, and under tlsbye those end well too; what cannot be
# tried is told, with the next step, and status 2.
#
# shellcheck disable=SC2030,SC2031  # a test's tls and connections are its own
# shellcheck disable=SC2034,SC2154  # variables of lib/*.bash

load lib/project
load lib/judge
load lib/real
load lib/probed

setup_file() {
  make_real_folder
  make_servers
}

teardown_file() {
  remove_real_folder
}

trust() {
  probe --cafile "$real/cert.pem" "$@"
}

# --- the same verdicts as the judge's ---

# What is judged, in all trials; "told" are those whose outcome is no race within the server.
agrees() {
  local name=$1 trail=(--rcvbuf 4K --pause 120)
  shift
  start_server bare "$name"
  for tls in 1.2 1.3; do
    trust --tls "$tls" --path /page "localhost:$port"
    assert_agrees wait --send-file "$real/request"
    assert_agrees close_notify --send-file "$real/request_to_stay" --end half --end-at "$(found close_notify bytes)"
    assert_agrees unread --send-file "$real/request" --trail 256K "${trail[@]}"
    assert_agrees late --send-file "$real/request" --late-trail 256K "${trail[@]}"
    [[ $# -eq 0 ]] || assert_agrees half-close --send-file "$real/request" --end first-bare
  done
}

# Whether it has read our FIN before it says close_notify is chance.
@test "probe agrees with the judge: nginx" {
  agrees nginx
}

@test "probe agrees with the judge: apache2" {
  agrees apache2 half-close
}

@test "probe agrees with the judge: merecat" {
  agrees merecat half-close
}

@test "probe agrees with the judge: webrick" {
  agrees webrick half-close
}

# Our FIN kills its cat before, behind, or within the page.
@test "probe agrees with the judge: socat" {
  agrees socat
}

@test "probe agrees with the judge: openssl s_server" {
  agrees s_server half-close
}

# --- clean or not, and cured ---

@test "probe: apache2, s_server, server_right and an nginx that always lingers are clean: 0" {
  local name
  for name in apache2 s_server nginx_lingering; do
    start_server bare "$name"
    trust --path /page "localhost:$port"
    assert_found 0
    stop_program
  done
  start_program bare server_right --port-file "$BATS_TEST_TMPDIR/port" --connections 5 --read 64 --write 1M
  wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
  probe --insecure "localhost:$port"
  assert_found 0
}


# bad NAME FAULT...: bare it is not clean, for these reasons; under tlsbye it is.
red_then_cured() {
  local name=$1
  shift
  start_server bare "$name"
  trust --path /page "localhost:$port"
  assert_found 1 "$@"
  assert_equal "$(found late whole)" no
  stop_program
  start_server cured "$name"
  trust --path /page "localhost:$port"
  assert_found 0
  assert_equal "$(found late whole)" yes
}

@test "probe: merecat is not clean; under tlsbye it is" {
  red_then_cured merecat reset-unread reset-late no-close_notify
}

@test "probe: webrick is not clean; under tlsbye it is" {
  red_then_cured webrick reset-unread reset-late
}

@test "probe: socat is not clean; under tlsbye it is" {
  red_then_cured socat reset-unread reset-late
}

# Its own lingering looks for bytes that are there already (lingering_close on), and closes at once where there are none.
@test "probe: nginx loses its reply when bytes come late; under tlsbye not" {
  red_then_cured nginx reset-late
}

@test "probe: free, then close: not clean; under tlsbye it is" {
  local how
  for how in bare cured; do
    rm -f "$BATS_TEST_TMPDIR/port"
    start_program "$how" server_free_then_close --port-file "$BATS_TEST_TMPDIR/port" --connections 5 --read 64 --write 1M
    wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
    probe --insecure "localhost:$port"
    if [[ $how == bare ]]; then
      assert_found 1 reset-unread reset-late no-close_notify
    else
      assert_found 0
    fi
    wait_program
  done
}
