"""From candidates to one decision per customer.

    score = propensity × value × 2^lever − channel cost − fatigue cost        no_action = 0

Service and relationship actions are a tier, not a weight: they come first in catalogue order, whatever their score.  Below
them the score decides, and silence (score 0) beats everything that is not worth its cost.  Scores are rounded to millionths
of a minor unit before they are compared, and ties break by catalogue order, channel and product, so that the same input
gives the same order on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from agent.ranking.propensity import Propensity, named_channel
from policies.catalogue import Action, Catalogue
from policies.eligibility import Screening, evaluate
from retrieval.customer import CHANNELS
from retrieval.features import FeatureFrames
from retrieval.frames import DEFAULT_ZONE

MILLIONTHS = 1_000_000
_LEVER_LIMIT = 1.0
_FREE_CHOICE = 1_000_000


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates of a partition, best first within each customer.

    Arrays of shape (candidates,): ``customer``, ``action``, ``channel``, ``bound`` as in
    :class:`~policies.eligibility.Screening`; ``propensity``; ``value`` and ``cost`` in minor units of the customer's
    currency; ``score`` in millionths of a minor unit.  ``starts`` (shape (customers,)) is where each customer's begin.
    """

    customer: NDArray[np.int64]
    action: NDArray[np.int64]
    channel: NDArray[np.int64]
    bound: NDArray[np.int64]
    propensity: NDArray[np.float64]
    value: NDArray[np.float64]
    cost: NDArray[np.float64]
    score: NDArray[np.int64]
    starts: NDArray[np.int64]


def arbitrate(
    screening: Screening, features: FeatureFrames, frames: Mapping[str, pl.DataFrame], currencies: list[str], *,
    catalogue: Catalogue, propensity: Propensity, as_of: datetime,
) -> Ranking:  # fmt: skip
    """Rank every candidate; ``currencies`` names the currency of each customer (length n)."""
    response = np.round(propensity(screening, features, catalogue), 6)
    value = np.round(_value(screening, features, frames, catalogue), 3)
    cost = np.round(_cost(screening, features, currencies, catalogue), 3)
    lever = np.array([lever_of(action, catalogue, as_of) for action in catalogue.actions])[screening.action]
    score = np.round((response * value * np.exp2(lever) - cost) * MILLIONTHS).astype(np.int64)
    silent = np.array([action.id == "no_action" for action in catalogue.actions])[screening.action]
    score[silent] = 0
    fixed = np.array([action.tier != "commercial" and action.id != "no_action" for action in catalogue.actions])
    place = np.array([action.order for action in catalogue.actions])
    tier = np.where(fixed[screening.action], place[screening.action], _FREE_CHOICE)
    merit = np.where(fixed[screening.action], 0, -score)
    position = _channel_position(screening, features, catalogue)
    order = np.lexsort((screening.bound, position, place[screening.action], merit, tier, screening.customer))
    customer = screening.customer[order]
    return Ranking(
        customer=customer, action=screening.action[order], channel=screening.channel[order], bound=screening.bound[order],
        propensity=response[order], value=value[order], cost=cost[order], score=score[order],
        starts=np.searchsorted(customer, np.arange(features.customers.height)),
    )  # fmt: skip


def lever_of(action: Action, catalogue: Catalogue, as_of: datetime) -> float:
    """Sum of the levers that move ``action`` at ``as_of``, kept within ±1; their days are those of the house, in Japan."""
    day = as_of.astimezone(ZoneInfo(DEFAULT_ZONE)).date()
    total = sum(lever.weight for lever in catalogue.levers if lever.moves(action, day))
    return max(-_LEVER_LIMIT, min(_LEVER_LIMIT, total))


def _value(
    screening: Screening, features: FeatureFrames, frames: Mapping[str, pl.DataFrame], catalogue: Catalogue
) -> NDArray[np.float64]:
    """What a response is worth; unknown counts as nothing."""
    value = np.zeros(screening.customer.size)
    for position, action in enumerate(catalogue.actions):
        rows = np.flatnonzero(screening.action == position)
        if rows.size == 0 or action.internal:
            continue
        frame = features.customers if action.binds is None else frames[action.binds]
        index = screening.customer[rows] if action.binds is None else screening.bound[rows]
        value[rows] = evaluate(action.value, frame, index, action.id, missing=0.0)
    return value


def _cost(
    screening: Screening, features: FeatureFrames, currencies: list[str], catalogue: Catalogue
) -> NDArray[np.float64]:
    """Channel cost and, for marketing, fatigue: the nth message of 30 days costs n times what the first does."""
    known = sorted(set(currencies))
    currency = np.array([known.index(name) for name in currencies])[screening.customer]
    sending = np.array([[catalogue.channels[name].cost.get(money, 0) for name in CHANNELS] + [0] for money in known])
    patience = np.array([catalogue.fatigue.get(money, 0) for money in known])
    marketing = np.array([action.purpose == "marketing" for action in catalogue.actions])[screening.action]
    recent = features.customers["contacts_30d"].to_numpy()[screening.customer]
    return sending[currency, screening.channel] + marketing * patience[currency] * (1 + recent)


def _channel_position(screening: Screening, features: FeatureFrames, catalogue: Catalogue) -> NDArray[np.int64]:
    """0 where the customer named the channel, else its place in the action's list, best first."""
    places = np.full((len(catalogue.actions), len(CHANNELS) + 1), 0)
    for position, action in enumerate(catalogue.actions):
        for place, name in enumerate(action.channels, 1):
            places[position, CHANNELS.index(name)] = place
    found = places[screening.action, screening.channel]
    return np.where(named_channel(screening, features), 0, found)
