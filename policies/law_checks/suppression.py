"""Who must not be written to: stops, objections, refusals, holds and public registers."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field

from policies.law_checks.asking import UNKNOWN, Answers, Breach, Circumstances, Lacking, Parameters, day_of, kind
from policies.law_checks.consent import recent

_MEANING = {
    "optout": ("配信停止のお申し出があります", "the person asked to stop"),
    "objection_direct_marketing_at": ("販促への利用停止のお申し出があります", "the person objected to marketing"),
    "phone_refusal": ("電話での勧誘を断られています", "the person refused such calls"),
    "line_blocked": ("LINEでブロックされています", "the person blocked us on LINE"),
    "deceased": ("お亡くなりになった方です", "the person has died"),
    "complaint_open": ("未解決のお申し出があります", "a complaint is open"),
    "disaster_hold_until": ("災害による配信の見合わせ期間です", "promotion is on hold because of a disaster"),
    "push_permission": ("通知が許可されていません", "notifications are not permitted"),
}


class Stops(Parameters):
    """``fields``: each stops the message when it is set; ``retain_years``: for how long a stop must be kept."""

    fields: tuple[str, ...] = Field(min_length=1)
    retain_years: int | None = Field(default=None, gt=0)


@kind(Stops)
def suppression(it: Circumstances, given: Stops) -> Answers:
    """Nothing on record stops this message.  A field that is None or false says that nothing does."""
    for path in given.fields:
        value = it.value(path)
        if not it.marketing and ("optout" in path or "objection" in path):
            continue
        if value is UNKNOWN:
            if not (path == "suppression.push_permission" and it.known("consent.push.status") == "opt_in"):
                yield Lacking(path)
        elif _stops(it, path, value, given.retain_years):
            ja, en = next(said for name, said in _MEANING.items() if name in path)
            yield Breach(ja, en)


def _stops(it: Circumstances, path: str, value: object, retain_years: int | None) -> bool:
    if path.endswith("push_permission"):
        return value is False or value is None
    if not value:
        return False
    on = day_of(value)
    if path.endswith("_until"):
        return on is None or it.day is None or it.day <= on
    if path == "suppression.phone_refusal.at":
        scope, category = it.known("suppression.phone_refusal.product_scope"), it.known("product.category")
        if (
            scope is not UNKNOWN
            and category is not UNKNOWN
            and category not in (scope if isinstance(scope, list) else [scope])
        ):
            return False
    kept_long_enough = retain_years and on and it.day and on < it.day - timedelta(days=366 * retain_years)
    return not kept_long_enough


_REFUSED_CALLS = Stops(fields=("suppression.phone_refusal.at",))


class Months(Parameters):
    """``register``: the field that says since when somebody is listed, binding after ``listed_days``.

    Months in which a purchase or an inquiry excuses the call; ``refusal``: nor may the person have refused calls.
    """

    register_field: str = Field(alias="register")
    purchase_months: int | None = Field(default=None, gt=0)
    inquiry_months: int | None = Field(default=None, gt=0)
    listed_days: int = Field(default=0, ge=0)
    refusal: bool = False
    allow: tuple[str, ...] = ("opt_in", "prior_express_written", "request")


@kind(Months)
def registry_or_relationship(it: Circumstances, given: Months) -> Answers:
    """Not on the public register, or the person agreed, or bought or asked recently."""
    if given.refusal:
        yield from suppression(it, _REFUSED_CALLS)
    if it.known("consent.<channel>.status") == "opt_in" or it.known("consent.<channel>.basis") in given.allow:
        return
    if given.purchase_months and recent(it, "last_purchase_at", given.purchase_months):
        return
    if given.inquiry_months and recent(it, "last_inquiry_at", given.inquiry_months):
        return
    listed = it.value(given.register_field)
    if listed is UNKNOWN:
        yield Lacking(given.register_field)
    elif listed and not _fresh(it, listed, given.listed_days):
        yield Breach(
            "勧誘を望まない方の名簿に登録されています",
            "the person is on the register of those who want no such contact",
        )


def _fresh(it: Circumstances, listed: object, days: int) -> bool:
    """Listed so shortly that the register does not bind yet."""
    on = day_of(listed)
    return bool(days) and on is not None and it.day is not None and (it.day - on).days < days


def permitted(it: Circumstances, field: str) -> Answers:
    """Permission is on record, or a contract is running."""
    if it.value("relationship.ongoing_contract") is True or it.known("consent.<channel>.status") == "opt_in":
        return
    value = it.value(field)
    if value is UNKNOWN:
        yield Lacking(field)
    elif not value:
        yield Breach("事前の同意が記録されていません", "no prior consent is on record")


def rested(it: Circumstances, days: int) -> Answers:
    """So many days have passed since the person said no."""
    value = it.value("suppression.phone_refusal.at")
    on = day_of(value)
    if value is UNKNOWN or (on and it.day is None):
        yield Lacking("suppression.phone_refusal.at" if value is UNKNOWN else "send_at_local")
    elif value and (on is None or (it.day or date.max) - on < timedelta(days=days)):
        yield Breach(f"断られてから{days}日が過ぎていません", f"less than {days} days since the refusal")
