"""Making a customer's record nobody's: invented names, numbered ids, reserved addresses, and notes as closed values.

The same person, id or address is the same stand-in everywhere in one case, and another one in another case, so that nobody can be
followed from case to case.  The same record under the same case id gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from agent.canonical import digest
from evals.invented import People, looks_real, people
from policies.loading import Page
from retrieval.customer import CHANNELS
from retrieval.features.deadlines import DAYS_AHEAD, PARTS, WEEKDAYS
from retrieval.features.notes import CONCEPTS, LOWERING
from retrieval.notes.concepts import load, of
from retrieval.notes.suspicion import SUSPICIOUS, suspicion

SOURCE = Path(__file__).with_name("closed_values.yaml")
_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-龯々]")
_KANA = re.compile(r"[ァ-ヺー・\s]+")
_WHEN = [re.compile(pattern, re.IGNORECASE) for pattern in (
    *(pattern for name, (pattern, _) in PARTS.items() if name in ("iso_year", "day_before", "day_after", "japanese_days", "hour")),
    r"(?<![0-9/])[0-9]{1,2}[/月][0-9]{1,2}日?",
    *(words for words, _ in DAYS_AHEAD), *WEEKDAYS, "来週|next week", "今週|this week", "月末|end of (?:the |this )?month",
)]  # fmt: skip
"""Ways of naming a date: of a note that promises something, they are what a rule reads."""
_DATE = re.compile(r"(?:\d{4}-)?\d{2}-\d{2}")
_HONORIFICS = frozenset({"Mr", "Mrs", "Ms", "Miss", "Dr", "Prof"})
_CALENDAR_YEAR, _ADULT = 1980, 20


@dataclass
class Pseudonyms:
    """The stand-ins of one case.  ``given`` maps what stood there to what stands there now."""

    case: str
    given: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The record without anybody in it."""
        known = _Known.of(record)
        customer = self._customer(record["customer"], known)
        made: dict[str, Any] = {
            "now": record["now"],
            "sender": self._sender(record.get("sender") or {}),
            "customer": customer,
        }
        for key, rows in record.items():
            if key not in made and key != "extra":
                made[key] = [self._row(key, row, known) for row in rows]
        return {key: value for key, value in made.items() if value not in ([], {}, None)}

    def text(self, text: str) -> str:
        """A text somebody wrote, with every name, id and address that the record knew replaced."""
        for before, after in sorted(self.given.items(), key=lambda pair: -len(pair[0])):
            if len(before) > 1:
                text = text.replace(before, after)
        return text

    # --- who ----------------------------------------------------------------------------------------------------------

    def name(self, name: str) -> str:
        """An invented name in the script and with the parts of ``name``."""
        if name in self.given:
            return self.given[name]
        japanese = bool(_JAPANESE.search(name))
        invented, number = people()["ja" if japanese else "en"], self._next("name")
        start = int(digest(self.case.encode(), 8), 16)
        surnames, given = list(invented.surnames), list(invented.given)
        surname = surnames[(start + number) % len(surnames)]
        first = given[(start // len(surnames) + number) % len(given)]
        kana = japanese and bool(_KANA.fullmatch(name))
        if kana:
            surname, first = invented.surnames[surname], invented.given[first]
        parts = name.split()
        if len(parts) == 1:
            made = f"{surname}{first}" if japanese and len(name) > 2 and not kana else surname
        else:
            made = f"{surname} {first}" if japanese else f"{first} {surname}"
            own = (parts[0], parts[-1]) if japanese else (parts[-1], parts[0])
            self.given.setdefault(own[0], surname)
            self.given.setdefault(own[1], first)
            self.given.setdefault("".join(parts), made.replace(" ", ""))
        self.given[name] = made
        return made

    def id(self, letter: str, id: str) -> str:
        """A numbered id, the same for the same one."""
        key = f"{letter}\0{id}"
        if key not in self.given:
            self.given[key] = f"{letter}-{self._next(letter)}"
            if any(map(str.isdigit, id)) and len(id) > 2:
                self.given.setdefault(id, self.given[key])
        return self.given[key]

    def _next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]

    def _customer(self, customer: Mapping[str, Any], known: _Known) -> dict[str, Any]:
        made = {key: value for key, value in customer.items() if key != "extra"}
        made["id"] = self.id("C", customer["id"])
        invented = _invented(customer)
        for key, stand_in in (("department", invented.department), ("title", invented.title)):
            if made.get(key):
                made[key] = self.given[customer[key]] = stand_in
        if made.get("company"):
            made["company"] = self.given[customer["company"]] = invented.companies[
                len(self.case) % len(invented.companies)
            ]
        if made.get("name"):
            made["name"] = self.name(customer["name"])
        if made.get("owner"):
            made["owner"] = self._owner(customer["owner"])
        for key, stand_in in (("email_hash", "h-1"), ("phone_hash", "p-1")):
            if made.get(key):
                made[key] = stand_in
        if made.get("birthdate"):
            made["birthdate"] = _birthdate(customer["birthdate"], known.year)
        if made.get("preferences"):
            made["preferences"] = _wishes(customer["preferences"], known)
        if made.get("duplicate_candidates"):
            made["duplicate_candidates"] = [
                {**{key: one[key] for key in ("score", "consents", "contacts_7d") if key in one}, "id": self.id("C", str(one.get("id")))}
                for one in customer["duplicate_candidates"]
            ]  # fmt: skip
        return {key: value for key, value in made.items() if value not in ({}, [])}

    def _owner(self, owner: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(owner)
        if owner.get("id"):
            made["id"] = self.id("R", owner["id"])
        for key in ("name", "previous"):
            if owner.get(key):
                made[key] = self.name(owner[key])
        return made

    def _sender(self, sender: Mapping[str, Any]) -> dict[str, Any]:
        made = {key: self._public(value) for key, value in sender.items()}
        if sender.get("signer"):
            made["signer"] = self.name(sender["signer"])
        return made

    def _public(self, value: Any) -> Any:
        """A shop's own particulars: kept, but for what looks like a person's."""
        if isinstance(value, Mapping):
            return {key: self._public(held) for key, held in value.items()}
        if not isinstance(value, str):
            return value
        language = "ja" if _JAPANESE.search(value) else "en"
        for type, said in looks_real(value, language):
            value = value.replace(said, self._address(type, said, language))
        return value

    def _address(self, type: str, said: str, language: str) -> str:
        """A reserved stand-in for an address or number."""
        if said not in self.given:
            number, invented = self._next(type), people()[language]
            self.given[said] = {
                "EMAIL": f"shop{number}@example.jp", "PHONE": invented.phone.format(number), "ADDRESS": invented.address,
                "POSTAL_CODE": "100-0000" if language == "ja" else "ZZ99 3VZ", "PERSON": "",
            }.get(type, f"{type.lower().replace('_', '-')}-{number}")  # fmt: skip
            if type == "PERSON":
                self.given[said] = self.name(said)
        return self.given[said]

    # --- what was done ------------------------------------------------------------------------------------------------

    def _row(self, key: str, row: Mapping[str, Any], known: _Known) -> dict[str, Any]:
        if key in ("catalog", "offers"):
            return {name: self._public(value) for name, value in row.items() if value not in ([], {}, False)}
        left_out = ("extra", "return_reason", "summary")
        made = {name: value for name, value in row.items() if name not in left_out and value is not False}
        if letter := {"orders": "O", "subscriptions": "S", "tickets": "T"}.get(key):
            made["id"] = self.id(letter, row["id"])
        if key == "interactions":
            made["text"] = closed(row["text"])
        if row.get("comment"):
            made["comment"] = closed(row["comment"])
        if row.get("topic"):
            made["topic"] = topic(row["topic"])
        if row.get("coupon") and row["coupon"] not in known.words:
            made["coupon"] = self.id("COUPON", row["coupon"])
        if row.get("exchange_of"):
            made["exchange_of"] = self.id("O", row["exchange_of"])
        return made


@dataclass(frozen=True)
class _Known:
    """Words of the shop, which name nobody: SKUs, names and attributes of products, ids and codes of offers."""

    words: frozenset[str]
    year: int

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> _Known:
        words: set[str] = set()
        for product in record.get("catalog") or ():
            words |= {product["sku"], product["name"], *product.get("attrs", ())}
            words |= {attribute.partition(":")[2] for attribute in product.get("attrs", ())}
        for offer in record.get("offers") or ():
            words |= {str(offer[key]) for key in ("id", "code") if offer.get(key)}
        return cls(frozenset(words), int(record["now"][:4]))


def _invented(customer: Mapping[str, Any]) -> People:
    said = "".join(str(customer.get(key) or "") for key in ("company", "department", "title", "name"))
    return people()["ja" if _JAPANESE.search(said) else "en"]


def _birthdate(day: str, year: int) -> str:
    """The day of the year stays, and whether they are of age; the year goes, unless it can't be one."""
    born = int(day[:4])
    if not _ADULT < year - born < 100:
        return day
    return f"{_CALENDAR_YEAR}{day[4:]}"


def _wishes(preferences: Mapping[str, Any], known: _Known) -> dict[str, Any]:
    made = {}
    for key, value in preferences.items():
        words = value if isinstance(value, list) else [value]
        kept = [found for word in words for found in _wish(word, known)]
        if kept:
            made[key] = kept if isinstance(value, list) or len(kept) > 1 else kept[0]
    return made


def _wish(word: Any, known: _Known) -> list[Any]:
    if not isinstance(word, str):
        return [word] if isinstance(word, bool | int | float) else []
    own = word.lower() in {one.lower() for one in known.words} or word in load() or word.lower() in CHANNELS
    if own or word in _HONORIFICS or _DATE.fullmatch(word):
        return [word]
    return sorted(of(word))


# --- what was written -------------------------------------------------------------------------------------------------


@cache
def _values() -> Mapping[str, Any]:
    return Page(SOURCE).content


def closed(text: str) -> str:
    """A note as closed values: a plain phrase for each concept that a rule reads from it, and the dates of what it promises."""
    values, language = _values(), "ja" if _JAPANESE.search(text) else "en"
    spoken = of(text)
    if suspicion(text).score >= SUSPICIOUS:
        spoken &= LOWERING
    read = [name for name in values["phrases"] if name in spoken and (name in CONCEPTS or "taboo" in spoken)]
    if not read:
        return str(values["nothing"][language])
    said = [values["phrases"][name][language] for name in read]
    if {"commitment", "deal"} & spoken:
        said += _dates(text)
    return ("、" if language == "ja" else ", ").join(said)


def topic(text: str) -> str:
    """What a case is about as the help desk's own word, else that it was an enquiry."""
    values = _values()
    if text in values["topics"].values():
        return text
    spoken = of(text)
    found = next((word for concept, word in values["topics"].items() if concept in spoken), None)
    return found or str(values["topic"]["ja" if _JAPANESE.search(text) else "en"])


def _dates(text: str) -> Iterable[str]:
    places = sorted({found.span() for pattern in _WHEN for found in pattern.finditer(text)})
    end = -1
    for start, stop in places:
        if start >= end:
            yield text[start:stop].strip(" 、。,.")
        end = max(end, stop)
