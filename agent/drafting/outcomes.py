"""What can come of asking a model, each with the sentence a reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping

WRITTEN, REPAIRED = "written", "repaired"
OUTCOMES: Mapping[str, tuple[str, str]] = {
    WRITTEN: ("モデルが書きました", "the model wrote it"),
    REPAIRED: ("検査の指摘を受けて、モデルが書き直しました", "the model wrote it anew after what the guards found"),
    "timeout": ("時間内に返答がありませんでした", "it did not answer in time"),
    "unreachable": ("サーバーにつながりませんでした", "the server cannot be reached"),
    "rate_limited": ("混み合っていて受け付けられませんでした", "it was too busy (429), again and again"),
    "server_error": ("サーバーの側で失敗しました", "the server failed, again and again"),
    "quota": ("利用枠を使い切っています", "the account's quota is spent"),
    "unauthorised": ("鍵が受け付けられませんでした", "the key was not accepted"),
    "unknown_model": ("その名前のモデルがありません", "there is no model of that name at that address"),
    "too_long": ("文脈が長すぎます", "the prompt is longer than the model's context"),
    "refused_request": ("依頼の形が受け付けられませんでした", "the request was not accepted (400)"),
    "refused": ("モデルが書くことを断りました", "the model declined to write it"),
    "filtered": ("提供元の内容フィルターに止められました", "the provider's content filter stopped it"),
    "truncated": ("返答が長さの上限で切れました", "the answer was cut at the length limit"),
    "empty": ("返答が空でした", "the answer was empty"),
    "malformed": ("返答が読み取れませんでした", "the answer could not be read"),
    "wrong_schema": ("返答の形が違いました", "the answer had another form"),
    "unknown_fact": ("ない事実を指していました", "it pointed to a fact that was not given"),
    "naked_value": ("文に数字や金額などを直に書いていました", "it wrote a value instead of pointing to a fact"),
    "missing_fact": ("必須の事実がありませんでした", "it left a required fact out"),
    "placeholder": ("差し込みの形が崩れていました", "a placeholder was bent, or its value may not be put in"),
    "blocked": ("検査に通りませんでした", "the guards blocked it"),
    "identifier": ("依頼文に識別情報が見つかったため、送りませんでした", "the prompt held an identifier, so it was not sent"),
    "budget": ("この回の予算を使い切りました", "the run's budget is spent"),
    "rate_too_small": ("一分あたりの上限に収まりません", "one request is larger than the limit per minute allows"),
    "gave_up": ("続けて失敗したため、以後は頼みませんでした", "it failed too often in a row, so it was asked no more"),
    "expired": ("夜間の処理が期限までに終わりませんでした", "the overnight batch ran out of time before it"),
    "cancelled": ("夜間の処理が取り消されました", "the overnight batch was cancelled before it"),
    "unanswered": ("夜間の返答にこの依頼の分がありませんでした", "the overnight answers hold none to it"),
    "failed": ("思わぬ失敗がありました", "it failed unexpectedly"),
}  # fmt: skip
"""Outcome → what it means, in Japanese and English."""
WITH_MODEL = frozenset({WRITTEN, REPAIRED})
"""Outcomes after which the words are the model's."""
POSTED = "posted"
"""It went overnight and its answer is not back: no outcome yet, and of no draft."""
FINAL = frozenset({"quota", "unauthorised", "unknown_model", "refused_request"})
"""Outcomes that no later request of the run can escape, so none is made."""


def sentence(outcome: str, detail: str = "") -> tuple[str, str]:
    """The sentences, for a draft that fell back with its reason; ``detail`` is in no language."""
    ja, en = OUTCOMES[outcome]
    if outcome in WITH_MODEL:
        return ja, en
    more = f" ({detail})" if detail else ""
    return f"定型文を使いました：{ja}{more}", f"template used: {en}{more}"
