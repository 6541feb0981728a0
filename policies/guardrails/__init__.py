"""Every guard a message passes.  One file in this folder is one guard; ``cases/<guard>.yaml`` shows it passing and failing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, SCOPES, Finding, Message, Scope
from retrieval.customer import LANGUAGES
from retrieval.rooms import modules_of

LONGEST = 20_000
"""Code points of a whole message.  Every pattern is tested against hostile text of this length; no channel carries as much."""
LIMIT = 2.0
"""Seconds of its thread's processor time that a guard may spend on one message.

:data:`LONGEST` is what bounds the work: the worst text of that length takes the slowest guard about a tenth of this.  The time is for
what nobody foresaw, and far enough away that no slow machine gives another verdict for the same words.
"""

Check = Callable[[Message, Catalogue], Iterator[Finding]]

_MODULES = {name: module for name, module in modules_of(__name__, __path__).items() if name != "guard"}
GUARDS: Mapping[str, Check] = {name: module.check for name, module in _MODULES.items()}
"""Guard name → its check, in the order of names."""
NARROWEST: Mapping[str, Scope] = {name: module.SCOPE for name, module in _MODULES.items()}
"""Guard name → the narrowest scope in which it speaks."""


def judge(
    message: Message, catalogue: Catalogue, guards: Mapping[str, Check] = GUARDS, *, clock: Callable[[], float] = time.thread_time
) -> tuple[Finding, ...]:  # fmt: skip
    """Every finding of every guard, in a total order; all guards of its scope run even after a block.

    Fails closed: a guard that raises or takes longer than :data:`LIMIT` blocks, for an unchecked message is not a safe one;
    a message that no guard can read (too long, unknown language or channel) blocks before any of them works on it.
    ``clock`` gives seconds.  It counts the work of this thread alone, so that a busy machine never blocks a message, and a
    guard over its limit is asked once more, so that loading a word list the first time does not either.
    """
    return judge_all((message,), catalogue, guards, clock=clock)[0]


def judge_all(
    messages: Sequence[Message], catalogue: Catalogue, guards: Mapping[str, Check] = GUARDS, *,
    clock: Callable[[], float] = time.thread_time,
) -> list[tuple[Finding, ...]]:  # fmt: skip
    """:func:`judge` of each, guard by guard: one guard's code and words stay at hand while it reads message after message."""
    found = [list(_unreadable(message, catalogue)) for message in messages]
    readable = [(message, said) for message, said in zip(messages, found, strict=True) if not said]
    for name, check in guards.items():
        narrowest = SCOPES.index(NARROWEST.get(name, "copy"))
        for message, said in readable:
            if narrowest > SCOPES.index(message.scope):
                continue
            told, spent = _asked(name, check, message, catalogue, clock)
            if spent > LIMIT:
                told, spent = _asked(name, check, message, catalogue, clock)
            said.extend(told)
            if spent > LIMIT:
                said.append(
                    _about(
                        name, f"{name}.slow", f"検査「{name}」が制限時間内に終わりませんでした",
                        f"the check '{name}' did not finish in time",
                    )
                )  # fmt: skip
    return [tuple(sorted(said, key=Finding.place)) if said else () for said in found]


def _asked(
    name: str, check: Check, message: Message, catalogue: Catalogue, clock: Callable[[], float]
) -> tuple[list[Finding], float]:
    """What one guard finds and how many seconds it takes; an exception is told by its type alone, its text may hold values."""
    found: list[Finding] = []
    started = clock()
    try:
        # Extending keeps what was found before it broke: that is still true.
        found.extend(check(message, catalogue))
    except Exception as error:
        broken = type(error).__name__
        found.append(
            _about(
                name, f"{name}.failed", f"検査「{name}」が実行できませんでした（{broken}）",
                f"the check '{name}' could not run ({broken})",
            )
        )  # fmt: skip
    return found, clock() - started


def _unreadable(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    size = sum(len(text) for _, text in message.parts)
    if size > LONGEST:
        yield _about(
            "message", "message.size", f"文面が長すぎます（{size:,}字、上限{LONGEST:,}字）",
            f"the message is too long ({size:,} characters, at most {LONGEST:,})",
        )  # fmt: skip
    if message.language not in LANGUAGES:
        yield _about("message", "message.language", "検査できない言語です", "no guard reads this language")
    if message.channel not in catalogue.channels:
        yield _about("message", "message.channel", "検査できない経路です", "no guard knows this channel")


def _about(guard: str, rule: str, ja: str, en: str) -> Finding:
    """A block that is about no place in the text."""
    return Finding(guard, rule, BLOCK, None, None, "", ja, en)


def verdict_of(findings: tuple[Finding, ...]) -> str:
    """``block``, ``flag`` or ``pass``: the worst severity."""
    severities = {finding.severity for finding in findings}
    return BLOCK if BLOCK in severities else "flag" if severities else "pass"
