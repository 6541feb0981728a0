"""A case: one folder with a frozen customer record, the moment, what a drafter was given, and what must come out.

<suite>/<case>/case.yaml       written by a person: why this must hold, and what is expected
<suite>/<case>/record.json     the customer record, pseudonymous (CONTRACTS §2)
<suite>/<case>/cassette.yaml   the exchanges of a drafter that calls a model, where it does
<suite>/<case>/blessed.json    what came out when a person last looked and agreed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from agent.canonical import canonical, digest
from evals.cassette import check
from evals.invented import traces
from policies.guardrails import GUARDS
from policies.loading import Page
from retrieval.customer import CHANNELS, LANGUAGES, Channel, Language
from retrieval.errors import InputError, nearest
from retrieval.records import parse

CASE, RECORD, CASSETTE, BLESSED = "case.yaml", "record.json", "cassette.yaml", "blessed.json"
SHIPPED = Path(__file__).with_name("suites")
PARTS = ("subject", "title", "body")
TEMPLATE = "template"
"""The drafter that calls nobody."""
Verdict = Literal["pass", "flag", "block"]
Item = TypeVar("Item")


def _listed(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("has no offset; write for example 2026-05-14T10:30:00+09:00")
    return moment


Some = Annotated[tuple[Item, ...], BeforeValidator(_listed)]
"""One or several: a single word in the file is a list of one."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Section):
    """What a person did to the drafter's words before they were judged.

    ``subject``, ``title`` and ``body`` take the place of the drafter's; ``replace`` changes phrases, ``add`` is one more line.
    """

    subject: str | None = None
    title: str | None = None
    body: str | None = None
    replace: Mapping[str, str] = Field(default_factory=dict)
    add: str | None = None


class ExpectedDraft(_Section):
    """What the message must be.  ``findings`` are all of them, ``found`` some of them; ``cites`` are slots whose fact it must say.

    ``at_most`` and ``at_least`` measure the body in the unit of the channel's own limit.
    """

    none: bool = False
    language: Language | None = None
    verdict: Verdict | None = None
    findings: tuple[str, ...] | None = None
    found: Some[str] = ()
    cites: Some[str] = ()
    cites_not: Some[str] = ()
    says: Some[str] = ()
    never_says: Some[str] = ()
    unlike: str | None = None
    at_most: int | None = Field(default=None, ge=1)
    at_least: int | None = Field(default=None, ge=1)


class Expectation(_Section):
    """What must come out; what is not named is free.

    ``excluded`` maps an action, or ``action/channel``, to the rule that must exclude it.
    """

    action: Some[str] = ()
    not_action: Some[str] = ()
    channel: Some[Channel] = ()
    not_channel: Some[Channel] = ()
    sku: str | None = None
    offer: str | None = None
    send_not_before: Annotated[datetime, AfterValidator(_aware)] | None = None
    excluded: Mapping[str, str] = Field(default_factory=dict)
    draft: ExpectedDraft = ExpectedDraft()


class Origin(_Section):
    """Where a case comes from: written by a person, or recorded from a decision or a review."""

    kind: Literal["authored", "decision", "review"] = "authored"
    disposition: Literal["approved", "edited", "rejected"] | None = None
    reason: str | None = None
    decision: str | None = None


class Asked(_Section):
    """What a person narrowed the decision to."""

    action: str | None = None
    channel: Channel | None = None
    language: Language | None = None


