
"""Files into history: what is kept, what is refused and in which words."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, create_engine, func, select

from retrieval import tables
from retrieval.errors import InputError, Unreachable
from retrieval.importing import ImportReport, Progress, import_paths

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CUSTOMERS = "id,name,timezone\nC1,佐藤 美咲,Asia/Tokyo\nC2,Ann,Europe/London\n"
ORDERS = "id,customer_id,at\nO1,C1,2026-05-14T10:30:00+09:00\nO2,C2,2026-05-14\n"

Run = Callable[..., ImportReport]
Rows = Callable[..., list[tuple[object, ...]]]
Refused = Callable[[ImportReport], list[dict[str, object]]]


def put(folder: Path, **files: str | bytes) -> Path:
    """Files into a folder of their own; ``orders_csv`` is ``orders.csv``."""
    home = folder / "files"
    home.mkdir(exist_ok=True)
    for name, content in files.items():
        table, _, ending = name.rpartition("_")
        path = home / f"{table}.{ending}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return home


def us(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def test_a_directory_of_tables(run: Run, tmp_path: Path, rows: Rows) -> None:
    report = run(put(tmp_path, customers_csv=CUSTOMERS, orders_csv=ORDERS))
    assert report.tables["customers"].new == 2
    assert report.tables["orders"].written == 2
    assert report.quarantine is None
    assert not (tmp_path / "quarantine.jsonl").exists()
    # A bare date begins when the day begins where the customer lives.
    assert rows("orders", "id", "at", "status") == [
        ("O1", us(2026, 5, 14, 1, 30), "delivered"),
        ("O2", us(2026, 5, 13, 23), "delivered"),
    ]


def test_a_second_import_changes_nothing(run: Run, tmp_path: Path) -> None:
    folder = put(
        tmp_path, customers_csv=CUSTOMERS, orders_csv=ORDERS, events_csv="customer_id,at,type\nC1,2026-05-01,view\n"
    )
    first, second = run(folder), run(folder)
    assert sum(count.new for count in first.tables.values()) == 5
    assert all(count.written == 0 and count.unchanged == count.read for count in second.tables.values())


def test_only_what_changed_is_written(run: Run, tmp_path: Path) -> None:
    run(put(tmp_path, customers_csv=CUSTOMERS))
    report = run(put(tmp_path, customers_csv=CUSTOMERS.replace("Ann", "Anne") + "C3,Bo,\n"))
    count = report.tables["customers"]
    assert (count.read, count.new, count.changed, count.unchanged) == (3, 1, 1, 1)


def test_columns_a_file_does_not_have_keep_what_is_stored(run: Run, tmp_path: Path, rows: Rows) -> None:
    run(put(tmp_path, customers_csv=CUSTOMERS))
    run(put(tmp_path, customers_csv="id,points\nC1,820\n"))
    assert rows("customers", "id", "name", "points") == [("C1", "佐藤 美咲", 820), ("C2", "Ann", None)]


def test_a_dry_run_counts_and_writes_nothing(run: Run, tmp_path: Path, rows: Rows, refused: Refused) -> None:
    report = run(put(tmp_path, customers_csv=CUSTOMERS + "C3,Bo,Mars/Base\n"), dry_run=True)
    assert (report.tables["customers"].new, report.quarantined, report.dry_run) == (2, 1, True)
    assert refused(report)[0]["column"] == "timezone"
    assert rows("customers", "id") == []


def test_progress_reaches_the_end_of_every_file_and_table(engine: Engine, tmp_path: Path) -> None:
    seen: list[Progress] = []
    import_paths(
        engine, [put(tmp_path, customers_csv=CUSTOMERS, orders_csv=ORDERS)], mapping=None, dry_run=False,
        quarantine=tmp_path / "q", progress=seen.append, now=NOW,
    )  # fmt: skip
    assert Progress("orders.csv", None, 2, 2) in seen
    assert seen[-1] == Progress(None, "orders", 2, 2)


BAD_ROWS = [
    ("customers", "id,timezone\nC3,Asia/Tokio\n", "timezone", "Asia/Tokio", "unknown time zone 'Asia/Tokio' — did you mean 'Asia/Tokyo'?"),
    ("customers", "id,name\n,Bo\n", "id", None, "id is missing"),
    ("customers", "id,birthdate\nC3,2026-02-30\n", "birthdate", "2026-02-30", "'2026-02-30' is not in the calendar"),
    ("customers", "id,birthdate\nC3,31/12/1980\n", "birthdate", "31/12/1980", "'31/12/1980' is not a date; write 2026-05-14"),
    ("customers", "id,points\nC3,many\n", "points", "many", "'many' is not a whole number"),
    ("customers", "id,guardian_consent\nC3,maybe\n", "guardian_consent", "maybe", "'maybe' is neither true nor false"),
    ("customers", "id,preferences\nC3,[1]\n", "preferences", "[1]", "'[1]' is not the JSON expected here"),
    ("customers", "id,status\nC3,activ\n", "status", "activ", "unknown status 'activ' — did you mean 'active'?"),
    ("customers", "id,name\nC3,a\x00b\n", "name", "a\x00b", "the text contains a NUL character"),
    ("consents", "customer_id,channel,purpose,status,at\nC1,e-mail,marketing,opt_in,2026-01-01\n", "channel", "e-mail",
     "unknown channel 'e-mail' — did you mean 'email'?"),
    ("products", "sku,name,price_incl_tax\nA,Bean,1.296円x\n", "price_incl_tax", "1.296円x",
     "'1.296円x' is not an amount; write major units with a decimal point, as 1296 or 12.96"),
    ("products", "sku,name,currency\nA,Bean,JPN\n", "currency", "JPN", "unknown currency 'JPN' — did you mean 'JPY'?"),
    ("products", "sku,name,cycle_days\nA,Bean,soon\n", "cycle_days", "soon", "'soon' is not a number"),
    ("orders", "id,customer_id,at\nO1,C1,2026-02-30T10:00:00+09:00\n", "at", "2026-02-30T10:00:00+09:00",
     "'2026-02-30T10:00:00+09:00' is not in the calendar"),
    ("orders", "id,customer_id,at\nO1,C1,yesterday\n", "at", "yesterday",
     "'yesterday' is not a time; write 2026-05-14T10:30:00+09:00 or 2026-05-14"),
    ("orders", "id,customer_id,at\nO1,C9,2026-05-14\n", "customer_id", "C9", "customer 'C9' is neither in this import nor in the database"),
    ("orders", "id,customer_id,at\nO1,C1,\n", "at", None, "at is missing"),
    ("order_items", "order_id,sku\nO9,A\n", "order_id", "O9", "order 'O9' is neither in this import nor in the database"),
    ("events", "customer_id,at,type\nC1,2026-06-02T00:00:00Z,view\n", "at", "2026-06-02T00:00:00Z",
     "'2026-06-02T00:00:00Z' is in the future: it is now 2026-06-01T00:00:00+00:00"),
    ("events", "customer_id,at,type\nC1,2026-05-01\n", None, "2", "the line has 2 fields, the header has 3"),
    ("events", "customer_id,at,type\nC1,2026-05-01,view,A\n", None, "4", "the line has 4 fields, the header has 3"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "content", "column", "value", "reason"), BAD_ROWS, ids=[case[4][:50] for case in BAD_ROWS]
)
def test_a_bad_row_is_quarantined(
    run: Run,
    tmp_path: Path,
    table: str,
    content: str,
    column: str | None,
    value: str | None,
    reason: str,
    refused: Refused,
) -> None:
    run(put(tmp_path, customers_csv=CUSTOMERS))
    (tmp_path / "files" / "customers.csv").unlink()
    report = run(put(tmp_path, **{f"{table}_csv": content}))
    assert refused(report) == [
        {
            "file": f"{table}.csv",
            "line": 2,
            "table": None if column is None else table,
            "column": column,
            "value": value,
            "reason": reason,
        }
    ]
    assert report.tables[table].quarantined == report.quarantined == 1


def test_the_rest_of_the_file_is_kept(run: Run, tmp_path: Path, rows: Rows, refused: Refused) -> None:
    report = run(put(tmp_path, customers_csv=CUSTOMERS + "C3,Bo,Mars/Base\n\nC4,Di,Asia/Tokyo\nC5\nC6,Ed,\n"))
    assert [line["line"] for line in refused(report)] == [4, 7]
    assert rows("customers", "id") == [("C1",), ("C2",), ("C4",), ("C6",)]
    count = report.tables["customers"]
    assert (count.read, count.new, count.quarantined) == (6, 4, 2)


def test_a_quarantined_customer_takes_the_orders_along(run: Run, tmp_path: Path, refused: Refused) -> None:
    report = run(put(tmp_path, customers_csv=CUSTOMERS.replace("Europe/London", "Europe/Londn"), orders_csv=ORDERS))
    assert [(row["file"], row["line"]) for row in refused(report)] == [("customers.csv", 3), ("orders.csv", 3)]


def test_a_repeated_id_that_says_something_else(run: Run, tmp_path: Path, rows: Rows, refused: Refused) -> None:
    report = run(put(tmp_path, customers_csv=CUSTOMERS + "C1,佐藤 美咲,Asia/Tokyo\nC2,Bob,Europe/London\n"))
    assert [(row["line"], row["reason"]) for row in refused(report)] == [
        (5, "'C2' was already said differently in line 3")
    ]
    count = report.tables["customers"]
    assert (count.read, count.new, count.unchanged, count.quarantined) == (4, 2, 1, 1)
    assert ("C2", "Ann") in rows("customers", "id", "name")


def test_a_repeated_id_in_another_file(run: Run, tmp_path: Path, refused: Refused) -> None:
    report = run(put(tmp_path, customers_csv=CUSTOMERS, customers_jsonl='{"id": "C2", "name": "Bob"}\n'))
    assert refused(report)[0]["reason"] == "'C2' was already said differently in customers.csv line 3"


def test_an_item_of_somebody_elses_order(run: Run, tmp_path: Path, refused: Refused) -> None:
    report = run(
        put(
            tmp_path,
            customers_csv=CUSTOMERS,
            orders_csv=ORDERS,
            order_items_csv="order_id,customer_id,sku\nO1,C2,A\nO1,C1,A\n",
        )
    )
    assert [row["reason"] for row in refused(report)] == ["order 'O1' belongs to customer 'C1'"]
    assert report.tables["order_items"].new == 1


def test_items_find_their_order_in_the_database(run: Run, tmp_path: Path, rows: Rows) -> None:
    run(put(tmp_path, customers_csv=CUSTOMERS, orders_csv=ORDERS))
    for name in ("customers.csv", "orders.csv"):
        (tmp_path / "files" / name).unlink()
    run(put(tmp_path, order_items_csv="order_id,sku,qty,unit_price\nO1,A,2,1296\nO1,B,1,540\nO2,A,1,1296\n"))
    assert rows("order_items", "customer_id", "order_id", "line", "sku", "unit_price") == [
        ("C1", "O1", 1, "A", 1296), ("C1", "O1", 2, "B", 540), ("C2", "O2", 1, "A", 1296),
    ]  # fmt: skip


WRONG_FILES = [
    ({"ordrs_csv": ORDERS}, "ordrs.csv: 'ordrs' is not the name of a table — did you mean 'orders'?"),
    ({"customers_csv": ""}, "customers.csv: the file is empty"),
    ({"customers_csv": "id,nmae\nC1,Bo\n"}, "customers.csv:1: unknown column 'nmae' — did you mean 'name'?"),
    ({"customers_csv": "name\nBo\n"}, "customers.csv:1: the column 'id' is missing"),
    ({"customers_csv": "id,name,name\nC1,a,b\n"}, "customers.csv:1: two columns are named 'name'"),
    ({"customers_csv": "id,name\nC1,Bo\nC2,Ren\xe9e\n".encode("latin-1")},
     "customers.csv:3: bytes 0xE9 are neither UTF-8 nor Japanese in cp932; declare `encoding:` in a mapping"),
    ({"customers_parquet": b"PAR1 and then nothing"},
     "customers.parquet: not a complete Parquet file: it may have been cut off while being written or copied"),
    ({"customers_xlsx": b"PK no workbook"}, "customers.xlsx: not a readable Excel workbook (.xlsx)"),
    ({"customers.csv_gz": gzip.compress(CUSTOMERS.encode())[:-12]},
     "customers.csv.gz: the gzip file ends too early: it was cut off while being written or copied"),
    ({"customers.csv_gz": CUSTOMERS}, "customers.csv.gz: not a readable gzip file, although its name ends in .gz"),
    ({"notes_txt": "x"}, "files: no file to import; tables are customers, consents, products, offers, orders, order_items, "
     "events, tickets, interactions, contacts, subscriptions, outcomes"),
    ({"customers_jsonl": "[1]\n{}x\n"}, "customers.jsonl:1: no line is a JSON object"),
    ({"customers_jsonl": "{}\n"}, "customers.jsonl:1: the column 'id' is missing"),
    ({"customers_csv": b"\xef\xbb\xbf\n"}, "customers.csv: the file is empty"),
    ({"customers_jsonl": '{"id": "C1", "owner": {"nam": "Mori"}}\n'}, "customers.jsonl:1: unknown key 'owner.nam' — did you mean 'name'?"),
    ({"orders_jsonl": '{"id": "O1", "customer_id": "C1", "at": "2026-01-01", "items": [{"sk": "A"}]}\n'},
     "orders.jsonl:1: unknown key 'items.sk' — did you mean 'sku'?"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "message"), WRONG_FILES, ids=[case[1][:50] for case in WRONG_FILES])
def test_a_file_that_is_wrong_as_a_whole(
    run: Run, tmp_path: Path, files: dict[str, str | bytes], message: str, rows: Rows
) -> None:
    with pytest.raises(InputError) as caught:
        run(put(tmp_path, **files))
    assert str(caught.value).removeprefix(f"{tmp_path}/").removeprefix("files/") == message
    assert rows("customers", "id") == []


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"orders\.csv: there is no such file or directory$"):
        run(tmp_path / "orders.csv")


def test_only_a_header_is_a_warning(run: Run, tmp_path: Path) -> None:
    report = run(put(tmp_path, customers_csv="id,name\n"))
    assert report.warnings == ("customers.csv: no rows below the header",)
    assert report.tables["customers"].read == 0


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_encodings_and_line_ends(
    run: Run, tmp_path: Path, delimiter: str, encoding: str, end: str, rows: Rows
) -> None:
    content = CUSTOMERS.replace(",", delimiter).replace("\n", end).encode(encoding)
    assert run(put(tmp_path, customers_csv=content)).tables["customers"].new == 2
    assert ("C1", "佐藤 美咲") in rows("customers", "id", "name")


QUOTED = 'id,name,company\nC1,"Sato, Misaki","Cafe ""Aoi"""\nC2,Ann,"two\nlines"\nC3,Bo,5" pipes\nC4,too,many,fields\nC5,Di,\n'


