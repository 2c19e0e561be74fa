"""One harmonisation rule and rows that it reads enter; leaves what it says of them: a mark, an alternative, or neither.

Rows come with `_row`, the columns that the rule names, and two flags. `unsure`: a value of theirs could not be read, or
a rule that this one applies could not decide them. `counts`: no rule that this one applies has left them out. What a
rule cannot know it says: such a row is undecided.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from loadgate.model import conditions
from loadgate.model.rules import Earlier, Fill, Follow, HarmonisationRule, Mark, RuleKind

if TYPE_CHECKING:
    import polars as pl

UNSURE = "_unsure"
COUNTS = "_counts"
LOOKED_AT = "_looked_at"
VALUE = "_value"
OPEN = "_open"
_MARKED = "_marked"
_GROUP = "_group"

MARKS_OF: dict[RuleKind, Mark] = {
    RuleKind.REMOVE: Mark.REMOVED,
    RuleKind.APPROVE: Mark.NOT_APPROVED,
    RuleKind.CHANGE: Mark.CHANGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a rule said of some rows, one after the other. `value` is None for a rule that proposes none."""

    marked: pl.Series
    open: pl.Series
    value: pl.Series | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Ids of the rules that another one applies, each for what it is applied. `alternatives`: by column."""

    opens: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rules(self) -> frozenset[str]:
        return frozenset((*self.opens, *self.leave_out, *self.only, *self.valued))

    @property
    def valued(self) -> frozenset[str]:
        return frozenset(name for names in self.alternatives.values() for name in names)


def split(
    rule: HarmonisationRule, by_id: Mapping[str, HarmonisationRule], *, late: Collection[str]
) -> tuple[Applied, Applied]:
    """What a rule applies, row by row as rows pass by, and what it can apply only once the `late` rules have spoken."""
    applied = rule.apply
    if applied is None:
        return Applied(), Applied()
    given = {
        column: tuple(name for name in applied.use_alternatives if by_id[name].changes == column)
        for column in sorted(rule.columns)
    }

    def part(*, later: bool) -> Applied:
        return Applied(
            opens=tuple(name for name in sorted(applied.rules) if (name in late) is later),
            leave_out=tuple(name for name in applied.leave_out if (name in late) is later),
            only=applied.only if bool(set(applied.only) & set(late)) is later else (),
            alternatives={
                column: names for column, names in given.items() if names and bool(set(names) & set(late)) is later
            },
        )

    return part(later=False), part(later=True)


def seen(rows: pl.DataFrame, applied: Applied, said: Mapping[str, Said]) -> pl.DataFrame:
    """The same rows as a rule sees them who applies what others `said` of them; those that do not count stay in."""
    import polars as pl

    if applied.opens:
        unsure = reduce(or_, (said[name].open for name in applied.opens), rows[UNSURE])
        rows = rows.with_columns(unsure.alias(UNSURE))
    for name in applied.leave_out:
        rows = rows.with_columns((rows[COUNTS] & ~said[name].marked).alias(COUNTS))
    if applied.only:
        # one that a rule could not decide may carry its mark: it is unsure then, not gone
        carried = reduce(or_, (said[name].marked | said[name].open for name in applied.only))
        rows = rows.with_columns((rows[COUNTS] & carried).alias(COUNTS))
    for column, names in applied.alternatives.items():
        given = [pl.lit(value) for name in names if (value := said[name].value) is not None]
        rows = rows.with_columns(pl.coalesce(*given, column).alias(column))
    return rows


def judged(rows: pl.DataFrame, rule: HarmonisationRule) -> Said:
    """What a rule says that needs to see no other row; a value stands only where the row is marked."""
    import polars as pl

    looked_at = pl.lit(True) if rule.where is None else conditions.to_polars(rule.where)
    unsure, value = pl.col(UNSURE), None
    if rule.fill is not None:
        value = _filled(rule.fill, looked_at.fill_null(False))
        holds = value.is_not_null()
    elif rule.kind is RuleKind.APPROVE:
        holds, unsure = ~looked_at, unsure | looked_at.is_null()
    else:
        holds = looked_at if rule.earlier is None else looked_at & _earlier(rule.earlier)
    found = rows.select(
        (pl.col(COUNTS) & ~unsure & holds.fill_null(False)).alias(_MARKED),
        (pl.col(COUNTS) & unsure).alias(OPEN),
        *([] if value is None else [value.alias(VALUE)]),
    )
    if value is not None:
        found = found.with_columns(pl.when(_MARKED).then(VALUE).alias(VALUE))
    return Said(marked=found[_MARKED], open=found[OPEN], value=None if value is None else found[VALUE])


def told(rows: pl.DataFrame, said: Said) -> pl.DataFrame:
    """`_row`, `open` and `value` of the rows that get a mark."""
    columns = [rows["_row"], said.open.alias(OPEN), *([] if said.value is None else [said.value.alias(VALUE)])]
    return rows.select(columns).filter(said.marked | said.open)


def _earlier(earlier: Earlier) -> pl.Expr:
    """A missing date makes it unknown, and the row gets no mark."""
    import polars as pl

    moment = pl.Datetime("us")
    limit = pl.col(earlier.than).cast(moment).dt.offset_by(f"{earlier.years}y")
    return pl.col(earlier.column).cast(moment) < limit


def _filled(fill: Fill, looked_at: pl.Expr) -> pl.Expr:
    """The source's value where it has one, and says something else."""
    import polars as pl

    return pl.when(looked_at & pl.col(fill.column).ne_missing(pl.col(fill.source))).then(pl.col(fill.source))


