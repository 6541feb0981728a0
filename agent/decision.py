"""A decision: what was chosen for one customer, from which candidates, on which features, under which versions.

The stored record is canonical JSON and its id is its digest, so a decision is what it says or it is not that decision.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from agent.canonical import canonical, digest, stamp
from agent.ranking.arbitration import MILLIONTHS, Ranking
from agent.world import World
from policies.catalogue import Action
from policies.contact import Recipient, next_open_at
from policies.eligibility import Screen
from policies.hours import countries_of
from prompts.bundle import Intent
from retrieval.customer import CHANNELS, MINOR_DIGITS
from retrieval.features import FeatureFrames
from retrieval.frames import Frames

NO_CONSENT = "0"
DEFAULT_LANGUAGE = "ja"
SEEN_REASONS = 3
"""How many of the values that made the action applicable are given as reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One customer's decision.

    ``record`` is the canonical record (bytes) that is stored; ``intent`` what is to be written, None for an internal action;
    ``row`` the customer's features with those of the chosen product or offer; ``send_not_before`` and ``send_not_after``
    bound when the message may leave; ``score`` in millionths of a minor unit.
    """

    id: str
    customer_id: str
    i: int
    action: Action
    intent: Intent | None
    row: Mapping[str, Any]
    score: int
    seed: int
    record: bytes
    send_not_before: datetime
    send_not_after: datetime
    consent_version: str


def seed_of(customer_id: str, run: str, policy_version: str) -> int:
    """The seed of every choice made for this customer in this run under these policies."""
    return zlib.crc32(f"{customer_id}|{run}|{policy_version}".encode())


def decide_all(
    frames: Frames, features: FeatureFrames, bound: Mapping[str, pl.DataFrame], ranking: Ranking, world: World, *,
    run: str = "", asked: Mapping[str, str] = MappingProxyType({}), only: NDArray[np.bool_] | None = None,
) -> tuple[Decision, ...]:  # fmt: skip
    """The decision of every customer (or of those in ``only``), in the order of ``i``; ``asked`` is what a person narrowed it to."""
    whole = _Whole(frames, features, bound, ranking, world, run, asked)
    return tuple(whole.decision(i) for i in range(frames.size) if only is None or only[i])


class _Whole:
    """The partition's columns as Python rows, fetched once."""

    def __init__(self, frames: Frames, features: FeatureFrames, bound: Mapping[str, pl.DataFrame], ranking: Ranking, world: World, run: str,
                 asked: Mapping[str, str]) -> None:  # fmt: skip
        self.frames, self.ranking, self.world, self.run, self.asked = frames, ranking, world, run, dict(asked)
        named = sorted(name for name in features.customers.columns if name != "i")
        self.names, self.rows = named, features.customers.select(named).rows()
        self.people = frames.customers.select("id", "zone").rows()
        self.readers = frames.customers.select("timezone", "locale", "region", "kind").rows()
        self.bound = dict(bound)
        self.currencies = currencies(frames)
        self.consents = consent_versions(frames)
        self.ends = dict(frames.offers.select("id", "valid_to").rows())
        self.opens: dict[tuple[Any, ...], datetime] = {}
        self.action, self.channel, self.pair = ranking.action.tolist(), ranking.channel.tolist(), ranking.bound.tolist()
        self.starts = [*ranking.starts.tolist(), len(self.action)]
        self.candidates = self._candidates()

    def decision(self, i: int) -> Decision:
        customer_id = self.people[i][0]
        first, last = self.starts[i], self.starts[i + 1]
        seen = {name: value for name, value in zip(self.names, self.rows[i], strict=True) if value is not None}
        action = self.world.catalogue.actions[self.action[first]]
        pair = self.bound[action.binds].row(self.pair[first], named=True) if action.binds else {}
        about = {name: value for name, value in pair.items() if name[:2] in ("s_", "o_") and value is not None}
        seed = seed_of(customer_id, self.run, self.world.policy_version)
        record = canonical({
            "as_of": stamp(self.frames.as_of),
            "asked": self.asked,
            "bound": about,
            "candidates": self.candidates[first:last],
            "consent_version": self.consents.get(i, NO_CONSENT),
            "currency": self.currencies[i],
            "customer_id": customer_id,
            "features": seen,
            "model_version": self.world.propensity.version,
            "policy_version": self.world.policy_version,
            "run": self.run,
            "seed": seed,
            "selection": [1] + [0] * (last - first - 1),
        })  # fmt: skip
        channel = CHANNELS[self.channel[first]] if self.channel[first] >= 0 else None
        before, after = self._window(action, channel, i, pair)
        intent = None
        if channel is not None:
            intent = Intent(
                i, action, channel, pair.get("sku"), pair.get("offer"), seen.get("language") or DEFAULT_LANGUAGE
            )
        return Decision(
            id=f"d-{digest(record)}", customer_id=customer_id, i=i, action=action, intent=intent, row={**seen, **about},
            score=self.candidates[first][-1], seed=seed, record=record, send_not_before=before, send_not_after=after,
            consent_version=self.consents.get(i, NO_CONSENT),
        )  # fmt: skip

    def _candidates(self) -> list[tuple[Any, ...]]:
        """(action, channel, product or offer, propensity, value, cost, score): bare tuples, because a batch stores millions."""
        actions, ranking = self.world.catalogue.actions, self.ranking
        ids = {frame: rows[frame].to_list() if rows.height else [] for frame, rows in self.bound.items()}
        pairs = [
            ids[actions[number].binds or ""][pair] if pair >= 0 else None
            for number, pair in zip(self.action, self.pair, strict=True)
        ]
        names = [action.id for action in actions]
        channels = (*CHANNELS, None)
        return list(zip(
            [names[number] for number in self.action], [channels[number] for number in self.channel], pairs, ranking.propensity.tolist(),
            ranking.value.tolist(), ranking.cost.tolist(), ranking.score.tolist(), strict=True,
        ))  # fmt: skip

    def _window(
        self, action: Action, channel: str | None, i: int, pair: Mapping[str, Any]
    ) -> tuple[datetime, datetime]:
        """When the message may leave: from the next open hour until what it says stops being true."""
        as_of = self.frames.as_of
        if channel is None:
            return as_of, as_of + timedelta(days=action.lasts_days)
        key = (channel, action.id, *self.readers[i])
        if key not in self.opens:
            timezone, locale, region, kind = self.readers[i]
            reader = Recipient(
                zone=timezone, countries=countries_of(timezone, locale), region=region, kind=kind or "b2c"
            )
            self.opens[key] = next_open_at(as_of, self.world.catalogue.contact, channel=channel, purpose=action.purpose, action=action.id,
                                           recipient=reader)  # fmt: skip
        before = self.opens[key]
        after = before + timedelta(days=action.lasts_days)
        end: date | None = self.ends.get(pair.get("offer") or "")
        if end is not None:
            lag = timedelta(days=self.world.catalogue.channels[channel].lag_days)
            after = min(after, datetime.combine(end, time.max, ZoneInfo(self.people[i][1])) - lag)
        return before, max(before, after)


