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
        outcomes = Counter(
            bool(case["expect"]) for case in yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
        )
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


REPEATED = (
    "お", "ご", "あ", "一", "させていただき", "お客様が", "て", "1,", "1円", "税込", "、", "。", "！", "「", "』", "(", "様\n", "株", "令和8年", "🎂", "\u200d",
    "ｱ", "①", "Ａ1", "@", "a@", "https://", "〒", "──\n", "─", "県", "お読みになられ", "ご利用でき", "桜の", "\n", " ", "県一", "会社", "12年(", "\v",
)  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_a_hostile_text_of_twenty_thousand_letters_is_judged(piece: str) -> None:
    """Bounded patterns only: this would hang, not fail, if one of them were not."""
    body = (piece * 20_000)[:20_000]
    message = Message(
        channel="email",
        language="ja",
        purpose="marketing",
        subject=body[:200],
        body=body,
        send_at=datetime(2026, 5, 14),
    )
    for name, check in JAPANESE.items():
        if name != "j25_readability":
            for spot in spots(check, message):
                assert spot.start is None or 0 <= spot.start <= spot.end <= len(body)


WORDS = st.sampled_from(
    [
        *REPEATED,
        "見れる",
        "です。",
        "だ。",
        "拝見いたします",
        "お客様",
        "当店",
        "弊社",
        "御社",
        "よろしかったでしょうか",
        "㈱",
        "いつも",
        "円",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=30).map("".join), st.sampled_from(["email", "line", "sms", "post", "phone"]))
def test_every_place_is_in_the_text_and_every_fix_changes_it(body: str, channel: str) -> None:
    message = Message(
        channel=channel, language="ja", purpose="marketing", body=body or "。", send_at=datetime(2026, 5, 14)
    )
    for name, check in JAPANESE.items():
        if name == "j25_readability":
            continue
        found = spots(check, message)
        assert found == spots(check, message)
        for spot in found:
            assert spot.start is None or 0 <= spot.start < spot.end <= len(message.body)
            if spot.fix is not None:
                assert spot.fix != message.body[spot.start : spot.end]


def golden() -> list[Any]:
    drafts = []
    for path in sorted((Path(__file__).parents[1] / "prompts" / "golden" / "ja").glob("*.txt")):
        for draft in path.read_text(encoding="utf-8").split("=== ")[1:]:
            channel, _, body = draft.partition("\n")
            head = None
            if body.startswith("["):
                head, _, body = body[1:].partition("]\n")
            kind = {"email": "subject", "push": "title"}.get(channel)
            drafts.append(
                pytest.param(channel, body.rstrip("\n"), {kind: head} if kind else {}, id=f"{path.stem} {channel}")
            )
    return drafts


@pytest.mark.parametrize(("channel", "body", "head"), golden())
def test_our_own_drafts_need_no_correction(channel: str, body: str, head: dict[str, str]) -> None:
    message = Message(
        channel=channel, language="ja", purpose="marketing", body=body, send_at=datetime(2026, 5, 14), **head
    )
    found = [(check.RULE, spot) for check in JAPANESE.values() for spot in spots(check, message)]
    assert [(rule, spot.ja) for rule, spot in found if (spot.level or JAPANESE_LEVEL[rule]) != "warn"] == []


JAPANESE_LEVEL = {check.RULE: check.LEVEL for check in JAPANESE.values()}


@pytest.mark.shared
def test_good_drafts_by_another_hand_raise_no_block() -> None:
    path = SHARED / "facts" / "exemplars.jsonl"
    if not path.is_file():
        pytest.skip("the exemplars are not beside the checkout")
    blocked, judged = [], 0
    for line in path.read_text(encoding="utf-8").splitlines():
        draft = json.loads(line)
        if draft["lang"] == "ja":
            judged += 1
            head = {"email": "subject", "push": "title"}.get(draft["channel"])
            message = Message(
                channel=draft["channel"], language="ja", purpose="marketing", body=draft["body"], addressee=draft["name"],
                send_at=datetime.fromisoformat(draft["send"]), **({head: draft["subject"]} if head else {}),
            )  # fmt: skip
            blocked += [
                (draft["id"], check.RULE, spot.ja) for check in JAPANESE.values() for spot in spots(check, message)
                if (spot.level or check.LEVEL) != "warn"
            ]  # fmt: skip
    assert judged >= 10
    assert blocked == []


