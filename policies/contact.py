"""When a message may leave: quiet hours of the customer's zone, and the earliest time at which a rule would let go.

Windows are half-open, ``[opens, closes)``, on the customer's clock.  Outside its window a message waits; it is never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.expressions import Change, Explanation, Needs

_HOURS = frozenset({"hours_since_contact"})
_WINDOWS = {
    "contacts_7d": (7, False),
    "contacts_30d": (30, False),
    "contacts_14d_ch": (14, True),
    "contacts_30d_ch": (30, True),
}


def next_open(moment: datetime, zone: str, window: tuple[time, time] | None) -> datetime:
    """The first instant, not before ``moment``, inside the daily window of ``zone``; ``moment`` itself without one."""
    if window is None:
        return moment
    opens, closes = window
    local = moment.astimezone(ZoneInfo(zone))
    if opens <= local.time() < closes:
        return moment
    day = local.date() if local.time() < opens else local.date() + timedelta(days=1)
    return datetime.combine(day, opens, tzinfo=ZoneInfo(zone)).astimezone(moment.tzinfo)


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
