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
_POLITE = re.compile(
    r"(?:です|ます|でした|ました|ません|でしょう|ましょう|ください|くださいませ|ませ|ございます|幸いです|お願いいたします|いたします)"
    r"(?:か|ね|よ|が)?[。？！?!」』）)]*\Z"
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
        faults += [f"「{said}」 does not end politely" for said in _blunt(text)]
        faults += _honorifics(text, draft)
    return score_of(faults, share)


def _blunt(text: str) -> Iterator[str]:
    """Sentences closed by a mark that do not end in です・ます."""
    for paragraph in re.split(r"\n\s*\n", text):
        for sentence in _ENDS.split(paragraph.replace("\n", "")):
            if sentence.strip().endswith(("。", "!", "?", "！", "？")) and not _POLITE.search(sentence.strip()):
                yield sentence.strip()[-20:]


def _honorifics(text: str, draft: Mapping[str, Any]) -> list[str]:
    facts = {fact["slot"]: fact["text"] for fact in draft["facts"]}
    faults = ["様 stands twice"] if re.search(r"様\s*様", text) else []
    for slot in ("addressee", "surname"):
        name = unicodedata.normalize("NFKC", facts.get(slot, ""))
        if name and re.search(rf"{re.escape(name)}(?!\s*様|[^\s、。]*様|さん)", text):
            faults.append(f"{name} stands without 様")
    return faults
