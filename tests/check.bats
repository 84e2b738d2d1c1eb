#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P12: `tlsbye check` names what the object cannot reach. Its verdicts on programs of Debian's and on small ones that
# are made for the purpose; that they agree with what happens under `tlsbye run`, and its list of libraries with the loader's;
# and that whatever it is given, it answers in clear words, and in time.
#
# shellcheck disable=SC2154  # $stderr is run's; port, real, symbolic and program_pid are set in lib/*.bash

load lib/project
load lib/judge
load lib/real
load lib/symbolic

setup_file() {
  make_real_folder
  make_symbolic_libraries
}

teardown_file() {
  remove_real_folder
}

setup() {
  begin_test
  programs=$BUILD/tests/programs
  PATH=$PATH:/usr/sbin:/sbin
  cd "$BATS_TEST_TMPDIR" || return
}

check() {
  run --separate-stderr timeout 20 "$TLSBYE" check "$@"
}

# assert_answer STATUS VERDICT [TEXT...]: the first line is the verdict, the rest holds each text.
assert_answer() {
  local status_wanted=$1 verdict=$2 text
  shift 2
  assert_equal "$stderr" ""
  assert_line --index 0 --regexp "^$verdict: "
  for text in "$@"; do
    assert_output --partial "$text"
  done
  assert_equal "status $status" "status $status_wanted"
}

# json EXPRESSION: of the answer "a" in $output.
json() {
  /usr/bin/python3 -c 'import json, sys; a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$output"
}

need() {
  command -v "$1" >/dev/null || skip "$1 is not installed"
}

# compile NAME [CC FLAGS...] <SOURCE
compile() {
  local name=$1
  shift
  ${CC:-cc} -x c - -x none -o "$name" "$@"
}

# --- programs as they are shipped ---

@test "P12: programs that give OpenSSL their sockets are reachable" {
  local program
  for program in nginx merecat redis-cli ncat socat openssl; do
    check "$program"
    assert_answer 0 reachable 'the program itself imports ' 'needed by the program itself' "next: tlsbye run $program"
    assert_output --regexp "OpenSSL [0-9]+\.[0-9]+\.[0-9]+[^:]*: /.*/libssl\.so"
  done
}

@test "P12: perl, python and ruby: by the module that brings libssl along" {
  check /usr/bin/perl
  assert_answer 0 reachable 'SSLeay.so imports' 'loaded by dlopen'
  check /usr/bin/ruby
  assert_answer 0 reachable 'openssl.so imports' 'loaded by dlopen'
  check /usr/bin/python3
  assert_answer 1 'reachable in part' '/_ssl.' 'asyncio'
}

@test "P12: programs with a BIO of their own are reachable in part: haproxy, curl by its library" {
  check haproxy
  assert_answer 1 'reachable in part' 'BIO_meth_new' "close_notify is the program's own to send"
  check /usr/bin/curl
  assert_answer 1 'reachable in part' 'libcurl.so.4 imports' 'needed by libcurl.so.4'
}

@test "P12: git starts a helper for https, which has GnuTLS" {
  check git
  assert_answer 2 'cannot be told' git-remote-https
  check "$(git --exec-path)/git-remote-https"
  [[ $output != *"OpenSSL "* ]] || skip "this git has OpenSSL"
  assert_answer 1 "no TLS of OpenSSL's found" 'GnuTLS: /' 'needed by libcurl' 'gnutls_bye('
}

@test "P12: node has OpenSSL in itself" {
  need node
  check node
  [[ $output != *"/libssl.so"* ]] || skip "this node has a libssl"
  assert_answer 1 'out of reach' 'is linked into the program itself' 'a BIO of its own that is memory'
}

@test "P12: a script is judged by its interpreter" {
  printf '#!/usr/bin/env -S perl -w\n' >script
  chmod +x script
  check ./script
  assert_answer 0 reachable 'it is run by /usr/bin/perl, a '
  printf '#!/bin/sh\n' >script
  check ./script
  assert_answer 2 'cannot be told' 'it starts other programs' 'next: tlsbye check each program that it starts' 'tlsbye run --observe ./script'
}

