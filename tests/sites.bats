#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P11: where in the program it happened. An event has the address behind each call that matters, as an object, its build-id and
# an offset in its file: addr2line and readelf, which know nothing of tlsbye, must find the very line of source in it.
#
# shellcheck disable=SC2034,SC2154  # connections and tls are read, site_* are set, elsewhere

load lib/judge
load lib/sites

setup_file() {
  # What a stripped build cannot tell. (A sanitizer's frames are its own.)
  readelf -S "$BUILD/tests/programs/server_free_then_close" | grep -q debug_line ||
    skip 'the programs were built without -g: no lines to be found'
}

served() {
  in_json judge_server cured "$1" "${@:2}" -- --send 100K --expect 1K
}

# at_line EVENT CALL FILE TEXT: the call stands in the line that holds the text.
at_line() {
  site "$1" "$2"
  assert_equal "$(line_of_site)" "$(line_with "$3" "$4")"
}

build_id_of() {
  readelf -n "$1" | sed -n 's/^ *Build ID: *//p'
}

each_mode() {
  local mode
  for mode in cure observe; do
    TLSBYE_MODE=$mode "$@"
  done
}

@test "P11: SSL_free and close of the wrong server, to the line" {
  wrong_server() {
    served server_free_then_close
    at_line end SSL_free server_free_then_close.c '	SSL_free(ssl);'
    assert_equal "$site_frames $site_path" "1 $BUILD/tests/programs/server_free_then_close"
    at_line end close server_free_then_close.c '	close(fd);'
  }
  each_mode wrong_server
}

@test "P11: the same in a program that is not position-independent" {
  readelf -h "$BUILD/tests/programs/server_not_pie" | grep -q 'Type:.*EXEC' || skip 'this compiler makes none'
  served server_not_pie
  at_line end SSL_free server_free_then_close.c '	SSL_free(ssl);'
  at_line end close server_free_then_close.c '	close(fd);'
}

@test "P11: the same in a plugin that was loaded by dlopen" {
  plugin() {
    served server_dlopen
    at_line end SSL_free plugin.c '	SSL_free(ssl);'
    assert_equal "${site_path##*/} $site_build_id" "plugin.so $(build_id_of "$BUILD/tests/programs/.libs/plugin.so")"
    at_line end close plugin.c '		close(fd);'
  }
  each_mode plugin
}

@test "P11: the build-id is the file's" {
  served server_free_then_close
  site end close
  assert_equal "$site_build_id" "$(build_id_of "$BUILD/tests/programs/server_free_then_close")"
  assert [ "${#site_build_id}" -ge 16 ]
}

