"""The command line as an operator uses it while no sidecar runs."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge import cli
from tests.integration.journal.bench import OFFICER, OTHER, JournalBench, directive, settings
from tests.integration.journal.reports import absent


class CommandLine:
    """Commands run in the folder of a journal that no sidecar owns."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.journal = folder / "journal.db"
        self._capsys = capsys
        (folder / "bridge.toml").write_text(
            '[director]\nurl = "http://127.0.0.1:1"\napi_key_env = "KEY"\n'
            f'[[officers]]\nid = "{OFFICER}"\n[[officers]]\nid = "{OTHER}"\n'
        )
        self.stdout = ""
        self.stderr = ""

    @contextmanager
    def bench(self) -> Iterator[JournalBench]:
        """Open the journal for a test that writes a history into it; closed with the context."""
        with closing(JournalBench(self.journal, settings())) as made:
            yield made

    @contextmanager
    def bench_of_existing(self) -> Iterator[JournalBench]:
        """Open the journal that is there for a test that writes more into it; closed with the context."""
        with closing(JournalBench(self.journal, settings(), new=False)) as opened:
            yield opened

    def run(self, *arguments: str) -> int:
        """Run one command and return its exit status. Its output is kept in `stdout` and `stderr`."""
        code = cli.invoke([arguments[0], "--config", str(self.folder / "bridge.toml"), *arguments[1:]])
        self.read_output()
        return code

    def run_plain(self, *arguments: str) -> int:
        """Run one command that takes no configuration, and return its exit status."""
        code = cli.invoke(arguments)
        self.read_output()
        return code

    def read_output(self) -> str:
        """Return the standard output since the last reading."""
        self.stdout, self.stderr = self._capsys.readouterr()
        return self.stdout

    def status(self) -> tuple[int, dict[str, Any]]:
        code = self.run("status", "--json")
        report = json.loads(self.stdout)
        assert isinstance(report, dict)
        return code, report

    def halts(self) -> list[tuple[str, str, str]]:
        """Return (officer, symbol, why) of each halt in force."""
        return [
            (each["officer"], each["symbol"], each["why"]) for each in self.status()[1]["journal"]["halts"]
        ]


def unknown(bench: JournalBench) -> int:
    """Journal an opening command in state UNKNOWN and return its client order id."""
    bench.join()
    [command] = bench.sent(directive())
    bench.later(30)
    bench.report(absent(command.order, request_no=101), absent(command.order, request_no=102))
    return command.order.client_order_id
