"""From the Director's body to its items: each on its own, with its own text and its own reason."""

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.listing import BatchError
from bridge.core.director.poll import Item, ListReader, read_batch

GOOD = {
    "directive_id": '"dir-1"',
    "signal_id": '"sig-1"',
    "symbol": '"EURUSD"',
    "action": '"OPEN_LONG"',
    "order_type": '"MARKET"',
    "quantity": "0.10",
    "price": "1.0950",
    "stop_loss": "1.0900",
    "take_profit": "1.1000",
    "issued_at": '"2026-01-04T10:00:00Z"',
    "expires_at": '"2026-01-04T10:05:00Z"',
}
"""A directive that can be carried out, as JSON text per field."""


def item_text(**changed: str | None) -> str:
    """The good directive with other fields; None leaves one out."""
    fields = {**GOOD, **changed}
    return "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items() if text is not None) + "}"


def batch(*items: str) -> str:
    return '{"directives": [' + ", ".join(items) + "]}"


def read_one(text: str) -> Item:
    (item,) = read_batch(batch(text))
    return item


# Fault R21, row by row: what the field holds, the problem's code, what its message must name.
BAD: list[tuple[dict[str, str | None], str, str]] = [
    (
        {"target_directive_id": '"operator:1"'},
        "INVALID_VALUE",
        "target_directive_id \"operator:1\" must not begin with 'operator:'",
    ),
    ({"quantity": "NaN"}, "INVALID_VALUE", "quantity NaN must be a finite number"),
    ({"quantity": "Infinity"}, "INVALID_VALUE", "quantity Infinity must be a finite number"),
    ({"price": "-Infinity"}, "INVALID_VALUE", "price -Infinity must be a finite number"),
    ({"quantity": "1e999999"}, "INVALID_VALUE", "quantity 1E+999999 must be smaller than 10^12"),
    ({"quantity": "1e9999999"}, "INVALID_VALUE", "quantity 1E+9999999 must be smaller than 10^12"),
    ({"quantity": "-1e9999999"}, "INVALID_VALUE", "must be smaller than 10^12"),
    ({"quantity": "1e99999999999999999999"}, "INVALID_VALUE", "must be a finite number"),
    ({"quantity": "1e-999999"}, "INVALID_VALUE", "must have at most 10 decimals"),
    ({"quantity": "1e-9999999"}, "INVALID_VALUE", "must have at most 10 decimals"),
    ({"quantity": "9" * 100_000}, "INVALID_VALUE", "(100000 characters) must be smaller than 10^12"),
    ({"quantity": "-0.01"}, "INVALID_VALUE", "quantity -0.01 must be greater than 0"),
    ({"quantity": "0"}, "INVALID_VALUE", "quantity 0 must be greater than 0"),
    ({"quantity": "-0.0"}, "INVALID_VALUE", "must be greater than 0"),
    (
        {"action": '"CLOSE"', "quantity": "0"},
        "INVALID_VALUE",
        "quantity 0 must be greater than 0; leave it out to close everything",
    ),
    (
        {"symbol": None, "Symbol": '"EURUSD"'},
        "MISSING_FIELD",
        'symbol is missing, and "Symbol" is another field; send a string',
    ),
    (
        {"order_type": None, "orderType": '"MARKET"'},
        "MISSING_FIELD",
        'order_type is missing, and "orderType" is another field',
    ),
    ({"quantity": '"0,10"'}, "INVALID_VALUE", 'quantity "0,10" must be a number'),
    ({"quantity": '" 0.10"'}, "INVALID_VALUE", 'quantity " 0.10" must be a number'),
    ({"quantity": '"-0.10"'}, "INVALID_VALUE", 'quantity "-0.10" must be greater than 0'),
    ({"quantity": '"NaN"'}, "INVALID_VALUE", 'quantity "NaN" must be a finite number'),
    ({"quantity": '"1e999999"'}, "INVALID_VALUE", "must be smaller than 10^12"),
    ({"quantity": '""'}, "MISSING_FIELD", "quantity is missing; OPEN_LONG requires it"),
    ({"quantity": "true"}, "INVALID_TYPE", "quantity true must be a number"),
    ({"quantity": "[]"}, "INVALID_TYPE", "quantity a list of 0 must be a number"),
    ({"quantity": "{}"}, "INVALID_TYPE", "quantity an object must be a number"),
    ({"quantity": None}, "MISSING_FIELD", "quantity is missing; OPEN_LONG requires it"),
    ({"quantity": "null"}, "MISSING_FIELD", "quantity is missing"),
    ({"stop_loss": "0"}, "INVALID_VALUE", "stop_loss 0 must be greater than 0"),
    ({"take_profit": "-1"}, "INVALID_VALUE", "take_profit -1 must be greater than 0"),
    ({"price": '"market"'}, "INVALID_VALUE", 'price "market" must be a number'),
    (
        {"action": '"OPEN_SIDEWAYS"'},
        "UNKNOWN_ACTION",
        'unknown action "OPEN_SIDEWAYS"; supported: OPEN_LONG, ',
    ),
    ({"action": '"open_long"'}, "UNKNOWN_ACTION", "OPEN_LONG, OPEN_SHORT, CLOSE"),
    ({"action": None}, "MISSING_FIELD", "action is missing"),
    ({"action": "7"}, "INVALID_TYPE", "action 7 must be a string"),
    (
        {"order_type": '"ICEBERG"'},
        "UNKNOWN_ORDER_TYPE",
        'unknown order_type "ICEBERG"; supported: MARKET, LIMIT',
    ),
    ({"order_type": None}, "MISSING_FIELD", "order_type is missing"),
    ({"symbol": None}, "MISSING_FIELD", "symbol is missing"),
    ({"symbol": '""'}, "INVALID_VALUE", 'symbol "" must not be blank'),
    ({"symbol": '"' + "E" * 65 + '"'}, "INVALID_VALUE", "must have at most 64 characters"),
    ({"symbol": r'"EUR\u0000USD"'}, "INVALID_VALUE", "must have printable characters only"),
    ({"symbol": "[1, 2, 3]"}, "INVALID_TYPE", "symbol a list of 3 must be a string"),
    (
        {"target_directive_id": r'"a\u0000b"'},
        "INVALID_VALUE",
        "must not hold U+0000 or a half of a surrogate pair",
    ),
    ({"issued_at": None}, "MISSING_FIELD", "issued_at is missing"),
    ({"issued_at": '"2026-01-04T10:00:00"'}, "INVALID_VALUE", "must be a time with its zone"),
    ({"issued_at": '"yesterday"'}, "INVALID_VALUE", 'issued_at "yesterday"'),
    ({"issued_at": r'"\ud800"'}, "INVALID_VALUE", "must have printable characters only"),
    ({"issued_at": '"2026-02-30T10:00:00Z"'}, "INVALID_VALUE", "must be a time with its zone"),
    ({"issued_at": "1767520800"}, "INVALID_TYPE", "issued_at 1767520800 must be a string"),
    ({"issued_at": '"0001-01-01T00:00:00+01:00"'}, "INVALID_VALUE", "must be a time with its zone"),
    ({"expires_at": '"2026-01-04T10:00:00Z"'}, "INVALID_VALUE", "must be after issued_at"),
    ({"expires_at": '"2026-01-04T11:59:59+02:00"'}, "INVALID_VALUE", "must be after issued_at"),
    ({"expires_at": '"never"'}, "INVALID_VALUE", 'expires_at "never" must be a time with its zone'),
    ({"issued_at": '"infinity"'}, "INVALID_VALUE", 'issued_at "infinity" must be a time with its zone'),
    ({"issued_at": '"0001-01-01T00:00:00Z"'}, "MISSING_FIELD", "issued_at is missing"),
]


