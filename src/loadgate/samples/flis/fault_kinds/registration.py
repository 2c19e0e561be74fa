"""Faults of what was registered: codes, class types, rows that stand there twice, amounts with the other sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.model.conditions import All, Compare, to_polars
from loadgate.samples.flis.fault_kinds import suites
from loadgate.samples.flis.fault_kinds.frames import at_least_one, multiplied, put
from loadgate.samples.flis.fault_kinds.kind import each, made, needed
from loadgate.samples.flis.fault_kinds.places import Place, summed
from loadgate.samples.flis.fault_kinds.planted import VALUES, Planted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from loadgate.model.conditions import Condition
    from loadgate.model.deliveries import ExpectedDelivery
    from loadgate.model.expected import ExpectationLine
    from loadgate.samples.flis.fault_kinds.planted import RowsHook


def fails(kind: str, place: Place, line: ExpectationLine, rows: RowsHook, *, size: float | None = None) -> Planted:
    """A fault of rows that one line of the suite must see; it moves figures too."""
    check = place.dataset.check_id(line)
    return made(
        kind,
        place,
        size=size,
        expected=each("checking.failed", place.scopes(), check=check),
        grips=(VALUES, check),
        rows=rows,
    )


# ── codes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _code_line(place: Place) -> ExpectationLine | None:
    """A line that no registered error is about, where there is one."""
    known = {error.check for error in place.site.known_errors}
    lines = suites.coded(place.dataset)
    return min(lines, key=lambda line: place.dataset.check_id(line) in known, default=None)


def _text_line(place: Place) -> ExpectationLine | None:
    """Where people write text: the line that a registered error is about, if there is one."""
    known = {error.check for error in place.site.known_errors}
    lines = suites.coded(place.dataset)
    return min(lines, key=lambda line: place.dataset.check_id(line) not in known, default=None)


def fits_code(place: Place, _size: float) -> str | None:
    return None if _code_line(place) else "its suite holds no text column to a list of codes"


def code_out_of_list(place: Place, size: float) -> Planted:
    line = needed(_code_line(place))
    return fails("code_out_of_list", place, line, _strange(place, line, size, free=False), size=size)


def free_text(place: Place, size: float) -> Planted:
    line = needed(_text_line(place))
    return fails("free_text", place, line, _strange(place, line, size, free=True), size=size)


def _strange(place: Place, line: ExpectationLine, size: float, *, free: bool) -> RowsHook:
    column = suites.column_of(line)
    value = suites.strange(place.site, line, place.spec, free=free)

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider):
            return frame
        return put(frame, at_least_one(frame, pl.col(column).is_not_null(), size, rng), column, pl.lit(value))

    return rows


# ── class types ────────────────────────────────────────────────────────────────────────────────────────────────

CLASS_TYPE = "class_type"


def fits_class_type_empty(place: Place, _size: float) -> str | None:
    if suites.not_null(place.dataset, CLASS_TYPE) is None:
        return "it has no class type that must be there; it fits the datasets of school whose suite asks for one"
    return None


def class_type_empty(place: Place, size: float) -> Planted:
    line = needed(suites.not_null(place.dataset, CLASS_TYPE))

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider):
            return frame
        asked = pl.lit(True) if line.where is None else to_polars(line.where)
        return put(frame, at_least_one(frame, asked, size, rng), CLASS_TYPE, pl.lit(None))

    return fails("class_type_empty", place, line, rows, size=size)


def fits_special_school(place: Place, _size: float) -> str | None:
    if suites.special(place.dataset) is None:
        return "its suite has no rule for special schools; it fits the datasets of school that have one"
    return None


def special_school_normal(place: Place, _size: float) -> Planted:
    line = needed(suites.special(place.dataset))
    where = line.where
    if where is None:
        raise ValueError("a rule for special schools asks of which schools")
    value = (*suites.other_codes(place.site, place.dataset, line), "N")[0]
    asked = to_polars(where)
    wanted = _equal(where)

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider) or frame.is_empty():
            return frame
        if not frame.select(asked.fill_null(False).any()).item():  # no special school here: one school becomes it
            school = frame["school"].min()
            for column, code in wanted.items():
                frame = put(frame, frame["school"] == school, column, pl.lit(code))
        return put(frame, frame.select(asked.fill_null(False)).to_series(), CLASS_TYPE, pl.lit(value))

    return fails("special_school_normal", place, line, rows)


def _equal(condition: Condition) -> dict[str, object]:
    """What must be equal to what for the condition to hold, as far as it says so."""
    if isinstance(condition, Compare) and condition.op == "equal":
        return {condition.column: condition.value}
    if isinstance(condition, All):
        return {column: value for one in condition.all for column, value in _equal(one).items()}
    return {}


# ── rows and signs ─────────────────────────────────────────────────────────────────────────────────────────────


def fits_rows_doubled(place: Place, _size: float) -> str | None:
    return None if suites.unique(place.dataset) else "its suite has no line that wants a key to be unique"


def rows_doubled(place: Place, size: float) -> Planted:
    line = needed(suites.unique(place.dataset))

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider):
            return frame
        twice = at_least_one(frame, pl.lit(True), size, rng)
        return pl.concat([frame, frame.filter(twice)])

    return fails("rows_doubled", place, line, rows, size=size)


def _bounded(place: Place) -> ExpectationLine | None:
    """A line that lets no number be negative of a column that figures add up."""
    added = summed(place.site, place.dataset)
    for line in suites.lines_of(place.dataset, suites.BETWEEN):
        bound = suites.lower_bound(line)
        if bound is not None and bound >= 0 and line.where is None and suites.column_of(line) in added:
            return line
    return None


def fits_sign_flipped(place: Place, _size: float) -> str | None:
    return None if _bounded(place) else "its suite lets every number be negative; it fits those that want zero or more"


def sign_flipped(place: Place, _size: float) -> Planted:
    line = needed(_bounded(place))
    column = suites.column_of(line)

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        return multiplied(frame, column, -1, pl.lit(True)) if place.has(provider) else frame

    return fails("sign_flipped", place, line, rows)
