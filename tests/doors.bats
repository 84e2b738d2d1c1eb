#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The fourteen doors by name, each once bare and once under tlsbye, in one table that is printed at the end: README's "what
# it can reach". Each row has to be bad bare, or it proves nothing. All at TLS 1.3; what a door has in detail, and TLS 1.2,
# stands in the file that its comment names.
#
# shellcheck disable=SC2034,SC2154  # connections and wrapper are read in lib/judge.bash; output is bats'

load lib/judge
load lib/symbolic

setup_file() {
  make_symbolic_libraries
}

teardown_file() {
  {
    printf '%-5s %-44s %-45s %s\n' door 'how the program lets go' bare cured
    sort -n -s -k 1,1 "$BATS_FILE_TMPDIR/table"
  } | sed 's/^/# /' >&3
}

good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)

# add_row DOOR HOW BARE CURED
add_row() {
  printf '%-5s %-44s %-45s %s\n' "$@" >>"$BATS_FILE_TMPDIR/table"
}

# What the judge saw, in words.
ends() {
  local rst fin
  rst=$(total rst) fin=$(total fin)
  printf '%s of %s whole, %s close_notify' "$(total whole)" "$connections" "$(total close_notify)"
  ((fin == 0)) || printf ', %s FIN' "$fin"
  ((rst == 0)) || printf ', %s reset' "$rst"
}

# row DOOR HOW FUNCTION [ARG...]: FUNCTION runs with bare, then with cured, before the ARGs. Bare something is missing;
# cured the verdicts are $want.
row() {
  local door=$1 how=$2 function=$3 bare
  shift 3
  "$function" bare "$@"
  bare=$(ends)
  [[ $(total close_notify) -lt $connections || $(total rst) -gt 0 ]] || fail_showing "nothing is wrong bare: $bare"
  "$function" cured "$@"
  assert_verdict "${want[@]}"
  add_row "$door" "$how" "$bare" "$(ends)"
}

want=("${good[@]}")

# --- the habits ---

# 2 KB of a 100 KB request are read, 1 MB is answered.
serves() {
  connections=10
  judge_server "$1" "${@:2}" --read 2K --write 1M -- --parallel 4 --send 100K --expect 1M --pause 5
}

writes() {
  judge_client "$1" client_exit_status --mode "$2" --write 1M "${@:3}" -- --expect 1M --rcvbuf 4K --pause 20
}

@test "door 1: close before SSL_free (cure.bats, harmless.bats)" {
  reused() {
    judge_client "$1" client_reused_fd --mode socket -- --expect 1K
    assert_program same-number=yes bytes=0
  }
  row 1 'close, then SSL_free' serves server_close_then_free
  connections=1
  row 1 'the same, the number is reused by then' reused
}

@test "door 2: shutdown before any notify (shutdown.bats)" {
  shut() {
    connections=10
    judge_server "$1" "${@:2}" --write 1M -- --parallel 4 --send 20K --expect 1M --rcvbuf 4K --pause 20 --late-trail 1K
  }
  row 2 'shutdown(SHUT_WR)' serves server_shutdown_wr_then_free
  row 2 'shutdown(SHUT_RDWR)' shut server_shutdown_rdwr
  row 2 'SSL_free, then shutdown(SHUT_RDWR)' shut server_shutdown_rdwr --mode free-first
}

@test "door 3: the end of the process (leaving.bats)" {
  local door
  for door in exit return _exit _Exit quick_exit exec; do
    row 3 "$door" writes "$door"
  done
  want=(tls=none tcp=fin whole=yes 'order=data>fin')
  want_status=1
  row 3 'exit(1): silent in TLS' writes exit --status 1
}

@test "door 4: the last descriptor, however it goes (cure.bats)" {
  copies() {
    connections=10
    judge_server "$1" server_copies --mode "$2" --write 64K -- --parallel 4 --send 1K --trail 20K --expect 128K
  }
  local closer
  for closer in fclose freopen dup2 dup3 close_range closefrom; do
    row 4 "$closer" serves server_close_then_free --mode "$closer"
  done
  for closer in dup fcntl; do
    row 4 "a copy by $closer is the last" copies "$closer"
  done
  row 4 'close of all other numbers before' serves server_closes_everything
}

@test "door 5: BIO_free and BIO_free_all, with a libssl linked -Bsymbolic or not (bio.bats)" {
  calls() {
    connections=4
    judge_client "$1" client_bio --mode plain --write 1M -- --parallel 4 --expect 1M --rcvbuf 4K --pause 20
  }
  local kind
  for kind in '' ', -Bsymbolic'; do
    [[ -z $kind ]] || wrapper=(env "LD_LIBRARY_PATH=$symbolic")
    row 5 "BIO_free_all$kind" serves server_bio --mode plain
    row 5 "BIO_ssl_shutdown$kind" serves server_bio --mode ssl_shutdown
    row 5 "BIO_f_buffer in the chain$kind" serves server_bio --mode buffer
    row 5 "BIO_new_ssl_connect$kind" calls
  done
}

@test "door 6: a BIO of the program's own: the TCP side (own_bio.bats; haproxy: real_cure.bats)" {
  want=(tls=none tcp=fin whole=yes 'order=data>fin')
  row 6 "a BIO of the program's own" serves server_own_bio --mode plain-free
}

