"""Judging fails closed: broken, slow or unreadable is a block, and a busy machine is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from policies import guardrails
from policies.catalogue import Catalogue, load_catalogue
from policies.guardrails import LIMIT, LONGEST, judge, verdict_of
from policies.guardrails.guard import FLAG, Finding, Message


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def message(**fields: Any) -> Message:
    return Message(
        **{"channel": "line", "language": "ja", "purpose": "marketing", "body": "ご案内です。", "scope": "copy"}
        | fields
    )


class Clock:
    """A clock that stands still unless a guard moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def said(text: str) -> Finding:
    return Finding("odd", "odd.word", FLAG, None, None, text, "", "")


def taking(clock: Clock, *seconds: float) -> Callable[[Message, Catalogue], Iterator[Finding]]:
    """A guard that finds one thing and takes so long, call after call; the last stays."""
    left = list(seconds)

    def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
        clock.now += left.pop(0) if len(left) > 1 else left[0]
        yield said(message.body)

    return check


@pytest.mark.parametrize(
    ("seconds", "rules"),
    [
        ((LIMIT * 2,), ["odd.slow", "odd.word"]),
        ((LIMIT,), ["odd.word"]),
        ((LIMIT * 40, LIMIT / 10), ["odd.word"]),
        ((LIMIT * 2, LIMIT * 2), ["odd.slow", "odd.word"]),
    ],
    ids=["slow each time", "at the limit", "slow only while it loads", "slow for this text"],
)
def test_a_slow_guard_blocks(catalogue: Catalogue, seconds: tuple[float, ...], rules: list[str]) -> None:
    clock = Clock()
    findings = judge(message(), catalogue, {"odd": taking(clock, *seconds)}, clock=clock)
    assert sorted(finding.rule for finding in findings) == rules
    assert verdict_of(findings) == ("block" if "odd.slow" in rules else "flag")


def test_a_guard_does_not_answer_for_the_time_of_another(catalogue: Catalogue) -> None:
    clock = Clock()
    findings = judge(message(), catalogue, {"a": taking(clock, LIMIT * 2), "b": taking(clock, 0.0)}, clock=clock)
    assert [finding.rule for finding in findings if finding.severity == "block"] == ["a.slow"]


def test_waiting_for_the_machine_is_not_work(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guardrails, "LIMIT", 0.1)

    def waits(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
        time.sleep(0.15)
        yield from ()

    assert judge(message(), catalogue, {"waits": waits}) == ()


def test_what_a_guard_found_before_it_broke_still_stands(catalogue: Catalogue) -> None:
    def breaks(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
        yield said("first")
        raise RuntimeError("佐藤 美咲 090-1234-5678")

    findings = judge(message(), catalogue, {"odd": breaks})
    assert [finding.rule for finding in findings] == ["odd.failed", "odd.word"]
    assert "佐藤" not in repr(findings)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"body": "あ" * (LONGEST + 1)}, "message.size"),
        ({"body": "あ" * LONGEST, "title": "あ"}, "message.size"),
        ({"language": "fr"}, "message.language"),
        ({"language": ""}, "message.language"),
        ({"channel": "fax"}, "message.channel"),
    ],
)
def test_an_unreadable_message_blocks_before_any_guard_works(
    catalogue: Catalogue, fields: dict[str, Any], rule: str
) -> None:
    def never(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
        raise AssertionError("was asked")

    findings = judge(message(**fields), catalogue, {"never": never})
    assert [finding.rule for finding in findings] == [rule]
    assert verdict_of(findings) == "block"


def test_the_longest_message_is_judged(catalogue: Catalogue) -> None:
    findings = judge(message(body="あ" * LONGEST), catalogue)
    assert "message.size" not in {finding.rule for finding in findings}


@pytest.mark.parametrize("scope", ["copy", "text", "all"])
def test_no_guard_breaks_or_takes_a_fifth_of_a_second_on_hostile_text(catalogue: Catalogue, scope: Any) -> None:
    """The longest text there can be, made of what patterns stumble over; ten thousand findings may take over the limit."""

    def clock() -> float:
        return time.thread_time() / 4

    for piece in ("あ", "{{", "1,", "様 ", "0-", "<a", "ﾊﾟ", "no ", "https://", "半額", "%20", "a@", "宗教", "佐藤 ", "①", "寒さが続"):
        body = (piece * LONGEST)[:LONGEST]
        findings = judge(message(body=body, scope=scope, addressee="佐藤 美咲", surname="佐藤"), catalogue, clock=clock)
        rules = {finding.rule for finding in findings}
        assert not {rule for rule in rules if rule.endswith((".failed", ".slow"))}, (piece, rules)


def test_a_rule_is_told_with_its_guard_in_front_of_it_once() -> None:
    assert said("x").full_rule == "odd.word"
    assert Finding("copy", "C04", FLAG, None, None, "", "", "").full_rule == "copy.C04"
