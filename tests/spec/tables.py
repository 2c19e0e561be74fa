"""A page with tables in; out, what each says must come of its rows: the specification of an expectation, to be run.

A page has sections. Each has the arguments as YAML in backticks, rows with what must come of each in the last column,
and tables to compare with. `name: type` in a heading types a column, `?` is a value that could not be read, nothing a
missing one, `× 30` so many of the row. What comes of a row: `pass`, `fail`, `undecided`, `not asked`, or of the whole
check: `the check fails`, `could not run: why`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from loadgate.content.yaml_lines import parse

UNREAD = "_undecided."
_DTYPES: Mapping[str, Any] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(38, 2),
    "decimal(4)": pl.Decimal(38, 4),
    "float": pl.Float64(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
}
_TIMES = re.compile(r"\s*× (\d+)$")


@dataclass(frozen=True, kw_only=True)
class Section:
    """`rows` has `_row` and, where a value could not be read, `_undecided.<column>`; `says` has one entry per row."""

    expectation: str
    title: str
    arguments: dict[str, Any]
    rows: pl.DataFrame
    says: list[str]
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def undecided(self) -> dict[str, str]:
        names = (name.removeprefix(UNREAD) for name in self.rows.columns if name.startswith(UNREAD))
        return {name: UNREAD + name for name in names}

    def __str__(self) -> str:
        return f"{self.expectation}: {self.title}"


def sections(page: Path) -> Iterator[Section]:
    for part in page.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        arguments = re.search(r"^`(\{.*\})`$", body, re.MULTILINE)
        assert arguments, f"{page.name}: {title}"
        own, *others = re.split(r"^Table `(\w+)`:$", body, flags=re.MULTILINE)
        rows, says = _frame(own, with_verdicts=True)
        yield Section(
            expectation=page.stem,
            title=title,
            arguments=dict(parse(arguments[1], file=page.name).value),
            rows=rows.with_row_index("_row"),
            says=says,
            tables={name: _frame(text)[0] for name, text in zip(others[::2], others[1::2], strict=True)},
        )


def _frame(text: str, *, with_verdicts: bool = False) -> tuple[pl.DataFrame, list[str]]:
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if "|" in line]
    heads, _, *rows = lines
    named = [re.split(r":\s*", head) for head in heads if head]
    columns = {one[0]: one[1] if len(one) > 1 else "text" for one in named}
    taken, says = list[list[str]](), list[str]()
    for row in rows:
        last = row[-1] if len(row) > len(columns) else ""
        times = _TIMES.search(last)
        count = int(times[1]) if times else 1
        taken += [row[: len(columns)]] * count
        says += [_TIMES.sub("", last)] * count
    frame = pl.DataFrame(
        [[None if cell in ("", "?") else cell for cell in row] for row in taken],
        schema=dict.fromkeys(columns, pl.String),
        orient="row",
    )
    typed = frame.select(_typed(name, kind) for name, kind in columns.items())
    unread = {
        UNREAD + name: [row[place] == "?" for row in taken]
        for place, name in enumerate(columns)
        if any(row[place] == "?" for row in taken)
    }
    return typed.with_columns(pl.Series(name, flags) for name, flags in unread.items()), says if with_verdicts else []


def _typed(name: str, kind: str) -> pl.Expr:
    if kind == "date":
        return pl.col(name).str.to_date()
    return pl.col(name).str.to_datetime() if kind == "timestamp" else pl.col(name).cast(_DTYPES[kind])
