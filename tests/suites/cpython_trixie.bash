# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# CPython's tests on Debian trixie: see cpython_chroot.bash.

# shellcheck source=tests/suites/cpython_chroot.bash
source "$here/cpython_chroot.bash"

cpython_trixie_title() {
  cpython_chroot_title trixie
}

cpython_trixie_units() {
  cpython_units
}

cpython_trixie_ready() {
  cpython_chroot_ready trixie
}

cpython_trixie_run() {
  cpython_chroot_run trixie "$1"
}

cpython_trixie_verdicts() {
  cpython_verdicts "$@"
}
