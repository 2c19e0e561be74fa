"""A batch spec of a Polars asset enters; leaves a LazyFrame over its files, local or in an object store, unread yet.

With it leaves why no check can run on it, if its files are not one table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.agreement import RETURNS, Found, compare_csv, compare_parquet, ends_in_returns
from loadgate.checking.engine.csv_pieces import CsvFile
from loadgate.checking.engine.exact_names import exactly
from loadgate.checking.engine.faults import CannotEvaluateError, missing_columns
from loadgate.checking.engine.object_stores import StorageOptions, for_polars, s3_client
from loadgate.checking.engine.parquet_slices import ParquetFile
from loadgate.checking.engine.passes import Guard, failures

if TYPE_CHECKING:
    import polars as pl

CSV: Final = "scan_csv"
PARQUET: Final = "scan_parquet"
REMOTE: Final = "s3://"
_DIGITS: Final = 38  # of Polars' decimals
_PATTERNS: Final = {CSV: "**/*.csv", PARQUET: "**/*.parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A batch; `file` if it is one file on this machine, and all of it.

    `unfit` is why no check can run on it; `untyped` why nothing can be said of its columns' types.
    """

    frame: pl.LazyFrame
    guard: Guard | None = None
    file: CsvFile | ParquetFile | None = None
    unfit: str | None = None
    untyped: str | None = None


def scan(spec: Mapping[str, Any], *, storage_options: StorageOptions) -> Scanned:
    """Scan the file or the directory of a batch spec, and keep the rows of its month (or year, or day) if it has one.

    Raises: CannotEvaluateError if there is no such file, the file is a zip archive, a type is not known, or the rows
    cannot be parted.
    """
    import polars as pl

    csv, path = spec["reader_method"] == CSV, str(spec["path"])
    options = dict(spec.get("reader_options") or {})
    directory = options.pop("data_directory", None)
    pattern = options.pop("file_pattern", None) or _PATTERNS[spec["reader_method"]]
    refuse = options.pop("refuse_surplus_fields", True)
    if csv:
        options = _csv_options(options)
    remote = path.startswith(REMOTE)
    if remote:
        options["storage_options"] = for_polars(storage_options)
    source: str | list[str] | list[Path] = path
    if directory is not None:
        source = _keys(path, pattern, storage_options) if remote else _files(Path(path), pattern)
    elif path.casefold().endswith(".zip"):
        raise CannotEvaluateError("a zip archive cannot be scanned: unpack it")
    scanner = pl.scan_csv if csv else pl.scan_parquet
    found = Found(options=options)
    if isinstance(source, list):
        found = (compare_csv if csv else compare_parquet)(source, scanner, options)
    try:
        frame = scanner(source, glob=False, **found.options)
        unfit = found.unfit or (_unfit_csv(path, frame, options) if csv and directory is None else None)
        guard = _guard(source, frame, found.options) if csv and refuse and unfit is None else None
        file: CsvFile | ParquetFile | None = None
        if directory is None and not remote:
            file = (CsvFile if csv else ParquetFile)(path=Path(path), options=found.options)
        if spec.get("partitioner_method") and unfit is None:
            file = None
            frame = _part(frame, spec)
            guard = guard and Guard(frame=_part(guard.frame, spec), column=guard.column)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, TypeError, ValueError) as error:
        raise CannotEvaluateError(f"the batch cannot be scanned ({type(error).__name__})") from None
    return Scanned(frame=frame, guard=guard, file=file, unfit=unfit, untyped=found.untyped)


def _guard(source: Any, frame: pl.LazyFrame, options: Mapping[str, Any]) -> Guard | None:
    """Scan CSV files as if there were one more column behind the last; none if they cannot be opened."""
    import polars as pl

    try:
        schema = dict(frame.collect_schema())
    except failures():
        return None
    column = "_surplus"
    while column in schema:
        column += "_"
    inferring = ("schema_overrides", "infer_schema_files")
    kept = {name: value for name, value in options.items() if name not in inferring}
    wider = pl.scan_csv(source, glob=False, **kept, schema={**schema, column: pl.String()}, missing_columns="insert")
    return Guard(frame=wider, column=column)


