"""The OpenAPI document of the Director's endpoints: current, valid, and true of what is sent and read."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator, FormatChecker

from bridge.clock import SystemClock
from bridge.core.director.contract import API_KEY_HEADER, EVENTS_PATH, PENDING_PATH, EventType
from bridge.core.director.poll import read_batch
from bridge.sandbox.server import ISSUE_PATH, make_app
from bridge.sandbox.state import SandboxState
from tests.docs import director_api, event_examples
from tests.integration.journal.bench import cancel, closing, directive, limit, modify
from tests.unit.core.director import contract_bodies

KEY: Final = "key"
BODIES: Final = event_examples.all_bodies()
(EXAMPLE,) = json.loads(contract_bodies.PENDING)["directives"]
"""The contract's example of a directive."""
EVENT: Final = json.loads(contract_bodies.EVENT)
"""The contract's example of an event."""
DIRECTIVES: Final = [
    json.dumps(EXAMPLE),
    directive(),
    limit(),
    directive(order_type="STOP_LIMIT", price=1.1, limit_price=1.099),
    closing(order_type=None),
    closing(target_directive_id="dir-1", quantity=0.1),
    cancel("dir-2", "dir-1"),
    modify("dir-2", "dir-1", stop_loss=1.05),
    directive(action="MODIFY_TP", order_type=None, quantity=None, stop_loss=None),
]


def errors(name: str, body: object) -> list[str]:
    schema = director_api.validator_schema(name)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [error.message for error in validator.iter_errors(body)]


def test_document_is_that_of_the_types() -> None:
    assert director_api.PAGE.read_text(encoding="utf-8") == director_api.page(), (
        "run: python -m tests.docs.generate"
    )


def test_each_schema_is_one_of_json_schema() -> None:
    for schema in director_api.document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_each_reference_leads_to_a_schema() -> None:
    text = director_api.page()
    schemas = director_api.document()["components"]["schemas"]
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert {"Directive", "ExecutionEvent", "EventReceipt", "Listing"} <= names <= schemas.keys()


@pytest.mark.parametrize("text", DIRECTIVES)
def test_directive_that_is_read_is_one_of_the_schema(text: str) -> None:
    [item] = read_batch(f'{{"directives": [{text}]}}')
    assert item.directive is not None, item.problem
    assert errors("Directive", json.loads(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        directive(directive_id=None),
        directive(symbol=None),
        directive(order_type=None),
        directive(quantity=None),
        directive(action="BUY"),
        directive(order_type="LIMIT"),
        directive(order_type="STOP_LIMIT", price=1.1),
        modify("dir-2", "dir-1"),
        directive(issued_at=None),
    ],
)
def test_directive_that_is_refused_is_none_of_the_schema(text: str) -> None:
    [item] = read_batch(f'{{"directives": [{text}]}}')
    assert item.directive is None
    assert errors("Directive", json.loads(text))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(json.loads(body)["event_type"]))
def test_event_that_is_posted_is_one_of_the_schema(body: bytes) -> None:
    assert errors("ExecutionEvent", json.loads(body)) == []


def test_history_of_the_examples_has_every_event_type() -> None:
    assert {json.loads(body)["event_type"] for body in BODIES} == set(EventType)


def test_example_of_the_contract_is_one_of_the_schema() -> None:
    assert errors("ExecutionEvent", EVENT) == []
    assert errors("EventReceipt", {"success": True, "event_id": "evt_67890"}) == []
    assert errors("Listing", {"directives": [EXAMPLE]}) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("event_type", "FILLED"), ("fill_price", "1.0951"), ("occurred_at", 5), ("reported_by", None)],
)
def test_event_that_breaks_the_contract_is_none_of_the_schema(field: str, value: object) -> None:
    assert errors("ExecutionEvent", EVENT | {field: value})


async def test_sandbox_director_answers_by_the_schema(tmp_path: Path) -> None:
    async with TestClient(TestServer(make_app(SandboxState(KEY, clock=SystemClock())))) as client:
        headers = {API_KEY_HEADER: KEY}

        async def answer(method: str, path: str, body: object = None) -> Any:
            async with client.request(method, path, headers=headers, json=body) as response:
                assert response.status in (200, 201), await response.text()
                return await response.json()

        await answer("POST", f"{ISSUE_PATH}?officer=eo-001", EXAMPLE)
        listing = await answer("GET", f"{PENDING_PATH}?officer=eo-001")
        assert listing["directives"] and errors("Listing", listing) == []
        for body in BODIES:
            receipt = await answer("POST", EVENTS_PATH, msgspec.json.decode(body))
            assert errors("EventReceipt", receipt) == []
            assert receipt["success"] is True
