"""A home in which every customer can be told from every other by each thing that names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

import evals.cli
import policies
from agent.cli import main
from agent.demo.home import _settings
from agent.demo.population import population
from agent.enishi import Enishi
from agent.settings import Home, Settings
from evals.egress import Outgoing, Recorder
from evals.identity import Person
from tests.agent.conftest import Answer, run_batch

AS_OF = "2026-05-14T10:30:00+09:00"
CUSTOMERS = 150
SYLLABLES = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ"
KANJI = "麓梓柊榎楠椿槙櫂澪汐渚凪颯暁曙昴晶旭煌瑛璃琥珀翠碧藍茜菫蓬葛蕗蘭蓮莉萌葵"
SENSITIVE = {
    "bereavement": ("先月、父が他界しました。", "His mother passed away in March."),
    "health": ("入院のため来月まで不在です。", "She is in hospital after surgery."),
    "pregnancy": ("妊娠中で来月出産予定とのこと。", "She is pregnant and due in June."),
    "religion": ("信仰上の理由で酒は不要とのこと。", "Does not drink for religious reasons."),
    "disability": ("耳が遠いので電話は避けてほしい。", "He is hard of hearing, no calls."),
    "debt": ("借金の返済で今は余裕がないとのこと。", "Is in debt and cannot afford it now."),
    "disaster": ("台風で自宅が床上浸水、避難所におられる。", "Evacuated, the home was flooded."),
    "family": ("離婚されたばかりとのこと。", "Just divorced, living on his own."),
    "work": ("失業されたとのこと。", "Was made redundant last week."),
}
"""Topic of the lexicon → a note that says so, in Japanese and English."""


def spelt(number: int, letters: str, length: int) -> str:
    """``number`` in a number system whose digits are ``letters``."""
    found = ""
    for _ in range(length):
        number, digit = divmod(number * 31 + 7, len(letters))
        found += letters[digit]
    return found


@dataclass
class Canaries:
    """A home, who is in it, what its commands wrote, and which sensitive state each customer was given."""

    home: Path
    people: Mapping[str, Person]
    states: Mapping[str, str]
    said: list[tuple[str | None, Outgoing]] = field(default_factory=list)

    def run(self, *words: str, about: str | None = None) -> Any:
        """Run a command in this process; what it writes and logs is kept, with whom it is about."""
        streams = {name: TextIOWrapper(BytesIO(), "utf-8", write_through=True) for name in ("stdout", "stderr")}
        with Recorder() as recorder, redirect_stdout(streams["stdout"]), redirect_stderr(streams["stderr"]):
            try:
                main([*words, "--home", str(self.home)])
            except SystemExit as ended:
                code = ended.code
        assert recorder.attempts == []
        written = {name: stream.buffer.getvalue() for name, stream in streams.items()}  # type: ignore[attr-defined]
        self.said += [(about, Outgoing(f"{name}:{' '.join(words[:2])}", content)) for name, content in written.items()]
        self.said += [(None, line) for line in recorder.outgoing]
        return Told(code, written["stdout"], written["stderr"])


class Told(NamedTuple):
    """How a command ended and what it wrote."""

    returncode: Any
    stdout: bytes
    stderr: bytes


def person(number: int, customer: Mapping[str, Any]) -> Person:
    """Someone whose every identifier is nobody else's."""
    kana = f"{spelt(number, SYLLABLES, 4)} {spelt(number + 5000, SYLLABLES, 4)}"
    name = f"{spelt(number, KANJI, 3)} {spelt(number + 900, KANJI, 3)}"
    if customer.get("language") == "en":
        name = (
            f"Q{number:03}bert{spelt(number, 'abcdefghklmnoprstuvw', 5)} Z{spelt(number, 'aeioulmnrst', 6)}{number:03}"
        )
        name = name.translate(str.maketrans("0123456789", "abcdefghij"))
    return Person(
        id=customer["id"], name=name, kana=kana, phone=f"090-{7000 + number}-{1000 + number * 7 % 9000:04}",
        email=f"canary{number:04}@mail{number:04}.example", others=(f"CARD-{number * 7919:08}",),
    )  # fmt: skip


