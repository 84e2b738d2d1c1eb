#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P9: other preloads beside the object, ahead of it and after it: their hooks are called as without it.
#
# shellcheck disable=SC2016  # inner shells expand
# shellcheck disable=SC2034,SC2154  # what lib/*.bash read and set

load lib/judge

object=$BUILD/src/libtlsbye/.libs/libtlsbye.so

# in_orders PRELOAD COMMAND...: says the same bare, with the other preload ahead of the object, and after it.
in_orders() {
  local other=$1 bare order
  shift
  run env LD_PRELOAD="$other" "$@"
  assert_success
  bare=$output
  for order in "$other:$object" "$object:$other"; do
    run env LD_PRELOAD="$order" "$@"
    assert_success
    assert_equal "$output" "$bare"
  done
  for order in '$0:$LD_PRELOAD' '$LD_PRELOAD:$0'; do
    run "$TLSBYE" run -- sh -c "LD_PRELOAD=$order"' exec "$@"' "$other" "$@"
    assert_success
    assert_equal "$output" "$bare"
  done
}

@test "bind, listen, close_range, closefrom, execveat: another preload's hooks are called, in either order" {
  in_orders "$BUILD/tests/programs/.libs/other_hooks.so" "$BUILD/tests/programs/check_other_hooks"
  assert_output "$(printf '%s\n' bind listen close_range closefrom execveat)"
}

# As socket_wrapper and others: a message that passes a socket on gets one more, and AF_UNIX is refused. The hub gets ours.
@test "P9: what goes to the hub does not go through another preload's hooks" {
  wrapper=(env LD_PRELOAD="$BUILD/tests/programs/.libs/other_hooks.so")
  judge_server cured server_free_then_close --write 1M -- --send 100K --expect 1M --pause 50
  assert_verdict whole=yes tls=close_notify tcp=fin
  assert_event 'drained'
  refute_event 'the hub cannot be reached'
}

@test "P1: every byte, close_notify, FIN with another preload that closes past us, and ends who is passed a socket" {
  connections=3
  wrapper=(env LD_PRELOAD="$BUILD/tests/programs/.libs/other_hooks.so")
  judge_server bare server_free_then_close --write 1M -- --send 100K --expect 1M --pause 50
  assert_total whole=0
  judge_server cured server_free_then_close --write 1M -- --send 100K --expect 1M --pause 50
  assert_verdict whole=yes tls=close_notify tcp=fin
  assert_event 'drained'
}

# A handler, or a vfork child, may be the first to call it: dlsym() would wait for the loader's lock (sys/next.c).
@test "P9: the next object's functions are found without the loader, and are those that it finds" {
  local other=$BUILD/tests/programs/.libs/other_hooks.so
  run -0 "$BUILD/tests/programs/check_next"
  assert_output 'nothing else'
  run -0 env LD_PRELOAD="$other" "$BUILD/tests/programs/check_next"
  assert_line 'bind: other_hooks.so'
  assert_line 'execveat: other_hooks.so'
  refute_line --partial ', not '
  assert_line 'nothing else'
  # By the loader as a command, whose headers the kernel takes for the program's.
  run -0 "$(readelf -l "$BUILD/tests/programs/check_next" | sed -n 's/.*interpreter: \(.*\)]/\1/p')" "$BUILD/tests/programs/check_next"
  assert_output 'nothing else'
}

# moved LIST: what becomes of it, where + is another preload, % one that has a sanitizer's name, and @ the object.
moved() {
  local list=$1 other=$BUILD/tests/programs/.libs/malloc_fails.so sanitizer=$BATS_TEST_TMPDIR/libnosan.so
  cp "$other" "$sanitizer"
  list=${list//+/$other} list=${list//%/$sanitizer} list=${list//@/$object}
  list=$("${under[@]}" sh -c 'LD_PRELOAD=$0 exec printenv LD_PRELOAD' "$list")
  list=${list//$other/+} list=${list//$sanitizer/%} list=${list//$object/@}
  assert_equal "$list" "$2"
}

@test "tlsbye run: a launcher that puts another preload ahead of the object has it after it, and by hand stays ahead" {
  local under=("$TLSBYE" run --) case
  for case in +:@=@:+ '+ @=@:+' +:@:=@:+ +:+:@:+=@:+:+:+ %:+:@=%:@:+ %:@:+=%:@:+ @:+=@:+ @=@ +=+; do
    moved "${case%=*}" "${case#*=}"
  done
  under=(env LD_PRELOAD="$object")
  moved +:@ +:@
}
