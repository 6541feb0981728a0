"""About a hundred named features of a partition of customers, one module per family.

What a condition may say is exactly :data:`VOCABULARY`; ``python -m retrieval.features.reference`` prints it as a page.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from retrieval.features.feature import Feature, constant, settled, stated
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
    order_frame = orders.compute(frames, bought, sku_frame)
    offer_frame = offers.compute(frames, bought, order_frame)
    families = [profile.compute(frames, wishes), consent, contacts.compute(frames, wishes, tuple(topics)), order_frame]
    families += [subscriptions.compute(frames), tickets.compute(frames)]
    families += [notes.compute(frames, wishes, topics, offer_frame)]
    found = {column.name: column for family in families for column in family.iter_columns()}
    if "asked_channel" in found:
        stated_channel = found.get("pref_channel", constant("pref_channel", None, pl.String, frames.size))
        found["pref_channel"] = stated_channel.zip_with(stated_channel.is_not_null(), found["asked_channel"])
    found |= events.compute(frames, bought, wishes, found).to_dict()
    customers = settled(found, CUSTOMER_FEATURES, frames.size, topics)
    return FeatureFrames(pl.DataFrame([frames.customers["i"], *customers]), sku_frame, offer_frame)
