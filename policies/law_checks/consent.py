"""Whether the recipient agreed, on which basis, and whether that can be proved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from policies.law_checks.asking import UNKNOWN, Answers, Breach, Circumstances, Lacking, Parameters, day_of, kind

_REFUSED = ("opt_out", "opted_out", "refused", "withdrawn", "revoked", "none", "no")
_ASKED = ("opt_in", "request", "prior_express_written")
_ONGOING = ("ongoing_business_relation", "ongoing_business_relation_non_mail_order")
_UNTICKED = ("pre_ticked", "pre_checked", "preticked", "prechecked", "bundled", "assumed")
_MONTH = 30.44


class Basis(Parameters):
    """``allow``: bases that suffice; ``method``, ``evidence``: how it was obtained, and the proof of it, must be on record.

    ``field``: a permission that must be true besides.
    """

    allow: tuple[str, ...] = Field(min_length=1)
    method: bool = False
    evidence: bool = False
    field: str | None = None


@kind(Basis)
def consent_basis(it: Circumstances, given: Basis) -> Answers:
    """Consent on record, on a basis that this law accepts."""
    yield from _besides(it, given)
    status, basis = it.known("consent.<channel>.status"), it.known("consent.<channel>.basis")
    if str(status).lower() in _REFUSED:
        yield Breach("この経路での案内を断られています", "the recipient refused messages on this channel")
    elif not _of_business(it, basis, given.allow):
        yield from _unstated(it, status, given) if basis is UNKNOWN else _stated(it, status, basis, given)


def _besides(it: Circumstances, given: Basis) -> Answers:
    """The permission and the proof that a law asks for besides consent."""
    if given.field:
        permitted = it.value(given.field)
        if permitted is UNKNOWN:
            yield Lacking(given.field)
        elif not permitted:
            yield Breach("通知が許可されていません", "notifications are not permitted")
    if given.evidence and it.known("consent.<channel>.evidence_ref") is UNKNOWN:
        yield Lacking("consent.<channel>.evidence_ref")


def _of_business(it: Circumstances, basis: Any, allow: tuple[str, ...]) -> bool:
    """Whether a business may be written to without having agreed."""
    return it.value("recipient.is_business") is True and (
        "corporate_subscriber" in allow or (basis == "published_business_address" and basis in allow)
    )


def _unstated(it: Circumstances, status: Any, given: Basis) -> Answers:
    if status is UNKNOWN:
        yield Lacking("consent.<channel>.status")
    elif "opt_in" not in given.allow:
        yield Lacking("consent.<channel>.basis")
    elif given.method:
        yield from _method(it)


def _stated(it: Circumstances, status: Any, basis: Any, given: Basis) -> Answers:
    if basis not in given.allow:
        yield Breach(
            f"同意の根拠「{basis}」では、この案内は送れません",
            f"the basis of consent '{basis}' does not allow this message",
        )
    elif basis == "soft_opt_in":
        yield from _soft(it)
    elif basis == "business_card" and it.known("relationship.business_card_received_at") is UNKNOWN:
        yield Lacking("relationship.business_card_received_at")
    elif basis in _ONGOING and it.value("relationship.purchase_channel_is_mail_order") is not False:
        yield Breach(
            "通信販売のお客様には、取引関係だけを根拠に案内を送れません",
            "to a mail-order customer an ongoing business relation is not enough",
        )
    elif basis in _ASKED and status is UNKNOWN:
        yield Lacking("consent.<channel>.status")
    elif given.method and basis in _ASKED:
        yield from _method(it)


def _method(it: Circumstances) -> Answers:
    method = it.known("consent.<channel>.method")
    if method is UNKNOWN:
        yield Lacking("consent.<channel>.method")
    elif str(method).lower() in _UNTICKED:
        yield Breach(
            "あらかじめチェックの入った欄などによる同意は無効です", "consent by a box ticked beforehand does not count"
        )


def _soft(it: Circumstances) -> Answers:
    offered = it.known("consent.optout_offered_at_collection")
    if offered is UNKNOWN:
        yield Lacking("consent.optout_offered_at_collection")
    elif offered is not True:
        yield Breach(
            "連絡先の取得時に、断る方法が示されていません", "no way to refuse was offered when the address was taken"
        )
    if it.known("relationship.last_purchase_at") is UNKNOWN:
        yield Lacking("relationship.last_purchase_at")
    address = it.text("sender.optout_url") or it.text("sender.optout_email")
    if not address:
        yield Lacking("sender.optout_url")
    elif not it.holds(address):
        yield Breach("本文に、断る方法がありません", "the message offers no way to refuse")


@kind()
def soft_opt_in(it: Circumstances, given: Parameters) -> Answers:
    """Every condition of the exception for customers (Directive 2002/58/EC Art. 13(2))."""
    yield from _soft(it)


class Implied(Parameters):
    """Months for which a purchase and an inquiry imply consent."""

    purchase_months: int = Field(gt=0)
    inquiry_months: int = Field(gt=0)


@kind(Implied)
def casl_consent(it: Circumstances, given: Implied) -> Answers:
    """Express consent, or implied by a recent purchase, inquiry or published business address (CASL s. 6, 10)."""
    status, basis = it.known("consent.<channel>.status"), it.known("consent.<channel>.basis")
    if str(status).lower() in _REFUSED:
        yield Breach("この経路での案内を断られています", "the recipient refused messages on this channel")
    elif status == "opt_in" or basis in ("opt_in", "request", "express"):
        if str(it.known("consent.<channel>.method")).lower() in _UNTICKED:
            yield from _method(it)
    elif basis in ("business_card", "published_business_address") and it.value("recipient.is_business") is True:
        return
    elif not recent(it, "last_purchase_at", given.purchase_months) and not recent(
        it, "last_inquiry_at", given.inquiry_months
    ):
        dates = [it.value(f"relationship.{name}") for name in ("last_purchase_at", "last_inquiry_at")]
        if UNKNOWN in dates and status is UNKNOWN:
            yield Lacking("consent.<channel>.status")
        else:
            yield Breach(
                f"明示の同意がなく、{given.purchase_months}か月以内の購入も{given.inquiry_months}か月以内の問い合わせもありません",
                f"no express consent, no purchase in {given.purchase_months} months, no inquiry in {given.inquiry_months} months",
            )


def recent(it: Circumstances, name: str, months: int) -> bool:
    """Whether this date of the relationship lies within so many months before the message."""
    on = day_of(it.value(f"relationship.{name}"))
    return on is not None and it.day is not None and 0 <= (it.day - on).days <= months * _MONTH


class Evidence(Parameters):
    """``fields``: what must be on record; ``retain_days``: for how long after the last message."""

    fields: tuple[str, ...] = Field(min_length=1)
    retain_days: int = Field(gt=0)


@kind(Evidence)
def evidence_present(it: Circumstances, given: Evidence) -> Answers:
    """The proof of consent is on record, and older than the message."""
    for path in given.fields:
        if it.known(path) is UNKNOWN:
            yield Lacking(path)
    since = day_of(it.value("consent.<channel>.obtained_at"))
    if since is not None and it.day is not None and since > it.day:
        yield Breach("同意の日付が送信より後です", "the consent is dated after the message")


class Window(Parameters):
    """Hours after the person's last message in which promotion may be sent."""

    hours: int = Field(gt=0)


