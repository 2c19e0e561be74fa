"""Microcells in; out, the rows behind them: typed, in no order, and adding up to the microcells exactly.

A microcell's persons are its own: no person of a provider's rows is in two of them, so persons add up as rows do.
What is the rows' own (`own`: ids, vouchers, days within a period) says nothing that a figure reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loadgate.model.expected import ColumnType, Dataset
from loadgate.samples.flis.law import microcells
from loadgate.samples.flis.own import Expanded, own
from loadgate.samples.flis.splitting import split

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from loadgate.model.period import Period
    from loadgate.samples.flis.world import World

PIECE_ROWS = 1_000_000  # about; a microcell is never cut
PROVIDER = "provider"
_SUM = "sum_"
_BOUNDS = {  # of a share, in units of the column; what is not named is skewed, and has no upper bound
    ("absence", "days"): (1, 31),
    ("care_homes", "days"): (1, 31),
    ("employees", "hours"): (0, 300_00),
    ("employees", "pay"): (0, 400_000_00),
}


def rows(world: World, dataset: str, vintage: Period, providers: Sequence[str] | str | None = None) -> pl.DataFrame:
    """The rows of a dataset's deliveries for a month: `provider`, then the dataset's columns, provider by provider."""
    import polars as pl

    found = list(pieces(world, dataset, vintage, (providers,) if isinstance(providers, str) else providers))
    return pl.concat(found) if found else _empty(world.site.dataset(dataset))


def pieces(
    world: World, dataset: str, vintage: Period, providers: Sequence[str] | None = None, *, size: int = PIECE_ROWS
) -> Iterator[pl.DataFrame]:
    """The same, about so many rows at a time: whole providers, or part of one that is larger."""
    import polars as pl

    cells = microcells(world, dataset, vintage, providers).sort(PROVIDER, maintain_order=True)
    numbered = cells.with_columns(
        (pl.col("n").cum_sum() - pl.col("n")).over(PROVIDER).alias("first_row"),
        (pl.col("persons").cum_sum() - pl.col("persons")).over(PROVIDER).alias("first_person"),
    )
    facts = world.site.dataset(dataset)
    for number, piece in enumerate(_cut(numbered, size)):
        rng = world.rng("rows", dataset, vintage, piece[PROVIDER][0], number)
        yield _rows_of(piece, facts, world, rng)


def _cut(cells: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    import polars as pl

    held: list[pl.DataFrame] = []
    waiting = 0
    for one in cells.partition_by(PROVIDER, maintain_order=True):
        count = int(one["n"].sum())
        if waiting and waiting + count > size:
            yield pl.concat(held)
            held, waiting = [], 0
        if count > size:
            place = pl.col("first_row") // size
            yield from one.with_columns(place.alias("place")).partition_by("place", maintain_order=True)
        else:
            held.append(one)
            waiting += count
    if held:
        yield pl.concat(held)


def _rows_of(cells: pl.DataFrame, dataset: Dataset, world: World, rng: np.random.Generator) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    counts = cells["n"].to_numpy()
    line = np.repeat(np.arange(cells.height), counts)
    place = {provider: at for at, provider in enumerate(world.providers)}
    of = cells[PROVIDER].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    order = np.argsort(of[line] + rng.random(line.size), kind="stable")  # in no order, provider by provider
    taken = line[order]
    facts = Expanded(cells=cells, line=line, place=of, dataset=dataset, world=world, rng=rng)
    at = pl.Series(taken)
    made = {PROVIDER: cells[PROVIDER].gather(at)}
    for name, column in dataset.columns.items():
        if name == dataset.provider_column:
            made[name] = made[PROVIDER]
        elif _SUM + name in cells.columns:
            lowest, highest = _BOUNDS.get((dataset.dataset, name), (1, None))
            totals = cells[_SUM + name].to_numpy()
            shares = pl.Series(split(totals, counts, rng, lowest=lowest, highest=highest)[order])
            made[name] = _decimal(shares, column.scale) if column.type is ColumnType.DECIMAL else shares
        else:
            drawn = own(name, facts)
            made[name] = cells[name].gather(at) if drawn is None else drawn.gather(pl.Series(order))
    return _typed(pl.DataFrame(made), dataset)


def _decimal(units: pl.Series, scale: int) -> pl.Series:
    import polars as pl

    exact: pl.Series = units.cast(pl.Decimal(38, scale)) / 10**scale
    return exact


def _typed(frame: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    import polars as pl

    from loadgate.reading.casting import dtype

    return frame.select(PROVIDER, *(pl.col(name).cast(dtype(column)) for name, column in dataset.columns.items()))


def _empty(dataset: Dataset) -> pl.DataFrame:
    import polars as pl

    from loadgate.reading.casting import dtype

    return pl.DataFrame(schema={PROVIDER: pl.String(), **{n: dtype(c) for n, c in dataset.columns.items()}})
