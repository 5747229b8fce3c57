"""Account, connection and permissions: the content of a heartbeat."""

from decimal import Decimal

import msgspec

from bridge.core.link.messages import AccountIdentity
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.mt5.types import AccountInfo


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The terminal's state at one moment. Money is in account currency."""

    account: AccountIdentity | None
    """The account that is logged in; None before the first login."""
    connected: bool
    forbidden_by: str
    """The permission that is missing and its remedy; empty while trading is allowed."""
    server_ms: int
    transaction: int
    """Number of the last trade transaction."""
    changes: int
    """Number of changes of the broker's records (`Glance.changes`)."""
    balance: Decimal
    equity: Decimal
    margin: Decimal


def look(broker: BrokerApi) -> Standing:
    """Return the terminal's state now. Raises BrokerTimeout and BrokerGone."""
    # Of one moment: without a connection the account may not trade either, and a short interruption between two
    # calls would have an operator change a password.
    seen = broker.glance()
    account = seen.account
    return Standing(
        account=identity(account),
        connected=seen.connected,
        forbidden_by=missing_permission(account),
        server_ms=seen.server_time,
        transaction=seen.transaction,
        changes=seen.changes,
        balance=account.balance,
        equity=account.equity,
        margin=account.margin,
    )


def identity(account: AccountInfo) -> AccountIdentity | None:
    """Return the identity that the sidecar pins an officer to; None while nobody is logged in."""
    if account.login == 0:
        return None
    return AccountIdentity(
        login=account.login,
        server=account.server,
        margin_mode=MarginMode[account.margin_mode.name],
        trade_mode=TradeMode[account.trade_mode.name],
        currency=account.currency,
    )


def missing_permission(account: AccountInfo) -> str:
    """Return the permission that is missing, with its remedy; empty where none is."""
    if not account.trade_allowed:
        return "The account may not trade (ACCOUNT_TRADE_ALLOWED). Log in with the master password."
    if not account.trade_expert:
        return "The server forbids Expert Advisors (ACCOUNT_TRADE_EXPERT). Ask the broker to allow them."
    return ""
