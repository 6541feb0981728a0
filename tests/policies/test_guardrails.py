"""Every guard by the cases that stand beside it, and what holds for all of them."""

from __future__ import annotations

import pkgutil
import re
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from policies.catalogue import Catalogue, load_catalogue
from policies.claims import Fact
from policies.guardrails import GUARDS, judge, verdict_of
from policies.guardrails.copy.fixing import apply_fixes, certain
from policies.guardrails.guard import FLAG, Finding, Message

CASES = Path(policies.__file__).parent / "guardrails" / "cases"
FILES = sorted(path.relative_to(CASES) for path in CASES.rglob("*.yaml"))
"""``<guard>.yaml``, or ``<guard>/<check>.yaml`` for a guard that is a folder of checks."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


load = cache(load_catalogue)


def read(file: Path) -> list[dict[str, Any]]:
    return yaml.safe_load((CASES / file).read_text(encoding="utf-8"))


def cases() -> list[Any]:
    """Every case but those of the Japanese checks, which test_copy_japanese.py runs with what they need."""
    return [
        pytest.param(file, case, id=f"{file.with_suffix('')}: {case['name']}")
        for file in FILES
        if not re.match("j[0-9]{2}_", file.name)
        for case in read(file)
    ]


def message_of(content: dict[str, Any], catalogue: Catalogue) -> Message:
    action = catalogue.by_id[content["action"]] if "action" in content else None
    grounded = frozenset(content.get("grounded", ()))
    facts = tuple(Fact("text", "allowed", text) for text in sorted(grounded))
    return Message(**{**content, "action": action, "grounded": grounded, "facts": facts})


def guard_of(file: Path) -> str:
    return file.parts[0] if len(file.parts) > 1 else file.stem


def found_by(file: Path, message: Message, catalogue: Catalogue) -> list[Finding]:
    """What the guard says, and of a guard that is a folder only what this file's check says."""
    guard = guard_of(file)
    found = list(GUARDS[guard](message, catalogue))
    if guard == file.stem:
        return found
    rule = import_module(f"policies.guardrails.{guard}.{file.stem}").RULE
    return [finding for finding in found if finding.rule == rule]


@pytest.mark.parametrize(("file", "case"), cases())
def test_case(file: Path, case: dict[str, Any], catalogue: Catalogue) -> None:
    """``expect`` are the rules that speak; ``verdict`` and ``fixed`` (the body with certain fixes in it) where a case says so."""
    message = message_of(case["message"], catalogue)
    found = found_by(file, message, catalogue)
    assert sorted(finding.rule for finding in found) == sorted(case["expect"]), [finding.en for finding in found]
    if "verdict" in case:
        assert verdict_of(tuple(found)) == case["verdict"]
    if "fixed" in case:
        assert apply_fixes(message, found).body == case["fixed"]
    for finding in found:
        if finding.start is not None:
            assert getattr(message, finding.part)[finding.start : finding.end] == finding.text != ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.with_suffix("")))
def test_every_guard_has_a_case_that_passes_and_one_that_does_not(file: Path) -> None:
    assert {bool(case["expect"]) for case in read(file)} == {True, False}


def test_every_guard_and_every_check_has_cases_and_no_case_is_without() -> None:
    wanted = {
        Path(guard, f"{module.name}.yaml") if path else Path(f"{guard}.yaml")
        for guard in GUARDS
        for path in [getattr(import_module(f"policies.guardrails.{guard}"), "__path__", None)]
        for module in (list(pkgutil.iter_modules(path)) if path else [None])
        if module is None or hasattr(import_module(f"policies.guardrails.{guard}.{module.name}"), "RULE")
    }  # fmt: skip
    assert set(FILES) == wanted


def test_a_guard_that_raises_blocks_and_the_others_still_speak(catalogue: Catalogue) -> None:
    def broken(message: Message, catalogue: Catalogue) -> Any:
        raise KeyError("lexicon")

    message = message_of({"channel": "line", "language": "ja", "purpose": "marketing", "body": "半額です"}, catalogue)
    findings = judge(message, catalogue, {"broken": broken, "claims": GUARDS["claims"]})
    assert [finding.rule for finding in findings] == ["broken.failed", "C03"]
    assert verdict_of(findings) == "block"
    assert "lexicon" not in findings[0].en


def test_no_finding_is_a_pass() -> None:
    assert verdict_of(()) == "pass"


