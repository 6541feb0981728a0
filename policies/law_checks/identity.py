"""Who speaks and how to make them stop: names, addresses, opt-out, registration numbers, headers, script openings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import Field

from policies.law_checks.asking import UNKNOWN, Answers, Breach, Circumstances, Lacking, Parameters, kind
from policies.law_checks.vocabulary import squeezed

_NAMES = {
    "sender.legal_name": ("送信者の正式な名称", "the sender's registered name"),
    "sender.brand_name": ("ブランド名", "the brand name"),
    "sender.postal_address": ("送信者の住所", "the sender's postal address"),
    "sender.complaint_contact": ("苦情・問い合わせの連絡先", "the contact for complaints and questions"),
}
_STOPPING = (
    "配信停止", "配信の停止", "配信を停止", "配信解除", "配信の解除", "受信停止", "受信を停止", "受信拒否", "購読解除", "解除", "停止",
    "不要な", "不要の", "ご不要", "希望されない", "希望しない", "希望なさらない", "unsubscribe", "optout", "opt-out", "stopreceiving",
    "nolongerwish", "stopthese", "tostop", "stopemails", "stoptexts", "nomore", "désabonner", "désinscri", "abmelden",
)  # fmt: skip
_ELSEWHERE = (
    "会社概要", "会社情報", "会社案内", "運営会社", "送信者情報", "配信者情報", "発行者情報", "特定商取引法", "住所", "所在地", "連絡先",
    "お問い合わせ", "問合せ", "aboutus", "contactus", "companydetails", "companyinfo", "ourdetails", "ouraddress", "legalnotice", "imprint",
    "address", "contact",
)  # fmt: skip
_REPLY_STOP = re.compile(r"(?:reply|text|send)\s{0,3}[\"'“]?stop\b", re.IGNORECASE | re.ASCII)
_MAIL = re.compile(r"[a-z0-9._%+-]{1,64}@([a-z0-9.-]{1,200})", re.IGNORECASE | re.ASCII)
_HOST = re.compile(r"https?://([a-z0-9.-]{1,200})", re.IGNORECASE | re.ASCII)


class Shown(Parameters):
    """``fields``: what must stand in the message."""

    fields: tuple[str, ...] = Field(min_length=1)


@kind(Shown)
def contains_field(it: Circumstances, given: Shown) -> Answers:
    """The value of each field stands in the message itself."""
    for path in given.fields:
        value = it.text(path)
        ja, en = _NAMES.get(path, (path, path))
        if not value:
            yield Lacking(path)
        elif not it.holds(value):
            yield Breach(f"{ja}「{value}」が本文にありません", f"{en}, '{value}', is not in the message")


@kind(Shown)
def contains_field_or_linked(it: Circumstances, given: Shown) -> Answers:
    """The value of each field stands in the message, or the message says on which linked page it is."""
    for path in given.fields:
        value = it.text(path)
        ja, en = _NAMES.get(path, (path, path))
        if not value:
            yield Lacking(path)
        elif not it.holds(value) and not (it.links and _beside(it, it.links, _ELSEWHERE)):
            yield Breach(
                f"{ja}が本文になく、載っているページの案内もありません",
                f"{en} is neither in the message nor on a linked page that the message names",
            )


def _beside(it: Circumstances, needles: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether one of ``words`` stands on the line of a needle or next to it."""
    lines = it.lines
    return any(
        _says(near, words)
        for needle in [squeezed(needle) for needle in needles if needle]
        for number, line in enumerate(lines)
        if needle in line
        for near in lines[max(0, number - 1) : number + 2]
    )


@lru_cache(maxsize=8192)
def _says(line: str, words: tuple[str, ...]) -> bool:
    return any(word in line for word in words)


class OptOut(Parameters):
    """``reply_stop``: answering STOP is a valid address; ``identity``: the sender is named too; ``email_shown``: so is an e-mail address."""

    reply_stop: bool = False
    identity: bool = False
    email_shown: bool = False


