# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A copy of the libssl and the libcrypto that the tests' programs have, made -Bsymbolic (tests/programs/make_symbolic.c), as
# upstream's and Debian sid's are: their calls to themselves do not pass the hooks. For setup_file.
#
#   make_symbolic_libraries     sets $symbolic, a folder for LD_LIBRARY_PATH, and $system_libssl, the original
#   library_path NAME           the file of the libssl or libcrypto that the tests' programs load
#   skip_if_symbolic            where the system's own libssl is linked so, and calls itself past our hooks

library_path() {
  ldd "$BUILD/tests/programs/server_bio" | sed -n "s/.*$1\\.so\\.[^ ]* => \\([^ ]*\\) .*/\\1/p"
}

skip_if_symbolic() {
  ! readelf -d "$(library_path libssl)" | grep -q 'FLAGS.*SYMBOLIC' ||
    skip "this system's own libssl is linked -Bsymbolic"
}

make_symbolic_libraries() {
  local library path
  symbolic=$BATS_FILE_TMPDIR/symbolic
  mkdir "$symbolic"
  for library in libssl libcrypto; do
    path=$(library_path "$library")
    cp -L "$path" "$symbolic/"
    "$BUILD/tests/programs/make_symbolic" "$symbolic/${path##*/}"
    [[ $library != libssl ]] || system_libssl=$path
  done
  export symbolic system_libssl
}
