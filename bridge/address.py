"""Listening addresses: bound for this process alone, and refused with address, reason and remedy."""

import errno
import os
import socket
from typing import Final

# Windows' own numbers, which its C library does not know.
_WSAEACCES: Final = 10013
_WSAEADDRINUSE: Final = 10048
_WSAEADDRNOTAVAIL: Final = 10049
_IN_USE: Final = frozenset({errno.EADDRINUSE, _WSAEADDRINUSE})
_REASONS: Final = {
    errno.EACCES: "this user may not listen there",
    _WSAEACCES: "another program has it to itself, or Windows has reserved the port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    _WSAEADDRNOTAVAIL: "this machine has no such address",
}


class EndpointError(Exception):
    """An address cannot be bound. The message has the address, the reason and the remedy."""


def listen(name: str, host: str, port: int, *, backlog: int, remedy: str) -> socket.socket:
    """Bind a socket that listens; port 0 is any free one. Raises EndpointError.

    `name` and `remedy` are for the message, as in 'the control address' and 'set another [control] port'.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
        try:
            # On Windows another program could take the same port; elsewhere an old connection would keep it.
            exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
            made.bind(address)
            made.listen(backlog)
        except BaseException:
            made.close()
            raise
    except OSError as error:
        raise EndpointError(explain(name, f"{host}:{port}", error, remedy)) from error
    return made


def explain(name: str, address: str, error: OSError, remedy: str) -> str:
    """Return the message for an address that cannot be bound, on every platform in the same words."""
    numbers = (error.errno, getattr(error, "winerror", None))
    if _IN_USE.intersection(numbers):
        return f"{name} {address} is in use; stop what listens there, or {remedy}"
    for number in numbers:
        if number in _REASONS:
            return f"{name} {address} cannot be bound: {_REASONS[number]}; {remedy}"
    words = error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    return f"{name} {address} cannot be bound: {words} (error {error.errno}); {remedy}"
