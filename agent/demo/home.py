"""A sample home: settings of the three shops, their files written out, and the ordinary import of those files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from agent.demo.population import write
from agent.demo.shops import senders
from agent.enishi import Enishi
from agent.settings import SETTINGS
from agent.showing import import_progress
from retrieval.errors import InputError
from retrieval.importing import import_paths

SAMPLE_RUN = "sample"
SEED = 20260514
_NOTE = "sample.json"


def make_home(home: Path, *, customers: int, as_of: datetime, told: TextIO) -> bool:
    """Make a sample home in ``home`` unless one is there; True when it was made.

    The history ends at ``as_of``.  Nothing is left behind when it fails.  Raises InputError where another home is.
    """
    if (home / _NOTE).is_file():
        return False
    if (home / SETTINGS).exists():
        raise InputError("this home holds real settings; give the demo another one with --home", file=home)
    print(f"making a sample home of {customers:,} invented customers in {home}", file=told)
    fresh = not home.exists()
    home.mkdir(parents=True, exist_ok=True)
    try:
        (home / SETTINGS).write_text("\n".join(_settings()) + "\n", encoding="utf-8")
        with Enishi.open(home) as enishi, import_progress() as bar:
            for part in write(home / "sample", customers, as_of=as_of, seed=SEED):
                import_paths(enishi.engine, [part], mapping=None, dry_run=False, quarantine=home / "quarantine" / f"{part.name}.jsonl",
                             progress=bar, now=as_of)  # fmt: skip
    except BaseException:
        shutil.rmtree(home if fresh else home / "sample", ignore_errors=True)
        (home / SETTINGS).unlink(missing_ok=True)
        raise
    (home / _NOTE).write_text(
        json.dumps({"as_of": as_of.isoformat(), "customers": customers, "seed": SEED}) + "\n", encoding="utf-8"
    )
    return True


def sample_moment(home: Path) -> datetime:
    """The moment at which the sample's history ends."""
    return datetime.fromisoformat(json.loads((home / _NOTE).read_text(encoding="utf-8"))["as_of"])


def _settings() -> Iterator[str]:
    """``enishi.toml`` of the three shops; JSON strings are TOML strings."""
    yield "# A sample home: every shop, person, address and number in it is invented."
    for shop, entry in senders().items():
        yield f"\n[shops.{shop}]"
        links: dict[str, Any] = {}
        for key, value in entry["sender"].items():
            if isinstance(value, dict):
                links = value
            else:
                yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
        yield f"\n[shops.{shop}.links]"
        yield from (f"{action} = {json.dumps(url, ensure_ascii=False)}" for action, url in links.items())
