"""What people wrote: holds, promises, wishes and reasons to leave, as closed values.

Expressions of tags run over the notes of one customer with ``days`` since, ``inbound`` (not sent by us) and one Boolean
column per concept of :mod:`retrieval.notes.concepts`; the others over what the functions below find per customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import numpy as np
import polars as pl

from retrieval.features.deadlines import due
from retrieval.features.feature import Feature, Wishes, age, constant, elapsed, last, micros, named, placed
from retrieval.frames import INSTANT, Frames
from retrieval.grouped import (
    DAY,
    NEVER,
    Array,
    Words,
    customers,
    instants,
    marked,
    numbers,
    places,
    series,
    truths,
)
from retrieval.notes.concepts import load, of, plain, tag
from retrieval.notes.suspicion import suspicious

FAMILY = "notes"
HOLD_DAYS, TAG_DAYS = 90, 60
HOLDS = {
    "bereavement": ("bereavement",), "disaster": ("disaster",), "illness": ("illness",),
    "life_event": ("divorce", "hardship"),
}  # fmt: skip
"""Reason to stay silent → concepts that give it, gravest first."""
CHURN = {"competitor": 0.5, "cancel": 0.5, "price_up": 0.3, "ship_fee": 0.3, "complaint": 0.3}
"""How much a fresh note of each kind adds to the churn signal."""
CHURN_FADES_DAYS = 60
PRICE_CUTS = ("amount", "percent", "gift")
REMEDIES = {
    "competitor": (*PRICE_CUTS, "free_shipping"), "cancel": (*PRICE_CUTS, "free_shipping"), "price_up": PRICE_CUTS,
    "ship_fee": ("free_shipping",), "complaint": (),
}  # fmt: skip
"""Reason to leave → kinds of offer that answer it; none answers a complaint."""
SPEAKING = ("call", "phone", "meeting", "visit", "chat", "video", "store")
REP_ACTION = "rep_touch"
OVERDUE_DAYS = {"promise": 30, "deal": 14}
"""Days after which a date that passed without news is no longer counted."""
STEP_DUE_HOURS = 72
REFUSING = ("declined", "offer_declined", "refused", "rejected")
AVOIDING = ("do_not_mention", "avoid", "avoid_topics", "never_mention")
VOIDED_BY_DIVORCE = ("anniv", "spouse")
WISH_DAYS = 365
WISHES = {
    "line": "wants_line",
    "sms": "wants_sms",
    "email": "wants_email",
    "phone": "wants_phone",
    "post": "wants_letter",
}
"""Channel → concept that asks for it."""
CONCEPTS = (
    *(concept for concepts in HOLDS.values() for concept in concepts), *CHURN, "hold_cleared", "surplus", "pause",
    "email_freq", "howto", "upgrade", "declined", "commitment", "deal", "settled", "taboo",
    *WISHES.values(),
)  # fmt: skip
LOWERING = frozenset(concept for concepts in HOLDS.values() for concept in concepts) | {"declined", "taboo"}
"""Concepts that only ever hold something back; of a note that sounds like an instruction to a machine no other counts."""

_days, _inbound = pl.col("days"), pl.col("inbound")


def _tagged(concept: str) -> pl.Expr:
    return (_inbound & pl.col(concept) & (_days < TAG_DAYS)).any()


def _days_since(concept: str) -> pl.Expr:
    return pl.when(_inbound & pl.col(concept)).then(_days).min()


def _weight(concept: str) -> pl.Expr:
    return CHURN[concept] * pl.when(_inbound & pl.col(concept)).then((-_days / CHURN_FADES_DAYS).exp()).sum()


def _moment(word: str | pl.Expr) -> pl.Expr:
    return pl.when(word).then(pl.col("at").dt.timestamp("us")).max()


def _held(*concepts: str) -> pl.Expr:
    return _moment(_inbound & (_days < HOLD_DAYS) & pl.any_horizontal(*concepts))


TAG_FEATURES = (
    Feature(
        "surplus_tag", "bool", "", "Wrote in the last 60 days that they have more than they can use.",
        _tagged("surplus"), False
    ),
    Feature(
        "pause_tag", "bool", "", "Asked in the last 60 days to pause, skip or stretch deliveries.", _tagged("pause"),
        False,
    ),
    Feature("price_up_tag", "bool", "", "Complained in the last 60 days of a price rise.", _tagged("price_up"), False),
    Feature(
        "email_freq_tag_days", "number", "days", "Days since they last said that we write too often.",
        _days_since("email_freq")
    ),
    Feature(
        "howto_tag_days", "number", "days", "Days since they last asked how something works.", _days_since("howto"),
    ),
    Feature(
        "upgrade_asked_days", "number", "days", "Days since they last asked about a higher model or plan.",
        _days_since("upgrade"),
    ),
)  # fmt: skip
_latest = pl.col("held_at")
_heaviest = pl.col("heaviest_weight")
# Of two reasons noted together the graver one comes first.
HOLD_FEATURE = Feature(
    "hold_topic", "string", "",
    "Reason to stay silent from a note of the last 90 days: bereavement, disaster, illness or a life event such "
    "as a divorce; missing once a later note clears it.",
    pl.when(_latest > pl.col("cleared_at").fill_null(0)).then(
        pl.coalesce(pl.when(pl.col(f"{hold}_at") == _latest).then(pl.lit(hold)) for hold in HOLDS)
    ), words=tuple(HOLDS),
)  # fmt: skip
OTHER_FEATURES = (
    Feature(
        "churn_signal", "number", "0–1",
        "Sum over notes of weight × exp(−days ÷ 60) for competitor 0.5, cancel 0.5, price rise 0.3, delivery fee "
        "0.3 and complaint 0.3, at most 1.",
        pl.min_horizontal(pl.sum_horizontal(f"{concept}_weight" for concept in CHURN), 1.0), default=0.0, fraction=True,
    ),
    Feature(
        "declined_days", "number", "days", "Days since the customer last said no to something we proposed.",
        pl.min_horizontal("said_no", "refused"),
    ),
    Feature(
        "days_since_owner_contact", "number", "days",
        "Days since the present owner last spoke or wrote to the customer; missing if they have not yet.",
    ),
    Feature(
        "promise_due_h", "number", "hours",
        "Hours until the earliest promise with a date that nobody noted as kept; negative when overdue, forgotten "
        "after 30 days.",
        pl.col("promise_due_h"),
    ),
    Feature(
        "deal_step_due", "bool", "",
        "A noted next step of a deal falls due within 72 hours or passed at most 14 days ago.",
        pl.col("deal_due_h") <= STEP_DUE_HOURS, default=False,
    ),
    Feature(
        "remedy_available", "bool", "",
        "An offer open to the customer answers the heaviest reason to leave among their notes; any offer does "
        "without one.",
        pl.coalesce(
            *(
                pl.when((pl.col(f"{concept}_weight") > 0) & (pl.col(f"{concept}_weight") == _heaviest)).then(
                    pl.any_horizontal(pl.lit(False), *(pl.col(f"offers_{kind}") for kind in kinds))
                )
                for concept, kinds in REMEDIES.items()
            ),
            pl.any_horizontal(*(pl.col(f"offers_{kind}") for kind in REMEDIES["cancel"])),
        ), default=False,
    ),
)  # fmt: skip
ACTION_FEATURES = (
    Feature(
        "topic_avoided", "bool", "",
        "What the action speaks about is on the customer's do-not-mention list, or a note asks not to mention it.",
        default=False, per_action=True,
    ),
)  # fmt: skip
FEATURES = (HOLD_FEATURE, *TAG_FEATURES, *OTHER_FEATURES, *ACTION_FEATURES)
_OF_TAGS = [
    *named(TAG_FEATURES), _days_since("declined").alias("said_no"),
    *(_weight(concept).alias(f"{concept}_weight") for concept in CHURN),
    *(_held(*concepts).alias(f"{hold}_at") for hold, concepts in HOLDS.items()),
    _held(*(concept for concepts in HOLDS.values() for concept in concepts)).alias("held_at"),
    _moment("hold_cleared").alias("cleared_at"),
]  # fmt: skip
_OTHERS = named((HOLD_FEATURE, *OTHER_FEATURES))
_OFFERED = Words(("amount", "percent", "gift", "free_shipping"))
_SCHEMA: dict[str, Any] = {
    "i": pl.UInt32, "at": INSTANT, "text": pl.String, "direction": pl.String, "inbound": pl.Boolean, "days": pl.Int64,
    **dict.fromkeys(CONCEPTS, pl.Boolean),
}  # fmt: skip
_TAGGED: dict[str, Any] = {
    "i": pl.UInt32, **{feature.name: feature.dtype for feature in TAG_FEATURES}, "said_no": pl.Int64,
    **{f"{concept}_weight": pl.Float64 for concept in CHURN},
    **{f"{moment}_at": pl.Int64 for moment in (*HOLDS, "held", "cleared")},
}  # fmt: skip
# In a note that a customer wrote, "I will" is theirs; a promise we made they call one.
_ours = pl.col("direction").ne_missing("in") | pl.col("text").str.contains("約束|promis|折り返し")
_SPEAKING, _REFUSING = Words(SPEAKING), Words(REFUSING)


def compute(
    frames: Frames, wishes: Wishes, topics: Mapping[str, tuple[str, ...]], offers: pl.DataFrame
) -> pl.DataFrame:
    """One row per customer, in order, with ``asked_channel`` beside the features where a note asks for one.

    ``wishes``: stated preferences.  ``topics``: action → words it speaks about.  ``offers``: ``i``,
    ``offer``, ``o_ok``, ``o_audience_ok`` of each candidate.
    """
    size, notes = frames.size, _notes(frames)
    tagged = placed(notes.group_by("i").agg(_OF_TAGS) if notes.height else pl.DataFrame(schema=_TAGGED), size)
    weights = [numbers(column) for column in tagged if column.name.endswith("_weight")]
    found = {"heaviest_weight": np.fmax.reduce(weights), **_talks(frames), **_offered(frames, offers)}
    history = pl.DataFrame([frames.customers["i"], *tagged, *_due(frames, notes), *series(found)])
    return history.select(
        "i", *(feature.name for feature in TAG_FEATURES), "days_since_owner_contact", *_OTHERS
    ).hstack([*_avoided(wishes, notes, topics, size), *_asked(notes, size)])


def _notes(frames: Frames) -> pl.DataFrame:
    """Notes and survey comments that speak about any concept used here, by customer and time.

    A note is data: one that sounds like an instruction may lower what is sent, but not raise it.
    """
    notes, comments = frames.interactions, frames.events
    comments = (
        comments.filter(pl.col("comment").is_not_null())
        if comments["comment"].null_count() < comments.height
        else comments[:0]
    )
    if notes.is_empty() and comments.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    written = notes.select("i", "at", "text", "direction")
    if comments.height:
        spoken = comments.select("i", "at", pl.col("comment").alias("text"), pl.lit("in").alias("direction"))
        written = pl.concat([written, spoken]).sort("i", "at", maintain_order=True)
    read = written.with_columns(
        plain(pl.col("text")),
        pl.col("text").alias("said"),
        pl.col("direction").ne_missing("out").alias("inbound"),
        age(frames.as_of).dt.total_days().alias("days"),
    )
    tagged = tag(read["text"], CONCEPTS)
    spoken_of = np.logical_or.reduce([column.to_numpy() for column in tagged.iter_columns()])
    found = read.hstack(tagged).filter(spoken_of)
    odd = suspicious(found["said"])
    if odd.any():
        found = found.with_columns(pl.col(concept) & ~odd for concept in CONCEPTS if concept not in LOWERING)
    return found.drop("said")


def _asked(notes: pl.DataFrame, size: int) -> list[pl.Series]:
    """The channel that the latest note to name one asks for; a note that names two asks for none."""
    said = (
        notes.filter(_inbound & (_days < WISH_DAYS) & (pl.sum_horizontal(WISHES.values()) == 1))
        if notes.height
        else notes
    )
    if said.is_empty():
        return []
    named = pl.coalesce(pl.when(concept).then(pl.lit(channel)) for channel, concept in WISHES.items())
    return placed(said.group_by("i", maintain_order=True).agg(named.last().alias("asked_channel")), size)


def _talks(frames: Frames) -> dict[str, Array]:
    """Days since the present owner last spoke or wrote to each customer, and since the customer refused something."""
    notes, contacts, events = frames.interactions, frames.contacts, frames.events
    spoke = truths(notes["direction"] == "out") | (places(notes["kind"], _SPEAKING) >= 0)
    touched, refused = truths(contacts["action"] == REP_ACTION), places(events["type"], _REFUSING) >= 0
    spoke_at = np.full(frames.size, NEVER)
    np.maximum.at(spoke_at, customers(notes)[spoke], instants(notes["at"])[spoke])
    np.maximum.at(spoke_at, customers(contacts)[touched], instants(contacts["at"])[touched])
    by_owner = np.flatnonzero((spoke_at > NEVER) & (spoke_at >= instants(frames.customers["owner_since"])))
    since, days = micros(frames.as_of) - spoke_at[by_owner], elapsed(frames.as_of, events["at"]) // DAY
    return {
        "days_since_owner_contact": last(since // DAY, by_owner, frames.size),
        "refused": last(days[refused], customers(events)[refused], frames.size),
    }


def _due(frames: Frames, notes: pl.DataFrame) -> list[pl.Series]:
    """Hours to the earliest open promise and to the earliest open step of a deal."""
    dated = (
        notes.filter(((pl.col("commitment") & _ours) | pl.col("deal")) & ~pl.col("settled")) if notes.height else notes
    )
    if dated.is_empty():
        return [constant(name, None, pl.Int64, frames.size) for name in ("promise_due_h", "deal_due_h")]
    kept = notes.filter("settled").group_by("i").agg(pl.col("at").max().alias("kept_at"))

    def current(what: str) -> pl.Expr:
        return hours > -24 * OVERDUE_DAYS[what]

    hours, unkept = pl.col("due_h"), pl.col("kept_at").is_null() | (pl.col("kept_at") <= pl.col("at"))
    earliest = due(dated, frames).join(kept, on="i", how="left").filter(unkept).group_by("i").agg(
        pl.when(pl.col("commitment") & _ours & current("promise")).then(hours).min().alias("promise_due_h"),
        pl.when(pl.col("deal") & current("deal")).then(hours).min().alias("deal_due_h"),
    )  # fmt: skip
    return placed(earliest, frames.size)


def _offered(frames: Frames, offers: pl.DataFrame) -> dict[str, Array]:
    """Which kinds of offer are open to each customer."""
    kind_of = np.append(places(frames.offers["kind"], _OFFERED), -1)
    kinds = kind_of[places(offers["offer"], Words(frames.offers["id"].to_list()))]
    usable = truths(offers["o_ok"]) & truths(offers["o_audience_ok"])
    return {
        f"offers_{kind}": marked(customers(offers)[usable & (kinds == place)], frames.size)
        for kind, place in _OFFERED.place.items()
    }


@cache
def _meant(topics: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, frozenset[str]]:
    """Word or concept (as ``concept:name``) → the actions that speak about it."""
    actions: dict[str, set[str]] = {}
    for action, words in topics:
        for word in (action, *words):
            for key in (word.lower(), *_concepts(word)):
                actions.setdefault(key, set()).add(action)
    return {key: frozenset(found) for key, found in actions.items()}


@lru_cache(maxsize=4096)
def _concepts(text: str) -> tuple[str, ...]:
    names = {*of(text), text} & load().keys()
    # The colon keeps a concept apart from what a person would write.
    return tuple(f"concept:{name}" for name in names)


def _avoided(wishes: Wishes, notes: pl.DataFrame, topics: Mapping[str, tuple[str, ...]], size: int) -> list[pl.Series]:
    """One ``topic_avoided`` column per action that somebody wants to hear nothing about."""
    words = [(i, word.strip()) for key in AVOIDING for i, word in wishes.get(key, ())]
    asked = list(notes.filter("taboo").select("i", "text").iter_rows()) if notes.height else []
    divorced = notes.filter("divorce")["i"].to_list() if notes.height else []
    if not (words or asked or divorced):
        return []
    meant = _meant(tuple((action, tuple(about)) for action, about in topics.items()))
    said = [
        *((i, key) for i, word in words for key in (word.lower(), *_concepts(word))),
        *((i, key) for i, text in asked for key in _concepts(text)),
        *((i, f"concept:{name}") for i in divorced for name in VOIDED_BY_DIVORCE),
    ]
    avoiding: dict[str, list[int]] = {}
    for i, key in said:
        for action in meant.get(key, ()):
            avoiding.setdefault(action, []).append(i)
    return [pl.Series(f"topic_avoided.{action}", marked(np.array(i), size)) for action, i in avoiding.items()]
