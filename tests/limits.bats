#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=alone
#
# P2: a slow peer, or one that never ends, holds nobody up: SSL_free() and close() return at once, the drain ends by
# itself. P10: every limit is finite. Times are far apart, so that a loaded machine does not decide: "at once" is less
# than half of the limit that a wait would last.
#
# shellcheck disable=SC2030,SC2031  # a test's variables are its own
# shellcheck disable=SC2034,SC2154  # connections and wrapper are read, port, times and logs are set, in lib/judge.bash
# shellcheck disable=SC2016  # the wrapper's shell expands

load lib/judge

reads_log=yes

# value KEY: of the program's last line that has it.
value() {
  sed -nE "s/^(.* )?$1=([0-9]+).*/\2/p" "$program_log" | tail -n 1
}

assert_between() {
  local what=$1 is=$2 from=$3 to=$4
  [[ -n $is && $is -ge $from && $is -le $to ]] || fail_showing "$what: $is is not from $from to $to"
}

# What the drains took, in milliseconds or bytes, as the events say it: the largest.
drain_ms() {
  sed -nE 's/.*drained [0-9,]+ bytes? in ([0-9,]+) ms.*/\1/p' "$program_err" | tr -d , | sort -n | tail -n 1
}

drain_bytes() {
  sed -nE 's/.*drained ([0-9,]+) bytes? in .*/\1/p' "$program_err" | tr -d , | sort -n | tail -n 1
}

assert_not_blocked() {
  assert_between free_ms "$(value free_ms)" 0 999
  assert_between close_ms "$(value close_ms)" 0 999
}

# From the program's last line to the end of its process, as its parent sees it.
exit_ms() {
  echo $((program_ended_ms - $(value left_ms)))
}

# Waiting is not working: seconds of it are worth a fraction of processor time. The whole process counts, with its exit.
wrapper=(bash -c 'TIMEFORMAT="cpu_s=%U+%S"; time "$@"' bash)
assert_idle() {
  local cpu_ms
  cpu_ms=$(awk -F '[=+]' '/^cpu_s=/ { printf "%d", ($2 + $3) * 1000 }' "$program_err")
  assert_between cpu_ms "$cpu_ms" 0 500
}

# --- P2: the program's own time ---

@test "P2: a peer that never closes: close returns at once, the drain ends by LINGER_IDLE" {
  never_closes() {
    TLSBYE_LINGER_IDLE=2s judge_client cured client_blocking_time --write 64K -- --expect 64K --end never --limit 4
    assert_not_blocked
    assert_verdict tls=close_notify whole=yes
    assert_event 'half-closed' 'LINGER_IDLE'
    assert_between drain_ms "$(drain_ms)" 1900 8000
    assert_idle
  }
  both_at_once never_closes
}

@test "P2: a peer that never reads: close returns at once, the drain ends by LINGER_IDLE" {
  never_reads() {
    TLSBYE_LINGER_IDLE=2s judge_client cured client_blocking_time --write 64K -- --never-read --rcvbuf 4K --limit 4
    assert_not_blocked
    assert_event 'LINGER_IDLE'
    assert_between drain_ms "$(drain_ms)" 1900 8000
    assert_idle
  }
  both_at_once never_reads
}

@test "P2: LINGER=wait does wait, and its wait ends by LINGER_IDLE" {
  TLSBYE_LINGER=wait TLSBYE_LINGER_IDLE=1s judge_client cured client_blocking_time --write 64K -- \
    --expect 64K --end never --limit 4
  assert_between close_ms "$(value close_ms)" 900 8000
  assert_event 'LINGER_IDLE'
  assert_idle
}

@test "P2: LINGER=wait ends with the peer, not with the limit" {
  TLSBYE_LINGER=wait TLSBYE_LINGER_IDLE=20s judge_client cured client_blocking_time --write 64K -- --expect 64K
  assert_between close_ms "$(value close_ms)" 0 8000
  assert_verdict tls=close_notify tcp=fin whole=yes
}

@test "P2: LINGER=off: close_notify and close, no half-close and no drain of ours" {
  TLSBYE_LINGER=off judge_client cured client_blocking_time --write 1K -- --expect 1K --no-tickets
  assert_verdict tls=close_notify whole=yes
  assert_event 'sent close_notify'
  refute_event drained
}

# --- P2: SO_LINGER with a time, here 3 seconds: the last close of the socket waits for the peer to take everything ---

never_reads_linger() {
  judge_client "$1" client_blocking_time --mode linger --write 64K -- --parallel 4 --no-tickets --never-read \
    --rcvbuf 4K --limit 4
}

