"""What the message has to say is in it, and what it must never say is not.

``bundle.must_mention`` are literal strings (the facts that the action requires), ``bundle.never_mention`` what the sender
has ruled out; some actions rule out a subject of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.guardrails.copy.paragraph import Paragraph, once, some
from policies.guardrails.copy.reading import Reading, Spot, aligned

RULE = "C18"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True
_SELLING = (
    re.compile(r"クーポン|割引|%引き|%オフ|セール|おすすめ商品|新商品|キャンペーン"),
    re.compile(r"coupon|voucher|discount|[0-9]% off|special offer|on sale|new arrivals?"),
)
_ASKING = (re.compile(r"レビュー(?:を|の)|口コミ|クチコミ"), re.compile(r"(?:write|leave|post) (?:us )?a review"))
_RULED_OUT: Mapping[str, tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]] = {
    "complaint_recovery": (_SELLING, _ASKING),
    "service_notice": (_SELLING, _ASKING),
    "support_followup": (_SELLING, _ASKING),
    "subscription_care": (_SELLING,),
}
"""Action → subjects that have no place in it: nobody sells to, or asks a favour of, somebody who has been let down."""


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks a missing required fact and a subject that is ruled out."""
    message, bundle = reading.message, reading.message.bundle
    for fact in _texts(bundle.get("must_mention")):
        if fact not in message.whole:
            yield Spot(None, None, f"必要な事実「{fact}」がありません", f"the required fact '{fact}' is missing")
    never = _texts(bundle.get("never_mention"))
    ruled_out = _RULED_OUT.get(message.action.id, ()) if message.action else ()
    if not never and not (ruled_out and some(_subjects, reading.paragraphs)):
        return
    for part, text in reading.everything:
        for word in never:
            at = text.find(aligned(word))
            if at >= 0:
                yield Spot(
                    at,
                    at + len(word),
                    f"「{word}」には触れないことになっています",
                    f"'{word}' must never be mentioned",
                    part=part,
                )
        for ja, en in ruled_out:
            for found in (ja if reading.language == "ja" else en).finditer(text):
                yield Spot(
                    *found.span(),
                    f"「{found[0]}」はこの用件に合いません",
                    f"'{found[0]}' has no place in this message",
                    part=part,
                )


@once
def _subjects(paragraph: Paragraph) -> bool:
    """Whether it speaks of what some action rules out."""
    text, japanese = paragraph.folded, paragraph.language == "ja"
    return text is None or any((ja if japanese else en).search(text) for ja, en in (_SELLING, _ASKING))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, (list, tuple)) else ()