def test_offsets_point_at_the_text_that_was_found(catalogue: Catalogue) -> None:
    body = "㈱見本の価格は９８０円です。"
    message = message_of({"channel": "line", "language": "ja", "purpose": "marketing", "body": body}, catalogue)
    found = next(iter(GUARDS["claims"](message, catalogue)))
    assert body[found.start : found.end] == found.text == "９８０円"


HOSTILE = {
    "braces": "{{" * 10_000,
    "brackets": "[<{%" * 5_000,
    "digits": "1" * 20_000,
    "dates": "5月20日(水)" * 2_500,
    "slashes": "1/1/1/1/" * 2_500,
    "links": "https://a.b/" * 1_600,
    "dots": "a.b." * 5_000,
    "marks": "!?" * 10_000,
    "kanji": "様" * 20_000,
    "spaces": " " * 20_000,
    "lines": "\n" * 20_000,
    "buttons": "▼\n" * 10_000,
    "words": "we noticed you " * 1_300,
    "letters": "a" * 20_000,
    "capitals": "ABCD " * 4_000,
    "curly": "’" * 20_000,
    "full-width": "！" * 20_000,
    "hidden": "\u200b" * 20_000,
    "watched": "ご覧に" * 6_600,
    "days": "wednesday, the " * 1_300,
    "surrogates": "\ud800" * 20_000,
}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("what", HOSTILE)
def test_no_check_is_held_up_or_thrown_by_hostile_text(what: str, language: str, catalogue: Catalogue) -> None:
    """Twenty thousand characters; a pattern that runs away would never come back."""
    text = HOSTILE[what]
    for channel, head in (("email", {"subject": text}), ("push", {"title": text}), ("sms", {}), ("insert", {})):
        message = message_of(
            {"channel": channel, "language": language, "purpose": "marketing", "body": text, "addressee": text[:20], "surname": text[:9],
             "grounded": [text[:50]], "bundle": {"products": [{"name": text[:5]}], "locale": "en-GB"}, "send_at": datetime(2026, 5, 14), **head},
            catalogue,
        )  # fmt: skip
        assert len(list(GUARDS["copy"](message, catalogue))) >= 1


def finding(start: int, end: int, fix: str | None, text: str, severity: str = FLAG) -> Finding:
    return Finding("copy", "E04", severity, start, end, text, "", "", "body", fix)


def test_what_is_certain_is_put_right_and_nothing_else(catalogue: Catalogue) -> None:
    body = "Ａ b!! c"
    message = message_of(
        {"channel": "email", "language": "en", "purpose": "marketing", "body": body, "subject": "Hi"}, catalogue
    )
    told = [
        finding(0, 1, "A", "Ａ"),
        finding(3, 5, "!", "!!"),
        finding(4, 5, "", "!"),
        finding(6, 7, "x", "another text"),
        finding(2, 3, "B", "b", severity="block"),
        finding(2, 3, None, "b"),
    ]
    assert apply_fixes(message, told) == replace(message, body="A b! c")
    assert apply_fixes(message, []) == message


@settings(deadline=None)
@given(st.text(alphabet="Ａａ！!?？ a’–.。、EVERY NOW", max_size=60), st.sampled_from(["email", "sms"]))
def test_after_the_fixes_no_certain_fault_is_left(body: str, channel: str) -> None:
    message = Message(channel=channel, language="en", purpose="marketing", body=body, scope="copy")
    for _ in range(3):
        message = apply_fixes(message, GUARDS["copy"](message, load()))
    assert certain(GUARDS["copy"](message, load())) == ()


def test_sensitive_and_watched_words_are_found_in_every_part(catalogue: Catalogue) -> None:
    for part in ("subject", "body"):
        content = {
            "channel": "email",
            "language": "ja",
            "purpose": "marketing",
            "subject": "ご案内",
            "body": "ご案内です。",
        }
        message = message_of({**content, part: "ご妊娠の履歴と閲覧履歴"}, catalogue)
        assert {(one.rule, one.part) for one in GUARDS["sensitive"](message, catalogue)} >= {("C11", part), ("C12", part)}


def test_what_stands_for_a_rich_message_is_measured(catalogue: Catalogue) -> None:
    content = {
        "channel": "line",
        "language": "ja",
        "purpose": "marketing",
        "body": "お待ちいただいていた白い靴が入荷しました。下のボタンからお選びください。",
        "scope": "copy",
    }
    for size, verdict in ((400, "pass"), (401, "flag"), (1501, "block")):
        message = message_of({**content, "about": {"message": {"alt_text": "長" * size}}}, catalogue)
        assert verdict_of(tuple(GUARDS["copy"](message, catalogue))) == verdict
