"""Directives and their steps in words: what was asked for, and what each step has."""

import msgspec

from bridge.journal.views.lists import DirectiveRow


def what(row: DirectiveRow) -> str:
    """Return what a directive asks for, in a few words."""
    quantity = "" if row.quantity is None else f"{row.quantity:.15g}"
    at = "" if row.price is None else f"at {row.price:.15g}"
    return " ".join(part for part in (row.action, quantity, row.symbol, at) if part)


def content(body: str) -> str:
    """Return the fields of a body in words; a body that is no JSON object as it is."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
    values = ((name, bytes(value).decode()) for name, value in fields.items())
    return ", ".join(f"{name} {_plain(value)}" for name, value in values if value != "null")


def _plain(value: str) -> str:
    """Return a JSON text without its quotes, unless it could pass for several fields; anything else as JSON."""
    text = msgspec.json.decode(value, type=str) if value.startswith('"') else value
    return value if "," in text or '"' in text else text
