"""A row rule and what is asked enter; leaves the masks and counts that GX derives from one yes/no question per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.checking.engine.aggregates import Reduction, count
from loadgate.checking.engine.domain import Asked, both
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.metrics import RowRule
from loadgate.checking.engine.predicates import key

if TYPE_CHECKING:
    import polars as pl


def checked(rule: RowRule, asked: Asked) -> pl.Expr | None:
    """The rows that the question is put to; None is every row."""
    present = asked.column().is_not_null() if rule.skips_missing else None
    return both(asked.rows.members, present)


def failed(rule: RowRule, asked: Asked) -> pl.Expr:
    """The rows that were asked and do not meet the check. Never null."""
    rows = checked(rule, asked)
    unmet = ~rule.predicate(asked).fill_null(False)
    return unmet if rows is None else rows & unmet


def failed_count(rule: RowRule, asked: Asked) -> Reduction:
    exact = failed(rule, asked).sum()
    if rule.refuses is not None:
        return _unless_refused(exact, rule.refuses(asked), checked(rule, asked))
    return _meeting_hashes(rule, asked, exact=exact) if rule.unique else Reduction(expr=exact)


def checked_count(rule: RowRule, asked: Asked) -> Reduction:
    return count(checked(rule, asked))


def _meeting_hashes(rule: RowRule, asked: Asked, *, exact: pl.Expr) -> Reduction:
    """Count equal neighbours among sorted 64-bit hashes: a fifth of the time of counting duplicates exactly."""
    rows = checked(rule, asked)
    keys = key(asked)
    hashes = (keys if rows is None else keys.filter(rows)).hash().sort()

    def pick(frame: pl.LazyFrame) -> pl.LazyFrame:
        return (frame if rows is None else frame.filter(rows)).select(keys.hash())

    return Reduction(expr=(hashes == hashes.shift(1)).sum(), confirm=exact, hashes=pick)


def _unless_refused(exact: pl.Expr, refused: pl.Expr, rows: pl.Expr | None) -> Reduction:
    import polars as pl

    stops = (refused if rows is None else refused & rows).fill_null(False).sum()

    def finish(counts: dict[str, int]) -> int:
        if counts["stops"]:
            raise CannotEvaluateError(f"{counts['stops']} values cannot be read as what the check is about")
        return counts["failed"]

    return Reduction(expr=pl.struct(failed=exact, stops=stops), finish=finish)
