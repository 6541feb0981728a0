"""The fact bundle of a message: what may be said to this customer, each thing with an id and the row it came from.

What may be used to decide is not what may be mentioned: only the slots that the action names are filled, and nothing about
visits, clicks, scores or inferences is ever a slot.  One method below is one slot.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from policies.catalogue import Action
from prompts.facts import IDS, SLOTS, Amount, Benefit, Fact
from prompts.sender import Sender
from retrieval.customer import MINOR_DIGITS
from retrieval.features import FeatureFrames
from retrieval.frames import Frames
from retrieval.goods import ENTRIES
from retrieval.history import instant
from retrieval.notes.concepts import of
from retrieval.notes.suspicion import suspicion

_READER = ("addressee", "surname", "company", "department", "title")
_SPEAKER = ("brand", "legal_name", "signer", "role", "postal_address", "contact", "optout", "reply_by")
ALWAYS = (*_READER, *_SPEAKER)
"""Slots every message may use."""
_METHODS: Mapping[str, str] = {slot: f"_{slot}" for slot in SLOTS}

_SERVICE_WORDS: Mapping[str, tuple[str, str]] = {
    "recall": ("自主回収", "recall"),
    "delay": ("お届けの遅れ", "delivery delay"),
    "safety": ("安全上のお願い", "safety notice"),
    "contract": ("ご契約内容の変更", "contract change"),
    "outage": ("サービスの一時停止", "service interruption"),
}
_TOPICS: Mapping[str, tuple[str, str]] = {
    "complaint": ("お申し出", "what you told us"),
    "delivery": ("お届け", "your delivery"),
    "shipping": ("お届け", "your delivery"),
    "delay": ("お届けの遅れ", "the delay"),
    "billing": ("ご請求", "your bill"),
    "payment": ("お支払い", "your payment"),
    "return": ("ご返品", "your return"),
    "refund": ("ご返金", "your refund"),
    "exchange": ("交換", "your exchange"),
    "repair": ("修理", "the repair"),
    "damage": ("商品の破損", "the damage to your order"),
    "quality": ("商品の状態", "the condition of your order"),
    "howto": ("使い方", "how to use it"),
    "account": ("ご登録内容", "your account"),
    "subscription": ("定期便", "your subscription"),
}
"""Words that help desks file a case under → what the customer would call it."""
_NAME_LENGTH = 40
_NO_NAME = re.compile(r"[{}<>\[\]$%#@=|\\^~`\"*_+;:!?。！？]|[0-9](?:[- ]?[0-9]){6}|://|www\.|^[-,]")
"""What no name has."""
_TOPIC_LENGTH = 40
_NO_TOPIC = re.compile(
    r"[0-9@<>{}$%#\\|=\[\]。！？!?:：;；\n]|https?|www\.|様|さん|殿|ください|下さい|せよ|しろ|すること|してほしい|です|ます|半額|無料|割引|値引|"
    r"クーポン|ポイント|進呈|贈呈|プレゼント|\b(?:free|off|voucher|coupon|discount|gift|please|must|send|call|mr|mrs|ms)\b"
)
"""What no topic has: numbers and signs, names, sentences, requests, offers."""
_UNSPOKEN = frozenset({
    "bereavement", "illness", "disaster", "divorce", "hardship", "pregnancy", "infant", "minor", "hearing", "elderly_care", "taboo",
})  # fmt: skip
"""Concepts of notes that no message speaks about."""
_OPEN = ("placed", "packing", "shipped")
_GONE = ("cancelled", "returned")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_NOBODY = Sender()
Found = tuple[Any, str] | None


@dataclass(frozen=True, slots=True)
class Intent:
    """The message that is to be written: what the decision fixed before a word is chosen."""

    i: int
    action: Action
    channel: str
    sku: str | None
    offer: str | None
    language: str


class _Person(NamedTuple):
    """What slots are filled from of a customer's own row."""

    shop: str
    name: str | None
    kind: str
    company: str | None
    department: str | None
    title: str | None
    points: int | None
    points_expire: date | None
    owner_name: str | None
    owner_previous: str | None
    preferences: str | None
    zone: str
    today: date
    registered_skus: list[str] | None
    birthdate: date | None


