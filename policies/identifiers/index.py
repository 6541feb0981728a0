"""Known identifiers: every form of every customer's name, number and address, so that one of them is found in any text.

A rule can say that something looks like a name; only the customer table says that it *is* one.  The forms are kept as keyed
BLAKE2 digests (8 bytes, RFC 7693) in one sorted array, so that the index is not itself a list of people.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, islice
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from policies.identifiers.forms import LONGEST, digit_runs, forms_of, squeezed, tokens
from policies.identifiers.normal import Normal
from policies.identifiers.recognisers import settle
from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit
from policies.identifiers.runs import paragraphs
from policies.identifiers.spans import Span
from policies.identifiers.types import TYPES
from retrieval.errors import InputError

Row = tuple[str, Iterable[tuple[str, str]]]
"""(customer id, its identifiers as (type, value)); the kana reading of a name is one more PERSON."""

OLDEST = timedelta(minutes=15)
SMALLEST = 0.95
"""How old an index may be, and how many of the customers it must hold, before nothing may rest on it."""


@dataclass(frozen=True, slots=True)
class Build:
    """What an index was made of: ``size`` forms of ``customers``, at ``built_at``; ``id`` is a digest of the content."""

    id: str
    size: int
    customers: int
    built_at: datetime


_OWNER = 0xFFFFFFFF
"""An owner is the low four bytes of the keyed digest of a customer's id."""


