"""A regex as GX's users write it, in Python's dialect, enters; leaves its equal for Polars, or a test in Python.

What the two read differently, and Polars would take without a word, is rewritten, or refused where it has no equal.
What Polars does not read at all, look-around for one, is left to Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from loadgate.checking.engine.faults import CannotEvaluateError

_PART: Final = re.compile(
    r"""(?P<refused> \(\?[a-zA-Z-]*[xR] | \\b\{[a-z] | (?:[*+?]|\{\d+(?:,\d*)?\})(?:[*+]|\{\d) )
        | (?P<set> \[\^?\]?(?:\\.|[^\]\\])*\] )
        | (?P<escaped> \\[pPux]\{[^{}]*\} | \\. )
        | (?P<brace> \{(?![0-9]+(?:,[0-9]*)?\}|,[0-9]*\}) )""",
    re.VERBOSE | re.DOTALL,
)
_IN_SET: Final = re.compile(r"(?P<refused>\[:|--)|(?P<escaped>\\.)|(?P<sign>\[|&&|~~)", re.DOTALL)
_WORD: Final = r"\p{L}_\p{N}"  # Python's idea of a word: no marks, but raised figures too
_OUTSIDE: Final = {r"\<": "<", r"\>": ">", r"\w": f"[{_WORD}]", r"\W": f"[^{_WORD}]"}
_INSIDE: Final = {**_OUTSIDE, r"\w": _WORD}


@lru_cache(maxsize=256)
def polars_pattern(pattern: str) -> str | None:
    r"""Write a regex of Python for Polars: \< is a sign there and no edge of a word, and sets know no `&&`.

    A brace that counts nothing is one: for Polars `{ 2}` is a number of times, too. None if Polars does not read it.

    Raises: CannotEvaluateError if it holds what Python reads differently, or not at all.
    """
    import polars as pl

    written = _PART.sub(_rewritten, pattern)
    try:
        pl.Series([""]).str.contains(written)
    except pl.exceptions.PolarsError:
        return None
    return written


def python_test(
    pattern: str, *, columns: str, how: Literal["search", "match", "fullmatch"] = "search"
) -> Callable[[str], bool]:
    """A regex as a test of one text. Raises: CannotEvaluateError if Python does not read it either."""
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        raise CannotEvaluateError(f"the pattern for {columns} is malformed") from None
    ask = getattr(compiled, how)
    return lambda text: ask(text) is not None


def _rewritten(part: re.Match[str]) -> str:
    if part["refused"]:
        raise _refusal(part["refused"])
    if part["escaped"]:
        return _OUTSIDE.get(part["escaped"], part["escaped"])
    if part["brace"]:
        return r"\{"
    inner = part["set"][1:-1]
    negated = inner[: inner.startswith("^")]
    first = "\\" if inner[len(negated) :].startswith("]") else ""  # before `-` it begins a range in Python only
    return f"[{negated}{first}{_IN_SET.sub(_rewritten_in_set, inner[len(negated) :])}]"


def _rewritten_in_set(part: re.Match[str]) -> str:
    if part["refused"]:
        raise _refusal(part["refused"])
    if part["escaped"]:
        return _INSIDE.get(part["escaped"], part["escaped"])
    return "".join(f"\\{sign}" for sign in part["sign"])


def _refusal(construct: str) -> CannotEvaluateError:
    return CannotEvaluateError(f"its pattern has {construct}, which Python and this engine read differently")
