"""Two numbers of rows enter; leaves nothing, or the reason why they are too few to compare."""

from __future__ import annotations

from typing import Final

from loadgate.checking.engine.faults import CannotEvaluateError

TOO_FEW: Final = "too few rows to compare"


def refuse_too_few(now: int, before: int, *, minimum: int) -> None:
    """Raises: CannotEvaluateError beginning with TOO_FEW."""
    if min(now, before) < minimum:
        raise CannotEvaluateError(f"{TOO_FEW}: {now}, and {before} there; at least {minimum} are needed")
