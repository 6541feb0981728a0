"""Who may stand in a case: invented people at reserved addresses, and nobody else.

Whether a name is real can't be seen; whether it is on the list of invented ones can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from policies.identifiers.scan import scan
from policies.identifiers.types import NAMES
from policies.loading import Page

SOURCE = Path(__file__).with_name("invented.yaml")
_NAME_KEYS = frozenset({"name", "previous", "signer"})
_NAMED_IN = frozenset({"customer", "owner", "sender"})
"""Objects of a record whose ``name``, ``previous`` and ``signer`` are people; a product or an offer has a name too."""
_HASHES = frozenset({"email_hash", "phone_hash"})
_LONGEST_HASH = 12
"""Letters of a stand-in for a hash; a real one can be undone by trying every telephone number."""
_NUMBERS = frozenset({"CUSTOMER_ID", "ORDER_ID"})
_SHORTEST_NUMBER = 7
_MAIL = re.compile(
    r"@(?:[a-z0-9-]+\.)*(?:example(?:\.(?:jp|co\.jp|com|net|org|co\.uk))?|test|invalid|localhost)\Z", re.I
)
_PHONE = re.compile(
    r"0(?:[1-9]0?|120|[1-9][0-9]{1,3})0000[0-9]{1,4}|0120000[0-9]{3}"  # Japan: exchange 0000
    r"|(?:0|44)(?:20794600?|1632960|7700900|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960|1514960|1614960|808157)[0-9]{3}"
    r"|1?[2-9][0-9]{2}55501[0-9]{2}"
)
_PLACE = re.compile(r"見本|例示|Sample|Example", re.I)
_POSTCODE = re.compile(r"〒? ?[0-9]{3}-?0000|000-?0000|ZZ99 ?[0-9][A-Z]{2}|00000")
_NET = re.compile(r"192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|127\.|2001:db8:", re.I)


@dataclass(frozen=True, slots=True)
class People:
    """Invented words of one language: surname → reading, given name → reading, companies, and what stands for the rest."""

    surnames: Mapping[str, str]
    given: Mapping[str, str]
    companies: tuple[str, ...]
    department: str
    title: str
    address: str
    phone: str


@cache
def people() -> Mapping[str, People]:
    """Language → its invented people."""
    content = Page(SOURCE).content
    return {
        language: People(**{**content[language], "companies": tuple(content[language]["companies"])})
        for language in ("ja", "en")
    }


@cache
def surnames() -> frozenset[str]:
    """Every invented surname, as it is written and as it is read."""
    return frozenset(name for one in people().values() for pair in one.surnames.items() for name in pair if name)


@dataclass(frozen=True, slots=True)
class Trace:
    """Something in a case that looks like somebody's: where it stands (keys and numbers), its type, what is said."""

    path: tuple[object, ...]
    type: str
    text: str

    def __str__(self) -> str:
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).removeprefix(".")
        return f"{key or 'the file'} holds what looks like {NAMES[self.type][1]}"


def traces(content: Any, language: str) -> Iterator[Trace]:
    """Everything in a JSON value that looks like a real person's, in the order of the value."""
    for path, text in _texts(content, ()):
        key, inside = (path[-1] if path else ""), (path[-2] if len(path) > 1 else "")
        if key in _HASHES:
            if len(text) > _LONGEST_HASH:
                yield Trace(path, "SECRET", text)
        elif key in _NAME_KEYS and inside in _NAMED_IN:
            if not is_invented_name(text):
                yield Trace(path, "PERSON", text)
        else:
            yield from (Trace(path, type, said) for type, said in looks_real(text, language))


@lru_cache(maxsize=16384)
def looks_real(text: str, language: str) -> tuple[tuple[str, str], ...]:
    """(type, text) of every identifier in a text that is not invented or reserved; the cases of a suite say the same again and again."""
    said = ((span.type, text[span.start : span.end]) for span in scan(text, language))
    return tuple((type, part) for type, part in said if not _reserved(type, part))


def is_invented_name(text: str) -> bool:
    """Whether a name is made of an invented surname and whatever is given to it, or of given names of the list alone."""
    words = [word for word in re.split(r"[\s・,]+", text.strip()) if word]
    if any(word in surnames() for word in words) or all(word in _given() for word in words):
        return True
    return len(words) == 1 and words[0].startswith(_unspaced())


@cache
def _given() -> frozenset[str]:
    return frozenset(name for one in people().values() for pair in one.given.items() for name in pair if name)


@cache
def _unspaced() -> tuple[str, ...]:
    """Surnames that a given name follows without a space."""
    return tuple(sorted(people()["ja"].surnames))


def _reserved(type: str, said: str) -> bool:
    match type:
        case "PERSON":
            return any(name in said for name in surnames()) or is_invented_name(said)
        case "EMAIL":
            return bool(_MAIL.search(said))
        case "PHONE":
            digits = "".join(filter(str.isdigit, said))
            return bool(_PHONE.fullmatch(digits) or _PHONE.fullmatch(re.sub(r"\A81", "0", digits)))
        case "ADDRESS":
            return bool(_PLACE.search(said))
        case "POSTAL_CODE":
            return bool(_POSTCODE.fullmatch(said.strip()))
        case "SOCIAL_HANDLE":
            # In prose an ordinary word after the name of a service is no account.
            return said.isalpha() and said.islower()
        case "IP_ADDRESS":
            return bool(_NET.match(said))
        case kind if kind in _NUMBERS:
            return sum(map(str.isdigit, said)) < _SHORTEST_NUMBER
    return False


def _texts(content: Any, path: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], str]]:
    if isinstance(content, str):
        yield path, content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _texts(value, (*path, key))
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            yield from _texts(value, (*path, number))
