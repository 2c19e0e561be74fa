"""Rows of text in, lines of fixed width out: numbers to the right of their field, everything else to the left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun
from loadgate.model.expected import Dataset
from loadgate.model.profiles import DeliverySpec, Place
from loadgate.samples.flis.formats.delimited import line_end
from loadgate.samples.flis.formats.values import NUMBERS

if TYPE_CHECKING:
    import polars as pl


def width(spec: DeliverySpec) -> int:
    """Characters of a row."""
    ends = [line.start - 1 + line.length for line in spec.columns if line.start and line.length]
    return spec.format.width or max(ends, default=1)


def head(spec: DeliverySpec) -> str:
    prefix = spec.format.head_prefix
    return "" if prefix is None else f"{prefix}{spec.system} {spec.dataset}".ljust(width(spec)) + line_end(spec.format)


def body(text: pl.DataFrame, spec: DeliverySpec, dataset: Dataset) -> str:
    """Raises CouldNotRun for a number that is longer than its field; a text is cut, as the systems do."""
    import polars as pl

    if text.height == 0:
        return ""
    pieces, at = [], 0
    prefix = spec.format.row_prefix or ""
    if prefix:
        pieces, at = [pl.lit(prefix)], len(prefix)
    for line in sorted(spec.columns, key=lambda line: line.start or 0):
        start, length = (line.start or 1) - 1, line.length or 0
        if start > at:
            pieces.append(pl.lit(" " * (start - at)))
        value = pl.col(line.source)
        if dataset.columns[line.column].type in NUMBERS:
            longest = text[line.source].str.len_chars().max()
            if isinstance(longest, int) and longest > length:
                raise CouldNotRun(
                    f"a number of {spec.dataset}.{line.column} is longer than its {length} characters",
                    fix=f"widen the field in the profile of {spec.system}",
                )
            pieces.append(value.str.pad_start(length))
        else:
            pieces.append(value.str.slice(0, length).str.pad_end(length))
        at = start + length
    if width(spec) > at:
        pieces.append(pl.lit(" " * (width(spec) - at)))
    end = line_end(spec.format)
    lines = text.select(pl.concat_str(pieces)).to_series()
    return str(lines.str.join(end).item()) + end


def tail(spec: DeliverySpec, *, rows: str, sums: Mapping[str, str]) -> str:
    """The trailer record, its numbers in the characters that the profile names."""
    trailer = spec.format.trailer
    if trailer is None:
        return ""
    record = trailer.prefix.ljust(width(spec))
    numbers: list[tuple[Place | None, str]] = [(trailer.rows, rows)]
    numbers += [(place, sums[name]) for name, place in trailer.sums.items()]
    for place, number in numbers:
        if place is None or place.start is None or place.length is None:
            continue
        if len(number) > place.length:
            raise CouldNotRun(
                f"a number of the trailer of {spec.dataset} is longer than its {place.length} characters",
                fix=f"widen the place in the profile of {spec.system}",
            )
        start = place.start - 1
        record = record.ljust(start + place.length)
        record = record[:start] + number.rjust(place.length) + record[start + place.length :]
    return record + line_end(spec.format)
