"""The command line: one document per answer, four exit codes, nothing heavy before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.review.queue import STATES
from tests.agent.conftest import AS_OF, LATER, Command, passing, stored

HEAVY = ("polars", "sqlalchemy", "alembic", "jinja2", "numpy", "pydantic", "orjson", "rich")
RECORD: dict[str, Any] = {
    "now": AS_OF.isoformat(),
    "sender": {"brand": "見本屋", "signer": "見本 花子"},
    "customer": {"id": "C1", "name": "佐藤 陽子", "language": "ja", "timezone": "Asia/Tokyo", "registered": "2024-01-10"},
    "consents": [{"channel": "email", "purpose": "marketing", "status": "opt_in", "at": "2024-01-10"}],
    "orders": [
        {"id": f"o{number}", "at": f"2026-0{number}-01", "status": "delivered", "delivered_at": f"2026-0{number}-03", "items": [{"sku": "A", "qty": 1, "unit_price": 1296}]}
        for number in (1, 2, 3, 4)
    ],
    "catalog": [{"sku": "A", "name": "深煎り豆", "kind": "consumable", "price_incl_tax": 1296, "currency": "JPY", "stock": 20, "cycle_days": 30}],
}  # fmt: skip
"""A coffee drinker who is due again."""

ANSWER = {"customer_id", "as_of", "decision_id", "policy_version", "model_version", "chosen", "candidates", "excluded"}
CHOSEN = {
    "action", "channel", "sku", "offer", "language", "score", "currency", "propensity", "value", "cost", "selection_probability",
    "send_not_before", "send_not_after", "requires_human", "reasons",
}  # fmt: skip
DRAFT = {"subject", "title", "body", "facts", "drafter", "verdict", "findings"}


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, agent.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_help_names_every_command(enishi: Command) -> None:
    told = enishi("--help")
    assert told.code == 0
    for name in ("demo", "init", "import", "customer", "recommend", "why", "draft", "replay", "batch", "review", "audit"):
        assert f"  {name} " in told.out


@pytest.mark.parametrize(
    "words",
    [
        (), ("batch",), ("review",), ("nonsense",), ("batch", "nonsense"), ("customer",), ("customer", "C1", "--nonsense"),
        ("batch", "run", "x", "--workers", "0"), ("batch", "run", "x", "--workers", "many"), ("review", "list", "--limit", "0"),
        ("recommend",), ("recommend", "C1", "--records", "x.jsonl"), ("review", "reject", "m-1"), ("demo", "--customers", "1"),
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_two(enishi: Command, words: tuple[str, ...], empty: Path) -> None:
    told = enishi(*words)
    assert told.code == 2
    assert told.out == ""
    assert "Traceback" not in told.err
    assert "add --debug" not in told.err
    assert told.err.startswith(("enishi: ", "Usage: "))


def test_every_answer_is_one_document(queue: Path, enishi: Command, tmp_path: Path) -> None:
    draft = passing(queue)
    at = ("--as-of", LATER.isoformat())
    customer = draft["customer_id"]
    for words in (
        ("customer", customer, *at), ("recommend", customer, *at), ("why", customer, *at), ("replay", draft["decision_id"]),
        ("batch", "list"), ("batch", "status", "spring"), ("review", "list"), ("review", "list", "--state", "all", "--limit", "3"),
        ("review", "show", draft["id"]), ("audit", "verify"), ("draft", customer, "--action", draft["action"], *at),
        ("review", "approve", draft["id"], "--as", "sato", "--digest", draft["digest"], *at),
        ("review", "reject", draft["id"], "--as", "sato", "--reason", "other", *at),
        ("batch", "cancel", "spring", *at), ("init", "--home", tmp_path / "new"), ("import", written(tmp_path), *at),
    ):  # fmt: skip
        told = enishi(*words, "--json", home=None if words[0] == "init" else queue)
        assert told.code == 0, (words, told.err)
        assert json.loads(told.out), words


def written(folder: Path) -> Path:
    """A small file that can be imported."""
    path = folder / "customers.csv"
    path.write_text("id,name\nX1,見本 一郎\n", encoding="utf-8")
    return path


def test_the_same_pages_for_a_person(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    at = ("--as-of", LATER.isoformat())
    customer = draft["customer_id"]
    for words, said in (
        (("customer", customer, *at), customer), (("recommend", customer, *at), "decision d-"), (("why", customer, *at), "change"),
        (("replay", draft["decision_id"]), "identical"), (("batch", "list"), "spring"), (("batch", "status", "spring"), "150"),
        (("review", "list"), "of "), (("review", "show", draft["id"]), draft["digest"]), (("audit", "verify"), "the chain holds"),
        (("review", "approve", draft["id"], "--as", "sato", *at), "approved"),
    ):  # fmt: skip
        told = enishi(*words, home=queue)
        assert told.code == 0, (words, told.err)
        assert said in told.out, words


def test_recommend_answers_as_agreed(home: Path, enishi: Command) -> None:
    found = enishi("recommend", "C101", "--as-of", AS_OF.isoformat(), "--json", home=home).json
    assert found.keys() == ANSWER
    assert found["chosen"].keys() == CHOSEN
    assert found["candidates"][0].keys() == CHOSEN - {"reasons"} | {"rank"}
    assert [one["rank"] for one in found["candidates"]] == list(range(1, len(found["candidates"]) + 1))
    for row in found["excluded"]:
        assert row.keys() == {"action", "channel", "stage", "rule", "seen", "earliest"}
    assert enishi("replay", found["decision_id"], home=home).code == 0


def test_records_are_answered_in_the_order_asked(tmp_path: Path, enishi: Command) -> None:
    names = ["C3", "C1", "C2"]
    path = tmp_path / "records.jsonl"
    path.write_text("\n\n".join(json.dumps({**RECORD, "customer": {**RECORD["customer"], "id": name}}) for name in names), encoding="utf-8")
    told = enishi("recommend", "--records", path, "--draft", home=tmp_path / "nowhere")
    assert (told.code, told.err) == (0, "")
    answers = [json.loads(line) for line in told.out.splitlines()]
    assert [answer["customer_id"] for answer in answers] == names
    assert not (tmp_path / "nowhere").exists()
    for answer in answers:
        assert answer.keys() == ANSWER | {"draft"}
        assert answer["chosen"]["action"] == "replenish_reminder"
        assert answer["draft"].keys() >= DRAFT
        assert "佐藤 陽子 様" in answer["draft"]["body"]


def test_empty_homes_say_what_to_do(empty: Path, enishi: Command) -> None:
    for words, said in ((("review", "list"), "enishi draft ID"), (("batch", "list"), "enishi batch run NAME"), (("audit", "verify"), "0 entries")):
        told = enishi(*words, home=empty)
        assert told.code == 0
        assert said in told.out
    assert enishi("review", "list", "--json", home=empty).json == {"total": 0, "offset": 0, "drafts": []}
    assert enishi("batch", "list", "--json", home=empty).json == []
    told = enishi("batch", "run", "x", home=empty)
    assert told.code == 2
    assert "'enishi import' brings them in" in told.err


def test_a_customer_without_history_has_a_page(empty: Path, enishi: Command, tmp_path: Path) -> None:
    at = ("--as-of", AS_OF.isoformat())
    assert enishi("import", written(tmp_path), *at, home=empty).code == 0
    page = enishi("customer", "X1", *at, "--json", home=empty)
    assert page.code == 0
    assert (page.json["timeline"], page.json["consents"]) == ([], [])
    assert page.json["next_best_actions"][0]["action"]
    told = enishi("customer", "X1", *at, home=empty)
    assert "no history yet" in told.out
    assert "no consent on record" in told.out
    assert enishi("recommend", "X1", *at, home=empty).code == 0
    nothing = enishi("draft", "X1", *at, "--json", home=empty)
    assert (nothing.code, nothing.json["chosen"]["action"]) == (0, "no_action")


def test_the_queue_is_filtered_and_paged(queue: Path, enishi: Command) -> None:
    everything = enishi("review", "list", "--limit", "1000", "--json", home=queue).json
    assert everything["total"] == len(everything["drafts"]) == len(stored(queue))
    first = enishi("review", "list", "--limit", "5", "--json", home=queue).json["drafts"]
    second = enishi("review", "list", "--limit", "5", "--offset", "5", "--json", home=queue).json["drafts"]
    assert first + second == everything["drafts"][:10]
    scores = [one["score"] for one in everything["drafts"] if one["verdict"] != "block"]
    assert scores == sorted(scores, reverse=True)
    one = everything["drafts"][0]
    for option, field in (("--channel", "channel"), ("--action", "action"), ("--lang", "language"), ("--customer", "customer_id"), ("--run", "run")):
        found = enishi("review", "list", option, one[field], "--limit", "1000", "--json", home=queue).json
        assert found["drafts"] == [other for other in everything["drafts"] if other[field] == one[field]]
    assert enishi("review", "list", "--state", "rejected", "--json", home=queue).json["total"] == 0
    assert set(STATES) == {"pending", "approved", "rejected", "expired", "stale", "released", "released_failed"}


def test_an_editor_changes_the_words(queue: Path, enishi: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = passing(queue, channel="email", language="ja")
    editor = tmp_path / "my editor.py"
    editor.write_text("import sys, pathlib; p = pathlib.Path(sys.argv[1]); p.write_text(p.read_text('utf-8') + '\\nお元気で。', 'utf-8')", encoding="utf-8")
    monkeypatch.setenv("VISUAL", f"{sys.executable} '{editor}'")
    told = enishi("review", "edit", draft["id"], "--as", "sato", "--as-of", LATER.isoformat(), "--json", home=queue)
    assert (told.code, told.json[0]["state"]) == (0, "pending")
    assert enishi("review", "show", draft["id"], "--json", home=queue).json["body"].endswith("お元気で。")
    monkeypatch.setenv("VISUAL", "false")
    failed = enishi("review", "edit", draft["id"], "--as", "sato", home=queue)
    assert failed.code == 2
    assert "nothing was stored" in failed.err


def test_the_home_may_come_from_the_environment(queue: Path, enishi: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENISHI_HOME", str(queue))
    assert enishi("batch", "list", "--json").json[0]["run"] == "spring"


def test_the_demo_shows_what_it_made(home: Path, enishi: Command) -> None:
    told = enishi("demo", "--workers", "1", "--json", home=home)
    assert told.code == 0
    assert told.json.keys() >= {"home", "drafts", "held_back", "blocked", "funnel"}
    assert {draft["channel"] for draft in told.json["drafts"]} >= {"email", "line"}
    assert all(one["findings"] for one in told.json["blocked"])
    assert {"consent", "copy", "claims", "gates", "identifiers", "law", "plain", "sensitive"} <= {one["guard"] for one in told.json["blocked"]}
    assert told.json["held_back"]
    again = enishi("demo", home=home)
    assert again.code == 0
    assert "What to do next" in again.out


def test_the_demo_leaves_a_real_home_alone(empty: Path, enishi: Command) -> None:
    told = enishi("demo", home=empty)
    assert told.code == 2
    assert "real settings" in told.err


def test_a_dry_run_writes_nothing(empty: Path, enishi: Command, tmp_path: Path) -> None:
    told = enishi("import", written(tmp_path), "--dry-run", "--as-of", AS_OF.isoformat(), "--json", home=empty)
    assert (told.code, told.json["dry_run"], told.json["tables"]["customers"]["new"]) == (0, True, 1)
    assert enishi("customer", "X1", home=empty).code == 2
    for expected in ("new", "unchanged"):
        done = enishi("import", tmp_path / "customers.csv", "--as-of", (AS_OF + timedelta(1)).isoformat(), "--json", home=empty)
        assert (done.code, done.json["tables"]["customers"][expected]) == (0, 1)


@pytest.mark.parametrize("customer_id", ["C101", "C102", "C116"])
def test_a_record_written_out_is_decided_like_the_stored_customer(home: Path, enishi: Command, tmp_path: Path, customer_id: str) -> None:
    written = enishi("customer", customer_id, "--record", "--as-of", AS_OF.isoformat(), home=home)
    (tmp_path / "one.jsonl").write_text(written.out, encoding="utf-8")
    again = json.loads(enishi("recommend", "--records", tmp_path / "one.jsonl", home=home).out)
    stored_answer = json.loads(enishi("recommend", customer_id, "--as-of", AS_OF.isoformat(), "--json", home=home).out)
    assert [one["action"] for one in again["candidates"]] == [one["action"] for one in stored_answer["candidates"]]
    assert [one["score"] for one in again["candidates"]] == [one["score"] for one in stored_answer["candidates"]]


def test_an_unexpected_error_is_told_by_its_kind_alone(
    enishi: Command, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*given: object, **named: object) -> None:
        raise RuntimeError("佐藤 美咲 090-1234-5678")

    monkeypatch.setattr("agent.enishi.Enishi.recommend", breaks)
    told = enishi("recommend", "C101", home=sample)
    assert told.code == 3
    assert "RuntimeError" in told.err
    assert "佐藤" not in told.err + told.out
