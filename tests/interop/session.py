"""The complete Expert Advisor behind a foreign ROUTER: session, order, restart of the ROUTER, new session."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bridge.core.link.reports import CommandReport, CommandStage
from tests.interop.expert import BrokenError
from tests.interop.router import Router
from tests.sidecar_peer import KEY, OFFICER, SidecarPeer, open_order

ROOT: Final = Path(__file__).parents[2]
WAIT_S: Final = 90.0
"""The EA waits up to 30 s before it reconnects."""
HEARTBEAT_S: Final = 0.5
DONE: Final = 10_009


@contextmanager
def whole_expert(library: Path, port: int, folder: Path) -> Iterator[Path]:
    """Run the built EA in its native host with a simulated broker; yield the path of its log."""
    key = folder / "officer.linkkey"
    key.write_text(KEY.to_text() + "\n", encoding="ascii")
    key.chmod(0o600)
    words = ["--expert", str(library), "--endpoint", f"tcp://127.0.0.1:{port}"]
    words += ["--officer", OFFICER, "--link-key-file", str(key)]
    journal = folder / "terminal.log"
    with journal.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.mql5.host", *words, "--files", str(folder / "terminal")],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield journal
        finally:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(5)
            child.kill()
            child.wait()


class Session:
    """The sidecar's side of the link, behind the current ROUTER."""

    def __init__(self) -> None:
        self._peer = SidecarPeer()
        self._welcomed = 0.0
        self._next_heartbeat = 0.0

    def join(self, router: Router) -> bytes:
        """Serve until the EA is authenticated; return its routing id. Raises BrokenError."""
        epoch = self._peer.epoch
        return self._serve(router, lambda: self._peer.epoch > epoch, "no session was established")

    def trade(self, router: Router, route: bytes, client_order_id: int) -> None:
        """Send an order and wait for its fill. Raises BrokenError."""
        router.send(route, self._peer.command(open_order(client_order_id)))

        def filled() -> bool:
            reports = [
                report
                for report in self._peer.reports_of(CommandReport)
                if report.client_order_id == client_order_id
            ]
            if any(report.stage is CommandStage.NOT_SENT for report in reports):
                raise BrokenError(f"the order was not sent: {reports[-1].reason} {reports[-1].message}")
            return any(report.retcode == DONE for report in reports)

        self._serve(router, filled, "the order was not filled", route)

    def _serve(self, router: Router, done: Callable[[], bool], missing: str, route: bytes = b"") -> bytes:
        until = time.monotonic() + WAIT_S
        while not done():
            now = time.monotonic()
            if now > until:
                raise BrokenError(missing)
            if route and now >= self._next_heartbeat:
                self._next_heartbeat = now + HEARTBEAT_S
                router.send(route, self._peer.heartbeat(int((now - self._welcomed) * 1000)))
            parts = router.receive(lambda: None, 0.1)
            if not parts:
                continue
            route, frame = parts
            epoch = self._peer.epoch
            for answer in self._peer.on_frame(frame):
                router.send(route, answer)
            if self._peer.epoch > epoch:
                self._welcomed = time.monotonic()
        return route
