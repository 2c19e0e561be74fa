"""The files of a batch enter, unread but for their heads; leaves what says why they are not one table, if they are not.

Polars takes the columns of the first file for those of all, and a CSV file without line feeds for one long header.
No name of a file or of a column is said: a CSV file without its header has values there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.passes import failures

if TYPE_CHECKING:
    import polars as pl

Scanner = Callable[..., "pl.LazyFrame"]
Source = str | Path
Head = Mapping[str, "pl.DataType"]
RETURNS: Final = "with a carriage return alone, which this reader does not know: end them with a line feed"
_AT_ONCE: Final = 16
"""How many heads are read at the same time, which counts on S3."""
_LINES: Final = 16
"""How many lines of a file are looked at if its header looks odd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the heads of files say.

    `unfit` is why they are not one table, `untyped` why the types of the first are not those of all. `options` are
    those to read the files with.
    """

    unfit: str | None = None
    untyped: str | None = None
    options: Mapping[str, Any]


def compare_parquet(sources: Sequence[Source], scanner: Scanner, options: Mapping[str, Any]) -> Found:
    """Compare the columns of Parquet files, by their footers; their order may differ, Polars reads them by name."""
    import polars as pl

    heads, unfit = _heads(sources, scanner, {**options, "hive_partitioning": False})
    if unfit := unfit or _differing(heads):
        return Found(unfit=unfit, options=options)
    retyped = [any(head[name] not in (heads[0][name], pl.Null) for name in heads[0]) for head in heads]
    return Found(untyped=_said("have columns of other types than the first one", retyped), options=options)


def compare_csv(sources: Sequence[Source], scanner: Scanner, options: Mapping[str, Any]) -> Found:
    """Compare the headers of CSV files, and look how their lines end.

    Where files have no rows, or their columns another order, Polars does not infer the types of all together: then
    it is told what the files with rows have come to.
    """
    heads, unfit = _heads(sources, scanner, options)
    pairs = list(zip(sources, heads, strict=True))
    returns = [ends_in_returns(source, head, scanner, options) for source, head in pairs]
    if unfit := _said(f"have lines that end {RETURNS}", returns) or unfit or _differing(heads):
        return Found(unfit=unfit, options=options)
    if all(list(head.items()) == list(heads[0].items()) for head in heads):
        return Found(options=options)
    filled = [head for source, head in pairs if _has_rows(source, head, scanner, options)]
    if len(filled) == len(heads) and all(list(head) == list(heads[0]) for head in heads):
        return Found(options=options)
    types = _together(filled or heads)
    return Found(options=options if types is None else {**options, "schema_overrides": types, "infer_schema_files": 1})


def ends_in_returns(source: Source, head: Head, scanner: Scanner, options: Mapping[str, Any]) -> bool:
    """Whether lines of a CSV file end with a carriage return alone: Polars then finds it in the names of columns.

    Where there is no header, the first row is looked at as if it were one. Only if one is found is the file opened.
    """
    import polars as pl

    if options.get("has_header") is False:
        asked = {name: value for name, value in options.items() if name != "schema_overrides"}
        head = _head(source, scanner, {**asked, "has_header": True, "infer_schema": False})
    if not any("\r" in name for name in head):
        return False
    quote = options.get("quote_char", '"')
    try:
        lines = pl.scan_lines(
            source,
            n_rows=_LINES + int(options.get("skip_rows", 0)),
            glob=False,
            storage_options=options.get("storage_options"),
        ).collect()
    except failures():
        return True
    text = "\n".join(lines["line"].to_list())
    unquoted = re.sub(f"{re.escape(quote)}[^{re.escape(quote)}]*({re.escape(quote)}|$)", "", text) if quote else text
    return re.search(r"\r(?!\r*(?:\n|\Z))", unquoted) is not None


def _heads(sources: Sequence[Source], scanner: Scanner, options: Mapping[str, Any]) -> tuple[list[Head], str | None]:
    """Read names and types of each file's columns, none where that fails; and say so."""

    def read(source: Source) -> Head | str:
        try:
            return _head(source, scanner, options)
        except failures() as error:
            return type(error).__name__

    with ThreadPoolExecutor(min(_AT_ONCE, len(sources))) as pool:
        found = list(pool.map(read, sources))
    kinds = ", ".join(dict.fromkeys(head for head in found if isinstance(head, str)))
    unopened = _said(f"cannot be opened ({kinds})", [isinstance(head, str) for head in found])
    return [{} if isinstance(head, str) else head for head in found], unopened


def _head(source: Source, scanner: Scanner, options: Mapping[str, Any]) -> Head:
    return scanner(source, glob=False, **options).collect_schema()


def _differing(heads: Sequence[Head]) -> str | None:
    return _said("have other columns than the first one", [set(head) != set(heads[0]) for head in heads])


def _said(what: str, marked: Sequence[bool]) -> str | None:
    """Say how many of the files, and which of them is the first; None if there is none."""
    if not any(marked):
        return None
    place = f"sorted by name, the first such is number {marked.index(True) + 1}"
    return f"some files {what}: {sum(marked)} of {len(marked)}; {place}"


def _has_rows(source: Source, head: Head, scanner: Scanner, options: Mapping[str, Any]) -> bool:
    """Whether there is a row to infer types of; without one, Polars takes all columns for texts."""
    import polars as pl

    given = options.get("schema_overrides") or {}
    if any(dtype != pl.String for name, dtype in head.items() if name not in given):
        return True
    try:
        return not scanner(source, glob=False, **options).head(1).collect().is_empty()
    except failures():
        return True


def _together(heads: Sequence[Head]) -> dict[str, pl.DataType] | None:
    """Find types that hold the values of all files, if there are some."""
    import polars as pl

    try:
        return dict(pl.concat([pl.DataFrame(schema=dict(head)) for head in heads], how="diagonal_relaxed").schema)
    except pl.exceptions.PolarsError:
        return None
