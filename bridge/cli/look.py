"""Look at sidecar and journal from a process of its own: the sidecar is asked, and the journal read beside it."""

from bridge.cli.asking import live
from bridge.cli.control_client import NoAnswerError, NobodyThereError, NotAskedError
from bridge.clock import SystemClock
from bridge.config import Config
from bridge.journal.database.lock import is_held
from bridge.sidecar.control_file import ControlFileError
from bridge.status.look import Look, with_journal


def look(config: Config) -> Look:
    """Return the state of sidecar and journal. Nothing is changed, and no JournalError is raised."""
    return with_journal(_sidecar(config), config.journal, config.settings, SystemClock().now())


def _sidecar(config: Config) -> Look:
    """Return the sidecar's part of the look."""
    try:
        return Look(sidecar=live(config))
    except (NobodyThereError, NotAskedError, ControlFileError) as error:
        nobody = str(error)
        # A sidecar that cannot be asked is another thing than none.
        if (held := is_held(config.journal)) is False:
            return Look(nobody=nobody)
        runs = "owns the journal" if held else "may own the journal, which this user cannot find out"
        return Look(nobody=nobody, unanswered=f"cannot be asked, and a process {runs}: {nobody}")
    except NoAnswerError as error:
        return Look(unanswered=f"does not answer: {error}")
