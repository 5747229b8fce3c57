"""How the terminal stands: account, connection, permissions. The heartbeat's content."""

from decimal import Decimal

import msgspec

from bridge.core.link.messages import AccountIdentity
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.mt5.types import AccountInfo
from bridge.simulator.terminal.inputs import Inputs


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the terminal. Money is in account currency."""

    account: AccountIdentity | None
    """Who is logged in; None before the first login."""
    connected: bool
    forbidden_by: str
    """The permission that is missing and the setting to change; empty while trading is allowed."""
    server_ms: int
    balance: Decimal
    equity: Decimal
    margin: Decimal


def look(broker: BrokerApi, inputs: Inputs) -> Standing:
    """How the terminal stands now. Raises BrokerTimeout and BrokerGone."""
    # Without a connection the account may not trade either: its permissions count only between two looks that
    # both see the broker, or a network's blip would tell a person to change a password.
    before = broker.connected()
    account = broker.account()
    return Standing(
        account=identity(account),
        connected=broker.connected() and before,
        forbidden_by=missing_permission(account, inputs),
        server_ms=broker.server_time(),
        balance=account.balance,
        equity=account.equity,
        margin=account.margin,
    )


def identity(account: AccountInfo) -> AccountIdentity | None:
    """What the sidecar pins an officer to. None while nobody is logged in."""
    if account.login == 0:
        return None
    return AccountIdentity(
        login=account.login,
        server=account.server,
        margin_mode=MarginMode[account.margin_mode.name],
        trade_mode=TradeMode[account.trade_mode.name],
        currency=account.currency,
    )


def missing_permission(account: AccountInfo, inputs: Inputs) -> str:
    """Which of the permissions is missing, with the setting to change; empty where none is."""
    if not inputs.algo_trading:
        return (
            "Algo Trading is off in the terminal. Switch on its 'Algo Trading' input (the toolbar's button)."
        )
    if not account.trade_allowed:
        return "The account may not trade (ACCOUNT_TRADE_ALLOWED). Log in with the master password."
    if not account.trade_expert:
        return "The server forbids Expert Advisors (ACCOUNT_TRADE_EXPERT). Ask the broker to allow them."
    return ""
