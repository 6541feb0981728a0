"""A copy is written once and filled for everybody: it comes out as if the template had run for each customer alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.catalogue import load_catalogue
from prompts.bundle import ALWAYS
from prompts.facts import SLOTS, WORD, Fact, print_fact
from prompts.render import VARIANTS, Choice, Copy, Templates, Unfilled, weighed
from retrieval.customer import LANGUAGES
from retrieval.errors import InputError
from tests.prompts.specimen import TODAY, facts

CATALOGUE = load_catalogue()
CELLS = [
    (action, channel, language)
    for action in CATALOGUE.actions
    for channel in action.channels
    for language in LANGUAGES
]  # fmt: skip
SHARED = Templates()
LITERAL = "100% {{ brand }} %s {% if x %} \x02brand\x03"


@dataclass(frozen=True)
class Printed:
    """A slot that prints itself, with no shape behind it."""

    text: str

    def __str__(self) -> str:
        return self.text


def alone(action: str, channel: str, language: str, bundle: dict[str, Fact], seed: int) -> list[str]:
    """The template run for this customer only: its parts."""
    context: dict[str, Any] = {name: Unfilled(name) for name in SLOTS}
    context |= {slot: Printed(print_fact(fact, language, channel, TODAY)) for slot, fact in bundle.items()}
    context |= {"layout": f"{language}/channels/{channel}.j2", "choice": Choice(seed % VARIANTS), "month": TODAY.month,
                "formal": False, "business": False}  # fmt: skip
    text = SHARED.template(action, language).render(context)
    return [re.sub(r"\n{3,}", "\n\n", part).strip() for part in text.split("\x1e")]


def parts(copy: Copy) -> list[str]:
    return [text for text in (copy.subject, copy.title) if text is not None] + [copy.body]


@settings(max_examples=400, deadline=None)
@given(
    cell=st.sampled_from(CELLS), seed=st.integers(0, 2**32 - 1), left_out=st.sets(st.sampled_from(sorted(SLOTS)), max_size=6),
    words=st.dictionaries(st.sampled_from([slot for slot, (kind, _) in SLOTS.items() if kind == WORD]),
                          st.text("豆珈琲aZ %{}", min_size=1, max_size=24).map(str.strip).filter(bool), max_size=6),
)  # fmt: skip
def test_filling_a_shape_is_running_the_template(cell: Any, seed: int, left_out: set[str], words: dict[str, str]) -> None:
    action, channel, language = cell
    wanted = [slot for slot in ALWAYS + action.required + action.optional if slot not in left_out]
    bundle = {slot: fact._replace(value=words.get(slot, fact.value)) for slot, fact in facts(language, wanted).items()}
    copy = SHARED.render(action.id, channel, language, bundle, today=TODAY, seed=seed)
    assert parts(copy) == alone(action.id, channel, language, bundle, seed)
    assert all(text in "\n".join(parts(copy)) for text in copy.facts.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_is_printed_as_it_is(language: str) -> None:
    bundle = facts(language, (*ALWAYS, "product", "last_bought"))
    bundle["product"] = bundle["product"]._replace(value=LITERAL)
    copy = SHARED.render("replenish_reminder", "email", language, bundle, today=TODAY, seed=3)
    assert LITERAL in copy.body
    assert copy.facts[bundle["product"].id] == LITERAL


def test_two_customers_with_the_same_facts_at_hand_share_the_copy() -> None:
    fresh = Templates()
    bundle = facts("ja", (*ALWAYS, "product", "last_bought"))
    for name in ("佐藤 美咲", "鈴木 一郎"):
        other = {**bundle, "addressee": bundle["addressee"]._replace(value=name)}
        fresh.render("replenish_reminder", "email", "ja", other, today=TODAY, seed=5)
    assert len(fresh._shapes) == 1
    fresh.render("replenish_reminder", "email", "ja", bundle, today=TODAY, seed=6)
    assert len(fresh._shapes) == 2


def test_no_shipped_template_weighs_a_slot() -> None:
    for name, content in SHARED.files.items():
        found = list(weighed(SHARED.environment.parse(content.decode())))
        assert found == [], name


@pytest.mark.parametrize(
    ("words", "slot"),
    [("{{ product|upper }}", "product"), ("{% if points > 3 %}x{% endif %}", "points"), ("{{ brand[0] }}", "brand"),
     ("{% if 'x' in product %}x{% endif %}", "product")],
)  # fmt: skip
def test_a_template_of_the_home_that_weighs_a_slot_is_refused(words: str, slot: str, tmp_path: Path) -> None:
    folder = tmp_path / "ja" / "actions"
    folder.mkdir(parents=True)
    (folder / "winback.j2").write_text("{% extends layout %}\n{% block reason %}\n" + words + "\n{% endblock %}\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        Templates(tmp_path).check([])
    assert f"'{slot}.text'" in str(refused.value)
    assert "winback.j2" in str(refused.value)
    assert "3" in str(refused.value)
