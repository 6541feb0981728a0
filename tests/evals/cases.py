"""Small cases for tests: one coffee drinker who is due again, and ways to spoil them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from evals.case import SHIPPED

REMINDER = SHIPPED / "starter" / "replenish_reminder_ja"
CLOCK = "2026-05-14T10:30:00+09:00"


def record(**changed: Any) -> dict[str, Any]:
    """The record of the shipped reminder, with some of its keys changed."""
    return {**json.loads((REMINDER / "record.json").read_text(encoding="utf-8")), **changed}


def write_case(folder: Path, id: str = "one", *, of: dict[str, Any] | None = None, **changed: Any) -> Path:
    """A case folder in a suite; what is ``None`` is left out of ``case.yaml``."""
    place = folder / id
    place.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "schema": 1, "why": "周期どおりなら、補充のご案内が一番役に立つ。", "clock": CLOCK, "policy_version": "test-1",
        "expect": {"action": "replenish_reminder"}, **changed,
    }  # fmt: skip
    kept = {key: value for key, value in content.items() if value is not None}
    # Timestamps would be written without quotes in another form.
    (place / "case.yaml").write_text(yaml.safe_dump(kept, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (place / "record.json").write_text(json.dumps(of or record(), ensure_ascii=False, indent=1), encoding="utf-8")
    return place