@kind(Window)
def reply_window(it: Circumstances, given: Window) -> Answers:
    """The person wrote first, and not long ago."""
    wrote = it.known("relationship.last_inquiry_at")
    if wrote is UNKNOWN:
        if it.value("relationship.last_inquiry_at") is None:
            yield Breach("相手からの連絡がまだありません", "the person has not written first")
        else:
            yield Lacking("relationship.last_inquiry_at")
        return
    if it.sent_at is None:
        yield Lacking("send_at_local")
        return
    try:
        then = wrote if isinstance(wrote, datetime) else datetime.fromisoformat(str(wrote))
    except ValueError:
        yield Lacking("relationship.last_inquiry_at")
        return
    now = it.sent_at
    if (then.tzinfo is None) != (now.tzinfo is None):
        then, now = then.replace(tzinfo=None), now.replace(tzinfo=None)
    hours = (now - then).total_seconds() / 3600
    if not 0 <= hours <= given.hours:
        yield Breach(
            f"最後の連絡から{given.hours}時間を過ぎています",
            f"more than {given.hours} hours since the person last wrote",
        )


@kind()
def tracking_consent(it: Circumstances, given: Parameters) -> Answers:
    """Links that know the reader need consent of their own (Directive 2002/58/EC Art. 5(3))."""
    marked = next((link for link in it.links if any(sign in link.lower() for sign in _TRACKED)), None)
    if marked and it.known("consent.tracking.status") != "opt_in":
        at = it.message.body.find(marked)
        yield Breach(
            "個人を識別するリンクには、追跡への同意が必要です", "a link that identifies the reader needs consent to tracking",
            start=at if at >= 0 else None, end=at + len(marked) if at >= 0 else None, text=marked,
        )  # fmt: skip


_TRACKED = (
    "?uid=",
    "&uid=",
    "?cid=",
    "&cid=",
    "mc_eid=",
    "?recipient=",
    "&recipient=",
    "/open.gif",
    "pixel",
    "?subscriber=",
)
