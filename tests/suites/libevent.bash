# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# libevent's regress: its tests of TLS over bufferevents, and of HTTPS; from Debian's source package, built here with
# the host's OpenSSL. Each test of it is a unit: it forks for one anyway.

libevent_title() {
  echo "libevent $(sed -nE 's/^#define EVENT__VERSION "(.*)"/\1/p' "$work/build/include/event2/event-config.h")"
}

libevent_units() {
  "$work/build/test/regress" --list-tests | grep -oE '(ssl|http)/[A-Za-z0-9_]+' | grep -E '^ssl/|https' |
    sed 's!/!.!' | sort -u
}

libevent_ready() {
  local tool
  [[ ! -e $work/ready ]] || return 0
  for tool in make cc autoreconf; do
    command -v "$tool" >/dev/null || {
      echo "$tool is missing"
      return 1
    }
  done
  rm -rf "${work:?}"/{fetch,source,build}
  mkdir -p "$work/fetch" "$work/build"
  (cd "$work/fetch" && fetch_source libevent) || return 1
  mv "$work"/fetch/libevent-*/ "$work/source" &&
    (cd "$work/source" && autoreconf --install --force) >&2 &&
    (cd "$work/build" && ../source/configure --disable-shared --disable-samples --disable-doxygen-html &&
      nice timeout 600 make -j"$jobs" include/event2/event-config.h &&
      nice timeout 600 make -j"$jobs" test/regress) >&2 &&
    touch "$work/ready"
}

libevent_run() {
  cd "$work/build" && "${under[@]}" test/regress "${1/.//}"
}

# ssl/bufferevent_socketpair: [forking] OK
libevent_verdicts() {
  awk -v name="${1/.//}" '
    /SKIPPED|DISABLED/ { verdict = "skip" }
    /FAILED/ { verdict = "not ok" }
    /^[0-9]+ tests ok/ && !verdict { verdict = "ok" }
    END { print (verdict ? verdict : "not ok") " - " name }' "$folder/$1.out"
}

# The same verdicts come out when the server of the test says SSL_shutdown by itself before it lets go.
libevent_expected() {
  local unit
  for unit in ssl.bufferevent_{renegotiate_socketpair,socketpair{,_fd,_freed,_freed_fd,_startopen,_write_after_connect}}; do
    libevent_expect "$unit" 'asserts that an end without close_notify is an error'
  done
  for unit in ssl.bufferevent_{renegotiate_socketpair,socketpair,socketpair_startopen}_dirty_shutdown \
    http.https_{chunk_out,incomplete,incomplete_timeout}; do
    libevent_expect "$unit" 'wants an end that its peer does not send: good only with close_notify (OpenSSL 3)'
  done
  libevent_expect http.https_filter_basic 'takes an end that arrives together with the reply for an error, close_notify as well'
}

libevent_expect() {
  printf '%s\t%s\t%s\n' "$1" '^(exit [01]|(not )?ok - .*)$' "$2"
}
