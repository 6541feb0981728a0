"""What a rule of law asks of a message: its fields, its text, the day it arrives; and what a check answers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from policies.guardrails.guard import Message

Part = Literal["subject", "title", "body"]
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
_SPACES = re.compile(r"\s+")
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


@lru_cache(maxsize=4096)
def squeezed(text: str) -> str:
    """Compatibility forms folded (NFKC), case folded, without any space: what two ways of writing one name share."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _whole(word: str) -> str:
    """A pattern for a Latin word that is not part of a longer one."""
    before = r"(?<![a-z0-9])" if word[0].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1].isalnum() else ""
    return f"{before}{re.escape(word)}{after}"


class Words:
    """A list of words to be found in a message, however they are spaced or set; Latin words only as whole words."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        self._plain = tuple((word, plain, plain[0], plain[-1]) for word in self.words for plain in [squeezed(word)])
        latin = [_whole(word) for word in self.words if unicodedata.normalize("NFKC", word).isascii()]
        self._latin = re.compile("|".join(latin), re.IGNORECASE | re.ASCII) if latin else None

    def found(self, it: Circumstances) -> tuple[Part, int | None, int | None, str] | None:
        """The first word there is: part, start, end (code points; None when it is spaced or set otherwise) and the word."""
        if self not in it.sought:
            it.sought[self] = self._find(it)
        return it.sought[self]

    def _find(self, it: Circumstances) -> tuple[Part, int | None, int | None, str] | None:
        letters, text = it.letters, it.squeezed
        near = [word for word, plain, a, z in self._plain if a in letters and z in letters and plain in text]
        for word in near:
            if unicodedata.normalize("NFKC", word).isascii():
                continue
            for part, text in it.parts:
                at = text.find(word)
                if at >= 0:
                    return part, at, at + len(word), word
            return "body", None, None, word
        if near and self._latin:
            for part, text in it.parts:
                if hit := self._latin.search(text):
                    return part, *hit.span(), hit[0]
            folded = self._latin.search(it.folded)
            if folded:
                return "body", None, None, folded[0]
        return None


class Circumstances:
    """One message as every rule reads it; what several rules ask is worked out once.

    ``asked`` are the fields asked for; ``personal`` becomes true when something is asked that differs between readers of one copy: a field of
    :data:`OF_ONE_READER`, the time of arrival (its day does not count), or how far into the text a word stands.
    """

    def __init__(self, message: Message) -> None:
        self.message = message
        own = message.about.get("message")
        told = own.get("channel") if isinstance(own, Mapping) else None
        self.channel: str = (
            told if told in LAW_CHANNELS else ("postcard" if message.channel == "post" else message.channel)
        )
        self._ways = _ways(self.channel, message.channel)
        self.marketing = message.purpose == "marketing"
        self.parts = message.parts
        self._told: dict[str, Any] = {}
        self.asked: set[str] = set()
        self.personal = False
        self.sought: dict[Words, tuple[Part, int | None, int | None, str] | None] = {}

    @cached_property
    def folded(self) -> str:
        """All the text, compatibility forms and case folded."""
        return unicodedata.normalize("NFKC", self.message.whole).casefold()

    @cached_property
    def squeezed(self) -> str:
        """All the text without spaces, folded."""
        return _SPACES.sub("", self.folded)

    @cached_property
    def letters(self) -> frozenset[str]:
        """Every letter of the text: a word with another one is not in it."""
        return frozenset(self.squeezed)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the body that are not empty, each folded and without spaces."""
        folded = unicodedata.normalize("NFKC", self.message.body).casefold()
        return tuple(line for line in (_SPACES.sub("", one) for one in folded.split("\n")) if line)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Links given and links in the text."""
        given = self.value("message.links")
        listed = [str(one) for one in given] if isinstance(given, list | tuple) else []
        return tuple(dict.fromkeys([*listed, *_URL.findall(self.message.whole)]))

    def value(self, path: str) -> Any:
        """A field, ``UNKNOWN`` when it was not given; ``<channel>`` is the channel of the message."""
        self.asked.add(path)
        if path in OF_ONE_READER:
            self.personal = True
        return self._look(path)

    def answers(self, paths: Iterable[str]) -> tuple[Any, ...]:
        """Each of these fields as :meth:`value` tells it, without counting as asked."""
        return tuple([self._look(path) for path in paths])

    def _look(self, path: str) -> Any:
        found = self._told.get(path, self)
        if found is self:
            about = self.message.about
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
        return bool(needle) and squeezed(needle) in self.squeezed

    def opening(self, letters: int) -> str:
        """The first letters of the body, folded and without spaces."""
        self.personal = True
        return squeezed(self.message.body[:letters])

    @property
    def sent_at(self) -> datetime | None:
        """When it is sent, on whatever clock that was given; None when no time was."""
        self.personal = True
        return self.message.send_at

    @property
    def arrives(self) -> datetime | None:
        """When it arrives on the recipient's clock; None when no time was given."""
        self.personal = True
        return self._arrival

    @cached_property
    def _arrival(self) -> datetime | None:
        moment = self.message.send_at
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
        return self._arrival.date() if self._arrival else day_of(self.message.bundle.get("as_of"))

    def age(self) -> int | None:
        """The recipient's age on that day; None when birth date or day is not known."""
        born = day_of(self.value("recipient.birth_date"))
        if born is None or self.day is None:
            return None
        return self.day.year - born.year - ((self.day.month, self.day.day) < (born.month, born.day))


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
