"""Microcells laid out row by row in; out, the columns that are the rows' own: ids, vouchers, days within a period."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from loadgate.model.expected import ColumnType, Dataset
from loadgate.samples.flis.people import PERSONS, person_ids, scattered

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from loadgate.samples.flis.world import World

    Numbers = npt.NDArray[np.int64]
    Days = npt.NDArray[np.datetime64]

_NUMBERS = 100_000_000  # of vouchers, employments, cases: eight digits each
_DIGITS = 8
_CENTRES = 240  # cost centres of a provider
_OLDEST_DAYS = 20 * 365  # no case and no measure is older
_CASE_DAYS, _SERVICE_DAYS = 400, 1_500
_STEP = 11  # days between two absences of a person; no month's length has it as a factor
_GAP_DAYS = 37  # between two services of a person
_LIVING = 251  # of so many persons with an open service, one dies in the quarter


@dataclass(frozen=True, kw_only=True)
class Expanded:
    """`line`: for each row, the microcell's place in `cells`; `place`: for each microcell, its provider's number."""

    cells: pl.DataFrame
    line: Numbers
    place: Numbers
    dataset: Dataset
    world: World
    rng: np.random.Generator

    @property
    def rows(self) -> int:
        return int(self.line.size)

    @cached_property
    def within(self) -> Numbers:
        """The row's number within its microcell."""
        import numpy as np

        counts = self.cells["n"].to_numpy()
        found: Numbers = np.arange(self.rows) - np.repeat(np.cumsum(counts) - counts, counts)
        return found

    @cached_property
    def row(self) -> Numbers:
        """The row's number within its provider."""
        return self._laid_out("first_row") + self.within

    @cached_property
    def _person_within(self) -> Numbers:
        counts, persons = self._laid_out("n"), self._laid_out("persons")
        return self.within * persons // counts

    @cached_property
    def person(self) -> Numbers:
        """The person's number within its provider."""
        return self._laid_out("first_person") + self._person_within

    @cached_property
    def again(self) -> Numbers:
        """How many rows of the same person and microcell come before."""
        counts, persons = self._laid_out("n"), self._laid_out("persons")
        first = -(-self._person_within * counts // persons)
        return self.within - first

    def _laid_out(self, name: str) -> Numbers:
        """A whole number of the microcells, row by row."""
        found: Numbers = self.cells[name].to_numpy()
        return found[self.line]

    def start(self, name: str) -> int:
        """Where the numbers of this name begin: one for an area, so that its datasets speak of the same persons."""
        return int(self.world.rng("start", name, self.dataset.area).integers(PERSONS))

    def days(self, name: str) -> Days:
        """A date column of the microcells, row by row."""
        found: Days = self.cells[name].to_numpy().astype("datetime64[D]")
        return found[self.line]


def own(name: str, facts: Expanded) -> pl.Series | None:
    """The column in the order of `facts.line`; None for a dimension whose value stands in the microcell."""
    if name in facts.cells.columns:
        return _day_within(name, facts) if name in ("closed", "ended") else None
    return _OWN[name](facts)


def _persons(facts: Expanded) -> pl.Series:
    import polars as pl

    share = PERSONS // max(len(facts.world.providers), 1)  # a provider's own numbers
    numbers = facts.place[facts.line] * share + facts.person
    return pl.Series(person_ids(numbers, start=facts.start("persons"))).cast(pl.String)


def _eight_digits(numbers: Numbers, facts: Expanded, name: str) -> pl.Series:
    import polars as pl

    starts = facts.start(name) + facts.place[facts.line] * 7_919_003  # providers number for themselves
    return (
        pl.Series((scattered(numbers, among=_NUMBERS, start=0) + starts) % _NUMBERS).cast(pl.String).str.zfill(_DIGITS)
    )


def _employment(facts: Expanded) -> pl.Series:
    return _eight_digits(facts.person, facts, "employments")


def _voucher(facts: Expanded) -> pl.Series:
    return _eight_digits(facts.row, facts, "vouchers")


def _case(facts: Expanded) -> pl.Series:
    return _eight_digits(facts.row, facts, "cases")


def _centre(facts: Expanded) -> pl.Series:
    import polars as pl

    return pl.Series(1_000 + 13 * facts.rng.integers(_CENTRES, size=facts.rows)).cast(pl.String)


def _event_date(facts: Expanded) -> pl.Series:
    import polars as pl

    first = facts.days("month")
    return pl.Series(first + _days(facts.rng.random(facts.rows) * _length(first, 1)))


def _opened(facts: Expanded) -> pl.Series:
    """Before the case was closed, or by the end of the month; not long before the child was born."""
    return _before(facts, "closed")


def _started(facts: Expanded) -> pl.Series:
    match facts.dataset.dataset:
        case "absence":
            return _absent(facts)
        case "services":
            return _served(facts)
        case _:
            return _before(facts, "ended")


def _absent(facts: Expanded) -> pl.Series:
    """A day of the month, another one for each absence of a person."""
    import polars as pl

    first = facts.days("month")
    base = scattered(facts.person, among=_NUMBERS, start=facts.start("absences"))
    return pl.Series(first + _days((base + _STEP * facts.again) % _length(first, 1)))


def _served(facts: Expanded) -> pl.Series:
    """Before the quarter, another day for each service of a person."""
    import polars as pl

    base = scattered(facts.person, among=_NUMBERS, start=facts.start("services")) % _SERVICE_DAYS
    return pl.Series(facts.days("quarter") - _days(base + _GAP_DAYS * facts.again)).cast(pl.Datetime("us"))


def _died(facts: Expanded) -> pl.Series:
    """A day of the quarter, for one in so many persons with an open service."""
    import numpy as np
    import polars as pl

    first = facts.days("quarter")
    base = scattered(facts.person, among=_NUMBERS, start=facts.start("deaths"))
    day = first + _days(base // _LIVING % _length(first, 3))
    dead = (base % _LIVING == 0) & np.isnat(facts.days("ended"))
    return pl.Series(np.where(dead, day, np.datetime64("NaT", "D"))).cast(pl.Datetime("us"))


def _before(facts: Expanded, ending: str) -> pl.Series:
    import numpy as np
    import polars as pl

    first = facts.days("month")
    last = first + _days(_length(first, 1) - 1)
    end = np.where(np.isnat(facts.days(ending)), last, first)
    lived = facts.cells["age"].to_numpy()[facts.line] * 365 + 180
    long = facts.rng.exponential(_CASE_DAYS, facts.rows).astype("int64")
    return pl.Series(end - _days(np.minimum(long, np.minimum(lived, _OLDEST_DAYS))))


def _day_within(name: str, facts: Expanded) -> pl.Series:
    """A day of the period with whose first day the microcell stands for all of it; missing stays missing."""
    import polars as pl

    first = facts.days(name)
    months = 3 if "quarter" in facts.cells.columns else 1
    days = pl.Series(first + _days(facts.rng.random(facts.rows) * _length(first, months)))
    return days.cast(pl.Datetime("us")) if facts.dataset.columns[name].type is ColumnType.TIMESTAMP else days


def _days(numbers: Numbers | npt.NDArray[np.float64]) -> npt.NDArray[np.timedelta64]:
    """Whole days: NumPy no longer takes bare numbers for them."""
    return numbers.astype("int64").astype("timedelta64[D]")


def _length(first: Days, months: int) -> Numbers:
    """Days of the periods that begin with these; of one that is missing, one."""
    import numpy as np

    after = (first.astype("datetime64[M]") + np.timedelta64(months, "M")).astype("datetime64[D]")
    return np.where(np.isnat(first), 1, (after - first).astype("int64"))


_OWN: dict[str, Callable[[Expanded], pl.Series]] = {
    "case_no": _case,
    "child": _persons,
    "cost_centre": _centre,
    "died": _died,
    "employee": _persons,
    "employment_no": _employment,
    "event_date": _event_date,
    "opened": _opened,
    "person": _persons,
    "pupil": _persons,
    "started": _started,
    "voucher": _voucher,
}
