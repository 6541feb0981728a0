"""Where and for what we may write: consent in force, objection, suppression, the frequency the customer asked for."""

from __future__ import annotations

import numpy as np
import polars as pl

from retrieval.columns import columns
from retrieval.customer import CHANNELS, Consent
from retrieval.features.feature import Feature, Wishes, elapsed, last
from retrieval.frames import Frames
from retrieval.grouped import DAY, Array, Words, customers, instants, places, series

FAMILY = "consents"
LEAVING = ("unsubscribe", "unsubscribed", "opt_out", "spam_complaint", "spam")
"""Events after which marketing on the channel stays shut until a new opt-in; on every channel when they name none."""
FAILING = ("bounce", "bounced", "hard_bounce", "undeliverable", "invalid_address")
"""Events after which an address is invalid for 90 days or until a new opt-in; e-mail when they name no channel."""
FAILURE_COUNTS_FOR = 90
"""Days."""
PROFILING = ("profiling", "behavioural", "behavioral", "tracking")
"""Objections that name a channel or one of these are partial; any other scope is an objection to all marketing."""


PURPOSES, STATUSES = (
    next(column.words for column in columns(Consent) if column.name == name) for name in ("purpose", "status")
)
MARKETING, SERVICE, BEHAVIOURAL = (PURPOSES.index(purpose) for purpose in ("marketing", "service", "behavioural"))

CHANNEL_FEATURES = (
    Feature(
        "ok_ch", "bool", "",
        "Marketing on this channel was agreed to last, the customer has neither left it nor objected to it since, "
        "and the address works; not known is no.",
        default=False,
    ),
    Feature(
        "service_ok_ch", "bool", "",
        "Service messages on this channel were agreed to last, and the address works; not known is no.",
        default=False,
    ),
    Feature(
        "pref_max_30d_ch", "number", "messages",
        "Most marketing messages in 30 days the customer wants on this channel.",
    ),
)  # fmt: skip
CUSTOMER_FEATURES = (
    Feature(
        "objected_all", "bool", "",
        "The customer objected to marketing as a whole; an objection whose scope names channels or profiling is "
        "partial.",
        default=False,
    ),
    Feature(
        "track_ok", "bool", "",
        "The last word on following their behaviour was yes and no objection covers it; not known is no.",
        default=False,
    ),
)  # fmt: skip
FEATURES = (*CHANNEL_FEATURES, *CUSTOMER_FEATURES)


_STOPS = Words((*LEAVING, *FAILING))
_CHANNELS, _PURPOSES, _STATUSES = map(Words, (CHANNELS, PURPOSES, STATUSES))
_LIMIT = "_max_per_30d"


def compute(frames: Frames, wishes: Wishes) -> pl.DataFrame:
    """One row per customer, in order; ``wishes``: stated preferences."""
    agreed, refused = _last_words(frames)
    left, failed = _stops(frames)
    objected, objected_all, objected_profiling = _objections(frames.customers)
    # When yes and no came at the same instant, no wins; an instant of 0 means never.
    works = failed < np.maximum(agreed[MARKETING], agreed[SERVICE])
    ok = (agreed[MARKETING] > np.maximum(refused[MARKETING], left)) & works & ~objected
    service_ok = (agreed[SERVICE] > refused[SERVICE]) & works
    track_ok = agreed[BEHAVIOURAL].max(axis=0) > refused[BEHAVIOURAL].max(axis=0)
    found = {
        **{f"ok.{channel}": row for channel, row in zip(CHANNELS, ok, strict=True)},
        **{f"service_ok.{channel}": row for channel, row in zip(CHANNELS, service_ok, strict=True)},
        **_limits(wishes, frames.size),
        "objected_all": objected_all,
        "track_ok": track_ok & ~objected_all & ~objected_profiling,
    }
    return pl.DataFrame([frames.customers["i"], *series(found)])


def _last_words(frames: Frames) -> tuple[Array, Array]:
    """When each purpose was last agreed to and last refused, by purpose × channel × customer."""
    consents = frames.consents
    said = np.zeros((len(STATUSES), len(PURPOSES), len(CHANNELS), frames.size), dtype=np.int64)
    where = (
        places(consents["status"], _STATUSES), places(consents["purpose"], _PURPOSES),
        places(consents["channel"], _CHANNELS),
        customers(consents),
    )  # fmt: skip
    np.maximum.at(said, where, instants(consents["at"]))
    return said[STATUSES.index("opt_in")], said[STATUSES.index("opt_out")]


def _stops(frames: Frames) -> tuple[Array, Array]:
    """When each customer last left a channel and when the address there last failed, by channel × customer."""
    left, failed = np.zeros((2, len(CHANNELS), frames.size), dtype=np.int64)
    events, kind = frames.events, places(frames.events["type"], _STOPS)
    recent = elapsed(frames.as_of, events["at"]) < FAILURE_COUNTS_FOR * DAY
    stops = (kind >= 0) & ((kind < len(LEAVING)) | recent)
    if stops.any():
        leaves, channel = kind[stops] < len(LEAVING), places(events["channel"], _CHANNELS)[stops]
        i, at, unnamed = customers(events)[stops], instants(events["at"])[stops], channel < 0
        channel = np.where(unnamed, CHANNELS.index("email"), channel)
        np.maximum.at(failed, (channel[~leaves], i[~leaves]), at[~leaves])
        np.maximum.at(left, (channel[leaves], i[leaves]), at[leaves])
        everywhere = leaves & unnamed
        latest = np.zeros(frames.size, dtype=np.int64)
        np.maximum.at(latest, i[everywhere], at[everywhere])
        left = np.maximum(left, latest)
    return left, failed


def _objections(people: pl.DataFrame) -> tuple[Array, Array, Array]:
    """Objections to single channels by channel × customer, to all marketing and to profiling by customer."""
    channels, entirely, profiling = (
        np.zeros(shape, dtype=bool) for shape in ((len(CHANNELS), people.height), *[people.height] * 2)
    )
    if people["objection_at"].null_count() + people["objection_scope"].null_count() < 2 * people.height:
        scope = pl.col("objection_scope").str.to_lowercase().fill_null("")
        about = people.select(
            *(scope.str.contains(channel, literal=True).alias(channel) for channel in CHANNELS),
            scope.str.contains_any(list(PROFILING)).alias("profiling"),
            (pl.col("objection_at").is_not_null() | pl.col("objection_scope").is_not_null()).alias("objected"),
        )
        channels, profiling = about.select(CHANNELS).to_numpy().T, about["profiling"].to_numpy()
        entirely = about["objected"].to_numpy() & ~channels.any(axis=0) & ~profiling
    return channels, entirely, profiling


def _limits(wishes: Wishes, size: int) -> dict[str, Array]:
    """``<channel>_max_per_30d`` of the preferences; no column where nobody stated one."""
    limits = {}
    for channel in CHANNELS:
        stated = [
            (i, float(value)) for i, value in wishes.get(channel + _LIMIT, ()) if value.replace(".", "", 1).isdecimal()
        ]
        if stated:
            i, most = np.array(stated).T.astype(np.int64)
            limits[f"pref_max_30d.{channel}"] = last(most, i, size)
    return limits
