"""Requests of the doctor to the Director: a poll for each officer, as the sidecar polls, and a TLS handshake."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from bridge.cli.doctor.observed import Certificate, Poll
from bridge.clock import SystemClock
from bridge.core.director.listing import BatchError
from bridge.core.director.poll import read_batch
from bridge.core.director.responses import Failed, FailureKind
from bridge.core.settings import DirectorSettings
from bridge.director import DirectorClient, DirectorLimits
from bridge.keys import ApiKey

_HANDSHAKE_S: Final = 5.0
_HTTPS_PORT: Final = 443
_OF_THE_OFFICER: Final = (FailureKind.REFUSED, FailureKind.MALFORMED)
"""Failures after which another officer's poll may work."""


def poll_all(director: DirectorSettings, officers: Sequence[str], key: ApiKey) -> list[Poll]:
    """Poll for each officer; after a failure that is not about the officer alone, for no further one."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_poll_all(director, officers, key))


async def _poll_all(director: DirectorSettings, officers: Sequence[str], key: ApiKey) -> list[Poll]:
    limits = DirectorLimits(
        max_response_bytes=director.max_response_bytes,
        total_timeout_s=director.timeout_s,
        connect_timeout_s=min(director.timeout_s, _HANDSHAKE_S),
    )
    polls: list[Poll] = []
    async with DirectorClient(director.url, key.reveal(), clock=SystemClock(), limits=limits) as client:
        for officer in officers:
            polls.append(await _poll(client, officer))
            failed = polls[-1].failed
            if failed is not None and failed.kind not in _OF_THE_OFFICER:
                break
    return polls


async def _poll(client: DirectorClient, officer: str) -> Poll:
    clock = SystemClock()
    begun = clock.monotonic()
    answer = await client.poll(officer)
    took_s = clock.monotonic() - begun
    if isinstance(answer, Failed):
        return Poll(officer=officer, failed=answer, took_s=took_s)
    ahead_s = None if answer.date is None else (clock.now() - answer.date).total_seconds()
    try:
        listed = len(read_batch(answer.body))
    except BatchError as error:
        return Poll(officer=officer, malformed=str(error), took_s=took_s, ahead_s=ahead_s)
    return Poll(officer=officer, listed=listed, took_s=took_s, ahead_s=ahead_s)


def certificate(url: str) -> Certificate | None:
    """Return the certificate of an https address, checked as for the sidecar's requests; None for plain http."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection(
                (parts.hostname, parts.port or _HTTPS_PORT), timeout=_HANDSHAKE_S
            ) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
        ):
            expires = (secured.getpeercert() or {}).get("notAfter")
    except ssl.SSLCertVerificationError as error:
        return Certificate(problem=f"it is not valid: {error.verify_message}")
    except ssl.SSLError as error:
        return Certificate(problem=f"the TLS handshake failed: {error.reason or error}")
    except OSError as error:
        return Certificate(unreachable=error.strerror or str(error) or type(error).__name__)
    if not isinstance(expires, str):
        return Certificate(problem="it names no end of its validity")
    return Certificate(expires=datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC))
