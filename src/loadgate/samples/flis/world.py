"""A site's content, a seed and a period in; the fictitious programme behind its deliveries out: who, how many, when.

The laws draw from this and give **microcells**, the contract of the whole sample (`law.microcells`): one line per
provider and combination of the dataset's dimensions, as reported in one vintage. Columns, beside `provider` (text),
`n` (Int64, rows, at least 1), `persons` (Int64, distinct persons in those rows, 1 <= persons <= n; microcells share
no persons) and `sum_<column>` (Int64, in units of 10**-scale of that column):

    dataset     dimensions, under the dataset's own names                              sums                  n
    ledger      month account_class main_function function grouping kind               amount                rows
    budget      month account_class main_function function                             original_budget
                                                                                       adjusted_budget       1
    employees   month staff_group age                                                  hours pay             = persons
    absence     month absence_type                                                     days (n to 31 n)      rows
    population  month district age sex                                                 citizens (1 or more)  1
    movements   month event age                                                        -                     = persons
    pupils      month school school_type class_type grade class                        -                     = persons
    classes     month school class school_type class_type grade                        pupils lessons        1
    cases       month age reason closed                                                -                     rows
    measures    month measure age ended                                                cost                  rows
    services    quarter service_code target_group approved ended                       -                     rows
    home_help   month age_group help_type                                              hours                 = persons
    care_homes  month age_group place_type                                             days (n to 31 n)      = persons

Text dimensions are text; month and quarter are the period's first day (Date); `age` is Int64 and exact, never a band.
`closed`, `ended` (measures: Date, services: Datetime in microseconds) are null while open, else the first day of the
line's period: the rows' own day may be any day of that month or quarter. A `provider_column` of the dataset
(municipality) is no dimension: it holds `provider`. All other columns of a dataset are the rows' own: voucher,
cost_centre, employee, employment_no, started (absence: within the month), person, event_date, pupil, case_no, child,
opened, started.

Where n = persons, each row has a person of its own; else row i (from 0) of a microcell may take person number
`i * persons // n`. A `case_no` is one row's in cases, and goes with its child one to one in measures; an
`employment_no` goes with its employee one to one. `amount` may be negative; every other sum is positive where n > 0.
Pupils of a class are as many as `sum_pupils` of that class says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from loadgate.model.period import Cadence, Period

if TYPE_CHECKING:
    import numpy as np

    from loadgate.model.profiles import Assignment
    from loadgate.model.site import Site

T = TypeVar("T")

VINTAGES = 24  # earlier approved months
_AXIS = 40  # months of the law's time axis, the period's last
_LARGEST = 650_000
_EVERY = "*"  # an assignment of all providers

# Rows of one month over all providers, about: what `rows` is held against.
TYPICAL_ROWS = {
    "ledger": 400_000,
    "employees": 390_000,
    "absence": 240_000,
    "movements": 140_000,
    "pupils": 400_000,
    "cases": 60_000,
    "measures": 60_000,
    "services": 180_000,
    "home_help": 300_000,
    "care_homes": 40_000,
}

# How many newest reference periods a delivery holds (services: closed quarters).
WINDOWS = {
    "ledger": 13,
    "budget": 1,
    "employees": 1,
    "absence": 4,
    "population": 13,
    "movements": 3,
    "pupils": 1,
    "classes": 1,
    "cases": 1,
    "measures": 1,
    "services": 4,
    "home_help": 2,
    "care_homes": 1,
}


@dataclass(frozen=True, slots=True)
class World:
    """One fictitious programme. Two with the same content, seed, period and rows are the same, to the last number.

    `rows`: dataset → about how many rows its deliveries of one month hold together, instead of the usual number.
    Raises SiteError from `law.check` for content that the laws cannot follow.
    """

    site: Site
    seed: int
    period: Period
    rows: Mapping[str, int] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # what laws drew, by their own keys

    def keep(self, key: Hashable, draw: Callable[[], T]) -> T:
        """What was drawn under this key, drawn now if it was not yet."""
        if key not in self.kept:
            self.kept[key] = draw()
        kept: T = self.kept[key]
        return kept

    def rng(self, *names: object) -> np.random.Generator:
        """The stream of this name: always the same numbers, whatever else is drawn."""
        import numpy as np

        text = "\x1f".join(map(str, (self.seed, *names)))
        return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])))

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(provider.id for provider in self.site.providers)

    @property
    def regions(self) -> dict[str, str]:
        return {provider.id: provider.region for provider in self.site.providers}

    @property
    def months(self) -> tuple[Period, ...]:
        """The time axis of every law, oldest first; the last is the period."""
        return tuple(self.period.shift(step - _AXIS + 1) for step in range(_AXIS))

    @property
    def vintages(self) -> tuple[Period, ...]:
        """The earlier approved months, oldest first."""
        return tuple(self.period.shift(step - VINTAGES) for step in range(VINTAGES))

    @property
    def population(self) -> dict[str, int]:
        """Citizens of each provider in the period's month."""
        if "population" not in self.kept:
            import numpy as np

            drawn = np.exp(self.rng("population").normal(np.log(43_000), 0.75, len(self.providers)))
            sizes = [int(size) for size in np.clip(drawn, 1_800, 340_000)]
            if sizes:
                sizes[0] = _LARGEST  # the list begins with the capital
            self.kept["population"] = dict(zip(self.providers, sizes, strict=True))
        known: dict[str, int] = self.kept["population"]
        return dict(known)

    def assignment(self, area: str, provider: str, month: Period) -> Assignment | None:
        """Who serves a provider's area in a month; None: nobody. A line of its own wins over one for everyone."""
        if "assignments" not in self.kept:
            lines: dict[tuple[str, str], list[Assignment]] = {}
            for line in self.site.assignments:
                lines.setdefault((line.area, line.provider), []).append(line)
            self.kept["assignments"] = lines
        for name in (provider, _EVERY):
            for line in self.kept["assignments"].get((area, name), ()):
                if line.valid_from <= month.start and (line.valid_to is None or month.start <= line.valid_to):
                    found: Assignment = line
                    return found
        return None

    def system(self, area: str, provider: str, month: Period) -> str | None:
        line = self.assignment(area, provider, month)
        return None if line is None else line.system

    def served(self, area: str, month: Period) -> tuple[str, ...]:
        """Providers whose deliveries of this area are expected in the month."""
        return tuple(one for one in self.providers if self.assignment(area, one, month) is not None)

    def scale(self, dataset: str) -> float:
        """How many times its usual number of rows a dataset has."""
        return self.rows.get(dataset, TYPICAL_ROWS[dataset]) / TYPICAL_ROWS[dataset] if dataset in TYPICAL_ROWS else 1.0

    def window(self, dataset: str, vintage: Period) -> Sequence[Period]:
        """The reference periods that the dataset's deliveries of a month hold, oldest first."""
        held = WINDOWS[dataset]
        if dataset == "services":
            ended = Period.of(vintage.end, Cadence.QUARTER)  # the quarter after the newest closed one
            return [ended.shift(step - held) for step in range(held)]
        return [vintage.shift(step - held + 1) for step in range(held)]
