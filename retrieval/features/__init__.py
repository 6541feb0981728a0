"""About a hundred named features of a partition of customers, one module per family.

What a condition may say is exactly :data:`VOCABULARY`; ``python -m retrieval.features.reference`` prints it as a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from retrieval.features import (
    consents,
    contacts,
    events,
    notes,
    offers,
    orders,
    profile,
    skus,
    subscriptions,
    tickets,
)  # fmt: skip
from retrieval.features.feature import Feature, placed, settle, stated
from retrieval.features.purchases import purchases
from retrieval.frames import Frames

FAMILIES = (profile, consents, contacts, orders, subscriptions, events, tickets, notes, skus, offers)
"""Every family module, in the order of the reference page."""
VOCABULARY: Mapping[str, Feature] = {feature.name: feature for family in FAMILIES for feature in family.FEATURES}
"""Every feature by the name that conditions use."""
CUSTOMER_FEATURES = tuple(feature for feature in VOCABULARY.values() if feature.grain not in ("sku", "offer"))


@dataclass(frozen=True, slots=True)
class FeatureFrames:
    """The features of one partition.

    ``customers``: one row per customer in the order of ``i``, every customer, channel (``ok.email``) and action
    (``same_action_days.winback``) column.  ``skus``: ``i``, ``sku`` and the ``s_`` columns of each candidate product.
    ``offers``: ``i``, ``offer`` and the ``o_`` columns of each candidate offer.
    """

    customers: pl.DataFrame
    skus: pl.DataFrame
    offers: pl.DataFrame


def compute(frames: Frames, *, topics: Mapping[str, tuple[str, ...]] = MappingProxyType({})) -> FeatureFrames:
    """The features of every customer in ``frames``.

    ``topics`` maps an action to the words it speaks about; a customer who does not want one of them mentioned has
    ``topic_avoided.<action>``.  Its keys are the actions that get action columns.
    """
    bought, wishes = purchases(frames), stated(frames)
    consent = consents.compute(frames, wishes)
    sku_frame = skus.compute(frames, bought, consent["track_ok"])
    families = [profile.compute(frames, wishes), consent, contacts.compute(frames, wishes, tuple(topics))]
    families += [orders.compute(frames, bought, sku_frame), subscriptions.compute(frames), tickets.compute(frames)]
    known = _side_by_side(frames, families)
    offer_frame = offers.compute(frames, bought, known)
    told = [events.compute(frames, bought, wishes, known), notes.compute(frames, wishes, topics, offer_frame)]
    customers = settle(_side_by_side(frames, [known, *told]), CUSTOMER_FEATURES, topics)
    wanted = ("i", *(name for feature in CUSTOMER_FEATURES for name in feature.columns(topics)))
    return FeatureFrames(pl.DataFrame([customers[name] for name in wanted]), sku_frame, offer_frame)


def _side_by_side(frames: Frames, families: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One row per customer with the columns of every family."""
    columns = [column for family in families for column in placed(family, frames.size)]
    return pl.DataFrame([frames.customers["i"], *columns])
