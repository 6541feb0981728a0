"""Three sentences running do not end on the same words."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import JOINED, japanese
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J15", "warn", ("ja",)
RUN, LETTERS = 3, 4


def check(reading: Reading) -> Iterator[Spot]:
    """Each third sentence in a row with the same last four letters."""
    run, last = 0, ""
    for at, sentence in japanese(reading).finished:
        said = sentence.rstrip("。！？!?").replace(JOINED, "")
        ending = said[-LETTERS:]
        run = run + 1 if ending == last else 1
        last = ending
        if run == RUN and len(ending) == LETTERS:
            run = 0
            yield Spot(
                at, at + len(sentence), f"「{ending}」で終わる文が{RUN}つ続いています", f"{RUN} sentences running end with '{ending}'"
            )  # fmt: skip
