"""Name of the user in the audit."""

import getpass
import os

import pytest

from bridge.cli.this_user import MOST, this_user

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no user ids and no sudo")


def test_user_of_the_process_is_named() -> None:
    assert this_user({}) in (getpass.getuser(), f"user {getattr(os, 'getuid', lambda: 0)()}")


@posix_only
def test_user_behind_sudo_is_named_too() -> None:
    assert this_user({"SUDO_USER": "ann"}) == f"{this_user({})}, by sudo from ann"
    assert this_user({"SUDO_USER": this_user({})}) == this_user({})


@posix_only
def test_long_name_fits_the_audit() -> None:
    assert len(this_user({"SUDO_USER": "a" * 1000})) == MOST
