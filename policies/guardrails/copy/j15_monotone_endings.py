"""Three sentences running do not end on the same words."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import ENDS, JOINED, japanese, sentences
from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J15", "warn", ("ja",)
RUN, LETTERS = 3, 4


def check(reading: Reading) -> Iterator[Spot]:
    """Each third sentence in a row with the same last four letters."""
    run, last = 0, ""
    for at, start, size, ending in [(at, *end) for _, at, one in japanese(reading).of_prose for end in _ends(one)]:
        run = run + 1 if ending == last else 1
        last = ending
        if run == RUN and len(ending) == LETTERS:
            run = 0
            yield Spot(
                at + start, at + start + size, f"「{ending}」で終わる文が{RUN}つ続いています", f"{RUN} sentences running end with '{ending}'"
            )  # fmt: skip


@once
def _ends(paragraph: Paragraph) -> tuple[tuple[int, int, str], ...]:
    """(offset, length, last letters) of each sentence that is finished."""
    return tuple(
        [
            (start, len(said), said.rstrip(ENDS).replace(JOINED, "")[-LETTERS:])
            for start, said in sentences(paragraph)
            if said[-1] in ENDS
        ]
    )
