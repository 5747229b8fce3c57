"""Tests that fail on the Windows machine for a reason that is not the project's, each with that reason.

Each of these must fail: one that passes, is skipped or no longer exists makes the check fail, as every other
failure does.
"""

from typing import Final

NO_VENV: Final = "python.org's embeddable CPython has neither venv nor ensurepip, which its installer adds"

NO_LINKS: Final = "Wine 8.0 has no symbolic links"
OPEN_RIGHTS: Final = (
    "Wine 8.0 has everybody read each new file: it makes the rights of a file from its Unix mode"
)
NO_TEXT: Final = "Wine 8.0 has no text for the error of Windows for a port in use (10048)"

EXPECTED_FAILURES: Final[dict[str, str]] = {
    **{
        f"tests/unit/test_scripts_environment.py::{name}": NO_VENV
        for name in (
            "test_first_run_installs_and_second_does_nothing",
            "test_another_group_is_added_to_the_installed_ones",
            "test_changed_project_is_installed_again_with_the_same_groups",
            "test_changed_pin_is_installed",
            "test_packages_are_installed_with_hashes_and_the_project_without_others",
            "test_moved_checkout_gets_a_new_environment",
            "test_environment_of_another_python_is_made_anew",
            "test_failed_installation_leaves_no_stamp_and_shows_the_output_of_pip",
        )
    },
    **{
        f"tests/integration/journal/test_opening.py::{name}": NO_LINKS
        for name in ("test_symbolic_link_to_a_journal_has_the_same_lock", "test_create_overwrites_nothing")
    },
    "tests/integration/test_sandbox.py::test_used_port_raises_os_error": NO_TEXT,
    "tests/acceptance/test_cli_doctor.py::"
    "test_whole_installation_without_a_sidecar_has_its_own_exit_status": OPEN_RIGHTS,
}
"""Reason by test."""

NOT_RUN: Final[dict[str, str]] = {}
"""Tests that are left out, by id: those that would never end."""
