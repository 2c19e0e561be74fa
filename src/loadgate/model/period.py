"""Calendar text in, Period out: a day, ISO week, month, quarter or year with its neighbours and dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import total_ordering
from typing import TYPE_CHECKING, assert_never

from loadgate.errors import NotFound
from loadgate.model.identity import parse_run_id

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cadence(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_FORMS: dict[Cadence, re.Pattern[str]] = {
    Cadence.YEAR: re.compile(r"(\d{4})"),
    Cadence.QUARTER: re.compile(r"(\d{4})-Q([1-4])"),
    Cadence.MONTH: re.compile(r"(\d{4})-(0[1-9]|1[0-2])"),
    Cadence.WEEK: re.compile(r"(\d{4})-W(0[1-9]|[1-4]\d|5[0-3])"),
    Cadence.DAY: re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
}


def shown(cadence: Cadence) -> str:
    """How a period of the cadence is written: an example."""
    return str(Period.of(date(2026, 10, 7), cadence))


@total_ordering
@dataclass(frozen=True, slots=True)
class Period:
    """A period by its cadence and first day. Ordered by first day, then by cadence.

    Text forms: `2026`, `2026-Q3`, `2026-10`, `2026-W41`, `2026-10-07`; they never change (decision 0002).
    `Period.of` finds the period of any day. Raises ValueError for a `start` that begins no period of the cadence.
    """

    cadence: Cadence
    start: date

    def __post_init__(self) -> None:
        if _first_day(self.start, self.cadence) != self.start:
            raise ValueError(f"{self.start} is not the first day of a {self.cadence}")

    @classmethod
    def parse(cls, text: str, *, like: Cadence | None = None) -> Period:
        """Read one of the five text forms. Raises NotFound for anything else, which tells all forms, or that of `like`.

        A period of any cadence is read.
        """
        for cadence, form in _FORMS.items():
            found = form.fullmatch(text) if text.isascii() else None
            if found is None:
                continue
            parts = [int(part) for part in found.groups()]
            try:
                match cadence:
                    case Cadence.YEAR:
                        return cls(cadence, date(parts[0], 1, 1))
                    case Cadence.QUARTER:
                        return cls(cadence, date(parts[0], 3 * parts[1] - 2, 1))
                    case Cadence.MONTH:
                        return cls(cadence, date(parts[0], parts[1], 1))
                    case Cadence.WEEK:
                        return cls(cadence, date.fromisocalendar(parts[0], parts[1], 1))
                    case Cadence.DAY:
                        return cls(cadence, date(parts[0], parts[1], parts[2]))
                    case _:
                        assert_never(cadence)
            except ValueError:
                break
        raise NotFound(
            f"{text!r} is not a period",
            fix=f"write a {like}, e.g. {shown(like)}"
            if like
            else "write 2026, 2026-Q3, 2026-10, 2026-W41 or 2026-10-07",
        )

    @classmethod
    def of(cls, day: date, cadence: Cadence) -> Period:
        """The period of this cadence that holds the day."""
        return cls(cadence, _first_day(day, cadence))

    def __str__(self) -> str:
        match self.cadence:
            case Cadence.YEAR:
                return f"{self.start.year:04d}"
            case Cadence.QUARTER:
                return f"{self.start.year:04d}-Q{(self.start.month + 2) // 3}"
            case Cadence.MONTH:
                return f"{self.start.year:04d}-{self.start.month:02d}"
            case Cadence.WEEK:
                year, week, _ = self.start.isocalendar()
                return f"{year:04d}-W{week:02d}"
            case Cadence.DAY:
                return self.start.isoformat()
            case _:
                assert_never(self.cadence)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Period):
            return NotImplemented
        return (self.start, self.cadence) < (other.start, other.cadence)

    def shift(self, steps: int) -> Period:
        """The period that many steps later (earlier if negative), of the same cadence."""
        match self.cadence:
            case Cadence.DAY:
                return Period(self.cadence, self.start + timedelta(days=steps))
            case Cadence.WEEK:
                return Period(self.cadence, self.start + timedelta(weeks=steps))
            case Cadence.MONTH | Cadence.QUARTER | Cadence.YEAR:
                months = {"month": 1, "quarter": 3, "year": 12}[self.cadence] * steps
                index = self.start.year * 12 + self.start.month - 1 + months
                return Period(self.cadence, date(index // 12, index % 12 + 1, 1))
            case _:
                assert_never(self.cadence)

    @property
    def previous(self) -> Period:
        return self.shift(-1)

    @property
    def next(self) -> Period:
        return self.shift(1)

    @property
    def year_ago(self) -> Period:
        """The same place one year earlier; week 53 falls back on week 52 where the year has none."""
        if self.cadence is Cadence.WEEK:
            year, week, _ = self.start.isocalendar()
            try:
                return Period(self.cadence, date.fromisocalendar(year - 1, week, 1))
            except ValueError:
                return Period(self.cadence, date.fromisocalendar(year - 1, 52, 1))
        if self.cadence is Cadence.DAY:
            leap = (self.start.month, self.start.day) == (2, 29)
            return Period(
                self.cadence, self.start.replace(year=self.start.year - 1, day=28 if leap else self.start.day)
            )
        return Period(self.cadence, self.start.replace(year=self.start.year - 1))

    @property
    def end(self) -> date:
        """The first day after the period; the calendar's own last day where there is none."""
        try:
            return self.next.start
        except (OverflowError, ValueError):
            return date.max

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def until(self, last: Period) -> Iterator[Period]:
        """This period and its successors up to and with `last`."""
        current = self
        while current.start <= last.start:
            yield current
            current = current.next


def _first_day(day: date, cadence: Cadence) -> date:
    match cadence:
        case Cadence.DAY:
            return date(day.year, day.month, day.day)  # a datetime loses its time
        case Cadence.WEEK:
            return date(day.year, day.month, day.day) - timedelta(days=day.weekday())
        case Cadence.MONTH:
            return date(day.year, day.month, 1)
        case Cadence.QUARTER:
            return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        case Cadence.YEAR:
            return date(day.year, 1, 1)
        case _:
            assert_never(cadence)


def run_order(run: str) -> tuple[Period, int]:
    """Runs, by id, in the order of their periods, reruns after what they rerun."""
    period, number = parse_run_id(run)
    return Period.parse(period), number
