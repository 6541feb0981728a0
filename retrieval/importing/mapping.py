"""A shop's own columns in terms of ours: a YAML file without expressions, checked before any data is read."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from retrieval import columns as kinds
from retrieval.customer import MINOR_DIGITS, NOUNS
from retrieval.errors import InputError, nearest
from retrieval.importing.parsing import time_zones

NOUN_OF: dict[str, type] = {cast(Any, noun).TABLE: noun for noun in NOUNS}
"""Table name → noun, in import order."""


def needed(table: str) -> tuple[str, ...]:
    """Columns that a source must bring; an item's line and customer follow from its order."""
    spared = ("line", "customer_id") if table == "order_items" else ()
    return tuple(
        column.name for column in kinds.columns(NOUN_OF[table]) if column.required and column.name not in spared
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


def _zone(name: str) -> str:
    if name not in time_zones():
        raise ValueError(f"unknown time zone '{name}'{nearest(name, time_zones())}")
    return name


def _currency(code: str) -> str:
    if code not in MINOR_DIGITS:
        raise ValueError(f"unknown currency '{code}'{nearest(code, MINOR_DIGITS)}")
    return code


Zone = Annotated[str, BeforeValidator(_zone)]
Currency = Annotated[str, BeforeValidator(_currency)]


class Layout(_Strict):
    """How a date or time is written: ``format`` as in strftime; ``zone`` reads it when it carries no offset."""

    format: str | None = None
    zone: Zone | None = None


class Lookup(_Strict):
    """A value of another file: ``column`` of its first row whose ``on`` equals this row's ``by`` (default ``on``)."""

    file: str
    on: str
    column: str
    by: str | None = None


class Where(_Strict):
    """Rows whose ``column`` begins with ``starts``."""

    column: str
    starts: str


class Rule(_Strict):
    """Where the value of one of our columns comes from.

    Exactly one origin: ``column`` (a list: the first that says something), ``constant``, ``join`` (columns put together
    with ``separator``), ``lookup``, ``words`` (a list of ``key:value`` facts) or ``structure`` (a JSON object).  Then,
    in this order: ``starts`` (word by first letters), ``map`` (word by word), ``prefix``; ``default`` if nothing came
    out; ``where`` leaves out the value of other rows.  ``parse`` says how a date is written, ``money`` the currency of
    an amount, ``per`` the quantity by which a line total is divided, ``take`` which row speaks for a group.
    """

    column: str | list[str] | None = None
    constant: str | int | float | bool | None = None
    join: list[str] | None = None
    separator: str = "-"
    lookup: Lookup | None = None
    words: dict[str, str] | None = None
    structure: dict[str, str] | None = None
    starts: dict[str, str] | None = None
    map: dict[str, str] | None = None
    prefix: str | None = None
    parse: Layout | None = None
    money: Currency | None = None
    per: str | None = None
    default: str | int | float | bool | None = None
    where: Where | None = None
    take: Literal["first", "last", "most", "min", "max", "median", "single"] = "first"

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [
            name
            for name in ("column", "constant", "join", "lookup", "words", "structure")
            if getattr(self, name) is not None
        ]
        if len(origins) != 1:
            raise ValueError(
                "say exactly one of column, constant, join, lookup, words, structure"
                + (f", not {' and '.join(origins)}" if origins else "")
            )
        return self

    def sources(self) -> list[str]:
        """The columns of the source that the rule reads."""
        read = [self.column] if isinstance(self.column, str) else list(self.column or ())
        read += self.join or ()
        read += [*(self.words or {}).values(), *(self.structure or {}).values()]
        if self.lookup is not None:
            read.append(self.lookup.by or self.lookup.on)
        if self.where is not None:
            read.append(self.where.column)
        return read + ([self.per] if self.per else [])


class TableRule(_Strict):
    """How the rows of a source become rows of a table.

    ``per`` names our columns of which each combination gives one row; ``order_by`` is the order in which *first* and
    *last* are meant (default: as in the file).
    """

    per: list[str] = []
    order_by: Rule | None = None
    columns: dict[str, Rule]


class Skip(_Strict):
    """Rows left out on purpose, counted under ``reason``: the value is ``empty`` or one of ``values``."""

    column: str | None = None
    lookup: Lookup | None = None
    empty: bool = False
    values: list[str] = Field(default=[], alias="in")
    reason: str

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.column is None) == (self.lookup is None):
            raise ValueError("say either column or lookup")
        if self.empty == bool(self.values):
            raise ValueError("say either empty: true or in: [values]")
        return self