class KnownIdentifiers:
    """The index.  Made by :meth:`build` or :meth:`load`."""

    def __init__(
        self, key: bytes, build: Build, digests: npt.NDArray[np.uint64], owners: npt.NDArray[np.uint32], kinds: npt.NDArray[np.uint8],
        stems: npt.NDArray[np.uint64], lengths: npt.NDArray[np.uint64],
    ) -> None:  # fmt: skip
        self.build_of = build
        self._key, self._digests, self._owners, self._kinds = key, digests, owners, kinds
        self._stored = (stems, lengths)
        # A batch says most of its paragraphs again and again.
        self._looked = lru_cache(maxsize=16384)(self._look)
        self._stems = _Stems(key, dict(zip(stems.tolist(), lengths.tolist(), strict=True)))

    @classmethod
    def build(cls, rows: Iterable[Row], key: bytes, *, now: datetime) -> KnownIdentifiers:
        """Every form of every row's identifiers.  ``key`` is 16 to 64 secret bytes; rows are taken one at a time.

        Of a form that many customers share, two owners are kept: one is enough to know that it is somebody else's.
        """
        found: dict[bytes, int] = {}
        stems: dict[str, int] = {}
        customers = 0
        start = blake2b(digest_size=8, key=key)
        for customer, identifiers in rows:
            customers += 1
            owner = _owner(key, customer)
            for type, value in identifiers:
                kind = TYPES.index(type)
                for form in forms_of(type, value):
                    hashed = start.copy()
                    hashed.update(form.encode())
                    digest = hashed.digest()
                    before = found.get(digest)
                    if before is None:
                        found[digest] = kind << 64 | owner << 32 | owner
                        if form[0] == " ":
                            stem = form[1:3]
                            stems[stem] = stems.get(stem, 0) | 1 << (len(form) - 2)
                    elif before >> 32 & _OWNER == before & _OWNER != owner:
                        found[digest] = before & ~_OWNER | owner
        return cls._packed(found, stems, key, customers, now)

    @classmethod
    def _packed(
        cls, found: dict[bytes, int], stems: dict[str, int], key: bytes, customers: int, now: datetime
    ) -> KnownIdentifiers:
        digests = np.frombuffer(b"".join(found), dtype=">u8").astype(np.uint64)
        both = np.fromiter((entry & 0xFFFFFFFF_FFFFFFFF for entry in found.values()), np.uint64, len(found))
        first, second = (both >> np.uint64(32)).astype(np.uint32), (both & np.uint64(_OWNER)).astype(np.uint32)
        sorts = np.fromiter((entry >> 64 for entry in found.values()), np.uint8, len(found))
        found.clear()
        shared = first != second
        digests = np.concatenate((digests, digests[shared]))
        owners = np.concatenate((first, second[shared]))
        kinds = np.concatenate((sorts, sorts[shared]))
        order = np.lexsort((owners, digests))
        digests, owners, kinds = digests[order], owners[order], kinds[order]
        hashed = np.array([_hash(key, stem) for stem in stems], dtype=np.uint64)
        lengths = np.array(list(stems.values()), dtype=np.uint64)
        place = np.argsort(hashed)
        content = blake2b(digests.tobytes(), digest_size=8, key=key)
        content.update(owners.tobytes())
        return cls(
            key,
            Build(content.hexdigest(), len(digests), customers, now),
            digests,
            owners,
            kinds,
            hashed[place],
            lengths[place],
        )

    def save(self, path: Path) -> None:
        """One file, without the key; readers of the old one keep it until they load again."""
        about = {"id": self.build_of.id, "size": self.build_of.size, "customers": self.build_of.customers,
                 "built_at": self.build_of.built_at.isoformat(), "key": blake2b(b"key", digest_size=8, key=self._key).hexdigest()}  # fmt: skip
        made = io.BytesIO()
        np.savez(made, about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8), digests=self._digests, owners=self._owners,
                 kinds=self._kinds, stems=self._stored[0], lengths=self._stored[1])  # fmt: skip
        fresh = path.with_suffix(path.suffix + ".new")
        fresh.write_bytes(made.getvalue())
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path, key: bytes) -> KnownIdentifiers:
        """The index of a file; InputError when it is not one or was made with another key."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                about: dict[str, Any] = json.loads(stored["about"].tobytes())
                if about["key"] != blake2b(b"key", digest_size=8, key=key).hexdigest():
                    raise InputError("was built with another key", file=path)
                build = Build(about["id"], about["size"], about["customers"], datetime.fromisoformat(about["built_at"]))
                return cls(key, build, *(stored[name] for name in ("digests", "owners", "kinds", "stems", "lengths")))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"is not an index of known identifiers ({type(error).__name__})", file=path) from None

    def stale(self, now: datetime, customers: int) -> tuple[str, str] | None:
        """Why nothing may rest on this index, in Japanese and English: too old, or it misses customers; None when it may."""
        age = now - self.build_of.built_at
        if age > OLDEST:
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
        own = None if except_customer is None else _owner(self._key, except_customer)
        hits = [
            Hit(at + hit.start, at + hit.end, hit.type, hit.sure)
            for at, paragraph in paragraphs(normal.text)
            for hit, owners in self._looked(paragraph)
            if own not in owners
        ]
        return tuple(Span(*normal.raw_span(hit.start, hit.end), hit.type) for hit in settle(hits))

    def _look(self, text: str) -> tuple[tuple[Hit, tuple[int, ...]], ...]:
        """What is known in a paragraph, with whose it is."""
        places: list[tuple[int, int]] = []
        digests: list[bytes] = []
        start = blake2b(digest_size=8, key=self._key)

        def ask(form: str, begin: int, end: int) -> None:
            hashed = start.copy()
            hashed.update(form.encode())
            digests.append(hashed.digest())
            places.append((begin, end))

        self._words(text, ask)
        for form, begin, end in chain(tokens(text), digit_runs(text)):
            ask(form, begin, end)
        if not digests or not len(self._digests):
            return ()
        asked = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)
        first = np.searchsorted(self._digests, asked)
        last = np.searchsorted(self._digests, asked, side="right")
        return tuple(
            (_hit(text, *places[which], TYPES[self._kinds[first[which]]]), tuple(self._owners[first[which] : last[which]].tolist()))
            for which in np.flatnonzero(last > first)
        )  # fmt: skip

    def _words(self, text: str, ask: Any) -> None:
        """Names and addresses: every stretch that begins and is as long as some form."""
        view, origin = squeezed(text)
        stems = self._stems
        for begin, lengths in [
            (at, found) for at, stem in enumerate(map(add, view, islice(view, 1, None))) if (found := stems[stem])
        ]:
            if not _crossed(view, begin):
                for end in _ends(begin, lengths, len(view)):
                    if not _crossed(view, end):
                        ask(" " + view[begin:end], origin[begin], origin[end - 1] + 1)


@lru_cache(maxsize=4096)
def _bits(lengths: int) -> tuple[int, ...]:
    return tuple(bit + 1 for bit in range(LONGEST) if lengths >> bit & 1)


def _ends(begin: int, lengths: int, last: int) -> Iterator[int]:
    for length in _bits(lengths):
        if begin + length > last:
            return
        yield begin + length


_AFTER = re.compile(r"番地?|号室?|丁目")
_HONORIFIC = re.compile(r"(?:様|さま|さん|氏|殿)\Z")


def _hit(text: str, start: int, end: int, type: str) -> Hit:
    """The place as a person would mark it: with the + of a phone and the 号 of an address, without the honorific of a name."""
    if type == "PERSON":
        honorific = _HONORIFIC.search(text, start, end)
        end = honorific.start() if honorific and honorific.start() > start else end
    elif type == "ADDRESS" and (unit := _AFTER.match(text, end)):
        end = unit.end()
    elif type == "PHONE" and text[start - 1 : start] in ("+", "("):
        start -= 1
    # Two names with a comma between them are more often neighbours than one name turned round.
    return Hit(start, end, type, SHAPED if "," in text[start:end] or "\n" in text[start:end] else CHECKED)


def _crossed(view: str, at: int) -> bool:
    """Whether a Latin word or a number goes across the place."""
    if not 0 < at < len(view):
        return False
    before, after = view[at - 1], view[at]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def fault(known: KnownIdentifiers | None, now: datetime, customers: int) -> tuple[str, str] | None:
    """Why a message may not pass on the strength of this index, in Japanese and English: there is none, or it is stale."""
    if known is None:
        return "既知の個人情報の索引がありません", "there is no index of known identifiers"
    return known.stale(now, customers)


class _Stems(dict[str, int]):
    """First two letters → the lengths of forms that begin so, as bits; asked of the digests once per pair."""

    def __init__(self, key: bytes, lengths: dict[int, int]) -> None:
        super().__init__()
        self._key, self._lengths = key, lengths

    def __missing__(self, stem: str) -> int:
        if len(self) > 200_000:
            self.clear()
        found = self[stem] = self._lengths.get(_hash(self._key, stem), 0)
        return found


def _hash(key: bytes, text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest(), "big")


def _owner(key: bytes, customer: str) -> int:
    return _hash(key, f"\0{customer}") & _OWNER