@test "P12: a script that executes another program in its place cannot be told; children, comments, methods and manuals are none" {
  printf '#!/usr/bin/perl\nexec @ARGV;\n' >wrapper
  # shellcheck disable=SC2016 # perl's own variables
  printf '#!/usr/bin/perl\n# exec this\nmy $s = $dbh->exec("x"); system("true");\n=pod\n\nexec it\n\n=cut\n\nexecute();\n__END__\nexec no\n' >plain
  printf '#!/usr/bin/python3\nimport os\nos.execvp("psql", ["psql"])\n' >python
  printf '#!/usr/bin/python3\nexec("1")\n' >evaluates
  chmod +x wrapper plain python evaluates
  check ./wrapper
  assert_answer 2 'cannot be told' 'line 2 of it executes another program in its place' 'tlsbye run --observe ./wrapper'
  check ./plain
  assert_answer 0 reachable
  check ./python
  assert_answer 2 'cannot be told' 'line 3 of it executes'
  check ./evaluates
  assert_answer 1 'reachable in part'
  [[ ! -e /usr/share/postgresql-common/pg_wrapper ]] || {
    check /usr/share/postgresql-common/pg_wrapper
    assert_answer 2 'cannot be told' 'executes another program in its place'
  }
}

@test "P12: what a needed library may load is not known: cannot be told, run it with --observe" {
  compile libloads.so -shared -fPIC <<<'void *dlopen(const char *, int); void *loads(const char *name) { return dlopen(name, 1); }'
  # shellcheck disable=SC2016 # $ORIGIN is the loader's
  compile program -L. -lloads '-Wl,-rpath,$ORIGIN' <<<'void *loads(const char *); int main(int n, char **a) { return n > 1 && loads(a[1]); }'
  check ./program
  assert_answer 2 'cannot be told' 'libloads.so, which it needs, can load more at run time (dlopen)' 'tlsbye run --observe ./program'
  check ls
  assert_answer 1 "no TLS of OpenSSL's found"
}

@test "P12: tclsh and swipl by their modules; without them they cannot be told" {
  need tclsh
  check tclsh
  if [[ $output == *tcltls* ]]; then
    assert_answer 1 'reachable in part' 'its package tls puts a BIO of its own'
  else
    assert_answer 2 'cannot be told' 'libtcl' 'can load more at run time'
  fi
  need swipl
  check swipl
  assert_answer 1 'reachable in part' ssl4pl.so
}

@test "P12: dovecot and puma go through memory BIOs" {
  need dovecot
  check dovecot
  assert_answer 1 'out of reach' 'memory BIOs'
  need puma
  check puma
  assert_answer 1 'reachable in part' 'puma_http11.so speaks through memory BIOs' 'its server goes through memory BIOs'
}

@test "P12: a name that is known to serve through asyncio or memory is out of reach, whatever else is imported" {
  printf '#!/usr/bin/python3\nimport uvicorn\n' >uvicorn
  cp "$programs/server_right" h2o
  chmod +x uvicorn h2o
  check ./uvicorn
  assert_answer 1 'out of reach' 'it serves by asyncio'
  check ./h2o
  assert_answer 1 'out of reach' 'a BIO of its own that is memory'
}

@test "P12: php: what its extensions bring along goes past the object (RTLD_DEEPBIND), also where none is there" {
  cp "$programs/server_right" php
  check ./php
  assert_answer 1 'reachable in part' 'PHP loads its extensions by RTLD_DEEPBIND'
  mkdir -p lib/php/1 bin
  mv php bin
  compile lib/php/1/ours.so -shared -fPIC -lssl -lcrypto <<'C'
#include <openssl/ssl.h>
void ours(int fd) { SSL *ssl = SSL_new(SSL_CTX_new(TLS_method())); SSL_set_fd(ssl, fd); SSL_free(ssl); }
C
  check --json bin/php
  assert_equal "$(json '[c["reach"] for c in a["callers"] if c["module"]]')" "['none']"
}

@test "P12: a program that AddressSanitizer was built into is reached by tlsbye run, and check says by what means" {
  compile asan -fsanitize=address -lssl -lcrypto 2>/dev/null <<'C' || skip "no AddressSanitizer here"
#include <openssl/ssl.h>
int main(int n, char **a) { SSL *ssl = SSL_new(SSL_CTX_new(TLS_method())); SSL_set_fd(ssl, n + !a); return 0; }
C
  check ./asan
  assert_answer 0 reachable 'it is built with AddressSanitizer' ASAN_OPTIONS
  run env "LD_PRELOAD=$OBJECT" ./asan
  assert_failure
  ASAN_OPTIONS=detect_leaks=0 run "$TLSBYE" run ./asan
  assert_success
}

