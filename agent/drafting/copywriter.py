"""Asking a language model for copies: briefs in, usable wordings or an outcome out, and no exception.

One question, at most one repair with what was found, each retried where that helps.  Nothing that is sent holds a value of a fact:
a prompt is made of a brief, and what a guard says is told with ids in the place of values.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from agent.drafting.limits import Budget, Pace
from agent.drafting.outcomes import FINAL, POSTED, REPAIRED, WRITTEN
from agent.drafting.overnight import Letterbox, mark
from agent.drafting.provider import Connect, Failure, failure_of
from agent.settings import Drafting
from policies.identifiers.scan import scan
from prompts.asking import Asking, Brief
from prompts.segments import Fault, Malformed, Wording, faults, read, schema_of, wording_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

Judge = Callable[[Brief, Wording, int], Sequence[Fault]]
"""What the guards object to in a wording (the n-th), with nothing of a customer in it."""
Feed = Callable[[], Sequence[Brief] | None]
"""The next briefs to write, perhaps none yet; None when there will be no more."""
GIVE_UP = 5
"""Answers missing in a row after which a run asks no more."""
LONGEST_WAIT = 90.0
"""Seconds a provider may ask us to wait; beyond that it is as good as away."""
_PROMPT_TOKENS = 2500
"""About the size of a prompt, to set the pace by."""
_LOOK_SECONDS = 0.2
_TIMEOUTS = 2
"""Tries that may end in a timeout: each has cost its whole time."""
_KINDS = (
    ("segments.fact", "unknown_fact"), ("placeholders", "placeholder"), ("segments.required", "missing_fact"), ("segments", "naked_value"),
)  # fmt: skip
_FOUND_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of a brief: the wordings that may be used (none where the template steps in), and what was spent.

    ``detail`` says more of the outcome; ``micros`` are millionths of the settings' currency; ``stable`` and ``sent`` are letters of
    the prompts: of their unchanging beginning, and in all.
    """

    key: str
    outcome: str
    wordings: tuple[Wording, ...] = ()
    detail: str = ""
    model: str = ""
    requests: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    micros: int = 0
    stable: int = 0
    sent: int = 0


class _NoAnswer(Exception):
    """The model was asked and there is no answer to read."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.outcome)
        self.failure = failure


@dataclass(slots=True)
class _Tally:
    """What is spent on one brief, as it is spent."""

    requests: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    micros: int = 0
    stable: int = 0
    sent: int = 0

    def spent(self) -> dict[str, Any]:
        """For :class:`Written`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(eq=False)