@test "bare: SO_LINGER of 3 seconds holds close() up so long where the peer takes nothing" {
  never_reads_linger bare
  assert_between close_ms "$(value close_ms)" 2900 8000
}

@test "P2: SO_LINGER of 3 seconds: close returns at once, and no drain is held up by another's close" {
  connections=4
  never_reads_linger_cured() {
    TLSBYE_LINGER_IDLE=1s never_reads_linger cured
    assert_not_blocked
    assert_equal "$(events_with 'LINGER_IDLE')" 4
    assert_between drain_ms "$(drain_ms)" 900 2800
  }
  both_at_once never_reads_linger_cured
}

# Nothing is handed over then: the program asked for that close, and has it.
@test "P5: SO_LINGER of 3 seconds with LINGER=off: close waits for the peer as it does bare, and the exit does not" {
  TLSBYE_LINGER=off never_reads_linger cured
  assert_between close_ms "$(value close_ms)" 2900 8000
  assert_between exit_ms "$(exit_ms)" 0 999
}

@test "P2: SO_LINGER of 3 seconds with LINGER=wait: as long as the drain, and no longer" {
  TLSBYE_LINGER=wait TLSBYE_LINGER_IDLE=500ms never_reads_linger cured
  assert_between close_ms "$(value close_ms)" 400 2500
}

@test "P1, P2: SO_LINGER of 3 seconds: a slow peer gets everything, and the program did not wait for it" {
  slow_linger() {
    judge_client cured client_blocking_time --mode linger --write 64K -- --expect 64K --rcvbuf 4K --pause 1500
    assert_not_blocked
    assert_verdict tls=close_notify tcp=fin whole=yes
  }
  both_at_once slow_linger
}

# --- P10: the limits ---

# A peer that is slow but alive: each byte that it takes keeps the drain going, until the total limit.
@test "P10: LINGER_TOTAL ends a drain whose peer is alive" {
  alive() {
    TLSBYE_LINGER_TOTAL=2s TLSBYE_LINGER_IDLE=20s TLSBYE_AT_EXIT=20s judge_client cured client_blocking_time \
      --write 256K -- --expect 256K --rcvbuf 4K --chunk 512 --chunk-pause 100 --limit 5
    assert_not_blocked
    assert_event 'still open when the drain reached its limit'
    assert_between drain_ms "$(drain_ms)" 1900 8000
    assert_idle
  }
  both_at_once alive
}

@test "P10: a slow peer that takes a little now and then is not idle" {
  TLSBYE_LINGER_IDLE=1s judge_client cured client_blocking_time --write 128K -- \
    --expect 128K --rcvbuf 4K --chunk 4K --chunk-pause 100 --limit 30
  assert_verdict tls=close_notify tcp=fin whole=yes
  assert_between drain_ms "$(drain_ms)" 1100 30000
}

@test "P10: LINGER_BYTES ends the drain of a peer that sends without end" {
  endless() {
    TLSBYE_LINGER_BYTES=64K judge_server cured server_free_then_close -- --send 1K --late-trail 64M --expect 1K
    assert_verdict whole=yes
    assert_event 'still open when the drain reached its limit'
    assert_between drain_bytes "$(drain_bytes)" 65537 8388608
  }
  both endless
}

# Far below the other limits, however loaded the machine is.
floods() {
  start_program "$1" server_free_then_close --port-file "$BATS_TEST_TMPDIR/port" --write 1K
  wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
  run_bare client_floods --mode "$2" --port "$port"
  assert_line ended=reset
  wait_program
}

@test "P10: LINGER_SENDING ends the drain of a peer that has got everything and sends on, by flood or by trickle" {
  local mode way
  export TLSBYE_LINGER_TOTAL=40s TLSBYE_LINGER_BYTES=1T
  floods bare flood
  for mode in flood trickle; do
    for way in hub clone; do
      rm "$BATS_TEST_TMPDIR/port"
      TLSBYE_WAYS=$way floods cured "$mode"
      await_hub
      wait_until grep -q 'still open when the drain reached its limit' "$program_err"
      assert_between drain_ms "$(drain_ms)" 2000 20000
    done
  done
}

@test "P10: LINGER_SOCKETS: of 20 stuck peers 4 are kept, 16 make room" {
  connections=20
  crowded() {
    TLSBYE_LINGER_SOCKETS=4 TLSBYE_LINGER_IDLE=2s judge_client cured client_blocking_time -- \
      --parallel 20 --expect 1K --end never --limit 5
    assert_equal "$(events_with LINGER_SOCKETS)" 16
    assert_equal "$(events_with LINGER_IDLE)" 4
    assert_verdict tls=close_notify whole=yes
  }
  both_at_once crowded
}

