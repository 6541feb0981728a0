"""Another customer in a draft is found, whoever put them there; the reader is not; and nothing passes on an index that cannot be relied on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agent.drafting import Draft
from agent.enishi import Enishi
from agent.review.queue import shown
from agent.review.transitions import approve, edit
from policies.guardrails import Finding
from policies.identifiers.index import KnownIdentifiers
from policies.identifiers.normal import normalise
from retrieval.database import reading, writing
from retrieval.errors import InputError
from retrieval.importing import import_paths
from retrieval.tables import HISTORY
from tests.agent.conftest import AS_OF, LATER, Command, add, passing, stored

STRANGER = {
    "id": "Z-90017", "shop": "coffee", "name": "一色 麗華", "language": "ja",
    "extra": {"kana": "イッシキ レイカ", "phone": "090-8765-4321", "contact": {"email": "reika.i@example.com"}, "address": "神奈川県見本市緑町4丁目5番6号"},
}  # fmt: skip


def import_customers(home: Path, *customers: Mapping[str, Any]) -> None:
    """A shop's file with these customers, brought in by the ordinary import."""
    folder = home / "files"
    folder.mkdir(exist_ok=True)
    path = folder / "customers.jsonl"
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in customers), encoding="utf-8")
    with Enishi.open(home) as enishi:
        report = import_paths(enishi.engine, [path], mapping=None, dry_run=False, quarantine=home / "wrong.jsonl", progress=lambda _: None, now=AS_OF)
    assert report.quarantined == 0


def edited(home: Path, said: str, draft: Mapping[str, Any] | None = None) -> list[Finding]:
    """What is said of a passing email once a reviewer has added ``said`` to it, by the index alone."""
    draft = draft or passing(home, channel="email", language="ja")
    with Enishi.open(home) as enishi:
        with reading(enishi.engine) as connection:
            body = shown(connection, draft["id"])["body"]
        moved = edit(enishi, draft["id"], actor="mori", at=LATER, body=f"{body}\n\n{said}")
        with reading(enishi.engine) as connection:
            assert shown(connection, draft["id"])["verdict"] == ("block" if any(one.severity == "block" for one in moved.findings) else "pass")
    return [one for one in moved.findings if one.rule in ("identifiers.known", "identifiers.index")]


@pytest.mark.parametrize(
    "said",
    ["一色麗華", "一色 麗華", "イッシキレイカ", "いっしき れいか", "Reika Isshiki", "０９０−８７６５−４３２１", "+81 90 8765 4321", "reika.i@example.com",
     "見本市緑町4-5-6", "神奈川県見本市緑町四丁目五番六号", "Z90017"],
)  # fmt: skip
def test_what_a_reviewer_writes_of_another_customer_is_blocked_where_it_stands(queue: Path, said: str) -> None:
    import_customers(queue, STRANGER)
    [found] = edited(queue, f"先日、{said} からもご注文がありました。")
    assert (found.rule, found.severity, found.part) == ("identifiers.known", "block", "body")
    assert said.strip() in found.text or found.text in said
    assert found.end is not None and found.start is not None and found.end - found.start == len(found.text)


def test_a_surname_with_its_honorific_is_anothers_too(queue: Path) -> None:
    import_customers(queue, STRANGER)
    assert [one.text for one in edited(queue, "一色様もお喜びでした。")] == ["一色"]


def test_what_is_the_readers_own_is_not(queue: Path) -> None:
    draft = passing(queue, channel="email", language="ja")
    with Enishi.open(queue) as enishi, reading(enishi.engine) as connection:
        own = dict(connection.execute(select(HISTORY["customers"]).where(HISTORY["customers"].c.id == draft["customer_id"])).mappings().one())
    import_customers(queue, {"id": own["id"], "shop": own["shop"], "name": own["name"], **{name: STRANGER[name] for name in ("extra",)}})
    for said in ("イッシキレイカ様", "Reika Isshiki", f"{own['name']}様", own["id"], "見本市緑町4-5-6"):
        assert edited(queue, said, draft) == []


@pytest.mark.parametrize("lists", ["reader", "other"])
def test_the_name_of_the_readers_duplicate_is_no_strangers_whichever_record_lists_it(queue: Path, lists: str) -> None:
    draft = passing(queue, channel="email", language="ja")
    with Enishi.open(queue) as enishi, reading(enishi.engine) as connection:
        own = dict(connection.execute(select(HISTORY["customers"]).where(HISTORY["customers"].c.id == draft["customer_id"])).mappings().one())
    reader = {"id": own["id"], "shop": own["shop"], "name": own["name"]}
    for one, other in ((reader, STRANGER), (STRANGER, reader)):
        listed = [{"id": other["id"], "score": 0.96}] if (one is reader) == (lists == "reader") else []
        import_customers(queue, {**one, "duplicate_candidates": listed})
    assert edited(queue, "一色麗華様、イッシキレイカ様", draft) == []
    assert [one.text for one in edited(queue, "090-8765-4321", draft)] == ["090-8765-4321"]


def test_a_customer_imported_a_minute_ago_is_found_by_who_is_already_at_work(queue: Path) -> None:
    draft = passing(queue, channel="email", language="ja")
    with Enishi.open(queue) as enishi:
        with reading(enishi.engine) as connection:
            body = shown(connection, draft["id"])["body"] + "\n\n一色麗華様によろしくお伝えください。"
            before = enishi.register.at(connection, LATER)
        assert before.index is not None and before.index.find(normalise("一色麗華")) == ()
        import_customers(queue, STRANGER)
        moved = edit(enishi, draft["id"], actor="mori", at=LATER + timedelta(minutes=1), body=body)
        assert "identifiers.known" in {one.rule for one in moved.findings}
        refused = approve(enishi, draft["id"], actor="sato", at=LATER + timedelta(minutes=2))
        assert refused.state == "pending" and "identifiers.known" in {one.rule for one in refused.findings}


