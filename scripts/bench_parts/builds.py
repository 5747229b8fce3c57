"""Builds of the project: the working tree, and other revisions in temporary worktrees. Each is run by its own
command line."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench_parts.director import Director
from bench_parts.terminal import SPAN, Account, Terminal

ROOT: Final = Path(__file__).resolve().parents[2]
START_S: Final = 900.0
"""Most seconds that a start may take: a revision may check a journal of gigabytes first."""
KEY: Final = {"BENCH_KEY": "bench"}


class Build:
    """One revision, as a folder with the package `bridge`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def command(self, *words: str) -> list[str]:
        """Return the command line of this build."""
        return [sys.executable, "-m", "bridge", *words]

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which `bridge` is this build's."""
        return {**os.environ, "PYTHONPATH": str(self.folder), **KEY}

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
        """Run one command to its end. Raises RuntimeError with its output where it fails."""
        done = subprocess.run(self.command(*words), cwd=cwd, env=self.environment, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {words} ended with {done.returncode}: {done.stderr.decode()}")
        return done


@contextlib.contextmanager
def revision(name: str) -> Iterator[Build]:
    """Build of a revision of this repository, in a worktree that is removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), name], check=True)
        try:
            yield Build(name, tree)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


class Site:
    """Folder of one sidecar of a build, with a Director and a terminal for each officer."""

    def __init__(
        self, build: Build, folder: Path, director: Director, *, officers: int, poll_s: float
    ) -> None:
        self.build = build
        self.folder = folder
        self.director = director
        self.officers = [f"eo-{number:03}" for number in range(1, officers + 1)]
        self.terminals: list[Terminal] = []
        self._poll_s = poll_s
        self._process: asyncio.subprocess.Process | None = None
        self._endpoint = ""
        self._accounts = [Account(number) for number in range(officers)]
        self.start_s = 0.0
        """Seconds from the start of the process until a terminal had its session and its first scan was stored."""

    @property
    def journal(self) -> Path:
        """Path of the journal."""
        return self.folder / "journal.db"

    @property
    def pid(self) -> int:
        """Process id of the sidecar."""
        if self._process is None:
            raise RuntimeError("the sidecar is not running")
        return self._process.pid

    def set_up(self) -> None:
        """Write the configuration and make journal and keys."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._endpoint = f"tcp://127.0.0.1:{_free_port()}"
        shared = "shared_account = true\n" if len(self.officers) > 1 else ""
        officers = "".join(f'[[officers]]\nid = "{officer}"\n{shared}' for officer in self.officers)
        (self.folder / "bridge.toml").write_text(
            f'[director]\nurl = "http://127.0.0.1:{self.director.port}"\napi_key_env = "BENCH_KEY"\n'
            f"poll_interval_s = {self._poll_s}\nmax_response_bytes = 33554432\n"
            f'[journal]\npath = "journal.db"\n[link]\nendpoint = "{self._endpoint}"\n{officers}'
        )
        self.build.run("setup", cwd=self.folder)

    async def start(self) -> None:
        """Start the sidecar and its terminals; return once each has its session."""
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.build.command("run"), cwd=self.folder, env=self.build.environment, stderr=log
            )
        await self._listening(began)
        for officer, account in zip(self.officers, self._accounts, strict=True):
            key = (self.folder / f"{officer}.linkkey").read_text().strip()
            terminal = Terminal(self._endpoint, officer, key, account)
            terminal.start()
            self.terminals.append(terminal)
        for terminal in self.terminals:
            await asyncio.wait_for(terminal.up.wait(), START_S)
        self.start_s = time.perf_counter() - began

    async def _listening(self, began: float) -> None:
        host, port = self._endpoint.removeprefix("tcp://").split(":")
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                return
            except OSError:
                if self._process is None or self._process.returncode is not None:
                    raise RuntimeError(f"the sidecar ended: see {self.folder / 'log'}") from None
                if time.perf_counter() - began > START_S:
                    raise
                await asyncio.sleep(0.02)

    async def lengthen(self, directives: int) -> None:
        """Make the history of the stopped sidecar's journal longer, by this build's own rules."""
        paths = [str(self.build.folder), str(ROOT / "scripts")]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bench_parts.history", str(self.journal), str(directives)),
            env={**self.build.environment, "PYTHONPATH": os.pathsep.join(paths)},
        )
        if await process.wait():
            raise RuntimeError(f"the history of {self.journal} could not be made")
        for account in self._accounts:
            # The copies have higher tickets than what was copied, as later trades have.
            account.ticket += SPAN * directives

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop the terminals and the sidecar."""
        for terminal in self.terminals:
            terminal.stop()
        self.terminals = []
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
