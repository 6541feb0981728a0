"""Consent on record for this channel and purpose, and no objection to marketing.

Missing consent is no consent (特定電子メール法3条, 特定商取引法12条の3).  A package insert names nobody and rides with goods the
customer ordered, so it needs no channel consent, but whoever objected to all marketing gets none either.  An answer to an
open complaint needs no consent: the customer asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, Finding, Message, Scope

SCOPE: Scope = "all"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks a message nobody agreed to receive."""
    if message.row is None:
        yield _finding("consent.unknown", "同意の記録を確認できません", "the consent record is not at hand")
        return
    channel = catalogue.channels[message.channel]
    if message.purpose == "marketing":
        if message.row.get("objected_all"):
            yield _finding(
                "consent.objection", "販促全体の停止を希望されています", "the customer objected to all marketing"
            )
        if channel.id != "insert" and not message.row.get(f"ok.{channel.id}"):
            yield _finding(
                "consent.marketing",
                f"{channel.name['ja']}でのご案内に同意がありません",
                f"no consent to marketing by {channel.name['en']}",
            )
    elif _asks_service_consent(message) and not message.row.get(f"service_ok.{channel.id}"):
        yield _finding(
            "consent.service",
            f"{channel.name['ja']}での連絡に同意がありません",
            f"no consent to service messages by {channel.name['en']}",
        )


def _asks_service_consent(message: Message) -> bool:
    """Every service message does, but for the answer to an open complaint, which has no gate for it."""
    return message.action is None or any(rule.rule == "G2s" for rule in message.action.rules)


def _finding(rule: str, ja: str, en: str) -> Finding:
    return Finding("consent", rule, BLOCK, None, None, "", ja, en)
