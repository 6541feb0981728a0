"""What a rule of law asks of a message: its fields, its text, the day it arrives; and what a check answers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from policies.law_checks.vocabulary import Part, Place, Vocabulary, Words, squeezed, squeezed_lines

if TYPE_CHECKING:
    from policies.guardrails.guard import Message

LAW_CHANNELS = ("email", "sms", "line", "push", "postcard", "letter", "insert", "phone", "social_dm", "fax")
"""Channels as the law tells them apart; our ``post`` is a postcard unless ``message.channel`` says letter."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "recipient": ("country", "region", "timezone", "birth_date", "is_business", "deceased", "mourning_until",
                  "minor_guardian_consent", "area_codes", "name"),
    "consent": ("<channel>.status", "<channel>.basis", "<channel>.obtained_at", "<channel>.method",
                "<channel>.wording_version", "<channel>.evidence_ref", "<channel>.last_sent_at",
                "optout_offered_at_collection", "tracking.status"),
    "suppression": ("optout.<channel>.at", "optout.global_at", "objection_direct_marketing_at", "phone_refusal.at",
                    "phone_refusal.product_scope", "line_blocked", "push_permission", "complaint_open",
                    "disaster_hold_until"),
    "registries": ("uk_tps_since", "us_national_dnc", "ca_dncl_since", "fr_phone_optin", "uk_mps"),
    "relationship": ("last_purchase_at", "last_inquiry_at", "ongoing_contract", "purchase_channel_is_mail_order",
                     "business_card_received_at"),
    "sender": ("legal_name", "brand_name", "postal_address", "complaint_contact", "optout_url", "optout_email",
               "reply_email", "license_numbers", "signer", "brand", "country", "site_url", "phone"),
    "message": ("purpose", "subject", "body", "links", "promo_share", "claims", "discloses_ai", "personalised",
                "attachments_bytes", "headers", "language", "channel", "automated_voice", "notification"),
    "product": ("category", "approved_claims", "filed_claim_text", "regulated_sector", "min_age", "evidence_refs",
                "name"),
    "offer": ("price", "compare_price", "compare_type", "price_history", "starts_at", "ends_at", "prize_value",
              "purchase_value", "prize_kind", "prize_total", "expected_sales", "recurring_terms", "quantity", "extended"),
    "transport": ("postal_service", "sealed", "size_mm", "weight_g"),
    "processing": ("privacy_notice_purposes", "llm.provider_country", "llm.trains_on_input", "llm.contract_kind",
                   "llm.pii_in_prompt", "llm.transfer_basis", "sensitive_fields_used", "sensitive_consent", "llm"),
}  # fmt: skip
"""Block → the fields of it that a rule may ask for."""
OF_ONE_READER = frozenset((
    "recipient.birth_date", "recipient.name", "relationship.last_purchase_at", "relationship.last_inquiry_at",
    "relationship.business_card_received_at", *[f"consent.<channel>.{name}" for name in ("obtained_at", "method", "wording_version", "evidence_ref", "last_sent_at")],
))  # fmt: skip
"""Fields that hardly two readers share: a rule that asks for one is asked anew of each."""
PATHS = frozenset(f"{block}.{name}" for block, names in FIELDS.items() for name in names)

_SUBSTITUTE = {"postcard": "post", "letter": "post"}
_URL = re.compile(r"https?://[^\s<>\"'（）「」、。]{1,500}")
_ZONES = {"JP": "Asia/Tokyo", "UK": "Europe/London", "GB": "Europe/London", "FR": "Europe/Paris", "DE": "Europe/Berlin"}
"""Countries whose people all live by one clock."""


