"""Judging a copy once, and every message filled from it by what is its own.

A batch fills a few thousand copies for a hundred thousand readers.  What the guards say of the words is the same for all
readers of a copy; so a copy whose words no guard objects to is remembered, and its next message is asked only

- what stands in its slots: a line with a product, an offer, a link or an unusual name in it is judged for each of these once;
- what is its reader's own: consent, gates, the law as far as it asks about the reader, and the checks that depend on lengths,
  counts and days.

A fact that gives what stands around it another meaning (an offer, a word such as 半額, a day in a name) makes a copy of its own or is
not shared at all.  Whatever is not clean is judged in full, each time.  The verdict is that of the full guards: tested over a
population, with hostile facts, and for readers of every kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from policies.catalogue import Catalogue
from policies.guardrails import GUARDS, Check, Finding, Message, copy, judge, judge_all, law
from policies.guardrails.copy.reading import whole_words
from policies.law_checks.vocabulary import squeezed, squeezed_lines
from prompts.facts import COUNT, DAY, LINK, MONEY, PERSON, SLOTS, WORD
from prompts.render import Shape, Words

if TYPE_CHECKING:
    from agent.drafting import Draft

ONCE = ("claims", "copy", "identifiers", "plain", "sensitive")
"""Guards of words: what they say of one message of a copy they say of all."""
MOST = 200_000
"""Copies and lines remembered before all are forgotten and judged anew."""
_OF_THE_WHOLE = frozenset("C04 C16 C17 E01 E07 E08 J01 J03 J15 J25".split())
"""Checks that ask more of a message than one line can answer."""
_OF_EACH = frozenset(check.RULE for check in copy.ASKED_OF_EACH)
_LOCAL = tuple(check for check in copy.CHECKS if check.RULE not in _OF_THE_WHOLE | _OF_EACH)
_EACH: Mapping[str, Check] = {
    **{name: guard for name, guard in GUARDS.items() if name not in ONCE},
    "copy": partial(copy.check, checks=copy.ASKED_OF_EACH),
}
_LINE: Mapping[str, Check] = {
    **{name: guard for name, guard in GUARDS.items() if name in ONCE},
    "copy": partial(copy.check, checks=_LOCAL),
}
_NAME: Mapping[str, Check] = {name: _LINE[name] for name in ("copy", "plain", "sensitive")}
_OFFERING = frozenset("offer offer_code registration_benefit".split())
"""Slots whose facts claim something: with each of these facts it is another copy."""
_LONG = 3
"""Letters of a fact that does not stand in other words and numbers by chance, as 茶 and 90 do; a shorter one makes a copy of its own."""
_READER, _NAMED = ("addressee", "surname"), "name"
_PLAIN_NAME = re.compile(r"[一-龯々ヶぁ-ゖァ-ヺーA-Za-z][一-龯々ヶぁ-ゖァ-ヺーA-Za-z .'’-]{0,23}")
_WEEKDAY = re.compile(
    r"\([月火水木金土日]\)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?= )"
)
_MONTH = re.compile(
    "January|February|March|April|May|June|July|August|September|October|November|December"
)  # fmt: skip
_VALUE = re.compile("[。！？!?\n]|://|[0-9０-９][ 　]*(?:[/／:：月年%％円割]|日(?!分))")
_NUMBER = re.compile(r"[0-9][0-9,]*")


class _Line(NamedTuple):
    """The words around the slots of a line, and for each slot the form of what fills it, or what fills it."""

    around: str
    channel: str
    language: str
    forms: tuple[str, ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Filling:
    """Of a message, what its copy is known by, its words with all that fills them, and each line that must be asked for that."""

    key: Hashable
    words: Hashable
    lines: list[tuple[_Line, Callable[[], Message]]]


class Shared:
    """What is known to be clean: copies, and lines with what fills them."""

    def __init__(self) -> None:
        self._copies: set[Hashable] = set()
        self._lines: dict[_Line, bool] = {}
        self._names: dict[tuple[str, str], bool] = {}
        self._claiming: dict[str, bool] = {}
        self._touching: dict[str, bool] = {}
        self._law = law.Remembered(MOST)

    @property
    def copies(self) -> int:
        """How many copies are known to be clean."""
        return len(self._copies)

    def judge(self, draft: Draft, message: Message, catalogue: Catalogue) -> tuple[Finding, ...]:
        """What :func:`policies.guardrails.judge` says of ``message``, which holds the words of ``draft``."""
        return self.judge_all([(draft, message)], catalogue)[0]

    def judge_all(self, written: Sequence[tuple[Draft, Message]], catalogue: Catalogue) -> list[tuple[Finding, ...]]:
        """:meth:`judge` of each draft with its message."""
        said: list[tuple[Finding, ...] | None] = [None] * len(written)
        filled = [self._filling(draft, message, catalogue) for draft, message in written]
        first = {
            filling.key: place for place, filling in enumerate(filled) if filling and filling.key not in self._copies
        }
        self._judge_copies(sorted(first.values()), written, filled, said, catalogue)
        self._judge_lines([filling for filling in filled if filling and filling.key in self._copies], catalogue)
        own: list[int] = []
        whole: list[int] = []
        for place, filling in enumerate(filled):
            if said[place] is None:
                clean = (
                    filling
                    and filling.key in self._copies
                    and all(self._lines[key] for key, _ in filling.lines)
                    and not _names_somebody(written[place][1])
                )
                (own if clean else whole).append(place)
        words = {id(written[place][1]): filling.words for place in own if (filling := filled[place])}
        each = {**_EACH, "law": lambda message, catalogue: self._law.check(message, catalogue, words[id(message)])}
        for places, guards in ((own, each), (whole, GUARDS)):
            for place, found in zip(
                places, judge_all([written[place][1] for place in places], catalogue, guards), strict=True
            ):
                said[place] = found
        return [found or () for found in said]

    def _judge_copies(
        self, places: list[int], written: Sequence[tuple[Draft, Message]], filled: Sequence[_Filling | None],
        said: list[tuple[Finding, ...] | None], catalogue: Catalogue,
    ) -> None:  # fmt: skip
        """One message of each copy not seen before, in full."""
        for place, found in zip(places, judge_all([written[place][1] for place in places], catalogue), strict=True):
            said[place] = found
            filling = filled[place]
            told = any(one.guard in ONCE and one.rule not in _OF_EACH for one in found)
            if filling and not told and not _names_somebody(written[place][1]):
                self._keep(filling.key)

    def _judge_lines(self, fillings: Iterable[_Filling], catalogue: Catalogue) -> None:
        """Every line not seen before with what fills it, by itself."""
        new = {key: message for filling in fillings for key, message in filling.lines if key not in self._lines}
        for key, found in zip(new, judge_all([make() for make in new.values()], catalogue, _LINE), strict=True):
            self._lines[key] = not found

    def _filling(self, draft: Draft, message: Message, catalogue: Catalogue) -> _Filling | None:
        """What the message is filled from; None where nothing of it may be shared."""
        shape = draft.copy.shape
        if shape is None or message.index_fault or not _filled(shape, draft):
            return None
        said = draft.said
        forms: dict[str, str] = {}
        for slot, text in said.items():
            form = self._form(slot, text, message, catalogue)
            if form is None:
                return None
            forms[slot] = form
        for slot in _READER:
            # A name that stands elsewhere too is counted twice, and 名様に after 3 is a prize: such readers are copies of their own.
            if forms.get(slot) == _NAMED and (
                _stands_elsewhere(said[slot], shape, said) or self._makes_a_word(said[slot], message, catalogue)
            ):
                forms[slot] = said[slot]
        asked = {slot for slot, form in forms.items() if not form}
        day = message.send_at.date() if message.send_at else None
        lines: list[tuple[_Line, Callable[[], Message]]] = []
        for words in _parts(shape):
            for around, slots in words.lines:
                if not asked.isdisjoint(slots):
                    key = _Line(
                        around,
                        message.channel,
                        message.language,
                        tuple([forms[slot] for slot in slots]),
                        tuple([said[slot] for slot in slots if slot in asked]),
                    )
                    lines.append((key, partial(_line, message, around, tuple([said[slot] for slot in slots]))))
        greeted = (
            message.addressee == message.surname,
            message.addressee == said.get("addressee"),
            message.surname == said.get("surname"),
        )
        wording: Hashable = (shape, message.purpose, day, greeted, *forms.values())
        return _Filling(wording, (wording, *[said[slot] for slot in said if slot in asked]), lines)

    def _keep(self, key: Hashable) -> None:
        if len(self._copies) + len(self._lines) > MOST:
            self._copies.clear()
            self._lines.clear()
        self._copies.add(key)

    def _form(self, slot: str, text: str, message: Message, catalogue: Catalogue) -> str | None:
        """How a fact is written, where all of that form are judged alike; itself where it makes a copy of its own; empty where its line is asked.

        None where no message with it may be shared.
        """
        kind = SLOTS[slot][0]
        if kind == PERSON:
            return _NAMED if self._plain(text, message, catalogue) else text
        if kind in (DAY, MONEY, COUNT):
            return _counted(text, kind == DAY)
        if kind == LINK:
            return ""
        if self._claims(text, catalogue):
            return None if kind == WORD and slot not in _OFFERING else text
        return text if len(text) < _LONG else ""

    def _claims(self, text: str, catalogue: Catalogue) -> bool:
        """Whether a fact reaches beyond its line: a day, an amount or a word such as 半額 gives what stands around it another meaning, and
        the mark of an end makes a sentence of what stands before it."""
        if text not in self._claiming:
            if len(self._claiming) > MOST:
                self._claiming.clear()
            self._claiming[text] = _VALUE.search(text) is not None or any(
                whole_words(text.lower(), term[0]) if term[0].isascii() else True
                for term in catalogue.lexicon.claims(text.lower())
            )
        return self._claiming[text]

    def _plain(self, name: str, message: Message, catalogue: Catalogue) -> bool:
        """A name of letters alone in which no guard of words finds anything."""
        if len(self._names) > MOST:
            self._names.clear()
        key = (name, message.language)
        if key not in self._names:
            alone = replace(message, subject=None, title=None, body=name)
            self._names[key] = (
                _PLAIN_NAME.fullmatch(name) is not None
                and not any(catalogue.lexicon.claims(name.lower()))
                and not judge(alone, catalogue, _NAME)
            )
        return self._names[key]

    def _makes_a_word(self, name: str, message: Message, catalogue: Catalogue) -> bool:
        """Whether a name has, or makes with what stands around it, a word that the law asks about."""
        vocabulary = catalogue.law.vocabulary
        if name not in self._touching:
            if len(self._touching) > MOST:
                self._touching.clear()
            self._touching[name] = vocabulary.touches(squeezed(name))
        if not self._touching[name]:
            return False
        with_name, without = (
            vocabulary.within(squeezed_lines(text)) for text in (message.whole, message.whole.replace(name, "○"))
        )
        return with_name != without


def _stands_elsewhere(name: str, shape: Shape, said: Mapping[str, str]) -> bool:
    return any(name in words.around for words in _parts(shape)) or any(
        name in text for slot, text in said.items() if slot not in _READER
    )


@lru_cache(maxsize=65536)
def _counted(text: str, day: bool) -> str:
    """A day, an amount or a count with every number, month and weekday the same."""
    return _NUMBER.sub("0", _MONTH.sub("#", _WEEKDAY.sub("*", text)) if day else text)


def _line(message: Message, around: str, texts: tuple[str, ...]) -> Message:
    return replace(message, subject=None, title=None, body=around % texts, known=None)


def _names_somebody(message: Message) -> bool:
    """Whether anything in it is known to be another customer's: that depends on who reads it, and is asked of every message.

    What nobody is known by is remembered paragraph by paragraph, so that of a copy only what fills it is looked up.
    """
    known, reader = message.known, message.recipient_id
    return known is not None and any(known.names(text, except_customer=reader) for _, text in message.parts)


def _parts(shape: Shape) -> tuple[Words, ...]:
    return tuple(words for words in (shape.subject, shape.title, shape.body) if words)


def _filled(shape: Shape, draft: Draft) -> bool:
    """Whether the words are those of the shape, and not what somebody made of them."""
    filled = [words.fill(draft.said) for words in _parts(shape)]
    return filled == [text for text in (draft.copy.subject, draft.copy.title, draft.copy.body) if text is not None]
