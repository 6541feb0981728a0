"""What a message never speaks of: sensitive states (copy check C11), watching the reader (C12), and their never-mention list.

A sensitive state may hold a message back or soften it; a draft that mentions one, true or not, tells the customer that we
keep it (個人情報保護法2条3項 and 20条2項 on 要配慮個人情報; GDPR art. 9).  The words stand in ``lexicons/unspoken.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, FLAG, Finding, Message, Scope
from policies.places import within_any
from policies.unspoken import readable

SCOPE: Scope = "copy"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks every mention.

    The name of a thing that a fact prints (a maternity cushion in an order) is flagged: a person may send it where nobody
    else reads along; a push is read by everyone, so there it blocks.
    """
    never = message.bundle.get("never_mention") or ()
    for part, text in message.parts:
        for topic, start, end in catalogue.unspoken["sensitive"].find(text):
            grounded = message.channel != "push" and within_any(text, message.grounded, start, end)
            yield Finding(
                "sensitive", "C11", FLAG if grounded else BLOCK, start, end, text[start:end],
                f"触れてはならない話題です：{topic.said['ja']}", f"a topic never to be mentioned: {topic.said['en']}", part,
            )  # fmt: skip
        for topic, start, end in catalogue.unspoken["surveillance"].find(text):
            yield Finding(
                "sensitive", "C12", BLOCK, start, end, text[start:end],
                f"見られていると感じさせる表現です：{topic.said['ja']}", f"lets the reader feel watched: {topic.said['en']}", part,
            )  # fmt: skip
        for phrase in never:
            for found in _phrase(phrase).finditer(readable(text)) if phrase.strip() else ():
                yield Finding(
                    "sensitive", "sensitive.never_mention", BLOCK, *found.span(), text[found.start() : found.end()],
                    "このお客様に触れてはならないことです", "on this customer's never-mention list", part,
                )  # fmt: skip


@lru_cache(maxsize=4096)
def _phrase(phrase: str) -> re.Pattern[str]:
    """The phrase in its readable form; as a whole word where it is written in Latin letters."""
    words = re.escape(readable(phrase.strip()))
    return re.compile(rf"(?<![a-z0-9]){words}(?![a-z0-9])" if phrase.isascii() else words)
