"""Known identifiers: every form of every customer's name, number and address, so that one of them is found in any text.

A rule can say that something looks like a name; only the customer table says that it *is* one.  The forms are kept as keyed
BLAKE2 digests (8 bytes, RFC 7693) in one sorted array, so that the index is not itself a list of people.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from policies.identifiers.forms import (
    LONGEST,
    PREFECTURE_BEFORE,
    compared,
    digit_runs,
    forms_of,
    is_ordinary,
    squeezed,
    tokens,
)
from policies.identifiers.names import NOT_NAMES_WITH_HONORIFIC
from policies.identifiers.normal import Normal, normalise
from policies.identifiers.recognisers import settle
from policies.identifiers.recognisers.reading import CHECKED, KANJI, SHAPED, Hit
from policies.identifiers.runs import paragraphs
from policies.identifiers.spans import Span
from policies.identifiers.types import TYPES
from retrieval.errors import InputError

Row = tuple[str, Iterable[tuple[str, str]]]
"""(customer id, its identifiers as (type, value)); the kana reading of a name is one more PERSON."""

OLDEST = timedelta(minutes=15)
SMALLEST = 0.95
"""How old an index may be of which nobody can say whether it is complete, and how many of the customers any index must hold."""
STEM = 3
"""Letters by which the beginning of a name or an address is looked for; no form of words is shorter."""
_MAGIC = b"enishi known identifiers 3\n"
_KEPT = 16384
"""Paragraphs whose answer is kept: a batch says most of its paragraphs again and again."""


@dataclass(frozen=True, slots=True)
class Build:
    """What an index was made of: ``size`` forms of ``customers``, at ``built_at``; ``id`` is a digest of the content.

    ``stamp`` is what the source said of its own state when it was read; empty when it cannot say.
    """

    id: str
    size: int
    customers: int
    built_at: datetime
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class _Arrays:
    """``digests`` of forms, sorted, each with the place in ``people`` of whose it is and its type; one form may have many owners.

    ``people`` are digests of customers' ids, sorted, and ``contents`` of what each was indexed with; ``stems`` are digests of the
    first letters of names and addresses, and ``lengths`` which lengths such forms have, as bits.
    """

    digests: npt.NDArray[np.uint64]
    owners: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint8]
    people: npt.NDArray[np.uint64]
    contents: npt.NDArray[np.uint64]
    stems: npt.NDArray[np.uint64]
    lengths: npt.NDArray[np.uint64]


_FIELDS: tuple[tuple[str, Any], ...] = (
    ("digests", np.uint64), ("people", np.uint64), ("contents", np.uint64), ("stems", np.uint64), ("lengths", np.uint64),
    ("owners", np.uint32), ("kinds", np.uint8),
)  # fmt: skip
"""In the order of the file, widest first, so that each is aligned."""
_KINDS = {type: bytes([place]) for place, type in enumerate(TYPES)}
_Found = tuple[Hit, int, int]
"""A place, and where in the arrays its owners begin and end."""


class KnownIdentifiers:
    """The index.  Made by :meth:`build` or :meth:`load`."""

    def __init__(self, key: bytes, build: Build, arrays: _Arrays) -> None:
        self.build_of = build
        self._key, self._arrays = key, arrays
        self._start = blake2b(digest_size=8, key=key)
        self._looked = lru_cache(maxsize=_KEPT)(self._look)
        self._said = lru_cache(maxsize=_KEPT)(self._asked_raw)
        self._stems = _Stems(self._start, dict(zip(arrays.stems.tolist(), arrays.lengths.tolist(), strict=True)))

    @classmethod
    def build(
        cls, rows: Iterable[Row], key: bytes, *, now: datetime, stamp: str = "", since: KnownIdentifiers | None = None
    ) -> KnownIdentifiers:
        """Every form of every row's identifiers.  ``key`` is 16 to 64 secret bytes; rows are taken one at a time.

        ``since`` is an older index with the same key: forms of customers who did not change are taken from it.
        """
        old = dict(zip(since._arrays.people.tolist(), since._arrays.contents.tolist(), strict=True)) if since else {}
        start = blake2b(digest_size=8, key=key)
        people, contents = bytearray(), bytearray()
        digests, kinds, fresh = bytearray(), bytearray(), bytearray()
        counts: list[int] = []
        beginnings: set[str] = set()
        surnames: dict[str, bytes] = {}
        for customer, identifiers in rows:
            listed = list(identifiers)
            person = _digest(start, f"\0{customer}")
            content = _digest(start, "\0".join(chain.from_iterable(listed)))
            people += person
            contents += content
            if old and old.get(int.from_bytes(person)) == int.from_bytes(content):
                continue
            before = len(kinds)
            for type, value in listed:
                forms = forms_of(type, value)
                for form in forms:
                    digest = surnames.get(form) if form[0] == "~" else None
                    if digest is None:
                        hashed = start.copy()
                        hashed.update(form.encode())
                        digest = hashed.digest()
                        if form[0] == "~":
                            surnames[form] = digest
                        elif form[0] == " ":
                            beginnings.add(form[1 : STEM + 1] + chr(len(form) - 2))
                        elif form[0] == "#" and not _DIGIT.search(form):
                            beginnings.add(_handle_stem(form) + "\0")
                    digests += digest
                kinds += _KINDS[type] * len(forms)
            fresh += person
            counts.append(len(kinds) - before)
        new = _Fresh(_words(digests), np.repeat(_words(fresh), counts), np.frombuffer(bytes(kinds), dtype=np.uint8))
        stems: dict[int, int] = {}
        for beginning in beginnings:
            stem = int.from_bytes(_digest(start, beginning[:-1]))
            stems[stem] = stems.get(stem, 0) | 1 << ord(beginning[-1])
        arrays = _packed(new, _words(people), _words(contents), stems, since._arrays if since else None)
        content_of = blake2b(arrays.digests.tobytes(), digest_size=8, key=key)
        content_of.update(arrays.owners.tobytes())
        return cls(key, Build(content_of.hexdigest(), len(arrays.digests), len(arrays.people), now, stamp), arrays)

    def save(self, path: Path) -> None:
        """One file, without the key; readers of the old one keep it until they load again."""
        build = self.build_of
        about = {"id": build.id, "size": build.size, "customers": build.customers, "built_at": build.built_at.isoformat(), "stamp": build.stamp,
                 "key": _fingerprint(self._key), "lengths": [len(getattr(self._arrays, name)) for name, _ in _FIELDS]}  # fmt: skip
        head = _MAGIC + json.dumps(about).encode()
        head += b" " * (-(len(head) + 1) % 8) + b"\n"
        handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(head)
                for name, _ in _FIELDS:
                    getattr(self._arrays, name).tofile(file)
            Path(fresh).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(fresh).unlink()
            raise

    @classmethod
    def load(cls, path: Path, key: bytes) -> KnownIdentifiers:
        """The index of a file, mapped into memory: processes that read it share it.

        Raises InputError when it is no index or was made with another key.
        """
        try:
            content = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
            end = bytes(content[len(_MAGIC) : len(_MAGIC) + 4096]).find(b"\n")
            if bytes(content[: len(_MAGIC)]) != _MAGIC or end < 0:
                raise ValueError
            at = len(_MAGIC) + end + 1
            about: dict[str, Any] = json.loads(bytes(content[len(_MAGIC) : at]))
            if about["key"] != _fingerprint(key):
                raise InputError("was built with another key", file=path)
            found: dict[str, npt.NDArray[Any]] = {}
            for (name, type), length in zip(_FIELDS, about["lengths"], strict=True):
                size = length * np.dtype(type).itemsize
                if at + size > len(content):
                    raise ValueError
                found[name] = content[at : at + size].view(type)
                at += size
            build = Build(
                about["id"],
                about["size"],
                about["customers"],
                datetime.fromisoformat(about["built_at"]),
                about["stamp"],
            )
            return cls(key, build, _Arrays(**found))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"is not an index of known identifiers ({type_name(error)})", file=path) from None

    def stale(self, now: datetime, customers: int, stamp: str | None = None) -> tuple[str, str] | None:
        """Why nothing may rest on this index, in Japanese and English: it is old, or misses customers; None when it may.

        ``stamp`` is what the source says of its state now.  Where it says what it said when the index was built, the index is
        complete whatever the clock says; a source that cannot say is trusted for 15 minutes.
        """
        if stamp is not None and stamp != self.build_of.stamp:
            return (
                "既知の個人情報の索引を作った後に顧客が変わりました",
                "customers changed since the index of known identifiers was built",
            )
        age = now - self.build_of.built_at
        if stamp is None and age > OLDEST:
            minutes = int(age.total_seconds() // 60)
            return (
                f"既知の個人情報の索引が{minutes}分前のものです",
                f"the index of known identifiers is {minutes} minutes old",
            )
        if self.build_of.customers < SMALLEST * customers:
            held = f"{self.build_of.customers:,} / {customers:,}"
            return (
                f"既知の個人情報の索引に顧客が足りません（{held}）",
                f"the index of known identifiers lacks customers ({held})",
            )
        return None

    def find(self, normal: Normal, *, except_customer: str | None = None) -> tuple[Span, ...]:
        """Identifiers in the text that belong to somebody, in raw code points; those that ``except_customer`` shares are left out."""
        found = [(at, one) for at, paragraph in paragraphs(normal.text) for one in self._looked(paragraph)]
        if not found:
            return ()
        hits = [
            Hit(at + hit.start, at + hit.end, hit.type, hit.sure)
            for at, (hit, first, last) in found
            if not self._owns(except_customer, first, last)
        ]
        return tuple(Span(*normal.raw_span(hit.start, hit.end), hit.type) for hit in settle(hits))

    def names(self, text: str, *, except_customer: str | None = None) -> bool:
        """Whether :meth:`find` would find anything in a raw text; a paragraph that was asked before costs a look into memory."""
        return any(
            not self._owns(except_customer, first, last)
            for paragraph in text.split("\n\n")
            for _, first, last in self._said(paragraph)
        )

    def _asked_raw(self, text: str) -> tuple[_Found, ...]:
        return tuple(chain.from_iterable(self._looked(paragraph) for _, paragraph in paragraphs(normalise(text).text)))

    def _owns(self, customer: str | None, first: int, last: int) -> bool:
        if customer is None:
            return False
        place = _place_of(_digest(self._start, f"\0{customer}"), self._arrays.people)
        return place >= 0 and bool((self._arrays.owners[first:last] == place).any())

    def _look(self, text: str) -> tuple[_Found, ...]:
        """What is known in a paragraph, with whose it is."""
        asked = [*self._names(compared(text)), *self._numbers(text)]
        if not asked or not len(self._arrays.digests):
            return ()
        digests = {form: _digest(self._start, form) for form in dict.fromkeys([form for form, _, _ in asked])}
        wanted, held = _words(b"".join([digests[form] for form, _, _ in asked])), self._arrays.digests
        first = np.searchsorted(held, wanted)
        found: list[_Found] = []
        origin: list[int] = []
        for which in np.flatnonzero(held[np.minimum(first, len(held) - 1)] == wanted):
            form, begin, end = asked[which]
            if form[0] in " ~":
                origin = origin or squeezed(text)[1]
                begin, end = origin[begin], _end(text, origin, end)
            if (hit := _hit(text, form, begin, end, TYPES[self._arrays.kinds[first[which]]])) is not None:
                found.append((hit, int(first[which]), int(np.searchsorted(held, wanted[which], side="right"))))
        return tuple(found)

    def _numbers(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Numbers, handles, addresses and days; of a handle without digits its beginning must be one."""
        return chain(tokens(text, lambda handle: self._stems[_handle_stem(handle)]), digit_runs(text))

    def _names(self, view: str) -> Iterator[tuple[str, int, int]]:
        """Names and addresses: every stretch that begins and is as long as some form, and surnames beside an honorific."""
        last, stems = len(view), self._stems
        # Places that a Latin word or a number goes across.
        inside = {found.start() for found in _INSIDE.finditer(view)}
        begins = [
            (at, found) for at in range(last - STEM + 1) if at not in inside and (found := stems[view[at : at + STEM]])
        ]
        for begin, lengths in begins:
            for length in _bits(lengths):
                end = begin + length
                if end > last:
                    break
                if end not in inside:
                    yield f" {view[begin:end]}", begin, end
        for honorific in _HONORED.finditer(view):
            end = honorific.start()
            places = {*range(max(0, end - _LONGEST_SURNAME), end)}
            if word := _LATIN_WORD.search(view, max(0, end - 24), end):
                places.add(word.start())
            yield from ((f"~{view[begin:end]}", begin, end) for begin in places if begin not in inside)
        for titled in _TITLED.finditer(view):
            for end in (titled.end(), titled.end("plain")):
                yield f"~{view[titled.start('name') : end]}", titled.start(), end
        for called in _CALLED.finditer(view) if "-s" in view else ():
            yield f"~{called['name']}", called.start(), called.end()


