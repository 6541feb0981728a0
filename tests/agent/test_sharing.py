"""What a shared judgement says is what the full guards say: over a population, with hostile facts, of a tampered text, and among
customers who are known, some of them by words of the copies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.drafting import Draft
from agent.enishi import Enishi
from agent.judging import message_of
from agent.known import Known
from agent.pipeline import work
from agent.sharing import Shared
from agent.world import World
from policies.guardrails import judge
from policies.identifiers.customers import identifiers_of
from policies.identifiers.index import KnownIdentifiers
from policies.identifiers.scan import strings
from prompts.facts import SLOTS, WORD
from retrieval.database import reading
from retrieval.history import read_partition
from retrieval.people import read_people
from tests.agent.conftest import AS_OF

HOSTILE = ["半額セール", "初回無料の豆", "No.1 コーヒー", "50%オフ豆", "None", "{{brand}}", "090-1234-5678", "Amazing FREE GIFT", "がん患者さんの豆",
           "ｺｰﾋｰ①", "https://evil.test/a", "様様", "今だけ", "残り3点", "<b>豆</b>", "ご妊娠祝い", "必ず届く豆", "\u200b豆", "12/18 TASTING", "?", "豆！"]  # fmt: skip


@pytest.fixture(scope="module")
def drafted(sample: Path) -> Iterator[tuple[World, tuple[Draft, ...]]]:
    with Enishi.open(sample) as enishi:
        with reading(enishi.engine) as connection:
            frames = read_partition(connection, AS_OF, enishi.shelves, 0, 4095)
        yield enishi.world, work(frames, enishi.world, run="shared").drafts


def test_over_a_population_the_verdicts_are_those_of_the_full_guards(drafted: tuple[World, tuple[Draft, ...]]) -> None:
    world, drafts = drafted
    shared = Shared()
    for _ in range(2):
        for draft in drafts:
            message = message_of(draft)
            assert shared.judge(draft, message, world.catalogue) == judge(message, world.catalogue)
    assert shared.copies > len(drafts) / 4


@pytest.fixture(scope="module")
def crowd(drafted: tuple[World, tuple[Draft, ...]], sample: Path) -> Known:
    """The population, and in it people who are called as words of the copies, one of them a reader of such a copy."""
    _, drafts = drafted
    with Enishi.open(sample) as enishi, reading(enishi.engine) as connection:
        people = [(found[0], identifiers_of(*found)) for found in read_people(connection)]
    words = Counter(
        word for draft in drafts if draft.intent.language == "ja" for word in set(re.findall("[一-龯]{4,6}|[ァ-ヴー]{6,8}", draft.copy.body))
        if not any(word in text for text in (*draft.said.values(), *strings(draft.about)))
    )  # fmt: skip
    common, rarer, *_ = (word for word, count in words.most_common() if count < len(drafts) / 3)
    reader = next(draft.decision.customer_id for draft in drafts if common in draft.copy.body)
    people += [("Z1", [("PERSON", f"{common[:2]} {common[2:]}")]), ("Z2", [("PERSON", f"{rarer[:2]} {rarer[2:]}")]), ("Z3", [("PERSON", "佐藤 花子")])]
    people = [(who, [*told, ("PERSON", f"{common[:2]} {common[2:]}")] if who == reader else told) for who, told in people]
    return Known(KnownIdentifiers.build(people, b"a key for a crowd", now=AS_OF))


def test_among_known_people_the_verdicts_are_those_of_the_full_guards(drafted: tuple[World, tuple[Draft, ...]], crowd: Known) -> None:
    world, drafts = drafted
    shared = Shared()
    named = 0
    for _ in range(2):
        for draft in drafts:
            message = message_of(draft, crowd)
            said = shared.judge(draft, message, world.catalogue)
            assert said == judge(message, world.catalogue)
            named += any(found.rule == "identifiers.known" for found in said)
    assert 0 < named < len(drafts)
    assert shared.copies > len(drafts) / 6


def test_a_copy_that_was_clean_for_its_namesake_blocks_for_the_next_reader(drafted: tuple[World, tuple[Draft, ...]]) -> None:
    world, drafts = drafted
    of_a_shape: dict[int, list[Draft]] = {}
    for draft in drafts:
        if draft.copy.shape is not None and draft.verdict == "pass" and draft.intent.language == "ja":
            of_a_shape.setdefault(id(draft.copy.shape), []).append(draft)
    # A word of a copy that names its first reader, and to the next one somebody else.
    for first, second in (pair[:2] for pair in of_a_shape.values() if len({one.decision.customer_id for one in pair[:2]}) > 1):
        alone = Shared()
        alone.judge_all([(draft, message_of(draft)) for draft in (first, second)], world.catalogue)
        if alone.copies != 1:
            continue
        for word in re.findall("[一-龯]{4,6}|[ァ-ヴー]{6,8}", first.copy.body):
            index = KnownIdentifiers.build([(first.decision.customer_id, [("PERSON", f"{word[:2]} {word[2:]}")])], b"a key for a crowd", now=AS_OF)
            found = [{one.rule for one in judge(message_of(draft, Known(index)), world.catalogue)} for draft in (first, second)]
            if found == [set(), {"identifiers.known"}]:
                break
        else:
            continue
        break
    assert found == [set(), {"identifiers.known"}]
    shared = Shared()
    for draft in (first, second, first, second):
        message = message_of(draft, Known(index))
        assert shared.judge(draft, message, world.catalogue) == judge(message, world.catalogue)


@cache
def known(world_id: int) -> Shared:
    """One memory for all examples, so that what was clean before meets what is not."""
    return Shared()


def refilled(draft: Draft, slot: str, text: str) -> Draft:
    """The draft as if the fact in ``slot`` had been ``text``."""
    said = {**draft.said, slot: text}
    shape = draft.copy.shape
    assert shape is not None
    filled = {name: words.fill(said) if words else None for name, words in
              (("subject", shape.subject), ("title", shape.title), ("body", shape.body))}  # fmt: skip
    names = {"addressee": text} if slot == "addressee" else {"surname": text} if slot == "surname" else {}
    claims = tuple(replace(one, value=text) if one.value == draft.said[slot] else one for one in draft.claims)
    return replace(draft, said=said, copy=replace(draft.copy, **filled), grounded=frozenset(said.values()), claims=claims, **names)


@pytest.mark.parametrize("name", ["施術", "体験談", "梅酒"])
def test_a_name_in_which_the_law_reads_a_word_is_not_shared(drafted: tuple[World, tuple[Draft, ...]], name: str) -> None:
    world, drafts = drafted
    found = 0
    slots = [(draft, slot) for draft in drafts if not draft.fixed for slot in ("surname", "addressee") if slot in draft.said]
    for draft, slot in slots:
        shared = Shared()
        for _ in range(2):
            shared.judge(draft, message_of(draft), world.catalogue)
        called = refilled(draft, slot, name)
        wanted = judge(message_of(called), world.catalogue)
        assert shared.judge(called, message_of(called), world.catalogue) == wanted
        found += any(one.guard == "law" for one in wanted)
    assert found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_hostile_fact_is_not_passed_because_its_copy_was(
    drafted: tuple[World, tuple[Draft, ...]], crowd: Known, data: st.DataObject
) -> None:
    world, drafts = drafted
    shared = known(id(world))
    draft = data.draw(st.sampled_from([draft for draft in drafts if not draft.fixed]))
    shared.judge(draft, message_of(draft), world.catalogue)
    open_to = [slot for slot in draft.said if SLOTS[slot][0] == WORD or slot in ("addressee", "surname")]
    slot = data.draw(st.sampled_from(open_to))
    text = data.draw(st.sampled_from(HOSTILE) | st.text("佐藤花子豆SALE無料円0９%!?. ", min_size=1, max_size=12).map(str.strip).filter(bool))
    changed = refilled(draft, slot, text)
    message = message_of(changed, data.draw(st.sampled_from((None, crowd))))
    assert shared.judge(changed, message, world.catalogue) == judge(message, world.catalogue)


CHANGES: list[tuple[str, str, Any]] = [
    ("recipient", "country", "GB"), ("recipient", "country", "FR"), ("recipient", "country", None), ("recipient", "country", "BR"),
    ("recipient", "region", "北海道"), ("recipient", "region", "QC"), ("recipient", "is_business", True), ("recipient", "is_business", 1), ("recipient", "deceased", True),
    ("recipient", "birth_date", date(2012, 4, 1)), ("recipient", "birth_date", None), ("recipient", "timezone", "Europe/London"),
    ("recipient", "mourning_until", date(2027, 1, 1)), ("recipient", "name", "別名"), ("suppression", "complaint_open", True), ("suppression", "line_blocked", True),
    ("suppression", "push_permission", False), ("suppression", "optout", {"email": {"at": date(2026, 1, 1)}, "global_at": None}),
    ("suppression", "objection_direct_marketing_at", date(2026, 1, 1)), ("suppression", "disaster_hold_until", date(2027, 1, 1)),
    ("suppression", "phone_refusal", {"at": date(2026, 11, 1)}), ("consent", "email", {"status": "none"}), ("consent", "line", {"status": "opt_in"}),
    ("consent", "email", {"status": "opt_in", "basis": "soft"}), ("relationship", "ongoing_contract", True), ("relationship", "last_purchase_at", None),
    ("sender", "legal_name", "別の株式会社"), ("sender", "postal_address", None), ("sender", "optout_url", "https://other.example/stop"), ("sender", "country", "US"),
    ("product", "category", "cosmetics"), ("product", "regulated_sector", "alcohol"), ("product", "min_age", 20), ("offer", "compare_price", 5000),
    ("offer", "ends_at", date(2026, 1, 1)), ("offer", "prize_kind", "open"), ("message", "claims", ["世界一"]), ("message", "automated_voice", True),
    ("message", "promo_share", 0.9), ("processing", "sensitive_fields_used", ("health",)), ("processing", "privacy_notice_purposes", ()),
    ("transport", "postal_service", "courier_parcel"), ("transport", "weight_g", 90),
]  # fmt: skip
"""What may differ for the next reader of the same words, or the next product in them."""


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_reader_is_not_passed_because_the_copy_was_lawful_for_another(drafted: tuple[World, tuple[Draft, ...]], data: st.DataObject) -> None:
    world, drafts = drafted
    shared = known(id(world))
    draft = data.draw(st.sampled_from([draft for draft in drafts if not draft.fixed]))
    shared.judge(draft, message_of(draft), world.catalogue)
    about = {block: dict(fields) for block, fields in draft.about.items()}
    for block, field, value in data.draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3)):
        about[block].pop(field, None)
        if value is not None:
            about[block][field] = value
    hours = data.draw(st.sampled_from([0, 0, 9, 24 * 40]))
    changed = replace(draft, about=about)
    message = message_of(changed)
    message = replace(message, send_at=message.send_at + timedelta(hours=hours) if message.send_at else None)
    assert shared.judge(changed, message, world.catalogue) == judge(message, world.catalogue)


def test_what_somebody_made_of_a_filled_copy_is_judged_in_full(drafted: tuple[World, tuple[Draft, ...]]) -> None:
    world, drafts = drafted
    shared = Shared()
    good = next(draft for draft in drafts if draft.verdict == "pass" and draft.intent.channel == "email" and draft.intent.language == "ja")
    assert shared.judge(good, message_of(good), world.catalogue) == ()
    assert shared.copies == 1
    tampered = replace(good, copy=replace(good.copy, body=good.copy.body + "\n今なら全品半額です。"))
    assert any(found.guard == "claims" for found in shared.judge(tampered, message_of(tampered), world.catalogue))
