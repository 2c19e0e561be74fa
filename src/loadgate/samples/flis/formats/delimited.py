"""Rows of text in, lines of delimited text out, with the records before and after them that the profile wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loadgate.model.profiles import DeliverySpec, FileFormat

if TYPE_CHECKING:
    import polars as pl


def line_end(form: FileFormat) -> str:
    """Old encodings come from old systems, which end lines with two characters."""
    return "\n" if form.encoding.startswith("utf") else "\r\n"


def head(spec: DeliverySpec, names: list[str]) -> str:
    """The file's own header record, then the columns' names."""
    import polars as pl

    form = spec.format
    text = ""
    if form.head_prefix is not None:
        text = form.delimiter.join((form.head_prefix, spec.system, spec.dataset)) + line_end(form)
    if form.header:
        text += body(pl.DataFrame([names], schema=[str(at) for at in range(len(names))], orient="row"), spec)
    return text


def body(text: pl.DataFrame, spec: DeliverySpec) -> str:
    """An empty text is written as nothing at all, as most systems do."""
    import polars as pl

    form = spec.format
    bare = text.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in text.columns)
    return bare.write_csv(
        include_header=False,
        separator=form.delimiter,
        quote_char=form.quote or '"',
        quote_style="necessary" if form.quote else "never",
        line_terminator=line_end(form),
    )


def tail(spec: DeliverySpec, *, rows: str, sums: Mapping[str, str]) -> str:
    """The trailer record, its numbers in the fields that the profile names."""
    form = spec.format
    trailer = form.trailer
    if trailer is None:
        return ""
    fields = {1: trailer.prefix}
    numbers = [(trailer.rows, rows), *((place, sums[name]) for name, place in trailer.sums.items())]
    fields |= {place.field: number for place, number in numbers if place is not None and place.field is not None}
    return form.delimiter.join(fields.get(at, "") for at in range(1, max(fields) + 1)) + line_end(form)
