"""Nobody's identifiers but the reader's own and the shop's: no other customer's name, no number that no fact prints.

What the facts print, the sender's particulars and the values declared for the recipient are theirs to be said.  Everything
else that is known to belong to somebody (the index of known identifiers), that is recognised as an identifier, any run of
seven digits and any character nobody sees blocks.  A name that only its surname betrays is flagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, FLAG, Finding, Message, Part, Scope
from policies.identifiers.normal import Normal, normalise
from policies.identifiers.recognisers import recognise
from policies.identifiers.recognisers.reading import LOOSE, Hit
from policies.identifiers.runs import digit_runs, paragraphs
from policies.identifiers.scan import Allowed, strings
from policies.identifiers.spans import Span
from policies.identifiers.types import NAMES
from policies.places import Taken

SCOPE: Scope = "text"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks with ``identifiers.known``, ``.<type>``, ``.digits``, ``.hidden``; with ``.index`` when the index may not be relied on."""
    if message.index_fault and message.scope == "all":
        yield Finding("identifiers", "identifiers.index", BLOCK, None, None, "", *message.index_fault)
    allowed: Allowed | None = None
    for part, text in message.parts:
        normal = normalise(text)
        for start, end in normal.hidden:
            yield Finding("identifiers", "identifiers.hidden", BLOCK, start, end, text[start:end],
                          "目に見えない文字が入っています", "there are characters nobody sees", part, "")  # fmt: skip
        for finding, span in _found(message, normal, text, part):
            allowed = allowed or Allowed(_declared(message))
            if not allowed.covers(text, span):
                yield finding


def _found(message: Message, normal: Normal, text: str, part: Part) -> Iterator[tuple[Finding, Span]]:
    """The surest name for each place: whose it is known to be, what it is recognised as, or a mere run of digits."""
    taken = Taken(len(text))
    for span in message.known.find(normal, except_customer=message.recipient_id) if message.known else ():
        taken.take(span.start, span.end)
        yield _finding("known", span, text, part, "他のお客様の{}です", "{} of another customer"), span
    for hit in _hits(normal.text, message.language):
        span = Span(*normal.raw_span(hit.start, hit.end), hit.type)
        if taken.free(span.start, span.end):
            taken.take(span.start, span.end)
            severity = FLAG if hit.type == "PERSON" and hit.sure == LOOSE else BLOCK
            yield (
                _finding(
                    hit.type.lower(), span, text, part, "{}が含まれています", "{} that is not the recipient's", severity
                ),
                span,
            )
    for start, end in digit_runs(normal.text):
        span = Span(*normal.raw_span(start, end), "PHONE")
        if taken.free(span.start, span.end):
            said = text[span.start : span.end]
            yield Finding("identifiers", "identifiers.digits", BLOCK, span.start, span.end, said,
                          "事実にない7桁以上の番号です", "a number of seven digits or more that no fact prints", part), span  # fmt: skip


def _hits(text: str, language: str) -> Iterator[Hit]:
    """What is recognised, paragraph by paragraph: a batch says most of its paragraphs again and again."""
    for at, paragraph in paragraphs(text):
        for hit in _recognised(paragraph, language):
            yield Hit(at + hit.start, at + hit.end, hit.type, hit.sure)


@lru_cache(maxsize=16384)
def _recognised(paragraph: str, language: str) -> tuple[Hit, ...]:
    return tuple(recognise(paragraph, language))


def _finding(rule: str, span: Span, text: str, part: Part, ja: str, en: str, severity: str = BLOCK) -> Finding:
    name_ja, name_en = NAMES[span.type]
    said = text[span.start : span.end]
    return Finding(
        "identifiers",
        f"identifiers.{rule}",
        severity,
        span.start,
        span.end,
        said,
        ja.format(name_ja),
        en.format(name_en),
        part,
    )


def _declared(message: Message) -> tuple[str, ...]:
    """The literal strings that are the recipient's own, the shop's, or a fact's."""
    own = (message.addressee, message.surname)
    about = (message.about.get("recipient"), message.about.get("sender"))
    return (*message.grounded, *(value for value in own if value), *strings(message.bundle), *strings(about))
