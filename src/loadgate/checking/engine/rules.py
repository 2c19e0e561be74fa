"""A row rule and what is asked enter; leaves the masks and counts that GX derives from one yes/no question per row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loadgate.checking.engine.aggregates import count
from loadgate.checking.engine.domain import Asked, Rows, both
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.literals import as_read
from loadgate.checking.engine.metrics import RowRule
from loadgate.checking.engine.needs import Carried, Each, Hashed, Kept, Question, Reduction, Whole

if TYPE_CHECKING:
    import polars as pl


def opened(rule: RowRule, asked: Asked) -> Asked:
    """Add to the undecided rows those that are asked and of which the rule itself says neither yes nor no."""
    if rule.opens is None or not rule.opens(asked):
        return asked
    rows, unknown = asked.rows, rule.predicate(asked).is_null()
    if (put_to := checked(rule, asked)) is not None:
        unknown = put_to & unknown
    undecided = unknown if rows.undecided is None else rows.undecided | unknown
    elements, members = both(rows.elements, ~unknown), both(rows.members, ~unknown)
    return replace(asked, rows=Rows(elements=elements, members=members, undecided=undecided, whole=True))


def checked(rule: RowRule, asked: Asked) -> pl.Expr | None:
    """The rows that the question is put to; None is every row."""
    present = asked.column().is_not_null() if rule.skips_missing else None
    return both(asked.rows.members, present)


def failed(rule: RowRule, asked: Asked) -> pl.Expr:
    """The rows that were asked and do not meet the check. Never null."""
    rows = checked(rule, asked)
    unmet = ~rule.predicate(asked).fill_null(False)
    return unmet if rows is None else rows & unmet


def failed_count(rule: RowRule, asked: Asked, question: Question) -> Reduction:
    if looks_around(rule, asked):
        return Reduction(needs=(Whole(expr=failed(rule, asked).sum()),), question=question)
    if rule.unique:
        return Reduction(needs=(_repeated(rule, asked),), question=question)
    asked = replace(asked, at_once=True)
    if rule.carries:
        asked, carried = carrying(asked)
        return Reduction(needs=(Each(mask=failed(rule, asked), carried=carried),), question=question)
    mask = Each(mask=failed(rule, asked), question=question)
    if rule.refuses is None:
        return Reduction(needs=(mask,), question=question)
    refused = Each(mask=_refused(rule.refuses(asked), checked(rule, asked)))
    return Reduction(needs=(mask, refused), finish=_unless_refused, question=question)


def checked_count(rule: RowRule, asked: Asked) -> Reduction:
    return count(checked(rule, asked), whole=asked.rows.whole)


def looks_around(rule: RowRule, asked: Asked) -> bool:
    """Whether a row's answer depends on any others, so that no batch of rows can be asked alone."""
    return rule.whole or asked.rows.whole


def carrying(asked: Asked) -> tuple[Asked, Carried]:
    """Let a rule see the last value of earlier batches as the one before the batch's first."""
    import polars as pl

    column = asked.column()
    counts = column.is_not_null() if asked.rows.members is None else column.is_not_null() & asked.rows.members
    name = f"before {dict(asked.domain)!r}"
    return replace(asked, before=pl.col(name)), Carried(
        name=name, dtype=as_read(asked.dtype()), last=column.filter(counts).last()
    )


def _repeated(rule: RowRule, asked: Asked) -> Hashed:
    values = tuple(asked.column(index) for index in range(len(asked.columns)))
    return Hashed(values=values, rows=checked(rule, asked), kept=Kept.REPEATED)


def _refused(refused: pl.Expr, rows: pl.Expr | None) -> pl.Expr:
    return (refused if rows is None else refused & rows).fill_null(False)


def _unless_refused(failures: int, refusals: int) -> int:
    if refusals:
        raise CannotEvaluateError(f"{refusals} values cannot be read as what the check is about")
    return failures
