"""The packs of law: every rule has cases, every slip in a file is one sentence, and no text makes a check slow or raise."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from policies.catalogue import Catalogue, load_catalogue
from policies.guardrails import GUARDS, law
from policies.guardrails.guard import Finding, Message
from policies.jurisdictions import jurisdictions_of, load_law
from policies.law_checks import CHECKS
from policies.law_checks.asking import FIELDS, Circumstances
from policies.law_checks.vocabulary import Vocabulary
from policies.law_reference import page
from retrieval.errors import InputError
from tests.policies.test_guardrails import message_of

ROOT = Path(policies.__file__).parents[1]
FACTS = ROOT.parent / "shared" / "facts" / "policy-facts.yaml"
PERSON, NOTE = "person", "note"


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@cache
def judged() -> tuple[tuple[Message, tuple[Finding, ...]], ...]:
    """Every case as a message, with what the guard finds in it."""
    path = ROOT / "policies" / "guardrails" / "cases" / "law.yaml"
    messages = [message_of(case["message"], catalogue()) for case in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return tuple((message, tuple(GUARDS["law"](message, catalogue()))) for message in messages)


def allowed() -> set[str]:
    """Rules that apply to some case and find nothing in it."""
    found = set()
    for message, findings in judged():
        it = Circumstances(message)
        spoke = {finding.rule for finding in findings}
        for rule in catalogue().law.rules_for(jurisdictions_of(it).jurisdictions, it.channel, it.marketing):
            if rule.id not in spoke and rule.applies(it) is True:
                found.add(rule.id)
    return found


# --- every rule -------------------------------------------------------------------------------------------------------


def test_every_rule_that_speaks_has_a_case_that_it_stops() -> None:
    stopped = {finding.rule for _, findings in judged() for finding in findings}
    assert [rule.id for rule in catalogue().law.rules.values() if rule.kind != NOTE and rule.id not in stopped] == []


def test_every_rule_that_a_machine_decides_has_a_case_that_it_lets_through() -> None:
    passed = allowed()
    decided = [rule for rule in catalogue().law.rules.values() if rule.kind not in (PERSON, NOTE)]
    words_alone = {rule.id for rule in decided if not rule.given and rule.signs and rule.kind == "forbidden_terms"}
    assert [rule.id for rule in decided if rule.id not in passed | words_alone] == []


def test_what_a_person_must_see_is_never_asked_of_every_message() -> None:
    for rule in catalogue().law.rules.values():
        if rule.kind == PERSON:
            assert rule.given or rule.signs, rule.id
            assert rule.severity in ("flag", "block")


def test_no_published_rule_was_forgotten() -> None:
    if not FACTS.is_file():
        pytest.skip("the published list of rules is not beside this checkout")
    published = {rule["id"]: rule for rule in yaml.safe_load(FACTS.read_text(encoding="utf-8"))["rules"]}
    assert set(catalogue().law.rules) == set(published)
    for rule in catalogue().law.rules.values():
        told = published[rule.id]
        assert (rule.severity, rule.on_missing, rule.confidence) == (
            told["severity"],
            told["on_missing"],
            told["confidence"],
        ), rule.id
        assert told["channels"] == "all" or rule.channels == set(told["channels"]), rule.id


def test_every_kind_of_check_is_used() -> None:
    assert set(CHECKS) == {rule.kind for rule in catalogue().law.rules.values()}


def test_every_source_is_told_and_what_was_not_read_again_says_so() -> None:
    for rule in catalogue().law.rules.values():
        for source in rule.sources:
            assert source.title and source.publisher and (source.url or source.law), rule.id


def test_the_page_in_the_documentation_is_the_generated_one() -> None:
    written = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert written == page(catalogue().law), "run: python -m policies.law_reference > docs/rules.md"


def test_the_packs_are_part_of_the_policy_version(tmp_path: Path) -> None:
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "kr.yaml").write_text(PACK, encoding="utf-8")
    more = load_catalogue(tmp_path)
    assert "law/kr.yaml" in more.files and "law/jp.yaml" in more.files
    assert more.version != catalogue().version
    assert set(more.law.rules) == {*catalogue().law.rules, "KR-ONE-01"}
    korean = message_of(
        {
            "channel": "email",
            "language": "en",
            "purpose": "marketing",
            "body": "Hello",
            "about": {"recipient": {"country": "KR"}},
        },
        more,
    )
    assert "KR-ONE-01" in [finding.rule for finding in GUARDS["law"](korean, more)]
    assert "law.no_pack" not in [finding.rule for finding in GUARDS["law"](korean, more)]


@pytest.mark.parametrize(
    ("name", "touches"),
    [("数名", True), ("景", True), ("石の日本", True), ("品川", True), ("夕景品", True), ("桑名", False), ("Smith", False), ("free", True), ("懸賞", True)],
)
def test_what_makes_a_word_with_what_stands_around_it(name: str, touches: bool) -> None:
    vocabulary = Vocabulary()
    for word in ("数名様に", "景品", "日本一", "懸賞", "free gift card", "一品"):
        vocabulary.add(word)
    assert vocabulary.touches(name) is touches


# --- slips in a file --------------------------------------------------------------------------------------------------

PACK = """\
title: {ja: 韓国, en: Korea}
notice: {ja: 助言ではありません, en: Not advice}
checked: 2026-11-21
review_by: 2027-05-31
words:
  shout: [大声]
