"""What went wrong between approval and sending in other systems, and does not here.  Caps and hours have a file of their own."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from agent import ledger
from agent.enishi import Enishi
from agent.review.transitions import ReviewRefused, approve, edit
from agent.tables import revisions
from policies.guardrails import Message, judge, verdict_of
from retrieval.database import reading, writing
from retrieval.history import microseconds
from retrieval.tables import HISTORY
from tests.agent.conftest import LATER, Command, passing, stored

FIXED = ("customer_id", "action", "channel", "language", "decision_id", "send_not_before", "send_not_after")
HOUR = timedelta(hours=1)


def body_of(enishi: Enishi, draft: str) -> str:
    with reading(enishi.engine) as connection:
        last = select(revisions.c.body).where(revisions.c.draft_id == draft).order_by(revisions.c.number.desc())
        return str(connection.execute(last).scalars().first())


def contacts(enishi: Enishi, customer: str) -> int:
    table = HISTORY["contacts"]
    with reading(enishi.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table).where(table.c.customer_id == customer)).scalar_one())


def test_langchain_40166_an_edit_reaches_the_words_and_nothing_else(queue: Path, enishi: Command) -> None:
    draft = passing(queue, channel="email", language="ja")
    for word in ("--customer", "--to", "--channel", "--action"):
        refused = enishi("review", "edit", draft["id"], "--subject", "ご無沙汰しております", word, "C999", home=queue)
        assert refused.code == 2, word
    with Enishi.open(queue) as home:
        edit(home, draft["id"], actor="tanaka", at=LATER, subject="ご無沙汰しております")
    (after,) = stored(queue, id=draft["id"])
    assert {name: after[name] for name in FIXED} == {name: draft[name] for name in FIXED}
    assert after["digest"] != draft["digest"]


def test_langgraph_6663_approved_twice_and_released_twice_is_one_contact(queue: Path) -> None:
    draft = passing(queue)
    with Enishi.open(queue) as first, Enishi.open(queue) as second:
        before = contacts(first, draft["customer_id"])
        assert approve(first, draft["id"], actor="sato", at=LATER).state == "approved"
        with pytest.raises(ReviewRefused):
            approve(second, draft["id"], actor="sato", at=LATER)
        for enishi in (first, second):
            with writing(enishi.engine) as connection:
                due = ledger.commit(connection, enishi.world.catalogue, draft["id"], LATER + 24 * HOUR)
            assert due.state == "committed"
        assert contacts(second, draft["customer_id"]) == before + 1


def test_a_home_put_back_from_before_the_sending_does_not_write_again(queue: Path, tmp_path: Path) -> None:
    """The saved checkpoint of langgraph #6663 with the contact told by the system that sent it."""
    draft = passing(queue)
    saved = tmp_path / "saved"
    shutil.copytree(queue, saved)
    with Enishi.open(saved) as enishi:
        columns = {column.name for column in HISTORY["contacts"].columns}
        told = {"bucket": None, "customer_id": draft["customer_id"], "at": microseconds(LATER), "digest": 1, "channel": draft["channel"],
                "purpose": "marketing", "action": draft["action"]}  # fmt: skip
        with writing(enishi.engine) as connection:
            told["bucket"] = connection.execute(select(HISTORY["customers"].c.bucket).where(HISTORY["customers"].c.id == draft["customer_id"])).scalar_one()
            connection.execute(HISTORY["contacts"].insert().values({name: value for name, value in told.items() if name in columns}))
        moved = approve(enishi, draft["id"], actor="sato", at=LATER + HOUR)
    blocks = {finding.rule for finding in moved.findings if finding.severity == "block"}
    assert (moved.state, blocks) == ("pending", {"FC-DAY", "G5"})


@pytest.mark.parametrize("hidden", ["\u200b", "\u2060", "\u202e", "\ufeff"])
def test_line_harness_what_nobody_sees_is_not_sent_under_what_was_read(queue: Path, hidden: str) -> None:
    draft = passing(queue, channel="email", language="ja")
    with Enishi.open(queue) as enishi:
        moved = edit(enishi, draft["id"], actor="tanaka", at=LATER, body=body_of(enishi, draft["id"]) + hidden)
        assert {"plain"} <= {finding.guard for finding in moved.findings if finding.severity == "block"}
        assert approve(enishi, draft["id"], actor="sato", at=LATER).state == "pending"


@pytest.mark.parametrize(("channel", "letters"), [("push", 400), ("sms", 700), ("line", 5001), ("post", 900)])
def test_nedonion_too_long_is_a_block_and_no_score(queue: Path, channel: str, letters: int) -> None:
    with Enishi.open(queue) as enishi:
        message = Message(channel=channel, language="ja", purpose="marketing", title="お知らせ" if channel == "push" else None, body="あ" * letters, scope="copy")
        found = judge(message, enishi.world.catalogue)
    assert "C06" in {finding.rule for finding in found if finding.severity == "block"}
    assert verdict_of(found) == "block"


def test_unlisted_is_never_allowed(queue: Path, enishi: Command) -> None:
    """LangChain lets a tool that its list of approvals does not name run unseen."""
    assert enishi("draft", "C101", "--action", "send_email_now", home=queue).code == 2
    with Enishi.open(queue) as home:
        found = judge(Message(channel="fax", language="ja", purpose="marketing", body="ご案内です。"), home.world.catalogue)
    assert verdict_of(found) == "block"
