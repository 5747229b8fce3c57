"""Pairs of snippets for MetaQuotes' compile errors: one that must be refused, one that must pass."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Number of an error, a snippet with it, and one without it.

    `code` is the code of the finding, or the name of the refusal's class, where it is not `error-NUMBER`.
    """

    number: int
    fails: str
    passes: str
    code: str = ""

    @property
    def wanted(self) -> str:
        """Code of the finding."""
        return self.code or f"error-{self.number}"
