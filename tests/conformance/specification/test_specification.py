"""Every case of the specification. Where it runs on both terminals, their recordings are equal."""

import pytest

from tests.conformance.rig import ConformanceRig, Kind
from tests.conformance.specification import (
    actions,
    broker_operations,
    changes,
    comparison,
    events,
    executors,
    filling,
    fills,
    losses,
    market_hours,
    netting,
    officers,
    operator_commands,
    pending,
    reconciliation,
    repeats,
    retcodes,
    risk_limits,
    symbols,
)
from tests.conformance.specification.case import TABLE, Case

PARTS = (
    actions,
    pending,
    changes,
    symbols,
    filling,
    retcodes,
    events,
    risk_limits,
    operator_commands,
    officers,
    netting,
    fills,
    reconciliation,
    losses,
    market_hours,
    repeats,
    comparison,
    broker_operations,
    executors,
)
"""The modules whose cases the table holds."""


@pytest.mark.parametrize(
    ("kind", "case"),
    [pytest.param(kind, case, id=f"{kind}-{case}") for case in TABLE.values() for kind in case.kinds],
)
def test_case(rig: ConformanceRig, kind: Kind, case: Case) -> None:
    assert rig.kind is kind
    case.function(rig)
