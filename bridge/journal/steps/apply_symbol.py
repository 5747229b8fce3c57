"""Applying the broker's answer about a symbol."""

from bridge.core.link.reports import SymbolReport
from bridge.journal.database.words import AuditKind
from bridge.journal.steps.step import Step
from bridge.journal.tables import symbols


def apply_symbol(step: Step, report: SymbolReport, raw: bytes, epoch: int) -> None:
    """Store the terms of a symbol, as the terminal of this session sees them."""
    if symbols.save(step.connection, step.account, report, epoch, step.now):
        subject = f"{report.asked} is {report.name or 'unknown to the broker'}"
        step.audit(AuditKind.SYMBOL, subject, raw.decode())
