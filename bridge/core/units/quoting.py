"""Quoting of words in command lines that a person copies into a shell.

On Windows the shell is cmd.exe or PowerShell, and each program splits its own command line. Sources: Parsing C++
command-line arguments, learn.microsoft.com; cmd and set, Windows Commands, learn.microsoft.com;
about_Quoting_Rules, PowerShell, learn.microsoft.com.
"""

import re
import shlex
import unicodedata
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./\\:+-]+", re.ASCII)
"""Words that both of Windows' shells, and the programs, take as they are."""
_READ_DIFFERENTLY: Final = re.compile(r'["%$`\u201c-\u201e]')
"""Characters that act inside double quotes: % in cmd.exe, the others in PowerShell, and " in both."""
_BACKSLASHES_BEFORE_QUOTE: Final = re.compile(r'(\\*)("|\Z)')
_ACTIVE: Final = re.compile(r"[^A-Za-z0-9]", re.ASCII)


def quoted(word: str, *, windows: bool) -> str:
    """Return a word as one argument of a command line, unchanged where it needs no quotes.

    One that is not printable has the form $'...' of bash and zsh, with codes; no shell of Windows has one.
    On Windows a word in double quotes is the same to cmd.exe and PowerShell. One with a character that acts there
    has its form for the prompt of cmd.exe, each character behind a caret; PowerShell makes another argument of it,
    and starts no program that is named in it.
    """
    if not windows:
        return shlex.quote(word) if all(map(_is_shown, word)) else f"$'{''.join(map(_coded, word))}'"
    if _PLAIN.fullmatch(word):
        return word
    # Backslashes are doubled before a quote alone, where a program takes them for its escapes.
    argument = '"' + _BACKSLASHES_BEFORE_QUOTE.sub(_escape, word) + '"'
    if _READ_DIFFERENTLY.search(word) is None:
        return argument
    return _ACTIVE.sub(lambda found: f"^{found[0]}", argument)


def _coded(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return character if _is_shown(character) else f"\\U{ord(character):08x}"


def _is_shown(character: str) -> bool:
    """Return True for printable characters and spaces of any width."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def joined(words: Iterable[str], *, windows: bool) -> str:
    """Return a command line of these words, the program first."""
    return " ".join(quoted(word, windows=windows) for word in words)


def _escape(found: re.Match[str]) -> str:
    return found[1] * 2 + (r"\"" if found[2] else "")
