"""Survey of a folder of MQL5 code: `python -m tests.mql5.survey FOLDER`.

Each file is read by the lint and the translator by itself, without its includes. Text outside the subset is refused
by name; an exception of any other kind is a failure of the tools. Print the counts; exit code 1 where there is a
failure.
"""

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.mql5.lint import check_text
from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.lexer import lex
from tests.mql5.translator.source import Source
from tests.mql5.translator.translate import translate

ENDINGS: Final = (".mq5", ".mqh")
_MARKS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


@dataclass
class Survey:
    """Files read, codes of findings and classes of refusals with their numbers, and failures of the tools."""

    files: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        """Read one text with both tools."""
        self.files += 1
        self._try(name, lambda: self.refused.update(finding.code for finding in check_text(text, name)))
        self._try(name, lambda: _translate(text, name))

    def _try(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except TranslationError as refusal:
            self.refused[type(refusal).__name__] += 1
        except Exception:
            # A failure of any kind is what the survey looks for.
            self.failures.append(f"{name}: {traceback.format_exc(limit=-3)}")


def _translate(text: str, name: str) -> None:
    source = Source(Path(name))
    source.tokens = lex(text, name)
    translate(source)


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of every MQL5 file in a folder, in any of the encodings that MetaEditor writes."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in ENDINGS and path.is_file():
            data = path.read_bytes()
            encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
            text = data.decode(encoding, errors="replace")
            yield path.as_posix(), text.replace("\r\n", "\n").replace("\r", "\n")


def survey(folder: Path) -> Survey:
    """Read every MQL5 file in a folder."""
    found = Survey()
    for name, text in texts(folder):
        found.add(name, text)
    return found


def main(arguments: list[str]) -> int:
    """Survey a folder. Return 0, 1 for failures of the tools, 2 for wrong usage."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m tests.mql5.survey FOLDER", file=sys.stderr)
        return 2
    found = survey(Path(arguments[0]))
    print(f"{found.files} files, {sum(found.refused.values())} refusals, {len(found.failures)} failures")
    for code, count in found.refused.most_common():
        print(f"{count:6} {code}")
    for failure in found.failures:
        print(failure, file=sys.stderr)
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
