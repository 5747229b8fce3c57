#!/usr/bin/env bash
# libzmq 4.3.5 (pyzmq 27.3.0): with ZMQ_HEARTBEAT_IVL set, PING commands go out to a peer that announced ZMTP 3.0 in
# its greeting, although PING and PONG are defined by ZMTP 3.1 only. A peer written after the 3.0 specification
# (RFC 23) meets an unknown command within the first interval, and must ignore it and need not answer it as long as
# it sends something else within the time-out. Seen: a hand-written 3.0 peer receives PING after its handshake.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyzmq==27.3.0
"$folder/venv/bin/python" - <<'PYTHON'
import socket
import zmq

context = zmq.Context()
router = context.socket(zmq.ROUTER)
router.setsockopt(zmq.HEARTBEAT_IVL, 200)
router.setsockopt(zmq.LINGER, 0)
port = router.bind_to_random_port("tcp://127.0.0.1")

def exactly(peer, count):
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        assert more, "the connection ended"
        data += more
    return data

def command(name, data=b""):
    body = bytes([len(name)]) + name + data
    return bytes([4, len(body)]) + body

def metadata(name, value):
    return bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value

with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
    peer.sendall(b"\xff" + b"\0" * 8 + b"\x7f" + bytes([3, 0]) + b"NULL".ljust(20, b"\0") + b"\0" * 32)
    greeting = exactly(peer, 64)
    peer.sendall(command(b"READY", metadata(b"Socket-Type", b"DEALER") + metadata(b"Identity", b"")))
    names = []
    while len(names) < 2:
        flags, size = exactly(peer, 2)
        body = exactly(peer, size)
        assert flags == 4, flags
        names.append(body[1 : 1 + body[0]].decode())
print(f"libzmq {zmq.zmq_version()} announces ZMTP {greeting[10]}.{greeting[11]}; commands to a 3.0 peer: {names}")
assert names == ["READY", "PING"]
context.destroy(linger=0)
PYTHON
