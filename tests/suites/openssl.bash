# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# OpenSSL's TLS tests, from Debian's source package, against the libssl that is built with them, shared.
#
# Which recipes: those that run s_server or s_client (TLSProxy does), or a program of test/ or fuzz/ whose own source
# calls one of the functions that open a connection.

openssl_speaks='TLSProxy|s_server|s_client'
openssl_opens='\b(SSL_(connect|accept|do_handshake)|DTLSv1_listen|create_(bare_)?ssl_connection|do_handshake|BIO_f_ssl) *\('

openssl_title() {
  echo "OpenSSL $(sed -nE 's/^(MAJOR|MINOR|PATCH)=//p' "$work/source/VERSION.dat" | paste -sd.)"
}

# test/sslapitest ...: from the build's own description of what is made of what.
openssl_programs() {
  local folder program files file
  for folder in test fuzz; do
    sed -nE 's/^ *SOURCE\[([a-z0-9_-]+)\] *= *(.*)/\1 \2/p' "$work/source/$folder/build.info" |
      while read -r program files; do
        for file in $files; do
          if grep -qsE "$openssl_opens" "$work/source/$folder/$file"; then
            echo "$folder/$program"
            break
          fi
        done
      done
  done
}

openssl_units() {
  local program names=$openssl_speaks
  while IFS= read -r program; do
    names+="|[\"']${program##*/}[\"']"
  done < <(openssl_programs)
  grep -lE "$names" "$work"/source/test/recipes/*.t | sed -E 's!.*/(.*)\.t$!\1!'
}

openssl_configure() {
  local options=(shared --prefix=/usr --openssldir=/usr/lib/ssl no-zlib no-ssl3 no-ssl3-method enable-unit-test)
  perl ../source/Configure "${options[@]}" "debian-$(dpkg --print-architecture)" || perl ../source/Configure "${options[@]}"
}

# It is linked with libssl.a, and the preloaded object would never be called. It needs nothing that the shared one
# does not export.
openssl_link_shared() {
  local program=test/ssl_old_test
  [[ -e $program ]] || return 0
  cc -pthread -o "$program" test/ssl_old_test-bin-*.o test/helpers/ssl_old_test-bin-*.o test/libtestutil.a \
    -L. -lssl -lcrypto -ldl
}

openssl_build() {
  local program
  local -a targets=()
  openssl_configure
  for program in $(openssl_programs) $(openssl_programs | grep '^fuzz/' | sed 's/$/-test/'); do
    if grep -q "^$program:" Makefile; then
      targets+=("$program")
    fi
  done
  nice timeout 600 make -j"$jobs" build_generated
  nice timeout 1800 make -j"$jobs" build_libs_nodep build_modules_nodep apps/openssl util/shlib_wrap.sh util/wrap.pl \
    "${targets[@]}"
  openssl_link_shared
  # A program with a libssl inside says nothing about us.
  for program in apps/openssl "${targets[@]}"; do
    LD_LIBRARY_PATH=. ldd "$program" | grep libssl >/dev/null || {
      echo "$program is linked with a static libssl, out of reach" >&2
      return 1
    }
  done
}

openssl_ready() {
  local tool
  [[ ! -e $work/ready ]] || return 0
  for tool in perl make cc; do
    command -v "$tool" >/dev/null || {
      echo "$tool is missing"
      return 1
    }
  done
  rm -rf "${work:?}"/{fetch,source,build}
  mkdir -p "$work/fetch" "$work/build"
  (cd "$work/fetch" && fetch_source openssl) || return 1
  mv "$work"/fetch/openssl-*/ "$work/source" &&
    { [[ ! -e $work/source/debian/binary.tar ]] || tar -C "$work/source" -xf "$work/source/debian/binary.tar"; } &&
    (cd "$work/build" && set -e && openssl_build) >&2 &&
    touch "$work/ready"
}

# As test/run_tests.pl does it, without the harness, which would hide the tests of a program's own.
openssl_run() {
  local build=$work/build source=$work/source
  cd "$build" && env SRCTOP="$source" BLDTOP="$build" RESULT_D="$folder/runs" PERL=/usr/bin/perl EXE_EXT= \
    OPENSSL_CONF="$source/apps/openssl.cnf" OPENSSL_CONF_INCLUDE="$build/test" \
    OPENSSL_MODULES="$build/providers" OPENSSL_ENGINES="$build/engines" CTLOG_FILE="$source/test/ct/log_list.cnf" \
    "${under[@]}" /usr/bin/perl -I"$source/util/perl" "$source/test/recipes/$1.t"
}

openssl_verdicts() {
  grep -aE '^ *(not )?ok\b|^1\.\.0' "$folder/$1.out" || true
}
