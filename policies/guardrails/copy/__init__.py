"""How a message is written: one file in this folder is one check, ``cases/copy/<file>.yaml`` shows it passing and failing.

Two rules of this list live elsewhere: C03, every number comes from a fact, is the claims' guard, and C07, who writes and how to
stop it, the law's; C09, sameness, is about a batch and stands in ``policies/sameness.py``.  E04 to E07 and E09 have no
published text; here they are exclamation marks, stock phrases, the subject, warmth carried over, and letter widths.

A check's file has ``RULE`` (its published id), ``LEVEL`` (block, fix or warn), ``LANGUAGES`` and ``check``, which yields a
:class:`~policies.guardrails.copy.reading.Spot` for each fault.  A *fix* comes with the words that belong there instead; a
*warn* is shown to the approver.  ``EACH = True`` where what it says depends on how long, how many or of which day the things
are that fill a copy's slots: such a check is asked of every message, the others once for all messages of a copy.

Most messages give most checks nothing to look at.  A check whose file has ``sign`` starts only where that is true of some
:class:`~policies.guardrails.copy.paragraph.Paragraph`, in Japanese checks that also say ``OF_PROSE = True`` of one above the
footer; ``check`` then reads the whole message.  The answer is kept with the paragraph, which costs little the next time.  One with
``LEXICON`` starts, besides, where any word of that lexicon stands in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import ModuleType

from policies.catalogue import Catalogue
from policies.guardrails.copy.japanese import japanese, prose_of
from policies.guardrails.copy.reading import Placed, Reading
from policies.guardrails.guard import BLOCK, FLAG, Finding, Message, Scope
from retrieval.rooms import modules_of

SCOPE: Scope = "copy"
CHECKS: tuple[ModuleType, ...] = tuple(
    module for name, module in modules_of(__name__, __path__).items() if re.match("[a-z][0-9]{2}_", name)
)
"""Every check, in the order of file names."""


ASKED_OF_EACH = tuple(one for one in CHECKS if getattr(one, "EACH", False))
"""The checks that two messages of one copy may answer differently."""


def check(message: Message, catalogue: Catalogue, checks: tuple[ModuleType, ...] = CHECKS) -> Iterator[Finding]:
    """What every check for the message's language says about it."""
    reading = Reading(message, catalogue)
    for one in _started(reading, _panel(checks, message.language)):
        for spot in one.check(reading):
            severity = BLOCK if (spot.level or one.LEVEL) == "block" else FLAG
            text = "" if spot.start is None else reading.text(spot.part)[spot.start : spot.end]
            yield Finding("copy", one.RULE, severity, spot.start, spot.end, text, spot.ja, spot.en, spot.part, spot.fix)


class _Panel:
    """The checks for one language in their order, each with a bit: set where there is something for it to look at."""

    def __init__(self, checks: tuple[ModuleType, ...], language: str) -> None:
        asked = [one for one in checks if language in one.LANGUAGES]
        self.checks = tuple((1 << number, one) for number, one in enumerate(asked))
        signed = [(bit, one.sign, getattr(one, "OF_PROSE", False)) for bit, one in self.checks if hasattr(one, "sign")]
        self.of_lexicon: dict[str, int] = {}
        for bit, one in self.checks:
            if hasattr(one, "LEXICON"):
                self.of_lexicon[one.LEXICON] = self.of_lexicon.get(one.LEXICON, 0) | bit
        self.always = sum(bit for bit, one in self.checks if not (hasattr(one, "sign") or hasattr(one, "LEXICON")))
        self.of_prose = sum(bit for bit, _, prose in signed if prose)
        self.started = lru_cache(maxsize=4096)(self._started)
        self._signs = tuple((bit, sign) for bit, sign, _ in signed)

    def _started(self, given: int) -> tuple[ModuleType, ...]:
        return tuple([one for bit, one in self.checks if given & bit])

    def given(self, paragraphs: Iterable[Placed]) -> int:
        """The bits that any of the paragraphs sets."""
        given = 0
        for _, _, paragraph in paragraphs:
            try:
                given |= paragraph.told[self]
            except KeyError:
                paragraph.told[self] = set_here = sum(bit for bit, sign in self._signs if sign(paragraph))
                given |= set_here
        return given


_panel = lru_cache(maxsize=64)(_Panel)


def _started(reading: Reading, panel: _Panel) -> tuple[ModuleType, ...]:
    """The checks that have something to look at."""
    given = panel.given(reading.paragraphs)
    if given & panel.of_prose:
        # It may stand in the footer or in the subject alone.
        given = given & ~panel.of_prose | panel.given(prose_of(reading)) & panel.of_prose
    if panel.of_lexicon:
        for lexicon, _ in japanese(reading).said:
            given |= panel.of_lexicon.get(lexicon, 0)
    return panel.started(given | panel.always)
