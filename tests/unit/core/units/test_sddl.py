"""Readers of a file by its rights on Windows."""

import pytest

from bridge.core.units.sddl import readers

ME = "S-1-5-21-1-2-3-1001"
OTHER = "S-1-5-21-1-2-3-1002"


@pytest.mark.parametrize(
    ("descriptor", "found"),
    [
        # As `icacls /inheritance:r /grant:r` of the set-up leaves it.
        (f"O:{ME}D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;{ME})", []),
        (f"O:{ME}G:S-1-5-21-1-2-3-513D:(A;;FA;;;BA)(A;;FA;;;OW)", []),
        # As a folder of drive C: gives it to new files.
        (
            f"O:{ME}D:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)",
            ["Users", "Authenticated Users"],
        ),
        (f"O:{ME}D:(A;;FR;;;WD)(A;;FR;;;S-1-1-0)", ["Everyone"]),
        (f"O:{ME}D:(A;;FA;;;{OTHER})", [OTHER]),
        (f"O:{ME}D:(A;;GR;;;{OTHER})(A;;CC;;;BG)", [OTHER, "Guests"]),
        # Rights that read no content, that are refused, or that only new files below get.
        (f"O:{ME}D:(A;;0x100000;;;WD)(A;;RCSD;;;WD)(D;;FA;;;WD)(A;OICIIO;FA;;;WD)", []),
        (f"O:{ME}D:S:(AU;SAFA;FA;;;WD)", []),
        (f"O:{ME}", ["Everyone"]),
        (f"O:{ME}D:NO_ACCESS_CONTROL", ["Everyone"]),
        ("D:(A;;FA;;;WD)", ["Everyone"]),
        ("D:()(A)", []),
    ],
)
def test_readers_besides_owner_system_and_administrators(descriptor: str, found: list[str]) -> None:
    assert readers(descriptor) == found
