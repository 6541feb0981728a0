"""What the shops offer, read once and looked at by partition after partition.

A shop may list a hundred thousand products of which a partition of customers asks about a few hundred: what can be told of the
list alone is worked out when it is first asked for and kept with it, and a single product is read where it is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, get_args, get_type_hints

import numpy as np
import polars as pl

from retrieval.customer import Product
from retrieval.grouped import Array, Words, distinct, numbers, places

FAMILY, UPGRADE_OF = "family:", "upgrade_of:"
KIND = Words(get_args(get_type_hints(Product)["kind"]))
CONSUMABLE, DURABLE, SERVICE = (KIND.place[word] for word in ("consumable", "durable", "service"))
ENTRIES = ("content", "event")
"""Attributes of what a catalogue lists that is not for sale: something to read, something to come to."""
Row = Mapping[str, Any]


class Goods:
    """One row per SKU in SKU order; a SKU's *code* is its row.  ``table`` has the columns of
    :class:`~retrieval.customer.Product`, null where no shop lists the SKU."""

    def __init__(self, table: pl.DataFrame) -> None:
        self.table = table if table["sku"].is_sorted() else table.sort("sku")
        self.sku = Words(self.table["sku"].to_list())
        self._rows: dict[str, Row] = {}

    def get(self, sku: str | None) -> Row | None:
        """A product by its SKU, column → value."""
        if sku not in self.sku.place or sku is None:
            return None
        if sku not in self._rows:
            self._rows[sku] = self.table.row(self.sku.place[sku], named=True)
        return self._rows[sku]

    @cached_property
    def kind(self) -> Array:
        """Kind of each; −1: not known."""
        return places(self.table["kind"], KIND)

    @cached_property
    def margin(self) -> Array:
        """Share of the price that is margin, 0–1; NaN: not known."""
        extra = self.table["extra"]
        if not any(text is not None and '"margin"' in text for text in extra.to_list()):
            return np.full(len(extra), np.nan)
        return numbers(extra.str.json_path_match("$.margin").cast(pl.Float64, strict=False))

    @cached_property
    def attrs(self) -> list[list[str]]:
        """Attributes of each."""
        return [words or [] for words in self.table["attrs"].to_list()]

    @cached_property
    def families(self) -> Array:
        """The first code of the ``family:`` of each; its own code, if it has none."""
        first: dict[str, int] = {}
        return np.array(
            [
                first.setdefault(next((word for word in words if word.startswith(FAMILY)), sku), code)
                for code, (sku, words) in enumerate(zip(self.sku.words, self.attrs, strict=True))
            ],
            dtype=np.int64,
        )

    @cached_property
    def links(self) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
        """What listed products fit, and what they are an upgrade of, as (SKU or attribute, code of the product)."""
        fits = self.table["fits"].to_list()
        return (
            tuple((name, code) for code, names in enumerate(fits) for name in names or ()),
            tuple(
                (word.removeprefix(UPGRADE_OF), code)
                for code, words in enumerate(self.attrs)
                for word in words
                if word.startswith(UPGRADE_OF)
            ),
        )

    @cached_property
    def usual_price(self) -> Mapping[str, float]:
        """Shop → median price of its goods in minor units; a shop without a price is not in it."""
        price = np.where(self.kind == SERVICE, np.nan, numbers(self.table["price_incl_tax"]))
        shop, known = self.table["shop"].to_numpy(), ~np.isnan(price)
        return {name: float(np.median(price[known & (shop == name)])) for name in set(shop[known])}

    @cached_property
    def entries(self) -> list[Row]:
        """What is listed and not for sale."""
        rows = [code for code, words in enumerate(self.attrs) if any(word in words for word in ENTRIES)]
        return list(self.table[rows].iter_rows(named=True))

    def kin(self, code: int) -> tuple[str, ...]:
        """Names of the product, of its families and of what it is an upgrade of."""
        words = (word for word in self.attrs[code] if word.startswith((FAMILY, UPGRADE_OF)))
        return (self.sku.words[code], *(word.removeprefix(UPGRADE_OF) for word in words))

    def called(self, codes: Array) -> dict[str, list[int]]:
        """What other products can call these by, a SKU or an attribute → their codes."""
        found: dict[str, list[int]] = {}
        for code in distinct(codes).tolist():
            for name in (self.sku.words[code], *self.attrs[code]):
                found.setdefault(name, []).append(code)
        return found


class Shelves:
    """Products and offers of all shops; ``offers`` are in the order of their ids."""

    def __init__(self, products: pl.DataFrame, offers: pl.DataFrame) -> None:
        self.goods = Goods(products)
        self.offers = offers if offers["id"].is_sorted() else offers.sort("id")

    @cached_property
    def offered(self) -> Mapping[str, Row]:
        """Id → offer, column → value."""
        return {row["id"]: row for row in self.offers.iter_rows(named=True)}

    @cached_property
    def occasions(self) -> Mapping[tuple[str, str], list[Row]]:
        """(shop, a word of the audience) → its offers."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.offered.values():
            for word in {word.strip() for word in (row["audience"] or "").split(",")}:
                found.setdefault((row["shop"], word), []).append(row)
        return found
