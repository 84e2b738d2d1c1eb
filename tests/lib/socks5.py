# SPDX-License-Identifier: MIT
"""A SOCKS5 proxy (RFC 1928) on loopback: whatever address is asked for, the port is looked for on loopback.

    socks5.py PORT_FILE

Nothing is kept back, and nothing made better: an end is handed on as an end, a reset as a reset. Ends with its standard input.
"""

import os
import select
import socket
import struct
import sys
import threading

SIZE = 4096


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def port_asked_for(client):
    _, methods = exactly(client, 2)
    exactly(client, methods)
    client.sendall(b"\x05\x00")  # no authentication
    _, _, _, kind = exactly(client, 4)
    length = {1: 4, 4: 16}.get(kind) or exactly(client, 1)[0]
    exactly(client, length)
    return struct.unpack("!H", exactly(client, 2))[0]


def reset(*socks):
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


def pass_on(client, server):
    """Until both ends have come, or an error has: select() tells of that, too."""
    other = {client: server, server: client}
    open_ends = [client, server]
    while open_ends:
        for source in select.select(open_ends, [], [])[0]:
            data = source.recv(SIZE)
            if data:
                other[source].sendall(data)
            else:
                open_ends.remove(source)
                other[source].shutdown(socket.SHUT_WR)


def serve(client):
    try:
        server = socket.create_connection(("127.0.0.1", port_asked_for(client)))
        client.sendall(b"\x05\x00\x00\x01" + b"\0" * 6)
    except (OSError, EOFError):
        client.close()
        return
    try:
        pass_on(client, server)
        client.close()
        server.close()
    except OSError:
        reset(client, server)


def end_with_input():
    sys.stdin.read()
    os._exit(0)


listener = socket.create_server(("127.0.0.1", 0), backlog=16)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SIZE)
with open(sys.argv[1] + ".new", "w") as file:
    print(listener.getsockname()[1], file=file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
threading.Thread(target=end_with_input, daemon=True).start()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