@test "P12: a program that needs libseccomp can put a filter on itself: cannot be told" {
  compile filters -lssl -lcrypto -Wl,--no-as-needed -l:libseccomp.so.2 2>/dev/null <<'C' || skip "no libseccomp here"
#include <openssl/ssl.h>
int main(int n, char **a) { SSL *ssl = SSL_new(SSL_CTX_new(TLS_method())); SSL_set_fd(ssl, n + !a); return 0; }
C
  check ./filters
  assert_answer 2 'cannot be told' 'it needs libseccomp' 'tlsbye run --observe ./filters'
}

@test "P12: a unit's filter of system calls is told" {
  local unit=/lib/systemd/system/systemd-hostnamed.service program
  grep -q '^SystemCallFilter=' "$unit" 2>/dev/null || skip "no such unit here"
  program=$(sed -n 's/^ExecStart=//p' "$unit")
  [[ -x $program ]] || skip "$program is not there"
  check "$program"
  assert_output --partial "systemd-hostnamed.service, which starts it, has SystemCallFilter="
  check nginx
  refute_output --partial "SystemCallFilter="
}

@test "P12: a container's and a service's starter: what it starts lives elsewhere" {
  printf '#!/bin/sh\n' >podman
  cp podman systemctl
  chmod +x podman systemctl
  check ./podman
  assert_answer 2 'cannot be told' 'the object has to be installed there'
  check ./systemctl
  assert_answer 2 'cannot be told' 'started by somebody else'
}

# --- small programs, each with one obstacle ---

@test "P12: static, setuid, other machine: with the words of run's warning" {
  compile static -static <<<'int main(void) { return 0; }' 2>/dev/null || skip "this compiler cannot link statically"
  check ./static
  assert_answer 1 'out of reach' 'it is linked statically: no loader reads LD_PRELOAD' 'next: use a dynamically linked build'
  run "$TLSBYE" run ./static
  assert_output --partial 'it is linked statically: no loader reads LD_PRELOAD; use a dynamically linked build'

  cp "$(command -v merecat)" foreign
  if [[ $(uname -m) == x86_64 ]]; then printf '\267\0'; else printf '\76\0'; fi |
    dd of=foreign bs=1 seek=18 conv=notrunc status=none
  check ./foreign
  assert_answer 1 'out of reach' 'is built for another machine or word size' # and its libraries are not to be found
}

@test "P12: setuid and file capabilities, for whom they change something; another user's process" {
  ((EUID == 0)) || skip "only root can make files with these bits"
  local place
  place=$(mktemp -d -p "$BATS_TMPDIR") # which others may enter, unlike the test's own
  public_copy "$place"
  cp "$(command -v merecat)" "$place/privileged"
  chmod 4755 "$place/privileged"
  check "$place/privileged"
  assert_answer 0 reachable 'its file gives privileges' # root gains nothing
  run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$place/src/tlsbye/tlsbye" check "$place/privileged"
  local setuid=$status said=$output
  chmod 755 "$place/privileged"
  setcap cap_net_bind_service+ep "$place/privileged" || true
  run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$place/src/tlsbye/tlsbye" check "$place/privileged"
  local capabilities=$output
  run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$place/src/tlsbye/tlsbye" check --pid $$
  local foreign="$status $stderr"
  rm -r "$place"
  assert_equal "$foreign" "2 tlsbye: $$: the process is another user's and may not be looked at; ask its user, or root"
  if [[ $(findmnt -no OPTIONS -T "${place%/*}") == *nosuid* ]]; then
    skip "$place is on a file system without setuid"
  fi
  assert_equal "$setuid" 1
  assert_regex "$said" '^out of reach: .*it is setuid: ld.so ignores LD_PRELOAD'
  assert_regex "$capabilities" '^out of reach: .*it has file capabilities: ld.so ignores LD_PRELOAD'
}

@test "P12: OpenSSL linked into a dynamic program: seen by its symbols, and stripped by what its bytes hold" {
  compile inside -l:libssl.a -l:libcrypto.a -ldl -lpthread 2>/dev/null <<'C' || skip "no static OpenSSL here"
#include <openssl/ssl.h>
int main(void) { SSL_free(SSL_new(SSL_CTX_new(TLS_method()))); return *OpenSSL_version(OPENSSL_VERSION); }
C
  check ./inside
  assert_answer 1 'out of reach' 'is linked into the program itself' 'use a build that has libssl as a library of its own'
  strip inside
  check ./inside
  assert_answer 1 'out of reach' 'by what its bytes hold'
  assert_output --regexp 'OpenSSL [0-9]+\.[0-9]+\.[0-9]+[a-z]* is linked into'
}

