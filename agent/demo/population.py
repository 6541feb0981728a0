"""As many sample customers as asked for, in chunks, always the same ones for the same seed.

Most are ordinary: regulars, newcomers, buyers who drifted off.  One in ten (one in two of the first 300) has a story
(see ``stories.py``).  A larger population begins with the smaller one, but that a last customer may find a twin.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count, islice
from pathlib import Path

import orjson

from agent.demo.biography import TABLES, TO_DOOR, Biography, Dice
from agent.demo.shops import Row, Shop, shops
from agent.demo.stories import STORIES, begin
from retrieval.errors import InputError

PART = 20_000
"""Customers in one folder of files: an import is held in memory whole, so a large sample goes in by parts."""

CHUNK = 500
FIRST_NUMBER = 101
SHOWCASE = 300
"""The first customers, half of whom have a story, so that a small sample holds every one of them."""

_WORDS = tuple(STORIES)
_ENGLISH_PERCENT = 3
"""Share of the customers of the Japanese shops who speak English."""

_MARKETING_MIX: tuple[tuple[str, ...], ...] = (
    (), ("email",), ("email",), ("line",), ("post",), ("email", "post"), ("email", "line"), ("email", "sms"),
    ("email", "phone"), ("email", "push"), ("email", "line", "push"), ("email", "post", "insert"),
    ("email", "line", "post", "insert"), ("email", "line", "sms", "post", "insert", "push"),
)  # fmt: skip
_SERVICE_MIX: tuple[tuple[str, ...], ...] = (("email",), ("email", "phone"), ("email", "sms"), ("email", "post"))
_ACTIONS = (
    "replenish_reminder", "value_content", "value_content", "member_offer", "seasonal_campaign", "review_request",
    "survey_request", "cross_sell_accessory", "celebration_greeting",
)  # fmt: skip
_TIERS = (None, None, "silver", "silver", "silver", "gold")


def population(customers: int, *, as_of: datetime, seed: int) -> Iterator[dict[str, list[Row]]]:
    """Chunks of 500 customers as table name → rows; the first also holds products and offers.

    Rows have the fields of the nouns with absent ones left out: instants as ISO 8601 with offset, days as YYYY-MM-DD,
    money as a number of **major** units (1296, 9.6).  Nothing lies after ``as_of`` but what is scheduled.
    Raises InputError for a negative number of customers or an ``as_of`` without offset.
    """
    if customers < 0:
        raise InputError(f"{customers} customers cannot be made; give 0 or more", key="customers")
    if as_of.tzinfo is None:
        raise InputError("the time needs an offset, such as 2026-05-14T10:30:00+09:00", key="as_of")
    return _chunks(customers, as_of, seed)


def _chunks(customers: int, as_of: datetime, seed: int) -> Iterator[dict[str, list[Row]]]:
    stalls = shops(as_of)
    for start in range(0, max(customers, 1), CHUNK):
        rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        if start == 0:
            rows["products"] = [product for shop in stalls for product in shop.products]
            rows["offers"] = [offer for shop in stalls for offer in shop.offers]
        rng = Dice(f"{seed}:{start}")
        for index in range(start, min(start + CHUNK, customers)):
            _customer(index, stalls, rng, rows)
        yield rows


def _customer(index: int, stalls: tuple[Shop, ...], rng: Dice, rows: dict[str, list[Row]]) -> None:
    turn = _turn(index)
    if turn is None:
        shop = stalls[min(int(rng.random() * 10 / 3.5), 2)]
        _ordinary(Biography(FIRST_NUMBER + index, shop, _language(shop, rng), rng, rows))
        return
    told, number = divmod(turn, len(_WORDS))
    word = _WORDS[number]
    # Each round of the stories begins in another shop, so three rounds tell every story in every shop.
    shop = stalls[(number + told) % len(stalls)]
    language = _language(shop, rng)
    if word == "duplicate":
        twin = rows["customers"][-1]
        shop, language = next(shop for shop in stalls if shop.id == twin["shop"]), twin["language"]
    begin(word, Biography(FIRST_NUMBER + index, shop, language, rng, rows))


def _turn(index: int) -> int | None:
    """Which story in the endless round of them customer ``index`` has, or None: every 2nd at first, then every 10th."""
    if index < SHOWCASE:
        return index // 2 if index % 2 else None
    return SHOWCASE // 2 + (index - SHOWCASE) // 10 if index % 10 == 9 else None


def _language(shop: Shop, rng: Dice) -> str:
    return "en" if shop.language == "ja" and rng.random() * 100 < _ENGLISH_PERCENT else shop.language


def _ordinary(life: Biography) -> None:
    rng, shop = life.rng, life.shop
    agos = _purchases(life)
    known = min((agos[0] if agos else rng.between(1, 300)) + rng.between(0, 20), 3000)
    _profile(life, known)
    tracked = rng.random() < 0.45
    channels = _consents(life, known, tracked)
    bought = _orders(life, agos)
    _contacts(life, channels, min(known, 300))
    _events(life, bought, min(known, 360), tracked)
    if rng.random() < 0.09:
        life.note(rng.between(1, known), "ordinary", product=(bought or shop.staples)[0]["name"])
    while rng.random() < 0.25:
        life.note(rng.between(1, known), "ordinary", kind="note", product=(bought or shop.staples)[0]["name"])
    if bought and known > 60 and rng.random() < 0.08:
        closed = rng.between(25, known - 10)
        life.ticket(closed + rng.between(1, 8), closed, rng.pick(shop.cases), "low", csat=rng.pick((3, 4, 4, 5, 5)))
    if len(agos) > 2 and rng.random() < 0.08:
        life.subscription(rng.pick(shop.staples), ships=rng.between(6, 30))


def _profile(life: Biography, known: int) -> None:
    rng, row = life.rng, life.row
    row["registered"] = life.calendar.day(known)
    if rng.random() < 0.7:
        row["birthdate"] = life.calendar.birthdate(rng.between(20, 82), rng.between(0, 364))
    chance = rng.random()
    if chance < 0.05:
        life.business("standard", owner_since=rng.between(30, 900))
    else:
        tier = rng.pick(_TIERS)
        if tier:
            expire = life.calendar.day(-rng.between(1, 360))
            row |= {"tier": tier, "points": rng.between(0, 900), "points_expire": expire}
    if chance > 0.93:
        row["preferences"] = {"email_max_per_30d": rng.between(1, 4)}


def _purchases(life: Biography) -> list[int]:
    """Days ago of the orders, oldest first: a newcomer's one, a regular's rhythm, or a rhythm that stopped."""
    rng = life.rng
    kind = rng.random()
    if kind < 0.12:
        return [rng.between(1, 90)] if kind > 0.02 else []
    rhythm = rng.uniform(18, 75)
    if kind < 0.57:
        number, last = rng.between(3, 9), rng.uniform(0.05, 1.7)
    elif kind < 0.70:
        number, last = rng.between(8, 15), rng.uniform(0.05, 1.3)
    elif kind < 0.82:
        number, last = rng.between(1, 3), rng.uniform(0.5, 6)
    else:
        number, last = rng.between(2, 6), rng.uniform(2.5, 12)
    ago, agos = max(1.0, last * rhythm), []
    for _ in range(number):
        agos.append(int(ago))
        ago += rhythm * (0.7 + 0.6 * rng.random())
    agos.reverse()
    return agos


def _consents(life: Biography, known: int, tracked: bool) -> tuple[str, ...]:
    """Write the consents and return the channels that advertising may use now."""
    rng = life.rng
    mix = rng.pick(_MARKETING_MIX)
    channels = mix if life.shop.country == "JP" else tuple(channel for channel in mix if channel != "line")
    life.consent(known, channels)
    life.consent(known, rng.pick(_SERVICE_MIX), "service")
    if tracked:
        life.consent(known, ("email",), "behavioural")
    if channels and known > 40 and rng.random() < 0.08:
        life.consent(rng.between(1, known - 1), channels[:1], status="opt_out")
        return channels[1:]
    return channels


def _orders(life: Biography, agos: list[int]) -> list[Row]:
    """Write the orders and return what was bought, the favourite first."""
    rng, shop = life.rng, life.shop
    if not agos:
        return []
    staples, durables = shop.staples, shop.durables
    favourite = staples[int(rng.random() ** 1.5 * len(staples))]
    bought = [favourite]
    for ago in agos:
        chance = rng.random()
        lines = [favourite]
        if chance < 0.55:
            second = staples[int(chance / 0.55 * len(staples))]
            if second is not favourite:
                lines.append(second)
            if chance < 0.12:
                durable = durables[int(chance / 0.12 * len(durables))]
                lines.append(durable)
                bought.append(durable)
        if chance > 0.97 and ago > 20:
            arrived, back = life.calendar.instant(ago - TO_DOOR), life.calendar.instant(ago - 10)
            life.order(ago, favourite, status="returned", delivered_at=arrived, returned_at=back)
        elif chance > 0.85:
            life.order(ago, *lines, coupon=shop.offers[0]["code"])
        else:
            life.order(ago, *lines, qty=2 if chance > 0.75 else 1)
    if len(bought) > 1 and rng.random() < 0.5:
        registered = {durable["sku"] for durable in bought[1:] if durable.get("registration_benefit")}
        life.row["registered_skus"] = sorted(registered)
    return bought


def _contacts(life: Biography, channels: tuple[str, ...], days: int) -> None:
    if not channels:
        return
    rng = life.rng
    engaged = rng.random()
    for _ in range(int(rng.random() * 12 * min(1.0, days / 120))):
        channel = rng.pick(channels)
        action = rng.pick(_ACTIONS)
        seen = channel in ("email", "line", "push") and rng.random() < 0.6 * engaged
        life.contact(rng.between(1, days), channel, action, engaged=seen)


def _events(life: Biography, bought: list[Row], days: int, tracked: bool) -> None:
    rng, products = life.rng, life.shop.products
    for _ in range(int(rng.random() * (11 if tracked else 4))):
        product = rng.pick(products)
        life.event(rng.between(1, days), "view", sku=product["sku"])
    chance = rng.random()
    if bought and chance < 0.3:
        life.event(rng.between(1, days), "review", sku=bought[0]["sku"])
    if chance > 0.85:
        ago = rng.between(1, days)
        life.event(ago, "survey_answer", nps=rng.pick((5, 7, 8, 8, 9, 9, 10)), comment=rng.pick(life.words["comments"]))
        if ago > 2 and chance > 0.87:
            life.contact(ago - 1, "email", "survey_thanks", purpose="service")


def write(folder: Path, customers: int, *, as_of: datetime, seed: int) -> Iterator[Path]:
    """Write the population as canonical JSON Lines, one folder per :data:`PART` customers; each is yielded when it is whole.

    One file per table; the first folder also holds products and offers.
    """
    chunks = population(customers, as_of=as_of, seed=seed)
    for number in count():
        some = list(islice(chunks, PART // CHUNK))
        if not some:
            return
        part = folder / f"part-{number:03}"
        part.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            lines = [
                orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for chunk in some for row in chunk.get(table, ())
            ]
            if lines:
                (part / f"{table}.jsonl").write_bytes(b"".join(lines))
        yield part
