"""What a case file may say: every mistake is one sentence with file, line and key, and nobody real gets in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.enishi import Enishi
from evals.case import CaseFile, ExpectedDraft, find_suite, load_case, load_suite
from evals.invented import is_invented_name, looks_real, people, traces
from evals.replay import replay
from retrieval.errors import InputError
from tests.evals.cases import CLOCK, record, write_case


def test_a_case_is_read(tmp_path: Path) -> None:
    case = load_case(write_case(tmp_path, tags="reminder", expect={"action": "replenish_reminder", "draft": {"cites": "product"}}))
    assert (case.id, case.file.tags, case.file.expect.action, case.file.expect.draft.cites) == (
        "one", ("reminder",), ("replenish_reminder",), ("product",)
    )  # fmt: skip
    assert case.record["now"] == CLOCK
    assert load_case(case.folder).digest == case.digest


@pytest.mark.parametrize(
    ("changed", "line", "said"),
    [
        ({"expects": {}}, 7, "expects: unknown key — did you mean 'expect'?"),
        ({"expect": {"acton": "winback"}}, 6, "expect.acton: unknown key — did you mean 'action'?"),
        ({"expect": {"draft": {"verdct": "pass"}}}, 7, "expect.draft.verdct: unknown key — did you mean 'verdict'?"),
        ({"expect": {"draft": {"verdict": "passed"}}}, 7, "expect.draft.verdict: Input should be 'pass', 'flag' or 'block'"),
        ({"expect": {"excluded": {"winback/emial": "G2"}}}, 7, "unknown channel 'emial' — did you mean 'email'?"),
        ({"expect": {"draft": {"found": "sensitiv.never_mention"}}}, 6, "no guard 'sensitiv' speaks of 'sensitiv.never_mention' — did you mean 'sensitive'?"),
        ({"why": "because"}, 2, "why: String should have at least 10 characters"),
        ({"why": None}, 1, "why: is missing"),
        ({"clock": "2026-05-14T10:30:00"}, 3, "clock: has no offset"),
        ({"schema": 2}, 1, "schema: Input should be 1"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_and_key(tmp_path: Path, changed: dict[str, Any], line: int, said: str) -> None:
    place = write_case(tmp_path, **changed)
    with pytest.raises(InputError) as wrong:
        load_case(place)
    assert str(wrong.value).startswith(f"{place / 'case.yaml'}:{line}: ")
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"not_action": "member_ofer"}, "unknown action 'member_ofer' — did you mean 'member_offer'?"),
        ({"excluded": {"winbak": "G2"}}, "unknown action 'winbak' — did you mean 'winback'?"),
    ],
)
def test_an_action_that_is_not_in_the_catalogue_would_never_fail(
    tmp_path: Path, shipped: Enishi, expect: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said.replace("?", r"\?")):
        replay(load_case(write_case(tmp_path, expect=expect)), shipped)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"drafter": "modl"}, "unknown drafter 'modl'"),
        ({"meanwhile": {"open_complain": True}}, "meanwhile.open_complain: unknown feature — did you mean 'open_complaint'?"),
        ({"edit": {"replace": {"そんな言葉": "別の言葉"}}}, "this phrase does not stand in the draft"),
        ({"asked": {"action": "points_expiry"}, "edit": {"add": "ありがとうございます。"}}, "there is no draft to change: the decision is no_action"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_says_why(tmp_path: Path, shipped: Enishi, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as wrong:
        replay(load_case(write_case(tmp_path, **changed)), shipped)
    assert said in str(wrong.value)


def test_a_wrong_record_names_its_key(tmp_path: Path) -> None:
    place = write_case(tmp_path, of=record(custmer={}))
    with pytest.raises(InputError, match="unknown key 'custmer' — did you mean 'customer'"):
        load_case(place)
    (place / "record.json").write_text('{"customer": {},\n oops}', encoding="utf-8")
    with pytest.raises(InputError, match=r"record\.json:2: is not JSON"):
        load_case(place)
    (place / "record.json").unlink()
    with pytest.raises(InputError, match=r"record\.json: cannot be read"):
        load_case(place)


def test_two_clocks_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one moment is enough"):
        load_case(write_case(tmp_path, of=record(now="2026-05-15T10:30:00+09:00")))
    assert load_case(write_case(tmp_path, of=record(now=CLOCK))).record["now"] == CLOCK


def test_suites_are_found_by_path_and_name(tmp_path: Path) -> None:
    write_case(tmp_path / "home" / "evals" / "spring")
    assert find_suite("spring", tmp_path / "home") == tmp_path / "home" / "evals" / "spring"
    assert find_suite("starter").name == "starter"
    with pytest.raises(InputError, match="there is no suite 'sprng' — did you mean 'spring'"):
        find_suite("sprng", tmp_path / "home")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no case"):
        load_suite(tmp_path / "empty")
    with pytest.raises(InputError, match="there is no case 'tow' — "):
        load_suite(tmp_path / "home" / "evals" / "spring", ("tow",))
    (tmp_path / "home" / "evals" / "spring" / "one" / "case.yaml").unlink()
    with pytest.raises(InputError, match=r"record\.json: has no case\.yaml beside it"):
        load_suite(tmp_path / "home" / "evals" / "spring")


def test_a_cassette_that_nobody_plays_is_refused(tmp_path: Path) -> None:
    place = write_case(tmp_path)
    (place / "cassette.yaml").write_text("interactions: []\nversion: 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="played by nobody"):
        load_case(place)


REAL = {
    "a name": ({"customer": {**record()["customer"], "name": "佐藤 美咲"}}, "customer.name holds what looks like a person's name"),
    "a telephone in a note": ({"interactions": [{"at": "2026-04-01", "text": "090-1234-5678 に折り返し"}]}, "interactions[0].text holds what looks like a phone number"),
    "a mail address": ({"tickets": [{"id": "T-1", "opened": "2026-04-01", "summary": "misaki@mail.co.jp より"}]}, "tickets[0].summary holds what looks like an e-mail address"),
    "a hash": ({"customer": {**record()["customer"], "email_hash": "9f86d081884c7d659a2feaa0c55ad015"}}, "customer.email_hash holds what looks like a secret"),
    "a rep": ({"customer": {**record()["customer"], "owner": {"id": "R-1", "name": "鈴木 一郎"}}}, "customer.owner.name holds what looks like a person's name"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REAL)
def test_nobody_real_gets_in(tmp_path: Path, kind: str) -> None:
    changed, said = REAL[kind]
    place = write_case(tmp_path, of=record(**changed))
    with pytest.raises(InputError) as wrong:
        load_case(place)
    assert said in str(wrong.value)
    assert str(wrong.value).startswith(f"{place / 'record.json'}: ")
    for value in ("佐藤", "090-1234", "misaki", "9f86", "鈴木"):
        assert value not in str(wrong.value)


def test_nobody_real_gets_in_by_the_expectation(tmp_path: Path) -> None:
    place = write_case(tmp_path, edit={"add": "お電話は090-1234-5678へ。"})
    with pytest.raises(InputError, match=r"case\.yaml:8: edit\.add holds what looks like a phone number"):
        load_case(place)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_invented_people_may_stand_in_a_case(language: str) -> None:
    invented = people()[language]
    for surname in invented.surnames:
        given = next(iter(invented.given))
        name = f"{surname} {given}" if language == "ja" else f"{given} {surname}"
        assert is_invented_name(name)
        said = f"{name} 様、{invented.phone.format(7)}、{invented.address}、sample@shop.example.jp"
        assert list(traces({"body": said}, language)) == []
    assert looks_real("お電話は03-1234-5678へ。", "ja")


def test_a_word_after_a_service_is_no_account() -> None:
    assert looks_real("Instagram: misaki_s84", "en") == (("SOCIAL_HANDLE", "misaki_s84"),)
    assert looks_real("on line: last", "en") == ()


def test_what_a_case_comes_to_does_not_depend_on_which_others_are_run(tmp_path: Path) -> None:
    write_case(tmp_path, "one")
    write_case(tmp_path, "two", of=record(customer={**record()["customer"], "name": "例田 太郎"}))
    alone, together = load_suite(tmp_path, ("one",)).cases[0], load_suite(tmp_path).cases[0]
    assert alone.neighbours == together.neighbours == (("PERSON", "例田 太郎"),)


def test_the_example_of_the_documentation_is_a_case() -> None:
    text = (Path(__file__).parents[2] / "docs" / "evals.md").read_text(encoding="utf-8")
    block = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    read = CaseFile.model_validate(yaml.safe_load(block))
    assert read.expect.action == ("complaint_recovery",)
    assert {*yaml.safe_load(block)["expect"]["draft"]} <= {*ExpectedDraft.model_fields}
