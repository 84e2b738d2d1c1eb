# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The table of tests/check_table.bats: what `tlsbye check` says of a program, and what then happens to it under `tlsbye run`.
#
#   client NAME TARGET COMMAND...    TARGET is what check is asked about; COMMAND talks to the peer at $peer_port (https)
#   server NAME TARGET COMMAND...    COMMAND serves TLS at $port; somebody asks it for a page, and waits for its end
#
# Each adds a row, and counts in $rows, $skipped and $contradicted. Contradicted is: "reachable", and no connection was seen, or one
# whose socket was not known; "out of reach" or "no TLS of OpenSSL's", and a connection was. "In part" and "cannot be told" promise neither,
# so the table has few of them, and says which verdict each program is to have.
#
# shellcheck disable=SC2034,SC2154  # what judge.bash, real.bash, starttls.bash and the tests set and read

table_begin() {
  rows=0 skipped=0 contradicted=0
  table=$BATS_TEST_TMPDIR/table
  printf '%-22s %-18s %-9s %s\n' program "check's word" seen '' >"$table"
  free_port
  peer_port=$port
  judge_timeout=600 start_peer "$peer_port" openssl s_server -accept "127.0.0.1:$peer_port" -www -quiet -cert "$real/cert.pem" -key "$real/key.pem"
}

table_end() {
  echo "$rows programs, $skipped not installed here, $contradicted contradicted" >>"$table"
  [[ -z ${TESTS_FULL:-} ]] || sed 's/^/# /' "$table" >&3
  ((contradicted == 0)) || fail_showing "$(<"$table")"
}

# is_there NAME TARGET: else a row that says so.
is_there() {
  [[ -n $2 ]] && command -v "$2" >/dev/null && return
  skipped=$((skipped + 1))
  printf '%-22s %s\n' "$1" "not installed: skipped" >>"$table"
  return 1
}

# add_row NAME TARGET WANTED: of the events in $events.
add_row() {
  local said seen hidden agrees=agrees
  await_hub
  said=$("$TLSBYE" check "$2" 2>&1 | sed -n '1s/:.*//p') || true
  seen=$(grep -cE '\] fd [0-9]+ ' "$events") || true
  hidden=$(grep -c 'no socket' "$events") || true
  case $said in
    reachable) ((seen > 0 && hidden == 0)) || agrees=CONTRADICTED ;;
    'out of reach' | 'no TLS of OpenSSL'*) ((seen == 0)) || agrees=CONTRADICTED ;;
  esac
  [[ $said == "$3" ]] || agrees="CONTRADICTED: not \"$3\""
  [[ $agrees == agrees ]] || contradicted=$((contradicted + 1))
  rows=$((rows + 1))
  printf '%-22s %-18s %-9s %s\n' "$1" "${said/no TLS of OpenSSL*/no OpenSSL}" "$seen" "$agrees" >>"$table"
}

under_tlsbye() {
  events=$BATS_TEST_TMPDIR/events.$rows
  : >"$events"
  chmod a+rw "$events"
  TLSBYE_LOG=$events TLSBYE_LOG_LEVEL=debug "$TLSBYE" run -- "$@"
}

client() {
  local name=$1 target=$2 wanted=$3
  shift 3
  is_there "$name" "$target" || return 0
  note_command "$@"
  printf 'GET / HTTP/1.0\r\n\r\n' >"$BATS_TEST_TMPDIR/request"
  under_tlsbye timeout 20 "$@" <"$BATS_TEST_TMPDIR/request" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || true
  add_row "$name" "$target" "$wanted"
}

# asked_once: until an answer or an end has come. A server that is asked by another protocol ends, or is left.
asked_once() {
  printf 'GET /page HTTP/1.0\r\n\r\nQUIT\r\na LOGOUT\r\n' >"$BATS_TEST_TMPDIR/request"
  timeout 6 openssl s_client ${starttls:+-starttls "$starttls"} -quiet -connect "127.0.0.1:$port" <"$BATS_TEST_TMPDIR/request" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || true
}

# listening_or_gone: what could not be started has nothing to be contradicted by.
server() {
  local name=$1 target=$2 wanted=$3
  shift 3
  is_there "$name" "$target" || return 0
  note_command "$@"
  events=$BATS_TEST_TMPDIR/events.$rows
  : >"$events"
  chmod a+rw "$events"
  program_log=$BATS_TEST_TMPDIR/$name.out program_err=$BATS_TEST_TMPDIR/$name.err
  TLSBYE_LOG=$events TLSBYE_LOG_LEVEL=debug "$TLSBYE" run -- "$@" >"$program_log" 2>"$program_err" </dev/null 3>&- &
  program_pid=$!
  if wait_until_listens "$port" "$program_pid"; then
    asked_once
    stop_program
    add_row "$name" "$target" "$wanted"
  else
    stop_program || true
    contradicted=$((contradicted + 1))
    printf '%-22s did not listen\n' "$name" >>"$table"
  fi
}