# Is there a connection of that local port in FIN_WAIT1: half-closed, and not all of it acknowledged?
half_closed_unsent() {
  grep -qiE "^ *[0-9]+: [0-9A-F]{8}:$(printf %04X "$1") [0-9A-F:]+ 04 " /proc/net/tcp
}

@test "P10: past LINGER_SOCKETS the drain with something still to send is kept" {
  export TLSBYE_LINGER_SOCKETS=2 TLSBYE_LINGER_IDLE=20s # the slow one reads nothing until the others have come
  local slow_pid
  start_program cured server_free_then_close --connections 7 --write 64K --port-file "$BATS_TEST_TMPDIR/port"
  wait_for_port "$BATS_TEST_TMPDIR/port" "$program_pid"
  start_judge connect --send 1K --expect 64K --rcvbuf 4K --pause 6000 "$port"
  slow_pid=$judge_pid
  wait_until half_closed_unsent "$port"
  run timeout 30 "$JUDGE" connect --connections 6 --parallel 6 --send 1K --expect 64K --end never --limit 1 "$port"
  assert_output --partial 'total: connections=6 whole=6'
  judge_pid=$slow_pid
  wait_judge
  assert_verdict tls=close_notify tcp=fin whole=yes
  wait_program
  assert_equal "$(events_with LINGER_SOCKETS)" 5
}

# --- the exit ---

slow_reader() {
  judge_client cured client_blocking_time --write 64K -- --expect 64K --rcvbuf 4K --pause 2000
}

# Who drains is no part of the process.
@test "P1, P2: the exit does not wait for a slow peer, and the peer gets everything after it: by the hub, by a task" {
  exits_at_once() {
    slow_reader
    assert_between exit_ms "$(exit_ms)" 0 999
    assert_verdict tls=close_notify tcp=fin whole=yes
    assert_event 'half-closed, drained' 'peer: FIN'
  }
  export TLSBYE_WAYS TLSBYE_AT_EXIT=20s
  side_by_side TLSBYE_WAYS 'hub clone' both_at_once exits_at_once
}

# The kernel ends all of a pid namespace with its first process, the hub and the tasks in it: a container's program waits.
as_pid_1() {
  unshare --pid --fork true 2>/dev/null || skip 'no pid namespace may be made here'
  wrapper+=(unshare --pid --fork)
  reads_log='' # a hub that the kernel ends leaves its folder: nothing would tell that it has gone
}

@test "bare: the first process of a pid namespace, and a peer that is slow: data is lost" {
  as_pid_1
  judge_client bare client_blocking_time --write 1M -- --expect 1M --rcvbuf 4K --pause 20
  assert_verdict tls=torn tcp=rst whole=no
}

@test "P1: the first process of a pid namespace waits at its exit, until its peers have everything" {
  as_pid_1
  waits() {
    slow_reader
    assert_between exit_ms "$(exit_ms)" 500 8000
    assert_verdict tls=close_notify tcp=fin whole=yes
    assert_idle
  }
  export TLSBYE_WAYS TLSBYE_AT_EXIT=20s
  side_by_side TLSBYE_WAYS 'hub clone' both_at_once waits
}

@test "P10: the wait of the first process of a pid namespace ends by AT_EXIT, and with 0s there is none" {
  as_pid_1
  at_exit() {
    TLSBYE_AT_EXIT=1s TLSBYE_LINGER_IDLE=20s judge_client cured client_blocking_time --write 64K -- \
      --expect 64K --end never --limit 3
    assert_between exit_ms "$(exit_ms)" 900 8000
    assert_verdict tls=close_notify whole=yes
    assert_idle
    TLSBYE_AT_EXIT=0s TLSBYE_LINGER_IDLE=20s judge_client cured client_blocking_time --write 64K -- \
      --expect 64K --end never --limit 2
    assert_between exit_ms "$(exit_ms)" 0 999
  }
  export TLSBYE_WAYS
  side_by_side TLSBYE_WAYS 'hub clone' at_exit
}

@test "P10: the first process of a pid namespace does not wait where every peer has ended" {
  as_pid_1
  TLSBYE_AT_EXIT=20s judge_client cured client_blocking_time --write 64K -- --expect 64K
  assert_between exit_ms "$(exit_ms)" 0 8000
  assert_verdict tls=close_notify tcp=fin whole=yes
}
