"""scripts/drill.py as an operator starts it: a machine is lost, and recovered on another."""

import os
import subprocess
import sys
from pathlib import Path

DRILL = Path(__file__).resolve().parents[2] / "scripts" / "drill.py"
DRILL_S = 600.0
"""On a busy machine under Wine it takes minutes: each of its processes is a new interpreter."""
GRACE_S = DRILL_S + 60.0
"""More than the drill's own deadline, after which it names what did not happen."""


def test_lost_machine_is_recovered_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    """The old machine that comes back needs half a minute of waiting, and is left to whoever runs the drill.

    Its output goes into a pipe of Windows, which lacks the borders of the tables that it shows.
    """
    done = subprocess.run(
        [sys.executable, str(DRILL), "--deadline", str(DRILL_S)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        encoding="cp1252",
        timeout=GRACE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 orders at the broker, 0 of them sent more than once" in done.stdout
    assert "is adopted." in done.stdout
    assert "OK: journal, Director and broker agree to the last lot" in done.stdout
