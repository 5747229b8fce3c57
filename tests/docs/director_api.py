"""OpenAPI document of the Director's two endpoints, made from the types of `bridge.core.director.contract`.

It is JSON Schema 2020-12 within: any validator of that can use its parts. Amounts are JSON numbers there, as the
contract has them; msgspec's own schema of a Decimal is the text that it writes by default.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from bridge import __version__
from bridge.core.director.actions import ACTIONS, ORDER_TYPES, ActionRule, Intent
from bridge.core.director.contract import (
    API_KEY_HEADER,
    CONTRACT_DIRECTIVE_FIELDS,
    CONTRACT_EVENT_FIELDS,
    EVENTS_PATH,
    IDEMPOTENCY_HEADER,
    PENDING_PATH,
    Directive,
    EventReceipt,
    ExecutionEvent,
)
from tests.docs.attributes import attribute_docs, class_doc

PAGE: Final = Path(__file__).parents[2] / "docs" / "director-api.json"
_REF: Final = "#/components/schemas/{name}"
_TYPES: Final = {
    Directive: CONTRACT_DIRECTIVE_FIELDS,
    ExecutionEvent: CONTRACT_EVENT_FIELDS,
    EventReceipt: EventReceipt.__struct_fields__,
}
"""Types of the bodies, with the fields that the contract's examples have."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Director, as execution-officer uses it",
            "version": __version__,
            "description": "Endpoints that the sidecar calls. It reads more than this: numbers as strings, other "
            "spellings of times and of 'not set' (docs/directives.md). It sends nothing else.",
        },
        "paths": {PENDING_PATH: {"get": _poll()}, EVENTS_PATH: {"post": _post()}},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER}},
        },
        "security": [{"key": []}],
    }


def page() -> str:
    """Return the content of the file in docs/."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def validator_schema(name: str) -> dict[str, Any]:
    """Return the schema of one type, for a validator of JSON Schema."""
    return {"$ref": _REF.format(name=name), "components": document()["components"]}


def _poll() -> dict[str, Any]:
    officer = {
        "name": "officer",
        "in": "query",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
        "description": "Id of the execution officer.",
    }
    listing = _content({"$ref": _REF.format(name="Listing")})
    return {
        "summary": "List the directives that are pending for an officer.",
        "description": "Polled again and again. A directive may be listed until it is carried out, and after it.",
        "parameters": [officer],
        "responses": {
            "200": {"description": "The pending directives.", "content": listing},
            "204": {"description": "No directive is pending."},
            **_errors("officer is missing or unknown"),
        },
    }


def _post() -> dict[str, Any]:
    key = {
        "name": IDEMPOTENCY_HEADER,
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "64 hexadecimal digits, the same for each attempt at one event: the second one is to be "
        "answered as the first. The sidecar always sends it; the contract does not require it.",
    }
    return {
        "summary": "Report an execution event.",
        "description": "Events of one directive come one after the other, in order; an event may come twice. "
        "docs/events.md has the reaction to each answer.",
        "parameters": [key],
        "requestBody": {"required": True, "content": _content({"$ref": _REF.format(name="ExecutionEvent")})},
        "responses": {
            "200": {
                "description": "The event is stored.",
                "content": _content({"$ref": _REF.format(name="EventReceipt")}),
            },
            **_errors("the body is no JSON object"),
            "422": _error("A field of the event breaks the contract. The event is tried four times."),
        },
    }


def _errors(bad: str) -> dict[str, Any]:
    """Return the answers that are no success; docs/director.md has the reaction to each status."""
    return {
        "400": _error(f"The request cannot be carried out, such as: {bad}."),
        "401": _error("The API key is missing or wrong: polls and delivery go on once a key is accepted."),
        "429": _error("Too many requests: tried again after Retry-After, or sooner than a minute without."),
        "503": _error("Not now: tried again, as any status from 500 on."),
    }


def _error(text: str) -> dict[str, Any]:
    return {"description": f"{text} The body is for people: the first 200 characters are shown."}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _schemas() -> dict[str, Any]:
    _, made = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    made = _with_numbers(made)
    for kind, of_contract in _TYPES.items():
        schema = made[kind.__name__]
        schema["description"] = class_doc(kind)
        described = attribute_docs(kind)
        for name, field in schema["properties"].items():
            origin = "" if name in of_contract else "Addition of this bridge. "
            schema["properties"][name] = {**field, "description": origin + described[name]}
    posted = made[ExecutionEvent.__name__]["properties"]
    posted["occurred_at"]["format"] = "date-time"
    posted["reported_by"]["minLength"] = 1
    directive = made[Directive.__name__]
    # An OPEN alone needs the type of its order.
    directive["required"] = [name for name in directive["required"] if name != "order_type"]
    directive["allOf"] = [*_by_action(), *_by_order_type()]
    listed = {"type": "array", "items": {"$ref": _REF.format(name="Directive")}}
    made["Listing"] = {
        "type": "object",
        "description": "Answer to a poll. A bad item affects itself alone: it is rejected by an event.",
        "properties": {"directives": listed},
        "required": ["directives"],
    }
    return dict(sorted(made.items()))


def _with_numbers(schema: Any) -> Any:
    """Return the schema with a number in the place of each decimal that is a text."""
    match schema:
        case {"type": "string", "format": "decimal"}:
            return {"type": "number"}
        case dict():
            return {name: _with_numbers(part) for name, part in schema.items()}
        case list():
            return [_with_numbers(part) for part in schema]
        case _:
            return schema


def _by_action() -> Iterable[dict[str, Any]]:
    """Yield the fields that each action requires, by the rules that the sidecar itself uses."""
    for action, rule in ACTIONS.items():
        needed = _needed(rule)
        if needed:
            yield {"if": _is("action", action), "then": needed}


def _needed(rule: ActionRule) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    if rule.required:
        needed |= _have(rule.required)
    if rule.one_of:
        needed["anyOf"] = [_have([name]) for name in rule.one_of]
    return needed


def _by_order_type() -> Iterable[dict[str, Any]]:
    opens = [str(action) for action, rule in ACTIONS.items() if rule.intent is Intent.OPEN]
    for order_type, rule in ORDER_TYPES.items():
        if rule.required:
            both = {
                "properties": {"action": {"enum": opens}, "order_type": {"const": str(order_type)}},
                "required": ["action", "order_type"],
            }
            yield {"if": both, "then": _have(rule.required)}


def _is(name: str, value: str) -> dict[str, Any]:
    return {"properties": {name: {"const": str(value)}}, "required": [name]}


def _have(names: Iterable[str]) -> dict[str, Any]:
    """Return the rule that these fields are there and not null."""
    return {"required": list(names), "properties": {name: {"not": {"type": "null"}} for name in names}}
