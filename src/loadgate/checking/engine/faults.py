"""A metric that cannot be evaluated: enters a reason in words, leaves as an exception that names no row value."""

from __future__ import annotations

import re


class CannotEvaluateError(Exception):
    """A metric cannot be evaluated on this frame; `reason` is for people and never holds a value of a row."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NeedsEngineError(CannotEvaluateError):
    """Only GX's Validator, with this engine under it, can evaluate an expectation: it has metrics of its own."""


def missing_columns(names: list[str]) -> CannotEvaluateError:
    """Say which columns are missing, in the order in which they were asked for."""
    if len(names) == 1:
        return CannotEvaluateError(f"column {names[0]} is missing")
    return CannotEvaluateError(f"columns {', '.join(names)} are missing")


def missing_in(reason: str | None) -> frozenset[str]:
    """The columns that such a reason names, of this table or of another; none if it is another reason."""
    found = re.fullmatch(r"(?:in [^,]+, )?columns? (.+) (?:is|are) missing", reason or "", re.DOTALL)
    return frozenset(found[1].split(", ")) if found else frozenset()


def unusable_expression(error: Exception, *, columns: str) -> CannotEvaluateError:
    """Turn what Polars said about an expression, tried on no rows at all, into a reason.

    Only the first line is kept: with no rows it can hold names, types and content, but no values.
    """
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if first.startswith("regex"):
        return CannotEvaluateError(
            f"the pattern for {columns} cannot be used: "
            "it is malformed, or has look-around or back-references, which this engine does not have"
        )
    return CannotEvaluateError(f"the check does not fit {columns}: {first}")
