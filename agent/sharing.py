"""Judging a copy once, and every message filled from it by what is its own.

A batch fills a few thousand copies for a hundred thousand readers.  What the guards say of the words is the same for all
readers of a copy; so a copy whose words no guard objects to is remembered, and its next message is asked only

- what stands in its slots: a line with a product, an offer, a link or an unusual name in it is judged for each of these once;
- what is its reader's own: consent, gates, law, and the checks that depend on lengths, counts and days.

Whatever is not clean is judged in full, each time.  The verdict is that of the full guards (tested over a whole population).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from policies.catalogue import Catalogue
from policies.guardrails import GUARDS, Check, Finding, Message, copy, judge
from policies.unspoken import readable
from prompts.facts import COUNT, DAY, MONEY, PERSON, SLOTS
from prompts.render import Shape, Words

if TYPE_CHECKING:
    from agent.drafting import Draft

ONCE = ("claims", "copy", "identifiers", "plain", "sensitive")
"""Guards of words: what they say of one message of a copy they say of all."""
MOST = 200_000
"""Copies and lines remembered before all are forgotten and judged anew."""
_OF_THE_WHOLE = frozenset("C04 C16 C17 E01 E07 E08 J01 J03 J15 J25".split())
"""Checks that ask more of a message than one line can answer."""
_OF_EACH = frozenset(check.RULE for check in copy.ASKED_OF_EACH)
_LOCAL = tuple(check for check in copy.CHECKS if check.RULE not in _OF_THE_WHOLE | _OF_EACH)
_EACH: Mapping[str, Check] = {
    **{name: guard for name, guard in GUARDS.items() if name not in ONCE},
    "copy": partial(copy.check, checks=copy.ASKED_OF_EACH),
}
_LINE: Mapping[str, Check] = {
    **{name: guard for name, guard in GUARDS.items() if name in ONCE},
    "copy": partial(copy.check, checks=_LOCAL),
}
_PLAIN_NAME = re.compile(r"[一-龯々ヶぁ-ゖァ-ヺーA-Za-z][一-龯々ヶぁ-ゖァ-ヺーA-Za-z .'’-]{0,23}")
_WEEKDAY = re.compile(
    r"\([月火水木金土日]\)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?= )"
)
_MONTH = re.compile(
    "January|February|March|April|May|June|July|August|September|October|November|December"
)  # fmt: skip
_DIGITS = str.maketrans("123456789", "000000000")


class Shared:
    """What is known to be clean: copies, and lines with what fills them."""

    def __init__(self) -> None:
        self._copies: set[Hashable] = set()
        self._lines: dict[Hashable, bool] = {}
        self._names: dict[str, bool] = {}

    @property
    def copies(self) -> int:
        """How many copies are known to be clean."""
        return len(self._copies)

    def judge(self, draft: Draft, message: Message, catalogue: Catalogue) -> tuple[Finding, ...]:
        """What :func:`policies.guardrails.judge` says of ``message``, which holds the words of ``draft``."""
        shape = draft.copy.shape
        # With other people's identifiers at hand every message is searched for them.
        if shape is None or message.known or message.index_fault or not _filled(shape, draft):
            return judge(message, catalogue)
        forms = {slot: self._form(slot, text, catalogue) for slot, text in draft.said.items()}
        day = message.send_at.date() if message.send_at else None
        key = (shape, message.purpose, day, *forms.values())
        if key in self._copies and self._slots_are_clean(shape, draft, forms, message, catalogue):
            return judge(message, catalogue, _EACH)
        findings = judge(message, catalogue)
        if not any(found.guard in ONCE and found.rule not in _OF_EACH for found in findings):
            self._keep(key)
        return findings

    def _keep(self, key: Hashable) -> None:
        if len(self._copies) + len(self._lines) > MOST:
            self._copies.clear()
            self._lines.clear()
        self._copies.add(key)

    def _form(self, slot: str, text: str, catalogue: Catalogue) -> str:
        """How a fact is written, where all of that form are judged alike; itself where they are not; empty where its line is asked."""
        kind = SLOTS[slot][0]
        if kind in (DAY, MONEY, COUNT):
            said = _WEEKDAY.sub("*", text) if kind == DAY else text
            return (_MONTH.sub("#", said) if kind == DAY else said).translate(_DIGITS)
        if kind == PERSON:
            return "name" if self._plain(text, catalogue) else text
        return ""

    def _plain(self, name: str, catalogue: Catalogue) -> bool:
        """A name in which no word list finds anything."""
        if len(self._names) > MOST:
            self._names.clear()
        if name not in self._names:
            self._names[name] = (
                _PLAIN_NAME.fullmatch(name) is not None
                and not _listed(name, catalogue)
                and not any(catalogue.lexicon.claims(name.lower()))
                and not any(unspoken.any.among(readable(name)) for unspoken in catalogue.unspoken.values())
            )
        return self._names[name]

    def _slots_are_clean(
        self, shape: Shape, draft: Draft, forms: Mapping[str, str], message: Message, catalogue: Catalogue
    ) -> bool:
        """Whether no guard of words objects to any line for what fills it."""
        for words in _parts(shape):
            for around, slots in words.lines:
                if all(forms[slot] for slot in slots):
                    continue
                key = (around, message.channel, message.language, *[forms[slot] or draft.said[slot] for slot in slots])
                if key not in self._lines:
                    line = around % tuple([draft.said[slot] for slot in slots])
                    alone = replace(message, subject=None, title=None, body=line)
                    self._lines[key] = not judge(alone, catalogue, _LINE)
                if not self._lines[key]:
                    return False
        return True


def _listed(name: str, catalogue: Catalogue) -> bool:
    """Whether a copy editor's word list finds anything in it."""
    starts = catalogue.lexicons.starts_in(name)
    groups = (group for lexicon in catalogue.lexicons.values() for group in lexicon.values())
    return bool(starts) and any(any(group.found(name)) for group in groups if not starts.isdisjoint(group.starts))


def _parts(shape: Shape) -> tuple[Words, ...]:
    return tuple(words for words in (shape.subject, shape.title, shape.body) if words)


def _filled(shape: Shape, draft: Draft) -> bool:
    """Whether the words are those of the shape, and not what somebody made of them."""
    filled = [words.fill(draft.said) for words in _parts(shape)]
    return filled == [text for text in (draft.copy.subject, draft.copy.title, draft.copy.body) if text is not None]
