"""One machine of the drill: a folder with configuration, journal and keys, a sidecar and a terminal."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from demo_parts.deadline import Deadline, TimeUpError
from demo_parts.process import Process, ProcessDiedError, bridge_command
from demo_parts.processes import configuration

OFFICER: Final = "eo-drill"


class Machine:
    """A machine: its files are in one folder, and are lost with it."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        director_url: str,
        broker: str,
        environ: dict[str, str],
        deadline: Deadline,
    ) -> None:
        self.name: Final = name
        self.folder: Final = folder
        self._broker = broker
        self._environ = environ
        self._deadline = deadline
        self._processes: list[Process] = []
        folder.mkdir()
        (folder / "bridge.toml").write_text(configuration(director_url, OFFICER), encoding="utf-8")

    def start(self) -> None:
        """Start sidecar and terminal, until the terminal has its session. Raises ProcessDiedError, TimeUpError."""
        sidecar = self._process("sidecar", ["--log-json", "run"], ready=r'"link": ?"([^"]+)"')
        link = sidecar.wait_until_ready(self._deadline)
        terminal = self._process(
            "terminal",
            [
                "reference-terminal",
                *("--endpoint", link),
                *("--broker", self._broker),
                *("--officer", OFFICER),
                *("--link-key-file", f"{OFFICER}.linkkey"),
            ],
            ready=r"connected to (\S+)",
        )
        terminal.wait_until_ready(self._deadline)

    def operate(self, *arguments: str, show: bool = True) -> tuple[int, str]:
        """Run a command as an operator would; return its exit status and output. Raises TimeUpError."""
        try:
            done = subprocess.run(
                bridge_command(*arguments),
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self._deadline.left(),
            )
        except subprocess.TimeoutExpired as error:
            raise TimeUpError(f"{arguments[0]} did not end in time") from error
        output = done.stdout.decode("utf-8", "replace").rstrip()
        if show:
            self.say(f"$ execution-officer {_line(arguments)}")
            for line in output.splitlines():
                self.say(line)
            self.say(f"(exit status {done.returncode})")
        return done.returncode, output

    def must(self, *arguments: str) -> str:
        """Run a command that must succeed, and return its output. Raises ProcessDiedError."""
        status, output = self.operate(*arguments)
        if status:
            raise ProcessDiedError(f"{arguments[0]} ended with exit status {status}: {output}")
        return output

    def say(self, text: str) -> None:
        """Print a line with the machine's name."""
        print(f"{self.name:>4} | {text}", flush=True)

    def kill(self) -> None:
        """End its processes as a power cut does."""
        for process in self._processes:
            process.kill()
        self._processes.clear()

    def stop(self) -> None:
        """End its processes in order. Raises ProcessDiedError for one that ends by force, or not with status 0."""
        while self._processes:
            self._processes.pop().end_in_order()

    def end(self) -> None:
        """End its processes: in order those that react, otherwise by force. Raises nothing."""
        while self._processes:
            self._processes.pop().end()

    def lose(self) -> None:
        """Lose the machine with its disk."""
        self.kill()
        shutil.rmtree(self.folder)

    def check(self) -> None:
        """Raise ProcessDiedError if one of its processes has ended."""
        for process in self._processes:
            process.check()

    def _process(self, name: str, arguments: list[str], *, ready: str) -> Process:
        process = Process(name, arguments, folder=self.folder, environ=self._environ, ready=ready)
        self._processes.append(process)
        return process


def _line(arguments: tuple[str, ...]) -> str:
    return " ".join(f'"{each}"' if " " in each else each for each in arguments)
