# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# CPython's test_ssl, and those of its other test files that speak TLS with a server of their own; from Debian's
# package, with Debian's Python. Resources that it calls network are not asked for: loopback only.

cpython_python=/usr/bin/python3

cpython_title() {
  echo "CPython $("$cpython_python" -c 'import platform; print(platform.python_version())')"
}

cpython_units() {
  printf '%s\n' test_ssl test_asyncio test_imaplib test_ftplib test_poplib test_httplib test_urllib2_localnet
}

cpython_ready() {
  [[ -x $cpython_python ]] || {
    echo "$cpython_python is missing"
    return 1
  }
  "$cpython_python" -c 'import test.test_ssl' >&2 || {
    echo "Python's own tests are missing; next: install libpython3.11-testsuite, or which one is this Python's"
    return 1
  }
}

cpython_run() {
  local -a match=()
  [[ $1 != test_asyncio ]] || match=(--match '*[sS][sS][lL]*' --match '*start*tls*')
  mkdir -p "$folder/$1"
  cd "$folder/$1" && "${under[@]}" "$cpython_python" -m test --junit-xml "$folder/$1.xml" "${match[@]}" "$1"
}

cpython_verdicts() {
  "$cpython_python" - "$folder/$1.xml" <<'EOF'
import sys
import xml.etree.ElementTree
for case in xml.etree.ElementTree.parse(sys.argv[1]).iter('testcase'):
    kinds = {child.tag for child in case}
    verdict = 'not ok' if kinds & {'error', 'failure'} else 'skip' if 'skipped' in kinds else 'ok'
    print(verdict, '-', case.get('name'))
EOF
}
