"""The search for identifiers under every encoding, and the recorder in place of the network."""

from __future__ import annotations

import base64
import gzip
import html
import http.client
import json
import logging
import quopri
import socket
import urllib.parse
import zlib
from collections.abc import Callable
from email.header import Header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.egress import LiveConnection, Outgoing, Recorder, Search, decoded, hunt
from evals.identity import Person, forms, romaji, squeeze

KANA = "サトウ ミサキ"
HALF = "ｻﾄｳ ﾐｻｷ"
PERSON = Person(
    id="C1", name="佐藤 美咲", kana=KANA, phone="090-1234-5678", email="misaki.sato@見本.example", others=("MEM-77120",)
)
NAME = "佐藤 美咲 様"


def twice(text: str) -> str:
    return json.dumps({"message": json.dumps({"to": text})})


ENCODINGS: dict[str, bytes] = {
    "utf-8": NAME.encode(),
    "reversed, no space": "美咲佐藤".encode(),
    "utf-16": NAME.encode("utf-16"),
    "shift_jis": NAME.encode("cp932"),
    "euc-jp": NAME.encode("euc_jp"),
    "iso-2022-jp": NAME.encode("iso2022_jp"),
    "json escapes": json.dumps(NAME).encode(),
    "json in json": twice(NAME).encode(),
    "percent": urllib.parse.quote(NAME).encode(),
    "html entities": "".join(f"&#{ord(letter)};" for letter in NAME).encode(),
    "quoted-printable": quopri.encodestring(NAME.encode()),
    "mime words": Header(NAME, "iso-2022-jp").encode().encode(),
    "base64": base64.b64encode(NAME.encode()),
    "base64url of utf-16": base64.urlsafe_b64encode(NAME.encode("utf-16-le")).rstrip(b"="),
    "hex": NAME.encode().hex().encode(),
    "gzip": b"--part\r\n" + gzip.compress(NAME.encode(), mtime=0),
    "raw deflate in base64": base64.b64encode(zlib.compress(NAME.encode(), wbits=-15)),
    "half-width kana": HALF.encode(),
    "reversed romaji": b"dear Misaki-Sato,",
    "phone, full width, +81": "ＴＥＬ＋８１　９０（１２３４）５６７８".encode(),
    "e-mail, idna": b"misaki.sato@" + "見本.example".encode("idna"),
    "gzip in base64 in json": json.dumps({"b": base64.b64encode(gzip.compress(twice(NAME).encode(), mtime=0)).decode()}).encode(),
}  # fmt: skip


def owners(search: Search) -> set[str]:
    return {hit.owner for hit in search.hits}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_customer_is_found_under_every_encoding(encoding: str) -> None:
    search = hunt([Outgoing("wire", ENCODINGS[encoding])], [PERSON])
    assert owners(search) == {"C1"}
    assert not search.unfinished


def test_a_plain_search_finds_few_of_them() -> None:
    plain = [name for name, content in ENCODINGS.items() if "佐藤 美咲".encode() in content]
    assert plain == ["utf-8"]


@pytest.mark.parametrize("wrap", [base64.b64encode, gzip.compress, lambda inner: inner.hex().encode()])
def test_up_to_four_wrappings_deep(wrap: Callable[[bytes], bytes]) -> None:
    content = NAME.encode()
    for _ in range(4):
        content = wrap(content)
    assert owners(hunt([Outgoing("wire", content)], [PERSON])) == {"C1"}


def test_a_hit_says_whose_it_is_and_where() -> None:
    other = Person(id="C2", name="林田 千鶴子")
    hits = hunt(
        [Outgoing("log", b"ok"), Outgoing("file", base64.b64encode("林田千鶴子".encode()))], [PERSON, other]
    ).hits
    assert [(hit.where, hit.owner, hit.kind, hit.under) for hit in hits] == [
        ("file", "C2", "name", ("base64", "utf-8"))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "佐藤様",
        "佐藤 美保 様",
        "Misaki-cho 3-1",
        "090-1234-5679",
        "美しく咲く花",
        "注文 O-1234567",
        html.escape("<佐藤>"),
        "MEM-77121",
    ],
)
def test_what_is_not_theirs_is_not_found(text: str) -> None:
    assert hunt([Outgoing("wire", text.encode())], [PERSON]).hits == ()