def test_quotes(run: Run, tmp_path: Path, rows: Rows, refused: Refused) -> None:
    plain = "".join(QUOTED.splitlines(keepends=True)[:2])
    run(put(tmp_path, customers_csv=plain))
    assert rows("customers", "name", "company") == [("Sato, Misaki", 'Cafe "Aoi"')]
    report = run(put(tmp_path, customers_csv=QUOTED))
    assert [row["line"] for row in refused(report)] == [6]
    assert ("C2", "two\nlines") in rows("customers", "id", "company")
    assert ("C3", '5" pipes') in rows("customers", "id", "company")


@pytest.mark.parametrize("field", ['""points', '"a"b', 'a"b"', '"'])
def test_quotes_that_quote_nothing(run: Run, rows: Rows, tmp_path: Path, field: str) -> None:
    run(put(tmp_path, customers_csv=f"id,name\nC1,Ann\nC2,{field}\n"))
    assert rows("customers", "id")[0] == ("C1",)


def test_line_ends_of_an_old_mac(run: Run, tmp_path: Path) -> None:
    assert run(put(tmp_path, customers_csv=CUSTOMERS.replace("\n", "\r"))).tables["customers"].new == 2


def test_items_of_one_order_with_one_line(run: Run, refused: Refused, tmp_path: Path) -> None:
    order = {
        "id": "O1",
        "customer_id": "C1",
        "at": "2026-05-01",
        "items": [{"sku": "A", "line": 1}, {"sku": "B", "line": 1}],
    }
    report = run(put(tmp_path, customers_csv=CUSTOMERS, orders_jsonl=json.dumps(order)))
    assert [row["reason"] for row in refused(report)] == ["'O1, 1' was already said differently in line 1"]


