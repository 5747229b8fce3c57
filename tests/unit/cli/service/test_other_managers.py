"""Files for launchd and for the Windows Task Scheduler, and the commands of every manager."""

import plistlib
import shutil
import subprocess
from pathlib import Path, PurePosixPath, PureWindowsPath
from xml.etree import ElementTree

import msgspec
import pytest

from bridge.cli.service.definition import MADE_BY, Manager, Scope
from bridge.cli.service.launchd import property_list
from bridge.cli.service.managers import Place
from bridge.cli.service.task_scheduler import NAMESPACE, task

from .samples import SYSTEM, USER, WINDOWS

HOME = "/".join(("", "home", "me"))
USERS = "\\".join(("", "Users", "me"))
LOGGED = msgspec.structs.replace(
    SYSTEM, log_file=PurePosixPath("/var/lib/execution-officer/execution-officer.log")
)


def test_daemon_of_launchd_starts_again_after_failures_alone() -> None:
    text = property_list(LOGGED)
    assert MADE_BY in text
    content = plistlib.loads(text.encode())
    assert content["KeepAlive"] == {"SuccessfulExit": False}
    assert content["ProgramArguments"] == [
        "/opt/execution-officer/bin/execution-officer",
        "--log-json",
        "--log-file",
        "/var/lib/execution-officer/execution-officer.log",
        "run",
        "--config",
        "/etc/execution-officer/bridge.toml",
        "--stay-down",
    ]
    assert (content["Label"], content["UserName"], content["RunAtLoad"]) == (
        "execution-officer",
        "bridge",
        True,
    )
    assert content["Umask"] == 0o077


def test_agent_of_launchd_has_no_user_name() -> None:
    assert "UserName" not in plistlib.loads(property_list(USER).encode())


def test_property_list_with_special_characters_is_valid() -> None:
    odd = msgspec.structs.replace(LOGGED, config=PurePosixPath("/etc/<a> & b.toml"))
    assert plistlib.loads(property_list(odd).encode())["ProgramArguments"][6] == "/etc/<a> & b.toml"


def elements(text: str) -> dict[str, str]:
    """Return the text of each leaf by its path."""
    root = ElementTree.fromstring(text.partition("\n")[2])  # noqa: S314 - our own text
    found: dict[str, str] = {}

    def walk(element: ElementTree.Element, path: str) -> None:
        name = f"{path}/{element.tag.removeprefix(f'{{{NAMESPACE}}}')}"
        if not len(element):
            found[name] = element.text or ""
        for child in element:
            walk(child, name)

    for child in root:
        walk(child, "")
    return found


def test_task_of_windows_runs_from_the_start_of_the_machine_without_a_time_limit() -> None:
    found = elements(task(WINDOWS))
    assert found["/Triggers/BootTrigger/Enabled"] == "true"
    assert found["/Settings/ExecutionTimeLimit"] == "PT0S"
    assert found["/Settings/RestartOnFailure/Interval"] == "PT1M"
    assert found["/Settings/MultipleInstancesPolicy"] == "IgnoreNew"
    assert found["/Settings/DisallowStartIfOnBatteries"] == "false"
    assert found["/Principals/Principal/UserId"] == "bridge"
    assert found["/Principals/Principal/LogonType"] == "S4U"
    assert found["/Actions/Exec/Command"] == "C:\\Program Files\\execution-officer\\execution-officer.exe"
    assert found["/Actions/Exec/Arguments"] == (
        '--log-json --log-file "C:\\bridge files\\execution-officer.log" run '
        '--config "C:\\bridge files\\bridge.toml" --stay-down'
    )


def test_task_of_a_user_runs_from_the_logon() -> None:
    found = elements(task(msgspec.structs.replace(WINDOWS, scope=Scope.USER, user=None)))
    assert found["/Triggers/LogonTrigger/Enabled"] == "true"
    assert found["/Principals/Principal/LogonType"] == "InteractiveToken"


def test_task_is_well_formed_in_its_encoding(tmp_path: Path) -> None:
    place = at(Manager.WINDOWS, Scope.SYSTEM)
    file = tmp_path / "task.xml"
    file.write_text(place.text(WINDOWS), place.encoding)
    assert file.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert ElementTree.parse(file).getroot().tag == f"{{{NAMESPACE}}}Task"  # noqa: S314 - our own file


