# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# Mosquitto's tests of TLS: its broker against Python's ssl, its client library against a server of Python's; from
# Debian's source package, built here with the host's OpenSSL. Each script is one test.

# All of them listen at the same ports.
mosquitto_jobs=1
mosquitto_options=(WITH_DOCS=no WITH_CJSON=no)

mosquitto_title() {
  echo "Mosquitto $(sed -nE 's/^VERSION=//p' "$work/source/config.mk")"
}

mosquitto_units() {
  (cd "$work/source/test" && ls broker/08-ssl-*.py lib/08-ssl-*.py) | grep -v helper | sed -E 's!\.py$!!; s!/!.!'
}

# A library that is not installed is linked by its path.
mosquitto_build() {
  sed -i "s!/usr/sbin/mosquitto!../../src/mosquitto!" test/mosq_test.py
  nice timeout 600 make -C lib -j"$jobs" "${mosquitto_options[@]}"
  nice timeout 600 make -C src -j"$jobs" "${mosquitto_options[@]}" mosquitto
  nice timeout 600 make -C test/lib/c LIBS="$PWD/lib/libmosquitto.so.1"
  nice timeout 600 make -C test ssl
  chmod -R a+rX test/ssl # started by root, the broker becomes nobody
}

mosquitto_ready() {
  local tool
  [[ ! -e $work/ready ]] || return 0
  for tool in make cc openssl python3; do
    command -v "$tool" >/dev/null || {
      echo "$tool is missing"
      return 1
    }
  done
  rm -rf "${work:?}"/{fetch,source}
  mkdir -p "$work/fetch"
  (cd "$work/fetch" && fetch_source mosquitto) || return 1
  mv "$work"/fetch/mosquitto-*/ "$work/source" &&
    (cd "$work/source" && set -e && mosquitto_build) >&2 &&
    touch "$work/ready"
}

mosquitto_run() {
  local test=${1#*.}
  cd "$work/source/test/${1%%.*}" || return
  if [[ $1 == lib.* ]]; then
    "${under[@]}" /usr/bin/python3 "$test.py" "c/$test.test"
  else
    "${under[@]}" /usr/bin/python3 "$test.py"
  fi
}

# Its status is the verdict.
mosquitto_verdicts() {
  if ((status)); then
    echo "not ok - $1"
  else
    echo "ok - $1"
  fi
}
