"""Start a sandbox Director and the sidecar, stop the sidecar by Ctrl-Break; print one JSON object for each stop.

python -m tests.windows.inside.stop FOLDER TIMES
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

UP_S: Final = 180.0
END_S: Final = 120.0
POLLING_S: Final = 2.0
"""Time for which the sidecar polls before it is stopped."""
CONFIGURATION: Final = """\
[director]
url = "{url}"
api_key_env = "DIRECTOR_API_KEY"
[journal]
path = "journal.db"
[link]
endpoint = "tcp://127.0.0.1:*"
[[officers]]
id = "eo-001"
"""

if sys.platform == "win32":
    GROUP: Final = subprocess.CREATE_NEW_PROCESS_GROUP
    BREAK: Final = signal.CTRL_BREAK_EVENT
else:
    GROUP: Final = 0
    BREAK: Final = signal.SIGTERM


def main(folder: Path, times: int) -> int:
    """Run all stops, and return 0 where each one ended with exit status 0."""
    folder.mkdir(parents=True)
    environ = {**os.environ, "DIRECTOR_API_KEY": "key"}
    bridge = (sys.executable, "-m", "bridge")
    director = subprocess.Popen(
        [*bridge, "sandbox-director", "--port", "0", "--api-key-env", "DIRECTOR_API_KEY", "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        creationflags=GROUP,
    )
    try:
        assert director.stdout is not None
        url = json.loads(director.stdout.readline())["url"]
        config = folder / "bridge.toml"
        config.write_text(CONFIGURATION.format(url=url), encoding="utf-8")
        subprocess.run(
            [*bridge, "setup", "--config", str(config)], check=True, env=environ, stdout=subprocess.DEVNULL
        )
        statuses = [_stop(config, [*bridge, "run", "--config", str(config)], environ) for _ in range(times)]
    finally:
        director.kill()
        director.wait()
    return 0 if set(statuses) == {0} else 1


def _stop(config: Path, command: list[str], environ: dict[str, str]) -> int | None:
    """Start the sidecar and stop it; print and return its exit status."""
    control = config.with_name("journal.db.control")
    began = time.monotonic()
    sidecar = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environ,
        creationflags=GROUP,
    )
    while not control.exists() and time.monotonic() - began < UP_S:
        time.sleep(0.1)
    up = time.monotonic()
    time.sleep(POLLING_S)
    requested = time.monotonic()
    sidecar.send_signal(BREAK)
    try:
        log, _ = sidecar.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        sidecar.kill()
        log, _ = sidecar.communicate()
    report = {
        "exit_status": sidecar.returncode,
        "started_s": round(up - began, 1),
        "stopped_s": round(time.monotonic() - requested, 1),
        "control_file_left": control.exists(),
        "last_line": log.decode("utf-8", "replace").splitlines()[-1:],
    }
    print(json.dumps(report), flush=True)
    return sidecar.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