def at(manager: Manager, scope: Scope) -> Place:
    home = PureWindowsPath(f"C:{USERS}") if manager is Manager.WINDOWS else PurePosixPath(HOME)
    return Place(manager=manager, scope=scope, name="eo", home=home, uid=501)


@pytest.mark.parametrize(
    ("manager", "scope", "file"),
    [
        (Manager.SYSTEMD, Scope.SYSTEM, "/etc/systemd/system/eo.service"),
        (Manager.SYSTEMD, Scope.USER, f"{HOME}/.config/systemd/user/eo.service"),
        (Manager.LAUNCHD, Scope.SYSTEM, "/Library/LaunchDaemons/eo.plist"),
        (Manager.LAUNCHD, Scope.USER, f"{HOME}/Library/LaunchAgents/eo.plist"),
        (Manager.WINDOWS, Scope.SYSTEM, f"C:{USERS.replace(chr(92), '/')}/eo.task.xml"),
    ],
)
def test_file_is_where_the_manager_looks(manager: Manager, scope: Scope, file: str) -> None:
    assert at(manager, scope).file.as_posix() == file


def words(place: Place) -> dict[str, list[str]]:
    verbs = {
        "install": place.installing(),
        "uninstall": [*place.uninstalling(), *place.uninstalled()],
        "start": place.starting(),
        "stop": place.stopping(),
        "restart": place.restarting(),
        "status": [place.showing()],
        "logs": [place.logging(place.log_file(PurePosixPath("/x")), follow=True)],
    }
    return {verb: [" ".join(each) for each in commands] for verb, commands in verbs.items()}


def test_commands_of_systemd() -> None:
    assert words(at(Manager.SYSTEMD, Scope.USER)) == {
        "install": ["systemctl --user daemon-reload", "systemctl --user enable eo.service"],
        "uninstall": ["systemctl --user disable --now eo.service", "systemctl --user daemon-reload"],
        "start": ["systemctl --user start eo.service"],
        "stop": ["systemctl --user stop eo.service"],
        "restart": ["systemctl --user restart eo.service"],
        "status": ["systemctl --user status --no-pager --full eo.service"],
        "logs": ["journalctl --user --unit eo.service --lines 200 --output cat --follow"],
    }
    assert words(at(Manager.SYSTEMD, Scope.SYSTEM))["start"] == ["systemctl start eo.service"]


def test_commands_of_launchd() -> None:
    assert words(at(Manager.LAUNCHD, Scope.USER)) == {
        "install": [f"launchctl bootstrap gui/501 {HOME}/Library/LaunchAgents/eo.plist"],
        "uninstall": ["launchctl bootout gui/501/eo"],
        "start": ["launchctl kickstart gui/501/eo"],
        "stop": ["launchctl kill SIGTERM gui/501/eo"],
        "restart": ["launchctl kickstart -k gui/501/eo"],
        "status": ["launchctl print gui/501/eo"],
        "logs": ["tail -n 200 -F /x/eo.log"],
    }
    assert words(at(Manager.LAUNCHD, Scope.SYSTEM))["stop"] == ["launchctl kill SIGTERM system/eo"]


def test_commands_of_windows() -> None:
    assert words(at(Manager.WINDOWS, Scope.SYSTEM)) == {
        "install": [f"schtasks /Create /TN eo /XML C:{USERS}\\eo.task.xml /F"],
        "uninstall": ["schtasks /End /TN eo", "schtasks /Delete /TN eo /F"],
        "start": ["schtasks /Run /TN eo"],
        "stop": ["schtasks /End /TN eo"],
        "restart": ["schtasks /End /TN eo", "schtasks /Run /TN eo"],
        "status": ["schtasks /Query /TN eo /V /FO LIST"],
        "logs": ["powershell -NoProfile -Command Get-Content -LiteralPath '/x/eo.log' -Tail 200 -Wait"],
    }


def test_apples_own_format_checker_finds_no_fault(tmp_path: Path) -> None:
    tool = shutil.which("plutil")
    if tool is None:
        pytest.skip("plutil is of macOS")
    file = tmp_path / "eo.plist"
    file.write_text(property_list(LOGGED))
    assert subprocess.run([tool, "-lint", str(file)], capture_output=True).returncode == 0
