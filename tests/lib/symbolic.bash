# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A copy of the libssl and the libcrypto that the tests' programs have, made -Bsymbolic (tests/programs/make_symbolic.c), as
# upstream's and Debian sid's are: their calls to themselves do not pass the hooks. For setup_file.
#
#   make_symbolic_libraries     sets $symbolic, a folder for LD_LIBRARY_PATH, and $system_libssl, the original

make_symbolic_libraries() {
  local library path
  symbolic=$BATS_FILE_TMPDIR/symbolic
  mkdir "$symbolic"
  for library in libssl libcrypto; do
    path=$(ldd "$BUILD/tests/programs/server_bio" | sed -n "s/.*$library\\.so\\.[^ ]* => \\([^ ]*\\) .*/\\1/p")
    cp -L "$path" "$symbolic/"
    "$BUILD/tests/programs/make_symbolic" "$symbolic/${path##*/}"
    [[ $library != libssl ]] || system_libssl=$path
  done
  export symbolic system_libssl
}
