"""Text of whole lines in, records out: where each begins, how many fields it has, why it cannot be split.

Everything is an expression over the block's lines; Python walks only through records that span lines. A quote opens
a field only at its start; a quoted field may hold delimiters, line ends and doubled quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.reading.batches import BLANK, HEADER_REPEATED, LINE, REASON, RECORD

if TYPE_CHECKING:
    import polars as pl

MAX_RECORD_LINES = 500
MAX_RECORD_CHARACTERS = 4 * 1024 * 1024
_STEPS_PER_LINE = 20  # of walking, so that a hostile file stays linear


class Shape:
    """The patterns of one delimiter and quote (both ASCII), for records of so many fields.

    `head` and `trailer` match a header and a trailer record, which are no rows: their first field is the prefix.
    """

    def __init__(
        self,
        *,
        delimiter: str,
        quote: str | None,
        fields: int,
        header: str | None,
        head_prefix: str | None = None,
        trailer_prefix: str | None = None,
    ) -> None:
        self.delimiter, self.quote, self.fields, self.header = delimiter, quote, fields, header
        self.head = begins_with(head_prefix, delimiter=delimiter, quote=quote)
        self.trailer = begins_with(trailer_prefix, delimiter=delimiter, quote=quote)
        first = None if header is None else header.partition(delimiter)[0]
        marks = [mark for mark in (first, head_prefix, trailer_prefix) if mark is not None]
        self.no_rows = ("\ufeff", *(mark.removeprefix("\ufeff") for mark in marks))
        """How a record may begin that is no row; a row may begin so, too."""
        if quote is None:
            return
        d, q = re.escape(delimiter), re.escape(quote)
        inside = f"(?:[^{q}]|{q}{q})*"
        quoted, plain = f"{q}{inside}{q}", f"[^{q}{d}\\n]*"
        field = f"(?:{quoted}|{plain})"
        self.starts = f"(?:^|{d}){q}"
        self.quoted = quoted
        self.clean = f"^(?s:{field}(?:{d}{field})*)$"
        self.opens = f"^(?s:(?:{field}{d})*{q}{inside})$"
        # the same, for one line inside an open field; possessive, so that Python's matcher stays linear
        held = f"(?:[^{q}]|{q}{q})*+"
        self._stays = re.compile(f"{held}(?:{q}(?:{d}{field})*{d}{q}{held})?", re.DOTALL)
        self._closes = re.compile(f"{held}{q}(?:{d}{field})*", re.DOTALL)
        self._clean = re.compile(f"{field}(?:{d}{field})*", re.DOTALL)
        self._quoted = re.compile(quoted, re.DOTALL)

    def stays_open(self, line: str) -> bool:
        return self._stays.fullmatch(line) is not None

    def closes(self, line: str) -> bool:
        return self._closes.fullmatch(line) is not None

    def fits(self, record: str) -> bool:
        """Whether a joined record is well-formed and has as many fields as the header."""
        if self._clean.fullmatch(record) is None:
            return False
        return self._quoted.sub("", record).count(self.delimiter) == self.fields - 1


def begins_with(prefix: str | None, *, delimiter: str, quote: str | None) -> str | None:
    """The pattern of a record whose first field is the prefix, in quotes or not."""
    if prefix is None:
        return None
    plain = re.escape(prefix)
    forms = plain if quote is None else f"(?:{plain}|{re.escape(quote)}{plain}{re.escape(quote)})"
    return rf"^\ufeff?{forms}(?:{re.escape(delimiter)}|$)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Good records in the block's order: `_record`, `_line`, `text`, `quoted` (has a quoted field); the rejected;
    trailers (`_line`, `text`), which have no number; and the text of a record that the block's end leaves open, with
    its line, to put before the next block."""

    good: pl.DataFrame
    rejected: pl.DataFrame
    trailers: pl.DataFrame
    records: int
    rest: str
    rest_line: int


def split(text: str, shape: Shape, *, first_line: int, first_record: int, last: bool) -> Split:
    """Split a block. `first_record` counts on over blocks; with `last`, nothing is left open."""
    import polars as pl

    quoted = shape.quote is not None and shape.quote in text
    lines = pl.Series("text", [text], dtype=pl.String).str.split("\n").explode()
    if text.endswith("\n") or not text:
        lines = lines.head(len(lines) - 1)
    frame = pl.DataFrame({LINE: pl.int_range(first_line, first_line + len(lines), dtype=pl.UInt32, eager=True)})
    if not quoted or shape.quote is None:
        frame = frame.with_columns(lines.str.strip_suffix("\r"), pl.lit(None, pl.String).alias(REASON))
        rest, rest_line = "", 0
        marks = [pl.lit(False).alias("quoted"), pl.lit(False).alias("misplaced")]
        bare = pl.col("text")
    else:
        frame, rest, rest_line = _join_lines(frame.with_columns(lines), shape, last=last)
        starts = pl.col("text").str.contains(shape.starts)
        clean = pl.col("text").str.contains(shape.clean)
        marks = [starts.alias("quoted"), (starts & ~clean).alias("misplaced")]
        bare = pl.when(starts).then(pl.col("text").str.replace_all(f"(?s:{shape.quoted})", "")).otherwise("text")
    trailers = frame.clear().select(LINE, "text")
    if shape.trailer is not None:
        is_trailer = pl.col(REASON).is_null() & pl.col("text").str.contains(shape.trailer)
        trailers, frame = frame.filter(is_trailer).select(LINE, "text"), frame.filter(~is_trailer)
    fields = bare.str.count_matches(shape.delimiter, literal=True) + 1
    records = (
        frame.with_columns(*marks, fields.alias("fields"))
        .with_columns(pl.coalesce(REASON, _reason(shape)).alias(REASON))
        .with_row_index(RECORD, offset=first_record)
    )
    fine = pl.col(REASON).is_null()
    return Split(
        good=records.filter(fine).select(RECORD, LINE, "text", "quoted"),
        rejected=records.filter(~fine).select(RECORD, LINE, REASON),
        trailers=trailers,
        records=records.height,
        rest=rest,
        rest_line=rest_line,
    )


