#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# P12: TLS that goes through memory BIOs (python's asyncio, node) is never silent, and never called right: each such
# SSL is told when it goes, the first of a process at level info, their number when the process ends; and `report` groups them.
# Nor is it told of what was no connection: an SSL that had no handshake, or the descriptor -1.
#
# shellcheck disable=SC2034,SC2154  # connections is read, program_log is set, in lib/judge.bash; $stderr is run's
# shellcheck disable=SC2030,SC2031  # a test's log level is its own
# shellcheck disable=SC2016         # what another shell or language expands

load lib/project
load lib/judge
load lib/report

in_memory() {
  judge_server cured server_memory_bio --rounds 1 --write 1K -- --send 1K --expect 1K
}

# A client in Python (its own arguments come before the judge's); "memory" does what asyncio does, without its event loop.
client='
import asyncio, os, socket, ssl, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
context = ssl._create_unverified_context()

def by_socket():
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as tls:
        tls.sendall(b"x" * 1024)
        tls.unwrap()

async def by_asyncio():
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(b"x" * 1024)
    await writer.drain()
    writer.close()
    try:
        await writer.wait_closed()
    except ssl.SSLError:
        pass

def memory():
    asyncio.run(by_asyncio())

def never():
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()).do_handshake()
    except ssl.SSLWantReadError:
        pass
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())

def forks():
    child = os.fork()
    if not child:
        sys.exit(0)
    os.waitpid(child, 0)

for step in sys.argv[1].split(","):
    {"socket": by_socket, "memory": memory, "never": never, "forks": forks}[step]()
'

# python STEPS: so many of them are connections.
python() {
  connections=$(tr , '\n' <<<"$1" | grep -cx -e socket -e memory)
  judge_client cured /usr/bin/python3 -c "$client" "$1" -- --expect 1K
}

# --- the events ---

@test "P12: memory BIOs: the first of a process at level info, then their number at its end" {
  connections=3
  export TLSBYE_LOG_LEVEL=info
  told() {
    in_memory
    assert_equal "$(events_with 'server_memory_bio[' 'no socket known' 'let go without SSL_shutdown()')" 1
    assert_equal "$(events_with 'no socket was known of 3 connections')" 1
    assert_equal "$(events_with '')" 2
  }
  both told
}

@test "P12: memory BIOs: each at level debug, with its number, and no sum then" {
  connections=3
  export TLSBYE_LOG_LEVEL=debug
  in_memory
  local i
  for i in 1 2 3; do
    assert_equal "$(events_with 'no socket known' "($i such in this process so far)")" 1
  done
  assert_equal "$(events_with '')" 3
}

@test "P12: asyncio: told, with the SSL_shutdown that it calls" {
  export TLSBYE_LOG_LEVEL=info
  python memory,memory
  assert_equal "$(events_with 'no socket known' 'SSL_shutdown() was called')" 1
  assert_equal "$(events_with 'no socket was known of 2 connections')" 1
  assert_equal "$(events_with '')" 2
}

@test "P12: a process that has sockets too: no line for each, and the number at its end" {
  export TLSBYE_LOG_LEVEL=info
  python socket,memory,memory
  assert_equal "$(events_with 'no socket known')" 0
  assert_equal "$(events_with 'no socket was known of 2 connections')" 1
}

@test "P12: a forked child tells of its own only" {
  export TLSBYE_LOG_LEVEL=info
  python memory,memory,forks
  assert_equal "$(events_with 'no socket was known of')" 1
  export TLSBYE_LOG_LEVEL=debug
  python memory,forks,memory
  assert_equal "$(events_with 'no socket known')" 2
}

@test "P12: an SSL that had no handshake is no connection: silence" {
  export TLSBYE_LOG_LEVEL=debug
  python never,memory
  assert_equal "$(events_with '')" 1
}

