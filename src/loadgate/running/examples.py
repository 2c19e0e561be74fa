"""A site in; out, whether its suites do with the examples beside them what these say, and which checks have none."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.content.cross_examples import VERDICTS
from loadgate.content.lines import Document, KeyPath
from loadgate.content.loader import load, read
from loadgate.errors import Fault
from loadgate.model.expected import ColumnType
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.scope import Scope
from loadgate.model.tables import UNDECIDED
from loadgate.running import crossing
from loadgate.running.crossing import PRIOR
from loadgate.running.trial import outcomes_of
from loadgate.store import durable

if TYPE_CHECKING:
    import polars as pl

    from loadgate.content.documents import Draft
    from loadgate.model.expected import Dataset, ExampleRows, Examples, ExpectationLine
    from loadgate.model.site import Site


_WRITTEN: dict[ColumnType, str] = {
    ColumnType.DATE: "a date like 2026-10-07",
    ColumnType.TIMESTAMP: "a moment like 2026-10-07 09:30:00",
    ColumnType.WEEK: "a week like 2026-W41",
    ColumnType.MONTH: "a month like 2026-10",
    ColumnType.QUARTER: "a quarter like 2026-Q4",
    ColumnType.DECIMAL: "a number with a point, of no more places than the column has",
    ColumnType.INTEGER: "a whole number, without marks of thousands",
}


Marked = dict[tuple[str, str], list[int]]
_ROWS_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the examples of one dataset showed. `without`: ids of checks that no example fails."""

    dataset: str
    examples: int
    checks: int
    without: tuple[str, ...]
    undecided: int  # checks that some example leaves undecided
    faults: tuple[Fault, ...]


def run_examples(root: Path, *, datasets: Sequence[str] = ()) -> list[Shown]:
    """Put every example through its dataset's suite; `datasets` names those wanted, empty means all.

    Raises SiteError where the content, examples included, has a fault.
    """
    site = load(root, examples=True)
    draft, _ = read(root, examples=True)
    wanted = [one for one in site.datasets if not datasets or one.dataset in datasets]
    with tempfile.TemporaryDirectory(prefix="loadgate-examples-") as scratch:  # made-up rows, nobody's
        return [_show(site, dataset, draft, Path(scratch)) for dataset in wanted]


def _show(site: Site, dataset: Dataset, draft: Draft, scratch: Path) -> Shown:
    documents = [document for document in draft.examples if document.value.dataset == dataset.dataset]
    entries = [(doc, place) for doc in documents for place in range(len(doc.value.examples))]
    faults: list[Fault] = []
    failed: set[str] = set()
    undecided: set[str] = set()
    for document in documents:
        faults += _sound_faults(document, dataset)
    readable = not faults
    for document, place in entries:
        if not readable:
            continue
        example = document.value.examples[place]
        found, marked = _tried(site, dataset, document, place, scratch=scratch)
        faults += _faults(document, place, dataset, found, marked, _suite_lines(draft, dataset))
        failed |= set(example.fail).difference(document.value.leave_out)
        undecided |= set(example.undecided).difference(document.value.leave_out)
    return Shown(
        dataset=dataset.dataset,
        examples=len(entries),
        checks=len(dataset.expectations),
        without=tuple(dataset.check_id(line) for line in dataset.expectations if line.key not in failed),
        undecided=len(undecided),
        faults=tuple(faults),
    )


def _sound_faults(document: Document[Examples], dataset: Dataset) -> Iterator[Fault]:
    """Values of the sound row that cannot be read: no check could be tried on them."""
    sound = {name: _text(document, ("sound", name), value) for name, value in document.value.sound.items()}
    for name, column in dataset.columns.items():
        if name in _unreadable(_cast(dataset, [sound]), dataset):
            yield document.fault(
                ("sound", name),
                found=f"a value that does not read as {column.type}",
                expected=_WRITTEN.get(column.type, f"a plain {column.type}"),
                fix="write it so, whatever form the files have",
            )


