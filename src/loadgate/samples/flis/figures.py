"""A world and a vintage in; out, the key figures that the vintage's deliveries give, from microcells, without any file.

The site's own key figures are evaluated, to the last digit as if its rows had been measured. Sums stay whole numbers
of millionths until the last division. A reference period that is as old as its dataset ever waits is summed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, assert_never

from loadgate.errors import CouldNotRun
from loadgate.model import conditions
from loadgate.model.expected import KeyFigure, Measure
from loadgate.model.identity import part_id
from loadgate.model.period import Cadence, Period
from loadgate.model.rules import AppliedMarks, RuleKind
from loadgate.model.tables import FIGURE_KEY, FIGURES, empty
from loadgate.samples.flis.law import drawn
from loadgate.samples.flis.laws.drawn import age_of

if TYPE_CHECKING:
    import polars as pl

    from loadgate.samples.flis.world import World

    Side = Literal["numerator", "denominator"]

_KEY = ("cell", "provider", "reference_start")
_PLACES = 6  # of the exact sums
# Personal columns with one value a row, not one a person.
_OF_EACH_ROW = frozenset({("cases", "case_no"), ("employees", "employment_no")})


def figures(world: World, vintage: Period) -> pl.DataFrame:
    """The FIGURES table of a vintage, sorted by its key.

    Raises: CouldNotRun for a key figure that reads what microcells do not hold.
    """
    import polars as pl

    by_id = {figure.id: figure for figure in sorted(world.site.figures, key=lambda figure: figure.id)}
    sums: dict[str, pl.LazyFrame] = {}
    for dataset in sorted({figure.dataset for figure in by_id.values()}):
        sums |= _sums(world, dataset, vintage)
    parts = [_rows(world, figure, by_id, sums) for figure in by_id.values()]
    return pl.concat([empty(FIGURES), *pl.collect_all(parts)]).sort(FIGURE_KEY, nulls_last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Figures of one dataset with the same cadence and breakdown column."""

    cadence: Cadence
    column: str | None
    figures: tuple[KeyFigure, ...]


def _groups(world: World, dataset: str) -> list[_Group]:
    found: dict[tuple[Cadence, str | None], list[KeyFigure]] = {}
    for figure in sorted(world.site.figures, key=lambda figure: figure.id):
        if figure.dataset == dataset:
            column = None if figure.cells is None else figure.cells.column
            found.setdefault((figure.cadence, column), []).append(figure)
    return [_Group(cadence=key[0], column=key[1], figures=tuple(members)) for key, members in found.items()]


def _sums(world: World, dataset: str, vintage: Period) -> dict[str, pl.LazyFrame]:
    """Each figure's sums by key over the whole window, where at least one row entered."""
    import polars as pl

    whole = drawn(world, dataset)
    blocks = [
        world.keep(
            ("sums", dataset, period, min(age_of(period, vintage), whole.settled)),
            partial(_block, world, dataset, period, min(age_of(period, vintage), whole.settled)),
        )
        for period in world.window(dataset, vintage)
    ]
    served = world.served(world.site.dataset(dataset).area, vintage)
    sums: dict[str, pl.LazyFrame] = {}
    for place, group in enumerate(_groups(world, dataset)):
        together = pl.concat([block[place] for block in blocks])
        if len(served) < len(world.providers):
            together = together.filter(pl.col("provider").is_in(list(served)))
        if together.select(pl.struct(_KEY).is_duplicated().any()).item():
            together = together.group_by(_KEY).sum()  # a figure of a coarser cadence than its rows' periods
        for number, figure in enumerate(group.figures):
            own = [name for name in together.columns if name.startswith(f"{number}.")]
            frame = together.lazy().select(
                *_KEY, *(pl.col(name).alias(name.removeprefix(f"{number}.")) for name in own)
            )
            sums[figure.id] = frame.filter(pl.col("rows") > 0)
    return sums


