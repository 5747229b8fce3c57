"""Operator commands: what an operator can ask of the journal's owner, one module for each.

A running sidecar performs a request that comes over the control endpoint; without a sidecar the command line owns
the journal for a moment and performs the same request itself. To add a command:

1. `bridge/sidecar/operator/NAME.py`: its request struct, its answer, and `perform` on a Journal;
2. `REQUESTS` below: its path at the control endpoint follows from its name;
3. `bridge/cli/operator/NAME.py` and `COMMANDS` in `bridge/cli/operator/__init__.py`: its command line;
4. `tests/integration/sidecar/test_operator.py`: an example, whose audit row is checked;
5. `docs/operation.md`: its line among the operator commands.

`tests/unit/cli/test_operator.py` and that example's test fail with the name of a command that a place lacks.
"""

from typing import Any, Final

from bridge.sidecar.operator.dismiss import DismissRequest
from bridge.sidecar.operator.flatten import FlattenRequest
from bridge.sidecar.operator.halt import HaltRequest
from bridge.sidecar.operator.rebind import RebindRequest
from bridge.sidecar.operator.recover import RecoverRequest
from bridge.sidecar.operator.request import Request
from bridge.sidecar.operator.resolve import ResolveRequest
from bridge.sidecar.operator.resume import ResumeRequest
from bridge.sidecar.operator.retry import RetryRequest
from bridge.sidecar.operator.writeoff import WriteoffRequest

REQUESTS: Final[tuple[type[Request[Any]], ...]] = (
    HaltRequest,
    ResumeRequest,
    FlattenRequest,
    ResolveRequest,
    WriteoffRequest,
    RetryRequest,
    DismissRequest,
    RebindRequest,
    RecoverRequest,
)
"""Every request that the control endpoint takes."""
