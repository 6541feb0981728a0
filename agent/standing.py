"""What the ledger must know of a person at the moment it decides, read inside its own transaction with a handful of lookups.

The same words as the features of :mod:`retrieval.features` (a test holds them equal), read from rows instead of columns because
one person is asked for while others wait.  Where a clock disagrees the stricter reading holds: a refusal counts whatever its
time says, an agreement only once its time has come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection

from policies.catalogue import Catalogue
from policies.contact import Contact, Held, Recipient, Signal
from policies.hours import at as clock_at
from policies.hours import countries_of
from retrieval.customer import CHANNELS
from retrieval.features.consents import FAILING, FAILURE_COUNTS_FOR, LEAVING, PROFILING
from retrieval.features.notes import HOLD_DAYS, HOLDS
from retrieval.frames import DEFAULT_ZONE
from retrieval.history import instant, microseconds
from retrieval.notes.concepts import of
from retrieval.people import read_duplicates
from retrieval.tables import bucket_of

REMEMBERED = timedelta(days=400)
"""How far back contacts are read: longer than any cap counts."""
ADULT_AGE = 18
GRAVE = ("medium", "high")
SERVICE_CONSENT_GATE = "G2s"
WROTE = "reply"
"""What a message from the customer counts as: an answer."""
_THESE, _PEOPLE = "(bucket, customer_id) IN ({keys})", "(bucket, id) IN ({keys})"
_CUSTOMER = (
    "id", "kind", "status", "timezone", "locale", "region", "birthdate", "preferences", "guardian_consent", "objection_scope", "objection_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One customer as the ledger sees them: contacts made, contacts promised, consent, and what the rules read.

    ``same`` are the ids of likely duplicates, whose contacts are among ``history`` and ``planned``; ``refusals`` maps a channel
    to the purposes not open on it.
    """

    id: str
    reader: Recipient
    history: tuple[Contact, ...] = ()
    planned: tuple[Contact, ...] = ()
    same: tuple[str, ...] = ()
    refusals: Mapping[str, frozenset[str]] = field(default_factory=dict)
    objected: bool = False


def same_person(connection: Connection, ids: Iterable[str], catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Each customer's likely duplicates, by id, in order."""
    return {name: tuple(sorted(twins)) for name, twins in _twins(connection, ids, catalogue).items()}


def read_people(connection: Connection, ids: Sequence[str], catalogue: Catalogue, at: datetime) -> dict[str, Person]:
    """Every customer of ``ids`` that is in the history, as known to the database now."""
    read = _rows(connection, f"SELECT {', '.join(_CUSTOMER)} FROM customers WHERE {_PEOPLE}", ids)
    rows = {row[0]: dict(zip(_CUSTOMER, row, strict=True)) for row in read}
    twins = _twins(connection, rows, catalogue)
    everybody = sorted({*rows, *(twin for found in twins.values() for twin in found)})
    if not rows:
        return {}
    made, promised = _contacts(connection, everybody, catalogue, at), _promised(connection, everybody, catalogue, at)
    signals, stops = _signals(connection, list(rows), catalogue, at)
    consents = _by_customer(
        connection, f"SELECT customer_id, channel, purpose, at, status FROM consents WHERE {_THESE}", rows
    )
    tickets = _by_customer(
        connection, f"SELECT customer_id, opened, closed, status, severity, topic FROM tickets WHERE {_THESE}", rows
    )
    notes = _notes(connection, list(rows), at)
    found = {}
    for name, row in rows.items():
        same = tuple(sorted(twins[name]))
        history = [contact for one in (name, *same) for contact in made[one]]
        for twin, told in twins[name].items():
            known = sum(at - timedelta(days=7) < contact.at <= at for contact in made[twin])
            history += [Contact(at=at, channel="email", ref=f"told of {twin}")] * (told - known)
        refusals, heard = _refusals(consents[name], stops[name], row, at)
        found[name] = Person(
            id=name, history=tuple(history), planned=tuple(contact for one in (name, *same) for contact in promised[one]), same=same,
            refusals=refusals, objected=_objected(row) == "all",
            reader=Recipient(
                zone=row["timezone"], countries=countries_of(row["timezone"], row["locale"]), region=row["region"], kind=row["kind"] or "b2c",
                limits=_limits(row["preferences"]), signals=tuple(sorted((*signals[name], *heard), key=lambda one: one.at)),
                holds=(*_status(row), *_complaints(tickets[name], at), *_minor(row), *_in_notes(notes[name], at)),
            ),
        )  # fmt: skip
    return found


def _rows(connection: Connection, statement: str, ids: Iterable[str], *more: object) -> list[Any]:
    """The rows of these customers, found by the key the tables are clustered by, through the driver's own cursor: a person is
    asked for while others wait.  ``more`` are the values after the customers."""
    keys = [(bucket_of(name), name) for name in sorted(set(ids))]
    places = ", ".join(["(?, ?)"] * len(keys))
    if connection.dialect.name == "sqlite":
        statement = statement.replace("{keys}", f"VALUES {places}")
    else:
        statement = statement.replace("{keys}", places).replace("?", "%s")
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, [*(value for key in keys for value in key), *more])
        return list(cursor.fetchall())
    finally:
        cursor.close()


