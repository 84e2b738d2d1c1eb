#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A program that looks OpenSSL's functions up by dlsym() (LuaJIT, PyPy, Qt, .NET) calls past the hooks. Where the library's
# calls to itself pass them (it is not linked -Bsymbolic), SSL_connect shows the connection in its SSL_do_handshake: then the
# TCP side is to be had at close. Else it ends as bare.
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

# Nobody knows whether a call is going on, or a free is about to: the SSL is left alone.
@test "P1, P9: close, then SSL_free, unseen: the TCP side, silent in TLS, and the event says why" {
  skip_if_symbolic
  close_first() {
    local mode
    for mode in close-first thread; do
      writes cured "$mode"
      assert_verdict tls=none tcp=fin whole=yes 'order=data>fin'
      assert_event 'no close_notify (the program may have been in a call that no hook sees'
    done
  }
  both close_first
}

@test "P9: with a libssl that is linked -Bsymbolic nothing is seen: as bare, and no harm" {
  wrapper=(env "LD_LIBRARY_PATH=$symbolic")
  writes cured
  assert_verdict tls=torn tcp=rst whole=no
  writes cured close-first
  assert_verdict tls=torn tcp=rst whole=no
}
