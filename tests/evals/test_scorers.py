"""Every scorer by its two controls, and what each tells apart."""

from __future__ import annotations

from typing import Any

import pytest

from evals.case import Case
from evals.replay import Outcome
from evals.scorers import CONTROLS, SCORERS, VERSIONS, Control, Controls, ScorerBroken, check_controls, control_of
from evals.scorers.score import Score
from policies.loading import Page


@pytest.mark.parametrize("name", SCORERS)
def test_a_scorer_passes_one_control_and_fails_the_other(name: str) -> None:
    controls = Page(CONTROLS / f"{name}.yaml").read(Controls)
    passed, failed = (SCORERS[name](*control_of(one)) for one in (controls.passes, controls.fails))
    assert passed is not None
    assert passed.passed
    assert passed.said == ""
    assert failed is not None
    assert not failed.passed
    assert failed.said
    assert VERSIONS[name] >= 1


def test_every_control_has_a_scorer() -> None:
    assert {path.stem for path in CONTROLS.glob("*.yaml")} == set(SCORERS)


@pytest.mark.parametrize("answer", [True, False, None])
def test_a_scorer_whose_controls_agree_measures_nothing(answer: bool | None) -> None:
    def broken(outcome: Outcome, case: Case) -> Score | None:
        return None if answer is None else Score(passed=answer)

    with pytest.raises(ScorerBroken, match=r"'grounding' .* proves nothing"):
        check_controls({"grounding": broken})


def scored(name: str, **control: Any) -> Score | None:
    return SCORERS[name](*control_of(Control.model_validate(control)))


EMAIL = {"action": "value_content", "channel": "email"}


@pytest.mark.parametrize(
    ("body", "facts", "loose"),
    [
        ("1,296円です。", ["1,296円"], 0),
        ("１，２９６円です。", ["1,296円"], 0),
        ("1,296円です。", ["1,297円"], 1),
        ("半額です。", [], 1),
        ("Free for you", [], 1),
        ("2回に分けて3割引", [], 2),
        ("https://shop.example.jp/a/12", ["https://shop.example.jp/a/12"], 0),
        ("https://shop.example.jp/a/13", ["https://shop.example.jp/a/12"], 1),
    ],
)
def test_grounding_counts_what_stands_in_no_fact(body: str, facts: list[str], loose: int) -> None:
    score = scored("grounding", chosen=EMAIL, draft={"body": body, "facts": [{"slot": "x", "text": one} for one in facts]})
    assert score is not None
    assert score.measure == loose
    assert score.passed is (loose == 0)


@pytest.mark.parametrize("name", ["grounding", "pii", "length", "language_register"])
def test_what_the_guards_block_reaches_nobody(name: str) -> None:
    draft = {"body": "佐藤 美咲、90%引きだ。", "verdict": "block"}
    assert scored(name, chosen=EMAIL, draft=draft) is None
    assert scored(name, chosen={"action": "no_action"}) is None


@pytest.mark.parametrize(
    ("body", "language", "passed"),
    [
        ("ありがとうございます。\nどうぞお気兼ねなく。", "ja", True),
        ("読み物を用意した。", "ja", False),
        ("気にしないでほしい。", "ja", False),
        ("Thank you for everything.", "ja", False),
        ("Thank you for everything.", "en", True),
        ("ありがとうございます。", "en", False),
    ],
)
def test_register_and_language(body: str, language: str, passed: bool) -> None:
    score = scored("language_register", chosen=EMAIL, draft={"body": body, "language": language})
    assert score is not None
    assert score.passed is passed


@pytest.mark.parametrize(
    ("body", "passed"),
    [("見本 花子 様\nお元気ですか。", True), ("見本様\nお元気ですか。", True), ("見本様様、お元気ですか。", False), ("見本へ。お元気ですか。", False)],
)
def test_the_name_with_its_honorific_once(body: str, passed: bool) -> None:
    facts = [{"slot": "addressee", "text": "見本 花子"}, {"slot": "surname", "text": "見本"}]
    score = scored("language_register", chosen=EMAIL, draft={"body": body, "facts": facts})
    assert score is not None
    assert score.passed is passed


def test_a_rank_and_a_verdict_are_measured() -> None:
    score = scored("action_match", expect={"action": "winback"}, chosen={"action": "no_action"}, candidates=["no_action", "value_content", "winback"])
    assert score == Score(passed=False, said="action is no_action, not winback", measure=3)
    score = scored("guardrail_verdict", expect={"draft": {"findings": []}}, chosen=EMAIL, draft={"body": "x"})
    assert score == Score(passed=True, measure=0)
    score = scored("guardrail_verdict", expect={"draft": {"verdict": "pass"}}, chosen={"action": "no_action"})
    assert score is not None
    assert score.said == "there is no draft to judge: the action is no_action"


def test_an_exclusion_by_luck_fails() -> None:
    wanted = {"expect": {"excluded": {"winback": "G4"}}}
    assert scored("exclusion_reasons", **wanted, excluded={"winback": {"email": "G2", "post": "G4"}}) == Score(passed=True)
    for excluded, said in (({"winback": {"email": "G2"}}, "winback is excluded by G2, not G4"), ({}, "winback is excluded by nothing, not G4")):
        assert scored("exclusion_reasons", **wanted, excluded=excluded) == Score(passed=False, said=said)
    assert scored("exclusion_reasons", **wanted, candidates=["winback"], excluded={"winback": {"post": "G4"}}) == Score(passed=False, said="winback is possible")


def test_words_that_were_turned_down_do_not_come_back() -> None:
    wanted = {"expect": {"draft": {"unlike": "ご案内です。\nどうぞ。"}}}
    assert scored("wording", **wanted, chosen=EMAIL, draft={"body": "ご案内です。 どうぞ。"}) == Score(passed=False, said="these are the words that a reviewer turned down")
    assert scored("wording", **wanted, chosen=EMAIL, draft={"body": "お知らせです。どうぞ。"}) == Score(passed=True)
