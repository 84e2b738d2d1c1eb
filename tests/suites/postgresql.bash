# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# PostgreSQL's src/test/ssl: its server and libpq over TLS, with good certificates and bad; from Debian's source
# package, with Debian's server, which refuses to run as root.
#
# pg_regress is only asked to write Windows' authentication: here it has nothing to do.

# Each has a server of its own, and looks for a free port.
postgresql_jobs=1

postgresql_bin() {
  compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1
}

postgresql_title() {
  "$(postgresql_bin)/postgres" --version | sed -E 's/.*\(PostgreSQL\) ([0-9.]+).*/PostgreSQL \1/'
}

postgresql_units() {
  (cd "$work/source/src/test/ssl/t" && ls [0-9]*.pl) | sed 's/\.pl$//'
}

postgresql_ready() {
  local bin
  bin=$(postgresql_bin)
  [[ -x $bin/initdb ]] || {
    echo "PostgreSQL's server is missing; next: install what tests/suites/packages names"
    return 1
  }
  /usr/bin/perl -MIPC::Run -e 1 >&2 || {
    echo "Perl's IPC::Run is missing; next: install libipc-run-perl"
    return 1
  }
  [[ ! -e $work/ready ]] || return 0
  rm -rf "${work:?}"/{fetch,source}
  mkdir -p "$work/fetch"
  (cd "$work/fetch" && fetch_source "postgresql-$(basename "${bin%/bin}")") || return 1
  mv "$work"/fetch/postgresql-*/ "$work/source" && touch "$work/ready"
}

postgresql_run() {
  local -a as=()
  local files=$folder/$1.files
  rm -rf "$files"
  mkdir -p "$files"
  if ((EUID == 0)); then
    as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    chown nobody:nogroup "$files"
  fi
  # Keys that others can read are refused, so it copies them to $files first.
  cd "$work/source/src/test/ssl" && "${under[@]}" "${as[@]}" env PATH="$(postgresql_bin):$PATH" HOME="$files" \
    TESTDIR="$files" top_builddir="$files" PG_REGRESS=/bin/true with_ssl=openssl PG_TEST_EXTRA=ssl \
    /usr/bin/perl -I../perl -I. "t/$1.pl"
}

postgresql_verdicts() {
  grep -aE '^ *(not )?ok\b|^1\.\.0' "$folder/$1.out" || true
}
