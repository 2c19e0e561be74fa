"""Closed words of the COMPARISONS table: what became of a value since the prior vintage, how it meets a control."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Of a figure's cell against the prior vintage. Only the first two have a value on both sides."""

    SAME = "same"
    RESTATED = "restated"  # the value differs
    APPEARED = "appeared"  # no cell before, though its reference period was measured
    GONE = "gone"  # a cell before, none now, though its reference period is measured
    NEW = "new"  # a reference period that the prior vintage does not have
    DROPPED = "dropped"  # a reference period that this run does not have
    ABSENT = "absent"  # nothing of the figure came from this provider


class Agreement(StrEnum):
    """How a value meets its control figure."""

    AGREE = "agree"  # within the minimal limit: fit for benchmarking
    MINIMAL = "minimal"  # beyond the minimal limit, not beyond the substantial one
    SUBSTANTIAL = "substantial"  # beyond the substantial limit: the provider is brought in
    NOT_APPLICABLE = "not_applicable"  # nothing to compare with, or a provider of the sum is missing
