"""The suites' examples: faults between them and the datasets whose checks they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from loadgate.content.documents import Draft
from loadgate.content.lines import Document, KeyPath, listed, quoted
from loadgate.content.own_arguments import PRIOR
from loadgate.errors import Fault, LoadgateError
from loadgate.model.expected import Dataset, Examples
from loadgate.model.period import Period

VERDICTS = ("pass", "fail", "undecided")  # keys of an example that name checks


def example_faults(draft: Draft) -> Iterator[Fault]:
    for document in draft.examples:
        examples = document.value
        try:
            Period.parse(examples.period)
        except LoadgateError:
            yield document.fault(
                ("period",),
                found=quoted(examples.period),
                expected="a run period; which codes are valid depends on it",
                fix="write it as the runs are called, like 2026-10",
            )
        dataset = draft.datasets.get(examples.dataset)
        if dataset is not None:
            yield from _row_faults(document, dataset)
            yield from _without_faults(document, dataset)
            yield from _table_faults(document, dataset, draft.datasets)
            yield from _check_faults(document, dataset)
        elif examples.dataset not in draft.dataset_names:
            yield document.unknown(("dataset",), what="dataset", name=examples.dataset, known=draft.dataset_names)


def _row_faults(document: Document[Examples], dataset: Dataset) -> Iterator[Fault]:
    lacking = [name for name, one in dataset.columns.items() if not one.optional and name not in document.value.sound]
    if lacking:
        yield document.fault(
            ("sound",), found=f"a row without {listed(lacking)}", expected="every column", fix="add them, or null"
        )
    rows: list[tuple[KeyPath, Mapping[str, object]]] = [(("sound",), document.value.sound)]
    for place, example in enumerate(document.value.examples):
        rows += [(("examples", place, "rows", number), row) for number, row in enumerate(example.rows)]
        rows += [(("examples", place, PRIOR, number), row) for number, row in enumerate(example.prior or ())]
    for path, row in rows:
        yield from _value_faults(document, path, row, dataset)


def _without_faults(document: Document[Examples], dataset: Dataset) -> Iterator[Fault]:
    """Columns that a file cannot lack, or that the rows have nevertheless."""
    optional = [name for name, column in dataset.columns.items() if column.optional]
    for place, example in enumerate(document.value.examples):
        for number, name in enumerate(example.without):
            if name not in optional:
                yield document.unknown(
                    ("examples", place, "without", number), what="optional column", name=name, known=optional
                )
        for number, row in enumerate(example.rows):
            for name in example.without:
                if name in row:
                    yield document.fault(
                        ("examples", place, "rows", number, name),
                        found=f"a value of {name}",
                        expected="none: the example says that the file has no such column",
                        fix="take it out here, or under without",
                    )


def _value_faults(
    document: Document[Examples], path: KeyPath, row: Mapping[str, object], dataset: Dataset
) -> Iterator[Fault]:
    for name, value in row.items():
        if name not in dataset.columns:
            yield document.unknown((*path, name), what="column", name=name, known=dataset.columns)
        elif not isinstance(value, str | int | float | bool | date | None):
            yield document.fault(
                (*path, name), found="a list or a mapping", expected="one value", fix="write it as a file would"
            )


def _table_faults(document: Document[Examples], dataset: Dataset, datasets: Mapping[str, Dataset]) -> Iterator[Fault]:
    """Other tables that none of the suite's checks looks at, and their rows."""
    looked_at = {line.reference for line in dataset.expectations if line.reference is not None}
    named = looked_at - {PRIOR}
    for place, example in enumerate(document.value.examples):
        if example.prior is not None and PRIOR not in looked_at:
            yield document.fault(
                ("examples", place, PRIOR),
                found="rows of an earlier delivery",
                expected="none: no check of the suite looks at prior",
                fix="take them out",
            )
        for name, rows in example.tables.items():
            path: KeyPath = ("examples", place, "tables", name)
            if name not in named:
                yield document.unknown(path, what="reference of a check", name=name, known=named)
            elif name in datasets:
                for number, row in enumerate(rows):
                    yield from _value_faults(document, (*path, number), row, datasets[name])


def _check_faults(document: Document[Examples], dataset: Dataset) -> Iterator[Fault]:
    known = [line.key for line in dataset.expectations]
    for number, name in enumerate(document.value.leave_out):
        if name not in known:
            yield document.unknown(("leave_out", number), what="check", name=name, known=known)
    for place, example in enumerate(document.value.examples):
        for verdict, names in zip(VERDICTS, (example.passes, example.fail, example.undecided), strict=True):
            for number, name in enumerate(names):
                if name not in known:
                    yield document.unknown(("examples", place, verdict, number), what="check", name=name, known=known)
        yield from _verdict_faults(document, place)


def _verdict_faults(document: Document[Examples], place: int) -> Iterator[Fault]:
    """Checks that are said to do two things with the same rows."""
    example = document.value.examples[place]
    first: dict[str, str] = {}
    for verdict, names in zip(VERDICTS, (example.passes, example.fail, example.undecided), strict=True):
        for number, name in enumerate(names):
            earlier = first.setdefault(name, verdict)
            if earlier != verdict:
                yield document.fault(
                    ("examples", place, verdict, number),
                    found=f"{name} under {earlier} and {verdict}",
                    expected="one of pass, fail, undecided",
                    fix="take it out of one of them, or write two examples",
                )
