"""The unit of systemd, for the system's manager or a user's.

Source: systemd.service(5), systemd.exec(5), of version 252 and later.
"""

from pathlib import PurePath, PurePosixPath
from typing import Final

from bridge import __version__
from bridge.cli.service.definition import CREDENTIAL, MADE_BY, Definition, Scope, ServiceError, run_words
from bridge.confinement import HOMES, TEMPORARY
from bridge.exits import FINAL

WATCHDOG_S: Final = 60
START_S: Final = 300
"""Time for the start: a journal that was not closed is recovered before it is opened, and a short one checked."""
STOP_S: Final = 30
RESTART_S: Final = 5
_STATE: Final = PurePosixPath("/var/lib")

_OF_SYSTEMD: Final = "CHDIR EXEC USER NAMESPACE CREDENTIALS SIGSYS"
"""Failures of systemd itself before the program runs, and a system call that ended it."""

_FILTERS: Final = """\
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
# AF_NETLINK: the link's library asks for the machine's network interfaces.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
"""
"""Limits that every manager can set."""

_SANDBOX: Final = """\
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
CapabilityBoundingSet=
"""
"""Limits that only the system's manager can set."""


def unit(definition: Definition) -> str:
    """Return the text of the unit. Raises ServiceError for a path that a unit cannot name."""
    system = definition.scope is Scope.SYSTEM
    sections = [
        f"# {MADE_BY}, version {__version__}, which overwrites it.\n"
        f"# Changes of your own belong into a drop-in: systemctl edit {definition.name}",
        _unit_section(definition),
        _service_section(definition),
        _filters(definition),
        f"[Install]\nWantedBy={'multi-user' if system else 'default'}.target",
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _unit_section(definition: Definition) -> str:
    system = definition.scope is Scope.SYSTEM
    network = "After=network-online.target time-sync.target\nWants=network-online.target\n" if system else ""
    return (
        "[Unit]\n"
        "Description=MetaTrader 5 execution bridge (execution-officer)\n"
        f"{network}"
        f"RequiresMountsFor={_word(str(definition.folder))} {_word(str(definition.config))}\n"
        "# No limit on starts: an outage of hours must not leave it stopped.\n"
        "StartLimitIntervalSec=0\n"
    )


def _service_section(definition: Definition) -> str:
    words = run_words(definition, api_key_file=f"%d/{CREDENTIAL}" if definition.credential else None)
    lines = [
        "[Service]",
        "# Ready once the journal is open and the link bound. The watchdog is fed only while polls, link and",
        "# journal make progress.",
        "Type=notify",
        "NotifyAccess=main",
        f"WatchdogSec={WATCHDOG_S}",
        f"TimeoutStartSec={START_S}",
        f"TimeoutStopSec={STOP_S}",
        *_user_lines(definition),
        f"WorkingDirectory={_path(str(definition.folder))}",
        f"ExecStart={' '.join(_word(word, specifier=word.startswith('%d/')) for word in words)}",
        *_key_lines(definition),
        "# Not after an orderly stop, nor after a status that a restart cannot correct: configuration, keys, a",
        "# journal or limits that require action.",
        "Restart=on-failure",
        f"RestartSec={RESTART_S}",
        f"RestartPreventExitStatus={' '.join(str(int(code)) for code in FINAL if code)} {_OF_SYSTEMD}",
    ]
    return "\n".join(lines)


def _user_lines(definition: Definition) -> list[str]:
    if definition.scope is Scope.USER:
        return []
    return ["DynamicUser=yes"] if definition.dynamic_user else [f"User={definition.user}"]


def _key_lines(definition: Definition) -> list[str]:
    if definition.environment_file is not None and definition.api_key_file is None:
        return [f"EnvironmentFile={_path(str(definition.environment_file))}"]
    if definition.credential:
        return [f"LoadCredential={CREDENTIAL}:{_path(str(definition.api_key_file))}"]
    return []


def _filters(definition: Definition) -> str:
    if definition.scope is Scope.USER:
        return _FILTERS
    folder = PurePosixPath(definition.folder)
    files: tuple[str | PurePath, ...] = (definition.config, definition.program[0], *definition.reads)
    used = [folder, *(PurePosixPath(each) for each in files)]
    if any(_is_below(path, TEMPORARY) for path in used):
        raise ServiceError(
            f"{folder} or another file of the service is below /tmp, which is emptied and which PrivateTmp= hides; "
            "move it below /var/lib or /etc"
        )
    lines = [_folder_line(definition, folder)]
    lines += (
        ["# A file of it is in a home folder.", "ProtectHome=read-only"]
        if any(_is_below(path, HOMES) for path in used)
        else ["ProtectHome=yes"]
    )
    return "\n".join(lines) + "\n" + _SANDBOX + _FILTERS


def _folder_line(definition: Definition, folder: PurePosixPath) -> str:
    """Return the line that makes the journal's folder writable."""
    if folder.is_relative_to(_STATE) and folder != _STATE:
        return f"StateDirectory={_word(str(folder.relative_to(_STATE)))}\nStateDirectoryMode=0700"
    if definition.dynamic_user:
        raise ServiceError(
            f"journal.path {definition.journal}: with --dynamic-user it must be in a folder below {_STATE}; "
            "move it there"
        )
    return f"ReadWritePaths={_word(str(folder))}"


def _is_below(path: PurePosixPath, folders: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _path(text: str) -> str:
    """Return a path as the only value of a line, where spaces need no quotes."""
    if not text.isprintable() or text != text.strip():
        raise ServiceError(f"{text!r} has characters that a unit cannot hold; rename the file")
    return text.replace("%", "%%")


def _word(text: str, *, specifier: bool = False) -> str:
    """Return one word of a line of words, quoted where needed. `specifier`: a `%` in it is meant."""
    escaped = (
        (text if specifier else _path(text)).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    )
    return f'"{escaped}"' if set(escaped) & set(" \t\"';\\") else escaped
