"""The unit of systemd: generated from the table of exit statuses, and verified by systemd's own tool."""

import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import msgspec
import pytest

from bridge.cli.service.definition import Definition, Manager, ServiceError, check
from bridge.cli.service.systemd import unit
from bridge.exits import ExitCode, Restart

from .samples import SYSTEM, USER

HOME = "/".join(("", "home", "me"))


def read(definition: Definition) -> dict[str, str]:
    """Return the settings of [Service]; each name occurs once."""
    section = unit(definition).partition("[Service]\n")[2].partition("[Install]")[0]
    pairs = [line.split("=", 1) for line in section.splitlines() if line and not line.startswith("#")]
    settings = {name: value for name, value in pairs}
    assert len(settings) == len(pairs)
    return settings


def changed(**fields: object) -> Definition:
    return msgspec.structs.replace(SYSTEM, **fields)


def test_unit_never_restarts_after_a_status_that_a_restart_cannot_correct() -> None:
    words = read(SYSTEM)["RestartPreventExitStatus"].split()
    assert {int(each) for each in words if each.isdigit()} == {
        code.value for code in ExitCode if code.restart is Restart.CANNOT_HELP and code is not ExitCode.OK
    }
    # A system call that ended it, and what systemd cannot set up.
    assert {"SIGSYS", "EXEC", "USER", "NAMESPACE", "CREDENTIALS"} <= set(words)
    # Status 0 is no failure: an orderly stop is never followed by a start.
    assert read(SYSTEM)["Restart"] == "on-failure"


@pytest.mark.parametrize(
    "code", [ExitCode.FAILED, ExitCode.JOURNAL_LOCKED, ExitCode.ENDPOINT, ExitCode.JOURNAL_UNOPENED]
)
def test_status_whose_cause_passes_is_followed_by_a_restart(code: ExitCode) -> None:
    assert str(code.value) not in read(SYSTEM)["RestartPreventExitStatus"].split()


@pytest.mark.parametrize("code", [ExitCode.CONFIG, ExitCode.API_KEY, ExitCode.CONFINED, ExitCode.HALT_LOST])
def test_fault_that_requires_an_operator_is_not_followed_by_a_restart(code: ExitCode) -> None:
    for definition in (SYSTEM, USER):
        assert str(code.value) in read(definition)["RestartPreventExitStatus"].split()


def test_unit_notifies_and_has_a_watchdog() -> None:
    settings = read(SYSTEM)
    assert (settings["Type"], settings["NotifyAccess"]) == ("notify", "main")
    assert int(settings["WatchdogSec"]) > 0


def test_key_of_root_is_a_credential() -> None:
    settings = read(SYSTEM)
    assert settings["LoadCredential"] == "director-api-key:/etc/execution-officer/director.key"
    assert settings["ExecStart"] == (
        "/opt/execution-officer/bin/execution-officer --log-json run --config /etc/execution-officer/bridge.toml "
        "--api-key-file %d/director-api-key"
    )
    assert settings["User"] == "bridge"


def test_unit_of_a_user_reads_the_key_file_itself() -> None:
    settings = read(USER)
    assert "--api-key-file" not in settings["ExecStart"]
    assert not {"LoadCredential", "User", "ProtectSystem"} & set(settings)
    assert "WantedBy=default.target" in unit(USER)


def test_unit_allows_the_address_families_that_the_bridge_needs() -> None:
    for definition in (SYSTEM, USER):
        assert set(read(definition)["RestrictAddressFamilies"].split()) == {
            "AF_UNIX",
            "AF_INET",
            "AF_INET6",
            "AF_NETLINK",
        }


def test_folder_of_the_journal_is_the_only_one_that_is_written() -> None:
    assert read(SYSTEM)["StateDirectory"] == "execution-officer"
    elsewhere = read(changed(journal=PurePosixPath("/srv/the journal/journal.db")))
    assert elsewhere["ReadWritePaths"] == '"/srv/the journal"'
    assert "StateDirectory" not in elsewhere
    assert elsewhere["ProtectSystem"] == "strict"