@pytest.mark.parametrize(("changed", "code", "says"), BAD)
def test_a_bad_field_is_refused_by_name_value_and_rule_and_alone(
    changed: dict[str, str | None], code: str, says: str
) -> None:
    before, item, after = read_batch(
        batch(item_text(directive_id='"a"'), item_text(**changed), item_text(directive_id='"z"'))
    )
    assert item.problem is not None
    assert item.problem.code == code
    assert says in item.problem.message
    assert item.directive is None
    assert item.directive_id == "dir-1"
    assert before.directive is not None and before.directive.directive_id == "a"
    assert after.directive is not None and after.directive.directive_id == "z"


@pytest.mark.parametrize(
    "text",
    [r"dir\n1", r"\u0001", r"a\u202eb", r"\u001b[31m", r"a\u200bb", r"a\u00a0b", r"\uf8ff", "\U0001fae8"],
)
def test_id_is_any_text(text: str) -> None:
    item = read_one(
        item_text(
            directive_id=f'"{text}"', signal_id=f'"{text}"', target_directive_id=f'"{text}"', action='"CLOSE"'
        )
    )
    meant = json.loads(f'"{text}"')
    assert item.problem is None and item.directive is not None
    directive = item.directive
    assert (item.directive_id, directive.signal_id, directive.target_directive_id) == (meant, meant, meant)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "MISSING_FIELD"),
        ("null", "MISSING_FIELD"),
        ('""', "INVALID_VALUE"),
        ('"   "', "INVALID_VALUE"),
        ("17", "INVALID_TYPE"),
        (r'"dir\u0000"', "INVALID_VALUE"),
        (r'"\ud800"', "INVALID_VALUE"),
        ('"' + "x" * 129 + '"', "INVALID_VALUE"),
        ('"' + "x" * 1_000_000 + '"', "INVALID_VALUE"),
    ],
)
def test_without_a_usable_id_there_is_no_directive_to_name(text: str | None, code: str) -> None:
    item = read_one(item_text(directive_id=text))
    assert item.directive_id is None and item.directive is None
    assert item.problem is not None and item.problem.code == code
    assert len(item.problem.message) < 300


