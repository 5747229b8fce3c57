"""Checks of the service under a real systemd. Each has an installation of its own."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bridge.confinement import HOMES
from bridge.exits import ExitCode
from tests.systemd.machine import SERVICE_UID, Machine, eventually
from tests.systemd.world import OFFICER, UNIT, World

RUNNING: Final = {"ActiveState": "active", "SubState": "running", "Result": "success"}


def _expect(found: dict[str, str], log: str, **wanted: str) -> None:
    differing = {name: found[name] for name, value in wanted.items() if found[name] != value}
    assert not differing, f"{found}, and not {wanted}\n{log}"


def installed_unit_trades_hardened_and_reads_its_credential(machine: Machine) -> None:
    """Set up by root, run by a user of its own; the API key's file is root's, of mode 600."""
    with World(machine) as world:
        world.start_director()
        world.install()
        world.start()
        _expect(world.state(), world.log(), **RUNNING)
        world.start_terminal()
        world.trade("hardened-1")
        eventually(
            lambda: world.property("StatusText") == "1 of 1 terminals connected",
            lambda: world.property("StatusText"),
        )
        assert world.service("status").returncode == ExitCode.OK
        assert "sidecar_starting" in world.service("logs").stdout
        journal = world.outside(world.folder / "journal.db").stat()
        assert (journal.st_uid, journal.st_mode & 0o777) == (SERVICE_UID, 0o600)
        pid = world.machine.outside_pid(int(world.property("MainPID")))
        status = Path(f"/proc/{pid}/status").read_text()
        assert f"Uid:\t{SERVICE_UID}\t" in status
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert "CapBnd:\t0000000000000000" in status
        done = world.command("status", "--config", str(world.config), "--json")
        assert done.returncode == ExitCode.OK, done.stdout + done.stderr


def orderly_stop_ends_with_status_0_and_is_not_followed_by_a_start(machine: Machine) -> None:
    with World(machine) as world:
        world.start_director()
        world.install()
        world.start()
        assert world.service("stop").returncode == 0
        orderly = {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0", "NRestarts": "0"}
        _expect(world.ended(), world.log(), **orderly)
        assert world.service("status").returncode == ExitCode.NOT_RUNNING
        world.start()
        # A signal from elsewhere, of which systemd knows nothing.
        os.kill(world.machine.outside_pid(int(world.property("MainPID"))), signal.SIGTERM)
        _expect(world.ended(), world.log(), **orderly)


def killed_service_is_started_again_and_goes_on(machine: Machine) -> None:
    with World(machine) as world:
        world.start_director()
        world.install()
        world.start()
        world.start_terminal()
        world.trade("before-the-kill")
        first = world.property("MainPID")
        os.kill(world.machine.outside_pid(int(first)), signal.SIGKILL)
        eventually(
            lambda: (
                world.property("ActiveState") == "active" and world.property("MainPID") not in (first, "0")
            ),
            lambda: str(world.state()),
        )
        world.trade("after-the-kill")
        assert world.property("NRestarts") == "1"
        done = world.command("journal", "--path", str(world.folder / "journal.db"), "verify")
        assert done.returncode == 0, done.stdout + done.stderr


def configuration_fault_is_not_followed_by_a_start(machine: Machine) -> None:
    with World(machine) as world:
        world.install()
        world.configure(extra="unknown_setting = 1\n")
        assert world.service("start").returncode == ExitCode.SERVICE
        _expect(world.ended(), world.log(), ActiveState="failed", ExecMainStatus="3", NRestarts="0")
        assert "is not a setting" in world.log()
        world.configure()
        world.outside(world.key).unlink()
        assert world.service("start").returncode == ExitCode.SERVICE
        # systemd itself cannot read the credential.
        _expect(world.ended(), world.log(), ActiveState="failed", ExecMainStatus="243", NRestarts="0")


def passing_fault_is_followed_by_a_start(machine: Machine) -> None:
    """Another program has the journal; it is waited for, start by start."""
    with World(machine) as world:
        world.install()
        # --close: the lock is of flock itself, which is ended below.
        words = f"setpriv --reuid {SERVICE_UID} --regid {SERVICE_UID} --clear-groups flock --close"
        with world.occupying(f"{words} {world.folder}/journal.db.lock sleep infinity"):
            world.service("start")
            eventually(lambda: int(world.property("NRestarts")) > 0, lambda: str(world.state()))
        eventually(
            lambda: world.property("ActiveState") == "active", lambda: f"{world.state()}\n{world.log()}"
        )


def watchdog_ends_a_service_that_hangs_and_starts_it_again(machine: Machine) -> None:
    with World(machine) as world:
        world.start_director()
        world.drop_in("watchdog", WatchdogSec=10, TimeoutAbortSec=10)
        world.install()
        world.start()
        world.machine.run("sleep", "15")
        _expect(world.state(), world.log(), **RUNNING, NRestarts="0")
        first = world.property("MainPID")
        os.kill(world.machine.outside_pid(int(first)), signal.SIGSTOP)
        eventually(
            lambda: (
                world.property("ActiveState") == "active" and world.property("MainPID") not in (first, "0")
            ),
            lambda: str(world.state()),
        )
        assert world.property("NRestarts") == "1"
        log = world.log()
        # The stack of each thread.
        assert "Fatal Python error: Aborted" in log, log


def dynamic_user_has_the_journal_and_its_files(machine: Machine) -> None:
    with World(machine) as world:
        world.start_director()
        world.install("--dynamic-user")
        world.start()
        assert "halted" in world.command("halt", "--config", str(world.config)).stdout
        assert world.command("resume", "--config", str(world.config)).returncode == 0
        world.start_terminal(world.machine.state / "private/execution-officer")
        world.trade("dynamic-1")
        owner = (world.machine.state / "private/execution-officer/journal.db").stat().st_uid
        assert owner not in (0, SERVICE_UID)


def commands_of_root_before_the_first_start_leave_files_that_the_service_can_use(machine: Machine) -> None:
    with World(machine) as world:
        world.set_up()
        config = ("--config", str(world.config))
        for words in (
            ("halt", *config),
            ("status", *config),
            ("rebind", *config, "--officer", OFFICER, "--yes"),
        ):
            world.command(*words)
        world.install()
        world.start()
        _expect(world.state(), world.log(), **RUNNING)
        foreign = [
            each.name for each in world.outside(world.folder).iterdir() if each.stat().st_uid != SERVICE_UID
        ]
        assert foreign == []


LIMITS: Final[tuple[tuple[str, dict[str, object], ExitCode, str], ...]] = (
    (
        "no AF_NETLINK",
        {"RestrictAddressFamilies": ["AF_UNIX AF_INET"]},
        ExitCode.CONFINED,
        "the address family AF_NETLINK is not allowed",
    ),
    (
        "a system call that ends the process",
        {"SystemCallFilter": ["@system-service", "~eventfd2"], "SystemCallErrorNumber": ["kill"]},
        ExitCode.CONFINED,
        "ended by SIGSYS",
    ),
    (
        "a read-only folder",
        {"ReadOnlyPaths": "/var/lib/execution-officer", "StateDirectory": []},
        ExitCode.JOURNAL_READ_ONLY,
        "StateDirectory= (below /var/lib) or ReadWritePaths=",
    ),
    (
        "ProtectSystem=strict without a state folder",
        {"StateDirectory": []},
        ExitCode.JOURNAL_READ_ONLY,
        "StateDirectory= (below /var/lib) or ReadWritePaths=",
    ),
    (
        "only the journal's file writable",
        {"StateDirectory": [], "ReadWritePaths": "/var/lib/execution-officer/journal.db"},
        ExitCode.JOURNAL_READ_ONLY,
        "StateDirectory= (below /var/lib) or ReadWritePaths=",
    ),
    (
        "no network",
        {"PrivateNetwork": "yes"},
        ExitCode.CONFINED,
        "the Director's host director.example.com cannot be reached",
    ),
)


def each_limit_that_breaks_the_bridge_is_named_and_not_followed_by_a_start(machine: Machine) -> None:
    with World(machine) as world:
        world.configure(url="https://director.example.com")
        world.install()
        for name, settings, status, says in LIMITS:
            world.drop_in("limit", **settings)
            world.service("start")
            found = world.ended()
            assert (found["ExecMainStatus"], found["NRestarts"]) == (str(int(status)), "0"), (
                f"{name}: {found}\n{world.log()}"
            )
            assert says in world.log(), f"{name}: {world.log()}"
            world.machine.run("systemctl", "reset-failed", UNIT)


def hidden_home_folder_is_named(machine: Machine) -> None:
    """The unit is one that a person wrote: the installed one does not hide a home that it uses."""
    with World(machine, folder=f"{HOMES[0]}/bridge") as world:
        world.start_director()
        world.install()
        world.start()
        assert world.service("stop").returncode == 0
        for hidden in ("yes", "tmpfs"):
            world.drop_in("limit", ProtectHome=hidden, WorkingDirectory="/", ReadWritePaths=[])
            world.service("start")
            found = world.ended()
            assert found["ExecMainStatus"] in {
                str(int(code)) for code in (ExitCode.LINK_KEY, ExitCode.JOURNAL_MISSING)
            }
            assert found["NRestarts"] == "0", found
            assert "ProtectHome= or DynamicUser= of the unit hides home folders" in world.log(), world.log()
            world.machine.run("systemctl", "reset-failed", UNIT)


def halt_that_could_not_be_stored_is_not_followed_by_a_start(machine: Machine) -> None:
    """A start would trade without the halt."""
    with World(machine) as world:
        world.start_director()
        world.install()
        world.start()
        hold = f"import sqlite3,time;c=sqlite3.connect('{world.folder}/journal.db');c.execute('BEGIN IMMEDIATE');"
        with world.occupying(f'python3 -c "{hold}time.sleep(600)"'):
            done = world.command("halt", "--config", str(world.config))
            assert done.returncode == 0, done.stderr
            os.kill(world.machine.outside_pid(int(world.property("MainPID"))), signal.SIGTERM)
            found = world.ended()
        assert (found["ExecMainStatus"], found["NRestarts"]) == (str(int(ExitCode.HALT_LOST)), "0"), (
            f"{found}\n{world.log()}"
        )


def uninstalling_leaves_journal_and_keys(machine: Machine) -> None:
    with World(machine) as world:
        world.install()
        world.start()
        assert world.service("uninstall").returncode == 0
        assert not (machine.units / UNIT).exists()
        left = {each.name for each in world.outside(world.folder).iterdir()}
        assert {"journal.db", f"{OFFICER}.linkkey"} <= left
        assert world.property("LoadState") == "not-found"
        assert world.service("stop").returncode == ExitCode.SERVICE


CHECKS: Final[tuple[Callable[[Machine], None], ...]] = (
    installed_unit_trades_hardened_and_reads_its_credential,
    orderly_stop_ends_with_status_0_and_is_not_followed_by_a_start,
    killed_service_is_started_again_and_goes_on,
    configuration_fault_is_not_followed_by_a_start,
    passing_fault_is_followed_by_a_start,
    watchdog_ends_a_service_that_hangs_and_starts_it_again,
    dynamic_user_has_the_journal_and_its_files,
    commands_of_root_before_the_first_start_leave_files_that_the_service_can_use,
    each_limit_that_breaks_the_bridge_is_named_and_not_followed_by_a_start,
    hidden_home_folder_is_named,
    halt_that_could_not_be_stored_is_not_followed_by_a_start,
    uninstalling_leaves_journal_and_keys,
)
