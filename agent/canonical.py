"""One byte form for everything that is stored, compared or digested: UTF-8 JSON, keys sorted, no spaces."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson


def canonical(content: Any) -> bytes:
    """Canonical JSON bytes; instants must already be text."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def digest(content: bytes, length: int = 24) -> str:
    """First ``length`` hex digits of SHA-256."""
    return hashlib.sha256(content).hexdigest()[:length]


def stamp(moment: datetime) -> str:
    """An instant as ISO 8601 in UTC, microseconds only where there are any: ``2026-05-14T01:30:00Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def first_difference(stored: Any, now: Any, path: str = "") -> str | None:
    """The first field, in key order, at which two JSON values differ, with both values; None when they are equal."""
    if isinstance(stored, dict) and isinstance(now, dict):
        for key in sorted(stored.keys() | now.keys()):
            inner = f"{path}.{key}" if path else key
            if key not in stored or key not in now:
                side, value = ("now", now[key]) if key not in stored else ("stored", stored[key])
                return f"{inner}: only {side} ({orjson.dumps(value).decode()[:80]})"
            if (found := first_difference(stored[key], now[key], inner)) is not None:
                return found
        return None
    if isinstance(stored, list) and isinstance(now, list):
        for number, (one, other) in enumerate(zip(stored, now, strict=False)):
            if (found := first_difference(one, other, f"{path}[{number}]")) is not None:
                return found
        return None if len(stored) == len(now) else f"{path}: {len(stored)} entries stored, {len(now)} now"
    if stored == now and type(stored) is type(now):
        return None
    return f"{path}: stored {orjson.dumps(stored).decode()[:80]}, now {orjson.dumps(now).decode()[:80]}"
