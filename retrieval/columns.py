"""What the annotations in ``customer.py`` mean to a database, a data frame and an importer."""

from __future__ import annotations

import dataclasses
import types
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from retrieval.customer import Money

INSTANT, DAY, MONEY, INTEGER, NUMBER, TRUTH, TEXT, WORDS, STRUCTURE = (
    "instant", "day", "money", "integer", "number", "truth", "text", "words", "structure",
)  # fmt: skip
_KINDS: dict[Any, str] = {
    datetime: INSTANT,
    date: DAY,
    Money: MONEY,
    int: INTEGER,
    float: NUMBER,
    bool: TRUTH,
    str: TEXT,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a noun: ``kind`` is one of the constants above, ``words`` the allowed values of a Literal."""

    name: str
    kind: str
    required: bool
    default: Any
    words: tuple[str, ...] = ()


@cache
def columns(noun: type) -> tuple[Column, ...]:
    """The columns of a noun in the order of its fields."""
    hints = get_type_hints(noun)
    return tuple(_column(item, hints[item.name]) for item in dataclasses.fields(noun))


def _column(item: dataclasses.Field[Any], hint: Any) -> Column:
    required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    default = None
    if item.default is not dataclasses.MISSING:
        default = item.default
    elif item.default_factory is not dataclasses.MISSING:
        default = item.default_factory()
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is Literal:
        return Column(item.name, TEXT, required, default, get_args(hint))
    if get_origin(hint) is tuple and get_args(hint)[0] is str:
        return Column(item.name, WORDS, required, default)
    if get_origin(hint) in (dict, tuple):
        return Column(item.name, STRUCTURE, required, default)
    return Column(item.name, _KINDS[hint], required, default)
