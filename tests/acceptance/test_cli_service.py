"""`service`, and the options of `run` that the services use."""

import sys
from pathlib import Path

import pytest

from bridge.cli.service import execution
from bridge.cli.service.definition import MADE_BY, Manager, Scope, ServiceError
from bridge.cli.service.managers import Place
from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.acceptance.commands import run
from tests.unit.cli.service.samples import SYSTEM

KEYED = '[director]\nurl = "http://127.0.0.1:1"\napi_key_file = "director.key"\n[[officers]]\nid = "eo-001"\n'


@pytest.fixture
def configured(without_journal: CommandLine) -> CommandLine:
    """A configuration whose journal is to be below /var/lib."""
    file = without_journal.folder / "bridge.toml"
    file.write_text(KEYED + "[journal]\npath = '/var/lib/execution-officer/journal.db'\n")
    return without_journal


def service(command_line: CommandLine, *words: str, manager: Manager = Manager.LAUNCHD) -> int:
    config = str(command_line.folder / "bridge.toml")
    scope = ("--manager", manager.value, "--scope", Scope.SYSTEM.value)
    return command_line.run_plain("service", *scope, words[0], "--config", config, *words[1:])


def test_print_shows_file_and_commands_and_changes_nothing(configured: CommandLine) -> None:
    before = sorted(configured.folder.iterdir())
    assert service(configured, "install", "--run-as", "bridge", "--start", "--print") == ExitCode.OK
    first, *_, last = configured.stdout.splitlines()
    assert first == "# /Library/LaunchDaemons/execution-officer.plist"
    assert last == "$ launchctl kickstart system/execution-officer"
    assert "--stay-down" in configured.stdout
    assert sorted(configured.folder.iterdir()) == before


def test_service_without_a_user_of_its_own_is_refused(configured: CommandLine) -> None:
    assert service(configured, "install", "--print") == ExitCode.SERVICE
    assert "needs a user of its own that is not root; name it with --run-as" in configured.stderr


def test_service_with_a_key_in_the_environment_is_refused(configured: CommandLine) -> None:
    file = configured.folder / "bridge.toml"
    file.write_text(file.read_text().replace('api_key_file = "director.key"', 'api_key_env = "KEY"'))
    assert service(configured, "install", "--run-as", "bridge", "--print") == ExitCode.SERVICE
    assert "director.api_key_env = KEY: a service does not have the variables of a shell" in configured.stderr


@pytest.mark.parametrize("command", ["start", "stop", "restart", "status", "uninstall"])
def test_service_that_is_not_installed_is_named(command_line: CommandLine, command: str) -> None:
    assert command_line.run_plain("service", "--name", "no-such", command) == ExitCode.SERVICE
    assert "there is no service no-such" in command_line.stderr


def test_name_that_is_no_file_name_is_refused(command_line: CommandLine) -> None:
    assert command_line.run_plain("service", "--name", "../x", "start") == ExitCode.USAGE


@pytest.mark.skipif(sys.platform == "win32", reason="there the user is not looked up")
def test_user_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"does not exist; make it: useradd --system"):
        execution.check_user("no-such-user")
    with pytest.raises(ServiceError, match="is root"):
        execution.check_user("root")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(manager=Manager.SYSTEMD, scope=Scope.USER, name="eo", home=tmp_path)


def test_own_file_is_overwritten_and_removed(place: Place) -> None:
    file = Path(place.file)
    for _ in range(2):
        execution.write(place, SYSTEM)
        assert MADE_BY in file.read_text()
    assert [each.name for each in file.parent.iterdir()] == ["eo.service"]
    execution.check_installed(place)
    execution.remove(place)
    with pytest.raises(ServiceError, match="there is no service eo"):
        execution.check_installed(place)


def test_file_of_another_program_is_left_alone(place: Place) -> None:
    file = Path(place.file)
    file.parent.mkdir(parents=True)
    file.write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(ServiceError, match="was not made by this command, and is left alone"):
        execution.write(place, SYSTEM)
    assert file.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_command_that_fails_is_named(place: Place) -> None:
    with pytest.raises(ServiceError, match=r"'.*-c raise SystemExit\(3\)' ended with status 3"):
        execution.run_all(place, [(sys.executable, "-c", "raise SystemExit(3)")])
    with pytest.raises(ServiceError, match="no-such-program is not there"):
        execution.run(("no-such-program",))


def test_fault_that_a_restart_cannot_correct_ends_with_0_where_the_manager_would_restart(
    tmp_path: Path,
) -> None:
    (tmp_path / "bridge.toml").write_text("[director]\n")
    log = tmp_path / "service.log"
    done = run("--log-file", log, "run", "--stay-down", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert "is missing" in log.read_text()
    assert run("run", cwd=tmp_path).returncode == ExitCode.CONFIG


def test_key_file_of_the_command_line_takes_the_place_of_the_configurations(configured: CommandLine) -> None:
    missing = configured.folder / "credential"
    assert configured.run("run", "--api-key-file", str(missing)) == ExitCode.API_KEY
    assert f"the API key file {missing} does not exist" in configured.stderr


def test_log_file_that_is_a_journal_is_refused(command_line: CommandLine) -> None:
    before = command_line.journal.read_bytes()
    assert command_line.run_plain("--log-file", str(command_line.journal), "status") == ExitCode.USAGE
    assert f"--log-file {command_line.journal} is a database" in command_line.stderr
    assert command_line.journal.read_bytes() == before


def test_log_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    done = run("--log-file", tmp_path / "none" / "log", "status", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert "cannot be written" in done.stderr
