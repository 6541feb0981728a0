"""What stands for a person in text that leaves the machine, and the one way back.

A prompt holds ``{{customer_name}}``, ``{{store_name}}`` and ``{{staff_name}}``, where a template declares them, and nothing else of a
person.  Free text that must be sent is masked with typed placeholders ⟦P1⟧ for that one call.  Restoring is one pass from left to
right by exact match: a placeholder that a model has bent, translated or invented is never guessed at, it is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from policies.identifiers.index import KnownIdentifiers
from policies.identifiers.normal import Normal, normalise
from policies.identifiers.recognisers import recognise
from policies.identifiers.runs import digit_runs
from policies.identifiers.spans import Span
from policies.places import Taken

NAMES = ("{{customer_name}}", "{{store_name}}", "{{staff_name}}")
"""The placeholders a template may declare.  The honorific belongs to the template, not to the value."""
COUNTS: Mapping[str, tuple[int, int]] = MappingProxyType({"{{customer_name}}": (0, 2)})
"""Placeholder → the fewest and the most times it may stand in one message; others any number of times."""
LONGEST_VALUE = 40

_TYPED = re.compile(r"⟦[A-Z][0-9]{1,6}⟧")
_EXACT = re.compile(rf"{'|'.join(map(re.escape, NAMES))}|{_TYPED.pattern}")
_RESIDUE = re.compile(
    r"\{\{|\}\}|[｛｝⟦⟧〚〛]|\[[A-Z_]{3,40}[0-9_]{0,6}\]|<[A-Z_]{3,40}[0-9_]{0,6}>|(?<![A-Za-z0-9_])[A-Z]{3,20}_[A-Z0-9_]{1,20}(?![A-Za-z0-9_])"
)
_BRACES = re.compile(r"[{}｛｝⟦⟧〚〛<>]")
_ADDRESS = re.compile(r"://|www\.|[A-Za-z0-9-]\.(?:com|net|org|jp|io|co)(?![A-Za-z])", re.IGNORECASE)
_LETTERS = {
    "PERSON": "P",
    "PHONE": "T",
    "EMAIL": "M",
    "ADDRESS": "A",
    "POSTAL_CODE": "A",
    "DOB": "D",
    "CREDIT_CARD": "C",
    "SECRET": "S",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is not restored: rule id, the place (None: no one place), reasons."""

    rule: str
    start: int | None
    end: int | None
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Restored:
    """``text`` with every placeholder replaced, None when there is a fault."""

    text: str | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Masked:
    """Free text without identifiers; ``values`` says what each placeholder stands for.  Kept for one call, never logged."""

    text: str
    values: Mapping[str, str]


def refused(value: str) -> tuple[str, str] | None:
    """Why a value may not be put in a placeholder's place, in Japanese and English; None when it may.

    A name field is written by whoever filled the form in: braces, addresses of pages, long numbers, characters nobody sees and
    whole sentences are no names.
    """
    if not value.strip():
        return "値が空です", "the value is empty"
    if len(value) > LONGEST_VALUE:
        return f"{LONGEST_VALUE}文字を超えています", f"longer than {LONGEST_VALUE} characters"
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in value):
        return "制御文字が含まれています", "has control characters"
    normal = normalise(value)
    if normal.hidden:
        return "見えない文字が含まれています", "has characters nobody sees"
    if _BRACES.search(value) or _BRACES.search(normal.text):
        return "かっこ類が含まれています", "has braces"
    if _ADDRESS.search(normal.text):
        return "URLが含まれています", "has the address of a page"
    if sum(letter.isdigit() for letter in normal.text) >= 7:
        return "7桁以上の数字が含まれています", "has seven digits or more"
    return None


