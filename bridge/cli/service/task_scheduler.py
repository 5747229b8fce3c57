"""The task of the Windows Task Scheduler. Source: Task Scheduler Schema, learn.microsoft.com."""

import subprocess
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from bridge import __version__
from bridge.cli.service.definition import MADE_BY, Definition, Scope, run_words

NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
RESTART_INTERVAL: Final = "PT1M"
RESTARTS: Final = 999
_ABOVE_BACKGROUND: Final = 5
"""Priority of an ordinary program; a task's default is that of background work."""


def task(definition: Definition) -> str:
    """Return the task as XML, for a file in UTF-16.

    The scheduler starts a task again after every status but 0: `run --stay-down` turns those that a restart cannot
    correct into 0.
    """
    root = Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    _add(
        root,
        "RegistrationInfo",
        Description=f"MetaTrader 5 execution bridge. {MADE_BY}, version {__version__}.",
    )
    triggers = SubElement(root, "Triggers")
    at_start = definition.scope is Scope.SYSTEM
    _add(triggers, "BootTrigger" if at_start else "LogonTrigger", Enabled="true")
    principal = SubElement(SubElement(root, "Principals"), "Principal", {"id": "Author"})
    if definition.user is not None:
        SubElement(principal, "UserId").text = definition.user
    # S4U: whether the user is logged on or not, without a stored password.
    SubElement(principal, "LogonType").text = "S4U" if at_start else "InteractiveToken"
    SubElement(principal, "RunLevel").text = "LeastPrivilege"
    settings = _add(
        root,
        "Settings",
        MultipleInstancesPolicy="IgnoreNew",
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        AllowHardTerminate="true",
        StartWhenAvailable="true",
        RunOnlyIfNetworkAvailable="false",
        Enabled="true",
        ExecutionTimeLimit="PT0S",
        Priority=str(_ABOVE_BACKGROUND),
    )
    _add(settings, "RestartOnFailure", Interval=RESTART_INTERVAL, Count=str(RESTARTS))
    program, *arguments = run_words(definition, stay_down=True)
    actions = SubElement(root, "Actions", {"Context": "Author"})
    _add(
        actions,
        "Exec",
        Command=program,
        Arguments=subprocess.list2cmdline(arguments),
        WorkingDirectory=str(definition.folder),
    )
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _add(parent: Element, name: str, **children: str) -> Element:
    """Add an element with one child of text for each keyword, in their order."""
    element = SubElement(parent, name)
    for child, text in children.items():
        SubElement(element, child).text = text
    return element
