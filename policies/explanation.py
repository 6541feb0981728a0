"""Why a condition is false and what would have to change, as values that a program can compare and as a sentence in two languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from numbers import Real
from typing import Any, Literal

Mode = Literal["all", "any"]


@dataclass(frozen=True, slots=True)
class Change:
    """One comparison that would have to come out the other way.

    ``subject`` is what is compared, as written; ``name`` the feature if it is a bare one.  ``seen`` is its value now
    (None: unknown); it must be ``op`` ``bound``, where ``op`` is a comparison, ``in``, ``not in``, or ``is`` or ``is
    not`` None or True.  ``source`` is the text of a computed bound, and such a bound may be None: unknown.
    ``or_unknown``: null would do as well.  ``alone``: this change, without any other, makes the clause true.
    """

    subject: str
    name: str | None
    seen: Any
    op: str
    bound: Any
    source: str | None = None
    or_unknown: bool = False
    alone: bool = True

    @property
    def needs(self) -> str:
        """What it must be, in the notation of the rules: ``< 2``, ``in ('key', 'strategic')``."""
        return f"{self.op} {self.source if self.bound is None and self.source else repr(self.bound)}"

    @property
    def en(self) -> str:
        """One English sentence without a full stop."""
        return _told(self, _EN)

    @property
    def ja(self) -> str:
        """One Japanese sentence without a full stop."""
        return _told(self, _JA)


@dataclass(frozen=True, slots=True)
class Needs:
    """Several changes, of which ``all`` are needed or ``any`` one would do."""

    mode: Mode
    parts: tuple[Change | Needs, ...]

    @property
    def en(self) -> str:
        """The sentences of the parts, joined; a group within a group stands in parentheses."""
        return _told(self, _EN)

    @property
    def ja(self) -> str:
        """The sentences of the parts, joined; a group within a group stands in parentheses."""
        return _told(self, _JA)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a condition is false: its first false ``clause``, the values ``seen`` of its names, and the ``need``.

    For the earliest time at which the clause can pass, take the latest over ``all`` and the earliest over ``any``.
    """

    clause: str
    seen: Mapping[str, Any]
    need: Change | Needs

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change in ``need``, in the order of the clause."""
        return tuple(_flat(self.need))

    @property
    def en(self) -> str:
        """What would have to change, in English."""
        return self.need.en

    @property
    def ja(self) -> str:
        """What would have to change, in Japanese."""
        return self.need.ja


def _flat(need: Change | Needs) -> Iterator[Change]:
    if isinstance(need, Change):
        yield need
    else:
        for part in need.parts:
            yield from _flat(part)


@dataclass(frozen=True, slots=True)
class _Wording:
    sentence: str
    phrases: Mapping[Mode, str]
    sentences: Mapping[Mode, str]
    group: str
    quoted: str
    listed: str
    unknown: str
    true: str
    false: str
    computed: str
    uncomputed: str
    or_unknown: str
    needs: Mapping[str, str]


_EN = _Wording(
    sentence="{subject} must be {needs} (is {seen})",
    phrases={"all": " and ", "any": " or "},
    sentences={"all": ", and ", "any": ", or "},
    group="({})", quoted="'{}'", listed=", ", unknown="unknown", true="true", false="false",
    computed="{bound} [{source}]", uncomputed="{source}, which is unknown", or_unknown=", or unknown",
    needs={
        "<": "below {bound}", "<=": "at most {bound}", ">": "above {bound}", ">=": "at least {bound}",
        "==": "{bound}", "!=": "other than {bound}", "in": "one of {bound}", "not in": "none of {bound}",
        "is None": "empty", "is not None": "known", "is True": "true", "is not True": "false",
    },
)  # fmt: skip
_JA = _Wording(
    sentence="{subject} は {needs}である必要があります（現在 {seen}）",
    phrases={"all": "かつ ", "any": "または "},
    sentences={"all": "。かつ、", "any": "。または、"},
    group="（{}）", quoted="「{}」", listed="、", unknown="不明", true="はい", false="いいえ",
    computed="{bound} [{source}]", uncomputed="{source}（不明）", or_unknown="、または不明",
    needs={
        "<": "{bound} 未満", "<=": "{bound} 以下", ">": "{bound} を超える値", ">=": "{bound} 以上",
        "==": "{bound} ", "!=": "{bound} 以外", "in": "{bound} のいずれか", "not in": "{bound} 以外",
        "is None": "値なし", "is not None": "値あり", "is True": "はい", "is not True": "いいえ",
    },
)  # fmt: skip


def _told(need: Change | Needs, wording: _Wording) -> str:
    """Neighbouring changes of one subject share a sentence: "must be at least 5 and at most 21"."""
    mode, parts = ("all", (need,)) if isinstance(need, Change) else (need.mode, need.parts)
    told = []
    for _, group in groupby(parts, lambda part: (part.subject, part.or_unknown) if isinstance(part, Change) else part):
        neighbours = list(group)
        changes = [part for part in neighbours if isinstance(part, Change)]
        if not changes:
            told += [wording.group.format(_told(part, wording)) for part in neighbours]
            continue
        needs = wording.phrases[mode].join(_needed(change, wording) for change in changes)
        told.append(
            wording.sentence.format(
                subject=changes[0].subject,
                needs=needs + (wording.or_unknown if changes[0].or_unknown else ""),
                seen=_shown(changes[0].seen, wording),
            )
        )
    return wording.sentences[mode].join(told)


def _needed(change: Change, wording: _Wording) -> str:
    values = change.bound if isinstance(change.bound, tuple) else (change.bound,)
    bound = wording.listed.join(_shown(value, wording) for value in values)
    if change.source is not None:
        form = wording.uncomputed if change.bound is None else wording.computed
        bound = form.format(bound=bound, source=change.source)
    return wording.needs[change.needs if change.op in ("is", "is not") else change.op].format(bound=bound)


def _shown(value: Any, wording: _Wording) -> str:
    if value is None:
        return wording.unknown
    if isinstance(value, str):
        return wording.quoted.format(value)
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        return f"{number:.0f}" if number.is_integer() else f"{number:.10g}"
    return wording.true if value else wording.false
