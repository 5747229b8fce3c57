"""Every case of the specification, on both terminals; what they leave behind is the same."""

import pytest

from tests.conformance.rig import Kind, StoryRig
from tests.conformance.specification import (
    actions,
    changes,
    events,
    filling,
    fills,
    netting,
    officers,
    pending,
    reconciliation,
    retcodes,
    risk_limits,
    symbols,
    words,
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
    words,
    officers,
    netting,
    fills,
    reconciliation,
)
"""The modules whose cases the table holds."""


@pytest.mark.parametrize(
    ("kind", "case"),
    [pytest.param(kind, case, id=f"{kind}-{case}") for case in TABLE.values() for kind in case.kinds],
)
def test_case(rig: StoryRig, kind: Kind, case: Case) -> None:
    assert rig.kind is kind
    case.story(rig)