class Source(_Strict):
    """Files that look alike: ``file`` is a name or a glob.  Without ``tables`` the file is a canonical table."""

    file: str
    format: Literal["csv", "jsonl", "parquet", "xlsx"] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    rename: dict[str, str] = {}
    ignore: list[str] = []
    skip: list[Skip] = []
    tables: dict[str, TableRule] = {}

    @field_validator("tables")
    @classmethod
    def _known(cls, tables: dict[str, TableRule]) -> dict[str, TableRule]:
        for table, rule in tables.items():
            if table not in NOUN_OF:
                raise ValueError(f"unknown table '{table}'{nearest(table, NOUN_OF)}")
            names = [column.name for column in kinds.columns(NOUN_OF[table])]
            for name in (*rule.columns, *rule.per):
                if name not in names:
                    raise ValueError(f"{table} has no column '{name}'{nearest(name, names)}")
            for name in needed(table):
                if name not in rule.columns:
                    raise ValueError(f"{table} needs a column '{name}'")
            for name in rule.per:
                if name not in rule.columns:
                    raise ValueError(f"{table} is given per '{name}', which is not among its columns")
        return tables


class Mapping(_Strict):
    """A shop's files.  ``zone`` reads times without offset, ``currency`` amounts whose product does not name one."""

    shop: str = "main"
    zone: Zone | None = None
    currency: Currency | None = None
    sources: list[Source]

    def source_for(self, name: str) -> Source | None:
        """The first source whose ``file`` fits a file name."""
        return next((source for source in self.sources if fnmatch(name, source.file)), None)


@cache
def shipped_mappings() -> tuple[str, ...]:
    """Names of the mappings that come with Enishi."""
    folder = resources.files("retrieval.importing") / "mappings"
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")))


class _Loader(yaml.SafeLoader):
    """YAML in which ``on``, ``no`` and ``2026-05-14`` are the words they look like."""

    yaml_implicit_resolvers = {  # noqa: RUF012 — read by the base class as it stands
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def load_mapping(place: Path | str) -> Mapping:
    """A mapping file, or a shipped one by name; an error names file, line, key and the nearest known key."""
    path = Path(place)
    if str(place) in shipped_mappings() and not path.is_file():
        text = (resources.files("retrieval.importing") / "mappings" / f"{place}.yaml").read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise InputError(f"there is no such mapping{nearest(str(place), shipped_mappings())}", file=place) from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the mapping cannot be read: {error}", file=place) from None
    try:
        node = yaml.compose(text, Loader=_Loader)
        content = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            f"not YAML: {getattr(error, 'problem', error)}", file=place, line=mark.line + 1 if mark else None
        ) from None
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        raise _explained(error, place, node) from None


def _explained(error: ValidationError, place: object, node: yaml.Node | None) -> InputError:
    """The first complaint, with the line of the key it is about."""
    errors = error.errors(include_url=False)
    # A misspelt key is also a missing one; the spelling is the better news.
    first = next((found for found in errors if found["type"] == "extra_forbidden"), errors[0])
    path = [part for part in first["loc"] if part != "function-before"]
    key = ".".join(str(part) for part in path)
    line = _line(node, path)
    if first["type"] == "extra_forbidden":
        model: Any = Mapping
        for part in path[:-1]:
            model = _inside(model, part)
        known = [field.alias or name for name, field in model.model_fields.items()]
        return InputError(f"unknown key '{path[-1]}'{nearest(str(path[-1]), known)}", file=place, line=line, key=key)
    if first["type"] == "missing":
        return InputError(f"'{path[-1]}' is missing", file=place, line=line, key=key)
    message = str(first["msg"]).removeprefix("Value error, ")
    return InputError(message[0].lower() + message[1:], file=place, line=line, key=key)


_INSIDE: dict[str, type[BaseModel]] = {
    "sources": Source, "tables": TableRule, "columns": Rule, "order_by": Rule, "skip": Skip, "lookup": Lookup,
    "parse": Layout, "where": Where,
}  # fmt: skip


def _inside(model: type[BaseModel], part: str | int) -> type[BaseModel]:
    return _INSIDE.get(str(part), model) if part in model.model_fields else model


def _line(node: yaml.Node | None, path: list[Any]) -> int | None:
    """The line of the deepest part of ``path`` that the file has."""
    line = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
