"""K: effect of each return code of the trade server on a command."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from bridge.core.director.contract import EventType
from bridge.core.trade.retcodes import RETCODES, Verdict, verdict
from bridge.simulator.broker.fault_rules import LoseAnswer, Match, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.types import Retcode
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import CANCELLED, PLACED, send_of
from tests.rig.rig import CLOSED, OPENED, REFUSED

UNHEARD_OF: Final = 10099
CODES: Final = (*RETCODES, UNHEARD_OF)
REFUSING: Final = tuple(code for code in CODES if verdict(code) is Verdict.REFUSED)
ENDING: Final = tuple(code for code in REFUSING if code != Retcode.MARKET_CLOSED)
"""Codes that end a close or a change. In a closed market it waits."""
OPEN: Final = tuple(code for code in CODES if verdict(code) is Verdict.OPEN)
ACCEPTING: Final = tuple(code for code in CODES if verdict(code) is Verdict.ACCEPTED)
LOST: Final = (EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR, EventType.SYSTEM_ERROR)
"""Events of an open outcome without evidence."""
TAKEN: Final = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED, EventType.SYSTEM_ERROR)
"""Events of an accepted order without evidence."""


SOON_LOST: Final = {"status_request_every_s": 0.2, "unknown_grace_s": 0.4}
"""Configuration of the link for commands that the broker did not execute: no evidence of them can be late."""
UNHURRIED: Final = {"command_deadline_s": 60.0}
"""On a busy machine no command may be late and be sent again: recordings compare the order of the requests."""


def answer(rig: ConformanceRig, kind: SendKind, codes: Sequence[int]) -> None:
    """Let the broker answer the next sends of that kind with these codes, one each, and do nothing."""
    for number, code in enumerate(codes, start=1):
        rig.broker.add_rule(Rule(effect=Reject(retcode=code), match=Match(kind=kind, nth=number)))


def is_refused(rig: ConformanceRig, directive_id: str, code: int) -> None:
    _, event = rig.emitted(directive_id, *REFUSED)
    assert event.code == str(code), event.body
    assert f"({code})" in event.body["error_message"]


def _opens(rig: ConformanceRig, kind: SendKind, **fields: Any) -> None:
    rig.configure(link=UNHURRIED | SOON_LOST)
    rig.start()
    answer(rig, kind, CODES)
    issued = [rig.issue("OPEN_LONG", **fields) for _ in CODES]
    for directive in issued:
        rig.emitted(directive, *_emitted_of(_code(rig, directive)))
        if verdict(_code(rig, directive)) is Verdict.REFUSED:
            is_refused(rig, directive, _code(rig, directive))
    assert sorted(_code(rig, directive) for directive in issued) == sorted(CODES)
    assert len(rig.broker.sends()) == len(CODES)


def _emitted_of(code: int) -> tuple[EventType, ...]:
    return {Verdict.REFUSED: REFUSED, Verdict.OPEN: LOST, Verdict.ACCEPTED: TAKEN}[verdict(code)]


def _code(rig: ConformanceRig, directive_id: str) -> int:
    """Wait for the answer to the directive's send; return it."""
    rig.director.wait(
        f"waited for news of {directive_id}",
        lambda events: sum(event.directive_id == directive_id for event in events) > 1,
    )
    code = send_of(rig, directive_id).retcode
    assert code is not None
    return code


@case(
    "K01",
    "Each return code has the documented effect on an open, and after none of them the order is sent again",
)
def opens(rig: ConformanceRig) -> None:
    _opens(rig, SendKind.OPEN)


@case("K02", "Each return code has the documented effect on a pending order, and after none it is sent again")
def pendings(rig: ConformanceRig) -> None:
    _opens(rig, SendKind.PENDING, order_type="LIMIT", price=1.09)


@case("K03", "Each return code has the documented effect on a close; the position stays, and can be closed")
def closes(rig: ConformanceRig) -> None:
    rig.configure(link=UNHURRIED | SOON_LOST)
    # A close waits for the one before it in its symbol: those whose outcome stays open have one each.
    lost = {f"EURUSD.{code}": code for code in (*OPEN, *ACCEPTING)}
    names = [SymbolTerms(name=name, like="EURUSD") for name in lost]
    rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD"), *names)))
    openings = {name: rig.issue("OPEN_LONG", symbol=name) for name in ("EURUSD", *lost)}
    for opening in openings.values():
        rig.emitted(opening, *OPENED)
    for symbol, codes in (("EURUSD", ENDING), *((name, (code,)) for name, code in lost.items())):
        for number, code in enumerate(codes, start=1):
            match = Match(kind=SendKind.CLOSE, symbol=symbol, nth=number)
            rig.broker.add_rule(Rule(effect=Reject(retcode=code), match=match))
    unsettled = {rig.issue("CLOSE", symbol=name): code for name, code in lost.items()}
    issued = [rig.issue("CLOSE") for _ in ENDING]
    for directive, code in zip(issued, ENDING, strict=True):
        is_refused(rig, directive, code)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    for directive, code in unsettled.items():
        rig.emitted(directive, *_emitted_of(code))
    assert len(rig.broker.sends()) == 2 * len(openings) + len(ENDING)


