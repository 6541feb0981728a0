"""Template drafts: what an action says × how a channel is laid out.

``<language>/actions/<action>.j2`` holds the words of one action as Jinja blocks; ``<language>/channels/<channel>.j2`` is
the layout that asks for the blocks its channel needs.  Two tags of our own:

``{% phrasing %} … {% or %} … {% endphrasing %}``
    several natural ways to say the same thing; the draft's seed chooses one, so that a batch does not read the same and
    the same draft always reads the same.
``{% part %}``
    between the parts of a layout: subject or title first, body second.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from jinja2 import (
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
    nodes,
)
from jinja2.ext import Extension
from jinja2.parser import Parser

from prompts.facts import SLOTS, Fact, print_fact
from prompts.segments import Wording, marked, slot_marks
from retrieval.customer import LANGUAGES
from retrieval.errors import InputError, nearest

HERE = Path(__file__).parent
VARIANTS = 8
"""How many copies of a message there are by phrasing: enough that a batch does not read the same, few enough to be read by a person."""
MOST_SHAPES = 20_000
"""Shapes kept before they are forgotten and made anew."""
_PART, _OPEN, _SHUT = "\x1e", "\x02", "\x03"
_MARK = re.compile(f"{_OPEN}([a-z_]+){_SHUT}")
_WORD = (1 << 64) - 1
_CONTEXT = frozenset({"business", "choice", "formal", "layout", "month", "words"})
"""What a template sees besides slots."""
MODEL = "model"
"""The folder of what a language model is asked with; ``frame.j2`` in it puts its answer into the layouts."""
_BLANK_LINES = re.compile(r"\n{3,}")


class Phrasing(Extension):
    """``{% phrasing %}``: one of several wordings: number ``choice[site, n]`` of the render context."""

    tags = {"phrasing"}  # noqa: RUF012 — the attribute is Jinja's

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        wordings = [parser.parse_statements(("name:or", "name:endphrasing"))]
        while next(parser.stream).value == "or":
            wordings.append(parser.parse_statements(("name:or", "name:endphrasing")))
        place = nodes.Tuple([nodes.Const(line), nodes.Const(len(wordings))], "load")
        chosen = nodes.Getitem(nodes.Name("choice", "load"), place, "load")
        return _choose(chosen, wordings, line)


def _choose(chosen: nodes.Expr, wordings: list[list[nodes.Node]], line: int) -> nodes.Node:
    """``if / elif / else`` over the wordings."""
    tests = [
        nodes.If(nodes.Compare(chosen, [nodes.Operand("eq", nodes.Const(number))]), wording, [], [], lineno=line)
        for number, wording in enumerate(wordings[:-1])
    ]
    if not tests:
        return nodes.If(nodes.Const(True), wordings[0], [], [], lineno=line)
    first, *others = tests
    first.elif_, first.else_ = others, wordings[-1]
    return first


class Part(Extension):
    """``{% part %}``: the border between subject or title and body."""

    tags = {"part"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Output([nodes.TemplateData(_PART)], lineno=line)


class Choice(dict[tuple[int, int], int]):
    """``(place in a template, n)`` → which of n wordings, fixed by the seed and independent from place to place.

    SplitMix64 (Steele, Lea, Flood 2014) over seed and place; worked out when first asked for.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __missing__(self, place: tuple[int, int]) -> int:
        site, wordings = place
        mixed = (self._seed * 0x9E3779B97F4A7C15 + site * 0xD1B54A32D192ED03) & _WORD
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        self[place] = chosen = (mixed ^ (mixed >> 31)) % wordings
        return chosen


class Slot:
    """A fact as a template sees it: printing it leaves a mark, and asking for its text makes the copy depend on that text."""

    __slots__ = ("_asked", "_name", "_text")

    def __init__(self, name: str, text: str, asked: dict[str, str]) -> None:
        self._name, self._text, self._asked = name, text, asked

    @property
    def text(self) -> str:
        """What the slot prints as, for a template that words things differently by it."""
        self._asked[self._name] = self._text
        return self._text

    def __str__(self) -> str:
        return f"{_OPEN}{self._name}{_SHUT}"


class Unfilled:
    """A slot no fact was found for: false, without text, and loud when printed."""

    __slots__ = ("name",)
    text = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "{{" + self.name + "}}"


_UNFILLED: Mapping[str, Unfilled] = {name: Unfilled(name) for name in SLOTS}