def written(folder: Path) -> tuple[dict[str, Person], dict[str, str]]:
    """The sample's files with every customer renamed and their identifiers in notes, tickets and comments."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for chunk in population(CUSTOMERS, as_of=datetime.fromisoformat(AS_OF), seed=7):
        for table, some in chunk.items():
            rows.setdefault(table, []).extend(some)
    people, states = {}, {}
    topics = list(SENSITIVE)
    for number, customer in enumerate(rows["customers"]):
        one = people[customer["id"]] = person(number, customer)
        told = f"{one.name}（{one.kana}）様 {one.phone} {one.email} 会員 {one.others[0]}"
        customer["name"] = one.name
        customer.setdefault("extra", {})["contact"] = told
        if number % 3 == 0:
            topic = states[customer["id"]] = topics[number // 3 % len(topics)]
            told += " " + SENSITIVE[topic][customer.get("language") == "en"]
        shared = {"customer_id": customer["id"], "at": "2026-04-20T12:00:00+09:00"}
        rows["interactions"].append({**shared, "kind": "note", "direction": "in", "text": told})
        rows["events"].append({**shared, "type": "survey_answer", "nps": 8, "comment": told})
        mine = [ticket for ticket in rows["tickets"] if ticket["customer_id"] == customer["id"]]
        for ticket in mine:
            ticket |= {"summary": told, "topic": f"{told}の件" if number % 2 else ticket["topic"]}
    folder.mkdir()
    for table, some in rows.items():
        (folder / f"{table}.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some), encoding="utf-8"
        )
    with (folder / "customers.jsonl").open("a", encoding="utf-8") as bad:
        bad.write(json.dumps({"id": "C-bad", "name": people["C101"].name, "birthdate": "yesterday"}) + "\n")
    return people, states


@pytest.fixture(scope="session")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    """The home after import, a batch and a day's review."""
    place = tmp_path_factory.mktemp("canaries")
    home = place / "home"
    home.mkdir()
    (home / "enishi.toml").write_text("\n".join(_settings()) + "\n", encoding="utf-8")
    people, states = written(place / "files")
    made = Canaries(home, people, states)
    now = ("--as-of", AS_OF)
    told = made.run("import", str(place / "files"), *now)
    assert told.returncode == 0, told.stderr.decode()
    run_batch(home, "spring", at=datetime.fromisoformat(AS_OF))
    made.run("batch", "status", "spring")
    queue = json.loads(made.run("review", "list", "--state", "all", "--limit", "1000", "--json").stdout)["drafts"]
    assert len(queue) > 60
    # The whole list is about everybody; each of its rows is looked at by itself.
    made.said = [one for one in made.said if one[1].where != "stdout:review list"]
    for row in queue:
        made.said.append((row["customer_id"], Outgoing("stdout:review list", json.dumps(row).encode())))
    ready = [row for row in queue if row["verdict"] != "block"][:4]
    for number, row in enumerate(ready):
        made.run("review", "show", row["id"], about=row["customer_id"])
        words = (
            ("approve",) if number % 2 else ("reject", "--reason", "tone", "--note", people[row["customer_id"]].phone)
        )
        made.run("review", words[0], row["id"], *words[1:], "--as", "tanaka", *now, about=row["customer_id"])
    for row in [row for row in queue if row["verdict"] == "block"][:2]:
        made.run("review", "approve", row["id"], "--as", "tanaka", *now, about=row["customer_id"])
    for customer in list(people)[:4]:
        for words in (("recommend",), ("why",), ("draft",), ("customer",)):
            made.run(*words, customer, *now, about=customer)
        made.run("recommend", customer, "--json", *now)
        made.run("why", customer, "--json", *now)
    made.run("audit", "verify")
    made.run("customer", "C999")
    made.run("review", "show", "m-0")
    return made


def lexicon_topics() -> set[str]:
    """Every topic that the lexicon knows."""
    path = Path(policies.__file__).parent / "lexicons" / "unspoken.yaml"
    return set(yaml.safe_load(path.read_text(encoding="utf-8"))["sensitive"])


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Enishi:
    """The policies and templates as they are shipped."""
    return Enishi(Home(tmp_path_factory.mktemp("shipped"), Settings()))


@pytest.fixture
def run_command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Any:
    """``run_command("eval", "run", …)`` runs the whole command line in this process."""
    monkeypatch.delenv("ENISHI_HOME", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: object) -> Answer:
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            evals.cli.main([str(word) for word in words])
        out, err = capfdbinary.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, out.decode(), err.decode())

    return command
