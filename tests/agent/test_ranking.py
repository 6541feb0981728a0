"""Who is possible, and in which order: the vectorised screen against one clause at a time, and arbitration by its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.decision import currencies
from agent.enishi import Enishi
from agent.ranking.arbitration import MILLIONTHS, Ranking, arbitrate, lever_of
from agent.ranking.propensity import PriorPropensity
from policies.catalogue import Action, Catalogue, Lever
from policies.eligibility import BOUND_KEPT, Screening, binding, reads_binding
from policies.expressions import Closure, Expression
from retrieval.customer import CHANNELS
from retrieval.features import FeatureFrames, compute
from retrieval.frames import Frames
from tests.agent.conftest import AS_OF

Candidate = tuple[int, str, str | None, str | None]


class Screened:
    """The sample partition screened once."""

    def __init__(self, enishi: Enishi, frames: Frames) -> None:
        self.catalogue: Catalogue = enishi.world.catalogue
        self.screen = enishi.world.screen
        self.frames = frames
        self.features: FeatureFrames = compute(frames, topics=self.catalogue.topics)
        self.bound = self.screen.frames(self.features)
        self.screening: Screening = self.screen(self.features, self.bound)
        self.currencies = currencies(frames)
        self.rows = self.features.customers.to_dicts()

    def named(self, places: Iterator[tuple[int, int, int, int]]) -> list[Candidate]:
        ids = {frame: rows[frame].to_list() if rows.height else [] for frame, rows in self.bound.items()}
        found = []
        for i, position, channel, pair in places:
            action = self.catalogue.actions[position]
            found.append(
                (
                    i,
                    action.id,
                    CHANNELS[channel] if channel >= 0 else None,
                    ids[action.binds][pair] if action.binds else None,
                )
            )
        return found

    def candidates(self, found: Screening | Ranking) -> list[Candidate]:
        columns = (found.customer, found.action, found.channel, found.bound)
        return self.named(zip(*(column.tolist() for column in columns), strict=True))

    def ranked(
        self, catalogue: Catalogue | None = None, screening: Screening | None = None, as_of: datetime = AS_OF
    ) -> Ranking:
        catalogue = catalogue or self.catalogue
        return arbitrate(
            screening or self.screening, self.features, self.bound, self.currencies,
            catalogue=catalogue, propensity=PriorPropensity(), as_of=as_of,
        )  # fmt: skip


@pytest.fixture(scope="module")
def screened(reader: Enishi, everyone: Frames) -> Screened:
    return Screened(reader, everyone)


def one_by_one(screened: Screened) -> set[Candidate]:
    """Every candidate as the closures of the clauses say, one customer, action, channel and pair at a time."""

    @cache
    def closure(action: str, number: int, channel: str | None) -> Closure:
        return screened.catalogue.by_id[action].rules[number].clause.closure(*binding(action, channel))

    pairs: dict[str, dict[int, list[dict]]] = {}
    for frame, rows in (("sku", screened.features.skus), ("offer", screened.features.offers)):
        for pair in rows.to_dicts():
            pairs.setdefault(frame, {}).setdefault(pair["i"], []).append(pair)

    def holds(action: Action, channel: str | None, row: dict, *, about_pair: bool) -> bool:
        return all(
            closure(action.id, number, channel)(row)
            for number, rule in enumerate(action.rules)
            if reads_binding(rule.clause) is about_pair
        )

    found: set[Candidate] = set()
    for i, row in enumerate(screened.rows):
        for action in screened.catalogue.actions:
            kept: list[str | None] = [None]
            if action.binds is not None:
                merged = [{**row, **pair} for pair in pairs.get(action.binds, {}).get(i, [])]
                kept = preferred(action, [pair for pair in merged if holds(action, None, pair, about_pair=True)])
            for channel in action.channels or (None,):
                if holds(action, channel, row, about_pair=False):
                    found |= {(i, action.id, channel, pair) for pair in kept}
    return found


def preferred(action: Action, pairs: list[dict]) -> list[str | None]:
    """The ids of the pairs the action likes best."""
    assert action.prefer is not None
    liking = action.prefer.closure(*binding(action.id, None))

    def place(pair: dict) -> tuple[float, str]:
        value = liking(pair)
        return (-round(value, 6) if value is not None else float("inf"), pair[str(action.binds)])

    return [pair[str(action.binds)] for pair in sorted(pairs, key=place)[:BOUND_KEPT]]


def test_the_screen_says_what_its_clauses_say_one_by_one(screened: Screened) -> None:
    found = screened.candidates(screened.screening)
    assert len(found) == len(set(found))
    assert set(found) == one_by_one(screened)
    assert len({action for _, action, _, _ in found}) > 20


def test_every_exclusion_has_a_clause_that_is_false(screened: Screened) -> None:
    possible = {(i, action, channel) for i, action, channel, _ in screened.candidates(screened.screening)}
    clauses: dict[tuple[str, str, str], Expression] = {
        (action.id, rule.rule, rule.clause.text): rule.clause
        for action in screened.catalogue.actions
        for rule in action.rules
    }
    for i, row in enumerate(screened.rows):
        told = {(one.action, one.channel): one for one in screened.screen.explain(screened.features, screened.bound, i)}
        every = {
            (action.id, channel) for action in screened.catalogue.actions for channel in action.channels or (None,)
        }
        assert told.keys() == {place for place in every if (i, *place) not in possible}
        for one in told.values():
            if one.explanation is None:
                assert one.rule.endswith((".sku", ".offer"))
                continue
            read = dict(row)
            if one.bound is not None:
                frame = str(screened.catalogue.by_id[one.action].binds)
                rows = screened.bound[frame]
                read |= rows.filter((pl.col("i") == i) & (pl.col(frame) == one.bound)).row(0, named=True)
            clause = clauses[one.action, one.rule, one.clause]
            assert clause.closure(*binding(one.action, one.channel))(read) is False
            assert one.explanation.changes
            assert one.explanation.ja and one.explanation.en


def test_excluded_and_possible_customers_add_up(screened: Screened) -> None:
    possible: dict[str, set[int]] = {}
    for i, action, _, _ in screened.candidates(screened.screening):
        possible.setdefault(action, set()).add(i)
    excluded: Counter[str] = Counter()
    for (action, _, _), count in screened.screening.excluded.items():
        excluded[action] += count
    for action in screened.catalogue.actions:
        assert len(possible.get(action.id, ())) + excluded[action.id] == screened.frames.size, action.id


def test_silence_is_always_possible(screened: Screened) -> None:
    silent = [i for i, action, _, _ in screened.candidates(screened.screening) if action == "no_action"]
    assert silent == list(range(screened.frames.size))


# --- arbitration ----------------------------------------------------------------------------------------------------


def fixed(action: Action) -> bool:
    return action.tier != "commercial" and action.id != "no_action"


def test_tiers_come_before_scores_and_scores_before_everything_else(screened: Screened) -> None:
    ranking = screened.ranked()
    named = screened.candidates(ranking)
    orders = 0
    for place in range(1, len(named)):
        before, after = named[place - 1], named[place]
        if before[0] != after[0]:
            continue
        orders += 1
        first, second = screened.catalogue.by_id[before[1]], screened.catalogue.by_id[after[1]]
        assert fixed(first) >= fixed(second)
        if fixed(first) and fixed(second):
            assert first.order <= second.order
        if not fixed(first):
            assert ranking.score[place - 1] >= ranking.score[place]
            if ranking.score[place - 1] == ranking.score[place]:
                assert first.order <= second.order
    assert orders > 200


def test_silence_beats_what_is_not_worth_its_cost(screened: Screened) -> None:
    impatient = replace(screened.catalogue, fatigue={"JPY": 100_000, "GBP": 100_000, "USD": 100_000})
    ranking = screened.ranked(impatient)
    best = [screened.candidates(ranking)[start] for start in ranking.starts]
    for _, action, _, _ in best:
        assert fixed(screened.catalogue.by_id[action]) or action == "no_action"
    assert any(action == "no_action" for _, action, _, _ in best)
    named = screened.candidates(ranking)
    assert all(ranking.score[place] == 0 for place, one in enumerate(named) if one[1] == "no_action")


def test_a_score_is_propensity_times_value_minus_cost(screened: Screened) -> None:
    ranking = screened.ranked()
    internal = np.array([action.internal for action in screened.catalogue.actions])[ranking.action]
    expected = np.round((ranking.propensity * ranking.value - ranking.cost) * MILLIONTHS)
    assert np.array_equal(ranking.score[~internal], expected[~internal].astype(np.int64))
    assert (ranking.cost[~internal] > 0).any()
    assert ((ranking.propensity >= 0) & (ranking.propensity <= 0.95)).all()


def lever(weight: float, expires: date = date(2026, 12, 31), **target: str) -> Lever:
    return Lever(target.get("action"), target.get("group"), weight, "mori", "test", expires)


@given(weights=st.lists(st.floats(-1, 1), max_size=6))
def test_levers_together_stay_within_one(weights: list[float], reader: Enishi) -> None:
    catalogue = replace(reader.world.catalogue, levers=tuple(lever(weight, group="offer") for weight in weights))
    offer, other = catalogue.by_id["member_offer"], catalogue.by_id["winback"]
    assert lever_of(offer, catalogue, AS_OF) == pytest.approx(max(-1, min(1, sum(weights))))
    assert lever_of(other, catalogue, AS_OF) == 0


def test_a_lever_ends_after_its_last_day_whatever_the_zone_of_the_clock(reader: Enishi) -> None:
    catalogue = replace(reader.world.catalogue, levers=(lever(0.5, date(2026, 5, 14), action="member_offer"),))
    action = catalogue.by_id["member_offer"]
    last = datetime.fromisoformat("2026-05-14T23:59:59+09:00")
    for moment, weight in (
        (last, 0.5),
        (last + timedelta(seconds=1), 0.0),
        (datetime.fromisoformat("2026-05-14T00:00:00+09:00"), 0.5),
    ):
        assert lever_of(action, catalogue, moment) == weight
        assert (
            lever_of(action, catalogue, moment.astimezone(datetime.fromisoformat("2026-05-14T00:00Z").tzinfo)) == weight
        )


def test_a_lever_moves_the_score_and_nothing_else(screened: Screened) -> None:
    pushed = screened.ranked(replace(screened.catalogue, levers=(lever(1, action="member_offer"),)))
    plain = screened.ranked()

    def scores(ranking: Ranking) -> dict[Candidate, int]:
        return dict(zip(screened.candidates(ranking), ranking.score.tolist(), strict=True))

    before, after = scores(plain), scores(pushed)
    worth = dict(zip(screened.candidates(plain), (plain.propensity * plain.value * MILLIONTHS).tolist(), strict=True))
    assert before.keys() == after.keys()
    for one, score in before.items():
        if one[1] == "member_offer":
            assert after[one] == pytest.approx(score + worth[one], abs=2)
        else:
            assert after[one] == score


def test_equal_scores_go_by_catalogue_channel_and_id(screened: Screened) -> None:
    level = replace(
        screened.catalogue,
        actions=tuple(replace(action, propensity=0.0) for action in screened.catalogue.actions),
        channels={name: replace(channel, cost={}) for name, channel in screened.catalogue.channels.items()}, fatigue={},
    )  # fmt: skip
    ranking = screened.ranked(level)
    stated = screened.features.customers["pref_channel"].to_list()

    def key(one: Candidate) -> tuple:
        i, name, channel, pair = one
        action = screened.catalogue.by_id[name]
        place = (
            0 if channel is not None and stated[i] == channel else action.channels.index(channel) + 1 if channel else 0
        )
        return (i, not fixed(action), action.order, place, pair or "")

    named = screened.candidates(ranking)
    assert (ranking.score == 0).all()
    assert named == sorted(named, key=key)
    assert any(stated[i] == channel for i, _, channel, _ in named)


def by_action(screened: Screened, ranking: Ranking) -> dict[tuple[int, str], list[str]]:
    """Channels of every service and relationship action in the order in which they are ranked."""
    groups: dict[tuple[int, str], list[str]] = {}
    for i, action, channel, _ in screened.candidates(ranking):
        if channel is not None and fixed(screened.catalogue.by_id[action]):
            groups.setdefault((i, action), []).append(channel)
    return groups


def test_the_channel_they_asked_for_comes_first(screened: Screened) -> None:
    asked = {i: found[-1] for (i, _), found in by_action(screened, screened.ranked()).items() if len(set(found)) > 1}
    stated = pl.Series("pref_channel", [asked.get(i) for i in range(screened.frames.size)], dtype=pl.String)
    ranking = arbitrate(
        screened.screening, replace(screened.features, customers=screened.features.customers.with_columns(stated)), screened.bound,
        screened.currencies, catalogue=screened.catalogue, propensity=PriorPropensity(), as_of=AS_OF,
    )  # fmt: skip
    groups = by_action(screened, ranking)
    assert len(asked) > 10
    assert all(groups[i, action][0] == asked[i] for i, action in groups if asked.get(i) in groups[i, action])


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_order_of_candidates_does_not_depend_on_how_they_came(seed: int, screened: Screened) -> None:
    order = np.random.default_rng(seed).permutation(screened.screening.customer.size)
    shuffled = replace(
        screened.screening,
        **{name: getattr(screened.screening, name)[order] for name in ("customer", "action", "channel", "bound")},
    )
    assert screened.candidates(screened.ranked(screening=shuffled)) == screened.candidates(screened.ranked())