@test "P12: Go's own TLS, and Go's version" {
  compile gopher <<'C'
__attribute__((section(".go.buildinfo"), used)) static char info[64] = "\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08" "go1.99.3";
const char *volatile name = "crypto/tls.(*Conn).Close";
int main(void) { return info[0] == *name; }
C
  check ./gopher
  assert_answer 1 "no TLS of OpenSSL's found" 'it is written in Go: go1.99.3' "Go's crypto/tls is linked into" 'CloseWrite()'
}

@test "P12: functions looked up by dlsym: in part, and not at all where libssl is linked -Bsymbolic" {
  ! readelf -d "$system_libssl" | grep -q 'FLAGS.*SYMBOLIC' || skip "this system's own libssl is linked -Bsymbolic"
  check "$programs/client_dlsym"
  assert_answer 1 'reachable in part' 'by dlsym' 'what was written arrives, close_notify is not said'
  LD_LIBRARY_PATH=$symbolic check "$programs/client_dlsym"
  assert_answer 1 'out of reach' 'is linked -Bsymbolic: nothing of them is seen at all'
}

@test "P12: a libssl that is linked -Bsymbolic is named; direct calls are reached all the same" {
  LD_LIBRARY_PATH=$symbolic check "$programs/server_right"
  assert_answer 0 reachable "$symbolic/libssl.so" 'is linked -Bsymbolic'
}

@test "P12: memory BIOs only: out of reach; a program of plugins: cannot be told" {
  compile memory -lssl -lcrypto <<'C'
#include <openssl/ssl.h>
int main(void) { SSL *ssl = SSL_new(SSL_CTX_new(TLS_method())); SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())); return 0; }
C
  check ./memory
  assert_answer 1 'out of reach' 'speaks through memory BIOs'
  check "$programs/server_dlopen"
  assert_answer 2 'cannot be told' 'it can load more at run time' 'tlsbye check --pid PID'
}

# --- libraries of libraries ---

# ldd runs the loader, which check does not.
@test "P12: the libraries are those that the loader would take" {
  local program
  for program in /usr/bin/curl "$(command -v nginx)" "$(command -v haproxy)" "$(git --exec-path)/git-remote-https" /usr/bin/ruby; do
    check --json "$program"
    run diff <(ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | xargs -n1 realpath | sort -u) \
      <(json '"\n".join(l["path"] for l in a["libraries"] if not l["module"] and not "ld-linux" in l["path"] and not "/ruby/3" in l.get("needed_by", ""))' |
        xargs -n1 realpath | sort -u)
    [[ $program == */ruby ]] || assert_output ""
  done
}

@test "P12: RUNPATH with \$ORIGIN, a library's own needs, and a library that is missing" {
  mkdir deep
  compile deep/libtwo.so -shared -fPIC -lssl -lcrypto <<'C'
#include <openssl/ssl.h>
void two(int fd) { SSL *ssl = SSL_new(SSL_CTX_new(TLS_method())); SSL_set_fd(ssl, fd); SSL_free(ssl); }
C
  # shellcheck disable=SC2016 # $ORIGIN is the loader's
  compile libone.so -shared -fPIC -Ldeep -ltwo '-Wl,-rpath,$ORIGIN/deep' <<<'void two(int); void one(void) { two(0); }'
  # shellcheck disable=SC2016
  compile program -L. -lone '-Wl,-rpath,${ORIGIN}' -Wl,--allow-shlib-undefined <<<'void one(void); int main(void) { one(); return 0; }'
  check ./program
  assert_answer 0 reachable 'deep/libtwo.so imports 4 functions SSL_*'
  rm deep/libtwo.so
  check ./program
  assert_output --partial 'libtwo.so, which it needs, is nowhere to be found'
}

# --- it agrees with reality ---