def type_name(error: BaseException) -> str:
    """An exception as it is told: by its type, for its text may hold values."""
    return type(error).__name__


@dataclass(frozen=True, slots=True)
class _Fresh:
    """Forms of customers who are new or changed, with the digest of whose each is."""

    digests: npt.NDArray[np.uint64]
    people: npt.NDArray[np.uint64]
    kinds: npt.NDArray[np.uint8]


def _packed(
    new: _Fresh,
    people: npt.NDArray[np.uint64],
    contents: npt.NDArray[np.uint64],
    stems: dict[int, int],
    old: _Arrays | None,
) -> _Arrays:
    """The arrays of what is new and of what is as it was in ``old``."""
    order = np.argsort(people)
    people, contents = people[order], contents[order]
    digests, kinds, owners = new.digests, new.kinds, _places(new.people, people)[0]
    if old is not None:
        place, there = _places(old.people, people)
        same = there & (contents[place] == old.contents) if len(people) else np.zeros(len(old.people), dtype=bool)
        kept = same[old.owners]
        digests = np.concatenate((old.digests[kept], digests))
        owners = np.concatenate((place[old.owners[kept]], owners))
        kinds = np.concatenate((old.kinds[kept], kinds))
        for stem, lengths in zip(old.stems.tolist(), old.lengths.tolist(), strict=True):
            stems[stem] = stems.get(stem, 0) | lengths
    # Forms of one customer stand together, so that in a stable order those met twice do.
    order = np.argsort(digests, kind="stable")
    digests, owners, kinds = digests[order], owners[order], kinds[order]
    once = np.ones(len(digests), dtype=bool)
    once[1:] = (digests[1:] != digests[:-1]) | (owners[1:] != owners[:-1])
    hashed = np.array(sorted(stems), dtype=np.uint64)
    lengths = np.array([stems[stem] for stem in sorted(stems)], dtype=np.uint64)
    return _Arrays(digests[once], owners[once].astype(np.uint32), kinds[once], people, contents, hashed, lengths)


