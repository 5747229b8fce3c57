"""Log codes of the Expert Advisor, as its sources have them."""

import re
from typing import Final

from tests.lint.tree import ROOT

_CALL: Final = re.compile(r'\bm?_?log\.(Debug|Info|Warning|Error)\("([a-z_]+)"')

MEANINGS: Final = {
    "alarm_": "A trouble, also reported to the sidecar; its code follows in lower case.",
    "flatten_ended": "The flatten button's work is over.",
    "flatten_filling": "The broker refused a filling mode of a flatten's close; another one is tried.",
    "flatten_not_stored": "The terminal keeps no global variable, so the next load allows trading again.",
    "flatten_request": "One close or removal of the flatten button, with the broker's answer.",
    "flatten_restored": "The flatten button was pressed before this load; opens stay refused.",
    "flatten_started": "The flatten button was pressed.",
    "input_invalid": "An input of the Expert Advisor is invalid; nothing is connected.",
    "inquiries_full": "Too many symbol inquiries wait; this one is dropped, and the sidecar asks again.",
    "message_dropped": "A message of the sidecar was not understood.",
    "message_not_supported": "The sidecar sent a message type that this version does not have.",
    "message_refused": "The sidecar could not read a message of the Expert Advisor.",
    "order_found": "A command was not sent, because the broker has records with its client order id.",
    "order_not_sent": "A command was not sent; the reason follows.",
    "order_send_failed": "OrderSend returned false; the retcode decides about the outcome.",
    "order_sent": "A command was sent; the broker's answer follows.",
    "program_loaded": "The Expert Advisor was loaded.",
    "program_unloaded": "The Expert Advisor is unloaded; the reason follows.",
    "session_backoff": "The time until the next attempt to connect.",
    "session_ended": "The session, or the attempt to start one, is over; the reason and remedy follow.",
    "session_refused": "The sidecar refused the session; its reason and remedy follow.",
    "session_started": "The session with the sidecar has started.",
    "status_requests_full": "Too many status requests wait; this one is dropped, and the sidecar asks again.",
}
"""Meaning of each code. The page cannot be made where one is missing here, or stands here without use."""


def log_codes() -> str:
    """Return each code of the Expert Advisor's log with its level and meaning. Raises KeyError."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "mql5").rglob("*.mq[h5]")):
        for level, code in _CALL.findall(file.read_text(encoding="utf-8")):
            found[code] = level.lower()
    if unused := sorted(MEANINGS.keys() - found):
        raise KeyError(f"tests/docs/terminal_log.py: no source logs {', '.join(unused)}; remove it")
    if unknown := sorted(found.keys() - MEANINGS):
        raise KeyError(f"tests/docs/terminal_log.py has no meaning of {', '.join(unknown)}; add one")
    rows = [f"| `{code}` | {level} | {MEANINGS[code]} |" for code, level in sorted(found.items())]
    return "| code | level | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"
