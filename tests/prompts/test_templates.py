"""Every action × channel × language: it is there, it is filled, it passes the text guards, and it reads as recorded."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from jinja2 import meta

from policies.catalogue import Action, Catalogue, load_catalogue
from policies.guardrails import GUARDS
from policies.guardrails.guard import BLOCK, Message
from prompts.bundle import ALWAYS, Gathering
from prompts.facts import SLOTS, claim_of, print_fact
from prompts.render import Copy, Templates
from retrieval.customer import LANGUAGES
from tests.prompts.specimen import SPECIMEN, TODAY, facts

GOLDEN = Path(__file__).parent / "golden"
TEXT_GUARDS = ("claims", "copy", "identifiers", "sensitive")


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@cache
def templates() -> Templates:
    return Templates()


def cells() -> list[tuple[str, str, str]]:
    return [
        (action.id, channel, language)
        for action in catalogue().actions
        for channel in action.channels
        for language in LANGUAGES
    ]


def written(action: Action, channel: str, language: str, *, slots: tuple[str, ...], seed: int) -> tuple[Copy, Message]:
    bundle = facts(language, slots)
    copy = templates().render(action.id, channel, language, bundle, today=TODAY, seed=seed)
    message = Message(
        channel=channel, language=language, purpose=action.purpose, subject=copy.subject, title=copy.title, body=copy.body, action=action,
        addressee=print_fact(bundle["addressee"], language, channel, TODAY), surname=print_fact(bundle["surname"], language, channel, TODAY),
        grounded=frozenset(copy.facts.values()), facts=tuple(claim_of(fact, language) for fact in bundle.values() if fact.id in copy.facts),
    )  # fmt: skip
    return copy, message


def blocks(message: Message) -> list[str]:
    return [
        f"{finding.rule} {finding.en}"
        for guard in TEXT_GUARDS
        for finding in GUARDS[guard](message, catalogue())
        if finding.severity == BLOCK
    ]


@pytest.mark.parametrize(("action", "channel", "language"), cells())
def test_reads_and_passes_with_every_fact_and_with_the_required_ones_only(
    action: str, channel: str, language: str
) -> None:
    chosen = catalogue().by_id[action]
    always = tuple(slot for slot in ALWAYS if slot not in ("company", "department", "title"))
    required = tuple(slot for slot in always if slot not in ("role", "optout")) + chosen.required
    for seed in range(12):
        for slots in (always + chosen.required + chosen.optional, required):
            _, message = written(chosen, channel, language, slots=slots, seed=seed)
            assert blocks(message) == [], message.whole


@pytest.mark.parametrize(("action", "channel", "language"), cells())
def test_a_batch_does_not_read_the_same(action: str, channel: str, language: str) -> None:
    chosen = catalogue().by_id[action]
    slots = ALWAYS + chosen.required + chosen.optional
    bodies = {written(chosen, channel, language, slots=slots, seed=seed)[0].body for seed in range(40)}
    assert len(bodies) >= 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("action", [action.id for action in load_catalogue().actions if not action.internal])
def test_the_words_are_as_recorded(action: str, language: str) -> None:
    """ENISHI_BLESS=1 records them anew; the difference is then reviewed like code."""
    chosen = catalogue().by_id[action]
    slots = ALWAYS + chosen.required + chosen.optional
    pages = []
    for channel in chosen.channels:
        copy, _ = written(chosen, channel, language, slots=slots, seed=1)
        head = copy.subject or copy.title
        pages.append(f"=== {channel}\n" + (f"[{head}]\n" if head else "") + copy.body + "\n")
    found, path = "\n".join(pages), GOLDEN / language / f"{action}.txt"
    if os.environ.get("ENISHI_BLESS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found


def test_templates_use_only_the_slots_their_action_names() -> None:
    environment = templates().environment
    for action in catalogue().actions:
        allowed = {*ALWAYS, *action.required, *action.optional}
        for language in LANGUAGES if not action.internal else ():
            source = (Path(templates().folders[-1]) / language / "actions" / f"{action.id}.j2").read_text(
                encoding="utf-8"
            )
            used = meta.find_undeclared_variables(environment.parse(source)) & set(SLOTS)
            assert used <= allowed, (
                f"{language}/{action.id}: {sorted(used - allowed)} is in no facts list of the action"
            )


def test_every_slot_can_be_filled_and_printed() -> None:
    assert {slot for slot in SLOTS if not hasattr(Gathering, f"_{slot}")} == set()
    assert {slot for slot in SLOTS if slot not in SPECIMEN["ja"]} == {"company", "department", "title"}


def test_no_template_without_an_action() -> None:
    wanted = {action.id for action in catalogue().actions if not action.internal}
    for language in LANGUAGES:
        assert {path.stem for path in (templates().folders[-1] / language / "actions").glob("*.j2")} == wanted
