"""A test bench: directives are issued, and the events that the Director received are awaited."""

from decimal import Decimal
from pathlib import Path
from typing import Final

from bridge.core.director.contract import EventType
from tests.rig.deadline import Deadline
from tests.rig.director import Event
from tests.rig.starting import Starter
from tests.rig.world import OFFICER, World

OPENED: Final = (
    EventType.DIRECTIVE_RECEIVED,
    EventType.ORDER_PLACED,
    EventType.ORDER_FILLED,
    EventType.POSITION_OPENED,
)
"""Events of an opening directive that succeeded."""
CLOSED: Final = (
    EventType.DIRECTIVE_RECEIVED,
    EventType.ORDER_PLACED,
    EventType.ORDER_FILLED,
    EventType.POSITION_CLOSED,
)
"""Events of a closing directive that closed one position."""
REFUSED: Final = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_REJECTED)
"""Events of a directive that was refused."""


class Rig(World):
    """A world whose Director issues directives."""

    def __init__(self, folder: Path, starter: Starter) -> None:
        super().__init__(folder, starter)
        self.emitted_of: dict[str, list[str]] = {}
        """Event types of each directive that a test awaited."""

    def issue(self, action: str, *, officer: str = OFFICER, **fields: object) -> str:
        """Issue a directive for 0.01 EURUSD at the market, with other fields as given; return its id."""
        plain: dict[str, object] = {"symbol": "EURUSD", "order_type": "MARKET"}
        if action.startswith("OPEN"):
            plain["quantity"] = 0.01
        given = {**plain, "action": action, **fields}
        return self.director.issue(officer, {name: each for name, each in given.items() if each is not None})

    def open(self, action: str = "OPEN_LONG", *, officer: str = OFFICER, **fields: object) -> str:
        """Open a position, and wait until the Director has its events; return the directive's id."""
        directive_id = self.issue(action, officer=officer, **fields)
        self.emitted(directive_id, *OPENED)
        return directive_id

    def emitted(
        self,
        directive_id: str,
        *types: EventType,
        in_any_order: bool = False,
        within: Deadline | None = None,
    ) -> list[Event]:
        """Wait until the Director has exactly these events of the directive, in this order; return them."""
        events = [
            event
            for event in self.director.wait(
                f"waited for {', '.join(types)} of {directive_id}",
                lambda events: sum(each.directive_id == directive_id for each in events) >= len(types),
                within,
            )
            if event.directive_id == directive_id
        ]
        here = [event.type for event in events]
        same = sorted(here) == sorted(types) if in_any_order else here == list(types)
        assert same, [(event.type, event.code) for event in events]
        self.emitted_of[directive_id] = here
        return events

    def emitted_besides(
        self, type_: EventType, code: str | None = None, *, within: Deadline | None = None
    ) -> Event:
        """Wait for an event that belongs to no directive; return it."""

        def fits(event: Event) -> bool:
            return event.directive_id is None and event.type == type_ and code in (None, event.code)

        events = self.director.wait(
            f"waited for {type_} ({code}) without a directive", lambda them: any(map(fits, them)), within
        )
        return next(filter(fits, events))

    def quote(self, bid: str, *, symbol: str = "EURUSD", officer: str = OFFICER) -> None:
        """Quote this bid, and an ask 10 points above it."""
        price = Decimal(bid)
        point = Decimal(1).scaleb(int(price.as_tuple().exponent))
        self.brokers[officer].set_quote(symbol, price, price + 10 * point)
