"""What the sandbox Director can be told to do wrong. How it does it is in `mischief`."""

from enum import StrEnum
from typing import Annotated

import msgspec


class Fault(StrEnum):
    """One way to spoil an answer."""

    NONE = "none"
    STATUS = "status"
    """Answer with `status`, and `retry_after` where given."""
    DROP = "drop"
    """Cut the connection without a word."""
    DRIP = "drip"
    """The right answer, one byte every `drip_s` seconds."""
    TRUNCATED = "truncated"
    """Half of the right answer, then cut the connection."""
    ENDLESS = "endless"
    """Bytes until the client leaves."""
    GZIP_BOMB = "gzip_bomb"
    """A small compressed body that unpacks to 200 MB."""
    REDIRECT = "redirect"
    HTML = "html"
    """A web page with status 200."""
    OTHER_JSON = "other_json"
    """`body` with status 200: JSON of another shape."""

    @property
    def acts(self) -> bool:
        """Whether what was asked is done although the answer is bad. `act_first` makes every fault do it."""
        return self in (Fault.NONE, Fault.DRIP, Fault.TRUNCATED)


class Endpoint(StrEnum):
    """The contract's two. The sandbox's own endpoints always behave."""

    POLL = "poll"
    POST = "post"


_Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one endpoint answers. The defaults are good behaviour."""

    fault: Fault = Fault.NONE
    delay_s: _Seconds = 0.0
    """Seconds before anything else happens."""
    requests: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """For so many requests, then it is good again. None: until told otherwise."""
    act_first: bool = False
    """Do what was asked and spoil the answer alone: an event is taken, and its sender does not learn of it."""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    retry_after: str | None = None
    """The header's text as it is: seconds, a date, or nonsense."""
    drip_s: _Seconds = 1.0
    body: str = '["JSON", "of another shape"]'


GOOD = Behaviour()


class Behaviours:
    """What each endpoint is told to do, and for how many requests more."""

    def __init__(self) -> None:
        self._current = dict.fromkeys(Endpoint, GOOD)
        self._left: dict[Endpoint, int | None] = dict.fromkeys(Endpoint)

    def set(self, behaviour: Behaviour, *endpoints: Endpoint) -> None:
        """Tell these endpoints (none named: both) what to do from now on; what they were told before is over."""
        for endpoint in endpoints or Endpoint:
            self._current[endpoint] = behaviour
            self._left[endpoint] = behaviour.requests

    def get(self, endpoint: Endpoint) -> Behaviour:
        """What the endpoint is told to do now."""
        return self._current[endpoint]

    def take(self, endpoint: Endpoint) -> Behaviour:
        """How to answer this request. Counts it."""
        behaviour = self._current[endpoint]
        left = self._left[endpoint]
        if left is not None:
            self._left[endpoint] = left - 1
            if left <= 1:
                self.set(GOOD, endpoint)
        return behaviour
