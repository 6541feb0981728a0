"""``enishi check``: finished messages in, one verdict a line out; every wrong request one sentence; no hostile text passes."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policies
from agent.checking import check
from policies.catalogue import Catalogue, load_catalogue
from retrieval.errors import InputError
from tests.agent.conftest import Command

CASES = yaml.load((Path(policies.__file__).parent / "guardrails" / "cases" / "law.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
SOUND = CASES[0]["message"]
BODY = "佐藤 様\n見本屋の高橋です。\n新しい豆が入りましたので、ご案内いたします。\nhttps://example.jp/item\n\n" + SOUND["body"].split("\n\n")[-1]


def filled(value: Any) -> Any:
    """YAML read as text, with the words that stand for nothing, true and false put back."""
    if isinstance(value, dict):
        return {key: filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner) for inner in value]
    return {"null": None, "true": True, "false": False}.get(value, value)


ABOUT = filled(SOUND["about"])
REQUEST: dict[str, Any] = {
    "id": "q1", "channel": "email", "lang": "ja", "purpose": "marketing", "send_at_local": "2026-05-14T10:30:00",
    "message": {"subject": "新しい豆のご案内", "body": BODY}, "recipient": ABOUT["recipient"], "sender": ABOUT["sender"],
    "processing": ABOUT["processing"],
    "facts": {
        "allowed_text": ["〒100-0000 東京都見本区見本町1-2-3", "https://example.jp/item", "https://example.jp/stop", "help@example.jp"],
        **{block: ABOUT[block] for block in ("consent", "suppression", "relationship", "registries")},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def changed(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(REQUEST), **fields}


def written(folder: Path, *requests: Any) -> Path:
    path = folder / "requests.jsonl"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in requests), encoding="utf-8")
    return path


def rules(request: Any, catalogue: Catalogue) -> dict[str, str]:
    return {one.rule: one.severity for one in check(json.dumps(request), catalogue).findings}


def law(request: Any, catalogue: Catalogue) -> set[str]:
    return {one.rule for one in check(json.dumps(request), catalogue).findings if one.guard == "law"}


# --- what it answers --------------------------------------------------------------------------------------------------


def test_verdicts_come_one_a_line_in_the_order_asked(tmp_path: Path, enishi: Command) -> None:
    nameless = changed(id="q2", message={"subject": "新しい豆のご案内", "body": "新しい豆です。"})
    told = enishi("check", "--requests", written(tmp_path, REQUEST, "", nameless, changed(id=3, scope="text")), "--json")
    answers = [json.loads(line) for line in told.out.splitlines()]
    assert [one["id"] for one in answers] == ["q1", "q2", 3]
    assert (told.code, told.err) == (1, "")
    assert answers[1]["verdict"] == "block"
    for one in answers:
        assert one.keys() == {"id", "verdict", "findings"}
        for finding in one["findings"]:
            assert finding.keys() == {"guard", "rule", "severity", "start", "end", "text", "ja", "en", "part", "fix"}
            assert finding["ja"] and finding["en"]


def test_a_sound_message_is_not_blocked_and_ends_well(tmp_path: Path, enishi: Command, catalogue: Catalogue) -> None:
    assert law(REQUEST, catalogue) == set()
    told = enishi("check", "--requests", written(tmp_path, REQUEST), "--json")
    assert (told.code, json.loads(told.out)["verdict"]) == (0, "pass"), told.out


def test_blocks_may_stand_under_facts_beside_them_or_with_dots(catalogue: Catalogue) -> None:
    stopped = {"optout.email.at": "2026-05-01"}
    for request in (
        changed(facts={**REQUEST["facts"], "suppression": {**ABOUT["suppression"], **stopped}}),
        changed(suppression=stopped),
        changed(facts={**REQUEST["facts"], "suppression.optout.email.at": "2026-05-01"}),
    ):
        assert "JP-TEM-02" in law(request, catalogue)


def test_only_the_narrow_scopes_leave_consent_and_identity_out(catalogue: Catalogue) -> None:
    bare = {key: value for key, value in REQUEST.items() if key not in ("recipient", "sender", "facts", "processing")}
    assert {"JP-TEM-01", "JP-TEM-03", "JP-API-01", "law.country"} <= law(bare, catalogue)
    for scope in ("text", "copy"):
        assert law({**bare, "scope": scope}, catalogue) == set()


def test_every_field_that_is_taken_away_is_missed(catalogue: Catalogue) -> None:
    for block, name, rule in (
        ("sender", "legal_name", "JP-TEM-03"), ("sender", "optout_url", None), ("sender", "postal_address", "JP-TEM-05"),
        ("processing", "privacy_notice_purposes", "JP-API-01"), ("processing", "sensitive_fields_used", "JP-API-04"), ("recipient", "country", "law.country"),
    ):  # fmt: skip
        less = changed(**{block: {key: value for key, value in REQUEST[block].items() if key != name}})
        assert rule is None or rule in law(less, catalogue), name


def test_standard_input(tmp_path: Path, enishi: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with written(tmp_path, REQUEST).open(encoding="utf-8") as given_in:
        monkeypatch.setattr("sys.stdin", given_in)
        assert json.loads(enishi("check", "--requests", "-").out)["id"] == "q1"


def test_a_page_for_a_person(catalogue: Catalogue, capsys: pytest.CaptureFixture[str]) -> None:
    from agent.showing import show_verdict

    show_verdict(check(json.dumps(changed(message={"subject": "[x]", "body": "[/x] <b>"})), catalogue))
    told = capsys.readouterr().out
    assert "block" in told and "plain.markup" in told and "JP-TEM-03" in told


# --- wrong requests ---------------------------------------------------------------------------------------------------

WRONG: list[tuple[Any, tuple[str, ...]]] = [
    (changed(chanel="email"), ("chanel", "did you mean 'channel'?")),
    (changed(channel="emial"), ("channel", "'emial'", "did you mean 'email'?")),
    (changed(lang="jp"), ("lang", "'jp'")),
    ({key: value for key, value in REQUEST.items() if key != "lang"}, ("lang", "is missing")),
    (changed(lang=None), ("lang",)),
    (changed(purpose="promo"), ("purpose", "'promo'")),
    (changed(scope="everything"), ("scope", "one of: all, copy, text")),
    (changed(send_at_local="tomorrow"), ("send_at_local", "ISO 8601")),
    (changed(send_at_local=5), ("send_at_local", "ISO 8601")),
    (changed(recipient="JP"), ("recipient", "'JP'")),
    (changed(sender={"legal_nmae": "x"}), ("sender.legal_nmae", "did you mean 'legal_name'?")),
    (changed(message={"subject": "x"}), ("message.body", "is missing")),
    (changed(message={"body": 5}), ("message.body", "is 5")),
    (changed(text="both"), ("text", "one of the two")),
    (changed(facts={"sender": 3}), ("facts.sender", "keys and values")),
    (changed(id=None), ("id",)),
    ("[1]", ("one JSON object",)),
    ("{", ("not JSON",)),
    ('{"id": "\\ud800"}', ("not JSON",)),
]


@pytest.mark.parametrize(("request_", "said"), WRONG, ids=[said[0] + str(place) for place, (_, said) in enumerate(WRONG)])
def test_a_wrong_request_is_one_sentence(tmp_path: Path, enishi: Command, request_: Any, said: tuple[str, ...]) -> None:
    told = enishi("check", "--requests", written(tmp_path, REQUEST, request_, changed(id="q9")), "--json")
    assert told.code == 2
    assert [json.loads(line)["id"] for line in told.out.splitlines()] == ["q1", "q9"], "the others are answered"
    first = told.err.splitlines()[0]
    assert "requests.jsonl:2" in first and "Traceback" not in told.err
    for words in said:
        assert words in first


def test_no_file_and_an_empty_one(tmp_path: Path, enishi: Command) -> None:
    assert enishi("check", "--requests", tmp_path / "none.jsonl").code == 2
    assert enishi("check", "--requests", written(tmp_path, "")).code == 2


# --- hostile texts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("あ" * 200_000, "message.size"), (BODY + "\x00", "plain.control"), (BODY + "\x1b[31m", "plain.control"), (BODY + "\u202e無料", "plain.direction"),
        (BODY + "\u2066x", "plain.direction"), (BODY + "<script>alert(1)</script>", "plain.markup"), (BODY + "<img src=x onerror=y", "plain.markup"),
        (BODY + "{% for x in y %}", "plain.template"), (BODY + "${jndi:ldap://x}", "plain.template"), (BODY + "{{customer}}", "C01"),
        (BODY + "無\u200b料", "plain.invisible"),
    ],
    ids=["size", "nul", "escape", "override", "isolate", "script", "img", "loop", "jndi", "slot", "zero width"],
)  # fmt: skip
@pytest.mark.parametrize("scope", ["all", "text", "copy"])
def test_hostile_texts_are_blocked_in_every_scope(body: str, rule: str, scope: str, catalogue: Catalogue) -> None:
    assert rules(changed(scope=scope, message={"subject": "新しい豆", "body": body}), catalogue)[rule] == "block"


JSON: Any = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*REQUEST, "email", "at"]), inner, max_size=4), max_leaves=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(REQUEST)), JSON)
def test_whatever_stands_in_a_request_it_is_judged_or_refused(catalogue: Catalogue, key: str, value: Any) -> None:
    try:
        answer = check(json.dumps(changed(**{key: value})), catalogue)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert answer.verdict in ("pass", "flag", "block")
        assert not [one.rule for one in answer.findings if one.rule.endswith(".failed")]