@kind(OptOut)
def contains_optout_link_and_statement(it: Circumstances, given: OptOut) -> Answers:
    """An address at which the reader can stop the messages, and beside it the words that say so."""
    addresses = tuple(filter(None, (it.text("sender.optout_url"), it.text("sender.optout_email"))))
    by_reply = given.reply_stop and it.channel in ("sms", "social_dm", "line") and _REPLY_STOP.search(it.message.body)
    if not by_reply:
        there = [address for address in addresses if it.holds(address)]
        if not addresses:
            yield Lacking("sender.optout_url")
        elif not there:
            yield Breach(
                "配信停止の連絡先が本文にありません", "the address for stopping these messages is not in the message"
            )
        elif not _beside(it, tuple(there), _STOPPING):
            at = it.message.body.find(there[0])
            yield Breach(
                "配信を停止できる旨の文が、連絡先の前後にありません", "no words beside the address say that one can stop these messages",
                start=at if at >= 0 else None, end=at + len(there[0]) if at >= 0 else None, text=there[0],
            )  # fmt: skip
    if given.identity:
        names = [it.text(f"sender.{name}") for name in ("legal_name", "brand_name", "brand")]
        if not any(names):
            yield Lacking("sender.legal_name")
        elif not any(it.holds(name) for name in names):
            yield Breach("誰からの案内か、本文からわかりません", "the message does not say who sends it")
    if given.email_shown and it.channel == "email":
        mails = [
            value for name in ("reply_email", "complaint_contact", "optout_email") if "@" in (value := it.text(f"sender.{name}"))
        ]  # fmt: skip
        if not mails:
            yield Lacking("sender.reply_email")
        elif not any(it.holds(mail) for mail in mails):
            yield Breach(
                "販売者のメールアドレスが本文にありません", "the seller's e-mail address is not in the message"
            )


@kind()
def sender_identity_verified(it: Circumstances, given: Parameters) -> Answers:
    """From and Reply-To belong to the sender, and no authentication result says otherwise."""
    headers = _headers(it)
    written = headers.get("from")
    if not written:
        yield Lacking("message.headers")
        return
    if any(f"{method}=fail" in headers.get("authentication-results", "") for method in ("spf", "dkim", "dmarc")):
        yield Breach("送信ドメイン認証に失敗しています", "authentication of the sending domain failed")
    own = {
        ".".join(found[1].lower().rstrip(".").split(".")[-3:])
        for name in ("reply_email", "complaint_contact", "optout_email", "optout_url", "site_url")
        for found in (*_MAIL.finditer(it.text(f"sender.{name}")), *_HOST.finditer(it.text(f"sender.{name}")))
    }
    for header in ("from", "reply-to"):
        mail = _MAIL.search(headers.get(header, ""))
        if header in headers and (mail is None or (own and not any(_related(mail[1].lower(), one) for one in own))):
            yield Breach(
                f"{header.title()}「{headers[header]}」が送信者のものではありません",
                f"the {header.title()} address '{headers[header]}' is not the sender's",
            )


def _related(first: str, second: str) -> bool:
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")


class Headers(Parameters):
    """``headers``: what the message must carry."""

    headers: tuple[str, ...] = Field(min_length=1)


@kind(Headers)
def headers_present(it: Circumstances, given: Headers) -> Answers:
    """Every header named is there."""
    headers = _headers(it)
    for name in given.headers:
        if not headers.get(name.lower()):
            yield Breach(f"ヘッダー {name} がありません", f"the header {name} is missing")


def _headers(it: Circumstances) -> Mapping[str, str]:
    found = it.known("message.headers")
    return {str(name).lower(): str(value) for name, value in found.items()} if isinstance(found, Mapping) else {}


class Items(Parameters):
    """``items``: what the message must hold."""

    items: tuple[
        Literal[
            "registered_name", "registration_number", "fees", "loss_risk",
            "company_name", "caller_name", "product_kind", "solicitation_purpose",
        ], ...,
    ] = Field(min_length=1)  # fmt: skip