class CaseFile(_Section):
    """``case.yaml``.

    ``clock`` is the moment of the decision.  ``policy_version`` names the policies it was first made under: the seed of every
    phrasing comes from it, so that an edited template shows as itself and not as another throw of the dice; ``seed`` is
    given where the record no longer has the customer's own id.  ``drafting`` are the settings of a drafter that calls a model, as
    under ``[drafting]`` in ``enishi.toml``, and ``ask`` a rep's wish about the words.  ``meanwhile`` are features that changed between deciding and
    judging.
    """

    schema_: Literal[1] = Field(alias="schema")
    why: str = Field(min_length=10)
    clock: Annotated[datetime, AfterValidator(_aware)]
    policy_version: str = Field(min_length=1)
    drafter: str = TEMPLATE
    drafting: Mapping[str, bool | int | float | str | None] = Field(default_factory=dict)
    ask: str = ""
    origin: Origin = Origin()
    tags: Some[str] = ()
    run: str = ""
    seed: int | None = None
    asked: Asked = Asked()
    edit: Edit | None = None
    meanwhile: Mapping[str, bool | int | float | str | None] = Field(default_factory=dict)
    expect: Expectation = Expectation()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case as it was read.  ``record`` is the customer record with the clock in it."""

    id: str
    folder: Path
    file: CaseFile
    record: Mapping[str, Any]
    blessed: Mapping[str, Any] | None = None
    cassette: Path | None = None
    neighbours: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """(type, value) of the people of the suite's other cases: nobody of them may turn up in this one."""

    @cached_property
    def digest(self) -> str:
        """Of everything a person wrote or recorded; two runs of cases with other digests can't be compared."""
        told = {
            "case": self.file.model_dump(mode="json", by_alias=True),
            "record": self.record,
            "cassette": self.cassette.read_text(encoding="utf-8") if self.cassette else None,
        }
        return digest(canonical(told), 16)

    @cached_property
    def language(self) -> str:
        """The language in which its customer is addressed."""
        return str(self.record["customer"].get("language") or "ja")

    @property
    def people(self) -> tuple[tuple[str, str], ...]:
        """(type, value) of who the record is about."""
        return people_of(self.record)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The cases of a folder, by id."""

    name: str
    folder: Path
    cases: tuple[Case, ...]


def find_suite(name: str | Path, *homes: Path) -> Path:
    """The folder of a suite: a path, a name under ``evals/`` of a home, or one that is shipped.

    Raises InputError naming the nearest one there is.
    """
    roots = [*(home / "evals" for home in homes), SHIPPED]
    for folder in (Path(name), *(root / name for root in roots)):
        if folder.is_dir():
            return folder
    known = [path.name for root in roots if root.is_dir() for path in root.iterdir() if path.is_dir()]
    raise InputError(f"there is no suite '{name}'{nearest(str(name), known)}", key="suite")


def load_suite(folder: Path, only: tuple[str, ...] = ()) -> Suite:
    """Every case of a folder, or the ones named.

    Raises InputError when there is none, when one is not known, and at the first file that is wrong.
    """
    places = {place.parent.relative_to(folder).as_posix(): place.parent for place in sorted(folder.rglob(CASE))}
    stray = next((path for path in sorted(folder.rglob(RECORD)) if not (path.parent / CASE).is_file()), None)
    if stray:
        raise InputError(f"has no {CASE} beside it", file=stray)
    if not places:
        raise InputError(f"holds no case; a case is a folder with {CASE} and {RECORD}", file=folder)
    for name in only:
        if name not in places:
            raise InputError(f"there is no case '{name}'{nearest(name, places)}", file=folder, key="case")
    cases = [load_case(place, name) for name, place in places.items() if not only or name in only]
    # Those of the cases left out too: what a case comes to does not depend on which others are run.
    everybody = dict.fromkeys(pair for place in places.values() for pair in people_of(_json(place / RECORD)))
    told = [replace(case, neighbours=tuple(pair for pair in everybody if pair not in case.people)) for case in cases]
    return Suite(name=folder.resolve().name, folder=folder, cases=tuple(told))


def people_of(record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(type, value) of who a record is about."""
    name = (record.get("customer") or {}).get("name")
    return (("PERSON", name),) if isinstance(name, str) and name else ()


def load_case(folder: Path, id: str | None = None) -> Case:
    """The case of a folder; raises InputError naming file, line and key of what is wrong."""
    page = Page(folder / CASE)
    file = page.read(CaseFile)
    record = _record(folder / RECORD, file.clock)
    language = str(record["customer"].get("language") or "ja")
    if language not in LANGUAGES:
        raise InputError(f"unknown language '{language}'", file=folder / RECORD, key="customer.language")
    _known(page, file)
    _refuse(page.content, language, page.path, page)
    _refuse(record, language, folder / RECORD)
    cassette = folder / CASSETTE
    if cassette.is_file() and file.drafter == TEMPLATE:
        raise InputError("is played by nobody: the drafter of this case is 'template'", file=cassette)
    if cassette.is_file():
        check(cassette, language)
    blessed = None
    if (folder / BLESSED).is_file():
        blessed = _json(folder / BLESSED)
        _refuse(blessed, language, folder / BLESSED)
    return Case(
        id=id or folder.name, folder=folder, file=file, record=record, blessed=blessed,
        cassette=cassette if cassette.is_file() else None,
    )  # fmt: skip


def _known(page: Page, file: CaseFile) -> None:
    """Words that only the catalogue knows are checked when the case is replayed; guards are known here."""
    for rule in file.expect.excluded:
        _, _, channel = rule.partition("/")
        if channel and channel not in CHANNELS:
            raise page.error(f"unknown channel '{channel}'{nearest(channel, CHANNELS)}", "expect", "excluded", rule)
    draft = file.expect.draft
    for rule in (*(draft.findings or ()), *draft.found):
        guard, _, said = rule.partition(".")
        if said and guard not in (*GUARDS, "message"):
            raise page.error(f"no guard '{guard}' speaks of '{rule}'{nearest(guard, GUARDS)}", "expect", "draft")


def _record(path: Path, clock: datetime) -> Mapping[str, Any]:
    content = _json(path)
    if not isinstance(content, dict):
        raise InputError("a record is one JSON object", file=path)
    if "now" in content and content["now"] != clock.isoformat():
        raise InputError(
            f"says {content['now']}, and the clock of {CASE} says {clock.isoformat()}; one moment is enough",
            file=path, key="now",
        )  # fmt: skip
    record = {**content, "now": clock.isoformat()}
    parse(record, file=path)
    return record


def _json(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error.msg}", file=path, line=error.lineno) from None


def _refuse(content: Any, language: str, path: Path, page: Page | None = None) -> None:
    """A case may be read by anybody, so nobody real may stand in it; what is found is not repeated."""
    found = next(traces(content, language), None)
    if found:
        line = page.line(*found.path) if page else None
        raise InputError(
            f"{found}; a case holds invented people and reserved addresses only (evals/invented.yaml)",
            file=path, line=line,
        )  # fmt: skip
