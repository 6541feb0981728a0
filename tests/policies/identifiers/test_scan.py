"""The scan as other programs call it: what facts allow, what is known, what is wrong with a request."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from policies.identifiers.scan import scan

SHOP = {"contacts": ["0120-123-456", {"kind": "email", "value": "help@example.jp"}], "urls": ["https://example.jp/r1"], "brand": "青井珈琲店",
        "sender": {"postal_address": "〒150-0042 東京都渋谷区見本町1丁目2番3号"}, "never_mention": ["090-1234-5678"]}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["お電話は０１２０−１２３−４５６へ", "+81 120 123 456", "HELP@EXAMPLE.JP", "〒150-0042 東京都渋谷区見本町1-2-3"],
)
def test_what_the_facts_print_is_allowed_in_any_form(text: str) -> None:
    assert scan(text, "ja") != []
    assert scan(text, "ja", SHOP) == []


@pytest.mark.parametrize(
    "text", ["0120-123-457", "090-1234-5678", "helpme@example.jp", "東京都渋谷区見本町1-2-4", "0120-123-4567"]
)
def test_what_only_resembles_a_fact_is_not(text: str) -> None:
    assert len(scan(text, "ja", SHOP)) >= (text != "0120-123-4567")
    assert scan(text, "ja", SHOP) == scan(text, "ja")


@pytest.mark.parametrize(
    ("text", "known", "said"),
    [
        ("髙橋様のご注文", [("PERSON", "高橋 美咲")], ["髙橋"]),
        ("takahashi misaki", [("PERSON", "タカハシ ミサキ")], ["takahashi misaki"]),
        ("X-9 と X9", [("CUSTOMER_ID", "X-9")], []),
        ("AB-9とab9", [("CUSTOMER_ID", "AB-9")], ["AB-9", "ab9"]),
        ("会員の三千院 薫", [("PERSON", "三千院 薫")], ["三千院 薫"]),
    ],
)
def test_what_is_known_is_found_in_every_form(text: str, known: list[tuple[str, str]], said: list[str]) -> None:
    assert [text[one.start : one.end] for one in scan(text, "ja", None, known)] == said


@pytest.mark.parametrize(
    "text",
    [
        "alice%40example.com",
        "alice&#64;example.com",
        "\\u0061lice@example.com",
        "YWxpY2VAZXhhbXBsZS5jb20=",
        "=?UTF-8?B?YWxpY2VAZXhhbXBsZS5jb20=?=",
    ],
)
def test_other_writings_are_seen_through(text: str) -> None:
    assert [(one.start, one.end, one.type) for one in scan(text, "en")] == [(0, len(text), "EMAIL")]


def run(lines: list[Any], tmp_path: Path) -> tuple[list[dict[str, Any]], int, str, Path]:
    path = tmp_path / "requests.jsonl"
    path.write_text(
        "".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) + "\n" for line in lines),
        encoding="utf-8",
    )
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        with pytest.raises(SystemExit) as stopped:
            main(["scan", "--requests", str(path)])
    finally:
        sys.stdout, sys.stderr = before
    out.flush()
    told = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return [json.loads(line) for line in told.splitlines()], int(stopped.value.code or 0), err.getvalue(), path


def test_one_answer_per_line_in_the_order_asked(tmp_path: Path) -> None:
    answers, code, told, _ = run(
        [
            {"id": "a", "text": "😀 090-1234-5678", "lang": "ja"},
            {"id": 2, "text": "何もありません", "lang": "ja", "facts": None, "known": []},
            {"id": "c", "text": "Call 0120-123-456", "lang": "en", "facts": SHOP},
            {"id": "d", "text": "ﾀｶﾊｼﾐｻｷ", "lang": "ja", "known": [{"type": "PERSON", "value": "タカハシ ミサキ"}]},
        ],
        tmp_path,
    )
    assert (code, told) == (0, "")
    assert answers == [
        {"id": "a", "spans": [{"start": 2, "end": 15, "type": "PHONE"}]},
        {"id": 2, "spans": []},
        {"id": "c", "spans": []},
        {"id": "d", "spans": [{"start": 0, "end": 7, "type": "PERSON"}]},
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json\n", ":2: is not JSON"),
        ("[]\n", ":2: must be a JSON object"),
        ({"id": "x"}, ":2: text: is missing"),
        ({"id": "x", "text": "y", "lang": "jp"}, ":2: lang: unknown language 'jp' — one of: en, ja"),
        ({"id": "x", "text": "y", "knwon": []}, ":2: knwon: unknown key — did you mean 'known'?"),
        ({"id": "x", "text": "y", "known": [{"type": "PERSN", "value": "z"}]}, ":2: known.0.type: unknown identifier type 'PERSN' — did you mean 'PERSON'?"),
        ({"id": "x", "text": 5}, ":2: text: "),
        ({"id": "x", "text": "y", "known": [{"type": "PERSON"}]}, ":2: known.0.value: is missing"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_told_in_one_sentence_and_the_others_are_answered(line: Any, said: str, tmp_path: Path) -> None:
    answers, code, told, path = run([{"id": "a", "text": "x"}, line, {"id": "b", "text": "x"}], tmp_path)
    assert code == 2
    assert [answer["id"] for answer in answers] == ["a", "b"]
    assert f"{path}{said}" in told.splitlines()[0]
    assert len(told.splitlines()) == 2


def test_an_empty_or_absent_file_is_an_error(tmp_path: Path) -> None:
    answers, code, told, _ = run(["\n"], tmp_path)
    assert (answers, code) == ([], 2)
    assert "is empty" in told
