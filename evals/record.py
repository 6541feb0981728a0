"""Recording a case from what was decided: from a stored decision, or from a draft that a person approved, edited or rejected.

The record is made nobody's (:mod:`evals.pseudonyms`), the case is replayed, and only when the same decision comes out, feature by
feature, are its files written: all of them or none.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
import yaml
from sqlalchemy import select

from agent.canonical import digest, first_difference
from agent.enishi import Enishi
from agent.review.queue import shown
from agent.store import read_decision
from agent.tables import decisions
from evals.case import BLESSED, CASE, PARTS, RECORD, TEMPLATE, Case, load_case
from evals.invented import traces
from evals.pseudonyms import Pseudonyms
from evals.replay import Outcome, replay
from evals.run import written
from prompts.sender import Sender
from retrieval.database import reading
from retrieval.errors import InputError, nearest
from retrieval.frames import DEFAULT_ZONE
from retrieval.records import to_record

Disposition = Literal["approved", "edited", "rejected"]
MISPLACED = frozenset({"wrong_action", "wrong_timing", "duplicate"})
"""Reasons of a rejection that speak against the action; the others speak against the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a home keeps of one decision.  ``words`` are the draft's as they stand now."""

    decision_id: str
    customer_id: str
    run: str
    record: Mapping[str, Any]
    disposition: Disposition | None = None
    reason: str | None = None
    verdict: str | None = None
    rules: tuple[str, ...] = ()
    drafter: str = TEMPLATE
    words: Mapping[str, str | None] | None = None


def record_case(enishi: Enishi, of: str, suite: Path, *, why: str, id: str | None = None) -> tuple[Case, Outcome]:
    """Write the case of a decision (``d-…``) or a draft (``m-…``) into a suite, and return it with what comes out of it.

    Raises InputError when there is no such thing, when a case of that id is there, when the decision no longer comes out as it
    was, or when something would be left that looks like somebody's.
    """
    stored = read_stored(enishi, of)
    name = id or f"{stored.disposition or 'decision'}-{of.partition('-')[2][:10]}"
    folder = suite / name
    if folder.exists():
        raise InputError("there is a case of this name; --id gives it another", file=folder)
    whole = _record(enishi, stored)
    with tempfile.TemporaryDirectory() as place:
        drawn = Path(place) / name
        for record in (_trimmed(whole, stored), whole):
            case, outcome = _drawn(drawn, enishi, stored, record, name, why)
            difference = _difference(stored, outcome)
            if difference is None:
                break
        else:
            raise InputError(
                f"the decision does not come out as it was stored ({difference}); its history or what its notes say can't be kept "
                "in a case",
                key=of,
            )  # fmt: skip
        if stored.disposition == "approved":
            (drawn / BLESSED).write_bytes(written(outcome.json()))
        _clean(drawn, outcome, case)
        shutil.copytree(drawn, folder)
    return load_case(folder, name), outcome


def read_stored(enishi: Enishi, of: str) -> Stored:
    """What is stored of a decision or a draft; raises InputError naming the nearest id when there is none."""
    with reading(enishi.engine) as connection:
        if of.startswith("m-"):
            return _of_draft(shown(connection, of))
        row = connection.execute(select(decisions).where(decisions.c.id == of)).mappings().first()
        if row is None:
            near = connection.execute(select(decisions.c.id).limit(1000)).scalars()
            raise InputError(f"no decision or draft '{of}'{nearest(of, near)}", key="record")
        found = read_decision(connection, of)
        return Stored(decision_id=of, customer_id=row["customer_id"], run=row["run"], record=found)


def _of_draft(draft: Mapping[str, Any]) -> Stored:
    rejected = [entry["detail"]["reason"] for entry in draft["log"] if entry["event"] == "rejected"]
    disposition: Disposition | None = None
    if rejected:
        disposition = "rejected"
    elif draft["revision"] > 1:
        disposition = "edited"
    elif draft["state"] in ("approved", "released"):
        disposition = "approved"
    return Stored(
        decision_id=draft["decision_id"], customer_id=draft["customer_id"], run=draft["run"], record=draft["decision"],
        disposition=disposition, reason=rejected[-1] if rejected else None, verdict=draft["verdict"], drafter=draft["drafter"],
        rules=tuple(sorted(finding["rule"] for finding in draft["findings"])), words={part: draft[part] for part in PARTS},
    )  # fmt: skip


def _record(enishi: Enishi, stored: Stored) -> dict[str, Any]:
    """The customer's whole record as it was known when the decision was made."""
    frames = enishi.frames(stored.customer_id, as_of=datetime.fromisoformat(stored.record["as_of"]))
    shop = frames.customers["shop"][0]
    sender = enishi.world.senders.get(shop, Sender())
    record = to_record(frames, 0, sender.model_dump(exclude_none=True, exclude_defaults=True))
    moment = frames.as_of.astimezone(ZoneInfo(record["customer"].get("timezone") or DEFAULT_ZONE))
    for key in ("catalog", "offers"):
        record[key] = [row for row in record[key] if row.get("shop", "main") == shop]
    return {**record, "now": moment.isoformat()}


