"""Run the Expert Advisor against a sidecar over TCP, without MetaTrader.

    python -m tests.mql5.host --endpoint tcp://127.0.0.1:5760 --officer eo-001 --link-key-file eo-001.linkkey

The simulated broker is the process that --broker names, or one that is started here and ends with the terminal. The
EA's journal goes to stdout. SIGUSR1 clicks the button on its panel. SIGUSR2 prints the panel, and adds the address
to the list of allowed addresses where the panel asks for that.
"""

import argparse
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
from tests.mql5.host.kill_point import Killer, KillPoint
from tests.mql5.host.real import RealTerminal, real_setup
from tests.mql5.host.real_network import RealNetwork
from tests.mql5.host.switches import SwitchError, load_switches, thrown
from tests.mql5.reference import constants

EXPERT: Final = Path(__file__).parents[3] / "mql5/Experts/ExecutionOfficer/ExecutionOfficer.mq5"
BUTTON: Final = "ExecutionOfficer.flatten"
LISTING: Final = "Allow WebRequest for listed URL"
"""Name of the terminal's setting, as the EA's panel names it while the address is not allowed."""


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or Ctrl-C. Return 0; 1 where the EA was killed or did not start; 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        library = options.expert if options.expert.suffix == ".so" else build(options.expert).library
        switches = load_switches(options.switches) if options.switches else thrown(*options.switch)
        inputs = _inputs(options)
        point = KillPoint.read(options.die_at) if options.die_at else None
    except (BuildError, CompilerError, SwitchError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    with ExitStack() as stack:
        endpoint = options.broker or stack.enter_context(broker_process(options.scenario))
        broker = stack.enter_context(connect_broker(endpoint))
        setup = real_setup(library, inputs, broker, options.files, switches, options.seed)
        killer = Killer(point, options.count_from.encode()) if point else None
        if killer is not None:
            setup.network = RealNetwork(killer.received)
        terminal = RealTerminal(setup, lambda text: print(text, flush=True))
        if killer is not None:
            killer.watch(terminal.terminal)
        return _run(terminal)


def _run(terminal: RealTerminal) -> int:
    def end(number: int, frame: FrameType | None) -> None:
        terminal.stopping = True

    def press() -> None:
        terminal.terminal.chart.click(BUTTON)
        print("the flatten button was pressed by SIGUSR1", flush=True)

    def look() -> None:
        panel = terminal.terminal.chart.texts()
        if LISTING in panel:
            terminal.terminal.sockets.list_address()
        print(f"the panel reads: {panel}", flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if sys.platform != "win32":
        signal.signal(signal.SIGUSR1, lambda number, frame: terminal.call_soon(press))
        signal.signal(signal.SIGUSR2, lambda number, frame: terminal.call_soon(look))
    try:
        code = terminal.start()
        if code != constants()["INIT_SUCCEEDED"]:
            print(f"OnInit returned {code}", file=sys.stderr)
            return 1
        terminal.run()
    except ExpertKilled as killed:
        print(f"the EA was killed: {killed}", file=sys.stderr)
        return 1
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mql5.host", description=__doc__.split("\n\n")[0])
    parser.add_argument("--endpoint", default="tcp://127.0.0.1:5760", help="address of the sidecar's link")
    parser.add_argument("--officer", required=True, help="officer id")
    parser.add_argument("--link-key-file", type=Path, required=True, help="file with the officer's link key")
    parser.add_argument("--broker", metavar="ENDPOINT", help="address of a running simulated broker")
    parser.add_argument("--scenario", type=Path, help="scenario of the broker that is started here")
    parser.add_argument(
        "--files", type=Path, default=Path("terminal-files"), help="the terminal's data folder"
    )
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="set an input of the EA"
    )
    parser.add_argument(
        "--switch",
        nargs="+",
        default=[],
        metavar="NAME",
        help="set switches of the stand-in to their unusual side",
    )
    parser.add_argument("--switches", type=Path, metavar="FILE", help="read the switches from a Probe report")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random choices")
    parser.add_argument(
        "--die-at", metavar="CALL:COUNT[:before|after]", help="end with SIGKILL at this call of the EA"
    )
    parser.add_argument(
        "--count-from",
        default="",
        metavar="TEXT",
        help="count calls from the moment at which this text was received",
    )
    parser.add_argument("--expert", type=Path, default=EXPERT, help="source or library of another EA")
    return parser


def _inputs(options: argparse.Namespace) -> dict[str, str]:
    """Return the EA's inputs. Raises ValueError for a malformed endpoint or --input."""
    found = re.fullmatch(r"tcp://([^:]+|\[[^]]+\]):(\d+)", options.endpoint)
    if found is None:
        raise ValueError(f"--endpoint {options.endpoint} is not an endpoint; write tcp://HOST:PORT")
    inputs = {
        "InpOfficer": options.officer,
        "InpLinkKey": load_link_key(options.link_key_file).to_text(),
        "InpHost": found[1].strip("[]"),
        "InpPort": found[2],
    }
    for pair in options.input:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--input {pair} sets no input; write NAME=VALUE")
        inputs[name] = value
    return inputs


if __name__ == "__main__":
    sys.exit(main())
