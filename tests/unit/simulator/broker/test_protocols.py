"""Broker and client satisfy both protocols: mypy reads this; the run sees that the wire has every method."""

from bridge.simulator.broker.api import BrokerApi, BrokerControl
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.rpc.calls import METHODS
from bridge.simulator.broker.rpc.client import BrokerClient


def both(broker: Broker, client: BrokerClient) -> tuple[BrokerApi, BrokerControl, BrokerApi, BrokerControl]:
    """Type-checked only."""
    return broker, broker, client, client


def test_every_method_of_the_protocols_is_on_the_wire() -> None:
    stated = {
        name for protocol in (BrokerApi, BrokerControl) for name in vars(protocol) if not name.startswith("_")
    }
    assert set(METHODS) == stated
    assert all(callable(getattr(BrokerClient, name)) for name in stated)


def test_parameters_are_those_of_the_signature() -> None:
    assert METHODS["set_quote"].__struct_fields__ == ("symbol", "bid", "ask")
    assert METHODS["account"].__struct_fields__ == ()
