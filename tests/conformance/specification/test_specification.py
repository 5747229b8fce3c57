"""Every case of the specification, on both terminals; what they leave behind is the same."""

import pytest

from tests.conformance.rig import StoryRig
from tests.conformance.specification import actions, changes, fills, netting, pending
from tests.conformance.specification.case import TABLE, Case

PARTS = (actions, pending, changes, netting, fills)
"""The modules whose cases the table holds."""


@pytest.mark.parametrize("case", TABLE.values(), ids=str)
def test_case(rig: StoryRig, case: Case) -> None:
    case.story(rig)
