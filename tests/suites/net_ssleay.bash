# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# The tests of Perl's Net::SSLeay, from Debian's source package, with the Net::SSLeay that Debian built. Without
# t/external, which asks servers of others, and without those of the documentation.

net_ssleay_title() {
  echo "Net::SSLeay $(/usr/bin/perl -MNet::SSLeay -e 'print $Net::SSLeay::VERSION')"
}

net_ssleay_units() {
  local file
  for file in "$work"/source/t/local/[0-9]*.t "$work"/source/t/handle/local/*.t; do
    case $file in
      */0[12]_pod*) ;;
      *) realpath --relative-to="$work/source/t" "$file" | sed 's!\.t$!!; s!/!.!g' ;;
    esac
  done
}

net_ssleay_ready() {
  /usr/bin/perl -MNet::SSLeay -MTest::Exception -MTest::Warn -MTest::NoWarnings -c -e 1 >&2 || {
    echo "Net::SSLeay or a module of its tests is missing; next: install what tests/suites/packages names"
    return 1
  }
  [[ ! -e $work/ready ]] || return 0
  rm -rf "${work:?}"/{fetch,source}
  mkdir -p "$work/fetch"
  (cd "$work/fetch" && fetch_source libnet-ssleay-perl) || return 1
  mv "$work"/fetch/libnet-ssleay-perl-*/ "$work/source" && touch "$work/ready"
}

net_ssleay_run() {
  cd "$work/source" && "${under[@]}" /usr/bin/perl -Iinc "t/${1//.//}.t"
}

# Two processes and the order of a hash decide about the number of a test, and some name how long they took.
net_ssleay_verdicts() {
  { grep -aE '^ *(not )?ok\b|^1\.\.0' "$folder/$1.out" || true; } | sed -E 's/^( *(not )?ok) [0-9]+/\1/; s/duration=[0-9]+/duration=N/'
}

# Both are good to it. Its client shuts both directions and closes: without tlsbye the server's close_notify then meets
# a reset (SSL_ERROR_ZERO_RETURN is 6); with it the client drains, as it does not with --linger=off.
net_ssleay_expected() {
  printf 'local.07_sslecho\t%s\t%s\n' '^ok - server shutdown (success|not success, but acceptable: 6)$' \
    'the client drains, and the close_notify of the server meets no reset'
}
