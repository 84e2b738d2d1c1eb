#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Peers that mean no good, or have lost their mind (tests/programs/peer_adverse.c): what they do to a program under tlsbye ends as
# without it, or better. In each case, bare and cured, at both versions of TLS: the program has the same status and says the same;
# the peer got at least as much of it; close_notify only where all was written and arrived; and nobody is fed for ever.
#
# shellcheck disable=SC2034,SC2154  # program_status and the like are set in lib/judge.bash

load lib/judge

written=1048576

# What the peer saw, from its line.
saw() {
  sed -n "s/^peer: .*\\b$1=\\([a-z0-9]*\\).*/\\1/p" "$judge_log"
}

start_peer() {
  note_command peer_adverse "$@"
  timeout "$judge_timeout" "$BUILD/tests/programs/peer_adverse" "$@" >"$judge_log" 2>&1 3>&- &
  judge_pid=$!
}

# meet bare|cured MODE PROGRAM: the program serves where its name says so. The peer holds out for so many rounds of a second.
meet() {
  local file=$BATS_TEST_TMPDIR/port how=$1 mode=$2 program=$3 rounds=${rounds:-15}
  local ours=(--write "$written" --port-file "$file" --tls "$tls") peers=(--mode "$mode" --rounds "$rounds" --tls "$tls")
  rm -f "$file"
  export TLSBYE_LINGER_IDLE=2s TLSBYE_LINGER_TOTAL=4s TLSBYE_LINGER_SENDING=500ms
  if [[ $program == server_* ]]; then
    start_program "$how" "$program" "${ours[@]}"
    wait_for_port "$file" "$program_pid" || return 1
    start_peer connect "${peers[@]}" --port "$port"
  else
    start_peer serve "${peers[@]}" --port-file "$file"
    wait_for_port "$file" "$judge_pid" || return 1
    start_program "$how" "$program" --write "$written" --port "$port" --tls "$tls"
  fi
  wait_program
  wait_judge || return 1
  [[ -n $(saw got) ]] || fail_showing 'the peer tells nothing'
}

# meets MODE PROGRAM
meets() {
  local status said got
  meet bare "$@"
  status=$program_status said=$(<"$program_log") got=$(saw got)
  meet cured "$@"
  await_hub
  [[ $program_status -eq $status ]] || fail_showing "$*: status $status bare, $program_status cured"
  [[ $(<"$program_log") == "$said" ]] || fail_showing "$*: bare the program said: $said"
  [[ $(saw got) -ge $got ]] || fail_showing "$*: $got bytes bare, $(saw got) cured"
  [[ $(saw notify) == no || $(saw got) -eq $written ]] || fail_showing "$*: close_notify in the middle of the data"
}

# What the cure is good for even here: everything arrives, then close_notify, then FIN.
meets_whole() {
  meets "$@"
  [[ $(saw got) -eq $written && $(saw notify) == yes && $(saw end) == "${whole_end:-fin}" ]] ||
    fail_showing "$*: not whole, close_notify, ${whole_end:-fin}"
}

# A flood: cut by LINGER_SENDING, long before the peer is tired of it.
meets_flood() {
  whole_end=rst meets_whole "$@"
  [[ $(saw ms) -le 8000 ]] || fail_showing "$*: fed for $(saw ms) ms after the end"
}

@test "P1, P3: half a record, one that is too long, garbage behind the request" {
  local mode
  for mode in half-record oversize-record garbage; do
    both meets_whole "$mode" server_free_then_close
    both meets_whole "$mode" client_write_only
  done
}

@test "P1: a renegotiation that nobody answers, and one in the program's read" {
  tls=1.2
  meets_whole renegotiation server_free_then_close
  meets_whole renegotiation client_write_only
  meets renegotiation client_post_auth
}

@test "P1: a certificate is asked for after the handshake: unread, and answered by the program's read" {
  tls=1.3
  meets_whole post-handshake-auth client_write_only
  meets_whole post-handshake-auth client_post_auth
}

@test "P1, P3: data after the peer's close_notify" {
  both meets_whole after-close-notify server_free_then_close
  both meets_whole after-close-notify client_write_only
}

@test "P10: KeyUpdates without end" {
  tls=1.3
  meets_flood key-updates server_free_then_close
  meets_flood key-updates client_write_only
  meets_flood key-updates client_post_auth
}

@test "P10: session tickets without end" {
  tls=1.3
  meets_flood tickets client_write_only
  meets_flood tickets client_post_auth
}

@test "P10: data without end" {
  both meets_flood data server_free_then_close
  both meets_flood data client_write_only
}

# The clients at TLS 1.3, where they have tickets unread; with --full at 1.2 as well.
@test "P3, P9: a reset at each step" {
  local mode program
  for mode in reset-after-connect reset-in-hello reset-after-handshake reset-after-request reset-while-reading \
    reset-at-close-notify; do
    both meets "$mode" server_free_then_close
    tls=1.3
    for program in client_write_only client_post_auth; do
      if [[ -n ${TESTS_FULL:-} ]]; then both meets "$mode" "$program"; else meets "$mode" "$program"; fi
    done
  done
}

@test "P2, P10: a window that stays shut" {
  written=60000 rounds=5
  both_at_once meets zero-window server_free_then_close
  both_at_once meets zero-window client_write_only
}
