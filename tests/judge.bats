#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The judge decides every cure test, so it is judged first: each end that it can tell is made by a program whose end
# is known, bare, and each must come out under its own name. Also the bare controls: they must lose data.
#
# shellcheck disable=SC2034,SC2154  # tls and connections are read, port and logs are set, in lib/judge.bash

load lib/judge

@test "right server: close_notify, then FIN, every byte" {
  right() {
    judge_server bare server_right --read 100K --write 1M -- --send 100K --expect 1M
    assert_verdict tls=close_notify tcp=fin bytes=1048576 whole=yes content=right 'order=data>close_notify>fin'
  }
  connections=3
  both right
}

@test "free, close with nothing unread: FIN, and TLS says nothing" {
  silent() {
    judge_server bare server_free_then_close -- --send 1K --expect 1K
    assert_verdict tls=none tcp=fin whole=yes 'order=data>fin'
  }
  both silent
}

@test "without --expect only close_notify says that it was whole" {
  judge_server bare server_free_then_close -- --send 1K
  assert_verdict tls=none expected=unknown whole=no
  judge_server bare server_right --read 1K -- --send 1K
  assert_verdict tls=close_notify expected=unknown whole=yes
}

# The pause: a reader as fast as the judge now and then empties the reply before the RST overtakes it.
@test "a close over unread bytes: RST, and 1 MB replies are truncated in 90% or more" {
  unread() {
    judge_server bare server_free_then_close --read 2K --write 1M -- --parallel 8 --send 100K --expect 1M --pause 100
    assert_total connections=50 'truncated>=45' 'lost>=1048576' rst=50 close_notify=0
  }
  connections=50
  both unread
}

@test "write-only client of 1 MB, slow reader: TLS 1.3 loses all, TLS 1.2 (no tickets) nothing" {
  connections=50
  judge_client bare client_write_only --write 1M -- --parallel 8 --expect 1M --rcvbuf 4K --pause 20
  assert_total whole=0 truncated=50 rst=50
  tls=1.2
  judge_client bare client_write_only --write 1M -- --parallel 8 --expect 1M --rcvbuf 4K --pause 20
  assert_total whole=50 lost=0 rst=0 fin=50
}

@test "write-only client, server without tickets: nothing unread, so a FIN at TLS 1.3 as well" {
  judge_client bare client_write_only --write 64K -- --expect 64K --no-tickets
  assert_verdict tls=none tcp=fin whole=yes
}

@test "zero SO_LINGER: RST alone" {
  abort() {
    judge_server bare server_zero_linger -- --send 1K --expect 1K
    assert_verdict tls=none tcp=rst
  }
  both abort
}

@test "shutdown(SHUT_WR) only: FIN and no close_notify" {
  judge_server bare server_shutdown_wr_then_free -- --send 1K --expect 1K
  assert_verdict tls=none tcp=fin 'order=data>fin'
}

@test "shutdown(SHUT_WR), then a close over unread bytes: FIN, then RST" {
  half() {
    judge_server bare server_shutdown_wr_then_free -- --send 1K --trail 20K --expect 1K
    assert_verdict tls=none tcp=fin+rst whole=yes 'order=data>fin>rst'
  }
  both half
}

@test "a RST is seen while unread bytes lie in the judge's queue, and they still count" {
  judge_server bare server_shutdown_wr_then_free --write 64K -- --send 1K --trail 20K --expect 64K --pause 100
  assert_verdict tcp=fin+rst bytes=65536 whole=yes
}

@test "a RST is seen by a judge that never reads" {
  judge_server bare server_zero_linger --write 64K -- --send 1K --never-read --limit 2
  assert_verdict tcp=rst bytes=0
}

@test "an abandoned write: a torn record" {
  torn() {
    judge_server bare server_unfinished_write --write 32M -- --send 1K --expect 32M --pause 50
    assert_program half-done=yes
    assert_verdict tls=torn tcp=fin whole=no content=right
  }
  both torn
}

@test "a fatal alert has its name" {
  alert() {
    judge_server bare server_fatal_error -- --garbage --expect 1K
    assert_program ssl-error=yes
    assert_verdict tls=alert:bad_record_mac 'order=data>alert>fin'
  }
  both alert
}

@test "a record that does not decrypt: bad" {
  bad() {
    judge_server bare server_bad_record -- --send 1K --expect 1K
    assert_verdict tls=bad whole=no 'order=data>bad>*'
  }
  both bad
}

@test "plaintext behind TLS is counted, with close_notify before it and without" {
  plain() {
    judge_server bare server_free_then_plaintext -- --send 1K --expect 1K
    assert_verdict tls=none plain=6 whole=yes 'order=data>plain>fin'
    judge_server bare server_free_then_plaintext --mode notify -- --send 1K --expect 1K --starttls-plain
    assert_verdict tls=close_notify plain=6 late=0 'order=data>close_notify>plain>*'
  }
  both plain
}

@test "records behind close_notify are not taken for plaintext" {
  judge_server bare server_bad_record --mode late -- --send 1K --expect 1K
  assert_verdict tls=close_notify plain=0 late=69 whole=no 'order=data>close_notify>records>*'
}

