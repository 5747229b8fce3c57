"""Return codes in words."""

from bridge.simulator.mt5.types import Retcode


def spelled(retcode: int) -> str:
    """A return code as the server comments it."""
    if retcode == Retcode.DONE:
        return "Request executed"
    if retcode == Retcode.DONE_PARTIAL:
        return "Request executed partially"
    known = retcode in Retcode.__members__.values()
    return Retcode(retcode).name.replace("_", " ").capitalize() if known else f"Unknown retcode {retcode}"
