#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P1, P6: two libssl in one process, the program's and a plugin's: each connection is let go of by its own. The second
# one is a copy of the first under another name and with other symbol versions (tests/lib/another-libssl). While a
# connection ends, the code of the other library may not be run (server_two_libssl.c): a look-up that takes the wrong
# one is a crash.
#
# shellcheck disable=SC2034,SC2154  # connections is read, top is set, in lib/judge.bash

load lib/judge

good=(tls=close_notify tcp=fin whole=yes 'order=data>close_notify>fin' plain=0 late=0)

setup_file() {
  local -a libraries
  # What the linker finds for our own programs, whatever generation that is.
  mapfile -t libraries < <(ldd "$JUDGE" | sed -nE 's/.* => (.*\/lib(ssl|crypto)\.so\.[^ ]*) .*/\1/p')
  ((${#libraries[@]} == 2))
  "$top/tests/lib/another-libssl" "$BATS_FILE_TMPDIR" "${libraries[@]}" "$BUILD/tests/programs/.libs/side.so"
  export PLUGIN=$BATS_FILE_TMPDIR/side.so LD_LIBRARY_PATH=$BATS_FILE_TMPDIR
}

# two bare|cured [ARG...]: of 20 connections, each library serves 10.
two() {
  connections=${connections_of_two:-20}
  judge_server "$1" server_two_libssl "${@:2}" --read 2K --write 1M -- --parallel 8 --send 100K --expect 1M --pause 50
  assert_program 'ours=libssl\.so\.[0-8][.1]*' 'theirs=libssl\.so\.9[.1]*'
}

# More are truncated than one of the two libraries serves.
both_lose() {
  two bare "$@"
  assert_total close_notify=0 rst=20 'truncated>=11'
}

both_whole() {
  two cured "$@"
  assert_verdict "${good[@]}"
}

@test "bare: two libssl in one process: the connections of both are reset" {
  both both_lose
  both both_lose --mode close-first
}

@test "P1: two libssl in one process, free then close: each connection by its own" {
  both both_whole
}

@test "P1: two libssl in one process, close then free: each connection by its own" {
  both both_whole --mode close-first
}

# Who called is remembered by address: what is said of a plugin must end with it.
@test "P1: a plugin where an unloaded one lay, which had another libssl: each connection by its own" {
  connections_of_two=21
  export UNLOADED=$BUILD/tests/programs/.libs/side.so
  unloads() {
    two cured
    assert_verdict "${good[@]}"
    assert_program same-place=yes
  }
  both unloads
}

# The dynamic linker tells each dlopen of the object's.
lookups() {
  connections=$1
  wrapper=(env LD_DEBUG=files "LD_DEBUG_OUTPUT=$BATS_TEST_TMPDIR/linker.$1")
  judge_server cured server_dlopen -- --send 1K --expect 1K
  cat "$BATS_TEST_TMPDIR/linker.$1".* | grep -c 'opening file'
}

@test "a plugin's library is looked up once, and not for each connection" {
  local two twenty
  two=$(lookups 2)
  twenty=$(lookups 20)
  ((two > 0))
  assert_equal "$twenty" "$two"
}

# Each under a name of its own, as the wheels of a Python application bring them; each has a plugin that is linked to it.
@test "P9: more libssl in one process than anybody has seen: SSL_new works in all of them" {
  local number library
  library=$(ldd "$JUDGE" | sed -nE 's/.* => (.*\/libssl\.so\.[^ ]*) .*/\1/p')
  [[ $library == */libssl.so.3 ]] || skip "the names are made from libssl.so.3"
  cd "$BATS_TEST_TMPDIR" || return
  printf '%s\n' '#include <openssl/ssl.h>' 'int go(void);' \
    'int go(void) { SSL *s = SSL_new(SSL_CTX_new(TLS_client_method())); SSL_free(s); return s != NULL; }' >plug.c
  printf '%s\n' '#include <dlfcn.h>' '#include <stdio.h>' 'int main(int argc, char **argv)' '{' \
    'for (int i = 1; i < argc; i++) {' 'void *so = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL); int (*go)(void);' \
    'if (!so) return puts(dlerror());' '*(void **)&go = dlsym(so, "go"); puts(go() ? "works" : "fails");' '}' 'return 0;' '}' >many.c
  "${CC:-cc}" -o many many.c -ldl
  for number in 1 2 4 5 6 7 8; do # 9 is the other generation
    sed "s/libssl\.so\.3/libssl.so.$number/g" "$library" >"libssl.so.$number"
    "${CC:-cc}" -shared -fPIC -o "plug$number.so" plug.c "$PWD/libssl.so.$number" -lcrypto -Wl,-rpath,"$PWD"
  done
  run -0 ./many ./plug?.so
  assert_equal "$(grep -c works <<<"$output")" 7
  run -0 "$TLSBYE" run --log=off -- ./many ./plug?.so
  assert_equal "$(grep -c works <<<"$output")" 7
}

# The names stand in the object, whatever is loaded: libtlsbye.so(8), LIMITS OF REACH, says why.
@test "P9: no libssl: who asks for its functions finds ours, which do nothing, and answer 0" {
  local -a names
  mapfile -t names < <(grep -oE '\b(SSL|BIO)_[a-z0-9_]+' "$top/src/libtlsbye/libtlsbye.map")
  ((${#names[@]} > 30))
  run_bare check_weak SSL_free
  assert_success
  assert_output "$(printf '%s\n' 'SSL_free absent, BIO_free absent' 'SSL_free absent')"
  for mode in cure observe off; do
    TLSBYE_MODE=$mode run_cured check_weak "${names[@]}"
    assert_success
    assert_output 'SSL_free there, BIO_free there'
  done
  TLSBYE_WAYS=clone LD_PRELOAD=$BUILD/src/libtlsbye/.libs/libtlsbye.so run_bare check_weak "${names[@]}"
  assert_success
  assert_output 'SSL_free there, BIO_free there'
}
