"""What a model may answer: words without values, facts by id, placeholders exactly as they are."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.identifiers.placeholders import restore
from prompts.facts import IDS, print_fact
from prompts.render import Templates
from prompts.segments import (
    FactSegment,
    Malformed,
    TextSegment,
    Wording,
    faults,
    placeholders,
    read,
    schema_of,
    wording_of,
)
from tests.prompts.specimen import TODAY, facts

TEMPLATES = Templates()
PRODUCT = IDS["product"]


def rules(*segments: Any, channel: str = "email", language: str = "ja", required: tuple[str, ...] = ()) -> list[str]:
    parts = {"body": [TextSegment(text=one) if isinstance(one, str) else one for one in segments]}
    found = faults(parts, 1, channel=channel, language=language, required=required, optional=("product", "link"))
    return [fault.rule for fault in found]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("三日で５０名様", "segments.digit"), ("①お得", "segments.digit"), ("٣ days", "segments.digit"), ("Ⅳ", "segments.digit"), ("½ price", "segments.digit"),
        ("数％お得", "segments.price"), ("千円分", "segments.price"), ("数万円の品", "segments.price"), ("三割お得", "segments.price"), ("半額で", "segments.price"), ("送料無料", "segments.price"),
        ("for free", "segments.price"), ("ten dollars", "segments.price"), ("$ off", "segments.price"), ("割引です", "segments.price"),
        ("https://example.jp", "segments.link"), ("www.example", "segments.link"), ("example.com", "segments.link"), ("a@b", "segments.link"),
        ("コードは SPRINGSALE", "segments.code"), ("ＡＢＣＤ", "segments.code"), ("AB-CD", "segments.code"),
        ("{{customer_name}}様", "placeholders.undeclared"), ("{{name}}", "placeholders.residue"), ("｛｛store_name｝｝", "placeholders.residue"),
        ("[CUSTOMER_NAME]", "placeholders.residue"), ("CUSTOMER_NAME", "placeholders.residue"), ("⟦F15", "placeholders.residue"), ("⟦F99⟧", "placeholders.undeclared"),
    ],
)  # fmt: skip
def test_values_and_bent_placeholders_are_found(text: str, rule: str) -> None:
    assert rule in rules(text)


@pytest.mark.parametrize(
    "text",
    ["一度お試しください。", "円滑にお届けします。", "LINE でお知らせください。", "役割をお伝えします。", "{{store_name}}の{{staff_name}}です。", "二人で選びました。", "It's on your doorstep.",
     "Reply STOP to opt out", "お一人おひとりに"],
)  # fmt: skip
def test_ordinary_words_are_not(text: str) -> None:
    assert rules(text) == []


def test_facts_are_known_and_required_ones_are_there() -> None:
    fact = FactSegment(fact=PRODUCT)
    assert rules("これは", fact, required=("product",)) == []
    assert rules(f"これは⟦{PRODUCT}⟧です", required=("product",)) == []
    assert rules("これは", required=("product",)) == ["segments.required"]
    assert rules(FactSegment(fact="F99")) == ["segments.fact"]
    assert rules(FactSegment(fact=IDS["points"])) == ["segments.fact"]
    delivered = {"body": [FactSegment(fact=IDS["last_delivered"])]}
    assert list(faults(delivered, 1, channel="email", language="ja", required=("last_bought",), optional=("last_delivered",))) == []
    assert rules("長い" * 4000) == ["segments.long"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [("", "empty"), ("  \n", "empty"), ("{", "malformed"), ("かしこまりました", "malformed"), ("[]", "wrong_schema"), ('{"message": "x"}', "wrong_schema"),
     ('{"phrasings": []}', "wrong_schema"), ('{"phrasings": [{"body": []}]}', "wrong_schema"), ('{"phrasings": [{"body": [{"text": "x", "fact": "F1"}]}]}', "wrong_schema"),
     ('{"phrasings": [{"body": [{"text": 5}]}]}', "wrong_schema"), ('{"phrasings": [{"subject": [], "body": [{"text": "x"}]}]}', "wrong_schema"),
     ('{"phrasings": [{"body": [{"text": " "}]}]}', "empty"), ('{"phrasings": [{"body": [{"text": "x"}], "to": "all"}]}', "wrong_schema")],
)  # fmt: skip
def test_another_answer_is_named(content: str, kind: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(content, "line")
    assert refused.value.kind == kind
    assert len(str(refused.value)) < 300


def test_an_email_has_a_subject() -> None:
    good = json.dumps({"phrasings": [{"subject": [{"text": "件名"}], "body": [{"text": "本文"}]}]})
    assert wording_of(read(good, "email")[0], seasonal=True) == Wording("件名", "本文")
    with pytest.raises(Malformed):
        read(good, "push")


def test_the_schema_is_strict_and_the_same_for_a_channel() -> None:
    def closed(schema: Any) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False and set(schema["required"]) == set(schema["properties"])
            for inner in schema.values():
                closed(inner)
        elif isinstance(schema, list):
            for inner in schema:
                closed(inner)

    for channel in ("email", "push", "line"):
        closed(schema_of(channel))
        assert schema_of(channel) == schema_of(channel)


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(st.sampled_from(["product", "price", "link", "reply_by"]) | st.text("豆と珈琲 %s{}aZ\n、。", max_size=12), min_size=1, max_size=10),
    language=st.sampled_from(["ja", "en"]), channel=st.sampled_from(["email", "line", "post"]),
)  # fmt: skip
def test_a_wording_filled_is_its_segments_with_the_facts_printed(pieces: list[str], language: str, channel: str) -> None:
    bundle = facts(language, ("addressee", "surname", "brand", "signer", "legal_name", "postal_address", "contact", "product", "price", "link", "reply_by"))
    bundle = {slot: fact._replace(id=IDS[slot]) for slot, fact in bundle.items()}
    segments = [FactSegment(fact=IDS[one]) if one in bundle else TextSegment(text=one) for one in pieces]
    wording = wording_of({"body": segments}, seasonal=False)
    shape = TEMPLATES.lay_out(wording, channel, language, bundle, today=TODAY)
    texts = {slot: print_fact(bundle[slot], language, channel, TODAY) for slot in shape.slots}
    expected = "".join(texts[one] if one in bundle else one for one in pieces)
    filled = shape.fill(bundle, texts)
    assert " ".join(expected.split()) in " ".join(filled.body.split())
    names = placeholders(shape.slots, bundle)
    assert len(set(names.values())) == len(names)
    open_, values = shape.fill(bundle, names), {names[slot]: text for slot, text in texts.items()}
    restored = restore(open_.body, values, declared=tuple(values))
    assert restored.text == filled.body or restored.faults


def test_a_postcard_greets_the_season_only_where_that_is_right() -> None:
    bundle = facts("ja", ("addressee", "surname", "brand", "signer", "role", "postal_address", "contact"))
    bundle = {slot: fact._replace(id=IDS[slot]) for slot, fact in bundle.items()}
    for seasonal in (True, False):
        shape = TEMPLATES.lay_out(Wording("", "お知らせです。", seasonal), "post", "ja", bundle, today=date(2026, 5, 14))
        assert ("新緑" in shape.body.fill({slot: slot for slot in shape.slots})) is seasonal
