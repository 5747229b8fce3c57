"""Finding about a journal that another program changed, with what undoes the change."""

import msgspec


class Altered(msgspec.Struct, frozen=True):
    """Change that the bridge did not make."""

    what: str
    """Change, in words."""
    remedy: str
    """Instruction that undoes it, mostly an SQL statement."""
