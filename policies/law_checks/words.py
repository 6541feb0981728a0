"""What is said: claims and their evidence, words that may not stand, words that must."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from policies.law_checks.asking import (
    UNKNOWN,
    Answers,
    Breach,
    Circumstances,
    Lacking,
    Parameters,
    day_of,
    kind,
    number,
)
from policies.law_checks.vocabulary import Words, squeezed


class Listed(Parameters):
    """``words``: names of word lists of the pack, put in their place by the loader; ``field``: the day until which they may not be said."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    words: Words
    field: str | None = None


@kind(Listed)
def forbidden_terms(it: Circumstances, given: Listed) -> Answers:
    """None of the words stands in the message."""
    until = day_of(it.value(given.field)) if given.field else None
    if until and it.day and it.day > until:
        return
    found = it.find(given.words)
    if found:
        part, start, end, word = found
        yield Breach(f"「{word}」とは書けません", f"'{word}' may not be said", part, start, end, word)


class Sourced(Parameters):
    """``source_shown``: the message must name source and date of the figures."""

    source_shown: bool = False


_SOURCE = re.compile(r"調べ|調査|出典|当社比|アンケート|survey|source:|study", re.IGNORECASE)


@kind(Sourced)
def claim_has_evidence(it: Circumstances, given: Sourced) -> Answers:
    """There is evidence on file for what is claimed."""
    claims, evidence = it.value("message.claims"), it.value("product.evidence_refs")
    if not given.source_shown and not claims:
        yield Lacking("message.claims")
        return
    if evidence is UNKNOWN or evidence is None:
        yield Lacking("product.evidence_refs")
    elif not evidence:
        yield Breach("表示の根拠となる資料がありません", "there is no evidence on file for what is claimed")
    elif given.source_shown and not _SOURCE.search(it.message.whole):
        yield Breach(
            "調査の出典・時期・範囲が示されていません", "it does not show source, date and scope of the figures"
        )
    elif isinstance(evidence, Mapping) and claims:
        bare = [str(claim) for claim in claims if not evidence.get(str(claim))]
        if bare:
            yield Breach(f"「{bare[0]}」の根拠資料がありません", f"there is no evidence on file for '{bare[0]}'")


class Approved(Parameters):
    """``field``: the wording that was approved or filed."""

    field: str


@kind(Approved)
def claims_subset_of(it: Circumstances, given: Approved) -> Answers:
    """Nothing is claimed but what was approved or filed."""
    approved, claims = it.known(given.field), it.value("message.claims")
    if approved is UNKNOWN:
        yield Lacking(given.field)
        return
    if claims is UNKNOWN or claims is None:
        yield Lacking("message.claims")
        return
    allowed = [squeezed(str(one)) for one in (approved if isinstance(approved, list | tuple) else [approved])]
    for claim in claims if isinstance(claims, list | tuple) else [claims]:
        if not any(squeezed(str(claim)) in one for one in allowed):
            at = it.message.body.find(str(claim))
            yield Breach(
                f"「{claim}」は承認・届出された表示にありません",
                f"'{claim}' is not among the approved or filed claims",
                start=at if at >= 0 else None,
                end=at + len(str(claim)) if at >= 0 else None,
                text=str(claim),
            )


_AD = re.compile(
    r"広告|プロモーション|【PR】|[［\[#＃]\s?PR|提供:|\bPR\b|\b[Aa]dvert|\b[Aa]d\b|[Ss]ponsored|[Pp]romotion", re.ASCII
)


@kind()
def ad_disclosure_if_third_party_voice(it: Circumstances, given: Parameters) -> Answers:
    """A review or recommendation that the business chose or paid for says that it is advertising."""
    if not _AD.search(it.message.whole):
        yield Breach(
            "第三者の感想に見える部分に、広告である旨の表示がありません",
            "what reads as somebody else's opinion is not marked as advertising",
        )


_SUBJECT_TRICK = re.compile(
    r"^\s{0,5}(?:re|fwd?|aw)\s?:|account (?:suspended|locked|notice)|payment (?:failed|declined)|final notice",
    re.IGNORECASE,
)


