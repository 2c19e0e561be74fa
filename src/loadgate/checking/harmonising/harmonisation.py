"""One harmonisation rule and rows that it reads enter; leaves what it says of them: a mark, an alternative, or neither.

Rows come with `_row`, the columns that the rule names, and for each of these a flag that its value is unknown: it could
not be read, or a rule that this one applies could not decide it. Such a value is null. `counts` says whether the row
stands before the rule at all, or has been left out. Null is "unknown" everywhere here, and is reckoned with as in SQL:
what is false whatever the unknown values are is false. What a rule cannot know it says: such a row is undecided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from loadgate.model import conditions
from loadgate.model.rules import Earlier, Fill, Follow, HarmonisationRule, Mark, RuleKind
from loadgate.model.tables import UNDECIDED

if TYPE_CHECKING:
    import polars as pl

COUNTS = "_counts"
VALUE = "_value"
OPEN = "_open"
_MARKED = "_marked"
_UNSURE = "_unsure"
_GROUP = "_group"

MARKS_OF: dict[RuleKind, Mark] = {
    RuleKind.REMOVE: Mark.REMOVED,
    RuleKind.APPROVE: Mark.NOT_APPROVED,
    RuleKind.CHANGE: Mark.CHANGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a rule said of some rows, one after the other. `marked` is null where it could not decide.

    `value` is None for a rule that proposes none, and stands only where the row is marked.
    """

    marked: pl.Series
    value: pl.Series | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Ids of the rules that another one applies, each for what it is applied. `alternatives`: by column."""

    leave_out: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rules(self) -> frozenset[str]:
        return frozenset((*self.leave_out, *self.only, *self.valued))

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
            leave_out=tuple(name for name in applied.leave_out if (name in late) is later),
            only=applied.only if bool(set(applied.only) & set(late)) is later else (),
            alternatives={
                column: names for column, names in given.items() if names and bool(set(names) & set(late)) is later
            },
        )

    return part(later=False), part(later=True)


def flag(column: str) -> str:
    """The column that says where a value is unknown."""
    return UNDECIDED + column


def rows_for(typed: pl.DataFrame, rule: HarmonisationRule) -> pl.DataFrame:
    """The rows as a rule reads them that applies no other."""
    import polars as pl

    names = sorted(rule.columns)
    flags = [
        pl.col(flag(name)).fill_null(False) if flag(name) in typed.columns else pl.lit(False).alias(flag(name))
        for name in names
    ]
    return typed.select("_row", *names, *flags, pl.lit(True).alias(COUNTS))


def waiting_columns(names: Iterable[str]) -> list[str]:
    """What has to be kept of rows to go on with them later."""
    return ["_row", *(column for name in sorted(set(names)) for column in (name, flag(name))), COUNTS]


def may_count(rows: pl.DataFrame) -> pl.DataFrame:
    """Without the rows that are known to be left out."""
    import polars as pl

    return rows.filter(pl.col(COUNTS).fill_null(True))


def seen(rows: pl.DataFrame, applied: Applied, said: Mapping[str, Said]) -> pl.DataFrame:
    """The same rows as a rule sees them who applies what others `said` of them; those that do not count stay in."""
    counts = rows[COUNTS]
    for name in applied.leave_out:
        counts = counts & ~said[name].marked
    if applied.only:
        counts = counts & reduce(or_, (said[name].marked for name in applied.only))
    rows = rows.with_columns(counts.alias(COUNTS))
    for column, names in applied.alternatives.items():
        for name in reversed(names):
            rows = _changed(rows, column, said[name])
    return rows


def _changed(rows: pl.DataFrame, column: str, said: Said) -> pl.DataFrame:
    """The column with the alternatives that a rule proposes; unknown where the rule could not decide."""
    import polars as pl

    marked = pl.lit(said.marked)
    value = pl.lit(None) if said.value is None else pl.lit(said.value)
    return rows.with_columns(
        pl.when(marked).then(value).when(~marked).then(column).alias(column),
        (marked.is_null() | (~marked & pl.col(flag(column)))).alias(flag(column)),
    )


def judged(rows: pl.DataFrame, rule: HarmonisationRule) -> Said:
    """What a rule says that needs to see no other row."""
    import polars as pl

    holds, value = pl.lit(True), None
    if rule.fill is not None:
        holds, value = _fills(rule.fill), pl.col(rule.fill.source)
    elif rule.earlier is not None:
        holds = _earlier(rule.earlier)
    found = rows.with_columns((pl.col(COUNTS) & _looked_at(rule) & holds).alias(_MARKED))
    if value is None:
        return Said(marked=found[_MARKED])
    return Said(marked=found[_MARKED], value=found.select(pl.when(_MARKED).then(value).alias(VALUE))[VALUE])


def told(rows: pl.DataFrame, said: Said) -> pl.DataFrame:
    """`_row`, `open` and `value` of the rows that get a mark."""
    columns = [
        rows["_row"],
        said.marked.is_null().alias(OPEN),
        *([] if said.value is None else [said.value.alias(VALUE)]),
    ]
    return rows.select(columns).filter(said.marked.fill_null(True))


def _looked_at(rule: HarmonisationRule) -> pl.Expr:
    """Whether the rule's condition holds; of an approval, whether it does not.

    A missing value keeps it from holding. Only an approval cannot do without one.
    """
    import polars as pl

    if rule.where is None:
        return pl.lit(True)
    read = conditions.columns(rule.where)
    answer = conditions.to_polars(rule.where, unknown={name: flag(name) for name in read})
    if rule.kind is RuleKind.APPROVE:
        return ~answer
    known = ~pl.any_horizontal(flag(name) for name in sorted(read))
    return pl.when(answer.is_not_null() | known).then(answer.fill_null(False))


def _is_missing(column: str) -> pl.Expr:
    import polars as pl

    return pl.col(column).is_null() & ~pl.col(flag(column))


def _earlier(earlier: Earlier) -> pl.Expr:
    """A missing date is earlier than none, and none is earlier."""
    import polars as pl

    moment = pl.Datetime("us")
    limit = pl.col(earlier.than).cast(moment).dt.offset_by(f"{earlier.years}y")
    is_earlier = pl.col(earlier.column).cast(moment) < limit
    return ~_is_missing(earlier.column) & ~_is_missing(earlier.than) & is_earlier


def _fills(fill: Fill) -> pl.Expr:
    """Whether the source has a value, and says something else."""
    import polars as pl

    known = ~(pl.col(flag(fill.column)) | pl.col(flag(fill.source)))
    differs = pl.when(known).then(pl.col(fill.column).ne_missing(pl.col(fill.source)))
    return ~_is_missing(fill.source) & differs


def members(rows: pl.DataFrame, rule: HarmonisationRule) -> pl.DataFrame:
    """The rows that stand in the order of a `follow`; `counts` is null where nobody knows."""
    import polars as pl

    return may_count(rows.with_columns((pl.col(COUNTS) & _looked_at(rule)).alias(COUNTS)))


def followed(rows: pl.DataFrame, follow: Follow) -> pl.DataFrame:
    """`_row`, `open` and `value`: overlapping rows of a group, each beginning where the one in front of it ends.

    In: all members of each group that occurs. A row of no group is undecided; so is a whole group when one of its rows
    may be no member, or has a start or an end that is unknown, for nobody knows that row's place in the order; and so
    is a row without a start, or one behind another that has no end.
    """
    import polars as pl

    group = list(follow.group)
    unsure = pl.col(COUNTS).is_null() | pl.col(flag(follow.start)) | pl.col(flag(follow.end))
    of_it = rows.lazy().select("_row", *group, follow.start, follow.end, unsure.alias(_UNSURE))
    named = pl.all_horizontal(pl.col(name).is_not_null() for name in group)
    # Few groups have two rows, and only those need an order. Hashes that meet by chance are sorted in vain, no more:
    # neighbours are compared by their real keys.
    grouped = of_it.filter(named).with_columns(pl.struct(group).hash().alias(_GROUP))
    crowded = grouped.filter(pl.col(_GROUP).is_duplicated() | pl.col(_UNSURE))
    order = [_GROUP, *group, follow.end, follow.start, "_row"]
    ordered = crowded.sort(order, descending=[name == follow.start for name in order], nulls_last=True)
    behind = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in group)
    start, before = pl.col(follow.start), pl.col(follow.end).shift(1)
    unknown = behind & (before.is_null() | start.is_null())
    placed = ordered.select(
        "_row",
        *group,
        _UNSURE,
        pl.when(behind & (start < before)).then(before).alias(VALUE),
        (pl.col(_UNSURE) | unknown).fill_null(False).alias(OPEN),
    )
    spoilt = placed.filter(_UNSURE).select(*group, pl.lit(True).alias("_spoilt")).unique()
    in_order = placed.join(spoilt, on=group, how="left").with_columns(pl.col(OPEN) | pl.col("_spoilt").fill_null(False))
    without = of_it.filter(~named).select("_row", pl.lit(True).alias(OPEN), pl.lit(None).alias(VALUE))
    value = pl.when(~pl.col(OPEN)).then(VALUE).alias(VALUE)
    return pl.concat(
        [in_order.filter(pl.col(OPEN) | pl.col(VALUE).is_not_null()).select("_row", OPEN, value), without],
        how="vertical_relaxed",
    ).collect()
