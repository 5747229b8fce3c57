"""Tree of a program: declarations, statements and expressions, each with its first token."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.mql5.translator.lexer import Token


@dataclass
class Type:
    """Type as written: `const CList<int> *` has the name `CList`, one argument and one pointer."""

    name: str
    token: Token
    const: bool = False
    pointers: int = 0
    references: int = 0
    arguments: list[Type] = field(default_factory=list)


@dataclass
class Expression:
    """Base of all expressions."""

    token: Token


@dataclass
class Name(Expression):
    """Name without a dot in front. `is_explicit` where types of a template follow in <>."""

    name: str
    is_explicit: bool = False


@dataclass
class Literal(Expression):
    """Literal, true, false or NULL."""


@dataclass
class Unary(Expression):
    """Operator with one operand; `behind` for x++ and x--."""

    sign: str
    operand: Expression
    behind: bool = False


@dataclass
class Binary(Expression):
    """Operator with two operands, assignments included."""

    sign: str
    left: Expression
    right: Expression


@dataclass
class Ternary(Expression):
    """Condition with two values."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass
class Call(Expression):
    """Call of a function, a method, or a conversion written as a call."""

    function: Expression
    arguments: list[Expression]


@dataclass
class Member(Expression):
    """Member of an object: `owner.name`."""

    owner: Expression
    name: str


@dataclass
class Scoped(Expression):
    """Name with a scope: `owner::name`; the owner is "" for the global one."""

    owner: str
    name: str


@dataclass
class Index(Expression):
    """Element of an array."""

    array: Expression
    at: Expression | None


@dataclass
class Cast(Expression):
    """Conversion `(TYPE)value`, and `dynamic_cast<TYPE>(value)`."""

    type: Type
    value: Expression
    dynamic: bool = False


@dataclass
class New(Expression):
    """Object made by `new`."""

    type: Type
    arguments: list[Expression]


@dataclass
class Delete(Expression):
    """Object removed by `delete`."""

    value: Expression | None


@dataclass
class SizeOf(Expression):
    """sizeof, offsetof or typename of a type or value."""

    type: Type | None
    value: Expression | None


@dataclass
class Values(Expression):
    """List in braces."""

    items: list[Expression]


@dataclass
class Variable:
    """Variable, member, parameter or input."""

    type: Type
    name: str
    token: Token
    dimensions: list[Expression | None] = field(default_factory=list)
    start: Expression | None = None
    arguments: list[Expression] | None = None
    """Arguments of the constructor in `CFoo a(1);`."""
    words: frozenset[str] = frozenset()
    """Words in front: static, const, input, extern, virtual ..."""
    access: str = "public"
    owner: str = ""
    """Class of a static member that is defined outside of it."""


@dataclass
class Function:
    """Function or method."""

    type: Type | None
    """Type of the result; None for constructors and destructors."""
    name: str
    token: Token
    parameters: list[Variable]
    owner: str = ""
    """Class of a method that is defined outside of it."""
    words: frozenset[str] = frozenset()
    """Words in front: static, virtual, const (of the result) ..."""
    behind: frozenset[str] = frozenset()
    """Words behind the parameters: const, override, final, delete, export, pure."""
    body: Block | None = None
    first: list[tuple[Token, list[Expression]]] | None = None
    """List of initialisation of a constructor."""
    templates: list[str] = field(default_factory=list)
    access: str = "public"
    imported: bool = False


@dataclass
class Class:
    """Class, structure, union or interface."""

    kind: str
    name: str
    token: Token
    base: Type | None = None
    base_access: str = ""
    variables: list[Variable] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    inner: list[Class | Enumeration] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    final: bool = False
    is_forward: bool = False
    access: str = "public"
    behind: list[Variable] = field(default_factory=list)
    """Variables that are declared together with the type."""


@dataclass
class Enumeration:
    """Enumeration with its constants and their values."""

    name: str
    token: Token
    constants: list[tuple[Token, Expression | None]] = field(default_factory=list)


@dataclass
class FunctionType:
    """Type of pointers to functions: `typedef int (*TName)(int);`."""

    name: str
    token: Token


@dataclass
class Statement:
    """Base of all statements."""

    token: Token


@dataclass
class Block(Statement):
    """Statements in braces."""

    items: list[Statement] = field(default_factory=list)


@dataclass
class Declared(Statement):
    """Declaration of local variables."""

    variables: list[Variable]


@dataclass
class Evaluated(Statement):
    """Expression as a statement."""

    value: Expression


@dataclass
class Empty(Statement):
    """A lone semicolon."""


@dataclass
class If(Statement):
    """if with its else."""

    condition: Expression
    yes: Statement
    no: Statement | None


@dataclass
class While(Statement):
    """while loop."""

    condition: Expression
    body: Statement


@dataclass
class DoWhile(Statement):
    """do loop."""

    body: Statement
    condition: Expression


@dataclass
class For(Statement):
    """for loop."""

    start: Statement | None
    condition: Expression | None
    step: Expression | None
    body: Statement


@dataclass
class Label(Statement):
    """case or default; `value` is None for default."""

    value: Expression | None


@dataclass
class Switch(Statement):
    """switch: labels and statements in the order of the text."""

    value: Expression
    items: list[Statement]


@dataclass
class Leave(Statement):
    """break or continue."""


@dataclass
class Return(Statement):
    """return."""

    value: Expression | None


Item = Variable | Function | Class | Enumeration | FunctionType


@dataclass
class Unit:
    """Whole program."""

    items: list[Item] = field(default_factory=list)
