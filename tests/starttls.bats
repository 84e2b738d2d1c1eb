#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `tlsbye probe --starttls` of servers as Debian ships them: each is asked in its own protocol, TLS comes about, all five trials are
# made, and what is said of the end is what s_client, which speaks the same protocols, sees of it.
#
# shellcheck disable=SC2034,SC2154  # what lib/*.bash set and read

load lib/project
load lib/judge
load lib/real
load lib/hosts
load lib/probed
load lib/starttls

setup_file() {
  make_real_folder
  chmod a+rx "$real"
}

teardown_file() {
  remove_real_folder
}

# seen_by_s_client PROTOCOL LAST: what it meets at the end of a session whose last words are LAST: close_notify or not.
seen_by_s_client() {
  # -ign_eof: our side waits for the server's end. An alert is shown by -msg as it comes.
  printf '%b' "$2" | timeout 20 openssl s_client -starttls "$1" -connect "127.0.0.1:$port" -ign_eof -msg >"$BATS_TEST_TMPDIR/seen" 2>&1 3>&- || true
  if grep -q '<<< .*Alert .*close_notify' "$BATS_TEST_TMPDIR/seen"; then echo close_notify; else echo none; fi
}

# probes PROTOCOL LAST
probes() {
  local trial
  start_starttls "$1"
  probe --starttls "$1" --cafile "$real/cert.pem" --verify "localhost:$port"
  for trial in wait close_notify half-close unread late; do
    [[ $(found "$trial" tried) == yes ]] || fail_showing "$1: $trial was not tried: $(found "$trial" trouble) $stderr"
  done
  assert_equal "$1: $(found wait tls)" "$1: $(seen_by_s_client "$1" "$2")"
}

@test "probe --starttls=smtp: postfix" {
  probes smtp 'QUIT\r\n'
  assert_found 1 reset-unread reset-late
}

@test "probe --starttls=imap: dovecot" {
  probes imap 'a LOGOUT\r\n'
  assert_found 1 reset-unread reset-late
}

@test "probe --starttls=ftp: vsftpd" {
  probes ftp 'QUIT\r\n'
  assert_found 1 reset-unread reset-late no-close_notify
}

@test "probe --starttls=postgres: postgres" {
  probes postgres '\0\0\0\045\0\03\0\0user\0tlsbye\0database\0tlsbye\0X\0\0\0\04'
  assert_found 1 reset-unread reset-late
}
