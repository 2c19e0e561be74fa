"""Questions about rows enter; leaves which answers follow from others: one of ten country codes has two letters.

If every text that meets a check meets another one too, rows that fail the other are among those that fail the first:
only these are asked, and where there are none, nobody. What meets a check is known of a set (its texts), and as far as
lengths go of a regex that is a shape (see short_texts). Whether that meets the other check too is found out by asking,
so that what a check means stands in one place.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.domain import Rows
from loadgate.checking.engine.literals import fit_set
from loadgate.checking.engine.metrics import Sees
from loadgate.checking.engine.needs import Question
from loadgate.checking.engine.passes import failures
from loadgate.checking.engine.rules import failed
from loadgate.checking.engine.short_texts import read_shape

if TYPE_CHECKING:
    import polars as pl

MOST_TEXTS: Final = 100
_SET: Final = "column_values.in_set"
_REGEX: Final = "column_values.match_regex"
_EVERY_ROW: Final = Rows(elements=None, members=None, undecided=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Implied:
    """A question whose failing rows are among those of another one, its leader.

    `unmet` asks it of the `column` alone: which rows count is the same for both.
    """

    leader: Question
    column: str
    unmet: pl.Expr


def implied(questions: Iterable[Question]) -> dict[Question, Implied]:
    """The questions that follow from others; no leader is one of them."""
    import polars as pl

    alike: dict[Hashable, list[Question]] = {}
    for question in dict.fromkeys(questions):
        if question.rule.sees is not None and question.asked.dtype() == pl.String:
            alike.setdefault(question.domain, []).append(question)
    return {one: found for group in alike.values() if len(group) > 1 for one, found in _followers(group)}


def follow(
    rows: pl.DataFrame, answers: Mapping[Hashable, pl.Series], following: Mapping[Question, Implied]
) -> dict[Hashable, pl.Series]:
    """The rows that fail questions, given those that fail their leaders: only the latter are asked, once for all."""
    import polars as pl

    found: dict[Hashable, pl.Series] = {question: answers[one.leader] for question, one in following.items()}
    doubted = {question: one for question, one in following.items() if found[question].any()}
    if not doubted:
        return found
    some = reduce(or_, [found[question] for question in doubted]).rechunk()  # or columns in pieces would be copied
    places = some.arg_true()
    columns = dict.fromkeys(one.column for one in doubted.values())
    few = pl.DataFrame([rows.get_column(column).filter(some) for column in columns])
    unmet = few.select(one.unmet.alias(str(place)) for place, one in enumerate(doubted.values()))
    for question, fails in zip(doubted, unmet.get_columns(), strict=True):
        found[question] = found[question].clone().scatter(places.filter(~fails), False)
    return found


def _followers(group: Sequence[Question]) -> Iterator[tuple[Question, Implied]]:
    """Of questions about the same rows of a column, those that follow; whoever implies most leads first."""
    unmet = {one: _unmet(one) for one in group}
    also_met = {one: _also_met(one, unmet) for one in group}
    waiting = sorted(group, key=lambda one: len(also_met[one]), reverse=True)
    while waiting:
        leader, *others = waiting
        for one in others:
            if one in also_met[leader]:
                yield one, Implied(leader=leader, column=one.asked.columns[0], unmet=unmet[one])
        waiting = [one for one in others if one not in also_met[leader]]


def _unmet(question: Question) -> pl.Expr:
    return failed(question.rule, replace(question.asked, rows=_EVERY_ROW, at_once=True))


def _also_met(question: Question, unmet: Mapping[Question, pl.Expr]) -> set[Question]:
    """The other questions that every text meets that meets this one."""
    import polars as pl

    texts, seen = _standing_for(question)
    others = [one for one in unmet if one != question and one.rule.sees in seen]
    if not others or not texts:
        return set()
    column = pl.Series(question.asked.columns[0], texts, dtype=pl.String)
    try:
        found = column.to_frame().select(unmet[one].any().alias(str(place)) for place, one in enumerate(others)).row(0)
    except failures():  # then each row is asked, and whoever is to blame has no answer
        return set()
    return {one for one, fails in zip(others, found, strict=True) if not fails}


def _standing_for(question: Question) -> tuple[Sequence[str], Collection[Sees]]:
    """Texts that stand for all that meet a check, for rules that see no more of them than this."""
    import polars as pl

    if question.name == _SET:
        texts = fit_set(question.asked.arguments["value_set"], pl.String()).values
        return (texts, tuple(Sees)) if len(texts) <= MOST_TEXTS else ((), ())
    shape = read_shape(question.asked.arguments["regex"]) if question.name == _REGEX else None
    return (["x" * length for length in shape.lengths], (Sees.LENGTH,)) if shape else ((), ())