@test "wrong content is seen, though the count is right" {
  judge_server bare server_right --read 1K --write 64K --offset 1 -- --send 1K --expect 64K
  assert_verdict bytes=65536 content=wrong whole=no tls=close_notify
  judge_server bare server_right --read 1K --write 64K --offset 1 -- --send 1K --expect 64K --expect-any
  assert_verdict bytes=65536 content=unchecked whole=yes
}

@test "too few bytes and too many are not whole, whatever close_notify says" {
  judge_server bare server_right --read 1K --write 1K -- --send 1K --expect 1025
  assert_verdict tls=close_notify whole=no
  judge_server bare server_right --read 1K --write 1K -- --send 1K --expect 1023
  assert_verdict tls=close_notify whole=no
}

@test "a socket that stays open is called so, at the limit" {
  judge_client bare client_never_closes -- --expect 1K --limit 0.5
  assert_verdict tls=none tcp=open bytes=1024 whole=yes order=data
  assert_total open=1 fin=0 rst=0
}

@test "no handshake, three ways" {
  judge_server bare server_no_handshake -- --handshake none
  assert_verdict tls=none tcp=fin handshake=no order=fin
  judge_server bare server_no_handshake --mode accept -- --handshake hello --end first-bare
  assert_verdict tls=none tcp=fin handshake=no
  judge_server bare server_no_handshake --mode accept -- --handshake garbage
  assert_verdict tls=none handshake=no
}

@test "ends first: the program sees the judge's close_notify, and without it an error" {
  judge_server bare server_print_end -- --send 2K --end first
  assert_program end=zero_return
  judge_server bare server_print_end -- --send 2K --end first-bare
  assert_program end=eof
  # At TLS 1.3 the write of the tickets may take the error away, and the read then says 0.
  tls=1.2
  judge_server bare server_print_end -- --send 2K --end reset --end-at 0
  assert_program end=reset
}

@test "a session is offered again: resumed after a right goodbye, forgotten after none" {
  connections=3
  resume() {
    judge_server bare server_right --read 1K --cache -- --send 1K --session-reuse
    assert_total resumed=2
    judge_server bare server_free_then_close --cache -- --send 1K --session-reuse
    assert_total resumed=0
  }
  both resume
}

@test "a slow reader gets every byte, in small chunks and with pauses" {
  judge_server bare server_right --read 1K --write 64K -- --send 1K --expect 64K --rcvbuf 4K --chunk 4K --chunk-pause 5
  assert_verdict whole=yes tls=close_notify tcp=fin
  [[ $(sed -n 's/^verdict:.* ms=\([0-9]*\) .*/\1/p' "$judge_log") -ge 75 ]] || fail_showing 'that was no slow reader'
}

@test "ipv6, and a port that is asked for" {
  start_judge serve --ipv6 --port-file "$BATS_TEST_TMPDIR/port" --expect 8K
  wait_for_port "$BATS_TEST_TMPDIR/port" "$judge_pid"
  run timeout 20 "$JUDGE" connect --ipv6 --send 8K --end first "$port"
  assert_success
  wait_judge
  assert_verdict tls=close_notify bytes=8192 whole=yes
}

@test "a real peer is judged alike: openssl s_client says close_notify" {
  start_judge serve --port-file "$BATS_TEST_TMPDIR/port" --expect 6 --expect-any
  wait_for_port "$BATS_TEST_TMPDIR/port" "$judge_pid"
  run timeout 20 bash -c "echo 12345 | openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:$port"
  wait_judge
  assert_verdict tls=close_notify bytes=6 whole=yes
}

@test "cert writes a pair that openssl takes, the key for nobody else's eyes" {
  "$JUDGE" cert "$BATS_TEST_TMPDIR/cert.pem" "$BATS_TEST_TMPDIR/key.pem"
  run openssl x509 -in "$BATS_TEST_TMPDIR/cert.pem" -noout -ext subjectAltName
  assert_output --partial 'DNS:localhost, IP Address:127.0.0.1'
  run stat -c %a "$BATS_TEST_TMPDIR/key.pem"
  assert_output 600
}

@test "misuse: status 2 and a word on the right use; no connection: status 1" {
  run "$JUDGE"
  assert_failure 2
  run "$JUDGE" connect
  assert_failure 2
  assert_output --partial 'which port?'
  run "$JUDGE" connect --send 1X 1
  assert_failure 2
  assert_output --partial 'not a size like 65536, 64K or 1M'
  run "$JUDGE" serve --session-reuse
  assert_failure 2
  run timeout 10 "$JUDGE" connect --patience 0.2 1
  assert_failure 1
  assert_output --partial 'cannot connect: Connection refused'
}

@test "--help tells every key of the two lines" {
  judge_server bare server_right --read 1K -- --send 1K
  run "$JUDGE" connect --help
  while read -r key; do
    assert_output --partial "$key"
  done < <(grep -o '[a-z_]*=' "$judge_log" | sort -u)
}
