"""Terms of account and symbols that a scenario sets: currency, digits, contract size, negative quotes."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Match, MoveMarket, Rule
from bridge.simulator.broker.scenario import AccountTerms, SymbolTerms
from bridge.simulator.broker.scenario_file import ScenarioError, parse_scenario
from bridge.simulator.mt5.types import DealReason, OrderType, Retcode
from tests.unit.simulator.broker.build import (
    START,
    broker,
    closing,
    opened,
    opening,
    placed,
    quoted,
    stops,
    waiting,
)

OIL = SymbolTerms(
    name="WTI",
    like="XAUUSD",
    bid=Decimal("1.00"),
    ask=Decimal("1.02"),
    negative_quotes=True,
    commission=Decimal(0),
)
FOREX = tuple(SymbolTerms(name=name, commission=Decimal(0)) for name in ("EURUSD", "USDJPY"))


def test_account_in_another_currency_converts_profit_and_margin() -> None:
    server = broker(*FOREX, account=AccountTerms(currency="EUR"))
    account = server.account()
    assert (account.currency, account.balance) == ("EUR", Decimal(10000))
    ticket = opened(server, opening("1.00"))
    assert server.account().margin == Decimal("1000.00")  # a hundredth of 100 000 euros
    quoted(server, "1.10000", "1.10010")
    server.order_send(closing(ticket, "1.00"))
    assert server.deals_by_position(ticket)[-1].profit == Decimal("445.41")  # 490 dollars at 1.10010


def test_money_is_converted_through_a_third_currency() -> None:
    server = broker(*FOREX, account=AccountTerms(currency="EUR"))
    ticket = opened(server, opening("1.00", symbol="USDJPY"))
    server.set_quote("USDJPY", Decimal("151.012"), Decimal("151.024"))
    server.order_send(closing(ticket, "1.00", symbol="USDJPY"))
    # 100 000 yen at 151.024, and those dollars at 1.09510.
    assert server.deals_by_position(ticket)[-1].profit == Decimal("604.64")


def test_money_has_the_digits_of_the_account_currency() -> None:
    server = broker(
        *(msgspec.structs.replace(terms, commission=Decimal(35)) for terms in FOREX),
        account=AccountTerms(currency="JPY", currency_digits=0, balance=Decimal(10**7)),
    )
    ticket = opened(server, opening("0.10"))
    (deal,) = server.deals_by_position(ticket)
    assert (str(deal.commission), server.account().currency_digits) == ("-4", 0)
    quoted(server, "1.09600")
    assert server.positions()[0].profit == Decimal(1350)  # 9.00 dollars at 150.000


def test_digits_and_contract_size_of_a_symbol_are_set() -> None:
    server = broker(SymbolTerms(name="EURUSD", digits=4, contract_size=Decimal(1000)))
    symbol, tick = server.symbol("EURUSD"), server.tick("EURUSD")
    assert symbol is not None
    assert tick is not None
    assert (symbol.digits, symbol.point, symbol.trade_tick_size) == (4, Decimal("0.0001"), Decimal("0.0001"))
    assert (tick.bid, tick.ask) == (Decimal("1.0950"), Decimal("1.0951"))
    assert server.order_send(opening(sl="1.09005")).retcode == Retcode.INVALID_STOPS
    ticket = opened(server, opening("1.00", sl="1.0900"))
    quoted(server, "1.0962", "1.0963")
    assert server.positions()[0].profit == Decimal("1.10")
    assert server.positions()[0].ticket == ticket


def test_market_below_zero_is_traded() -> None:
    server = broker(OIL, account=AccountTerms(balance=Decimal(100_000)))
    ticket = opened(server, opening("1.00", OrderType.SELL, symbol="WTI"))
    server.set_quote("WTI", Decimal("-37.65"), Decimal("-37.60"))
    assert server.positions()[0].profit == Decimal("3860.00")
    assert server.order_send(stops(ticket, sl="-30.00", tp="-40.00", symbol="WTI")).retcode == Retcode.DONE
    resting = placed(server, waiting(price="-39.00", symbol="WTI"))
    server.set_quote("WTI", Decimal("0.00"), Decimal("0.01"))
    assert server.deals_by_position(ticket)[-1].reason is DealReason.SL
    server.set_quote("WTI", Decimal("-39.50"), Decimal("-39.45"))
    assert [position.ticket for position in server.positions()] == [resting]
    server.reopen_position(resting, reopen_price=Decimal("-39.40"))
    assert server.positions()[0].price_open == Decimal("-39.40")


def test_negative_quote_of_another_symbol_is_refused() -> None:
    server = broker(OIL, SymbolTerms(name="EURUSD"))
    moved = MoveMarket(bid=Decimal(-2), ask=Decimal(-1))
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: server.set_quote("EURUSD", Decimal(-1), Decimal(1)), "set negative_quotes of the symbol"),
        (lambda: server.set_quote("WTI", Decimal(-1), Decimal(-2)), "the bid not above the ask"),
        (lambda: server.add_rule(Rule(effect=moved)), "rule: effect.bid -2"),
        (lambda: server.add_rule(Rule(effect=moved, match=Match(symbol="EURUSD"))), "rule: effect.bid -2"),
    ]
    for refused, message in refusals:
        with pytest.raises(ControlError, match=message):
            refused()
    assert server.order_send(opening(sl="-1")).retcode == Retcode.INVALID
    server.add_rule(Rule(effect=moved, match=Match(symbol="WTI")))
    assert server.order_send(opening(symbol="WTI")).retcode == Retcode.DONE


def test_symbol_without_a_rate_into_the_account_currency_is_refused() -> None:
    server = broker(*FOREX, account=AccountTerms(currency="EUR"))
    symbol = server.symbol("USDJPY")
    assert symbol is not None
    with pytest.raises(ControlError, match="currencies CHF and USD of USDJPY cannot be converted to EUR"):
        server.set_symbol(msgspec.structs.replace(symbol, currency_profit="CHF"))
    unquoted = Broker.start(
        parse_scenario(
            b'{"account": {"currency": "EUR"}, "symbols": [{"name": "EURUSD", "quoted": false},'
            b' {"name": "USDJPY"}]}'
        ),
        START,
    )
    assert unquoted.order_send(opening(symbol="USDJPY")).retcode == Retcode.PRICE_OFF
    assert unquoted.order_send(opening()).retcode == Retcode.PRICE_OFF


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"account": {"currency": "euro"}}', 'account.currency "euro" is not 3 to 12 capitals'),
        (
            '{"account": {"currency": "CHF"}}',
            'account.currency "CHF" cannot take the money of EURUSD; add symbols',
        ),
        ('{"account": {"currency_digits": 9}}', "account.currency_digits 9 is not from 0 to 8; write 2"),
        ('{"symbols": [{"name": "EURUSD", "digits": -1}]}', "symbols[0].digits -1 is not from 0 to 8"),
        (
            '{"symbols": [{"name": "EURUSD", "contract_size": 0}]}',
            'symbols[0].contract_size "0" is not above 0',
        ),
        (
            '{"symbols": [{"name": "EURUSD", "depth": 0}]}',
            'symbols[0].depth "0" is not above 0; write a size',
        ),
        (
            '{"symbols": [{"name": "EURUSD", "swap_mode": "YEN"}]}',
            'symbols[0].swap_mode "YEN" has no valid value',
        ),
        ('{"symbols": [{"name": "EURUSD", "bid": -1, "ask": 1}]}', "symbols[0].bid -1 with ask 1"),
        ('{"symbols": [{"name": "EURUSD"}],\n  "quotes": [}', "not JSON at line 2, column 14"),
        (
            '{"rules": [{"effect": {"type": "DROP_STOPS", "sl": false, "tp": false}}]}',
            "rules[0].effect.sl false with tp false loses nothing; write one as true",
        ),
    ],
)
def test_faulty_term_is_refused_with_place_value_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text.encode())
    assert message in str(caught.value)
