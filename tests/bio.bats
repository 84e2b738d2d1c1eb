#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1 through the BIO door: programs that talk through a BIO_f_ssl and leave by BIO_free, BIO_free_all, BIO_ssl_shutdown. And
# a BIO_f_buffer in the chain, above the SSL and below it. Each with Debian's libssl, whose calls to itself reach our hooks,
# and with one that is linked -Bsymbolic, as upstream's and Debian sid's are, whose calls do not: there these hooks are all
# that there is.
#
# BIO_free says close_notify by itself, bare; what it loses is what the RST throws away, that alert included.
#
# shellcheck disable=SC2034,SC2154  # connections and wrapper are read in lib/judge.bash; tls comes from there
# shellcheck disable=SC2030,SC2031  # a test's output is its own

load lib/judge
load lib/symbolic

good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)

setup_file() {
  make_symbolic_libraries
}

# Runs the command at TLS 1.2 and 1.3, with either libssl.
each() {
  local kind
  for kind in debian symbolic; do
    wrapper=()
    [[ $kind == debian ]] || wrapper=(env "LD_LIBRARY_PATH=$symbolic")
    both "$@"
  done
}

serves() {
  judge_server "$1" server_bio --mode "$2" --read 2K --write 1M -- --parallel 4 --send 100K --expect 1M --pause 5
}

calls() {
  judge_client "$1" client_bio --mode "$2" --write 1M -- --parallel 4 --expect 1M --rcvbuf 4K --pause 20
}

# Which object a libssl's call of its own SSL_free goes to.
own_call_goes_to() {
  LD_DEBUG=bindings LD_BIND_NOW=1 LD_PRELOAD=$BUILD/src/libtlsbye/.libs/libtlsbye.so \
    "$@" "$BUILD/tests/programs/server_bio" --nonsense 2>&1 |
    sed -n 's/.*binding file [^ ]*libssl[^ ]* .* to \([^ ]*\) .*normal symbol `SSL_free.*/\1/p'
}

is_symbolic() {
  readelf -d "$1" | grep -q 'FLAGS.*SYMBOLIC'
}

@test "the two kinds of libssl: one calls itself by way of the hooks, the other does not" {
  ! is_symbolic "$system_libssl" || skip "this system's own libssl is linked -Bsymbolic already"
  run own_call_goes_to env
  assert_output --partial libtlsbye.so
  run own_call_goes_to env "LD_LIBRARY_PATH=$symbolic"
  assert_output --partial "$symbolic/libssl"
}

# --- servers: BIO_f_ssl above BIO_new_socket ---

loses() {
  connections=8
  serves bare "$1"
  assert_total rst=8 'truncated>=4'
}

keeps() {
  connections=8
  serves cured "$1"
  assert_verdict "${good[@]}"
}

@test "bare: BIO_free_all over unread bytes loses replies" {
  each loses plain
  each loses handshake
}

@test "P1: BIO_free_all, with BIO_do_handshake and without" {
  each keeps plain
  each keeps handshake
}

@test "bare: so do BIO_set_ssl, BIO_vfree, BIO_NOCLOSE and a close, and an SSL of the program's own" {
  local mode
  for mode in set_ssl vfree noclose owned; do
    each loses "$mode"
  done
}

@test "P1: BIO_set_ssl, BIO_vfree, BIO_NOCLOSE and a close, and an SSL of the program's own" {
  local mode
  for mode in set_ssl vfree noclose owned; do
    each keeps "$mode"
  done
}

@test "bare: BIO_ssl_shutdown does not help" {
  each loses ssl_shutdown
}

@test "P1: BIO_ssl_shutdown, then BIO_free_all: close_notify is said once" {
  each keeps ssl_shutdown
}

@test "bare: a BIO_f_buffer above loses as well" {
  each loses buffer
}

@test "P1: a BIO_f_buffer above, flushed" {
  each keeps buffer
}

@test "bare: a chain with two references loses at the second BIO_free_all" {
  each loses up_ref
}

@test "P1: a chain with two references: nothing is said at the first BIO_free_all, everything at the second" {
  each keeps up_ref
}

# --- clients: BIO_new_ssl_connect, whose socket is opened in the handshake, and shut both ways when it is freed ---

@test "bare: BIO_new_ssl_connect and BIO_free_all lose everything at TLS 1.3" {
  connections=4
  local mode kind
  for mode in plain buffered up_ref idle_thread; do
    calls bare "$mode"
    assert_total whole=0 rst=4
  done
}

@test "P1: BIO_new_ssl_connect, BIO_new_buffer_ssl_connect, and either freed twice" {
  connections=4
  reaches() {
    calls cured "$1"
    assert_verdict "${good[@]}"
  }
  each reaches plain
  each reaches buffered
  each reaches up_ref
  each reaches idle_thread
}

@test "bare: exit with a chain open loses everything at TLS 1.3" {
  calls bare exit
  assert_verdict tls=torn tcp=rst whole=no
}

@test "P1: exit with a chain open, whose socket may not be known before" {
  leaves() {
    calls cured exit
    assert_verdict "${good[@]}"
    assert_event 'exit without SSL_shutdown' 'sent close_notify'
  }
  each leaves
}

@test "P3: exit with a chain open and another status than 0 stays silent in TLS" {
  fails() {
    want_status=3
    judge_client cured client_bio --mode exit --status 3 --write 1M -- --expect 1M --rcvbuf 4K --pause 20
    assert_verdict tls=none tcp=fin whole=yes
    assert_event 'the exit status was not 0'
  }
  each fails
}

