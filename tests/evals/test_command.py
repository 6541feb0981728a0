"""``enishi eval``: its commands, its exit codes, and one sentence for each thing that is wrong."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.enishi import Enishi
from evals.report.page import marked
from tests.evals.cases import record, write_case

HEAVY = ("polars", "sqlalchemy", "jinja2", "numpy", "pydantic", "orjson", "rich", "vcr", "agent.enishi", "evals.run")


@pytest.fixture
def home(shipped: Enishi, tmp_path: Path) -> Path:
    """A folder that is no home, with compiled templates so that nothing is compiled again."""
    assert shipped.world
    shutil.copytree(shipped.home.folder / "cache", tmp_path / "home" / "cache")
    return tmp_path / "home"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Two cases that pass."""
    write_case(tmp_path / "spring", "one")
    write_case(tmp_path / "spring", "two", expect={"action": "replenish_reminder", "draft": {"verdict": "pass", "cites": "product"}})
    return tmp_path / "spring"


def test_help_imports_nothing_heavy_and_names_every_command() -> None:
    code = f"import sys, evals.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
    told = subprocess.run([sys.executable, "-m", "evals.cli", "eval", "--help"], check=True, capture_output=True, text=True).stdout
    for name in ("run", "gate", "compare", "bless", "record", "show"):
        assert f"  {name} " in told


def test_the_installed_command_is_the_one_with_the_suite() -> None:
    import tomllib

    content = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert content["project"]["scripts"] == {"enishi": "evals.cli:main"}
    assert content["project"]["entry-points"]["pytest11"] == {"evals.plugin": "evals.plugin"}


def test_a_pull_request_from_beginning_to_end(run_command: Any, home: Path, suite: Path, tmp_path: Path) -> None:
    """Run, bless, change a template, see the flip, be stopped, mend it, pass."""
    at = ("--home", home)
    told = run_command("eval", "run", suite, *at)
    assert told.code == 0
    assert "2 of 2 pass" in told.out
    assert run_command("eval", "gate", suite, *at).code == 0
    assert run_command("eval", "compare", suite, *at).code == 2
    blessed = run_command("eval", "bless", suite, *at)
    assert (blessed.code, blessed.out.strip()) == (0, f"blessed: {suite / 'baseline.json'}")
    baseline = (suite / "baseline.json").read_text(encoding="utf-8")
    assert not re.search(r"seconds|\d\.\d+ s\b", baseline)
    assert str(tmp_path) not in baseline

    import prompts

    source = (Path(prompts.__file__).parent / "ja" / "actions" / "replenish_reminder.j2").read_text(encoding="utf-8")
    own = home / "prompts" / "ja" / "actions" / "replenish_reminder.j2"
    own.parent.mkdir(parents=True)
    own.write_text(source.replace("{{ reply_by }}まで", "残りわずか、{{ reply_by }}まで"), encoding="utf-8")
    told = run_command("eval", "run", suite, *at, "--junit", tmp_path / "out" / "junit.xml", "--html", tmp_path / "out" / "page.html")
    assert told.code == 0
    assert "regressed" in told.out
    assert (tmp_path / "out" / "junit.xml").is_file()
    stopped = run_command("eval", "gate", suite, *at)
    assert stopped.code == 1
    assert "gate: FAILED (1 regressed)" in stopped.out
    found = run_command("eval", "compare", suite, *at, "--json").json
    assert [(one["case"], one["kind"]) for one in found["cases"]] == [("two", "regressed"), ("one", "changed")]
    assert run_command("eval", "gate", suite, *at, "--strict", "--json").json["exit_code"] == 1

    own.unlink()
    assert run_command("eval", "run", suite, *at, "--json").json["passed"] == 2
    assert run_command("eval", "gate", suite, *at, "--strict").code == 0


def test_a_case_that_is_gone_stops_the_gate(run_command: Any, home: Path, suite: Path) -> None:
    at = ("--home", home)
    for command in ("run", "bless"):
        assert run_command("eval", command, suite, *at).code == 0
    shutil.rmtree(suite / "two")
    assert run_command("eval", "run", suite, *at).code == 0
    told = run_command("eval", "gate", suite, *at, "--json")
    assert (told.code, told.json["reasons"]) == (1, [{"kind": "missing", "case": "two", "said": "the case is gone"}])


def test_a_case_is_blessed_by_itself(run_command: Any, home: Path, suite: Path) -> None:
    at = ("--home", home)
    run_command("eval", "run", suite, *at)
    told = run_command("eval", "bless", suite, "--case", "one", *at, "--json")
    assert told.json == {"blessed": [str(suite / "one" / "blessed.json")]}
    assert "byte_identity" in run_command("eval", "show", "one", "--suite", suite, *at).out
    content = json.loads((suite / "one" / "blessed.json").read_text(encoding="utf-8"))
    content["draft"]["body"] += "。"
    (suite / "one" / "blessed.json").write_text(json.dumps(content), encoding="utf-8")
    told = run_command("eval", "show", "one", "--suite", suite, *at)
    assert told.code == 1
    assert "fail byte_identity" in told.out
    assert "draft.body: stored" in told.out


