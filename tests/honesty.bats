#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P3: close_notify says "this is all", and is never said where the program did not finish; what was written arrives
# even so. P4: an abort that was meant stays one. Wherever silence is the promise, a bare or a curable control shows
# that the test can see the difference.
#
# shellcheck disable=SC2034,SC2154,SC2317  # what lib/judge.bash reads and sets; inner functions share names

load lib/judge

# --- P3: an unfinished write ---

# The judge begins to read late enough for the server's socket to fill up.
abandons() {
  judge_server "$1" server_unfinished_write --write 32M "${@:2}" -- --send 1K --expect 32M --pause 100
  assert_program half-done=yes
}

@test "bare: an abandoned write leaves a torn record" {
  torn() {
    abandons bare
    assert_verdict tls=torn tcp=fin
  }
  both torn
}

@test "P3: an abandoned write: the record is completed, and no close_notify follows" {
  completed() {
    abandons cured
    assert_verdict tls=none tcp=fin whole=no content=right 'order=data>fin'
    assert_event 'its last SSL_write unfinished' 'no close_notify (the program did not finish writing)'
    assert_event 'completed the last record'
  }
  both completed
}

# The first half of the SSL_write is out: what the completed record is made of must not be looked for in the buffer.
abandons_later() {
  judge_server "$1" server_unfinished_write --write 64M --mode later -- \
    --send 1K --expect 64M --rcvbuf 64K --chunk 64K --chunk-pause 1 --limit 40
  assert_program half-done=yes
}

@test "P3, P9: a write abandoned in its middle: the record is completed, and the program lives" {
  completed_later() {
    abandons_later cured
    assert_verdict tls=none tcp=fin whole=no content=right 'order=data>fin'
    assert_event 'no close_notify (the program did not finish writing)' 'completed the last record'
  }
  both completed_later
}

@test "P3: a short write that is not gone on with: whole records, no close_notify" {
  short() {
    judge_server "$1" server_unfinished_write --mode partial -- --send 1K --trail 20K --expect 64K
    assert_program half-done=yes
  }
  short_cured() {
    short cured
    assert_verdict tls=none tcp=fin bytes=16384 whole=no content=right
    assert_event 'its last SSL_write unfinished (up to 49,152 bytes not sent)' 'did not finish writing'
  }
  both short_cured
}

# --- P3: an error, or no handshake ---

@test "P3: after a fatal error: its alert, and no close_notify behind it" {
  fatal() {
    judge_server cured server_fatal_error -- --garbage --expect 1K
    assert_program ssl-error=yes
    assert_verdict tls=alert:bad_record_mac whole=yes tcp=fin 'order=data>alert>fin' late=0
    assert_event 'no close_notify (the connection, or its handshake, had failed)'
  }
  both fatal
}

@test "P3: no handshake, and failed ones: not a byte of ours" {
  no_handshake() {
    judge_server cured server_no_handshake -- --handshake none
    assert_verdict tls=none bytes=0 plain=0 late=0 order=fin
    # OpenSSL's own alert may arrive, now that nothing resets the connection behind it.
    judge_server cured server_no_handshake --mode accept -- --handshake hello --end first-bare
    assert_verdict bytes=0 handshake=no plain=0 late=0
    assert_total close_notify=0
    judge_server cured server_no_handshake --mode accept -- --handshake garbage
    assert_verdict tls=none bytes=0 handshake=no
  }
  both no_handshake
}

@test "P3: after early data, the handshake unfinished: no close_notify from either side" {
  early() {
    run_bare check_early_data --mode "$1"
    assert_success
    assert_line 'early data: 5 bytes'
    assert_line 'then: no close_notify'
    run_cured check_early_data --mode "$1"
    assert_success
    assert_line 'early data: 5 bytes'
    assert_line 'then: no close_notify'
  }
  early client
  early server
}

@test "P3, P9: a call that an asynchronous engine has suspended: not a byte of ours" {
  suspended() {
    run_bare check_async --tls "$tls"
    assert_success
    assert_line 'SSL_read=-1 suspended=1'
    assert_line 'peer got 0 bytes'
    run_cured check_async --tls "$tls"
    assert_success
    assert_line 'SSL_read=-1 suspended=1'
    assert_line 'peer got 0 bytes'
  }
  both suspended
}

# --- P3: the exit's status ---

exits() {
  want_status=$2
  judge_client "$1" client_exit_status --status "$2" --write 1M -- --expect 1M --rcvbuf 4K --pause 20
}

@test "P3: exit(0) says close_notify (the control of the next)" {
  exits cured 0
  assert_verdict tls=close_notify whole=yes tcp=fin
}

@test "P3: exit(1) after a whole write: silent, yet the data is whole, and a FIN" {
  failed_exit() {
    exits cured 1
    assert_verdict tls=none whole=yes tcp=fin 'order=data>fin'
    assert_event 'no close_notify (the exit status was not 0)'
  }
  both failed_exit
}

