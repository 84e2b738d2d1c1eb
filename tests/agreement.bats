#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P11: is it true what an observed program is said to have done? Five programs of Debian's, each observed, in several
# states at TLS 1.2 and 1.3, and beside each end event the judging peer's account of the same connection: was
# close_notify sent, did the close reset, is data lost. The table of agreements is printed at the end; unknown and
# possible have columns of their own. tests/run --full has twenty connections a state instead of two.
#
# shellcheck disable=SC2030,SC2031  # a test's connections are its own
# shellcheck disable=SC2034,SC2154  # what lib/judge.bash and lib/real.bash read and set
# shellcheck disable=SC2317         # called by both

load lib/project
load lib/judge
load lib/real

setup_file() {
  make_real_folder
  head -c 1024 "$real/page" >"$real/small"
  head -c 8388608 /dev/zero >"$real/large"
  chmod a+r "$real/small"
  export tally=$BATS_FILE_TMPDIR/tally
}

teardown_file() {
  [[ ! -e $tally ]] || /usr/bin/python3 "$BATS_TEST_DIRNAME/lib/agreement.py" table "$tally" | sed 's/^/# /' >&3
  remove_real_folder
}

setup() {
  begin_test
  install -m 666 /dev/null "$real/events.log" # merecat changes its user
  export TLSBYE_MODE=observe TLSBYE_LOG=$real/events.log TLSBYE_LOG_FORMAT=json TLSBYE_LOG_LEVEL=debug
  connections=2
  [[ -z ${TESTS_FULL:-} ]] || connections=20
}

slow=(--rcvbuf 4K --pause 20)

ended() {
  grep -c '"event":"end"' "$TLSBYE_LOG" || true
}

# agree PROGRAM SKIP: what the judge has just seen, and the events behind the first SKIP ends.
agree() {
  run /usr/bin/python3 "$BATS_TEST_DIRNAME/lib/agreement.py" compare "$1" "$TLSBYE_LOG" "$2" "$judge_log" "$tally"
  [[ $status -eq 0 ]] || fail_showing "TLS $tls: $output"
}

# One state of each was known to be lost and one to be safe, or the table says nothing.
assert_both_known() {
  grep -q "^$1 .* lost$" "$tally" || fail_showing "$1: no connection was known to have lost data"
  grep -q "^$1 .* safe$" "$tally" || fail_showing "$1: no connection was known to have lost none"
}

# A program that leaves by exit(): its kernel goes on sending until it is gone, so that what is lost nobody knows.
assert_known_but_at_exit() {
  ! grep "^$1 .* lost$" "$tally" || fail_showing "$1: it is said what a process lost that was not gone yet"
  grep -q "^$1 .* safe$" "$tally" || fail_showing "$1: no connection was known to have lost none"
}

# --- web servers ---

# judges PROGRAM BYTES [JUDGE ARG...]: connections to the server that runs already.
judges() {
  local program=$1 bytes=$2 skip
  shift 2
  skip=$(ended)
  start_judge connect --connections "$connections" --tls "$tls" --limit 20 --expect "$bytes" --expect-any "$@" "$port"
  wait_judge
  agree "$program" "$skip"
}

# request PAGE HEADER: a file with the request.
request() {
  local file
  file=$(mktemp -p "$BATS_TEST_TMPDIR")
  printf 'GET /%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n' "$1" "$2" >"$file"
  echo "$file"
}

# serves PROGRAM HEADER [MORE]: with so many bytes before the 1 MB page, and three digits of its length fewer before the
# small one; MORE where it keeps the connection. It lets go by itself, with bytes unread behind the request or not; or the
# peer ends first, once it has all.
serves() {
  local close=$'Connection: close\r\n' keep=$'Connection: keep-alive\r\n' large=$(($2 + page_bytes)) small=$(($2 - 3 + 1024))
  judges "$1" "$small" --send-file "$(request small "$close")"
  judges "$1" "$small" --send-file "$(request small "$close")" --trail 64K
  judges "$1" "$large" --send-file "$(request page "$close")" "${slow[@]}"
  judges "$1" "$large" --send-file "$(request page "$close")" "${slow[@]}" --trail 64K
  ((large += ${3:-0}, small += ${3:-0})) || true
  judges "$1" "$small" --send-file "$(request small "$keep")" --end-at "$small"
  judges "$1" "$large" --send-file "$(request page "$keep")" --end-at "$large" "${slow[@]}"
}

