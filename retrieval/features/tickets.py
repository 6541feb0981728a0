"""Cases with support.  Expressions run over the tickets of one customer with ``age`` since closing and ``grave``."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from retrieval.features.feature import Feature, age, constant, named, placed
from retrieval.frames import Frames
from retrieval.notes.concepts import plain, tag

FAMILY = "tickets"

_open = pl.col("closed").is_null() & (pl.col("status") == "open")
_grave = pl.col("grave")

FEATURES = (
    Feature("open_ticket", "bool", "", "Any case is open.", _open.any(), default=False),
    Feature(
        "open_complaint", "bool", "", "A case is open whose topic is a complaint or whose severity is medium or high.",
        (_open & _grave).any(), default=False,
    ),
    Feature(
        "complaint_closed_days", "number", "days", "Days since the last such case was closed; missing without one.",
        pl.when(_grave).then(pl.col("age")).min().dt.total_days(),
    ),
    Feature(
        "ticket_closed_days", "number", "days", "Days since the last case was closed; missing without one.",
        pl.col("age").min().dt.total_days(),
    ),
    Feature(
        "csat_last", "number", "1–5", "Satisfaction given with the case closed last; missing if none was given.",
        pl.col("csat").sort_by("closed", nulls_last=True).filter(pl.col("closed").is_not_null()).last(),
    ),
)  # fmt: skip
_EXPRESSIONS = named(FEATURES)


def compute(frames: Frames) -> pl.DataFrame:
    """One row per customer, in order, and ``complained``: a complaint is open or was opened in 180 days."""
    if frames.tickets.is_empty():
        nothing = (("complained", pl.Boolean), ("ticket_closed_days", pl.Int64))
        return pl.DataFrame([constant(name, None, dtype, frames.size) for name, dtype in nothing])
    topics = frames.tickets.select(plain(pl.col("topic"))).to_series()
    told = frames.tickets.hstack(tag(topics, ("complaint",))).with_columns(
        (pl.col("severity").is_in(["medium", "high"]).fill_null(False) | pl.col("complaint")).alias("grave"),
        age(frames.as_of, "closed").alias("age"),
        (_open | (age(frames.as_of, "opened") < timedelta(days=180))).alias("recent"),
    )
    of_customer = told.group_by("i").agg(*_EXPRESSIONS, (_grave & pl.col("recent")).any().alias("complained"))
    return pl.DataFrame(placed(of_customer, frames.size))