class Gathering:
    """Fills slots for the chosen messages of one partition; look-ups are built once, when first needed."""

    def __init__(self, frames: Frames, features: FeatureFrames, senders: Mapping[str, Sender]) -> None:
        self._frames, self._features, self._senders = frames, features, senders
        self._goods = frames.shelves.goods
        self._speakers: dict[tuple[object, ...], Mapping[str, Fact]] = {}
        self._people = list(map(_Person._make, frames.customers.select(_Person._fields).iter_rows()))

    def sender(self, i: int) -> Sender:
        """Who speaks to customer ``i``: their shop's sender, or an empty one whose slots stay unfilled."""
        return self._senders.get(self._people[i].shop, _NOBODY)

    def today(self, i: int) -> date:
        """Customer ``i``'s calendar day."""
        return cast(date, self._people[i].today)

    def formal(self, i: int) -> bool:
        """Whether English addresses the customer as Mr or Ms: business accounts with a stated honorific."""
        return bool(self._honorific(i))

    def business(self, i: int) -> bool:
        """Whether company, department and title belong above the name."""
        return bool(self._people[i].kind == "b2b" and _as_name(self._people[i].company))

    def bundle(self, intent: Intent) -> Mapping[str, Fact]:
        """Slot → fact, for the slots of the action that something is known for."""
        facts: dict[str, Fact] = {}
        self._fill(facts, _READER, intent)
        facts |= self._of_speaker(intent)
        self._fill(facts, intent.action.required, intent)
        self._fill(facts, intent.action.optional, intent)
        return facts

    def _fill(self, facts: dict[str, Fact], slots: tuple[str, ...], intent: Intent) -> None:
        for slot in slots:
            found: Found = getattr(self, _METHODS[slot])(intent)
            if found is not None and (value := found[0]) is not None and value != "":
                facts[slot] = Fact(IDS[slot], slot, value, found[1])

    def _of_speaker(self, intent: Intent) -> Mapping[str, Fact]:
        """Facts about the sender, the same for every customer of a shop who has no rep of their own."""
        person = self._people[intent.i]
        key = (person.shop, person.today, intent.action.id, intent.language, person.owner_name)
        if key not in self._speakers:
            facts: dict[str, Fact] = {}
            self._fill(facts, _SPEAKER, intent)
            self._speakers[key] = facts
        return self._speakers[key]

    # --- who is addressed -------------------------------------------------------------------------------------------

    def _honorific(self, i: int) -> str | None:
        stored = self._people[i].preferences
        return orjson.loads(stored).get("honorific") if stored and "honorific" in stored else None

    def _addressee(self, it: Intent) -> Found:
        name = _as_name(self._people[it.i].name) or ""
        if it.language == "ja" or not name:
            return name, "customers.name"
        parts = name.split()
        honorific = self._honorific(it.i)
        if honorific:
            return f"{honorific} {parts[-1]}", "customers.name"
        return (name if _CJK.search(name) else parts[0]), "customers.name"

    def _surname(self, it: Intent) -> Found:
        found = self._addressee(it)
        if found is None or it.language != "ja":
            return found
        return found[0].split(" ")[0], found[1]

    def _of_person(self, it: Intent, key: str) -> Found:
        return getattr(self._people[it.i], key), f"customers.{key}"

    def _company(self, it: Intent) -> Found:
        return _as_name(self._people[it.i].company), "customers.company"

    def _department(self, it: Intent) -> Found:
        return _as_name(self._people[it.i].department), "customers.department"

    def _title(self, it: Intent) -> Found:
        return _as_name(self._people[it.i].title), "customers.title"

    # --- who speaks -------------------------------------------------------------------------------------------------

    def _brand(self, it: Intent) -> Found:
        return self.sender(it.i).brand, "sender.brand"

    def _legal_name(self, it: Intent) -> Found:
        return self.sender(it.i).legal_name, "sender.legal_name"

    def _signer(self, it: Intent) -> Found:
        if it.action.id == "rep_touch" and self._people[it.i].owner_name:
            return self._owner(it)
        return self.sender(it.i).signer, "sender.signer"

    def _role(self, it: Intent) -> Found:
        if it.action.id == "rep_touch" and self._people[it.i].owner_name:
            return None
        return self.sender(it.i).role, "sender.role"

    def _postal_address(self, it: Intent) -> Found:
        return self.sender(it.i).postal_address, "sender.postal_address"

    def _contact(self, it: Intent) -> Found:
        return self.sender(it.i).complaint_contact, "sender.complaint_contact"

    def _optout(self, it: Intent) -> Found:
        sender = self.sender(it.i)
        return (
            sender.optout_url or sender.optout_email
        ) if it.action.purpose == "marketing" else None, "sender.optout_url"

    def _link(self, it: Intent) -> Found:
        sender = self.sender(it.i)
        return sender.links.get(it.action.id, sender.site_url), f"sender.links.{it.action.id}"

    def _reply_by(self, it: Intent) -> Found:
        return self.today(it.i) + timedelta(days=self.sender(it.i).reply_days), "sender.reply_days"

    # --- the thing --------------------------------------------------------------------------------------------------

    @cached_property
    def _reached(self) -> Mapping[int, dict[str, tuple[int, str, bool]]]:
        """Customer → SKU → when it last reached them (µs), in which order, and whether by its delivery date; the latest last.

        A shop that keeps no delivery dates is taken at its order dates.
        """
        lines = self._frames.order_items.filter((pl.col("qty") > 0) & ~pl.col("status").is_in([*_GONE, *_OPEN]))
        last = (
            lines.select(
                "i", "sku", "order_id",
                pl.coalesce("delivered_at", "at").to_physical().alias("reached"),
                pl.col("delivered_at").is_not_null().alias("delivered"),
            )
            .sort("i", "reached", "sku", maintain_order=True)
            .unique(["i", "sku"], keep="last", maintain_order=True)
        )  # fmt: skip
        found: dict[int, dict[str, tuple[int, str, bool]]] = {}
        for i, sku, order, reached, delivered in last.iter_rows():
            found.setdefault(i, {})[sku] = (reached, order, delivered)
        return found

    def _reached_on(self, i: int, sku: str | None) -> Found:
        reached = self._reached.get(i, {}).get(sku or "")
        if reached is None:
            return None
        moment, order, delivered = reached
        return self._day(i, instant(moment)), f"orders:{order}.{'delivered_at' if delivered else 'at'}"

    def _day(self, i: int, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self._people[i].zone)).date()

    def _product_sku(self, it: Intent) -> str | None:
        if it.sku:
            return it.sku
        if it.offer:
            return cast("str | None", self._frames.shelves.offered[it.offer]["sku"])
        if it.action.id == "subscription_care" and it.i in self._subscriptions:
            return cast(str, self._subscriptions[it.i]["sku"])
        return None

    def _product(self, it: Intent) -> Found:
        product = self._goods.get(self._product_sku(it))
        return (product["name"], f"products:{product['sku']}.name") if product else None

    def _price(self, it: Intent) -> Found:
        product = self._goods.get(self._product_sku(it))
        if product is None or product["price_incl_tax"] is None:
            return None
        return Amount(product["price_incl_tax"], product["currency"]), f"products:{product['sku']}.price_incl_tax"

    def _last_bought(self, it: Intent) -> Found:
        return self._reached_on(it.i, it.sku)

    def _last_delivered(self, it: Intent) -> Found:
        return self._arrival(it, it.sku)

    def _arrival(self, it: Intent, sku: str | None) -> Found:
        """Better no day than the day of the order told as that of the delivery."""
        reached = self._reached.get(it.i, {}).get(sku or "")
        return self._reached_on(it.i, sku) if reached and reached[2] else None

    def _owned_sku(self, it: Intent) -> str | None:
        """What the message is about: the thing an accessory fits or an upgrade replaces, else the latest that fits the action."""
        reached = self._reached.get(it.i, {})
        if it.action.id == "service_notice":
            event = self._service.get(it.i)
            return event["sku"] if event else None
        if it.action.id == "package_insert":
            return self._packing.get(it.i)
        wanted = self._goods.get(it.sku)
        if wanted is not None:
            upgrades = {
                word.removeprefix("upgrade_of:") for word in wanted["attrs"] or () if word.startswith("upgrade_of:")
            }
            named = upgrades | set(wanted["fits"] or ())
            families = {word.removeprefix("family:") for word in named if word.startswith("family:")}
            for sku in reversed(reached):
                product = self._goods.get(sku)
                if sku in named or (product and families & _keyed(product["attrs"], "family")):
                    return sku
        registered = set(self._people[it.i].registered_skus or ())
        for sku in reversed(reached):
            product = self._goods.get(sku)
            if product is None:
                continue
            if it.action.id == "product_registration":
                if product["registration_benefit"] and sku not in registered:
                    return sku
            elif product["kind"] == "durable" or it.action.id == "review_request":
                return sku
        return None

    def _owned(self, it: Intent) -> Found:
        product = self._goods.get(self._owned_sku(it))
        return (product["name"], f"products:{product['sku']}.name") if product else None

    def _delivered(self, it: Intent) -> Found:
        sku = (
            self._owned_sku(it)
            if it.action.id != "loyalty_enroll"
            else next(reversed(self._reached.get(it.i, {})), None)
        )
        return self._arrival(it, sku)

    @cached_property
    def _packing(self) -> Mapping[int, str]:
        lines = self._frames.order_items.filter((pl.col("status") == "packing") & (pl.col("qty") > 0)).sort(
            "i", "at", "order_id", "line"
        )
        return dict(lines.group_by("i", maintain_order=True).agg(pl.col("sku").first()).rows())

    def _registration_benefit(self, it: Intent) -> Found:
        sku = self._owned_sku(it)
        product = self._goods.get(sku)
        return (product["registration_benefit"], f"products:{sku}.registration_benefit") if product else None

    def _register_by(self, it: Intent) -> Found:
        sku = self._owned_sku(it)
        product, reached = self._goods.get(sku), self._reached.get(it.i, {}).get(sku or "")
        if product is None or reached is None or not product["registration_required_within_days"]:
            return None
        day = self._day(it.i, instant(reached[0])) + timedelta(days=product["registration_required_within_days"])
        return (day, f"products:{sku}.registration_required_within_days") if day >= self.today(it.i) else None

    # --- content and gatherings: catalogue entries that are not for sale ----------------------------------------------

    @cached_property
    def _entries(self) -> Mapping[tuple[str, str], list[Mapping[str, Any]]]:
        """(shop, ``content`` or ``event``) → the shop's entries of that sort."""
        found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for product in self._goods.entries:
            for word in set(ENTRIES).intersection(product["attrs"]):
                found.setdefault((product["shop"], word), []).append(product)
        return found

    def _subjects(self, sku: str) -> frozenset[str]:
        """What an article about a product can be about: itself and the values of its attributes."""
        product = self._goods.get(sku)
        attrs = (product["attrs"] if product else None) or ()
        return frozenset({sku, *(word.split(":", 1)[1] for word in attrs if ":" in word)})

    def _content(self, it: Intent) -> Found:
        entries = self._entries.get((self._people[it.i].shop, "content"))
        if not entries:
            return None
        owned = self._reached.get(it.i, {})
        liked = frozenset().union(*map(self._subjects, owned))
        for entry in entries:
            if not liked.isdisjoint(_keyed(entry["attrs"], "topic")) or not liked.isdisjoint(entry["fits"] or ()):
                return entry["name"], f"products:{entry['sku']}.name"
        return None

    def _gathering(self, it: Intent) -> Mapping[str, Any] | None:
        coming = []
        for entry in self._entries.get((self._people[it.i].shop, "event"), []):
            days = [date.fromisoformat(day) for day in _keyed(entry["attrs"], "day")]
            coming += [
                (day, entry["sku"], entry)
                for day in days
                if timedelta(days=10) <= day - self.today(it.i) <= timedelta(days=30)
            ]
        return min(coming)[2] if coming else None

    def _event_name(self, it: Intent) -> Found:
        entry = self._gathering(it)
        return (entry["name"], f"products:{entry['sku']}.name") if entry else None

    def _event_day(self, it: Intent) -> Found:
        entry = self._gathering(it)
        return (
            (date.fromisoformat(min(_keyed(entry["attrs"], "day"))), f"products:{entry['sku']}.attrs")
            if entry
            else None
        )

    def _event_place(self, it: Intent) -> Found:
        entry = self._gathering(it)
        places = sorted(_keyed(entry["attrs"], "place")) if entry else []
        return (places[0], f"products:{entry['sku']}.attrs") if entry and places else None

    # --- the advantage ----------------------------------------------------------------------------------------------

    def _offer_row(self, it: Intent) -> Mapping[str, Any] | None:
        """The bound offer, or for a celebration, a win-back or a remedy the shop's own valid one for that occasion."""
        if it.offer:
            return self._frames.shelves.offered[it.offer]
        occasion = {
            "celebration_greeting": "birthday",
            "winback": "winback",
            "churn_save": "remedy",
            "referral_invite": "referral",
        }.get(it.action.id)
        if occasion is None:
            return None
        today, shop = self.today(it.i), self._people[it.i].shop
        for row in self._frames.shelves.occasions.get((shop, occasion), ()):
            begun = row["valid_from"] is None or row["valid_from"] <= today
            lasting = row["valid_to"] is not None and row["valid_to"] >= today + timedelta(days=7)
            if begun and lasting:
                return row
        return None

    def _offer(self, it: Intent) -> Found:
        row = self._offer_row(it)
        if row is None:
            return None
        value: Amount | float | None = row["value"]
        if row["kind"] == "amount" and row["value"] is not None:
            value = Amount(round(row["value"] * 10 ** MINOR_DIGITS.get(row["currency"], 2)), row["currency"])
        return Benefit(row["kind"], value, row["name"]), f"offers:{row['id']}"

    def _offer_ends(self, it: Intent) -> Found:
        row = self._offer_row(it)
        return (row["valid_to"], f"offers:{row['id']}.valid_to") if row else None

    def _offer_code(self, it: Intent) -> Found:
        row = self._offer_row(it)
        return (row["code"], f"offers:{row['id']}.code") if row else None

    def _points(self, it: Intent) -> Found:
        return self._of_person(it, "points")

    def _points_expire(self, it: Intent) -> Found:
        return self._of_person(it, "points_expire")

    # --- the moment -------------------------------------------------------------------------------------------------

    def _occasion(self, it: Intent) -> Found:
        """The birthday if it is the day that is near, else the anniversary the customer told us of."""
        born, today = self._people[it.i].birthdate, self.today(it.i)
        near = self._features.customers["celebration_days"][it.i]
        if near is None:
            return None
        day = today + timedelta(days=near)
        leap = born is not None and (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28)
        if born is not None and ((born.month, born.day) == (day.month, day.day) or leap):
            return ("birthday" if it.language == "en" else "お誕生日"), "customers.birthdate"
        return ("anniversary" if it.language == "en" else "記念日"), "customers.preferences"

    @cached_property
    def _tickets(self) -> Mapping[int, Mapping[str, Any]]:
        """The open case if there is one, else the one closed last."""
        order = self._frames.tickets.sort("i", pl.col("status") == "open", pl.coalesce("closed", "opened"), "id")
        return {row["i"]: row for row in order.iter_rows(named=True)}

    def _ticket_topic(self, it: Intent) -> Found:
        ticket = self._tickets.get(it.i)
        return (said_of(ticket["topic"], it.language), f"tickets:{ticket['id']}.topic") if ticket else None

    def _ticket_closed(self, it: Intent) -> Found:
        ticket = self._tickets.get(it.i)
        return (
            (self._day(it.i, ticket["closed"]), f"tickets:{ticket['id']}.closed")
            if ticket and ticket["closed"]
            else None
        )

    @cached_property
    def _service(self) -> Mapping[int, Mapping[str, Any]]:
        events = self._frames.events.filter(pl.col("type").is_in(list(_SERVICE_WORDS))).sort("i", "at", "type")
        return {row["i"]: row for row in events.iter_rows(named=True)}

    def _service_event(self, it: Intent) -> Found:
        event = self._service.get(it.i)
        kind = event["type"] if event else self._features.customers["service_event"][it.i]
        words = _SERVICE_WORDS.get(kind)
        return (words[it.language == "en"], f"events:{kind}") if words else None

    @cached_property
    def _subscriptions(self) -> Mapping[int, Mapping[str, Any]]:
        active = self._frames.subscriptions.filter(pl.col("status") == "active").sort(
            "i", "id", descending=[False, True]
        )
        return {row["i"]: row for row in active.iter_rows(named=True)}

    def _of_subscription(self, it: Intent, key: str) -> Found:
        row = self._subscriptions.get(it.i)
        if row is None or row[key] is None or row[key] < self.today(it.i):
            return None
        return row[key], f"subscriptions:{row['id']}.{key}"

    def _next_ship(self, it: Intent) -> Found:
        return self._of_subscription(it, "next_ship")

    def _change_deadline(self, it: Intent) -> Found:
        return self._of_subscription(it, "change_deadline")

    def _renews(self, it: Intent) -> Found:
        return self._of_subscription(it, "renews")

    def _promise_due(self, it: Intent) -> Found:
        hours = self._features.customers["promise_due_h"][it.i]
        if hours is None or hours < 0:
            return None
        return self._day(it.i, self._frames.as_of + timedelta(hours=hours)), "interactions"

    def _colleague(self, it: Intent, key: str) -> Found:
        """One of our own people: by family name in Japanese, as we speak of ourselves to a customer."""
        name = getattr(self._people[it.i], key)
        return (name.split()[0] if it.language == "ja" else name, f"customers.{key}") if name else None

    def _owner(self, it: Intent) -> Found:
        return self._colleague(it, "owner_name")

    def _owner_previous(self, it: Intent) -> Found:
        recent = self._features.customers["days_since_owner_change"][it.i]
        return self._colleague(it, "owner_previous") if recent is not None and recent <= 30 else None


