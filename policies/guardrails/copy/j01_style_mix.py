"""One style of sentence end: です・ます, not です・ます here and だ・である there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese, prose
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J01", "fix", ("ja",)
OF_PROSE = True
_END = re.compile("[。！？!?]+")
_STEMS = ("です", "ます", "でした", "ました", "ません", "でしょう", "ましょう", "ください", "くださいませ")
_POLITE = tuple(end + after for end in _STEMS for after in ("", "か", "ね", "よ", "が"))
_POLITE_FOR = {
    "である": "です", "であった": "でした", "だった": "でした", "だろう": "でしょう", "であろう": "でしょう", "のだ": "のです",
    "ではない": "ではありません", "だ": "です", "している": "しています", "ている": "ています", "していない": "していません", "ていない": "ていません",
    "できる": "できます", "できた": "できました", "できない": "できません", "する": "します", "した": "しました", "しない": "しません",
    "となる": "となります", "になる": "になります", "となった": "となりました", "になった": "になりました", "がある": "があります", "もある": "もあります",
    "思う": "思います", "くれる": "くれます", "られる": "られます", "られない": "られません", "くださる": "くださいます", "いただく": "いただきます",
    "いただける": "いただけます", "いたす": "いたします", "申し上げる": "申し上げます",
}  # fmt: skip
_SURE = sorted(_POLITE_FOR, key=len, reverse=True)
_NOT_COPULA = tuple("またんいはかくえ")
"""まだ, ただ, 読んだ, 泳いだ, はだ, からだ, くだ, えだ: words that end in だ and are no だ・である."""
_PLAIN = ("る", "た", "ない", "んだ", "いだ")
_PLAIN_ENDS = (*_SURE, *_PLAIN)
_LAST = frozenset(end[-1] for end in _PLAIN_ENDS)
_MAY_BE_PLAIN = re.compile(f"[{''.join(sorted(_LAST))}][。！？!?]")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a plain sentence end."""
    text = prose(paragraph)
    return _MAY_BE_PLAIN.search(text) is not None and any(
        _is_plain(text, found.start()) for found in _END.finditer(text)
    )


def check(reading: Reading) -> Iterator[Spot]:
    """A plain sentence end in a message that is otherwise polite; where the polite form is sure, it is the fix.

    Lists and headings have no full stop and are not read.
    """
    text = japanese(reading).prose
    ends = [found.start() for found in _END.finditer(text)]
    plain = [end for end in ends if _is_plain(text, end)]
    if not plain or not any(text.endswith(_POLITE, 0, end) for end in (*ends, len(text), *_line_ends(text))):
        return
    for end in plain:
        said = next((said for said in _SURE if text.endswith(said, 0, end)), None)
        if said == "だ" and text.endswith(_NOT_COPULA, 0, end - 1):
            said = None
        if said is None and not text.endswith(_PLAIN, 0, end):
            continue
        start = end - len(said or "た")
        yield Spot(
            start, end, f"「{text[start:end]}」：です・ますの文に、普通体（だ・である）が混じっています",
            f"'{text[start:end]}': a plain sentence end among polite ones", said and _POLITE_FOR[said], "body", None if said else "warn",
        )  # fmt: skip


def _is_plain(text: str, end: int) -> bool:
    return text[end - 1 : end] in _LAST and not text.endswith(_POLITE, 0, end) and text.endswith(_PLAIN_ENDS, 0, end)


def _line_ends(text: str) -> list[int]:
    return [at for at, letter in enumerate(text) if letter == "\n"]
