"""The draft says what it must and nothing it must not: phrases, facts by their slots, and not what a person turned down."""

from __future__ import annotations

import unicodedata

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """Phrases are looked for in subject, title and body; width of letters and line breaks do not matter."""
    expect, draft = case.file.expect.draft, outcome.draft
    asked = (expect.cites, expect.cites_not, expect.says, expect.never_says, expect.unlike, expect.none)
    if not any(asked):
        return None
    if draft is None:
        said = "there is no draft" if any((expect.cites, expect.says)) else ""
        return score_of([said] if said else [])
    if expect.none:
        return score_of([f"a draft was written for {draft['action']}"])
    text, slots = _plain(outcome.text), {fact["slot"] for fact in draft["facts"]}
    faults = [f"「{phrase}」 is not said" for phrase in expect.says if _plain(phrase) not in text]
    faults += [f"「{phrase}」 is said" for phrase in expect.never_says if _plain(phrase) in text]
    faults += [f"the fact '{slot}' is not said" for slot in expect.cites if slot not in slots]
    faults += [f"the fact '{slot}' is said" for slot in expect.cites_not if slot in slots]
    if expect.unlike is not None and _plain(expect.unlike) == _plain(draft["body"]):
        faults.append("these are the words that a reviewer turned down")
    return score_of(faults)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
