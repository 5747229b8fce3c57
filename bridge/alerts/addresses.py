"""Addresses of alerts: secrets, in the environment or in a private file. No message ever contains one."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from bridge.core.settings import AlertSettings
from bridge.keys import KeyFileError, read_private

INSTALL: Final = "pip install 'execution-officer[alerts]'"


class AlertsError(Exception):
    """Alerts are configured and cannot be sent. The message has the setting, the rule and the remedy."""


class Addresses(msgspec.Struct, frozen=True):
    """Secrets of the alerts. Their repr does not show them."""

    apprise: tuple[str, ...]
    alive_url: str | None = None
    """URL that is called while all is well; None: none."""

    def __repr__(self) -> str:
        return f"Addresses({len(self.apprise)})"


def find(
    settings: AlertSettings, beside: Callable[[str], Path], environ: Mapping[str, str] = os.environ
) -> Addresses:
    """Return the addresses. `beside` makes a path of the configuration absolute. Raises AlertsError."""
    if importlib.util.find_spec("apprise") is None:
        raise AlertsError(
            f"[alerts] needs the package apprise, which is not installed; run: {INSTALL}, from the checkout: "
            "pip install '.[alerts]'; or remove [alerts]"
        )
    text = _secret("addresses", settings.addresses_env, settings.addresses_file, beside, environ)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = tuple(" ".join(lines).split())
    if not found:
        raise AlertsError(
            "alerts.addresses: there is none; write one or more addresses of Apprise, or remove [alerts]"
        )
    if settings.alive_url_env is None and settings.alive_url_file is None:
        return Addresses(found)
    url = _secret("alive_url", settings.alive_url_env, settings.alive_url_file, beside, environ).strip()
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname or not url.isprintable():
        raise AlertsError("alerts.alive_url: is no URL; write one that starts with https:// or http://")
    return Addresses(found, url)


def _secret(
    what: str,
    variable: str | None,
    file: str | None,
    beside: Callable[[str], Path],
    environ: Mapping[str, str],
) -> str:
    if variable is not None:
        text = environ.get(variable)
        if text is None:
            raise AlertsError(
                f"alerts.{what}_env: the environment variable {variable} is not set; set it for this process"
            )
        return text
    path = beside(file or "")
    try:
        return read_private(path)
    except FileNotFoundError:
        raise AlertsError(
            f"alerts.{what}_file: {path} does not exist; make it, readable by you alone"
        ) from None
    except KeyFileError as error:
        raise AlertsError(f"alerts.{what}_file: {path} cannot be used: {error}") from None
    except OSError as error:
        raise AlertsError(
            f"alerts.{what}_file: {path} cannot be read: {error.strerror}; check its owner and permissions"
        ) from None
