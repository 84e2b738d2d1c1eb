#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P11: observing changes nothing. Each program runs bare and observed, with every event written to a log, both under
# strace -f: thread by thread the observed run makes the bare one's system calls, in their order, and what it makes
# besides is in the list below. No thread, no shutdown, no setsockopt, no dup, no byte to a socket of the program's, none of
# its descriptors given to the hub. The controls are the same programs cured: there the comparison has to find just those.
#
# shellcheck disable=SC2034,SC2154  # what lib/judge.bash and lib/real.bash read and set

load lib/project
load lib/judge
load lib/real

setup_file() {
  make_real_folder
  printf 'GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >"$real/request"
  cat >"$BATS_FILE_TMPDIR/rules" <<'RULES'
# Memory, which moves with every library that is loaded; pthread_once() wakes whoever may wait for it; OpenSSL asks for
# its process all the time.
neither (mmap|munmap|mprotect|brk|madvise|mremap)\(.*
neither futex\(ADDRESS, FUTEX_WAKE.*
neither get[pt]id\(\)
# Reads of state.
allowed getsockopt\(.*
allowed getsockname\(.*
allowed getpeername\(.*
allowed ioctl\(\d+, (FIONREAD|TIOCOUTQ|SIOCOUTQ|SIOCOUTQNSD), .*
allowed (fstat|newfstatat)\(\d+, .*
allowed fcntl\(\d+, F_GET(FL|FD)\)
allowed readlink\("/proc/self/exe", .*
allowed clock_gettime\(.*
# Around them, the signal mask.
allowed rt_sigprocmask\(.*
# The loading of the object.
file /libtlsbye\.so$ read pread64 fstat newfstatat mmap close
# The hub: that a process begins and ends, and the lines of the log. Is it the hub? Then one message, without waiting.
socket ^AF_UNIX,.SOCK_SEQPACKET\|SOCK_CLOEXEC\|SOCK_NONBLOCK, connect getsockopt rt_sigprocmask sendmsg close
# Before an exec: is it going to succeed?
file /bin/true$ pread64 close
allowed faccessat2\(AT_FDCWD, "/[^"]*", X_OK, AT_EACCESS\)
allowed prlimit64\(0, RLIMIT_STACK, NULL, .*
allowed newfstatat\(AT_FDCWD, "/[^"]*/ld-linux[^"]*", .*
RULES
}

teardown_file() {
  remove_real_folder
}

setup() {
  begin_test
  command -v strace >/dev/null || skip "strace is not installed"
  # merecat changes its user.
  install -m 666 /dev/null "$real/events.log"
  export TLSBYE_LOG=$real/events.log TLSBYE_LOG_FORMAT=json TLSBYE_LOG_LEVEL=debug
}

# compare MODE RUN...: runs `RUN bare ...` and `RUN cured ...` in that mode, traced; $output has the differences, $status
# is 0 where there is none. A port that is asked for stays what it is in both.
compare() {
  export TLSBYE_MODE=$1
  local function=$2 how
  shift 2
  for how in bare cured; do
    wrapper=(strace -ff -o "$BATS_TEST_TMPDIR/$how")
    "$function" "$how" "$@"
  done
  run /usr/bin/python3 "$BATS_TEST_DIRNAME/lib/system_calls.py" "$BATS_FILE_TMPDIR/rules" \
    "$BATS_TEST_TMPDIR/bare" "$BATS_TEST_TMPDIR/cured"
}

# The log shows that it was observed at all.
assert_nothing_changed() {
  compare observe "$@"
  assert_success
  assert_output ''
  grep -q '"event":"end"' "$TLSBYE_LOG" || fail_showing 'nothing was observed'
  rm -f "$BATS_TEST_TMPDIR"/{bare,cured}.*
  : >"$TLSBYE_LOG"
}

# --- one habit each ---

serves() {
  connections=2
  judge_server "$@" -- --send 1K --trail 20K --expect 1K --watch 10
}

@test "control: curing, the comparison finds the sending, the half-close and the socket that the hub is given" {
  compare cure serves server_free_then_close
  assert_failure
  assert_line --regexp '^thread 1: added: sendto\('
  assert_line --regexp '^thread 1: added: shutdown\([0-9]+, SHUT_WR\)'
  assert_line --regexp '^thread 1: added: sendmsg\([0-9]+, SCM_RIGHTS\)'
  refute_line --regexp '^thread 1\.' # and no thread
}

@test "control: curing without a hub, it finds the task, too" {
  TLSBYE_LOG=off TLSBYE_WAYS=clone compare cure serves server_free_then_close # a log would fill what is printed
  assert_failure
  assert_line --regexp '^thread 1: added: clone3?\('
  assert_line --regexp '^thread 1\.1: added: '
}

@test "control: with LINGER=wait it finds the half-close and the drain in the program's own thread" {
  TLSBYE_LINGER='wait' compare cure serves server_free_then_close
  assert_failure
  assert_line --regexp '^thread 1: added: shutdown\([0-9]+, SHUT_WR\)'
  assert_line --regexp '^thread 1: added: recvfrom\('
}

@test "control: curing, it finds that a socket leaves its epoll set" {
  compare cure serves server_epoll
  assert_failure
  assert_line --regexp '^thread 1: added: epoll_ctl\([0-9]+, EPOLL_CTL_DEL'
}

@test "observing: free, close, shutdown, epoll, copies: no system call is added, missing or in another order" {
  local program
  for program in server_free_then_close server_close_then_free server_shutdown_wr_then_free server_shutdown_rdwr \
    server_epoll server_copies server_closes_everything server_zero_linger server_second_shutdown server_clear; do
    assert_nothing_changed serves "$program"
  done
}

@test "observing: BIO chains, a BIO of the program's own, libssl by dlopen, TLS 1.2: likewise" {
  assert_nothing_changed serves server_bio
  assert_nothing_changed serves server_own_bio --mode plain-free
  assert_nothing_changed serves server_dlopen
  tls=1.2
  assert_nothing_changed serves server_free_then_close
}

@test "observing: shutdown() after a child has said close_notify, and the peer has reset, fails as bare" {
  shut() {
    judge_server "$1" server_fork_child --mode shut --write 1K -- --send 1K --expect 1K --end reset
    assert_program shutdown=-1
  }
  shut bare
  TLSBYE_MODE=observe shut cured
}

@test "observing: a child that serves, workers, a thread beside: likewise, in each process and thread" {
  beside() {
    judge_client "$1" client_bio --mode idle_thread -- --expect 1K
  }
  assert_nothing_changed serves server_fork_child
  assert_nothing_changed serves server_prefork
  assert_nothing_changed beside
}

@test "observing: the ways to leave, in the middle of a write, too: likewise" {
  local mode
  leaves() {
    judge_client "$1" client_exit_status --mode "$2" --write 64K -- --expect 64K --rcvbuf 4K --pause 20
  }
  gives_up() {
    judge_server "$1" server_unfinished_write --write 32M -- --send 1K --expect 32M --pause 100
  }
  for mode in exit _exit exec; do
    assert_nothing_changed leaves "$mode"
  done
  assert_nothing_changed gives_up
}

# --- programs as they are shipped ---

# strace and what it traces get the signal of `timeout` alike: the program itself has to end first.
stop_traced() {
  kill "$(pgrep -P "$(pgrep -P "$program_pid")")"
  wait_program
}

# judge_traced bare|cured PROGRAM [ARG...]: a server on $port.
judge_traced() {
  start_program "$@"
  wait_until_listens "$port" "$program_pid"
  start_judge connect --tls 1.3 --send-file "$real/request" --trail 1K --expect-any --watch 10 "$port"
  wait_judge
  stop_traced
}

@test "observing python3 http.server: no system call is added, missing or in another order" {
  python_on_free_port
  assert_nothing_changed judge_traced "${python_command[@]}"
}

@test "observing merecat: likewise" {
  merecat_on_free_port
  assert_nothing_changed judge_traced "${merecat_command[@]}"
}

@test "observing ncat and curl: likewise" {
  sends() {
    judge_real_client "$1" "$(command -v ncat)" --ssl --send-only 127.0.0.1 "$port" -- --expect-any
  }
  fetches() {
    judge_real_client "$1" "$(command -v curl)" --silent --insecure --http1.0 --output /dev/null \
      "https://127.0.0.1:$port/" -- --send-file "$real/reply" --wait-first --end-at 10 --expect-any
  }
  # In each turn of its loop curl sets SIGPIPE aside, and how many turns there are is the network's doing.
  echo 'neither rt_sigaction\(SIGPIPE, .*' >>"$BATS_FILE_TMPDIR/rules"
  printf 'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody' >"$real/reply"
  input=$real/request
  free_port
  assert_nothing_changed sends
  assert_nothing_changed fetches
}
