"""The page of a run in a real browser: opened from a file, by keyboard, on a wide screen and on a telephone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import evals.cli
import prompts
from agent.enishi import Enishi
from evals.case import SHIPPED
from tests.evals.cases import write_case

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install 'enishi[test]')")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")
# No sandbox: in a container it needs privileges that tests do not have.  No name is resolved, whatever would ask for one.
FLAGS = ("--no-sandbox", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND")
CASES = ("postcard_only_ja", "replenish_reminder_en", "replenish_reminder_ja", "winback_ja")
HOSTILE = "<script>document.title = 'broken'</script><img src=x onerror=\"document.title = 'broken'\"> 今なら30%割引です。"
ADDRESS = "https://example.com/a-rather-long-address/that-no-line-of-a-small-telephone-can-hold/without-breaking?and=then&some=more"


def run(*words: object) -> None:
    """A command in this process."""
    with (
        redirect_stdout(TextIOWrapper(BytesIO(), "utf-8", write_through=True)),
        redirect_stderr(TextIOWrapper(BytesIO(), "utf-8", write_through=True)) as said,
        pytest.raises(SystemExit) as ended,
    ):
        evals.cli.main([str(word) for word in words])
    assert not ended.value.code, said.buffer.getvalue().decode()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def pages(shipped: Enishi, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two pages: ``beside`` a baseline, after a template in each language went wrong, and ``alone``, without one."""
    place = tmp_path_factory.mktemp("pages")
    home, suite = place / "home", place / "suite"
    assert shipped.world
    shutil.copytree(shipped.home.folder / "cache", home / "cache")
    for case in CASES:
        shutil.copytree(SHIPPED / "starter" / case, suite / case)
    at = (suite, "--home", home)
    run("eval", "run", *at)
    run("eval", "bless", *at)
    for language, before, after in (
        ("ja", "{{ reply_by }}まで", "今だけ50%OFF、残りわずか、{{ reply_by }}まで"),
        ("en", "{% block useful %}\n", f"{{% block useful %}}\nOnly now 50% off, guaranteed: {ADDRESS}\n"),
    ):
        own = home / "prompts" / language / "actions" / "replenish_reminder.j2"
        own.parent.mkdir(parents=True)
        source = (Path(prompts.__file__).parent / language / "actions" / own.name).read_text(encoding="utf-8")
        assert before in source
        own.write_text(source.replace(before, after), encoding="utf-8")
    run("eval", "run", *at, "--html", place / "beside.html")
    (suite / "baseline.json").unlink()
    write_case(suite, "hostile", edit={"add": HOSTILE}, expect={"draft": {"verdict": "pass"}})
    run("eval", "run", *at, "--html", place / "alone.html")
    return {name: place / f"{name}.html" for name in ("beside", "alone")}


