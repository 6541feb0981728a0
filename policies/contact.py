"""The contact policy: how often, when and whether anybody may be written to, over every channel at once.

A cap is an invariant, not a counter: with at most N contacts per W, no N + 1 contacts of a person lie within less than W, past
and planned together, so a contact may neither follow too many nor come before them.  Every rule says for which half-open span
of time it forbids a contact and which contacts prove it; :func:`next_allowed_at` is the first instant outside all of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policies.channels import ChannelRules
from policies.explanation import Change, Explanation, Needs
from policies.holidays import CALENDARS
from policies.hours import HOLIDAY, WEEKDAYS, WHOLE_DAY, Hours, Span, calendar_window
from policies.loading import Page
from retrieval.customer import CHANNELS
from retrieval.errors import InputError, nearest
from retrieval.frames import DEFAULT_ZONE

MARKETING: Literal["marketing"] = "marketing"
SERVICE: Literal["service"] = "service"
OWN_ZONE, UNLISTED, EU = "customer", "unlisted", "EU"
HOLD_KINDS = ("complaint", "bereavement", "disaster", "illness", "life_event", "minor", "deceased", "closed", "merged")
BOUND = timedelta(days=400)
"""How far ahead an allowed instant is looked for; beyond it a message has expired whatever it says."""
MEMBERS = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
"""What ``EU`` in a list of countries stands for."""


# --- what is asked about --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One message to a person, made or planned.

    A ``purpose`` or ``action`` that another system did not tell counts as any: the stricter reading.
    ``ref`` names where it stands: a draft, or the contact history.
    """

    at: datetime
    channel: str
    purpose: str | None = MARKETING
    action: str | None = None
    group: str | None = None
    ref: str = "history"

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.channel} {self.action or self.purpose or '?'} ({self.ref})"


