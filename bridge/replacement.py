"""Replacement of a file by a finished one, which Windows refuses while another program has either open."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

TRIES: Final = 20
PAUSE_S: Final = 0.05
WINDOWS: Final = sys.platform == "win32"


def replace(
    finished: Path,
    target: Path,
    *,
    windows: bool = WINDOWS,
    rename: Callable[[Path, Path], object] = os.replace,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Give a finished file the name of the target, which is replaced as a whole. Raises OSError.

    On Windows a virus scanner, an indexer or a reader may have one of them open for a moment: it is tried again for
    a second. Elsewhere a refusal lasts.
    """
    for tries_left in range(TRIES if windows else 1, 0, -1):
        try:
            rename(finished, target)
            return
        except PermissionError:
            if tries_left == 1:
                raise
            pause(PAUSE_S)