def members(rows: pl.DataFrame, rule: HarmonisationRule) -> pl.DataFrame:
    """The rows with `looked_at`: whether they stand in the order of a `follow`."""
    import polars as pl

    looked_at = pl.lit(True) if rule.where is None else conditions.to_polars(rule.where)
    return rows.with_columns(looked_at.fill_null(False).alias(LOOKED_AT))


def followed(rows: pl.DataFrame, follow: Follow) -> pl.DataFrame:
    """`_row`, `open` and `value`: overlapping rows of a group, each beginning where the one in front of it ends.

    In: all rows of each group that occurs; those that are neither looked at nor unsure are none of its members.
    A row of no group is undecided; so is a whole group when one of its rows is unsure, for nobody knows that row's
    place in the order; and so is a row without a start, or one behind another that has no end.
    """
    import polars as pl

    group = list(follow.group)
    of_it = rows.lazy().filter(pl.col(LOOKED_AT) | pl.col(UNSURE))
    named = pl.all_horizontal(pl.col(name).is_not_null() for name in group)
    # Few groups have two rows, and only those need an order. Hashes that meet by chance are sorted in vain, no more:
    # neighbours are compared by their real keys.
    grouped = of_it.filter(named).with_columns(pl.struct(group).hash().alias(_GROUP))
    crowded = grouped.filter(pl.col(_GROUP).is_duplicated() | pl.col(UNSURE))
    order = [_GROUP, *group, follow.end, follow.start, "_row"]
    ordered = crowded.sort(order, descending=[name == follow.start for name in order], nulls_last=True)
    behind = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in group)
    start, before = pl.col(follow.start), pl.col(follow.end).shift(1)
    unknown = behind & (before.is_null() | start.is_null())
    placed = ordered.select(
        "_row",
        *group,
        UNSURE,
        pl.when(behind & (start < before)).then(before).alias(VALUE),
        (pl.col(UNSURE) | unknown).fill_null(False).alias(OPEN),
    )
    spoilt = placed.filter(UNSURE).select(*group, pl.lit(True).alias("_spoilt")).unique()
    in_order = placed.join(spoilt, on=group, how="left").with_columns(pl.col(OPEN) | pl.col("_spoilt").fill_null(False))
    without = of_it.filter(~named).select("_row", pl.lit(True).alias(OPEN), pl.lit(None).alias(VALUE))
    value = pl.when(~pl.col(OPEN)).then(VALUE).alias(VALUE)
    return pl.concat(
        [in_order.filter(pl.col(OPEN) | pl.col(VALUE).is_not_null()).select("_row", OPEN, value), without],
        how="vertical_relaxed",
    ).collect()
