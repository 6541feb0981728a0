"""A file as rows of text or typed columns, each with its line; what cannot be read as a row is a problem."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl
from polars.exceptions import PolarsError

from retrieval.errors import InputError
from retrieval.importing.mapping import Source
from retrieval.importing.report import LINE, Problems

FORMATS: dict[str, str] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".xlsx": "xlsx",
}  # fmt: skip
"""File ending → format; any of them may end in ``.gz`` as well."""

DELIMITERS = ",;\t"
_JAPANESE = re.compile(r"[\u3041-\u30fa]|[\u4e00-\u9fff]{2}|(?<![A-Za-z])[\u4e00-\u9fff](?![A-Za-z])")
"""Kana, or kanji not inside a Latin word: there, one kanji is an accented letter of Latin-1 misread as cp932."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one file: ``frame`` has the source's columns and :data:`~retrieval.importing.report.LINE`."""

    path: Path
    name: str
    frame: pl.DataFrame
    read: int


def stem(path: Path) -> str:
    """``orders`` of ``orders.csv``, ``orders.jsonl.gz``, …"""
    return path.name.split(".", 1)[0]


def format_of(path: Path) -> str | None:
    """The format that the name of a file declares, None when it declares none we read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


def read(path: Path, problems: Problems, source: Source) -> Sheet:
    """Read a file; ``format``, ``encoding``, ``delimiter`` and ``sheet`` of ``source`` override what it says itself.

    Rows that are no rows (too few or many fields, broken JSON) are added to ``problems``.  A file that is empty, cut
    off or in an unknown encoding raises :class:`~retrieval.errors.InputError`.
    """
    kind = source.format or format_of(path)
    if kind is None:
        raise InputError(
            f"unknown kind of file; it must end in {', '.join(FORMATS)}, or one of those and .gz", file=path
        )
    content = _content(path)
    if not content.strip():
        raise InputError("the file is empty", file=path)
    if kind == "parquet":
        return _typed(path, _parquet(path, content), first=1)
    if kind == "xlsx":
        return _typed(path, _excel(path, content, source.sheet), first=2)
    text = _utf8(path, content, source.encoding)
    if not text.strip():
        raise InputError("the file is empty", file=path)
    return _jsonl(path, text, problems) if kind == "jsonl" else _csv(path, text, source.delimiter, problems)


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw
    except EOFError:
        raise InputError(
            "the gzip file ends too early: it was cut off while being written or copied", file=path
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise InputError("not a readable gzip file, although its name ends in .gz", file=path) from None
    except FileNotFoundError:
        raise InputError("there is no such file", file=path) from None
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", file=path) from None


def _utf8(path: Path, content: bytes, encoding: str | None) -> bytes:
    """The text in UTF-8 without BOM, from the declared encoding, UTF-8 or cp932."""
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise InputError(f"unknown encoding '{encoding}'", file=path, key="encoding") from None
        try:
            return content.decode(encoding).removeprefix("\ufeff").encode()
        except UnicodeDecodeError as error:
            raise _undecodable(
                path, content, error, f"not {encoding}, the encoding that the mapping declares"
            ) from None
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        content.decode()
        return content
    except UnicodeDecodeError as error:
        wrong = error
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError:
        text = ""
    if _JAPANESE.search(text):
        return text.encode()
    raise _undecodable(
        path, content, wrong, "neither UTF-8 nor Japanese in cp932; declare `encoding:` in a mapping"
    ) from None


def _undecodable(path: Path, content: bytes, error: UnicodeDecodeError, what: str) -> InputError:
    shown = " ".join(f"0x{byte:02X}" for byte in content[error.start : max(error.end, error.start + 1)][:4])
    return InputError(f"bytes {shown} are {what}", file=path, line=content.count(b"\n", 0, error.start) + 1)


def _typed(path: Path, frame: pl.DataFrame, first: int) -> Sheet:
    """Number the rows of a file without lines: Parquet from 1, Excel from 2 (its header is row 1)."""
    frame = frame.with_row_index(LINE, offset=first).with_columns(pl.col(LINE).cast(pl.Int64))
    columns = [name for name in frame.columns if name != LINE]
    if columns:
        frame = frame.filter(~pl.all_horizontal(pl.col(columns).is_null()))
    return Sheet(path, path.name, frame, frame.height)


def _parquet(path: Path, content: bytes) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (PolarsError, OSError):
        raise InputError(
            "not a complete Parquet file: it may have been cut off while being written or copied", file=path
        ) from None


def _excel(path: Path, content: bytes, sheet: str | None) -> pl.DataFrame:
    import fastexcel

    try:
        book = fastexcel.read_excel(content)
        names = book.sheet_names
        if sheet is not None and sheet not in names:
            raise InputError(f"no sheet '{sheet}'; there are: {', '.join(names)}", file=path, key="sheet")
        return book.load_sheet(sheet if sheet is not None else 0, dtypes="string").to_polars()
    except fastexcel.FastExcelError:
        raise InputError("not a readable Excel workbook (.xlsx)", file=path) from None


def _csv(path: Path, text: bytes, delimiter: str | None, problems: Problems) -> Sheet:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = pl.Series("text", text.decode().split("\n"), dtype=pl.String)
    head = next(line for line in lines if line.strip())
    delimiter = delimiter or max(DELIMITERS, key=head.count)
    plain = lines
    if b'"' in text:
        # A quoted field starts and ends at a delimiter; any other quote is left to the csv module.
        edge = re.escape(delimiter)
        plain = lines.str.replace_all(rf'(^|{edge})"(?:[^"]|"")*"', "${1}\x01")
        if plain.str.contains(rf'"|\x01[^{edge}]').any():
            return _csv_quoted(path, text, delimiter, problems)
    numbered = pl.DataFrame(
        {"text": lines, LINE: pl.int_range(1, len(lines) + 1, eager=True, dtype=pl.Int64)}
    ).with_columns(plain.str.count_matches(delimiter, literal=True).alias("fields") + 1)
    numbered = numbered.filter(pl.col("text").str.strip_chars() != "")
    header = next(csv.reader([numbered["text"][0]], delimiter=delimiter))
    body = numbered.slice(1)
    whole = body["fields"] == len(header)
    ragged = body.filter(~whole)
    _ragged(problems, path, ragged[LINE], ragged["fields"], len(header))
    good = body.filter(whole)
    _distinct(path, header, int(numbered[LINE][0]))
    if good.is_empty():
        frame = pl.DataFrame(schema=dict.fromkeys(header, pl.String))
    else:
        frame = pl.read_csv(
            "\n".join(good["text"].to_list()).encode() + b"\n",
            has_header=False, separator=delimiter, infer_schema=False, new_columns=header,
        )  # fmt: skip
    return Sheet(path, path.name, frame.with_columns(good[LINE]), body.height)


def _csv_quoted(path: Path, text: bytes, delimiter: str, problems: Problems) -> Sheet:
    """Quoted fields over several lines, or quotes inside fields: the csv module knows where such a record starts."""
    reader = csv.reader(io.StringIO(text.decode(), newline=""), delimiter=delimiter)
    header: list[str] = []
    rows: list[list[str]] = []
    starts: list[int] = []
    wrong: list[tuple[int, int]] = []
    start = 1
    try:
        for row in reader:
            if not any(field.strip() for field in row):
                pass
            elif not header:
                header = row
                _distinct(path, header, start)
            elif len(row) != len(header):
                wrong.append((start, len(row)))
            else:
                rows.append(row)
                starts.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"not readable as CSV: {error}", file=path, line=start) from None
    _ragged(
        problems,
        path,
        pl.Series([line for line, _ in wrong], dtype=pl.Int64),
        pl.Series([n for _, n in wrong], dtype=pl.Int64),
        len(header),
    )
    columns = zip(*rows, strict=True) if rows else ((),) * len(header)
    frame = pl.DataFrame(
        [pl.Series(name, values, dtype=pl.String) for name, values in zip(header, columns, strict=True)]
        + [pl.Series(LINE, starts, dtype=pl.Int64)]
    )
    return Sheet(path, path.name, frame, len(rows) + len(wrong))


def _distinct(path: Path, header: list[str], line: int) -> None:
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"two columns are named '{name}'", file=path, line=line)


def _ragged(problems: Problems, path: Path, lines: pl.Series, fields: pl.Series, expected: int) -> None:
    problems.wrong(
        file=path.name, table=None, column=None, lines=lines, values=fields,
        reason=lambda found: f"the line has {found} fields, the header has {expected}",
    )  # fmt: skip


def _jsonl(path: Path, text: bytes, problems: Problems) -> Sheet:
    lines = text.split(b"\n")
    numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
    try:
        # With every column declared as text, Polars keeps numbers, lists and objects as their JSON.
        names = pl.read_ndjson(io.BytesIO(text), infer_schema_length=None).columns
        frame = pl.read_ndjson(io.BytesIO(text), schema=dict.fromkeys(names, pl.String))
    except PolarsError:
        frame = pl.DataFrame()
    if frame.height == len(numbers):
        frame = frame.with_columns(pl.Series(LINE, numbers, dtype=pl.Int64))
    else:
        frame = _jsonl_broken(path, lines, problems)
    return Sheet(path, path.name, frame, len(numbers))


def _jsonl_broken(path: Path, lines: list[bytes], problems: Problems) -> pl.DataFrame:
    """Line by line, to find the ones that are no JSON objects and keep the others."""
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []
    wrong: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        if isinstance(row, dict):
            rows.append({key: _as_text(value) for key, value in row.items()})
            numbers.append(number)
        else:
            wrong.append((number, line.decode(errors="replace").strip()[:80]))
    problems.wrong(
        file=path.name, table=None, column=None, lines=pl.Series([line for line, _ in wrong], dtype=pl.Int64),
        values=pl.Series([said for _, said in wrong], dtype=pl.String),
        reason=lambda _: "the line is not one JSON object",
    )  # fmt: skip
    if not rows:
        raise InputError("no line is a JSON object", file=path, line=wrong[0][0])
    names = dict.fromkeys(key for row in rows for key in row)
    columns = [pl.Series(name, [row.get(name) for row in rows], dtype=pl.String) for name in names]
    return pl.DataFrame([*columns, pl.Series(LINE, numbers, dtype=pl.Int64)])


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
