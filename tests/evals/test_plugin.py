"""``pytest --enishi-suite``: a test per case, readable when it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.enishi import Enishi
from tests.evals.cases import write_case

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(shipped: Enishi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert shipped.world
    return Path(shutil.copytree(shipped.home.folder, tmp_path_factory.mktemp("home") / "home"))


def run_pytest(folder: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "evals.plugin", "-p", "no:cacheprovider", "--enishi-home", str(home), *words], cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_each_case_is_a_test(tmp_path: Path, home: Path) -> None:
    suite = tmp_path / "suite"
    write_case(suite, "good")
    write_case(suite, "bad", expect={"action": "winback"}, why="いちどだけお便りする。", tags="trap:silence")
    write_case(suite, "odd", expect=None, asked={"action": "points_expiry"})
    (tmp_path / "test_own.py").write_text("def test_own(): assert False\n", encoding="utf-8")
    told = run_pytest(tmp_path, home, "--enishi-suite", "suite", f"--junitxml={tmp_path}/junit.xml")
    assert told.returncode == 1, told.stderr
    assert "1 failed, 1 passed, 1 error" in told.stdout
    assert "test_own" not in told.stdout
    assert "bad: いちどだけお便りする。" in told.stdout
    assert "  action_match: action is replenish_reminder, not winback" in told.stdout
    assert "  chosen: replenish_reminder · " in told.stdout
    assert "nothing is expected of this case" in told.stdout
    assert "Traceback" not in told.stdout
    assert "runtest" not in told.stdout
    junit = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="action_match" value="1"' in junit
    assert "<error" in junit


def test_cases_are_chosen_like_tests(tmp_path: Path, home: Path) -> None:
    for name in ("one", "two"):
        write_case(tmp_path / "suite", name)
    told = run_pytest(tmp_path, home, "--enishi-suite", "suite", "-k", "two", "-v")
    assert told.returncode == 0
    assert "suite/two/case.yaml::two PASSED" in told.stdout
    assert "1 passed, 1 deselected" in told.stdout


@pytest.mark.parametrize(("suite", "said", "code"), [("sprng", "there is no suite 'sprng'", 4), ("suite", "acton: unknown key — did you mean 'action'?", 2)])
def test_what_is_wrong_is_one_sentence(tmp_path: Path, home: Path, suite: str, said: str, code: int) -> None:
    write_case(tmp_path / "suite", expect={"acton": "winback"})
    told = run_pytest(tmp_path, home, "--enishi-suite", suite)
    assert told.returncode == code
    assert said in told.stdout + told.stderr
    assert "Traceback" not in told.stdout + told.stderr


def test_without_the_option_nothing_is_collected(tmp_path: Path, home: Path) -> None:
    write_case(tmp_path / "suite")
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    told = run_pytest(tmp_path, home)
    assert "1 passed" in told.stdout
