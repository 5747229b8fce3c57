"""Ways through a function: which statements end it."""

from tests.mql5.lint.syntax.tree import (
    Block,
    Declared,
    DoWhile,
    Evaluated,
    Expression,
    For,
    If,
    Label,
    Leave,
    Literal,
    Return,
    Statement,
    Switch,
    While,
)


def ends(statement: Statement | None) -> bool:
    """Return True where no way leads behind a statement."""
    match statement:
        case Return():
            return True
        case Block(items=items):
            return any(ends(item) for item in items)
        case If(yes=yes, no=no):
            return no is not None and ends(yes) and ends(no)
        case While(condition=condition, body=body):
            return _always(condition) and not _leaves(body)
        case For(condition=condition, body=body):
            return (condition is None or _always(condition)) and not _leaves(body)
        case DoWhile(body=body, condition=condition):
            return (ends(body) or _always(condition)) and not _leaves(body)
        case Switch(items=items):
            has_default = any(isinstance(item, Label) and item.value is None for item in items)
            return has_default and not _one_leaves(items) and _last_ends(items)
        case _:
            return False


def _last_ends(items: list[Statement]) -> bool:
    """Return True where no way leads out of the last case of a switch."""
    ended = False
    for item in items:
        ended = False if isinstance(item, Label) else ended or ends(item)
    return ended


def _one_leaves(items: list[Statement]) -> bool:
    """Return True where a break among these can be reached."""
    reached = True
    for item in items:
        if isinstance(item, Label):
            reached = True
        elif reached and _leaves(item):
            return True
        reached = reached and not ends(item)
    return False


def _always(condition: Expression) -> bool:
    return isinstance(condition, Literal) and condition.token.text in ("true", "1")


def _leaves(statement: Statement | None) -> bool:
    """Return True where a break inside leaves the loop or switch around the statement."""
    match statement:
        case Leave(token):
            return token.text == "break"
        case Block(items=items):
            return _one_leaves(items)
        case If(yes=yes, no=no):
            return _leaves(yes) or _leaves(no)
        case _:
            return False


def statements(statement: Statement | None) -> list[Statement]:
    """Return a statement and all inside it."""
    match statement:
        case None:
            return []
        case Block(items=items) | Switch(items=items):
            return [statement, *(one for item in items for one in statements(item))]
        case If(yes=yes, no=no):
            return [statement, *statements(yes), *statements(no)]
        case While(body=body) | DoWhile(body=body):
            return [statement, *statements(body)]
        case For(start=start, body=body):
            return [statement, *statements(start), *statements(body)]
        case Declared() | Evaluated():
            return [statement]
        case _:
            return [statement]
