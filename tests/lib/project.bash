# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Where things are, for every *.bats: `load lib/project` first. `make check` and tests/run export BUILD; a bare
# `bats tests/x.bats` takes build/.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
TLSBYE=$BUILD/src/tlsbye/tlsbye
OBJECT=$BUILD/src/libtlsbye/.libs/libtlsbye.so
export ROOT BUILD TLSBYE OBJECT

# A user's own settings must not decide a test.
while IFS= read -r variable; do
  unset "$variable"
done < <(compgen -e TLSBYE_)

# The names of all settings, one a line, from the one table: LINGER_IDLE.
settings_names() {
  sed -nE 's/^\tX\(([A-Z_]+), .*/\1/p' "$ROOT/src/settings_table.h"
}

# LINGER_IDLE -> --linger-idle
option_of() {
  local name=${1,,}
  echo "--${name//_/-}"
}

# public_copy FOLDER [PROGRAM...]: command, object and these of tests/programs, laid out as the build, where another account can
# reach them: the tree itself may lie below a folder that nobody else may enter, as root's home.
public_copy() {
  local place=$1
  shift
  mkdir -p "$place/src/tlsbye" "$place/src/libtlsbye/.libs" "$place/tests/programs"
  chmod 755 "$place"
  cp "$TLSBYE" "$place/src/tlsbye/"
  cp "$OBJECT" "$place/src/libtlsbye/.libs/"
  (($# == 0)) || cp "${@/#/$BUILD/tests/programs/}" "$place/tests/programs/"
}
