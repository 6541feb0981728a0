"""A message taken apart once for all copy checks: parts, paragraphs, lines, sentences, words, and what is masked from them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from policies.catalogue import Catalogue
from policies.channels import ChannelRules
from policies.guardrails.copy.paragraph import Paragraph, Part, Placed, once, paragraphs_of, without_urls
from policies.guardrails.guard import Message

Level = Literal["block", "fix", "warn"]
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]*")
_ENGLISH_SENTENCE = re.compile(r"[^\s.!?][^.!?\n]*(?:[.!?]+(?![\s\"')\]]|$)[^.!?\n]*)*[.!?]*")
# A class without a count at the front lets the engine skip to the first letter.
_WORD = re.compile(r"[A-Za-z][A-Za-z]*(?:['’][A-Za-z]+)?")
_RULE = re.compile(r"^(?:[─―—━＿_=＝]{3,}[ 　]*|-{2,}[ 　]*)$", re.MULTILINE)
_IMPRINT = ("〒", "@", "ご不要の場合", "配信停止", "nsubscribe", "opt out", "No more ")
"""What the last paragraph has when it is the sender's imprint."""


class Spot(NamedTuple):
    """One fault: where (code points in ``part``; None when it is about the whole), why, and what would stand there instead."""

    start: int | None
    end: int | None
    ja: str
    en: str
    fix: str | None = None
    part: Part = "body"
    level: Level | None = None


class Reading:
    """``message`` and what several checks ask of it, each worked out when first asked.

    ``paragraphs`` are those of every part, ``of_body`` those of the body alone.
    """

    def __init__(self, message: Message, catalogue: Catalogue) -> None:
        self.message, self.catalogue = message, catalogue
        self.language, self.body = message.language, message.body
        language, channel = message.language, message.channel
        self.of_body = paragraphs_of("body", message.body, language, channel)
        self.paragraphs: list[Placed] = []
        if message.subject:
            self.paragraphs += paragraphs_of("subject", message.subject, language, channel)
        if message.title:
            self.paragraphs += paragraphs_of("title", message.title, language, channel)
        self.paragraphs += self.of_body
        self._folded: dict[Part, str] = {}

    @property
    def channel(self) -> ChannelRules:
        """What the channel can carry."""
        return self.catalogue.channels[self.message.channel]

    def text(self, part: Part) -> str:
        """One part's text, empty when there is none."""
        return getattr(self.message, part) or ""

    @cached_property
    def of_main(self) -> list[Placed]:
        """The paragraphs before the imprint."""
        return self.up_to(self.imprint_at)

    def up_to(self, end: int) -> list[Placed]:
        """The paragraphs of the body before the code point ``end``, the last one cut short there."""
        found = [one for one in self.of_body if one[1] < end]
        if found and end < len(self.body):
            _, at, last = found[-1]
            if at + len(last.text) - 2 > end:
                cut = paragraphs_of("body", self.body[at:end], self.language, self.message.channel)
                found[-1:] = [("body", at, one) for _, _, one in cut]
        return found

    @cached_property
    def masked(self) -> str:
        """The body with every URL blanked by spaces of the same length, so that offsets stay."""
        return without_urls(self.body)

    def folded(self, part: Part) -> str:
        """A part as lists of words are held against it: NFKC and lower case letter by letter, URLs blanked, offsets kept."""
        if part not in self._folded:
            self._folded[part] = aligned(self.masked if part == "body" else without_urls(self.text(part)))
        return self._folded[part]

    @cached_property
    def everything(self) -> tuple[tuple[Part, str], ...]:
        """Every part there is, folded."""
        return tuple((part, self.folded(part)) for part, _ in self.message.parts)

    @cached_property
    def imprint_at(self) -> int:
        """Where the sender's imprint begins in the body, after a ruled line or as the last paragraph; the end when there is none."""
        for _, at, one in self.of_body:
            if (ruled := _ruled(one)) is not None:
                return at + ruled
        at = self.body.rfind("\n\n")
        return at if at > 0 and any(sign in self.body[at:] for sign in _IMPRINT) else len(self.body)

    @cached_property
    def main(self) -> str:
        """The masked body up to the imprint."""
        return self.masked[: self.imprint_at]

    @cached_property
    def products(self) -> tuple[Mapping[str, Any], ...]:
        """The products of the fact bundle."""
        return rows(self.message.bundle, "products")

    @cached_property
    def names(self) -> frozenset[str]:
        """What is quoted, not written: reader, sender, products and codes of the bundle, and every literal fact."""
        message, sender = self.message, self.about("sender")
        told = [
            message.addressee,
            message.surname,
            sender.get("legal_name"),
            sender.get("brand_name"),
            message.bundle.get("brand"),
        ]
        for product in rows(message.bundle, "products"):
            told += [product.get("name"), *(product.get("aliases") or ())]
        told += [offer.get("code") for offer in rows(message.bundle, "offers")]
        return message.grounded.union([name for name in told if isinstance(name, str) and name])

    @cached_property
    def unnamed(self) -> str:
        """The masked body with every quoted name blanked, offsets kept."""
        return blanked(self.masked, self.names)

    def about(self, block: str) -> Mapping[str, Any]:
        """One block of what other programs sent with the message, empty when it did not come."""
        found = self.message.about.get(block)
        return found if isinstance(found, (dict, Mapping)) else {}

    @property
    def moment(self) -> datetime | None:
        """When the message is sent: as asked, else the time of the bundle; None when neither is known."""
        if self.message.send_at is not None:
            return self.message.send_at
        return moment_of(self.message.bundle.get("as_of"))