def _places(
    wanted: npt.NDArray[np.uint64], among: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Where each stands in a sorted array, and whether it is there."""
    if not len(among):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    place = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    return place, among[place] == wanted


def _place_of(customer: bytes, people: npt.NDArray[np.uint64]) -> int:
    """Where a customer stands among the people; -1 for a stranger."""
    person = np.uint64(int.from_bytes(customer))
    place = int(np.searchsorted(people, person))
    return place if place < len(people) and people[place] == person else -1


def _words(digests: bytes | bytearray) -> npt.NDArray[np.uint64]:
    return np.frombuffer(bytes(digests), dtype=">u8").astype(np.uint64)


@lru_cache(maxsize=65536)
def _bits(lengths: int) -> tuple[int, ...]:
    return tuple(bit + 1 for bit in range(LONGEST) if lengths >> bit & 1)


def _handle_stem(form: str) -> str:
    return f"#{form.lstrip('#@')[: STEM - 1]}"


def _end(text: str, origin: list[int], end: int) -> int:
    """Where a stretch of the view ends in the text: with the letters that only lengthen its last vowel."""
    at = origin[end - 1] + 1
    while at < origin[end] and text[at].isalpha():
        at += 1
    return at


_INSIDE = re.compile("(?<=[a-z0-9])(?=[a-z0-9])")
_DIGIT = re.compile("[0-9]")
_LONGEST_SURNAME = 6
_HONORED = re.compile("様|サマ|サン|氏|殿|先生|チャン|クン|君")
_LATIN_WORD = re.compile(r"[a-z'’-]{2,24}\Z")
_HONORIFIC = re.compile(
    r"様(?![々子式相態変似])|さま(?!ざま)|さん(?!ぽ|ざん|かく|かっけい|しょう|しょく|じゅう|ま(?!で))|氏(?![名族神素])|殿(?![堂様下内])|先生|ちゃん|くん(?!れ)|君(?![がはの主臨])"
)
_TITLED = re.compile(
    r"(?<![a-z0-9])(?:mr|mrs|ms|miss|mx|dr) (?P<name>(?P<plain>[a-z]{2,24})(?:['’-][a-z]{2,24})?)(?![a-z0-9])"
)
_CALLED = re.compile(r"(?<![a-z0-9])(?P<name>[a-z]{2,24})(?=-(?:san|sama|sensei)(?![a-z0-9]))")
_AFTER = re.compile(r"番地?|号室?|丁目")
_KANJI = re.compile(f"[{KANJI}]")
_ALL_KANJI = re.compile(f"[{KANJI}]+")
_AFTER_A_NAME = re.compile(f"[様氏殿君先宛宅御嬢]|[^{KANJI}]|\\Z")
_HIRAGANA, _KATAKANA = re.compile("[ぁ-んー]+"), re.compile("[ァ-ヴー]+")
_BLANK = re.compile(r"[ \t\n・=]{0,4}")
_KANA, _GAP = re.compile("[ぁ-んァ-ヴー]+"), re.compile("[ ・=、\n\t]+")
_AFTER_KANA = ("様", "さま", "さん")
_SURE_KANA = 5
"""Letters from which on a name in hiragana is hardly part of other words: おかえり is a greeting before it is 岡 恵理; katakana, one more."""
_CAPITAL = re.compile(r"(?:^|[ ,.・_-])[a-z]")


def _hit(text: str, form: str, start: int, end: int, type: str) -> Hit | None:
    """The place as a person would mark it, with the + of a phone and the 号 of an address; None where the words are only words."""
    said = text[start:end]
    if form[0] == "~":
        if not _is_surname(text, start, end):
            return None
    elif type == "PERSON":
        if not _is_name(text, form, start, end):
            return None
    elif type == "ADDRESS":
        if unit := _AFTER.match(text, end):
            end = unit.end()
        if before := PREFECTURE_BEFORE.search(text, max(0, start - 5), start):
            start = before.start()
    elif type == "PHONE" and text[start - 1 : start] in ("+", "("):
        start -= 1
    # Two names with a comma between them are more often neighbours than one name turned round.
    return Hit(start, end, type, SHAPED if "," in said or "\n" in said else CHECKED)


def _is_surname(text: str, start: int, end: int) -> bool:
    """Whether what stands beside an honorific is a whole surname, and no word with it."""
    said, honorific = text[start:end], _HONORIFIC.match(text, _BLANK.match(text, end).end())  # type: ignore[union-attr]
    if honorific is None:
        # ‘We miss you’ is for everybody.
        return said.isascii() and not (said[:4] == "miss" or (said[:5] == "Miss " and is_ordinary([said[5:].lower()])))
    before = text[start - 1 : start]
    if _KATAKANA.fullmatch(said):
        return not _KATAKANA.match(before)
    if said + honorific[0] in NOT_NAMES_WITH_HONORIFIC:
        return False
    if _HIRAGANA.fullmatch(said):
        return honorific[0] in _AFTER_KANA and (len(said) > 2 or not _HIRAGANA.match(before))
    return len(said) > 1 or not _KANJI.match(before)


def _is_name(text: str, form: str, start: int, end: int) -> bool:
    """Whether a full name stands there as a name, and not as a part of other words."""
    said = text[start:end]
    if said.isascii():
        words = form[1:].split(" ")
        return not is_ordinary(words) or not (_CAPITAL.search(said) or said.islower())
    plain = _GAP.sub("", said)
    if _KANA.fullmatch(plain):
        one_kind = _HIRAGANA.fullmatch(plain) or _KATAKANA.fullmatch(plain)
        if one_kind is None or "、" in said:
            return False
        if len(plain) > _SURE_KANA or plain != said:
            return True
        if one_kind.re is _HIRAGANA:
            return len(plain) == _SURE_KANA or _HONORIFIC.match(text, end) is not None
        return not (_KATAKANA.match(text[start - 1 : start]) or _KATAKANA.match(text, end))
    if len(form) == STEM + 1 and _ALL_KANJI.fullmatch(form, 1):
        return _AFTER_A_NAME.match(text, end) is not None
    return True


def fault(
    known: KnownIdentifiers | None, now: datetime, customers: int, stamp: str | None = None
) -> tuple[str, str] | None:
    """Why a message may not pass on the strength of this index, in Japanese and English: there is none, or it is stale."""
    if known is None:
        return "既知の個人情報の索引がありません", "there is no index of known identifiers"
    return known.stale(now, customers, stamp)


class _Stems(dict[str, int]):
    """First letters → the lengths of forms that begin so, as bits; asked of the digests once per beginning."""

    def __init__(self, start: blake2b, lengths: dict[int, int]) -> None:
        super().__init__()
        self._start, self._lengths = start, lengths

    def __missing__(self, stem: str) -> int:
        if len(self) > 100_000:
            self.clear()
        found = self[stem] = self._lengths.get(int.from_bytes(_digest(self._start, stem)), 0)
        return found


def _digest(start: blake2b, text: str) -> bytes:
    """Of a text, keyed as ``start`` is: a copy costs a third of a fresh state with its key."""
    hashed = start.copy()
    hashed.update(text.encode())
    return hashed.digest()


def _fingerprint(key: bytes) -> str:
    return blake2b(b"key", digest_size=8, key=key).hexdigest()
