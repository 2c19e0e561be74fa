"""Metrics and a schema enter; leaves what a pass has to find out, per set of columns with failed casts.

Only batches with failed casts in a column pay for telling "unknown" from "false" there: for each set of such columns
that occurs, the metrics are compiled anew, once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, assert_never

from loadgate.checking.engine.faults import CannotEvaluateError, arguments_fit
from loadgate.checking.engine.implied import Implied, implied
from loadgate.checking.engine.needs import Each, Hashed, Merged, Need, Question, Reduction, Tallied, Whole
from loadgate.checking.engine.passes import preflight
from loadgate.checking.engine.samples import Sample

if TYPE_CHECKING:
    import polars as pl

Slot = tuple[Hashable, int]
"""A metric's id and the place of one of its needs: where its answer is kept."""
FAILING = -1
"""The place of a sample's own need: how many rows it would be taken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A metric that needs no row."""

    value: Any


Compiled = Reduction | Sample | Known


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Metrics compiled for one set of columns with failed casts; a metric with a reason has nothing else.

    `missing` are the columns that a metric lacks, if that is the reason.
    """

    known: Mapping[Hashable, Any]
    reductions: Mapping[Hashable, Reduction]
    samples: Mapping[Hashable, Sample]
    reasons: Mapping[Hashable, str]
    missing: Mapping[Hashable, tuple[str, ...]]
    needs: Mapping[Slot, Need]

    @cached_property
    def implied(self) -> Mapping[Question, Implied]:
        """The questions whose answers follow from others. It takes longer to know than a few rows to ask."""
        asked = (need.question for need in self.needs.values() if isinstance(need, Each))
        return implied(question for question in asked if question is not None)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Metrics to compute over frames with one schema; `flags` say, per column, where a value failed to cast.

    `compile_one` compiles a metric by its id against a set of flags, and raises CannotEvaluateError.
    """

    metrics: tuple[Hashable, ...]
    schema: Mapping[str, pl.DataType]
    flags: Mapping[str, pl.Expr]
    compile_one: Callable[[Hashable, Mapping[str, pl.Expr]], Compiled]
    _variants: dict[frozenset[str], Variant] = field(default_factory=dict)

    def variant(self, up: frozenset[str]) -> Variant:
        """The metrics as compiled for failed casts in these columns only."""
        if up not in self._variants:
            self._variants[up] = self._compiled({column: self.flags[column] for column in self.flags if column in up})
        return self._variants[up]

    def up(self, batch: pl.DataFrame, among: Iterable[str] | None = None) -> frozenset[str]:
        """The columns with failed casts in a batch; `among` which ones to look, None is all that have a flag."""
        looked = self.flags if among is None else {column: self.flags[column] for column in among}
        if not looked:
            return frozenset()
        found = batch.select(flag.any().alias(column) for column, flag in looked.items())
        return frozenset(column for column, is_up in found.row(0, named=True).items() if is_up)

    @cached_property
    def columns(self) -> list[str] | None:
        """The columns that the one pass reads; None if that cannot be told."""
        variant = self.variant(frozenset(self.flags))
        plain = self.variant(frozenset())
        needs = [*variant.needs.values(), *plain.needs.values()]
        expressions = [one for need in needs if not isinstance(need, Whole) for one in expressions_of(need)]
        shown = [sample.reads for sample in self.taken.values()]
        if any(one.meta.has_multiple_outputs() for one in expressions) or None in shown:
            return None
        read = {name for one in (*expressions, *self.flags.values()) for name in one.meta.root_names()}
        read.update(*filter(None, shown))
        return [name for name in self.schema if name in read]

    def apart(self) -> list[Plan]:
        """Plans of the metrics that need the same columns, for frames of which some cannot be read."""
        groups: dict[frozenset[str], list[Hashable]] = {}
        for metric in self.metrics:
            groups.setdefault(frozenset(replace(self, metrics=(metric,), _variants={}).columns or ()), []).append(
                metric
            )
        return [replace(self, metrics=tuple(group), _variants={}) for group in groups.values()]

    @cached_property
    def reads_batches(self) -> bool:
        """Whether anything is asked of the batches at all, be it where casts failed."""
        return bool(self.flags) or any(not isinstance(need, Whole) for need in self.variant(frozenset()).needs.values())

    @cached_property
    def in_order(self) -> bool:
        """Whether batches have to come in the frame's order."""
        return self.carries or bool(self.taken)

    @cached_property
    def carries(self) -> bool:
        """Whether a batch has to see the last value of the one before."""
        return any(isinstance(need, Each) and need.carried for need in self.variant(frozenset()).needs.values())

    @cached_property
    def taken(self) -> Mapping[Hashable, Sample]:
        """The samples that are taken as the rows pass by; others take a second look."""
        return {metric: one for metric, one in self.variant(frozenset()).samples.items() if one.alone}

    @cached_property
    def shared(self) -> Mapping[Slot, Slot]:
        """Per need of hashes the first need of the very same ones."""
        first: dict[Slot, Slot] = {}
        leaders: list[tuple[Slot, pl.Expr]] = []
        for slot, need in self.variant(frozenset()).needs.items():
            if isinstance(need, Hashed):
                hashes = need.hashes()
                first[slot] = next((leader for leader, other in leaders if other.meta.eq(hashes)), slot)
                if first[slot] == slot:
                    leaders.append((slot, hashes))
        return first

    def _compiled(self, flags: Mapping[str, pl.Expr]) -> Variant:
        known: dict[Hashable, Any] = {}
        reductions: dict[Hashable, Reduction] = {}
        samples: dict[Hashable, Sample] = {}
        reasons: dict[Hashable, str] = {}
        missing: dict[Hashable, tuple[str, ...]] = {}
        for metric in self.metrics:
            try:
                with arguments_fit():
                    compiled = self.compile_one(metric, flags)
                match compiled:
                    case Reduction() as reduction:
                        reductions[metric] = reduction
                    case Sample() as sample:
                        samples[metric] = sample
                    case Known(value=value):
                        known[metric] = value
            except CannotEvaluateError as fault:
                reasons[metric] = fault.reason
                missing[metric] = fault.missing
        needs: dict[Slot, Need] = {
            (metric, place): need for metric, one in reductions.items() for place, need in enumerate(one.needs)
        }
        needs |= {(metric, FAILING): one.failing for metric, one in samples.items() if one.failing is not None}
        reasons |= self._spoilt(needs, samples)
        return Variant(
            known=known,
            reductions={metric: one for metric, one in reductions.items() if metric not in reasons},
            samples={metric: one for metric, one in samples.items() if metric not in reasons},
            reasons=reasons,
            missing=missing,
            needs={slot: need for slot, need in needs.items() if slot[0] not in reasons},
        )

    def _spoilt(self, needs: Mapping[Slot, Need], samples: Mapping[Hashable, Sample]) -> dict[Hashable, str]:
        """Try everything on no rows, so that one bad pattern or type spoils nothing else."""
        whole = {metric: one.mask.sum() for metric, one in samples.items() if one.failing is None}
        carried = [need.carried for need in needs.values() if isinstance(need, Each) and need.carried is not None]
        schema = dict(self.schema) | {one.name: one.dtype for one in carried}
        tried: dict[tuple[Slot, int], pl.Expr] = {
            (slot, index): expression if isinstance(need, Merged | Whole) else expression.max()
            for slot, need in needs.items()
            for index, expression in enumerate(expressions_of(need))
        }
        tried |= {((metric, FAILING), 0): mask for metric, mask in whole.items()}
        found = preflight(schema, tried)
        return {slot[0]: reason for (slot, _), reason in found.items()}


def expressions_of(need: Need) -> tuple[pl.Expr, ...]:
    """List what a need evaluates."""
    match need:
        case Each(mask=mask, carried=carried):
            return (mask,) if carried is None else (mask, carried.last)
        case Merged(expr=expr) | Whole(expr=expr):
            return (expr,)
        case Hashed():
            return (need.hashes(),)
        case Tallied(values=values):
            return (values,)
        case _:
            assert_never(need)
