"""Interface of the simulated broker, third part: operations of the broker itself.

The trade server and the broker's staff change an account without any request of a terminal: a position is closed
and reopened for its swap, a volume is corrected, a symbol, a server or a login gets another name, records appear
late or vanish, money is booked. `docs/simulated-broker.md` has an example of each.
"""

from decimal import Decimal
from typing import Protocol

from bridge.core.units.decimals import ZERO
from bridge.simulator.mt5.types import DealReason, DealType, PositionType


class BrokerOperations(Protocol):
    """Operations of the broker itself. Each raises ControlError where it is refused, and changes nothing then."""

    def reopen_position(
        self,
        position: int,
        price: Decimal = ZERO,
        reopen_price: Decimal = ZERO,
        reopen_volume: Decimal = ZERO,
        reason: DealReason = DealReason.ROLLOVER,
        new_ticket: bool = True,
        keep_magic: bool = True,
        orders: bool = False,
        gap_ms: int = 0,
    ) -> int:
        """Close a position and reopen it under its identifier, as where swaps are charged by reopening, and return
        its ticket afterwards.

        An OUT deal at `price` books profit and swap, an IN deal of `reopen_volume` at `reopen_price` follows; 0 is
        the market's price, the position's volume, and the price of the OUT deal. `reason` is that of both deals.
        The position gets a new ticket, or keeps its own. Without `keep_magic` deals and position have magic 0. With
        `orders` each deal has an order (reason CLIENT) of its own, else DEAL_ORDER is 0. With `gap_ms` the IN deal
        follows so many milliseconds later: until then there is no position, the market of its symbol is closed, and
        0 is returned."""
        ...

    def correct_position(
        self,
        position: int,
        volume: Decimal | None = None,
        price_open: Decimal | None = None,
        sl: Decimal | None = None,
        tp: Decimal | None = None,
        type: PositionType | None = None,
    ) -> None:
        """Change a position without a deal, as after a split or a correction by a dealer: only a POSITION
        transaction is sent. None keeps a value. Volume 0 removes the position."""
        ...

    def split_symbol(self, symbol: str, ratio: Decimal, deals: bool = False) -> None:
        """Split a symbol into `ratio` new units for an old one; below 1 units are merged. Volumes are multiplied,
        quotes, open prices and levels divided, and pending orders cancelled. With `deals` each position is
        reopened with reason SPLIT, else it changes without a deal."""
        ...

    def rename_symbol(self, symbol: str, new_name: str, history: bool = False) -> None:
        """Give a symbol another name. Positions, live orders and quotes have the new name at once, records in
        history only with `history`; the old name is unknown from then on."""
        ...

    def set_account(
        self,
        login: int | None = None,
        server: str | None = None,
        name: str | None = None,
        company: str | None = None,
        trade_allowed: bool | None = None,
        trade_expert: bool | None = None,
    ) -> None:
        """Change properties of the account while it is in use: a renamed trade server, another login with the same
        positions and history, a permission that is withdrawn or granted. None keeps a value."""
        ...

    def shift_clock(self, milliseconds: int) -> None:
        """Set the broker's clock ahead, or back with a negative number, from its present server time. Scripted
        quotes and scheduled calls come when they would have come; a midnight counts once."""
        ...

    def hide_deal(self, deal: int, milliseconds: int | None = None) -> None:
        """Take a deal out of history, for a time in milliseconds of server time or until `show_deal`. Its money
        stays booked, and no transaction is sent."""
        ...

    def show_deal(self, deal: int) -> None:
        """Show a hidden deal in history again."""
        ...

    def hide_order(self, order: int, milliseconds: int | None = None) -> None:
        """Take a done order out of history, as `hide_deal` does with a deal."""
        ...

    def show_order(self, order: int) -> None:
        """Show a hidden order in history again."""
        ...

    def delete_deal(self, deal: int, refund: bool = False) -> None:
        """Delete a deal for good (DEAL_DELETE). The position stays as it is. With `refund` its money is taken back,
        else the balance stays."""
        ...

    def delay_history(self, deals: int = 0, orders: int = 0) -> None:
        """Let history show each deal, and each done order, so many milliseconds of server time after it was made,
        from now on; 0 for at once. Transactions are sent at once all the same."""
        ...

    def book_deal(
        self,
        type: DealType,
        profit: Decimal = ZERO,
        commission: Decimal = ZERO,
        swap: Decimal = ZERO,
        fee: Decimal = ZERO,
        position: int = 0,
        symbol: str = "",
        reason: DealReason = DealReason.CLIENT,
        magic: int = 0,
        comment: str = "",
    ) -> int:
        """Book money as a deal of its own, of any type but BUY and SELL, and return its ticket. A cost is negative.
        MetaTrader has the amount of such a deal in its profit. `position` is the identifier of an open or closed
        position that the deal names; its symbol is named then, unless another is given. The deal has no order."""
        ...