@pytest.mark.parametrize("name", list(GOOD))
def test_a_field_that_stands_twice_is_refused(name: str) -> None:
    twice = item_text()[:-1] + f', "{name}": {GOOD[name]}' + "}"
    item = read_one(twice)
    assert item.directive is None
    assert item.problem is not None and item.problem.code == "DUPLICATE_KEY"
    assert f'"{name}"' in item.problem.message
    assert item.directive_id == (None if name == "directive_id" else "dir-1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("null", "null"),
        ("17", "17"),
        ("[]", "a list of 0"),
        ('"dir-1"', '"dir-1"'),
        ("NaN", "NaN"),
        ("true", "true"),
    ],
)
def test_an_item_that_is_no_object_is_refused(text: str, shown: str) -> None:
    item = read_one(text)
    assert item.problem is not None
    assert item.problem.code == "INVALID_DIRECTIVE"
    assert item.problem.message == f"directive {shown} must be a JSON object"
    assert (item.raw, item.directive_id, item.directive) == (text, None, None)


@pytest.mark.parametrize("action", ["CLOSE", "CLOSE_POSITION", "CLOSE_LONG", "CLOSE_SHORT"])
def test_a_close_may_leave_its_quantity_out(action: str) -> None:
    item = read_one(item_text(action=f'"{action}"', quantity=None))
    assert item.directive is not None
    assert item.directive.quantity is None and item.directive.action == action


def test_optional_fields_may_be_missing_or_null_or_empty() -> None:
    names = ("signal_id", "price", "stop_loss", "take_profit", "expires_at", "target_directive_id")
    bare = read_one(item_text(**dict.fromkeys(names))).directive
    null = read_one(item_text(**dict.fromkeys(names, "null"))).directive
    empty = read_one(item_text(**dict.fromkeys(names, '""'))).directive
    assert bare is not None and bare == null == empty
    assert [getattr(bare, name) for name in names] == [None] * len(names)


@pytest.mark.parametrize(("field", "longest"), [("directive_id", 128), ("signal_id", 128), ("symbol", 64)])
def test_the_longest_text_is_taken(field: str, longest: int) -> None:
    directive = read_one(item_text(**{field: '"' + "x" * longest + '"'})).directive
    assert directive is not None
    assert len(getattr(directive, field)) == longest


def test_numbers_keep_the_digits_they_were_written_with() -> None:
    directive = read_one(
        item_text(quantity="0.10", price="1.09500", stop_loss="109e-2", take_profit="2E+1")
    ).directive
    assert directive is not None
    kept = [
        str(each)
        for each in (directive.quantity, directive.price, directive.stop_loss, directive.take_profit)
    ]
    assert kept == ["0.10", "1.09500", "1.09", "20"]


def test_a_sum_that_no_float_holds_stays_exact() -> None:
    directive = read_one(item_text(quantity="123456789.0123456789")).directive
    assert directive is not None
    assert directive.quantity == Decimal("123456789.0123456789")