@test "P7: a child that leaves by exit in the middle says nothing; its parent says goodbye" {
  survives() {
    calls cured fork
    assert_verdict "${good[@]}"
  }
  calls bare fork
  assert_verdict whole=no tcp=rst
  each survives
}

# Nobody counts BIO_read in and out: SSL_shutdown beside it would meet it inside OpenSSL.
@test "P9: exit with a thread that may be in BIO_read: nothing is done to its connection, and the log says so" {
  leaves_alone() {
    calls "$1" thread
    assert_total close_notify=0
  }
  each leaves_alone bare
  each leaves_alone cured
  assert_event 'no close_notify (the program may have been in a call that no hook sees, BIO_read or the like)'
}

# A second SSL_shutdown, in the library, would wait for the peer's.
@test "P2: BIO_free_all waits for nobody, as it does bare" {
  waits_not() {
    TLSBYE_AT_EXIT=100ms judge_client "$how" client_bio --write 1K -- --expect 1K --end never --limit 2
    assert_program free=quick
  }
  side_by_side how 'bare cured' each waits_not
}

# --- what the program did not finish ---

@test "bare and P3: bytes in a BIO_f_buffer that were never flushed: we say nothing, BIO_free says what it says bare" {
  forgets() {
    calls cured unflushed
    assert_verdict "${good[@]}"
    assert_event '7 bytes in its BIO_f_buffer never flushed' 'close_notify was sent already'
  }
  calls bare unflushed
  assert_verdict whole=no tcp=rst
  each forgets
}

gives_up() {
  judge_client "$1" client_bio --mode partial --write 8M -- --rcvbuf 4K --pause 200
  assert_program half-done=yes
}

@test "bare: a BIO_write left half-done leaves a torn record" {
  gives_up bare
  assert_verdict tls=torn
}

@test "P3: a BIO_write left half-done: the record is completed, and no close_notify follows" {
  gives_up_cured() {
    gives_up cured
    assert_verdict tls=none tcp=fin order='data>fin' content=right
    assert_event 'BIO_free, close' 'no close_notify (the program did not finish writing), completed the last record'
  }
  each gives_up_cured
}

# --- a BIO_f_buffer below ---

below() {
  judge_server "$1" server_buffer_below --read 2K --write 3K -- --send 100K --expect 3K --pause 5
}

@test "bare: what stands in a BIO_f_buffer below the SSL never leaves the process" {
  below bare
  assert_verdict bytes=0 whole=no
}

@test "P1: a BIO_f_buffer below the SSL is flushed first" {
  below_cured() {
    below cured
    assert_verdict "${good[@]}"
  }
  each below_cured
}

# --- harmless ---

ends_both() {
  "$1" check_nested --tls "$tls" --mode "$2"
  assert_success
  assert_line 'inner=close_notify outer=close_notify'
}

@test "P5: TLS within TLS ends as it ends bare: each layer says goodbye within the other" {
  for mode in plain ssl; do
    each ends_both run_bare "$mode"
    each ends_both run_cured "$mode"
  done
}

@test "P5: sessions are kept, as BIO_free keeps them bare" {
  connections=3
  resumes() {
    judge_server "$1" server_bio --cache --read 2K -- --send 1K --session-reuse
    assert_total resumed=2
  }
  both resumes bare
  each resumes cured
}

@test "observe changes nothing, and says what BIO_free did" {
  export TLSBYE_MODE=observe
  watches() {
    connections=8
    serves cured plain
    assert_total rst=8 'truncated>=4'
    assert_event 'BIO_free, close after SSL_shutdown' 'only observed'
  }
  each watches
}

# --- processes with a libcrypto and no TLS: BIO_free is theirs, and nothing of ours starts ---

uses_libcrypto() {
  "$how" check_libcrypto "$1"
  assert_success
  assert_output "$(printf '%s\n' free=1 vfree=1 free_all=2 shared=0 last=1 threads=1)"
}

@test "P9: BIO_free, BIO_vfree, BIO_free_all and BIO_up_ref of a libcrypto without libssl, linked or by RTLD_LOCAL" {
  for how in run_bare run_cured; do
    uses_libcrypto local
    uses_libcrypto global
    wrapper=(env "LD_LIBRARY_PATH=$symbolic")
    uses_libcrypto local
    uses_libcrypto global
    wrapper=()
  done
}

same_under_tlsbye() {
  run_bare "$@"
  assert_success
  local expected=$output
  run_cured "$@"
  assert_success
  assert_output "$expected"
}

@test "P9: openssl, ssh, git and python's hashlib do what they do bare" {
  local key=$BATS_TEST_TMPDIR/key.pem cert=$BATS_TEST_TMPDIR/cert.pem
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$key" -out "$cert" -subj /CN=tlsbye -days 1 2>/dev/null
  same_under_tlsbye openssl version
  same_under_tlsbye openssl x509 -in "$cert" -noout -text
  for command in 'git --version' 'ssh -V'; do
    # shellcheck disable=SC2086  # two words
    ! command -v "${command%% *}" >/dev/null || same_under_tlsbye $command
  done
  ! command -v /usr/bin/python3 >/dev/null || same_under_tlsbye /usr/bin/python3 -c 'import hashlib, os
print(hashlib.new("sha256", b"x").hexdigest(), len(os.listdir("/proc/self/task")))'
}

@test "P12: what went through BIO_write is not counted, and the event says that the numbers are not all" {
  load lib/sites
  TLSBYE_MODE=observe in_json judge_server cured server_bio --read 2K --write 64K -- --send 1K --expect 64K
  assert_value end bytes_partial=true
  TLSBYE_MODE=observe in_json judge_server cured server_free_then_close --read 1K --write 64K -- --send 1K --expect 64K
  assert_value end bytes_written=65536 bytes_partial=
}