# With EBADF, of which "this side had closed" was said.
@test "P12: Net::SSLeay with the descriptor -1: silence, in both modes" {
  perl -MNet::SSLeay -e 1 2>/dev/null || skip "Net::SSLeay is not installed"
  local mode
  for mode in cure observe; do
    TLSBYE_MODE=$mode TLSBYE_LOG_LEVEL=debug run --separate-stderr "$TLSBYE" run -- perl -MNet::SSLeay -e '
      Net::SSLeay::initialize();
      my $ctx = Net::SSLeay::CTX_new();
      for my $call (qw(connect accept)) {
        my $ssl = Net::SSLeay::new($ctx);
        Net::SSLeay::set_fd($ssl, -1);
        my $got = $call eq "connect" ? Net::SSLeay::connect($ssl) : Net::SSLeay::accept($ssl);
        print "$call $got ", $!{EBADF} ? "EBADF" : "", "\n";
        Net::SSLeay::read($ssl);
        Net::SSLeay::write($ssl, "x");
        Net::SSLeay::free($ssl);
      }'
    assert_success
    assert_line 'connect -1 EBADF'
    no_hub_lives || await_hub
    assert_equal "$stderr" ''
  done
}

# --- the report ---

@test "P12: run --report: asyncio's connections are counted and grouped, and nothing is called right" {
  wrapper=("$TLSBYE" run --report --)
  connections=2
  judge_client bare /usr/bin/python3 -c "$client" memory,memory -- --expect 1K
  run cat "$program_err"
  assert_output --partial '2 connections of python3'
  assert_output --partial '2  with TLS through memory'
  assert_output --partial 'out-of-reach: 2 connections'
  refute_output --partial 'Nothing wrong was found'
  refute_output --partial 'no TLS connection'
  refute_output --partial 'without an end'
}

@test "P12: run --report: node's, where it has OpenSSL as a library" {
  command -v node >/dev/null || skip "node is not installed"
  ldd "$(command -v node)" | grep -q 'libnode\|libssl' || skip "this node has OpenSSL inside: tlsbye check says so"
  start_judge serve --port-file "$BATS_TEST_TMPDIR/port" --expect 1K
  wait_for_port "$BATS_TEST_TMPDIR/port" "$judge_pid"
  run --separate-stderr "$TLSBYE" run --report -- node -e '
    const c = require("tls").connect({port: +process.argv[1], host: "127.0.0.1", rejectUnauthorized: false},
      () => c.end("x".repeat(1024)));
    c.on("error", () => {}); c.resume()' "$port"
  wait_judge
  assert_regex "$stderr" 'out-of-reach: 1 connection'
  refute_regex "$stderr" 'Nothing wrong was found'
}

# line PID COUNT [REST]: of the process PID.
line() {
  printf '{"v":1,"event":"out-of-reach","time":1764033333.%06d,"program":"app","pid":%d,"mode":"cure","level":"info"%s,"count":%d}\n' \
    "$2" "$1" "${3:-}" "$2"
}

@test "P12: report: so many as the lines say, in whatever order, however few there are, once each" {
  {
    line 7 1 ',"id":"7.1","called_shutdown":true'
    line 7 5
    line 7 3 ',"id":"7.3","called_shutdown":true'
    line 8 2
    printf '{"v":1,"event":"read-failed","time":1764033333.5,"program":"app","pid":7,"mode":"cure","level":"info","id":"7.2","call":"SSL_read","cause":"other","bytes_read":1,"bytes_written":1,"peer_notified":false}\n'
  } >"$BATS_TEST_TMPDIR/log"
  run "$ROOT/tests/lib/json_lines" valid "$BATS_TEST_TMPDIR/log"
  assert_success
  report_json "$BATS_TEST_TMPDIR/log"
  assert_equal "$status" 1
  assert_report totals.connections=7 totals.out_of_reach=7 totals.without_end=0 totals.undecided=0 totals.reads_failed=1 \
    groups.#=2 groups.1.kind=out-of-reach groups.1.connections=7 groups.1.program=app programs.app=7
  run "$TLSBYE" report --connection 7.3 "$BATS_TEST_TMPDIR/log"
  assert_output --partial 'no socket of it is known'
}

@test "P12: report: a line of an older version is one connection" {
  printf '{"v":1,"event":"out-of-reach","time":1764033333.5,"program":"app","pid":7,"mode":"cure","level":"debug"}\n' >"$BATS_TEST_TMPDIR/log"
  report_json "$BATS_TEST_TMPDIR/log"
  assert_report totals.connections=1 totals.out_of_reach=1 groups.0.code=out-of-reach 'groups.0.examples.#=0'
}
