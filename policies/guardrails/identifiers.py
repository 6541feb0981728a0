"""Nobody's identifiers but the reader's own and the shop's: no other customer's name, no number that no fact prints.

What the facts print, the sender's particulars and the values declared for the recipient are theirs to be said.  Everything
else that is known to belong to somebody (the index of known identifiers), that is recognised as an identifier, any run of
seven digits and any character nobody sees blocks.  A name that only its surname betrays is flagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, FLAG, Finding, Message, Part, Scope
from policies.identifiers.normal import Normal, normalise, normalise_paragraph
from policies.identifiers.recognisers import recognise
from policies.identifiers.recognisers.reading import LOOSE, Hit
from policies.identifiers.runs import digit_runs, paragraphs
from policies.identifiers.scan import Allowed, strings
from policies.identifiers.spans import Span
from policies.identifiers.types import NAMES
from policies.places import Taken

SCOPE: Scope = "text"
_KEPT = 16384
"""How many paragraphs are remembered, the last asked: a batch says most of its paragraphs again and again."""
_SAYS = {
    "known": ("他のお客様の{}です", "{} of another customer"),
    "digits": ("事実にない7桁以上の番号です", "a number of seven digits or more that no fact prints"),
}
_RECOGNISED = ("{}が含まれています", "{} that is not the recipient's")


class _Place(NamedTuple):
    """What stands at ``span``, and the rule that says so."""

    span: Span
    rule: str
    severity: str = BLOCK

    def moved(self, at: int) -> _Place:
        """The place in a text where its paragraph begins at ``at``."""
        span, rule, severity = self
        return _Place(Span(at + span.start, at + span.end, span.type), rule, severity)


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A paragraph's normal form and what it says by itself: the places recognised in it, and its other runs of digits."""

    normal: Normal
    recognised: tuple[_Place, ...]
    digits: tuple[_Place, ...]


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks with ``identifiers.known``, ``.<type>``, ``.digits``, ``.hidden``; with ``.index`` when the index may not be relied on."""
    if message.index_fault and message.scope == "all":
        yield Finding("identifiers", "identifiers.index", BLOCK, None, None, "", *message.index_fault)
    for part, text in message.parts:
        told = _apart(text, message.language)
        for at, one in told:
            for start, end in one.normal.hidden:
                yield Finding("identifiers", "identifiers.hidden", BLOCK, at + start, at + end, text[at + start : at + end],
                              "目に見えない文字が入っています", "there are characters nobody sees", part, "")  # fmt: skip
        places = _places(message, told)
        for literals in _declared(message) if places else ():
            allowed = Allowed(literals)
            places = [place for place in places if not allowed.covers(text, place.span)]
            if not places:
                break
        for place in places:
            yield _finding(place, text, part)


def _places(message: Message, told: list[tuple[int, _Paragraph]]) -> list[_Place]:
    """The surest name for each place: whose it is known to be, what it is recognised as, or a mere run of digits; in that order."""
    known: list[_Place] = []
    recognised: list[_Place] = []
    digits: list[_Place] = []
    for at, one in told:
        others = message.known.find(one.normal, except_customer=message.recipient_id) if message.known else ()
        known += [_Place(span, "known").moved(at) for span in others]
        besides = _told(one.normal, message.language, others) if others else one
        if besides.recognised or besides.digits:
            recognised += [place.moved(at) for place in besides.recognised]
            digits += [place.moved(at) for place in besides.digits]
    return [*known, *recognised, *digits]


def _apart(text: str, language: str) -> list[tuple[int, _Paragraph]]:
    """The paragraphs of ``text`` and where each begins; the text as one where one of them cannot be read by itself."""
    found: list[tuple[int, _Paragraph]] = []
    *before, (at, end) = paragraphs(text)
    for start, paragraph in before:
        if (read := _read(paragraph, language, False)) is None:
            break
        found.append((start, read))
    else:
        if (read := _read(end, language, True)) is not None:
            return [*found, (at, read)]
    return [(0, _told(normalise(text), language, ()))]


@lru_cache(maxsize=_KEPT)
def _read(paragraph: str, language: str, last: bool) -> _Paragraph | None:
    normal = normalise_paragraph(paragraph, last=last)
    return None if normal is None else _told(normal, language, ())


def _told(normal: Normal, language: str, known: tuple[Span, ...]) -> _Paragraph:
    """What the text says besides what is known to be somebody's."""
    text = normal.text
    taken = Taken(normal.size)
    for span in known:
        taken.take(span.start, span.end)
    recognised: list[_Place] = []
    for hit in _hits(text, language):
        span = Span(*normal.raw_span(hit.start, hit.end), hit.type)
        if taken.free(span.start, span.end):
            taken.take(span.start, span.end)
            severity = FLAG if hit.type == "PERSON" and hit.sure == LOOSE else BLOCK
            recognised.append(_Place(span, hit.type.lower(), severity))
    runs = [Span(*normal.raw_span(start, end), "PHONE") for start, end in digit_runs(text)]
    digits = [_Place(span, "digits") for span in runs if taken.free(span.start, span.end)]
    return _Paragraph(normal, tuple(recognised), tuple(digits))


def _hits(text: str, language: str) -> Iterator[Hit]:
    for at, paragraph in paragraphs(text):
        for hit in _recognised(paragraph, language):
            yield Hit(at + hit.start, at + hit.end, hit.type, hit.sure)


@lru_cache(maxsize=_KEPT)
def _recognised(paragraph: str, language: str) -> tuple[Hit, ...]:
    return tuple(recognise(paragraph, language))


def _finding(place: _Place, text: str, part: Part) -> Finding:
    (start, end), (ja, en) = (place.span.start, place.span.end), _SAYS.get(place.rule, _RECOGNISED)
    name_ja, name_en = NAMES[place.span.type]
    return Finding(
        "identifiers",
        f"identifiers.{place.rule}",
        place.severity,
        start,
        end,
        text[start:end],
        ja.format(name_ja),
        en.format(name_en),
        part,
    )


def _declared(message: Message) -> Iterator[tuple[str, ...]]:
    """The literal strings that are the recipient's own, the shop's, or a fact's; first those that say most of what is said."""
    yield (*message.grounded, *(value for value in (message.addressee, message.surname) if value))
    about = (message.about.get("recipient"), message.about.get("sender"))
    yield (*strings(about), *strings(message.bundle))
