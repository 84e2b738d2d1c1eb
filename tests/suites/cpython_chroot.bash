# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# CPython's tests as cpython.bash has them, in a chroot of another Debian: another Python, another OpenSSL, and tlsbye
# as it is built there. Each function takes the name of that Debian; cpython_trixie.bash and cpython_sid.bash call them.
#
# What a run writes lies in the chroot, in /results, and is copied out of it: Python's folder for its tests too, which it
# names for its process, and each has the same number in its PID namespace.

# shellcheck source=tests/suites/cpython.bash
source "$here/cpython.bash"
# shellcheck source=tests/suites/chroot.bash
source "$here/chroot.bash"

nothing_can_be_run() {
  echo "$*" >&3
  exit 77
}

# with_chroot COMMAND...: in what chroot.bash asks for.
with_chroot() {
  local scratch=$work root=$here/../..
  local packages=(gcc libc6-dev make pkg-config libssl-dev libelf-dev libdw-dev libyajl-dev systemtap-sdt-dev openssl
    python3)
  local seconds_to_install=900 seconds_to_build=900
  local -A base=() borrows=()
  mkdir -p "$work/log"
  "$@"
}

cpython_chroot_make() {
  check_machine
  install "$1" || {
    echo "the chroot could not be made: no network, or no such suite at the mirror" >&3
    return 1
  }
  # Its package is named for its version.
  # shellcheck disable=SC2016
  logged "$1" testsuite inside "$seconds_to_install" "$1" sh -c 'apt-get -q -y --no-install-recommends install \
    "libpython$(python3 -c "import sys; print(*sys.version_info[:2], sep=chr(46))")-testsuite"' || {
    echo "this Debian has no package of its Python's tests" >&3
    return 1
  }
  [[ -e $work/$1/etc/hosts ]] || printf '127.0.0.1 localhost\n::1 localhost\n' >"$work/$1/etc/hosts"
  cpython_chroot_build "$1"
}

# Only where a source of ours has changed; and without the programs of our own tests.
cpython_chroot_build() {
  local built=$work/$1/built sum
  sum=$(cd "$root" && find src configure.ac Makefile.am -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  [[ ! -e $built || $(<"$built") != "$sum" ]] || return 0
  put_tree "$1"
  # shellcheck disable=SC2016
  logged "$1" build inside "$seconds_to_build" "$1" sh -ec 'mkdir -p /tlsbye/build; cd /tlsbye/build; ../configure
    make -j"$(nproc)" src/libtlsbye/libtlsbye.la src/tlsbye/tlsbye' &&
    echo "$sum" >"$built"
}

cpython_chroot_ready() {
  (with_chroot cpython_chroot_make "$1") 3>&1 >&2
}

cpython_chroot_title() {
  with_chroot inside 30 "$1" python3 -c "import platform, ssl
print('CPython', platform.python_version(), '($1)')"
}

cpython_chroot_run() {
  local debian=$1 results=/results/${folder##*/}
  local -a match=() words=("${under[@]/#$TLSBYE/\/tlsbye\/build\/src\/tlsbye\/tlsbye}")
  words=("${words[@]/$folder/$results}")
  [[ $2 != test_asyncio ]] || match=(--match '*[sS][sS][lL]*' --match '*start*tls*')
  rm -rf "${work:?}/$debian$results/$2"
  mkdir -p "$work/$debian$results/$2"
  local status=0
  with_chroot inside $((unit_seconds + 60)) "$debian" env --chdir="$results/$2" "${words[@]}" \
    python3 -m test --tempdir "$results/$2" --junit-xml "$results/$2.xml" "${match[@]}" "$2" || status=$?
  cp "$work/$debian$results/$2".* "$folder"
  return "$status"
}
