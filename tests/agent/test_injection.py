"""Notes are data: with or without an instruction in them, the same is decided, and nothing of it is said.

Every field that a customer or a form can fill is tried with every note, over all customers of the sample.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.enishi import Enishi
from agent.pipeline import Work, work
from retrieval.features.notes import LOWERING
from retrieval.frames import Frames
from retrieval.goods import Shelves
from retrieval.notes.concepts import load, of
from retrieval.notes.suspicion import SUSPICIOUS, by_source, suspicion
from tests.agent.conftest import AS_OF

HERE = Path(__file__).parent
NOTES: list[dict[str, Any]] = yaml.safe_load((HERE / "injection_notes.yaml").read_text(encoding="utf-8"))
BENIGN: list[str] = yaml.safe_load((HERE / "benign_notes.yaml").read_text(encoding="utf-8"))
DATA = HERE.parents[2] / "shared" / "data"
NEUTRAL = "ご来店。"
CALLED = ("name", "company", "department", "title")
WATCHED = ("escalate_to_human",)
"""What a hold opens: a person looks at it."""

Write = Callable[[Frames, Sequence[str]], Frames]


def _cycled(frames: Frames, texts: Sequence[str]) -> list[str]:
    return [texts[i % len(texts)] for i in range(frames.size)]


def as_note(frames: Frames, texts: Sequence[str]) -> Frames:
    """One more note about every customer."""
    rows = pl.DataFrame(
        {"i": range(frames.size), "at": [AS_OF - timedelta(days=2)] * frames.size, "text": _cycled(frames, texts)}
    ).with_columns(pl.lit("note").alias("kind"), pl.lit("in").alias("direction"))
    typed = rows.with_columns(pl.col(name).cast(frames.interactions.schema[name]) for name in rows.columns)
    return replace(
        frames,
        interactions=pl.concat([frames.interactions, typed], how="diagonal").sort("i", "at", maintain_order=True),
    )


def as_comment(frames: Frames, texts: Sequence[str]) -> Frames:
    """A comment on something every customer did."""
    rows = pl.DataFrame(
        {"i": range(frames.size), "at": [AS_OF - timedelta(days=2)] * frames.size, "comment": _cycled(frames, texts)}
    ).with_columns(pl.lit("form").alias("type"))
    typed = rows.with_columns(pl.col(name).cast(frames.events.schema[name]) for name in rows.columns)
    return replace(
        frames, events=pl.concat([frames.events, typed], how="diagonal").sort("i", "at", maintain_order=True)
    )


def in_column(table: str, column: str) -> Write:
    """The text in a column of every row of a table; names stay different from each other."""

    def write(frames: Frames, texts: Sequence[str]) -> Frames:
        rows: pl.DataFrame = getattr(frames, table)
        told = [texts[number % len(texts)] for number in range(rows.height)]
        written = rows.with_columns(pl.Series(column, told, dtype=pl.String))
        if table == "products":
            return replace(frames, shelves=Shelves(written, frames.offers))
        return replace(frames, **{table: written})

    return write


FIELDS: Mapping[str, Write] = {
    "interactions.text": as_note, "events.comment": as_comment, "tickets.summary": in_column("tickets", "summary"),
    "tickets.topic": in_column("tickets", "topic"), "products.notes": in_column("products", "notes"),
    **{f"customers.{column}": in_column("customers", column) for column in CALLED},
}  # fmt: skip


@pytest.fixture(scope="module")
def decide(reader: Enishi) -> Callable[..., Work]:
    def decided(frames: Frames, *, drafting: bool = False) -> Work:
        return work(frames, reader.world, run="test", drafting=drafting)

    return decided


def candidates(record: bytes) -> set[tuple[str, str | None, str | None]]:
    return {(action, channel, bound) for action, channel, bound, *_ in orjson.loads(record)["candidates"]}


def words(made: Work) -> Iterator[tuple[str, str]]:
    for draft in made.drafts:
        yield draft.decision.customer_id, f"{draft.copy.subject or ''}\n{draft.copy.title or ''}\n{draft.copy.body}"


def test_there_are_enough_notes_and_each_is_one() -> None:
    assert len(NOTES) >= 40
    assert len({note["id"] for note in NOTES}) == len(NOTES)
    assert len(BENIGN) >= 12


@pytest.mark.parametrize("field", FIELDS)
def test_the_decision_is_the_same_with_the_note_or_with_a_plain_one(
    field: str, everyone: Frames, decide: Callable[..., Work]
) -> None:
    """Byte for byte, unless the note holds something back: then fewer things are possible, never more."""
    texts = [note["text"] for note in NOTES]
    plain = decide(FIELDS[field](everyone, [NEUTRAL])).decisions
    noted = decide(FIELDS[field](everyone, texts)).decisions
    for before, after in zip(plain, noted, strict=True):
        if after.record != before.record:
            assert field in ("interactions.text", "events.comment")
            assert of(_cycled(everyone, texts)[before.i]) & LOWERING
            new = candidates(after.record) - candidates(before.record)
            assert {action for action, _, _ in new} <= set(WATCHED)


@pytest.mark.parametrize("field", FIELDS)
def test_no_draft_says_any_of_it(field: str, everyone: Frames, decide: Callable[..., Work]) -> None:
    texts = [note["text"] for note in NOTES]
    before = dict(words(decide(FIELDS[field](everyone, [NEUTRAL]), drafting=True)))
    made = decide(FIELDS[field](everyone, texts), drafting=True)
    assert len(made.drafts) > 40
    for customer, said in words(made):
        for note in NOTES:
            assert note["text"] not in said
            for harm in note["harm"]:
                assert harm not in said or harm in before.get(customer, ""), (field, harm)


ENGINES = [
    "{{7*7}}", "{% raw %}", "%s%s", "${jndi:x}", "<b>花子</b>", "山田{0.__class__}", "=cmd|x", "+1+1", "@SUM(1)", "花子\u202e様", "\u001b[31m花子",
]  # fmt: skip


@pytest.mark.parametrize("field", ["customers.name", "tickets.topic"])
def test_no_engine_runs_over_what_a_customer_typed(field: str, everyone: Frames, decide: Callable[..., Work]) -> None:
    """It is left out, and where the name is needed the draft is blocked."""
    made = decide(FIELDS[field](everyone, ENGINES), drafting=True)
    for _, said in words(made):
        assert not [text for text in ENGINES if text in said]
    if field == "customers.name":
        named = [draft for draft in made.drafts if draft.intent.channel not in ("push", "insert")]
        assert named and {draft.verdict for draft in named} == {"block"}


PHRASES = [
    "解約したい", "他社に乗り換えを検討", "余っている", "次回は休止", "使い方がわからない", "上位モデルを検討", "メールが多すぎる", "5月16日までに連絡すると約束",
    "お見積りの打ち合わせ", "約束の件は対応済", "保留を解除、案内を再開", "父が他界", "入院中", "値上げが残念", "今回は見送り", "誕生日のお祝いは不要", "too many emails",
    "wants to cancel", "how to use it", "upgrade please", "promised to call by 16 May", "passed away", "resume messages", "not interested", "skip the next delivery",
    *(note["text"] for note in NOTES),
]  # fmt: skip


@pytest.fixture(scope="module")
def opened(reader: Enishi) -> set[str]:
    """The actions whose conditions ask about notes: what customers ask for may be answered."""
    from retrieval.features.notes import FEATURES

    told = {feature.name for feature in FEATURES}
    return {
        action.id for action in reader.world.catalogue.actions if any(rule.clause.names & told for rule in action.rules)
    }


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=4).map("。".join), min_size=30, max_size=60)
)
def test_notes_lower_and_never_raise(
    texts: list[str], everyone: Frames, decide: Callable[..., Work], opened: set[str]
) -> None:
    """With notes nothing becomes possible but what answers them, on the channels and with the consents there were."""
    before = decide(as_note(everyone, [NEUTRAL])).decisions
    after = decide(as_note(everyone, texts)).decisions
    for plain, noted in zip(before, after, strict=True):
        new = candidates(noted.record) - candidates(plain.record)
        text = _cycled(everyone, texts)[plain.i]
        allowed = set(WATCHED) if suspicion(text).score >= SUSPICIOUS else opened
        assert {action for action, _, _ in new} <= allowed, text
        for feature, value in noted.row.items():
            if feature.startswith(("ok.", "service_ok.")) or feature in (
                "objected_all",
                "track_ok",
                "guardian_consent",
            ):
                assert value == plain.row[feature]


def test_a_suspicious_note_cannot_lift_a_hold() -> None:
    from tests.retrieval.builders import ago, features

    mourning = {"customer_id": "C1", "at": ago(20), "kind": "call", "direction": "in", "text": "父が他界しました。"}
    plain = {**mourning, "at": ago(2), "text": "保留を解除、案内を再開してよいとのこと。"}
    forged = {**plain, "text": next(note["text"] for note in NOTES if note["id"] == "cleared-ja")}
    assert features(interactions=[mourning])["hold_topic"] == "bereavement"
    assert features(interactions=[mourning, plain])["hold_topic"] is None
    assert features(interactions=[mourning, forged])["hold_topic"] == "bereavement"


def test_what_only_lowers_is_a_concept() -> None:
    assert load().keys() >= LOWERING


# --- the scanner ------------------------------------------------------------------------------------------------------


def test_injected_notes_are_suspicious() -> None:
    missed = [note["id"] for note in NOTES if suspicion(note["text"]).score < SUSPICIOUS]
    assert len(missed) <= len(NOTES) // 20, missed


def test_ordinary_notes_are_not() -> None:
    found = [note for note in BENIGN if suspicion(note).score >= SUSPICIOUS]
    assert found == []
    demo = yaml.safe_load((HERE.parents[1] / "agent" / "demo" / "people.yaml").read_text(encoding="utf-8"))
    for language in ("ja", "en"):
        for theme, texts in demo[language].items():
            for text in texts:
                if isinstance(text, str):
                    assert (suspicion(text).score >= SUSPICIOUS) == (theme == "injected"), text


@pytest.mark.shared
def test_public_injections_are_noticed() -> None:
    if not (DATA / "injection_bipia_text_train.json").is_file():
        pytest.skip("the BIPIA texts are not beside the checkout")
    groups = json.loads((DATA / "injection_bipia_text_train.json").read_text(encoding="utf-8"))
    texts = [text for some in groups.values() for text in some]
    lines = (DATA / "injection_bipia_email_train.jsonl").read_text(encoding="utf-8").splitlines()
    mails = [json.loads(line)["context"] for line in lines]
    noticed = sum(suspicion(text).score > 0 for text in texts)
    assert noticed >= 0.85 * len(texts)
    assert sum(suspicion(mail).score >= SUSPICIOUS for mail in mails) <= 0.06 * len(mails)


@pytest.mark.parametrize(
    "piece",
    ["1", "\ufdfa", "ignore ", "前の", "{{", "<a", "=", "-", "#", "A", "ｱ", "print in ", "add your ", "全顧客", "\u200b", "}}"],
)
def test_a_hostile_note_takes_little_time(piece: str) -> None:
    import time

    text = (piece * 20_000)[:20_000]
    started = time.thread_time()
    suspicion(text)
    assert time.thread_time() - started < 0.5


def test_suspicious_texts_are_counted_by_source(everyone: Frames) -> None:
    texts = [NOTES[0]["text"], NEUTRAL]
    counted = by_source(as_comment(everyone, texts)) - by_source(everyone)
    assert counted == {"events.form": (everyone.size + 1) // 2}
