"""Texts of classes and of their fields, from the source."""

import ast
import inspect
import itertools
import textwrap


def class_doc(kind: type) -> str:
    """Return the docstring of a class in one line."""
    return " ".join((kind.__doc__ or "").split())


def attribute_docs(kind: type) -> dict[str, str]:
    """Return the texts beneath a struct's fields, from its source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    found: dict[str, str] = {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, text in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found