def test_gzip_jsonl_with_nested_objects(run: Run, tmp_path: Path, rows: Rows) -> None:
    customer = {
        "id": "C1",
        "owner": {"id": "R1", "since": "2026-01-05"},
        "timezone": "Asia/Tokyo",
        "preferences": {"email_max_per_30d": 2},
    }
    orders = [
        {
            "id": "O1",
            "customer_id": "C1",
            "at": "2026-05-01T00:00:00+09:00",
            "items": [{"sku": "A", "qty": 2, "unit_price": 12.5}, {"sku": "B"}],
        },
        {"id": "O2", "customer_id": "C1", "at": "2026-05-02T00:00:00+09:00"},
    ]
    folder = put(
        tmp_path,
        **{
            "customers.jsonl_gz": gzip.compress(json.dumps(customer).encode()),
            "orders_jsonl": "\n\n".join(json.dumps(order) for order in orders),
            "products_jsonl": '{"sku":"A","name":"Bean","currency":"GBP","price_incl_tax":12.5,"attrs":["family:bean"],"registration":{"benefit":"2y"}}\n',
        },
    )
    report = run(folder)
    assert report.quarantine is None
    assert rows("customers", "owner_id", "owner_since", "preferences") == [
        ("R1", us(2026, 1, 4, 15), '{"email_max_per_30d":2}')
    ]
    assert rows("order_items", "order_id", "line", "sku", "qty", "unit_price") == [
        ("O1", 1, "A", 2, 1250),
        ("O1", 2, "B", 1, None),
    ]
    assert rows("products", "price_incl_tax", "attrs", "fits", "registration_benefit") == [
        (1250, '["family:bean"]', "[]", "2y")
    ]


