"""The calls: Broker implements each one with the protocols' signatures, and the client and the server derive
theirs.
"""

import inspect
from decimal import Decimal
from typing import Any, Protocol

import msgspec
import pytest
from msgspec import Raw

from bridge.simulator.broker.api import BrokerApi, BrokerControl
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.operations import BrokerOperations
from bridge.simulator.broker.rpc.calls import METHODS, ArgumentError, methods_of
from bridge.simulator.broker.rpc.client import BrokerClient, connect_broker


def each(
    broker: Broker, client: BrokerClient
) -> tuple[BrokerApi, BrokerControl, BrokerOperations, BrokerApi, BrokerControl, BrokerOperations]:
    """Type-checked only: Broker and BrokerClient satisfy each protocol."""
    return broker, broker, broker, client, client, client


@pytest.mark.parametrize("protocol", [BrokerApi, BrokerControl, BrokerOperations])
def test_every_method_of_the_protocol_is_a_call(protocol: type) -> None:
    assert {name for name in vars(protocol) if not name.startswith("_")} <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_broker_implements_the_call_with_the_same_signature(name: str) -> None:
    implementation = getattr(Broker, name, None)
    assert implementation is not None, f"{name} is declared in api.py and implemented in no service"
    signature = inspect.signature(implementation)
    _, *parameters = signature.parameters.values()
    assert signature.replace(parameters=parameters) == METHODS[name].signature, name


def test_client_has_every_call() -> None:
    with connect_broker("tcp://127.0.0.1:1", timeout=0) as client:
        assert [name for name in METHODS if not callable(getattr(client, name, None))] == []


def test_arguments_are_those_of_the_signature() -> None:
    call = METHODS["set_quote"].encode_arguments(("EURUSD", Decimal(1)), {"ask": Decimal(2)})
    assert msgspec.json.decode(bytes(call)) == {"symbol": "EURUSD", "bid": "1", "ask": "2"}
    assert METHODS["set_quote"].decode_arguments(call) == {
        "symbol": "EURUSD",
        "bid": Decimal(1),
        "ask": Decimal(2),
    }
    with pytest.raises(TypeError, match="missing a required argument: 'bid'"):
        METHODS["set_quote"].encode_arguments(("EURUSD",), {"ask": Decimal(1)})


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("tick", b'{"nam": "EURUSD"}', "tick: unknown argument 'nam'; supported: name"),
        ("account", b'{"name": "EURUSD"}', "account: unknown argument 'name'; supported: none"),
        ("tick", b"{}", "tick: argument 'name' is missing"),
        ("tick", b'{"name": 5}', "tick: argument 'name': Expected `str`, got `int`"),
        ("tick", b"[1]", "tick: params must be an object"),
        ("order_send", b'{"request": {"action": 99}}', r"order_send: argument 'request': .*99.*\$\.action"),
    ],
)
def test_wrong_argument_is_an_error_that_names_it(method: str, params: bytes, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        METHODS[method].decode_arguments(Raw(params))


class Unsupported(Protocol):
    """Methods that cannot be called remotely, one at a time."""

    def any_result(self) -> Any: ...

    def nested(self, items: list[dict[str, complex]]) -> None: ...


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("any_result", "any_result: 'return' cannot be decoded from JSON: Any"),
        ("nested", "nested: 'items' cannot be decoded from JSON: complex"),
    ],
)
def test_annotation_that_cannot_be_decoded_is_refused_by_name(name: str, message: str) -> None:
    kept = type("Kept", (), {name: vars(Unsupported)[name]})
    with pytest.raises(TypeError, match=message):
        methods_of(kept)


def test_parameter_without_annotation_is_refused_by_name() -> None:
    kept = type("Kept", (), {"bare": eval("lambda self, value: None")})  # noqa: S307 - mypy would refuse it
    with pytest.raises(TypeError, match="bare: 'value' has no annotation"):
        methods_of(kept)
