"""A Japanese message taken apart for its checks: what is prose in it, its sentences, its name-free letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from itertools import pairwise

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Part, Placed, Reading, Spot

JOINED = "\v"
"""Stands for a line break inside a sentence."""
ENDS = "。！？!?"
"""The marks that end a sentence."""
KANJI = "一-龯々〆ヶ"
_QUOTED = re.compile(r"https?://[!-~]{1,400}|「[^「」\n]{1,60}」|『[^『』\n]{1,60}』")
_MAIL = re.compile(r"(?<![0-9A-Za-z._%+-])[0-9A-Za-z._%+-]{1,64}@[0-9A-Za-z.-]{1,80}")
_RULE = re.compile(r"^[─━―＝=_＿*＊-]{3}[^\n]*\n", re.MULTILINE)
_RULES = re.compile("[─━―＝=_＿*＊-]{3}")
_FOOTER = 400
"""Code points that may follow the ruled line above a footer."""
_FOOTER_SIGNS = ("〒", "──", "--")
"""What a message has that may have a footer."""
_ADDRESS = re.compile(r"^[^\n]*〒[^\n]*$", re.MULTILINE)
_COMPANY = re.compile(f"[{KANJI}]{{0,12}}(?:株式|有限|合同)会社[{KANJI}]{{0,12}}")
_PLACE = re.compile(
    rf"(?:東京都|北海道|京都府|大阪府|(?<![{KANJI}])[{KANJI}]{{2,3}}県)[{KANJI}ぁ-ゖァ-ヺー0-9０-９−-]{{2,40}}"
)
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]*")
_LISTED = tuple("▼▶■□◆◇●○・〔【※→─━*-＊〒")
_ENDED = ("様", "。", "！", "？", "!", "?")
_SPREAD = ("email", "post")
"""Channels whose lines are broken by hand in the middle of a sentence."""


def _blank(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda found: " " * len(found[0]), text)


@once
def wording(paragraph: Paragraph) -> str:
    """Its text with web and mail addresses and quotations blanked: a quotation is not our wording."""
    text = paragraph.text
    if "://" in text or "「" in text or "『" in text:
        text = _blank(text, _QUOTED)
    return _blank(text, _MAIL) if "@" in text else text


@once
def prose(paragraph: Paragraph) -> str:
    """Its wording without address lines."""
    text = wording(paragraph)
    return _blank(text, _ADDRESS) if "〒" in text else text


@once
def sentences(paragraph: Paragraph) -> tuple[tuple[int, str], ...]:
    """(offset, sentence) of its prose; a line break that a sentence runs over is a ``JOINED``."""
    text = prose(paragraph)
    if paragraph.channel in _SPREAD:
        lines = text.split("\n")
        glued = lines[:1]
        for before, line in pairwise(lines):
            runs_on = before.strip() and line.strip() and not (before.endswith(_ENDED) or before.startswith(_LISTED))
            glued += (JOINED if runs_on and not line.startswith(_LISTED) else "\n", line)
        text = "".join(glued)
    return tuple([(found.start(), found[0]) for found in _SENTENCE.finditer(text) if found[0].strip(" 　\v")])


@once
def _ruled(paragraph: Paragraph) -> tuple[tuple[int, int], ...]:
    """(start, end) of the ruled lines of its wording, below which a footer may begin."""
    text = wording(paragraph)
    return tuple([found.span() for found in _RULE.finditer(text)]) if _RULES.search(text) else ()


@once
def _may_have_footer(paragraph: Paragraph) -> bool:
    return any(sign in wording(paragraph) for sign in _FOOTER_SIGNS)


class Japanese:
    """What the Japanese checks ask of a message, each worked out when first asked; every text keeps the offsets of its part."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @cached_property
    def texts(self) -> tuple[tuple[Part, str], ...]:
        """The wording of each part."""
        return tuple([(part, self._whole(part, wording)) for part, _ in self.reading.message.parts])

    def _whole(self, part: Part, read: Callable[[Paragraph], str]) -> str:
        """A part's text with every paragraph as it is read."""
        text, told, end = self.reading.text(part), [], 0
        for where, at, paragraph in self.reading.paragraphs:
            if where == part:
                told += [text[end:at], read(paragraph)]
                end = at + len(paragraph.text)
        return "".join([*told, text[end:]])[: len(text)]

    @cached_property
    def said(self) -> set[tuple[str, str]]:
        """(lexicon, group) of every word of the lexicons that any part has."""
        found: set[tuple[str, str]] = set()
        said = self.reading.catalogue.lexicons.said_in
        return found.union(*[said(wording(one)) for _, _, one in self.reading.paragraphs])

    @property
    def footer_at(self) -> int:
        """Where the footer begins in the body, a ruled line with little below it; the end of the body when there is none."""
        size = len(self.reading.body)
        for _, at, paragraph in self.reading.of_body:
            for start, end in _ruled(paragraph):
                if 0 <= size - (at + end) <= _FOOTER:
                    # The line itself has mostly one of the signs.
                    where = (paragraph, *[one for _, _, one in self.reading.of_body])
                    return at + start if any(map(_may_have_footer, where)) else size
        return size

    @cached_property
    def of_prose(self) -> list[Placed]:
        """The paragraphs above the footer."""
        end = self.footer_at
        return self.reading.up_to(end) if end < len(self.reading.body) else self.reading.of_body

    @cached_property
    def prose(self) -> str:
        """The body without its footer and address lines."""
        size = len(self.reading.body)
        return self._whole("body", prose)[: self.footer_at] + " " * (size - self.footer_at)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names and other facts that stand in the message as they are registered, the longest first."""
        message = self.reading.message
        told = {message.addressee, message.surname, message.bundle.get("brand"), *message.grounded}
        told |= {message.about.get("sender", {}).get(key) for key in ("legal_name", "brand_name", "signer")}
        for product in message.bundle.get("products") or ():
            told |= {product.get("name"), *(product.get("aliases") or ())}
        return tuple(sorted((name for name in told if isinstance(name, str) and name), key=len, reverse=True))

    @cached_property
    def nameless(self) -> str:
        """The prose without names, companies and postal addresses."""
        text = self.prose
        for name in self.names:
            if name in text:
                text = text.replace(name, " " * len(name))
        if "会社" in text:
            text = _blank(text, _COMPANY)
        return _blank(text, _PLACE) if any(sign in text for sign in "都道府県") else text

    @cached_property
    def sentences(self) -> tuple[tuple[int, str], ...]:
        """(offset, sentence) of the prose."""
        return tuple([(at + start, said) for _, at, one in self.of_prose for start, said in sentences(one)])

    @cached_property
    def finished(self) -> tuple[tuple[int, str], ...]:
        """The sentences that end with a full stop or another end mark."""
        return tuple([one for one in self.sentences if one[1][-1] in ENDS])


@lru_cache(maxsize=1)
def japanese(reading: Reading) -> Japanese:
    """``reading`` taken apart, once for all checks that follow each other."""
    return Japanese(reading)


def prose_of(reading: Reading) -> list[Placed]:
    """The paragraphs above the footer."""
    return japanese(reading).of_prose


def lexical(reading: Reading, name: str, *, certain: bool = True) -> Iterator[Spot]:
    """A spot for each word of a lexicon that stands wrongly in any part.

    With ``certain`` a word without a sure replacement is only a warning.
    """
    told = japanese(reading)
    for key, group in reading.catalogue.lexicons[name].items():
        if (name, key) not in told.said or not group.applies(reading.message.whole):
            continue
        for part, text in told.texts:
            for hit in group.found(text):
                wrong = text[hit.start : hit.end]
                yield Spot(
                    hit.start, hit.end, f"「{wrong}」：{group.ja}", f"'{wrong}': {group.en}", hit.use, part,
                    "warn" if certain and hit.use is None else None,
                )  # fmt: skip
