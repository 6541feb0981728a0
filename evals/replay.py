"""Deciding a case again, offline: the same record at the same moment, drafted by the case's own drafter, judged by every guard."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import orjson

from agent.circumstances import Circumstances
from agent.drafting import MODEL, Draft
from agent.enishi import Enishi, Frozen, Recommendation, draft_json
from agent.judging import judge_draft
from agent.review.wording import reworded
from agent.settings import Drafting
from evals.case import CASSETTE, PARTS, RECORD, TEMPLATE, Case, Edit
from evals.cassette import HOST, Unmeasured, playing, recording
from prompts.asking import Asking
from prompts.bundle import Gathering
from retrieval.errors import InputError, nearest

Drafter = Callable[[Enishi, Case, Frozen], Recommendation]
"""Decides a case and has its message written and judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came out of a case, as canonical JSON values.

    ``decision`` is the stored record with its features named; ``chosen`` as other programs read it; ``excluded`` maps action →
    channel (or ``*``) → rule; ``draft`` is None where nothing was written.
    """

    decision_id: str
    decision: Mapping[str, Any]
    chosen: Mapping[str, Any]
    excluded: Mapping[str, Mapping[str, str]]
    draft: Mapping[str, Any] | None

    @property
    def text(self) -> str:
        """Everything the reader of the draft would see, head first; empty without a draft."""
        return "\n".join(self.draft[part] for part in PARTS if self.draft[part]) if self.draft else ""

    @property
    def leaves(self) -> bool:
        """Whether there is a draft that somebody could be sent: what the guards block reaches nobody."""
        return self.draft is not None and self.draft["verdict"] != "block"

    def json(self) -> dict[str, Any]:
        """As it is written to a file."""
        return {
            "decision_id": self.decision_id, "decision": self.decision, "chosen": self.chosen, "excluded": self.excluded,
            "draft": self.draft,
        }  # fmt: skip

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Outcome:
        """As it was written to a file."""
        return cls(**{name: content[name] for name in cls.__dataclass_fields__})


def by_template(enishi: Enishi, case: Case, frozen: Frozen) -> Recommendation:
    """The template drafter."""
    return enishi.decide_record(orjson.dumps(case.record), file=case.folder / RECORD, drafting=True, frozen=frozen)


def by_model(enishi: Enishi, case: Case, frozen: Frozen) -> Recommendation:
    """The model drafter with the settings that the case keeps; the address and the key are the home's."""
    from vcr.errors import CannotOverwriteExistingCassetteException

    from agent.drafting.copywriter import Copywriter
    from agent.drafting.limits import budget_of
    from agent.drafting.model import ModelDrafter, directly, judged_on_specimens
    from agent.drafting.provider import connection

    own = {**enishi.home.settings.drafting.model_dump(), **case.file.drafting}
    if not own["base_url"] and own["key_variable"] not in os.environ:
        # What answers is the cassette, which knows no host and asks for no key.
        own["base_url"] = f"{HOST}/v1"
    settings, clock = Drafting.model_validate(own), case.file.clock
    asks = Copywriter(
        settings, connection(settings), Asking(enishi.world.templates), judged_on_specimens(enishi.world, clock.date()), budget_of(settings),
        lets_through=(CannotOverwriteExistingCassetteException,),
    )  # fmt: skip
    writes = ModelDrafter(directly(asks, enishi.world), ask=case.file.ask)
    return enishi.decide_record(
        orjson.dumps(case.record), file=case.folder / RECORD, drafting=True, frozen=frozen, drafter=writes
    )


DRAFTERS: Mapping[str, Drafter] = MappingProxyType({TEMPLATE: by_template, MODEL: by_model})
"""Name in ``case.yaml`` → drafter.  Every one but the templates is played from the case's cassette."""


