"""What the law asks about a message, answered from what is known of its customer: one block below for each kind of question.

What nobody knows is left out, and the rule that needs it says so.  Two things are taken as the shop's word: a row in
``consents`` is its record of consent and stands for method, wording and proof; and its published privacy notice covers what
``privacy_notice_purposes`` of the settings says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, cached_property
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from agent.decision import Decision
from policies.law_checks.asking import FIELDS
from prompts.bundle import Intent
from prompts.sender import Sender
from retrieval.customer import MINOR_DIGITS
from retrieval.frames import Frames

_POSTED: Mapping[str, Any] = {
    "postal_service": "nippon_postal_mail",
    "sealed": False,
    "size_mm": (100, 148),
    "weight_g": 3,
}
"""A standard postcard (はがき), as the printer gets it."""
_ENCLOSED: Mapping[str, Any] = {"postal_service": "courier_parcel", "sealed": False}
"""A sheet in the parcel with the goods."""
_NAMELESS = ("insert", "push")
About = Mapping[str, Mapping[str, Any]]


class Circumstances:
    """Answers for the chosen messages of one partition; look-ups are built once, when first needed."""

    def __init__(self, frames: Frames, senders: Mapping[str, Sender]) -> None:
        self._frames, self._senders = frames, senders
        self._blocks: dict[tuple[str, str | None], Mapping[str, Any]] = {}
        self._people = frames.customers.select(
            "shop", "name", "kind", "status", "locale", "timezone", "zone", "region", "birthdate", "guardian_consent", "objection_at",
        ).rows(named=True)  # fmt: skip

    def of(self, decision: Decision) -> About:
        """The blocks that hold for the message of a decision."""
        intent = decision.intent
        if intent is None:
            return {}
        person, row = self._people[intent.i], decision.row
        due = decision.send_not_before.astimezone(ZoneInfo(person["zone"])).date()
        return {
            "recipient": self._recipient(person, row, due), "consent": self._consent(intent, row),
            "suppression": self._suppression(intent, person, row, due), "registries": {},
            "relationship": self._relationship(intent.i), "sender": self._sender(person["shop"]),
            "message": {"personalised": intent.channel not in _NAMELESS}, "product": self._once("product", intent.sku, self._product),
            "offer": self._once("offer", intent.offer, self._offer), "transport": {"post": _POSTED, "insert": _ENCLOSED}.get(intent.channel, {}),
            "processing": {
                "privacy_notice_purposes": self._speaker(person["shop"]).privacy_notice_purposes, "sensitive_fields_used": (),
            },
        }  # fmt: skip

    def _once(self, block: str, id: str | None, told: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any]:
        """A block that is the same for every reader of one product or offer."""
        if id is None:
            return {}
        if (block, id) not in self._blocks:
            self._blocks[block, id] = told(id)
        return self._blocks[block, id]

    def _recipient(self, person: Mapping[str, Any], row: Mapping[str, Any], due: date) -> Mapping[str, Any]:
        mourning = {"mourning_until": due} if row.get("hold_topic") == "bereavement" else {}
        return _told(
            country=country_of(person["locale"], person["timezone"]) or self._speaker(person["shop"]).country, region=person["region"],
            timezone=person["zone"], birth_date=person["birthdate"], is_business=person["kind"] == "b2b", deceased=person["status"] == "deceased",
            minor_guardian_consent=person["guardian_consent"], name=person["name"],
        ) | mourning  # fmt: skip

    def _consent(self, intent: Intent, row: Mapping[str, Any]) -> Mapping[str, Any]:
        if not row.get(f"ok.{intent.channel}"):
            return {intent.channel: {"status": "none"}}
        agreed = self._last_words.get((intent.i, intent.channel, "opt_in"))
        on = agreed.astimezone(ZoneInfo(self._people[intent.i]["zone"])).date() if agreed else None
        record = f"consents:{intent.channel}/marketing@{on}"
        return {intent.channel: _told(
            status="opt_in", basis="opt_in", obtained_at=on, method=record, wording_version=record, evidence_ref=record,
        )}  # fmt: skip

    def _suppression(
        self, intent: Intent, person: Mapping[str, Any], row: Mapping[str, Any], due: date
    ) -> Mapping[str, Any]:
        """A stop that no row dates counts from the beginning: what matters is that there is one."""
        stopped = None
        if not row.get(f"ok.{intent.channel}"):
            stopped = self._last_words.get((intent.i, intent.channel, "opt_out"))
        objected = (person["objection_at"] or date.min) if row.get("objected_all") else None
        return {
            "optout": {intent.channel: {"at": stopped}, "global_at": objected}, "objection_direct_marketing_at": objected,
            "phone_refusal": {"at": stopped if intent.channel == "phone" else None},
            "line_blocked": not (row.get("ok.line") or row.get("service_ok.line")), "push_permission": bool(row.get("ok.push")),
            "complaint_open": bool(row.get("open_complaint")), "disaster_hold_until": due if row.get("hold_topic") == "disaster" else None,
        }  # fmt: skip

    def _relationship(self, i: int) -> Mapping[str, Any]:
        return _told(
            last_purchase_at=self._bought.get(i), last_inquiry_at=self._asked.get(i), ongoing_contract=i in self._subscribed,
            purchase_channel_is_mail_order=True,
        )  # fmt: skip

    def _speaker(self, shop: str) -> Sender:
        return self._senders.get(shop, _NOBODY)

    def _sender(self, shop: str) -> Mapping[str, Any]:
        return self._told_of_senders.get(shop, {})

    @cached_property
    def _told_of_senders(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            shop: {"brand_name": sender.brand, **sender.model_dump(include=set(FIELDS["sender"]), exclude_none=True)}
            for shop, sender in self._senders.items()
        }

    def _product(self, sku: str) -> Mapping[str, Any]:
        found = self._frames.shelves.goods.get(sku)
        if found is None:
            return {}
        category = next(
            (word.removeprefix("category:") for word in found["attrs"] or () if word.startswith("category:")), None
        )
        return _told(name=found["name"], category=category) | _extra("product", found["extra"])

    def _offer(self, offer: str) -> Mapping[str, Any]:
        found = self._frames.shelves.offered.get(offer)
        if found is None:
            return {}
        unit = 10 ** MINOR_DIGITS.get(found["currency"], 2)
        product = self._frames.shelves.goods.get(found["sku"])
        price = product["price_incl_tax"] if product else None
        return _told(
            price=price / unit if price is not None else None, starts_at=found["valid_from"], ends_at=found["valid_to"]
        ) | _extra("offer", found["extra"])  # fmt: skip

    @cached_property
    def _last_words(self) -> Mapping[tuple[int, str, str], datetime]:
        """(customer, channel, status) → when that was last said about marketing."""
        said = self._frames.consents.filter(pl.col("purpose") == "marketing")
        return {
            (i, channel, status): at
            for i, channel, status, at in said.group_by("i", "channel", "status").agg(pl.col("at").max()).iter_rows()
        }

    @cached_property
    def _bought(self) -> Mapping[int, datetime]:
        return dict(
            self._frames.orders.filter(~pl.col("status").is_in(["cancelled", "returned"]))
            .group_by("i")
            .agg(pl.col("at").max())
            .iter_rows()
        )

    @cached_property
    def _asked(self) -> Mapping[int, datetime]:
        said = self._frames.interactions.filter(pl.col("direction") == "in").select("i", "at")
        cases = self._frames.tickets.select("i", pl.col("opened").alias("at"))
        return dict(pl.concat([said, cases]).group_by("i").agg(pl.col("at").max()).iter_rows())

    @cached_property
    def _subscribed(self) -> frozenset[int]:
        return frozenset(self._frames.subscriptions.filter(pl.col("status") == "active")["i"])


_NOBODY = Sender()


def country_of(locale: str | None, timezone: str | None) -> str | None:
    """ISO 3166 code of a locale such as ja-JP, else of the country that a time zone lies in (IANA zone.tab)."""
    region = (locale or "").replace("_", "-").split("-")[-1]
    if len(region) == 2 and region.isupper() and region.isascii():
        return region
    return _countries().get(timezone or "")


@cache
def _countries() -> Mapping[str, str]:
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    return {line.split("\t")[2]: line[:2] for line in lines if line and line[0] != "#"}


def _told(**fields: Any) -> dict[str, Any]:
    """The fields that are known."""
    return {name: value for name, value in fields.items() if value is not None}


def _extra(block: str, stored: str | None) -> dict[str, Any]:
    """The fields of a block that a shop keeps under ``extra``."""
    given = orjson.loads(stored) if stored else {}
    return {name: value for name, value in given.items() if name in FIELDS[block]}
