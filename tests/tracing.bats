#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# USDT probes (docs/tracing.md): notes in the object tell a debugger where they stand, at the points of the events.
#
# shellcheck disable=SC2034,SC2154  # program_err and port are set in lib/judge.bash

load lib/judge

object=$BUILD/src/libtlsbye/.libs/libtlsbye.so

setup_file() {
  readelf -n "$BUILD/src/libtlsbye/.libs/libtlsbye.so" | grep -q stapsdt ||
    skip 'built without sys/sdt.h: there are no probes'
}

# Whoever drains: so they are in the hub, which is the command's, as well.
@test "probes: half_close, drain and end have a note in the command, too" {
  run bash -c 'readelf -n "$0" | sed -n "s/^ *Name: //p" | sort -u | tr "\n" " "' "$TLSBYE"
  assert_output 'drain end half_close '
}

@test "probes: each point has a note, of the provider tlsbye" {
  run bash -c 'readelf -n "$0" | sed -n "s/^ *Name: //p" | sort -u | tr "\n" " "' "$object"
  assert_output 'drain end half_close handshake notify read_failed tracked write_incomplete '
  run bash -c 'readelf -n "$0" | sed -n "s/^ *Provider: //p" | sort -u' "$object"
  assert_output tlsbye
}

# Nobody is listening: the place holds a nop, and the semaphore says so. (Whoever traces counts himself in: the test with gdb.)
@test "probes: one that is not traced is a nop, and its semaphore is 0" {
  [[ $(uname -m) == x86_64 ]] || skip 'its nop is known for x86-64 here'
  local address places=0
  while read -r address; do
    run objdump -d --start-address="$address" --stop-address="$((address + 1))" "$object"
    assert_output --regexp '90\s+nop'
    places=$((places + 1))
  done < <(readelf -n "$object" | sed -n 's/^ *Location: \(0x[0-9a-f]*\),.*/\1/p')
  assert [ "$places" -ge 8 ]
  run objdump -s -j .probes "$object"
  assert_line --regexp '^ [0-9a-f]+ (00000000 ){3}0000 '
  refute_output --regexp '^ [0-9a-f]+ .*[1-9a-f].*  '
}

@test "probes: gdb finds them with their semaphores, those of drains without" {
  command -v gdb >/dev/null || skip 'gdb is not installed'
  run -0 gdb -q -batch -ex 'info probes stap tlsbye' "$object"
  local probe
  for probe in tracked handshake notify half_close read_failed write_incomplete end; do
    assert_line --regexp "^stap +tlsbye +$probe +0x[0-9a-f]+ +0x0*[1-9a-f][0-9a-f]* "
  done
  refute_line --regexp "^stap +tlsbye +drain +0x[0-9a-f]+ +0x"
}

# LOG=off: a probe does not care. LINGER=wait: the drain is the program's own, which gdb stops.
@test "probes: gdb stops at each, in the order of the events" {
  command -v gdb >/dev/null || skip 'gdb is not installed'
  local file=$BATS_TEST_TMPDIR/port probe
  {
    echo 'set breakpoint pending on'
    echo "set environment LD_PRELOAD $object"
    echo 'set environment TLSBYE_LOG off'
    echo 'set environment TLSBYE_LINGER wait'
    for probe in tracked handshake notify half_close drain end; do
      echo "break -probe-stap tlsbye:$probe"
      echo commands
      echo silent
      printf '%s\n' "printf \"probe $probe %d %d\\n\", (int)\$_probe_arg0, (int)\$_probe_arg1"
      echo continue
      echo end
    done
    echo run
  } >"$BATS_TEST_TMPDIR/script"
  timeout 60 gdb -q -batch -x "$BATS_TEST_TMPDIR/script" --args "$BUILD/tests/programs/server_free_then_close" \
    --port-file "$file" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
  wait_until test -s "$file"
  port=$(<"$file")
  run -0 timeout 20 "$JUDGE" connect --send 100K --expect 1K "$port"
  wait_program
  if grep -q 'ptrace: Operation not permitted' "$program_err"; then
    skip 'gdb may not trace here'
  fi
  run sed -n 's/^probe \([a-z_]*\) 1 [0-9]*$/\1/p' "$program_log"
  assert_output 'tracked
handshake
notify
half_close
drain
end'
}
