"""What people get wrong: one clear sentence, the right exit code, and nothing half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

import prompts
from agent.enishi import Enishi
from retrieval.database import reading
from retrieval.tables import HISTORY
from tests.agent.conftest import AS_OF, LATER, Answer, Command, passing
from tests.agent.test_cli import RECORD

NOW = ("--as-of", AS_OF.isoformat())


def sentence(told: Answer, *said: str, code: int = 2) -> None:
    """It ended with ``code`` and one sentence that says so."""
    assert told.code == code, told
    assert told.out == ""
    assert told.err.startswith("enishi: "), told.err
    assert told.err.count("\n") == 1, told.err
    assert "Traceback" not in told.err and "--debug" not in told.err
    for words in said:
        assert words in told.err, told.err


def count(home: Path, table: str) -> int:
    with Enishi.open(home) as enishi, reading(enishi.engine) as connection:
        return connection.execute(select(func.count()).select_from(HISTORY[table])).scalar_one()


def given(folder: Path, **tables: str) -> list[Path]:
    """CSV files of these tables."""
    folder.mkdir(exist_ok=True)
    paths = []
    for name, text in tables.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


CUSTOMERS = "id,name\nX1,見本 一郎\nX2,見本 二郎\n"


# --- files that are wrong as a whole: nothing is written ------------------------------------------------------------


def test_an_unknown_column(empty: Path, tmp_path: Path, enishi: Command) -> None:
    told = enishi("import", *given(tmp_path / "in", customers="id,nmae\nX1,見本\n"), *NOW, home=empty)
    sentence(told, "customers.csv", "nmae", "did you mean 'name'?")
    assert count(empty, "customers") == 0


def test_a_file_that_names_no_table(empty: Path, tmp_path: Path, enishi: Command) -> None:
    sentence(enishi("import", *given(tmp_path / "in", custmers=CUSTOMERS), *NOW, home=empty), "did you mean 'customers'?")


def test_a_path_that_is_not_there(empty: Path, tmp_path: Path, enishi: Command) -> None:
    sentence(enishi("import", tmp_path / "nothing.csv", *NOW, home=empty), "nothing.csv", "no such file")


def test_a_wrong_encoding(empty: Path, tmp_path: Path, enishi: Command) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(b"id,name\nX1,\xff\xfe\x00\x81\n")
    sentence(enishi("import", path, *NOW, home=empty), "customers.csv")
    assert count(empty, "customers") == 0


def test_one_bad_file_keeps_all_of_them_out(empty: Path, tmp_path: Path, enishi: Command) -> None:
    paths = given(tmp_path / "in", customers=CUSTOMERS, orders="id,custmer_id,at\no1,X1,2026-01-01\n")
    sentence(enishi("import", *paths, *NOW, home=empty), "orders.csv", "custmer_id")
    assert count(empty, "customers") == 0


def test_an_empty_file(empty: Path, tmp_path: Path, enishi: Command) -> None:
    told = enishi("import", *given(tmp_path / "in", customers=""), *NOW, home=empty)
    assert told.code in (0, 2)
    assert "customers.csv" in told.err
    assert "Traceback" not in told.err
    assert count(empty, "customers") == 0


def test_an_unknown_mapping(empty: Path, tmp_path: Path, enishi: Command) -> None:
    sentence(enishi("import", *given(tmp_path / "in", customers=CUSTOMERS), "--map", "cdnov", *NOW, home=empty), "cdnow")


# --- rows that are wrong: the rest is kept, and the quarantine says where -------------------------------------------


@pytest.mark.parametrize(
    ("table", "header", "bad", "good", "said"),
    [
        ("orders", "id,customer_id,at,status", "o1,X1,2026-13-45,delivered", "o2,X1,2026-01-02,delivered", "2026-13-45"),
        ("orders", "id,customer_id,at,status", "o1,X1,2026-01-02,lost", "o2,X1,2026-01-02,delivered", "lost"),
        ("orders", "id,customer_id,at,status", "o1,X9,2026-01-02,delivered", "o2,X1,2026-01-02,delivered", "X9"),
        ("orders", "id,customer_id,at,status", "o1,,2026-01-02,delivered", "o2,X1,2026-01-02,delivered", "customer_id"),
        ("events", "customer_id,at,type,nps", "X1,2026-01-02,survey_answer,nine", "X1,2026-01-02,survey_answer,9", "nine"),
        ("events", "customer_id,at,type", "X1,2027-01-02,view", "X1,2026-01-02,view", "future"),
        ("customers", "id,timezone", "X7,Asia/Tokio", "X8,Asia/Tokyo", "Asia/Tokio"),
        ("consents", "customer_id,channel,purpose,status,at", "X1,fax,marketing,opt_in,2026-01-02", "X1,email,marketing,opt_in,2026-01-02", "fax"),
    ],
)
def test_a_bad_row_is_kept_out_and_named(
    empty: Path, tmp_path: Path, enishi: Command, table: str, header: str, bad: str, good: str, said: str
) -> None:
    assert enishi("import", *given(tmp_path / "before", customers=CUSTOMERS), *NOW, home=empty).code == 0
    before = count(empty, table)
    (path,) = given(tmp_path / "in", **{table: f"{header}\n{bad}\n{good}\n"})
    told = enishi("import", path, *NOW, "--json", home=empty)
    assert told.code == 0, told.err
    assert told.json["tables"][table] == told.json["tables"][table] | {"new": 1, "quarantined": 1}
    assert count(empty, table) == before + 1
    (problem,) = [json.loads(line) for line in Path(told.json["quarantine"]).read_text(encoding="utf-8").splitlines()]
    assert problem["line"] == 2
    assert f"{table}.csv" in problem["file"]
    assert said in json.dumps(problem, ensure_ascii=False)
    assert problem["reason"]


def test_an_id_given_twice_with_other_words(empty: Path, tmp_path: Path, enishi: Command) -> None:
    told = enishi("import", *given(tmp_path / "in", customers="id,name\nX1,見本 一郎\nX1,別人\nX2,見本 二郎\n"), *NOW, "--json", home=empty)
    assert told.code == 0
    assert told.json["quarantined"] >= 1
    assert count(empty, "customers") == 3 - told.json["quarantined"]
    assert "X1" in Path(told.json["quarantine"]).read_text(encoding="utf-8")


# --- names nobody knows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("customer", "C1O1"), "no customer 'C1O1'"),
        (("recommend", "C9999"), "no customer 'C9999'"),
        (("why", "C101", "--action", "winbak"), "did you mean 'winback'?"),
        (("why", "C101", "--channel", "mail"), "did you mean 'email'?"),
        (("draft", "C101", "--action", "replenish"), "unknown action 'replenish'"),
        (("draft", "C101", "--channel", "fax"), "unknown channel 'fax'"),
        (("draft", "C101", "--lang", "fr"), "unknown language 'fr'"),
        (("draft", "C101", "--action", "package_insert", "--channel", "sms"), "does not go by sms"),
        (("replay", "d-0"), "no decision 'd-0'"),
        (("review", "show", "m-0"), "no draft 'm-0'"),
        (("review", "approve", "m-0"), "no draft 'm-0'"),
        (("review", "reject", "m-0", "--reason", "tone"), "no draft 'm-0'"),
        (("review", "edit", "m-0", "--subject", "x"), "no draft 'm-0'"),
        (("review", "edit", "m-0", "--body", "/nowhere/text"), "/nowhere/text"),
        (("review", "list", "--state", "pendin"), "did you mean 'pending'?"),
        (("review", "approve", "m-0", "m-1", "--digest", "x"), "a digest belongs to one draft"),
        (("batch", "status", "sprung"), "did you mean 'spring'?"),
        (("batch", "resume", "sprung"), "no run 'sprung'"),
        (("batch", "cancel", "sprung"), "no run 'sprung'"),
        (("batch", "run", "x", "--engine", "spark"), "unknown engine 'spark'"),
    ],
)
def test_an_unknown_name(queue: Path, enishi: Command, words: tuple[str, ...], said: str) -> None:
    sentence(enishi(*words, home=queue), said)


@pytest.mark.parametrize("moment", ["yesterday", "2026-05-14T10:30:00", "2026-02-30T00:00:00+09:00", "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", ""])
def test_a_time_nobody_can_read(queue: Path, enishi: Command, moment: str) -> None:
    sentence(enishi("recommend", "C101", "--as-of", moment, home=queue), "--as-of")


# --- the home -------------------------------------------------------------------------------------------------------


def test_no_home(tmp_path: Path, enishi: Command) -> None:
    for words in (("batch", "list"), ("customer", "C1"), ("review", "list"), ("audit", "verify"), ("import", tmp_path)):
        sentence(enishi(*words, home=tmp_path / "nothing"), "there is no Enishi home here", "enishi init")
    assert not (tmp_path / "nothing").exists()


def test_a_home_that_is_there_already(empty: Path, enishi: Command) -> None:
    sentence(enishi("init", home=empty), "there is a home here already")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[databse]\nurl = 'x'\n", ("enishi.toml", "databse", "did you mean 'database'?")),
        ("\n[review]\nfour_eye = true\n", ("enishi.toml:3", "review.four_eye", "four_eyes")),
        ("[shops.main]\nbrandd = 'x'\n", ("enishi.toml:2", "shops.main.brandd", "brand")),
        ("[shops.main]\nreply_days = 900\n", ("enishi.toml:2", "shops.main.reply_days")),
        ("[import]\ntimezone = 'Asia/Tokio'\n", ("enishi.toml:2", "import.timezone", "Asia/Tokyo")),
        ("[review\n", ("enishi.toml", "not valid TOML")),
        ("[database]\nurl = 'oracel://x'\n", ("not a database URL",)),
    ],
)
def test_broken_settings(empty: Path, enishi: Command, settings: str, said: tuple[str, ...]) -> None:
    (empty / "enishi.toml").write_text(settings, encoding="utf-8")
    sentence(enishi("batch", "list", home=empty), *said)


def test_settings_in_another_encoding(empty: Path, enishi: Command) -> None:
    (empty / "enishi.toml").write_bytes("[shops.main]\nbrand = '見本屋'\n".encode("cp932"))
    sentence(enishi("batch", "list", home=empty), "enishi.toml", "is not UTF-8")


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://127.0.0.1:1/enishi"])
def test_a_database_out_of_reach(empty: Path, enishi: Command, url: str) -> None:
    (empty / "enishi.toml").write_text(f'[database]\nurl = "{url}"\n', encoding="utf-8")
    sentence(enishi("batch", "list", home=empty), "the database did not answer", code=3)


def test_a_database_that_is_none(empty: Path, enishi: Command) -> None:
    (empty / "enishi.db").write_text("this is a letter to my aunt, and by no means a database" * 100, encoding="utf-8")
    sentence(enishi("batch", "list", home=empty), "the database did not answer", code=3)


# --- the home's own policies and templates --------------------------------------------------------------------------

ACTION = """id: tea_time
name: {{ja: お茶, en: Tea}}
why: {{ja: お茶の時間, en: Time for tea}}
order: 500
tier: commercial
group: tea
purpose: marketing
gates: [G1, G2]
applicable: "{applicable}"
channels: {channels}
propensity: 0.05
value: "100"
lasts_days: 7
"""


@pytest.mark.parametrize(
    ("applicable", "channels", "said"),
    [
        ("order_n >= 1", "[email]", ("tea_time.yaml:9", "did you mean 'orders_n'?")),
        ("orders_n >= 'two'", "[email]", ("tea_time.yaml:9", "applicable")),
        ("__import__('os')", "[email]", ("tea_time.yaml:9",)),
        ("orders_n >= 1", "[emial]", ("tea_time.yaml:10", "did you mean 'email'?")),
        ("s_stock >= 1", "[email]", ("tea_time.yaml", "does not bind one")),
        ("orders_n >= 1", "[email]\ncolour: green", ("tea_time.yaml:11", "unknown key")),
        ("orders_n >= 1", "[email", ("tea_time.yaml", "not valid YAML")),
    ],
)
def test_a_policy_that_cannot_be_read_stops_everything(
    home: Path, enishi: Command, applicable: str, channels: str, said: tuple[str, ...]
) -> None:
    (home / "policies" / "actions").mkdir(parents=True)
    (home / "policies" / "actions" / "tea_time.yaml").write_text(ACTION.format(applicable=applicable, channels=channels), encoding="utf-8")
    sentence(enishi("recommend", "C101", *NOW, home=home), *said)
    sentence(enishi("batch", "run", "x", *NOW, home=home), *said)
    assert enishi("batch", "list", "--json", home=home).json == []


@pytest.mark.parametrize(
    ("template", "right", "wrong", "said"),
    [
        ("ja/actions/member_offer.j2", "{{ offer", "{{ ofer", "unknown slot 'ofer' — did you mean 'offer'?"),
        ("en/channels/email.j2", "{{ legal_name", "{{ legal_nam", "unknown slot 'legal_nam' — did you mean 'legal_name'?"),
        ("ja/actions/winback.j2", "{% block", "{% blok", "blok"),
    ],
)
def test_a_template_with_a_slip_stops_everything(home: Path, enishi: Command, template: str, right: str, wrong: str, said: str) -> None:
    text = (Path(prompts.__file__).parent / template).read_text(encoding="utf-8")
    assert right in text
    own = home / "prompts" / template
    own.parent.mkdir(parents=True)
    own.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    sentence(enishi("recommend", "C101", *NOW, home=home), f"{own}:", said)


# --- records --------------------------------------------------------------------------------------------------------


def test_one_bad_record_leaves_the_others_answered(tmp_path: Path, enishi: Command) -> None:
    bad = [
        "{not json", json.dumps({**RECORD, "ordres": []}), json.dumps({**RECORD, "customer": {"id": "C9", "langauge": "ja"}}),
        json.dumps({**RECORD, "sender": {"brandd": "x"}}), json.dumps({**RECORD, "now": "2026-05-14"}), "[]",
    ]  # fmt: skip
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join([json.dumps(RECORD), *bad, json.dumps(RECORD)]), encoding="utf-8")
    told = enishi("recommend", "--records", path, home=tmp_path / "nowhere")
    assert told.code == 2
    answers = [json.loads(line) for line in told.out.splitlines()]
    said = told.err.splitlines()
    rejected = {line.split(f"{path}:")[1].split(":")[0] for line in said[:-1]}
    assert len(answers) + len(rejected) == 8
    assert rejected >= {"2", "3", "4", "5", "7"}
    assert "did you mean 'orders'?" in told.err
    assert "did you mean 'language'?" in told.err
    assert f"{len(rejected)} records could not be read" in said[-1]


@pytest.mark.parametrize(("content", "said"), [(None, "records.jsonl"), (b"", "is empty"), (b"\n \n", "is empty"), (b"\xff\xfe{}", "is not UTF-8")])
def test_a_file_of_records_that_cannot_be_read(tmp_path: Path, enishi: Command, content: bytes | None, said: str) -> None:
    path = tmp_path / "records.jsonl"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    sentence(enishi("recommend", "--records", path, home=tmp_path / "nowhere"), said)
    sentence(enishi("recommend", "--records", tmp_path / "no.jsonl", home=tmp_path / "nowhere"), "no.jsonl")


def test_an_edit_that_cannot_be_read_changes_nothing(queue: Path, enishi: Command, tmp_path: Path) -> None:
    draft = passing(queue, channel="email")
    path = tmp_path / "body.txt"
    path.write_bytes("こんにちは".encode("cp932"))
    sentence(enishi("review", "edit", draft["id"], "--body", path, "--as-of", LATER.isoformat(), home=queue), "is not UTF-8")
    assert enishi("review", "show", draft["id"], "--json", home=queue).json["revision"] == 1