@kind()
def subject_matches_body(it: Circumstances, given: Parameters) -> Answers:
    """The subject pretends neither an answer nor an account notice."""
    subject = it.message.subject
    if not subject:
        yield Lacking("message.subject")
    elif found := _SUBJECT_TRICK.search(subject):
        yield Breach(
            "件名が返信や重要なお知らせを装っています", "the subject pretends to be a reply or an account notice",
            "subject", *found.span(), found[0],
        )  # fmt: skip


_AD_SIGN = re.compile(
    r"\b(?:offer|promotion|sale|deal|advertis|marketing|unsubscribe|subscri|discount|shop|order|store|newsletter)|広告|ご案内|お知らせ",
    re.IGNORECASE,
)


@kind()
def ad_identified(it: Circumstances, given: Parameters) -> Answers:
    """Any reader sees that it is commercial."""
    if not _AD_SIGN.search(it.message.whole):
        yield Breach(
            "販促の案内であることが、本文からわかりません", "nothing in the message shows that it is commercial"
        )


class Share(Parameters):
    """``value``: highest share of promotion in a notice; ``words``: what promotes in a subject."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    value: float = Field(gt=0, le=1)
    words: Words


@kind(Share)
def promo_share_max(it: Circumstances, given: Share) -> Answers:
    """Promotion stays incidental to the notice."""
    share = number(it.value("message.promo_share"))
    found = it.find(given.words)
    if found and found[0] == "subject":
        yield Breach("お知らせの件名が販促になっています", "the subject of the notice promotes", "subject", *found[1:])
    if share is None:
        yield Lacking("message.promo_share")
    elif share > given.value:
        yield Breach(
            f"販促の割合が{share:.0%}で、目安の{given.value:.0%}を超えています",
            f"{share:.0%} of the notice promotes; {given.value:.0%} is the limit",
        )


class Among(Parameters):
    """``field`` is one of ``allow``."""

    field: str
    allow: tuple[Any, ...] = Field(min_length=1)


@kind(Among)
def value_in(it: Circumstances, given: Among) -> Answers:
    """The field has one of the values allowed."""
    value = it.message.purpose if given.field == "message.purpose" else it.known(given.field)
    if value is UNKNOWN:
        yield Lacking(given.field)
    elif value not in given.allow:
        yield Breach(f"{given.field} が「{value}」です", f"{given.field} is '{value}'")


class Written(Parameters):
    """``value``: a language in which the message must be available."""

    value: str


@kind(Written)
def language_includes(it: Circumstances, given: Written) -> Answers:
    """The message is written in this language too."""
    told = it.known("message.language")
    languages = told if isinstance(told, list | tuple) else [told] if told is not UNKNOWN else [it.message.language]
    if given.value not in {str(one)[:2].lower() for one in languages}:
        yield Breach(f"「{given.value}」の版がありません", f"there is no version in '{given.value}'")


_RIGHT_TO_OBJECT = (
    "object",
    "unsubscribe",
    "optout",
    "opt-out",
    "stopreceiving",
    "異議",
    "配信停止",
    "利用停止",
    "お断り",
    "widersprechen",
    "opposer",
)


@kind()
def first_contact_notice(it: Circumstances, given: Parameters) -> Answers:
    """The first message tells of the right to object (GDPR Art. 21(4))."""
    if not any(word in it.squeezed for word in _RIGHT_TO_OBJECT):
        yield Breach(
            "初めての案内に、販促を断る権利の説明がありません", "the first message does not tell of the right to object"
        )


class Look(Parameters):
    """What a person must look at, in both languages."""

    ja: str
    en: str


@kind(Look)
def person(it: Circumstances, given: Look) -> Answers:
    """No machine can tell: whoever approves looks at this."""
    yield Breach(given.ja, given.en)


@kind()
def note(it: Circumstances, given: Parameters) -> Answers:
    """Nothing to check: the pack keeps it for whoever weighs the risk."""
    return
    yield