def test_a_bad_item_keeps_its_whole_order_out(run: Run, tmp_path: Path, refused: Refused) -> None:
    order = {"id": "O1", "customer_id": "C1", "at": "2026-05-01", "items": [{"sku": "A", "qty": "two"}]}
    report = run(put(tmp_path, customers_csv=CUSTOMERS, orders_jsonl=json.dumps(order)))
    assert [(row["table"], row["column"], row["value"]) for row in refused(report)] == [
        ("order_items", "items.qty", "two")
    ]
    assert report.tables["orders"].new == 0


def test_broken_json_lines(run: Run, tmp_path: Path, rows: Rows, refused: Refused) -> None:
    report = run(put(tmp_path, customers_jsonl='{"id": "C1"}\n{"id": "C2"\n\n[1]\n{"id": "C3", "points": 1}\n'))
    assert [(row["line"], row["reason"]) for row in refused(report)] == [
        (2, "the line is not one JSON object"), (4, "the line is not one JSON object"),
    ]  # fmt: skip
    assert rows("customers", "id", "points") == [("C1", None), ("C3", 1)]


def test_parquet_with_types(run: Run, tmp_path: Path, rows: Rows, refused: Refused) -> None:
    folder = put(tmp_path, customers_csv=CUSTOMERS)
    pl.DataFrame(
        {"id": [1, 2], "customer_id": ["C1", "C2"], "at": [datetime(2026, 5, 1, 9), None], "gift": [True, False]}
    ).write_parquet(folder / "orders.parquet")
    report = run(folder)
    assert [(row["line"], row["reason"]) for row in refused(report)] == [(2, "at is missing")]
    assert rows("orders", "id", "at", "gift") == [("1", us(2026, 5, 1), True)]


