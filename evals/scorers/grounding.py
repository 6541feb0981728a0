"""Every number and every product in a draft that could leave stands in a fact it was written from.

Written anew, without the guard ``claims``: what two independent readers both let pass is likelier to be true.
"""

from __future__ import annotations

import re
import unicodedata

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1
_NUMBER = re.compile(r"[0-9][0-9,.:/-]*")
_WHOLLY = re.compile(r"半額|無料|タダ|\bfree\b|half price", re.I)


def score(outcome: Outcome, case: Case) -> Score | None:
    """The measure is how many claims stand in no fact."""
    if not outcome.leaves or outcome.draft is None:
        return None
    facts = sorted({_plain(fact["text"]) for fact in outcome.draft["facts"]}, key=len, reverse=True)
    text = _plain(outcome.text)
    products = [_plain(product["name"]) for product in case.record.get("catalog") or ()]
    named = [name for name in products if len(name) > 1 and name in text and not any(name in fact for fact in facts)]
    for fact in facts:
        text = text.replace(fact, "\n")
    loose = [*_NUMBER.findall(text), *(found[0] for found in _WHOLLY.finditer(text))]
    faults = [f"「{said}」 stands in no fact" for said in dict.fromkeys([*loose, *named])]
    return score_of(faults, len(faults))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
