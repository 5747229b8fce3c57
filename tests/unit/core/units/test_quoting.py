"""A quoted word is one argument again, for sh, cmd.exe and PowerShell, and runs nothing."""

import json
import re
import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.quoting import joined, quoted

printable = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")))


def arguments(line: str) -> list[str]:
    """Return what a program of Microsoft's C library makes of its command line, by the documented rules."""
    found: list[str] = []
    word, inside, at, begun = "", False, 0, False
    while at < len(line):
        count = len(line[at:]) - len(line[at:].lstrip("\\"))
        if count and line[at + count : at + count + 1] == '"':
            word, begun, at = word + "\\" * (count // 2), True, at + count
            if count % 2:
                word, at = word + '"', at + 1
        elif count:
            word, begun, at = word + "\\" * count, True, at + count
        elif line[at] == '"':
            inside, begun, at = not inside, True, at + 1
        elif line[at] in " \t" and not inside:
            found, word, begun, at = [*found, *([word] if begun else [])], "", False, at + 1
        else:
            word, begun, at = word + line[at], True, at + 1
    return [*found, *([word] if begun else [])]


def passed_on(line: str) -> str:
    """Return what cmd.exe passes on to a program: carets are gone outside quotes. A character that acts fails."""
    text, inside, at = "", False, 0
    while at < len(line):
        if line[at] == "^" and not inside:
            at += 1
        elif line[at] == '"':
            inside = not inside
        else:
            assert inside or line[at] not in "&|<>()%", line
            assert line[at] != "%", line
        text, at = text + line[at], at + 1
    return text


@given(printable)
def test_word_is_one_argument_of_cmd_again(word: str) -> None:
    line = f"program {quoted(word, windows=True)} last"
    assert arguments(passed_on(line)) == ["program", word, "last"]


@given(printable)
def test_word_is_one_argument_of_sh_again(word: str) -> None:
    assert shlex.split(f"program {quoted(word, windows=False)} last") == ["program", word, "last"]


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("a\nb", r"$'a\U0000000ab'"),
        ("it's\u202e", r"$'it\'s\U0000202e'"),
        ("\\\x1b[2J", r"$'\\\U0000001b[2J'"),
    ],
)
def test_word_that_is_not_printable_has_codes_in_bash(word: str, shown: str) -> None:
    assert quoted(word, windows=False) == shown


@given(st.text('$`(){};&|%"\u201c^!\\ ax'))
def test_powershell_runs_nothing_of_a_word(word: str) -> None:
    """It runs `$(...)` inside double quotes, and what follows `;`, `&` or `|` outside them."""
    line = quoted(word, windows=True)
    if line.startswith('"'):
        assert not set(line[1:-1]) & set('$`"\u201c')
    else:
        assert re.fullmatch(r"[ax\\]+|(?:[ax]|\^[^ax])+", line)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        (r"C:\bridge\bridge.toml", r"C:\bridge\bridge.toml"),
        ("dir-1", "dir-1"),
        ("", '""'),
        (r"C:\my bridge\bridge.toml", r'"C:\my bridge\bridge.toml"'),
        ("C:\\my bridge\\", r'"C:\my bridge\\"'),
        ("S&P500", '"S&P500"'),
        ("it's", '"it\'s"'),
        ("50%", '^"50^%^"'),
        ('a "b"', r'^"a^ ^\^"b^\^"^"'),
        ("$(calc)", '^"^$^(calc^)^"'),
    ],
)
def test_forms_on_windows(word: str, shown: str) -> None:
    assert quoted(word, windows=True) == shown


def test_line_has_each_word_quoted() -> None:
    words = ["journal", "show", "dir 1"]
    assert joined(words, windows=True) == 'journal show "dir 1"'
    assert joined(words, windows=False) == "journal show 'dir 1'"


@pytest.mark.parametrize("word", ["dir 1", 'a "b"', "50%", "$(calc)", "S&P500", "it's", "C:\\my bridge\\"])
def test_program_gets_the_word_from_the_shell_of_this_platform(word: str) -> None:
    windows = sys.platform == "win32"
    script = "import json, sys; print(json.dumps(sys.argv[1:]))"
    line = joined([sys.executable, "-c", script, word], windows=windows)
    done = subprocess.run(line, shell=True, stdin=subprocess.DEVNULL, capture_output=True, check=True)  # noqa: S602 (what a shell makes of it is tested)
    assert json.loads(done.stdout) == [word]
