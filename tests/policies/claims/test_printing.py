"""What must always hold: a fact printed in any supported way is grounded, and with one digit changed it blocks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from policies.catalogue import load_catalogue
from policies.claims import read
from policies.claims.bundle import read_bundle
from policies.claims.normal import normalise
from policies.claims.numerals import value, worded
from retrieval.errors import InputError
from tests.policies.growth import growth, lines_run

LEXICON = load_catalogue().lexicon
FULL = str.maketrans("0123456789,.%/:", "０１２３４５６７８９，．％／：")
KANJI = "〇一二三四五六七八九"
WEEKDAYS = "月火水木金土日"
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def in_kanji(number: int) -> str:
    """1280 → 千二百八十, below 100 million."""
    if number >= 10000:
        rest = in_kanji(number % 10000) if number % 10000 else ""
        return in_kanji(number // 10000) + "万" + rest
    said = ""
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十")):
        digit, number = divmod(number, unit)
        if digit:
            said += ("" if digit == 1 else KANJI[digit]) + sign
    return said + (KANJI[number] if number else "")


def yen(amount: int) -> list[str]:
    mixed = f"{amount // 10000}万{amount % 10000:,}円" if amount >= 10000 and amount % 10000 else f"{amount:,}円"
    return [
        f"{amount:,}円",
        f"{amount}円",
        f"¥{amount:,}",
        f"{amount:,}円".translate(FULL),
        f"{in_kanji(amount)}円",
        mixed,
        f"{amount:,} yen",
        f"JPY {amount:,}",
    ]


def percent(number: int) -> list[str]:
    said = [
        f"{number}%OFF",
        f"{number}％割引".translate(FULL),
        f"{number}パーセント引き",
        f"{in_kanji(number)}パーセントオフ",
        f"{number}% off",
        f"{number} percent off",
    ]
    tens, ones = divmod(number, 10)
    if tens:
        said += [
            f"{tens}割{ones}分引き" if ones else f"{tens}割引",
            f"{KANJI[tens]}割{KANJI[ones]}分引き" if ones else f"{KANJI[tens]}割引き",
        ]
    if not ones:
        said += [f"{10 - tens}掛け", f"{10 - tens}割の価格"]
    return said


def day(one: date) -> list[str]:
    weekday, month, name = WEEKDAYS[one.weekday()], MONTHS[one.month - 1], DAYS[one.weekday()]
    return [
        f"{one.month}月{one.day}日まで", f"{one.year}年{one.month}月{one.day}日({weekday})まで", f"{one.month}/{one.day}({weekday})まで", f"{one:%Y/%m/%d}まで", f"{one:%Y-%m-%d}まで",
        f"{one.month}月{one.day}日{weekday}曜日まで", f"{one.month}月{one.day}日".translate(FULL) + "まで", f"{in_kanji(one.month)}月{in_kanji(one.day)}日まで",
        f"令和{one.year - 2018}年{one.month}月{one.day}日まで", f"until {one.day} {month}", f"until {name} {one.day} {month} {one.year}", f"until {month} {one.day}, {one.year}",
        f"until {name[:3]} {month[:3]} {one.day}",
    ]  # fmt: skip


def rules(text: str, **bundle: object) -> list[str]:
    return [one.rule for one in read(text, read_bundle(bundle, {}), LEXICON, "ja") if one.severity == "block"]


def with_another_digit(text: str, place: int) -> str:
    """The text with one of its digits (in any script) one higher; 9 becomes 0."""
    places = [at for at, letter in enumerate(text) if letter in "0123456789０１２３４５６７８９"]
    assume(places)
    at = places[place % len(places)]
    base = ord("0") if text[at] in "0123456789" else ord("０")
    return text[:at] + chr(base + (ord(text[at]) - base + 1) % 10) + text[at + 1 :]


@settings(max_examples=150, deadline=None)
@given(some.integers(100, 99_999_999), some.integers(0, 40), some.integers(0, 20))
def test_a_price(amount: int, way: int, place: int) -> None:
    facts = {"products": [{"sku": "A", "name": "急須", "price": amount, "currency": "JPY"}]}
    said = yen(amount)[way % len(yen(amount))]
    assert rules(f"急須は{said}です。", **facts) == []
    assert rules(f"急須は{with_another_digit(said, place)}です。", **facts) != []


@settings(max_examples=150, deadline=None)
@given(some.integers(1, 99), some.integers(0, 40), some.integers(0, 20))
def test_a_percentage(number: int, way: int, place: int) -> None:
    facts = {"offers": [{"id": "O", "type": "percent_off", "value": number}]}
    said = percent(number)[way % len(percent(number))]
    assert rules(f"いつもの品が{said}です。", **facts) == []
    other = with_another_digit(said, place)
    assume("100" not in other)
    assert rules(f"いつもの品が{other}です。", **facts) != []


@settings(max_examples=200, deadline=None)
@given(some.dates(date(2026, 1, 1), date(2029, 12, 31)), some.integers(0, 40), some.integers(0, 20))
def test_a_day(one: date, way: int, place: int) -> None:
    facts = {
        "offers": [{"id": "O", "type": "amount_off", "value": 500, "ends": one.isoformat()}],
        "as_of": (one - timedelta(days=200)).isoformat(),
    }
    said = day(one)[way % len(day(one))]
    assert rules(f"特典は{said}です。", **facts) == [], said
    assert rules(f"特典は{with_another_digit(said, place)}です。", **facts) != []


@given(some.integers(1, 99_999_999))
def test_a_kanji_numeral_reads_back(number: int) -> None:
    assert value(in_kanji(number)) == number


@pytest.mark.parametrize(
    ("said", "number"),
    [("1.5万", 15000), ("1万2,800", 12800), ("千二百八十", 1280), ("二〇二六", 2026), ("12,800", 12800), ("3百", 300)],
)
def test_numbers_as_people_write_them(said: str, number: int) -> None:
    assert value(said) == number


@pytest.mark.parametrize(
    ("said", "number"),
    [("twenty-five", 25), ("one hundred eighty", 180), ("a thousand", 1000), ("two thousand five hundred", 2500)],
)
def test_numbers_in_english_words(said: str, number: int) -> None:
    assert worded(said) == number


@given(some.text(max_size=60))
def test_a_normalised_span_points_into_the_raw_text(raw: str) -> None:
    normal = normalise(raw)
    for start in range(len(normal.text)):
        first, last = normal.raw_span(start, start + 1)
        assert 0 <= first < last <= len(raw)
        assert normal.text[start] in normalise(raw[first:last]).text


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "割",
        "千",
        "1,",
        "http://a",
        "a.",
        "(",
        "{{",
        "[a](",
        "コード",
        "様",
        "Mr A ",
        "5月",
        "$1",
        "until ",
        "\n",
        "一",
        "@a",
        "0-",
        "ﾞ",
        "あ",
        "山田様 Mr Aa ",
    ],
)
def test_hostile_input_ends_and_blocks_no_other_way_than_by_its_findings(piece: str) -> None:
    text = (piece * 20000)[:20000]
    for found in read(text, read_bundle({"brand": "霧島園"}, {}), LEXICON, "ja"):
        assert 0 <= found.start <= found.end <= len(text)


BORNE_OUT = {
    "brand": "霧島園",
    "as_of": "2026-05-08",
    "offers": [{"id": "O", "type": "percent_off", "value": 20, "starts": "2026-05-10", "ends": "2026-05-31T23:59"}],
    "shipping": {"free_over": 3980, "currency": "JPY"},
}


@pytest.mark.parametrize("piece", ["3,980円以上のご注文で送料無料、", "全品20%OFF、", "5月31日 23:59、", "5月31日" * 40 + "23:59、" * 60])
def test_what_the_facts_bear_out_is_read_in_proportion_to_its_length(piece: str) -> None:
    """None of it is objected to, so that no number of objections ends the reading."""
    facts = read_bundle(BORNE_OUT, {})
    assert not [one for one in read(piece, facts, LEXICON, "ja") if one.severity == "block"]
    assert growth(lambda text: list(read(text, facts, LEXICON, "ja")), piece) < 6


def test_people_are_told_apart_in_proportion_to_how_many_are_named() -> None:
    def people(count: int) -> int:
        text = "山田様 " * count + "Mr Aa, " * count
        return lines_run(lambda: list(read(text, read_bundle({"brand": "霧島園"}, {}), LEXICON, "ja")))

    people(200)
    assert people(200) < 6 * people(50)


@pytest.mark.parametrize(
    ("bundle", "sentence"),
    [
        ({"offer_list": []}, "facts.offer_list: unknown key"),
        ({"offers": [{"type": "percent_off", "valu": 5}]}, "facts.offers.0.valu: unknown key — did you mean 'value'?"),
        ({"products": [{"name": "急須", "prise": 5}]}, "facts.products.0.prise: unknown key — did you mean 'price'?"),
        (
            {"offers": [{"type": "percent_off", "ends": "31 May"}]},
            "facts.offers.0.ends: '31 May' is not an ISO 8601 date or time",
        ),
        ({"timezone": "Asia/Edo"}, "facts.timezone: unknown time zone 'Asia/Edo'"),
        ({"products": "急須"}, "facts.products: "),
    ],
)
def test_a_mistake_in_a_bundle_is_one_sentence_with_its_place(bundle: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        read_bundle(bundle, {})
    assert sentence in str(refused.value)
