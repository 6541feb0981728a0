
"""A shop's own columns in ours: what a mapping can say, and what it is told when it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval.errors import InputError
from retrieval.importing import ImportReport, Mapping, load_mapping, shipped_mappings

Run = Callable[..., ImportReport]
Rows = Callable[..., list[tuple[object, ...]]]
Refused = Callable[[ImportReport], list[dict[str, object]]]

SHOP = """\
shop: aoi
currency: JPY
zone: Asia/Tokyo
sources:
  - file: "売上*.csv"
    skip:
      - {column: 会員番号, empty: true, reason: no customer}
      - {column: 商品番号, in: [送料, 999], reason: not a product}
    tables:
      customers:
        per: [id]
        columns:
          id: {column: 会員番号, prefix: M-}
          name: {column: 氏名, take: last}
          timezone: {constant: Asia/Tokyo}
      products:
        per: [sku]
        order_by: {column: 日時, parse: {format: "%Y/%m/%d %H:%M"}}
        columns:
          sku: 商品番号
          name: {column: [商品名, 商品番号], take: most}
          price_incl_tax: {column: 単価, take: last}
          attrs: {words: {family: 分類}}
      orders:
        per: [id]
        columns:
          id: {join: [店, 伝票], separator: "/"}
          customer_id: {column: 会員番号, prefix: M-}
          at: {column: 日時, parse: {format: "%Y/%m/%d %H:%M"}, take: min}
          status: {column: 状態, map: {済: delivered, 返: returned}, default: placed}
      order_items:
        columns:
          order_id: {join: [店, 伝票], separator: "/"}
          sku: 商品番号
          qty: 数量
          unit_price: 単価
  - file: 会員.csv
    tables:
      customers:
        columns:
          id: {column: 番号, prefix: M-}
          name: 氏名
          extra: {structure: {job: 職業}}
      contacts:
        columns:
          customer_id: {column: 番号, prefix: M-}
          at: {lookup: {file: 便.csv, on: 便, column: 日}, parse: {zone: Asia/Tokyo}}
          channel: {constant: post}
