"""A dataset in; out, lines of its suite that can be asked of no table with its columns' types: tried on made rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, assert_never

from loadgate.checking.engine.outcomes import CheckState
from loadgate.checking.expectations.enough import TOO_FEW
from loadgate.checking.suites import to_gx_suite
from loadgate.model.expected import LATE_PARAMETERS, CodeList, Column, ColumnType, Dataset, ExpectationLine

if TYPE_CHECKING:
    import polars as pl

_TRIED: Final = ((1000, 8, 1000), (1000, 1, 1_000_000), (0, 1, 10))
"""Rows, how many different values each column has in them, and what a trailer tells."""
_PROVIDER: Final = "1"  # of a site that has none yet
_FIRST: Final = date(2024, 1, 1)


def unaskable(
    dataset: Dataset,
    *,
    code_lists: Sequence[CodeList],
    references: Mapping[str, Dataset],
    providers: Sequence[str],
    period: str,
) -> dict[str, str]:
    """Why a line could not run, by its key: those that could not on rows that differ, on equal ones and on none.

    So a line that only lacks rows, or enough of them, is not among them; nor is one that runs without its `where`,
    which no made row may meet. GX must take the lines' arguments. `references`: whose columns the other tables have.
    """
    parameters = {"providers": list(providers) or [_PROVIDER], "period": period}
    found: dict[str, str] = {}
    for part in (dataset.alone, dataset.crossing):
        lines = tuple(line.model_copy(update={"where": None}) for line in part.expectations)
        parts = (part, _with(part, lines)) if lines != part.expectations else (part,)
        suites = [to_gx_suite(one, code_lists, period) for one in parts if lines]
        reasons = [one for suite in suites for one in _reasons(part, suite, references, parameters)]
        for line, said in zip(part.expectations, zip(*reasons, strict=True), strict=True):
            if all(reason and not reason.startswith(TOO_FEW) for reason in said):
                found[line.key] = said[0]
    return found


def _with(dataset: Dataset, lines: tuple[ExpectationLine, ...]) -> Dataset:
    return dataset.model_copy(update={"expectations": lines})


def _reasons(
    dataset: Dataset, suite: Any, references: Mapping[str, Dataset], parameters: Mapping[str, object]
) -> Iterator[list[str]]:
    """Of each try, why each line could not run; empty where it could."""
    from loadgate.checking.engine.fast import compile_suite

    compiled = compile_suite(suite)
    looked_at = {line.reference for line in dataset.expectations if line.reference is not None}
    waits = any(line.waits for line in dataset.expectations)
    for rows, values, told in _TRIED:
        late = dict.fromkeys(LATE_PARAMETERS, told) if waits else {}
        others = {
            name: _made(references[name].columns, rows, values).lazy() for name in looked_at if name in references
        }
        frame = _made(dataset.columns, rows, values).lazy()
        outcomes = compiled.validate(frame, parameters={**parameters, **late}, references=others).outcomes
        yield [one.reason or "" if one.state is CheckState.COULD_NOT_RUN else "" for one in outcomes]


def _made(columns: Mapping[str, Column], rows: int, values: int) -> pl.DataFrame:
    """So many rows, with so many different values in each column."""
    import polars as pl

    from loadgate.reading.casting import dtype

    made = {name: [_value(column, row % values) for row in range(rows)] for name, column in columns.items()}
    return pl.DataFrame(made, schema={name: dtype(column) for name, column in columns.items()})


def _value(column: Column, number: int) -> object:
    match column.type:
        case ColumnType.TEXT:
            return str(number)
        case ColumnType.INTEGER:
            return number
        case ColumnType.DECIMAL:
            return Decimal(number)
        case ColumnType.BOOLEAN:
            return number % 2 == 0
        case ColumnType.DATE | ColumnType.WEEK:
            return _FIRST + timedelta(weeks=number)
        case ColumnType.TIMESTAMP:
            return datetime.combine(_FIRST + timedelta(weeks=number), time())
        case ColumnType.MONTH:
            return _FIRST.replace(month=1 + number)
        case ColumnType.QUARTER:
            return date(_FIRST.year + number // 4, 1 + number % 4 * 3, 1)
        case ColumnType.YEAR:
            return _FIRST.replace(year=_FIRST.year + number)
        case _:
            assert_never(column.type)
