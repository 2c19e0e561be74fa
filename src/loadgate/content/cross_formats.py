"""Records of fixed-width files, trailers and workbooks: faults between a delivery's format, its columns and dataset."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from loadgate.content.lines import Document, KeyPath, listed, quoted
from loadgate.errors import Fault
from loadgate.model.expected import ColumnType, Dataset
from loadgate.model.profiles import DeliverySpec, FileFormat, FormatKind, Place, SupplierProfile

_CSV, _FIXED, _XLSX = FormatKind.CSV, FormatKind.FIXED, FormatKind.XLSX
_OF_KINDS = {
    "head_prefix": (_CSV, _FIXED),
    "row_prefix": (_FIXED,),
    "trailer": (_CSV, _FIXED),
    "final_line_end": (_CSV, _FIXED),
    "width": (_FIXED,),
    "trimmed": (_FIXED,),
    "sheet": (_XLSX,),
    "header_row": (_XLSX,),
}
_SUMMED = (ColumnType.INTEGER, ColumnType.DECIMAL)


def record_faults(
    document: Document[SupplierProfile], here: KeyPath, spec: DeliverySpec, dataset: Dataset | None
) -> Iterator[Fault]:
    form, path = spec.format, (*here, "format")
    for key, kinds in _OF_KINDS.items():
        if form.kind not in kinds and getattr(form, key) != FileFormat.model_fields[key].default:
            yield document.fault(
                (*path, key),
                found=f"{key}, in a {form.kind} file",
                expected=f"{key} only where kind is {listed(kinds)}",
                fix=f"take {key} out, or mend the kind",
            )
    yield from _position_faults(document, here, spec)
    yield from _prefix_faults(document, path, form)
    yield from _trailer_faults(document, (*path, "trailer"), form, dataset)


def _position_faults(document: Document[SupplierProfile], here: KeyPath, spec: DeliverySpec) -> Iterator[Fault]:
    form, fixed = spec.format, spec.format.kind is _FIXED
    if fixed and not spec.columns:
        yield document.fault(
            (*here, "columns"),
            found="no columns",
            expected="every column with its start and length, because the file is fixed width",
            fix="add {source: …, column: …, start: 1, length: 4}",
        )
    for place, line in enumerate(spec.columns):
        path = (*here, "columns", place)
        placed = line.start is not None and line.length is not None
        if fixed and not placed:
            yield document.fault(
                path,
                found=f"{quoted(line.source)} without start and length",
                expected="both, because the file is fixed width",
                fix="add start (counted from 1) and length, in characters",
            )
        if not fixed and (line.start is not None or (line.length is not None and form.kind is not _XLSX)):
            key = "start" if line.start is not None else "length"
            yield document.fault(
                (*path, key),
                found=f"{key}, in a {form.kind} file",
                expected=f"{key} only where kind is {'fixed' if key == 'start' else 'fixed or xlsx'}",
                fix=f"take {key} out, or mend the kind",
            )
        end = (line.start or 1) + (line.length or 1) - 1
        if fixed and placed and form.width is not None and end > form.width:
            yield document.fault(
                (*path, "length"),
                found=f"{quoted(line.source)} up to character {end}",
                expected=f"an end within the width, {form.width}",
                fix="mend start, length or width",
            )


def _prefix_faults(document: Document[SupplierProfile], path: KeyPath, form: FileFormat) -> Iterator[Fault]:
    """A record must be of one type only."""
    prefixes: dict[KeyPath, str | None] = {
        ("head_prefix",): form.head_prefix,
        ("row_prefix",): form.row_prefix,
        ("trailer", "prefix"): form.trailer.prefix if form.trailer is not None else None,
    }
    given = [(key, prefix) for key, prefix in prefixes.items() if prefix is not None]
    for (key, prefix), (_, other) in permutations(given, 2):
        if prefix.startswith(other) and (form.kind is _FIXED or prefix == other):
            yield document.fault(
                (*path, *key),
                found=f"{quoted(prefix)}, which begins like {quoted(other)}",
                expected="prefixes that tell the types of record apart",
                fix="write more of the prefix",
            )
            return
    for key, prefix in given:
        if form.kind is _CSV and form.delimiter in prefix:
            yield document.fault(
                (*path, *key),
                found=f"{quoted(prefix)}, with the delimiter in it",
                expected="the whole first field",
                fix=f"write {quoted(prefix.partition(form.delimiter)[0])}",
            )


def _trailer_faults(
    document: Document[SupplierProfile], path: KeyPath, form: FileFormat, dataset: Dataset | None
) -> Iterator[Fault]:
    trailer = form.trailer
    if trailer is None:
        return
    if trailer.rows is not None:
        yield from _place_faults(document, (*path, "rows"), trailer.rows, form)
    for name, place in trailer.sums.items():
        here = (*path, "sums", name)
        yield from _place_faults(document, here, place, form)
        if dataset is None:
            continue
        if name not in dataset.columns:
            yield document.unknown(here, what="column", name=name, known=dataset.columns)
        elif dataset.columns[name].type not in _SUMMED:
            yield document.fault(
                here,
                found=f"{name}, a column of type {dataset.columns[name].type}",
                expected=f"a column of type {listed(_SUMMED)}",
                fix="name another column, or take the sum out",
            )


def _place_faults(
    document: Document[SupplierProfile], path: KeyPath, place: Place, form: FileFormat
) -> Iterator[Fault]:
    characters = (place.start is not None, place.length is not None)
    if form.kind is _FIXED and (not all(characters) or place.field is not None):
        yield document.fault(
            path,
            found="no start and length" if not all(characters) else "a field besides start and length",
            expected="start and length, because the file is fixed width",
            fix="write {start: 3, length: 12}",
        )
    if form.kind is _CSV and (place.field is None or any(characters)):
        yield document.fault(
            path,
            found="no field" if place.field is None else "start or length besides a field",
            expected="a field, counted from 1, because the file is a csv",
            fix="write {field: 2}",
        )
