#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The suffering side: peers that end without close_notify, which OpenSSL 3 makes an error. IGNORE_UNEXPECTED_EOF makes it
# a clean end again, for every SSL of the program; P3: never by default, and never silently: each end that it hides is a
# warning, and no other end is. (With OpenSSL 1.1.1 it changes nothing.)
#
# shellcheck disable=SC2034,SC2154  # connections and wrapper are read, program_err is set, in lib/judge.bash

load lib/judge

reads_log=yes

warning='warning: the peer ended without close_notify after '
doubt='warning: the peer may have ended without close_notify after '
because='bytes, and the program was told a clean end (SSL_OP_IGNORE_UNEXPECTED_EOF): the data may be truncated'

setup_file() {
  local version
  version=$(openssl version)
  [[ $version != 'OpenSSL 1.'* ]] || skip "OpenSSL 1.1.1 knows neither the error nor the option"
}

# ends_bare|ends_right HOW [ARG...]: the judge sends 64 KB and ends without close_notify, or with it.
ends_bare() {
  judge_client "$1" client_reads_to_end "${@:2}" -- --send 64K --end first-bare
}

ends_right() {
  judge_client "$1" client_reads_to_end "${@:2}" -- --send 64K --end first
}

ignoring() {
  TLSBYE_IGNORE_UNEXPECTED_EOF=on "$@"
}

@test "bare: an end without close_notify is an error to OpenSSL 3, one with it is clean" {
  suffers() {
    ends_bare bare
    assert_program read=65536 end=eof queue=1
    ends_right bare
    assert_program read=65536 end=clean result=0 queue=0
  }
  both suffers
}

@test "P3: without the option the error stays, and nobody warns" {
  stays() {
    ends_bare cured
    assert_program read=65536 end=eof queue=1
    refute_event warning
  }
  both stays
}

@test "option: the end is clean, and one warning says what was hidden" {
  hides() {
    ignoring ends_bare cured
    assert_program read=65536 end=clean result=0 queue=0 again=clean
    assert_equal "$(events_with "$warning" "$because")" 1
    assert_event 'client_reads_to_end[' '127.0.0.1:' "$warning"
    assert_event '; peer: no close_notify (SSL_OP_IGNORE_UNEXPECTED_EOF hid that)'
    refute_event '; peer: close_notify'
  }
  both hides
}

