"""The audit log: append-only, each entry carrying the digest of the one before, so that a gap or a change shows.

It is kept for long and read by many, so it holds no value from a customer's record and no words of a message: a finding is
logged by rule and place, and what stood there by a keyed hash, which tells equal values apart from different ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from agent.canonical import canonical, digest
from agent.tables import audit
from policies.guardrails import Finding
from retrieval.database import hold
from retrieval.history import microseconds

_FULL = 64
_LOCK = -1
"""Entries are chained, so they are written one after the other; persons are held by their bucket, 0 and up."""


def append(
    connection: Connection, *, at: datetime, actor: str, event: str, subject: str, detail: dict[str, Any]
) -> None:
    """Add one entry inside the caller's transaction."""
    hold(connection, _LOCK)
    last = connection.execute(select(audit.c.seq, audit.c.digest).order_by(audit.c.seq.desc()).limit(1)).first()
    seq, previous = (last.seq + 1, last.digest) if last else (1, "")
    row = {
        "seq": seq, "at": microseconds(at), "actor": actor, "event": event, "subject": subject,
        "detail": canonical(detail).decode(), "previous": previous,
    }  # fmt: skip
    connection.execute(insert(audit).values(**row, digest=digest(canonical(row), _FULL)))


def fingerprint(value: str, key: bytes) -> str:
    """16 hex digits of keyed BLAKE2b: without the key nobody can try names until one fits."""
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=key, digest_size=8).hexdigest()


def told(findings: Iterable[Finding], key: bytes) -> list[dict[str, Any]]:
    """Findings without what they found: guard, rule, severity, part, code points, and the fingerprint of the text there."""
    return [
        {
            "guard": finding.guard, "rule": finding.rule, "severity": finding.severity, "part": finding.part,
            "start": finding.start, "end": finding.end, "value": fingerprint(finding.text, key) if finding.text else None,
        }
        for finding in findings
    ]  # fmt: skip


def verify(connection: Connection) -> tuple[int, str | None]:
    """(entries, None) when the chain holds, else the sentence that says where it breaks."""
    previous, count = "", connection.execute(select(func.count()).select_from(audit)).scalar_one()
    for number, entry in enumerate(connection.execute(select(audit).order_by(audit.c.seq)).mappings(), 1):
        row = {name: entry[name] for name in ("seq", "at", "actor", "event", "subject", "detail", "previous")}
        if entry["seq"] != number:
            return count, f"entry {number} is missing"
        if entry["previous"] != previous or entry["digest"] != digest(canonical(row), _FULL):
            return count, f"entry {number} was changed"
        previous = entry["digest"]
    return count, None