@test "P11: a program that was started by way of its dynamic linker" {
  local loader
  loader=$(readelf -l "$BUILD/tests/programs/server_free_then_close" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
  wrapper=("$TLSBYE" run -- "$loader")
  in_json judge_server bare server_free_then_close -- --send 100K --expect 1K
  at_line end SSL_free server_free_then_close.c '	SSL_free(ssl);'
}

@test "P11: the read that failed" {
  in_json judge_client cured client_reads_to_end -- --send 1K --end first-bare
  at_line read-failed SSL_read client_reads_to_end.c '			     : SSL_read(ssl, buf, sizeof(buf));'
  site end SSL_read
}

# What the program calls after the close is not in the event, which is the hub's by then.
@test "P11: each door is told by the name that the program called" {
  served server_shutdown_wr_then_free
  site end shutdown
  served server_clear --mode clear-first
  site end SSL_clear
  served server_bio
  site end BIO_free_all
  local closer
  for closer in fclose freopen dup2 dup3 close_range closefrom; do
    served server_close_then_free --mode "$closer"
    site end "$closer"
  done
  TLSBYE_LOG_LEVEL=debug served server_second_shutdown
  at_line notify SSL_shutdown server_second_shutdown.c 'first = SSL_shutdown(ssl)'
  site end SSL_shutdown
  in_json judge_client cured client_exit_status --status 0 --mode exec -- --expect 1K
  site end execl
  in_json judge_client cured client_exit_status --mode _exit -- --expect 1K
  at_line end _exit client_exit_status.c '		_exit(legacy.status);'
}

@test "P11: exit has a site, and a return from main has none" {
  in_json judge_client cured client_exit_status -- --expect 1K
  site end exit
  assert_equal "$site_path" "$BUILD/tests/programs/client_exit_status"
  in_json judge_client cured client_exit_status --mode return -- --expect 1K
  assert_equal "$(event_value end sites)" ''
}

@test "P11: code that belongs to no file: no object, and the raw address" {
  [[ $(uname -m) == x86_64 ]] || skip 'the program makes its code for x86-64 only'
  jit() {
    TLSBYE_BACKTRACE=on served server_jit
    site end close
    assert_equal "$site_path $site_build_id" '- -'
    assert_program "returned-to=$((site_offset))"
    at_line end SSL_free server_jit.c '	SSL_free(ssl);'
  }
  each_mode jit
}

# --- many objects ---

# closers N: so many copies of a module, and another one.
closers() {
  local folder=$BATS_TEST_TMPDIR/closers
  mkdir "$folder"
  python3 -c '
import shutil, sys
for name in [*range(int(sys.argv[3])), "other"]:
    shutil.copy(sys.argv[1], "%s/%s.so" % (sys.argv[2], name))
' "$BUILD/tests/programs/.libs/closer.so" "$folder" "$1"
  connections=2
  in_json judge_server cured server_many_objects --mode "$folder" --rounds "$1" -- --send 100K --expect 1K
}

@test "P11: of two modules that lay in one place, one after the other, each is told of its own call" {
  closers 3
  at_line end close closer.c '	return close(fd);'
  assert_equal "$site_path" "$BATS_TEST_TMPDIR/closers/2.so"
  assert_program same-place=yes
  sed -i '0,/"event":"end"/{/"event":"end"/d}' "$program_err" # the second connection's is left
  at_line end close closer.c '	return close(fd);'
  assert_equal "$site_path" "$BATS_TEST_TMPDIR/closers/other.so"
}

@test "P11: more objects than there is room for: those beyond are told by address, the others as ever" {
  closers 1100
  site end close
  assert_equal "$site_path" -
  at_line end SSL_free server_many_objects.c '	SSL_free(ssl);'
}

# --- BACKTRACE ---

# What may be called in a handler is walked from glibc 2.35 on (sites.c); before, its caller is all.
assert_close_is_walked() {
  if [[ $(printf '2.35\n%s\n' "$(ldd --version | sed -n '1s/.* //p')" | sort -V | head -n 1) == 2.35 ]]; then
    site end close 1
  else
    site end close
    assert_equal "$site_frames" 1
  fi
}

@test "P11: BACKTRACE=on: the frames lead to main, and none is tlsbye's" {
  backtrace() {
    local frame names=''
    TLSBYE_BACKTRACE=on served server_free_then_close
    site end SSL_free
    assert [ "$site_frames" -ge 3 ]
    for ((frame = 0; frame < site_frames; frame++)); do
      site end SSL_free "$frame"
      names+=" $(addr2line -f -e "$site_path" "$(printf '%#x' $((site_offset - 1)))" | head -n 1)"
      [[ $site_path != *libtlsbye* ]] || fail_showing 'a frame of ours'
    done
    [[ $names == ' talk '*' main '* ]] || fail_showing "the frames are$names"
    assert_close_is_walked
  }
  each_mode backtrace
}

@test "P8: BACKTRACE=on: a handler that closes while the thread is in malloc, or inside of OpenSSL" {
  local mode
  for mode in malloc openssl; do
    connections=50
    TLSBYE_BACKTRACE=on in_json judge_client cured client_close_in_handler --mode "$mode" -- --expect-any
    assert_program rounds=50
    assert_equal "$(count_events end)" 50
    assert_close_is_walked
    connections=1
  done
}

@test "P9: BACKTRACE=on: a library's constructor that waits for a thread" {
  run -0 env TLSBYE_BACKTRACE=on TLSBYE_LOG_FORMAT=json timeout 20 "$TLSBYE" run -- "$BUILD/tests/programs/check_without_tls" \
    constructor "$BUILD/tests/programs/.libs/constructor_waits.so"
  assert_output loaded
}

@test "P9: a fork while another thread looks at what is loaded: the child can load a library" {
  run -0 in_json timeout 60 "$TLSBYE" run -- "$BUILD/tests/programs/check_forks"
  assert_line 'stuck=0 walked=yes'
}

@test "P9: text has no call sites, and BACKTRACE=on loads nothing for it" {
  TLSBYE_BACKTRACE=on judge_server cured server_free_then_close -- --send 100K --expect 1K
  run cat "$program_err"
  refute_output --partial server_free_then_close.c
  run env TLSBYE_BACKTRACE=on LD_DEBUG=files "$TLSBYE" run -- true
  refute_output --partial libgcc_s
}