def _by_customer(
    connection: Connection, statement: str, ids: Iterable[str], *more: object
) -> defaultdict[str, list[Any]]:
    """The same by customer, whose id stands first in each row and is taken off."""
    found = defaultdict(list)
    for row in _rows(connection, statement, ids, *more):
        found[row[0]].append(row[1:])
    return found


def _group(catalogue: Catalogue, action: str | None) -> str | None:
    known = catalogue.by_id.get(action or "")
    return known.group if known else None


def _purpose(catalogue: Catalogue, action: str | None, told: str | None) -> str | None:
    """The purpose told, else that of the action."""
    known = catalogue.by_id.get(action or "")
    return told or (known.purpose if known else None)


def _contacts(connection: Connection, ids: list[str], catalogue: Catalogue, at: datetime) -> dict[str, list[Contact]]:
    rows = _by_customer(
        connection, f"SELECT customer_id, at, channel, purpose, action FROM contacts WHERE {_THESE} AND at > ? ORDER BY customer_id, at, digest", ids,
        microseconds(at - REMEMBERED),
    )  # fmt: skip
    return {
        name: [
            Contact(at=instant(moment), channel=channel, purpose=_purpose(catalogue, action, purpose), action=action, group=_group(catalogue, action))
            for moment, channel, purpose, action in rows[name]
        ]
        for name in ids
    }  # fmt: skip


def _promised(connection: Connection, ids: list[str], catalogue: Catalogue, at: datetime) -> dict[str, list[Contact]]:
    """What is reserved and has not left; a message that is overdue leaves now at the earliest."""
    rows = _by_customer(
        connection, f"SELECT customer_id, at, channel, purpose, action, draft_id FROM reservations WHERE {_THESE} AND state = 'reserved' "
        "ORDER BY customer_id, at, draft_id", ids,
    )  # fmt: skip
    return {
        name: [
            Contact(at=max(instant(moment), at), channel=channel, purpose=purpose, action=action, group=_group(catalogue, action), ref=draft)
            for moment, channel, purpose, action, draft in rows[name]
        ]
        for name in ids
    }  # fmt: skip


def _signals(
    connection: Connection, ids: list[str], catalogue: Catalogue, at: datetime
) -> tuple[defaultdict[str, list[Signal]], defaultdict[str, list[Signal]]]:
    """What each person did, the latest of each kind: what rests and answers read, and what shuts a channel."""
    policy = catalogue.contact
    wanted = sorted({*policy.answers, *LEAVING, *FAILING, *(kind for rest in policy.rests for kind in rest.after)})
    of_these = f"{_THESE} AND type IN ({', '.join('?' * len(wanted))})"
    signals: defaultdict[str, list[Signal]] = defaultdict(list)
    stops: defaultdict[str, list[Signal]] = defaultdict(list)
    failed = at - timedelta(days=FAILURE_COUNTS_FOR)
    rows = [
        *(row for table in ("events", "outcomes") for row in _rows(
            connection, f"SELECT customer_id, type, channel, max(at) FROM {table} WHERE {of_these} GROUP BY customer_id, type, channel", ids, *wanted)),
        *_rows(connection, f"SELECT customer_id, '{WROTE}', NULL, max(at) FROM interactions WHERE {_THESE} AND direction = 'in' GROUP BY customer_id", ids),
    ]  # fmt: skip
    for name, kind, channel, moment in rows:
        signal = Signal(instant(moment), kind, channel)
        signals[name].append(signal)
        if kind in LEAVING or (kind in FAILING and signal.at > failed):
            stops[name].append(signal)
    return signals, stops


def _notes(connection: Connection, ids: list[str], at: datetime) -> dict[str, list[tuple[datetime, bool, str]]]:
    """(when, whether not ours, text) of notes and survey comments of the last 90 days."""
    since = microseconds(at - timedelta(days=HOLD_DAYS))
    written = _by_customer(
        connection, f"SELECT customer_id, at, direction, text FROM interactions WHERE {_THESE} AND at > ?", ids, since
    )
    spoken = _by_customer(
        connection,
        f"SELECT customer_id, at, 'in', comment FROM events WHERE {_THESE} AND at > ? AND comment IS NOT NULL",
        ids,
        since,
    )
    return {
        name: [
            (instant(moment), direction != "out", text) for moment, direction, text in (*written[name], *spoken[name])
        ]
        for name in ids
    }


def _twins(connection: Connection, ids: Iterable[str], catalogue: Catalogue) -> dict[str, dict[str, int]]:
    """Customer → who is likely the same person, whichever of the two records lists the other → contacts of 7 days told of them."""
    found: dict[str, dict[str, int]] = {name: {} for name in ids}
    for name, stored in read_duplicates(connection):
        likely = _duplicates(stored, catalogue)
        if name in found:
            found[name] |= likely
        for other in likely:
            if other in found:
                found[other].setdefault(name, 0)
    return found


