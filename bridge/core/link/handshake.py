"""Proofs of the link's handshake.

Both sides hold the officer's link key: 32 random bytes that `setup` makes and that the operator copies into the
terminal's inputs, as 64 hex digits. Each proves that it has the key with

    HMAC-SHA256(key, ROLE \\n VERSION \\n OFFICER \\n INSTANCE_ID \\n TERMINAL-NONCE \\n
                SIDECAR-NONCE [\\n ACCOUNT])

in lower-case hex over UTF-8. ROLE is `sidecar` or `terminal`, so that neither proof can be replayed as the
other. The terminal's proof also covers LOGIN \\n SERVER \\n MARGIN-MODE \\n TRADE-MODE, so that no peer in
between can present one account as another. No field may hold a control character.
"""

import hashlib
import hmac
import re
from typing import Final

from bridge.core.link.messages import AccountIdentity, Hello

KEY_BYTES: Final = 32
_KEY_TEXT: Final = re.compile(r"[0-9a-fA-F]{64}")


class LinkKeyError(ValueError):
    """The text is no link key. The message does not repeat it: it may be a key with a typing error."""


class LinkKey:
    """Link key of an officer. Its digits never appear in a log or a traceback."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise LinkKeyError(f"a link key has {KEY_BYTES} bytes, this has {len(secret)}")
        self._secret = secret

    @classmethod
    def from_text(cls, text: str) -> "LinkKey":
        """Return the key of 64 hex digits; white space around them is allowed. Raises LinkKeyError."""
        digits = text.strip()
        if not _KEY_TEXT.fullmatch(digits):
            raise LinkKeyError(
                f"a link key is 64 hex digits (0-9, a-f) on one line; this text has {len(digits)} characters"
            )
        return cls(bytes.fromhex(digits))

    def to_text(self) -> str:
        """Return the 64 hex digits that the operator copies."""
        return self._secret.hex()

    def sidecar_proof(self, hello: Hello, version: int, sidecar_nonce: str) -> str:
        """Return the proof that the challenge carries."""
        return self._mac("sidecar", hello, version, sidecar_nonce)

    def terminal_proof(self, hello: Hello, version: int, sidecar_nonce: str, account: AccountIdentity) -> str:
        """Return the proof that the `prove` message carries."""
        return self._mac(
            "terminal",
            hello,
            version,
            sidecar_nonce,
            str(account.login),
            account.server,
            account.margin_mode,
            account.trade_mode,
        )

    def _mac(self, role: str, hello: Hello, version: int, sidecar_nonce: str, *account: str) -> str:
        fields = (role, str(version), hello.officer, hello.instance_id, hello.nonce, sidecar_nonce, *account)
        return hmac.new(self._secret, "\n".join(fields).encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return "LinkKey(...)"


def proofs_equal(ours: str, theirs: str) -> bool:
    """Return True for equal proofs, in a time that does not depend on where they differ."""
    return hmac.compare_digest(ours.encode(), theirs.encode())


def choose_version(hello: Hello, lowest: int, highest: int) -> int | None:
    """Return the highest version that both sides support; None where the ranges do not meet."""
    version = min(highest, hello.max_version)
    return version if version >= max(lowest, hello.min_version) else None
