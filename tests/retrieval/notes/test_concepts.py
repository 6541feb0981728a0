from __future__ import annotations

import polars as pl
import pytest

from retrieval.errors import InputError
from retrieval.notes.concepts import load, of, plain, tag


def tags(text):
    return {
        name
        for name, found in tag(pl.DataFrame({"text": [text]}).select(plain(pl.col("text")))["text"])
        .row(0, named=True)
        .items()
        if found
    }


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("メルマガの配信停止をご希望。毎日届くのが多すぎる。", {"email", "unsubscribe", "email_freq"}),
        ("競合のA社に乗り換えを検討中。理由は送料の高さ。", {"competitor", "ship_fee"}),
        ("競合のA社に乗り換え", {"competitor"}),
        ("Cancelling the subscription because product piles up", {"cancel", "subscription", "surplus"}),
        ("Wedding anniversary, books the same table yearly.", {"anniv", "spouse"}),
        ("Prefers tea.", set()),
        ("駐車場が狭い", {"parking"}),
    ],
)  # fmt: skip
def test_both_languages_give_the_same_tags(text, concepts):
    assert tags(text) == concepts
    assert of(text) == concepts


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("解約は考えていない", "cancel"),
        ("キャンセル待ち", "cancel"),
        ("ノイズキャンセリング機能", "cancel"),
        ("不満はありません", "complaint"),
        ("He is not upset", "complaint"),
        ("My phone died", "bereavement"),
        ("手術は成功", "illness"),
        ("Thanks for the flyer, no longer ill: fully recovered", "cancel"),
        ("プランの変更", "competitor"),
        ("アップグレードは不要", "upgrade"),
        ("送料無料をお約束", "ship_fee"),
    ],
)
def test_wording_that_only_looks_like_a_concept(text, absent):
    assert absent not in tags(text)


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("LINEでの連絡が一番見やすいとのこと。メールはほとんど開かない。", {"line"}),
        ("ご案内はＬＩＮＥでお願いしたい", {"line"}),
        ("耳が遠いので電話ではなく書面で送ってほしい。", {"letter"}),
        ("メールより電話の方が助かる", {"phone"}),
        ("電話での連絡は不要、メールでお願いします", {"email"}),
        ("ショートメールが便利", {"sms"}),
        ("Prefers SMS; rarely opens emails.", {"sms"}),
        ("Hard of hearing: please write rather than phone.", {"letter"}),
        ("Please email me rather than call", {"email"}),
        ("Prefers to be called", {"phone"}),
        ("オンラインで買えるとよい", set()),
        ("明日電話がほしい", set()),
        ("電話で折り返してほしい", set()),
        ("メールでのご案内は控えてほしい", set()),
        ("Asked to stop the daily newsletter, too many emails", set()),
        ("Phoned about a letter that was late", set()),
    ],
)
def test_the_channel_somebody_wants(text, channels):
    assert {name for name in tags(text) if name.startswith("wants_")} == {f"wants_{channel}" for channel in channels}


def test_an_exception_hides_nothing_else_in_the_note():
    assert "cancel" in tags("キャンセル待ちは不要。定期便は解約したい。")


def test_an_unknown_concept_is_named():
    with pytest.raises(InputError, match="did you mean 'surplus'"):
        tag(pl.Series("text", ["x"]), ("surpluss",))


def test_a_broken_pattern_is_named(tmp_path):
    path = tmp_path / "concepts.yaml"
    path.write_text("complaint:\n  ja: ['(']\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"complaint\.ja"):
        load(path)
    path.write_text("complaint:\n  jp: [x]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"did you mean 'ja'|one of"):
        load(path)


def test_no_text_has_no_concept():
    assert not any(tag(pl.Series("text", [None], dtype=pl.String)).row(0))
