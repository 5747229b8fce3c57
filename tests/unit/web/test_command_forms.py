"""Form of a resolve: the commands whose outcome is open, and the request that one of them becomes."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from bridge.core.settings import DirectorSettings, OfficerSettings, Settings
from bridge.journal.operator.resolve import Resolved
from bridge.journal.views.status import UnresolvedCommand
from bridge.sidecar.operator.resolve import ResolveRequest
from bridge.web.command_forms import CommandName, FormError, answer, form, question, request
from tests.unit.status.samples import JOURNAL, OFFICER

SETTINGS = Settings(
    director=DirectorSettings(url="https://director.example.com", api_key_env="KEY"),
    officers=[OfficerSettings(id=OFFICER)],
)
OPEN = UnresolvedCommand(
    officer=OFFICER,
    directive_id="dir-1",
    number=1,
    client_order_id=1777995266176432,
    symbol="EURUSD",
    side="BUY",
    volume="0.10",
    state="UNKNOWN",
    dispatched_at=None,
    message="",
)
SEEN = replace(JOURNAL, unresolved=[OPEN])
GIVEN = {"command": "1777995266176432", "verdict": "filled", "note": "in the history", "by": "Ada"}


def test_resolve_offers_the_commands_whose_outcome_is_open() -> None:
    [command] = [
        field for field in form(CommandName.RESOLVE, SETTINGS, SEEN).fields if field.name == "command"
    ]
    text = f"{OFFICER}: dir-1, BUY 0.10 EURUSD, magic 1777995266176432, UNKNOWN"
    assert command.choices == (("", "choose"), ("1777995266176432", text))


def test_resolve_is_about_the_chosen_command_alone() -> None:
    asked = request(CommandName.RESOLVE, GIVEN | {"price": "1.0951"}, SEEN, "0f" * 8)
    assert asked == ResolveRequest(
        directive_id="dir-1",
        verdict="filled",
        note="in the history",
        officer=OFFICER,
        client_order_id=OPEN.client_order_id,
        price=Decimal("1.0951"),
        by="Ada (page)",
    )
    [first, _] = question(asked, SETTINGS, SEEN)
    assert (
        "of directive dir-1 (eo-001) counts as filled at 1.0951, by your statement: in the history." in first
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": ""}, "Outcome that you found: is empty"),
        ({"verdict": "lost"}, "Invalid enum value 'lost'"),
        ({"note": ""}, "How you know: is empty"),
        ({"price": "1,5"}, "Invalid decimal"),
        ({"command": "2"}, "Command: none is chosen"),
    ],
)
def test_resolve_that_lacks_something_is_refused(change: dict[str, str], says: str) -> None:
    with pytest.raises(FormError, match=says):
        request(CommandName.RESOLVE, GIVEN | change, SEEN, "0f" * 8)


def test_question_about_a_number_with_a_huge_exponent_stays_short() -> None:
    asked = request(CommandName.RESOLVE, GIVEN | {"price": "1e99999"}, SEEN, "0f" * 8)
    assert len(" ".join(question(asked, SETTINGS, SEEN))) < 400


def test_answer_names_the_state_before_and_after() -> None:
    done = Resolved(
        officer=OFFICER, directive_id="dir-1", client_order_id=7, before="UNKNOWN", after="FILLED"
    )
    assert list(answer(done)) == [f"{OFFICER}: command 7 of dir-1 was UNKNOWN, is FILLED."]
