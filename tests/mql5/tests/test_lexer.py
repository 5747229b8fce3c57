"""Lexer: text and lines are kept, and text outside MQL5 is refused."""

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
def test_tokens_of_every_source_join_to_its_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert join(lex(text)) == text


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_tokens_join_to_the_text_and_keep_its_lines(text: str) -> None:
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
def test_token_kind(text: str, kind: Kind) -> None:
    assert kinds(text) == [(kind, text)]


def test_name_that_begins_with_d_is_not_a_date() -> None:
    assert kinds("D'2026.01.31';Day") == [
        (Kind.DATE, "D'2026.01.31'"),
        (Kind.SIGN, ";"),
        (Kind.WORD, "Day"),
    ]


def test_directive_ends_before_its_comment() -> None:
    tokens = lex('#define URL "http://x" // a comment\nint x;')
    assert tokens[0].text == '#define URL "http://x"'
    assert tokens[1].before == " // a comment\n"
    assert tokens[1].line == 2


def test_hash_inside_a_line_is_not_a_directive() -> None:
    assert [token.kind for token in lex("a #b")][:-1] == [Kind.WORD, Kind.SIGN, Kind.WORD]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"open', 'unclosed literal "open; a literal ends on the line on which it begins; add " behind it'),
        ("'a\nb'", "unclosed literal 'a; a literal ends on the line on which it begins; add ' behind it"),
        ("/* open", "unclosed comment /* open; a block comment ends with */; add */"),
        ("a ` b", "character '`'; it belongs to no token of MQL5; remove it"),
        ("@", "character '@'; it belongs to no token of MQL5; remove it"),
        ("\u0663", "character '\u0663'; it belongs to no token of MQL5; remove it"),
    ],
)
def test_text_outside_mql5_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(LexError) as refused:
        lex("int x;\n" + text, "f.mq5")
    assert str(refused.value) == f"f.mq5:2: {message}"
