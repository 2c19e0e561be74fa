"""What GX wrote of a suite, as plain values, in; out, its lines as ours, and what of it has no place here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loadgate.checking.engine.written_conditions import PARSERS
from loadgate.checking.exchange.imported_conditions import CannotSayError, condition_of
from loadgate.checking.exchange.interchange import FORMAT, OURS, decoded, seal, without_condition
from loadgate.model.expected import Column, ColumnType, ExpectationLine
from loadgate.model.kinds import Severity

NO_REASON = "Imported; its author gave no reason."
_GX_DEFAULT = Severity.CRITICAL  # what GX takes where a suite says nothing
_SETTINGS = frozenset(("batch_id", "result_format", "catch_exceptions", "include_config"))
_PARSES = "parse_strings_as_datetimes"
_OF_A_LINE = frozenset(
    ("type", "expectation_type", "kwargs", "meta", "severity", "notes", "description", "id", "ge_cloud_id")
)
_OF_NOTES = frozenset(("format", "content"))
_DROPPED = frozenset(("rendered_content", "success_on_last_run", "expectation_context"))  # what GX made, not the author
_OF_A_SUITE = frozenset(
    ("name", "expectation_suite_name", "expectations", "meta", "notes", "id", "ge_cloud_id", "data_asset_type")
)
_PARAMETERS = ("evaluation_parameters", "suite_parameters")
_COMPARE = "compare with values, or make a column of it"
_DAYS = (ColumnType.DATE, ColumnType.WEEK, ColumnType.MONTH, ColumnType.QUARTER, ColumnType.YEAR)
_OF_COUNTS = frozenset(  # whose limits are no values of the column
    (
        "expect_column_value_lengths_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_proportion_of_non_null_values_to_be_between",
    )
)
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What of a GX suite has no place in ours, by its path in the JSON."""

    path: Path
    found: str
    expected: str
    fix: str


