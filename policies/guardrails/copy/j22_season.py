"""What is said of the season is true in the month in which the message arrives."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J22", "block", ("ja",)
LEXICON = "seasons"


def check(reading: Reading) -> Iterator[Spot]:
    """A seasonal word of the lexicon outside its months.

    Without ``send_at`` the month is not known: in scope ``all`` that is a warning at the word, in a narrower scope, where
    only the wording is judged, nothing is said.
    """
    message, told, season = reading.message, japanese(reading), reading.catalogue.lexicons[LEXICON]["season"]
    if (LEXICON, "season") not in told.said:
        return
    for part, text in told.texts:
        for hit in season.found(text):
            said = text[hit.start : hit.end]
            if message.send_at is None:
                if message.scope == "all":
                    yield Spot(
                        hit.start, hit.end, f"「{said}」：届く日がわからず、季節に合うか確かめられません",
                        f"'{said}': when it arrives is not known, so the season cannot be checked", None, part, "warn",
                    )  # fmt: skip
            elif message.send_at.month not in hit.word.months:
                yield Spot(
                    hit.start, hit.end, f"「{said}」：{message.send_at.month}月の季節の言葉ではありません",
                    f"'{said}' is not said in month {message.send_at.month}", None, part,
                )  # fmt: skip
