"""The pace under a clock that moves only when somebody waits: never above the limits, close to them, and no storm of 429."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("langchain_openai")

from agent.drafting.copywriter import tokens
from agent.drafting.limits import Bucket, Budget, Pace
from benchmarks.drafting import Counting, VirtualLoop, simulated
from policies.catalogue import load_catalogue
from prompts.asking import Asking
from prompts.render import Templates
from tests.agent.test_loopback import brief

CATALOGUE = load_catalogue()
ASKING = Asking(Templates())
NEARLY = 1e-6


def busiest(starts: Sequence[tuple[float, float]]) -> float:
    """The most that ever falls into 60 seconds."""
    most = held = 0.0
    window: deque[tuple[float, float]] = deque()
    for at, amount in sorted(starts):
        window.append((at, amount))
        held += amount
        while window[0][0] <= at - 60 + NEARLY:
            held -= window.popleft()[1]
        most = max(most, held)
    return most


@settings(max_examples=150, deadline=None)
@given(
    limit=st.integers(2, 500), burst=st.integers(1, 100),
    calls=st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 1.0)), min_size=1, max_size=150),
)  # fmt: skip
def test_no_minute_sees_more_than_the_limit(limit: int, burst: int, calls: list[tuple[float, float]]) -> None:
    bucket, now, starts = Bucket(limit, burst), 0.0, []
    for pause, size in calls:
        now += pause
        amount = size * limit / 2
        while (wait := bucket.wait(amount, now)) > 0:
            now += wait
        bucket.take(amount)
        starts.append((now, amount))
    assert busiest(starts) <= limit * (1 + NEARLY)


@settings(max_examples=60, deadline=None)
@given(
    requests=st.integers(2, 120), allowed=st.integers(4000, 60_000), in_flight=st.integers(1, 12),
    sizes=st.lists(st.integers(100, 2000), min_size=5, max_size=80), holds=st.lists(st.tuples(st.floats(0, 200), st.floats(0, 90)), max_size=3),
    latency=st.floats(0.01, 20),
)  # fmt: skip
def test_a_run_never_exceeds_its_limits(
    requests: int, allowed: int, in_flight: int, sizes: list[int], holds: list[tuple[float, float]], latency: float
) -> None:
    starts: list[tuple[float, float]] = []
    barred: list[tuple[float, float]] = []
    under_way = 0

    async def run() -> None:
        loop = asyncio.get_running_loop()
        pace = Pace(requests_per_minute=requests, tokens_per_minute=allowed, in_flight=in_flight, tokens_each=1000)

        async def one(size: int) -> None:
            nonlocal under_way
            async with pace:
                await pace.turn(size)
                under_way += 1
                assert under_way <= in_flight
                starts.append((loop.time(), size))
                await asyncio.sleep(latency)
                under_way -= 1

        async def hold(after: float, seconds: float) -> None:
            await asyncio.sleep(after)
            pace.hold(seconds)
            barred.append((loop.time(), loop.time() + seconds))

        async with asyncio.TaskGroup() as group:
            for size in sizes:
                group.create_task(one(size))
            for after, seconds in holds:
                group.create_task(hold(after, seconds))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    assert [size for _, size in starts] == sizes
    assert busiest([(at, 1) for at, _ in starts]) <= requests + NEARLY
    assert busiest(starts) <= allowed + NEARLY
    for begin, end in barred:
        assert not any(begin + NEARLY < at < end - NEARLY for at, _ in starts)


def test_the_limit_is_filled() -> None:
    starts: list[float] = []

    async def run() -> None:
        pace = Pace(requests_per_minute=300, tokens_per_minute=10**9, in_flight=8, tokens_each=1000)

        async def one() -> None:
            async with pace:
                await pace.turn(1000)
                starts.append(asyncio.get_running_loop().time())
                await asyncio.sleep(1.2)

        async with asyncio.TaskGroup() as group:
            for _ in range(1500):
                group.create_task(one())

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    assert 1500 / (starts[-1] / 60) > 0.95 * 300


# --- against a provider that counts -----------------------------------------------------------------------------------


def test_a_scheduled_run_fills_the_limit_and_is_never_refused() -> None:
    provider = Counting(limit=120)
    seconds, outcomes = simulated(600, provider, requests_per_minute=120, in_flight=8)
    assert outcomes == {"written": 600}
    assert provider.refused == []
    assert 600 / (120 * seconds / 60) > 0.9


@pytest.mark.parametrize("told", [None, 5.0])
def test_after_a_429_all_wait_and_none_storms(told: float | None) -> None:
    """The account's limit is half of what the settings say."""
    provider = Counting(limit=60, told=told)
    _, outcomes = simulated(150, provider, requests_per_minute=120, in_flight=8)
    assert outcomes.get("written", 0) + outcomes.get("gave_up", 0) + outcomes.get("rate_limited", 0) == 150
    assert outcomes["written"] == 150
    bursts = [sum(at <= other < at + 1 for other in provider.refused) for at in provider.refused]
    assert max(bursts) <= 8
    assert len(provider.refused) < 150


def test_without_the_schedule_there_is_a_storm() -> None:
    """The control: the same provider, asked as fast as it goes, is soon asked no more."""
    provider = Counting(limit=120)
    _, outcomes = simulated(600, provider, requests_per_minute=10**6, in_flight=64, attempts=2)
    assert len(provider.refused) > 10
    assert outcomes["written"] < 300 and outcomes["gave_up"] > 100


def test_a_request_larger_than_the_limit_says_so() -> None:
    _, outcomes = simulated(2, Counting(limit=60), requests_per_minute=60, tokens_per_minute=2000)
    assert outcomes == {"rate_too_small": 2}


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 1000), st.booleans()), max_size=60), st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_budget_is_never_overspent(asked: list[tuple[int, int, bool]], most: int, micros: int) -> None:
    budget = Budget(tokens=most, micros=micros)
    for size, money, cheaper in asked:
        if budget.set_aside(size, money) is None and cheaper:
            budget.settle((size, money), size // 2, money // 2)
        assert budget.spent_tokens <= most and budget.spent_micros <= micros
    assert budget.set_aside(most + 1, 0) == "tokens"


def test_tokens_are_rather_over_than_underestimated() -> None:
    from agent.demo.loopback import tokens as counted

    for language in ("ja", "en"):
        prompt = ASKING.prompt(brief(CATALOGUE.by_id["winback"], "post", language))
        assert 0.95 * counted(prompt.system) <= tokens(prompt.system) <= 1.6 * counted(prompt.system)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7), ({"retry-after-ms": "1500"}, 1.5), ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0), ({}, None),
     ({"retry-after": "soon"}, None), ({"retry-after": "-3"}, 0)],
)  # fmt: skip
def test_how_long_a_provider_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    import httpx2
    import openai

    from agent.drafting.provider import failure_of

    answer = httpx2.Response(429, headers=headers, request=httpx2.Request("POST", "http://127.0.0.1/v1"))
    failure = failure_of(openai.RateLimitError("slow down", response=answer, body=None))
    assert failure is not None and failure.outcome == "rate_limited" and failure.retry_after == seconds


def test_what_is_no_failure_of_a_model_is_not_taken_for_one() -> None:
    from agent.drafting.provider import failure_of

    assert failure_of(RuntimeError("a recorder has no recording")) is None
    assert failure_of(ConnectionResetError()).outcome == "unreachable"  # type: ignore[union-attr]