def said_of(topic: str | None, language: str) -> str:
    """A case's topic as a noun phrase for its customer; a code, or the other language, is never read out to them."""
    words = (topic or "").strip()
    if not _sayable(words):
        words = ""
    known = _TOPICS.get(words.lower().replace("-", "").replace("_", ""))
    if known:
        return known[language == "en"]
    if language == "ja":
        return words if _CJK.search(words) else "お問い合わせ"
    if not words or _CJK.search(words) or "_" in words:
        return "your enquiry"
    return words if words.split()[0].lower() in ("the", "your", "a", "an") else f"your question about {words}"


@lru_cache(maxsize=65536)
def _as_name(written: str | None) -> str | None:
    """What a person, company or post is called, with plain spaces; None for what can only be something else.

    A form lets anybody write anything there, so braces, addresses, signs, long numbers, hidden letters and instructions are
    not printed: a message without its name is blocked and a person looks at it.
    """
    name = (written or "").replace("　", " ").strip()
    plain = unicodedata.normalize("NFKC", name)
    if len(name) > _NAME_LENGTH or _NO_NAME.search(plain) or not name.isprintable() or suspicion(name).score > 0:
        return None
    return name


def _sayable(topic: str) -> bool:
    """Whether a case's topic is one: a few words, no sentence, number, address or offer, nothing that is never mentioned.

    Whoever opens a case writes its topic, and the customer reads it back as ours.
    """
    return (
        len(topic) <= _TOPIC_LENGTH
        and not _NO_TOPIC.search(unicodedata.normalize("NFKC", topic).lower())
        and not of(topic) & _UNSPOKEN
        and suspicion(topic).score == 0
    )


def _keyed(words: list[str] | None, key: str) -> set[str]:
    """``key:value`` words of a product: the values of ``key``."""
    return {word.removeprefix(f"{key}:") for word in words or () if word.startswith(f"{key}:")}
