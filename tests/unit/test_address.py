"""Messages about addresses that cannot be bound: the same words on every platform."""

import errno
import socket

import pytest

from bridge.address import EndpointError, explain, listen

REMEDY = "set another [control] port"


class WindowsError(OSError):
    """An OSError as Windows raises it: its own number beside the C library's."""

    def __init__(self, number: int, winerror: int) -> None:
        super().__init__(number, "Unknown error")
        self.winerror = winerror


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EADDRINUSE, "Address already in use"),
        OSError(10048, "Only one usage of each socket address is normally permitted"),
        OSError(10048, "Unknown error"),
        WindowsError(errno.EADDRINUSE, 10048),
        WindowsError(100, 10048),
    ],
    ids=["posix", "windows", "unknown text", "both numbers", "Windows' number alone"],
)
def test_address_in_use_is_said_with_value_and_remedy(error: OSError) -> None:
    assert explain("the control address", "127.0.0.1:80", error, REMEDY) == (
        "the control address 127.0.0.1:80 is in use; stop what listens there, or set another [control] port"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EACCES, "Permission denied"), "this user may not listen there"),
        (OSError(10013, "Unknown error"), "Windows has reserved the port"),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign"), "this machine has no such address"),
        (OSError(10049, "Unknown error"), "this machine has no such address"),
        (OSError(errno.ENOBUFS, "No buffer space available"), "No buffer space available"),
        (OSError(10055, None), "(error 10055)"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
    ],
)
def test_address_that_cannot_be_bound_is_said_with_reason_and_remedy(error: OSError, reason: str) -> None:
    text = explain("the link address", "127.0.0.1:80", error, REMEDY)
    assert text.startswith("the link address 127.0.0.1:80 cannot be bound: ")
    assert reason in text
    assert text.endswith(f"; {REMEDY}")


def test_taken_port_is_refused() -> None:
    with listen("it", "127.0.0.1", 0, backlog=1, remedy=REMEDY) as first:
        port = first.getsockname()[1]
        with pytest.raises(EndpointError, match=rf"it 127\.0\.0\.1:{port} is in use"):
            listen("it", "127.0.0.1", port, backlog=1, remedy=REMEDY)


def test_unknown_host_is_refused() -> None:
    with pytest.raises(EndpointError, match="cannot be bound"):
        listen("it", "host.invalid.", 0, backlog=1, remedy=REMEDY)