@dataclass(slots=True, kw_only=True)
class Imported:
    """`lines` with their place in the JSON. `given`: our own facts of the suite, if it was exported by us.

    `remarks` by place: what is kept as a comment. `notes`: what was understood, or left out on purpose.
    """

    name: str
    given: dict[str, Any] = field(default_factory=dict)
    lines: list[tuple[int, ExpectationLine]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: dict[int, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def problem(self, path: Path, *, found: str, expected: str, fix: str) -> None:
        self.problems.append(Problem(path=path, found=found, expected=expected, fix=fix))


def import_suite(plain: object) -> Imported:
    """Read GX's JSON, of GX 1 or of 0.18. Whether arguments fit their expectation is for the catalogue to say."""
    found = Imported(name="")
    if not isinstance(plain, dict) or not isinstance(plain.get("expectations"), list):
        found.problem((), found="no list of expectations", expected="the JSON of a GX suite", fix="export it from GX")
        return found
    name = plain.get("name", plain.get("expectation_suite_name", ""))
    found.name = name if isinstance(name, str) else ""
    _suite_facts(plain, found)
    for place, line in enumerate(plain["expectations"]):
        _add_line(place, line, found)
    _with_own_ids(found)
    return found


def _suite_facts(plain: dict[str, Any], found: Imported) -> None:
    meta = plain.get("meta") or {}
    ours = meta.get(OURS) if isinstance(meta, dict) else None
    if isinstance(ours, dict):
        if ours.get("format") != FORMAT or not isinstance(ours.get("suite"), dict):
            found.problem(
                ("meta", OURS), found="another form", expected=f"format {FORMAT}", fix="take it out, or export it anew"
            )
        else:
            found.given = decoded(ours["suite"])
    for key in plain:
        if key in _PARAMETERS and plain[key]:
            found.problem(
                (key,),
                found="values of parameters",
                expected="none: a run gives period and providers",
                fix="write the values where they are used",
            )
        elif key not in _OF_A_SUITE and key not in _PARAMETERS:
            found.problem((key,), found="an unknown key", expected="the JSON of a GX suite", fix="take it out")
    if "expectation_suite_name" in plain:
        found.note("the suite is in the form of GX 0.18")
    others = {name: part for name, part in meta.items() if name != OURS} if isinstance(ours, dict) else meta
    for key, value in (("notes", plain.get("notes")), ("meta", others), ("id", _id_of(plain))):
        if value:
            found.head.append(f"{key} in GX: {json.dumps(value)}")


def _id_of(plain: Mapping[str, Any]) -> object:
    return plain.get("id") or plain.get("ge_cloud_id")


def _add_line(place: int, line: object, found: Imported) -> None:
    here: Path = ("expectations", place)
    before = len(found.problems)
    if not isinstance(line, dict):
        found.problem(here, found="no object", expected="an expectation", fix="take it out")
        return
    old, new = line.get("expectation_type"), line.get("type")
    kind = new if new is not None else old
    kwargs = line.get("kwargs", {})
    if not isinstance(kind, str) or (old is not None and new is not None and old != new):
        found.problem(here, found="no type, or two", expected="one type", fix="write type: …")
    if not isinstance(kwargs, dict):
        found.problem((*here, "kwargs"), found="no object", expected="arguments by name", fix="write them so")
    for key in line:
        if key not in _OF_A_LINE and key not in _DROPPED:
            found.problem((*here, key), found="an unknown key", expected="what GX writes", fix="take it out")
    severity = _severity(line, here, found)
    if old is not None:
        found.note("expectation_type, as in GX 0.18, was read as type")
    if len(found.problems) > before or not isinstance(kind, str):
        return
    remarks: list[str] = []
    own = _own(line, kwargs, remarks)
    written, where = _arguments(kwargs, own, here, found)
    if len(found.problems) > before:
        return
    try:
        read = ExpectationLine.model_validate(
            {
                **{name: part for name, part in own.items() if name not in ("kwargs", "sealed", "where")},
                "type": kind,
                "kwargs": written,
                "severity": severity,
                "where": where,
                "reason": _reason(line, remarks, exported=bool(found.given)),
            }
        )
    except ValueError:
        found.problem(
            (*here, "meta", OURS), found="facts that no line of a suite has", expected="ours", fix="take them out"
        )
        return
    found.lines.append((place, read))
    if remarks:
        found.remarks[place] = remarks


def _severity(line: Mapping[str, Any], here: Path, found: Imported) -> Severity:
    value = line.get("severity")
    if value is None:
        found.note("where no severity stands, it is critical, as GX takes it")
        return _GX_DEFAULT
    if value not in list(Severity):
        expected = f"one of {', '.join(Severity)}"
        found.problem((*here, "severity"), found=json.dumps(value), expected=expected, fix="write one of these")
        return _GX_DEFAULT
    return Severity(value)


def _own(line: Mapping[str, Any], kwargs: Mapping[str, Any], remarks: list[str]) -> dict[str, Any]:
    """What we once wrote of this line; without what GX's arguments say since, if they were changed."""
    meta = line.get("meta")
    given = meta.get(OURS) if isinstance(meta, dict) else None
    if not isinstance(given, dict):
        return {}
    own: dict[str, Any] = decoded(given)
    if own.get("sealed") != seal(kwargs) or not isinstance(own.get("kwargs", {}), dict):
        dropped = [name for name in ("kwargs", "where") if own.pop(name, None) is not None]
        if dropped:
            remarks.append("changed since it was exported: code lists and conditions are those that GX had")
    return own


def _arguments(
    kwargs: Mapping[str, Any], own: Mapping[str, Any], here: Path, found: Imported
) -> tuple[dict[str, Any], Any]:
    """Arguments, and the condition on rows, which stands beside them in a suite of ours."""
    written = without_condition(own.get("kwargs", kwargs))
    for name in _SETTINGS & set(written):
        del written[name]
        found.note(f"{name} is left out: it is a setting of a run, not of a suite")
    if _PARSES in written and not written[_PARSES]:
        del written[_PARSES]
        found.note(f"{_PARSES}, as in GX 0.18, is left out where it is false: GX 1 parses no texts as days")
    if "where" in own:
        return written, own["where"]
    parser = kwargs.get("condition_parser")
    try:
        return written, condition_of(kwargs.get("row_condition"), parser=parser if isinstance(parser, str) else None)
    except CannotSayError as fault:
        unread = isinstance(kwargs.get("row_condition"), str) and parser not in PARSERS
        fix = "write it as pandas' query language has it, and name pandas" if unread else _COMPARE
        found.problem(
            (*here, "kwargs", "row_condition"),
            found=str(fault),
            expected="comparisons of a column with values, joined by and, or, not",
            fix=fix,
        )
        return written, None


def _reason(line: Mapping[str, Any], remarks: list[str], *, exported: bool) -> str:
    """Description and notes; what of them is no text, and all other meta, is kept as a comment."""
    meta = line.get("meta")
    meta = dict(meta) if isinstance(meta, dict) else {"meta": meta} if meta else {}
    if isinstance(meta.get(OURS), dict):
        del meta[OURS]
    check = meta.pop("check", None) if exported else None
    said = []
    for holder, name in ((meta, "reason"), (line, "description"), (line, "notes"), (meta, "notes")):
        said += _texts(holder.get(name))
        if holder is meta and _is_text(meta.get(name)):
            meta.pop(name, None)
        elif holder is line and not _is_text(line.get(name)):
            remarks.append(f"{name} in GX: {json.dumps(line[name])}")
    if meta:
        remarks.append(f"meta in GX: {json.dumps(meta)}")
    if check is None and (number := _id_of(line)):
        remarks.append(f"id in GX: {json.dumps(number)}")
    return " ".join(dict.fromkeys(said)) or NO_REASON


def _is_text(value: object) -> bool:
    """Whether its texts are all of it."""
    if isinstance(value, dict):
        return set(value) <= _OF_NOTES and _is_text(value.get("content"))
    return value is None or all(isinstance(part, str) for part in (value if isinstance(value, list) else [value]))


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):  # GX 0.18: {"format": "markdown", "content": […]}
        value = value.get("content")
    parts = value if isinstance(value, list) else [value]
    return [text for part in parts if isinstance(part, str) and (text := " ".join(part.split()))]


def _with_own_ids(found: Imported) -> None:
    """A line whose key another has too gets an id: the same one at every import of the same suite."""
    taken = {line.key for _, line in found.lines}
    seen: set[str] = set()
    for at, (place, line) in enumerate(found.lines):
        if line.key in seen:
            number = 2
            while f"{line.key}_{number}" in taken:
                number += 1
            line = line.model_copy(update={"id": f"{line.key}_{number}"})  # noqa: PLW2901
            taken.add(line.key)
            found.lines[at] = (place, line)
        seen.add(line.key)


def fit_values(line: ExpectationLine, columns: Mapping[str, Column]) -> ExpectationLine:
    """The line with the values that its columns have: GX's JSON has text for a date, and 5.0 for a limit of 5."""
    kwargs = dict(line.kwargs)
    if (column := columns.get(str(kwargs.get("column")))) is not None and line.type not in _OF_COUNTS:
        for name in ("min_value", "max_value", "value_set"):
            if name in kwargs:
                kwargs[name] = _fitted(kwargs[name], column.type)
    if line.where is None:
        return line.model_copy(update={"kwargs": kwargs})
    where = _fitted_condition(line.where.model_dump(by_alias=True, exclude_none=True), columns)
    return ExpectationLine.model_validate({**line.model_dump(by_alias=True), "kwargs": kwargs, "where": where})


def _fitted_condition(condition: Any, columns: Mapping[str, Column]) -> Any:
    if isinstance(condition, list | tuple):
        return [_fitted_condition(part, columns) for part in condition]
    if not isinstance(condition, dict):
        return condition
    column = columns.get(str(condition.get("column")))
    if column is None:
        return {name: _fitted_condition(part, columns) for name, part in condition.items()}
    values = ("value", "among", "not_among")
    return {name: _fitted(part, column.type) if name in values else part for name, part in condition.items()}


def _fitted(value: Any, kind: ColumnType) -> Any:
    if isinstance(value, list | tuple):
        return [_fitted(part, kind) for part in value]
    if isinstance(value, float) and kind is ColumnType.INTEGER and value.is_integer():
        return int(value)
    if not isinstance(value, str) or kind not in (*_DAYS, ColumnType.TIMESTAMP):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.date() if moment.time() == datetime.min.time() and moment.tzinfo is None else value
