"""Errors of accept: what concerns the one connection that was to be accepted, and what concerns all of them."""

import errno
from typing import Final

_WSAENOTCONN: Final = 10057
_WSAEMFILE: Final = 10024
_WSAENOBUFS: Final = 10055
_GONE: Final = frozenset({errno.ENOTCONN, errno.EPROTO, errno.EPERM, _WSAENOTCONN})
"""EPERM: a firewall forbids that connection."""
_SCARCE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, _WSAEMFILE, _WSAENOBUFS})


def is_of_one_connection(error: OSError) -> bool:
    """Return True where the next one may be accepted at once: the peer of this one has gone, or none waits."""
    passing = isinstance(error, (BlockingIOError, InterruptedError, ConnectionError))
    return passing or error.errno in _GONE


def is_scarcity(error: OSError) -> bool:
    """Return True where this process has no descriptor or memory for one more connection."""
    return error.errno in _SCARCE
