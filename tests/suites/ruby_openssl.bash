# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# The TLS tests of Ruby: its openssl's that open connections, and those of net/* and of the gems that Ruby brings that
# speak TLS; from Debian's source package, with Debian's Ruby.

ruby_openssl_ruby=/usr/bin/ruby

ruby_openssl_title() {
  "$ruby_openssl_ruby" -ropenssl -e 'puts "Ruby #{RUBY_VERSION}, openssl #{OpenSSL::VERSION}"'
}

# Which files: those that call a function that makes a connection, or serve one.
ruby_openssl_units() {
  (cd "$work/source/test" && grep -rlE 'SSLSocket|start_server|use_ssl|SSLServer' --include='test_*.rb' openssl net |
    sed -E 's!\.rb$!!; s!/!.!g' | sort)
}

ruby_openssl_ready() {
  "$ruby_openssl_ruby" -ropenssl -rwebrick -e 1 >&2 || {
    echo "$ruby_openssl_ruby or its webrick is missing; next: install ruby"
    return 1
  }
  [[ ! -e $work/ready ]] || return 0
  rm -rf "${work:?}"/{fetch,source}
  mkdir -p "$work/fetch"
  (cd "$work/fetch" && fetch_source "$("$ruby_openssl_ruby" -e 'puts "ruby#{RUBY_VERSION[/\d+\.\d+/]}"')") || return 1
  mv "$work"/fetch/ruby*/ "$work/source" && touch "$work/ready"
}

ruby_openssl_run() {
  cd "$work/source" && "${under[@]}" "$ruby_openssl_ruby" -Itool/lib -Itest -Itest/lib test/runner.rb --verbose --show-skip --seed=1 \
    "test/${1//.//}.rb"
}

# [2/9] OpenSSL::TestSSL#test_dup = 0.50 s; and where it did not succeed, later: 1) Failure: with the name in the next line.
ruby_openssl_verdicts() {
  awk '
    /^ *[0-9]+\) (Failure|Error|Skipped):/ { kind = /Skipped/ ? "skip" : "not ok"; getline; sub(/:$/, "", $1)
      verdict[$1] = kind; next }
    match($0, /^\[ *[0-9]+\/[0-9]+\] /) { sub(/^\[ *[0-9]+\/[0-9]+\] /, ""); if (!($1 in verdict)) verdict[$1] = "ok" }
    END { for (name in verdict) print verdict[name] " - " name }' "$folder/$1.out"
}
