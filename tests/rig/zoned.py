"""A simulated broker in a time zone, which keeps its state from one start to the next.

    python -m tests.rig.zoned ENDPOINT STATE HOURS

Started again with another HOURS ahead of UTC, it is the same broker after a daylight-saving change.
"""

import sys
from datetime import timedelta
from pathlib import Path

from bridge.simulator.broker.rpc.server import run_broker


def main() -> None:
    endpoint, state, hours = sys.argv[1:]
    run_broker(
        endpoint,
        None,
        lambda bound: print(f"Simulated broker on {bound}", flush=True),
        state_path=Path(state),
        utc_offset=timedelta(hours=int(hours)),
    )


if __name__ == "__main__":
    main()