@test "option: the bytes in the warning are what came over the wire" {
  ignoring ends_bare cured
  local bytes
  bytes=$(sed -nE "s/.*$warning([0-9,]+) bytes.*/\1/p" "$program_err")
  bytes=${bytes//,/}
  assert [ "$bytes" -gt 65536 ]
  assert [ "$bytes" -lt 75000 ]
}

@test "option: a close_notify is what it was: no warning" {
  right() {
    ignoring ends_right cured
    assert_program read=65536 end=clean result=0 queue=0 again=clean
    refute_event warning
    refute_event 'SSL_OP_IGNORE_UNEXPECTED_EOF'
    assert_event '; peer: close_notify'
  }
  both right
}

# Forwards one connection to the port, and cuts it behind 40,000 bytes of the server's: in the midst of a record.
cutter='
import os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
open(sys.argv[2] + ".new", "w").write("%d\n" % listener.getsockname()[1])
os.rename(sys.argv[2] + ".new", sys.argv[2])
listener.settimeout(20)
client, _ = listener.accept()
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def forward():
    while data := client.recv(4096):
        server.sendall(data)
    server.close()
threading.Thread(target=forward).start()
left = 40000
while left and (data := server.recv(min(4096, left))):
    client.sendall(data)
    left -= len(data)
client.shutdown(socket.SHUT_WR)
'

cut_short() {
  local file=$BATS_TEST_TMPDIR/port
  rm -f "$file" "$file.cut"
  start_judge serve --port-file "$file" --tls "$tls" --send 64K --limit 5
  wait_for_port "$file" "$judge_pid"
  timeout 30 python3 -c "$cutter" "$port" "$file.cut" 3>&- &
  cutter_pid=$!
  wait_for_port "$file.cut" "$cutter_pid"
  start_program "$1" client_reads_to_end --port "$port" --tls "$tls"
  wait_program
  wait "$cutter_pid"
  wait_judge
  assert_status
}

@test "option: a stream that is cut in the midst of a record is warned of, too" {
  in_the_midst() {
    cut_short bare
    assert_program end=eof
    ignoring cut_short cured
    assert_program read=32768 end=clean
    assert_equal "$(events_with "${warning}40,000 $because")" 1
  }
  both in_the_midst
}

# Asked again, a socket that was reset has ended: that is a hidden end like every other.
@test "option: a reset stays an error; the end behind it, for who asks again, is hidden with a warning" {
  reset() {
    judge_client bare client_reads_to_end -- --send 64K --end reset --end-at 0
    assert_program end=syscall again=eof
    ignoring judge_client cured client_reads_to_end -- --send 64K --end reset --end-at 0
    assert_program end=syscall again=clean
    assert_equal "$(events_with "$warning" "$because")" 1
  }
  both reset
}

@test "option: met in SSL_shutdown, the end is told apart as well" {
  met_in_shutdown() {
    ignoring ends_bare cured --mode shutdown --read 64K
    assert_program shutdown=1 read=65536
    assert_verdict tls=close_notify late=0
    assert_equal "$(events_with "$warning" "$because")" 1
    ignoring ends_right cured --mode shutdown --read 64K
    assert_program shutdown=1 read=65536
    refute_event warning
  }
  both met_in_shutdown
}

@test "option: memory BIOs, as asyncio has them" {
  memory() {
    ends_bare bare --mode memory
    assert_program end=eof
    ignoring ends_bare cured --mode memory
    assert_program read=65536 end=clean queue=0 again=clean
    assert_equal "$(events_with warning "$because")" 1
    ignoring ends_right cured --mode memory
    assert_program read=65536 end=clean queue=0 again=clean
    refute_event warning
  }
  both memory
}

# From 3.2 on the two ends look alike there: the warning comes in both cases, and says "may".
@test "option: memory BIOs that were told of the end before OpenSSL met it: certain, or honest about the doubt" {
  memory_late() {
    ignoring ends_bare cured --mode memory-late
    assert_program read=65536 end=clean queue=0
    assert_equal "$(events_with warning "$because")" 1
    ignoring ends_right cured --mode memory-late
    assert_program read=65536 end=clean queue=0
    refute_event "$warning"
    assert_equal "$(events_with warning)" "$(events_with "$doubt")"
  }
  both memory_late
}

@test "option: the program's own callbacks see what they saw" {
  callbacks() {
    local end
    for end in first first-bare; do
      judge_client bare client_reads_to_end --mode message -- --send 64K --end "$end"
      cut -d' ' -f5- "$program_log" >"$BATS_TEST_TMPDIR/bare"
      ignoring judge_client cured client_reads_to_end --mode message -- --send 64K --end "$end"
      run diff <(grep -o 'alerts=.*infos=[0-9]*' "$BATS_TEST_TMPDIR/bare") \
        <(grep -o 'alerts=.*infos=[0-9]*' "$program_log")
      assert_output ''
    done
  }
  both callbacks
}

@test "P11: a program that hides the end from itself: no warning, and the event claims no close_notify" {
  by_itself() {
    ends_bare cured --mode own-option
    assert_program end=clean
    refute_event warning
    refute_event '; peer: close_notify'
    assert_event '; peer: no close_notify (SSL_OP_IGNORE_UNEXPECTED_EOF hid that)'
    ignoring ends_bare cured --mode own-option
    assert_equal "$(events_with "$warning")" 1
  }
  both by_itself
}

@test "option: observe and off set nothing" {
  local mode
  for mode in observe off; do
    TLSBYE_MODE=$mode ignoring ends_bare cured
    assert_program end=eof queue=1
    refute_event warning
  done
}

@test "option: the log's level decides about the warning as about every other" {
  TLSBYE_LOG_LEVEL=error ignoring ends_bare cured
  assert_program end=clean
  assert_file_empty "$program_err"
  TLSBYE_LOG_LEVEL=warn ignoring ends_bare cured
  assert_equal "$(wc -l <"$program_err")" 1
  assert_event "$warning"
}

@test "option: --ignore-unexpected-eof is a switch; a word stands behind =" {
  run -0 "$TLSBYE" run --ignore-unexpected-eof printenv TLSBYE_IGNORE_UNEXPECTED_EOF
  assert_output on
  run -0 "$TLSBYE" run --ignore-unexpected-eof=off printenv TLSBYE_IGNORE_UNEXPECTED_EOF
  assert_output off
  run -2 "$TLSBYE" run --ignore-unexpected-eof=maybe printenv TLSBYE_IGNORE_UNEXPECTED_EOF
  assert_output --partial '--ignore-unexpected-eof=maybe: not one of on|off'
  run -0 "$TLSBYE" run --help
  assert_output --partial '--ignore-unexpected-eof[=WORD]'
  # A setting that is on by default is no switch: its word may stand behind a space.
  run -0 "$TLSBYE" run --notify off printenv TLSBYE_NOTIFY
  assert_output off
}

# --- programs as Debian ships them ---

# reads HOW END PROGRAM [ARG...]: the program connects to the judge's port, which is its last argument.
reads() {
  local file=$BATS_TEST_TMPDIR/port how=$1
  rm -f "$file"
  start_judge serve --port-file "$file" --tls "$tls" --send 64K --end "$2"
  wait_for_port "$file" "$judge_pid"
  start_program "$how" "${@:3}" "$port"
  wait_program
  wait_judge
}

ruby_reads='
  tls = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("127.0.0.1", ARGV[0].to_i))
  tls.connect
  puts "read=%d" % tls.read.size'

