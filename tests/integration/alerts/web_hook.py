"""HTTP server that takes messages, as a service behind an address of Apprise does."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.rig.deadline import TIMEOUT_S


class WebHook:
    """Server on a free port. It answers `status`, and keeps the bodies that it accepted."""

    def __init__(self) -> None:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                hook.release.wait(TIMEOUT_S)
                self.send_response(hook.status)
                self.end_headers()
                hook.take(json.loads(body) if body else {})

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Write nothing."""

        self.status = 200
        self.release = threading.Event()
        """Cleared: no request is answered."""
        self.release.set()
        self.calls: list[dict[str, Any]] = []
        """Bodies of all requests, refused ones too."""
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="web hook", daemon=True).start()

    @property
    def address(self) -> str:
        """Address of Apprise."""
        return f"json://user:secret-word@127.0.0.1:{self.port}/hook"

    def take(self, body: dict[str, Any]) -> None:
        with self._news:
            self.calls.append(body)
            self._news.notify_all()

    def wait(self, number: int) -> list[dict[str, Any]]:
        """Wait for that many requests; return all of them."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.calls) >= number, TIMEOUT_S), self.calls
            return list(self.calls)

    def close(self) -> None:
        """End the server."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
