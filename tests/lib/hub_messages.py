#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad company for the hub, by its abstract name (SOCK_SEQPACKET).

  hub_messages.py impostor NAME        listens on NAME, and tells of each message: "message bytes=N fds=N"
  hub_messages.py garbage NAME         sends messages that no program of the tree would, some with descriptors
  hub_messages.py silent NAME COUNT    connects COUNT times, as far as it can, and says nothing until it is ended
"""
import array
import os
import random
import socket
import sys
import time


def connection(name):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(5)
    s.connect("\0" + name)
    return s


def rights(fds):
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []


def one(name, pieces, fds=(), wait=False):
    """A hub may hang up on the first piece: what is sent behind that fails, and is no fault."""
    s = connection(name)
    try:
        for piece in pieces:
            s.sendmsg([piece], rights(list(fds)))
        if wait:
            s.shutdown(socket.SHUT_WR)
            s.recv(100)
    except OSError:
        pass
    s.close()


def garbage(name):
    rng = random.Random(9)
    pipe = os.pipe()
    for size in (0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 100, 255, 256, 511, 512, 1000, 1024, 4000, 4096,
                 8192, 16384, 65536, 150000):
        for fill in (b"\0", b"\xff", None):
            data = rng.randbytes(size) if fill is None else fill * size
            one(name, [data])
            one(name, [data], [pipe[0]])
            one(name, [data, data])
    one(name, [])
    one(name, [], wait=True)
    one(name, [b"x" * 500], [pipe[0]] * 253)
    one(name, [b"x" * 500] * 50, [pipe[0], pipe[1], 0])
    one(name, [b""] * 50)
    for fd in pipe:
        os.close(fd)
    print("sent")


def impostor(name):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("\0" + name)
    listener.listen(64)
    print("listening", flush=True)
    while True:
        stream, _ = listener.accept()
        stream.settimeout(2)
        try:
            data, extra, _, _ = stream.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
        except OSError:
            data, extra = b"", []
        fds = sum(len(text) // 4 for _, kind, text in extra if kind == socket.SCM_RIGHTS)
        print(f"message bytes={len(data)} fds={fds}", flush=True)
        stream.close()


def silent(name, count):
    kept = []
    try:
        for _ in range(count):
            kept.append(connection(name))
    except OSError:
        pass
    print("connected", len(kept), flush=True)
    time.sleep(100)


if sys.argv[1] == "impostor":
    impostor(sys.argv[2])
elif sys.argv[1] == "garbage":
    garbage(sys.argv[2])
else:
    silent(sys.argv[2], int(sys.argv[3]))
