"""尊敬 for what the customer does, 謙譲 for what we do, and never the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese, lexical, wording
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J17", "block", ("ja",)
LEXICON = "direction"
_HUMBLE_REQUEST = re.compile("(?<!いち)(?<!りん)(?<!たま)ご([一-龯]{2,3})して(?=くださ|下さ|いただ|頂)")
_LOWERED_CUSTOMER = re.compile(
    "(?:お客様|お客さま|皆様|皆さま|貴社|御社)(?:が|は|も)[^。、をにがはもへ\\n]{0,6}?(?<!お)(?<!ご)"
    "(申し(?!込|付|出|受|上|分)|申さ|参[りっるら]|いたし|致し|拝見し|伺(?:い|っ|う)|おりま)"
)
_RAISED_US = re.compile(
    "(?:弊社|当社|当店|弊店|私ども|わたくしども)(?:の[^。、のをにがはも客様方\\n]{1,8})?(?:が|は|も)[^。、をにがはもへ客様方\\n]{0,6}?"
    "(おっしゃ|いらっしゃ|なさ[いっるり]|ご覧にな|お越しにな|お見えにな|くださ)(?![^。、\\n]{0,3}(?:客|方|皆様))"
)
_SUBJECT = re.compile("お客|皆[様さ]|[貴御弊当]社|[当弊]店|私ども|わたくし")
"""How one of those subjects begins; a text without any needs no closer look."""
_WRONG = (
    (_LOWERED_CUSTOMER, "お客様の動作に謙譲語を使っています", "a lowering word for what the customer does"),
    (_RAISED_US, "こちらの動作に尊敬語を使っています", "a raising word for what we do"),
)


def sign(paragraph: Paragraph) -> bool:
    """Whether one of the patterns finds something in it."""
    text = wording(paragraph)
    return ("して" in text and _HUMBLE_REQUEST.search(text) is not None) or (
        _SUBJECT.search(text) is not None and any(pattern.search(text) for pattern, _, _ in _WRONG)
    )


def check(reading: Reading) -> Iterator[Spot]:
    """The lexicon's forms, ご〜してください, and a subject with a verb of the other direction."""
    yield from lexical(reading, LEXICON, certain=False)
    for part, text in japanese(reading).texts:
        for found in _HUMBLE_REQUEST.finditer(text):
            yield Spot(
                *found.span(), f"「{found[0]}」：「ご〜する」はこちらの動作に使う形です", f"'{found[0]}': ご…する lowers the customer",
                f"ご{found[1]}", part,
            )  # fmt: skip
        for pattern, ja, en in _WRONG:
            for found in pattern.finditer(text):
                yield Spot(*found.span(), f"「{found[0]}」：{ja}", f"'{found[0]}': {en}", None, part)
