#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P11: every connection ends in one line that says who, what the program did, what the shim did about it and how the
# peer ended. Observing says the same, and changes nothing.
#
# shellcheck disable=SC2034,SC2154  # connections and wrapper are read, port and logs are set, in lib/judge.bash
# shellcheck disable=SC2016,SC2317  # the wrapper's shell expands; a test's inner function has the name of another's

load lib/judge

reads_log=yes

wrong_server() {
  judge_server cured server_free_then_close -- --send 100K --expect 1K
}

right_server() {
  judge_server cured server_right --read 1K -- --send 1K --expect 1K
}

# Only events count: the program itself says nothing on stderr.
assert_events() {
  assert_equal "$(events_with '')" "$1"
  assert_equal "$(wc -l <"$program_err")" "$1"
}

# --- the line ---

@test "P11: who: the program, its process, the descriptor, both addresses" {
  wrapper=(sh -c 'echo $$ >"$0"; exec "$@"' "$BATS_TEST_TMPDIR/pid")
  wrong_server
  local pid
  pid=$(<"$BATS_TEST_TMPDIR/pid")
  run cat "$program_err"
  local program="server_free_then_close\[$pid\]" address='127\.0\.0\.1'
  assert_output --regexp "^tlsbye: $program fd [0-9]+ $address:$port - $address:[0-9]+: "
}

@test "P11: the line in full, for free then close over unread bytes" {
  said() {
    wrong_server
    run sed 's/.*[0-9]: //' "$program_err"
    assert_output --regexp '^SSL_free, close without SSL_shutdown, [0-9]{2,3},[0-9]{3} bytes unread; sent close_notify, half-closed, drained [0-9]{2,3},[0-9]{3} bytes in [0-9,]+ ms; peer: FIN$'
  }
  both said
}

# After the close the event is the hub's: SSL_free or SSL_clear that come later are not in it.
@test "P11: what the program did until it let go of the socket: each door has its name" {
  doors() {
    judge_server cured server_close_then_free -- --send 100K --expect 1K
    assert_event 'close without SSL_shutdown'
    judge_server cured server_shutdown_wr_then_free -- --send 100K --expect 1K
    assert_event 'shutdown, SSL_free, close without SSL_shutdown'
    judge_server cured server_clear --mode clear-first -- --send 100K --expect 1K
    assert_event 'SSL_clear, close without SSL_shutdown'
    refute_event 'SSL_free'
    judge_client cured client_exit_status -- --expect 1K
    assert_event 'exit without SSL_shutdown'
    judge_server cured server_second_shutdown -- --send 100K --expect 1K
    assert_event 'after SSL_shutdown' 'close_notify was sent already'
  }
  both doors
}

@test "P11: how the peer ended: FIN, reset, close_notify where it was read" {
  peers() {
    wrong_server
    assert_event '; peer: FIN'
    judge_server cured server_free_then_close -- --send 1K --expect 1K --end reset
    assert_event '; peer: reset'
    judge_server cured server_second_shutdown --mode late -- --send 100K --expect 1K
    assert_event '; peer: close_notify, then FIN'
  }
  both peers
}

@test "P11: a peer that had reset before the goodbye: nothing was sent, and the line says so" {
  reset_before() {
    judge_server cured check_transparency --mode reset -- --send 1K --end reset --end-at 1K
    assert_event '; peer: reset'
    refute_event 'sent close_notify'
  }
  both reset_before
}

# The number that OpenSSL knew may be another socket's by then; each way of telling asks at another place.
@test "P11: of a socket that was moved to another number it is its own addresses that are told" {
  local linger level
  moved() {
    judge_client cured client_dup_then_reuse --write 1K -- --expect 1K
    assert_program same-number=yes
    assert_event " - 127.0.0.1:$port: SSL_free, close"
    refute_event unix
    refute_event unknown
  }
  for linger in background wait off; do
    for level in info debug; do
      TLSBYE_LINGER=$linger TLSBYE_LOG_LEVEL=$level both moved
    done
  done
}

# getpeername() knows nobody once the connection is over, and the one who reset it is who is asked for.
@test "P11: the address of a peer that had reset is told, of IPv4 and IPv6" {
  reset_before() {
    judge_server cured check_transparency --mode reset "$@" -- --send 1K --end reset --end-at 1K "$@"
    assert_event '; peer: reset'
    refute_event ' - unknown'
  }
  both reset_before
  both reset_before --ipv6
}

@test "P11: one line for each connection, however many there are at once" {
  connections=100
  judge_server cured server_free_then_close -- --parallel 50 --send 100K --expect 1K
  assert_events 100
  assert_equal "$(sed 's/.* - \(.*\): SSL_free.*/\1/' "$program_err" | sort -u | wc -l)" 100
}

@test "P11: a connection that is left at exit, in mid-drain, has its line as well" {
  TLSBYE_AT_EXIT=0s judge_server cured server_free_then_close -- --send 1K --expect 1K --end never --limit 1
  assert_events 1
}

# --- levels ---

@test "P11: LOG_LEVEL: a cure is a line at info and debug, and none at off, error and warn" {
  local level
  for level in off error warn; do
    TLSBYE_LOG_LEVEL=$level wrong_server
    assert_events 0
  done
  TLSBYE_LOG_LEVEL=info wrong_server
  assert_events 1
  TLSBYE_LOG_LEVEL=debug wrong_server
  assert_equal "$(events_with 'without SSL_shutdown')" 1
}

