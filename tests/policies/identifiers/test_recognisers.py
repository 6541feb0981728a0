"""Every recogniser by the cases beside it, the labelled texts by all of them, and what no input may do to any."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.catalogue import load_catalogue
from policies.guardrails import GUARDS
from policies.guardrails.guard import Message
from policies.identifiers import runs
from policies.identifiers.forms import digit_runs, squeezed, tokens
from policies.identifiers.normal import normalise
from policies.identifiers.placeholders import mask_free_text
from policies.identifiers.recognisers import RECOGNISERS, recognise, settle
from policies.identifiers.recognisers.reading import Hit, Reading
from policies.identifiers.scan import scan
from policies.identifiers.types import NAMES, TYPES
from tests.policies.growth import growth

FOLDER = Path(__file__).parent


def name_of(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def beside(module: ModuleType) -> list[dict[str, Any]]:
    return yaml.safe_load(Path(str(module.__file__)).with_suffix(".yaml").read_text(encoding="utf-8"))


def cases() -> list[Any]:
    return [
        pytest.param(module, case, id=f"{name_of(module)}: {case['text'][:40]}")
        for module in RECOGNISERS
        for case in beside(module)
    ]


@pytest.mark.parametrize(("module", "case"), cases())
def test_case(module: ModuleType, case: dict[str, Any]) -> None:
    normal = normalise(case["text"])
    hits = settle(list(module.find(Reading(normal.text, case["lang"]))))
    found = [[hit.type, case["text"][slice(*normal.raw_span(hit.start, hit.end))]] for hit in hits]
    assert found == case["find"]


@pytest.mark.parametrize("module", RECOGNISERS, ids=name_of)
def test_every_recogniser_has_cases_of_both_sorts_and_languages_and_names_its_types(module: ModuleType) -> None:
    rows = beside(module)
    assert {bool(case["find"]) for case in rows} == {True, False}
    assert {case["lang"] for case in rows} == {"ja", "en"}
    assert {kind for case in rows for kind, _ in case["find"]} == set(module.TYPES)


def test_every_type_has_a_recogniser_and_a_name() -> None:
    assert {kind for module in RECOGNISERS for kind in module.TYPES} == set(TYPES) == set(NAMES)
    assert len(TYPES) == 26


def test_no_cases_without_a_recogniser() -> None:
    folder = Path(str(RECOGNISERS[0].__file__)).parent
    assert {path.stem for path in folder.glob("*.yaml")} == {name_of(module) for module in RECOGNISERS}


def labelled() -> list[Any]:
    rows = [
        json.loads(line)
        for language in ("ja", "en")
        for line in (FOLDER / f"labelled_{language}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [pytest.param(row, id=row["id"]) for row in rows]


@pytest.mark.parametrize("row", labelled())
def test_labelled(row: dict[str, Any]) -> None:
    """Every labelled place is covered by one of its type, and nothing else is found."""
    found = scan(row["text"], row["lang"])
    for span in row["spans"]:
        assert any(
            one.type == span["type"] and one.start <= span["start"] and span["end"] <= one.end for one in found
        ), f"{span['type']} {row['text'][span['start'] : span['end']]}: {found}"
    for one in found:
        assert any(
            span["start"] < one.end and one.start < span["end"] and one.type in (span["type"], "POSTAL_CODE")
            for span in row["spans"]
        ), f"{one.type} {row['text'][one.start : one.end]}"


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        pytest.param(
            "連絡先はalice@example.comです", "EMAIL", "alice@example.com", id="an e-mail address between kana"
        ),
        pytest.param("IPは192.168.1.1です", "IP_ADDRESS", "192.168.1.1", id="an IP address between kana"),
        pytest.param(
            "カードは4111222233334448です", "CREDIT_CARD", "4111222233334448", id="a card number touching kana"
        ),
        pytest.param(
            "ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "EMAIL",
            "ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            id="a full-width address",
        ),
        pytest.param("カードは378282246310005で", "CREDIT_CARD", "378282246310005", id="a fifteen-digit card"),
        pytest.param("カードは3782－822463－10005で", "CREDIT_CARD", "3782－822463－10005", id="full-width hyphens"),
        pytest.param(
            "taro.yamada@example.comです", "EMAIL", "taro.yamada@example.com", id="the whole of the local part"
        ),
        pytest.param(
            "0\u200b90-1234-5678です", "PHONE", "0\u200b90-1234-5678", id="a number broken by a hidden character"
        ),
    ],
)
def test_what_other_libraries_miss_in_japanese(text: str, kind: str, said: str) -> None:
    assert [(one.type, text[one.start : one.end]) for one in scan(text, "ja")] == [(kind, said)]


HOSTILE = [
    "1" * 20_000, "1-" * 10_000, "1 " * 10_000, "a" * 20_000, "a." * 10_000, "a@" * 10_000, "A1" * 10_000, "佐" * 20_000, "佐藤 " * 6_000, "東京都" * 6_600,
    "市1" * 10_000, "東京都渋谷区" + "あ" * 20_000, "様" * 20_000, "12 Aa " * 3_300, "Emily " * 3_300, "Dear " + "A" * 20_000, "0" * 20_000, "(0" * 10_000, "+1" * 10_000, "::" * 10_000,
    "1:" * 10_000, "password: " * 2_000, "token=" + "x" * 20_000, "-----BEGIN PRIVATE KEY-----" + "A" * 20_000, "eyJ" + "a" * 20_000, "番号" * 10_000, "記号1番号" * 4_000,
    "@" * 20_000, "a at b dot " * 1_800, "〒1" * 10_000, "１" * 20_000, "一" * 20_000, "①" * 20_000, "ｶﾞ" * 10_000, "十" * 20_000, "%41" * 6_600, "\\u4f50" * 3_300, "=?UTF-8?B?" * 2_000,
    "YWFh" * 5_000, "&#64;" * 4_000, "а" * 20_000 + "a", "\u200b" * 20_000, "5月" * 10_000, "昭和60年" * 3_300, "electronic mail at home dot " * 700, "MORGA6" * 3_300, "/a" * 10_000,
    "http://a:" * 2_200, "普通" * 10_000, "品川 300 " * 2_500, "Rue de la " * 2_000, "1 Aaaaaaaaaaaaaaaaaaaa " * 870, "カード" * 6_600, "call " * 4_000, "㌫" * 4_000, "a" * 19_000 + "@" + "b" * 900, " " * 20_000, "\n" * 20_000, "\ufdfa" * 20_000, "2026-05-" * 2_500,
]  # fmt: skip


def seconds(step: Callable[[], object]) -> float:
    started = process_time()
    step()
    return process_time() - started


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_pattern_is_slow_on_hostile_text(number: int) -> None:
    """A fifth of a second at most, the better of two runs; what backtracks takes seconds or never ends."""
    raw = HOSTILE[number][:20_000]
    text = normalise(raw).text
    steps: dict[str, Callable[[], object]] = {
        "normalise": lambda: normalise(raw, decode=True), "squeezed": lambda: squeezed(text), "tokens": lambda: list(tokens(text, bool)),
        "forms": lambda: list(digit_runs(text)), "runs": lambda: list(runs.digit_runs(text)),
    }  # fmt: skip
    for module in RECOGNISERS:
        steps[name_of(module)] = lambda module=module: list(module.find(Reading(text, "ja")))  # type: ignore[misc]
        steps[f"{name_of(module)} en"] = lambda module=module: list(module.find(Reading(text, "en")))  # type: ignore[misc]
    for name, step in steps.items():
        assert min(seconds(step), seconds(step)) < 0.2, f"{name} on {raw[:12]!r}"


@pytest.mark.parametrize("piece", ["佐藤 ", "150-0042 ", "090-1234-5678 ", "a@b.jp ", "佐藤花子様\n\n"])
@pytest.mark.parametrize("read", ["recognise", "scan", "known", "mask", "guard"])
def test_many_identifiers_are_kept_apart_in_proportion_to_how_many_there_are(read: str, piece: str) -> None:
    """Each is held against those already found; not, one by one, against all of them."""
    catalogue = load_catalogue()

    def message(text: str) -> Message:
        return Message(channel="email", language="ja", purpose="marketing", body=text, scope="text")

    steps: dict[str, Callable[[str], object]] = {
        "recognise": lambda text: recognise(text, "ja"), "scan": lambda text: scan(text, "ja"),
        "known": lambda text: scan(text, "ja", None, [("PERSON", "佐藤 花子"), ("PHONE", "09012345678"), ("EMAIL", "a@b.jp")]),
        "mask": lambda text: mask_free_text(text, "ja", random=Random(3)), "guard": lambda text: list(GUARDS["identifiers"](message(text), catalogue)),
    }  # fmt: skip
    assert growth(steps[read], piece) < 6


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8), st.sampled_from(TYPES), st.integers(0, 2)), max_size=12)
)
def test_overlaps_are_settled_the_same_whatever_the_order(parts: list[tuple[int, int, str, int]]) -> None:
    hits = [Hit(start, start + length, kind, sure) for start, length, kind, sure in parts]
    stand = settle(hits)
    assert stand == settle(hits[::-1])
    for hit in hits:
        assert any(hit == other or (hit.start < other.end and other.start < hit.end) for other in stand)


@given(
    st.text(alphabet="0123456789-+() .@佐藤様さん東京都渋谷区1a市b丁目番\u200b①ｶﾞ％円", max_size=60),
    st.sampled_from(["ja", "en"]),
)
def test_spans_lie_in_the_text(text: str, language: str) -> None:
    for span in scan(text, language):
        assert 0 <= span.start < span.end <= len(text)
    for hit in recognise(normalise(text).text, language):
        assert hit.start < hit.end