def test_excel(run: Run, tmp_path: Path, rows: Rows) -> None:
    folder = put(tmp_path)
    pl.DataFrame(
        {
            "id": ["C1", None, "C2"],
            "points": [820, None, 5],
            "birthdate": [datetime(1980, 12, 31).date(), None, None],
            "name": ["佐藤", None, "x"],
        }
    ).write_excel(folder / "customers.xlsx")
    report = run(folder)
    assert report.quarantine is None
    assert rows("customers", "id", "points", "birthdate", "name") == [
        ("C1", 820, "1980-12-31", "佐藤"),
        ("C2", 5, None, "x"),
    ]


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [("1296", "JPY", 1296), ("¥1,296", "JPY", 1296), ("1296円", "JPY", 1296), ("12.345", "GBP", 1235), ("-12.345", "GBP", -1235),
     ("1.005", "USD", 101), ("0.5", "JPY", 1), ("10", "EUR", 1000)],
)  # fmt: skip
def test_money_is_exact_and_rounds_half_up(
    run: Run, tmp_path: Path, written: str, currency: str, minor: int, rows: Rows
) -> None:
    content = f"sku;name;price_incl_tax;currency\nA;Bean;{written};{currency}\n"
    run(put(tmp_path, products_csv=content))
    assert rows("products", "price_incl_tax") == [(minor,)]


