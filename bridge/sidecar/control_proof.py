"""Proofs at the control endpoint: each side shows that it holds the secret of the control file, and sends none.

    GET /v1/challenge                                     -> {"nonce": N}, good for one request on this connection
    Authorization: EO-HMAC-ASK CLIENT_NONCE PROOF         on the request for the challenge
    Authorization: EO-HMAC CLIENT_NONCE BODY_HASH PROOF   on the request that follows
    X-EO-Proof: PROOF                                     on its answer

The first proof is worth no more than a place: its connection is not displaced by those without one. BODY_HASH is
the SHA-256 of the body. A proof is HMAC-SHA256 with the 32 bytes of the secret, in hex, as nonces and hashes are. A
program that took over the port of a sidecar that was killed learns nothing that it can use, and cannot answer; a
request that was recorded is worth nothing on another connection.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

CHALLENGE_PATH: Final = "/v1/challenge"
ANSWER_HEADER: Final = "X-EO-Proof"
_SCHEME: Final = "EO-HMAC"
_ASKING_SCHEME: Final = "EO-HMAC-ASK"
_ASKING: Final = re.compile(rf"{_ASKING_SCHEME} ([0-9a-f]{{64}}) ([0-9a-f]{{64}})")
_AUTHORIZATION: Final = re.compile(rf"{_SCHEME} ([0-9a-f]{{64}}) ([0-9a-f]{{64}}) ([0-9a-f]{{64}})")


def new_nonce() -> str:
    """Return 32 random bytes in hex."""
    return secrets.token_hex(32)


def body_hash(body: bytes) -> str:
    """Return the SHA-256 of a body in hex."""
    return hashlib.sha256(body).hexdigest()


def asking(secret: str) -> str:
    """Return the Authorization header of a request for a challenge."""
    nonce = new_nonce()
    return f"{_ASKING_SCHEME} {nonce} {_mac(secret, 'ask', nonce)}"


def may_ask(header: str, secret: str) -> bool:
    """Return True where the header of a request for a challenge was made with the secret."""
    found = _ASKING.fullmatch(header)
    return found is not None and hmac.compare_digest(_mac(secret, "ask", found[1]), found[2])


class Authorization(NamedTuple):
    """Content of the header of a request."""

    client_nonce: str
    body_hash: str
    proof: str

    @property
    def header(self) -> str:
        """The header's value."""
        return " ".join((_SCHEME, *self))


def read(header: str) -> Authorization | None:
    """Return the content of an Authorization header; None where it has another form."""
    found = _AUTHORIZATION.fullmatch(header)
    return Authorization(*found.groups()) if found else None


def authorize(
    secret: str, nonce: str, *, client_nonce: str, method: str, path: str, body: bytes
) -> Authorization:
    """Return the authorization of a request that answers the challenge `nonce`."""
    hashed = body_hash(body)
    return Authorization(
        client_nonce, hashed, _mac(secret, "request", nonce, client_nonce, method, path, hashed)
    )


def is_valid(given: Authorization, secret: str, nonce: str, *, method: str, path: str) -> bool:
    """Return True where the authorization was made with the secret for this challenge and request."""
    expected = _mac(secret, "request", nonce, given.client_nonce, method, path, given.body_hash)
    return hmac.compare_digest(expected, given.proof)


def answer_proof(secret: str, nonce: str, client_nonce: str, *, status: int, body: bytes) -> str:
    """Return the proof of an answer."""
    return _mac(secret, "answer", nonce, client_nonce, str(status), body_hash(body))


def is_answer_valid(
    given: str, secret: str, nonce: str, client_nonce: str, *, status: int, body: bytes
) -> bool:
    """Return True where the answer was made with the secret, for this request."""
    expected = answer_proof(secret, nonce, client_nonce, status=status, body=body)
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def _mac(secret: str, *parts: str) -> str:
    """Return the HMAC over the parts, none of which contains a line end."""
    return hmac.new(bytes.fromhex(secret), "\n".join(parts).encode(), hashlib.sha256).hexdigest()