@test "merecat: what is said of each connection is what its peer saw" {
  merecat_on_free_port
  start_program cured "${merecat_command[@]}"
  wait_until_listens "$port" "$program_pid"
  both serves merecat 343 5
  assert_both_known merecat
}

@test "python3 http.server: likewise" {
  python_on_free_port HTTP/1.1
  start_program cured "${python_command[@]}"
  wait_until_listens "$port" "$program_pid"
  both serves python3 198
  assert_both_known python3
}

@test "haproxy: likewise" {
  pages_behind_haproxy
  start_program cured "${haproxy_command[@]}"
  wait_until_listens "$port" "$program_pid"
  both serves haproxy 167
  assert_both_known haproxy
}

# --- ncat: a client and a server of one connection each, which only write, or wait for the peer's end ---

@test "ncat: likewise" {
  sends() {
    local skip
    skip=$(ended)
    runs=$connections
    free_port
    judge_real_client cured ncat --ssl "${send_only[@]}" 127.0.0.1 "$port" -- --expect "$1" --expect-any --limit 20 "${@:2}"
    agree ncat-client "$skip"
  }
  serves_once() {
    local skip connections=1
    skip=$(ended)
    free_port
    start_program_with_input cured ncat --ssl --ssl-cert "$real/cert.pem" --ssl-key "$real/key.pem" \
      -l 127.0.0.1 "$port" "${send_only[@]}"
    wait_until_listens "$port" "$program_pid"
    start_judge connect --tls "$tls" --send 1K --expect "$1" --expect-any --limit 20 "${@:2}" "$port"
    wait_judge
    wait_program
    agree ncat-server "$skip"
  }
  each() {
    local bytes judged
    # More than the socket takes at once: when the last of it is written, what the judge has to say is here, unread.
    for bytes in 1024 8388608; do
      input=$real/small judged=()
      ((bytes == 1024)) || input=$real/large judged=("${slow[@]}")
      send_only=(--send-only)
      sends "$bytes" "${judged[@]}"
      sends "$bytes" "${judged[@]}" --send 1K
      sends "$bytes" "${judged[@]}" --no-tickets
      serves_once "$bytes" "${judged[@]}" --trail 64K
      send_only=()
      sends "$bytes" "${judged[@]}" --end-at "$bytes"
      serves_once "$bytes" "${judged[@]}" --end-at "$bytes"
    done
  }
  both each
  assert_both_known ncat-client
  assert_known_but_at_exit ncat-server
}

# --- redis-cli: a client that leaves by exit(), when it has its answer ---

@test "redis-cli: likewise" {
  sets() {
    local skip
    skip=$(ended)
    runs=$connections
    free_port
    judge_real_client cured redis-cli --tls --insecure -h 127.0.0.1 -p "$port" -x SET k -- \
      --send-file "$BATS_TEST_TMPDIR/ok" --expect "$1" --expect-any --limit 20 "${@:2}"
    agree redis-cli "$skip"
  }
  # The answer behind everything, or before it: then it leaves while its data is on its way.
  each() {
    local length=$((1024 + 29))
    input=$real/small
    sets "$length" --wait-first
    sets "$length" --wait-first --trail 64K
    input=$real/page
    length=$((page_bytes + 32))
    sets "$length" "${slow[@]}"
    sets "$length" "${slow[@]}" --trail 64K
  }
  printf '+OK\r\n' >"$BATS_TEST_TMPDIR/ok"
  both each
  assert_known_but_at_exit redis-cli
}
