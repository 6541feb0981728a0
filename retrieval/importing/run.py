"""An import from files to history: everything is read and judged first, then written in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import OperationalError

from retrieval.errors import InputError, Unreachable, nearest
from retrieval.importing import checking, references, shaping, sources, writing
from retrieval.importing.checking import Surroundings, Typed
from retrieval.importing.mapping import NOUN_OF, Mapping, Source
from retrieval.importing.parsing import text_of
from retrieval.importing.report import BATCH, LINE, FileCount, ImportReport, Problems, Progress, TableCount
from retrieval.importing.shaping import Draft
from retrieval.importing.sources import Sheet
from retrieval.tables import HISTORY

_UNDECLARED = Source(file="*")
_FIRST = ("customers", "products")
"""Tables whose values the others need to be read: time zones and currencies."""


def import_paths(
    engine: Engine,
    paths: Sequence[Path],
    *,
    mapping: Mapping | None,
    dry_run: bool,
    quarantine: Path,
    progress: Callable[[Progress], None],
    now: datetime,
    zone: str = "Asia/Tokyo",
) -> ImportReport:
    """Import files, and the files of directories, into the history.

    Without ``mapping`` (or for files it does not name) the name of a file decides its table: ``orders.jsonl.gz``.
    ``now`` is aware: a row dated later is not history.  ``zone`` reads times without offset unless the mapping names
    one.  Rows that cannot be kept are written to the file ``quarantine``; the others are written in one transaction, or
    in a dry run judged in a transaction that is rolled back.  Importing the same files again changes nothing.

    Raises :class:`~retrieval.errors.InputError` for a file that is wrong as a whole (then nothing is written) and
    :class:`~retrieval.errors.Unreachable` when the database does not answer.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    problems = Problems()
    reading = _read(list(_files(paths, mapping)), mapping, problems, progress)
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            around = _surroundings(connection, reading, mapping, now=now, zone=zone, problems=problems)
            tables = _judged(connection, reading, around, problems)
            counts = {table: _written(connection, table, batch, progress) for table, batch in tables.items()}
            found = problems.frame()
            kept_out = problems.write(quarantine)
            if dry_run:
                transaction.rollback()
    except OperationalError as error:
        raise Unreachable(f"the database did not answer, nothing was imported: {error.orig}") from error
    return ImportReport(
        tables=counts,
        files=tuple(reading.counts),
        quarantine=kept_out,
        dry_run=dry_run,
        quarantined=found.select("file", "line").unique().height,
        warnings=tuple(reading.warnings),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the files hold: drafts with the index of their file, and counts per file."""

    names: list[str] = field(default_factory=list)
    drafts: list[tuple[int, Draft]] = field(default_factory=list)
    counts: list[FileCount] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    typed: list[Typed] = field(default_factory=list)
    bad: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows of one table that passed, and what became of the others; ``provided`` are the columns of each source."""

    frame: pl.DataFrame
    provided: list[list[str]]
    repeated: int
    quarantined: int


def _files(paths: Sequence[Path], mapping: Mapping | None) -> Iterator[tuple[Path, Source | None]]:
    """The files to read, with the source of the mapping that describes them; None for a canonical table."""
    for given in paths:
        if not given.exists():
            raise InputError("there is no such file or directory", file=given)
        inside = given.is_dir()
        found = 0
        for path in sorted(given.iterdir()) if inside else [given]:
            source = mapping.source_for(path.name) if mapping is not None else None
            stem = sources.stem(path)
            known = source is not None or (stem in NOUN_OF and sources.format_of(path) is not None)
            if source is not None and not source.tables and stem not in NOUN_OF:
                raise InputError(f"the mapping says no table, nor does '{stem}'{nearest(stem, NOUN_OF)}", file=path)
            if known:
                found += 1
                yield path, source
            elif not inside or (mapping is None and path.is_file() and _misspelt(path)):
                raise InputError(f"'{stem}' is not the name of a table{nearest(stem, NOUN_OF)}", file=path)
        if inside and not found:
            raise InputError(f"no file to import; tables are {', '.join(NOUN_OF)}", file=given)


def _misspelt(path: Path) -> bool:
    """Whether a file of a directory was probably meant as a table."""
    return sources.format_of(path) is not None and bool(get_close_matches(sources.stem(path), NOUN_OF, n=1, cutoff=0.8))


def _read(
    files: list[tuple[Path, Source | None]],
    mapping: Mapping | None,
    problems: Problems,
    progress: Callable[[Progress], None],
) -> _Reading:
    reading = _Reading()

    sheets: dict[Path, Sheet] = {}

    def sheet_of(path: Path, source: Source | None) -> Sheet:
        if path not in sheets:
            sheets[path] = sources.read(path, problems, source or _UNDECLARED)
        return sheets[path]

    for path, source in files:
        sheet = sheet_of(path, source)
        index = len(reading.names)
        reading.names.append(sheet.name)
        skipped: dict[str, int] = {}
        if source is not None and source.tables:
            assert mapping is not None

            def beside(name: str, folder: Path = path.parent, mapping: Mapping = mapping) -> pl.DataFrame:
                return sheet_of(folder / name, mapping.source_for(name)).frame

            drafts, skipped = shaping.mapped(sheet, source, mapping, beside)
        else:
            table = sources.stem(path)
            drafts = shaping.canonical(sheet, table, source)
            reading.lost[table] = reading.lost.get(table, 0) + sheet.read - sheet.frame.height
        reading.drafts.extend((index, draft) for draft in drafts)
        reading.counts.append(FileCount(file=sheet.name, read=sheet.read, skipped=skipped))
        if not sheet.read:
            reading.warnings.append(f"{sheet.name}: no rows below the header")
        progress(Progress(sheet.name, None, sheet.read, sheet.read))
    return reading


def _surroundings(
    connection: Connection, reading: _Reading, mapping: Mapping | None, *, now: datetime, zone: str, problems: Problems
) -> Surroundings:
    """Time zones and currencies of this import and the database; on the way, customers and products are read."""
    own = mapping.zone if mapping is not None and mapping.zone is not None else zone
    declared = mapping.currency if mapping is not None and mapping.currency is not None else None
    nothing = pl.DataFrame(schema={"customer_id": pl.String, "timezone": pl.String})
    goods = pl.DataFrame(schema={"sku": pl.String, "currency": pl.String})
    around = Surroundings(now=now, zone=own, currency=declared or "JPY", zones=nothing, currencies=goods)
    _typed(reading, _FIRST, around, problems, first=True)
    zones, currencies = [nothing], [goods]
    for rows in reading.typed:
        if rows.table == "customers" and "timezone" in rows.frame.columns:
            zones.append(rows.frame.select(pl.col("id").alias("customer_id"), "timezone").drop_nulls())
        if rows.table == "products":
            currency = pl.col("currency") if "currency" in rows.frame.columns else pl.lit("JPY").alias("currency")
            currencies.append(rows.frame.select("sku", currency.fill_null("JPY")).drop_nulls())
    referenced = [
        text_of(draft.frame["customer_id"]).unique()
        for _, draft in reading.drafts
        if "customer_id" in draft.frame.columns
    ]
    if referenced:
        zones.append(
            references.stored_customers(connection, pl.concat(referenced).unique())
            .rename({"id": "customer_id"})
            .drop_nulls()
        )
    stored = connection.execute(select(HISTORY["products"].c.sku, HISTORY["products"].c.currency)).all()
    currencies.append(pl.DataFrame([tuple(row) for row in stored], schema=goods.schema, orient="row"))
    catalogue = pl.concat(currencies).unique("sku", keep="first", maintain_order=True)
    usual = catalogue["currency"].value_counts(sort=True)["currency"].to_list()
    return Surroundings(
        now=now, zone=own, currency=declared or (usual[0] if usual else "JPY"),
        zones=pl.concat(zones).unique("customer_id", keep="first", maintain_order=True), currencies=catalogue,
    )  # fmt: skip


def _typed(reading: _Reading, tables: Sequence[str], around: Surroundings, problems: Problems, *, first: bool) -> None:
    for index, draft in reading.drafts:
        if (draft.table in tables) == first:
            rows, bad = checking.typed(draft, index, reading.names[index], around, problems)
            reading.typed.append(rows)
            reading.bad.setdefault(index, set()).update(bad)


def _judged(connection: Connection, reading: _Reading, around: Surroundings, problems: Problems) -> dict[str, _Batch]:
    """What may be written, table by table in import order."""
    _typed(reading, _FIRST, around, problems, first=False)
    kept: dict[str, _Batch] = {}
    for table in NOUN_OF:
        parts = [rows for rows in reading.typed if rows.table == table]
        if parts or reading.lost.get(table):
            kept[table] = _table(connection, table, parts, reading=reading, before=kept, problems=problems)
    return kept


def _table(
    connection: Connection,
    table: str,
    parts: list[Typed],
    *,
    reading: _Reading,
    before: dict[str, _Batch],
    problems: Problems,
) -> _Batch:
    quarantined = reading.lost.get(table, 0)
    frames: list[pl.DataFrame] = []
    provided: list[list[str]] = []
    key = checking.identity(table)
    # Rows given once per group complete what other sources say; they never contradict it.
    for rows in sorted(parts, key=lambda rows: rows.derived):
        good = rows.frame.filter(~pl.col(LINE).is_in(list(reading.bad.get(rows.file, ()))))
        quarantined += 0 if rows.derived else rows.frame.height - good.height
        frame, lacking = checking.finished(replace(rows, frame=good), reading.names[rows.file], problems)
        quarantined += lacking
        if rows.derived:
            for other in frames:
                frame = frame.join(other, on=key, how="anti", maintain_order="left")
        frames.append(frame.with_columns(pl.lit(len(provided), dtype=pl.UInt32).alias(BATCH)))
        provided.append([name for name in good.columns if name in HISTORY[table].columns])
    if not frames:
        return _Batch(pl.DataFrame(), provided, 0, quarantined)
    frame = pl.concat(frames)
    if table == "order_items":
        new = before["orders"].frame if "orders" in before else None
        frame, lost = references.of_orders(connection, frame, new, reading.names, problems)
        quarantined += lost
    frame, repeated, contradicting = checking.distinct(table, frame, reading.names, problems)
    quarantined += contradicting
    if "customer_id" in frame.columns and table != "order_items":
        new = before["customers"].frame if "customers" in before else None
        frame, lost = references.of_customers(connection, table, frame, new=new, names=reading.names, problems=problems)
        quarantined += lost
    return _Batch(frame, provided, repeated, quarantined)


def _written(connection: Connection, table: str, batch: _Batch, progress: Callable[[Progress], None]) -> TableCount:
    total, done = batch.frame.height, 0
    new = changed = unchanged = 0

    def step(rows: int) -> None:
        nonlocal done
        done += rows
        progress(Progress(None, table, done, total))

    if total:
        for number, part in batch.frame.group_by(BATCH, maintain_order=True):
            counts = writing.upsert(
                connection, table, writing.stored(table, part), batch.provided[int(number[0])], step
            )
            new, changed, unchanged = new + counts[0], changed + counts[1], unchanged + counts[2]
    unchanged += batch.repeated
    read = total + batch.repeated + batch.quarantined
    return TableCount(read=read, new=new, changed=changed, unchanged=unchanged, quarantined=batch.quarantined)
