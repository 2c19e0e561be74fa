"""A plan enters, then batch by batch the rows; leave the metrics' values, each batch having been looked at once.

What a second pass has to find out (medians, rows around, whether equal hashes are equal values) is asked at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine import passes
from loadgate.checking.engine.duplicates import truly_repeated
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.hashes import HELD_BYTES, Counted, HashSet, HashSets
from loadgate.checking.engine.implied import Implied, follow
from loadgate.checking.engine.needs import Each, Hashed, Kept, Merged, Need, Question, Tallied, Whole
from loadgate.checking.engine.passes import UnreadableError, broken, failures, reduce_frame
from loadgate.checking.engine.plans import FAILING, Plan, Slot, Variant
from loadgate.checking.engine.samples import Taking, take
from loadgate.checking.engine.tallies import Tally

if TYPE_CHECKING:
    import polars as pl

NO_SECOND_PASS = "it takes a second look at the rows, and they are gone"
_SMALL: Final = 10_000
_FEWEST_IN_PIECE: Final = 1000  # rows: looking at smaller pieces one by one takes longer than putting them together
_AT_A_TIME: Final = 2  # batches: a query leaves a processor idle now and then
_READ_AT_A_TIME: Final = 3  # pieces: two leave a processor idle where one ends
DISK_FAILED = "what is held for it did not fit on the disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """`values` and `reasons` together have every metric that was asked for; no metric is in both.

    `missing` are the columns that a metric lacks, if that is the reason; `doubted` those in which values had failed to
    cast.
    """

    values: Mapping[Hashable, Any]
    reasons: Mapping[Hashable, str]
    missing: Mapping[Hashable, tuple[str, ...]] = field(default_factory=dict)
    doubted: frozenset[str] = frozenset()


Watch = Callable[["pl.DataFrame", Mapping[Slot, "pl.Series"]], None]
"""Gets each batch with the yes or no of its rows, per need that asks one."""
Repeats = Callable[[Hashable, "pl.DataFrame"], None]
"""Gets a metric and a frame of `row`: rows that repeat another."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one batch says; it is added to what earlier ones said only when all of it is there."""

    masks: Mapping[Slot, pl.Series]
    merged: Mapping[Slot, Any]
    hashes: Mapping[Slot, pl.Series]
    tallies: Mapping[Slot, pl.Series]
    last: Mapping[str, Any]


