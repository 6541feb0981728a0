"""The draft is written in its reader's language, politely: Japanese in です・ます with 様 once after the name, English without Japanese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1
_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺー一-龯々]")
_LATIN = re.compile(r"[A-Za-z]")
_POLITE = re.compile(r"(?:です|ます|でした|ました|ません|でしょう|ましょう|ください|下さい|ませ)(?:か|ね|よ|が)?\Z")
_PLAIN = re.compile(
    r"(?:だ|だった|である|であった|だろう|する|した|しろ|ない|なかった|いる|いた|ある|あった|なる|なった|れる|れた|せる|せた|った|いだ|んだ|くれ|なさい|たい|ほしい|だね|だよ)"
    r"(?:か|ね|よ|ぞ|な)?\Z"
)
_ENDS = re.compile(r"(?<=[。？！?!])")
LEAST_SHARE = 60
"""Percent of the letters, without those of the facts, that must be of the language."""


def score(outcome: Outcome, case: Case) -> Score | None:
    """The measure is the percentage of letters in the language of the draft, without its facts."""
    draft, expect = outcome.draft, case.file.expect.draft
    if draft is None or not (outcome.leaves or expect.language):
        return None
    faults = []
    if expect.language not in (None, draft["language"]):
        faults.append(f"the language is {draft['language']}, not {expect.language}")
    if not outcome.leaves:
        return score_of(faults)
    text = unicodedata.normalize("NFKC", outcome.text)
    bare = text
    for fact in sorted((fact["text"] for fact in draft["facts"]), key=len, reverse=True):
        bare = bare.replace(unicodedata.normalize("NFKC", fact), " ")
    japanese, latin = len(_JAPANESE.findall(bare)), len(_LATIN.findall(bare))
    own = japanese if draft["language"] == "ja" else latin
    share = round(100 * own / max(1, japanese + latin))
    if share < LEAST_SHARE:
        faults.append(f"only {share} % of its letters are {draft['language']}")
    if draft["language"] == "ja":
        faults += [f"「{said}」 ends in the plain form" for said in _blunt(text)]
        faults += _honorifics(text, draft)
    return score_of(faults, share)


def _blunt(text: str) -> Iterator[str]:
    """Sentences closed by a mark that end in the plain form."""
    for paragraph in re.split(r"\n\s*\n", text):
        for sentence in _ENDS.split(paragraph.replace("\n", "")):
            said = sentence.strip().rstrip("。！？!?」』）)")
            if said != sentence.strip() and _PLAIN.search(said) and not _POLITE.search(said):
                yield said[-20:]


def _honorifics(text: str, draft: Mapping[str, Any]) -> list[str]:
    faults = ["様 stands twice"] if re.search(r"様\s*様", text) else []
    said = {fact["slot"]: unicodedata.normalize("NFKC", fact["text"]) for fact in draft["facts"]}
    names = {said.pop(slot) for slot in ("addressee", "surname") if slot in said}
    # A shop and its people may share the reader's name; theirs goes without 様.
    for other in sorted(said.values(), key=len, reverse=True):
        text = text.replace(other, "")
    for name in sorted(names - set(said.values())):
        if re.search(rf"{re.escape(name)}(?![^\n、。]{{0,12}}様|さん)", text):
            faults.append(f"{name} stands without 様")
    return faults
