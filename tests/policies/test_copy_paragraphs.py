"""A message read paragraph by paragraph, each remembered, is judged as if it had been read in one piece and for the first time."""

from __future__ import annotations

import re
from datetime import datetime
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.catalogue import load_catalogue
from policies.channels import measure
from policies.guardrails import GUARDS
from policies.guardrails.copy import ASKED_OF_EACH, CHECKS, check, paragraph, reading
from policies.guardrails.copy.c06_length import _surely_fits
from policies.guardrails.copy.japanese import JOINED, japanese
from policies.guardrails.copy.paragraph import Paragraph, Placed
from policies.guardrails.copy.reading import Reading, aligned
from policies.guardrails.guard import Finding, Message

CATALOGUE = load_catalogue()
BREAKS = ("", "\n", "\n\n", "\n\n\n", " ", "　")
JAPANESE = (
    "佐藤 様", "いつもありがとうございます。", "ご注文ください。", "ご登録ください。", "▼注文する", "見れる", "する。", "です", "、", "。", "！", "🎂", "させていただきます。",
    "お確認ください。", "弊社", "当店", "御社", "株式会社見本電器製造販売", "品質管理部門担当責任者", "(株)", "御中", "5月14日(金)まで", "2026年", "12/25(土)", "令和6年", "2024年",
    "2,200円", "「引用です。」", "『本！』", "https://example.jp/a", "http://bit.ly/a", "a@example.jp", "〒100-0000 東京都", "──────", "--", "*** ", "＝＝＝", "配信停止はこちら",
    "Ａ", "９", "abc", "ｱ", "①", "㈱", "㌔", "ｶﾞ", "…", "絶対", "<a", "href>", "{{name}}", "한국", "ひらがなばかりのぶんしょうがながくつづいていきます", "桜の", "逝去", "\v", "\u200b",
)  # fmt: skip
ENGLISH = (
    "Hi Maria,", "Dear customer", "Order your beans today.", "Join us now.", "please review", "We roast, we pack, we ship.", "our work and ours", "You like it.", "Thank you.",
    "Thanks", "we appreciate it", "continued patronage", "colour", "favorite", "£5", "$5", "sales tax", "SALE", "HUGE NEWS", "FREEPOST", "5/6", "13/4/2026", "5 May 2026 (Mon)",
    "wednesday,", "5 may", "by", "1 January", "reach out to you", "hurry!!", "!", "，", "“", "İ", "½", "…", "https://example.com/a", "x@example.com", "Unsubscribe:", "--", "---",
    "act now", "**bold**", "Unquestionably sophisticated telecommunications infrastructure necessitates reorganisation.", "one two three four five six seven eight nine ten eleven",
    "we noticed", "you", "flood", "your home", "cancer",
)  # fmt: skip


def texts(words: tuple[str, ...]) -> st.SearchStrategy[str]:
    piece = st.tuples(st.sampled_from(words), st.sampled_from(BREAKS)).map("".join)
    return st.lists(piece, min_size=1, max_size=30).map("".join)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    language = draw(st.sampled_from(["ja", "en"]))
    words = JAPANESE if language == "ja" else ENGLISH
    channel = draw(st.sampled_from(sorted(CATALOGUE.channels)))
    head = {CATALOGUE.channels[channel].head: draw(texts(words))} if CATALOGUE.channels[channel].head else {}
    return Message(
        channel=channel, language=language, purpose="marketing", body=draw(texts(words)), grounded=draw(st.frozensets(st.sampled_from(words), max_size=4)),
        addressee=draw(st.sampled_from([None, "佐藤", "Maria"])), about={"recipient": {"country": draw(st.sampled_from(["GB", "US"]))}},
        send_at=datetime(2026, 5, 14), **head,
    )  # fmt: skip


def test_every_check_that_names_a_lexicon_is_started_by_its_words() -> None:
    named = [one for one in CHECKS if hasattr(one, "LEXICON")]
    assert {one.LEXICON for one in named} <= set(CATALOGUE.lexicons)
    double = next(one for one in named if one.RULE == "J02")
    twin = ModuleType("twin")
    twin.__dict__.update(RULE="J99", LEVEL=double.LEVEL, LANGUAGES=double.LANGUAGES, LEXICON=double.LEXICON, check=double.check)
    message = Message(channel="line", language="ja", purpose="marketing", body="営業部長様にもよろしくお伝えください。")
    assert [one.rule for one in judged(message, (double, twin))] == ["J02", "J99"]


def judged(message: Message, checks: tuple = CHECKS) -> list[Finding]:
    return sorted(check(message, CATALOGUE, checks), key=Finding.place)


def in_one_piece(part: paragraph.Part, text: str, language: str, channel: str) -> list[Placed]:
    return [(part, 0, Paragraph(text, language=language, channel=channel))] if text else []


@settings(max_examples=400, deadline=None)
@given(messages())
def test_by_paragraphs_a_message_is_judged_as_in_one_piece(message: Message) -> None:
    by_paragraphs = judged(message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "paragraphs_of", in_one_piece)
        assert judged(message) == by_paragraphs


