"""Nothing unfilled reaches a customer (copy check C01): slots, placeholders, the printed names of missing values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, Finding, Message, Scope

SCOPE: Scope = "copy"
_UNFILLED = re.compile(
    r"\{\{[^{}\n]{0,80}\}\}|\{%[^{}\n]{0,80}%\}|\$\{[^{}\n]{0,80}\}|\{\{|\}\}|\{%|%\}|\$\{|\[(?:氏名|お名前|会社名|商品名|担当者名|[A-Z][A-Z_ ]{2,40})\]|[〇○◯]{2}(?:様|さま|さん|円|月|日|株式会社)?|"
    r"\bX{2,40}\b|\b(?:None|NaN|nan|null|undefined|N/A)\b|<[a-z_]{1,40}>"
)
_SIGNS = re.compile(r"[{}\[<〇○◯]|XX|None|[Nn]a[Nn]|null|undefined|N/A")
"""What every unfilled slot has; a text without it needs no closer look."""


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks every unfilled slot, naming it."""
    for part, body in ((message.head, False), (message.body, True)):
        if not _SIGNS.search(part or ""):
            continue
        for found in _UNFILLED.finditer(part or ""):
            start, end = found.span() if body else (None, None)
            yield Finding(
                "slots",
                "C01",
                BLOCK,
                start,
                end,
                found[0],
                f"「{found[0]}」が埋まっていません",
                f"'{found[0]}' is not filled in",
            )
