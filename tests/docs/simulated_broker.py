"""Generated tables of docs/simulated-broker.md: the keys of a scenario, and those of the fault rules."""

import typing
from decimal import Decimal

import msgspec
from msgspec.structs import FieldInfo

from bridge.simulator.broker import fault_rules, scenario
from tests.docs.attributes import attribute_docs, class_doc

SCENARIO: dict[str, type[msgspec.Struct]] = {
    "the scenario": scenario.Scenario,
    "`account`": scenario.AccountTerms,
    "each of `symbols`": scenario.SymbolTerms,
    "`random_walk`": scenario.RandomWalk,
    "each of `quotes`": scenario.ScriptedQuote,
    "each of `calls`": scenario.ScheduledCall,
    "`quirks`": scenario.Quirks,
}
RULE: dict[str, type[msgspec.Struct]] = {"each of `rules`": fault_rules.Rule, "`match`": fault_rules.Match}
EFFECTS: tuple[type[msgspec.Struct], ...] = typing.get_args(fault_rules.Effect)


def tag(effect: type[msgspec.Struct]) -> str:
    """Return the `type` of an effect in JSON."""
    return str(effect.__struct_config__.tag)


def scenario_keys() -> str:
    """Return a table of keys for each object of a scenario."""
    return "\n".join(f"Keys of {title}:\n\n{_keys(kind)}" for title, kind in SCENARIO.items())


def fault_rule_keys() -> str:
    """Return the keys of a rule and of its criteria, and each effect with its keys."""
    tables = [f"Keys of {title}:\n\n{_keys(kind)}" for title, kind in RULE.items()]
    for effect in EFFECTS:
        fields = msgspec.structs.fields(effect)
        keys = f"\n{_keys(effect)}" if fields else ""
        tables.append(f"`effect` of type `{tag(effect)}`: {class_doc(effect)}\n{keys}")
    return "\n".join(tables)


def undescribed_keys() -> list[str]:
    """Return the keys that have no text beneath their field."""
    kinds = (*SCENARIO.values(), *RULE.values(), *EFFECTS)
    return [
        f"{kind.__name__}.{field.name}"
        for kind in kinds
        for field in msgspec.structs.fields(kind)
        if field.name not in attribute_docs(kind)
    ]


def _keys(kind: type[msgspec.Struct]) -> str:
    docs = attribute_docs(kind)
    rows = [
        f"| `{field.encode_name}` | {_default(field)} | {docs.get(field.name, '')} |"
        for field in msgspec.structs.fields(kind)
    ]
    return "| key | default | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default
    if isinstance(value, msgspec.Struct) or field.name == "symbols":
        return "its defaults"
    if isinstance(value, Decimal):
        return f"`{value}`"
    return f"`{msgspec.json.encode(value).decode()}`"