"""

SALES = """\
店,伝票,日時,会員番号,氏名,商品番号,商品名,分類,数量,単価,状態
東,1,2026/05/01 10:00,7,佐藤,A,豆,bean,1,"1,296",済
東,1,2026/05/01 10:01,7,佐藤,B,湯沸,kettle,1,5400,済
東,1,2026/05/01 10:01,7,佐藤,送料,送料,,1,500,済
西,1,2026/05/03 09:00,7,佐藤 美咲,A,豆,bean,-1,1296,返
西,2,2026/05/02 09:00,,,A,古い豆,bean,1,1200,済
西,3,2026/05/02 09:00,8,鈴木,A,,bean,2,1200,準備
西,4,2026/13/02 09:00,8,鈴木,A,豆,bean,2,1200,準備
"""


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, Mapping]:
    home = tmp_path / "files"
    home.mkdir()
    (home / "売上_5月.csv").write_bytes(SALES.encode("cp932"))
    (home / "会員.csv").write_bytes("番号,氏名,職業,便\n7,佐藤 美咲,教員,春\n9,森,,春\n".encode("cp932"))
    (home / "便.csv").write_bytes("便,日\n春,2026-03-01\n".encode("cp932"))
    (home / "memo.csv").write_text("nothing of ours")
    (tmp_path / "shop.yaml").write_text(SHOP)
    return home, load_mapping(tmp_path / "shop.yaml")


def us(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def test_order_lines_become_orders_items_products_and_customers(
    run: Run, shop: tuple[Path, Mapping], rows: Rows, refused: Refused
) -> None:
    home, mapping = shop
    report = run(home, mapping=mapping)
    assert {count.file: dict(count.skipped) for count in report.files} == {
        "会員.csv": {},
        "売上_5月.csv": {"no customer": 1, "not a product": 1},
    }
    assert rows("orders", "id", "customer_id", "at", "status") == [
        ("東/1", "M-7", us(2026, 5, 1, 1), "delivered"), ("西/1", "M-7", us(2026, 5, 3), "returned"), ("西/3", "M-8", us(2026, 5, 2), "placed"),
    ]  # fmt: skip
    assert rows("order_items", "order_id", "line", "customer_id", "sku", "qty", "unit_price") == [
        ("東/1", 1, "M-7", "A", 1, 1296), ("東/1", 2, "M-7", "B", 1, 5400), ("西/1", 1, "M-7", "A", -1, 1296), ("西/3", 1, "M-8", "A", 2, 1200),
    ]  # fmt: skip
    assert rows("products", "sku", "name", "price_incl_tax", "shop", "attrs") == [
        ("A", "豆", 1296, "aoi", '["family:bean"]'), ("B", "湯沸", 5400, "aoi", '["family:kettle"]'),
    ]  # fmt: skip
    # The customer file speaks first; sales only add those it does not know.
    assert rows("customers", "id", "name", "extra", "timezone") == [
        ("M-7", "佐藤 美咲", '{"job":"教員"}', None), ("M-8", "鈴木", "{}", "Asia/Tokyo"), ("M-9", "森", "{}", None),
    ]  # fmt: skip
    assert rows("contacts", "customer_id", "at", "channel") == [
        ("M-7", us(2026, 2, 28, 15), "post"),
        ("M-9", us(2026, 2, 28, 15), "post"),
    ]
    assert refused(report) == [
        {"file": "売上_5月.csv", "line": 8, "table": "orders", "column": "日時", "value": "2026/13/02 09:00",
         "reason": "'2026/13/02 09:00' is not a time written as %Y/%m/%d %H:%M"},
    ]  # fmt: skip
    assert all(count.written == 0 for count in run(home, mapping=mapping).tables.values())


def test_derived_customers_keep_what_is_stored(
    run: Run, shop: tuple[Path, Mapping], rows: Rows, tmp_path: Path
) -> None:
    home, mapping = shop
    (tmp_path / "customers.csv").write_text("id,name,points\nM-8,鈴木 一郎,30\n")
    run(tmp_path / "customers.csv")
    run(home, mapping=mapping)
    assert ("M-8", "鈴木", 30) in rows("customers", "id", "name", "points")


def test_a_canonical_table_with_other_names(run: Run, rows: Rows, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(
        "会員番号\tname\tmemo\nC1\tAndré\tx\n".encode("latin-1", "replace").replace(b"????", b"no")
    )
    (tmp_path / "m.yaml").write_text(
        "sources: [{file: customers.csv, encoding: latin-1, delimiter: \"\\t\", rename: {no: id}, ignore: [memo]}]"
    )  # fmt: skip
    run(tmp_path / "customers.csv", mapping=load_mapping(tmp_path / "m.yaml"))
    assert rows("customers", "id", "name") == [("C1", "André")]


def test_an_encoding_that_is_declared_and_wrong(run: Run, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes("id,name\nC1,Ren\xe9e\n".encode("latin-1"))
    (tmp_path / "m.yaml").write_text("sources: [{file: customers.csv, encoding: utf-8}]")
    with pytest.raises(
        InputError, match=r"customers\.csv:2: bytes 0xE9 are not utf-8, the encoding that the mapping declares$"
    ):
        run(tmp_path / "customers.csv", mapping=load_mapping(tmp_path / "m.yaml"))


def test_a_sheet_of_a_workbook(run: Run, rows: Rows, tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "shop.xlsx")) as book:
        book.add_worksheet("表紙").write(0, 0, "memo")
        sheet = book.add_worksheet("会員")
        sheet.write_row(0, 0, ["番号", "登録日"])
        sheet.write_row(1, 0, [101, "2025年4月1日"])
    said = 'sources: [{file: shop.xlsx, sheet: 会員, tables: {customers: {columns: {id: 番号, registered: {column: 登録日, parse: {format: "%Y年%m月%d日"}}}}}}]'
    (tmp_path / "m.yaml").write_text(said)
    run(tmp_path / "shop.xlsx", mapping=load_mapping(tmp_path / "m.yaml"))
    assert rows("customers", "id", "registered") == [("101", "2025-04-01")]
    (tmp_path / "m.yaml").write_text(said.replace("sheet: 会員", "sheet: 顧客"))
    with pytest.raises(InputError, match=r"shop\.xlsx: sheet: no sheet '顧客'; there are: 表紙, 会員$"):
        run(tmp_path / "shop.xlsx", mapping=load_mapping(tmp_path / "m.yaml"))


def test_a_column_the_file_does_not_have(run: Run, shop: tuple[Path, Mapping]) -> None:
    home, mapping = shop
    (home / "会員.csv").write_bytes("番号,氏 名,職業,便\n7,佐藤,教員,春\n".encode("cp932"))
    with pytest.raises(
        InputError,
        match=r"会員\.csv:1: the mapping reads a column '氏名' that the file does not have — did you mean '氏 名'\?$",
    ):
        run(home, mapping=mapping)


WRONG = [
    ("source: []\n", "m.yaml:1: source: unknown key 'source' — did you mean 'sources'?"),
    ("shop: x\n", "m.yaml: sources: 'sources' is missing"),
    ("sources:\n  - file: a.csv\n    skp: []\n", "m.yaml:3: sources.0.skp: unknown key 'skp' — did you mean 'skip'?"),
    ("sources: []\ncurrency: YEN\n",
     "m.yaml:2: currency: unknown currency 'YEN' — one of: AUD, CAD, CHF, EUR, GBP, JPY, KRW, USD"),
    ("zone: Asia/Tokio\nsources: []\n", "m.yaml:1: zone: unknown time zone 'Asia/Tokio' — did you mean 'Asia/Tokyo'?"),
    ("sources:\n  - file: a.csv\n    tables:\n      order: {columns: {}}\n",
     "m.yaml:3: sources.0.tables: unknown table 'order' — did you mean 'orders'?"),
    ("sources:\n  - file: a.csv\n    tables:\n      customers: {columns: {id: a, nmae: b}}\n",
     "m.yaml:3: sources.0.tables: customers has no column 'nmae' — did you mean 'name'?"),
    ("sources:\n  - file: a.csv\n    tables:\n      customers: {columns: {name: b}}\n",
     "m.yaml:3: sources.0.tables: customers needs a column 'id'"),
    ("sources:\n  - file: a.csv\n    tables:\n      customers: {per: [name], columns: {id: a}}\n",
     "m.yaml:3: sources.0.tables: customers is given per 'name', which is not among its columns"),
    ("sources:\n  - file: a.csv\n    tables:\n      customers:\n        columns:\n          id: {colum: a}\n",
     "m.yaml:6: sources.0.tables.customers.columns.id.colum: unknown key 'colum' — did you mean 'column'?"),
    ("sources:\n  - file: a.csv\n    tables:\n      customers:\n        columns:\n          id: {column: a, constant: b}\n",
     "m.yaml:6: sources.0.tables.customers.columns.id: say exactly one of column, constant, join, lookup, words, structure, "
     "not column and constant"),
    ("sources:\n  - file: a.csv\n    skip:\n      - {column: a, reason: r}\n",
     "m.yaml:4: sources.0.skip.0: say either empty: true or in: [values]"),
    ("sources: [\n", "m.yaml:2: not YAML: expected the node content, but found '<stream end>'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[case[1][:60] for case in WRONG])
def test_a_wrong_mapping(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_mapping(tmp_path / "m.yaml")
    assert str(caught.value).removeprefix(f"{tmp_path}/") == message


def test_a_mapping_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"^online_retial: there is no such mapping — did you mean 'online_retail'\?$"):
        load_mapping("online_retial")


def test_words_of_yaml_stay_words(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(
        "sources: [{file: a.csv, skip: [{column: on, in: [no, 2026-01-01, 7], reason: off}]}]"
    )
    skip = load_mapping(tmp_path / "m.yaml").sources[0].skip[0]
    assert (skip.column, skip.values, skip.reason) == ("on", ["no", "2026-01-01", "7"], "off")


def test_shipped_mappings_are_valid() -> None:
    assert shipped_mappings() == ("cdnow", "complete_journey", "online_retail")
    assert [load_mapping(name).shop for name in shipped_mappings()] == list(shipped_mappings())