def test_amounts_are_in_the_currency_of_their_product(run: Run, tmp_path: Path, rows: Rows) -> None:
    run(put(tmp_path, customers_csv=CUSTOMERS, products_csv="sku,name,currency\nA,Bean,GBP\nB,豆,JPY\nC,Tea,JPY\n"))
    run(
        put(
            tmp_path,
            orders_csv=ORDERS,
            order_items_csv="order_id,sku,unit_price\nO1,A,12.96\nO1,B,1296\nO2,Z,5\n",
            subscriptions_csv="id,customer_id,sku,amount\nS1,C1,A,9.99\n",
        )
    )
    assert rows("order_items", "sku", "unit_price") == [("A", 1296), ("B", 1296), ("Z", 5)]
    assert rows("subscriptions", "amount") == [(999,)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2026-05-14T10:30:00+09:00", us(2026, 5, 14, 1, 30)), ("2026-05-14 10:30", us(2026, 5, 14, 1, 30)), ("2026-05-14T10:30:00Z", us(2026, 5, 14, 10, 30)),
     ("2026-05-14T10:30:00-0330", us(2026, 5, 14, 14)), ("2026-05-14", us(2026, 5, 13, 23))],
)  # fmt: skip
def test_times(run: Run, tmp_path: Path, written: str, expected: int, rows: Rows) -> None:
    run(put(tmp_path, customers_csv=CUSTOMERS, events_csv=f"customer_id,at,type\nC2,{written},view\n"))
    assert rows("events", "at") == [(expected,)]