@dataclass(frozen=True, slots=True)
class Signal:
    """What a person did: left, complained, opened, answered.  ``channel`` None: on no channel in particular."""

    at: datetime
    type: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A reason to stay silent, of a kind in :data:`HOLD_KINDS`; ``until`` is when it ended or will end, if known."""

    kind: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What the rules read of a person.

    ``zone`` None is Asia/Tokyo; one that no clock knows blocks.  ``countries`` are all whose hours may apply; ``limits`` the
    marketing messages in 30 days they asked for, by channel; ``signals`` in order of time.
    """

    zone: str | None = None
    countries: tuple[str, ...] = ("JP",)
    region: str | None = None
    kind: str = "b2c"
    limits: Mapping[str, int] = field(default_factory=dict)
    signals: tuple[Signal, ...] = ()
    holds: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a contact may not be made: the rule, the version of its file, the contacts that count, and until when.

    ``until`` is the first instant at which this rule lets go; None when the passing of time alone changes nothing.
    """

    rule: str
    version: str
    ja: str
    en: str
    contacts: tuple[Contact, ...]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Opening:
    """The first instant (UTC) that every rule allows, None when there is none in reach, and what forbade all before it."""

    at: datetime | None
    blocked: tuple[Blocked, ...]


# --- the rules ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which messages a rule speaks about; None is any."""

    channels: frozenset[str] = frozenset(CHANNELS)
    purposes: frozenset[str] = frozenset({MARKETING})
    actions: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    exempt: frozenset[str] = frozenset()
    countries: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    kinds: frozenset[str] | None = None

    def binds(self, message: Contact, reader: Recipient, listed: frozenset[str]) -> bool:
        """Whether ``message`` has to obey; ``listed`` are the regions that some rule names."""
        region = reader.region if reader.region in listed else UNLISTED
        return (
            self._speaks_of(message)
            and (message.purpose or MARKETING) in self.purposes
            and message.action not in self.exempt
            and (self.countries is None or not self.countries.isdisjoint(reader.countries))
            and (self.regions is None or region in self.regions)
            and (self.kinds is None or reader.kind in self.kinds)
        )

    def counts(self, contact: Contact, with_service: bool = False) -> bool:
        """Whether a contact counts: those that obey, those that are exempt, and service messages ``with_service``."""
        purpose = contact.purpose or MARKETING
        return self._speaks_of(contact) and (purpose in self.purposes or (with_service and purpose == SERVICE))

    def _speaks_of(self, contact: Contact) -> bool:
        return (
            contact.channel in self.channels
            and (self.actions is None or contact.action is None or contact.action in self.actions)
            and (self.groups is None or contact.group is None or contact.group in self.groups)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has: its id, the reason in both languages, who answers for it, and whom it binds."""

    id: str
    ja: str
    en: str
    owner: str
    reach: Reach

    def limit(self) -> str:
        """What it allows, in a few words."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap(Rule):
    """At most ``most`` contacts within a rolling ``within``, or per calendar unit ``per`` of ``zone``."""

    most: int
    within: timedelta | None = None
    per: str | None = None
    zone: str = OWN_ZONE
    counts_service: bool = False

    def limit(self) -> str:
        """As ``2 within 7 days`` or ``2 per month (Asia/Tokyo)``."""
        return f"{self.most} per {self.per} ({self.zone})" if self.per else f"{self.most} within {said(self.within)}"

    def holds_back(
        self, moment: datetime, times: Sequence[tuple[datetime, Contact]], clock: ZoneInfo
    ) -> tuple[datetime, tuple[Contact, ...]] | None:
        """Until when one more contact at ``moment`` would be one too many, and the contacts that make it so.

        ``times`` are the counted contacts in order of time.
        """
        if self.within is None:
            first, end = calendar_window(
                moment, self.per or "", clock if self.zone == OWN_ZONE else ZoneInfo(self.zone)
            )
            inside = tuple(contact for at, contact in times if first <= at < end)
            return (end, inside) if len(inside) >= self.most else None
        for last in range(len(times) - 1, self.most - 2, -1):
            first = times[last - self.most + 1][0]
            if (
                moment < first + self.within
                and moment > times[last][0] - self.within
                and times[last][0] - first < self.within
            ):
                return first + self.within, tuple(contact for _, contact in times[last - self.most + 1 : last + 1])
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHours(Rule):
    """When a channel is open."""

    hours: Hours

    def limit(self) -> str:
        """As ``mon–sat 09:00–20:00``."""
        days: dict[tuple[Span, ...], list[str]] = {}
        for day in (*WEEKDAYS, HOLIDAY):
            if day in self.hours.open or day != HOLIDAY:
                days.setdefault(self.hours.open.get(day, ()), []).append(day)
        told = [
            f"{' '.join(names)} {', '.join(map(_clock, spans)) or 'closed'}"
            for spans, names in days.items()
            if spans != WHOLE_DAY
        ]
        for first, last in self.hours.closed:
            told.append(f"closed {_day(first)}{'' if first == last else f'..{_day(last)}'}" + (
                "" if self.hours.between == (0, 1440) else f" {_clock(self.hours.between)}"))  # fmt: skip
        return "; ".join(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest(Rule):
    """Silence ``lasts`` long after one of the events ``after``, or after ``unanswered`` messages in a row."""

    lasts: timedelta
    after: frozenset[str] = frozenset()
    everywhere: bool = False
    unanswered: int | None = None

    def limit(self) -> str:
        """As ``7 days after unsubscribe``."""
        what = f"{self.unanswered} unanswered" if self.unanswered else ", ".join(sorted(self.after))
        return f"{said(self.lasts)} after {what}" + (" on any channel" if self.everywhere else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Rule):
    """Silence while a person is held for ``kind``, and ``after`` it; without a known end it ``lasts``."""

    kind: str
    after: timedelta = timedelta()
    lasts: timedelta | None = None

    def limit(self) -> str:
        """As ``while complaint and 14 days after``."""
        beyond = f" and {said(self.after)} after" if self.after else ""
        return f"while {self.kind.replace('_', ' ')}{beyond}" + (f", at most {said(self.lasts)}" if self.lasts else "")

    def until(self, held: Held) -> datetime | None:
        """When it lets go."""
        if held.until is not None:
            return held.until + self.after
        return held.since + self.lasts if held.since is not None and self.lasts is not None else None


@dataclass(frozen=True, kw_only=True)
class ContactPolicy:
    """All rules in force, the version of the file they came from, and the events that count as an answer."""

    caps: tuple[Cap, ...]
    personal: Cap
    hours: tuple[OpenHours, ...]
    rests: tuple[Rest, ...]
    holds: tuple[Hold, ...]
    duplicate_score: float
    answers: frozenset[str]
    version: str
    listed: frozenset[str]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, in the order in which they are asked."""
        return (*self.holds, *self.rests, *self.caps, self.personal, *self.hours)

    @cached_property
    def hours_alone(self) -> ContactPolicy:
        """The same policy with nothing but its hours."""
        return replace(self, caps=(), rests=(), holds=())

    @cached_property
    def asleep(self) -> tuple[str, ...]:
        """What :func:`prove_caps` says of this policy, asked once."""
        return prove_caps(self)

    def obeyed(self, message: Contact, reader: Recipient) -> _Obeyed:
        """The rules that bind one message to one person."""
        return _Obeyed(
            holds=[rule for rule in self.holds if rule.reach.binds(message, reader, self.listed)],
            rests=[rule for rule in self.rests if rule.reach.binds(message, reader, self.listed)],
            caps=[rule for rule in self._caps(message, reader) if rule.reach.binds(message, reader, self.listed)],
            hours=[rule for rule in self.hours if rule.reach.binds(message, reader, self.listed)],
        )

    def _caps(self, message: Contact, reader: Recipient) -> Iterable[Cap]:
        if (asked := reader.limits.get(message.channel)) is None:
            return self.caps
        own = Reach(channels=frozenset({message.channel}))
        wish = Cap(id=self.personal.id, ja=self.personal.ja, en=self.personal.en, owner=self.personal.owner, reach=own, most=asked,
                   within=self.personal.within)  # fmt: skip
        return (*self.caps, wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Obeyed:
    holds: list[Hold]
    rests: list[Rest]
    caps: list[Cap]
    hours: list[OpenHours]


# --- when -----------------------------------------------------------------------------------------------------------


def next_allowed_at(
    history: Sequence[Contact], planned: Sequence[Contact], policy: ContactPolicy, *, channel: str, purpose: str, action: str | None = None,
    group: str | None = None, recipient: Recipient, start: datetime, bound: timedelta = BOUND,
) -> Opening:  # fmt: skip
    """The first instant from ``start`` on at which one more contact breaks no rule, and what forbade every instant before it.

    ``history`` are contacts made, ``planned`` those that are promised; both count.  Nothing is found beyond ``bound``.
    """
    if channel not in CHANNELS:
        raise InputError(f"unknown channel '{channel}'{nearest(channel, CHANNELS)}", key="channel")
    start = start.astimezone(UTC)
    message = Contact(at=start, channel=channel, purpose=purpose, action=action, group=group)
    try:
        clock = ZoneInfo(recipient.zone or DEFAULT_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = recipient.zone
        why = Blocked(
            "zone.unknown",
            policy.version,
            f"時間帯「{zone}」が分かりません",
            f"no clock knows the zone '{zone}'",
            (),
            None,
        )
        return Opening(None, (why,))
    asked = _Asked(policy, message, history, planned, recipient, clock)
    moment, found = start, dict[str, Blocked]()
    while moment <= start + bound:
        blocked = asked.at(moment)
        if not blocked:
            return Opening(moment, tuple(found.values()))
        for one in blocked:
            found.setdefault(one.rule, one)
        ends = [one.until for one in blocked if one.until is not None]
        if len(ends) < len(blocked):
            break
        moment = max(ends)
    return Opening(None, tuple(found.values()))


class _Asked:
    """The rules that bind one message, with the contacts each counts picked out once."""

    def __init__(
        self, policy: ContactPolicy, message: Contact, history: Sequence[Contact], planned: Sequence[Contact], reader: Recipient,
        clock: ZoneInfo,
    ) -> None:  # fmt: skip
        self.version, self.channel, self.reader, self.clock = policy.version, message.channel, reader, clock
        self.rules = rules = policy.obeyed(message, reader)
        made = sorted(((contact.at.astimezone(UTC), contact) for contact in history), key=_when_made)
        every = sorted([*made, *((contact.at.astimezone(UTC), contact) for contact in planned)], key=_when_made)
        self.counted = [[one for one in every if cap.reach.counts(one[1], cap.counts_service)] for cap in rules.caps]
        answered = max(
            (signal.at for signal in reader.signals if signal.type in policy.answers),
            default=datetime.min.replace(tzinfo=UTC),
        )
        self.unanswered = {
            rule.id: [contact for at, contact in made if at > answered and rule.reach.counts(contact)]
            for rule in rules.rests if rule.unanswered
        }  # fmt: skip

    def at(self, moment: datetime) -> list[Blocked]:
        """Every rule that forbids a contact at ``moment``."""
        found = [
            self._blocked(rule, (), rule.until(held))
            for rule in self.rules.holds
            for held in self.reader.holds
            if held.kind == rule.kind
        ]
        for rest in self.rules.rests:
            if (ended := self._rest(rest)) is not None:
                found.append(self._blocked(rest, tuple(self.unanswered.get(rest.id, ())), ended))
        for cap, times in zip(self.rules.caps, self.counted, strict=True):
            if cap.most == 0:
                found.append(self._blocked(cap, (), None))
            elif (over := cap.holds_back(moment, times, self.clock)) is not None:
                found.append(self._blocked(cap, over[1], over[0]))
        for hours in self.rules.hours:
            if (opens := hours.hours.next_open(moment, self.clock)) != moment:
                found.append(self._blocked(hours, (), opens))
        return [one for one in found if one.until is None or one.until > moment]

    def _rest(self, rule: Rest) -> datetime | None:
        if rule.unanswered:
            waited = self.unanswered[rule.id]
            return waited[-1].at + rule.lasts if len(waited) >= rule.unanswered else None
        heard = [
            signal.at for signal in self.reader.signals
            if signal.type in rule.after and (rule.everywhere or signal.channel in (None, self.channel))
        ]  # fmt: skip
        return max(heard) + rule.lasts if heard else None

    def _blocked(self, rule: Rule, contacts: tuple[Contact, ...], until: datetime | None) -> Blocked:
        return Blocked(rule.id, self.version, rule.ja, rule.en, contacts, until.astimezone(UTC) if until else None)


def _when_made(one: tuple[datetime, Contact]) -> tuple[datetime, str, str]:
    return one[0], one[1].channel, one[1].ref


def next_open_at(
    moment: datetime, policy: ContactPolicy, *, channel: str, purpose: str, action: str | None, recipient: Recipient
) -> datetime:
    """The first instant, not before ``moment``, in the hours of everybody it must suit, in the zone of ``moment``.

    ``moment`` itself where no hour suits within the bound: then the ledger says so.
    """
    found = next_allowed_at((), (), policy.hours_alone, channel=channel, purpose=purpose, action=action,
                            recipient=replace(recipient, limits={}, holds=(), signals=()), start=moment).at  # fmt: skip
    return moment if found is None else found.astimezone(moment.tzinfo)


def prove_caps(policy: ContactPolicy, *, at: datetime | None = None) -> tuple[str, ...]:
    """One sentence for every cap that no longer stops the contact after the last it allows; empty when all hold.

    A cap that silently stopped counting looks like a quiet week, so it is asked here with contacts made for the purpose: as
    many as it allows must leave no room at once, and one fewer must.
    """
    now = (at or datetime(2026, 5, 13, 3, tzinfo=UTC)).astimezone(UTC)
    failed = []
    for cap in policy.caps:
        reach = cap.reach
        reader = Recipient(countries=tuple(reach.countries or ("JP",)), region=next(iter(reach.regions or ()), None),
                           kind=next(iter(reach.kinds or ("b2c",))))  # fmt: skip
        actions, groups = sorted(reach.actions or ()), sorted(reach.groups or ())
        for channel in sorted(reach.channels):
            message = Contact(at=now, channel=channel, purpose=MARKETING, action=actions[0] if actions else None,
                              group=groups[0] if groups else None)  # fmt: skip
            alone = replace(policy, caps=(cap,), hours=(), rests=(), holds=())

            def first(
                made: int, alone: ContactPolicy = alone, message: Contact = message, reader: Recipient = reader
            ) -> datetime | None:
                return next_allowed_at([message] * made, (), alone, channel=message.channel, purpose=MARKETING, action=message.action,
                                       group=message.group, recipient=reader, start=now).at  # fmt: skip

            if first(cap.most) == now or first(cap.most - 1) != now:
                failed.append(f"{cap.id} does not stop contact {cap.most + 1} on {channel}")
    return tuple(failed)


def next_open(moment: datetime, zone: str, window: tuple[time, time] | None) -> datetime:
    """The first instant, not before ``moment``, inside the daily window of ``zone``; ``moment`` itself without one."""
    if window is None:
        return moment
    opens = daily(window).next_open(moment, ZoneInfo(zone))
    if opens is None:
        raise InputError(f"the window {window[0]:%H:%M}–{window[1]:%H:%M} never opens in {zone}", key="window")
    return opens.astimezone(moment.tzinfo)


def daily(window: tuple[time, time]) -> Hours:
    """The same window every day."""
    opens, closes = (moment.hour * 60 + moment.minute for moment in window)
    return Hours(dict.fromkeys(WEEKDAYS, ((opens, closes),)))


# --- reading the file -----------------------------------------------------------------------------------------------


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("a rule gives its reason")
    return text


_Said = Annotated[str, AfterValidator(_said)]


class _RuleFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ja: _Said
    en: _Said
    owner: _Said
    channels: tuple[str, ...] | None = None
    purposes: tuple[Literal["marketing", "service"], ...] = (MARKETING,)
    actions: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    exempt: tuple[str, ...] = ()
    countries: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    kinds: tuple[Literal["b2c", "b2b"], ...] | None = None


class _CapFile(_RuleFile):
    most: int
    within: str | None = None
    per: Literal["day", "week", "month", "year"] | None = None
    zone: str | None = None
    counts_service: bool = False


class _PersonalFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ja: _Said
    en: _Said
    owner: _Said
    within: str


class _HoursFile(_RuleFile):
    open: dict[str, tuple[str, ...]] | None = None
    closed: tuple[str, ...] = ()
    between: str = "00:00-24:00"


class _RestFile(_RuleFile):
    after: tuple[str, ...] = ()
    unanswered: int | None = Field(default=None, ge=1)
    lasts: str = Field(alias="for")
    everywhere: bool = False


class _HoldFile(_RuleFile):
    kind: str
    after: str | None = None
    lasts: str | None = None


class _DuplicatesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    score: float = Field(gt=0, le=1)


_SECTIONS = ("caps", "personal", "duplicates", "hours", "rests", "holds")
_DURATION = re.compile(r"([1-9][0-9]{0,3}) (hour|day)s?")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_PERIOD = re.compile(r"([01][0-9])-([0-3][0-9])(?:\.\.([01][0-9])-([0-3][0-9]))?")
_COUNTRY = re.compile(r"[A-Z]{2}")


def load_contact_policy(
    path: Path, *, groups: Mapping[str, str], channels: Mapping[str, ChannelRules], answers: frozenset[str]
) -> ContactPolicy:
    """Read the policy; ``groups`` maps every action to its group, ``answers`` are the events that count as an answer.

    The windows of ``channels`` are rules for messages of every purpose.  Raises InputError at the first mistake, naming file,
    line and the nearest right name.
    """
    return _Reader(Page(path), groups).policy(channels, answers)


class _Reader:
    def __init__(self, page: Page, groups: Mapping[str, str]) -> None:
        self.page, self.groups = page, groups
        if not isinstance(page.content, Mapping):
            raise page.error("must hold keys and values")
        for section in page.content:
            if section not in _SECTIONS:
                raise page.error(f"unknown key{nearest(str(section), _SECTIONS)}", section)

    def policy(self, channels: Mapping[str, ChannelRules], answers: frozenset[str]) -> ContactPolicy:
        """Everything in the file."""
        windows = tuple(
            OpenHours(id=f"hours.{one.id}", ja=f"{one.name['ja']}をお送りする時間帯", en=f"the hours of {one.name['en']}", owner="crm",
                      reach=Reach(channels=frozenset({one.id}), purposes=frozenset({MARKETING, SERVICE})), hours=daily(one.window))
            for one in channels.values() if one.window is not None
        )  # fmt: skip
        caps = tuple(self.cap(*one) for one in self.entries("caps", _CapFile))
        if len(wish := list(self.entries("personal", _PersonalFile))) != 1:
            raise self.page.error("one entry says over which time a customer's own limit counts", "personal")
        name, own = wish[0]
        hours = tuple(self.hours(*one) for one in self.entries("hours", _HoursFile))
        rests = tuple(self.rest(*one) for one in self.entries("rests", _RestFile))
        holds = tuple(self.hold(*one) for one in self.entries("holds", _HoldFile))
        if missing := [kind for kind in HOLD_KINDS if kind not in {hold.kind for hold in holds}]:
            raise self.page.error(f"nothing is said about {', '.join(missing)}", "holds")
        duplicates = self.page.part(_DuplicatesFile, self.page.content.get("duplicates") or {}, "duplicates")
        personal = Cap(id=name, ja=own.ja, en=own.en, owner=own.owner, reach=Reach(), most=0, within=self.duration(own.within, "personal", name, "within"))  # fmt: skip
        return ContactPolicy(
            caps=caps, personal=personal, hours=(*windows, *hours), rests=rests, holds=holds, duplicate_score=duplicates.score, answers=answers,
            version=hashlib.sha256(self.page.path.read_bytes()).hexdigest()[:16],
            listed=frozenset(region for rule in (*caps, *hours, *rests, *holds) for region in rule.reach.regions or ()) - {UNLISTED},
        )  # fmt: skip

    def entries(self, section: str, model: type[Any]) -> Iterable[tuple[str, Any]]:
        content = self.page.content.get(section) or {}
        if not isinstance(content, Mapping):
            raise self.page.error("must hold keys and values", section)
        for name, entry in content.items():
            yield name, self.page.part(model, entry, section, name)

    def cap(self, name: str, read: _CapFile) -> Cap:
        where = ("caps", name)
        if read.most < 1:
            raise self.page.error(
                f"a cap of {read.most} would forbid everything: write a hold, or leave the cap out", *where, "most"
            )
        if (read.within is None) == (read.per is None):
            raise self.page.error("a cap counts within a rolling time, or per day, week, month or year", *where)
        if (read.zone is None) != (read.per is None):
            raise self.page.error(
                f"a calendar {read.per} needs a zone, '{OWN_ZONE}' for the reader's own; a rolling time needs none",
                *where,
                "zone",
            )
        if read.zone not in (None, OWN_ZONE) and read.zone not in available_timezones():
            raise self.page.error(
                f"unknown zone '{read.zone}'{nearest(str(read.zone), available_timezones())}", *where, "zone"
            )
        return Cap(id=name, ja=read.ja, en=read.en, owner=read.owner, reach=self.reach(read, *where), most=read.most,
                   within=self.duration(read.within, *where, "within") if read.within else None, per=read.per,
                   zone=read.zone or OWN_ZONE, counts_service=read.counts_service)  # fmt: skip

    def hours(self, name: str, read: _HoursFile) -> OpenHours:
        where = ("hours", name)
        if read.open is None and not read.closed:
            raise self.page.error("says when it is open, or on which days it is closed", *where)
        days: dict[str, tuple[Span, ...]] = {}
        for key, spans in ({"daily": ("00:00-24:00",)} if read.open is None else read.open).items():
            for day in self.days(key, *where):
                if day in days:
                    raise self.page.error(f"'{day}' has two windows", *where, "open", key)
                days[day] = self.spans(spans, *where, "open", key)
        reach = self.reach(read, *where)
        country = sorted(reach.countries or ("",))
        if HOLIDAY in days and (len(country) != 1 or country[0] not in CALENDARS):
            raise self.page.error(f"holidays are known for one country of {', '.join(CALENDARS)}", *where, "countries")
        between = self.spans((read.between,), *where, "between")[0]
        hours = Hours(
            days,
            country[0] if HOLIDAY in days else None,
            tuple(self.period(text, *where, "closed") for text in read.closed),
            between,
        )
        return OpenHours(id=name, ja=read.ja, en=read.en, owner=read.owner, reach=reach, hours=hours)

    def rest(self, name: str, read: _RestFile) -> Rest:
        if (read.unanswered is None) == (not read.after):
            raise self.page.error("a rest comes after events, or after a number of unanswered messages", "rests", name)
        return Rest(id=name, ja=read.ja, en=read.en, owner=read.owner, reach=self.reach(read, "rests", name), after=frozenset(read.after),
                    everywhere=read.everywhere, unanswered=read.unanswered, lasts=self.duration(read.lasts, "rests", name, "for"))  # fmt: skip

    def hold(self, name: str, read: _HoldFile) -> Hold:
        if read.kind not in HOLD_KINDS:
            raise self.page.error(f"unknown kind '{read.kind}'{nearest(read.kind, HOLD_KINDS)}", "holds", name, "kind")
        return Hold(id=name, ja=read.ja, en=read.en, owner=read.owner, reach=self.reach(read, "holds", name), kind=read.kind,
                    after=self.duration(read.after, "holds", name, "after") if read.after else timedelta(),
                    lasts=self.duration(read.lasts, "holds", name, "lasts") if read.lasts else None)  # fmt: skip

    def reach(self, read: _RuleFile, *where: str) -> Reach:
        """Whom a rule binds, every name checked."""
        groups = set(self.groups.values())
        for key, given, known in (("channels", read.channels, CHANNELS), ("actions", read.actions, self.groups), ("groups", read.groups, groups),
                                  ("exempt", read.exempt, self.groups)):  # fmt: skip
            for number, one in enumerate(given or ()):
                if one not in known:
                    raise self.page.error(
                        f"unknown {key.removesuffix('s')} '{one}'{nearest(one, known)}", *where, key, number
                    )
        for number, one in enumerate(read.countries or ()):
            if not _COUNTRY.fullmatch(one):
                raise self.page.error(
                    f"'{one}' is no country: two capital letters as in ISO 3166-1, or EU", *where, "countries", number
                )
        for key, some in (
            ("channels", read.channels),
            ("actions", read.actions),
            ("groups", read.groups),
            ("countries", read.countries),
        ):
            if some is not None and not some:
                raise self.page.error("an empty list binds nobody: leave the key out for all", *where, key)
        countries = None
        if read.countries is not None:
            countries = frozenset(one for name in read.countries for one in (MEMBERS if name == EU else (name,)))
        return Reach(
            channels=frozenset(read.channels or CHANNELS), purposes=frozenset(read.purposes), actions=_few(read.actions), groups=_few(read.groups),
            exempt=frozenset(read.exempt), countries=countries, regions=_few(read.regions), kinds=_few(read.kinds),
        )  # fmt: skip

    def days(self, key: str, *where: str) -> tuple[str, ...]:
        first, _, last = key.partition("-")
        if key == "daily":
            return WEEKDAYS
        if key == HOLIDAY or key in WEEKDAYS:
            return (key,)
        if first in WEEKDAYS and last in WEEKDAYS and WEEKDAYS.index(first) < WEEKDAYS.index(last):
            return WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last) + 1]
        raise self.page.error(f"unknown day '{key}'{nearest(key, (*WEEKDAYS, 'daily', HOLIDAY))}", *where, "open", key)

    def spans(self, texts: Sequence[str], *where: str) -> tuple[Span, ...]:
        spans: list[Span] = []
        for text in texts:
            if (found := _SPAN.fullmatch(text)) is None:
                raise self.page.error(f"'{text}' is no window: write 09:00-20:00", *where)
            opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
            if not opens < closes <= 1440:
                raise self.page.error(
                    f"'{text}' closes before it opens: write two windows for one that runs over midnight", *where
                )
            if any(opens < end and start < closes for start, end in spans):
                raise self.page.error(f"'{text}' overlaps another window of the same day", *where)
            spans.append((opens, closes))
        return tuple(sorted(spans))

    def period(self, text: str, *where: str) -> tuple[tuple[int, int], tuple[int, int]]:
        if (found := _PERIOD.fullmatch(text)) is None:
            raise self.page.error(f"'{text}' is no period: write 12-29..01-03", *where)
        first = (int(found[1]), int(found[2]))
        last = (int(found[3]), int(found[4])) if found[3] else first
        for month, day in (first, last):
            try:
                date(2024, month, day)
            except ValueError:
                raise self.page.error(f"'{text}' is not in the calendar", *where) from None
        return first, last

    def duration(self, text: str, *where: str) -> timedelta:
        if (found := _DURATION.fullmatch(text)) is None:
            raise self.page.error(f"'{text}' is no time: write 24 hours or 7 days", *where)
        return timedelta(hours=int(found[1])) if found[2] == "hour" else timedelta(days=int(found[1]))


def _few(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def said(span: timedelta | None) -> str:
    """As ``24 hours`` or ``7 days``."""
    if span is None:
        return ""
    hours = span // timedelta(hours=1)
    return f"{hours // 24} days" if hours % 24 == 0 and hours > 24 else f"{hours} hours"


def _clock(span: Span) -> str:
    return "–".join("{:02}:{:02}".format(*divmod(minutes, 60)) for minutes in span)


def _day(day: tuple[int, int]) -> str:
    return "{:02}-{:02}".format(*day)


# --- when a condition would hold by the mere passing of time ---------------------------------------------------------
_HOURS = frozenset({"hours_since_contact"})
_WINDOWS = {
    "contacts_7d": (7, False),
    "contacts_30d": (30, False),
    "contacts_14d_ch": (14, True),
    "contacts_30d_ch": (30, True),
}


def earliest(
    explanation: Explanation | None, as_of: datetime, contacts: Sequence[tuple[datetime, str]], channel: str | None
) -> datetime | None:
    """When the failing clause would pass by the mere passing of time; None if it never will by itself.

    ``contacts`` are (instant, channel) of the customer's marketing contacts.  An age in days or hours grows by itself, and
    a count within a rolling window falls when a contact leaves it.
    """
    return _when(explanation.need, as_of, contacts, channel) if explanation is not None else None


def _when(
    need: Change | Needs, as_of: datetime, contacts: Sequence[tuple[datetime, str]], channel: str | None
) -> datetime | None:
    if isinstance(need, Needs):
        times = [_when(part, as_of, contacts, channel) for part in need.parts]
        if need.mode == "any":
            return min((moment for moment in times if moment is not None), default=None)
        return (
            None if any(moment is None for moment in times) else max(moment for moment in times if moment is not None)
        )
    if (
        need.name is None
        or need.seen is None
        or isinstance(need.bound, bool)
        or not isinstance(need.bound, int | float)
    ):
        return None
    if need.name in _WINDOWS and need.op in ("<", "<="):
        days, by_channel = _WINDOWS[need.name]
        room = int(need.bound) - 1 if need.op == "<" else int(need.bound)
        counted = sorted(
            at for at, name in contacts if at > as_of - timedelta(days=days) and (not by_channel or name == channel)
        )
        return counted[-(room + 1)] + timedelta(days=days) if 0 <= room < len(counted) else None
    grows = (
        need.name in _HOURS or need.name.startswith("days_since_") or need.name in _AGES or need.name == "s_restocked_h"
    )
    if not grows or need.op not in (">", ">=") or not isinstance(need.seen, int | float):
        return None
    wanted = need.bound + (1 if need.op == ">" else 0)
    if need.name in _HOURS:
        latest = max((at for at, _ in contacts), default=as_of - timedelta(hours=need.seen))
        return latest + timedelta(hours=wanted)
    return as_of + timedelta(days=wanted - need.seen)


_AGES = frozenset({
    "same_action_days", "survey_days", "ticket_closed_days", "complaint_closed_days", "service_event_days", "winback_sent_days",
    "declined_days", "family_bought_days", "tenure_days", "s_days_since_bought", "s_returned_days",
})  # fmt: skip
"""Features that grow by one a day while nothing happens, besides those named ``days_since_…``."""
