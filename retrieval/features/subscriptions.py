"""Standing orders and plans.

Expressions run over the subscriptions of one customer with ``days`` to renewal; ``payment_failed`` over the payments.
"""

from __future__ import annotations

import polars as pl

from retrieval.features.feature import Feature, named, placed
from retrieval.frames import Frames
from retrieval.grouped import Words, places

FAMILY = "subscriptions"
FAILED = ("payment_failed", "charge_failed", "payment_declined", "payment_error", "card_declined")
PAID = ("payment_ok", "payment_succeeded", "payment", "charged", "paid")

_status = pl.col("status")
_live = _status != "cancelled"

OF_SUBSCRIPTIONS = (
    Feature(
        "sub_status", "string", "",
        "The liveliest state among the subscriptions: active, else paused, else cancelled, else none.",
        pl.when((_status == "active").any()).then(pl.lit("active"))
        .when((_status == "paused").any()).then(pl.lit("paused"))
        .otherwise(pl.lit("cancelled")),
        default="none", words=("none", "active", "paused", "cancelled"),
    ),
    Feature(
        "plan_usage", "number", "ratio", "Used ÷ included of the fullest active plan; above 1 when it is overdrawn.",
        pl.when((_status == "active") & (pl.col("included") > 0)).then(pl.col("used") / pl.col("included")).max(),
        fraction=True,
    ),
    Feature(
        "renew_days", "number", "days",
        "Days to the next renewal of a subscription that is not cancelled; missing without one.",
        pl.when(_live & (pl.col("days") >= 0)).then(pl.col("days")).min(),
    ),
)  # fmt: skip
OF_PAYMENTS = (
    Feature(
        "payment_failed", "bool", "", "The last charge we know of failed.", pl.col("type").last().is_in(FAILED), False
    ),
)
FEATURES = (*OF_SUBSCRIPTIONS, *OF_PAYMENTS)
_OF_SUBSCRIPTIONS, _OF_PAYMENTS = named(OF_SUBSCRIPTIONS), named(OF_PAYMENTS)
_PAYS = Words((*FAILED, *PAID))


def compute(frames: Frames) -> pl.DataFrame:
    """One row per customer, in order."""
    columns = [frames.customers["i"]]
    if frames.subscriptions.height:
        today = frames.customers.select("i", "today")
        renewing = frames.subscriptions.join(today, on="i").with_columns(
            (pl.col("renews") - pl.col("today")).dt.total_days().alias("days")
        )
        columns += placed(renewing.group_by("i").agg(_OF_SUBSCRIPTIONS), frames.size)
    pays = places(frames.events["type"], _PAYS) >= 0
    if pays.any():
        payments = frames.events.filter(pl.Series(pays))
        columns += placed(payments.group_by("i").agg(_OF_PAYMENTS), frames.size)
    return pl.DataFrame(columns)
