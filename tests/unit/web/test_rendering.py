"""Pages as HTML: what others wrote is text."""

from bridge.status.overview import Table
from bridge.web.rendering import Templates

HOSTILE = "<b>\u202ekorB\x9b31m\x1b]0;x\x07"
HARMLESS = "&lt;b&gt;\ufffdkorB\ufffd31m\ufffd]0;x\ufffd"
"""The same escaped, without characters that turn the direction of a text or control a terminal."""


def test_texts_of_others_are_escaped_and_printable_everywhere_on_a_page() -> None:
    page = Templates([]).table_page(HOSTILE, [Table(HOSTILE, (HOSTILE,), [(HOSTILE,)])], HOSTILE)
    assert page.count(HARMLESS) == 8
    assert all(each.isprintable() or each == "\n" for each in page)
    assert "<b>" not in page
