#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The rules of the house that a command can check. Each failure prints the lines that break the rule.

load lib/project

setup() {
  cd "$ROOT" || return
}

# Comments may name what code may not use.
code_of() {
  local file
  for file in "$@"; do
    ${CC:-cc} -fpreprocessed -dD -E -P "$file" 2>/dev/null | sed "s|^|$file: |"
  done
}

# calls 'NAME|NAME' FILE...: the lines of these files that call one of these functions.
calls() {
  local names=$1
  shift
  code_of "$@" | grep -E "(^|[^A-Za-z0-9_.>])($names) *\(" || true
}

# Those of the object but for FILE..., as they stand below src/libtlsbye; a name that is none would excuse nobody.
object_files_but() {
  local file
  for file in "$@"; do
    [[ -f src/libtlsbye/$file ]] || echo "object_files_but: no $file" >&2
  done
  find src/libtlsbye src/setting.c -name '*.c' | sort | grep -vxF "$(printf 'src/libtlsbye/%s\n' "$@")"
}

# assert_callers 'NAME|NAME' FILE...: the files below src/libtlsbye that call one of these functions are FILE..., all of them.
assert_callers() {
  local names=$1
  shift
  mapfile -t files < <(find src/libtlsbye src/setting.c -name '*.c' | sort)
  run calls "$names" "${files[@]}"
  assert_equal "$(cut -d : -f 1 <<<"$output" | sort -u)" "$(printf 'src/libtlsbye/%s\n' "$@" | sort)"
}

# What the object exports, by the version script; some of it on machines only where a time has 32 bits, or 64 by other names.
promised() {
  local not_here='/a time has 32 bits/,/local:/d'
  ! readelf -h "$OBJECT" | grep -q ELF32 || not_here=
  sed -n '/global:/,/local:/p' src/libtlsbye/libtlsbye.map | sed "$not_here" | sed 's|/\*.*\*/||' | grep -oE '[A-Za-z_0-9]+ *;' | tr -d ' ;'
}

skip_if_sanitized() {
  ! readelf -d "$OBJECT" | grep -qE 'NEEDED.*lib[a-z]+san\.' || skip "a sanitizer's build links the sanitizer"
}

@test "house: real.c, real_objects.c, openssl.c and code_range.c ask the dynamic linker, and nobody else" {
  assert_callers 'dlsym|dlvsym|dlopen|dladdr|dl_iterate_phdr' sys/{real,real_objects,openssl,code_range}.c
}

# Ours would be taken for the connection's whose socket is sought.
@test "house: the object's own I/O goes to the real functions, not to its hooks" {
  assert_callers 'readv?|recv|recvfrom|recvmsg|writev?|send|sendto|sendmsg|p?poll|p?select|bind|close|shutdown|dup[23]?|fcntl|epoll_ctl|setsockopt' \
    hooks/{io,libc,poll}.c # which define them
}

@test "house: nobody but settings.c reads the environment" {
  mapfile -t files < <(object_files_but sys/settings.c hooks/exec.c sys/in_handler.c) # they pass it on, or ask where it is
  run calls '(secure_)?getenv' "${files[@]}"
  assert_output ""
  run grep -nw environ <(code_of "${files[@]}")
  assert_output ""
}

@test "P9: the object never ends its host" {
  assert_callers 'assert|abort|exit|_exit|_Exit|quick_exit|err|errx|raise|__builtin_trap' hooks/libc.c # which defines exits
}

# The task of clone.c is none: tests/linger.bats tells what it may not share with its host.
@test "P9: nothing of the object's lives in its host: no thread, no name space, no descriptor out of another process" {
  # These two define what the program calls.
  mapfile -t files < <(find src/libtlsbye src/setting.c src/hub/message.h -name '*.[ch]' ! -path '*/hooks/isolation.c' ! -path '*/hooks/syscall.c')
  run grep -nwE '(pthread|thrd)_create|(SYS_|__NR_)?(unshare|setns|pidfd_getfd)|CLONE_(THREAD|FILES|NEW[A-Z]+)' <(code_of "${files[@]}" | grep -vE 'X\((unshare|setns)\)')
  assert_output ""
  run bash -c 'nm -D --undefined-only "$0" | grep -E " (pthread_create|thrd_create|unshare|setns|pidfd_getfd|fork|vfork|posix_spawnp?|system|popen)(@|$)"' "$OBJECT"
  assert_output ""
  assert_callers '(__)?clone|clone3|fork|vfork' hooks/vfork.c linger/clone.c # the first defines it
}

