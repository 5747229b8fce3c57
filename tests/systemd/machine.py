"""A private systemd: process 1 of its own namespaces, with units, state and users of its own, on the real kernel.

The network is shared, so that Director and terminal may run outside. The folders of the machine that systemd or a
service writes are covered: /run, /etc/systemd/system, /var/lib, /home, and the files of users. It needs root.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

SERVICE_USER: Final = "eobridge"
SERVICE_UID: Final = 64_123
TIMEOUT_S: Final = 60.0
_LOOK_S: Final = 0.1
_NSENTER: Final = shutil.which("nsenter") or ""
_SYSTEMD: Final = ("/lib/systemd/systemd", "/usr/lib/systemd/systemd")
_UNITS: Final = (
    "-.slice",
    "basic.target",
    "multi-user.target",
    "network-online.target",
    "shutdown.target",
    "sockets.target",
    "sysinit.target",
    "system.slice",
    "systemd-journald.service",
    "systemd-journald.socket",
    "time-sync.target",
)
"""Units of the machine that are taken over. Its others would change it: mounts, networks, temporary files."""
_START: Final = """\
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/machine/units /run/machine/generators /run/lock
mount --bind "$1/units" /etc/systemd/system
mount --bind "$1/state" /var/lib
mount --bind "$1/home" /home
for each in passwd group; do mount --bind "$1/$each" "/etc/$each"; done
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# As systemd makes it outside of containers: credentials are mounted by a child.
mount --make-rshared /
cp "$1"/base/* /run/machine/units/
export SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/machine/units SYSTEMD_GENERATOR_PATH=/run/machine/generators
export container=machine
exec "$2" --system --unit=machine.target --log-target=console --show-status=no
"""
_TARGET: Final = """\
[Unit]
Description=Private machine
Requires=systemd-journald.service
After=systemd-journald.service
"""


class UnavailableError(Exception):
    """This machine cannot start a private systemd. The message has the reason."""


class Machine:
    """A running private systemd. A context manager."""

    def __init__(self) -> None:
        """Raises UnavailableError."""
        if sys.platform != "linux":
            raise UnavailableError("systemd is of Linux")
        if os.geteuid() != 0:
            raise UnavailableError("only root can start a systemd of its own")
        programs = ("unshare", "nsenter", "systemctl", "journalctl")
        if missing := [each for each in programs if shutil.which(each) is None]:
            raise UnavailableError(f"{', '.join(missing)}: not installed")
        program = next((each for each in _SYSTEMD if Path(each).exists()), None)
        if program is None:
            raise UnavailableError("systemd is not installed")
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="machine", dir="/var/tmp"))
        self._folder.chmod(0o755)
        self.state = self._folder / "state"
        """The machine's /var/lib, seen from outside."""
        self.units = self._folder / "units"
        """The machine's /etc/systemd/system, seen from outside."""
        self.home = self._folder / "home"
        """The machine's /home, seen from outside."""
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0

    def __enter__(self) -> Self:
        for folder in (self.state, self.units, self.home, self._folder / "base"):
            folder.mkdir()
        self._lay_out()
        words = [
            "unshare",
            "--pid",
            "--mount",
            "--uts",
            "--ipc",
            "--cgroup",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]
        self.log = (self._folder / "log").open("w+b")
        self._process = subprocess.Popen(
            [*words, "sh", "-c", _START, "sh", str(self._folder), self._program],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        try:
            self._init = self._await(self._find_init, "its first process")
            self._await(
                lambda: self.run("systemctl", "is-system-running").stdout.strip() == "running", "its start"
            )
        except UnavailableError:
            self.__exit__(None, None, None)
            raise
        return self

    def _lay_out(self) -> None:
        for name in _UNITS:
            for folder in ("/lib/systemd/system", "/usr/lib/systemd/system"):
                if (found := Path(folder) / name).exists():
                    shutil.copy(found, self._folder / "base" / name)
                    break
        (self._folder / "base/machine.target").write_text(_TARGET)
        line = f"{SERVICE_USER}:x:{SERVICE_UID}:{SERVICE_UID}::/var/lib:/bin/sh\n"
        (self._folder / "passwd").write_text(Path("/etc/passwd").read_text() + line)
        (self._folder / "group").write_text(
            Path("/etc/group").read_text() + f"{SERVICE_USER}:x:{SERVICE_UID}:\n"
        )

    def _find_init(self) -> int:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        return 0

    def _await(self, found: Callable[[], int | bool], what: str) -> int:
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            with suppress(OSError):
                if value := found():
                    return value
            time.sleep(_LOOK_S)
        self.log.seek(0)
        said = self.log.read().decode(errors="replace").strip().splitlines()[-5:]
        raise UnavailableError(f"a private systemd did not come to {what}: {' | '.join(said) or 'no words'}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._init:
            # The kernel ends every process of the namespace with its first.
            with suppress(ProcessLookupError):
                os.kill(self._init, signal.SIGKILL)
        if self._process is not None:
            if not self._init:
                self._process.kill()
            self._process.wait()
        self.log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as root."""
        return subprocess.run(
            [
                _NSENTER,
                "--target",
                str(self._init),
                "--mount",
                "--pid",
                "--uts",
                "--ipc",
                "--cgroup",
                *words,
            ],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S * 2,
        )

    def outside_pid(self, inside: int) -> int:
        """Return the number by which this process knows a process of the machine."""
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):
                text = status.read_text()
                numbers = text.partition("NSpid:")[2].partition("\n")[0].split()
                if numbers[1:] == [str(inside)] and self._is_inside(status.parent):
                    return int(numbers[0])
        raise AssertionError(f"the machine has no process {inside}")

    def _is_inside(self, process: Path) -> bool:
        return os.readlink(process / "ns/pid") == os.readlink(f"/proc/{self._init}/ns/pid")


def eventually(reached: Callable[[], object], what: Callable[[], str], within: float = TIMEOUT_S) -> None:
    """Wait until the condition holds; AssertionError with `what` after the time."""
    end = time.monotonic() + within
    while not reached():
        assert time.monotonic() < end, what()
        time.sleep(_LOOK_S)


def interpreter() -> str:
    """Return a Python of this version that every user may run. Raises UnavailableError."""
    candidates: Sequence[str] = (
        os.path.realpath(sys.executable),
        f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}",
        f"/usr/local/bin/python{sys.version_info.major}.{sys.version_info.minor}",
    )
    for each in candidates:
        done = None
        with suppress(OSError):
            done = subprocess.run(
                [each, "-c", ""], user=SERVICE_UID, extra_groups=[], cwd="/", capture_output=True
            )
        if done is not None and done.returncode == 0:
            return each
    raise UnavailableError(f"no Python of this version that every user may run: {', '.join(candidates)}")
