"""A Japanese message taken apart for its checks: what is prose in it, its sentences, its name-free letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import pairwise

from policies.guardrails.copy.reading import Part, Reading, Spot

JOINED = "\v"
"""Stands for a line break inside a sentence."""
KANJI = "一-龯々〆ヶ"
_QUOTED = re.compile(r"https?://[!-~]{1,400}|「[^「」\n]{1,60}」|『[^『』\n]{1,60}』")
_MAIL = re.compile(r"(?<![0-9A-Za-z._%+-])[0-9A-Za-z._%+-]{1,64}@[0-9A-Za-z.-]{1,80}")
_FOOTER = re.compile(r"^(?:[─━―＝=_＿*＊-]{3}[^\n]*\n[\s\S]{0,400}\Z|[^\n]*〒[^\n]*$)", re.MULTILINE)
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


class Japanese:
    """What the Japanese checks ask of a message, each worked out when first asked; every text keeps the offsets of its part."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @cached_property
    def texts(self) -> tuple[tuple[Part, str], ...]:
        """Each part with web and mail addresses and quotations blanked: a quotation is not our wording."""
        found = []
        for part, told in self.reading.message.parts:
            text = _blank(told, _QUOTED) if "://" in told or "「" in told or "『" in told else told
            found.append((part, _blank(text, _MAIL) if "@" in text else text))
        return tuple(found)

    @cached_property
    def starts(self) -> set[str]:
        """How words of the lexicons begin in :attr:`texts`, to see quickly what the message cannot contain."""
        return self.reading.catalogue.lexicons.starts_in("\n".join([text for _, text in self.texts]))

    @cached_property
    def body(self) -> str:
        """The body of :attr:`texts`."""
        return next((text for part, text in self.texts if part == "body"), "")

    @cached_property
    def prose(self) -> str:
        """The body without its footer and address lines."""
        return _blank(self.body, _FOOTER) if "〒" in self.body or "──" in self.body or "--" in self.body else self.body

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
        """(offset, sentence) of the prose; a line break that a sentence runs over is a ``JOINED``."""
        text = self.prose
        if self.reading.message.channel in _SPREAD:
            lines = text.split("\n")
            glued = lines[:1]
            for before, line in pairwise(lines):
                runs_on = (
                    before.strip() and line.strip() and not (before.endswith(_ENDED) or before.startswith(_LISTED))
                )
                glued += (JOINED if runs_on and not line.startswith(_LISTED) else "\n", line)
            text = "".join(glued)
        return tuple((found.start(), found[0]) for found in _SENTENCE.finditer(text) if found[0].strip(" 　\v"))

    @cached_property
    def finished(self) -> tuple[tuple[int, str], ...]:
        """The sentences that end with a full stop or another end mark."""
        return tuple(one for one in self.sentences if one[1][-1] in "。！？!?")


@lru_cache(maxsize=1)
def japanese(reading: Reading) -> Japanese:
    """``reading`` taken apart, once for all checks that follow each other."""
    return Japanese(reading)


def lexical(reading: Reading, name: str, *, certain: bool = True) -> Iterator[Spot]:
    """A spot for each word of a lexicon that stands wrongly in any part.

    With ``certain`` a word without a sure replacement is only a warning.
    """
    told = japanese(reading)
    for group in reading.catalogue.lexicons[name].values():
        if group.starts.isdisjoint(told.starts) or not group.applies(reading.message.whole):
            continue
        for part, text in told.texts:
            for hit in group.found(text):
                wrong = text[hit.start : hit.end]
                yield Spot(
                    hit.start, hit.end, f"「{wrong}」：{group.ja}", f"'{wrong}': {group.en}", hit.use, part,
                    "warn" if certain and hit.use is None else None,
                )  # fmt: skip
