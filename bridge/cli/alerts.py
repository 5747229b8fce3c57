"""`execution-officer alerts`: messages to people, tried out."""

import socket
from functools import partial
from pathlib import Path

import click

from bridge.alerts import addresses, alive
from bridge.cli.failure import Failure
from bridge.cli.group import Group
from bridge.cli.options import config_option
from bridge.config import beside, load
from bridge.core.alerts.due import Message
from bridge.exits import ExitCode


@click.group(cls=Group)
def alerts() -> None:
    """Try out the messages of [alerts]."""


@alerts.command()
@config_option
def test(config_path: Path) -> None:
    """Send a message to every address, and call the alive URL, whether a sidecar runs or not."""
    config = load(config_path)
    settings = config.settings.alerts
    if settings is None:
        raise Failure(
            ExitCode.CONFIG,
            f"{config.source} has no table [alerts]; add one, with addresses_env or addresses_file",
        )
    found = addresses.find(settings, partial(beside, config.source))
    # Not at the top: it takes a second, and no other command needs it.
    from bridge.alerts.apprise_channel import channels

    failed = False
    title = f"execution-officer on {socket.gethostname()}: a test"
    for make in channels(found.apprise):
        channel = make()
        reason = channel.send(
            title, Message(title="a test", body="Alerts arrive here.", summary=True), settings.timeout_s
        )
        click.echo(reason or f"{channel.name} accepted the message")
        failed = failed or bool(reason)
    if found.alive_url is not None:
        reason = alive.called(found.alive_url, settings.timeout_s)
        click.echo(reason or "the alive URL answered")
        failed = failed or bool(reason)
    if failed:
        raise Failure(
            ExitCode.FAILED,
            "not every message was accepted; 'apprise -vv' with that address shows what its service answers",
        )