def test_forms_are_squeezed_and_long_enough() -> None:
    kinds = dict.fromkeys(kind for kind, _ in forms(PERSON))
    assert list(kinds) == ["name", "kana", "romaji", "phone", "email", "other"]
    assert all(form == squeeze(form) and len(form) >= 4 for _, form in forms(PERSON))
    assert list(forms(Person(id="C9", name="森 光"))) == []


@pytest.mark.parametrize(
    ("kana", "said"),
    [
        ("サトウ", "satou"),
        ("キョウコ", "kyouko"),
        ("ハットリ", "hattori"),
        ("シュンスケ", "shunsuke"),
        ("ﾐｻｷ", "misaki"),
        ("マッチャ", "matcha"),
    ],
)
def test_kana_in_latin_letters(kana: str, said: str) -> None:
    assert romaji(kana) == said


def test_a_long_vowel_is_romanised_both_ways() -> None:
    assert {"satoumisaki", "satomisaki", "misakisatou", "misakisato"} <= {form for _, form in forms(PERSON)}


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_searched_within_bounds(content: bytes) -> None:
    assert sum(1 for _ in decoded(content)) < 4000


def test_a_bomb_is_cut_and_said_to_be_unfinished() -> None:
    bomb = gzip.compress(b"\0" * (50 << 20), compresslevel=9, mtime=0)
    search = hunt([Outgoing("wire", bomb)], [PERSON])
    assert search.unfinished and set(search.unfinished) == {"wire"}


def test_what_was_not_finished_names_its_place() -> None:
    nested = b"".join(gzip.compress(bytes([number % 256]) * 50, mtime=0) for number in range(900))
    deep = gzip.compress(gzip.compress(nested, mtime=0), mtime=0)
    search = hunt([Outgoing("fine", b"hello"), Outgoing("deep", deep)], [PERSON])
    assert set(search.unfinished) <= {"deep"}


class TestRecorder:
    def test_a_live_connection_fails_and_is_kept(self) -> None:
        with Recorder() as recorder:
            with pytest.raises(LiveConnection):
                http.client.HTTPConnection("192.0.2.1", timeout=1).request("POST", "/", body=NAME.encode())
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, pytest.raises(LiveConnection):
                udp.sendto(NAME.encode(), ("192.0.2.1", 53))
            with pytest.raises(LiveConnection):
                socket.getaddrinfo("misaki.example", 80)
        assert len(recorder.attempts) == 3
        assert owners(hunt(recorder.outgoing, [PERSON])) == {"C1"}

    def test_processes_of_this_machine_may_talk(self) -> None:
        with Recorder() as recorder:
            one, other = socket.socketpair()
            one.sendall(b"x")
            assert other.recv(1) == b"x"
            one.close(), other.close()
        assert recorder.attempts == []

    def test_log_lines_and_their_exceptions_are_kept(self) -> None:
        with Recorder() as recorder:
            try:
                raise ValueError("090-1234-5678")
            except ValueError:
                logging.getLogger("shop").exception("could not write to %s", "佐藤 美咲")
        assert {hit.kind for hit in hunt(recorder.outgoing, [PERSON]).hits} == {"name", "phone"}

    def test_afterwards_everything_is_as_before(self) -> None:
        before = (
            socket.socket.connect,
            socket.getaddrinfo,
            logging.getLogger().level,
            len(logging.getLogger().handlers),
        )
        with Recorder():
            pass
        assert before == (
            socket.socket.connect,
            socket.getaddrinfo,
            logging.getLogger().level,
            len(logging.getLogger().handlers),
        )
