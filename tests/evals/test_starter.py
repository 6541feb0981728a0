"""The suite that is shipped: what it covers, that it passes, and that it would notice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import policies
import prompts
from agent.enishi import Enishi
from agent.settings import Home, Settings
from evals.case import SHIPPED, Suite, load_suite
from evals.compare import Comparison, compare
from evals.run import Run, read_run, run_suite
from policies.guardrails import GUARDS
from retrieval.customer import CHANNELS
from tests.evals.cases import write_case

STARTER = SHIPPED / "starter"


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite(STARTER)


@pytest.fixture(scope="module")
def run(suite: Suite, shipped: Enishi) -> Run:
    return run_suite(suite, shipped)


def test_every_case_passes(run: Run) -> None:
    assert {result.case: result.faults for result in run.results if result.status != "pass"} == {}


def test_every_action_guard_and_channel_is_covered_in_both_languages(suite: Suite, run: Run, shipped: Enishi) -> None:
    assert len(suite.cases) >= 60
    chosen = Counter((result.outcome.chosen["action"], case.language) for result, case in zip(run.results, suite.cases, strict=True) if result.outcome)
    for action in shipped.world.catalogue.actions:
        for language in ("ja", "en"):
            assert chosen[action.id, language], f"{action.id} in {language}"
    spoke = {finding["guard"] for result in run.results if result.outcome and result.outcome.draft for finding in result.outcome.draft["findings"]}
    assert spoke == set(GUARDS)
    assert {result.outcome.chosen["channel"] for result in run.results if result.outcome} >= set(CHANNELS)
    traps = {tag for case in suite.cases if "trap" in case.file.tags for tag in case.file.tags}
    assert traps >= {"complaint", "bereavement", "duplicate", "minor", "opt_out", "cap", "injection", "stock", "offer"}


def test_every_case_says_why_in_its_own_words(suite: Suite) -> None:
    whys = Counter(case.file.why for case in suite.cases)
    assert [why for why, count in whys.items() if count > 1] == []


def test_every_guard_case_passes_without_the_edit(suite: Suite, shipped: Enishi, tmp_path: Path) -> None:
    """What blocks is what the person wrote or what happened meanwhile, not the draft."""
    guarded = [case for case in suite.cases if case.id.startswith("guard_")]
    for case in guarded:
        place = Path(shutil.copytree(case.folder, tmp_path / case.id))
        content = yaml.safe_load((place / "case.yaml").read_text(encoding="utf-8"))
        for key in ("edit", "meanwhile"):
            content.pop(key, None)
        content["clock"] = case.file.clock.isoformat()
        content["expect"] = {"action": "replenish_reminder", "draft": {"verdict": "pass"}}
        (place / "case.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    told = run_suite(load_suite(tmp_path), shipped)
    assert {result.case: result.faults for result in told.results if result.status != "pass"} == {}


def test_the_note_of_an_attacker_changes_nothing(suite: Suite, run: Run, shipped: Enishi, tmp_path: Path) -> None:
    """With and without the note, the same draft byte for byte."""
    for language in ("ja", "en"):
        case = next(one for one in suite.cases if one.id == f"injected_note_{language}")
        place = Path(shutil.copytree(case.folder, tmp_path / case.id))
        record = json.loads((place / "record.json").read_text(encoding="utf-8"))
        assert record.pop("interactions")
        (place / "record.json").write_text(json.dumps(record), encoding="utf-8")
    outcomes = {result.case: result.outcome for result in run.results}
    for result in run_suite(load_suite(tmp_path), shipped).results:
        before = outcomes[result.case]
        assert before is not None
        assert result.outcome is not None
        assert (result.outcome.decision, result.outcome.draft, result.outcome.excluded) == (before.decision, before.draft, before.excluded)


@pytest.fixture(scope="module")
def few(suite: Suite) -> Suite:
    """A third of the cases, with every one of complaints and of winning back."""
    wanted = {"complaint", "action:winback", "action:complaint_recovery", "guard:gates"}
    kept = [case for number, case in enumerate(suite.cases) if number % 4 == 0 or wanted & {*case.file.tags}]
    return Suite(name=suite.name, folder=suite.folder, cases=tuple(kept))


def flips(run: Run, few: Suite, enishi: Enishi) -> Comparison:
    """A run of a few cases beside what they were."""
    names = {case.id for case in few.cases}
    before = replace(run, results=tuple(result for result in run.results if result.case in names))
    return compare(before, run_suite(few, enishi))


def changed(tmp_path: Path, shipped: Enishi, kind: str, name: str, before: str, after: str) -> Enishi:
    """The shipped product with one file of a home in front of it."""
    assert shipped.world
    shutil.copytree(shipped.home.folder / "cache", tmp_path / "cache")
    source = Path({"prompts": prompts, "policies": policies}[kind].__file__).parent / name
    text = source.read_text(encoding="utf-8")
    assert before in text
    place = tmp_path / kind / name
    place.parent.mkdir(parents=True)
    place.write_text(text.replace(before, after), encoding="utf-8")
    return Enishi(Home(tmp_path, Settings()))


def test_one_changed_template_shows_exactly_which_cases_flipped(few: Suite, run: Run, shipped: Enishi, tmp_path: Path) -> None:
    """One word of one Japanese template: its case is told, the English one and all others are not."""
    enishi = changed(tmp_path, shipped, "prompts", "ja/actions/winback.j2", "コード", "暗号")
    found = flips(run, few, enishi)
    assert [(flip.case, flip.kind, flip.changed) for flip in found.flips if flip.kind != "still_passing"] == [
        ("winback_ja", "changed", ("text",))
    ]
    assert {name for name, _, _ in found.setting} == {"policy_version", "prompts"}


def test_one_changed_prompt_shows_which_cases_have_to_be_recorded_anew(suite: Suite, shipped: Enishi, tmp_path: Path) -> None:
    """One sentence of the English prompt: its cases are unscored and say how it differs, the Japanese ones play."""
    asked = Suite(name=suite.name, folder=suite.folder, cases=tuple(case for case in suite.cases if case.file.drafter == "model"))
    enishi = changed(tmp_path, shipped, "prompts", "model/en/system.j2", "Plain, warm and short.", "Plain and warm.")
    told = {result.case: result for result in run_suite(asked, enishi).results}
    assert len(told) >= 6
    for case in asked.cases:
        result = told[case.id]
        assert result.status == ("unscored" if case.language == "en" else "pass")
        if case.language == "en":
            assert "-- Plain, warm and short." in result.problem
            assert "+- Plain and warm." in result.problem


def test_a_template_that_breaks_the_rules_regresses(few: Suite, run: Run, shipped: Enishi, tmp_path: Path) -> None:
    enishi = changed(tmp_path, shipped, "prompts", "ja/actions/winback.j2", "コード", "今だけ90%引き。コード")
    found = flips(run, few, enishi)
    assert [(flip.case, flip.kind) for flip in found.flips if flip.kind != "still_passing"] == [("winback_ja", "regressed")]
    assert found.flips[0].said.startswith("guardrail_verdict: the verdict is block, not pass")


def test_a_gate_that_is_left_open_regresses(few: Suite, run: Run, shipped: Enishi, tmp_path: Path) -> None:
    """Without the hold for complaints the suite must say so, case by case."""
    enishi = changed(tmp_path, shipped, "policies", "gates.yaml", "not open_complaint and not complaint_closed_days < 14", "not complaint_closed_days < 0")
    found = flips(run, few, enishi)
    assert {flip.case for flip in found.of("regressed")} == {
        "complaint_closed_four_days_ago_ja", "complaint_open_with_offers_ja", "complaint_open_with_offers_en", "complaint_recovery_ja",
        "complaint_recovery_en", "guard_gates_complaint_ja",
    }  # fmt: skip


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(shipped: Enishi, tmp_path: Path) -> None:
    """Decisions, drafts, findings and scores: the whole run, byte for byte."""
    names = ("replenish_reminder_ja", "complaint_open_with_offers_en", "guard_claims_discount_ja", "member_offer_ja", "injected_note_en", "duplicate_ja")
    assert shipped.world
    shutil.copytree(shipped.home.folder / "cache", tmp_path / "home" / "cache")
    written = []
    for seed in ("1", "4242"):
        out = tmp_path / f"{seed}.json"
        words = [word for name in names for word in ("--case", name)]
        subprocess.run(
            [sys.executable, "-m", "evals.cli", "eval", "run", "starter", *words, "--out", str(out), "--home", str(tmp_path / "home")],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True,
        )  # fmt: skip
        written.append(out.read_bytes())
    assert written[0] == written[1]
    assert len(read_run(tmp_path / "1.json").results) == len(names)


def test_a_second_run_in_one_process_writes_the_same_bytes(suite: Suite, run: Run, shipped: Enishi, tmp_path: Path) -> None:
    again = run_suite(Suite(name=suite.name, folder=suite.folder, cases=suite.cases[::-9]), shipped)
    before = {result.case: result for result in run.results}
    for result in again.results:
        assert result.json() == before[result.case].json()
    run.write(tmp_path / "run.json")
    assert read_run(tmp_path / "run.json") == run


def test_nothing_expected_is_nothing_measured(shipped: Enishi, tmp_path: Path) -> None:
    write_case(tmp_path, expect=None, of={**json.loads((STARTER / "opted_out_of_all_ja" / "record.json").read_text())})
    found = run_suite(load_suite(tmp_path), shipped).results[0]
    assert (found.status, found.problem) == ("unscored", "nothing is expected of this case")