@pytest.mark.shared
def test_few_false_alarms_on_sentences_by_customers_and_an_encyclopedia() -> None:
    """Checks that hold for any Japanese text, on text that was not written to please them; the counts are in docs/measurements.md."""
    paths = [
        SHARED / "data" / f"{name}.jsonl.gz" for name in ("reviews_ja_hotel", "reviews_ja_spot", "ner_wikipedia_ja")
    ]
    if not all(path.is_file() for path in paths):
        pytest.skip("the measuring data are not beside the checkout")
    counts: Counter[str] = Counter()
    sentences = 0
    for path in paths:
        for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines():
            row = json.loads(line)
            for text in [one["text"] for one in row["utterances"]] if "utterances" in row else [row["text"]]:
                sentences += 1
                message = Message(
                    channel="post", language="ja", purpose="marketing", body=text, send_at=datetime(2026, 5, 14)
                )
                counts.update(
                    {check.RULE for check in JAPANESE.values() if check.RULE != "J25" and spots(check, message)}
                )
    assert sentences > 9_000
    for rule in ("J01", "J02", "J09", "J10", "J16", "J17", "J18", "J19", "J20", "J21", "J23", "J24"):
        assert counts[rule] <= 5, f"{rule}: {counts[rule]} of {sentences}"
    assert counts["J22"] <= 20 and counts["J04"] <= 120, counts


def test_a_prefilter_passes_over_no_word() -> None:
    for lexicon in CATALOGUE.lexicons.values():
        for group in lexicon.values():
            for text in group.words:
                assert not group.starts.isdisjoint(CATALOGUE.lexicons.starts_in(f"あ{text}い")), text


WORD_LIST = """groups:
  own:
    ja: 社内で使わない言葉です
    en: not our word
    words:
      - {find: お客さん, use: お客様}
"""


def home(tmp_path: Path, text: str) -> Path:
    (tmp_path / "lexicons" / "japanese").mkdir(parents=True)
    (tmp_path / "lexicons" / "japanese" / "part_time_keigo.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_home_brings_its_own_words_and_the_policy_version_changes(tmp_path: Path) -> None:
    own = load_catalogue(home(tmp_path, WORD_LIST))
    message = Message(channel="line", language="ja", purpose="marketing", body="お客さん、了解しました。")
    assert [spot.fix for spot in spots(JAPANESE["j16_part_time_keigo"], message, own)] == ["お客様"]
    assert own.version != CATALOGUE.version


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("use:", "usee:"), "part_time_keigo.yaml:6: groups.own.words.0.usee: unknown key — did you mean 'use'?"),
        (("use: お客様", "use: お客様, months: [13]"), "part_time_keigo.yaml:6: groups.own.words.0.months.0: "),
        (("use: お客様", "endings: ra"), "part_time_keigo.yaml:6: groups.own.words.0.endings: unknown endings 'ra'"),
        (("お客さん", "'{}さん'"), "part_time_keigo.yaml:6: groups.own.words.0: a word with {} says what to put there"),
        (("お客さん", "[お客さん, お客さん]"), "part_time_keigo.yaml:6: groups.own.words.0: 'お客さん' stands twice"),
        (("お客さん", '"お客\\nさん"'), "part_time_keigo.yaml:6: groups.own.words.0: a word stands in one line"),
        (("    en: not our word\n", ""), "part_time_keigo.yaml:2: groups.own.en: is missing"),
    ],
)
def test_a_mistake_in_a_word_list_is_one_sentence(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        load_catalogue(home(tmp_path, WORD_LIST.replace(*change)))
    assert sentence in str(error.value)


@pytest.mark.skipif(not j25_readability.INSTALLED, reason=TAGGER)
def test_readability_falls_with_harder_words() -> None:
    easy, hard = "豆を送ります。よい香りです。" * 8, "焙煎工程管理体制再構築計画策定。" * 16
    measure = JAPANESE["j25_readability"]
    assert spots(measure, Message(channel="line", language="ja", purpose="marketing", body=easy)) == []
    assert len(spots(measure, Message(channel="line", language="ja", purpose="marketing", body=hard))) == 1


def test_readability_is_silent_without_its_tagger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(j25_readability, "INSTALLED", False)
    message = Message(channel="line", language="ja", purpose="marketing", body="焙煎工程管理体制再構築計画策定。" * 16)
    assert spots(JAPANESE["j25_readability"], message) == []
