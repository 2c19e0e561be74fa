"""A delivery's typed rows and its dataset's rules in; out, more row marks, and alternative values beside the rows.

Rows are never changed and never dropped: who wants the harmonised count names the marks that it applies. Nothing here
grows with the rows but one bit a row, of rules that others apply: marks and alternatives are written as rows pass by,
and rows that must wait for others do so in files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from loadgate.checking.harmonising.growing import GrowingTable
from loadgate.checking.harmonising.harmonisation import (
    MARKS_OF,
    OPEN,
    VALUE,
    Said,
    flag,
    judged,
    rows_for,
    seen,
    split,
    told,
)
from loadgate.checking.harmonising.waiting import Memory, Waiting
from loadgate.checking.suites import row_groups
from loadgate.errors import CouldNotRun
from loadgate.model.absence import NO_ROWS
from loadgate.model.applying import as_text
from loadgate.model.expected import Dataset
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.kinds import Severity
from loadgate.model.rules import HarmonisationRule, Mark
from loadgate.model.scope import Scope
from loadgate.model.tables import ALTERNATIVES, MARKS

if TYPE_CHECKING:
    import polars as pl

HELD_BYTES: Final = 16 << 20  # of rows that wait, per rule, in memory; the rest goes to files
_SUITE_MARKS = {"fail": False, "undecided": True}  # whether the rule is undecided there


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmonised:
    """`alternatives` holds row values. One outcome per rule: `observed` is the number of rows that it marks."""

    outcomes: tuple[Outcome, ...]
    marks: Path
    alternatives: Path


class Harmonising:
    """A dataset's rules over typed rows as they pass by. Use as a context manager, or `close` it.

    A rule that looks at each row alone, and applies none but such, is asked at once. A check's rows, what follows one
    another in a group, and whoever applies those, wait for `finish`.
    """

    def __init__(self, *, dataset: Dataset, scope: Scope, into: Path, held_bytes: int = HELD_BYTES) -> None:
        self._dataset, self._scope, self._into, self._held_bytes = dataset, scope, into, held_bytes
        self._by_id = {rule.id: rule for rule in dataset.rules}
        late: list[str] = []
        for rule in dataset.rules:
            if rule.check is not None or rule.follow is not None or _applied(rule) & set(late):
                late.append(rule.id)
        self._applied = {rule.id: split(rule, self._by_id, late=late) for rule in dataset.rules}
        self._late = frozenset(late)
        self._begin()

    def _begin(self) -> None:
        self._rows = 0
        self._marked, self._undecided = dict.fromkeys(self._by_id, 0), dict.fromkeys(self._by_id, 0)
        self._there: frozenset[str] | None = None  # columns; unknown before any rows
        self._silent: frozenset[str] = frozenset()  # rules that lack a column, or apply such
        self._marks = GrowingTable(self._into / "marks.rules", MARKS)
        self._alternatives = GrowingTable(self._into / "alternatives.parquet", ALTERNATIVES)
        self._waiting = {
            rule.id: Waiting(rule, *self._applied[rule.id], into=self._into, held_bytes=self._held_bytes)
            for rule in self._dataset.rules
            if rule.id in self._late and rule.check is None
        }
        later = [later for _, later in self._applied.values()]
        valued = frozenset[str]().union(*(one.valued for one in later))
        self._memories = {
            name: Memory(into=self._into, held_bytes=self._held_bytes, with_values=name in valued)
            for name in frozenset[str]().union(*(one.rules for one in later))
        }

    def __enter__(self) -> Harmonising:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, typed: pl.DataFrame) -> None:
        """Take the next rows, as reading typed them: with `_undecided.<column>` where one of them could not be read.

        Raises: CouldNotRun if the rows do not fit the rules.
        """
        with _no_values(self._dataset):
            if self._there is None:
                self._there = frozenset(typed.columns)
                self._silent = frozenset(self._reasons(self._there))
            if not typed.height:
                return
            self._rows += typed.height
            said = self._ask(typed)
            for name, found in said.items():
                self._tell(self._by_id[name], told(typed, found))
            for name, waiting in self._waiting.items():
                if name not in self._silent:
                    waiting.add(typed, said)

    def add_all(self, typed: Path) -> None:
        """Take rows that were typed before."""
        import polars as pl

        with _no_values(self._dataset):
            self.add(pl.scan_parquet(typed).head(0).collect())
        read = frozenset[str]().union(*(rule.columns for rule in self._dataset.rules))
        for rows in row_groups(typed, columns={"_row", *read, *map(flag, read)}):
            self.add(rows)

    def finish(self, outcomes: Sequence[Outcome], typed: Path) -> Harmonised:
        """Add to `marks.parquet`, which the suite has written, and put `alternatives.parquet` beside it.

        `outcomes`: what the suite gave, for rules that take a check's failing rows. `typed` has all the rows again, for
        those of a check that was not asked for want of a column.
        Raises: CouldNotRun if the rows do not fit the rules.
        """
        import polars as pl

        marks = self._into / "marks.parquet"
        with _no_values(self._dataset):
            there = self._there or pl.scan_parquet(typed).collect_schema().names()
            silent = self._reasons(there, {outcome.check: outcome for outcome in outcomes})
            asked_at_once, self._marks = self._marks, GrowingTable(marks.with_suffix(".whole"), MARKS)
            self._copy(marks, silent)
            self._leave_open([self._by_id[name] for name in self._open_in(outcomes) if name not in silent], typed)
            for rows in row_groups(asked_at_once.close()):
                self._marks.add(rows)
            asked_at_once.discard()
            for name, waiting in self._waiting.items():
                if name not in silent:
                    for found in waiting.ask(self._memories):
                        self._tell(self._by_id[name], found)
                waiting.close()
            self._marks.close().replace(marks)
            alternatives = self._alternatives.close()
        self.close()
        own = tuple(self._outcome(rule, silent.get(rule.id)) for rule in self._dataset.rules)
        return Harmonised(outcomes=own, marks=marks, alternatives=alternatives)

    def restart(self) -> None:
        """Forget all rows."""
        self.close()
        self._marks.discard()
        self._alternatives.discard()
        self._begin()

    def close(self) -> None:
        """Leave nothing open, and no rows that waited."""
        self._marks.stop()
        self._alternatives.stop()
        for waiting in self._waiting.values():
            waiting.close()
        for memory in self._memories.values():
            memory.close()

    def _ask(self, typed: pl.DataFrame) -> dict[str, Said]:
        """What the rules say that need no other row."""
        said: dict[str, Said] = {}
        for rule in self._dataset.rules:
            if rule.id not in self._late and rule.id not in self._silent:
                said[rule.id] = judged(seen(rows_for(typed, rule), self._applied[rule.id][0], said), rule)
        return said

    def _tell(self, rule: HarmonisationRule, found: pl.DataFrame) -> None:
        """Write down what a rule said: `_row`, `open` and, if it proposes any, `value`."""
        import polars as pl

        if not found.height:
            return
        undecided = int(found[OPEN].sum())
        self._undecided[rule.id] += undecided
        self._marked[rule.id] += found.height - undecided
        named = pl.lit(self._dataset.rule_id(rule))
        outcome = pl.when(OPEN).then(pl.lit(Mark.UNDECIDED.value)).otherwise(pl.lit(MARKS_OF[rule.kind].value))
        self._marks.add(found.select("_row", named.alias("check"), outcome.alias("outcome")))
        if VALUE in found.columns:
            self._alternatives.add(
                found.filter(pl.col(VALUE).is_not_null()).select(
                    "_row",
                    named.alias("rule"),
                    pl.lit(rule.changes).alias("column"),
                    as_text(pl.col(VALUE)).alias("value"),
                )
            )
        if rule.id in self._memories:
            self._memories[rule.id].add(found)

    def _copy(self, marks: Path, silent: Mapping[str, str]) -> None:
        """The suite's marks, and those of checks once more under the name of the rule that takes them."""
        import polars as pl

        taken = [rule for rule in self._dataset.rules if rule.check is not None and rule.id not in silent]
        is_open = pl.col("outcome").replace_strict(_SUITE_MARKS, default=None, return_dtype=pl.Boolean).alias(OPEN)
        for rows in row_groups(marks):
            self._marks.add(rows)
            for rule in taken:
                own = rows.filter(pl.col("check") == self._check(rule))
                self._tell(rule, own.select("_row", is_open).drop_nulls(OPEN))

    def _open_in(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Rules that take the rows of a check which an absent column kept from running: it may be any of them."""
        unasked = {outcome.check for outcome in outcomes if outcome.state is OutcomeState.NOT_APPLICABLE}
        return [rule.id for rule in self._dataset.rules if rule.check is not None and self._check(rule) in unasked]

    def _leave_open(self, rules: Sequence[HarmonisationRule], typed: Path) -> None:
        import polars as pl

        for rows in row_groups(typed, columns={"_row"}) if rules else ():
            for rule in rules:
                self._tell(rule, rows.select("_row", pl.lit(True).alias(OPEN)))

    def _reasons(self, there: Collection[str], suite: Mapping[str, Outcome] | None = None) -> dict[str, str]:
        """Why rules cannot be asked of this delivery, in words without values. `suite`: None before it has finished."""
        reasons: dict[str, str] = {}
        for rule in self._dataset.rules:
            lacking = sorted(rule.columns - set(there))
            silent = sorted(_applied(rule) & set(reasons))
            if lacking:
                reasons[rule.id] = f"no column {', '.join(lacking)}"
            elif rule.check is not None and suite is not None and not _ran(suite.get(self._check(rule))):
                reasons[rule.id] = f"the check {rule.check} could not run"
            elif silent:
                reasons[rule.id] = f"the rule {', '.join(silent)} could not be asked"
        return reasons

    def _check(self, rule: HarmonisationRule) -> str:
        return f"{self._dataset.dataset}:{rule.check}"

    def _outcome(self, rule: HarmonisationRule, reason: str | None) -> Outcome:
        """A rule is no check: it passes when it could be asked, however many rows it marks."""
        check = self._dataset.rule_id(rule)
        if reason is not None or not self._rows:
            state = OutcomeState.NOT_APPLICABLE if reason is None else OutcomeState.COULD_NOT_RUN
            why = reason or NO_ROWS
            return Outcome(check=check, scope=self._scope, state=state, severity=Severity.INFO, reason=why)
        return Outcome(
            check=check,
            scope=self._scope,
            state=OutcomeState.PASS,
            severity=Severity.INFO,
            rows_checked=self._rows,
            rows_failed=0,
            rows_undecided=self._undecided[rule.id],
            observed=float(self._marked[rule.id]),
        )


def harmonise(typed: Path, *, dataset: Dataset, outcomes: Sequence[Outcome], scope: Scope, into: Path) -> Harmonised:
    """Ask every rule of the dataset about rows that were typed before."""
    with Harmonising(dataset=dataset, scope=scope, into=into) as harmonising:
        harmonising.add_all(typed)
        return harmonising.finish(outcomes, typed)


def _applied(rule: HarmonisationRule) -> frozenset[str]:
    return frozenset() if rule.apply is None else rule.apply.rules


def _ran(found: Outcome | None) -> bool:
    """Or did not for want of an optional column, which leaves every row open."""
    return found is not None and found.state is not OutcomeState.COULD_NOT_RUN


@contextmanager
def _no_values(dataset: Dataset) -> Iterator[None]:
    """The texts of Polars and pyarrow may carry values."""
    import polars as pl
    import pyarrow as pa

    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException):
        raise CouldNotRun(
            f"dataset {dataset.dataset}: its rules could not be asked",
            fix="compare the columns that the rules name with the dataset's columns and types",
        ) from None
