"""Errors of accept, with the numbers of this platform and of Windows sockets."""

import errno

import pytest

from bridge import accept_errors

WSA = {"WSAEMFILE": 10024, "WSAENOTCONN": 10057, "WSAENOBUFS": 10055, "WSAEINVAL": 10022}


@pytest.mark.parametrize(
    ("error", "of_one", "scarcity"),
    [
        pytest.param(BlockingIOError(errno.EAGAIN, ""), True, False, id="none waits"),
        pytest.param(ConnectionAbortedError(errno.ECONNABORTED, ""), True, False, id="aborted"),
        pytest.param(ConnectionResetError(errno.ECONNRESET, ""), True, False, id="reset"),
        pytest.param(OSError(errno.ENOTCONN, ""), True, False, id="not connected"),
        pytest.param(OSError(errno.EPERM, ""), True, False, id="firewall"),
        pytest.param(OSError(WSA["WSAENOTCONN"], ""), True, False, id="WSAENOTCONN"),
        pytest.param(OSError(errno.EMFILE, ""), False, True, id="no descriptor"),
        pytest.param(OSError(WSA["WSAEMFILE"], ""), False, True, id="WSAEMFILE"),
        pytest.param(OSError(WSA["WSAENOBUFS"], ""), False, True, id="WSAENOBUFS"),
        pytest.param(OSError(WSA["WSAEINVAL"], ""), False, False, id="WSAEINVAL"),
        pytest.param(OSError(errno.EBADF, ""), False, False, id="closed"),
    ],
)
def test_error_concerns_one_connection_or_all(error: OSError, of_one: bool, scarcity: bool) -> None:
    assert accept_errors.is_of_one_connection(error) is of_one
    assert accept_errors.is_scarcity(error) is scarcity
