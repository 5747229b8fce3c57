"""Settings for faults of the sandbox Director. `faults` implements them."""

from enum import StrEnum
from typing import Annotated

import msgspec


class Fault(StrEnum):
    """Kind of faulty answer."""

    NONE = "none"
    STATUS = "status"
    """Answer with `status`, and with `retry_after` if it is set."""
    DROP = "drop"
    """Reset the connection without an answer."""
    DRIP = "drip"
    """Correct answer, one byte every `drip_s` seconds."""
    TRUNCATED = "truncated"
    """Half of the correct answer, then close the connection."""
    ENDLESS = "endless"
    """Bytes until the client disconnects."""
    GZIP_BOMB = "gzip_bomb"
    """Small compressed body that decompresses to 200 MB."""
    REDIRECT = "redirect"
    HTML = "html"
    """Web page with status 200."""
    OTHER_JSON = "other_json"
    """`body` with status 200: JSON of another shape."""

    @property
    def acts(self) -> bool:
        """True if the request is carried out in spite of the fault. `act_first` does so for every fault."""
        return self in (Fault.NONE, Fault.DRIP, Fault.TRUNCATED)


class Endpoint(StrEnum):
    """Endpoints of the contract. The sandbox's own endpoints have no faults."""

    POLL = "poll"
    POST = "post"


_Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Behaviour of one endpoint. The defaults have no fault."""

    fault: Fault = Fault.NONE
    delay_s: _Seconds = 0.0
    """Delay before anything else, in seconds."""
    requests: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Number of requests, after which the fault ends. None: until it is changed."""
    act_first: bool = False
    """Carry out the request, and make only the answer faulty: an event is taken, and its sender gets no receipt."""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    retry_after: str | None = None
    """Text of the header, unchanged: seconds, a date, or an invalid value."""
    drip_s: _Seconds = 1.0
    body: str = '["JSON", "of another shape"]'


GOOD = Behaviour()


class Behaviours:
    """Present behaviour of each endpoint, and its remaining number of requests."""

    def __init__(self) -> None:
        self._current = dict.fromkeys(Endpoint, GOOD)
        self._left: dict[Endpoint, int | None] = dict.fromkeys(Endpoint)

    def set(self, behaviour: Behaviour, *endpoints: Endpoint) -> None:
        """Set the behaviour of these endpoints (none given: both), and replace their previous one."""
        for endpoint in endpoints or Endpoint:
            self._current[endpoint] = behaviour
            self._left[endpoint] = behaviour.requests

    def get(self, endpoint: Endpoint) -> Behaviour:
        """Return the endpoint's present behaviour."""
        return self._current[endpoint]

    def take(self, endpoint: Endpoint) -> Behaviour:
        """Return the behaviour for one request, and count the request."""
        behaviour = self._current[endpoint]
        left = self._left[endpoint]
        if left is not None:
            self._left[endpoint] = left - 1
            if left <= 1:
                self.set(GOOD, endpoint)
        return behaviour
