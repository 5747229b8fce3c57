"""The program in a pseudo terminal, as a person who reads its questions and types. POSIX alone."""

import os
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.acceptance.commands import environment
from tests.rig.deadline import Deadline

if sys.platform != "win32":
    import fcntl
    import pty
    import termios


class PseudoTerminal:
    """A command whose standard streams are a terminal of 80 columns and 24 lines."""

    def __init__(self, arguments: Sequence[str], cwd: Path, **variables: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        # Not COLUMNS of the tests: the size is the terminal's.
        given = environment(TERM="xterm-256color", **variables)
        given.pop("COLUMNS", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *arguments],
            cwd=cwd,
            env=given,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            # Its own session, whose terminal this is: so that Ctrl-C reaches it.
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        self._seen = 0
        self.output = ""

    def expect(self, text: str) -> str:
        """Wait until the text is shown, after what was waited for before. Return what was shown up to its end."""
        deadline = Deadline()
        while (at := self.output.find(text, self._seen)) < 0:
            assert self._read(deadline), f"no {text!r} in {self.output[self._seen :]!r}"
        shown = self.output[self._seen : at + len(text)]
        self._seen = at + len(text)
        return shown

    def type(self, text: str) -> None:
        """Type a text, without waiting."""
        os.write(self._master, text.encode())

    def interrupt(self) -> int:
        """Press Ctrl-C until the command ends; return its exit status.

        Python loses one that comes in the moment before it waits for a key: a person presses it again.
        """
        deadline, ended = Deadline(), False
        while not ended:
            assert not deadline.over, f"it goes on after Ctrl-C: {self.output!r}"
            with suppress(OSError):
                self.type("\x03")
            pause = Deadline(1)
            while self._read(pause):
                pass
            ended = self._process.poll() is not None
        return self._process.wait()

    def exited(self) -> int:
        """Wait for the end of the command; return its exit status."""
        deadline = Deadline()
        while self._read(deadline):
            pass
        return self._process.wait(timeout=max(deadline.left, 1))

    def close(self) -> None:
        """End the command where it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    def _read(self, deadline: Deadline) -> bool:
        """Read what is shown next; False at its end, or where the time is over."""
        readable, _, _ = select.select([self._master], [], [], deadline.left)
        if not readable:
            return False
        content = b""
        # Linux reports the end of a pseudo terminal as an error.
        with suppress(OSError):
            content = os.read(self._master, 65_536)
        self.output += content.decode("utf-8", "replace")
        return bool(content)


def _take_terminal() -> None:
    # A test that runs in the background may have it ignored, and would pass that on.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
