#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=alone
#
# P9 by the clock, on a server that is stopped while a client is idle, and a script that ends with its peer still there: how
# long their end takes, bare and under tlsbye in turn.
#
# Times are the least of several turns, against each other: what else the machine does adds to both. They are told in
# milliseconds because the promise is (50); a loaded machine gets more (slack, in lib/hosts.bash).
#
# shellcheck disable=SC2030,SC2031  # a test's tls and connections are its own
# shellcheck disable=SC2034,SC2154  # what lib/*.bash set and read

load lib/project
load lib/judge
load lib/real
load lib/hosts

# assert_at_most_later MS: the least of the times in `cured` is at most so much over the least of those in `bare`.
assert_at_most_later() {
  local most=$(($(least "${bare[@]}") + $(slack "$1")))
  [[ $(least "${cured[@]}") -le $most ]] || fail_showing "bare: ${bare[*]} ms, under tlsbye: ${cured[*]} ms"
}

setup_file() {
  make_real_folder
  cat >"$real/sendall.py" <<'PYTHON'
import socket, ssl, sys, time
port, size, version = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
context = ssl._create_unverified_context()
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
stream = context.wrap_socket(socket.create_connection(("127.0.0.1", port)))
stream.sendall(b"x" * size)
print(f"left_ms={time.time_ns() // 1000000}", flush=True)
PYTHON
}

teardown_file() {
  remove_real_folder
}

# --- redis-server: stopped while a client is idle ---

idle_client() {
  cat >"$BATS_TEST_TMPDIR/idle.py" <<'PYTHON'
import socket, ssl, sys
context = ssl._create_unverified_context()
stream = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
stream.sendall(b"PING\r\n")
print(stream.recv(100).decode().strip(), flush=True)
sys.stdin.read()  # neither speaks nor closes: until the test does
PYTHON
  coproc IDLE { exec timeout "$judge_timeout" /usr/bin/python3 "$BATS_TEST_TMPDIR/idle.py" "$port" 2>&1 3>&-; }
  # The second look is for the shell that runs this test: it forgets a coprocess that has ended.
  idle_in=${IDLE[1]}
  local said
  read -r -t 20 -u "${IDLE[0]}" said
  [[ $said == +PONG ]] || fail_showing "the idle client said $said"
}

# stop_ms bare|cured: sets $took, from SIGTERM to the end of redis-server as its parent sees it.
stop_ms() {
  local begin
  redis_on_free_port
  program_command "$1" "${redis_command[@]}"
  "${program_command[@]}" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
  wait_until_listens "$port" "$program_pid" || return 1
  idle_client || return 1
  begin=$(ms_now)
  kill "$program_pid"
  wait_program
  took=$((program_ended_ms - begin))
  exec {idle_in}>&-
  wait "$IDLE_PID" 2>/dev/null || true
  assert_status
}

@test "redis-server with an idle TLS client: from SIGTERM to its end at most 50 ms more than bare" {
  [[ -x /usr/bin/redis-server ]] || skip "redis-server is not installed"
  local bare=() cured=()
  for _ in 1 2 3 4 5; do
    stop_ms bare
    bare+=("$took")
    stop_ms cured
    cured+=("$took")
  done
  assert_at_most_later 50
}

# --- python3: sendall, and the script ends; the peer takes it all and does not close ---

# sends_and_leaves bare|cured [JUDGE ARG...]: the peer stays for 3 seconds more, or until who called ends it.
sends_and_leaves() {
  free_port
  start_judge serve --port "$port" --tls "$tls" --expect 1M --expect-any --end never --limit 3 "${@:2}"
  wait_until_listens "$port" "$judge_pid" || return 1
  start_program "$1" /usr/bin/python3 "$real/sendall.py" "$port" 1048576 "$tls"
  wait_program
  assert_status
}

# leave_ms bare|cured: sets $took, from its last line to its end.
leave_ms() {
  : >"$program_log"
  sends_and_leaves "$1"
  took=$((program_ended_ms - $(sed -n 's/^left_ms=//p' "$program_log")))
  end_test # what the peer says of it is the affair of the tests above
  judge_pid=''
}

@test "bare python3, sendall and the end: at TLS 1.3 all bytes are lost over the unread tickets" {
  sends_and_leaves bare --rcvbuf 4K --pause 20
  wait_judge
  assert_verdict tls=torn tcp=rst whole=no
}

@test "python3, sendall and the end, to a peer that never closes: all bytes, close_notify, FIN (P1)" {
  whole() {
    sends_and_leaves cured --rcvbuf 4K --pause 20
    wait_judge
    assert_verdict tls=close_notify tcp=fin whole=yes
  }
  both whole
}

@test "python3, sendall and the end, to a peer that never closes: it ends at most 50 ms later than bare" {
  local bare=() cured=()
  for tls in 1.2 1.3; do
    bare=() cured=()
    for _ in 1 2 3; do
      leave_ms bare
      bare+=("$took")
      leave_ms cured
      cured+=("$took")
    done
    assert_at_most_later 50
  done
}