# What the lines of the program's log say, each without who it is about, and without numbers.
whats() {
  sed -E 's/^tlsbye: .* - [^ ]+: //; s/[0-9][0-9,]*/N/g' "$program_err"
}

@test "P11: LOG_LEVEL=debug: each step of a connection is a line, in the order in which they happened" {
  TLSBYE_LOG_LEVEL=debug wrong_server
  run whats
  assert_output "$(printf '%s\n' tracked 'handshake: TLSvN.N TLS_AES_N_GCM_SHAN' 'close_notify by tlsbye' \
    'half-closed by tlsbye' 'drained N bytes in N ms; peer: FIN' \
    'SSL_free, close without SSL_shutdown, N bytes unread; sent close_notify, half-closed, drained N bytes in N ms; peer: FIN')"
}

@test "P11: LOG_LEVEL: a connection that ended well is a line at debug only" {
  levels() {
    right_server
    assert_events 0
    TLSBYE_LOG_LEVEL=debug right_server
    assert_equal "$(whats | tail -n +2 | sed 's/: .*//')" "$(printf '%s\n' handshake 'close_notify by the program' \
      'half-closed by tlsbye' 'drained N bytes in N ms; peer' 'SSL_free, close after SSL_shutdown; close_notify was sent already, half-closed, drained N bytes in N ms; peer')"
    assert_event 'after SSL_shutdown; close_notify was sent already'
  }
  both levels
}

# --- where to ---

@test "P11: LOG=off: not a line, and the cure all the same" {
  TLSBYE_LOG=off wrong_server
  assert_events 0
  assert_verdict tls=close_notify tcp=fin whole=yes
}

@test "P11: LOG=FILE appends, and stderr stays empty" {
  local log=$BATS_TEST_TMPDIR/log
  echo 'what was there' >"$log"
  TLSBYE_LOG=$log wrong_server
  TLSBYE_LOG=$log wrong_server
  assert_events 0
  run cat "$log"
  assert_equal "${#lines[@]}" 3
  assert_line --index 0 'what was there'
  assert_line --index 2 --partial 'sent close_notify'
}

# One process, two connections: the second line must not follow the file to its new name.
@test "P11: LOG=FILE: a file that is moved away is left at once" {
  local log=$BATS_TEST_TMPDIR/log
  TLSBYE_LOG=$log start_program cured server_free_then_close --connections 2 --port-file "$BATS_TEST_TMPDIR/port"
  wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
  run -0 timeout 20 "$JUDGE" connect --send 100K --expect 1K "$port"
  wait_until test -s "$log"
  mv "$log" "$log.1"
  run -0 timeout 20 "$JUDGE" connect --send 100K --expect 1K "$port"
  wait_program
  await_hub
  assert_equal "$(wc -l <"$log.1") $(wc -l <"$log")" '1 1'
}

# Nobody reads it: neither the program nor the goodbye waits for that.
@test "P11: LOG=FILE: a pipe without a reader, a folder, a full disk: the cure does not mind, and what it can it says" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  TLSBYE_LOG=$BATS_TEST_TMPDIR/pipe wrong_server
  assert_verdict tls=close_notify tcp=fin whole=yes
  assert_event "TLSBYE_LOG=$BATS_TEST_TMPDIR/pipe: cannot be opened" 'using stderr'
  assert_event 'sent close_notify'
  TLSBYE_LOG=$BATS_TEST_TMPDIR wrong_server
  assert_event "TLSBYE_LOG=$BATS_TEST_TMPDIR: cannot be opened (Is a directory); using stderr"
  assert_event 'sent close_notify'
  TLSBYE_LOG=/dev/full wrong_server
  assert_verdict tls=close_notify tcp=fin whole=yes
  assert_events 0
}

# A write beyond RLIMIT_FSIZE raises SIGXFSZ, which ends a program that does not expect it.
@test "P9: a log that is as long as the process may write: the program goes on" {
  local log=$BATS_TEST_TMPDIR/log
  head -c 1024 /dev/zero >"$log"
  wrapper=(bash -c 'ulimit -f 1; exec "$@"' -)
  TLSBYE_LOG=$log TLSBYE_LOG_LEVEL=debug wrong_server
  assert_verdict tls=close_notify tcp=fin whole=yes
}

# --- observe ---

@test "P11: observing changes nothing on the wire: the peer sees the bare bug" {
  observed() {
    connections=20
    TLSBYE_MODE=observe judge_server cured server_free_then_close --write 1M -- \
      --parallel 8 --send 100K --expect 1M --pause 50
    assert_total close_notify=0 rst=20 'truncated>=10'
    assert_events 20
    assert_event 'SSL_free, close without SSL_shutdown' 'bytes unread; only observed'
  }
  both observed
}

@test "P11: observing changes nothing inside: the second SSL_shutdown fails as bare, the exit is silent" {
  observed() {
    export TLSBYE_MODE=observe
    judge_server cured server_second_shutdown -- --send 100K --expect 1K
    assert_program first=0 second=-1
    judge_client cured client_exit_status -- --expect 1K
    assert_verdict tls=none
    assert_event 'exit without SSL_shutdown' 'only observed'
  }
  both observed
}

@test "P11: observing says what it would not have sent, and why" {
  TLSBYE_MODE=observe judge_server cured server_unfinished_write --write 32M -- --send 1K --expect 32M --pause 100
  assert_total torn=1
  assert_event 'only observed' 'would not send close_notify: the program did not finish writing'
}

@test "P11: MODE=off: not a line, not a change" {
  TLSBYE_MODE=off wrong_server
  assert_events 0
  assert_verdict tls=none tcp=rst
}
