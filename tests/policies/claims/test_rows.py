"""The labelled messages: each verdict, and for what is stopped the rule that stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.catalogue import Catalogue, load_catalogue
from policies.guardrails import verdict_of
from policies.guardrails.claims import check
from policies.guardrails.guard import Finding, Message

HERE = Path(__file__).parent
SHOPS = yaml.safe_load((HERE / "shops.yaml").read_text(encoding="utf-8"))


def rows(name: str) -> list[Any]:
    """The rows of a file, each with the shop's bundle in full."""
    found = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return [
        pytest.param({**row, "bundle": SHOPS[row["shop"]] | row.get("but", {})}, id=row["text"][:40]) for row in found
    ]


def message_of(row: dict[str, Any]) -> Message:
    language = "ja" if row["bundle"]["locale"].startswith("ja") else "en"
    return Message(
        channel="email", language=language, purpose="marketing", body=row["text"], bundle=row["bundle"], scope="text"
    )


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def judged(row: dict[str, Any], catalogue: Catalogue) -> tuple[Finding, ...]:
    return tuple(check(message_of(row), catalogue))


@pytest.mark.parametrize("row", [*rows("rows.yaml"), *rows("later.yaml")])
def test_row(row: dict[str, Any], catalogue: Catalogue) -> None:
    findings = judged(row, catalogue)
    assert verdict_of(findings) == row["expect"], findings
    if "rule" in row:
        assert row["rule"] in {finding.rule for finding in findings if finding.severity == row["expect"]}, findings
    for finding in findings:
        assert finding.start is not None
        assert row["text"][finding.start : finding.end] == finding.text
