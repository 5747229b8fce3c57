"""The real EA against a real sidecar, over real TCP: a terminal without MetaTrader.

    python -m tests.mql5.host --endpoint tcp://127.0.0.1:5760 --officer eo-001 --link-key-file eo-001.linkkey

The simulated broker runs in a process of its own: the one that --broker names, or one that is started here
and ends with the terminal. The EA's journal goes to stdout. SIGUSR1 presses the button on its panel; SIGUSR2 has
a person look at the panel, who adds the address to the list of those that are allowed where it says so.
"""

import argparse
import os
import re
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from bridge.keys import load_link_key
from bridge.simulator.broker.rpc.client import connect_broker
from tests.mql5.builder.build import BuildError, build
from tests.mql5.builder.compiler import CompilerError
from tests.mql5.host.binding.driver import ExpertKilled, InputError
from tests.mql5.host.broker_process import broker_process
from tests.mql5.host.kill_point import Death, Place
from tests.mql5.host.real import RealTerminal, real_setup
from tests.mql5.host.real_network import RealNetwork
from tests.mql5.host.switches import SwitchError, load_switches, thrown
from tests.mql5.reference import constants

EXPERT: Final = Path(__file__).parents[3] / "mql5/Experts/ExecutionOfficer/ExecutionOfficer.mq5"
BUTTON: Final = "ExecutionOfficer.flatten"
LISTING: Final = "Allow WebRequest for listed URL"
"""The setting that the EA names where its address is not allowed."""


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or Ctrl-C: 0; 1 where the EA died or did not start; 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    try:
        library = options.expert if options.expert.suffix == ".so" else build(options.expert).library
        switches = load_switches(options.switches) if options.switches else thrown(*options.switch)
        inputs = _inputs(options)
        death = Death(Place.read(options.die_at), options.count_from.encode()) if options.die_at else None
    except (BuildError, CompilerError, SwitchError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    with ExitStack() as stack:
        endpoint = options.broker or stack.enter_context(broker_process(options.scenario))
        broker = stack.enter_context(connect_broker(endpoint))
        setup = real_setup(library, inputs, broker, options.files, switches, options.seed)
        if death is not None:
            setup.network = RealNetwork(death.hear)
        terminal = RealTerminal(setup, lambda text: print(text, flush=True))
        if death is not None:
            death.wait_in(terminal.terminal)
        return _run(terminal)


def _run(terminal: RealTerminal) -> int:
    def end(number: int, frame: FrameType | None) -> None:
        terminal.stopping = True

    def press(number: int, frame: FrameType | None) -> None:
        terminal.terminal.chart.click(BUTTON)
        # Not through Python's buffers: the handler may have come in the middle of a line.
        os.write(1, b"the flatten button was pressed by SIGUSR1\n")

    def look(number: int, frame: FrameType | None) -> None:
        panel = terminal.terminal.chart.texts()
        if LISTING in panel:
            terminal.terminal.sockets.list_address()
        os.write(1, f"the panel reads: {panel}\n".encode())

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if sys.platform != "win32":
        signal.signal(signal.SIGUSR1, press)
        signal.signal(signal.SIGUSR2, look)
    try:
        code = terminal.start()
        if code != constants()["INIT_SUCCEEDED"]:
            print(f"OnInit returned {code}", file=sys.stderr)
            return 1
        terminal.run()
    except ExpertKilled as killed:
        print(f"the EA died: {killed}", file=sys.stderr)
        return 1
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mql5.host", description=__doc__.split("\n\n")[0])
    parser.add_argument("--endpoint", default="tcp://127.0.0.1:5760", help="where the sidecar's link is")
    parser.add_argument("--officer", required=True, help="the officer that it is")
    parser.add_argument("--link-key-file", type=Path, required=True, help="the officer's link key")
    parser.add_argument("--broker", metavar="ENDPOINT", help="a simulated-broker's address")
    parser.add_argument("--scenario", type=Path, help="what its own broker starts from")
    parser.add_argument(
        "--files", type=Path, default=Path("terminal-files"), help="the terminal's data folder"
    )
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="set an input of the EA"
    )
    parser.add_argument(
        "--switch", nargs="+", default=[], metavar="NAME", help="throw switches of the stand-in"
    )
    parser.add_argument(
        "--switches", type=Path, metavar="FILE", help="a Probe report to take the switches from"
    )
    parser.add_argument("--seed", type=int, default=1, help="for what is left to chance")
    parser.add_argument(
        "--die-at", metavar="CALL:COUNT[:before|after]", help="die with SIGKILL at this call of the EA"
    )
    parser.add_argument(
        "--count-from", default="", metavar="TEXT", help="count calls only once this text has come in"
    )
    parser.add_argument("--expert", type=Path, default=EXPERT, help="another EA: its source, or its library")
    return parser


def _inputs(options: argparse.Namespace) -> dict[str, str]:
    """The EA's inputs. Raises ValueError where the endpoint or an --input is none."""
    found = re.fullmatch(r"tcp://([^:]+|\[[^]]+\]):(\d+)", options.endpoint)
    if found is None:
        raise ValueError(f"--endpoint {options.endpoint}: not of the form tcp://HOST:PORT")
    inputs = {
        "InpOfficer": options.officer,
        "InpLinkKey": load_link_key(options.link_key_file).to_text(),
        "InpHost": found[1].strip("[]"),
        "InpPort": found[2],
    }
    for pair in options.input:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--input {pair}: not of the form NAME=VALUE")
        inputs[name] = value
    return inputs


if __name__ == "__main__":
    sys.exit(main())
