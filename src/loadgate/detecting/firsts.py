"""First releases of earlier approved runs and this run's newest figures in; a dense panel of what is counted, out.

Ratios are tested by their parts: what is counted stands in the panel once, under the first figure that counts it, with
every figure of the same dataset that is made of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.detecting.evidence import Subjects
from loadgate.model.expected import KeyFigure, Measure

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

HISTORY = 24  # earlier reference periods that are looked at
_PERSONS = "persons:"
_SAME_AGE = 20  # days: a release this much older or younger than today's is another kind of number


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something counted or summed: the column of `figure` that holds it, and the figures that are made of it."""

    figure: str
    column: str  # numerator, denominator or value
    dataset: str
    group: str  # dataset, reference column and cadence: what has the same newest period
    stream: str  # the group and what is measured: rows, persons, or the sum of a column
    family: str
    counted: bool  # rows or persons, so a Poisson count
    distinct: bool  # persons: one who comes twice counts once
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Values by row (thing and cell), provider and reference period; the last one is this run's newest.

    Rows are sorted by dataset, stream, family and figure. NaN: nothing is known; 0: the provider's data of the dataset
    came and hold none. `before`: the previous period as this run has it. `came`: whether the dataset did.
    """

    things: tuple[Thing, ...]
    rows: tuple[tuple[int, str | None], ...]  # place of the thing, and cell
    providers: tuple[str, ...]
    values: np.ndarray
    before: np.ndarray
    came: np.ndarray
    newest: dict[str, object]  # group → first day of the newest reference period


def firsts_schema() -> pl.Schema:
    """FIRSTS: rows of the newest reference period of each figure in a run; of this run (`now`) the one before too."""
    import polars as pl

    return pl.Schema(
        {
            "run_start": pl.Date,  # first day of the run's period
            "now": pl.Boolean,
            "figure": pl.String,
            "cell": pl.String,
            "provider": pl.String,
            "reference_start": pl.Date,
            "value": pl.Float64,
            "numerator": pl.Float64,
            "denominator": pl.Float64,
        }
    )


def things(figures: Sequence[KeyFigure]) -> list[Thing]:
    """What the figures are made of, each once, sorted by dataset, stream, family and figure."""
    made: dict[str, tuple[KeyFigure, str, str, bool]] = {}
    users: dict[str, set[str]] = {}
    for figure in sorted(figures, key=_plainest):
        for column, measure in _parts(figure):
            cells = None if figure.cells is None else figure.cells.column
            key = f"{_group(figure)}|{cells}|{figure.where!r}|{measure!r}"
            stream, counted = _stream(measure)
            made.setdefault(key, (figure, column, stream, counted))
            users.setdefault(key, set()).add(figure.id)
    found = [
        Thing(
            figure=figure.id,
            column=column,
            dataset=figure.dataset,
            group=_group(figure),
            stream=f"{_group(figure)}|{stream}",
            family=f"{_group(figure)}|{figure.family}",
            counted=counted,
            distinct=stream.startswith(_PERSONS),
            users=tuple(sorted(users[key])),
        )
        for key, (figure, column, stream, counted) in made.items()
    ]
    return sorted(found, key=lambda thing: (thing.group, thing.stream, thing.family, thing.figure, thing.column))


def _plainest(figure: KeyFigure) -> tuple[bool, bool, str]:
    return figure.published is not None, figure.denominator is not None, figure.id


def _group(figure: KeyFigure) -> str:
    return f"{figure.dataset}|{figure.reference}|{figure.cadence}"


def _parts(figure: KeyFigure) -> list[tuple[str, Measure | None]]:
    """Columns with what they hold; a part that is another figure's numerator is tested there."""
    if figure.numerator is None:
        return [("value", None)]
    own = [("numerator", figure.numerator), ("denominator", figure.denominator)]
    return [(column, measure) for column, measure in own if measure is not None and measure.figure is None]


def _stream(measure: Measure | None) -> tuple[str, bool]:
    if measure is None:
        return "published", False
    if measure.sum is not None:
        return f"sum:{measure.sum}", False
    return ("rows", True) if measure.count is not None else (f"{_PERSONS}{measure.distinct}", True)


def panel(firsts: pl.DataFrame, *, subjects: Subjects, silent: Collection[tuple[str, str]]) -> Panel | None:
    """Lay FIRSTS out. `silent`: (dataset, provider) of whom another finding says that nothing usable came.

    None where there is nothing to compare: no earlier release, or no newest period.
    """
    import numpy as np
    import polars as pl

    made = things(list(subjects.figures.values()))
    groups = {thing.figure: thing.group for thing in made}
    placed = _placed(firsts, groups)
    if placed is None:
        return None
    newest, rows = placed
    long = _long(rows, made)
    items = sorted(
        long.select("thing", "cell").unique().iter_rows(),
        key=lambda item: (item[0], item[1] is not None, item[1] or ""),
    )
    providers = tuple(sorted(set(rows["provider"])))
    if not items:
        return None
    last = int(long["place"].max())  # type: ignore[arg-type]
    index = pl.DataFrame(
        [(thing, cell, number) for number, (thing, cell) in enumerate(items)],
        schema={"thing": pl.Int64, "cell": pl.String, "row": pl.Int64},
        orient="row",
    )
    people = pl.DataFrame(
        {"provider": providers, "column": range(len(providers))}, schema_overrides={"column": pl.Int64}
    )
    long = long.join(index, on=["thing", "cell"], nulls_equal=True).join(people, on="provider")
    values = np.full((len(items), len(providers), last + 1), np.nan)
    before = np.full(values.shape[:2], np.nan)
    for current, frame in long.partition_by("revised", as_dict=True).items():
        at = frame["row"].to_numpy(), frame["column"].to_numpy()
        if current[0]:
            before[at] = frame["given"].to_numpy()
        else:
            values[(*at, last - frame["place"].to_numpy())] = frame["given"].to_numpy()
    came = _came(rows, made, items, providers, places=last + 1)
    summed = np.array([made[thing].column != "value" for thing, _ in items])
    known = np.zeros((len(made), last + 1), dtype=bool)  # has the figure anything for anybody, then
    present = ~np.isnan(values).all(axis=1)
    for number, (thing, _) in enumerate(items):
        known[thing] |= present[number]
    known[:, last] = True
    here = known[[thing for thing, _ in items]]
    values[np.isnan(values) & came & here[:, None, :] & summed[:, None, None]] = 0.0
    mute = _silenced(made, items, providers, subjects=subjects, silent=silent)
    values[:, :, last][mute] = np.nan
    return Panel(
        things=tuple(made),
        rows=tuple(items),
        providers=providers,
        values=values,
        before=before,
        came=came[:, :, last] & ~mute,
        newest=newest,
    )