def _block(world: World, dataset: str, period: Period, age: int) -> list[pl.DataFrame]:
    """Sums of one reference period as reported at an age, one frame a group of figures."""
    import polars as pl

    cells = drawn(world, dataset).block(period, age)
    queries = []
    for group in _groups(world, dataset):
        column = pl.lit(None, dtype=pl.String) if group.column is None else pl.col(group.column).cast(pl.String)
        parts = [part for number, one in enumerate(group.figures) for part in _parts(world, number, one, cells)]
        queries.append(
            cells.lazy()
            .group_by(column.alias("cell"), "provider")
            .agg(parts)
            .with_columns(pl.lit(Period.of(period.start, group.cadence).start).alias("reference_start"))
        )
    try:
        return pl.collect_all(queries)
    except pl.exceptions.PolarsError:
        raise CouldNotRun(
            f"the sample's law of {dataset} does not fit its key figures",
            fix="compare the types that the key figures' conditions expect with the dataset's columns",
        ) from None


def _parts(world: World, number: int, figure: KeyFigure, cells: pl.DataFrame) -> list[pl.Expr]:
    import polars as pl

    enters = pl.lit(True) if figure.where is None else _holds(figure, figure.where, cells)
    if figure.cells is not None:
        if figure.cells.since is not None:
            raise _unknown(figure, figure.cells.since)
        enters = enters & pl.col(figure.cells.column).cast(pl.String).is_in(list(figure.cells.values)).fill_null(False)
    if figure.apply is not None:
        enters = enters & _carries_none(world, figure, figure.apply, cells)
    if figure.reference != drawn(world, figure.dataset).time or figure.published is not None:
        raise _unknown(figure, figure.published or figure.reference)
    parts = [_total("n", enters).alias(f"{number}.rows")]
    for side, measure in (("numerator", figure.numerator), ("denominator", figure.denominator)):
        if measure is not None and measure.figure is None:
            here = enters if measure.where is None else enters & _holds(figure, measure.where, cells)
            column, scale = _measured(world, figure, measure, cells)
            amount = _total(column, here) * 10 ** (_PLACES - scale)
            parts += [amount.alias(f"{number}.{side}"), _total("n", here).alias(f"{number}.{side}_rows")]
    return parts


def _total(column: str, enters: pl.Expr) -> pl.Expr:
    import polars as pl

    return pl.when(enters).then(pl.col(column)).otherwise(0).sum()


def _holds(figure: KeyFigure, condition: conditions.Condition, cells: pl.DataFrame) -> pl.Expr:
    for column in sorted(conditions.columns(condition) - set(cells.columns)):
        raise _unknown(figure, column)
    return conditions.to_polars(condition).fill_null(False)


def _carries_none(world: World, figure: KeyFigure, applied: AppliedMarks, cells: pl.DataFrame) -> pl.Expr:
    """Rows without any of the marks that the figure leaves out, as far as microcells say."""
    import polars as pl

    if applied.only or applied.use_alternatives:
        raise _unknown(figure, ", ".join((*applied.only, *applied.use_alternatives)))
    rules = {rule.id: rule for rule in world.site.dataset(figure.dataset).rules}
    left = pl.lit(True)
    for rule in (rules[name] for name in applied.leave_out):
        if rule.check is not None:
            continue  # rows as the law draws them pass every check
        if rule.where is None or rule.earlier is not None or rule.kind is RuleKind.CHANGE:
            raise _unknown(figure, rule.id)
        for column in sorted(conditions.columns(rule.where) - set(cells.columns)):
            raise _unknown(figure, column)
        holds = conditions.to_polars(rule.where)
        left = left & (holds.fill_null(True) if rule.kind is RuleKind.APPROVE else ~holds.fill_null(False))
    return left


def _measured(world: World, figure: KeyFigure, measure: Measure, cells: pl.DataFrame) -> tuple[str, int]:
    """The microcells' column that holds what is measured, and in how many decimals."""
    columns = world.site.dataset(figure.dataset).columns
    if measure.sum is not None:
        if f"sum_{measure.sum}" not in cells.columns:
            raise _unknown(figure, measure.sum)
        column = columns[measure.sum]
        return f"sum_{measure.sum}", column.scale if column.type == "decimal" else 0
    if measure.distinct is not None:
        if not columns[measure.distinct].personal:
            raise _unknown(figure, measure.distinct)
        return "n" if (figure.dataset, measure.distinct) in _OF_EACH_ROW else "persons", 0
    return "n", 0


def _unknown(figure: KeyFigure, column: str) -> CouldNotRun:
    return CouldNotRun(
        f"the sample has no law for {figure.dataset}.{column}, which key figure {figure.id} reads",
        fix="use a column that the sample's microcells hold, or give it a law",
    )


