"""Comments of return codes."""

from bridge.simulator.mt5.constants import Retcode


def retcode_comment(retcode: int) -> str:
    """Return the comment that a trade server writes beside a return code."""
    if retcode == Retcode.DONE:
        return "Request executed"
    if retcode == Retcode.DONE_PARTIAL:
        return "Request executed partially"
    known = retcode in Retcode.__members__.values()
    return Retcode(retcode).name.replace("_", " ").capitalize() if known else f"Unknown retcode {retcode}"
