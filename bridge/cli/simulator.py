"""The commands `reference-terminal` and `simulated-broker`: a terminal and a broker without MetaTrader."""

import json
from pathlib import Path

import click
import zmq

from bridge.cli.failure import Failure
from bridge.cli.options import FILE, json_option
from bridge.clock import SystemClock
from bridge.exits import ExitCode
from bridge.keys import load_link_key
from bridge.simulator.broker.api import BrokerGone
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.rpc.client import BrokerClient, connect_broker
from bridge.simulator.broker.rpc.server import UTC_OFFSET, run_broker, server_ms
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.broker.scenario_file import ScenarioError, load_scenario
from bridge.simulator.terminal.ledger import LedgerError
from bridge.simulator.terminal.process import run_terminal


@click.command("reference-terminal")
@click.option(
    "--endpoint", default="tcp://127.0.0.1:5760", show_default=True, help="Address of the sidecar's link."
)
@click.option("--officer", required=True, metavar="ID", help="Id of its officer.")
@click.option(
    "--link-key-file", type=FILE, required=True, metavar="FILE", help="The officer's link key, made by setup."
)
@click.option(
    "--ledger", type=FILE, metavar="FILE", help="Its ledger.  [default: beside the link key, as .ledger]"
)
@click.option("--broker", metavar="ENDPOINT", help="A simulated-broker's address.  [default: one of its own]")
@click.option("--scenario", type=FILE, metavar="FILE", help="Initial state of its own broker.")
@click.option(
    "--poll-interval",
    type=click.IntRange(1, 300),
    metavar="SECONDS",
    help="Interval at which the Director is polled.  [default: the sidecar's]",
)
def reference_terminal(
    endpoint: str,
    officer: str,
    link_key_file: Path,
    ledger: Path | None,
    broker: str | None,
    scenario: Path | None,
    poll_interval: int | None,
) -> None:
    """Run a reference terminal until Ctrl-C.

    It speaks the Expert Advisor's link protocol, and leaves all trading rules to the broker. Its own broker ends
    with it; a simulated-broker does not.
    """
    if broker is not None and scenario is not None:
        raise click.UsageError(
            "--scenario is not allowed together with --broker; give it to simulated-broker instead."
        )
    key = load_link_key(link_key_file)
    api: Broker | BrokerClient = _own_broker(scenario) if broker is None else _distant_broker(broker)
    try:
        run_terminal(
            endpoint=endpoint,
            officer=officer,
            link_key=key,
            ledger_path=ledger or link_key_file.with_suffix(".ledger"),
            broker=api,
            poll_interval_s=poll_interval,
            ready=lambda: click.echo(f"Reference terminal of {officer} connected to {endpoint}"),
        )
    except LedgerError as error:
        raise Failure(ExitCode.FAILED, str(error)) from error
    except zmq.ZMQError as error:
        raise _bad_endpoint("--endpoint", endpoint, error) from error
    except BrokerGone as error:
        raise Failure(
            ExitCode.ENDPOINT, f"--broker {broker}: {error}. Is the simulated-broker running?"
        ) from error
    finally:
        if not isinstance(api, Broker):
            api.close()


@click.command("simulated-broker")
@click.option(
    "--endpoint",
    default="tcp://127.0.0.1:5770",
    show_default=True,
    help="Address to listen on, on this machine alone; the port * takes any free one.",
)
@click.option("--scenario", type=FILE, metavar="FILE", help="Its initial state.")
@json_option
def simulated_broker(endpoint: str, scenario: Path | None, as_json: bool) -> None:
    """Run a simulated broker until Ctrl-C.

    It goes on when its terminals end. It prints its address once it takes connections.
    """

    def ready(bound: str) -> None:
        click.echo(json.dumps({"endpoint": bound}) if as_json else f"Simulated broker on {bound}")

    try:
        run_broker(endpoint, scenario, ready)
    except ScenarioError as error:
        raise Failure(ExitCode.CONFIG, str(error)) from error
    except zmq.ZMQError as error:
        raise _bad_endpoint("--endpoint", endpoint, error) from error
    except ValueError as error:
        raise Failure(ExitCode.ENDPOINT, str(error)) from error


def _own_broker(scenario: Path | None) -> Broker:
    """Return a broker in this process. Raises Failure."""
    try:
        terms = Scenario() if scenario is None else load_scenario(scenario)
    except ScenarioError as error:
        raise Failure(ExitCode.CONFIG, str(error)) from error
    return Broker.start(terms, server_ms(SystemClock(), UTC_OFFSET))


def _distant_broker(endpoint: str) -> BrokerClient:
    try:
        return connect_broker(endpoint)
    except zmq.ZMQError as error:
        raise _bad_endpoint("--broker", endpoint, error) from error


def _bad_endpoint(option: str, endpoint: str, error: zmq.ZMQError) -> Failure:
    return Failure(
        ExitCode.ENDPOINT,
        f"{option} {endpoint}: {error.strerror}. Write tcp://HOST:PORT, with a port that nothing else uses",
    )
