"""The simulated broker: a trade server and its market, advanced by its caller.

It is deterministic and has no clock, socket or thread: `advance` sets the time, and the same scenario and the same
calls give the same orders, deals and positions.
"""

from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.broker.services.back_office import BackOffice
from bridge.simulator.broker.services.faults import FaultControl
from bridge.simulator.broker.services.identity import IdentityOperations
from bridge.simulator.broker.services.manual_trades import ManualTrades
from bridge.simulator.broker.services.positions import PositionOperations
from bridge.simulator.broker.services.records import RecordOperations
from bridge.simulator.broker.services.terminal_view import TerminalView
from bridge.simulator.broker.services.trade_server import TradeServer
from bridge.simulator.broker.state import new_state


class Broker(
    TerminalView,
    TradeServer,
    ManualTrades,
    BackOffice,
    PositionOperations,
    RecordOperations,
    IdentityOperations,
    FaultControl,
):
    """One account at one broker, with the methods of BrokerApi, BrokerControl and BrokerOperations. Each base class
    implements the methods of one subject; all of them work on the same `state`, which is everything that the broker
    keeps."""

    @classmethod
    def start(cls, scenario: Scenario, now_ms: int) -> "Broker":
        """Return a new broker at this server time."""
        return cls(new_state(scenario, now_ms))