class Copywriter:
    """Writes copies with the model of the settings.

    ``judge`` holds a wording against the guards; ``budget`` is the run's.  ``loop_factory`` makes the event loop, whose clock
    everything here keeps; ``lets_through`` are exceptions that are nobody's failure, such as those of a recorder without a
    recording; ``letterbox`` takes first questions in place of the network, or has the answers to them.
    """

    settings: Drafting
    connect: Connect
    asking: Asking
    judge: Judge
    budget: Budget = field(default_factory=Budget)
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    lets_through: tuple[type[BaseException], ...] = ()
    letterbox: Letterbox | None = None

    def __post_init__(self) -> None:
        self._missing = 0
        self._final: Failure | None = None

    def write(
        self, briefs: Sequence[Brief], *, judge: Judge | None = None, finished: Callable[[Written], None] = lambda _: None
    ) -> Mapping[str, Written]:  # fmt: skip
        """Key → what came of each brief; ``finished`` hears of each as soon as it is there, ``judge`` stands in for our own."""
        found: dict[str, Written] = {}
        given: list[list[Brief] | None] = [None, list({brief.key: brief for brief in briefs}.values())]

        def kept(written: Written) -> None:
            found[written.key] = written
            finished(written)

        self._run(given.pop, kept, judge or self.judge)
        return found

    def serve(self, feed: Feed, finished: Callable[[Written], None]) -> None:
        """Write what ``feed`` gives, asked about five times a second, until it gives None; what is under way then is dropped."""
        self._run(feed, finished, self.judge, drop=True)

    def _run(self, feed: Feed, finished: Callable[[Written], None], judge: Judge, *, drop: bool = False) -> None:
        def run() -> None:
            with asyncio.Runner(loop_factory=self.loop_factory) as runner:
                runner.run(self._all(feed, finished, judge, drop))

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            run()
        else:
            # Somebody's event loop is running in this thread: ours runs beside it.
            with ThreadPoolExecutor(1) as beside:
                beside.submit(run).result()

    async def _all(self, feed: Feed, finished: Callable[[Written], None], judge: Judge, drop: bool) -> None:
        pace = Pace(
            requests_per_minute=self.settings.requests_per_minute, tokens_per_minute=self.settings.tokens_per_minute,
            in_flight=self.settings.in_flight, tokens_each=self.settings.max_output_tokens + _PROMPT_TOKENS,
        )  # fmt: skip
        async with self.connect() as model, AsyncExitStack() as opened:
            self._posted = await opened.enter_async_context(self.letterbox.connect()) if self.letterbox else model

            async def one(brief: Brief) -> None:
                async with pace:
                    written = await self._one(brief, model, pace, judge)
                finished(written)

            try:
                tasks: list[asyncio.Task[None]] = []
                async with asyncio.TaskGroup() as group:
                    while (new := feed()) is not None:
                        tasks += [group.create_task(one(brief)) for brief in new]
                        await asyncio.sleep(0 if new else _LOOK_SECONDS)
                    for task in tasks if drop else ():
                        task.cancel()
            except BaseExceptionGroup as several:
                raise several.exceptions[0] from None

    async def _one(self, brief: Brief, model: BaseChatModel, pace: Pace, judge: Judge) -> Written:
        tally = _Tally()
        try:
            return await self._conversation(brief, model, pace, judge, tally)
        except _NoAnswer as none:
            return self._without(brief, none.failure, tally)
        except self.lets_through:
            raise
        except Exception as error:
            # Its text may hold what nobody should read.
            return self._without(brief, Failure("failed", type(error).__name__), tally)

    def _without(self, brief: Brief, failure: Failure, tally: _Tally) -> Written:
        if failure.outcome in FINAL and self._final is None:
            self._final = failure
        return Written(
            key=brief.key, outcome=failure.outcome, detail=failure.detail, model=self.settings.model, **tally.spent()
        )

    async def _conversation(
        self, brief: Brief, model: BaseChatModel, pace: Pace, judge: Judge, tally: _Tally
    ) -> Written:  # fmt: skip
        system, user = self.asking.prompt(brief)
        messages = [("system", system), ("human", user)]
        answer, outcome = await self._ask(brief, messages, model, pace, tally), WRITTEN
        usable, found, kind = _usable(brief, answer, judge)
        if not usable:
            repair = self.asking.repair(brief, _sendable(found, brief.language)[:_FOUND_SHOWN])
            messages += [("ai", answer), ("human", repair)]
            answer, outcome = await self._ask(brief, messages, model, pace, tally), REPAIRED
            usable, found, kind = _usable(brief, answer, judge)
        rules = ", ".join(dict.fromkeys(fault.rule for fault in found))
        if not usable:
            return self._without(brief, Failure(kind, rules), tally)
        return Written(key=brief.key, outcome=outcome, wordings=usable, model=self.settings.model, **tally.spent())

    # --- one request ------------------------------------------------------------------------------------------------

    async def _ask(
        self, brief: Brief, messages: list[tuple[str, str]], model: BaseChatModel, pace: Pace, tally: _Tally
    ) -> str:  # fmt: skip
        """The words of an answer.  Raises _NoAnswer where there are none."""
        if any(scan(text, brief.language) for role, text in messages if role == "human"):
            raise _NoAnswer(Failure("identifier"))
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, _NoAnswer) and error.failure.retried),
            stop=self._enough, wait=_wait, sleep=asyncio.sleep, reraise=True,
            before_sleep=lambda state: pace.hold(state.upcoming_sleep) if _failure(state).outcome == "rate_limited" else None,
        )  # fmt: skip
        try:
            answer: str = await retrying(self._once, brief, messages, model, pace, tally)
        except _NoAnswer as none:
            if none.failure.retried:
                self._missing += 1
            raise
        return answer

    def _enough(self, state: RetryCallState) -> bool:
        failure = _failure(state)
        tries = min(self.settings.attempts, _TIMEOUTS) if failure.outcome == "timeout" else self.settings.attempts
        return state.attempt_number >= tries or (failure.retry_after or 0) > LONGEST_WAIT or self._missing >= GIVE_UP

    async def _once(
        self, brief: Brief, messages: list[tuple[str, str]], model: BaseChatModel, pace: Pace, tally: _Tally
    ) -> str:  # fmt: skip
        letters = sum(len(text) for _, text in messages)
        tokens_in, tokens_out = sum(tokens(text) for _, text in messages), self.settings.max_output_tokens
        box = self.letterbox if self.letterbox is not None and self.letterbox.takes(brief.key) else None
        if box is None:
            await self._turn(pace, tokens_in + tokens_out)
        share = self.settings.price_overnight if box else 1.0
        aside = (tokens_in + tokens_out, self._micros(tokens_in, 0, tokens_out, share))
        if not (box and box.paid) and (short := self.budget.set_aside(*aside)):
            raise _NoAnswer(Failure("budget", short))
        tally.requests += 1
        tally.sent += letters
        tally.stable += len(messages[0][1])
        used = (0, 0, 0)
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                asked = self._posted if box else model
                form = _format(brief.channel, self.settings.structured) | (mark(brief.key) if box else {})
                message: AIMessage = await asked.bind(**form).ainvoke(messages)
            told: Mapping[str, Any] = message.usage_metadata or {}
            cached = told.get("input_token_details", {}).get("cache_read") or 0
            used = (
                told.get("input_tokens", tokens_in),
                cached,
                told.get("output_tokens", tokens(str(message.content))),
            )
            said = _said(message)
            if box is None:
                self._missing = 0
            return said
        except _NoAnswer:
            raise
        except self.lets_through:
            raise
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            used = (tokens_in, 0, tokens_out) if failure.outcome == POSTED else _usage(error)
            raise _NoAnswer(failure) from None
        finally:
            spent = self._micros(*used, share)
            tally.tokens_in, tally.tokens_cached = tally.tokens_in + used[0], tally.tokens_cached + used[1]
            tally.tokens_out, tally.micros = tally.tokens_out + used[2], tally.micros + spent
            self.budget.settle(aside, used[0] + used[2], spent)

    async def _turn(self, pace: Pace, tokens: int) -> None:
        if not pace.fits(tokens):
            raise _NoAnswer(Failure("rate_too_small"))
        self._still_asking()
        await pace.turn(tokens)
        self._still_asking()

    def _still_asking(self) -> None:
        if self._final is not None:
            raise _NoAnswer(self._final)
        if self._missing >= GIVE_UP:
            raise _NoAnswer(Failure("gave_up"))

    def _micros(self, tokens_in: int, cached: int, tokens_out: int, share: float = 1.0) -> int:
        """Millionths of the currency, for a share of the price: one for a million tokens is so many of them for each."""
        one = self.settings
        price_cached = one.price_in if one.price_cached is None else one.price_cached
        whole = (tokens_in - cached) * one.price_in + cached * price_cached + tokens_out * one.price_out
        return math.ceil(whole * share)