def test_a_time_in_the_gap_of_summer_time_moves_on(run: Run, tmp_path: Path, rows: Rows) -> None:
    run(
        put(tmp_path, customers_csv=CUSTOMERS, events_csv="customer_id,at,type\nC2,2026-03-29 01:30:00,view\n"),
        zone="Europe/London",
    )
    assert rows("events", "at") == [(us(2026, 3, 29, 1, 30),)]


def test_a_failure_in_the_middle_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    def fail(step: Progress) -> None:
        if step.table == "orders":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_paths(
            engine, [put(tmp_path, customers_csv=CUSTOMERS, orders_csv=ORDERS)], mapping=None, dry_run=False,
            quarantine=tmp_path / "q", progress=fail, now=NOW,
        )  # fmt: skip
    with engine.connect() as connection:
        assert all(
            connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
            for table in tables.HISTORY.values()
        )


def test_a_kill_in_the_middle_leaves_nothing(engine: Engine, tmp_path: Path, rows: Rows) -> None:
    folder = put(tmp_path, customers_csv=CUSTOMERS, orders_csv=ORDERS)
    program = f"""
import os
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import create_engine
from retrieval.importing import import_paths
import_paths(create_engine({str(engine.url)!r}), [Path({str(folder)!r})], mapping=None, dry_run=False, quarantine=Path({str(tmp_path / "q")!r}),
    progress=lambda step: os._exit(9) if step.table == "orders" else None, now=datetime(2026, 6, 1, tzinfo=UTC))
"""
    root = Path(__file__).parents[3]
    ended = subprocess.run([sys.executable, "-c", program], check=False, env={**os.environ, "PYTHONPATH": str(root)})
    assert ended.returncode == 9
    assert rows("customers", "id") == rows("orders", "id") == []


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(Unreachable, match=r"^the database did not answer, nothing was imported: "):
        import_paths(
            engine, [put(tmp_path, customers_csv=CUSTOMERS)], mapping=None, dry_run=False, quarantine=tmp_path / "q",
            progress=lambda _: None, now=NOW,
        )  # fmt: skip


def test_identical_events_are_one(run: Run, tmp_path: Path) -> None:
    report = run(
        put(
            tmp_path, customers_csv=CUSTOMERS, events_csv="customer_id,at,type\n" + "C1,2026-05-01T00:00:00Z,view\n" * 2
        )
    )
    count = report.tables["events"]
    assert (count.read, count.new, count.unchanged, count.quarantined) == (2, 1, 1, 0)


def test_all_tables_take_all_their_columns(run: Run, tmp_path: Path, refused: Refused) -> None:
    """Every column of every noun can be imported, so a new field cannot be forgotten here."""
    from retrieval import columns as kinds
    from retrieval.importing.mapping import NOUN_OF

    sample = {
        kinds.INSTANT: "2026-01-01T00:00:00Z", kinds.DAY: "2026-01-01", kinds.MONEY: "10", kinds.INTEGER: "1", kinds.NUMBER: "1.5",
        kinds.TRUTH: "true", kinds.TEXT: "C1", kinds.WORDS: "a|b",
    }  # fmt: skip

    def value(column: kinds.Column) -> str:
        if column.kind == kinds.STRUCTURE:
            return "{}" if isinstance(column.default, dict) else "[]"
        return {"timezone": "Asia/Tokyo", "currency": "JPY"}.get(column.name) or (
            column.words or (sample[column.kind],)
        )[0]

    def content(columns: Sequence[kinds.Column]) -> str:
        return (
            "\t".join(column.name for column in columns) + "\n" + "\t".join(value(column) for column in columns) + "\n"
        )

    folder = put(tmp_path, **{f"{table}_csv": content(kinds.columns(noun)) for table, noun in NOUN_OF.items()})
    report = run(folder)
    assert report.quarantine is None, refused(report)
    assert {table: count.new for table, count in report.tables.items()} == dict.fromkeys(NOUN_OF, 1)
    assert all(count.written == 0 for count in run(folder).tables.values())
