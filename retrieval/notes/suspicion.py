"""How much a note sounds like an instruction to a machine, and why.

The score is for the approver's eyes and for counting per source.  It is no barrier: what keeps an instruction in a note from
doing anything is that notes only ever become closed values.  A suspicious note's values may lower, but not raise.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import polars as pl
import yaml

from retrieval.frames import Frames

SOURCE = Path(__file__).with_name("suspicion.yaml")
SUSPICIOUS = 0.5
"""From this score on a note may lower but not raise, and is shown to the approver."""
LONGEST = 20_000
"""Letters of a note that are read; more than that in one note is a reason by itself."""
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_TAGGED = re.compile("[\U000e0020-\U000e007e]{3,}")
_MIXED = re.compile("[a-z][\u0370-\u03ff\u0400-\u052f]|[\u0370-\u03ff\u0400-\u052f][a-z]")
_WIDE = re.compile("[Ａ-Ｚａ-ｚ]{3,}[Ａ-Ｚａ-ｚ　 ]{9,}")
_HALF = re.compile("[ｦ-ﾟ]{12,}")
_ENCODED = re.compile("[A-Za-z0-9+/_-]{24,}={0,2}")
_SAME = str.maketrans("аеорсухіѕјһԁԛԝɡοαερτυνκιχβ", "aeopcyxisjhdqwgoaeptuvkixb")
"""Cyrillic and Greek letters that look like Latin ones."""
_TRICKS = {"hidden": 0.6, "lookalikes": 0.6, "encoded": 0.6, "full_width": 0.3, "half_width": 0.3, "length": 0.5}
"""Reasons that lie in the letters themselves, and their weights."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """``score`` from 0 (nothing odd) to 1; ``reasons`` by name, in order."""

    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A suspicious text: customer ``i``, the table and kind or column it comes from, and why."""

    i: int
    source: str
    suspicion: Suspicion


@lru_cache(maxsize=4096)
def suspicion(text: str) -> Suspicion:
    """Score one text; weights of independent reasons combine as chances do."""
    reasons = dict.fromkeys(sorted(_reasons(text)))
    left = 1.0
    for reason in reasons:
        left *= 1 - (_TRICKS.get(reason) or _patterns()[reason][0])
    return Suspicion(round(1 - left, 3), tuple(reasons))


def _reasons(text: str, depth: int = 0) -> Iterator[str]:
    if len(text) > LONGEST:
        yield "length"
        text = text[:LONGEST]
    if _HIDDEN.search(text):
        yield "hidden"
        for tagged in _TAGGED.findall(text) if depth == 0 else ():
            yield from _reasons("".join(chr(ord(letter) - 0xE0000) for letter in tagged), 1)
        text = _HIDDEN.sub("", text)
    if _WIDE.search(text):
        yield "full_width"
    if _HALF.search(text):
        yield "half_width"
    for piece in _ENCODED.findall(text) if depth == 0 else ():
        if (inside := _decoded(piece)) and next(_reasons(inside, 1), None):
            yield "encoded"
    read = unicodedata.normalize("NFKC", text).lower()
    if len(read) > LONGEST:  # one letter can stand for eighteen
        yield "length"
        read = read[:LONGEST]
    if _MIXED.search(read):
        yield "lookalikes"
        read = read.translate(_SAME)
    for reason, (_, pattern) in _patterns().items():
        if pattern.search(read):
            yield reason


def _decoded(piece: str) -> str | None:
    with suppress(binascii.Error, ValueError):
        bare = piece.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8")
    return None


@cache
def _patterns() -> dict[str, tuple[float, re.Pattern[str]]]:
    """Reason → (weight, pattern)."""
    entries = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return {
        reason: (float(entry["weight"]), re.compile("|".join((*entry["ja"], *entry["en"])), re.MULTILINE))
        for reason, entry in entries.items()
    }


def suspicious(texts: pl.Series) -> pl.Series:
    """Which texts score :data:`SUSPICIOUS` or more; a null is none."""
    return pl.Series([bool(text) and suspicion(text).score >= SUSPICIOUS for text in texts.to_list()], dtype=pl.Boolean)


def suspects(frames: Frames) -> tuple[Suspect, ...]:
    """Every suspicious text that somebody wrote in or about the customers of a partition: notes, comments and tickets."""
    notes, tickets, events = frames.interactions, frames.tickets, frames.events
    written = [
        *((i, f"interactions.{kind}", text) for i, kind, text in notes.select("i", "kind", "text").iter_rows()),
        *((i, f"events.{kind}", text) for i, kind, text in events.filter(pl.col("comment").is_not_null()).select("i", "type", "comment").iter_rows()),
        *((i, f"tickets.{column}", text) for column in ("topic", "summary") for i, text in tickets.select("i", column).iter_rows()),
    ]  # fmt: skip
    found = ((i, source, suspicion(text)) for i, source, text in written if text)
    return tuple(Suspect(i, source, said) for i, source, said in found if said.score >= SUSPICIOUS)


def by_source(frames: Frames) -> Counter[str]:
    """How many suspicious texts came from each source."""
    return Counter(one.source for one in suspects(frames))
