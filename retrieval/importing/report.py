"""What an import did, and the rows it did not keep."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl

LINE = "__line"
"""Column that carries the 1-based line of the source (its header counts) beside every row."""

FILE = "__file"
"""Column that carries the source a row came from, as its index in reading order."""

BATCH = "__batch"
"""Column that carries which rows came from the same source and so bring the same columns."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One step: ``rows_done`` of ``rows_total`` rows of ``table``; ``file`` is None while the database is written."""

    file: str | None
    table: str | None
    rows_done: int
    rows_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCount:
    """One source file: data rows ``read`` and, by reason, rows the mapping leaves out on purpose."""

    file: str
    read: int
    skipped: Map[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCount:
    """One table: ``read`` = ``written`` + ``unchanged`` + ``quarantined``, and ``written`` = ``new`` + ``changed``."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0

    @property
    def written(self) -> int:
        """Rows inserted or updated."""
        return self.new + self.changed


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """Counts per table and file; ``quarantine`` is the file of the ``quarantined`` lines, None when all were kept."""

    tables: Map[str, TableCount]
    files: tuple[FileCount, ...]
    quarantine: Path | None
    quarantined: int
    dry_run: bool
    warnings: tuple[str, ...] = ()


PROBLEM_SCHEMA: dict[str, Any] = {
    "file": pl.String, "line": pl.Int64, "table": pl.String, "column": pl.String, "value": pl.String,
    "reason": pl.String,
}  # fmt: skip


class Problems:
    """The reasons against rows, collected over all stages."""

    def __init__(self) -> None:
        self._found: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Take a frame of :data:`PROBLEM_SCHEMA`."""
        if frame.height:
            self._found.append(frame.select(pl.col(name).cast(dtype) for name, dtype in PROBLEM_SCHEMA.items()))

    def wrong(
        self,
        *,
        file: str,
        table: str | None,
        column: str | None,
        lines: pl.Series,
        values: pl.Series | None,
        reason: Callable[[Any], str],
    ) -> None:
        """Rows at ``lines`` whose ``column`` holds ``values``; ``reason`` is asked once per distinct value."""
        if lines.is_empty():
            return
        words = pl.Series([None] * len(lines), dtype=pl.String) if values is None else _words(values)
        said = {word: reason(word) for word in words.unique().to_list()}
        self.add(
            pl.DataFrame({"line": lines, "value": words}).with_columns(
                pl.lit(file).alias("file"),
                pl.lit(table, dtype=pl.String).alias("table"),
                pl.lit(column, dtype=pl.String).alias("column"),
                pl.Series("reason", [said[word] for word in words.to_list()], dtype=pl.String),
            )
        )

    def frame(self) -> pl.DataFrame:
        """All problems by file and line, each said once."""
        if not self._found:
            return pl.DataFrame(schema=PROBLEM_SCHEMA)
        return pl.concat(self._found).unique(maintain_order=True).sort("file", "line", maintain_order=True)

    def write(self, path: Path) -> Path | None:
        """The quarantine file, one JSON object per problem; None and no file where there is no problem."""
        found = self.frame()
        if found.is_empty():
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in found.iter_rows(named=True))
        )
        return path


def _words(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values
    if values.dtype.is_nested():
        return pl.Series(
            [None if v is None else orjson.dumps(v, default=str).decode() for v in values.to_list()], dtype=pl.String
        )
    return values.cast(pl.String)
