"""Build of a program: source to a library that Python can load.

The steps are lint, translation and compilation; each reports errors by the line of the .mq5 or .mqh file. A library
is cached under the hash of all its inputs, so that the same source is compiled once. The hash of files and tools
leads to it without a translation. Processes that build the same program wait for the first one.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from tests.mql5.builder.compiler import Compiler, find
from tests.mql5.lint import check_file
from tests.mql5.reference import header
from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.source import files_of, load
from tests.mql5.translator.translate import Translation, translate

HERE: Final = Path(__file__).parents[1]
STANDIN: Final = HERE / "standin"
LINT: Final = HERE / "lint"
REFERENCE: Final = HERE / "reference"
TRANSLATOR: Final = HERE / "translator"
BUILDER: Final = HERE / "builder"
CACHE: Final = HERE.parents[1] / "build" / "mql5"
"""Inside the checkout; covered by .gitignore."""


class BuildError(Exception):
    """The source does not build. The message has one diagnostic per line, each with file:line."""


@dataclass(frozen=True)
class Built:
    """Paths of a library and of its C++ text."""

    library: Path
    text: Path
    fresh: bool
    """True where this call compiled it; False where it was in the cache."""


def build(main: Path, include_dir: Path | None = None, *, cache: Path = CACHE) -> Built:
    """Build a program, or return it from the cache. Raises BuildError; CompilerError without a compiler."""
    compiler = find(cache)
    inputs = cache / f"{main.stem}-inputs-{_digest_of_inputs(main, include_dir, compiler)}"
    if (built := _known(inputs, cache)) is not None:
        return built
    with FileLock(cache / f"{main.stem}.lock"):
        # Another process may have built it meanwhile.
        if (built := _known(inputs, cache)) is not None:
            return built
        text = translated(main, include_dir).text
        built = _place(text, main.stem, compiler, cache)
        if built.fresh:
            # The hash covers the lint's rules: a cached library has passed them.
            _lint(main, include_dir)
            _compile(compiler, built, text, cache)
        inputs.write_text(built.library.parent.name, encoding="utf-8")
        return built


def _known(inputs: Path, cache: Path) -> Built | None:
    """Return the library that these inputs led to; None where there is none."""
    if not inputs.is_file():
        return None
    folder = cache / inputs.read_text(encoding="utf-8")
    library = folder / "expert.so"
    # A file that another process is just writing names no folder yet.
    return (
        Built(library, folder / "expert.cpp", fresh=False) if folder != cache and library.exists() else None
    )


def build_text(text: str, name: str, *, cache: Path = CACHE) -> Built:
    """Compile a translation without the lint, or return it from the cache. Raises BuildError, CompilerError."""
    compiler = find(cache)
    built = _place(text, name, compiler, cache)
    if built.fresh:
        _compile(compiler, built, text, cache)
    return built


def translated(main: Path, include_dir: Path | None = None) -> Translation:
    """Read and translate a program. Raises BuildError."""
    try:
        return translate(load(main, include_dir))
    except TranslationError as error:
        raise BuildError(str(error)) from None


def _place(text: str, name: str, compiler: Compiler, cache: Path) -> Built:
    folder = cache / f"{name}-{_digest(text, compiler)}"
    library = folder / "expert.so"
    return Built(library, folder / "expert.cpp", fresh=not library.exists())


def _lint(main: Path, include_dir: Path | None) -> None:
    try:
        findings = check_file(main, include_dir)
    except TranslationError as error:
        raise BuildError(str(error)) from None
    if findings:
        raise BuildError("\n".join(map(str, findings)))


def _compile(compiler: Compiler, built: Built, text: str, cache: Path) -> None:
    folder = built.library.parent
    folder.mkdir(parents=True, exist_ok=True)
    # Two processes may build the same program: each writes its own file, and the last one replaces the other.
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        source, library = Path(scratch, "expert.cpp"), Path(scratch, "expert.so")
        source.write_text(text, encoding="utf-8")
        Path(scratch, "constants.h").write_text(header(), encoding="utf-8")
        includes = (f"-isystem{scratch}", f"-isystem{STANDIN}")
        done = subprocess.run(
            [*compiler.command, *compiler.flags, *includes, "-o", str(library), str(source)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            built.text.write_text(text, encoding="utf-8")
            raise BuildError(readable(done.stderr, str(source)))
        os.replace(source, built.text)
        os.replace(library, built.library)


def readable(output: str, scratch: str) -> str:
    """Return a compiler's output with the stand-in's namespaces removed from type names."""
    return (
        output.replace(scratch, "expert.cpp").replace("::rt::", "").replace("ea::", "").replace("mql::", "")
    )


def _digest(text: str, compiler: Compiler) -> str:
    rules = [*STANDIN.glob("*.h"), *LINT.rglob("*.py"), *REFERENCE.glob("*.txt")]
    return _hash((compiler.version, " ".join(compiler.flags), header(), text), rules)


def _digest_of_inputs(main: Path, include_dir: Path | None, compiler: Compiler) -> str:
    """Return the hash of everything that the library depends on."""
    tools = [
        path
        for folder in (TRANSLATOR, BUILDER, LINT, REFERENCE, STANDIN)
        for path in folder.rglob("*")
        if path.suffix in (".py", ".txt", ".h")
    ]
    sources = files_of(main, include_dir)
    return _hash((compiler.version, " ".join(compiler.flags), str(main.resolve())), [*tools, *sources])


def _hash(texts: Iterable[str], files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for part in texts:
        digest.update(part.encode() + b"\0")
    for path in sorted(files):
        digest.update(path.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:20]
