"""A message taken apart once for all copy checks: parts, lines, sentences, and what is masked from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from policies.catalogue import Catalogue
from policies.channels import ChannelRules
from policies.guardrails.guard import Message

Part = Literal["subject", "title", "body"]
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]*")
_URL = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True, slots=True)
class Spot:
    """One fault: where (code points in ``part``; None when it is about the whole), why, and what would stand there instead."""

    start: int | None
    end: int | None
    ja: str
    en: str
    fix: str | None = None
    part: Part = "body"
    level: Literal["block", "fix", "warn"] | None = None


class Reading:
    """``message`` and what several checks ask of it, each worked out when first asked."""

    def __init__(self, message: Message, catalogue: Catalogue) -> None:
        self.message, self.catalogue = message, catalogue
        self.language, self.body = message.language, message.body

    @cached_property
    def channel(self) -> ChannelRules:
        """What the channel can carry."""
        return self.catalogue.channels[self.message.channel]

    def text(self, part: Part) -> str:
        """One part's text, empty when there is none."""
        return getattr(self.message, part) or ""

    @cached_property
    def masked(self) -> str:
        """The body with every URL blanked by spaces of the same length, so that offsets stay."""
        return _URL.sub(lambda found: " " * len(found[0]), self.body) if "://" in self.body else self.body

    @cached_property
    def lines(self) -> tuple[tuple[int, str], ...]:
        """(offset, line) of the masked body, empty lines left out."""
        found, at = [], 0
        for line in self.masked.split("\n"):
            if line.strip():
                found.append((at, line))
            at += len(line) + 1
        return tuple(found)

    @cached_property
    def sentences(self) -> tuple[tuple[int, str], ...]:
        """(offset, sentence with its end mark) of the masked body."""
        return tuple((found.start(), found[0]) for found in _SENTENCE.finditer(self.masked) if found[0].strip(" 　"))
