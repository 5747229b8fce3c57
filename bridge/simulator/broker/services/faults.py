"""Controls of the connection and of the fault rules, and the record of the sends."""

from bridge.simulator.broker.api import ControlError, SendRecord
from bridge.simulator.broker.fault_rules import ActiveRule, Rule, rule_fault
from bridge.simulator.broker.services.service import Service


class FaultControl(Service):
    """connect, disconnect, add_rule, clear_rules and sends (see BrokerControl)."""

    def connect(self) -> None:
        self.state.last_seen = None
        self.state.transactions.muted = False

    def disconnect(self) -> None:
        if self.connected():
            self.state.last_seen = self._trade.copy()
            self.state.transactions.muted = True

    def add_rule(self, rule: Rule) -> None:
        fault = rule_fault(rule, self._trade.negative)
        if fault is not None:
            raise ControlError(f"rule: {fault}")
        if rule.match.symbol is not None:
            self._known_symbol(rule.match.symbol)
        self.state.rules.append(ActiveRule(rule=rule))

    def clear_rules(self) -> None:
        self.state.rules.clear()

    def sends(self) -> list[SendRecord]:
        return list(self.state.sends)
