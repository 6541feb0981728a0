"""What can be going on in a customer's life: one function per story, so that a demo can find one of each.

A story starts from a customer in good standing (known for 420 days, in the programme, consent to everything, a birthday
far away) and writes what makes it that story.  The word is kept in the customer's ``extra.story``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from agent.demo.biography import MARKETING, Biography
from agent.demo.shops import Row, fact

Write = Callable[[Biography], None]

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """``known`` is how many days ago the customer registered; ``consents`` whether they agreed to everything then."""

    write: Write
    known: int
    consents: bool


STORIES: dict[str, Story] = {}
"""Word → story, trouble first; the order in which a population deals them out."""


def story(*, known: int = 420, consents: bool = True) -> Callable[[Write], Write]:
    """Register a function as the story of its name."""

    def register(write: Write) -> Write:
        STORIES[write.__name__] = Story(write, known, consents)
        return write

    return register


def begin(word: str, life: Biography) -> None:
    """Write the common beginning of a story, then the story."""
    told = STORIES[word]
    rng = life.rng
    life.row |= {
        "registered": life.calendar.day(told.known),
        "birthdate": life.calendar.birthdate(rng.between(24, 71), rng.between(70, 290)),
        "tier": "silver",
        "points": 40,
        "points_expire": life.calendar.day(-200),
        "extra": {"story": word},
    }
    if told.consents:
        life.consent(told.known, _channels(life))
        life.consent(told.known, ("email", "phone"), "service")
        life.consent(told.known, ("email",), "behavioural")
    told.write(life)


def _channels(life: Biography) -> tuple[str, ...]:
    """LINE is what people use in Japan; elsewhere nobody has it."""
    return MARKETING if life.shop.country == "JP" else tuple(channel for channel in MARKETING if channel != "line")


def _staple(life: Biography) -> Row:
    return life.rng.pick(life.shop.staples)


def _due(life: Biography, product: Row | None = None, *, times: int = 2, ratio: float = 1.1) -> Row:
    """Bought ``times`` times at the usual interval; the next one is ``ratio`` of an interval since the last."""
    product = product or _staple(life)
    cycle = product["cycle_days"]
    for number in reversed(range(times)):
        life.order(round(cycle * (ratio + number)), product)
    return product


def _registered(life: Biography, *products: Row) -> None:
    life.row["registered_skus"] = [product["sku"] for product in products]


def _quiet_past(life: Biography, ago: int = 120) -> Row:
    """An ordinary purchase long enough ago to ask for nothing."""
    product = _staple(life)
    life.order(ago, product)
    return product


def _outside_programme(life: Biography) -> None:
    for programme in ("tier", "points", "points_expire"):
        del life.row[programme]


# Trouble: cases in which the best message is none, another one, or a person's.


@story()
def complaint_open(life: Biography) -> None:
    _due(life)
    life.ticket(3, None, life.rng.pick(life.shop.complaints), "high")
    life.note(2, "complaint")


@story()
def complaint_recently_closed(life: Biography) -> None:
    _due(life)
    life.ticket(12, 4, life.rng.pick(life.shop.complaints), "high", csat=3)


@story()
def bereavement(life: Biography) -> None:
    _due(life)
    life.note(18, "bereavement")


@story()
def illness(life: Biography) -> None:
    product = _due(life)
    life.subscription(product, ships=12)
    life.note(9, "illness")


@story()
def duplicate(life: Biography) -> None:
    """The twin is the customer written just before; a population sees to it that there is one in the same shop."""
    twin = life.rows["customers"][-2]
    names = life.rng.pick(life.words["twins"])
    twin["name"], life.row["name"] = names
    for shared in ("email_hash", "phone_hash", "birthdate", "region"):
        if shared in twin:
            life.row[shared] = twin[shared]
    _due(life)
    _point_at(life, life.row, twin)
    _point_at(life, twin, life.row)


def _point_at(life: Biography, row: Row, other: Row) -> None:
    """Name ``other`` as a likely twin of ``row``, with what a decision about either needs to know of both."""
    week = life.calendar.instant(7)
    contacts = [contact for contact in life.rows["contacts"] if contact["customer_id"] == other["id"]]
    consents = [
        {key: consent[key] for key in ("channel", "purpose", "status", "at")}
        for consent in life.rows["consents"]
        if consent["customer_id"] == other["id"]
    ]
    recent = sum(contact["at"] > week for contact in contacts)
    row["duplicate_candidates"] = [{"id": other["id"], "score": 0.96, "consents": consents, "contacts_7d": recent}]


@story()
def opted_out(life: Biography) -> None:
    _due(life)
    life.note(32, "email_frequency", kind="web_form")
    life.consent(31, _channels(life), status="opt_out")


@story()
def objected(life: Biography) -> None:
    _due(life)
    life.row |= {"objection_scope": "all", "objection_at": life.calendar.instant(45, life.clock())}


@story()
def capped(life: Biography) -> None:
    _due(life)
    life.contact(5, "email", "value_content", engaged=True)
    life.contact(3, "post", "seasonal_campaign")
    life.contact(2, "email", "member_offer")


@story()
def minor(life: Biography) -> None:
    _due(life)
    life.row["birthdate"] = life.calendar.birthdate(life.rng.between(15, 17), 130)
    life.row["guardian_consent"] = False


@story()
def out_of_stock(life: Biography) -> None:
    _due(life, life.rng.pick(life.shop.sold_out), times=3)


@story()
def expired_coupon(life: Biography) -> None:
    product = _quiet_past(life, 70)
    life.contact(40, "email", "member_offer", offer=life.shop.lapsed_offer["id"], engaged=True)
    life.note(6, "expired_coupon", product=product["name"])


@story()
def closed_account(life: Biography) -> None:
    _due(life)
    life.row["status"] = "closed"


@story()
def deceased(life: Biography) -> None:
    _due(life)
    life.row["status"] = "deceased"


@story()
def recalled_item(life: Biography) -> None:
    recalled = life.shop.recalled
    life.order(160, recalled)
    life.event(3, "recall", sku=recalled["sku"], comment=recalled["notes"])


@story()
def strategic_account(life: Biography) -> None:
    life.business("strategic")
    _due(life, times=4)
    life.note(1, "renewal", kind="meeting")


@story()
def promise_due(life: Biography) -> None:
    life.business("standard")
    _quiet_past(life)
    due = life.calendar.today + timedelta(days=2)
    date = f"{due.month}月{due.day}日" if life.language == "ja" else f"{due.day} {_MONTHS[due.month - 1]}"
    life.note(4, "promise", direction="out", date=date, rep=life.row["owner_name"])


@story(consents=False)
def no_consent(life: Biography) -> None:
    _due(life)


@story(known=1)
def packing_order(life: Biography) -> None:
    life.order(1, life.shop.registrable[0], status="packing")


@story(known=1)
def gift_parcel(life: Biography) -> None:
    life.order(1, life.rng.pick(life.shop.durables), status="packing", gift=True)


@story()
def surplus(life: Biography) -> None:
    product = _due(life, times=4, ratio=0.9)
    life.subscription(product, ships=11)
    life.note(6, "surplus", product=product["name"])


@story()
def churn_risk(life: Biography) -> None:
    _due(life, times=5, ratio=0.5)
    life.note(4, "competitor")


@story()
def injected_note(life: Biography) -> None:
    _due(life, times=3)
    life.note(3, "injected", kind="web_form")


@story()
def dirty_data(life: Biography) -> None:
    _due(life)
    for lost in ("name", "timezone", "language"):
        del life.row[lost]
    life.row["birthdate"] = "1900-01-01"


# Occasions: somebody for whom each action is right.


@story()
def due_replenish(life: Biography) -> None:
    _due(life)


@story()
def restock_wait(life: Biography) -> None:
    _quiet_past(life)
    limited = life.shop.limited
    life.event(24, "restock_request", sku=limited["sku"])
    life.note(24, "restock", product=limited["name"], kind="chat")
    life.event_hours(28, "restocked", sku=limited["sku"])


@story()
def birthday_post(life: Biography) -> None:
    _quiet_past(life)
    life.row["birthdate"] = life.calendar.birthdate(life.rng.between(30, 66), life.rng.between(11, 13))


@story()
def birthday(life: Biography) -> None:
    _quiet_past(life)
    life.row["birthdate"] = life.calendar.birthdate(life.rng.between(30, 66), life.rng.between(1, 2))
    life.note(380, "anniversary")


def _points(life: Biography, days: int) -> None:
    _quiet_past(life)
    life.row |= {"points": life.rng.between(20, 120) * 10, "points_expire": life.calendar.day(-days)}


@story()
def points_3(life: Biography) -> None:
    _points(life, 3)


@story()
def points_7(life: Biography) -> None:
    _points(life, 7)


@story()
def points_30(life: Biography) -> None:
    _points(life, 30)


@story()
def unregistered(life: Biography) -> None:
    life.delivered(20, life.rng.pick(life.shop.registrable))


@story()
def new_durable(life: Biography) -> None:
    durable = life.rng.pick(life.shop.registrable)
    life.delivered(5, durable)
    _registered(life, durable)
    life.note(3, "howto", product=durable["name"])


@story()
def accessory(life: Biography) -> None:
    fitting = life.rng.pick(life.shop.accessories)
    owned = life.shop.product[fitting["fits"][0]]
    life.delivered(21, owned)
    _registered(life, owned)
    life.event(9, "review", sku=owned["sku"])


@story()
def upgrade_asked(life: Biography) -> None:
    owned, _ = life.rng.pick(life.shop.upgrades)
    life.order(230, owned)
    _registered(life, owned)
    life.note(8, "upgrade", kind="chat", product=owned["name"])


@story()
def browse(life: Biography) -> None:
    _quiet_past(life)
    durable = life.rng.pick(life.shop.durables)
    for hours in (70, 30, 22):
        life.event_hours(hours, "view", sku=durable["sku"], price=durable["price_incl_tax"])
    life.event_hours(21, "cart_add", sku=durable["sku"], price=durable["price_incl_tax"])


@story(known=700)
def winback(life: Biography) -> None:
    product = _staple(life)
    for ago in (620, 570, 515, 460):
        life.order(ago, product)


@story()
def subscription_ready(life: Biography) -> None:
    _due(life, times=5, ratio=1.0)


@story(known=2)
def newcomer(life: Biography) -> None:
    _outside_programme(life)


@story()
def many_sends(life: Biography) -> None:
    _quiet_past(life, 150)
    for ago in (130, 110, 90, 70, 50, 33):
        life.contact(ago, "email", "value_content")


@story()
def member(life: Biography) -> None:
    life.row["tier"] = "gold"
    product = _staple(life)
    for ago in (300, 210, 130, 60):
        life.order(ago, product)
    life.event(40, "review", sku=product["sku"])


@story()
def season(life: Biography) -> None:
    favourites = life.shop.of_category(life.shop.season["extra"]["category"])
    for ago in (260, 200, 95):
        life.order(ago, life.rng.pick(favourites))


@story()
def event_fan(life: Biography) -> None:
    gathering = life.shop.having("event")
    favourites = life.shop.of_category(fact(gathering, "category"))
    life.row["region"] = life.shop.event_region
    for ago in (310, 240, 100):
        life.order(ago, life.rng.pick(favourites))
    life.event(150, "attended", sku=gathering["sku"])


@story()
def loyalty_ready(life: Biography) -> None:
    _outside_programme(life)
    for ago in (170, 80, 10):
        life.order(ago, life.rng.pick(life.shop.staples))


@story()
def review_ready(life: Biography) -> None:
    bought = life.rng.pick(life.shop.staples[:3])
    for ago in (200, 110):
        life.order(ago, bought)
        life.event(ago - 12, "review", sku=bought["sku"])
    life.delivered(15, life.shop.staples[-1])


@story(known=260)
def survey_milestone(life: Biography) -> None:
    product = _staple(life)
    for ago in (240, 190, 130, 80, 9):
        life.order(ago, product)
    life.event(60, "review", sku=product["sku"])


@story()
def advocate(life: Biography) -> None:
    product = _staple(life)
    for ago in (280, 190, 110, 30):
        life.order(ago, product)
    life.event(100, "survey_answer", nps=10, comment=life.rng.pick(life.words["comments"]))
    life.contact(98, "email", "survey_thanks", engaged=True)
    life.event(95, "referral")
    life.event(94, "photo_permission")
    life.event(92, "review", sku=product["sku"])


@story()
def survey_unthanked(life: Biography) -> None:
    _quiet_past(life, 60)
    life.event(3, "survey_answer", nps=life.rng.pick((8, 9, 10)), comment=life.rng.pick(life.words["comments"]))


@story()
def support_closed(life: Biography) -> None:
    _quiet_past(life, 150)
    life.ticket(17, 10, life.rng.pick(life.shop.cases), "low", csat=4)


@story()
def rep_change(life: Biography) -> None:
    staff = life.shop.staff
    life.business("standard", owner_since=4)
    life.row["owner_previous"] = next(name for name in reversed(staff) if name != life.row["owner_name"])
    _quiet_past(life)
    life.note(40, "handover", kind="note", direction="out")


@story()
def renewal(life: Biography) -> None:
    life.business("standard")
    life.subscription(life.shop.having("plan"), renews=45, used=9.0, included=12.0)
    life.order(320, life.shop.having("plan"))
    life.note(20, "renewal", kind="meeting")
