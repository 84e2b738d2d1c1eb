# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# CPython's tests on Debian sid: see cpython_chroot.bash.

# shellcheck source=tests/suites/cpython_chroot.bash
source "$here/cpython_chroot.bash"

cpython_sid_title() {
  cpython_chroot_title sid
}

cpython_sid_units() {
  cpython_units
}

cpython_sid_ready() {
  cpython_chroot_ready sid
}

cpython_sid_run() {
  cpython_chroot_run sid "$1"
}

cpython_sid_verdicts() {
  cpython_verdicts "$@"
}