def test_an_index_ages_with_the_customers_and_not_with_the_clock(home: Path) -> None:
    with Enishi.open(home) as enishi:
        made = enishi.known()
        with reading(enishi.engine) as connection:
            later = enishi.register.at(connection, datetime.now(UTC) + timedelta(days=3))
    assert later == made and later.fault is None
    written = (home / "known.index").stat().st_mtime_ns
    with Enishi.open(home) as enishi:
        assert enishi.known().index.build_of == made.index.build_of  # type: ignore[union-attr]
    add(home, "contacts", "C101", at=AS_OF, channel="email", purpose="service")
    with Enishi.open(home) as enishi:
        enishi.known()
    assert (home / "known.index").stat().st_mtime_ns == written


def test_a_customer_written_past_the_importer_is_seen_when_a_home_is_opened(home: Path) -> None:
    with Enishi.open(home) as enishi:
        enishi.known()
        with writing(enishi.engine) as connection:
            connection.execute(HISTORY["customers"].insert().values(bucket=1, id="C-X1", name="一色 麗華"))
    with Enishi.open(home) as enishi:
        index = enishi.known().index
    assert index is not None and index.find(normalise("一色麗華")) != ()


def test_who_left_is_forgotten(home: Path) -> None:
    import_customers(home, STRANGER)
    with Enishi.open(home) as enishi:
        assert enishi.known().index.find(normalise("一色麗華"))  # type: ignore[union-attr]
        with writing(enishi.engine) as connection:
            connection.execute(HISTORY["customers"].delete().where(HISTORY["customers"].c.id == STRANGER["id"]))
    with Enishi.open(home) as enishi:
        assert enishi.known().index.find(normalise("一色麗華 090-8765-4321")) == ()  # type: ignore[union-attr]


def drafted(enishi: Enishi) -> Draft:
    """The first customer who gets a message."""
    for row in range(101, 140):
        made = enishi.draft(f"C{row}", as_of=AS_OF)
        if isinstance(made, Draft):
            return made
    raise AssertionError("nobody gets a message")


def test_an_index_that_cannot_be_made_blocks_and_says_why(home: Path) -> None:
    (home / "key").write_bytes(b"cut")
    with Enishi.open(home) as enishi:
        draft = drafted(enishi)
    [found] = [one for one in draft.findings if one.guard == "identifiers"]
    assert (found.rule, found.severity, draft.verdict) == ("identifiers.index", "block", "block")
    assert "32 bytes" in found.en and "索引を作れません" in found.ja


def test_a_customer_whose_details_cannot_be_read_blocks_every_message(home: Path) -> None:
    with Enishi.open(home) as enishi:
        with writing(enishi.engine) as connection:
            connection.execute(HISTORY["customers"].insert().values(bucket=1, id="C-X1", extra="{not json"))
        draft = drafted(enishi)
    assert "identifiers.index" in {one.rule for one in draft.findings}


def test_an_index_of_another_key_is_refused_and_made_anew(home: Path) -> None:
    with Enishi.open(home) as enishi:
        enishi.known()
    (home / "key").write_bytes(bytes(32))
    with pytest.raises(InputError, match="another key"):
        KnownIdentifiers.load(home / "known.index", bytes(32))
    import_customers(home, STRANGER)
    with Enishi.open(home) as enishi:
        known = enishi.known()
    assert known.fault is None and known.index is not None and known.index.find(normalise("一色麗華")) != ()
    KnownIdentifiers.load(home / "known.index", bytes(32))


def test_a_broken_file_is_made_anew(home: Path) -> None:
    with Enishi.open(home) as enishi:
        enishi.known()
    whole = (home / "known.index").read_bytes()
    for broken in (b"", b"not an index", whole[: len(whole) // 2]):
        (home / "known.index").write_bytes(broken)
        with Enishi.open(home) as enishi:
            known = enishi.known()
        assert known.fault is None and known.index is not None and known.index.build_of.customers > 100


def test_a_record_from_outside_is_judged_without_an_index(home: Path) -> None:
    with Enishi.open(home) as enishi:
        record = json.dumps(enishi.record(drafted(enishi).decision.customer_id, as_of=AS_OF))
        answer = enishi.recommend_record(record, draft=True)
    assert answer["draft"]["verdict"] != "block"
    assert [one for one in answer["draft"]["findings"] if one["guard"] == "identifiers"] == []


def test_the_drafts_of_the_sample_name_nobody_else(queue: Path) -> None:
    findings = [row for row in stored(queue) if row["verdict"] == "block"]
    assert (queue / "known.index").is_file()
    with Enishi.open(queue) as enishi, reading(enishi.engine) as connection:
        said = {one["rule"] for row in findings for one in shown(connection, row["id"])["findings"]}
    assert not said & {"identifiers.known", "identifiers.index"}


def test_importing_brings_the_index_up_to_date(enishi: Command, home: Path) -> None:
    path = home / "customers.jsonl"
    path.write_text(json.dumps(STRANGER, ensure_ascii=False), encoding="utf-8")
    assert enishi("import", path, "--as-of", AS_OF.isoformat(), home=home).code == 0
    with Enishi.open(home) as opened:
        key = opened.home.key
    assert KnownIdentifiers.load(home / "known.index", key).find(normalise("一色麗華")) != ()