# agrees yes|no VERDICT PROGRAM [ARG...]: the verdict, and whether any connection of it is told of under tlsbye.
agrees() {
  local seen=$1 verdict=$2 events=$BATS_TEST_TMPDIR/events
  shift 2
  rm -f "$events"
  check "$1"
  assert_line --index 0 --regexp "^$verdict: "
  note_command "$@"
  printf 'GET / HTTP/1.0\r\n\r\n' | TLSBYE_LOG=$events TLSBYE_LOG_LEVEL=debug timeout 20 "$TLSBYE" run "$@" >out 2>&1 || true
  if [[ $seen == yes ]]; then
    grep -qE ' fd [0-9]+ ' "$events" || fail_showing "check says $verdict of $1, and no event tells of a connection"
  else
    ! grep -qE ' fd [0-9]+ ' "$events" || fail_showing "check says $verdict of $1, and events tell of connections"
  fi
}

@test "P12: verdicts agree with what is seen of real clients" {
  free_port
  start_peer "$port" openssl s_server -accept "127.0.0.1:$port" -www -quiet -cert "$real/cert.pem" -key "$real/key.pem"
  local url=https://127.0.0.1:$port/
  cat >client.py <<PYTHON
import ssl, urllib.request
urllib.request.urlopen("$url", context=ssl._create_unverified_context()).read()
PYTHON
  agrees yes reachable ncat --ssl 127.0.0.1 "$port"
  agrees yes reachable socat - "openssl:127.0.0.1:$port,verify=0"
  agrees yes 'reachable in part' /usr/bin/curl -sk "$url"
  agrees yes 'reachable in part' /usr/bin/python3 client.py
  agrees yes reachable /usr/bin/perl -MIO::Socket::SSL -e "print {IO::Socket::SSL->new(PeerAddr => '127.0.0.1:$port', SSL_verify_mode => 0)} \"GET / HTTP/1.0\r\n\r\n\""
  [[ ! -x /usr/bin/wget ]] || ldd /usr/bin/wget | grep -q libssl || agrees no "no TLS of OpenSSL's found" /usr/bin/wget -qO- --no-check-certificate "$url"
  ! command -v node >/dev/null || ldd "$(command -v node)" | grep -q libssl ||
    agrees no 'out of reach' node -e "process.env.NODE_TLS_REJECT_UNAUTHORIZED=0; require('https').get('$url', r => r.resume())"
}

# sees_server VERDICT PROGRAM 0|1 [ARG...]: the verdict, and whether any line tells of its connection under tlsbye.
sees_server() {
  local verdict=$1 server=$2 wanted=$3 told
  shift 3
  TLSBYE_LOG_LEVEL=debug judge_server cured "$server" "$@" -- --send 1K --expect 1K
  told=$(grep -cE '\] fd [0-9]+ ' "$program_err" || true)
  [[ $((told > 0)) -eq $wanted ]] || fail_showing "check says $verdict of $server, and $told lines tell of its connection"
  check "$programs/$server"
  assert_line --index 0 --regexp "^$verdict: "
}

@test "P12: verdicts agree with what is seen of servers" {
  sees_server reachable server_right 1 --read 1K
  sees_server 'reachable in part' server_own_bio 1 --mode plain-free --write 1K
  sees_server 'cannot be told' server_dlopen 1 --write 1K
  sees_server 'reachable in part' server_memory_bio 0 --rounds 1 --write 1K
  assert_output --partial 'can also speak through memory BIOs'
}

# --- a running process ---

# start_here COMMAND...: sets program_pid to the process itself. Bats waits for whoever holds its descriptor 3.
start_here() {
  note_command "$@"
  "$@" >"$program_log" 2>"$program_err" 3>&- &
  program_pid=$!
}

@test "P12: --pid: what is loaded now, also by dlopen, and that the object is in it" {
  TLSBYE_NOTIFY=off start_here "$TLSBYE" run "$programs/server_dlopen" --port-file port --connections 1
  wait_for_port port "$program_pid"
  check --pid "$program_pid"
  assert_answer 0 reachable 'plugin.so imports' 'libtlsbye.so is in it already' 'TLSBYE_NOTIFY=off' 'the object is in it'
  check --json --pid="$program_pid"
  assert_equal "$(json 'a["process"]["preloaded"], a["process"]["seccomp"], a["verdict"]')" "(True, 'off', 'reachable')"
}

@test "P12: --pid: not in it, a program that was deleted, no_new_privs" {
  cp "$programs/server_right" doomed
  start_here setpriv --no-new-privs ./doomed --port-file port --connections 1
  wait_for_port port "$program_pid"
  rm doomed
  check --pid "$program_pid"
  assert_answer 0 reachable 'libtlsbye.so is not in it' '(deleted)' 'no_new_privs is set' "under 'tlsbye run'"
}