def restore(
    text: str,
    values: Mapping[str, str],
    *,
    declared: tuple[str, ...] = NAMES,
    counts: Mapping[str, tuple[int, int]] = COUNTS,
) -> Restored:
    """Put the values in the places of their placeholders, in one pass; what a value holds is never read again.

    ``declared`` are the placeholders that this text may hold.  A placeholder that is not declared or has no value, one that stands
    too often or not often enough, a value that :func:`refused` refuses, and anything that looks like what is left of a placeholder
    is a fault, and then nothing is restored.
    """
    faults: list[Fault] = []
    pieces: list[str] = []
    seen: dict[str, int] = {}
    at = 0
    for found in _EXACT.finditer(text):
        name = found[0]
        pieces.append(text[at : found.start()])
        faults += _residue(text, at, found.start())
        at = found.end()
        seen[name] = seen.get(name, 0) + 1
        if name not in declared or name not in values:
            faults.append(
                Fault(
                    "placeholders.undeclared",
                    *found.span(),
                    f"宣言されていない差し込み「{name}」です",
                    f"'{name}' is not declared",
                )
            )
            continue
        why = refused(values[name]) if name in NAMES else None
        if why:
            faults.append(
                Fault(
                    "placeholders.value",
                    *found.span(),
                    f"「{name}」に入れる値が使えません：{why[0]}",
                    f"the value of '{name}' {why[1]}",
                )
            )
        pieces.append(values[name])
    pieces.append(text[at:])
    faults += _residue(text, at, len(text))
    for name, (fewest, most) in counts.items():
        if name in declared and not fewest <= seen.get(name, 0) <= most:
            times = seen.get(name, 0)
            faults.append(
                Fault(
                    "placeholders.count",
                    None,
                    None,
                    f"「{name}」が{times}回あります（{fewest}〜{most}回）",
                    f"'{name}' stands {times} times ({fewest} to {most} allowed)",
                )
            )
    return Restored(None if faults else "".join(pieces), tuple(faults))


def _residue(text: str, start: int, end: int) -> Iterator[Fault]:
    for found in _RESIDUE.finditer(text, start, end):
        said = found[0]
        yield Fault(
            "placeholders.residue",
            *found.span(),
            f"差し込みの残り「{said}」があります",
            f"'{said}' is what is left of a placeholder",
        )


def mask_free_text(
    text: str, language: str, *, known: KnownIdentifiers | None = None, random: Random | None = None
) -> Masked:
    """``text`` with every identifier replaced: those that are known first, then those recognised, then any run of seven digits.

    Numbers start anywhere (``random``), so that a placeholder says nothing about another call; the same value has the same
    placeholder.  Brackets of placeholders in the text itself and characters nobody sees do not survive.
    """
    normal = normalise(text)
    spans: list[Span] = []
    taken = Taken(len(text))
    for span in (*(known.find(normal) if known else ()), *_recognised(normal, language)):
        if taken.free(span.start, span.end):
            taken.take(span.start, span.end)
            spans.append(span)
    number = (random or Random()).randrange(1, 1000)
    names: dict[tuple[str, str], str] = {}
    pieces: list[str] = []
    at = 0
    for span in sorted(spans):
        letter, value = _LETTERS.get(span.type, "N"), text[span.start : span.end]
        name = names.get((letter, value))
        if name is None:
            name = names[letter, value] = f"⟦{letter}{number + len(names)}⟧"
        pieces += (_plain(text, at, span.start, normal), name)
        at = span.end
    pieces.append(_plain(text, at, len(text), normal))
    return Masked("".join(pieces), MappingProxyType({name: value for (_, value), name in names.items()}))


def _recognised(normal: Normal, language: str) -> Iterator[Span]:
    for hit in recognise(normal.text, language):
        yield Span(*normal.raw_span(hit.start, hit.end), hit.type)
    for start, end in digit_runs(normal.text):
        yield Span(*normal.raw_span(start, end), "ORDER_ID")


def _plain(text: str, start: int, end: int, normal: Normal) -> str:
    for hidden_start, hidden_end in reversed(normal.hidden):
        if start <= hidden_start and hidden_end <= end:
            text, end = text[:hidden_start] + text[hidden_end:], end - (hidden_end - hidden_start)
    return text[start:end].translate({ord("⟦"): "[", ord("⟧"): "]"})
