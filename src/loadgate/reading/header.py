"""What a profile wants of a file, and a header as found, in; the position of each wanted column out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadgate.model.expected import ColumnType, Dataset
from loadgate.model.profiles import DeliverySpec, FileFormat, SourceColumn
from loadgate.reading.problems import WrongColumns, guarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A column of the file and the dataset's column that it fills."""

    source: str
    column: str
    optional: bool
    type: ColumnType = ColumnType.TEXT
    start: int | None = None  # as in the profile's SourceColumn
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All that a format needs to know: which columns, in what form."""

    wanted: tuple[Wanted, ...]
    ignored: frozenset[str]
    form: FileFormat

    @classmethod
    def of(cls, spec: DeliverySpec, dataset: Dataset) -> Layout:
        lines = spec.columns or [SourceColumn(source=name, column=name) for name in dataset.columns]
        wanted = [
            Wanted(
                source=line.source,
                column=line.column,
                optional=dataset.columns[line.column].optional,
                type=dataset.columns[line.column].type,
                start=line.start,
                length=line.length,
            )
            for line in lines
        ]
        return cls(wanted=tuple(wanted), ignored=frozenset(spec.ignore_columns), form=spec.format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the wanted columns stand: `fields` in a record, position by dataset column. `unexpected` count from 1."""

    fields: int
    position: dict[str, int]
    unexpected: tuple[int, ...] = ()


def without_header(layout: Layout) -> Places:
    """The columns in the profile's own order."""
    return Places(fields=len(layout.wanted), position={column.column: at for at, column in enumerate(layout.wanted)})


def locate(found: Sequence[str], layout: Layout) -> Places:
    """Find the wanted columns by name, in any order.

    Raises: WrongColumns if one is missing or stands there twice; of columns that nobody wants only the places are told.
    """
    names = [name.strip() for name in found]
    count = Counter(names)
    missing = tuple(w.source for w in layout.wanted if not w.optional and count[w.source] == 0)
    duplicate = tuple(w.source for w in layout.wanted if count[w.source] > 1)
    known = {w.source for w in layout.wanted} | layout.ignored
    unexpected = tuple(place for place, name in enumerate(names, start=1) if name not in known)
    if missing or duplicate:
        raise WrongColumns(missing=missing, duplicate=duplicate, unexpected=unexpected)
    position = {w.column: names.index(w.source) for w in layout.wanted if count[w.source]}
    return Places(fields=len(names), position=position, unexpected=unexpected)


def split_header(record: str, form: FileFormat) -> list[str]:
    """The names in a delimited header record, quotes taken off."""
    with guarded():
        if form.quote is None:
            reader = csv.reader([record], delimiter=form.delimiter, quoting=csv.QUOTE_NONE)
        else:
            reader = csv.reader([record], delimiter=form.delimiter, quotechar=form.quote)
        return next(reader, [])
