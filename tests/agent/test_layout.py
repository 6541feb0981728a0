"""The shape of the code: one direction, a docstring everywhere, and nothing added by halves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from policies.catalogue import load_catalogue
from policies.guardrails import GUARDS
from retrieval.customer import LANGUAGES

ROOT = Path(__file__).parents[2]
PACKAGES = ("retrieval", "policies", "prompts", "agent", "evals")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
EMPTY_NAMES = {"helper", "helpers", "util", "utils", "manager", "data", "info", "common", "misc"}


def test_packages_know_only_those_before_them() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert "1 kept, 0 broken" in told.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "a module begins with a docstring"
    assert path.stem not in EMPTY_NAMES, "a name that says nothing"


def test_every_action_has_words_in_every_language() -> None:
    for action in load_catalogue().actions:
        for language in LANGUAGES:
            if not action.internal:
                assert (ROOT / "prompts" / language / "actions" / f"{action.id}.j2").is_file(), f"{action.id} in {language}"
            assert action.name[language] and action.why[language]


def test_every_channel_of_an_action_has_a_layout() -> None:
    catalogue = load_catalogue()
    used = {channel for action in catalogue.actions for channel in action.channels}
    assert used <= set(catalogue.channels)
    for channel in used:
        for language in LANGUAGES:
            assert (ROOT / "prompts" / language / "channels" / f"{channel}.j2").is_file(), f"{channel} in {language}"


def test_no_words_without_an_action() -> None:
    known = {action.id for action in load_catalogue().actions}
    for language in LANGUAGES:
        assert {path.stem for path in (ROOT / "prompts" / language / "actions").glob("*.j2")} <= known


@pytest.mark.parametrize("guard", GUARDS)
def test_every_guard_has_cases(guard: str) -> None:
    cases = yaml.safe_load((ROOT / "policies" / "guardrails" / "cases" / f"{guard}.yaml").read_text(encoding="utf-8"))
    assert cases, guard


def test_no_cases_without_a_guard() -> None:
    assert {path.stem for path in (ROOT / "policies" / "guardrails" / "cases").glob("*.yaml")} == set(GUARDS)