class _Unknown:
    """A field that was not given: neither true nor false."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()
_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Breach:
    """The rule is broken: why, and where in the text if it is about a place in it."""

    ja: str
    en: str
    part: Part = "body"
    start: int | None = None
    end: int | None = None
    text: str = ""
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """The rule cannot be judged without this field."""

    field: str


Answer = Breach | Lacking
Answers = Iterator[Answer]


class Parameters(BaseModel):
    """What a rule may set for its check; a key that is not one of them is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Given = TypeVar("Given", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of check: its name, what it may be set to, and how it asks."""

    name: str
    parameters: type[Parameters]
    ask: Callable[[Circumstances, Any], Answers]


KINDS: dict[str, Kind] = {}


def kind(
    parameters: type[Given] = Parameters,  # type: ignore[assignment]
) -> Callable[[Callable[[Circumstances, Given], Answers]], Callable[[Circumstances, Given], Answers]]:
    """Make the function below a kind of check, under its own name."""

    def register(ask: Callable[[Circumstances, Given], Answers]) -> Callable[[Circumstances, Given], Answers]:
        KINDS[ask.__name__] = Kind(ask.__name__, parameters, ask)
        return ask

    return register


class Circumstances:
    """One message as every rule reads it; what several rules ask is worked out once.

    ``asked`` are the fields asked for.  ``worded`` becomes true when anything else of the message is asked for than its fields and its day;
    ``personal`` when something is asked that differs between readers of one copy: a field of :data:`OF_ONE_READER`, the time of arrival, or
    how far into the text a word stands.
    """

    def __init__(self, message: Message) -> None:
        self._message, self._parts = message, message.parts
        own = message.about.get("message")
        told = own.get("channel") if isinstance(own, Mapping) else None
        self.channel: str = (
            told if told in LAW_CHANNELS else ("postcard" if message.channel == "post" else message.channel)
        )
        self._ways = _ways(self.channel, message.channel)
        self.marketing = message.purpose == "marketing"
        self._told: dict[str, Any] = {}
        self._standing: dict[Vocabulary, frozenset[str]] = {}
        self.asked: set[str] = set()
        self.worded = self.personal = False

    @property
    def message(self) -> Message:
        """The message itself."""
        self.worded = True
        return self._message

    @property
    def squeezed(self) -> str:
        """All the text without spaces, folded."""
        self.worded = True
        return self._squeezed

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the body that are not empty, each folded and without spaces."""
        self.worded = True
        return self._lines

    @property
    def links(self) -> tuple[str, ...]:
        """Links given and links in the text."""
        self.worded = True
        return self._links

    @cached_property
    def _folded(self) -> str:
        """All the text, compatibility forms and case folded."""
        return unicodedata.normalize("NFKC", self._message.whole).casefold()

    @cached_property
    def _squeezed(self) -> str:
        return squeezed_lines(self._message.whole)

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        return tuple(line for one in self._message.body.split("\n") if (line := squeezed(one)))

    @cached_property
    def _links(self) -> tuple[str, ...]:
        given = self.value("message.links")
        listed = [str(one) for one in given] if isinstance(given, list | tuple) else []
        return tuple(dict.fromkeys([*listed, *_URL.findall(self._message.whole)]))

    def find(self, words: Words) -> Place | None:
        """The first of these words that the text has."""
        self.worded = True
        standing = self.standing(words.vocabulary)
        return words.find(self._parts, self._folded, standing) if standing else None

    def standing(self, vocabulary: Vocabulary) -> frozenset[str]:
        """Which words of a vocabulary the text has, be it as a part of others."""
        self.worded = True
        if vocabulary not in self._standing:
            self._standing[vocabulary] = vocabulary.within(self._squeezed)
        return self._standing[vocabulary]

    def value(self, path: str) -> Any:
        """A field, ``UNKNOWN`` when it was not given; ``<channel>`` is the channel of the message."""
        self.asked.add(path)
        if path in OF_ONE_READER:
            self.personal = True
        return self._look(path)

    def answers(self, fields: Fields) -> list[Any]:
        """Each of these fields as :meth:`value` tells it, without counting as asked."""
        told: list[Any] = [self._look(path) for path in fields.elsewhere]
        about = self._message.about
        for block, names in fields.plain:
            found = about.get(block, _EMPTY)
            told += (
                [found.get(name, UNKNOWN) for name in names]
                if isinstance(found, (dict, Mapping))
                else [UNKNOWN] * len(names)
            )
        self._told.update(zip(fields.paths, told, strict=True))
        return told

    def _look(self, path: str) -> Any:
        found = self._told.get(path, self)
        if found is self:
            about = self._message.about
            for block, *names in self._ways[path]:
                found = about.get(block, _EMPTY)
                for name in names:
                    found = found.get(name, UNKNOWN) if isinstance(found, (dict, Mapping)) else UNKNOWN
                if found is not UNKNOWN:
                    break
            self._told[path] = found
        return found

    def known(self, path: str) -> Any:
        """A field that has a value; None counts as not given."""
        found = self.value(path)
        return UNKNOWN if found is None or found == "" else found

    def text(self, path: str) -> str:
        """A field as text, empty when it was not given."""
        found = self.known(path)
        return "" if found is UNKNOWN else str(found)

    def holds(self, needle: str) -> bool:
        """Whether the text has these words, whatever their spacing and width."""
        self.worded = True
        return bool(needle) and squeezed(needle) in self._squeezed

    def opening(self, letters: int) -> str:
        """The first letters of the body, folded and without spaces."""
        self.personal = True
        return squeezed(self._message.body[:letters])

    @property
    def sent_at(self) -> datetime | None:
        """When it is sent, on whatever clock that was given; None when no time was."""
        self.personal = True
        return self._message.send_at

    @property
    def arrives(self) -> datetime | None:
        """When it arrives on the recipient's clock; None when no time was given."""
        self.personal = True
        return self._arrival

    @cached_property
    def _arrival(self) -> datetime | None:
        moment = self._message.send_at
        if moment is None or moment.tzinfo is None:
            return moment
        zone = self.text("recipient.timezone") or _ZONES.get(self.text("recipient.country").upper(), "")
        try:
            return moment.astimezone(ZoneInfo(zone)) if zone else moment
        except (KeyError, ValueError, OSError):
            return moment

    @property
    def knows_the_clock(self) -> bool:
        """Whether the recipient's zone is given or the same all over their country."""
        return bool(self.text("recipient.timezone")) or self.text("recipient.country").upper() in _ZONES

    @cached_property
    def day(self) -> date | None:
        """The day it arrives, else the day of the fact bundle; None when neither was given."""
        return self._arrival.date() if self._arrival else day_of(self._message.bundle.get("as_of"))

    def age(self) -> int | None:
        """The recipient's age on that day; None when birth date or day is not known."""
        born = day_of(self.value("recipient.birth_date"))
        if born is None or self.day is None:
            return None
        return self.day.year - born.year - ((self.day.month, self.day.day) < (born.month, born.day))


class Fields:
    """Fields to be read of message after message: those that lie directly in a block, block by block, and those ``elsewhere``."""

    def __init__(self, paths: Iterable[str]) -> None:
        blocks: dict[str, list[str]] = {}
        elsewhere: list[str] = []
        for path in sorted(paths):
            block, _, name = path.partition(".")
            if "." in name or "<" in name:
                elsewhere.append(path)
            else:
                blocks.setdefault(block, []).append(name)
        self.elsewhere = tuple(elsewhere)
        self.plain = tuple((block, tuple(names)) for block, names in blocks.items())
        self.paths = (*elsewhere, *[f"{block}.{name}" for block, names in self.plain for name in names])
        """All of them, in the order in which they are read."""


class _Ways(dict[str, tuple[tuple[str, ...], ...]]):
    """Field → the keys that lead to it, under each name that the channel goes by."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self._names = tuple(names)

    def __missing__(self, path: str) -> tuple[tuple[str, ...], ...]:
        names = self._names if "<channel>" in path else ("",)
        ways = self[path] = tuple(tuple(path.replace("<channel>", name).split(".")) for name in names)
        return ways


@lru_cache(maxsize=256)
def _ways(channel: str, ours: str) -> _Ways:
    return _Ways(dict.fromkeys((channel, ours, _SUBSTITUTE.get(channel, channel))))


def day_of(value: Any) -> date | None:
    """A date or time, or the ISO 8601 text of one, as a day; None for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            return None
    return None


def number(value: Any) -> float | None:
    """A number, None for anything else; true and false are none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