@test "house: text is not formatted by stdio, and no stream of the host's is written to" {
  mapfile -t files < <(object_files_but sys/process.c hooks/stdio.c) # fflush, fclose
  run grep -nE '#include <(stdio|err|error|assert|syslog)\.h>' "${files[@]}"
  assert_output ""
  run bash -c 'nm -D --undefined-only "$0" | grep -E " (__)?(v?f?printf|v?dprintf|puts|fputs|fwrite|fopen|perror|v?syslog|stdout|stderr)(_chk)?(@|$)"' "$OBJECT"
  assert_output ""
}

@test "P9: the object exports what its version script says, and nothing else" {
  run diff <(promised | sort) <(nm -D --defined-only "$OBJECT" | awk '{ sub("@.*", "", $3); print $3 }' | sort)
  assert_output ""
}

@test "P9: the object needs libc's own libraries only, never libssl" {
  skip_if_sanitized
  run bash -c 'readelf -d "$0" | grep NEEDED | grep -vE "\[(libc|libdl|libpthread|ld-linux[a-z0-9-]*)\.so\.[0-9]+\]"' "$OBJECT"
  assert_output ""
}

@test "P9: the object asks for no symbol of OpenSSL's: with LD_BIND_NOW it would end programs without libssl" {
  run bash -c 'nm -D --undefined-only "$0" | grep -E " (SSL|BIO|ERR|OPENSSL|EVP|CRYPTO)_"' "$OBJECT"
  assert_output ""
  run env LD_BIND_NOW=1 LD_PRELOAD="$OBJECT" true
  assert_success
  assert_output ""
}

@test "house: every source begins with its licence, and C files tell their purpose behind it" {
  local file
  while IFS= read -r file; do
    run head -n 2 "$file"
    assert_output --partial "SPDX-License-Identifier: MIT"
    [[ $file != *.[ch] ]] || assert_line --index 1 --regexp '^/\*'
  done < <(find src tests demo setup .ci \( -name '*.[ch]' -o -name '*.bats' -o -name '*.bash' -o -name run -o -name prepare \) -type f)
}

@test "house: no file is longer than 600 lines" {
  run bash -c 'find src tests demo setup -type f -exec wc -l {} + | awk "\$2 != \"total\" && \$1 > 600"'
  assert_output ""
}

@test "house: nothing is left open" {
  run grep -rnE "\b(TO""DO|FIX""ME|XX""X|HA""CK)\b" src tests demo setup man
  assert_output ""
}

@test "house: the manual of the object names every setting, and the defaults are those of the table" {
  local name default
  while read -r name default; do
    run awk -v name="TLSBYE_${name}" '
      $2 == name { inside = 1; next }
      /^\.TP|^\.SH|^\.SS/ { inside = 0 }
      inside' man/libtlsbye.so.8
    assert_output --partial "Default: $default."
  done < <(sed -nE 's/^\tX\(([A-Z_]+), [A-Z]+, "([^"]*)".*/\1 \2/p' src/settings_table.h | sed 's/ $/ empty/')
}