def _rows(world: World, figure: KeyFigure, by_id: dict[str, KeyFigure], sums: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The figure's rows of FIGURES."""
    import polars as pl

    own = sums[figure.id]
    frame = own.select(_KEY)
    if _brings_keys(figure, by_id):
        frame = pl.concat(
            [frame, _amounts(figure, "denominator", by_id, sums).join(own, on="provider", how="semi").select(_KEY)]
        ).unique()
    frame = _beside(frame, figure, "numerator", by_id, sums)
    frame = _beside(frame, figure, "denominator", by_id, sums)
    exact = pl.Decimal(38, _PLACES)
    frame = frame.with_columns(
        pl.col(side).cast(exact) / pl.lit(10**_PLACES).cast(exact) for side in ("numerator", "denominator")
    )
    area = world.site.dataset(figure.dataset).area
    numerator, denominator = pl.col("numerator"), pl.col("denominator")
    if figure.denominator is None:
        frame = frame.filter(numerator.is_not_null())
        value = figure.scale * numerator.cast(pl.Float64)
    else:
        frame = frame.filter(denominator.is_not_null() & (denominator != 0)).with_columns(
            numerator.fill_null(pl.lit(0).cast(exact))
        )
        value = figure.scale * numerator.cast(pl.Float64) / denominator.cast(pl.Float64)
    return frame.select(
        pl.lit(figure.id).alias("figure"),
        *_KEY,
        value.alias("value"),
        "numerator",
        "denominator",
        pl.lit(False).alias("suppressed"),
        pl.concat_str(pl.lit(part_id(area, "")), pl.col("provider")).alias("part"),
    )


def _brings_keys(figure: KeyFigure, by_id: dict[str, KeyFigure]) -> bool:
    """Where only another figure's numerator, the denominator here, was counted, the value is zero and not absent."""
    if figure.denominator is None or figure.denominator.figure is None:
        return False
    other, _ = _source(figure, "denominator", by_id)
    return other.cadence is figure.cadence and (other.cells is None) == (figure.cells is None)


def _beside(
    frame: pl.LazyFrame, figure: KeyFigure, side: Side, by_id: dict[str, KeyFigure], sums: dict[str, pl.LazyFrame]
) -> pl.LazyFrame:
    """One column more: the amount that this side takes for each key, null where no row gave one."""
    import polars as pl

    if getattr(figure, side) is None:
        return frame.with_columns(pl.lit(None, dtype=pl.Int64).alias(side))
    other, _ = _source(figure, side, by_id)
    amounts = _amounts(figure, side, by_id, sums)
    on = ["provider", "_start"]
    if figure.cells is not None and other.cells is not None:
        on.append("cell")
    elif other.cells is not None:
        total = other.cells.total
        amounts = amounts.filter(pl.lit(False) if total is None else pl.col("cell") == total)
    start = pl.col("reference_start").dt.truncate(_every(other.cadence)).alias("_start")
    amounts = amounts.rename({"reference_start": "_start"}).select(*on, side)
    return frame.with_columns(start).join(amounts, on=on, how="left", nulls_equal=True).drop("_start")


def _every(cadence: Cadence) -> str:
    match cadence:
        case Cadence.DAY:
            return "1d"
        case Cadence.WEEK:
            return "1w"
        case Cadence.MONTH:
            return "1mo"
        case Cadence.QUARTER:
            return "1q"
        case Cadence.YEAR:
            return "1y"
        case _:
            assert_never(cadence)


def _amounts(figure: KeyFigure, side: Side, by_id: dict[str, KeyFigure], sums: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    import polars as pl

    other, found = _source(figure, side, by_id)
    return sums[other.id].filter(pl.col(f"{found}_rows") > 0).select(*_KEY, pl.col(found).alias(side))


def _source(figure: KeyFigure, side: Side, by_id: dict[str, KeyFigure]) -> tuple[KeyFigure, Side]:
    """Whose sums a side takes: its own, or those at the end of `figure: other`."""
    measure: Measure | None = getattr(figure, side)
    for _ in by_id:
        if measure is None or measure.figure is None:
            break
        figure, side = by_id[measure.figure], "numerator"
        measure = figure.numerator
    return figure, side