def test_times_are_turned_to_utc() -> None:
    directive = read_one(item_text(issued_at='"2026-01-04T12:00:00.5+02:00"')).directive
    assert directive is not None
    assert directive.issued_at == datetime(2026, 1, 4, 10, 0, 0, 500_000, tzinfo=UTC)
    assert directive.issued_at.tzinfo is UTC


def test_unknown_fields_are_ignored() -> None:
    item = read_one(item_text(trailing_stop='{"points": [1, {"x": null}]}', leverage="1e999999"))
    assert item.problem is None and item.directive is not None


def test_each_item_keeps_its_exact_text() -> None:
    texts = [
        '{ "directive_id" :\t"dir-1",\n "quantity" : 0.10e0 }',
        item_text(signal_id=r'"\u00e9\ud83d\ude00 é😀"'),
        "[1,   2]",
        '"a \\" ] , { b"',
        "1.50",
    ]
    items = read_batch(
        '\n{ "page": {"directives": []}, "directives" :[ ' + " ,\r\n ".join(texts) + ' ] , "next": "]" } \n'
    )
    assert [item.raw for item in items] == texts


def test_list_that_is_null_has_no_items() -> None:
    """Go writes an empty list so."""
    assert read_batch('{"directives": null}') == read_batch(' {"page": 1, "directives" : null } ') == []


def test_answer_that_says_it_failed_is_no_empty_list() -> None:
    with pytest.raises(BatchError, match='has "success" false, and no directive'):
        read_batch('{"success": false, "error": "unknown officer", "directives": []}')
    assert len(read_batch(f'{{"success": false, "directives": [{item_text()}]}}')) == 1


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ('"next": "/v1/directives/pending?page=2"', "next"),
        ('"nextCursor": "x"', "nextCursor"),
        ('"@odata.nextLink": "https://x"', "@odata.nextLink"),
        ('"has_more": true', "has_more"),
        ('"_links": {"self": "/1", "next": {"href": "/2"}}', "_links.next"),
        ('"next": null, "has_more": false, "next_cursor": "", "links": {"self": "/1"}', ""),
        ('"page": 1, "total": 900, "more": NaN', ""),
    ],
)
def test_page_of_a_longer_list_is_read_and_its_field_named(other: str, field: str) -> None:
    found = read_batch(f'{{{other}, "directives": [{item_text()}]}}')
    assert (len(found), found.more) == (1, field)


def test_an_answer_without_items_has_none() -> None:
    assert read_batch('{"directives": []}') == []
    assert read_batch('{"directives":[ ],"more":false}') == []


def test_a_long_list_is_read_to_its_end_in_its_order() -> None:
    items = read_batch(batch(*(item_text(directive_id=f'"{number}"') for number in range(1500))))
    assert [item.directive_id for item in items] == [str(number) for number in range(1500)]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "'{' must be there"),
        ("   ", "'{' must be there"),
        ("[]", 'a bare list; it must be an object with the list as "directives"'),
        ("<html>", "'{' must be there"),
        ("null", "'{' must be there"),
        ("{}", 'has no "directives"'),
        ('{"directive": []}', 'has no "directives" at its top; it has "directive"'),
        ('{"data": {"directives": []}, "page": 1}', 'at its top; it has "data", "page"'),
        ('{"directives": {}}', "is not a list"),
        ('{"directives": nullify}', "',' must be there"),
        ('{"directives": null, "directives": []}', '"directives" twice'),
        ('{"directives": [], "directives": []}', '"directives" twice'),
        ('{"directives": []} {}', "goes on after its end"),
        ('{"directives": []', "',' must be there"),
        ('{"directives": [{}', "',' must be there"),
        ('{"directives": [{"a": }]}', "is not JSON"),
        ('{"directives": [{"a": "\n"}]}', "is not JSON"),
        ('{"directives": ["\\x"]}', "is not JSON"),
        ('{"directives": [1 2]}', "',' must be there"),
        ('{"directives" []}', "':' must be there"),
        ("{directives: []}", "'\"' must be there"),
        ('{"directives": [', "is not JSON"),
    ],
)
def test_a_body_that_is_no_list_of_directives_is_an_error_as_a_whole(body: str, says: str) -> None:
    with pytest.raises(BatchError) as caught:
        read_batch(body)
    assert says in str(caught.value)


