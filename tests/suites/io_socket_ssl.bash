# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# The tests of Perl's IO::Socket::SSL, from Debian's source package, with Debian's Perl and its Net::SSLeay. Without
# t/external, which asks servers of others.

io_socket_ssl_title() {
  echo "IO::Socket::SSL $(sed -nE "s/^our \\\$VERSION = '(.*)';/\1/p" "$work/source/lib/IO/Socket/SSL.pm")"
}

io_socket_ssl_units() {
  local file
  for file in "$work"/source/t/*.t; do
    basename "$file" .t
  done
}

io_socket_ssl_ready() {
  /usr/bin/perl -MNet::SSLeay -e 1 >&2 || {
    echo "Perl's Net::SSLeay is missing; next: install libnet-ssleay-perl"
    return 1
  }
  [[ ! -e $work/ready ]] || return 0
  rm -rf "${work:?}"/{fetch,source}
  mkdir -p "$work/fetch"
  (cd "$work/fetch" && fetch_source libio-socket-ssl-perl) || return 1
  mv "$work"/fetch/libio-socket-ssl-perl-*/ "$work/source" && touch "$work/ready"
}

io_socket_ssl_run() {
  cd "$work/source" && "${under[@]}" /usr/bin/perl -Ilib "t/$1.t"
}

# nonblock.t names how many attempts it took: how fast the machine was.
io_socket_ssl_verdicts() {
  { grep -aE '^ *(not )?ok\b|^1\.\.0' "$folder/$1.out" || true; } | sed -E 's/[0-9]+ attempts/N attempts/'
}
