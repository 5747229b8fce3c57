"""Simulated broker in its own process, for the lifetime of a terminal."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from bridge.simulator.broker.rpc.server import run_broker

STARTS_WITHIN_S: Final = 120


class BrokerStartError(Exception):
    """The broker's process did not start."""


@contextmanager
def broker_process(scenario: Path | None) -> Iterator[str]:
    """Start a broker, yield its address, and end it. Raises BrokerStartError."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(scenario, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        try:
            endpoint = ours.recv() if ours.poll(STARTS_WITHIN_S) else None
        except EOFError:
            endpoint = None
        if endpoint is None:
            raise BrokerStartError(
                f"the broker sent no address within {STARTS_WITHIN_S} s; read its message above"
            )
        yield str(endpoint)
    finally:
        process.terminate()
        process.join()


def _serve(scenario: Path | None, ready: "Connection[str, str]") -> None:
    run_broker("tcp://127.0.0.1:*", scenario, ready.send)