def test_home_folders_are_hidden_unless_a_file_of_the_service_is_there() -> None:
    assert read(SYSTEM)["ProtectHome"] == "yes"
    in_home = read(changed(program=(f"{HOME}/execution-officer/bin/execution-officer",)))
    assert in_home["ProtectHome"] == "read-only"
    python = PurePosixPath(f"{HOME}/.pyenv/versions/3.12")
    assert read(changed(reads=(python,)))["ProtectHome"] == "read-only"


def test_special_characters_in_paths_are_escaped() -> None:
    settings = read(changed(config=PurePosixPath('/etc/a b/100%/$x"y\\z.toml')))
    assert settings["ExecStart"].split(" --config ")[1] == (
        '"/etc/a b/100%%/$$x\\"y\\\\z.toml" --api-key-file %d/director-api-key'
    )


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (changed(journal=PurePosixPath("/tmp/x/journal.db")), "below /tmp"),  # noqa: S108 - nothing is written
        (changed(config=PurePosixPath("/etc/a\nb.toml")), "characters that a unit cannot hold"),
        (
            changed(user=None, dynamic_user=True, journal=PurePosixPath("/srv/x/journal.db")),
            "must be in a folder below /var/lib",
        ),
    ],
)
def test_service_that_a_unit_cannot_run_is_refused(definition: Definition, says: str) -> None:
    with pytest.raises(ServiceError, match=says):
        unit(definition)


@pytest.mark.parametrize(
    ("definition", "manager", "says"),
    [
        (
            changed(user=None),
            Manager.SYSTEMD,
            "needs a user of its own that is not root; name it with --run-as",
        ),
        (changed(dynamic_user=True), Manager.SYSTEMD, "needs a user of its own"),
        (msgspec.structs.replace(USER, dynamic_user=True), Manager.SYSTEMD, "not allowed with --scope user"),
        (changed(api_key_file=None, api_key_env="KEY"), Manager.SYSTEMD, "or give --environment-file"),
        (changed(api_key_file=None, api_key_env="KEY"), Manager.LAUNCHD, "set director.api_key_file"),
        (changed(user=None, dynamic_user=True), Manager.LAUNCHD, "are of systemd; leave them out"),
    ],
)
def test_definition_that_lacks_something_is_refused(
    definition: Definition, manager: Manager, says: str
) -> None:
    with pytest.raises(ServiceError, match=says):
        check(definition, manager)


@pytest.mark.parametrize(
    "definition",
    [
        SYSTEM,
        USER,
        changed(user=None, dynamic_user=True),
        changed(
            journal=PurePosixPath("/srv/the journal/journal.db"), config=PurePosixPath("/etc/a b/$%.toml")
        ),
        changed(
            api_key_file=None, api_key_env="KEY", environment_file=PurePosixPath("/etc/execution officer.env")
        ),
    ],
    ids=["system", "user", "dynamic-user", "spaces", "environment"],
)
def test_systemd_itself_finds_no_fault(definition: Definition, tmp_path: Path) -> None:
    """`verify` reads the unit as systemd does. The program is replaced by one that is there."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not there")
    program = msgspec.structs.replace(definition, program=(sys.executable, "-m", "bridge"))
    if program.user is not None:
        program = msgspec.structs.replace(program, user="daemon")
    file = tmp_path / "execution-officer.service"
    file.write_text(unit(program))
    done = subprocess.run(
        [tool, "verify", "--recursive-errors=no", str(file)], capture_output=True, text=True
    )
    said = [line for line in done.stderr.splitlines() if "execution-officer" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_verification_sees_a_wrong_setting(tmp_path: Path) -> None:
    """The check above can fail."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not there")
    file = tmp_path / "execution-officer.service"
    file.write_text(unit(SYSTEM).replace("WatchdogSec=60", "WatchdogSec=soon").replace("User=bridge\n", ""))
    done = subprocess.run(
        [tool, "verify", "--recursive-errors=no", str(file)], capture_output=True, text=True
    )
    assert "Failed to parse sec value" in done.stderr
