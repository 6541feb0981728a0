"""How fast each guard is on its own: messages per second on one core, over the golden drafts and the labelled claims.

python -m benchmarks.guards [SECONDS]        how long each guard is timed on each set, default 2

The messages are judged again and again, so what a guard remembers of a paragraph or a line helps it as it does in a batch.
``copy of each`` are the copy checks that are asked of every message of a batch.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial

from policies.catalogue import Catalogue, load_catalogue
from policies.guardrails import GUARDS, Check, copy
from policies.guardrails.guard import Message
from prompts.bundle import ALWAYS
from tests.policies.claims.test_rows import message_of, rows
from tests.prompts.test_templates import cells, written


def drafts(catalogue: Catalogue) -> Iterator[Message]:
    """A draft of every action × channel × language, in three wordings."""
    for action, channel, language in cells():
        chosen = catalogue.by_id[action]
        for seed in range(3):
            yield written(chosen, channel, language, slots=ALWAYS + chosen.required + chosen.optional, seed=seed)[1]


def rate(check: Check, messages: Sequence[Message], catalogue: Catalogue, seconds: float) -> float:
    """Messages judged per second of one core."""
    done, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        for message in messages:
            for _ in check(message, catalogue):
                pass
        done += len(messages)
    return done / spent


def main(seconds: float) -> None:
    """One line per guard."""
    catalogue = load_catalogue()
    sets = {"drafts": list(drafts(catalogue)), "labelled": [message_of(row.values[0]) for row in rows("rows.yaml")]}
    print("guard".ljust(14), *(f"{name} ({len(messages)})".rjust(18) for name, messages in sets.items()))
    of_each = partial(copy.check, checks=copy.ASKED_OF_EACH)
    for guard, check in {**GUARDS, "copy of each": of_each}.items():
        print(
            guard.ljust(14), *(f"{rate(check, messages, catalogue, seconds):14,.0f} /s" for messages in sets.values())
        )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2)
