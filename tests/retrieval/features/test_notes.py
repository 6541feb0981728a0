from __future__ import annotations

import math

import pytest

from tests.retrieval.builders import a_customer, ago, features

TOPICS = {
    "celebration_greeting": ("birthday", "anniversary"),
    "winback": ("winback",),
    "cross_sell_accessory": ("accessory",),
}


def a_note(text, days=5.0, direction=None, kind="note"):
    return {"at": ago(days), "text": text, "direction": direction, "kind": kind}


def of(*notes, **rows):
    return features(interactions=list(notes), **rows)


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        ("お父様が先月ご逝去。しばらくご案内は控えてほしい。", "bereavement"),
        ("His mother passed away last month.", "bereavement"),
        ("来週から入院されるとのこと。", "illness"),
        ("台風で自宅が浸水し、避難中。", "disaster"),
        ("離婚されたとのこと。", "life_event"),
        ("コーヒー豆の好みを伺った。", None),
        ("不幸中の幸いで中身は無事。", None),
        ("The battery died after a week.", None),
        ("先週退院された。", None),
    ],
)
def test_hold_topics(text, hold):
    assert of(a_note(text))["hold_topic"] == hold


def test_a_hold_lasts_90_days_or_until_it_is_cleared():
    note = "ご逝去の連絡。"
    assert of(a_note(note, 89.9))["hold_topic"] == "bereavement"
    assert of(a_note(note, 90))["hold_topic"] is None
    assert of(a_note(note, 40), a_note("落ち着かれたので、ご案内再開。", 10))["hold_topic"] is None
    assert of(a_note("ご案内再開。", 40), a_note(note, 10))["hold_topic"] == "bereavement"


def test_our_own_words_are_no_tag():
    assert of(a_note("体調を崩しやすい季節です。入院された方へ", direction="out"))["hold_topic"] is None
    assert of(a_note("余っていませんか", direction="out"))["surplus_tag"] is False


def test_wishes_count_for_60_days():
    row = of(a_note("飲みきれずに余っている。隔月で休止したい。値上げも残念。", 59))
    assert (row["surplus_tag"], row["pause_tag"], row["price_up_tag"]) == (True, True, True)
    assert of(a_note("飲みきれずに余っている。", 60))["surplus_tag"] is False
    assert of()["surplus_tag"] is False


def test_tags_with_an_age_tell_it():
    row = of(
        a_note("メールが毎日届くのは多すぎる", 12.5), a_note("使い方がわからない", 3),
        a_note("上位モデルが気になる", 8),
        a_note("今回は結構です、とのこと", 4),
    )  # fmt: skip
    names = ("email_freq_tag_days", "howto_tag_days", "upgrade_asked_days", "declined_days")
    assert [row[name] for name in names] == [12, 3, 8, 4]
    assert [of()[name] for name in names] == [None] * 4


def test_a_survey_comment_is_a_note():
    assert (
        features(events=[{"at": ago(3), "type": "survey_answer", "comment": "使い方が分からない"}])["howto_tag_days"]
        == 3
    )


def test_the_churn_signal_fades_and_is_capped():
    assert of()["churn_signal"] == 0.0
    assert of(a_note("競合のA社に乗り換えを検討中。", 0.5))["churn_signal"] == 0.5
    assert of(a_note("競合のA社に乗り換えを検討中。", 60))["churn_signal"] == pytest.approx(0.5 / math.e, abs=1e-6)
    assert of(a_note("競合のA社に乗り換え。解約したい。送料が高い。", 0.5))["churn_signal"] == 1.0
    assert of(a_note("解約は考えていない。", 0.5))["churn_signal"] == 0.0


@pytest.mark.parametrize(
    ("text", "kind", "answered"),
    [
        ("送料が負担", "free_shipping", True),
        ("送料が負担", "percent", False),
        ("値上げが痛い", "percent", True),
        ("値上げが痛い", "free_shipping", False),
        ("競合のA社に乗り換えを検討中。理由は送料", "free_shipping", True),
        ("クレームあり", "percent", False),
        ("特になし", "percent", True),
    ],
)
def test_a_remedy_answers_the_heaviest_reason_to_leave(text, kind, answered):
    assert of(a_note(text), offers=[{"id": "F", "kind": kind}])["remedy_available"] is answered
    assert of(a_note(text))["remedy_available"] is False


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("5/16までに見積送付を約束", 55),
        ("5/12 電話。5月16日15時までにご連絡しますと約束", 52),
        ("Promised a call back tomorrow", 7),
        ("明後日までに回答を約束", 31),
        ("金曜までにお送りします", 31),
        ("Promised to send samples by 18 May", 103),
        ("3営業日以内に報告します", 55),
        ("いつか連絡すると約束", None),
        ("約束の資料を5/16に送付済み", None),
    ],
)
def test_promises_are_due_at_the_end_of_the_day_they_name(text, hours):
    assert of(a_note(text, 1))["promise_due_h"] == hours


def test_a_promise_is_open_until_kept_or_long_overdue():
    promise = a_note("5/16までに見積送付を約束", 3)
    assert of(promise, a_note("見積を送付済み", 1))["promise_due_h"] is None
    assert of(a_note("5/10までに回答を約束", 9))["promise_due_h"] == -88
    assert of(a_note("3/10までに回答を約束", 70))["promise_due_h"] is None


def test_what_the_customer_promises_is_not_ours():
    assert of(a_note("I will call back tomorrow", 1, direction="in"))["promise_due_h"] is None
    assert of(a_note("You promised to reply by 16 May", 1, direction="in"))["promise_due_h"] == 55


def test_a_step_of_a_deal_is_due_within_three_days():
    assert of(a_note("5/16 商談、提案書を持参"))["deal_step_due"] is True
    assert of(a_note("5/30 商談、提案書を持参"))["deal_step_due"] is False
    assert of()["deal_step_due"] is False


def test_the_owner_has_spoken_only_since_being_the_owner():
    spoke = a_note("定例", 10.5, kind="call")
    assert of(spoke)["days_since_owner_contact"] == 10
    assert of(spoke, customers=[a_customer(owner_id="R", owner_since=ago(5))])["days_since_owner_contact"] is None
    touched = [{"at": ago(2), "channel": "email", "action": "rep_touch"}]
    assert of(spoke, contacts=touched)["days_since_owner_contact"] == 2
    assert of(a_note("メモ"))["days_since_owner_contact"] is None


@pytest.mark.parametrize(
    ("preferences", "avoided"),
    [
        ({}, []),
        ({"do_not_mention": ["birthday"]}, ["celebration_greeting"]),
        ({"do_not_mention": ["誕生日"]}, ["celebration_greeting"]),
        ({"do_not_mention": "Anniversary"}, ["celebration_greeting"]),
        ({"avoid": ["winback", "accessory"]}, ["winback", "cross_sell_accessory"]),
        ({"avoid": ["nuts"]}, []),
    ],
)
def test_topics_on_the_list_are_avoided_in_either_language(preferences, avoided):
    row = features(customers=[a_customer(preferences=preferences)], topics=TOPICS)
    assert [action for action in TOPICS if row[f"topic_avoided.{action}"]] == avoided


@pytest.mark.parametrize("text", ["誕生日の話題は避けてほしい", "No birthday cards, please", "離婚されたとのこと"])
def test_a_note_can_ask_not_to_mention_something(text):
    row = of(a_note(text), topics=TOPICS)
    assert (row["topic_avoided.celebration_greeting"], row["topic_avoided.winback"]) == (True, False)
