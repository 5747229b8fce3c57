"""Effects of a session's input: messages to send, and what the journal and the sidecar must know."""

import msgspec

from bridge.core.link.messages import Hello, Message, Prove, TerminalHeartbeat


class Send(msgspec.Struct, frozen=True):
    """Message to send to a peer."""

    peer: bytes
    message: Message
    officer: str = ""
    """Configured officer that a refusal is about; empty where none is."""


class Admit(msgspec.Struct, frozen=True):
    """Peer that has proved its key. The journal is to open an epoch for it, or to refuse it."""

    peer: bytes
    officer: str
    hello: Hello
    prove: Prove


class Reports(msgspec.Struct, frozen=True):
    """One report for the journal, in order."""

    officer: str
    epoch: int
    seq: int
    raw: bytes


class HeartbeatReceived(msgspec.Struct, frozen=True):
    """Heartbeat of a terminal, with its state."""

    officer: str
    heartbeat: TerminalHeartbeat


class Ended(msgspec.Struct, frozen=True):
    """End of an officer's session."""

    officer: str
    epoch: int
    why: str


Effect = Send | Admit | Reports | HeartbeatReceived | Ended
