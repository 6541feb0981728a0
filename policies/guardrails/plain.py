"""A message is plain text that a person could have typed, and no longer than any channel carries.

Control characters, characters that turn the writing direction (Unicode UAX #9), markup and template syntax hide what the
reader will see from whoever approves it.  A text of more than ``LONGEST`` code points is not read further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, Finding, Message, Scope

SCOPE: Scope = "copy"
LONGEST = 20_000
"""Code points in all parts together; the longest channel, a letter, carries a tenth of it."""

_WRONG = (
    ("plain.control", re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb]"), "制御文字があります", "a control character"),
    ("plain.direction", re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"), "文字の向きを変える文字があります", "a character that turns the writing direction"),
    ("plain.invisible", re.compile(r"[\u00ad\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f]"), "見えない文字があります", "an invisible character"),
    ("plain.markup", re.compile(r"<(?!https?://|[^<>\s]{1,64}@)/?[A-Za-z!][^<>\n]{0,200}>?|&(?:lt|gt|#[0-9]{1,6}|#x[0-9A-Fa-f]{1,6});|javascript:", re.ASCII), "HTMLなどのタグがあります", "markup"),
    ("plain.template", re.compile(r"\{%|%\}|\$\{|#\{|<%|\{#"), "テンプレートの記法が残っています", "template syntax"),
)  # fmt: skip
_SIGNS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f<&{%]|javascript:"
)


def too_long(message: Message) -> bool:
    """Whether there is more text than any guard should be asked to read."""
    return sum(len(text) for _, text in message.parts) > LONGEST


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks each kind of hidden or foreign character once per part, and a text past all bounds."""
    if too_long(message):
        yield Finding(
            "plain",
            "plain.size",
            BLOCK,
            None,
            None,
            "",
            f"{LONGEST:,}文字を超えています",
            f"more than {LONGEST:,} characters",
        )
        return
    for part, text in message.parts:
        if not _SIGNS.search(text):
            continue
        for rule, pattern, ja, en in _WRONG:
            if found := pattern.search(text):
                yield Finding("plain", rule, BLOCK, *found.span(), found[0], ja, f"there is {en}", part)
