"""Base of the errors with which the translator and the lint refuse a source text."""


class TranslationError(ValueError):
    """Refusal of a source text. The message reads `file:line: thing; rule; remedy`."""

    def __init__(self, where: str, thing: str, rule: str, remedy: str) -> None:
        super().__init__(f"{where}: {thing}; {rule}; {remedy}")
