"""The lexer: nothing is lost, lines are counted, and what is no MQL5 is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mql5.translator.lexer import Kind, LexError, join, lex

ROOT = Path(__file__).parents[3]
SOURCES = sorted([*ROOT.glob("mql5/**/*.mq*"), *ROOT.glob("tests/mql5/tests/corpus/*.mq*")])
PIECES = [
    "int",
    " ",
    "\n",
    "x",
    "1.5",
    "+",
    "{",
    "}",
    "//c\n",
    "/*c\n*/",
    '"s\\""',
    "'a'",
    "\n#define A 1\n",
    ".",
    "->",
]


def kinds(text: str) -> list[tuple[Kind, str]]:
    return [(token.kind, token.text) for token in lex(text)[:-1]]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_source_comes_back_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert join(lex(text)) == text


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_what_was_read_comes_back_with_its_lines(text: str) -> None:
    tokens = lex(text)
    assert join(tokens) == text.rstrip(" ") + text[len(text.rstrip(" ")) :]
    for token in tokens:
        if token.kind is Kind.WORD:
            assert text.splitlines()[token.line - 1].find(token.text) >= 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0x1F", Kind.NUMBER),
        ("1e-5", Kind.NUMBER),
        (".5", Kind.NUMBER),
        ("12L", Kind.NUMBER),
        ("'\\x41'", Kind.CHAR),
        ("D'2026.01.31 12:00'", Kind.DATE),
        ("C'1,2,3'", Kind.COLOR),
        ('"a // b \\" c"', Kind.STRING),
        (">>=", Kind.SIGN),
        ("#define A \\\n  b", Kind.DIRECTIVE),
    ],
)
def test_one_token(text: str, kind: Kind) -> None:
    assert kinds(text) == [(kind, text)]


def test_a_name_that_begins_with_d_is_no_date() -> None:
    assert kinds("D'2026.01.31';Day") == [
        (Kind.DATE, "D'2026.01.31'"),
        (Kind.SIGN, ";"),
        (Kind.WORD, "Day"),
    ]


def test_a_directive_ends_where_its_comment_begins() -> None:
    tokens = lex('#define URL "http://x" // a comment\nint x;')
    assert tokens[0].text == '#define URL "http://x"'
    assert tokens[1].before == " // a comment\n"
    assert tokens[1].line == 2


def test_a_hash_in_the_middle_of_a_line_is_no_directive() -> None:
    assert [token.kind for token in lex("a #b")][:-1] == [Kind.WORD, Kind.SIGN, Kind.WORD]


@pytest.mark.parametrize("text", ['"open', "'a", "/* open", "a ` b", "@"])
def test_what_is_no_mql5(text: str) -> None:
    with pytest.raises(LexError, match=r"^f\.mq5:2: cannot read"):
        lex("int x;\n" + text, "f.mq5")