@test "house: the manuals have no warning" {
  command -v man >/dev/null || skip "man is not installed"
  local page
  for page in man/*.[1-9]; do
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 run bash -c 'man --warnings -E UTF-8 -l -Tutf8 -Z "$0" 2>&1 >/dev/null' "$page"
    assert_output ""
  done
}

# named_functions PAGE: "file function", a line for each step that the page names.
named_functions() {
  # shellcheck disable=SC2016 # the backticks of Markdown
  grep -oE '`[a-z_/]+\.c: [A-Za-z_0-9]+\(\)`' "$1" | tr -d '`()' | sed 's/: / /' | sort -u
}

# A definition begins its line with its type, a call is indented.
defines() {
  grep -qE "^([A-Za-z_].*[ *])?$2\(.*[^;]$" "src/$1"
}

@test "house: each function that docs/INTERNALS.md names is defined in the file that it names" {
  local file function missing=""
  [[ $(named_functions docs/INTERNALS.md | wc -l) -ge 60 ]]
  while read -r file function; do
    defines "$file" "$function" || missing+="$file: $function()"$'\n'
  done < <(named_functions docs/INTERNALS.md)
  assert_equal "$missing" ""
}

@test "house: the map in CONTRIBUTING.md has every file of the object and the hub, and none that is gone" {
  local map
  map=$(sed -n '/^## The map/,/^## Where/p' CONTRIBUTING.md)
  in_the_map() { sed -n "/^src\/$1\//,/^src\/$2\//p" <<<"$map" | sed '$d' | grep -oE '\b[a-z_]+\.c\b' | sort; }
  run diff <(in_the_map libtlsbye hub) <(find src/libtlsbye -name '*.c' -printf '%f\n' | sort)
  assert_output ""
  run diff <(in_the_map hub tlsbye) <(find src/hub -name '*.c' -printf '%f\n' | sort)
  assert_output ""
}

# One that is missing there is run by tests/run, and not by `make check`.
@test "house: every file of tests is in the list of make check, once" {
  [[ -f Makefile.am ]] || skip "no Makefile.am here"
  run sed -n '/^bats_tests = /,/[^\\]$/p' Makefile.am
  local listed
  listed=$(grep -o 'tests/[a-z_]*\.bats' <<<"$output")
  assert_equal "$listed" "$(printf '%s\n' tests/*.bats)"
}

# --- who needs whom, by the symbols of the objects (lib/layers) ---

OBJECT_SOURCES=(src/libtlsbye src/setting.c)

# The command, and the hub that it starts.
command_sources() {
  printf '%s\n' src/tlsbye
  ! compgen -G 'src/hub/*.c' >/dev/null || printf '%s\n' src/hub
}

@test "house: no files of the object need each other in a circle" {
  run tests/lib/layers circles "${OBJECT_SOURCES[@]}"
  assert_output ""
  assert_success
}

@test "house: the folders of the object need what is below them, and nothing above" {
  run tests/lib/layers order "${OBJECT_SOURCES[@]}"
  assert_output ""
  assert_success
}

@test "house: no files of the command and the hub need each other in a circle" {
  mapfile -t sources < <(command_sources)
  run tests/lib/layers circles "${sources[@]}"
  assert_output ""
  assert_success
}

@test "house: no files of the judge need each other in a circle" {
  run tests/lib/layers circles src/judge
  assert_output ""
  assert_success
}

@test "house: what a file of the object exports begins with the file's name" {
  run tests/lib/layers prefixes "${OBJECT_SOURCES[@]}"
  assert_output ""
  assert_success
}

@test "house: what a file of the command, the hub and the judge exports begins with the file's name" {
  mapfile -t sources < <(command_sources)
  run tests/lib/layers prefixes "${sources[@]}" src/judge
  assert_output ""
  assert_success
}

# writes FILE CODE: a source below ROOT and its object below BUILD.
writes() {
  mkdir -p "$ROOT/${1%/*}" "$BUILD/${1%/*}/.libs"
  echo "$2" >"$ROOT/$1"
  "${CC:-cc}" -c -o "$BUILD/${1%/*}/.libs/libtlsbye_la-$(basename "$1" .c).o" "$ROOT/$1"
}

@test "house: a circle, a need that goes up, a wrong name and a missing object are found" {
  local layers=$ROOT/tests/lib/layers
  ROOT=$BATS_TEST_TMPDIR BUILD=$BATS_TEST_TMPDIR/build
  writes src/libtlsbye/tls/high.c 'int low(void); int high_x(void); int high_x(void) { return low(); }'
  writes src/libtlsbye/sys/low.c 'int low(void); int low(void) { return 1; }'
  local command
  for command in circles order prefixes; do
    run "$layers" $command src/libtlsbye
    assert_success
    assert_output ""
  done

  writes src/libtlsbye/sys/low.c 'int high_x(void); int low(void); int low(void) { return high_x(); }'
  run "$layers" circles src/libtlsbye
  assert_failure 1
  assert_line "    src/libtlsbye/sys/low.c needs src/libtlsbye/tls/high.c: high_x"
  assert_line "    src/libtlsbye/tls/high.c needs src/libtlsbye/sys/low.c: low"
  run "$layers" order src/libtlsbye
  assert_failure 1
  assert_output "up: src/libtlsbye/sys/low.c needs src/libtlsbye/tls/high.c: high_x"

  writes src/libtlsbye/sys/low.c 'int low_y; int lower;'
  run "$layers" prefixes src/libtlsbye
  assert_failure 1
  assert_output "src/libtlsbye/sys/low.c exports lower"

  writes src/libtlsbye/attic/old.c 'int old;'
  run "$layers" order src/libtlsbye
  assert_failure 1
  assert_output "src/libtlsbye/attic/old.c is in no layer"

  rm -r "$BUILD/src/libtlsbye/attic"
  run "$layers" circles src/libtlsbye
  assert_failure 2
  assert_output --partial "src/libtlsbye/attic/old.c: no object"
  run "$layers" circles src/nowhere
  assert_failure 2
}

@test "house: what tests/run starts first is there" {
  local name names
  names=$(sed -n '/^longest=(/,/)$/p' "$BATS_TEST_DIRNAME/run" | tr -d '()' | sed 's/longest=//')
  [[ $names == *harmless* ]]
  for name in $names; do
    assert_file_exist "$BATS_TEST_DIRNAME/$name.bats"
  done
}