def _unfit_csv(path: str, frame: pl.LazyFrame, options: Mapping[str, Any]) -> str | None:
    """Look how the lines of one CSV file end; whether it can be opened is seen when it is read."""
    import polars as pl

    try:
        found = ends_in_returns(path, frame.collect_schema(), pl.scan_csv, options)
    except failures():
        return None
    return f"its lines end {RETURNS}" if found else None


def _keys(directory: str, pattern: str, storage_options: StorageOptions) -> list[str]:
    """List files on S3 as pathlib does in a folder: Polars' own patterns find no name that is not plain ASCII.

    A key that ends with a slash stands for a folder. An empty file is one that cannot be opened, as in a folder.
    """
    bucket, _, prefix = directory.removeprefix(REMOTE).partition("/")
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    try:
        pages = s3_client(storage_options).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    except CannotEvaluateError:
        raise
    except Exception as error:  # boto3's are made at run time
        raise CannotEvaluateError(f"the directory on S3 cannot be listed ({type(error).__name__})") from None
    found = sorted(key for key in keys if not key.endswith("/") and _matches(key.removeprefix(prefix), pattern))
    if not found:
        raise CannotEvaluateError(f"no file in the directory matches {pattern}")
    return [f"{REMOTE}{bucket}/{key}" for key in found]


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return PurePosixPath(name).match(pattern.removeprefix("**/"))
    return PurePosixPath(f"/{name}").match(f"/{pattern}")


def _files(directory: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in directory.glob(pattern) if path.is_file())
    if not found:
        raise CannotEvaluateError(f"no file in the directory matches {pattern}")
    return found


def _csv_options(options: dict[str, Any]) -> dict[str, Any]:
    for name in ("schema", "schema_overrides"):
        if options.get(name) is not None:
            options[name] = {column: named_type(wanted) for column, wanted in options[name].items()}
    return options


def named_type(name: str) -> pl.DataType | type[pl.DataType]:
    """Find a Polars type by its name, such as `String`, `Int64` or `Decimal(12, 2)`.

    Raises: CannotEvaluateError if there is none.
    """
    import polars as pl

    if digits := re.fullmatch(r"Decimal\((\d{1,2}), ?(\d{1,2})\)", name):
        precision, scale = map(int, digits.groups())
        if 0 < precision <= _DIGITS and scale <= precision:
            return pl.Decimal(precision, scale)
    if name.startswith(pl.Decimal.__name__):
        raise CannotEvaluateError(f"{name} is no type of Polars; a decimal has digits, such as Decimal(12, 2)")
    found = getattr(pl, name, None)
    if not (isinstance(found, type) and issubclass(found, pl.DataType)):
        raise CannotEvaluateError(f"{name} is no type of Polars; others than decimals are named alone, such as String")
    return found


def _part(frame: pl.LazyFrame, spec: Mapping[str, Any]) -> pl.LazyFrame:
    """Keep the rows of one year, month or day of a column."""
    import polars as pl

    column = spec["partitioner_kwargs"]["column_name"]
    wanted = spec["partitioner_kwargs"]["batch_identifiers"][column]
    parts = spec["partitioner_method"].removeprefix("partition_on_").split("_and_")
    if missing := [part for part in parts if wanted.get(part) is None]:
        raise CannotEvaluateError(f"the batch parameters lack {', '.join(missing)}")
    schema = frame.collect_schema()
    if column not in schema:
        raise missing_columns([column])
    if schema[column] not in (pl.Date, pl.Datetime):
        raise CannotEvaluateError(f"column {column} ({schema[column]}) has no dates, so batches cannot be parted by it")
    for part in parts:
        frame = frame.filter(getattr(exactly(column).dt, part)() == int(wanted[part]))
    return frame