sources:
  act: {title: An act, publisher: A ministry, url: "https://example.com/act"}
rules:
  KR-ONE-01:
    jurisdiction: KR
    channels: [email, phone]
    purpose: marketing
    ja: 名称を示します。
    en: The name is shown.
    severity: block
    on_missing: block
    check: {kind: contains_field, fields: [sender.legal_name]}
    sources: [act]
    confidence: high
"""
WINDOW = "check: {kind: time_window, allow: [{opens: '09:00', closes: '12:00'}, {opens: '11:00', closes: '20:00'}]}"
NAME = "check: {kind: contains_field, fields: [sender.legal_name]}"
SLIPS = [
    ("    severity: block", "    severty: block", 16, ("severty", "did you mean 'severity'?")),
    (
        NAME,
        "check: {kind: contains_feild, fields: [sender.legal_name]}",
        18,
        ("contains_feild", "did you mean 'contains_field'?"),
    ),
    (
        NAME,
        "check: {kind: contains_field, fields: [sender.legal_nmae]}",
        18,
        ("sender.legal_nmae", "did you mean 'sender.legal_name'?"),
    ),
    (NAME, "check: {kind: contains_field, feilds: [sender.legal_name]}", 18, ("feilds", "did you mean 'fields'?")),
    (NAME, "check: {kind: forbidden_terms, words: shuot}", 18, ("shuot", "did you mean 'shout'?")),
    ("shout: [大声]", "shout: [大声, ' ']", 6, ("word without a letter",)),
    (NAME, WINDOW, 18, ("overlap", "12:00", "11:00")),
    (NAME, "check: {kind: time_window, allow: [{opens: '21:00', closes: '08:00'}]}", 18, ("opens before it closes",)),
    (NAME, "check: {kind: time_window, allow: [{opens: 09:00, closes: 20:00}]}", 18, ("in quotes",)),
    ("confidence: high", "confidence: high\n    cap: {max: 0, days: 30}", 21, ("greater than 0", "is 0")),
    ("channels: [email, phone]", "channels: [email, phoen]", 12, ("phoen", "did you mean 'phone'?")),
    ("jurisdiction: KR", "jurisdiction: Korea", 11, ("no jurisdiction",)),
    ("sources: [act]", "sources: [acts]", 19, ("acts", "did you mean 'act'?")),
    ("sources: [act]", "sources: []", 19, ("at least 1",)),
    ("    sources: [act]\n", "", 10, ("is missing",)),
    (', url: "https://example.com/act"', "", 8, ("neither a page",)),
    ("  KR-ONE-01:", "  JP-TEM-03:", 10, ("already a rule of jp.yaml",)),
    ("  KR-ONE-01:", "  kr one:", 10, ("capitals and digits",)),
    (
        "ja: 名称を示します。",
        "ja: 名称を示します。\n    given: {product.catgory: [food]}",
        15,
        ("product.catgory", "did you mean 'product.category'?"),
    ),
    ("    en: The name is shown.\n", "", 10, ("is missing",)),
    ("    confidence: high\n", "    confidence: high\n    confidence: low\n", 21, ("stands twice",)),
    ("notice: {ja: 助言ではありません, en: Not advice}", "notice: {ja: 助言ではありません}", 2, ("ja and en",)),
]


@pytest.mark.parametrize(("right", "wrong", "line", "said"), SLIPS, ids=[slip[1][:40] for slip in SLIPS])
def test_a_slip_is_one_sentence_with_its_place(
    tmp_path: Path, right: str, wrong: str, line: int, said: tuple[str, ...]
) -> None:
    (tmp_path / "law").mkdir()
    assert right in PACK
    (tmp_path / "law" / "kr.yaml").write_text(PACK.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(InputError) as told:
        load_law(tmp_path, Path(policies.__file__).parent)
    assert told.value.line == line, str(told.value)
    for words in ("kr.yaml", *said):
        assert words in str(told.value)


# --- whose law --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipient", "language", "wanted"),
    [
        ({"country": "JP"}, "ja", {"JP"}), ({"country": "gb"}, "en", {"UK"}), ({"country": "FR"}, "en", {"FR", "EU"}),
        ({"country": "US", "region": "Texas"}, "en", {"US", "US-TX"}), ({"country": "US", "region": "US-CA"}, "en", {"US", "US-CA"}),
        ({"country": "CA", "region": "QC"}, "en", {"CA", "CA-QC"}), ({"timezone": "Europe/London"}, "en", {"JP", "UK"}),
        ({}, "ja", {"JP"}), ({}, "en", {"JP", "UK", "US", "CA", "EU"}),
    ],
)  # fmt: skip
def test_whose_law(recipient: dict[str, str], language: str, wanted: set[str]) -> None:
    it = Circumstances(
        Message(channel="email", language=language, purpose="marketing", body="x", about={"recipient": recipient})
    )
    found = jurisdictions_of(it)
    assert found.jurisdictions - {"GLOBAL", ""} - {one for one in found.jurisdictions if one.endswith("-")} == wanted
    assert bool(found.guessed) == ("country" not in recipient)


# --- what must always hold --------------------------------------------------------------------------------------------

MARKS = "佐藤様配信停止株式会社見本屋no.1%円:/@?.<>{}\u202e\u200b\x00 \n"
TEXT = st.text(alphabet=st.one_of(st.sampled_from(MARKS), st.characters(codec="utf-8")), max_size=400)
VALUE: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | TEXT
    | st.just("2026-05-01")
    | st.just("opt_in"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["at", "email", "price", "from", "From"]), inner, max_size=3)
    ),
    max_leaves=5,
)
SOUND = [0, 1, 2, 4, 5, 6, 7, 9, 11, 12]
PLACES = [(block, name) for block, names in FIELDS.items() for name in names]


LIKELY = ["配信停止はこちら", "No.1 の薬用クリーム 50%オフ 今だけ", "抽選で10名様にワイン", "ご祝儀", "Unsubscribe: https://example.com/stop", "世界\n一"]


def asked_of_every_rule(message: Message) -> list[Finding]:
    """What the guard finds with nothing remembered: each rule asked, in the order of the files."""
    it = Circumstances(message)
    under = jurisdictions_of(it)
    rules = catalogue().law.rules_for(under.jurisdictions, it.channel, it.marketing)
    return [*law._doubts(under, catalogue()), *(found for rule in rules for found in law._asked(rule, it))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_was_settled_for_one_message_is_true_of_the_next(data: st.DataObject) -> None:
    message = judged()[data.draw(st.integers(0, len(judged()) - 1))][0]
    remembered, copy = law.Remembered(most=3), data.draw(st.integers())
    for _ in range(data.draw(st.integers(1, 4))):
        about = {block: dict(fields) for block, fields in message.about.items()}
        for block, name in data.draw(st.lists(st.sampled_from(PLACES), max_size=2)):
            at = about.setdefault(block, {})
            *outer, last = name.replace("<channel>", message.channel).split(".")
            for part in outer:
                at = at[part] if isinstance(at.get(part), dict) else at.setdefault(part, {}) if part not in at else {}
            at[last] = data.draw(VALUE | st.sampled_from([True, 1, "JP", "GB", "alcohol", "opt_in", date(2026, 11, 1)]))
        text = data.draw(st.none() | st.sampled_from(LIKELY) | TEXT)
        hours = data.draw(st.sampled_from([0, 12, 24 * 40]))
        send_at = message.send_at + timedelta(hours=hours) if message.send_at else None
        message = replace(message, about=about, body=message.body if text is None else message.body + text, send_at=send_at)
        wanted = sorted(asked_of_every_rule(message), key=Finding.place)
        assert sorted(GUARDS["law"](message, catalogue()), key=Finding.place) == wanted
        for _ in range(2):
            assert sorted(remembered.check(message, catalogue(), (copy, message.body)), key=Finding.place) == wanted


TOKYO = datetime(2026, 6, 2, 1, tzinfo=ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize(
    ("block", "name", "first", "then"),
    [
        ("recipient", "is_business", True, 1),
        ("suppression", "disaster_hold_until", TOKYO, TOKYO.astimezone(ZoneInfo("Europe/London"))),
    ],
)  # fmt: skip
def test_what_is_equal_but_not_the_same_is_asked_again(block: str, name: str, first: Any, then: Any) -> None:
    assert first == then
    told_apart = 0
    for message, _ in judged():
        at = datetime(2026, 6, 2, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
        both = [replace(message, send_at=at, about={**message.about, block: {**message.about.get(block, {}), name: value}}) for value in (first, then)]
        wanted = [sorted(asked_of_every_rule(one), key=Finding.place) for one in both]
        assert [sorted(GUARDS["law"](one, catalogue()), key=Finding.place) for one in both] == wanted
        told_apart += wanted[0] != wanted[1]
    assert told_apart


def test_the_day_is_part_of_what_was_answered() -> None:
    told_apart = 0
    for message, _ in judged():
        held = {**message.about, "suppression": {**message.about.get("suppression", {}), "disaster_hold_until": date(2026, 6, 2)}}
        both = [replace(message, about=held, send_at=datetime(2026, 6, day, 12, tzinfo=ZoneInfo("Asia/Tokyo"))) for day in (1, 9)]
        wanted = [sorted(asked_of_every_rule(one), key=Finding.place) for one in both]
        assert [sorted(GUARDS["law"](one, catalogue()), key=Finding.place) for one in both] == wanted
        told_apart += wanted[0] != wanted[1]
    assert told_apart


def test_what_was_settled_for_one_purpose_is_asked_again_for_another(tmp_path: Path) -> None:
    """Both are under the very same rules, and a check looks at which it is."""
    stops = "check: {kind: suppression, fields: [suppression.optout.global_at]}"
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "kr.yaml").write_text(PACK.replace("purpose: marketing", "purpose: any").replace(NAME, stops), encoding="utf-8")
    alone = replace(catalogue(), law=load_law(tmp_path))
    about = {"recipient": {"country": "KR"}, "suppression": {"optout": {"global_at": date(2026, 1, 1)}}}
    told = [
        [one.rule for one in GUARDS["law"](Message(channel="phone", language="en", purpose=purpose, body="Hello", about=about), alone)]
        for purpose in ("transactional", "marketing", "transactional")
    ]
    assert [("KR-ONE-01" in rules) for rules in told] == [False, True, False]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SOUND), st.sampled_from(PLACES), VALUE, TEXT)
def test_whatever_a_field_holds_the_answer_is_a_finding(
    number: int, place: tuple[str, str], value: Any, text: str
) -> None:
    message = judged()[number][0]
    block, name = place
    about: dict[str, Any] = {key: dict(held) for key, held in message.about.items()}
    inner = about.setdefault(block, {})
    *path, last = name.replace("<channel>", "email").split(".")
    for key in path:
        inner[key] = dict(inner.get(key) or {})
        inner = inner[key]
    inner[last] = value
    for finding in GUARDS["law"](replace(message, about=about, body=message.body + text), catalogue()):
        assert finding.ja and finding.en
        if finding.start is not None:
            assert (
                getattr(replace(message, body=message.body + text), finding.part)[finding.start : finding.end]
                == finding.text
            )


@pytest.mark.parametrize("number", [0, 1, 6, 9, 10])
@pytest.mark.parametrize(
    "hostile",
    [
        "https://" + "a" * 19_990,
        "の" * 20_000,
        "シ ミ\n" * 5_000,
        "reply   " * 2_500,
        "a@" * 10_000,
        "配信停止\n" * 4_000,
    ],
)
def test_no_text_makes_a_check_slow(number: int, hostile: str) -> None:
    message = replace(judged()[number][0], body=hostile)
    started = time.process_time()
    assert list(GUARDS["law"](message, catalogue()))
    assert time.process_time() - started < 2.0, "two hundred times what it should take"


def test_patterns_do_not_use_word_classes_beside_japanese() -> None:
    for path in sorted((ROOT / "policies" / "law_checks").glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not re.search(r"r\"[^\"]*(?<!\\)\\w", line), f"{path.name}:{number}"
