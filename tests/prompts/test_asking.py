"""Prompts as recorded, the same beginning for every message of a channel, and nothing in them that is anybody's."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.catalogue import load_catalogue
from policies.identifiers.scan import scan
from prompts.asking import VOCABULARY, Asking, Brief, brief_of
from prompts.bundle import ALWAYS
from prompts.facts import IDS, SLOTS, print_fact
from prompts.render import Templates
from prompts.segments import HEADS, Fault, slots_of
from retrieval.customer import CHANNELS, LANGUAGES
from retrieval.errors import InputError
from tests.prompts.specimen import TODAY, facts

GOLDEN = Path(__file__).parent / "golden" / "model"
CATALOGUE = load_catalogue()
ASKING = Asking(Templates())
CELLS = [(action, channel, language) for action, language in product(CATALOGUE.actions, LANGUAGES) for channel in action.channels]
REPAIRED = [
    Fault("segments.digit", 1, "body", 2, "先着50名", "text に数字を書かず、事実の番号で示します", "text holds no digit; point to a fact"),
    Fault("C05", 1, "subject", 0, "", "急かす表現です", "this presses the reader"),
]


def brief(action: Any, channel: str, language: str, **changed: Any) -> Brief:
    slots = (*ALWAYS, *action.required, *action.optional)
    return replace(
        brief_of(action, channel, language, slots, formal=False, business=False, voice="default", care=False, phrasings=2), **changed
    )


def one_of(channel: str, language: str, **changed: Any) -> Brief:
    action = next(action for action in CATALOGUE.actions if channel in action.channels)
    return brief(action, channel, language, **changed)


@pytest.mark.parametrize(("channel", "language"), list(product(CHANNELS, LANGUAGES)))
def test_the_prompts_are_as_recorded(channel: str, language: str) -> None:
    """ENISHI_BLESS=1 records them anew; the difference is then reviewed like code."""
    asked = one_of(channel, language)
    prompt = ASKING.prompt(asked)
    wish = ASKING.prompt(replace(asked, ask="短く" if language == "ja" else "shorter", care=True, business=True, formal=True))
    pages = {"system": prompt.system, "user": prompt.user, "user with a wish": wish.user, "repair": ASKING.repair(asked, REPAIRED)}
    found = "\n".join(f"=== {name}\n{text}" for name, text in pages.items())
    path = GOLDEN / language / f"{channel}.txt"
    if os.environ.get("ENISHI_BLESS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found


@pytest.mark.parametrize(("channel", "language"), list(product(CHANNELS, LANGUAGES)))
def test_every_message_of_a_channel_begins_the_same(channel: str, language: str) -> None:
    prompts = [ASKING.prompt(brief(*cell)) for cell in CELLS if cell[1:] == (channel, language)]
    assert len({prompt.system for prompt in prompts}) == 1
    assert len({prompt.user for prompt in prompts}) == len(prompts)
    for prompt in prompts:
        assert len(prompt.system) / len(prompt.system + prompt.user) > 0.8


@pytest.mark.parametrize(("action", "channel", "language"), CELLS, ids=lambda one: getattr(one, "id", one))
def test_no_value_of_a_fact_is_in_a_prompt(action: Any, channel: str, language: str) -> None:
    prompt = ASKING.prompt(brief(action, channel, language))
    bundle = facts(language, (*ALWAYS, *action.required, *action.optional))
    said = f"{prompt.system}\n{prompt.user}"
    for slot, fact in bundle.items():
        text = print_fact(fact, language, channel, TODAY)
        # An example in the rules, a word of the catalogue and a fact may be the same everyday word.
        if slot not in ("occasion", "service_event", "points", "role", "offer", "price", "company") and len(text) > 3:
            assert text not in said, slot
    assert scan(prompt.user, language) == []
    for slot in (*brief(action, channel, language).required, *brief(action, channel, language).optional):
        assert f"{IDS[slot]} {slot}" in prompt.user


def test_every_fact_a_model_may_use_is_explained() -> None:
    offered = {slot for _, slot in VOCABULARY}
    for action in CATALOGUE.actions:
        assert set(action.required) | set(action.optional) <= offered
    assert {IDS[slot] for slot in offered} == {identifier for identifier, _ in VOCABULARY}
    assert offered.isdisjoint({"addressee", "surname", "company", "department", "title", "postal_address", "optout"})
    assert set(slots_of("line", "ja").values()) | {"addressee"} <= set(SLOTS)


def test_only_a_chat_speaks_to_the_customer_by_name() -> None:
    for channel, language in product(CHANNELS, LANGUAGES):
        user = ASKING.prompt(one_of(channel, language)).user
        assert ("{{customer_name}}" in user) == (channel == "line")


@given(st.data())
def test_a_brief_is_known_by_what_is_in_it(data: st.DataObject) -> None:
    first, second = (
        brief(*data.draw(st.sampled_from(CELLS)), ask=data.draw(st.sampled_from(["", "短く"])), care=data.draw(st.booleans())) for _ in range(2)
    )
    assert (first.key == second.key) == (first == second)
    told = json.loads(json.dumps(asdict(first)))
    assert Brief(**{**told, "required": tuple(told["required"]), "optional": tuple(told["optional"])}) == first


def test_a_home_has_its_own_voice_and_rules(tmp_path: Path) -> None:
    voices = tmp_path / "model" / "ja" / "voices"
    voices.mkdir(parents=True)
    (voices / "minato.j2").write_text("港町の電器店らしく、きびきびと。\n", encoding="utf-8")
    templates = Templates(tmp_path)
    templates.check([])
    own = Asking(templates)
    asked = one_of("email", "ja")
    assert "きびきび" in own.prompt(replace(asked, voice="minato")).system
    assert own.prompt(replace(asked, voice="unknown")).system == ASKING.prompt(asked).system
    assert own.version != ASKING.version


def test_a_broken_prompt_names_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "model" / "ja"
    folder.mkdir(parents=True)
    (folder / "user.j2").write_text("施策: {{ actoin }}\n", encoding="utf-8")
    own = Asking(Templates(tmp_path))
    for ask in (lambda: own.prompt(one_of("email", "ja")), lambda: own.check([])):
        with pytest.raises(InputError, match=r"model/ja/user.j2.*actoin"):
            ask()


def test_a_voice_that_nobody_wrote_is_told() -> None:
    ASKING.check(["default"])
    with pytest.raises(InputError, match="no voice 'defualt' — did you mean 'default'"):
        ASKING.check(["defualt"])


def test_every_channel_has_its_rules_in_every_language() -> None:
    root = Path(Templates().folders[-1]) / "model"
    for channel, language in product(CHANNELS, LANGUAGES):
        assert (root / language / "channels" / f"{channel}.j2").is_file()
    assert set(HEADS) <= set(CHANNELS)