def replay(case: Case, enishi: Enishi, drafters: Mapping[str, Drafter] = DRAFTERS, *, record: bool = False) -> Outcome:
    """What comes out of a case under the policies and templates of ``enishi``; ``record`` keeps a new cassette.

    Raises InputError when the case asks for something unknown, Unmeasured when its drafter can't be played.
    """
    file = case.file
    if file.drafter not in drafters:
        raise InputError(
            f"unknown drafter '{file.drafter}'{nearest(file.drafter, drafters)}", file=case.folder, key="drafter"
        )
    _check_names(case, enishi)
    frozen = Frozen(
        policy_version=file.policy_version, run=file.run, asked=file.asked.model_dump(exclude_none=True), seed=file.seed
    )
    with _played(case, record):
        found = drafters[file.drafter](enishi, case, frozen)
    draft = found.work.drafts[0] if found.work.drafts else None
    if draft is not None:
        draft = _changed(draft, found, case)
    elif file.edit or file.meanwhile:
        raise InputError(
            f"there is no draft to change: the decision is {found.decision.action.id}", file=case.folder / "case.yaml",
            key="edit" if file.edit else "meanwhile",
        )  # fmt: skip
    made = orjson.loads(found.decision.record)
    named = found.decision.vocabulary.named(made) if found.decision.vocabulary else made
    return Outcome(
        decision_id=found.decision.id, decision={key: value for key, value in named.items() if key != "vocabulary"},
        chosen=found.answer["chosen"], excluded=_excluded(found.answer["excluded"]),
        draft=_told(draft) if draft else None,
    )  # fmt: skip


def _played(case: Case, record: bool) -> AbstractContextManager[None]:
    """The cassette of a drafter that calls a model."""
    if case.file.drafter == TEMPLATE:
        return nullcontext()
    path = case.folder / CASSETTE
    if record:
        return recording(path, case.language)
    if not path.is_file():
        raise Unmeasured(
            f"{path}: there is no cassette, and the drafter '{case.file.drafter}' calls a model; 'enishi eval run --record' makes one"
        )
    return playing(path)


def _check_names(case: Case, enishi: Enishi) -> None:
    """Actions that a case speaks of are in the catalogue: a misspelt ``not_action`` would hold for ever."""
    expect, known = case.file.expect, enishi.world.catalogue.by_id
    for key, names in (("action", expect.action), ("not_action", expect.not_action), ("excluded", expect.excluded)):
        for name in names:
            action = name.partition("/")[0]
            if action not in known:
                raise InputError(
                    f"unknown action '{action}'{nearest(action, known)}", file=case.folder / "case.yaml", key=f"expect.{key}"
                )  # fmt: skip


def _changed(draft: Draft, found: Recommendation, case: Case) -> Draft:
    """The draft as a person edited it, for the customer as they are when it is judged."""
    edit, meanwhile = case.file.edit, case.file.meanwhile
    if not edit and not meanwhile:
        return draft
    if edit:
        draft = _edited(draft, found, edit, case)
    if meanwhile:
        known = draft.decision.row
        for name in meanwhile:
            if name not in known:
                raise InputError(
                    f"unknown feature{nearest(name, known)}", file=case.folder / "case.yaml", key=f"meanwhile.{name}"
                )
        draft = replace(draft, decision=draft.decision.seeing(**meanwhile))
    return judge_draft(draft, found.world)


def _edited(draft: Draft, found: Recommendation, edit: Edit, case: Case) -> Draft:
    words: dict[str, str | None] = {}
    for part in PARTS:
        text = getattr(edit, part)
        words[part] = getattr(draft.copy, part) if text is None else text
    for before, after in edit.replace.items():
        if not any(before in (text or "") for text in words.values()):
            raise InputError(
                "this phrase does not stand in the draft, so it can't be replaced", file=case.folder / "case.yaml",
                key=f"edit.replace.{before}",
            )  # fmt: skip
        words = {part: text and text.replace(before, after) for part, text in words.items()}
    if edit.add is not None:
        words["body"] = f"{words['body']}\n{edit.add}"
    gathering = Gathering(found.frames, found.work.features, found.world.senders)
    decision, intent = draft.decision, draft.intent
    made = reworded(
        decision, intent, words, gathering.bundle(intent), draft.said, gathering.today(intent.i), found.world.policy_version,
        drafter=draft.drafter,
    )  # fmt: skip
    return replace(made, about=Circumstances(found.frames, found.world.senders).of(decision))


def _excluded(rows: Any) -> dict[str, dict[str, str]]:
    """Action → channel → the rule that excludes it; a rule about all channels stands under ``*``."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["action"], {})[row["channel"] or "*"] = row["rule"]
    return {action: dict(sorted(channels.items())) for action, channels in sorted(found.items())}


def _told(draft: Draft) -> dict[str, Any]:
    """The draft as other programs read it, with the slot of each fact."""
    told = draft_json(draft)
    told["facts"] = draft.facts
    return told
