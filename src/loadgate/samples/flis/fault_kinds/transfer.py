"""Faults of a file: cut, in another encoding, with other columns, with no rows, without one of its providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.model.expected import ColumnType
from loadgate.model.profiles import Compression, FormatKind
from loadgate.samples.flis.fault_kinds.kind import each, made, whole_delivery
from loadgate.samples.flis.fault_kinds.places import Place
from loadgate.samples.flis.fault_kinds.planted import EVERYTHING, Planted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from loadgate.model.deliveries import ExpectedDelivery
    from loadgate.model.profiles import DeliverySpec, SourceColumn

_DATES = (ColumnType.DATE, ColumnType.TIMESTAMP)


def _packed(place: Place) -> bool:
    """Whether a file that is cut can no longer be opened."""
    form = place.spec.format
    return form.compression is not Compression.NONE or form.kind in (FormatKind.XLSX, FormatKind.PARQUET)


def _cut_finding(place: Place) -> str:
    if _packed(place):
        return "reading.unreadable_file"
    return "reading.rejected_rows" if place.spec.format.trailer is None else "reading.trailer"


def truncated(place: Place, size: float) -> Planted:
    """The share `size` of the bytes is left, to inside a record."""
    packed, delimiter = _packed(place), place.spec.format.delimiter.encode()
    is_csv = place.spec.format.kind is FormatKind.CSV

    def data(_delivery: ExpectedDelivery, data: bytes) -> bytes:
        end = max(1, int(size * len(data)))
        if packed:
            return data[:end]
        begins = data.rfind(b"\n", 0, end) + 1
        if not is_csv:
            return data[: begins + max(1, (data.find(b"\n", begins) - begins) // 2)]
        return data[: data.index(delimiter, begins) + 1]  # the record keeps its first field only

    return made("truncated", place, size=size, expected=each(_cut_finding(place), place.scopes()), data=data)


# ── encoding ───────────────────────────────────────────────────────────────────────────────────────────────────


def fits_wrong_encoding(place: Place, size: float) -> str | None:
    form = place.spec.format
    if form.kind in (FormatKind.XLSX, FormatKind.PARQUET):
        return f"{form.kind.value} has no encoding of its own; it fits csv with letters beyond ASCII in its header"
    if form.kind is FormatKind.FIXED or not form.header or _sources(place).isascii():
        return "nothing in this file is beyond ASCII, the same in every encoding; it fits csv whose header has æ, ø, å"
    return whole_delivery(place, size)


def _sources(place: Place) -> str:
    return "".join(line.source for line in place.spec.columns)


def wrong_encoding(place: Place, _size: float) -> Planted:
    other = "cp1252" if place.spec.format.encoding.startswith("utf-8") else "utf-8"

    def spec(spec: DeliverySpec) -> DeliverySpec:
        return spec.model_copy(update={"format": spec.format.model_copy(update={"encoding": other})})

    return made("wrong_encoding", place, expected=each("reading.encoding", place.scopes()), spec=spec)


# ── columns ────────────────────────────────────────────────────────────────────────────────────────────────────


def _named_columns(place: Place) -> bool:
    kind, header = place.spec.format.kind, place.spec.format.header
    return kind is FormatKind.PARQUET or (kind in (FormatKind.CSV, FormatKind.XLSX) and header)


def fits_renamed_column(place: Place, size: float) -> str | None:
    if not _named_columns(place):
        return "the file names no columns; it fits csv, xlsx and parquet with a header"
    return whole_delivery(place, size)


def _written(place: Place) -> list[SourceColumn]:
    from loadgate.samples.flis.writing import columns

    return list(columns(place.spec, place.dataset))


def renamed_column(place: Place, _size: float) -> Planted:
    wanted = [line for line in _written(place) if not place.dataset.columns[line.column].optional]
    rng = place.world.rng("fault", "renamed_column", place.where)
    chosen = wanted[int(rng.integers(len(wanted)))]

    def spec(spec: DeliverySpec) -> DeliverySpec:
        lines = tuple(
            line.model_copy(update={"source": f"{line.source}_ny"}) if line.column == chosen.column else line
            for line in _written(place)
        )
        return spec.model_copy(update={"columns": lines})

    return made("renamed_column", place, expected=each("reading.columns", place.scopes()), spec=spec)


def _giver(place: Place) -> int:
    """By how many places values move so that the reference column gets what is no period and seldom missing."""
    lines = _written(place)
    own = [line.column for line in lines].index(place.reference)
    for step in range(1, len(lines)):
        column = place.dataset.columns[lines[(own - step) % len(lines)].column]
        if column.type not in _DATES:
            return step
    return 0


def fits_shifted_columns(place: Place, size: float) -> str | None:
    if place.spec.format.kind is not FormatKind.CSV:
        return "only a csv's fields can slip by one; it fits csv"
    if not _giver(place):
        return "no other column's values would be unreadable here"
    return whole_delivery(place, size)


def shifted_columns(place: Place, _size: float) -> Planted:
    """Every value stands under the next column's name, the last under the first's."""
    step = _giver(place)

    def text(_delivery: ExpectedDelivery, frame: pl.DataFrame) -> pl.DataFrame:
        names = frame.columns
        moved = [frame[names[(at - step) % len(names)]].alias(name) for at, name in enumerate(names)]
        return frame.select(moved)

    check = f"{place.dataset.dataset}:readable({place.reference})"
    expected = each("reading.unreadable_values", place.scopes(), check=check)
    return made("shifted_columns", place, expected=expected, text=text)


# ── rows that are not there ────────────────────────────────────────────────────────────────────────────────────


def header_only(place: Place, _size: float) -> Planted:
    def rows(_: ExpectedDelivery, _provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        return frame.clear()

    return made("header_only", place, expected=each("arrival.empty", place.scopes()), rows=rows)


def fits_provider_absent(place: Place, _size: float) -> str | None:
    if not place.shared:
        return "each provider has a file of its own here: plant missing; it fits files for several providers"
    if place.provider is None:
        return "name the provider: system/dataset/provider"
    return None


def provider_absent(place: Place, _size: float) -> Planted:
    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        return frame.clear() if place.has(provider) else frame

    expected = each("arrival.provider_absent", place.own_scopes())
    return made("provider_absent", place, expected=expected, grips=(EVERYTHING,), rows=rows)