@settings(max_examples=400, deadline=None)
@given(messages())
def test_a_check_that_is_not_started_would_have_found_nothing(message: Message) -> None:
    asked = [one for one in CHECKS if message.language in one.LANGUAGES]
    spots = [(one.RULE, spot.part, spot.start, spot.end, spot.fix) for one in asked for spot in one.check(Reading(message, CATALOGUE))]
    assert [(one.rule, one.part, one.start, one.end, one.fix) for one in check(message, CATALOGUE)] == spots


@settings(max_examples=200, deadline=None)
@given(messages(), st.sampled_from(sorted(CATALOGUE.channels)))
def test_what_is_remembered_of_other_messages_changes_nothing(message: Message, channel: str) -> None:
    known = judged(message), judged(message, ASKED_OF_EACH)
    judged(Message(channel=channel, language="en" if message.language == "ja" else "ja", purpose="service", body=message.body))
    assert (judged(message), judged(message, ASKED_OF_EACH)) == known
    paragraph._kept.cache_clear()
    assert (judged(message), judged(message, ASKED_OF_EACH)) == known


QUOTED = re.compile(r"https?://[!-~]{1,400}|「[^「」\n]{1,60}」|『[^『』\n]{1,60}』")
MAIL = re.compile(r"(?<![0-9A-Za-z._%+-])[0-9A-Za-z._%+-]{1,64}@[0-9A-Za-z.-]{1,80}")
FOOTER = re.compile(r"^(?:[─━―＝=_＿*＊-]{3}[^\n]*\n[\s\S]{0,400}\Z|[^\n]*〒[^\n]*$)", re.MULTILINE)


def blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


@settings(max_examples=300, deadline=None)
@given(texts(JAPANESE), st.sampled_from(["email", "line"]))
def test_the_prose_is_what_one_look_at_the_whole_text_makes_of_it(body: str, channel: str) -> None:
    wording = MAIL.sub(blank, QUOTED.sub(blank, body))
    prose = FOOTER.sub(blank, wording) if any(sign in wording for sign in ("〒", "──", "--")) else wording
    told = japanese(Reading(Message(channel=channel, language="ja", purpose="marketing", body=body), CATALOGUE))
    assert (told.texts[0][1], told.prose) == (wording, prose)
    for at, sentence in told.sentences:
        assert prose[at : at + len(sentence)].replace(JOINED, "\n") == sentence.replace(JOINED, "\n")
    assert re.sub(r"[\s。！？!?]", "", "".join(said for _, said in told.sentences)) == re.sub(r"[\s。！？!?]", "", prose)


@settings(deadline=None)
@given(st.lists(st.text(max_size=20) | st.sampled_from(["㈱", "ｶﾞ", "Σ", "か\u3099", "…", "https://A.b"]), max_size=8).map("\n\n".join))
def test_folded_paragraphs_are_the_folded_message(text: str) -> None:
    told = Reading(Message(channel="email", language="ja", purpose="marketing", body=text), CATALOGUE)
    if all(one.folded is not None for _, _, one in told.of_body):
        assert all(told.folded("body")[at : at + len(one.folded)] == one.folded[: len(text) - at] for _, at, one in told.of_body)
        assert told.folded("body") == aligned(told.masked)


def test_a_message_is_its_paragraphs_with_their_places() -> None:
    message = Message(channel="email", language="en", purpose="marketing", subject="a\n\nb", body="\n\nc\n\n\n\n\nd e\n\n")
    told = Reading(message, CATALOGUE).paragraphs
    assert [(part, at, one.text) for part, at, one in told] == [
        ("subject", 0, "a\n\n"), ("subject", 3, "b\n\n"), ("body", 2, "c\n\n"), ("body", 7, "\nd e\n\n"),
    ]  # fmt: skip


def test_only_so_much_is_remembered_of_so_many_paragraphs() -> None:
    kept = paragraph._kept("en", "post")
    for number in range(paragraph.KEPT + 10):
        paragraph.paragraphs_of("body", f"{number}", "en", "post")
    size = kept.cache_info().currsize
    assert size == paragraph.KEPT
    paragraph.paragraphs_of("body", "x" * (paragraph.LONGEST + 1), "en", "post")
    assert kept.cache_info().currsize == size


@given(st.text(alphabet="aあ\u3099é🎂ａ", max_size=80))
def test_a_text_that_is_not_measured_fits(text: str) -> None:
    for channel in CATALOGUE.channels.values():
        for limit in channel.limits:
            for language, span in limit.spans.items():
                if _surely_fits(text, "", limit, span):
                    assert span.holds(measure(text, limit.unit, language))


def test_a_title_is_read_beside_a_subject() -> None:
    message = Message(channel="email", language="ja", purpose="marketing", subject="ご案内", title="御社の皆様へ！！", body="本文です。")
    assert {"J14", "J19"} <= {one.rule for one in GUARDS["copy"](message, CATALOGUE) if one.part == "title"}
