#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9: other people's preloads beside the object, in each order: the program's outcome is as without us, and the cure works.
# Each test prints its row of the table: what the peer gets, bare first. Hooks of the tests' own: other_hooks.bats.
#
# The orders are `X tlsbye run PROGRAM`, `tlsbye run X PROGRAM`, and LD_PRELOAD by hand, with X ahead of the object and after it.
#
# shellcheck disable=SC2016  # inner shells expand
# shellcheck disable=SC2034,SC2154  # what lib/*.bash read and set

load lib/judge

object=$BUILD/src/libtlsbye/.libs/libtlsbye.so
connections=2
orders=(outside inside ahead after)
cured=(whole=yes tls=close_notify tcp=fin 'order=data>close_notify>fin')

teardown() {
  end_test
  [[ -z ${socks_pid:-} ]] || kill "$socks_pid" 2>/dev/null || true
}

needs() {
  local name
  for name; do
    command -v "$name" >/dev/null || loads "$name" || skip "$name is not installed"
  done
}

# Not what the loader says: an object that is missing is ignored, with a line.
loads() {
  [[ -z $(LD_PRELOAD=$1 /bin/true 2>&1) ]]
}

# put_before LIBRARY: a launcher as they come, which puts it ahead of what is preloaded.
put_before() {
  launcher=(sh -c 'LD_PRELOAD=$0${LD_PRELOAD:+:$LD_PRELOAD} exec "$@"' "$1")
}

serves() {
  judge_server "$1" server_free_then_close --write 1M -- --send 100K --expect 1M --pause 50
}

# in_order ORDER: sets how and wrapper, from the launcher, and the library that it preloads.
in_order() {
  how=bare wrapper=("${launcher[@]}")
  case $1 in
    outside) how=cured ;;
    inside) wrapper=("$TLSBYE" run -- "${launcher[@]}") ;;
    ahead) wrapper=(env LD_PRELOAD="$library:$object" "${variables[@]}") ;;
    after) wrapper=(env LD_PRELOAD="$object:$library" "${variables[@]}") ;;
  esac
}

# What the program has said, but for our lines.
outcome() {
  await_hub
  cat "$program_log" && sed '/^tlsbye: /d' "$program_err"
}

what_peers_got() {
  sed -n '1s/^verdict: id=1 \(tls=[^ ]*\) \(tcp=[^ ]*\) .*\(whole=[^ ]*\) .*/\3, \1, \2/p' "$judge_log"
}

# held ORDER VERDICT...: in that order the program's outcome is bare's, and the peers get that.
held() {
  local order=$1
  in_order "$order"
  shift
  "$talk" "$how"
  assert_equal "$(outcome)" "$as_bare"
  assert_verdict "$@"
  echo "# $row: $order: $(what_peers_got)" >&3
}

# row_of NAME LIBRARY [VERDICT-OF-ORDER...]: the whole row; bare the peers miss something.
row_of() {
  row=$1 library=$2
  in_order bare
  "$talk" bare
  as_bare=$(outcome)
  assert_total close_notify=0 fin=0
  echo "# $row: bare: $(what_peers_got)" >&3
}

order_is_cured() {
  held "$order" "${cured[@]}"
}

all_orders_hold() {
  local order
  side_by_side order "${orders[*]}" order_is_cured
}

talk=serves variables=()

@test "P9: faketime" {
  needs faketime
  launcher=(faketime -f -1d)
  variables=(FAKETIME=-1d)
  row_of faketime "$(faketime -f -1d printenv LD_PRELOAD)"
  all_orders_hold
}

@test "P9: eatmydata" {
  needs eatmydata
  launcher=(eatmydata)
  row_of eatmydata libeatmydata.so
  all_orders_hold
}

@test "P9: jemalloc" {
  needs libjemalloc.so.2
  put_before libjemalloc.so.2
  row_of jemalloc libjemalloc.so.2
  all_orders_hold
}

# As root, or for a port that anybody may have, its bind() asks for no help.
@test "P9: authbind --deep" {
  needs authbind
  launcher=(authbind --deep)
  row_of authbind "$(authbind --deep printenv LD_PRELOAD)"
  all_orders_hold
}

# It ends a program in which it does not come first, whoever it is that comes before: tlsbye run goes after it.
@test "P9: libasan" {
  local asan=${ASAN_OBJECT:-$(gcc -print-file-name=libasan.so)}
  asan=$(realpath "$asan")
  needs "$asan"
  export ASAN_OPTIONS=detect_leaks=0
  put_before "$asan"
  row_of libasan "$asan"
  orders=(outside inside ahead)
  all_orders_hold
}

# Its sockets are of AF_UNIX, and its peer has to have it too. It hands the program's close on to libc's own, past the object
# where that comes after it: then close_notify is said, by SSL_free, and the rest is as bare. Under tlsbye run it does not.
@test "P9: socket_wrapper" {
  needs libsocket_wrapper.so
  export SOCKET_WRAPPER_DIR=$BATS_TEST_TMPDIR/sockets
  mkdir "$SOCKET_WRAPPER_DIR"
  printf '#!/bin/sh\nLD_PRELOAD=libsocket_wrapper.so exec %q "$@"\n' "$JUDGE" >"$BATS_TEST_TMPDIR/judge"
  chmod +x "$BATS_TEST_TMPDIR/judge"
  JUDGE=$BATS_TEST_TMPDIR/judge
  put_before libsocket_wrapper.so
  row_of socket_wrapper libsocket_wrapper.so
  orders=(outside inside after)
  all_orders_hold
  held ahead whole=yes tls=close_notify
}

# As socket_wrapper, it hands close on past the object where that comes after it. The address is nobody's: the kernel refuses it, and only the proxy can be reached by it.
@test "P9: torsocks" {
  needs torsocks python3
  local file=$BATS_TEST_TMPDIR/socks
  mkfifo "$file.input"
  /usr/bin/python3 "$top/tests/lib/socks5.py" "$file.port" <>"$file.input" >"$file.log" 2>&1 3>&- &
  socks_pid=$!
  wait_for_port "$file.port" "$socks_pid"
  local proxy=$port
  calls() {
    judge_client "$1" client_write_only --address 0.0.0.1 --write 512K -- --expect 512K --rcvbuf 4K --pause 20
  }
  talk=calls
  run "$BUILD/tests/programs/client_write_only" --address 0.0.0.1 --port "$proxy"
  assert_failure
  launcher=(torsocks --address 127.0.0.1 --port "$proxy")
  variables=(TORSOCKS_TOR_ADDRESS=127.0.0.1 "TORSOCKS_TOR_PORT=$proxy")
  row_of torsocks "$(torsocks --address 127.0.0.1 --port "$proxy" printenv LD_PRELOAD)"
  orders=(outside inside after)
  all_orders_hold
  held ahead tcp=rst
}
