"""The arguments of a suite's line in; out, those that GX takes: code lists become values, written conditions GX's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loadgate.model.conditions import read
from loadgate.model.expected import CodeList, ColumnType, Dataset, ExpectationLine
from loadgate.model.period import Period

_SPANS = (ColumnType.WEEK, ColumnType.MONTH, ColumnType.QUARTER, ColumnType.YEAR)


def gx_arguments(
    line: ExpectationLine, dataset: Dataset, code_lists: Sequence[CodeList], period: str
) -> dict[str, Any]:
    """Arguments of the line's expectation.

    A code list beside a `date_column` becomes `codes` with their days, held against each row's own; else `value_set`,
    the codes that are valid on some day of the period. A `date_column` of type week, month, quarter or year covers what
    its type says, unless `date_covers` says otherwise.
    """
    from loadgate.checking.conditions import to_gx

    kwargs: dict[str, Any] = dict(line.kwargs)
    column = dataset.columns.get(str(kwargs.get("date_column")))
    if column is not None and column.type in _SPANS and "codes" not in kwargs:
        kwargs.setdefault("date_covers", column.type.value)
    if "code_list" in kwargs:
        codes = {one.name: one for one in code_lists}[str(kwargs.pop("code_list"))]
        if "date_column" in kwargs:
            kwargs["codes"] = dated_codes(codes)
        else:
            kwargs["value_set"] = valid_codes(codes, period)
    for name in ("when", "then"):
        if isinstance(kwargs.get(name), Mapping):
            kwargs[name] = to_gx(read(kwargs[name]))
    return kwargs


def dated_codes(code_list: CodeList) -> list[list[str | None]]:
    """Every code with the first and last day on which it is valid, or none."""
    return [
        [code, *(None if day is None else day.isoformat() for day in (facts.valid_from, facts.valid_to))]
        for code, facts in code_list.codes.items()
    ]


def valid_codes(code_list: CodeList, period: str) -> list[str]:
    """Codes that are valid on some day of the period."""
    span = Period.parse(period)
    return [
        code
        for code, facts in code_list.codes.items()
        if (facts.valid_from is None or facts.valid_from < span.end)
        and (facts.valid_to is None or facts.valid_to >= span.start)
    ]
