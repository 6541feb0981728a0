"""Holding a claim against the facts: the same value, the same role, the same product, the same offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from policies.claims.fact import Fact
from policies.claims.reading import Claim, Reading

_SAID = {
    "amount_off": ("値引額", "an amount off"), "saved": ("お得になる額", "an amount saved"), "price": ("価格", "a price"),
    "list_price": ("通常価格", "the regular price"), "reduced_price": ("割引後の価格", "the reduced price"), "min_spend": ("利用条件の金額", "the least spend"),
    "max_discount": ("割引の上限額", "the most that is taken off"), "shipping_fee": ("送料", "the delivery charge"), "free_over": ("送料無料になる金額", "the spend for free delivery"),
    "off": ("割引率", "a percentage off"), "off_up_to": ("最大の割引率", "the largest percentage off"), "back": ("還元率", "a percentage back"),
    "offer_ends": ("特典の期限", "the end of the offer"), "offer_starts": ("特典の開始日", "the start of the offer"), "points_expires": ("ポイントの期限", "the day the points expire"),
    "event": ("催しの日", "the day of the event"), "history": ("過去の日", "a day in the past"), "balance": ("保有ポイント", "the points held"),
    "granted": ("進呈するポイント", "points to be given"), "next_ship": ("次回お届け日", "the next delivery"), "reply_by": ("お返事の期限", "the day to reply by"),
}  # fmt: skip


def hold(reading: Reading, claim: Claim, same: Iterable[Fact]) -> list[Fact]:
    """Object unless one of the facts with the same value also has the claim's role and binding; the facts that do."""
    said = reading.raw_text(claim.start, claim.end)
    equal = list(same)
    if not equal:
        reading.object(
            "C03", claim.start, claim.end, f"「{said}」の根拠となる事実がありません", f"no fact supports '{said}'"
        )
        return []
    fit = [fact for fact in equal if fact.role in claim.roles] if claim.roles else equal
    if not fit:
        ja, en = _SAID.get(equal[0].role, (equal[0].role, f"'{equal[0].role}'"))
        reading.object(
            "claims.role", claim.start, claim.end, f"「{said}」は{ja}であり、ここで言われているものではありません",
            f"'{said}' is {en}, not what it is said to be here",
        )  # fmt: skip
        return []
    if any(fact.skus for fact in fit) and (named := reading.bound(claim.start)):
        fit = [fact for fact in fit if not fact.skus or fact.skus & named]
        if not fit:
            reading.object(
                "claims.binding",
                claim.start,
                claim.end,
                f"「{said}」はここで挙げた商品のものではありません",
                f"'{said}' does not belong to the product named here",
            )
            return []
    if claim.basis and not any(fact.basis in ("", claim.basis) for fact in fit):
        reading.object(
            "claims.tax",
            claim.start,
            claim.end,
            f"「{said}」の税込・税抜の別が事実と違います",
            f"'{said}' has the wrong tax basis",
        )
        return []
    if claim.per and not any(_for_same(claim.per, fact.per) for fact in fit):
        reading.object(
            "claims.unit",
            claim.start,
            claim.end,
            f"「{said}」の単位(何につきの価格か)が事実と違います",
            f"'{said}' is not a price per {claim.per}",
        )
        return []
    reading.held.append((claim, fit))
    return fit


def _for_same(said: str, stated: str) -> bool:
    """Whether a price per ``said`` is a price per what the fact says; a list of units holds each of them."""
    return said in stated.lower()


def hold_offers_together(reading: Reading) -> None:
    """Values in one sentence that belong to offers belong to the same one: the code of A does not buy the discount of B."""
    if len(reading.held) < 2 or len([fit for _, fit in reading.held if [fact for fact in fit if fact.offer]]) < 2:
        return
    for held in reading.held_by_sentence.values():
        found = [(claim, offers) for claim, fit in held if (offers := {fact.offer for fact in fit if fact.offer})]
        times = Counter(offer for _, offers in found for offer in offers)
        for claim, offers in found if len(found) > 1 else ():
            if not any(times[offer] > 1 for offer in offers):
                said = reading.raw_text(claim.start, claim.end)
                reading.object(
                    "claims.binding",
                    claim.start,
                    claim.end,
                    f"「{said}」は、この文の特典とは別の特典のものです",
                    f"'{said}' belongs to another offer than the one here",
                )