def _reason(shape: Shape) -> pl.Expr:
    """Why a record cannot be split; null if it can. Counts and closed words only."""
    import polars as pl

    fields = pl.col("fields")
    wrong = (
        pl.when(fields == 1)
        .then(pl.lit(f"1 field instead of {shape.fields}"))
        .otherwise(pl.format(f"{{}} fields instead of {shape.fields}", fields))
    )
    header = pl.col("text").str.strip_prefix("\ufeff") == shape.header if shape.header is not None else pl.lit(False)
    if shape.head is not None:
        header = header | pl.col("text").str.contains(shape.head)
    return (
        pl.when(pl.col("text").str.strip_chars(" \r") == "")
        .then(pl.lit(BLANK))
        .when(header)
        .then(pl.lit(HEADER_REPEATED))
        .when(pl.col("misplaced"))
        .then(pl.lit("quote out of place"))
        .when(fields != shape.fields)
        .then(wrong)
    )


def _join_lines(frame: pl.DataFrame, shape: Shape, *, last: bool) -> tuple[pl.DataFrame, str, int]:
    """Join lines that a quoted field spans. A quote that never closes costs its own line only."""
    import polars as pl

    line = pl.col("text").str.strip_suffix("\r")
    opening = line.str.contains(shape.starts) & ~line.str.contains(shape.clean) & line.str.contains(shape.opens)
    opens = frame.select(opening.arg_true().alias("at"))["at"].to_list()
    plain = frame.with_columns(line, pl.lit(None, pl.String).alias(REASON))
    if not opens:
        return plain, "", 0
    lines = frame["text"].to_list()
    joined, never, keep, left = _walk(lines, opens, shape, last=last)
    if left is not None:
        rest, rest_line = "\n".join(lines[left:]), int(frame[LINE][left])
        plain = plain.head(left)
    else:
        rest, rest_line = "", 0
    whole = pl.DataFrame(
        {"at": list(joined), "joined": list(joined.values())}, schema={"at": pl.UInt32, "joined": pl.String}
    )
    lost = pl.Series(never, dtype=pl.UInt32)
    drop = pl.Series([at for start, end in keep for at in range(start, end)], dtype=pl.UInt32)
    records = (
        plain.with_row_index("at")
        .join(whole, on="at", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("joined", "text").alias("text"),
            pl.when(pl.col("at").is_in(lost.implode())).then(pl.lit("quote never closed")).alias(REASON),
        )
        .filter(~pl.col("at").is_in(drop.implode()))
    )
    return records.select(LINE, "text", REASON), rest, rest_line


def _walk(
    lines: list[str], opens: list[int], shape: Shape, *, last: bool
) -> tuple[dict[int, str], list[int], list[tuple[int, int]], int | None]:
    """From each line that leaves a field open to the one that closes it.

    Out: record text by its first line; lines whose quote never closes; continuation lines as ranges; and the line
    from which the block is left open, if any.
    """
    joined: dict[int, str] = {}
    never: list[int] = []
    continued: list[tuple[int, int]] = []
    budget = _STEPS_PER_LINE * len(lines) + MAX_RECORD_LINES
    done = -1
    for start in opens:
        if start <= done:
            continue
        end = start + 1
        while end < len(lines) and end - start <= MAX_RECORD_LINES and budget > 0:
            budget -= 1
            if not shape.stays_open(lines[end].removesuffix("\r")):
                break
            end += 1
        if end == len(lines) and not last and _may_go_on(lines[start:]) and budget > 0:
            return joined, never, continued, start
        text = "\n".join(lines[start : end + 1]).removesuffix("\r")
        if end < len(lines) and shape.closes(lines[end].removesuffix("\r")) and shape.fits(text):
            joined[start], done = text, end
            continued.append((start + 1, end + 1))
        else:
            never.append(start)
    return joined, never, continued, None


def _may_go_on(lines: list[str]) -> bool:
    return len(lines) <= MAX_RECORD_LINES and sum(map(len, lines)) <= MAX_RECORD_CHARACTERS