_ITEM_WORDS = {
    "fees": (("手数料", "信託報酬", "費用", "fee", "charge"), "手数料等", "fees"),
    "loss_risk": (("元本割れ", "元本を割", "損失", "元本が保証", "元本は保証", "lose", "loss"), "損失のおそれ", "the risk of loss"),
    "solicitation_purpose": (
        ("ご案内", "お勧め", "おすすめ", "ご提案", "ご紹介", "お申し込みのお願い", "ご購入のお願い", "proposal", "offer", "selling", "tell you about", "nothing to sell", "勧誘のお電話ではございません"),
        "勧誘のための電話であること", "that the call is to sell something",
    ),
    "product_kind": (
        ("商品", "サービス", "プラン", "定期便", "コース", "保険", "お品", "クーポン", "ご注文", "ご契約", "product", "service", "plan", "subscription", "ordering"),
        "商品やサービスの種類", "what kind of goods or service",
    ),
}  # fmt: skip
_OPENING = {"ja": 260, "en": 600}
"""Letters in which a script must have said its four things."""


@kind(Items)
def contains_items(it: Circumstances, given: Items) -> Answers:
    """Each item stands somewhere in the message."""
    yield from _items(it, given, it.squeezed)


@kind(Items)
def script_opening_contains(it: Circumstances, given: Items) -> Answers:
    """Each item is said before anything is offered."""
    yield from _items(it, given, it.opening(_OPENING.get(it.message.language, 260)))


def _items(it: Circumstances, given: Items, text: str) -> Answers:
    for item in given.items:
        if item in ("registered_name", "company_name"):
            name = it.text("sender.legal_name")
            if not name:
                yield Lacking("sender.legal_name")
            elif squeezed(name) not in text:
                yield Breach(f"会社の正式名称「{name}」がありません", f"the registered name '{name}' is missing")
        elif item == "registration_number":
            numbers = it.known("sender.license_numbers")
            listed = (
                list(numbers.values()) if isinstance(numbers, Mapping) else numbers if isinstance(numbers, list) else []
            )
            if not listed:
                yield Lacking("sender.license_numbers")
            elif not any(squeezed(str(one)) in text for one in listed):
                yield Breach("登録番号がありません", "the registration number is missing")
        elif item == "caller_name":
            caller = it.text("sender.signer")
            if not (squeezed(caller) in text if caller else _INTRODUCED.search(text)):
                yield Breach("担当者の名前を名乗っていません", "the caller does not give a name")
        else:
            words, ja, en = _ITEM_WORDS[item]
            named = [
                str(one.get("name", "")) for one in it.message.bundle.get("products") or () if isinstance(one, Mapping)
            ]
            if item == "product_kind" and any(
                name and squeezed(name) in text for name in (*named, it.text("product.name"))
            ):
                continue
            if not any(squeezed(word) in text for word in words):
                yield Breach(f"{ja}が述べられていません", f"it does not say {en}")


_INTRODUCED = re.compile(
    r"(?:の|、)[^の、。]{1,12}(?:と申します|でございます|です)|this is |my name is |thisis|mynameis"
)


@kind()
def approved_material_id(it: Circumstances, given: Parameters) -> Answers:
    """The insurer's approval number of this material is on record and shown."""
    numbers = it.known("sender.license_numbers")
    approvals = numbers.get("material_approval") if isinstance(numbers, Mapping) else None
    listed = approvals if isinstance(approvals, list) else [approvals] if approvals else []
    if not listed:
        yield Lacking("sender.license_numbers.material_approval")
    elif not any(it.holds(str(one)) for one in listed):
        yield Breach(
            "募集資料の承認番号が本文にありません", "the approval number of the material is not in the message"
        )


class Honoured(Parameters):
    """Business days in which a stop must take effect."""

    business_days: int = Field(gt=0)


@kind(Honoured)
def optout_present_and_honoured(it: Circumstances, given: Honoured) -> Answers:
    """A way to stop is in the message, and nobody who took it is written to again."""
    yield from contains_optout_link_and_statement(it, _ALSO_BY_REPLY)
    stopped = it.value("suppression.optout.<channel>.at")
    if stopped is UNKNOWN:
        yield Lacking("suppression.optout.<channel>.at")
    elif stopped:
        yield Breach("配信停止のお申し出があります", "the person asked to stop")


_ALSO_BY_REPLY = OptOut(reply_stop=True)
