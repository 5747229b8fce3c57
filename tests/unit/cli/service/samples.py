"""A service to start from."""

from pathlib import PurePosixPath, PureWindowsPath

import msgspec

from bridge.cli.service.definition import Definition, Scope

SYSTEM = Definition(
    name="execution-officer",
    scope=Scope.SYSTEM,
    program=("/opt/execution-officer/bin/execution-officer",),
    config=PurePosixPath("/etc/execution-officer/bridge.toml"),
    journal=PurePosixPath("/var/lib/execution-officer/journal.db"),
    api_key_file=PurePosixPath("/etc/execution-officer/director.key"),
    api_key_env=None,
    user="bridge",
)
USER = msgspec.structs.replace(SYSTEM, scope=Scope.USER, user=None)
WINDOWS = msgspec.structs.replace(
    SYSTEM,
    program=("C:\\Program Files\\execution-officer\\execution-officer.exe",),
    config=PureWindowsPath("C:\\bridge files\\bridge.toml"),
    journal=PureWindowsPath("C:\\bridge files\\journal.db"),
    api_key_file=PureWindowsPath("C:\\bridge files\\director.key"),
    log_file=PureWindowsPath("C:\\bridge files\\execution-officer.log"),
)