@test "door 7: an incomplete SSL_write (honesty.bats)" {
  abandons() {
    judge_server "$1" server_unfinished_write --write 32M -- --send 1K --expect 32M --pause 100
  }
  want=(tls=none tcp=fin whole=no content=right 'order=data>fin')
  abandons bare
  assert_verdict tls=torn
  abandons cured
  assert_verdict "${want[@]}"
  assert_event 'its last SSL_write unfinished (up to ' 'no close_notify'
  add_row 7 'SSL_write abandoned half-way' 'a torn record' 'whole records, no close_notify, the rest named'
}

@test "door 8: a failed handshake (alerts.bats)" {
  wants_certificate() {
    judge_server "$1" server_refuses --mode cert -- --send 1M
    assert_verdict tls=alert:116 "tcp=$2"
  }
  wants_certificate bare rst
  wants_certificate cured fin
  add_row 8 'a refused client that is writing' 'alert, then reset' 'alert, then FIN'
}

@test "door 9: AF_UNIX, IPv6, DTLS (transports.bats, which has kernel TLS and QUIC, too)" {
  unix() {
    rm -f "$BATS_TEST_TMPDIR/socket"
    judge_server "$1" server_free_then_close --write 64K --unix "$BATS_TEST_TMPDIR/socket" -- \
      --unix "$BATS_TEST_TMPDIR/socket" --send 1K --trail 20K --expect 64K
  }
  ipv6() {
    connections=10
    judge_server "$1" server_free_then_close --ipv6 --write 1M -- --ipv6 --parallel 4 --send 100K --expect 1M --pause 5
  }
  row 9 'AF_UNIX' unix
  row 9 'IPv6' ipv6
  run_bare dtls_server --mode free
  assert_line 'client=1 got=5 end=nothing'
  run_cured dtls_server --mode free
  assert_line 'client=1 got=5 end=close_notify'
  add_row 9 'DTLS' 'the peer waits for ever' 'close_notify'
}

@test "door 10: SSLs, contexts and descriptors that are shared (sharing.bats)" {
  pool() {
    connections=32
    judge_server "$1" server_thread_pool --read 2K --write 256K -- --parallel 16 --send 100K --expect 256K --pause 5
  }
  row 10 'SSL_clear, one SSL for all connections' serves server_clear
  row 10 'one SSL_CTX in eight threads' pool
  run_bare starttls_twice --write 64K --tls 1.3
  assert_line --regexp 'second .* end=(cut|error)'
  run_cured starttls_twice --write 64K --tls 1.3
  assert_line 'first got=65536 content=right end=close_notify'
  assert_line 'second got=131072 content=right end=close_notify'
  add_row 10 'two SSLs on one descriptor, in turn' 'no goodbye, then a cut' 'close_notify for each'
}

@test "door 11: epoll, handlers, forks (harmless.bats, processes.bats, limits.bats)" {
  handler() {
    connections=20
    judge_client "$1" client_close_in_handler --mode malloc -- --parallel 4 --expect 1K
  }
  forks() {
    connections=10
    judge_server "$1" server_fork_child --mode "$2" --write 64K -- --parallel 4 --send 1K --trail 20K --expect 64K
  }
  epoll() {
    judge_server "$1" server_epoll --rounds 20 -- --send 1K --trail 20K --late-trail 64K --expect 1K
    assert_program events=0
  }
  row 11 'closed in an epoll set: no event after it' epoll
  connections=20
  row 11 'a handler closes in the midst of malloc' handler
  row 11 'a forked child serves' forks child
  row 11 'the parent serves, a child inherited it' forks parent
  row 11 'the last of two holders lets go' forks last
}

@test "door 12: sessions (sessions.bats)" {
  resumes() {
    connections=100
    judge_server "$1" server_free_then_close --cache --read 1K -- --send 1K --expect 1K --session-reuse --watch 5 --quiet
    assert_total connections=100 "resumed=$2"
  }
  resumes bare 0
  resumes cured 99
  add_row 12 'sessions, of 100 connections' '100 full handshakes' '1 full handshake'
}

@test "door 13: the suffering side, opt-in (eof.bats)" {
  suffers() {
    judge_client "$1" client_reads_to_end -- --send 64K --end first-bare
  }
  [[ $(openssl version) != 'OpenSSL 1.'* ]] || skip "OpenSSL 1.1.1 knows neither the error nor the option"
  suffers bare
  assert_program end=eof
  TLSBYE_IGNORE_UNEXPECTED_EOF=on suffers cured
  assert_program end=clean
  assert_event 'warning: the peer ended without close_notify after '
  add_row 13 'a peer without close_notify, as an option' 'unexpected eof while reading' 'a clean end, and a warning'
}

@test "door 14: a tree of processes (tree.bats)" {
  local file=$BATS_TEST_TMPDIR/port name
  mkdir "$BATS_TEST_TMPDIR/bin"
  for name in a b c d; do
    ln -s "$BUILD/tests/programs/client_write_only" "$BATS_TEST_TMPDIR/bin/$name"
  done
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  tree() {
    connections=4
    rm -f "$file"
    start_judge serve --port-file "$file" --connections 4 --parallel 8 --tls 1.3 --expect 1M --rcvbuf 4K --pause 20
    wait_for_port "$file" "$judge_pid"
    # shellcheck disable=SC2016  # the tree's shell expands
    TALK="--port $port --tls 1.3 --write 1M" start_program "$1" sh -c 'a $TALK; b $TALK; c $TALK & d $TALK & wait'
    wait_program
    wait_judge
  }
  row 14 'four programs of one shell' tree
  tree bare
  TLSBYE_ONLY=a,c tree cured
  assert_total whole=2 close_notify=2 rst=2
  add_row 14 'the same with ONLY=a,c' '0 of 4 whole, 0 close_notify, 4 reset' "$(ends)"
}