class Fold:
    """The one pass over a plan's rows. Use as a context manager: what is on disk goes at its end."""

    def __init__(
        self, plan: Plan, *, watch: Watch | None = None, held_bytes: int = HELD_BYTES, folder: Path | None = None
    ) -> None:
        self.plan = plan
        self._watch = watch
        self._sets = HashSets(held_bytes=held_bytes, folder=folder)
        self._hashes: dict[Slot, HashSet] = {}
        self._tallies: dict[Slot, Tally] = {}
        self._answers: dict[Slot, Any] = {}
        self._last: dict[str, Any] = {}
        self._taking = {metric: Taking(sample) for metric, sample in plan.taken.items()}
        self._rows = 0
        self._reasons: dict[Hashable, str] = dict(plan.variant(frozenset()).reasons)
        self._up: frozenset[str] = frozenset()
        self._begun = False

    def __enter__(self) -> Fold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._sets.close()

    def add(self, batch: pl.DataFrame, up: frozenset[str] = frozenset()) -> None:
        """Take the next rows; `up` are the columns with failed casts among them."""
        if not batch.is_empty() or not self._begun:
            self._take(batch, self._seen(batch, self._begin(up)))

    def add_all(self, batches: Iterator[tuple[pl.DataFrame, frozenset[str]]]) -> None:
        """Take many batches, each with its columns with failed casts; two are asked at the same time if that can be.

        One that is not half full is the last, or alone, and not worth a thread.
        """
        asked: deque[tuple[pl.DataFrame, Future[_Seen]]] = deque()
        with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:  # it has no thread before there is work for it
            for batch, up in batches:
                if self.plan.carries or (2 * batch.height < passes.BATCH_ROWS and not asked):
                    self.add(batch, up)
                elif not batch.is_empty() or not self._begun:
                    asked.append((batch, pool.submit(self._seen, batch, self._begin(up))))
                del batch  # or it would wait, with the next one, for the one after
                if len(asked) == _AT_A_TIME:
                    self._take_first(asked)
            while asked:
                self._take_first(asked)

    def add_read(self, read: Callable[[int], pl.DataFrame | None]) -> int:
        """Take batches that are yet to be read, by their number, up to the first that is none; each is read and asked
        by one thread. For plans without flags.

        Out: how many rows they had. Raises: UnreadableError.
        """
        before = self._rows
        asked: deque[Future[tuple[pl.DataFrame, _Seen] | None]] = deque()
        with ThreadPoolExecutor(max_workers=_READ_AT_A_TIME) as pool:
            try:
                for number in count():
                    asked.append(pool.submit(self._read, read, number, self._begin(frozenset())))
                    if len(asked) > _READ_AT_A_TIME:
                        found = asked.popleft().result()
                        if found is None:
                            break
                        self._take(*found)
            finally:
                for one in asked:
                    one.cancel()
        return self._rows - before

    def _read(
        self, read: Callable[[int], pl.DataFrame | None], number: int, variant: Variant
    ) -> tuple[pl.DataFrame, _Seen] | None:
        batch = read(number)
        return None if batch is None else (batch, self._seen(batch, variant))

    def _begin(self, up: frozenset[str]) -> Variant:
        self._begun = True
        self._up |= up
        variant = self.plan.variant(up)
        self._reasons |= variant.reasons
        return variant

    def _take_first(self, asked: deque[tuple[pl.DataFrame, Future[_Seen]]]) -> None:
        batch, seen = asked.popleft()
        self._take(batch, seen.result())

    def _take(self, batch: pl.DataFrame, seen: _Seen) -> None:
        self._keep(seen)
        for metric, taking in self._taking.items():
            if (metric, FAILING) in seen.masks and metric not in self._reasons:
                with self._unless_refused(metric):
                    taking.add(batch, seen.masks[metric, FAILING], first=self._rows)
        self._rows += batch.height
        if self._watch is not None:
            self._watch(batch, seen.masks)

    def finish(
        self, frame: pl.LazyFrame | None = None, *, row: str | None = None, repeats: Repeats | None = None
    ) -> Computed:
        """Give every metric its value or its reason.

        `frame` has the same rows again, for what takes a second look; without it such metrics have no value, and equal
        hashes count as equal values. `repeats`, if given, hears which rows repeat another: their column `row`.
        """
        import polars as pl

        if not self._begun:
            self.add(pl.DataFrame(schema=self.plan.schema))
        variant = self.plan.variant(self._up)
        self._reasons |= variant.reasons
        answers = self._answers | {slot: tally.counted() for slot, tally in self._tallies.items()}
        answers |= self._second_look(variant, frame)
        answers |= self._counted(variant, frame, row=row, repeats=repeats)
        values = dict(variant.known)
        for metric, reduction in variant.reductions.items():
            if metric not in self._reasons:
                with self._unless_refused(metric, otherwise="its value could not be worked out"):
                    values[metric] = reduction.finish(
                        *(answers[metric, place] for place in range(len(reduction.needs)))
                    )
        met = {one.question for metric, one in variant.reductions.items() if one.question and values.get(metric) == 0}
        for metric, sample in variant.samples.items():
            if metric not in self._reasons:
                with self._unless_refused(metric):
                    if sample.alone and metric in self._taking:
                        values[metric] = self._taking[metric].finish()
                    elif frame is None:
                        raise CannotEvaluateError(NO_SECOND_PASS)
                    else:
                        values[metric] = take(frame.clear() if sample.question in met else frame, sample)
        kept = {metric: value for metric, value in values.items() if metric not in self._reasons}
        return Computed(values=kept, reasons=dict(self._reasons), missing=variant.missing, doubted=self._up)

    def _with_last(self, batch: pl.DataFrame, variant: Variant) -> pl.DataFrame:
        import polars as pl

        carried = [need.carried for need in variant.needs.values() if isinstance(need, Each) and need.carried]
        types = {one.name: one.dtype for one in carried}
        return batch.with_columns(
            pl.lit(self._last.get(name), dtype=dtype).alias(name) for name, dtype in types.items()
        )

    def _seen(self, batch: pl.DataFrame, variant: Variant) -> _Seen:
        """Ask everything at once; if that fails, one metric at a time, so that the rest still gets an answer."""
        rows = self._with_last(batch, variant)
        needs = {slot: need for slot, need in variant.needs.items() if slot[0] not in self._reasons}
        try:
            return _ask(rows, needs, self.plan.shared, variant.implied if rows.height >= _SMALL else {})
        except failures():
            pass
        for metric in dict.fromkeys(metric for metric, _ in needs):
            own = {slot: need for slot, need in needs.items() if slot[0] == metric}
            try:
                _ask(rows, own, {slot: slot for slot in own}, {})
            except failures() as error:
                self._reasons[metric] = broken(type(error).__name__)
        sound = {slot: need for slot, need in needs.items() if slot[0] not in self._reasons}
        return _ask(rows, sound, self.plan.shared, {})

    def _keep(self, seen: _Seen) -> None:
        for slot, mask in seen.masks.items():
            self._answers[slot] = self._answers.get(slot, 0) + int(mask.sum())  # also where others count without a mask
        needs = self.plan.variant(frozenset()).needs
        for slot, value in seen.merged.items():
            need = needs[slot]
            if slot not in self._answers or not isinstance(need, Merged):
                self._answers[slot] = value
                continue
            try:
                self._answers[slot] = need.merge(self._answers[slot], value)
            except failures() as error:  # lists, say, are no members of a set
                self._reasons[slot[0]] = broken(type(error).__name__)
        for slot, values in seen.tallies.items():
            self._tallies.setdefault(slot, Tally()).add(values)
        for name, value in seen.last.items():
            if value is not None:
                self._last[name] = value
        for slot, hashes in seen.hashes.items():
            if slot not in self._hashes:
                self._hashes[slot] = self._sets.new(repeats=self._repeats(slot))
            self._hashes[slot].add(hashes)

    def _repeats(self, leader: Slot) -> bool:
        needs = self.plan.variant(frozenset()).needs
        sharing = [needs[slot] for slot, one in self.plan.shared.items() if one == leader]
        return any(isinstance(need, Hashed) and need.kept is Kept.REPEATED for need in sharing)

    def _second_look(self, variant: Variant, frame: pl.LazyFrame | None) -> dict[Slot, Any]:
        wanted = {
            slot: need.expr
            for slot, need in variant.needs.items()
            if isinstance(need, Whole) and slot[0] not in self._reasons
        }
        if frame is None:
            self._reasons |= {slot[0]: NO_SECOND_PASS for slot in wanted}
            return {}
        values, reasons = reduce_frame(frame, wanted)
        self._reasons |= {slot[0]: reason for slot, reason in reasons.items()}
        return values

    def _counted(
        self, variant: Variant, frame: pl.LazyFrame | None, *, row: str | None, repeats: Repeats | None
    ) -> dict[Slot, Any]:
        found: dict[Slot, Any] = {}
        for leader, counted in self._sets_counted().items():
            for slot in (slot for slot, one in self.plan.shared.items() if one == leader):
                need = variant.needs.get(slot)
                if slot[0] in self._reasons or not isinstance(need, Hashed):
                    continue
                if need.kept is Kept.DISTINCT:
                    found[slot] = counted.distinct
                elif frame is None or counted.repeated.is_empty():
                    found[slot] = counted.rows_repeated
                else:
                    found[slot] = 0
                    try:
                        for rows in truly_repeated(frame, need, counted, row=row if repeats else None):
                            found[slot] += rows.height
                            if repeats is not None:
                                repeats(slot[0], rows)
                    except UnreadableError as error:
                        self._reasons[slot[0]] = broken(error.kind)
        return found

    def _sets_counted(self) -> dict[Slot, Counted]:
        found: dict[Slot, Counted] = {}
        for leader, hashes in self._hashes.items():
            with self._unless_disk_fails(leader):
                found[leader] = hashes.count()
        return found

    @contextmanager
    def _unless_refused(
        self, metric: Hashable, *, otherwise: str = "failing rows could not be sampled"
    ) -> Iterator[None]:
        try:
            yield
        except CannotEvaluateError as fault:
            self._reasons[metric] = fault.reason
        except UnreadableError as error:
            self._reasons[metric] = broken(error.kind)
        except failures() as error:
            self._reasons[metric] = f"{otherwise} ({type(error).__name__})"

    @contextmanager
    def _unless_disk_fails(self, leader: Slot) -> Iterator[None]:
        try:
            yield
        except OSError:
            sharing = [metric for (metric, _), one in self.plan.shared.items() if one == leader]
            self._reasons |= dict.fromkeys(sharing, DISK_FAILED)
            self._hashes[leader].forget()


