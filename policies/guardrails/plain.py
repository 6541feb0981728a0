"""A message is plain text that a person could have typed.

Control characters, characters that turn the writing direction (Unicode UAX #9), markup and template syntax hide what the
reader will see from whoever approves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, Finding, Message, Scope

SCOPE: Scope = "copy"
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


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks each kind of hidden or foreign character once per part."""
    for part, text in message.parts:
        if not _SIGNS.search(text):
            continue
        for rule, pattern, ja, en in _WRONG:
            if found := pattern.search(text):
                yield Finding("plain", rule, BLOCK, *found.span(), found[0], ja, f"there is {en}", part)
