"""What the model drafter spends and how well it fills a provider's limit.

    python -m benchmarks.drafting [CUSTOMERS]         default 300

The first part drafts a sample with the loopback server, one draft each and then as a batch: requests, tokens, the share of what was
sent that never changes.  The second asks a provider that counts, in virtual time: with the schedule, and as fast as it goes with
each request waiting by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import openai
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from agent.batch.local import run_locally
from agent.batch.run import begin
from agent.demo.home import make_home
from agent.demo.loopback import MODEL, Loopback, completion
from agent.drafting.copies import stable_share
from agent.drafting.copywriter import Copywriter, Written
from agent.drafting.model import ModelDrafter, directly
from agent.enishi import Enishi
from agent.pipeline import work
from agent.settings import Drafting
from policies.catalogue import load_catalogue
from prompts.asking import Asking, Brief, brief_of
from prompts.bundle import ALWAYS
from prompts.render import Templates
from retrieval.database import reading
from retrieval.history import read_partition

AS_OF = datetime(2026, 5, 14, 1, 30, tzinfo=UTC)
ALONE = 40
"""Drafts asked for one by one."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time; ``now`` is in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        real = self._selector.select  # type: ignore[attr-defined]

        def select(timeout: float | None) -> Any:
            assert timeout is not None, "everybody waits for somebody else"
            self.now += timeout
            return real(0)

        self._selector.select = select  # type: ignore[attr-defined]

    def time(self) -> float:
        """Seconds since it was made."""
        return self.now


class Counting(BaseChatModel):
    """A provider that takes ``limit`` requests in any minute and answers the others with 429, with Retry-After if ``told``."""

    limit: int
    latency: float = 2.0
    told: float | None = None
    taken: list[float] = Field(default_factory=list)
    refused: list[float] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "counting"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        now = asyncio.get_running_loop().time()
        recent = [at for at in self.taken if at > now - 60]
        if len(recent) >= self.limit:
            self.refused.append(now)
            await asyncio.sleep(0.05)
            headers = {"retry-after": str(self.told)} if self.told is not None else {}
            answer = httpx2.Response(429, headers=headers, request=httpx2.Request("POST", "http://127.0.0.1/v1"))
            raise openai.RateLimitError("slow down", response=answer, body={"code": "rate_limit_exceeded"})
        self.taken.append(now)
        await asyncio.sleep(self.latency)
        said = completion({"messages": [{"content": message.content} for message in messages]})
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said["choices"][0]["message"]["content"]))])


def briefs(count: int) -> list[Brief]:
    """Different briefs of one cell."""
    action = load_catalogue().by_id["replenish_reminder"]
    slots = (*ALWAYS, *action.required, *action.optional)
    one = brief_of(action, "email", "ja", slots, formal=False, business=False, voice="default", care=False, phrasings=1)
    return [replace(one, why=f"{number:05}") for number in range(count)]


def simulated(count: int, provider: Counting, **changed: Any) -> tuple[float, dict[str, int]]:
    """Seconds that a scheduled run takes, and how often each outcome came."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[BaseChatModel]:
        yield provider

    loop = VirtualLoop()
    chosen = Drafting.model_validate(
        {"model": "counting", "timeout_seconds": 600, "attempts": 10, "tokens_per_minute": 10**9, **changed}
    )
    found: list[Written] = []
    writer = Copywriter(chosen, connect, Asking(Templates()), lambda *_: (), loop_factory=lambda: loop)
    writer.write(briefs(count), finished=found.append)
    return loop.now, {outcome: sum(one.outcome == outcome for one in found) for outcome in {one.outcome for one in found}}


def unscheduled(count: int, provider: Counting, *, in_flight: int) -> float:
    """Seconds that it takes when every request waits by itself, twice as long from time to time, each a little different."""
    loop, chance = VirtualLoop(), random.Random(7)

    async def run() -> None:
        seats = asyncio.Semaphore(in_flight)

        async def one() -> None:
            async with seats:
                for attempt in range(10_000):
                    try:
                        await provider.ainvoke([("human", "…")])
                        return
                    except openai.RateLimitError:
                        await asyncio.sleep(min(60, 2 ** min(attempt, 6)) * (1 + chance.random()))

        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(one())

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run())
    return loop.now


def spending(customers: int) -> None:
    """Requests and tokens, one by one and as a batch."""
    with tempfile.TemporaryDirectory(prefix="enishi-bench-") as folder, Loopback() as server:
        home = Path(folder) / "home"
        make_home(home, customers=customers, as_of=AS_OF, told=sys.stderr)
        asked = Drafting(model=MODEL, base_url=server.url, requests_per_minute=100_000, tokens_per_minute=100_000_000)
        with (home / "enishi.toml").open("a", encoding="utf-8") as settings:
            told = asked.model_dump(include={"model", "base_url", "requests_per_minute", "tokens_per_minute"})
            settings.write("\n[drafting]\n" + "".join(f"{key} = {value!r}\n" for key, value in told.items()))
        with Enishi.open(home) as enishi:
            with reading(enishi.engine) as connected:
                frames = read_partition(connected, AS_OF, enishi.shelves, 0, 4095)
            ids = [draft.decision.customer_id for draft in work(frames, enishi.world).drafts][:ALONE]
            drafter = ModelDrafter(directly(enishi.copywriter(as_of=AS_OF), enishi.world))
            alone = [work(enishi.frames(one, as_of=AS_OF), enishi.world, drafter=drafter).drafts[0].provenance for one in ids]
            begin(enishi, "bench", as_of=AS_OF, at=AS_OF, drafter="model")
            state = run_locally(enishi, "bench", workers=1)
            share = stable_share(enishi.engine, "bench")
    made = [one for one in alone if one is not None]
    requests, tokens_in, tokens_out = (
        sum(getattr(one, name) for one in made) / len(made) for name in ("requests", "tokens_in", "tokens_out")
    )
    print(f"one by one: {len(made)} drafts, {requests:.2f} requests, {tokens_in:,.0f} tokens in, {tokens_out:,.0f} out, each")
    spent, drafts = state.spent, state.funnel["drafts"]
    assert spent is not None
    passing = state.funnel["verdict:pass"] + state.funnel["verdict:flag"]
    print(f"batch of {customers:,} customers: {drafts} drafts from {spent.copies} copies, {spent.requests} requests, {spent.tokens:,} tokens")
    print(f"  {spent.requests / passing:.2f} requests and {spent.tokens / passing:,.0f} tokens per message that can be approved")
    print(f"  by the model {state.funnel['drafting:written'] + state.funnel['drafting:repaired']} of {drafts}; stable beginning {share:.1%} of what was sent")


def filling() -> None:
    """The share of a limit that is used, and how often the provider refuses."""
    for limit, count in ((120, 600), (500, 2500)):
        ours, bare = Counting(limit=limit), Counting(limit=limit)
        with_schedule, _ = simulated(count, ours, requests_per_minute=limit, in_flight=max(8, limit // 15))
        without = unscheduled(count, bare, in_flight=64)
        for name, seconds, provider in (("with the schedule", with_schedule, ours), ("without", without, bare)):
            used = count / (limit * seconds / 60)
            print(f"{limit} a minute, {count} requests, {name}: {used:.0%} of the limit used, {len(provider.refused)} times 429")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("customers", nargs="?", type=int, default=300)
    spending(parser.parse_args().customers)
    filling()
