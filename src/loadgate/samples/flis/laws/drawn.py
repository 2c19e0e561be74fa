"""A dataset's final counts and sums in; out, its microcells as a vintage reports them: late rows are not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgate.model.period import Cadence

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from loadgate.model.period import Period
    from loadgate.samples.flis.world import World

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Reported share at an age in months: 1 - size * exp(-age / tau), all of it from `settled` on."""

    size: Floats  # by cell and period: delta * eta
    tau: Floats  # by cell
    settled: int
    place: Floats  # uniform, by cell and period: where a fraction of a row falls

    def share(self, step: int, age: int) -> Floats:
        import numpy as np

        lost = self.size[:, step] * np.exp(-age / self.tau)
        shares: Floats = 1 - np.clip(np.where(lost < 5e-4, 0, lost), 0, 0.6)
        return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """All providers and periods of one dataset, final. Arrays are (cell, period).

    `cells` has `provider` and the dimensions; `dated` names the one that is true where a date stands.
    `smooth`: late amounts grow with the share itself, and every cell keeps a row.
    """

    time: str
    periods: tuple[Period, ...]
    cells: pl.DataFrame
    n: Ints
    persons: Ints | None = None  # None: as many as rows
    sums: Mapping[str, Ints] = field(default_factory=dict)
    dated: str | None = None
    late: Late | None = None
    smooth: bool = False

    @property
    def settled(self) -> int:
        """The age from which nothing changes any more."""
        return 0 if self.late is None else self.late.settled

    def block(self, period: Period, age: int) -> pl.DataFrame:
        """The microcells of one reference period, reported `age` months after it; lines without a row are left out."""
        import numpy as np
        import polars as pl

        step = self.periods.index(period)
        final = self.n[:, step]
        rows, sums = final, {name: of[:, step] for name, of in self.sums.items()}
        if self.late is not None and age < self.late.settled:
            share = self.late.share(step, age)
            rows = np.minimum(np.floor(final * share + self.late.place[:, step]).astype(np.int64), final)
            if self.smooth:
                rows = np.where(final > 0, np.maximum(rows, 1), 0)
                sums = {name: np.rint(of * share).astype(np.int64) for name, of in sums.items()}
            else:
                sums = {name: of * rows // np.maximum(final, 1) for name, of in sums.items()}
        persons = rows
        if self.persons is not None:
            persons = (rows - 1) * self.persons[:, step] // np.maximum(final, 1) + 1
        numbers = {"n": rows, "persons": persons, **{f"sum_{name}": of for name, of in sums.items()}}
        there = rows > 0
        frame = self.cells.filter(pl.Series(there)).with_columns(
            pl.lit(period.start).alias(self.time),
            *(pl.Series(name, of[there], dtype=pl.Int64) for name, of in numbers.items()),
        )
        if self.dated is not None:
            frame = frame.with_columns(_dated(self.dated, period, as_timestamp=self.time == "quarter"))
        first = ["provider", self.time]
        return frame.select(*first, *(name for name in frame.columns if name not in first))


def _dated(column: str, period: Period, *, as_timestamp: bool) -> pl.Expr:
    import polars as pl

    kind = pl.Datetime("us") if as_timestamp else pl.Date()
    return pl.when(pl.col(column)).then(pl.lit(period.start).cast(kind)).otherwise(None).alias(column)


def last_month(period: Period) -> Period:
    """The month in which a reference period ends."""
    from loadgate.model.period import Period as Of

    return period if period.cadence is Cadence.MONTH else Of.of(period.next.start, Cadence.MONTH).previous


def age_of(period: Period, vintage: Period) -> int:
    """Months between a reference period's last month and the vintage."""
    last = last_month(period).start
    return (vintage.start.year - last.year) * 12 + vintage.start.month - last.month


def periods_of(world: World, dataset: str) -> tuple[Period, ...]:
    """Every reference period that some vintage holds, oldest first."""
    held = {one for vintage in (*world.vintages, world.period) for one in world.window(dataset, vintage)}
    return tuple(sorted(held))


def at(world: World, periods: Sequence[Period]) -> list[int]:
    """Where the periods lie on the month axis."""
    places = {month: place for place, month in enumerate(world.months)}
    return [places[last_month(period)] for period in periods]


def late(
    world: World, dataset: str, lines: Sequence[int], periods: int, *, delta: float, settled: int, share: float = 1.0
) -> Late:
    """Late reports: about `share` of the lines have them, each with a size of up to `delta`.

    `lines`: of each cell within a provider. What a provider's whole month is late by is shared by its cells.
    """
    import numpy as np

    providers, within = len(world.providers), len(lines)
    known = max(lines, default=0) + 1
    rng = world.rng(dataset, "late")
    sizes = rng.uniform(0.3 * delta, delta, known) * (rng.random(known) < share)
    taus = rng.uniform(0.7, min(3.0, settled / 1.5), known)
    of_cell = np.exp(rng.normal(0, 0.3, (providers, known, 1)))
    of_month = np.exp(rng.normal(0, 0.4, (providers, 1, periods)))
    eta = (sizes[None, :, None] * of_cell * of_month)[:, list(lines), :]
    return Late(
        size=eta.reshape(providers * within, periods),
        tau=np.tile(taus[list(lines)], providers),
        settled=settled,
        place=rng.random((providers * within, periods)),
    )
