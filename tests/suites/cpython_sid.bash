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

# Its server lets go without close_notify, and the test asserts that the client is told so: the fault that is cured.
cpython_sid_expected() {
  local why='asserts that an end without close_notify is an error'
  printf 'test_ssl\t%s\t%s\n' 'test_got_eof$' "$why" '^exit [02]$' "$why"
}
