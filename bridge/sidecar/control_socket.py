"""Control socket: the bound port of the control endpoint, and the control file that names it.

Both are there before the sidecar does anything else: a sidecar that `halt` cannot reach must not trade.
"""

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from bridge.address import listen
from bridge.core.director.contract import utc_text
from bridge.sidecar import control_file
from bridge.sidecar.control_file import HOST, ControlFile

WAITING: Final = 64
"""Most connections that wait to be accepted. A longer queue would only make each wait longer in it."""
REMEDY: Final = "set another [control] port, or 0 for any free one"


class ControlSocket:
    """Listening port on loopback, named by the control file beside the journal."""

    def __init__(self, journal: Path, port: int, *, now: datetime) -> None:
        """Bind, and write the file; port 0 is any free one. Raises EndpointError, ControlFileError."""
        self.socket = listen("the control address", HOST, port, backlog=WAITING, remedy=REMEDY)
        self.port: int = self.socket.getsockname()[1]
        self.path = control_file.control_path(journal)
        self.file = ControlFile(
            port=self.port, secret=secrets.token_hex(32), pid=os.getpid(), started_at=utc_text(now)
        )
        try:
            control_file.write(self.path, self.file)
        except BaseException:
            self.socket.close()
            raise

    def close(self) -> None:
        """Remove the file, and unbind."""
        control_file.remove(self.path, self.file)
        self.socket.close()