def _tried(
    site: Site, dataset: Dataset, document: Document[Examples], place: int, *, scratch: Path
) -> tuple[tuple[Outcome, ...], Marked]:
    """Put the rows through the suite; expectations that look at another table only where the example gives that.

    Out: the outcomes, and by check and what it says the numbers of the rows, from 1.
    """
    examples, example = document.value, document.value.examples[place]
    here: KeyPath = ("examples", place)
    sound = {name: _text(document, ("sound", name), value) for name, value in examples.sound.items()}
    with tempfile.TemporaryDirectory(dir=scratch) as own:
        folder = Path(own)
        texts = _texts(document, (*here, "rows"), example.rows, sound)
        rows = _write(folder / "rows", dataset, texts, without=example.without)
        given = {
            name: (
                _write(
                    folder / f"table{number}", site.dataset(name), _texts(document, (*here, "tables", name), table, {})
                ),
            )
            for number, (name, table) in enumerate(example.tables.items())
        }
        if example.prior is not None:
            earlier = _texts(document, (*here, PRIOR), example.prior, sound)
            given[PRIOR] = (_write(folder / PRIOR, dataset, earlier),)
        found = outcomes_of(
            rows / "typed.parquet",
            site=site,
            dataset=dataset,
            providers=examples.providers,
            period=examples.period,
            scope=Scope(),
            scratch=folder,
        )
        marked = _marked(folder / "marks.parquet")
        if not given:
            return found, marked
        beside = folder / "crossed"
        crossed = crossing.outcomes_of(
            site,
            dataset,
            rows,
            tables=given,
            absent={},
            providers=examples.providers,
            period=examples.period,
            scope=Scope(),
            into=beside,
        )
        lines = zip(dataset.crossing.expectations, crossed, strict=True)
        asked = (*found, *(outcome for line, outcome in lines if line.reference in given))
        return asked, marked | _marked(beside / "marks.parquet")


def _marked(path: Path) -> Marked:
    import polars as pl

    marks = (
        pl.read_parquet(path).with_columns(pl.col("_row") + 1).group_by("check", "outcome").agg(pl.col("_row").sort())
    )
    return {(check, said): rows for check, said, rows in marks.iter_rows()}


def _write(
    folder: Path, dataset: Dataset, rows: Iterable[dict[str, str | None]], *, without: Sequence[str] = ()
) -> Path:
    """Write rows as reading leaves them, unreadable values told aside; `without` are columns that the file lacks."""
    import polars as pl

    from loadgate.checking.suites import ASIDE
    from loadgate.model import absence

    typed = _cast(dataset, ({name: value for name, value in row.items() if name not in without} for row in rows))
    typed = typed.with_columns(pl.lit(True).alias(f"{UNDECIDED}{name}") for name in without)
    unreadable = _unreadable(typed, dataset)
    kept = [*dataset.columns, *(f"{UNDECIDED}{name}" for name in unreadable), *ASIDE]
    folder.mkdir()
    typed.select(kept).write_parquet(folder / "typed.parquet", metadata=absence.footer(without))
    durable.seal(folder, {"rows_typed": typed.height, "undecided": unreadable})
    return folder


def _cast(dataset: Dataset, rows: Iterable[dict[str, str | None]]) -> pl.DataFrame:
    """Typed rows, and of each column where a value could not be read."""
    import polars as pl

    from loadgate.checking.suites import ASIDE
    from loadgate.model.profiles import FileFormat
    from loadgate.reading import casting

    columns = dataset.columns
    raw = pl.DataFrame(
        [{name: row.get(name) for name in columns} for row in rows], schema=dict.fromkeys(columns, pl.String)
    )
    cast = {name: casting.from_text(pl.col(name), column, FileFormat()) for name, column in columns.items()}
    return raw.select(
        *(one.value.cast(casting.dtype(columns[name])).alias(name) for name, one in cast.items()),
        *((one.value.is_null() & ~one.missing).alias(f"{UNDECIDED}{name}") for name, one in cast.items()),
        *(pl.int_range(pl.len(), dtype=pl.UInt32).alias(name) for name in ASIDE),
    )


def _unreadable(typed: pl.DataFrame, dataset: Dataset) -> list[str]:

    return [name for name in dataset.columns if typed[f"{UNDECIDED}{name}"].any()]


def _texts(
    document: Document[Examples], place: KeyPath, rows: Sequence[dict[str, object]], sound: dict[str, str | None]
) -> Iterator[dict[str, str | None]]:
    """Rows as text: those values that differ from the sound ones."""
    for number, row in enumerate(rows):
        yield sound | {name: _text(document, (*place, number, name), value) for name, value in row.items()}


def _text(document: Document[Examples], path: KeyPath, value: object) -> str | None:
    """A plain value as it stands in the file, so that `1.50` stays `1.50`."""
    return None if value is None else document.lines.written.get(path, str(value))


def _suite_lines(draft: Draft, dataset: Dataset) -> dict[str, str]:
    """`expectations/suites/…yaml:41` of each check of the dataset, by key."""
    suite = next(document for document in draft.suites if document.value.dataset == dataset.dataset)
    return {
        line.key: f"{suite.file}:{suite.lines.at(('expectations', place))}"
        for place, line in enumerate(dataset.expectations)
    }


