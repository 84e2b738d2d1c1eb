#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An FTPS client that judges: a line for each session, to be read by tests/hosts.bats.

  ftps_client.py login PORT USER COUNT             session: login=yes quit=yes
  ftps_client.py retr PORT USER COUNT FILE BYTES   session: login=yes bytes=N whole=yes tls=close_notify tcp=fin

retr sends junk on the data connection once the transfer has begun and reads slowly, through a small buffer: what the
server's kernel still holds when it closes over the junk is lost. A session that fails tells why, in one line.
"""
import ftplib
import re
import socket
import ssl
import sys
import time

JUNK = b"j" * 20000


def context():
    made = ssl._create_unverified_context()
    made.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 would add unread tickets, which are another fault
    made.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # Python's default calls any end a close_notify
    return made


def login(port, user, made):
    ftp = ftplib.FTP_TLS(context=made, timeout=30)
    ftp.connect("127.0.0.1", port)
    ftp.login(user, "secret")
    ftp.prot_p()
    return ftp


class Data:
    """A data connection by hand: an SSLSocket does not tell a reset from an end within a record."""

    def __init__(self, ftp, made, command):
        host, port = ftp.makepasv()
        self.raw = socket.socket()
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.raw.settimeout(30)
        self.raw.connect((host, port))
        reply = ftp.sendcmd(command)
        if not reply.startswith("1"):
            raise ftplib.error_reply(reply)
        self.into, self.out, self.tcp = ssl.MemoryBIO(), ssl.MemoryBIO(), "open"
        # The session of the control connection: servers want to see it again.
        self.tls = made.wrap_bio(self.into, self.out, session=ftp.sock.session)
        while not self.step(self.tls.do_handshake, ()):
            pass

    def flush(self):
        if not self.out.pending:
            return  # a send of nothing would take the reset from the recv that is to tell it
        try:
            self.raw.sendall(self.out.read())
        except OSError:
            self.tcp = "rst"  # it has closed over our bytes; what it sent may be there all the same

    def step(self, call, nothing):
        """The call's result in a tuple; `nothing` where it needs bytes, of which some have been waited for."""
        try:
            result = (call(),)
            self.flush()
            return result
        except ssl.SSLWantReadError:
            self.flush()
            self.receive()
            return nothing

    def receive(self):
        try:
            piece = self.raw.recv(16384)
        except ConnectionResetError:
            piece, self.tcp = b"", "rst"
        if piece:
            self.into.write(piece)
        else:
            self.tcp = "fin" if self.tcp == "open" else self.tcp
            self.into.write_eof()

    def send(self, junk):
        self.tls.write(junk)
        self.flush()

    def read_to_end(self):
        """How many bytes came, and how TLS and TCP ended."""
        count, tls = 0, "none"
        try:
            while True:
                piece = self.step(lambda: self.tls.read(16384), None)
                if piece == (b"",):
                    tls = "close_notify"
                    break
                count += len(piece[0]) if piece else 0
        except ssl.SSLError:
            pass  # the end of TCP, which receive() has noted
        if tls == "close_notify":
            self.say_close_notify()
        while self.tcp == "open":
            self.receive()
        return count, tls, self.tcp

    def say_close_notify(self):
        """Servers that call SSL_shutdown() twice wait for it."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.flush()


def retrieve(port, user, name, size):
    made = context()
    ftp = login(port, user, made)
    data = Data(ftp, made, "RETR " + name)
    data.send(JUNK)
    time.sleep(0.3)  # the server is to be done with its part; no verdict depends on it but the bare one
    count, tls, tcp = data.read_to_end()
    ftp.close()
    return f"login=yes bytes={count} whole={'yes' if count == size else 'no'} tls={tls} tcp={tcp}"


def come_and_go(port, user):
    ftp = login(port, user, context())
    ftp.quit()
    return "login=yes quit=yes"


def session(mode, port, user, rest):
    try:
        if mode == "login":
            return come_and_go(port, user)
        return retrieve(port, user, rest[0], int(rest[1]))
    except (OSError, EOFError, ftplib.Error) as error:
        return "failed: " + re.sub(r"\s+", "_", f"{type(error).__name__} {error}")


for _ in range(int(sys.argv[4])):
    print("session:", session(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[5:]), flush=True)
