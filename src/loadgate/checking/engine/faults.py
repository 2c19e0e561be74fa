"""A metric that cannot be evaluated: enters a reason in words, leaves as an exception that names no row value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class CannotEvaluateError(Exception):
    """A metric cannot be evaluated on this frame; `reason` is for people and never holds a value of a row.

    `missing` are the columns, of this table or of another, without which it cannot be, if that is the reason.
    """

    def __init__(self, reason: str, *, missing: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = tuple(missing)


class NeedsEngineError(CannotEvaluateError):
    """Only GX's Validator, with this engine under it, can evaluate an expectation: it has metrics of its own."""


def missing_columns(names: list[str]) -> CannotEvaluateError:
    """Say which columns are missing, in the order in which they were asked for."""
    named = f"column {names[0]} is" if len(names) == 1 else f"columns {', '.join(names)} are"
    return CannotEvaluateError(f"{named} missing", missing=names)


def not_here(why: str) -> CannotEvaluateError:
    """Say why one frame, and no other table or query, is not enough."""
    return CannotEvaluateError(f"cannot be evaluated here, because {why}")


def unusable_expression(error: BaseException, *, columns: str) -> CannotEvaluateError:
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


@contextmanager
def arguments_fit() -> Iterator[None]:
    """What arguments make Python or Polars raise becomes a reason, so that one odd argument spoils its own check only.

    The text is not kept: arguments may come from data.
    """
    try:
        yield
    except CannotEvaluateError:
        raise
    except Exception as error:  # whatever a value that nobody thought of leads to
        raise CannotEvaluateError(f"its arguments do not fit the table ({type(error).__name__})") from None
