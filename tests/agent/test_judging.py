"""What is certain is put right in a drafter's words before they are judged, and the draft says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent import store
from agent.enishi import Enishi, draft_json
from agent.judging import judge_draft, judge_written
from agent.pipeline import work
from agent.review.queue import shown
from retrieval.database import reading, writing
from tests.agent.conftest import AS_OF, stored


def test_a_certain_fault_is_put_right_and_the_draft_says_so(queue: Path) -> None:
    found = stored(queue, verdict="pass", language="en", channel="email")[0]
    with Enishi.open(queue) as enishi:
        made = work(enishi.frames(found["customer_id"], as_of=AS_OF), enishi.world)
        good = made.drafts[0]
        shouting = replace(good, id="m-shouting", copy=replace(good.copy, body=good.copy.body.replace("\n\n", "\n\nReally!!\n\n", 1)))
        [written] = judge_written([shouting], enishi.world)
        assert [(one.rule, one.text, one.fix) for one in written.fixed] == [("E04", "!!", "!")]
        assert "Really!\n" in written.copy.body
        assert "E04" not in {one.rule for one in written.findings}
        assert written.digest not in ("", shouting.digest)
        assert [one["rule"] for one in draft_json(written)["fixed"]] == ["E04"]
        assert judge_draft(shouting, enishi.world).copy == shouting.copy

        with writing(enishi.engine) as connection:
            store.save(connection, replace(made, drafts=(written,)), run="", at=AS_OF, requested_by="")
        with reading(enishi.engine) as connection:
            kept = shown(connection, "m-shouting")
    assert [one["rule"] for one in kept["fixed"]] == ["E04"]
    assert all(one["severity"] != "fixed" for one in kept["findings"])
