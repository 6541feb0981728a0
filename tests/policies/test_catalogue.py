"""Loading the catalogue: what is shipped, what a home may change, and one sentence for every mistake."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from policies.catalogue import TIERS, load_catalogue
from policies.channels import channel_named, display_width, measure, sms_encoding, sms_segments, utf16_units
from policies.holidays import is_holiday
from policies.reference import page
from retrieval.customer import CHANNELS
from retrieval.errors import InputError

ACTION = """id: spring_note
name: {ja: 春のお便り, en: Spring note}
why: {ja: 春になりました, en: Spring has come}
order: 205
tier: commercial
group: content
purpose: marketing
gates: [G1, G2]
applicable: "orders_n >= 1"
channels: [email]
propensity: 0.05
value: "0.1 * order_value"
lasts_days: 7
"""


def home(tmp_path: Path, text: str, name: str = "spring_note") -> Path:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_twenty_eight_actions_for_customers_and_three_for_ourselves() -> None:
    shipped = load_catalogue()
    assert sum(not action.internal for action in shipped.actions) == 28
    assert {action.id for action in shipped.actions if action.internal} == {
        "no_action",
        "escalate_to_human",
        "merge_review",
    }
    assert [action.order for action in shipped.actions] == sorted({action.order for action in shipped.actions})
    assert set(shipped.channels) == set(CHANNELS)


def test_the_fixed_tiers_come_before_the_commercial_one() -> None:
    tiers = [TIERS.index(action.tier) for action in load_catalogue().actions if not action.internal]
    assert tiers == sorted(tiers)


def test_a_home_adds_an_action_and_the_policy_version_changes(tmp_path: Path) -> None:
    shipped, own = load_catalogue(), load_catalogue(home(tmp_path, ACTION))
    assert own.action("spring_note").channels == ("email",)
    assert len(own.actions) == len(shipped.actions) + 1
    assert own.version != shipped.version == load_catalogue().version


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("orders_n >= 1", "order_n >= 1"),
            "spring_note.yaml:9: applicable: column 1: unknown feature 'order_n' — did you mean 'orders_n'?",
        ),
        (("orders_n >= 1", "orders_n >= '1'"), "spring_note.yaml:9: applicable: "),
        (("orders_n >= 1", "s_stock > 0"), "spring_note.yaml:1: binds: uses sku features but does not bind one"),
        (("orders_n >= 1", "ch == 'fax'"), "'fax'"),
        (("[G1, G2]", "[G1, G22]"), "spring_note.yaml:8: gates.1: unknown gate 'G22' — did you mean 'G2'?"),
        (
            ("channels: [email]", "channels: [emial]"),
            "spring_note.yaml:10: channels.0: unknown channel 'emial' — did you mean 'email'?",
        ),
        (
            ("propensity: 0.05", "propensity: 1.5"),
            "spring_note.yaml:11: propensity: Input should be less than or equal to 1",
        ),
        (
            ("purpose: marketing", "purpos: marketing"),
            "spring_note.yaml:7: purpos: unknown key — did you mean 'purpose'?",
        ),
        (("lasts_days: 7\n", ""), "spring_note.yaml:1: lasts_days: is missing"),
        (("order: 205", "order: 210"), "order: 'preference_check' and 'spring_note' both have order 210"),
        (("order: 205", "order: 205\norder: 206"), "spring_note.yaml:5: order: stands twice"),
        (
            ("{ja: 春のお便り, en: Spring note}", "{ja: 春のお便り}"),
            "spring_note.yaml:2: name: must be said in ja and en",
        ),
        (
            ("id: spring_note", "id: autumn_note"),
            "spring_note.yaml:1: id: the file is named spring_note, so the id must be 'spring_note'",
        ),
        (("id: spring_note", "id: [spring"), "spring_note.yaml:2: is not valid YAML: "),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        load_catalogue(home(tmp_path, ACTION.replace(*change)))
    assert sentence in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_clause_may_not_mix_the_channel_with_a_product(tmp_path: Path) -> None:
    text = ACTION.replace("purpose: marketing", 'purpose: marketing\nbinds: sku\nprefer: "s_orders"').replace(
        "orders_n >= 1", "ok_ch or s_stock > 0"
    )
    with pytest.raises(InputError, match="mixes the channel with a product or offer"):
        load_catalogue(home(tmp_path, text))


def test_a_lever_is_bounded_and_names_what_it_moves(tmp_path: Path) -> None:
    levers = tmp_path / "levers.yaml"
    levers.write_text(
        "levers:\n  - {group: offer, weight: -2, owner: mori, reason: short, expires: 2026-06-30}\n", encoding="utf-8"
    )
    with pytest.raises(
        InputError, match=r"levers.yaml:2: levers.0.weight: Input should be greater than or equal to -1"
    ):
        load_catalogue(tmp_path)
    levers.write_text(
        "levers:\n  - {action: winbak, weight: 1, owner: mori, reason: x, expires: 2026-06-30}\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="unknown action 'winbak' — did you mean 'winback'"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("`", 1),
        ("`" + "a" * 70, 2),
        ("あ" * 70, 1),
        ("あ" * 71, 2),
        ("あ" * 135, 3),
        ("👟" * 35, 1),
        ("👟" * 36, 2),
    ],
)
def test_sms_segments(text: str, segments: int) -> None:
    assert sms_segments(text) == segments


def test_counting_units() -> None:
    assert utf16_units("👟靴a") == 4
    assert display_width("靴a、ﾃ") == 2 + 1 + 2 + 1


def test_an_escaped_letter_is_not_cut_in_two() -> None:
    assert sms_segments("a" * 152 + "€" + "a" * 152) == 3
    assert sms_segments("あ" * 66 + "👟" + "あ" * 66) == 3
    assert sms_encoding("€5 off") == "GSM-7"
    assert sms_encoding("it’s back") == "UCS-2"


def test_every_unit_is_measured() -> None:
    assert measure("か\u3099き", "characters", "ja") == 2
    assert measure("靴", "bytes", "ja") == 3
    assert measure("本文", "payload", "ja", "題") == len('{"aps":{"alert":{"title":"題","body":"本文"}}}'.encode())
    assert measure("あ" * 24 + "\nい\n", "lines", "ja") == 4
    assert measure("あ" * 300, "seconds", "ja") == measure("word " * 150, "seconds", "en") == 60


def test_names_of_the_policy_facts_are_our_channels() -> None:
    assert (channel_named("postcard"), channel_named("social_dm"), channel_named("sms")) == ("post", "line", "sms")
    with pytest.raises(InputError, match="did you mean 'email'"):
        channel_named("emial")


def test_the_page_of_limits_is_as_generated() -> None:
    written = Path(__file__).parents[2] / "docs" / "channels.md"
    assert written.read_text(encoding="utf-8") == page(), "run: python -m policies.reference > docs/channels.md"


def test_every_limit_has_a_source_and_an_id_of_its_own() -> None:
    for rules in load_catalogue().channels.values():
        ids = [limit.id for limit in rules.limits]
        assert ids and len(ids) == len(set(ids))
        assert all(limit.source and limit.why and set(limit.what) == {"ja", "en"} for limit in rules.limits)


def test_the_holidays_of_a_year() -> None:
    days = [day for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365)) if is_holiday("JP", day)]
    assert [day.strftime("%m-%d") for day in days] == (
        "01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 11-03 11-23"
    ).split()