exits_midway() {
  want_status=$2
  judge_client "$1" client_exit_status --mode partial --status "$2" --write 32M -- --expect 32M --pause 100
  assert_program half-done=yes
}

@test "bare: exit(1) in mid-transfer tears a record" {
  exits_midway bare 1
  assert_total torn=1 whole=0
}

@test "P3: exit(1) in mid-transfer: no close_notify, and no torn record" {
  midway() {
    exits_midway cured 1
    assert_verdict tls=none whole=no tcp=fin content=right
  }
  both midway
}

@test "P3: exit(0) in mid-transfer: no close_notify either" {
  midway() {
    exits_midway cured 0
    assert_verdict tls=none whole=no tcp=fin content=right
    assert_event 'no close_notify (the program did not finish writing)'
  }
  both midway
}

@test "P3: abort() in mid-transfer: no close_notify" {
  aborts() {
    want_status=134
    judge_client cured client_exit_status --mode abort --write 64K -- --expect 64K
    assert_total close_notify=0 late=0
  }
  both aborts
}

# --- P3, P4: what the user asked for ---

@test "P3: NOTIFY=off keeps the TCP side: every byte, FIN, no RST, no close_notify" {
  notify_off() {
    TLSBYE_NOTIFY=off judge_server cured server_free_then_close --write 1M -- --send 100K --expect 1M
    assert_verdict tls=none tcp=fin whole=yes 'order=data>fin'
    assert_event 'no close_notify (TLSBYE_NOTIFY=off)'
    TLSBYE_NOTIFY=off judge_server cured server_close_then_free --write 1M -- --send 100K --expect 1M
    assert_verdict tls=none tcp=fin whole=yes 'order=data>fin'
  }
  both notify_off
}

@test "P4: a zero SO_LINGER stays a RST, and nothing is said before it" {
  aborted() {
    judge_server "$1" server_zero_linger -- --send 1K --trail 20K --expect 1K
    assert_verdict tls=none tcp=rst
  }
  both aborted bare
  both aborted cured
}

@test "P4: a zero SO_LINGER that comes between free and close stays a RST" {
  aborted() {
    judge_server "$1" server_zero_linger --mode late -- --send 1K --trail 20K --expect 1K
    assert_verdict tcp=rst
  }
  both aborted bare
  both aborted cured
}

@test "P4: quiet shutdown is respected, and the log says so" {
  quiet() {
    judge_server cured server_quiet -- --send 1K --trail 20K --expect 1K
    assert_verdict tls=none tcp=fin whole=yes
    assert_event 'no close_notify (the program asked for a quiet shutdown)'
  }
  both quiet
}

@test "P4: QUIET_SHUTDOWN=override says close_notify all the same" {
  override() {
    TLSBYE_QUIET_SHUTDOWN=override judge_server cured server_quiet -- --send 1K --trail 20K --expect 1K
    assert_verdict tls=close_notify tcp=fin whole=yes late=0
  }
  both override
}

# --- no word too many ---

@test "bare: SSL_set_shutdown(SENT|RECEIVED) is a fake: nothing is sent" {
  fake() {
    judge_server bare server_fake_shutdown -- --send 1K --expect 1K
    assert_verdict tls=none
  }
  both fake
}

@test "P1: behind the fake close_notify is really sent" {
  fake() {
    judge_server cured server_fake_shutdown -- --send 1K --trail 20K --expect 1K
    assert_verdict tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' late=0
  }
  both fake
}

@test "P3: behind the program's own close_notify there is no second one" {
  said() {
    judge_server cured server_fake_shutdown --mode said -- --send 1K --trail 20K --expect 1K
    assert_verdict tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' late=0
    judge_server cured server_second_shutdown -- --send 1K --trail 20K --expect 1K
    assert_verdict tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' late=0
  }
  both said
}

@test "P1: with two references goodbye is said at the last SSL_free only" {
  up_ref() {
    judge_server cured server_up_ref --write 64K -- --send 1K --trail 20K --expect 64K
    assert_verdict tls=close_notify tcp=fin whole=yes content=right 'order=data>close_notify>fin' late=0
  }
  both up_ref
}

@test "P12: no memory for close_notify, or for a write, is not told as a write that the program did not finish" {
  no_memory() {
    connections=12
    judge_client cured client_no_memory --write 1K -- --expect-any
    assert_event 'no close_notify (there was no memory for it)'
    refute_event 'did not finish writing'
    judge_client cured client_no_memory --mode write --write 1K -- --expect-any
    assert_event 'malloc failure'
    assert_event 'no close_notify (the connection, or its handshake, had failed)'
    refute_event 'did not finish writing'
    refute_event 'last SSL_write unfinished'
  }
  both no_memory
}