def weighed(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """(slot, line) wherever a template filters, tests, compares or indexes a slot instead of its text."""
    for node in tree.find_all((nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.Getitem)):
        inner = getattr(node, "expr", None) or getattr(node, "node", None)
        if isinstance(inner, nodes.Name) and inner.name in SLOTS:
            yield inner.name, inner.lineno


def _opened(marked: str) -> tuple[str, tuple[str, ...]]:
    """Words for ``%``, and the slots that go into them."""
    pieces = _MARK.split(marked)
    return "%s".join(piece.replace("%", "%%") for piece in pieces[::2]), tuple(pieces[1::2])


class Words:
    """Written words with slots left open in them: ``around`` for ``%``, ``slots`` in the order in which they stand;
    ``lines`` those that have any."""

    __slots__ = ("around", "lines", "slots")

    def __init__(self, marked: str) -> None:
        text = _BLANK_LINES.sub("\n\n", marked).strip()
        self.around, self.slots = _opened(text)
        self.lines = tuple(_opened(line) for line in text.split("\n") if _OPEN in line)

    def fill(self, texts: Mapping[str, str]) -> str:
        """The words with every slot printed."""
        return self.around % tuple([texts[slot] for slot in self.slots])


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One copy of a message, the same for all whose slots it fills: what a phrasing, a layout and the facts at hand come to.

    ``slots`` are those printed anywhere in it, in the order of first printing.
    """

    subject: Words | None
    title: Words | None
    body: Words
    slots: tuple[str, ...]

    def fill(self, facts: Mapping[str, Fact], texts: Mapping[str, str]) -> Copy:
        """The message for one customer; ``texts`` are the printed ``slots``."""
        return Copy(
            self.subject.fill(texts) if self.subject else None, self.title.fill(texts) if self.title else None, self.body.fill(texts),
            {facts[slot].id: texts[slot] for slot in self.slots}, self,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """The words of one message: ``subject`` (email) or ``title`` (push), the body, and the facts in it (id → text).

    ``shape`` is what it was filled from; a text that somebody wrote has none.
    """

    subject: str | None
    title: str | None
    body: str
    facts: Mapping[str, str]
    shape: Shape | None = None


class Templates:
    """All templates of a home: the folders given first, the ones shipped here last.

    ``compiled`` is a folder in which compiled templates are kept between processes; Jinja checks them against the source.
    """

    def __init__(self, *overrides: Path, compiled: Path | None = None) -> None:
        self._compiled = compiled
        self.folders = (*[folder for folder in overrides if folder.is_dir()], HERE)
        self._loaded: dict[tuple[str, str], Template] = {}
        self._shapes: dict[Any, Any] = {}

    @cached_property
    def environment(self) -> Environment:
        """Strict, without autoescape (plain text), with our two tags and no access to anything but the slots."""
        environment = Environment(
            loader=FileSystemLoader(self.folders), extensions=[Phrasing, Part], undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False, autoescape=False, cache_size=-1,
            auto_reload=False, bytecode_cache=self._kept(),
        )  # fmt: skip
        environment.globals.clear()
        return environment

    def _kept(self) -> FileSystemBytecodeCache | None:
        """The folder of compiled templates for this very file: our tags compile into them, so a change here outdates them."""
        if self._compiled is None:
            return None
        folder = self._compiled / hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
        folder.mkdir(exist_ok=True)
        return FileSystemBytecodeCache(str(folder))

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Every template in force, by the name it is loaded under."""
        found: dict[str, bytes] = {}
        for folder in reversed(self.folders):
            found |= {
                f"prompts/{path.relative_to(folder).as_posix()}": path.read_bytes()
                for path in sorted(folder.rglob("*.j2"))
            }
        return found

    def template(self, action: str, language: str) -> Template:
        """The words of an action, compiled; which channel's layout they go into is decided when they are rendered.

        Raises InputError naming the file that is missing or broken, or the slot that is not one.
        """
        key = (action, language)
        if key not in self._loaded:
            self._loaded[key] = self._load(f"{language}/actions/{action}.j2")
        return self._loaded[key]

    def check(self, actions: Iterable[str]) -> None:
        """See that every action has its words, and read the home's own templates now: a slip stops a run before it begins.

        Raises as ``template``.
        """
        for action in actions:
            for language in LANGUAGES:
                if f"prompts/{language}/actions/{action}.j2" not in self.files:
                    raise InputError(
                        f"there is no template {language}/actions/{action}.j2 for the action '{action}'", file="prompts"
                    )
        for folder in self.folders[:-1]:
            for path in sorted(folder.glob("*/*/*.j2")):
                if path.relative_to(folder).parts[0] != MODEL:
                    self._load(path.relative_to(folder).as_posix())

    def _load(self, name: str) -> Template:
        try:
            loaded = self.environment.get_template(name)
            if len(self.folders) > 1:
                self._only_known_slots(name)
        except TemplateNotFound as missing:
            raise InputError(f"there is no template {missing.name}", file=name) from None
        except TemplateSyntaxError as broken:
            raise InputError(str(broken.message), file=broken.filename or name, line=broken.lineno) from None
        return loaded

    def _only_known_slots(self, name: str) -> None:
        """A home's own template may have a slip; the shipped ones are held by a test."""
        source, path, _ = self.environment.loader.get_source(self.environment, name)  # type: ignore[union-attr]
        tree = self.environment.parse(source)
        own = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}
        for used in sorted(meta.find_undeclared_variables(tree) - set(SLOTS) - _CONTEXT - own):
            line = next(
                (number for number, text in enumerate(source.splitlines(), 1) if re.search(rf"\b{used}\b", text)), None
            )
            raise InputError(f"unknown slot '{used}'{nearest(used, SLOTS)}", file=path, line=line)
        for slot, line in weighed(tree):
            raise InputError(
                f"'{slot}' is only printed or asked whether it is there; write '{slot}.text'", file=path, line=line
            )

    def render(
        self, action: str, channel: str, language: str, facts: Mapping[str, Fact], *, today: date, seed: int,
        formal: bool = False, business: bool = False,
    ) -> Copy:  # fmt: skip
        """Write one message.  ``facts`` is slot → fact; ``seed`` chooses among phrasings."""
        variant = seed % VARIANTS
        shape = self._shape_for(
            (action, channel, language, formal, business, today.month, variant, *facts), facts, today
        )
        return shape.fill(facts, {slot: print_fact(facts[slot], language, channel, today) for slot in shape.slots})

    def lay_out(
        self, wording: Wording, channel: str, language: str, facts: Mapping[str, Fact], *, today: date, formal: bool = False,
        business: bool = False,
    ) -> Shape:  # fmt: skip
        """The copy that a model's wording comes to in the layout of its channel; every fact it names is in ``facts``."""
        return self._shape_for((wording, channel, language, formal, business, today.month, 0, *facts), facts, today)

    def _shape_for(self, key: tuple[Any, ...], facts: Mapping[str, Fact], today: date) -> Shape:
        channel, language = key[1:3]
        # The first slot whose text the template asked for, by that text the next one, and at the end the shape.
        at: Any = self._shapes.get(key)
        while type(at) is tuple:
            slot, by_text = at
            at = by_text.get(print_fact(facts[slot], language, channel, today))
        return cast(Shape, self._shape(key, facts, today) if at is None else at)

    def _shape(self, key: tuple[Any, ...], facts: Mapping[str, Fact], today: date) -> Shape:
        """Run the template once for everybody who will get the same copy."""
        said, channel, language, formal, business, month, variant = key[:7]
        asked: dict[str, str] = {}
        context: dict[str, Any] = dict(_UNFILLED)
        for name, fact in facts.items():
            context[name] = Slot(name, print_fact(fact, language, channel, today), asked)
        context["layout"] = f"{language}/channels/{channel}.j2"
        context["choice"], context["month"] = Choice(variant), month
        context["formal"], context["business"] = formal, business
        if isinstance(said, Wording):
            opened = {mark: f"{_OPEN}{slot}{_SHUT}" for mark, slot in slot_marks(channel, language).items()}
            context["words"] = Wording(marked(said.head, opened), marked(said.body, opened), said.seasonal)
            template = self._load(f"{MODEL}/frame.j2")
        else:
            template = self.template(said, language)
        text = "".join(template.root_render_func(template.new_context(context, shared=True)))
        parts = [Words(part) for part in text.split(_PART)]
        head, body = (parts[0], parts[-1]) if len(parts) > 1 else (None, parts[0])
        shape = Shape(
            subject=head if channel == "email" else None,
            title=head if channel == "push" else None,
            body=body,
            slots=tuple(dict.fromkeys(slot for part in parts for slot in part.slots)),
        )
        self._keep(key, asked, shape)
        return shape

    def _keep(self, key: tuple[Any, ...], asked: Mapping[str, str], shape: Shape) -> None:
        """Remember a shape under what it depends on: its key, then each text the template asked for, in that order."""
        if len(self._shapes) > MOST_SHAPES:
            self._shapes.clear()
        shelf: dict[Any, Any] = self._shapes
        place: Any = key
        for slot, text in asked.items():
            shelf, place = shelf.setdefault(place, (slot, {}))[1], text
        shelf[place] = shape