@test "P12: --pid: strict seccomp" {
  compile strict <<'C'
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(void) { char c; prctl(PR_SET_SECCOMP, 1); return write(1, "1\n", 2) == 2 && read(0, &c, 1); }
C
  mkfifo never
  exec 7<>never
  start_here bash -c 'exec ./strict <&7'
  wait_for_port "$program_log" "$program_pid"
  check --pid "$program_pid"
  assert_answer 1 'out of reach' 'seccomp is strict'
  exec 7>&-
}

@test "P12: --pid: no such process, no number, a line, and 2" {
  local bad
  for bad in 0 -1 x 1x '' 99999999999; do
    check --pid="$bad"
    assert_equal "$status" 2
    assert_regex "$stderr" "^tlsbye: --pid=$bad: not the number of a process"
  done
  check --pid 2147483647
  assert_equal "$status $stderr" "2 tlsbye: 2147483647: no such process"
}

# --- how it is asked, and how it answers ---

@test "command: check needs one program, or a process" {
  check
  assert_equal "$status" 2
  assert_regex "$stderr" "^tlsbye: no PROGRAM to check"
  check nginx redis-cli
  assert_equal "$status" 2
  check --pid 1 nginx
  assert_equal "$status" 2
  check --help
  assert_success
  assert_output --partial '--pid=PID'
}

@test "command: check --json is one object with the same verdict, reasons and advice" {
  check haproxy
  local text=$output
  check haproxy --json
  assert_equal "$status" 1
  assert_equal "$(json 'a["verdict"], a["elf"]["linked"], a["tls"][0]["library"], a["callers"][0]["socket"]')" \
    "('in-part', 'dynamic', 'OpenSSL', 'own-bio')"
  assert_equal "$(json '"\n".join(["  - " + r["text"] for r in a["reasons"]])')" "$(grep '^  - ' <<<"$text")"
  assert_equal "$(json '"next: " + "\n      ".join(a["next"])')" "$(sed -n '/^next: /,$p' <<<"$text")"
}

@test "command: check says when the answer cannot be written" {
  run bash -c '"$0" check nginx >/dev/full' "$TLSBYE"
  assert_failure 2
  assert_output --partial 'the answer could not be written'
}

# --- bad input ---

@test "check: what is no program: a line, and 2" {
  mkfifo fifo
  chmod +x fifo
  touch plain
  check ./fifo
  assert_equal "$status $stderr" "2 tlsbye: ./fifo: is no regular file, so no program"
  check .
  assert_equal "$status" 2
  check /
  assert_equal "$status $stderr" "2 tlsbye: /: is a directory, not a program"
  check ./plain
  assert_equal "$status" 2
  assert_regex "$stderr" 'not executable'
  check ./nothing
  assert_equal "$status $stderr" "2 tlsbye: ./nothing: no such file"
}

@test "check: empty, text, cut, damaged, and larger than the machine: told, no crash, in time" {
  local merecat length
  merecat=$(command -v merecat)
  : >empty
  echo 'echo hello' >text
  head -c 40 "$merecat" >headless
  cp "$merecat" looped
  printf '\377\377\377\377' | dd of=looped bs=1 seek=32 conv=notrunc status=none # e_phoff
  cp "$merecat" huge
  truncate -s 64G huge
  chmod +x empty text headless looped huge
  check ./empty
  assert_answer 2 'cannot be told' 'neither an ELF program nor a script'
  check ./text
  assert_answer 2 'cannot be told' 'neither an ELF program nor a script'
  check ./headless
  assert_answer 2 'cannot be told' 'cut off or damaged'
  check ./looped
  assert_answer 2 'cannot be told' 'cut off or damaged'
  check ./huge
  assert_answer 0 reachable
  for length in 500 5000 20000 50000; do
    head -c "$length" "$merecat" >short
    chmod +x short
    check ./short
    assert_answer 2 'cannot be told' 'cut off or damaged'
  done
}

@test "check: a name cannot command the terminal, nor break the JSON" {
  local name=$'x\e[31m\n\xff\xc2\x9b31m'
  cp "$(command -v merecat)" "$name"
  check "./$name"
  assert_line --index 0 'reachable: ./x?[31m????31m'
  check --json "./$name"
  assert_equal "$(json 'a["verdict"]')" reachable
}