def consent_versions(frames: Frames) -> Mapping[int, str]:
    """Customer → how many consent entries there are and the instant of the latest: changes whenever consent does."""
    latest = frames.consents.group_by("i").agg(
        pl.len().alias("count"), pl.col("at").max().dt.epoch("us").alias("latest")
    )
    return {i: f"{count}@{at}" for i, count, at in latest.iter_rows()}


def currencies(frames: Frames) -> list[str]:
    """The currency of each customer: that of their shop's products, yen where there are none."""
    shops = dict(
        frames.products.sort("sku").group_by("shop", maintain_order=True).agg(pl.col("currency").first()).rows()
    )
    return [shops.get(shop, "JPY") for shop in frames.customers["shop"]]


def answer(decision: Decision, frames: Frames, world: World) -> dict[str, Any]:
    """The decision as other programs read it: chosen and candidates with every field, amounts in major units."""
    record = orjson.loads(decision.record)
    whole = [_offered(record, place, decision, world) for place in range(len(record["candidates"]))]
    chosen = {**whole[0], "reasons": reasons(decision, world.screen, len(whole))}
    chosen.pop("rank")
    return {
        "customer_id": decision.customer_id,
        "as_of": frames.as_of.isoformat(),
        "decision_id": decision.id,
        "policy_version": record["policy_version"],
        "model_version": record["model_version"],
        "chosen": chosen,
        "candidates": whole,
    }


def _offered(record: Mapping[str, Any], place: int, decision: Decision, world: World) -> dict[str, Any]:
    name, channel, pair, propensity, value, cost, score = record["candidates"][place]
    action = world.catalogue.by_id[name]
    unit = 10 ** MINOR_DIGITS.get(record["currency"], 2)
    return {
        "rank": place + 1,
        "action": name,
        "channel": channel,
        "sku": pair if action.binds == "sku" else None,
        "offer": pair if action.binds == "offer" else None,
        "language": decision.row.get("language") or DEFAULT_LANGUAGE,
        "score": round(score / MILLIONTHS / unit, 6),
        "currency": record["currency"],
        "propensity": propensity,
        "value": round(value / unit, 6),
        "cost": round(cost / unit, 6),
        "selection_probability": float(record["selection"][place]),
        "send_not_before": decision.send_not_before.isoformat(),
        "send_not_after": decision.send_not_after.isoformat(),
        "requires_human": action.id in ("escalate_to_human", "merge_review", "complaint_recovery")
        or bool(decision.row.get("has_owner")),
    }


def reasons(decision: Decision, screen: Screen, candidates: int) -> list[dict[str, str]]:
    """Why this action, in both languages: what it is for, then the values that made it apply, or what forbade the others."""
    action = decision.action
    given = [{"code": action.id, "ja": action.why["ja"], "en": action.why["en"]}]
    if action.id == "no_action":
        return given + _silence(decision, screen, candidates)
    seen: dict[str, Any] = {}
    for rule in action.rules:
        if rule.stage == "applicability":
            told = {name: decision.row.get(name) for name in sorted(rule.clause.names)}
            seen |= {name: value for name, value in told.items() if value not in (None, False)}
    return given + [
        {"code": name, "ja": f"{name} は {value}", "en": f"{name} is {value}"}
        for name, value in list(seen.items())[:SEEN_REASONS]
    ]


def _silence(decision: Decision, screen: Screen, candidates: int) -> list[dict[str, str]]:
    """Why nothing is sent: the gates that are shut on every channel, else that nothing applies or is worth its cost."""
    shut = [(gate, screen.catalogue.gates[gate]) for gate in screen.shut_gates(decision.row)]
    if shut:
        return [{"code": gate, "ja": f"「{ja}」を満たしません", "en": f"not {en}"} for gate, (_, ja, en) in shut]
    if candidates > 1:
        return [
            {
                "code": "not_worth_its_cost",
                "ja": "候補はありますが、費用とご負担に見合いません",
                "en": "what is possible is not worth its cost",
            }
        ]
    return [
        {"code": "nothing_applies", "ja": "いまこの方に合うご案内がありません", "en": "nothing fits this customer now"}
    ]
