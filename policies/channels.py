"""What each channel can carry, and how it is counted.  One file in ``channels/`` is one channel."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from policies.loading import Page, policy_files
from retrieval.customer import CHANNELS
from retrieval.errors import nearest

ENGLISH_STRETCH = 2.3
"""English needs about this many letters for what one Japanese character says; lengths in the files are Japanese."""

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_TWICE = frozenset("^{}\\[~]|€")
_GSM7_ALL = _GSM7 | _GSM7_TWICE


class _Length(BaseModel):
    model_config = ConfigDict(extra="forbid")
    min: int | None = None
    aim: int | None = None
    max: int | None = None
    aim_width: int | None = None
    max_width: int | None = None
    aim_segments: int | None = None
    max_segments: int | None = None


class _ChannelFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    name: dict[str, str]
    counts: Literal["characters", "utf16", "width", "sms"]
    body: _Length
    subject: _Length | None = None
    title: _Length | None = None
    names_reader: bool
    window: tuple[time, time] | None = None
    cost: dict[str, int]
    lag_days: int = Field(ge=0, le=30)
    response: float = Field(gt=0, le=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRules:
    """One channel.

    ``window`` is the daily span, in the customer's zone, in which a message may leave (None: any time); ``cost`` minor
    units per message by currency; ``lag_days`` days until it can be read; ``response`` prior response relative to email.
    """

    id: str
    name: Mapping[str, str]
    counts: str
    body: _Length
    head: _Length | None
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
            id=read.id, name=read.name, counts=read.counts, body=read.body, head=read.subject or read.title,
            names_reader=read.names_reader, window=read.window, cost=read.cost, lag_days=read.lag_days, response=read.response,
        )  # fmt: skip
    return found


def sms_segments(text: str) -> int:
    """Segments an SMS is billed as: 160 or 153 GSM-7 septets, else 70 or 67 UCS-2 units (3GPP TS 23.038, 23.040)."""
    if _GSM7_ALL.issuperset(text):
        units = len(text) + sum(letter in _GSM7_TWICE for letter in text)
        return 1 if units <= 160 else -(-units // 153)
    units = utf16_units(text)
    return 1 if units <= 70 else -(-units // 67)


def utf16_units(text: str) -> int:
    """UTF-16 code units, the way LINE and UCS-2 count: an emoji is two or more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def display_width(text: str) -> int:
    """Half-width columns: East Asian wide and full-width letters take two (Unicode UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
