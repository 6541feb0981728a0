"""How fast and for how much a model may be asked.

``Pace`` keeps requests and tokens per minute under the provider's limits and lets everybody wait when the provider asks one to;
``Budget`` stops asking when a run has spent what it may.  Both run inside one event loop, whose clock they read.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from agent.settings import Drafting

MINUTE = 60.0
_NEARLY = 1e-9
"""What rounding may leave short; waiting for it would move no clock."""


@dataclass(slots=True)
class Bucket:
    """A token bucket under which no 60 seconds ever see more than ``per_minute``.

    It holds ``burst`` and fills at ``(per_minute - burst)`` a minute, so what is there at the start of any minute and what comes
    in during it add up to the limit.  An amount above the burst makes the bucket that large and slower from then on.
    """

    per_minute: float
    burst: float
    level: float = field(init=False)
    at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.burst = min(self.burst, self.per_minute / 2)
        self.level = self.burst

    def fits(self, amount: float) -> bool:
        """Whether an amount can ever be taken."""
        return amount <= max(self.per_minute / 2, self.burst)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until ``amount`` is there; 0 when it is.  Raises ValueError for one that never will be."""
        if not self.fits(amount):
            raise ValueError(f"{amount:g} at once does not fit under {self.per_minute:g} a minute")
        self._fill(now)
        self.burst = max(self.burst, amount)
        return 0.0 if self.level >= amount - _NEARLY else (amount - self.level) / self._rate

    def take(self, amount: float) -> None:
        """Take what :meth:`wait` said is there."""
        self.level -= amount

    def drain(self, now: float) -> None:
        """Begin anew from nothing: what is there was counted wrongly."""
        self._fill(now)
        self.level = min(self.level, 0.0)

    @property
    def _rate(self) -> float:
        return (self.per_minute - self.burst) / MINUTE

    def _fill(self, now: float) -> None:
        self.level = min(self.burst, self.level + (now - self.at) * self._rate)
        self.at = now


class Pace:
    """Gives everybody their turn, in the order in which they ask; at most ``in_flight`` have one at a time."""

    def __init__(self, *, requests_per_minute: int, tokens_per_minute: int, in_flight: int, tokens_each: int) -> None:
        self._requests = Bucket(requests_per_minute, min(in_flight, max(1, requests_per_minute // 10)))
        self._tokens = Bucket(
            tokens_per_minute, min(in_flight * tokens_each, max(tokens_each, tokens_per_minute // 10))
        )
        self._seats = asyncio.Semaphore(in_flight)
        self._line = asyncio.Lock()
        self._held_until = 0.0

    def fits(self, tokens: int) -> bool:
        """Whether a request of this size can ever go."""
        return self._tokens.fits(tokens)

    async def __aenter__(self) -> Pace:
        await self._seats.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._seats.release()

    async def turn(self, tokens: int) -> None:
        """Wait until a request of so many tokens may go."""
        async with self._line:
            while (wait := self._wait(tokens)) > 0:
                await asyncio.sleep(wait)
            self._requests.take(1)
            self._tokens.take(tokens)

    def hold(self, seconds: float) -> None:
        """Nobody goes for so long: the provider said so to one of us.  After it all begin slowly."""
        now = asyncio.get_running_loop().time()
        self._held_until = max(self._held_until, now + seconds)
        self._requests.drain(now)
        self._tokens.drain(now)

    def _wait(self, tokens: int) -> float:
        now = asyncio.get_running_loop().time()
        held = self._held_until - now
        return max(held, self._requests.wait(1, now), self._tokens.wait(tokens, now))


@dataclass(slots=True)
class Budget:
    """What a run may spend: tokens, money (millionths of the currency) and requests; None is without limit.

    An amount is set aside before it is asked for and settled when it is known, so that what is under way counts.
    """

    tokens: int | None = None
    micros: int | None = None
    requests: int | None = None
    spent_tokens: int = 0
    spent_micros: int = 0
    spent_requests: int = 0

    def set_aside(self, tokens: int, micros: int) -> str | None:
        """Count it as spent; the name of what does not suffice, and then nothing is counted."""
        for name, limit, spent, more in (
            ("tokens", self.tokens, self.spent_tokens, tokens), ("money", self.micros, self.spent_micros, micros),
            ("requests", self.requests, self.spent_requests, 1),
        ):  # fmt: skip
            if limit is not None and spent + more > limit:
                return name
        self.spent_tokens += tokens
        self.spent_micros += micros
        self.spent_requests += 1
        return None

    def settle(self, aside: tuple[int, int], tokens: int, micros: int) -> None:
        """Count what it really was."""
        self.spent_tokens += tokens - aside[0]
        self.spent_micros += micros - aside[1]


def budget_of(settings: Drafting, *, tokens: int = 0, micros: int = 0, requests: int = 0) -> Budget:
    """The budget of a run that has spent so much already."""
    return Budget(
        tokens=settings.budget_tokens or None, micros=round(settings.budget_money * 1_000_000) or None, requests=settings.budget_requests or None,
        spent_tokens=tokens, spent_micros=micros, spent_requests=requests,
    )  # fmt: skip
