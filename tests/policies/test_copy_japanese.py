"""Every Japanese copy check by the cases beside it, and what holds for all of them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from policies.catalogue import Catalogue, load_catalogue
from policies.guardrails.copy import CHECKS, j25_readability
from policies.guardrails.copy.reading import Reading, Spot
from policies.guardrails.guard import Message
from retrieval.errors import InputError

CASES = Path(policies.__file__).parent / "guardrails" / "cases" / "copy"
JAPANESE = {check.__name__.rpartition(".")[2]: check for check in CHECKS if check.RULE.startswith("J")}
SHARED = Path(__file__).resolve().parents[3] / "shared"
CATALOGUE = load_catalogue()
TAGGER = "the tagger of the extra [ja] is not installed"


def cases() -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}: {case['name']}")
        for name in JAPANESE
        for case in yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    ]


def message_of(content: dict[str, Any]) -> Message:
    return Message(**{**content, "grounded": frozenset(content.get("grounded", ()))})


def spots(check: ModuleType, message: Message, catalogue: Catalogue = CATALOGUE) -> list[Spot]:
    return list(check.check(Reading(message, catalogue)))


def mended(message: Message, found: list[Spot]) -> Message:
    """The message with every fix applied, from the last place to the first."""
    for spot in sorted(found, key=lambda spot: spot.start or 0, reverse=True):
        if spot.fix is not None and spot.start is not None:
            text = getattr(message, spot.part)
            message = replace(message, **{spot.part: text[: spot.start] + spot.fix + text[spot.end :]})
    return message


def test_there_are_twenty_five_and_each_has_cases_of_both_kinds() -> None:
    assert [check.RULE for check in JAPANESE.values()] == [f"J{number:02}" for number in range(1, 26)]
    assert all(check.LANGUAGES == ("ja",) and check.LEVEL in ("block", "fix", "warn") for check in JAPANESE.values())
    assert {path.stem for path in CASES.glob("j*.yaml")} == set(JAPANESE)
    for name in JAPANESE:
        outcomes = Counter(bool(case["expect"]) for case in yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8")))
        assert outcomes[True] >= 2 and outcomes[False] >= 2, name


@pytest.mark.parametrize(("name", "case"), cases())
def test_case(name: str, case: dict[str, Any]) -> None:
    if name == "j25_readability" and not j25_readability.INSTALLED:
        pytest.skip(TAGGER)
    check, message = JAPANESE[name], message_of(case["message"])
    found = spots(check, message)
    assert [check.RULE for _ in found] == case["expect"], found
    for spot in found:
        assert spot.ja and spot.en
        if spot.start is not None:
            assert 0 <= spot.start < spot.end <= len(getattr(message, spot.part))
    if "fixed" in case:
        assert mended(message, found).body == case["fixed"]


@pytest.mark.parametrize(("name", "case"), [one for one in cases() if one.values[1]["expect"]])
def test_what_is_fixed_is_silent(name: str, case: dict[str, Any]) -> None:
    check, message = JAPANESE[name], message_of(case["message"])
    found = spots(check, message)
    if check.LEVEL == "fix":
        assert all(spot.fix is not None or spot.level == "warn" for spot in found)
    unsure = [spot for spot in found if spot.fix is None]
    assert len(spots(check, mended(message, found))) == len(unsure)