def _ask(
    rows: pl.DataFrame, needs: Mapping[Slot, Need], shared: Mapping[Slot, Slot], implied: Mapping[Question, Implied]
) -> _Seen:
    """Evaluate what can be evaluated on a batch; a question that follows from one that is asked too comes after it."""
    each = {slot: need for slot, need in needs.items() if isinstance(need, Each)}
    questions = _questions(each)
    following = {one: found for one, found in implied.items() if one in questions and found.leader in questions}
    asked = {question: need for question, need in questions.items() if question not in following}
    merged = {slot: need.expr for slot, need in needs.items() if isinstance(need, Merged)}
    carried = {need.carried.name: need.carried.last for need in each.values() if need.carried is not None}
    hashed = {shared[slot]: need.hashes() for slot, need in needs.items() if isinstance(need, Hashed)}
    unused = "m" * (1 + max(map(len, rows.columns), default=0))  # longer than any name in the table
    masks = [need.mask.alias(f"{unused}{index}") for index, need in enumerate(asked.values())]
    values = [one.alias(f"v{index}") for index, one in enumerate((*merged.values(), *carried.values()))]
    if rows.height < _SMALL:  # optimising the query would take longer than the query
        answered, found = rows.with_columns(masks), rows.select(values)
    else:
        if rows.n_chunks() * _FEWEST_IN_PIECE > rows.height:
            rows = rows.rechunk()
        answered = rows.lazy().with_columns(masks).collect(engine="in-memory")
        found = rows.lazy().select(values).collect(engine="in-memory")
    answers = dict(zip(asked, answered.get_columns()[rows.width :], strict=True))
    answers |= follow(rows, answers, following)
    value = found.row(0) if values else ()
    return _Seen(
        masks={slot: answers[need.question or slot] for slot, need in each.items()},
        merged=dict(zip(merged, value[: len(merged)], strict=True)),
        last=dict(zip(carried, value[len(merged) :], strict=True)),
        hashes={leader: rows.select(hashes).to_series() for leader, hashes in hashed.items()},
        tallies={
            slot: rows.select(need.values).to_series() for slot, need in needs.items() if isinstance(need, Tallied)
        },
    )


def _questions(needs: Mapping[Slot, Each]) -> dict[Hashable, Each]:
    """The first need of each question."""
    found: dict[Hashable, Each] = {}
    for slot, need in needs.items():
        found.setdefault(need.question or slot, need)
    return found
