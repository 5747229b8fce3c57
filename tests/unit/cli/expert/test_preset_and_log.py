"""Preset of the inputs, and MetaEditor's log."""

import re
import stat
import sys
from pathlib import Path

from bridge.cli.expert import metaeditor, preset, sources
from bridge.core.link.handshake import LinkKey

KEY = LinkKey(bytes(range(32)))
LOG = (
    "C:\\data\\MQL5\\Experts\\ExecutionOfficer\\ExecutionOfficer.mq5 : information: compiling\r\n"
    "C:\\data\\MQL5\\Experts\\TestWire.mq5(225,89) : error 256: undeclared identifier 'FILE_UTF8'\r\n"
    "Result: 1 errors, 2 warnings, 900 ms elapsed\r\n"
)


def test_preset_is_utf_16_with_one_plain_line_for_each_input() -> None:
    content = preset.encode(preset.inputs("eo-001", KEY, "tcp://127.0.0.1:5761"))
    assert content.startswith(b"\xff\xfe")
    assert content.decode("utf-16").split("\r\n") == [
        "InpOfficer=eo-001",
        f"InpLinkKey={KEY.to_text()}",
        "InpHost=127.0.0.1",
        "InpPort=5761",
        "InpPollIntervalS=0",
        "",
    ]


def test_every_input_of_the_preset_is_one_of_the_expert_advisor() -> None:
    text = (sources.folder() / sources.MAIN).read_text(encoding="utf-8")
    declared = set(re.findall(r"^input \w+\s+(\w+)=", text, re.MULTILINE))
    assert preset.inputs("eo-001", KEY, "tcp://127.0.0.1:1").keys() <= declared


def test_log_is_read_by_its_result() -> None:
    log = metaeditor.read_log(LOG.encode("utf-16"))
    assert log.messages == ["TestWire.mq5:225: error 256: undeclared identifier 'FILE_UTF8'"]
    assert (log.errors, log.warnings) == (1, 2)
    assert metaeditor.read_log(LOG.replace("1 errors", "0 errors").encode("utf-16-le")).errors == 0


def test_log_without_a_result_is_no_success() -> None:
    assert metaeditor.read_log("nothing".encode("utf-16")).errors is None


def test_compilation_that_writes_no_log_does_not_leave_the_old_program(tmp_path: Path) -> None:
    source = tmp_path / "X.mq5"
    source.with_suffix(".ex5").touch()
    source.with_suffix(".log").write_bytes(LOG.replace("1 errors", "0 errors").encode("utf-16"))
    log = metaeditor.compile_source([sys.executable, "-c", ""], source, tmp_path)
    assert log.errors is None
    assert not source.with_suffix(".ex5").exists()


def test_editor_is_run_on_windows_alone_and_where_it_is(tmp_path: Path) -> None:
    assert metaeditor.command(tmp_path, windows=True) == []
    editor = tmp_path / metaeditor.EDITOR
    editor.touch(mode=stat.S_IRWXU)
    assert metaeditor.command(tmp_path, windows=True) == [str(editor)]
    assert metaeditor.command(tmp_path, windows=False) == metaeditor.command(None, windows=True) == []