def _duplicates(stored: str, catalogue: Catalogue) -> dict[str, int]:
    """Likely duplicates that one record lists: id → contacts of 7 days that were told of it."""
    found = {}
    for one in orjson.loads(stored):
        score, told = one.get("score"), one.get("contacts_7d")
        if isinstance(score, int | float) and score >= catalogue.contact.duplicate_score and one.get("id"):
            found[str(one["id"])] = told if isinstance(told, int) else 0
    return found


def _limits(stored: str | None) -> dict[str, int]:
    wishes = orjson.loads(stored or "{}")
    told = {channel: str(wishes.get(f"{channel}_max_per_30d")) for channel in CHANNELS}
    return {channel: int(float(value)) for channel, value in told.items() if value.replace(".", "", 1).isdecimal()}


def _objected(row: Mapping[str, Any]) -> str:
    """``all``, empty for no objection, or the scope of a partial one."""
    if row["objection_at"] is None and row["objection_scope"] is None:
        return ""
    scope = (row["objection_scope"] or "").lower()
    partial = any(channel in scope for channel in CHANNELS) or any(word in scope for word in PROFILING)
    return scope if partial else "all"


def _refusals(
    consents: list[Any], stops: list[Signal], row: Mapping[str, Any], at: datetime
) -> tuple[dict[str, frozenset[str]], list[Signal]]:
    """Channel → purposes not open on it, and each refusal as something the person did.  Yes and no at the same instant: no."""
    never = datetime.min.replace(tzinfo=UTC)
    agreed, refused = (defaultdict[tuple[str, str], datetime](lambda: never) for _ in range(2))
    left, failed = (defaultdict[str, datetime](lambda: never) for _ in range(2))
    since: dict[tuple[str, str], datetime] = {}
    for on, purpose, stored, status in consents:
        key, moment = (purpose, on), instant(stored)
        if status == "opt_out":
            refused[key] = max(refused[key], moment)
        elif moment <= at:
            agreed[key] = max(agreed[key], moment)
            since[key] = min(since.get(key, moment), moment)
    # A box never ticked is no goodbye; a yes taken back is.
    heard = [
        Signal(moment, "opt_out", key[1])
        for key, moment in refused.items()
        if key[0] == "marketing" and since.get(key, moment) < moment
    ]
    for stop in stops:
        if stop.type in FAILING:
            failed[stop.channel or "email"] = max(failed[stop.channel or "email"], stop.at)
            continue
        for channel in CHANNELS if stop.channel is None else (stop.channel,):
            left[channel] = max(left[channel], stop.at)
    objection, shut = _objected(row), {}
    for channel in CHANNELS:
        yes, service = agreed["marketing", channel], agreed["service", channel]
        works = failed[channel] < max(yes, service)
        marketing = works and yes > max(refused["marketing", channel], left[channel]) and channel not in objection
        shut[channel] = frozenset(
            purpose
            for purpose, is_open in (
                ("marketing", marketing),
                ("service", works and service > refused["service", channel]),
            )
            if not is_open
        )
    return shut, heard


def _status(row: Mapping[str, Any]) -> list[Held]:
    if row["status"] == "active":
        return []
    return [Held(row["status"] if row["status"] in ("deceased", "merged") else "closed")]


def _complaints(tickets: list[Any], at: datetime) -> list[Held]:
    """Complaints open, or closed at a known time."""
    found = []
    for opened, ended, status, severity, topic in tickets:
        if severity not in GRAVE and not (topic and "complaint" in of(topic)):
            continue
        closed = instant(ended) if ended is not None else None
        if closed is None and status != "open":
            continue
        found.append(Held("complaint", instant(opened), closed if closed is not None and closed <= at else None))
    return found


def _minor(row: Mapping[str, Any]) -> list[Held]:
    if row["birthdate"] is None or row["guardian_consent"]:
        return []
    born = date.fromisoformat(row["birthdate"])
    leap = (born.month, born.day) == (2, 29)
    grown = (
        date(born.year + ADULT_AGE, 3, 1)
        if leap and (born.year + ADULT_AGE) % 4
        else born.replace(year=born.year + ADULT_AGE)
    )
    return [
        Held(
            "minor",
            until=clock_at(grown, 0, ZoneInfo(DEFAULT_ZONE) if row["timezone"] is None else _zone(row["timezone"])),
        )
    ]


def _zone(name: str) -> ZoneInfo:
    """The zone; one that no clock knows blocks elsewhere, so that any stands in here."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)


def _in_notes(notes: list[tuple[datetime, bool, str]], at: datetime) -> list[Held]:
    """Reasons to stay silent that somebody wrote down and nobody has cleared since."""
    read = [(moment, inbound, of(text)) for moment, inbound, text in notes if moment <= at]
    cleared = max(
        (moment for moment, _, said in read if "hold_cleared" in said), default=datetime.min.replace(tzinfo=UTC)
    )
    found = []
    for kind, concepts in HOLDS.items():
        latest = max(
            (moment for moment, inbound, said in read if inbound and not said.isdisjoint(concepts)), default=None
        )
        if latest is not None and latest > cleared:
            found.append(Held(kind, latest))
    return found
