"""The condition language: Python-style expressions over named features, for rules a campaign manager can read.

    s_consumable and 0.85 <= s_due_ratio <= 1.6 and not s_returned_days < 90
    days_since_order >= 3 * (cycle_days or 122)

Names, numbers, quoted words, ``True`` and ``False``; ``< <= > >= == !=`` and their chains; ``in`` and ``not in`` a
tuple of literals; ``is None`` and ``is not None``; ``and``, ``or``, ``not``; ``+ - * /``, unary minus, ``min``,
``max``, ``abs``; ``x or default``.  Everything else is an :class:`InputError` when the rule is loaded.

Null (a missing key, ``None`` or NaN) has one rule: **a comparison with null is False**.  So is a bare name that is
null; ``not`` of either is True, which is why blocks are written ``not x < n``.  Arithmetic with null, division by zero
and ``min``/``max``/``abs`` of a null are null.  ``x or default`` is ``default`` when ``x`` is null (zero is not null)
if ``x`` is a number or a word, and a plain "or" if ``x`` is true or false.  The result of a condition is never null.

Numbers are double precision: integers are exact up to 2**53.

``parse`` gives an :class:`Expression`, which compiles to a Polars expression for a partition of customers and to a
closure for one, and explains what would have to change for a condition to hold.
"""

from __future__ import annotations

import ast
import io
import math
import operator
import re
import tokenize
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Protocol

from policies.explanation import Change, Explanation, Mode, Needs
from retrieval.errors import InputError, nearest

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["number", "bool", "string"]
Row = Mapping[str, Any]
Columns = Mapping[str, str] | Callable[[str], str]
Closure = Callable[[Row], Any]

LONGEST = 2000
DEEPEST = 40


@dataclass(frozen=True, slots=True)
class FeatureType:
    """What a feature holds.  ``words`` are the only strings it may be compared with; empty means any."""

    kind: Kind
    words: tuple[str, ...] = ()


class Named(Protocol):
    """Whatever says of a name what it holds: a :class:`FeatureType`, or a feature itself."""

    @property
    def kind(self) -> Kind:
        """number, bool or string."""

    @property
    def words(self) -> tuple[str, ...]:
        """The only strings it may be compared with; empty means any."""


Vocabulary = Mapping[str, Named]