@pytest.mark.parametrize("depth", [10, 100, 100_000])
def test_an_item_nested_deeply_never_spoils_its_batch(depth: int) -> None:
    deep = item_text(directive_id='"deep"', price="[" * depth + "]" * depth)
    items = read_batch(batch(item_text(), deep))
    assert [item.raw for item in items] == [item_text(), deep]
    assert items[0].directive is not None
    assert items[1].directive is None


def test_an_answer_nested_too_deeply_beside_its_list_is_an_error() -> None:
    with pytest.raises(BatchError, match="nested too deeply"):
        read_batch('{"x": ' + "[" * 100_000 + "]" * 100_000 + ', "directives": []}')


def test_a_refusal_stays_short_whatever_the_item_holds() -> None:
    many = (
        "{"
        + ", ".join(f'"{number:060}": 1, "{number:060}": 2' for number in range(1000))
        + ', "directive_id": "d"}'
    )
    item = read_one(many)
    assert item.problem is not None and item.problem.code == "DUPLICATE_KEY"
    assert len(item.problem.message) < 1000


TEXTS = st.text() | st.sampled_from(["\0", "\ud800", "NaN", "OPEN_LONG", "MARKET", "2026-01-04T10:00:00Z"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.sampled_from(list(GOOD)), inner, max_size=6)
    ),
    max_leaves=15,
)
NEAR = st.dictionaries(
    st.sampled_from(list(GOOD)),
    TEXTS.map(json.dumps)
    | st.integers().map(str)
    | st.floats().map(json.dumps)
    | st.builds("{}e{}".format, st.integers(), st.integers(-(10**25), 10**25)),
).map(lambda changed: item_text(**changed))
"""A good directive with some fields spoilt."""


@given(st.lists(JSON.map(json.dumps) | NEAR, max_size=5))
def test_any_items_are_read_one_for_one_each_with_its_text_and_a_directive_or_a_reason(
    texts: list[str],
) -> None:
    items = read_batch(batch(*texts))
    assert [item.raw for item in items] == texts
    for item in items:
        assert (item.directive is None) is (item.problem is not None)
        assert item.problem is None or (item.problem.code and len(item.problem.message) < 1000)
        assert item.directive is None or item.directive.directive_id == item.directive_id


LISTS = st.lists(JSON.map(json.dumps) | NEAR, max_size=4)


@given(LISTS, LISTS, st.data())
def test_reader_returns_what_the_last_list_did_not_have(
    first: list[str], second: list[str], data: st.DataObject
) -> None:
    reader = ListReader()
    assert reader.read(batch(*first)) == read_batch(batch(*first))
    listed = data.draw(st.permutations([*first, *second]))
    assert reader.read(batch(*listed)) == [
        item for item in read_batch(batch(*listed)) if item.raw not in first
    ]
    assert reader.read(batch(*listed)) == []


def test_reader_returns_an_item_again_that_changed_or_was_gone() -> None:
    reader, item = ListReader(), item_text()
    changed = item_text(quantity="0.20")
    for texts, found in (
        ([item], [item]),
        ([changed], [changed]),
        ([item], [item]),
        ([], []),
        ([item], [item]),
    ):
        assert [each.raw for each in reader.read(batch(*texts))] == found
    reader.forget()
    assert [each.raw for each in reader.read(batch(item))] == [item]


def test_body_that_is_refused_changes_nothing_of_what_the_reader_knows() -> None:
    reader = ListReader()
    reader.read(batch(item_text()))
    with pytest.raises(BatchError):
        reader.read(batch(item_text(quantity="0.20")) + "}")
    assert reader.read(batch(item_text())) == []


@given(st.text() | st.text(alphabet='{}[]",: directives\\u0N1e-.').map('{"directives": ['.__add__))
def test_any_body_is_read_or_a_batch_error(body: str) -> None:
    try:
        items = read_batch(body)
    except BatchError as error:
        assert str(error)
    else:
        assert all(item.raw in body for item in items)


def test_the_reader_leaves_pythons_limit_on_digits_alone() -> None:
    digits = sys.get_int_max_str_digits()
    read_one(item_text(leverage="9" * (digits + 1)))
    assert sys.get_int_max_str_digits() == digits


def test_a_text_that_never_ends_is_refused_however_many_escapes_it_has() -> None:
    """Tried anew from each of them this would take days."""
    with pytest.raises(BatchError, match="breaks off within a directive"):
        read_batch('{"directives":[{"note":"' + '\\"' * 400_000)
