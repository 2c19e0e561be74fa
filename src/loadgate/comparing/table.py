"""Control comparisons in; the table as a programme prints it (rows a code, columns a period) out, typed, text, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from loadgate.model.comparison import Agreement
from loadgate.model.period import Cadence, Period

if TYPE_CHECKING:
    import polars as pl


class Note(StrEnum):
    """What a row's differences have in common over its periods."""

    ONE_SIDED = "one-sided"  # never changes sign: systematic, not noise
    CLOSING = "closing"  # differed before, agrees in the last period
    DRIFTING = "drifting"  # never shrinking, the last at least twice the first
    WITHIN_TOLERANCE = "within tolerance"  # differs, never beyond the minimal limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code in one period. `percent` is as printed; `difference` is control - value. None: not comparable."""

    period: str
    control: Decimal
    value: Decimal | None
    difference: Decimal | None
    percent: str
    outcome: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    figure: str
    code: str | None
    provider: str | None
    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    title: str
    source: str
    periods: tuple[str, ...]
    rows: tuple[Row, ...]


def table(
    comparisons: pl.DataFrame,
    *,
    source: str,
    title: str,
    cadence: Cadence,
    order: Sequence[str] = (),
    decimals: int = 1,
    comma: str = ",",
) -> Table:
    """One source's comparisons as a table.

    In: COMPARISONS of kind control; `order` lists codes (cells) as they shall stand, the others follow by name.
    Percentages are of the control, rounded half away from zero on exact numbers; `-` where the difference is zero.
    """
    import polars as pl

    own = comparisons.filter((pl.col("kind") == "control") & (pl.col("source") == source))
    place = {code: number for number, code in enumerate(order)}
    lines: dict[tuple[str, str | None, str | None], list[Entry]] = {}
    for row in own.sort("figure", "provider", "cell", "reference_start").iter_rows(named=True):
        entry = _entry(row, cadence=cadence, decimals=decimals, comma=comma)
        lines.setdefault((row["figure"], row["cell"], row["provider"]), []).append(entry)
    rows = [
        Row(figure=figure, code=code, provider=provider, entries=tuple(entries), notes=notes(entries))
        for (figure, code, provider), entries in lines.items()
    ]
    rows.sort(key=lambda row: (row.figure, row.provider or "", place.get(row.code or "", len(place)), row.code or ""))
    periods = sorted({entry.period for row in rows for entry in row.entries})
    return Table(title=title, source=source, periods=tuple(periods), rows=tuple(rows))


def _entry(row: dict[str, object], *, cadence: Cadence, decimals: int, comma: str) -> Entry:
    control = _exact(row["other_numerator"], row["other"])
    value = _exact(row["numerator"], row["value"])
    start = row["reference_start"]
    assert control is not None  # noqa: S101  a control figure has a value; the comparison is built from it
    difference = None if value is None else control - value
    return Entry(
        period=str(Period(cadence, start)),  # type: ignore[arg-type]
        control=control,
        value=value,
        difference=difference,
        percent=percent(difference, control, decimals=decimals, comma=comma),
        outcome=Agreement(str(row["outcome"])),
    )


def _exact(number: object, approximate: object) -> Decimal | None:
    if isinstance(number, Decimal):
        return number
    return Decimal(repr(approximate)) if isinstance(approximate, float) else None


def percent(difference: Decimal | None, control: Decimal, *, decimals: int, comma: str = ",") -> str:
    """`25,0%`, half away from zero, computed on exact numbers; `-` for no difference, `n/a` where none exists."""
    if difference is None:
        return "n/a"
    if difference == 0:
        return "-"
    if control == 0:
        return "n/a"
    scaled = abs(Fraction(difference) / Fraction(control)) * 100 * 10**decimals
    digits = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = "-" if digits and (difference < 0) != (control < 0) else ""
    whole, rest = divmod(digits, 10**decimals)
    return f"{sign}{whole}{comma}{rest:0{decimals}d}%" if decimals else f"{sign}{whole}%"


def notes(entries: Sequence[Entry]) -> tuple[Note, ...]:
    """What the differences over the periods say together; at least two comparable periods are needed."""
    known = [entry.difference for entry in entries if entry.difference is not None]
    if len(known) < 2 or not any(known):
        return ()
    found: list[Note] = []
    if all(difference >= 0 for difference in known) or all(difference <= 0 for difference in known):
        found.append(Note.ONE_SIDED)
        sizes = [abs(difference) for difference in known]
        grows = all(later >= earlier for earlier, later in pairwise(sizes))
        if grows and sizes[0] > 0 and sizes[-1] >= 2 * sizes[0]:
            found.append(Note.DRIFTING)
    if known[-1] == 0:
        found.append(Note.CLOSING)
    if all(entry.outcome is Agreement.AGREE for entry in entries):
        found.append(Note.WITHIN_TOLERANCE)
    return tuple(found)


def as_json(table: Table) -> dict[str, object]:
    """Numbers as text, so that they stay exact."""
    return {
        "title": table.title,
        "source": table.source,
        "periods": list(table.periods),
        "rows": [
            {
                "figure": row.figure,
                "code": row.code,
                "provider": row.provider,
                "notes": [note.value for note in row.notes],
                "entries": [
                    {
                        "period": entry.period,
                        "control": plain(entry.control),
                        "value": None if entry.value is None else plain(entry.value),
                        "difference": None if entry.difference is None else plain(entry.difference),
                        "percent": entry.percent,
                        "outcome": entry.outcome.value,
                    }
                    for entry in row.entries
                ],
            }
            for row in table.rows
        ],
    }


def as_text(table: Table, *, control: str, value: str, difference: str = "difference") -> str:
    """Aligned lines: per code the controls, the values, the differences and the percentages, then its notes."""
    blocks = (control, value, difference, "%")
    head = ["", *(f"{block} {period}" for block in blocks for period in table.periods), ""]
    lines = [head]
    for row in table.rows:
        by_period = {entry.period: entry for entry in row.entries}
        cells = [by_period.get(period) for period in table.periods]
        lines.append(
            [
                " ".join(name for name in (row.provider, row.code or row.figure) if name is not None),
                *(_shown(None if entry is None else entry.control) for entry in cells),
                *(_shown(None if entry is None else entry.value) for entry in cells),
                *(_shown(None if entry is None else entry.difference) for entry in cells),
                *("" if entry is None else entry.percent for entry in cells),
                ", ".join(note.value for note in row.notes),
            ]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rendered = [
        "  ".join(
            text.ljust(width) if column in (0, len(head) - 1) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, "", *rendered])


def plain(number: Decimal) -> str:
    """`131`, `2.5`: no exponent, no zeros at the end."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _shown(number: Decimal | None) -> str:
    return "" if number is None else plain(number)
