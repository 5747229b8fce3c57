"""ROUTER of pyomq, the Python binding of omq.rs (ZeroMQ in Rust). Argument: PORT."""

import importlib
import importlib.metadata
import sys

from tests.interop.routers.protocol import Lines


def main() -> None:
    omq = importlib.import_module("pyomq")
    lines = Lines()
    router = omq.Context().socket(omq.ROUTER)
    router.setsockopt(omq.LINGER, 0)
    router.setsockopt(omq.HEARTBEAT_IVL, 100)
    router.setsockopt(omq.HEARTBEAT_TIMEOUT, 1500)
    router.bind(f"tcp://127.0.0.1:{sys.argv[1]}")
    lines.listening(importlib.metadata.version("pyomq"), pings=True)
    while not lines.ended:
        if router.poll(5):
            lines.received(router.recv_multipart())
        for message in lines.waiting():
            router.send_multipart(message)


main()