def _trimmed(record: Mapping[str, Any], stored: Stored) -> dict[str, Any]:
    """The record with those products and offers alone that the customer or the decision has to do with."""
    named = {row.get("sku") for key in ("events", "contacts", "subscriptions", "offers") for row in record[key]}
    named |= {item["sku"] for order in record["orders"] for item in order["items"]}
    named |= {*record["customer"].get("registered_skus", ()), *(one[2] for one in stored.record["candidates"])}
    catalog = [
        row for row in record["catalog"] if row["sku"] in named or {"content", "event"} & {*row.get("attrs", ())}
    ]
    return {**record, "catalog": catalog}


def _drawn(
    place: Path, enishi: Enishi, stored: Stored, record: Mapping[str, Any], name: str, why: str
) -> tuple[Case, Outcome]:
    """The case's files in ``place``, and what comes out of it."""
    pseudonyms = Pseudonyms(name)
    made = pseudonyms.record(record)
    clock = made.pop("now")
    asked = stored.record.get("asked") or {}
    content: dict[str, Any] = {
        "schema": 1, "why": why, "clock": clock, "policy_version": stored.record["policy_version"], "drafter": stored.drafter,
        "origin": _origin(stored), "run": stored.run, "seed": stored.record["seed"],
    }  # fmt: skip
    if stored.drafter != TEMPLATE:
        settings = enishi.home.settings.drafting.model_dump(exclude_defaults=True)
        content["drafting"] = {key: value for key, value in settings.items() if key not in ("base_url", "key_variable")}
    if asked:
        content["asked"] = dict(asked)
    if stored.disposition == "edited" and stored.words:
        content["edit"] = {part: pseudonyms.text(text) for part, text in stored.words.items() if text}
    content["expect"] = _expected(stored, pseudonyms)
    place.mkdir(parents=True, exist_ok=True)
    (place / CASE).write_text(_yaml(content), encoding="utf-8")
    (place / RECORD).write_bytes(readable(made))
    case = load_case(place, name)
    return case, replay(case, enishi, record=stored.drafter != TEMPLATE)


def _origin(stored: Stored) -> dict[str, Any]:
    told = {
        "kind": "review" if stored.disposition else "decision", "disposition": stored.disposition, "reason": stored.reason,
        "decision": digest(stored.decision_id.encode(), 12),
    }  # fmt: skip
    return {key: value for key, value in told.items() if value}


def _expected(stored: Stored, pseudonyms: Pseudonyms) -> dict[str, Any]:
    """What a person's answer asks of every later version."""
    action, channel, pair = stored.record["candidates"][0][:3]
    if stored.disposition == "rejected" and stored.reason in MISPLACED:
        return {"not_action": action}
    expect: dict[str, Any] = {"action": action}
    if channel:
        expect["channel"] = channel
    if pair:
        expect["sku" if any(name.startswith("s_") for name in stored.record["bound"]) else "offer"] = pair
    if stored.disposition == "rejected" and stored.words:
        expect["draft"] = {"unlike": pseudonyms.text(stored.words["body"] or "")}
    elif stored.verdict:
        expect["draft"] = {"verdict": stored.verdict, "findings": list(stored.rules)}
    return expect


def _difference(stored: Stored, outcome: Outcome) -> str | None:
    """The first field in which the replayed decision is another one; the customer's id is no part of it."""
    before, now = (
        {key: value for key, value in one.items() if key not in ("customer_id", "vocabulary")}
        for one in (stored.record, outcome.decision)
    )
    return first_difference(before, now)


def _clean(place: Path, outcome: Outcome, case: Case) -> None:
    found = next(traces(outcome.json(), case.language), None)
    if found:
        raise InputError(f"what comes out of it: {found}; nothing was written", file=place.name)


def _yaml(content: Mapping[str, Any]) -> str:
    """The case as a person edits it: text in blocks, short lists in one line."""
    lines = []
    for key, value in content.items():
        if key in ("clock", "policy_version"):
            lines.append(f"{key}: {value}\n")
        elif value not in ("", None):
            lines.append(yaml.dump({key: value}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=140))
    return "".join(lines)


class _Dumper(yaml.SafeDumper):
    """Text of several lines stands as it reads."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def readable(record: Mapping[str, Any]) -> bytes:
    """A customer record as a person reads it: one line per field of an object, one line per row of a list."""
    lines = []
    for key, value in record.items():
        if isinstance(value, list) and value:
            inner = ",\n".join(f"    {_line(row)}" for row in value)
            lines.append(f"  {_line(key)}: [\n{inner}\n  ]")
        elif isinstance(value, Mapping) and value:
            inner = ",\n".join(f"    {_line(name)}: {_line(held)}" for name, held in value.items())
            lines.append(f"  {_line(key)}: {{\n{inner}\n  }}")
        else:
            lines.append(f"  {_line(key)}: {_line(value)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_line(key)}: {_line(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_line, value)) + "]"
    return orjson.dumps(value).decode()
