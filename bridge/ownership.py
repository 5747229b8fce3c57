"""Owner of new files and folders: root's commands work beside a service that runs as another user.

What root makes beside the journal belongs to the owner of the journal, or of the folder where there is no journal
yet; else the service could not open it afterwards. SQLite does so by itself with its -wal and -shm files.
"""

import os
import stat
import sys
from pathlib import Path


def give(descriptor: int, like: Path) -> None:
    """Give an open file or folder to the owner and group of `like`, where root runs this. Raises OSError.

    The descriptor is given and no path: in a folder of another user a path may lead to any file by then. A file
    that has a second name is left alone, since that user may have made it a name of any file.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    found, wanted = os.fstat(descriptor), like.stat()
    if (found.st_uid, found.st_gid) == (wanted.st_uid, wanted.st_gid):
        return
    if stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1):
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)


def make_private(path: Path, like: Path) -> None:
    """Make a new, empty file that its owner alone may read and write, of the owner of `like` where root runs this.

    Raises FileExistsError where there is something at the path, and OSError.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        give(descriptor, like)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder and those that are missing above it; each has the owner of the one above. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    if sys.platform != "win32":
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            give(descriptor, path.parent)
        finally:
            os.close(descriptor)