def parse(
    text: str | bool,
    vocabulary: Vocabulary,
    *,
    kind: Kind | None = "bool",
    file: object = None,
    line: int | None = None,
    key: str | None = None,
) -> Expression:
    """Check ``text`` against the grammar and the vocabulary.

    ``text`` may be a bool because YAML reads a bare ``True`` as one.  ``kind`` is what the result must be (None:
    anything).  Raises InputError with ``file``, ``line``, ``key``, the column (1-based, from the first character that
    is not a space) and the nearest known name.
    """
    if not isinstance(text, (str, bool)):
        raise InputError(f"a condition is text, not {text!r}", file=file, line=line, key=key)
    joined = " ".join(str(text).splitlines()).strip()
    if not joined:
        raise InputError("the condition is empty; write True if it always holds", file=file, line=line, key=key)
    if len(joined) > LONGEST:
        raise InputError(f"{len(joined)} characters are too long; at most {LONGEST}", file=file, line=line, key=key)
    return _Reader(joined, vocabulary, file, line, key).expression(kind)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.  ``type`` is the kind of its result, ``names`` the features it reads.

    ``columns`` says in which column, or under which key of a row, a name is found (default: the name itself), and
    ``constants`` binds a name to a value: ``{"ok_ch": "ok.email"}`` and ``{"ch": "email"}`` make one rule serve each
    channel.  Constants for other names are ignored; one of the wrong kind is a TypeError.
    """

    text: str
    type: Kind
    names: frozenset[str]
    _tree: _Node = field(repr=False)
    _clauses: tuple[Expression, ...] = field(default=(), repr=False)

    def polars(self, columns: Columns | None = None, constants: Row | None = None) -> pl.Expr:
        """One Polars expression: Boolean without nulls for a condition, else Float64 or String with nulls.

        Without any column in it the result may be a literal of length 1, which Polars broadcasts.
        """
        return self._tree.polars(_Binding(columns, constants or {}))

    def closure(self, columns: Columns | None = None, constants: Row | None = None) -> Closure:
        """A function of one row (a missing key is null): a bool for a condition, else the value or None."""
        return self._tree.closure(_Binding(columns, constants or {}))

    def clauses(self) -> tuple[Expression, ...]:
        """The operands of the top-level ``and``, in order; the expression itself if there is none."""
        return self._clauses or (self,)

    def explain(self, row: Row, columns: Columns | None = None, constants: Row | None = None) -> Explanation | None:
        """The first clause that is false for ``row`` and what would make it true; None if the condition holds."""
        return self.explainer(columns, constants)(row)

    def explainer(
        self, columns: Columns | None = None, constants: Row | None = None
    ) -> Callable[[Row], Explanation | None]:
        """``explain`` for many rows: every part is compiled once."""
        if self.type != "bool":
            raise TypeError(f"only a condition can be explained, not {_KINDS[self.type]}: {self.text}")
        binding = _Binding(columns, constants or {})
        compiled: dict[int, Closure] = {}

        def explain(row: Row) -> Explanation | None:
            def value(node: _Node) -> Any:
                if id(node) not in compiled:
                    compiled[id(node)] = node.closure(binding)
                return compiled[id(node)](row)

            for clause in self.clauses():
                if not value(clause._tree):
                    seen = {name.name: value(name) for name in _names(clause._tree)}
                    return Explanation(clause.text, seen, _need(clause._tree, True, True, value))
            return None

        return explain


# The checked tree, each node with its two compiled forms.  Values may be null, and are never NaN; conditions never are.


@dataclass(frozen=True, slots=True)
class _Binding:
    columns: Columns | None
    constants: Row

    def __call__(self, name: _Name) -> _Literal | str:
        """The constant a name is bound to, else its column."""
        if name.name in self.constants:
            value = self.constants[name.name]
            if value is None or value != value:  # noqa: PLR0124 — NaN is null
                return _Literal(kind=name.kind, value=None)
            if name.kind != _kind(value):
                raise TypeError(f"the constant {name.name}={value!r} is not {_KINDS[name.kind]}")
            return _Literal(kind=name.kind, value=value)
        if self.columns is None:
            return name.name
        return self.columns(name.name) if callable(self.columns) else self.columns.get(name.name, name.name)


def _kind(value: object) -> Kind | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, Real) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node(ABC):
    kind: Kind = "bool"
    parts: tuple[_Node, ...] = ()

    @abstractmethod
    def closure(self, binding: _Binding) -> Closure: ...

    @abstractmethod
    def polars(self, binding: _Binding) -> pl.Expr: ...

    def closures(self, binding: _Binding) -> tuple[Closure, ...]:
        return tuple(part.closure(binding) for part in self.parts)

    def columns(self, binding: _Binding) -> list[pl.Expr]:
        """The parts; what is worked out from numbers alone is one literal, which Polars takes for a scalar everywhere."""
        return [
            (_Literal(kind=part.kind, value=part.closure(binding)({})) if part.constant else part).polars(binding)
            for part in self.parts
        ]

    @property
    def constant(self) -> bool:
        """Whether it is made of literals alone."""
        return bool(self.parts) and all(part.constant or isinstance(part, _Literal) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Literal(_Node):
    value: Any

    def closure(self, binding: _Binding) -> Closure:
        value = self.value
        return lambda row: value

    def polars(self, binding: _Binding) -> pl.Expr:
        import polars as pl

        return pl.lit(self.value, dtype=getattr(pl, _POLARS[self.kind]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name(_Node):
    name: str
    words: tuple[str, ...]

    def closure(self, binding: _Binding) -> Closure:
        bound = binding(self)
        if isinstance(bound, _Literal):
            return bound.closure(binding)

        def read(row: Row) -> Any:
            value = row.get(bound)
            return value if value == value else None  # noqa: PLR0124 — NaN is null

        return read

    def polars(self, binding: _Binding) -> pl.Expr:
        import polars as pl

        bound = binding(self)
        if isinstance(bound, _Literal):
            return bound.polars(binding)
        column = pl.col(bound)
        return (column.fill_nan(None) if self.kind == "number" else column).cast(getattr(pl, _POLARS[self.kind]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arithmetic(_Node):
    """``+ - * /`` in double precision; division by zero, and infinity minus infinity, are null."""

    op: str

    def closure(self, binding: _Binding) -> Closure:
        (left, right), calculate, divides = self.closures(binding), _OPERATORS[self.op], self.op == "/"

        def calculated(row: Row) -> Any:
            first, second = left(row), right(row)
            if first is None or second is None or (divides and second == 0):
                return None
            value = calculate(float(first), float(second))
            return value if value == value else None  # noqa: PLR0124 — NaN is null

        return calculated

    def polars(self, binding: _Binding) -> pl.Expr:
        import polars as pl

        left, right = self.columns(binding)
        if self.op != "/":
            value: pl.Expr = _OPERATORS[self.op](left, right)
            return value.fill_nan(None)
        # Polars divides a column by a scalar through its reciprocal, which is an ulp off, and may take a column for a
        # scalar or not by its values; the zeros make the divisor a column, so that every partition rounds alike.
        divisor = right + pl.int_range(pl.len()).cast(pl.Float64) * 0.0
        return pl.when(right != 0).then(left / divisor).fill_nan(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call(_Node):
    """``min``, ``max``, ``abs`` and unary minus; null if any argument is."""

    function: str

    def closure(self, binding: _Binding) -> Closure:
        arguments, function = self.closures(binding), _FUNCTIONS[self.function]

        def called(row: Row) -> Any:
            values = [argument(row) for argument in arguments]
            return None if None in values else function(*values)

        return called

    def polars(self, binding: _Binding) -> pl.Expr:
        import polars as pl

        values = self.columns(binding)
        if self.function == "abs":
            return values[0].abs()
        if self.function == "-":
            return -values[0]
        chosen = (pl.min_horizontal if self.function == "min" else pl.max_horizontal)(values)
        known = [
            value.is_not_null()
            for part, value in zip(self.parts, values, strict=True)
            if not isinstance(part, _Literal)
        ]
        return pl.when(reduce(operator.and_, known)).then(chosen) if known else chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coalesce(_Node):
    """``x or default`` of numbers or words."""

    def closure(self, binding: _Binding) -> Closure:
        *options, last = self.closures(binding)

        def first(row: Row) -> Any:
            for option in options:
                value = option(row)
                if value is not None:
                    return value
            return last(row)

        return first

    def polars(self, binding: _Binding) -> pl.Expr:
        import polars as pl

        return pl.coalesce(self.columns(binding))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compare(_Node):
    op: str
    texts: tuple[str, str]

    def closure(self, binding: _Binding) -> Closure:
        (left, right), compare = self.closures(binding), _OPERATORS[self.op]

        def compared(row: Row) -> bool:
            first = left(row)
            if first is None:
                return False
            second = right(row)
            return second is not None and bool(compare(first, second))

        return compared

    def polars(self, binding: _Binding) -> pl.Expr:
        # Polars 2.1 fails on a literal compared with a column that happens to hold one value throughout; the column on
        # the left works.
        left, right = self.columns(binding)
        if left.meta.root_names():
            compared: pl.Expr = _OPERATORS[self.op](left, right)
        else:
            compared = _OPERATORS[_MIRRORED[self.op]](right, left)
        return compared.fill_null(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member(_Node):
    values: tuple[Any, ...]
    text: str

    def closure(self, binding: _Binding) -> Closure:
        (value,), values = self.closures(binding), frozenset(self.values)
        return lambda row: value(row) in values

    def polars(self, binding: _Binding) -> pl.Expr:
        (value,) = self.columns(binding)
        number = self.parts[0].kind == "number"
        return value.is_in([float(each) if number else each for each in self.values]).fill_null(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _IsNull(_Node):
    text: str

    def closure(self, binding: _Binding) -> Closure:
        (value,) = self.closures(binding)
        return lambda row: value(row) is None

    def polars(self, binding: _Binding) -> pl.Expr:
        (value,) = self.columns(binding)
        return value.is_null()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holds(_Node):
    """A bare true-or-false name or literal as a condition: null does not hold."""

    text: str

    def closure(self, binding: _Binding) -> Closure:
        (value,) = self.closures(binding)
        return lambda row: bool(value(row))

    def polars(self, binding: _Binding) -> pl.Expr:
        (value,) = self.columns(binding)
        return value.fill_null(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Not(_Node):
    def closure(self, binding: _Binding) -> Closure:
        (holds,) = self.closures(binding)
        return lambda row: not holds(row)

    def polars(self, binding: _Binding) -> pl.Expr:
        (holds,) = self.columns(binding)
        return ~holds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Every(_Node):
    def closure(self, binding: _Binding) -> Closure:
        conditions = self.closures(binding)

        def every(row: Row) -> bool:
            for holds in conditions:  # noqa: SIM110 — all() over a generator doubles the time
                if not holds(row):
                    return False
            return True

        return every

    def polars(self, binding: _Binding) -> pl.Expr:
        return reduce(operator.and_, self.columns(binding))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Some(_Node):
    def closure(self, binding: _Binding) -> Closure:
        conditions = self.closures(binding)

        def some(row: Row) -> bool:
            for holds in conditions:  # noqa: SIM110 — any() over a generator doubles the time
                if holds(row):
                    return True
            return False

        return some

    def polars(self, binding: _Binding) -> pl.Expr:
        return reduce(operator.or_, self.columns(binding))


def _names(node: _Node) -> Iterator[_Name]:
    """The names in a tree, in reading order, with repetitions."""
    if isinstance(node, _Name):
        yield node
    for part in node.parts:
        yield from _names(part)


_KINDS: dict[Kind, str] = {"number": "a number", "bool": "true or false", "string": "a word"}
_POLARS: dict[Kind, str] = {"number": "Float64", "bool": "Boolean", "string": "String"}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "abs": abs, "-": operator.neg}

_TYPED_INSTEAD = {
    "×": "*", "÷": "/", "−": "-", "≤": "<=", "≦": "<=", "≥": ">=", "≧": ">=", "≠": "!=", "<>": "!=",
    "&&": "and", "||": "or", "＜": "<", "＞": ">", "＝": "==", "（": "(", "）": ")", "，": ",", "、": ",",
    "“": '"', "”": '"', "‘": "'", "’": "'", "\u3000": " ",
}  # fmt: skip
_OUTSIDE: dict[type[ast.expr], str] = {
    ast.Attribute: "an attribute (a dot)",
    ast.Subscript: "a subscript ([…])",
    ast.JoinedStr: "an f-string",
    ast.Lambda: "a lambda",
    ast.NamedExpr: "an assignment (:=)",
    ast.IfExp: "if … else",
    ast.Starred: "a star (*)",
    ast.List: "a list; write a tuple (…)",
    ast.Set: "a set; write a tuple (…)",
    ast.Dict: "a dictionary",
    ast.Tuple: "a tuple outside `in`",
}


# Text to tree


@dataclass
class _Reader(ast.NodeVisitor):
    """Reads one text against a vocabulary; whatever it does not know it refuses."""

    text: str
    vocabulary: Vocabulary
    file: object
    line: int | None
    key: str | None

    def expression(self, kind: Kind | None) -> Expression:
        body = self.syntax()
        self.tokens()
        self.shallow(body)
        conjuncts = list(_conjuncts(body))
        if len(conjuncts) > 1:
            clauses = tuple(_expression(self.source(part), self.condition(part)) for part in conjuncts)
            whole = _expression(self.text, _Every(parts=tuple(clause._tree for clause in clauses)), clauses)
        else:
            tree = self.visit(body)
            whole = _expression(self.text, self.held(body, tree) if tree.kind == "bool" else tree)
        if kind not in (None, whole.type):
            raise self.error(body, f"this must be {_KINDS[kind]}, but is {_KINDS[whole.type]}")
        return whole

    def syntax(self) -> ast.expr:
        if "\\" in self.text:
            raise self.fault(self.text.index("\\"), "a backslash has no place in a condition")
        try:
            return ast.parse(self.text, mode="eval").body
        except SyntaxError as wrong:
            raise self.fault(max((wrong.offset or 1) - 1, 0), f"{wrong.msg}{self.hint()}") from None
        except ValueError:
            raise self.fault(0, "a character in this text cannot be read") from None
        except (RecursionError, MemoryError):
            raise self.fault(0, "too deeply nested") from None

    def hint(self) -> str:
        for typed, instead in _TYPED_INSTEAD.items():
            if typed in self.text:
                return f"; write '{instead}' for '{typed}'"
        return "; write '==' for '='" if re.search(r"(?<![<>=!:])=(?!=)", self.text) else ""

    def tokens(self) -> None:
        """What the tree no longer shows: comments, and the comma forgotten between two words."""
        before = -1
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                raise self.fault(token.start[1], "a comment has no place in a condition")
            if token.type == before == tokenize.STRING:
                raise self.fault(token.start[1], f"a comma is missing before {token.string}")
            before = token.type

    def shallow(self, body: ast.expr) -> None:
        """Every later pass recurses; this one, which says how deep they go, does not."""
        level: list[ast.AST] = [body]
        for _ in range(DEEPEST):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
        if level:
            raise self.fault(0, f"nested more than {DEEPEST} levels deep")

    def visit(self, node: ast.AST) -> _Node:
        tree: _Node = super().visit(node)
        return tree

    def generic_visit(self, node: Any) -> _Node:
        raise self.error(node, f"{_OUTSIDE.get(type(node), type(node).__name__)} has no place in a condition")

    def visit_Constant(self, node: ast.Constant) -> _Node:
        value: Any = node.value
        if value is None:
            raise self.error(node, "None stands only after `is` or `is not`")
        kind = _kind(value)
        if kind is None:
            raise self.error(node, f"{self.source(node)} is neither a number nor a word")
        if kind == "number" and not (math.isfinite(value) and (isinstance(value, float) or value <= 2**53)):
            raise self.error(node, f"{self.source(node)} is too large")
        return _Literal(kind=kind, value=value)

    def visit_Name(self, node: ast.Name) -> _Node:
        if node.id not in self.vocabulary:
            raise self.error(node, f"unknown feature '{node.id}'{nearest(node.id, self.vocabulary)}")
        feature = self.vocabulary[node.id]
        return _Name(kind=feature.kind, name=node.id, words=feature.words)

    def visit_BoolOp(self, node: ast.BoolOp) -> _Node:
        first = self.visit(node.values[0])
        rest = [(value, self.visit(value)) for value in node.values[1:]]
        if isinstance(node.op, ast.And) or first.kind == "bool":
            held = tuple(self.held(value, tree) for value, tree in [(node.values[0], first), *rest])
            return _Every(parts=held) if isinstance(node.op, ast.And) else _Some(parts=held)
        for value, tree in rest:
            if tree.kind != first.kind:
                text, default = self.source(node.values[0]), self.source(value)
                raise self.error(
                    value,
                    f"{text} is {_KINDS[first.kind]}, but its default {default} is {_KINDS[tree.kind]}; "
                    "`x or default` goes in parentheses",
                )
        return _Coalesce(kind=first.kind, parts=(first, *(tree for _, tree in rest)))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> _Node:
        if isinstance(node.op, ast.Not):
            return _Not(parts=(self.condition(node.operand),))
        if not isinstance(node.op, ast.USub):
            raise self.error(node, "the only operators before a value are - and not")
        tree = self.number(node.operand)
        if isinstance(tree, _Literal):
            return _Literal(kind="number", value=-tree.value)
        return _Call(kind="number", function="-", parts=(tree,))

    def visit_BinOp(self, node: ast.BinOp) -> _Node:
        if type(node.op) not in _ARITHMETIC:
            raise self.error(node, "the only operators between values are + - * /")
        parts = (self.number(node.left), self.number(node.right))
        return _Arithmetic(kind="number", op=_ARITHMETIC[type(node.op)], parts=parts)

    def visit_Call(self, node: ast.Call) -> _Node:
        if not isinstance(node.func, ast.Name) or node.func.id not in ("min", "max", "abs"):
            raise self.error(node, "only min, max and abs may be called")
        function, count = node.func.id, len(node.args)
        if node.keywords or (count != 1 if function == "abs" else count < 2):
            raise self.error(node, f"{function} takes {'one number' if function == 'abs' else 'two or more numbers'}")
        return _Call(kind="number", function=function, parts=tuple(self.number(argument) for argument in node.args))

    def visit_Compare(self, node: ast.Compare) -> _Node:
        operands = [node.left, *node.comparators]
        links = tuple(self.link(*link) for link in zip(operands, node.ops, operands[1:], strict=False))
        return _Every(parts=links) if len(links) > 1 else links[0]

    def link(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Node:
        if isinstance(op, (ast.In, ast.NotIn)):
            tree: _Node = self.member(left, right)
        elif isinstance(op, (ast.Is, ast.IsNot)):
            tree = self.null(left, right)
        else:
            return self.compare(left, _COMPARISONS[type(op)], right)
        return _Not(parts=(tree,)) if isinstance(op, (ast.NotIn, ast.IsNot)) else tree

    def compare(self, left: ast.expr, op: str, right: ast.expr) -> _Compare:
        for side in (left, right):
            if isinstance(side, ast.Constant) and side.value is None:
                raise self.error(side, "a comparison with None is never true; write `is None` or `is not None`")
        parts = first, second = self.visit(left), self.visit(right)
        texts = self.source(left), self.source(right)
        if first.kind != second.kind:
            kinds = f"{texts[0]} is {_KINDS[first.kind]} and {texts[1]} is {_KINDS[second.kind]}"
            raise self.error(left, f"{kinds}: they cannot be compared")
        if first.kind != "number" and op not in ("==", "!="):
            raise self.error(left, f"{op} compares numbers, and {texts[0]} is {_KINDS[first.kind]}")
        self.known_word(right, second, first)
        self.known_word(left, first, second)
        return _Compare(parts=parts, op=op, texts=texts)

    def member(self, operand: ast.expr, choices: ast.expr) -> _Member:
        tree = self.visit(operand)
        if not isinstance(choices, ast.Tuple) or not choices.elts:
            raise self.error(choices, "`in` needs a tuple of literals, such as ('a', 'b') or ('a',)")
        values = []
        for choice in choices.elts:
            literal = self.visit(choice)
            if not isinstance(literal, _Literal):
                raise self.error(choice, f"{self.source(choice)} is not a literal")
            if literal.kind != tree.kind:
                text = self.source(choice)
                raise self.error(choice, f"{self.source(operand)} is {_KINDS[tree.kind]} and cannot be {text}")
            self.known_word(choice, literal, tree)
            values.append(literal.value)
        return _Member(parts=(tree,), values=tuple(values), text=self.source(operand))

    def null(self, operand: ast.expr, none: ast.expr) -> _IsNull:
        if not isinstance(none, ast.Constant) or none.value is not None:
            raise self.error(none, "after `is` and `is not` stands only None; otherwise write == or !=")
        tree = self.visit(operand)
        if tree.kind == "bool" and not isinstance(tree, _Name):
            raise self.error(operand, f"the condition {self.source(operand)} is never None")
        return _IsNull(parts=(tree,), text=self.source(operand))

    def condition(self, node: ast.expr) -> _Node:
        return self.held(node, self.visit(node))

    def held(self, node: ast.expr, tree: _Node) -> _Node:
        if tree.kind != "bool":
            raise self.error(node, f"{self.source(node)} is {_KINDS[tree.kind]}, where a condition is needed")
        return _Holds(parts=(tree,), text=self.source(node)) if isinstance(tree, (_Name, _Literal)) else tree

    def number(self, node: ast.expr) -> _Node:
        tree = self.visit(node)
        if tree.kind != "number":
            raise self.error(node, f"{self.source(node)} is {_KINDS[tree.kind]}, where a number is needed")
        return tree

    def known_word(self, node: ast.expr, tree: _Node, other: _Node) -> None:
        """A literal compared with a feature of known words must be one of them."""
        words = _words(other)
        if words and isinstance(tree, _Literal) and not isinstance(other, _Literal) and tree.value not in words:
            raise self.error(node, f"{tree.value!r} is not a word of this feature{nearest(tree.value, words)}")

    def source(self, node: ast.expr) -> str:
        text = ast.get_source_segment(self.text, node) or ast.unparse(node)
        return f"({text})" if isinstance(node, ast.BoolOp) else text

    def error(self, node: Any, message: str) -> InputError:
        return self.fault(len(self.text.encode()[: node.col_offset].decode()), message)

    def fault(self, column: int, message: str) -> InputError:
        return InputError(f"column {column + 1}: {message}", file=self.file, line=self.line, key=self.key)


def _expression(text: str, tree: _Node, clauses: tuple[Expression, ...] = ()) -> Expression:
    return Expression(text, tree.kind, frozenset(name.name for name in _names(tree)), tree, clauses)


def _conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """The operands of ``and`` at the top, nested ones flattened."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from _conjuncts(value)
    else:
        yield node


