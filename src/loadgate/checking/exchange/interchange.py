"""A dataset's suite in; out, GX's own JSON of it, which GX loads. Reading it back is `importing`.

What only we know (code lists, conditions as written, columns, rules, shadow) travels in `meta.loadgate`, sealed with
a hash of GX's arguments: where somebody changed those in between, GX's arguments count, and that is said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from loadgate.model.expected import CodeList, ColumnType, Dataset, ExpectationLine
from loadgate.model.identity import sha256

FORMAT = 1
OURS = "loadgate"  # the key in GX's meta


def export_suite(dataset: Dataset, code_lists: Sequence[CodeList], period: str) -> dict[str, Any]:
    """GX's JSON: `ExpectationSuite(**exported)` loads it. Code lists as they are valid in the period."""
    from loadgate.checking.suites import to_gx_suite

    exported: dict[str, Any] = to_gx_suite(dataset, code_lists, period).to_json_dict()
    facts = _coded(dataset.model_dump(by_alias=True, exclude_defaults=True, exclude={"expectations"}))
    exported["meta"] = {**exported["meta"], OURS: {"format": FORMAT, "period": period, "suite": facts}}
    for written, line in zip(exported["expectations"], dataset.expectations, strict=True):
        written["severity"] = (
            line.severity.value
        )  # GX leaves out what its class says anyway, and reads that as critical
        written["kwargs"] |= _moments(line, dataset)
        own = line.model_dump(by_alias=True, exclude_defaults=True, exclude={"type", "kwargs", "severity", "reason"})
        if _as_gx_has_it(line.kwargs) != without_condition(written["kwargs"]):
            own["kwargs"] = line.kwargs
        if own:
            own["sealed"] = seal(written["kwargs"])
            written["meta"] = {**written["meta"], OURS: _coded(own)}
    plain: dict[str, Any] = json.loads(json.dumps(exported))
    return plain


def _moments(line: ExpectationLine, dataset: Dataset) -> dict[str, Any]:
    """Days that a column of moments is compared with, as the moments when they begin: pandas compares no others."""
    column = dataset.columns.get(str(line.kwargs.get("column")))
    if column is None or column.type is not ColumnType.TIMESTAMP:
        return {}

    def moment(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [moment(part) for part in value]
        return f"{value.isoformat()}T00:00:00" if isinstance(value, date) else value

    found = {name: moment(value) for name, value in line.kwargs.items()}
    return {name: value for name, value in found.items() if value != line.kwargs[name]}


def _as_gx_has_it(kwargs: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(kwargs, default=lambda value: value.isoformat()))


def without_condition(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in ("row_condition", "condition_parser")}


def seal(kwargs: Mapping[str, Any]) -> str:
    return sha256(json.dumps(kwargs, sort_keys=True).encode())


def _coded(value: Any) -> Any:
    """Dates as `{"$date": …}`: JSON knows none, and text is something else."""
    match value:
        case date():
            return {"$date": value.isoformat()}
        case Mapping():
            return {str(name): _coded(part) for name, part in value.items()}
        case list() | tuple():
            return [_coded(part) for part in value]
        case _:
            return value


def decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$date"} and isinstance(value["$date"], str):
            return _as_day(value["$date"])
        return {name: decoded(part) for name, part in value.items()}
    return [decoded(part) for part in value] if isinstance(value, list) else value


def _as_day(text: str) -> object:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