def test_a_run_of_other_cases_is_not_blessed(run_command: Any, home: Path, suite: Path) -> None:
    run_command("eval", "run", suite, "--home", home)
    write_case(suite, "two", why="こちらの理由に書き改めた。")
    told = run_command("eval", "bless", suite, "--home", home)
    assert told.code == 2
    assert "the case changed since this run; run the suite again, then bless it" in told.err
    assert not (suite / "baseline.json").exists()


BAD = {
    "an unknown suite": (("run", "sumer"), 2, "there is no suite 'sumer'"),
    "a suite nobody ran": (("gate", "starter"), 2, "starter.results.json: cannot be read: No such file or directory; 'enishi eval run' writes one"),
    "an unknown case": (("run", "SUITE", "--case", "tow"), 2, "there is no case 'tow' — did you mean 'two'?"),
    "an empty suite": (("run", "EMPTY"), 2, "holds no case"),
    "a run that is none": (("gate", "SUITE", "--results", "EMPTY/none.json"), 2, "is not a run of a suite"),
    "a baseline that is missing": (("run", "SUITE", "--baseline", "EMPTY/gone.json"), 2, "gone.json: cannot be read"),
    "a page nobody can write": (("run", "SUITE", "--html", "EMPTY/none.json/page.html"), 2, "cannot be written"),
    "no reason": (("record", "d-1", "--suite", "SUITE"), 2, "Missing option '--why'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_one_sentence(run_command: Any, home: Path, suite: Path, tmp_path: Path, kind: str) -> None:
    words, code, said = BAD[kind]
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "none.json").write_text("[]", encoding="utf-8")
    places = {"SUITE": str(suite), "EMPTY": str(tmp_path / "empty")}
    told = run_command("eval", *(re.sub("SUITE|EMPTY", lambda found: places[found[0]], word) for word in words), "--home", home)
    assert told.code == code
    assert said in told.err
    assert told.err.splitlines()[-1].startswith("enishi: ")
    assert "Traceback" not in told.err


def test_somebody_real_in_a_record_ends_with_two(run_command: Any, home: Path, suite: Path) -> None:
    write_case(suite, "three", of=record(customer={**record()["customer"], "name": "佐藤 美咲"}))
    told = run_command("eval", "run", suite, "--home", home)
    assert told.code == 2
    assert "three/record.json: customer.name holds what looks like a person's name" in told.err
    assert "佐藤" not in told.err


def test_what_cannot_be_measured_ends_with_three(run_command: Any, home: Path, suite: Path) -> None:
    write_case(suite, "three", expect=None, asked={"action": "points_expiry"})
    told = run_command("eval", "run", suite, "--home", home)
    assert told.code == 3
    assert "nothing is expected of this case" in told.out
    assert run_command("eval", "gate", suite, "--home", home).code == 3


class Page(HTMLParser):
    """The tags of a page, whether each is closed, and everything it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        named = [str(value) for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.loads += [one for one in named if not one.startswith("#")]
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_marks_what_guards_object_to(run_command: Any, home: Path, suite: Path, tmp_path: Path) -> None:
    write_case(suite, "three", edit={"add": "<script>alert(1)</script> 今なら30%割引です。"}, expect={"draft": {"verdict": "pass"}})
    run_command("eval", "run", suite, "--home", home, "--html", tmp_path / "page.html", "--junit", tmp_path / "junit.xml")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.loads == []
    assert "script" not in page.seen
    assert "@import" not in text
    assert "url(" not in text
    assert re.search(r'<mark class="block" title="C03">30%</mark>', text)
    assert text.index('id="three"') < text.index('id="one"')
    junit = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (junit.get("tests"), junit.get("failures"), junit.get("errors")) == ("3", "1", "0")
    failed = junit.find("testcase[@name='three']/failure")
    assert failed is not None
    assert "the verdict is block, not pass" in str(failed.get("message"))
    assert not re.search("time|hostname", ElementTree.tostring(junit, "unicode").split(">")[0])


def test_spans_and_changes_are_marked_over_each_other() -> None:
    said = marked("a<b 30%です", [(4, 7, "block", "C03"), (5, 9, "flag", "C05")], "a<b 20%です", "ins")
    assert said == 'a&lt;b <mark class="block" title="C03"><ins>3</ins>0%</mark><mark class="flag" title="C05">です</mark>'
    assert marked("同じ", [], "同じ", "ins") == "同じ"
    assert marked("一行目\n新しい行\n", [], "一行目\n", "ins") == "一行目\n<ins>新しい行\n</ins>"


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=3))
def test_marking_changes_no_letter(text: str, other: str, places: list[tuple[int, int]]) -> None:
    spans = [(start, end, "block", "C03") for start, end in places]
    assert html.unescape(re.sub(r"</?(?:ins|mark)[^>]*>", "", marked(text, spans, other, "ins"))) == html.unescape(html.escape(text))
