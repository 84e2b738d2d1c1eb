# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# Tests of Redis with --tls: server, clients and replication over TLS; from Debian's source package, with Debian's
# redis-server. A selection, for the time they take: those about connections and how they end.

# They remove each other's files.
redis_jobs=1
redis_names=(unit/tls unit/auth unit/protocol unit/limits unit/networking unit/quit unit/pubsub unit/querybuf
  unit/obuf-limits unit/tracking unit/shutdown unit/acl unit/introspection unit/client-eviction integration/redis-cli
  integration/redis-benchmark integration/replication-2 integration/shutdown)

redis_title() {
  redis-server --version | sed -E 's/.* v=([0-9.]+).*/Redis \1 --tls/'
}

redis_units() {
  printf '%s\n' "${redis_names[@]//\//.}"
}

redis_ready() {
  local tool
  for tool in redis-server redis-cli redis-benchmark tclsh openssl; do
    command -v "$tool" >/dev/null || {
      echo "$tool is missing; next: install what tests/suites/packages names"
      return 1
    }
  done
  echo 'package require tls 1.6' | tclsh >&2 || {
    echo "Tcl's tls is missing; next: install tcl-tls"
    return 1
  }
  [[ ! -e $work/ready ]] || return 0
  rm -rf "${work:?}"/{fetch,source}
  mkdir -p "$work/fetch"
  (cd "$work/fetch" && fetch_source redis) || return 1
  mv "$work"/fetch/redis-*/ "$work/source" &&
    for tool in server cli benchmark check-aof check-rdb sentinel; do
      ln -sf "$(command -v "redis-$tool" || echo "/usr/bin/redis-$tool")" "$work/source/src/redis-$tool"
    done &&
    mkdir -p "$work/source/tests/tls" &&
    # Or the script looks for a prime of its own, for minutes.
    openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out "$work/source/tests/tls/redis.dh" &&
    (cd "$work/source" && utils/gen-test-certs.sh) >&2 && touch "$work/ready"
}

redis_run() {
  cd "$work/source" && mkdir -p tests/tmp && "${under[@]}" tclsh tests/test_helper.tcl --tls --clients 1 \
    --baseport 22111 --single "${1/.//}"
}

# [ok]: Be able to start TLS connections (12 ms)
redis_verdicts() {
  sed -E 's/\x1b\[[0-9;]*m//g' "$folder/$1.out" |
    sed -nE 's/ \([0-9]+ ms\)$//; s/^\[ok\]: /ok - /p; s/^\[(err|exception|timeout)\]: */not ok - /p; s/^\[(skip|ignore)\]: /skip - /p'
}
