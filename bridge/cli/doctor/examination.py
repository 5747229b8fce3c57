"""All checks of the doctor, in the order in which an operator mends what they find."""

from bridge.cli.doctor import director, installation, journal
from bridge.cli.doctor.finding import Finding
from bridge.cli.doctor.observed import Observed
from bridge.cli.doctor.sidecar import sidecar
from bridge.cli.doctor.terminal import terminal
from bridge.cli.doctor.work import work


def examine(seen: Observed) -> list[Finding]:
    """Return the findings of every check."""
    actions = seen.look.actions(seen.config.settings, seen.lines)
    findings = [
        *installation.configuration(seen),
        *installation.link_keys(seen),
        *installation.page_key(seen),
        *director.api_key(seen),
        *director.route(seen),
        *director.certificate(seen),
        *director.listings(seen),
        *director.clock(seen),
        *journal.content(seen),
        *journal.writable(seen),
        *journal.disk(seen),
        *journal.backup(seen),
        *sidecar(seen),
        *installation.link_address(seen),
        *installation.control_address(seen),
        *installation.web_address(seen),
    ]
    for officer in seen.config.settings.officers:
        of_officer = [each for each in actions if each.officer == officer.id]
        findings += terminal(seen, officer, of_officer)
    return [*findings, *work(seen, actions)]
