"""Every number in the finished text traces to a fact (copy check C03).

What the facts print as is taken out of the text, longest first; any digit left over, Arabic, full-width or Japanese with a
unit, is a number nobody vouches for, and blocks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, Finding, Message, Scope

SCOPE: Scope = "text"
_NUMBER = re.compile(
    r"\d[\d,.:/]*|[一二三四五六七八九十百千万億〇]+(?:円|割|%|％|パーセント|ポイント|日間|週間|か月|ヶ月|年間|周年|時間|倍)|半額"
)


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks every number that no fact prints."""
    facts = _numeric(message.grounded)
    for part, body in ((message.head, False), (message.body, True)):
        if not part:
            continue
        text = part if part.isascii() else _aligned(part)
        for fact in facts:
            if fact in text:
                text = text.replace(fact, "\0" * len(fact))
        for found in _NUMBER.finditer(text):
            start, end = found.span()
            said = part[start:end]
            yield Finding("grounding", "C03", BLOCK, start if body else None, end if body else None, said,
                          f"「{said}」の根拠となる事実がありません", f"no fact supports '{said}'")  # fmt: skip


def _aligned(text: str) -> str:
    """NFKC letter by letter, only where one letter stays one letter, so that offsets are those of the text."""
    folded = unicodedata.normalize("NFKC", text)
    if len(folded) == len(text):
        return folded
    return "".join(one if len(one := unicodedata.normalize("NFKC", letter)) == 1 else letter for letter in text)


def _numeric(grounded: frozenset[str]) -> list[str]:
    """The fact texts that carry a number, longest first, folded like the text."""
    folded = {fact for text in grounded if (fact := _number_in(text)) is not None}
    return sorted(folded, key=lambda text: (-len(text), text))


@lru_cache(maxsize=65536)
def _number_in(text: str) -> str | None:
    """The fact text folded, None when it carries no number; names, prices and addresses repeat through a batch."""
    folded = _aligned(text)
    return folded if _NUMBER.search(folded) else None