@once
def words_of(paragraph: Paragraph) -> tuple[str, ...]:
    """Its Latin words, links apart."""
    return tuple(_WORD.findall(paragraph.masked))


@once
def sentences_of(paragraph: Paragraph) -> tuple[tuple[int, str], ...]:
    """(offset, sentence with its end mark), links blanked; a line ends one, and in English a full stop."""
    pattern = _ENGLISH_SENTENCE if paragraph.language == "en" else _SENTENCE
    return tuple([(found.start(), found[0]) for found in pattern.finditer(paragraph.masked) if found[0].strip(" 　")])


@once
def _ruled(paragraph: Paragraph) -> int | None:
    """Where the first ruled line is."""
    found = _RULE.search(paragraph.text)
    return found.start() if found else None


def rows(bundle: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    """The rows of one list of a bundle, whatever is not a mapping left out."""
    found = bundle.get(key)
    return tuple([one for one in found if isinstance(one, (dict, Mapping))]) if isinstance(found, (list, tuple)) else ()


def moment_of(value: Any) -> datetime | None:
    """A time or date as other programs write it (ISO 8601), None when it is not one."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 — a day has no zone
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return None


def aligned(text: str) -> str:
    """NFKC and lower case, only where one letter stays one letter, so that offsets are those of the text."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).lower()
    if len(folded) == len(text):
        return folded
    return "".join(map(_fold, text))


@lru_cache(maxsize=65536)
def _fold(letter: str) -> str:
    folded = unicodedata.normalize("NFKC", letter).lower()
    return folded if len(folded) == 1 else letter


def blanked(text: str, names: Iterable[str]) -> str:
    """``text`` with every name replaced by spaces of its length, the longest first."""
    for name in sorted((name for name in names if name in text), key=lambda name: (-len(name), name)):
        text = text.replace(name, " " * len(name))
    return text


def outside_words(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Matches that do not begin or end within a Latin word.

    Told after the match and not by the pattern, which then begins with a letter and is skipped to at once.
    """
    for found in pattern.finditer(text):
        start, end = found.span()
        if not (start and _in_word(text[start - 1], text[start])) and not (
            end < len(text) and _in_word(text[end - 1], text[end])
        ):
            yield found


def whole_words(text: str, name: str) -> list[int]:
    """Where ``name`` stands as words of its own: Sam is not named by "Sample Street"."""
    found, at = [], text.find(name)
    while at >= 0:
        end = at + len(name)
        if not text[max(0, at - 1) : at].isalnum() and not text[end : end + 1].isalnum():
            found.append(at)
        at = text.find(name, end)
    return found


def _in_word(left: str, right: str) -> bool:
    return left.isascii() and right.isascii() and left.isalnum() and right.isalnum()
