"""Two runs side by side, and the gate that decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evals.compare import KINDS, compare
from evals.gate import decide
from evals.replay import Outcome
from evals.run import Result, Run


def outcome(body: str = "ご案内です。", action: str = "winback", **decision: Any) -> Outcome:
    chosen = {"action": action, "channel": "email", "sku": None, "offer": None}
    draft = {"subject": None, "title": None, "body": body, "verdict": "pass", "findings": [], "facts": []}
    return Outcome(decision_id="d-1", decision={"candidates": [], **decision}, chosen=chosen, excluded={}, draft=draft)


def result(case: str, status: str = "pass", driver: str = "rule", digest: str = "x", **made: Any) -> Result:
    score = {"passed": status == "pass", "said": "" if status == "pass" else "it is wrong", "measure": None, "driver": driver}
    scores = {} if status == "unscored" else {"wording": score}
    return Result(
        case=case, digest=digest, status=status, scores=scores, problem="not played" if status == "unscored" else "", outcome=outcome(**made)
    )  # fmt: skip


def run(*results: Result, **header: Any) -> Run:
    return Run(suite="s", header={"policy_version": "p", "packages": {"polars": "2"}, **header}, results=results)


BEFORE = run(
    result("broke", body="前"), result("gone"), result("edited"), result("mended", "fail"), result("reworded"), result("still"), result("wrong", "fail"),
    result("lost"),
)  # fmt: skip
AFTER = run(
    result("broke", "fail", body="後"), result("edited", digest="y"), result("mended"), result("reworded", body="新しいご案内です。"), result("still"),
    result("wrong", "fail"), result("lost", "unscored"), result("fresh"), policy_version="q",
)  # fmt: skip


def test_every_case_has_one_kind_and_flips_come_first() -> None:
    found = compare(BEFORE, AFTER)
    assert {flip.case: flip.kind for flip in found.flips} == {
        "broke": "regressed", "gone": "missing", "edited": "incomparable", "mended": "fixed", "reworded": "changed", "still": "still_passing",
        "wrong": "still_failing", "lost": "unscored", "fresh": "new",
    }  # fmt: skip
    order = [list(KINDS).index(flip.kind) for flip in found.flips]
    assert order == sorted(order)
    assert found.flips[0].case == "broke"
    assert found.flips[0].changed == ("text",)
    assert found.setting == (("policy_version", "p", "q"),)


def test_what_changed_is_said_in_a_sentence() -> None:
    for after, parts, said in (
        (outcome("長いご案内です。"), ("text",), "body 6 → 8 letters, verdict pass as before"),
        (outcome(action="no_action"), ("action",), "action winback → no_action"),
        (outcome(seed=2), ("decision",), "decision.seed: only now (2)"),
        (replace(outcome(), excluded={"a": {"email": "G2"}}), ("excluded",), 'excluded.a: only now ({"email":"G2"})'),
    ):
        flip = compare(run(result("a")), run(replace(result("a"), outcome=after))).flips[0]
        assert (flip.kind, flip.changed, flip.said) == ("changed", parts, said)


@pytest.mark.parametrize(("driver", "told"), [("rule", "rule"), ("judge", "judge")])
def test_a_judges_flip_is_told_from_a_rules(driver: str, told: str) -> None:
    found = compare(run(result("a", driver=driver)), run(result("a", "fail", driver=driver)))
    assert (found.flips[0].kind, found.flips[0].driver) == ("regressed", told)


def test_a_gate_with_a_baseline_stops_at_what_got_worse() -> None:
    ruling = decide(AFTER, BEFORE)
    assert {(kind, case) for kind, case, _ in ruling.reasons} == {
        ("regressed", "broke"), ("missing", "gone"), ("incomparable", "edited"), ("unscored", "lost"),
    }  # fmt: skip
    assert ruling.exit_code == 1
    assert ("changed", "reworded") in {(kind, case) for kind, case, _ in decide(AFTER, BEFORE, strict=True).reasons}


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (run(result("a")), 0),
        (run(result("a", body="別の文")), 0),
        (run(result("a", "fail")), 1),
        (run(result("a", "unscored")), 3),
        (run(result("a", digest="y")), 3),
        (run(), 1),
        (run(result("a"), result("b")), 0),
        (run(result("a"), result("b", "fail")), 1),
    ],
)
def test_exit_codes_with_a_baseline(after: Run, code: int) -> None:
    assert decide(after, run(result("a"))).exit_code == code


@pytest.mark.parametrize(("statuses", "code"), [(["pass"], 0), (["pass", "fail"], 1), (["unscored"], 3), (["fail", "unscored"], 1)])
def test_without_a_baseline_every_case_must_pass(statuses: list[str], code: int) -> None:
    cases = [result(str(number), status) for number, status in enumerate(statuses)]
    assert decide(run(*cases)).exit_code == code


def test_what_failed_before_may_fail_again() -> None:
    assert decide(run(result("a", "fail")), run(result("a", "fail"))).passed
