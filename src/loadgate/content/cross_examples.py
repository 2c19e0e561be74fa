"""The suites' examples: faults between them and the datasets whose checks they are for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from loadgate.content.cross_names import period_fault, run_period
from loadgate.content.documents import Draft
from loadgate.content.lines import Document, KeyPath, listed, nearest, quoted
from loadgate.content.own_arguments import PRIOR
from loadgate.errors import Fault
from loadgate.model.expected import Dataset, Examples

VERDICTS = ("pass", "fail", "undecided")  # keys of an example that name checks


def example_faults(draft: Draft) -> Iterator[Fault]:
    for document in draft.examples:
        examples = document.value
        if run_period(draft, examples.period) is None:
            yield period_fault(draft, document, ("period",), examples.period, expected="a run period")
        yield from _provider_faults(draft, document)
        dataset = draft.datasets.get(examples.dataset)
        if dataset is not None:
            yield from _row_faults(document, dataset)
            yield from _without_faults(document, dataset)
            yield from _table_faults(document, dataset, draft.datasets)
            yield from _check_faults(document, dataset)
        elif examples.dataset not in draft.dataset_names:
            yield document.unknown(("dataset",), what="dataset", name=examples.dataset, known=draft.dataset_names)


def _provider_faults(draft: Draft, document: Document[Examples]) -> Iterator[Fault]:
    known = draft.provider_ids
    for number, name in enumerate(document.value.providers):
        if known is not None and name not in known:
            yield document.unknown(("providers", number), what="provider", name=name, known=known)


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
    yield from _name_faults(document, ("leave_out",), document.value.leave_out, known)
    for place, example in enumerate(document.value.examples):
        for verdict, names in zip(VERDICTS, (example.passes, example.fail, example.undecided), strict=True):
            yield from _name_faults(document, ("examples", place, verdict), names, known)
        yield from _verdict_faults(document, place, known)


def _name_faults(
    document: Document[Examples], path: KeyPath, names: Sequence[str], known: Collection[str]
) -> Iterator[Fault]:
    """Names that no check has; one that YAML took apart at its commas is one name."""
    for first, pieces in _whole(names):
        name = ",".join(pieces)
        if len(pieces) > 1:
            yield document.fault(
                (*path, first),
                found=f"{name}, which YAML takes apart at its commas",
                expected=f"one name of a check: {listed(sorted(known))}",
                fix=f"put it in quotes: {quoted(name if name in known else nearest(name, known) or name)}",
            )
        elif name not in known:
            yield document.unknown((*path, first), what="check", name=name, known=known)


def _whole(names: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """The pieces of each name, which is open until its brackets are closed, and where it begins."""
    first = 0
    for place in range(len(names)):
        text = "".join(names[first : place + 1])
        if text.count("(") <= text.count(")"):
            yield first, names[first : place + 1]
            first = place + 1
    yield from ((place, names[place : place + 1]) for place in range(first, len(names)))


def _verdict_faults(document: Document[Examples], place: int, known: Collection[str]) -> Iterator[Fault]:
    """Checks that are said to do two things with the same rows."""
    example = document.value.examples[place]
    first: dict[str, str] = {}
    for verdict, names in zip(VERDICTS, (example.passes, example.fail, example.undecided), strict=True):
        for number, name in enumerate(names):
            earlier = first.setdefault(name, verdict)
            if earlier != verdict and name in known:
                yield document.fault(
                    ("examples", place, verdict, number),
                    found=f"{name} under {earlier} and {verdict}",
                    expected="one of pass, fail, undecided",
                    fix="take it out of one of them, or write two examples",
                )
