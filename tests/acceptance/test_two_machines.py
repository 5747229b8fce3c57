"""Two machines serve one officer on one account, each with a sidecar, a journal and a terminal of its own."""

from pathlib import Path

from bridge.cli.setup import set_up
from bridge.config import load
from bridge.keys import link_key_path
from tests.rig.config import write_config
from tests.rig.deadline import Deadline
from tests.rig.journal import JournalView
from tests.rig.ports import HOST, free_port
from tests.rig.process import Process
from tests.rig.rig import Rig
from tests.rig.world import OFFICER

LOOK_S = 0.1
SCANNED = "SELECT epoch FROM sessions WHERE first_scan_at IS NOT NULL"


def start_another_machine(rig: Rig, folder: Path) -> tuple[JournalView, Process]:
    """Start a sidecar and a terminal that share Director, officer and account with the rig's, and nothing else."""
    folder.mkdir()
    config, journal, port = folder / "bridge.toml", folder / "journal.db", free_port()
    write_config(
        config,
        director_port=rig.director_port,
        link_port=port,
        officers=[{"id": OFFICER}],
        director={},
        link={},
    )
    set_up(load(config))
    sidecar = rig.run("other sidecar", ["bridge", "--log-json", "run", "--config", str(config)])
    link = ["--endpoint", f"tcp://{HOST}:{port}", "--officer", OFFICER]
    files = ["--link-key-file", str(link_key_path(journal, OFFICER)), "--ledger", str(folder / "ledger")]
    rig.run(
        "other terminal",
        ["bridge", "--log-json", "reference-terminal", *link, *files, "--broker", rig.broker_endpoint()],
    )
    sidecar.logged("terminal_connected")
    return JournalView(journal), sidecar


def test_one_of_two_machines_notices_the_other_and_opens_nothing_more(rig: Rig) -> None:
    rig.start()
    other, sidecar = start_another_machine(rig, rig.folder / "other")
    deadline = Deadline()
    # What one of them sent before the first scan of the other looks there like the order of a lost journal.
    while not all(journal.rows(SCANNED) for journal in (rig.journal, other)):
        assert not deadline.over, "one machine has not completed its first scan"
        sidecar.any_line(since=sidecar.mark, within=LOOK_S)
    rig.issue("OPEN_LONG")
    deadline = Deadline()

    def halted() -> list[str]:
        found = [*rig.journal.rows("SELECT why FROM halts"), *other.rows("SELECT why FROM halts")]
        return [row["why"] for row in found]

    while not halted():
        assert not deadline.over, "neither machine was halted"
        sidecar.any_line(since=sidecar.mark, within=LOOK_S)
    # The second of the two found the first one's order at the broker, or both sent within that moment.
    assert all("another sidecar or terminal sends orders of this officer" in why for why in halted())
    assert len(rig.broker.sends()) <= 2
    # Two journals and one account: the invariants of one machine do not hold.
    rig.sidecars = 0