@test "bare: ruby raises at an end without close_notify" {
  ruby_raises() {
    reads bare first-bare ruby -rsocket -ropenssl -e "$ruby_reads"
    assert_equal "$program_status" 1
    run cat "$program_err"
    assert_output --partial 'unexpected eof while reading'
  }
  both ruby_raises
}

@test "option: ruby reads to the end, and the warning names it" {
  ruby_ignores() {
    ignoring reads cured first-bare ruby -rsocket -ropenssl -e "$ruby_reads"
    assert_status
    assert_program read=65536
    assert_equal "$(events_with 'ruby' "$warning" "$because")" 1
    ignoring reads cured first ruby -rsocket -ropenssl -e "$ruby_reads"
    assert_program read=65536
    refute_event warning
  }
  both ruby_ignores
}

# Its module sets the option by itself since 3.10, and here takes it off again, as a careful program does.
# (asyncio looks at the socket's end alone, and calls every one clean: what it stands on, MemoryBIO, is shown instead.)
python_reads='
import socket, ssl, sys
how, port = sys.argv[1], int(sys.argv[2])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0x80)
plain = socket.create_connection(("127.0.0.1", port))

def blocking():
    tls = context.wrap_socket(plain, suppress_ragged_eofs=False)
    return lambda: tls.recv(4096)

def memory():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    def drive(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())
                data = plain.recv(4096)
                incoming.write(data) if data else incoming.write_eof()
    drive(tls.do_handshake)
    plain.sendall(outgoing.read())
    return lambda: drive(lambda: tls.read(4096))

n = 0
try:
    read = memory() if how == "memory" else blocking()
    while data := read():
        n += len(data)
    print("read=%d" % n, "end=clean")
except ssl.SSLZeroReturnError:
    print("read=%d" % n, "end=clean")
except ssl.SSLError as error:  # Python before 3.11.3 has no class of its own for it
    eof = isinstance(error, ssl.SSLEOFError) or error.reason == "UNEXPECTED_EOF_WHILE_READING"
    print("end=eof" if eof else "end=%s" % error.reason)
'

@test "bare: python raises at an end without close_notify, by a socket and by memory BIOs" {
  python_raises() {
    local how
    for how in blocking memory; do
      reads bare first-bare python3 -c "$python_reads" "$how"
      assert_program end=eof
      reads bare first python3 -c "$python_reads" "$how"
      assert_program read=65536 end=clean
    done
  }
  both python_raises
}

@test "option: python reads to a clean end, by a socket and by memory BIOs, with a warning each" {
  python_ignores() {
    local how
    for how in blocking memory; do
      ignoring reads cured first-bare python3 -c "$python_reads" "$how"
      assert_program read=65536 end=clean
      assert_equal "$(events_with 'python3' warning 'without close_notify after' "$because")" 1
      ignoring reads cured first python3 -c "$python_reads" "$how"
      assert_program read=65536 end=clean
      refute_event warning
    done
  }
  both python_ignores
}
