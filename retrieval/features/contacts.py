"""What we sent and what came of it.  A contact *t* ago counts in a window of N days when t < N days (rolling)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from retrieval.customer import CHANNELS
from retrieval.features.feature import Feature, Wishes, elapsed, last
from retrieval.frames import Frames
from retrieval.grouped import DAY, HOUR, Array, Words, customers, places, series, sliced, truths

FAMILY = "contacts"
CLICKS = ("click", "clicked")
ENGAGING = (
    *CLICKS, "open", "opened", "visit", "visited", "reply", "replied", "view", "viewed", "page_view", "cart_add",
    "cart_abandon", "read", "attended", "survey_answer", "review", "referral", "restock_request", "product_registered",
)  # fmt: skip
"""Events that show the customer took notice; a message they wrote counts as a reply too."""
WINBACK = "winback"
PRIOR_CLICKS, PRIOR_SENDS = 1, 20
"""Click rate before anything is known, as pseudo-counts: 5 %."""

FEATURES = (
    Feature("contacts_7d", "number", "messages", "Marketing messages in the last 7 days on all channels.", default=0),
    Feature("contacts_30d", "number", "messages", "Marketing messages in the last 30 days on all channels.", default=0),
    Feature("hours_since_contact", "number", "hours", "Hours since the last marketing message; missing without one."),
    Feature(
        "contacts_14d_ch", "number", "messages", "Marketing messages in the last 14 days on this channel.",
        default=0,
    ),
    Feature(
        "contacts_30d_ch", "number", "messages", "Marketing messages in the last 30 days on this channel.",
        default=0,
    ),
    Feature(
        "same_action_days", "number", "days",
        "Days since the same action last reached this customer; missing if it never did.",
        per_action=True,
    ),
    Feature(
        "sends_without_engagement", "number", "messages",
        "Marketing messages in a row since the customer last opened, clicked, visited or replied.", default=0,
    ),
    Feature("winback_sent_days", "number", "days", "Days since the last win-back message; missing without one."),
    Feature(
        "click_rate_90d", "number", "0–1", "(Clicks + 1) ÷ (marketing messages + 20) in the last 90 days.",
        default=PRIOR_CLICKS / PRIOR_SENDS, fraction=True,
    ),
    Feature(
        "pref_channel", "string", "", "Channel the customer asked for in their preferences, else in a note of the last year; missing if they did not say.", words=CHANNELS,
    ),
)  # fmt: skip
_CHANNELS, _ENGAGING = Words(CHANNELS), Words(ENGAGING)


def compute(frames: Frames, wishes: Wishes, actions: Sequence[str] = ()) -> pl.DataFrame:
    """One row per customer, in order; ``wishes``: stated preferences, ``actions`` get a ``same_action_days`` each."""
    size, contacts = frames.size, frames.contacts
    engaged_at, clicks = _engagement(frames)
    if contacts.is_empty():
        rate = pl.Series("click_rate_90d", (clicks + PRIOR_CLICKS) / PRIOR_SENDS)
        return pl.DataFrame([frames.customers["i"], rate, *_preferred(wishes, size)])
    who, ago = customers(contacts), elapsed(frames.as_of, contacts["at"])
    marketing = truths(contacts["purpose"] == "marketing")
    i, channel, past = who[marketing], places(contacts["channel"], _CHANNELS)[marketing], ago[marketing]

    def sent(within: int, slots: Array = i, count: int = size) -> Array:
        return np.bincount(slots[past < within * DAY], minlength=count)

    on_channel, count = channel * size + i, size * len(CHANNELS)
    known = tuple(dict.fromkeys((*actions, WINBACK)))
    # The first slot takes the contacts of any other action.
    action = places(contacts["action"], Words(known)) + 1
    again = last(ago // DAY, action * size + who, size * (len(known) + 1))
    _, *since = sliced(series({"": again})[0], ["", *(f"same_action_days.{action}" for action in known)])
    found = {
        "contacts_7d": sent(7),
        "contacts_30d": sent(30),
        "hours_since_contact": last(past // HOUR, i, size),
        "sends_without_engagement": np.bincount(i[past < engaged_at[i]], minlength=size),
        "click_rate_90d": (clicks + PRIOR_CLICKS) / (sent(90) + PRIOR_SENDS),
    }
    return pl.DataFrame(
        [
            frames.customers["i"],
            *series(found),
            *sliced(pl.Series(sent(14, on_channel, count)), [f"contacts_14d.{channel}" for channel in CHANNELS]),
            *sliced(pl.Series(sent(30, on_channel, count)), [f"contacts_30d.{channel}" for channel in CHANNELS]),
            since[known.index(WINBACK)].alias("winback_sent_days"),
            *since[: len(actions)],
            *_preferred(wishes, size),
        ]
    )


def _engagement(frames: Frames) -> tuple[Array, Array]:
    """Per customer the time since they last took notice of us, and their clicks of 90 days."""
    ever = np.full(frames.size, np.iinfo(np.int64).max)
    events, notes = frames.events, frames.interactions
    kind = places(events["type"], _ENGAGING)
    acts, wrote = kind >= 0, truths(notes["direction"] == "in")
    kind, i, past = kind[acts], customers(events)[acts], elapsed(frames.as_of, events["at"])[acts]
    np.minimum.at(ever, i, past)
    np.minimum.at(ever, customers(notes)[wrote], elapsed(frames.as_of, notes["at"])[wrote])
    clicked = (kind < len(CLICKS)) & (past < 90 * DAY)
    return ever, np.bincount(i[clicked], minlength=frames.size)


def _preferred(wishes: Wishes, size: int) -> list[pl.Series]:
    """The stated channel, in small letters; no column where nobody stated one."""
    if "channel" not in wishes:
        return []
    chosen = {i: value.lower() for i, value in wishes["channel"] if value.lower() in CHANNELS}
    return [pl.Series("pref_channel", [chosen.get(i) for i in range(size)], dtype=pl.String)]
