"""What each channel can carry, and how it is counted.  One file in ``channels/`` is one channel."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from policies.loading import Page, policy_files
from retrieval.customer import CHANNELS
from retrieval.errors import InputError, nearest

Part = Literal["subject", "title", "body", "alt_text", "whole"]
Unit = Literal["characters", "utf16", "columns", "segments", "bytes", "payload", "lines", "seconds"]

SPELLINGS: Mapping[str, str] = {"postcard": "post", "letter": "post", "fax": "post", "social_dm": "line"}
"""The names of policy facts that are not ours → the channel whose limits hold for them."""
POSTCARD_COLUMNS = 46
"""Half-width columns of a postcard line: 23 full-width letters of 10.5 pt on 88 mm of a 100 mm card."""
SPOKEN: Mapping[str, float] = {"ja": 300 / 60, "en": 150 / 60}
"""Read aloud in a second: Japanese characters, English words (house practice)."""

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_TWICE = frozenset("^{}\\[~]|€")
_GSM7_ALL = _GSM7 | _GSM7_TWICE


class Span(BaseModel):
    model_config = ConfigDict(extra="forbid")
    min: int | None = Field(default=None, ge=0)
    aim: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)

    def holds(self, size: int) -> bool:
        """Whether nothing is to be said of a text of this size."""
        least, good, most = self.min, self.aim, self.max
        return (least is None or size >= least) and (good is None or size <= good) and (most is None or size <= most)


class _LimitRow(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    part: Part
    unit: Unit
    ja: Span
    en: Span
    what: dict[str, str]
    why: str
    source: str
    confidence: Literal["high", "medium", "low"]


class _ChannelFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    name: dict[str, str]
    limits: tuple[_LimitRow, ...]
    head: Literal["subject", "title"] | None = None
    names_reader: bool
    window: tuple[time, time] | None = None
    cost: dict[str, int]
    lag_days: int = Field(ge=0, le=30)
    response: float = Field(gt=0, le=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one part of a message may measure, for Japanese and English text.

    Under ``min`` and over ``aim`` is poor practice, over ``max`` cannot be carried; None is no limit.  ``part`` may be
    ``alt_text`` (what stands for a rich message in a chat list) and ``whole`` (subject or title with the body).
    """

    id: str
    part: Part
    unit: Unit
    spans: Mapping[str, Span]
    what: Mapping[str, str]
    why: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRules:
    """One channel.

    ``head`` is the part it has above the body; ``window`` the daily span, in the customer's zone, in which a message may
    leave (None: any time); ``cost`` minor units per message by currency; ``lag_days`` days until it can be read;
    ``response`` prior response relative to email.
    """

    id: str
    name: Mapping[str, str]
    limits: tuple[Limit, ...]
    head: Literal["subject", "title"] | None
    names_reader: bool
    window: tuple[time, time] | None
    cost: Mapping[str, int]
    lag_days: int
    response: float


def load_channels(*roots: Path) -> Mapping[str, ChannelRules]:
    """Every channel by id.  Raises InputError naming file and line."""
    found = {}
    for path in policy_files("channels", *roots):
        page = Page(path)
        read = page.read(_ChannelFile)
        if read.id not in CHANNELS:
            raise page.error(f"unknown channel '{read.id}'{nearest(read.id, CHANNELS)}", "id")
        if read.id != path.stem:
            raise page.error(f"the file is named {path.stem}, so the id must be '{path.stem}'", "id")
        found[read.id] = ChannelRules(
            id=read.id, name=read.name, limits=tuple(_limit(row) for row in read.limits), head=read.head,
            names_reader=read.names_reader, window=read.window, cost=read.cost, lag_days=read.lag_days, response=read.response,
        )  # fmt: skip
    return found


def channel_named(name: str) -> str:
    """Our channel for a name of ours or of the policy facts; raises InputError naming the nearest one."""
    if (known := SPELLINGS.get(name, name)) not in CHANNELS:
        raise InputError(f"unknown channel '{name}'{nearest(name, (*CHANNELS, *SPELLINGS))}", key="channel")
    return known


def _limit(row: _LimitRow) -> Limit:
    return Limit(
        id=row.id, part=row.part, unit=row.unit, spans={"ja": row.ja, "en": row.en}, what=row.what, why=row.why,
        source=row.source, confidence=row.confidence,
    )  # fmt: skip


def measure(text: str, unit: Unit, language: str, head: str = "") -> int:
    """``text`` in a limit's unit, rounded up.

    ``characters`` and ``bytes`` are those of NFC text, ``payload`` bytes of the JSON that carries ``head`` and ``text`` to a
    telephone, ``lines`` those a postcard needs, ``seconds`` the time to read it aloud.
    """
    match unit:
        case "segments":
            return sms_segments(text)
        case "utf16":
            return utf16_units(text)
        case "columns":
            return display_width(text)
        case "bytes":
            return len(_composed(text).encode("utf-8", "surrogatepass"))
        case "payload":
            return push_payload(head, text)
        case "lines":
            return sum(max(1, -(-display_width(line) // POSTCARD_COLUMNS)) for line in text.split("\n"))
        case "seconds":
            return math.ceil((len(text.split()) if language == "en" else len(text)) / SPOKEN[language])
        case _:
            return len(_composed(text))


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def push_payload(title: str, body: str) -> int:
    """Bytes of the notification as APNs takes it, with nothing beside the alert; APNs and FCM refuse more than 4,096."""
    alert = {"aps": {"alert": {"title": title, "body": body}}}
    return len(json.dumps(alert, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def sms_encoding(text: str) -> str:
    """``GSM-7`` or ``UCS-2``: the alphabet an SMS leaves in; one letter outside GSM-7 moves all of it."""
    return "GSM-7" if _GSM7_ALL.issuperset(text) else "UCS-2"


def gsm7_strays(text: str) -> frozenset[str]:
    """The letters of ``text`` that GSM-7 does not have."""
    return frozenset(text) - _GSM7_ALL


def sms_segments(text: str) -> int:
    """Segments an SMS is billed as: 160 or 153 GSM-7 septets, else 70 or 67 UCS-2 units (3GPP TS 23.038, 23.040).

    Neither an escaped letter (two septets) nor a surrogate pair may be cut in two, so a segment can end one unit short.
    """
    if _GSM7_ALL.issuperset(text):
        doubles = sum(map(text.count, _GSM7_TWICE))
        single, several, units = 160, 153, len(text) + doubles
    else:
        single, several, units = 70, 67, utf16_units(text)
        doubles = units - len(text)
    if units <= single:
        return 1
    if not doubles:
        return -(-units // several)
    wide = _GSM7_TWICE.__contains__ if single == 160 else "\uffff".__lt__
    segments, room = 1, several
    for letter in text:
        size = 2 if wide(letter) else 1
        if size > room:
            segments, room = segments + 1, several
        room -= size
    return segments


def utf16_units(text: str) -> int:
    """UTF-16 code units, the way LINE and UCS-2 count: an emoji is two or more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def display_width(text: str) -> int:
    """Half-width columns: East Asian wide and full-width letters take two (Unicode UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(map(_WIDTHS.__getitem__, text))


class _Widths(dict[str, int]):
    """Letter → columns, looked up once."""

    def __missing__(self, letter: str) -> int:
        self[letter] = columns = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        return columns


_WIDTHS = _Widths()
