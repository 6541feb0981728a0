"""A decision: what was chosen for one customer, from which candidates, on which features, under which versions.

The stored record is canonical JSON and its id is its digest, so a decision is what it says or it is not that decision.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
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
from retrieval.features import VOCABULARY, FeatureFrames
from retrieval.frames import DEFAULT_ZONE, Frames

NO_CONSENT = "0"
DEFAULT_LANGUAGE = "ja"
_PAIR_NAMES = {
    grain: [name for name, feature in VOCABULARY.items() if feature.grain == grain] for grain in ("sku", "offer")
}
SEEN_REASONS = 3
"""How many of the values that made the action applicable are given as reasons."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names under which feature values stand in a record: ``names`` is canonical JSON, grain → names in order.

    ``id`` is its digest, so a record that quotes it says which value is which without repeating every name.
    """

    id: str
    names: bytes

    def named(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record (parsed) with the names put back to its features and to those of what it is bound to."""
        names = orjson.loads(self.names)
        bound = {
            name: value
            for grain, values in record["bound"].items()
            for name, value in zip(names[grain], values, strict=True)
        }
        return {**record, "features": dict(zip(names["customer"], record["features"], strict=True)), "bound": bound}


def vocabulary(names: Mapping[str, list[str]]) -> Vocabulary:
    """The vocabulary of these names."""
    said = canonical(names)
    return Vocabulary(f"v-{digest(said, 16)}", said)