class Opened(NamedTuple):
    """A page in the browser, with what it asked for and what it complained of."""

    page: Any
    asked: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any, pages: dict[str, Path]) -> Iterator[Any]:
    """``opened("beside", width=390)`` is that page from its file, on a screen that wide."""
    contexts = []

    def open_(name: str, width: int = 1280) -> Opened:
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        found = Opened(page, [], [])
        page.on("request", lambda request: found.asked.append(request.url))
        page.on("console", lambda message: found.complaints.append(message.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.goto(pages[name].as_uri(), wait_until="networkidle")
        return found

    yield open_
    for context in contexts:
        context.close()


def overflow(page: Any) -> int:
    """Pixels that must be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("name", ["beside", "alone"])
def test_it_opens_from_its_file_and_asks_for_nothing_else(opened: Any, pages: dict[str, Path], name: str) -> None:
    page, asked, complaints = opened(name)
    assert asked == [pages[name].as_uri()]
    assert complaints == []
    assert "suite" in page.title()
    assert page.evaluate("document.scripts.length + document.images.length + document.styleSheets.length") == 1


def test_what_went_wrong_is_open_with_its_baseline_beside_it(opened: Any) -> None:
    page = opened("beside").page
    case = page.locator("#replenish_reminder_ja")
    assert case.evaluate("one => one.open")
    before, now = case.locator(".side").all()
    assert (before.locator("h3").inner_text(), now.locator("h3").inner_text()) == ("baseline · pass", "now · block")
    left, right = before.bounding_box(), now.bounding_box()
    assert left and right and left["x"] + left["width"] <= right["x"] and left["y"] == right["y"]
    assert now.locator("mark.block").all_inner_texts() == ["50%", "残りわずか"] and before.locator("mark").count() == 0
    assert "".join(now.locator("ins").all_inner_texts()).strip() == "今だけ50%OFF、残りわずか、"
    rules = [text.split("\n") for text in now.locator("tr td:first-child").all_inner_texts()]
    assert ["C03", "block"] in rules and ["C05", "block"] in rules
    assert now.get_by_text("「50%」の根拠となる事実がありません").is_visible() and now.get_by_text("no fact supports '50%'").is_visible()
    red = now.locator("mark.block").first.evaluate("one => getComputedStyle(one).backgroundColor")
    yellow = now.locator("mark.flag").first.evaluate("one => getComputedStyle(one).backgroundColor")
    assert len({red, yellow, now.evaluate("one => getComputedStyle(one).backgroundColor")}) == 3


def test_both_languages_stand_in_it_and_say_which_they_are(opened: Any) -> None:
    page = opened("beside").page
    for case, language, words in (("replenish_reminder_ja", "ja", "いつも見本珈琲店をご利用いただき"), ("replenish_reminder_en", "en", "Hi Robin,")):
        now = page.locator(f"#{case} .side").last
        assert now.get_attribute("lang") == language
        assert words in now.locator(".words").last.inner_text()
        assert page.locator(f"#{case} .inside > p").get_attribute("lang") == language


def test_what_passes_is_closed_and_opens_by_keyboard(opened: Any) -> None:
    page = opened("beside").page
    case = page.locator("#winback_ja")
    words = case.locator(".words").last
    assert not words.is_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if case.locator("summary").evaluate("one => one === document.activeElement"):
            break
    outline = case.locator("summary").evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert words.is_visible()
    page.keyboard.press("Space")
    assert not words.is_visible()


def test_each_count_leads_by_keyboard_to_the_first_of_its_kind(opened: Any) -> None:
    page = opened("beside", 390).page
    counts = page.locator(".counts a")
    assert counts.all_inner_texts() == ["3 regressed", "1 still passing"]
    for number in range(counts.count()):
        counts.nth(number).focus()
        page.keyboard.press("Enter")
        target = page.locator(f"details[id='{page.evaluate('location.hash.slice(1)')}']")
        assert target.locator(".badge").inner_text() == counts.nth(number).inner_text().partition(" ")[2]
        assert target.locator("summary").evaluate("one => { const box = one.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight }")


@pytest.mark.parametrize("name", ["beside", "alone"])
@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_nobody_scrolls_sideways(opened: Any, name: str, width: int) -> None:
    """With every case open, a long address in a draft and in what a guard says of it."""
    page = opened(name, width).page
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert overflow(page) == 0
    cut = "[...document.querySelectorAll('td, th, .words, summary')].filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"
    assert page.evaluate(cut) == []
    tops = [side.bounding_box()["y"] for side in page.locator("details .sides").first.locator(".side").all()]
    assert len(set(tops)) == (1 if width > 720 else len(tops))


def test_what_a_draft_says_is_shown_and_never_run(opened: Any) -> None:
    page, asked, complaints = opened("alone")
    case = page.locator("#hostile")
    assert case.evaluate("one => one.open") and HOSTILE in case.locator(".words").last.inner_text()
    assert case.locator("script, img").count() == 0 and "broken" not in page.title()
    assert len(asked) == 1 and complaints == []
    assert "30%" in case.locator("mark.block").all_inner_texts()
