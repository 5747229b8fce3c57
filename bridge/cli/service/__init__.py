"""`execution-officer service`: the sidecar under the machine's service manager."""

import re
from pathlib import Path
from typing import Any, Final

import click

from bridge.cli.failure import Failure
from bridge.cli.group import Group
from bridge.cli.options import FILE, config_option
from bridge.cli.service import execution
from bridge.cli.service.definition import PROGRAM, Definition, Manager, Scope, ServiceError, define
from bridge.cli.service.managers import Place, place
from bridge.config import load
from bridge.core.units.quoting import joined
from bridge.exits import ExitCode

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class ServiceGroup(Group):
    """Group whose commands end with a Failure where a ServiceError ends them."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises Failure."""
        try:
            return super().invoke(ctx)
        except ServiceError as error:
            raise Failure(ExitCode.SERVICE, str(error)) from error


@click.group(cls=ServiceGroup)
@click.option("--name", default=PROGRAM, show_default=True, help="Name of the service.")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    help="Service of the machine or of this user.  [default: system for root, else user]",
)
@click.option(
    "--manager",
    type=click.Choice([manager.value for manager in Manager]),
    help="Service manager.  [default: that of this operating system]",
)
@click.pass_context
def service(ctx: click.Context, name: str, scope: str | None, manager: str | None) -> None:
    """Install the sidecar as a service, start it and stop it.

    systemd on Linux, launchd on macOS, the Task Scheduler on Windows.
    """
    if not _NAME.fullmatch(name):
        raise click.UsageError(
            f"--name {name!r} must have letters, digits, dots, dashes and underscores only."
        )
    ctx.obj = place(
        name,
        manager=Manager(manager) if manager else execution.this_manager(),
        scope=Scope(scope) if scope else execution.this_scope(),
    )


@service.command()
@config_option
@click.option(
    "--run-as",
    metavar="USER",
    help="User that runs it.  [default: the owner of the journal's folder, unless root]",
)
@click.option("--dynamic-user", is_flag=True, help="Let systemd make a user for as long as the service runs.")
@click.option(
    "--environment-file",
    type=FILE,
    metavar="FILE",
    help="File with the environment variable of the API key, where the configuration names one (systemd).",
)
@click.option("--start", is_flag=True, help="Start it at once.")
@click.option(
    "--print", "only_print", is_flag=True, help="Show the file and the commands, and change nothing."
)
@click.pass_obj
def install(
    at: Place,
    config_path: Path,
    run_as: str | None,
    dynamic_user: bool,
    environment_file: Path | None,
    start: bool,
    only_print: bool,
) -> None:
    """Write the service's file, and have it started with the machine.

    Run it again after a change of the configuration's paths. It overwrites its own file and no other. Journal and
    keys are made by 'execution-officer setup'.
    """
    config = load(config_path)
    if run_as is None and not dynamic_user:
        run_as = execution.owner_of_folder(config.journal.parent)
    definition = define(
        config,
        name=at.name,
        scope=at.scope,
        manager=at.manager,
        user=run_as,
        dynamic_user=dynamic_user,
        environment_file=environment_file.absolute() if environment_file else None,
        log_file=at.log_file(config.journal.parent),
    )
    if only_print:
        _print(at, definition, start=start)
        return
    if definition.user is not None:
        execution.check_user(definition.user)
        execution.check_program(definition.user, definition.program)
    execution.write(at, definition)
    execution.run_all(at, at.installing())
    if start:
        execution.run_all(at, at.starting())
    click.echo(f"Installed {at.file}.")
    if at.manager is Manager.SYSTEMD and at.scope is Scope.USER:
        click.echo("It runs while this user is logged in; 'loginctl enable-linger' lets it run without.")
    if not start:
        click.echo("Start it: execution-officer service start")


def _print(at: Place, definition: Definition, *, start: bool) -> None:
    click.echo(f"# {at.file}\n{at.text(definition)}")
    for words in [*at.installing(), *(at.starting() if start else [])]:
        click.echo(f"$ {joined(words, windows=at.manager is Manager.WINDOWS)}")


@service.command()
@click.pass_obj
def uninstall(at: Place) -> None:
    """Stop the service and remove its file. Journal, keys and configuration stay."""
    execution.check_installed(at)
    execution.run_all(at, at.uninstalling())
    execution.remove(at)
    execution.run_all(at, at.uninstalled())
    click.echo(f"Removed {at.file}; the journal and the keys are where they were.")


@service.command()
@click.pass_obj
def start(at: Place) -> None:
    """Start the service. With systemd: return once its journal is open and its link bound."""
    execution.check_installed(at)
    execution.run_all(at, at.starting())


@service.command()
@click.pass_obj
def stop(at: Place) -> None:
    """Stop the service in order, until the next start of the machine. Positions and orders stay as they are."""
    execution.check_installed(at)
    execution.run_all(at, at.stopping())


@service.command()
@click.pass_obj
def restart(at: Place) -> None:
    """Stop the service and start it again, as after a change of the configuration."""
    execution.check_installed(at)
    execution.run_all(at, at.restarting())


@service.command()
@click.pass_obj
def status(at: Place) -> ExitCode:
    """Show what the service manager knows; exit status 14 where the service does not run.

    'execution-officer status' shows what the sidecar knows.
    """
    execution.check_installed(at)
    return ExitCode.NOT_RUNNING if execution.run(at.showing()) else ExitCode.OK


@service.command()
@config_option
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.pass_obj
def logs(at: Place, config_path: Path, follow: bool) -> None:
    """Show the end of the service's log.

    The configuration is needed where the log is a file beside the journal: with launchd and on Windows.
    """
    execution.check_installed(at)
    log_file = None if at.manager is Manager.SYSTEMD else at.log_file(load(config_path).journal.parent)
    execution.run_all(at, [at.logging(log_file, follow=follow)])
