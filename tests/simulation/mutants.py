"""Mutants: errors that are put into a copy of the product, each of which the simulation must find.

A mutant that is not found is a hole in the stories or in the checker.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
FIRST_SEED: Final = 1_000


class Mutant(NamedTuple):
    """One error: a text of a file, in place of another one that is in it once."""

    name: str
    file: str
    text: str
    instead: str


MUTANTS: Final = (
    Mutant(
        "reports are acknowledged that the journal did not store",
        "bridge/sidecar/link_worker.py",
        'await self._handle(self._sessions.drop(officer, "the journal cannot be written"))',
        "await self._handle(self._sessions.committed(officer, epoch, reports[-1][0], ready=False))",
    ),
    Mutant(
        "the event's key leaves out the subject",
        "bridge/core/trade/events.py",
        "        new_event.subject,\n    ]\n    return hashlib",
        "    ]\n    return hashlib",
    ),
    Mutant(
        "an event counts as delivered without an answer",
        "bridge/sidecar/deliverer.py",
        '        faultpoint("post.answered")\n',
        "        answer = Posted() if isinstance(answer, Failed) and answer.status is None else answer\n",
    ),
    Mutant(
        "an event of a directive is posted while an earlier one is",
        "bridge/journal/tables/events.py",
        "return [event for event in found if event.queue not in busy][:limit]",
        "return found[:limit]",
    ),
    Mutant(
        "the hash of a report leaves out the commission",
        "bridge/core/link/report_identity.py",
        'if name != "request" and',
        'if name not in ("request", "commission") and',
    ),
    Mutant(
        "an allocation takes all of a lot",
        "bridge/core/trade/allocation.py",
        "            taken.append((owner, piece))\n",
        "            taken.append((owner, available))\n",
    ),
    Mutant(
        "the last allocation does not get the rest of the money",
        "bridge/core/trade/allocation.py",
        "    amounts[last] = money - sum(amounts[:last] + amounts[last + 1 :], ZERO)\n",
        "",
    ),
    Mutant(
        "a command's deadline does not regard its expiry",
        "bridge/core/trade/dispatch.py",
        "left_s = min(deadline_s, (command.expires_at - now).total_seconds())",
        "left_s = deadline_s",
    ),
    Mutant(
        "the terminal keeps no intent",
        "bridge/simulator/terminal/ledger.py",
        "        self._append(intent)\n",
        "",
    ),
    Mutant(
        "the terminal sends again after a time-out",
        "bridge/simulator/terminal/send.py",
        "            result = TradeResult(retcode=Retcode.TIMEOUT)\n",
        "            result = self._broker.order_send(request)\n",
    ),
    Mutant(
        "a scan begins at the present",
        "bridge/simulator/terminal/scan.py",
        "from_ms = max(0, min(self._watermark_ms, now_ms) - self._overlap_ms)",
        "from_ms = now_ms",
    ),
    Mutant(
        "a send has no row in the journal",
        "bridge/journal/steps/dispatch.py",
        "    dispatches.add(\n        step.connection,\n        sent.client_order_id,",
        "    (lambda *_, **__: None)(\n        step.connection,\n        sent.client_order_id,",
    ),
    Mutant(
        "an audit row is chained to the first one",
        "bridge/journal/database/audit.py",
        'seq, prev = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)',
        'seq, prev = (last["seq"] + 1, GENESIS) if last else (1, GENESIS)',
    ),
    Mutant(
        "a partial fill counts as the whole",
        "bridge/core/trade/apply_deals.py",
        "    whole = filled >= command.order.volume\n",
        "    whole = filled > ZERO\n",
    ),
    Mutant(
        "the stop loss is lost in the planning",
        "bridge/core/trade/planning.py",
        "        stop_loss=on_tick(directive.stop_loss, terms),\n"
        "        take_profit=on_tick(directive.take_profit, terms),\n        price=price,",
        "        take_profit=on_tick(directive.take_profit, terms),\n        price=price,",
    ),
    Mutant(
        "a volume is one step too large",
        "bridge/core/trade/planning.py",
        "        volume=quantity,\n        order_type=directive.order_type,",
        "        volume=quantity + terms.volume_step,\n        order_type=directive.order_type,",
    ),
    Mutant(
        "a close with a quantity closes all",
        "bridge/core/trade/planning.py",
        "volume = position.volume if left is None else min(position.volume, left)",
        "volume = position.volume",
    ),
    Mutant(
        "the outcome of a command is not asked for",
        "bridge/journal/steps/dispatch.py",
        "    if not first and not gate.broker_connected:\n        return []\n",
        "    return []\n",
    ),
    Mutant(
        "a sidecar's session goes on after a kill of the terminal",
        "bridge/core/link/session.py",
        "if session is None or session.epoch != epoch:\n            return []\n        session.acked",
        "if session is None:\n            return []\n        session.acked",
    ),
)


class Found(NamedTuple):
    """Result of the hunt for one mutant."""

    mutant: Mutant
    seed: int | None
    """Seed of the first violation; None: none was found."""
    violation: str
    seconds: float


def hunt(mutants: tuple[Mutant, ...], minutes: float) -> Iterator[Found]:
    """Put each mutant into a copy, and hunt there until a violation is found or the time is over."""
    for mutant in mutants:
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            copy = Path(folder)
            for name in ("bridge", "tests", "scripts"):
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            put(mutant, copy)
            began = time.monotonic()
            hunted = subprocess.run(
                [
                    sys.executable,
                    "scripts/simulate.py",
                    "--minutes",
                    str(minutes),
                    "--first",
                    str(FIRST_SEED),
                    "--stop",
                ],
                cwd=copy,
                capture_output=True,
                text=True,
                check=False,
            )
            took = time.monotonic() - began
            match = re.search(r"^seed (\d+):\n\s*(.*(?:\n    .*)*)", hunted.stdout, re.MULTILINE)
            if match is not None:
                yield Found(mutant, int(match[1]), match[2].strip().splitlines()[-1].strip(), took)
            else:
                yield Found(mutant, None, hunted.stderr.strip()[-300:], took)


def put(mutant: Mutant, folder: Path) -> None:
    """Put the mutant into a copy of the product. Raises ValueError where its text is not there, or twice."""
    file = folder / mutant.file
    text = file.read_text(encoding="utf-8")
    if (count := text.count(mutant.text)) != 1:
        raise ValueError(f"mutant {mutant.name!r}: its text is {count} times in {mutant.file}; write it once")
    file.write_text(text.replace(mutant.text, mutant.instead), encoding="utf-8")
