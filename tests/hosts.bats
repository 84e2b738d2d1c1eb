#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9 on hosts of Debian that a thread, or a descriptor, of ours in them would break: a server that changes its user
# behind the handshake, and one that forbids itself nearly everything. Each is run bare first: what it does then is what it
# has to do under tlsbye.
#
# shellcheck disable=SC2030,SC2031  # a test's tls and connections are its own
# shellcheck disable=SC2034,SC2154  # what lib/*.bash set and read

load lib/project
load lib/judge
load lib/real
load lib/hosts

setup_file() {
  make_real_folder
  chmod a+rx "$real"
}

teardown_file() {
  remove_real_folder
}

needs() {
  [[ -n $2 ]] || skip "$1 is not installed"
  [[ $EUID -eq 0 ]] || skip "$1 has to be started by root"
}

# --- proftpd: it keeps capabilities over a change of user, and changes it again at the login (mod_cap) ---

logins=24

@test "bare proftpd: 24 of 24 FTPS logins (or this file proves nothing)" {
  needs proftpd "$(sbin proftpd)"
  proftpd_on_free_port
  sessions bare login "$logins"
  assert_sessions "$logins" login=yes quit=yes
}

@test "proftpd: 24 of 24 FTPS logins (P9)" {
  needs proftpd "$(sbin proftpd)"
  proftpd_on_free_port
  sessions cured login "$logins"
  assert_sessions "$logins" login=yes quit=yes
}

@test "bare proftpd: junk on the data connection of RETR costs the end of the file" {
  needs proftpd "$(sbin proftpd)"
  proftpd_on_free_port
  sessions bare retr 5
  assert_sessions 5 login=yes whole=no
}

@test "proftpd: junk on the data connection of RETR: the file, close_notify, FIN (P1)" {
  needs proftpd "$(sbin proftpd)"
  proftpd_on_free_port
  sessions cured retr 5
  assert_sessions 5 login=yes whole=yes tls=close_notify tcp=fin
}

# --- vsftpd: chroot, no capabilities, name spaces, RLIMIT_NPROC 0 in the process that speaks TLS ---

@test "bare vsftpd: junk on the data connection of RETR costs the end of the file" {
  needs vsftpd "$(vsftpd_path)"
  vsftpd_on_free_port
  sessions bare retr 5
  assert_sessions 5 login=yes whole=no
}

@test "vsftpd: junk on the data connection of RETR: the file, close_notify, FIN (P1)" {
  needs vsftpd "$(vsftpd_path)"
  vsftpd_on_free_port
  sessions cured retr 5
  assert_sessions 5 login=yes whole=yes tls=close_notify tcp=fin
}

@test "vsftpd: each of its connections has its event (P11)" {
  needs vsftpd "$(vsftpd_path)"
  vsftpd_on_free_port
  export TLSBYE_LOG=$BATS_TEST_TMPDIR/events TLSBYE_LOG_FORMAT=json TLSBYE_LOG_LEVEL=debug
  sessions cured retr 5
  assert_sessions 5 login=yes whole=yes tls=close_notify tcp=fin
  await_hub
  # A control and a data connection each.
  [[ $(grep -c '"event":"end"' "$TLSBYE_LOG") -eq 10 ]] ||
    fail_sessions "$(grep -c '"event":"end"' "$TLSBYE_LOG") end events for 10 connections"
}

@test "vsftpd: 24 of 24 FTPS logins (P9)" {
  needs vsftpd "$(vsftpd_path)"
  vsftpd_on_free_port
  sessions cured login "$logins"
  assert_sessions "$logins" login=yes quit=yes
}