def _words(node: _Node) -> tuple[str, ...]:
    """The words a value can be; empty if any."""
    if isinstance(node, _Name):
        return node.words
    if isinstance(node, _Literal) and node.kind == "string":
        return (node.value,)
    if isinstance(node, _Coalesce):
        each = [_words(part) for part in node.parts]
        return tuple(word for words in each for word in words) if all(each) else ()
    return ()


# What would have to change

Value = Callable[[_Node], Any]


def _need(node: _Node, want: bool, alone: bool, value: Value) -> Change | Needs:
    """What turns ``node``, which is now ``not want``, into ``want``; ``alone``: that is enough for the clause."""
    if isinstance(node, _Not):
        return _need(node.parts[0], not want, alone, value)
    if isinstance(node, (_Every, _Some)):
        wrong = [part for part in node.parts if value(part) is not want]
        one_will_do = isinstance(node, _Some) is want
        enough = alone and (one_will_do or len(wrong) == 1)
        return _together("any" if one_will_do else "all", [_need(part, want, enough, value) for part in wrong])
    if isinstance(node, _Compare):
        return _compared(node, want, alone, value)
    subject = node.parts[0]
    name = subject.name if isinstance(subject, _Name) else None
    if isinstance(node, _Member):
        return Change(node.text, name, value(subject), "in" if want else "not in", node.values, alone=alone)
    op = "is" if want else "is not"
    if isinstance(node, _IsNull):
        return Change(node.text, name, value(subject), op, None, alone=alone)
    assert isinstance(node, _Holds)
    unknown_will_do = not want and name is not None
    return Change(node.text, name, value(subject), op, True, or_unknown=unknown_will_do, alone=alone)


def _together(mode: Mode, needs: list[Change | Needs]) -> Change | Needs:
    if len(needs) == 1:
        return needs[0]
    flat = ((need.parts if isinstance(need, Needs) and need.mode == mode else (need,)) for need in needs)
    return Needs(mode, tuple(chain.from_iterable(flat)))


def _compared(node: _Compare, want: bool, alone: bool, value: Value) -> Change:
    """The subject is a bare name before anything computed, and that before a literal; else the left side."""
    op = node.op if want else _OPPOSITE[node.op]
    sides = list(zip(node.parts, node.texts, strict=True))
    if _rank(node.parts[1]) < _rank(node.parts[0]):
        sides.reverse()
        op = _MIRRORED[op]
    (subject, text), (bound, source) = sides
    return Change(
        subject=text,
        name=subject.name if isinstance(subject, _Name) else None,
        seen=value(subject),
        op=op,
        bound=value(bound),
        source=None if isinstance(bound, _Literal) else source,
        or_unknown=not want and isinstance(subject, _Name),
        alone=alone,
    )


def _rank(node: _Node) -> int:
    return 0 if isinstance(node, _Name) else 2 if isinstance(node, _Literal) else 1