def _failure(state: RetryCallState) -> Failure:
    error = state.outcome.exception() if state.outcome else None
    return error.failure if isinstance(error, _NoAnswer) else Failure("failed")


_JITTERED = wait_exponential_jitter(initial=1, max=30, jitter=1)


def _wait(state: RetryCallState) -> float:
    """What the provider asks for, else twice as long from time to time, each a little different."""
    told = _failure(state).retry_after
    return _JITTERED(state) if told is None else told


def _format(channel: str, structured: str) -> dict[str, Any]:
    """How the form of the answer is asked for; whatever comes is read as strictly."""
    if structured == "none":
        return {}
    if structured == "json_object":
        return {"response_format": {"type": "json_object"}}
    schema = {"name": f"{channel}_copy", "strict": True, "schema": schema_of(channel)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _said(message: AIMessage) -> str:
    """The text of an answer; a refusal and one that was cut are none."""
    if message.additional_kwargs.get("refusal"):
        raise _NoAnswer(Failure("refused"))
    ended = message.response_metadata.get("finish_reason")
    if ended in ("length", "content_filter"):
        raise _NoAnswer(Failure("truncated" if ended == "length" else "filtered"))
    if isinstance(message.content, str):
        return message.content
    return "".join(str(part.get("text", "")) for part in message.content if isinstance(part, dict))


def _usage(error: Exception) -> tuple[int, int, int]:
    """Tokens that a failed answer has cost nevertheless."""
    usage = getattr(getattr(error, "completion", None), "usage", None)
    return (usage.prompt_tokens, 0, usage.completion_tokens) if usage else (0, 0, 0)


def _usable(brief: Brief, answer: str, judge: Judge) -> tuple[tuple[Wording, ...], list[Fault], str]:
    """The wordings that nothing is said against, what is said against the others, and what kind of failure that is."""
    try:
        phrasings = read(answer, brief.channel)
    except Malformed as error:
        return (
            (),
            [
                Fault(
                    f"segments.{error.kind}",
                    1,
                    "",
                    0,
                    "",
                    f"返答が読めません：{error}",
                    f"the answer cannot be read: {error}",
                )
            ],
            error.kind,
        )
    usable: list[Wording] = []
    found: list[Fault] = []
    for number, parts in enumerate(phrasings[: brief.phrasings], 1):
        said = list(
            faults(
                parts,
                number,
                channel=brief.channel,
                language=brief.language,
                required=brief.required,
                optional=brief.optional,
            )
        )
        wording = wording_of(parts, seasonal=brief.seasonal)
        if not said:
            said = [replace(fault, **_place(fault, parts)) for fault in judge(brief, wording, number)]
        found += said
        if not said and wording not in usable:
            usable.append(wording)
    return tuple(usable), found, _kind(found)


def _place(fault: Fault, parts: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The segment in which the words stand that a guard objects to."""
    for part, segments in parts.items():
        for number, segment in enumerate(segments, 1):
            if fault.text and fault.text in getattr(segment, "text", ""):
                return {"part": part, "segment": number, "text": segment.text}
    return {"text": ""}


def _kind(found: Sequence[Fault]) -> str:
    """The outcome that a set of faults comes to: what is wrong with the form before what the guards say."""
    for beginning, outcome in _KINDS:
        if any(fault.rule.startswith(beginning) for fault in found):
            return outcome
    return "blocked"


def _sendable(found: Sequence[Fault], language: str) -> list[Fault]:
    """The faults as they may leave: where words hold what looks like somebody's identifier, the rule alone is told."""
    bare: dict[str, Any] = {
        "ja": "識別情報と読める言葉があります",
        "en": "it holds what reads as an identifier",
        "text": "",
    }
    return [
        replace(fault, **bare) if scan(f"{fault.ja}\n{fault.en}\n{fault.text}", language) else fault for fault in found
    ]


def tokens(text: str) -> int:
    """About how many tokens a text is: a letter of Japanese each, three of anything else."""
    wide = sum(letter > "\u02ff" for letter in text)
    return wide + math.ceil((len(text) - wide) / 3)
