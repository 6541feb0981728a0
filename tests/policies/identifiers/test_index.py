"""Whose identifier it is: every form of every customer, nobody's words, and an index that says when it is not to be relied on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.guardrails import GUARDS
from policies.guardrails.guard import Message
from policies.identifiers.customers import rows_of, same_people
from policies.identifiers.forms import compared, squeezed
from policies.identifiers.index import KnownIdentifiers, fault
from policies.identifiers.normal import normalise
from retrieval.errors import InputError

KEY = b"a key of the home folder"
NOW = datetime(2026, 5, 14, 3, 0, tzinfo=UTC)
ROWS = [
    ("C1", [("PERSON", "髙橋　美咲"), ("PERSON", "タカハシ　ミサキ"), ("PHONE", "090-1234-5678"), ("EMAIL", "Misaki.T@example.com"), ("CUSTOMER_ID", "M-00123"),
            ("ADDRESS", "東京都渋谷区見本町1丁目2番3号 青葉ハイツ305号室"), ("DOB", "1985-04-03"), ("SECRET", "tok_9f8e7d")]),
    ("C2", [("PERSON", "Emily Carter"), ("PHONE", "+44 7700 900982"), ("ADDRESS", "742 Evergreen Street, Springfield"), ("SOCIAL_HANDLE", "@emi_c"), ("ORDER_ID", "112-3456789-0123456")]),
    ("C3", [("PERSON", "佐藤 優子"), ("PERSON", "さとう ゆうこ")]),
    ("C4", [("PERSON", "森 光")]),
    ("C5", [("PERSON", "Will May")]),
    ("C6", [("PERSON", "佐藤 花子")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def index() -> KnownIdentifiers:
    return KnownIdentifiers.build(ROWS, KEY, now=NOW)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("高橋美咲さんへ", "PERSON", "高橋美咲"), ("髙橋 美咲様", "PERSON", "髙橋 美咲"), ("美咲 高橋", "PERSON", "美咲 高橋"), ("高・橋・美・咲", "PERSON", "高・橋・美・咲"),
        ("ﾀｶﾊｼﾐｻｷ", "PERSON", "ﾀｶﾊｼﾐｻｷ"), ("たかはし みさき", "PERSON", "たかはし みさき"), ("Takahashi Misaki", "PERSON", "Takahashi Misaki"),
        ("MISAKI TAKAHASHI", "PERSON", "MISAKI TAKAHASHI"), ("高橋様は", "PERSON", "高橋"), ("Sato Yuko", "PERSON", "Sato Yuko"), ("Satou Yuuko", "PERSON", "Satou Yuuko"),
        ("Ms. Takahashi", "PERSON", "Ms. Takahashi"), ("森光様", "PERSON", "森光"), ("09012345678", "PHONE", "09012345678"), ("+81-90-1234-5678", "PHONE", "+81-90-1234-5678"),
        ("90 1234 5678", "PHONE", "90 1234 5678"), ("〇九〇一二三四五六七八", "PHONE", "〇九〇一二三四五六七八"), ("07700 900982", "PHONE", "07700 900982"),
        ("MISAKI.T@EXAMPLE.COM", "EMAIL", "MISAKI.T@EXAMPLE.COM"), ("misaki.t (at) example dot com", "EMAIL", "misaki.t (at) example dot com"),
        ("m00123です", "CUSTOMER_ID", "m00123"), ("渋谷区見本町一丁目二番三号へ", "ADDRESS", "渋谷区見本町一丁目二番三号"), ("東京都渋谷区見本町1-2-3", "ADDRESS", "東京都渋谷区見本町1-2-3"),
        ("742 evergreen st", "ADDRESS", "742 evergreen st"), ("昭和60年4月3日", "DOB", "昭和60年4月3日"), ("April 3, 1985", "DOB", "April 3, 1985"),
        ("Carter, Emily wrote", "PERSON", "Carter, Emily"), ("emi_c", "SOCIAL_HANDLE", "emi_c"), ("112 3456789 0123456", "ORDER_ID", "112 3456789 0123456"), ("tok_9f8e7d", "SECRET", "tok_9f8e7d"),
        ("MAY, Will", "PERSON", "MAY, Will"),
    ],
)  # fmt: skip
def test_every_form_is_found(index: KnownIdentifiers, text: str, kind: str, said: str) -> None:
    assert [(one.type, text[one.start : one.end]) for one in index.find(normalise(text))] == [(kind, said)]


@pytest.mark.parametrize(
    "text", ["高橋という姓", "美咲の季節", "森の光が差す", "森光に満ちた", "Will it rain in May?", "Emily", "carter", "Emily Carters", "9012345", "1985年", "渋谷区見本町", "橋美", "森林"]
)  # fmt: skip
def test_single_names_and_words_are_nobodys(index: KnownIdentifiers, text: str) -> None:
    assert index.find(normalise(text)) == ()


WORDS = [
    ("N1", [("PERSON", "岡 恵理"), ("PERSON", "オカ エリ")]), ("N2", [("PERSON", "東 京子"), ("PERSON", "アズマ キョウコ")]),
    ("N3", [("PERSON", "奥 美咲"), ("PERSON", "オク ミサキ")]), ("N4", [("PERSON", "Rich Brown")]), ("N5", [("PERSON", "Mark May")]),
    ("N6", [("PERSON", "You Long")]), ("N7", [("PERSON", "林 純")]), ("N8", [("PERSON", "森 光"), ("PERSON", "モリ ヒカル")]), ("N9", [("PERSON", "神 太郎")]),
    ("N10", [("PERSON", "長谷川")]), ("N11", [("PERSON", "Moira You")]), ("N12", [("PERSON", "多久 誠"), ("PERSON", "タク マコト")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def namesakes() -> KnownIdentifiers:
    return KnownIdentifiers.build(WORDS, KEY, now=NOW)


@pytest.mark.parametrize(
    "text",
    ["おかえりなさいませ。", "東京子供服フェア", "奥様へのギフトに", "おくさまにも", "a rich brown roast", "mark may 14 in your diary", "We miss you", "We Miss You",
     "小林様、森林の香りを", "朝の森さんぽ", "神様のカルテ", "長谷川商店の豆", "たくさんのご注文", "タモリさん", "よろしくお願いいたします。May 14"],
)  # fmt: skip
def test_a_name_that_is_a_word_leaves_the_word_alone(namesakes: KnownIdentifiers, text: str) -> None:
    assert namesakes.find(normalise(text)) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [("おか えり様", "おか えり"), ("オカ エリ", "オカ エリ"), ("おかえりさまへ", "おかえり"), ("東京子様", "東京子"), ("奥美咲さん", "奥美咲"), ("Rich Brown", "Rich Brown"),
     ("RICH BROWN", "RICH BROWN"), ("Brown, Rich", "Brown, Rich"), ("林さんから", "林"), ("、林様", "林"), ("森光 様", "森光"), ("長谷川様", "長谷川"), ("Ms. Long", "Ms. Long"),
     ("Brownさん", "Brown"), ("Miss Brown", None), ("moira you", "moira you"), ("多久さん", "多久")],
)  # fmt: skip
def test_and_the_person_is_still_found(namesakes: KnownIdentifiers, text: str, said: str | None) -> None:
    assert [text[one.start : one.end] for one in namesakes.find(normalise(text))] == ([said] if said else [])


@pytest.mark.parametrize("text", ["José García", "JOSE GARCIA", "Garcia, José"])
def test_accents_do_not_matter(text: str) -> None:
    built = KnownIdentifiers.build([("C1", [("PERSON", "José García")])], KEY, now=NOW)
    assert [(one.start, one.end) for one in built.find(normalise(text))] == [(0, len(text))]


@pytest.mark.parametrize("written", ["090-1234-5678", "+81 90-1234-5678", "9012345678", "0081 90 1234 5678"])
@pytest.mark.parametrize("said", ["090-1234-5678", "+81-(0)90-1234-5678", "010 81 90 1234 5678", "９０１２３４５６７８"])
def test_a_telephone_is_one_however_it_is_written(written: str, said: str) -> None:
    assert KnownIdentifiers.build([("C1", [("PHONE", written)])], KEY, now=NOW).find(normalise(said))


def test_who_is_one_of_many_owners_is_left_out() -> None:
    built = KnownIdentifiers.build([(f"C{n}", [("PERSON", "佐藤 花子")]) for n in range(50)], KEY, now=NOW)
    normal = normalise("佐藤花子様")
    assert all(built.find(normal, except_customer=f"C{n}") == () for n in range(50))
    assert built.find(normal, except_customer="C50") != () != built.find(normal)
    assert built.names("佐藤花子様\n\nこんにちは", except_customer="C50") and not built.names("佐藤花子様", except_customer="C7")


def test_the_names_of_a_duplicate_are_ones_own_whichever_record_lists_it() -> None:
    people = [
        ("C1", "髙橋 美咲", '{"kana": "タカハシ ミサキ", "phone": "090-1234-5678"}'), ("C2", "田中 美咲", "{}"), ("C3", "佐藤 優子", None), ("C4", "森 光", None),
    ]  # fmt: skip
    listed = [("C1", '[{"id": "C2", "score": 0.95}, {"id": "C4", "score": 0.8}, {"id": "C9", "score": 1}]'), ("C3", '[{"id": "C2", "score": 0.9}, {"id": 7}, null]')]
    index = KnownIdentifiers.build(rows_of(people, same_people(listed)), KEY, now=NOW)
    assert index.build_of.customers == len(people)

    def whose(text: str) -> list[str]:
        return [reader for reader, _, _ in people if not index.names(text, except_customer=reader)]

    assert whose("髙橋 美咲様") == whose("タカハシ ミサキ") == ["C1", "C2"]
    assert whose("田中 美咲様") == ["C1", "C2", "C3"]
    assert whose("佐藤優子様") == ["C2", "C3"]  # who is C2's duplicate need not be that of C2's other duplicate
    assert whose("森光様") == ["C4"]
    assert whose("090-1234-5678") == ["C1"]  # a name may be said to either, a telephone only to whose record has it


@pytest.mark.parametrize("told", ["{not json", '{"id": "C2"', "[1"])
def test_candidates_that_cannot_be_read_are_refused(told: str) -> None:
    with pytest.raises(ValueError):
        same_people([("C1", told)])


IDENTIFIERS = st.lists(
    st.sampled_from([("PERSON", "佐藤 花子"), ("PERSON", "サトウ ハナコ"), ("PERSON", "高橋 美咲"), ("PHONE", "090-1234-5678"), ("EMAIL", "a@example.com"), ("ADDRESS", "東京都見本区本町1-2-3")]),
    max_size=3,
)


@given(*[st.dictionaries(st.sampled_from([f"C{n}" for n in range(6)]), IDENTIFIERS)] * 2)
def test_bringing_an_index_up_to_date_is_building_it_anew(before: dict[str, list[tuple[str, str]]], after: dict[str, list[tuple[str, str]]]) -> None:
    old = KnownIdentifiers.build(before.items(), KEY, now=NOW)
    brought, anew = KnownIdentifiers.build(after.items(), KEY, now=NOW, since=old), KnownIdentifiers.build(after.items(), KEY, now=NOW)
    pairs = [sorted(zip(one._arrays.digests.tolist(), one._arrays.people[one._arrays.owners].tolist(), one._arrays.kinds.tolist(), strict=True)) for one in (brought, anew)]
    assert pairs[0] == pairs[1]
    assert brought.build_of.customers == len(after)
    for text in ("佐藤花子様", "高橋美咲", "090-1234-5678", "a@example.com", "見本区本町1-2-3"):
        for reader in (None, "C0", "C1"):
            assert brought.find(normalise(text), except_customer=reader) == anew.find(normalise(text), except_customer=reader)


@given(st.text("東見本町1234丁目番地のノ号室条-−ー・=,、._ \t\nabouhAOUé様さん", max_size=30))
def test_a_text_is_compared_as_its_places_say(text: str) -> None:
    view, places = squeezed(text)
    assert compared(text) == view
    assert len(places) == len(view) + 1 and places == sorted(places) and places[-1] == len(text)


def test_what_the_source_says_of_itself_counts_more_than_the_clock(index: KnownIdentifiers) -> None:
    stamped = KnownIdentifiers.build(ROWS, KEY, now=NOW, stamp="a")
    assert fault(stamped, NOW + timedelta(days=9), 6, "a") is None
    assert "変わりました" in (fault(stamped, NOW, 6, "b") or ("",))[0]
    assert fault(stamped, NOW, 7, "a") is not None


def test_what_the_reader_shares_with_another_is_not_a_leak(index: KnownIdentifiers) -> None:
    assert index.find(normalise("佐藤様"), except_customer="C3") == ()
    assert index.find(normalise("佐藤花子様"), except_customer="C3") != ()
    assert index.find(normalise("佐藤花子様"), except_customer="C6") == ()


def test_the_index_holds_nothing_that_can_be_read(index: KnownIdentifiers, tmp_path: Path) -> None:
    path = tmp_path / "known.index"
    index.save(path)
    content = path.read_bytes()
    assert not any(word.encode() in content for word in ("高橋", "takahashi", "Emily", "emily", "90123456", "misaki"))
    again = KnownIdentifiers.load(path, KEY)
    assert again.build_of == index.build_of
    for text in ("高橋美咲", "09012345678", "渋谷区見本町1-2-3"):
        assert again.find(normalise(text)) == index.find(normalise(text)) != ()


def test_another_key_or_another_file_is_refused(index: KnownIdentifiers, tmp_path: Path) -> None:
    path = tmp_path / "known.npz"
    index.save(path)
    with pytest.raises(InputError, match="another key"):
        KnownIdentifiers.load(path, b"quite another one")
    path.write_bytes(b"not an index")
    with pytest.raises(InputError, match="not an index"):
        KnownIdentifiers.load(path, KEY)
    with pytest.raises(InputError, match="not an index"):
        KnownIdentifiers.load(tmp_path / "absent.npz", KEY)


def test_an_index_that_is_missing_old_or_small_is_a_fault(index: KnownIdentifiers) -> None:
    assert fault(None, NOW, 6) is not None
    assert fault(index, NOW + timedelta(minutes=15), 6) is None
    assert fault(index, NOW + timedelta(minutes=15, seconds=1), 6) is not None
    assert fault(index, NOW, 7) is not None
    assert KnownIdentifiers.build([], KEY, now=NOW).find(normalise("高橋美咲 09012345678")) == ()


def test_the_guard_names_another_customer_and_passes_the_reader(index: KnownIdentifiers) -> None:
    def rules(body: str, **kept: str) -> list[str]:
        message = Message(channel="line", language="ja", purpose="service", body=body, known=index, **kept)  # type: ignore[arg-type]
        return [finding.rule for finding in GUARDS["identifiers"](message, None)]  # type: ignore[arg-type]

    assert rules("たかはしみさきもお使いです。") == ["identifiers.known"]
    assert rules("高橋美咲様、こんにちは。", recipient_id="C1", addressee="高橋 美咲", surname="高橋") == []
    assert rules("高橋美咲様、佐藤花子様もどうぞ。", recipient_id="C1", addressee="高橋 美咲", surname="高橋") == [
        "identifiers.known"
    ]


NAMES = st.tuples(
    st.text("佐藤高橋田中渡辺斎長谷川", min_size=2, max_size=3), st.text("美咲健太優子翔", min_size=2, max_size=2)
)


@given(
    st.lists(NAMES, min_size=1, max_size=5),
    st.text("、。は ですa1\n", max_size=8),
    st.text("、。は です1\n", max_size=8),
)
def test_a_full_name_is_found_wherever_it_stands(names: list[tuple[str, str]], before: str, after: str) -> None:
    built = KnownIdentifiers.build(
        [(f"C{n}", [("PERSON", " ".join(name))]) for n, name in enumerate(names)], KEY, now=NOW
    )
    for family, given_name in names:
        text = f"{before}{family}{given_name}{after}"
        found = built.find(normalise(text))
        assert any(one.start <= len(before) and len(before) + len(family + given_name) <= one.end for one in found)


def test_the_array_is_sorted_and_small() -> None:
    built = KnownIdentifiers.build(((f"C{n}", [("PHONE", f"090{n:08}")]) for n in range(2000)), KEY, now=NOW)
    digests = built._arrays.digests
    assert digests.dtype == np.uint64
    assert bool(np.all(digests[:-1] <= digests[1:]))
    assert built.build_of.customers == 2000