class Row(Mapping[str, Any]):
    """``names`` and ``values`` of one customer's features as a mapping that copies neither: of a hundred features few are asked."""

    __slots__ = ("_places", "_values")

    def __init__(self, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        self._places, self._values = _places(names), values

    def __getitem__(self, name: str) -> Any:
        return self._values[self._places[name]]

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or ``default`` where there is no such feature."""
        place = self._places.get(name)
        return default if place is None else self._values[place]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@lru_cache(maxsize=256)
def _places(names: tuple[str, ...]) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(names)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One customer's decision.

    ``record`` is the canonical record (bytes) that is stored, its feature values in the order of ``vocabulary``; ``intent``
    what is to be written, None for an internal action; ``names`` and ``values`` the customer's features with those of the
    chosen product or offer; ``send_not_before`` and ``send_not_after`` bound when the message may leave; ``zone`` is the
    customer's; ``score`` in millionths of a minor unit.
    """

    id: str
    customer_id: str
    i: int
    action: Action
    intent: Intent | None
    names: tuple[str, ...]
    values: tuple[Any, ...]
    score: int
    seed: int
    record: bytes
    send_not_before: datetime
    send_not_after: datetime
    consent_version: str
    zone: str
    vocabulary: Vocabulary | None = None

    @property
    def row(self) -> Mapping[str, Any]:
        """Feature → value."""
        return Row(self.names, self.values)

    def seeing(self, **changed: Any) -> Decision:
        """The same decision about a customer whose features differ in ``changed``."""
        row = {**self.row, **changed}
        return replace(self, names=tuple(row), values=tuple(row.values()))


def seed_of(customer_id: str, run: str, policy_version: str) -> int:
    """The seed of every choice made for this customer in this run under these policies."""
    return zlib.crc32(f"{customer_id}|{run}|{policy_version}".encode())


def decide_all(
    frames: Frames, features: FeatureFrames, bound: Mapping[str, pl.DataFrame], ranking: Ranking, money: list[str],
    world: World, *, run: str = "", asked: Mapping[str, str] = MappingProxyType({}), only: NDArray[np.bool_] | None = None,
    seed: int | None = None,
) -> tuple[Decision, ...]:  # fmt: skip
    """The decision of every customer (or of those in ``only``), in the order of ``i``; ``asked`` is what a person narrowed it to."""
    whole = _Whole(frames, features, bound, ranking, money, world, run, asked, seed)
    return tuple(whole.decision(i) for i in range(frames.size) if only is None or only[i])


class _Whole:
    """The partition's columns as Python rows, fetched once."""

    def __init__(self, frames: Frames, features: FeatureFrames, bound: Mapping[str, pl.DataFrame], ranking: Ranking, money: list[str], world: World, run: str,
                 asked: Mapping[str, str], seed: int | None) -> None:  # fmt: skip
        self.frames, self.ranking, self.world, self.run, self.asked = frames, ranking, world, run, dict(asked)
        self.seed = seed
        self.names = [name for name in features.customers.columns if name != "i"]
        self.rows = features.customers[self.names].rows()
        self.all_names = {None: tuple(self.names)} | {
            grain: (*self.names, *bound_names) for grain, bound_names in _PAIR_NAMES.items()
        }
        self.languages = features.customers["language"].to_list()
        self.people = frames.customers[["id", "zone"]].rows()
        listed = world.catalogue.contact.listed
        self.readers = [
            (timezone, locale, region if region in listed else None, kind)
            for timezone, locale, region, kind in frames.customers[["timezone", "locale", "region", "kind"]].iter_rows()
        ]
        self.bound = dict(bound)
        self.vocabulary = vocabulary({"customer": self.names, **_PAIR_NAMES})
        self.as_of = stamp(frames.as_of)
        self.currencies = money
        self.consents = consent_versions(frames)
        self.ends = dict(frames.offers[["id", "valid_to"]].rows())
        self.windows: dict[tuple[Any, ...], tuple[datetime, datetime]] = {}
        self.openings: dict[tuple[Any, ...], datetime] = {}
        self.action, self.channel, self.pair = ranking.action.tolist(), ranking.channel.tolist(), ranking.bound.tolist()
        self.starts = [*ranking.starts.tolist(), len(self.action)]
        self.candidates = self._candidates()
        self.pairs = self._chosen_pairs()

    def decision(self, i: int) -> Decision:
        customer_id, zone = self.people[i]
        first, last = self.starts[i], self.starts[i + 1]
        action = self.world.catalogue.actions[self.action[first]]
        _, _, bound_to, _, _, _, score = self.candidates[first]
        about = self.pairs[action.binds][self.pair[first]] if action.binds else ()
        seed = seed_of(customer_id, self.run, self.world.policy_version) if self.seed is None else self.seed
        consent_version = self.consents.get(i, NO_CONSENT)
        record = canonical({
            "as_of": self.as_of,
            "asked": self.asked,
            "bound": {action.binds: about} if action.binds else {},
            "candidates": self.candidates[first:last],
            "consent_version": consent_version,
            "currency": self.currencies[i],
            "customer_id": customer_id,
            "features": self.rows[i],
            "model_version": self.world.propensity.version,
            "policy_version": self.world.policy_version,
            "run": self.run,
            "seed": seed,
            "selection": [1] + [0] * (last - first - 1),
            "vocabulary": self.vocabulary.id,
        })  # fmt: skip
        channel = CHANNELS[self.channel[first]] if self.channel[first] >= 0 else None
        before, after = self._window(action, channel, i, bound_to if action.binds == "offer" else "")
        intent = None
        if channel is not None:
            sku, offer = (bound_to if action.binds == grain else None for grain in ("sku", "offer"))
            intent = Intent(i, action, channel, sku, offer, self.languages[i] or DEFAULT_LANGUAGE)
        return Decision(
            id=f"d-{digest(record)}", customer_id=customer_id, i=i, action=action, intent=intent,
            names=self.all_names[action.binds], values=self.rows[i] + about, score=score, seed=seed, record=record,
            vocabulary=self.vocabulary, send_not_before=before, send_not_after=after, consent_version=consent_version, zone=zone,
        )  # fmt: skip

    def _chosen_pairs(self) -> Mapping[str, Mapping[int, tuple[Any, ...]]]:
        """``sku`` or ``offer`` → row number → the features of each product or offer that somebody's first choice is bound to."""
        found = {}
        chosen = {grain: set[int]() for grain in self.bound}
        for first, last in pairwise(self.starts):
            grain = self.world.catalogue.actions[self.action[first]].binds if last > first else None
            if grain:
                chosen[grain].add(self.pair[first])
        for grain, numbers in chosen.items():
            wanted = sorted(numbers)
            found[grain] = (
                dict(zip(wanted, self.bound[grain][wanted][_PAIR_NAMES[grain]].rows(), strict=True)) if wanted else {}
            )
        return found

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

    def _window(self, action: Action, channel: str | None, i: int, offer: str) -> tuple[datetime, datetime]:
        """When the message may leave: from the next open hour until what it says stops being true."""
        key = (action.id, channel, offer, *self.readers[i])
        if key not in self.windows:
            self.windows[key] = self._span(action, channel, self.readers[i], self.ends.get(offer))
        return self.windows[key]

    def _span(
        self, action: Action, channel: str | None, reader: tuple[str | None, ...], end: date | None
    ) -> tuple[datetime, datetime]:
        as_of = self.frames.as_of
        if channel is None:
            return as_of, as_of + timedelta(days=action.lasts_days)
        before = self._opens(action, channel, reader)
        after = before + timedelta(days=action.lasts_days)
        if end is not None:
            last = datetime.combine(end, time.max, ZoneInfo(reader[0] or DEFAULT_ZONE))
            after = min(after, last - timedelta(days=self.world.catalogue.channels[channel].lag_days))
        return before, max(before, after)

    def _opens(self, action: Action, channel: str, reader: tuple[str | None, ...]) -> datetime:
        """The next hour in which the message may arrive."""
        key = (action.id, channel, reader)
        if key not in self.openings:
            timezone, locale, region, kind = reader
            recipient = Recipient(
                zone=timezone, countries=countries_of(timezone, locale), region=region, kind=kind or "b2c"
            )
            self.openings[key] = next_open_at(
                self.frames.as_of,
                self.world.catalogue.contact,
                channel=channel,
                purpose=action.purpose,
                action=action.id,
                recipient=recipient,
            )
        return self.openings[key]


def consent_versions(frames: Frames) -> Mapping[int, str]:
    """Customer → how many consent entries there are and the instant of the latest: changes whenever consent does."""
    latest = frames.consents.group_by("i").agg(
        pl.len().alias("count"), pl.col("at").max().dt.epoch("us").alias("latest")
    )
    return {i: f"{count}@{at}" for i, count, at in latest.iter_rows()}


def currencies(frames: Frames) -> list[str]:
    """The currency of each customer: that of their shop's products, yen where there are none."""
    shops = dict(frames.products.group_by("shop", maintain_order=True).agg(pl.col("currency").first()).rows())
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
    row = decision.row
    return {
        "rank": place + 1,
        "action": name,
        "channel": channel,
        "sku": pair if action.binds == "sku" else None,
        "offer": pair if action.binds == "offer" else None,
        "language": row.get("language") or DEFAULT_LANGUAGE,
        "score": round(score / MILLIONTHS / unit, 6),
        "currency": record["currency"],
        "propensity": propensity,
        "value": round(value / unit, 6),
        "cost": round(cost / unit, 6),
        "selection_probability": float(record["selection"][place]),
        "send_not_before": decision.send_not_before.isoformat(),
        "send_not_after": decision.send_not_after.isoformat(),
        "requires_human": action.id in ("escalate_to_human", "merge_review", "complaint_recovery")
        or bool(row.get("has_owner")),
    }


def reasons(decision: Decision, screen: Screen, candidates: int) -> list[dict[str, str]]:
    """Why this action, in both languages: what it is for, then the values that made it apply, or what forbade the others."""
    action = decision.action
    given = [{"code": action.id, "ja": action.why["ja"], "en": action.why["en"]}]
    if action.id == "no_action":
        return given + _silence(decision, screen, candidates)
    seen: dict[str, Any] = {}
    row = decision.row
    for rule in action.rules:
        if rule.stage == "applicability":
            told = {name: row.get(name) for name in sorted(rule.clause.names)}
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