def _placed(firsts: pl.DataFrame, groups: dict[str, str]) -> tuple[dict[str, object], pl.DataFrame] | None:
    """Rows with `group` and `place` (0: newest, 1: the period before, …), one release of a period each."""
    import polars as pl

    start, run = pl.col("reference_start"), pl.col("run_start")
    known = pl.DataFrame(list(groups.items()), schema={"figure": pl.String, "group": pl.String}, orient="row")
    rows = firsts.join(known, on="figure").with_columns((run - start).dt.total_days().alias("age"))
    now = rows.filter("now")
    if now.is_empty() or now.height == rows.height:
        return None
    top = now.group_by("group").agg(start.max().alias("top"), pl.col("age").min().alias("top_age"))
    rows = rows.join(top, on="group").filter(pl.col("now") | (start < pl.col("top")))
    rows = rows.with_columns((pl.col("age") - pl.col("top_age")).abs().alias("apart"))
    rows = rows.filter(pl.col("now") | (pl.col("apart") <= _SAME_AGE))
    releases = rows.filter(~pl.col("now")).select("group", "reference_start", "run_start", "apart").unique()
    first = releases.sort("apart", "run_start").group_by("group", "reference_start", maintain_order=True).first()
    old = rows.filter(~pl.col("now")).join(
        first.select("group", "reference_start", "run_start"), on=["group", "reference_start", "run_start"], how="semi"
    )
    rows = pl.concat([old, rows.filter("now")])
    places = (
        rows.select("group", "reference_start")
        .unique()
        .with_columns((start.rank("dense", descending=True).over("group") - 1).cast(pl.Int64).alias("place"))
    )
    rows = rows.join(places, on=["group", "reference_start"])
    rows = rows.filter((pl.col("place") <= HISTORY) & (~pl.col("now") | (pl.col("place") <= 1)))
    rows = rows.with_columns((pl.col("now") & (pl.col("place") == 1)).alias("revised"))
    return dict(top.select("group", "top").iter_rows()), rows


def _long(rows: pl.DataFrame, made: Sequence[Thing]) -> pl.DataFrame:
    """One line per thing, cell, provider and place: `given`."""
    import polars as pl

    parts = []
    for column in ("numerator", "denominator", "value"):
        own = [(thing.figure, number) for number, thing in enumerate(made) if thing.column == column]
        index = pl.DataFrame(own, schema={"figure": pl.String, "thing": pl.Int64}, orient="row")
        chosen = rows.join(index, on="figure").filter(pl.col(column).is_not_null())
        parts.append(chosen.select("thing", "cell", "provider", "place", "revised", pl.col(column).alias("given")))
    return pl.concat(parts)


def _came(
    rows: pl.DataFrame,
    made: Sequence[Thing],
    items: Sequence[tuple[int, str | None]],
    providers: Sequence[str],
    *,
    places: int,
) -> np.ndarray:
    """Whether the group's data of a provider came, by row, provider and place; now: those of the period before do."""
    import numpy as np

    groups = sorted({thing.group for thing in made})
    code, place = {name: number for number, name in enumerate(groups)}, {name: n for n, name in enumerate(providers)}
    came = np.zeros((len(groups), len(providers), places), dtype=bool)
    for group, provider, age, revised in rows.select("group", "provider", "place", "revised").unique().iter_rows():
        came[code[group], place[provider], places - 1 - (0 if revised else age)] = True
    chosen: np.ndarray = came[[code[made[thing].group] for thing, _ in items]]
    return chosen


def _silenced(
    made: Sequence[Thing],
    items: Sequence[tuple[int, str | None]],
    providers: Sequence[str],
    *,
    subjects: Subjects,
    silent: Collection[tuple[str, str]],
) -> np.ndarray:
    import numpy as np

    needs = []
    for thing in made:
        own = subjects.figures[thing.figure]
        others = [measure.figure for measure in (own.numerator, own.denominator) if measure and measure.figure]
        needs.append({own.dataset, *(subjects.figures[name].dataset for name in others if name in subjects.figures)})
    table = np.array([[any((name, who) in silent for name in need) for who in providers] for need in needs], dtype=bool)
    chosen: np.ndarray = table[[thing for thing, _ in items]]
    return chosen
