#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A program that looks OpenSSL's functions up by dlsym() (LuaJIT, PyPy, Qt, .NET) calls past the hooks. Where the library's
# calls to itself pass them (it is not linked -Bsymbolic), SSL_connect shows the connection in its SSL_do_handshake: then the
# TCP side is to be had at close, and close_notify where nobody else can be inside. Else it ends as bare.
#
# shellcheck disable=SC2034,SC2154  # wrapper is read in lib/judge.bash; symbolic comes from lib/symbolic.bash

load lib/judge
load lib/symbolic

setup_file() {
  make_symbolic_libraries
}

writes() {
  judge_client "$1" client_dlsym ${2:+--mode "$2"} -- --expect 1M --rcvbuf 4K --pause 20
}

skip_if_symbolic() {
  ! readelf -d "$system_libssl" | grep -q 'FLAGS.*SYMBOLIC' || skip "this system's own libssl is linked -Bsymbolic"
}

@test "bare: a program that calls by dlsym loses data" {
  writes bare
  assert_verdict tls=torn tcp=rst whole=no
  writes bare close-first
  assert_verdict tls=torn tcp=rst whole=no
}

@test "P1: SSL_free, unseen, then close: the TCP side: every byte, FIN" {
  skip_if_symbolic
  unseen_free() {
    writes cured
    assert_verdict tls=none tcp=fin whole=yes 'order=data>fin'
  }
  both unseen_free
}

@test "P1: close, with nobody else in the process: close_notify, too" {
  skip_if_symbolic
  close_first() {
    writes cured close-first
    assert_verdict tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' late=0
  }
  both close_first
}

@test "P9: close, with another thread that may be inside unseen: silent in TLS, and the event says why" {
  skip_if_symbolic
  another_thread() {
    writes cured thread
    assert_verdict tls=none tcp=fin whole=yes 'order=data>fin'
    assert_event 'no close_notify (another thread may have been in a call that no hook sees'
  }
  both another_thread
}

@test "P9: with a libssl that is linked -Bsymbolic nothing is seen: as bare, and no harm" {
  wrapper=(env "LD_LIBRARY_PATH=$symbolic")
  writes cured
  assert_verdict tls=torn tcp=rst whole=no
  writes cured close-first
  assert_verdict tls=torn tcp=rst whole=no
}
