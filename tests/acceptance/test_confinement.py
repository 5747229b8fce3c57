"""Limits of a hardened unit: each ends `run` with a status that a restart policy knows, and words that name it."""

import errno
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import confinement
from bridge.exits import FINAL, ExitCode
from tests.acceptance import commands
from tests.rig.ports import free_port
from tests.rig.seccomp import Filter

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systemd runs on Linux alone")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is set up, with a Director that nobody runs."""
    (tmp_path / "bridge.toml").write_text(
        '[director]\nurl = "http://127.0.0.1:1"\napi_key_env = "KEY"\n'
        f'[link]\nendpoint = "tcp://127.0.0.1:{free_port()}"\n[[officers]]\nid = "eo-001"\n'
    )
    assert commands.run("setup", cwd=tmp_path).returncode == ExitCode.OK
    return tmp_path


def run_in(
    folder: Path, refused: Filter | None = None, *, before: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the sidecar, which the limit ends, under a filter or behind other words."""
    return subprocess.run(
        [*before, sys.executable, "-m", "bridge", "run"],
        cwd=folder,
        env=commands.environment(KEY="key", **variables),
        preexec_fn=refused.set if refused else None,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=commands.TIMEOUT_S,
    )


def words_of(*options: str) -> tuple[str, ...]:
    """Return the words that run a command in namespaces of its own; skip where this user may not."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, *options, "true"], capture_output=True).returncode:
        pytest.skip("this user may not make namespaces")
    return (unshare, *options)


@linux_only
@pytest.mark.parametrize("family", ["AF_NETLINK", "AF_INET"])
def test_missing_address_family_is_named_before_the_library_meets_it(folder: Path, family: str) -> None:
    refused = Filter.refuse("socket", argument=getattr(socket, family), error=errno.EAFNOSUPPORT)
    done = run_in(folder, refused)
    assert done.returncode == ExitCode.CONFINED, done.stderr
    assert done.stderr.startswith(f"Error: the address family {family} is not allowed to this process")
    assert "add it to RestrictAddressFamilies= of the unit" in done.stderr
    assert not (folder / "journal.db.control").exists()


@linux_only
def test_simulated_broker_names_a_missing_address_family_too(folder: Path) -> None:
    refused = Filter.refuse("socket", argument=socket.AF_NETLINK, error=errno.EAFNOSUPPORT)
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "simulated-broker", "--endpoint", "tcp://127.0.0.1:*"],
        cwd=folder,
        env=commands.environment(),
        preexec_fn=refused.set,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=commands.TIMEOUT_S,
    )
    assert done.returncode == ExitCode.CONFINED, done.stderr
    assert "the address family AF_NETLINK is not allowed" in done.stderr


@linux_only
def test_system_call_whose_use_ends_the_process_is_found_by_a_trial(folder: Path) -> None:
    done = run_in(folder, Filter.refuse("eventfd2"))
    assert done.returncode == ExitCode.CONFINED, done.stderr
    assert "ended by SIGSYS" in done.stderr
    assert "SystemCallFilter=@system-service" in done.stderr


@pytest.mark.parametrize(
    ("lines", "filtered"),
    [
        ("NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n", False),
        ("NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n", True),
        ("NoNewPrivs:\t0\nSeccomp:\t1\n", True),
        # A kernel that does not say.
        ("NoNewPrivs:\t0\n", True),
        ("", True),
    ],
)
def test_trial_is_left_out_only_where_the_kernel_knows_of_no_filter(
    tmp_path: Path, lines: str, filtered: bool
) -> None:
    status = tmp_path / "status"
    status.write_text(lines)
    assert confinement.is_filtered(status) is filtered
    assert confinement.is_filtered(tmp_path / "missing")


@linux_only
def test_journal_on_a_read_only_file_system_is_refused_with_the_names_of_the_options(folder: Path) -> None:
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'
    done = run_in(folder, before=(*words_of("-m"), "sh", "-c", script, str(folder)))
    assert done.returncode == ExitCode.JOURNAL_READ_ONLY, done.stderr
    assert "Read-only file system" in done.stderr
    assert "StateDirectory= (below /var/lib) or ReadWritePaths=" in done.stderr


@linux_only
def test_service_without_a_network_is_refused_where_the_director_is_elsewhere(folder: Path) -> None:
    config = folder / "bridge.toml"
    config.write_text(config.read_text().replace("http://127.0.0.1:1", "https://director.example.com"))
    script = 'export SYSTEMD_EXEC_PID=$$; exec "$@"'
    done = run_in(folder, before=(*words_of("-n"), "sh", "-c", script, "sh"))
    assert done.returncode == ExitCode.CONFINED, done.stderr
    assert "the Director's host director.example.com cannot be reached" in done.stderr
    assert "remove PrivateNetwork= from the unit" in done.stderr


@linux_only
def test_network_is_not_judged_outside_of_a_service() -> None:
    confinement.check_network("director.example.com", {})
    confinement.check_network("127.0.0.1", {"NOTIFY_SOCKET": "/run/notify"})


@linux_only
def test_hidden_home_folder_is_named_and_the_journal_is_not_called_lost(folder: Path) -> None:
    """ProtectHome=yes puts a folder that nobody may enter in place of /home."""
    home = folder / "hidden"
    home.mkdir()
    config = folder / "bridge.toml"
    config.write_text(config.read_text() + f"[journal]\npath = '{home / 'journal.db'}'\n")
    assert commands.run("setup", cwd=folder).returncode == ExitCode.OK
    for key in home.glob("*.linkkey"):
        shutil.copy(key, folder)
    home.chmod(0)
    try:
        done = run_in(folder, before=_as_a_user())
    finally:
        home.chmod(stat.S_IRWXU)
    assert done.returncode in (ExitCode.LINK_KEY, ExitCode.JOURNAL_READ_ONLY), done.stderr
    assert "Permission denied" in done.stderr
    assert "internal error" not in done.stderr


def _as_a_user() -> tuple[str, ...]:
    """Return the words before a command for which file modes count, although root runs it."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may enter everywhere, and setpriv is missing")
    return (setpriv, "--bounding-set=-dac_override,-dac_read_search")


@linux_only
@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"{confinement.HOMES[0]}/anybody/journal.db", "ProtectHome="),
        (f"{confinement.HOMES[1]}/journal.db", "ProtectHome="),
        ("/tmp/nowhere/journal.db", "PrivateTmp="),  # noqa: S108 - nothing is written there
        ("/var/lib/nowhere/journal.db", ""),
    ],
)
def test_folder_that_a_unit_hides_is_named_to_a_service_alone(path: str, says: str) -> None:
    said = confinement.hint(Path(path), {"NOTIFY_SOCKET": "/run/notify"})
    assert says in said if says else said == ""
    assert confinement.hint(Path(path), {}) == ""


def test_statuses_of_limits_are_never_answered_with_a_restart() -> None:
    assert {ExitCode.CONFINED, ExitCode.JOURNAL_READ_ONLY, ExitCode.JOURNAL_MISSING} <= set(FINAL)