def _faults(
    document: Document[Examples],
    place: int,
    dataset: Dataset,
    outcomes: Sequence[Outcome],
    marked: Marked,
    lines: dict[str, str],
) -> Iterator[Fault]:
    """One fault for each check that does something else than the example says."""
    example = document.value.examples[place]
    asked = {outcome.check: outcome for outcome in outcomes}  # those that look at another table may not be
    for line in dataset.expectations:
        outcome = asked.get(dataset.check_id(line))
        if outcome is None or line.key in document.value.leave_out:
            if any(line.key in names for names in (example.passes, example.fail, example.undecided)):
                yield _not_asked(document, place, dataset, line)
            continue
        expected, found = _expected(line.key, example, outcome), _found(outcome, len(example.rows))
        if found not in expected:
            yield Fault(
                file=document.file,
                line=document.lines.at(_named_at(line.key, example, place)),
                key=f"{example.title}: {outcome.check}",
                found=found + _which(outcome, marked, len(example.rows)),
                expected=expected[0],
                fix=_fix(line, example, outcome, lines),
            )


def _fix(line: ExpectationLine, example: ExampleRows, outcome: Outcome, lines: dict[str, str]) -> str:
    from loadgate.checking.engine.checks import NONE_COMPARED, NONE_DECIDED
    from loadgate.checking.expectations.enough import TOO_FEW

    reason = outcome.reason or ""
    if line.key in example.undecided and reason.endswith((NONE_COMPARED, NONE_DECIDED)):
        return "add a row that can be decided"
    if reason.startswith(TOO_FEW):
        left = "name it under leave_out, beside sound, for all examples of the file"
        return f"give it more rows, here and {_where_theirs(line)}, or {left}"
    return f"mend the expectation ({lines[line.key]}), or the example"


def _where_theirs(line: ExpectationLine) -> str:
    """Where an example gives the rows of the table that the line looks at."""
    return f"under {PRIOR}" if line.reference == PRIOR else f"under tables: {{{line.reference}: …}}"


def _not_asked(document: Document[Examples], place: int, dataset: Dataset, line: ExpectationLine) -> Fault:
    """The example names a check that is left out, or that needs what the example does not have."""
    example = document.value.examples[place]
    if line.key in document.value.leave_out:
        fix = "take it out here, or under leave_out, which is for all examples of the file"
    elif line.reference is None:
        fix = "take it out: it needs a whole delivery"
    else:
        fix = f"give the other table's rows {_where_theirs(line)}, beside rows, or take the check out"
    return Fault(
        file=document.file,
        line=document.lines.at(_named_at(line.key, example, place)),
        key=f"{example.title}: {dataset.check_id(line)}",
        found="it is not asked",
        expected="rows to hold these against",
        fix=fix,
    )


def _expected(key: str, example: ExampleRows, outcome: Outcome) -> tuple[str, ...]:
    """What may be found, in words; the first is what is said."""
    rows = len(example.rows)
    if key in example.undecided and example.without and outcome.state is OutcomeState.NOT_APPLICABLE:
        return (_found(outcome, rows),)
    every = f"it fails on {_rows(rows, rows)}"
    if key not in example.undecided:
        return (every, "it fails on the rows as a whole") if key in example.fail else ("it passes",)
    return ("some rows undecided, the others pass", *(f"{_rows(n, rows)} undecided" for n in range(1, rows + 1)))


def _found(outcome: Outcome, rows: int) -> str:
    if outcome.state in (OutcomeState.COULD_NOT_RUN, OutcomeState.NOT_APPLICABLE):
        state = "is not applicable" if outcome.state is OutcomeState.NOT_APPLICABLE else outcome.state.value
        return f"it {state}" + (f": {outcome.reason}" if outcome.reason else "")
    if outcome.rows_undecided:
        undecided = f"{_rows(outcome.rows_undecided, rows)} undecided"
        return f"it fails, with {undecided}" if outcome.state is OutcomeState.FAIL else undecided
    if outcome.state is OutcomeState.PASS:
        return "it passes"
    return (
        f"it fails on {_rows(outcome.rows_failed, rows)}" if outcome.rows_failed else "it fails on the rows as a whole"
    )


def _which(outcome: Outcome, marked: Marked, rows: int) -> str:
    """The rows that are meant, as they stand in the example, where they are not all of them."""
    said = "undecided" if outcome.rows_undecided else "fail"
    numbers = marked.get((outcome.check, said), [])
    if not 0 < len(numbers) < rows:
        return ""
    named = ", ".join(str(number) for number in numbers[:_ROWS_NAMED])
    rest = ", …" if len(numbers) > _ROWS_NAMED else ""
    return f" (row {named}{rest})" if len(numbers) == 1 else f" (rows {named}{rest})"


def _rows(number: int, whole: int) -> str:
    return "the only row" if whole == 1 else f"{number} of {whole} rows"


def _named_at(key: str, example: ExampleRows, place: int) -> KeyPath:
    """Where the example names the check; the example itself where it does not."""
    for verdict, names in zip(VERDICTS, (example.passes, example.fail, example.undecided), strict=True):
        if key in names:
            return ("examples", place, verdict, names.index(key))
    return ("examples", place)
