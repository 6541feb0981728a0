"""The ledger: every contact with a person over every channel, promised before it is made.

    reserve (at approval) → commit (as it leaves)
                          ↘ release (rejected, expired, consent taken back)

One transaction per person: their lock row first, then everything is read again (contacts that any system made, what is promised,
consent, objection, complaints, holds) and held against the whole contact policy, then written.  Whoever takes a consent back
takes the same lock, so that of two at once the refusal stands.  A database that does not answer raises, and nothing is approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Connection, Engine, insert, select, text, update

from agent.standing import SERVICE_CONSENT_GATE, Person, read_people, same_person
from agent.tables import contact_locks, reservations
from policies.catalogue import Catalogue
from policies.contact import Blocked, Contact, Opening, next_allowed_at
from policies.guardrails.guard import BLOCK, FLAG, Finding
from retrieval.database import try_again, writing
from retrieval.errors import InputError
from retrieval.history import instant, microseconds
from retrieval.tables import HISTORY, bucket_of

GUARD = "ledger"
CHUNK = 200
"""Customers per transaction of a bulk reservation."""
State = Literal["reserved", "committed", "deferred", "refused", "released"]
_LOCK = text(
    f"INSERT INTO {contact_locks.name} (customer_id, version) VALUES (:customer_id, 1) "
    f"ON CONFLICT (customer_id) DO UPDATE SET version = {contact_locks.name}.version + 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A contact somebody wants to make; it may leave in ``not_before`` … ``not_after``, both included."""

    draft_id: str
    customer_id: str
    channel: str
    purpose: str
    action: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the ledger says.

    ``due`` is when the contact is reserved for (or was made), None when it is not; ``blocked`` every rule that forbids an
    earlier instant, with the contacts that count; ``earliest`` the first instant every rule would allow, even one that comes
    too late; None when the passing of time alone opens nothing.
    """

    draft_id: str
    state: State
    due: datetime | None = None
    earliest: datetime | None = None
    blocked: tuple[Blocked, ...] = ()

    def findings(self) -> tuple[Finding, ...]:
        """What a reviewer reads: one finding per rule, blocking unless the contact was merely put off."""
        severity = BLOCK if self.due is None else FLAG
        return tuple(
            Finding(GUARD, one.rule, severity, None, None, "; ".join(map(str, one.contacts)),
                    f"「{one.ja}」に当たります{_counted_ja(one)}：{self._when(one)[0]}", f"{one.en}{_counted_en(one)}: {self._when(one)[1]}")
            for one in self.blocked
        )  # fmt: skip

    def _when(self, one: Blocked) -> tuple[str, str]:
        if self.due is not None:
            return f"{self.due.isoformat()}に延期しました", f"put off to {self.due.isoformat()}"
        if self.earliest is not None:
            return f"最短で{self.earliest.isoformat()}以降です", f"earliest {self.earliest.isoformat()}"
        if one.until is not None:
            return f"この条件は{one.until.isoformat()}まで続きます", f"this rule holds until {one.until.isoformat()}"
        return "時間がたっても解消しません", "time alone does not change it"


def _counted_ja(blocked: Blocked) -> str:
    return f"（数えた連絡：{'、'.join(map(str, blocked.contacts))}）" if blocked.contacts else ""


def _counted_en(blocked: Blocked) -> str:
    return f" (counted: {', '.join(map(str, blocked.contacts))})" if blocked.contacts else ""


def lock(connection: Connection, catalogue: Catalogue, customer_ids: Iterable[str]) -> None:
    """Wait for these people, and whoever is likely to be the same person, and hold them to the end of the transaction.

    In the order of ids, so that two who want the same people do not wait for each other.
    """
    wanted = set(customer_ids)
    wanted.update(twin for twins in same_person(connection, wanted, catalogue).values() for twin in twins)
    for name in sorted(wanted):
        connection.execute(_LOCK, {"customer_id": name})


def ask(connection: Connection, catalogue: Catalogue, request: Request, at: datetime) -> Ruling:
    """What :func:`reserve` would say now; nothing is written."""
    person = read_people(connection, [request.customer_id], catalogue, at).get(request.customer_id)
    return _ruled(catalogue, person, request, at)


def reserve(connection: Connection, catalogue: Catalogue, request: Request, at: datetime) -> Ruling:
    """Promise one contact inside the caller's transaction; the same draft twice is one reservation.

    It is reserved for the first instant of its time that every rule allows (``due``), else refused.
    """
    lock(connection, catalogue, [request.customer_id])
    people = read_people(connection, [request.customer_id], catalogue, at)
    return _reserved(connection, catalogue, people, request, at)


def reserve_many(engine: Engine, catalogue: Catalogue, requests: Sequence[Request], at: datetime) -> list[Ruling]:
    """Promise many contacts, in the order asked within each person; rulings in the order of ``requests``.

    People are taken in the order of their ids, :data:`CHUNK` to a transaction.
    """
    found: dict[int, Ruling] = {}
    places = sorted(range(len(requests)), key=lambda place: (requests[place].customer_id, place))
    people = [list(group) for _, group in groupby(places, key=lambda place: requests[place].customer_id)]

    @try_again
    def chunk(some: list[list[int]]) -> None:
        with writing(engine) as connection:
            names = [requests[group[0]].customer_id for group in some]
            lock(connection, catalogue, names)
            known = read_people(connection, names, catalogue, at)
            for place in (place for group in some for place in group):
                found[place] = _reserved(connection, catalogue, known, requests[place], at)

    for start in range(0, len(people), CHUNK):
        chunk(people[start : start + CHUNK])
    return [found[place] for place in range(len(requests))]


def commit(
    connection: Connection,
    catalogue: Catalogue,
    draft_id: str,
    at: datetime,
    *,
    sku: str | None = None,
    offer: str | None = None,
) -> Ruling:
    """A promised contact leaves now: everything is asked again, then it stands in the contact history.

    Committing twice is one contact.  What may not leave now is deferred to the first instant it may (the reservation moves), or
    refused and released when there is none in its time.  Raises InputError when the draft has no reservation.
    """
    row = _reservation(connection, draft_id)
    lock(connection, catalogue, [row["customer_id"]])
    row = _reservation(connection, draft_id)
    if row["state"] != "reserved":
        return Ruling(draft_id, row["state"], instant(row["at"]) if row["state"] == "committed" else None)
    request = Request(
        draft_id=draft_id, customer_id=row["customer_id"], channel=row["channel"], purpose=row["purpose"], action=row["action"],
        not_before=at, not_after=at if row["not_after"] is None else instant(row["not_after"]),
    )  # fmt: skip
    person = read_people(connection, [row["customer_id"]], catalogue, at).get(row["customer_id"])
    ruled = _ruled(catalogue, person, request, at)
    mine = update(reservations).where(reservations.c.draft_id == draft_id)
    if ruled.due is None:
        connection.execute(mine.values(state="released", ended_at=microseconds(at), rule=_first(ruled)))
        return ruled
    if ruled.due > at:
        connection.execute(mine.values(at=microseconds(ruled.due), rule=_first(ruled)))
        return replace(ruled, state="deferred")
    connection.execute(mine.values(state="committed", at=microseconds(at), ended_at=microseconds(at)))
    connection.execute(insert(HISTORY["contacts"]).values(
        bucket=row["bucket"], customer_id=row["customer_id"], at=microseconds(at), channel=row["channel"], action=row["action"],
        purpose=row["purpose"], sku=sku, offer=offer,
        digest=int.from_bytes(blake2b(draft_id.encode(), digest_size=8).digest()) >> 1,
    ))  # fmt: skip
    return replace(ruled, state="committed")


def release(connection: Connection, draft_id: str, at: datetime) -> bool:
    """Give a promised contact back; false when there is none, or it has left."""
    held = update(reservations).where(reservations.c.draft_id == draft_id, reservations.c.state == "reserved")
    return connection.execute(held.values(state="released", ended_at=microseconds(at))).rowcount > 0


def overdue(connection: Connection, at: datetime) -> list[str]:
    """Drafts whose promised contact did not leave in its time, in order."""
    late = select(reservations.c.draft_id).where(
        reservations.c.state == "reserved", reservations.c.not_after < microseconds(at)
    )
    return list(connection.execute(late.order_by(reservations.c.draft_id)).scalars())


@try_again
def revoke(
    engine: Engine, catalogue: Catalogue, customer_id: str, channel: str, purpose: str, at: datetime
) -> tuple[str, ...]:
    """Consent taken back: written, and what was promised under it released; returns those drafts.

    The person's lock is taken, so that an approval either comes before and is released here, or comes after and is refused.
    """
    with writing(engine) as connection:
        lock(connection, catalogue, [customer_id])
        consents = HISTORY["consents"]
        key = {
            "bucket": bucket_of(customer_id),
            "customer_id": customer_id,
            "channel": channel,
            "purpose": purpose,
            "at": microseconds(at),
        }
        same = [consents.c[name] == value for name, value in key.items()]
        if not connection.execute(update(consents).where(*same).values(status="opt_out")).rowcount:
            connection.execute(insert(consents).values(**key, status="opt_out"))
        mine = (
            (reservations.c.customer_id == customer_id) & (reservations.c.bucket == key["bucket"]) & (reservations.c.channel == channel)
            & (reservations.c.purpose == purpose) & (reservations.c.state == "reserved")
        )  # fmt: skip
        gone = tuple(
            connection.execute(select(reservations.c.draft_id).where(mine).order_by(reservations.c.draft_id)).scalars()
        )
        connection.execute(
            update(reservations)
            .where(mine)
            .values(state="released", ended_at=microseconds(at), rule=f"consent.{purpose}")
        )
        return gone


def _reservation(connection: Connection, draft_id: str) -> Mapping[str, Any]:
    row = connection.execute(select(reservations).where(reservations.c.draft_id == draft_id)).mappings().first()
    if row is None:
        raise InputError(f"no contact was reserved for '{draft_id}'", key="draft")
    return dict(row)


def _reserved(
    connection: Connection, catalogue: Catalogue, people: dict[str, Person], request: Request, at: datetime
) -> Ruling:
    """Reserve for a person that is locked and read; ``people`` is brought up to date."""
    held = (
        connection.execute(select(reservations).where(reservations.c.draft_id == request.draft_id)).mappings().first()
    )
    if held is not None and held["state"] != "released":
        return Ruling(request.draft_id, held["state"], instant(held["at"]), instant(held["at"]))
    person = people.get(request.customer_id)
    ruled = _ruled(catalogue, person, request, at)
    if ruled.due is None or person is None:
        return ruled
    row = {
        "draft_id": request.draft_id, "bucket": bucket_of(request.customer_id), "customer_id": request.customer_id, "channel": request.channel,
        "purpose": request.purpose, "action": request.action, "at": microseconds(ruled.due), "state": "reserved",
        "reserved_at": microseconds(at), "ended_at": None, "not_after": microseconds(request.not_after), "rule": _first(ruled),
        "policy_version": catalogue.contact.version,
    }  # fmt: skip
    if held is None:
        connection.execute(insert(reservations).values(row))
    else:
        connection.execute(update(reservations).where(reservations.c.draft_id == request.draft_id).values(row))
    made = Contact(at=ruled.due, channel=request.channel, purpose=request.purpose, action=request.action,
                   group=catalogue.action(request.action).group, ref=request.draft_id)  # fmt: skip
    for name, other in people.items():
        if name == request.customer_id or request.customer_id in other.same:
            people[name] = replace(other, planned=(*other.planned, made))
    return ruled


def _ruled(catalogue: Catalogue, person: Person | None, request: Request, at: datetime) -> Ruling:
    """The contact held against consent and every rule."""
    if person is None:
        gone = Blocked(
            "customer.unknown",
            catalogue.contact.version,
            "お客様の記録がありません",
            "the customer is no longer in the history",
            (),
            None,
        )
        return Ruling(request.draft_id, "refused", blocked=(gone,))
    action, start = catalogue.action(request.action), max(at, request.not_before)
    planned = [contact for contact in person.planned if contact.ref != request.draft_id]
    opening = next_allowed_at(person.history, planned, catalogue.contact, channel=request.channel, purpose=request.purpose, action=request.action,
                              group=action.group, recipient=person.reader, start=start)  # fmt: skip
    refused = tuple(_unwanted(catalogue, person, request))
    if refused:
        opening = Opening(None, (*refused, *opening.blocked))
    if opening.at is None or opening.at > request.not_after:
        blocked = opening.blocked
        if not blocked:
            over = "お伝えできる期限を過ぎています", "what it says is no longer true"
            blocked = (Blocked("expired", catalogue.contact.version, *over, (), None),)
        return Ruling(request.draft_id, "refused", earliest=opening.at, blocked=blocked)
    return Ruling(request.draft_id, "reserved", opening.at, opening.at, opening.blocked)


def _unwanted(catalogue: Catalogue, person: Person, request: Request) -> Iterator[Blocked]:
    """A cap that no longer stops anybody; consent that is missing or was taken back, and objection."""
    name, version = catalogue.channels[request.channel].name, catalogue.contact.version
    shut = person.refusals.get(request.channel, frozenset())
    if request.purpose == "marketing":
        for asleep in catalogue.contact.asleep:
            yield Blocked("cap.asleep", version, f"上限の規則が働いていません（{asleep}）", asleep, (), None)
        if person.objected:
            yield Blocked(
                "consent.objection",
                version,
                "販促全体の停止を希望されています",
                "the customer objected to all marketing",
                (),
                None,
            )
        # A package insert names nobody and rides with goods the customer ordered.
        if "marketing" in shut and request.channel != "insert":
            yield Blocked(
                "consent.marketing",
                version,
                f"{name['ja']}でのご案内に同意がありません",
                f"no consent to marketing by {name['en']}",
                (),
                None,
            )
    elif "service" in shut and any(
        rule.rule == SERVICE_CONSENT_GATE for rule in catalogue.action(request.action).rules
    ):
        yield Blocked(
            "consent.service",
            version,
            f"{name['ja']}での連絡に同意がありません",
            f"no consent to service messages by {name['en']}",
            (),
            None,
        )


def _first(ruled: Ruling) -> str | None:
    return ruled.blocked[0].rule if ruled.blocked else None