@case("K04", "Each return code has the documented effect on a change; 'no changes' counts as done")
def modifies(rig: ConformanceRig) -> None:
    rig.configure(link=SOON_LOST)
    rig.start()
    # With a stop: where none were there, the one that 'no changes' confirms would be missed.
    opening = rig.open(stop_loss=1.06)
    codes = [code for code in CODES if code in ENDING or verdict(code) is Verdict.OPEN]
    answer(rig, SendKind.SLTP, codes)
    issued = [
        rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=round(1.08 + number / 10_000, 4))
        for number in range(len(codes))
    ]
    for directive, code in zip(issued, codes, strict=True):
        if code == Retcode.NO_CHANGES:
            rig.emitted(directive, *PLACED)
        elif verdict(code) is Verdict.REFUSED:
            is_refused(rig, directive, code)
        else:
            _, error, rejected = rig.emitted(
                directive,
                EventType.DIRECTIVE_RECEIVED,
                EventType.BROKER_ERROR,
                EventType.ORDER_REJECTED,
            )
            assert (error.code, rejected.code) == (str(code), "NO_EFFECT")
    rig.emitted(rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=1.07), *PLACED)
    assert len(rig.broker.sends()) == len(codes) + 2
    assert [position.sl for position in rig.broker.positions()] == [Decimal("1.07")]


@case("K05", "Each return code has the documented effect on a cancel; the order stays, and can be cancelled")
def cancels(rig: ConformanceRig) -> None:
    rig.configure(link=SOON_LOST)
    rig.start()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, time_in_force="GTC")
    rig.emitted(waiting, *PLACED)
    answer(rig, SendKind.REMOVE, ENDING)
    issued = [rig.issue("CANCEL", target_directive_id=waiting) for _ in ENDING]
    for directive, code in zip(issued, ENDING, strict=True):
        is_refused(rig, directive, code)
    rig.reject(Retcode.TIMEOUT, SendKind.REMOVE)
    *_, rejected = rig.emitted(
        rig.issue("CANCEL", target_directive_id=waiting),
        EventType.DIRECTIVE_RECEIVED,
        EventType.BROKER_ERROR,
        EventType.ORDER_REJECTED,
    )
    assert rejected.code == "NO_EFFECT"
    rig.emitted(rig.issue("CANCEL", target_directive_id=waiting), *CANCELLED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    assert len(rig.broker.sends()) == len(ENDING) + 3


@case("K06", "An order that was executed in spite of an open answer is found, reported, and never sent again")
def executed_after_an_open_answer(rig: ConformanceRig) -> None:
    # Each send has a fault rule of its own. What was executed is found by the first request about it.
    rig.configure(link=UNHURRIED | {"status_request_every_s": 0.1})
    rig.start()
    for kind in (SendKind.OPEN, SendKind.PENDING, SendKind.SLTP, SendKind.REMOVE, SendKind.CLOSE):
        for number, code in enumerate((*OPEN, None), start=1):
            rig.broker.add_rule(Rule(effect=LoseAnswer(retcode=code), match=Match(kind=kind, nth=number)))
    behind = (EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR)
    openings = [rig.issue("OPEN_LONG") for _ in (*OPEN, None)]
    for directive in openings:
        rig.emitted(directive, *behind, *OPENED[1:])
    # One after the other: each waits for the one before.
    changes = [
        rig.issue("MODIFY_SL", target_directive_id=directive, stop_loss=1.08) for directive in openings
    ]
    for directive in changes:
        rig.emitted(directive, *behind, EventType.ORDER_PLACED)
    closes = [rig.issue("CLOSE", target_directive_id=directive) for directive in openings]
    for directive in closes:
        rig.emitted(directive, *behind, *CLOSED[1:])
    waiting = [rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09) for _ in (*OPEN, None)]
    for directive in waiting:
        rig.emitted(directive, *behind, EventType.ORDER_PLACED)
    cancels = [rig.issue("CANCEL", target_directive_id=directive) for directive in waiting]
    for directive in cancels:
        rig.emitted(directive, *behind, EventType.ORDER_CANCELLED)
    for directive in waiting:
        rig.emitted(directive, *behind, EventType.ORDER_PLACED, EventType.ORDER_CANCELLED)
    assert len(rig.broker.sends()) == 5 * len(openings)
    assert all(send.executed for send in rig.broker.sends())
