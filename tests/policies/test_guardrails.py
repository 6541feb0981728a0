"""Every guard by the cases that stand beside it, and what holds for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import policies
from policies.catalogue import Catalogue, load_catalogue
from policies.claims import Fact
from policies.guardrails import GUARDS, judge, verdict_of
from policies.guardrails.guard import Message

CASES = Path(policies.__file__).parent / "guardrails" / "cases"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def message_of(content: dict[str, Any], catalogue: Catalogue) -> Message:
    action = catalogue.by_id[content["action"]] if "action" in content else None
    grounded = tuple(Fact("text", "allowed", text) for text in content.get("grounded", ()))
    return Message(**{**content, "action": action, "grounded": grounded})


@pytest.mark.parametrize(("guard", "case"), cases())
def test_case(guard: str, case: dict[str, Any], catalogue: Catalogue) -> None:
    found = GUARDS[guard](message_of(case["message"], catalogue), catalogue)
    assert sorted(finding.rule for finding in found) == sorted(case["expect"])


@pytest.mark.parametrize("guard", sorted(GUARDS))
def test_every_guard_has_a_case_that_passes_and_one_that_does_not(guard: str) -> None:
    outcomes = {bool(case["expect"]) for case in yaml.safe_load((CASES / f"{guard}.yaml").read_text(encoding="utf-8"))}
    assert outcomes == {True, False}


def test_no_cases_without_a_guard() -> None:
    assert {path.stem for path in CASES.glob("*.yaml")} == set(GUARDS)


def test_a_guard_that_raises_blocks_and_the_others_still_speak(catalogue: Catalogue) -> None:
    def broken(message: Message, catalogue: Catalogue) -> Any:
        raise KeyError("lexicon")

    message = message_of({"channel": "line", "language": "ja", "purpose": "marketing", "body": "{{name}}"}, catalogue)
    findings = judge(message, catalogue, {"broken": broken, "slots": GUARDS["slots"]})
    assert [finding.rule for finding in findings] == ["broken.failed", "C01"]
    assert verdict_of(findings) == "block"
    assert "lexicon" not in findings[0].en


def test_no_finding_is_a_pass() -> None:
    assert verdict_of(()) == "pass"


def test_offsets_point_at_the_text_that_was_found(catalogue: Catalogue) -> None:
    body = "㈱見本の価格は９８０円です。"
    message = message_of({"channel": "line", "language": "ja", "purpose": "marketing", "body": body}, catalogue)
    found = next(iter(GUARDS["claims"](message, catalogue)))
    assert body[found.start : found.end] == found.text == "９８０円"
