"""A site in; out, whether its suites do with the examples beside them what these say, and which checks have none."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.content.cross_examples import VERDICTS
from loadgate.content.lines import Document, KeyPath
from loadgate.content.loader import load, read
from loadgate.errors import Fault
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.scope import Scope
from loadgate.running.trial import outcomes_of

if TYPE_CHECKING:
    from loadgate.content.documents import Draft
    from loadgate.model.expected import Dataset, ExampleRows, Examples
    from loadgate.model.site import Site


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
    for document, place in entries:
        example = document.value.examples[place]
        found = example_outcomes(site, dataset, document, place, scratch=scratch)
        faults += _faults(document, place, dataset, found, _suite_lines(draft, dataset))
        failed |= set(example.fail)
        undecided |= set(example.undecided)
    return Shown(
        dataset=dataset.dataset,
        examples=len(entries),
        checks=len(dataset.expectations),
        without=tuple(dataset.check_id(line) for line in dataset.expectations if line.key not in failed),
        undecided=len(undecided),
        faults=tuple(faults),
    )


def example_outcomes(
    site: Site, dataset: Dataset, document: Document[Examples], place: int, *, scratch: Path
) -> tuple[Outcome, ...]:
    """Write the rows as reading leaves them, unreadable values told aside, and put them through the suite."""
    import polars as pl

    from loadgate.checking.suites import ASIDE, UNDECIDED
    from loadgate.model.profiles import FileFormat
    from loadgate.reading import casting

    columns = dataset.columns
    raw = pl.DataFrame(list(_texts(document, place, dataset)), schema=dict.fromkeys(columns, pl.String))
    cast = {name: casting.from_text(pl.col(name), column, FileFormat()) for name, column in columns.items()}
    typed = raw.select(
        *(one.value.cast(casting.dtype(columns[name])).alias(name) for name, one in cast.items()),
        *((one.value.is_null() & ~one.missing).alias(f"{UNDECIDED}{name}") for name, one in cast.items()),
        *(pl.int_range(pl.len(), dtype=pl.UInt32).alias(name) for name in ASIDE),
    )
    unreadable = [name for name in columns if typed[f"{UNDECIDED}{name}"].any()]
    kept = [*columns, *(f"{UNDECIDED}{name}" for name in unreadable), *ASIDE]
    path = scratch / "typed.parquet"
    typed.select(kept).write_parquet(path)
    return outcomes_of(
        path,
        site=site,
        dataset=dataset,
        providers=document.value.providers,
        period=document.value.period,
        scope=Scope(),
        scratch=scratch,
    )


def _texts(document: Document[Examples], place: int, dataset: Dataset) -> Iterator[dict[str, str | None]]:
    """The rows of an example as text: plain values as they stand in the file, so that `1.50` stays `1.50`."""

    def text(path: KeyPath, value: object) -> str | None:
        return None if value is None else document.lines.written.get(path, str(value))

    sound = {name: text(("sound", name), value) for name, value in document.value.sound.items()}
    for number, row in enumerate(document.value.examples[place].rows):
        here: KeyPath = ("examples", place, "rows", number)
        own = {name: text((*here, name), value) for name, value in row.items()}
        yield dict.fromkeys(dataset.columns) | sound | own


def _suite_lines(draft: Draft, dataset: Dataset) -> dict[str, str]:
    """`expectations/suites/…yaml:41` of each check of the dataset, by key."""
    suite = next(document for document in draft.suites if document.value.dataset == dataset.dataset)
    return {
        line.key: f"{suite.file}:{suite.lines.at(('expectations', place))}"
        for place, line in enumerate(dataset.expectations)
    }


def _faults(
    document: Document[Examples], place: int, dataset: Dataset, outcomes: Sequence[Outcome], lines: dict[str, str]
) -> Iterator[Fault]:
    """One fault for each check that does something else than the example says."""
    example = document.value.examples[place]
    asked = {outcome.check: outcome for outcome in outcomes}  # those that look at another table are not
    for line in dataset.expectations:
        outcome = asked.get(dataset.check_id(line))
        if outcome is None or line.key in document.value.leave_out:
            continue
        expected, found = _expected(line.key, example), _found(outcome, len(example.rows))
        if found not in expected:
            yield Fault(
                file=document.file,
                line=document.lines.at(_named_at(line.key, example, place)),
                key=f"{example.title}: {outcome.check}",
                found=found,
                expected=expected[0],
                fix=f"mend the expectation ({lines[line.key]}), or the example",
            )


def _expected(key: str, example: ExampleRows) -> tuple[str, ...]:
    """What may be found, in words; the first is what is said."""
    rows = len(example.rows)
    every = f"it fails on {_rows(rows, rows)}"
    failing = (every, "it fails on the rows as a whole") if key in example.fail else ("it passes",)
    if key not in example.undecided:
        return failing
    if key in example.fail:
        return tuple(f"it fails, with {_rows(n, rows)} undecided" for n in range(1, rows + 1))
    return ("some rows undecided, the others pass", *(f"{_rows(n, rows)} undecided" for n in range(1, rows + 1)))


def _found(outcome: Outcome, rows: int) -> str:
    if outcome.state in (OutcomeState.COULD_NOT_RUN, OutcomeState.NOT_APPLICABLE):
        return f"it {outcome.state.value}" + (f": {outcome.reason}" if outcome.reason else "")
    if outcome.rows_undecided:
        undecided = f"{_rows(outcome.rows_undecided, rows)} undecided"
        return f"it fails, with {undecided}" if outcome.state is OutcomeState.FAIL else undecided
    if outcome.state is OutcomeState.PASS:
        return "it passes"
    return (
        f"it fails on {_rows(outcome.rows_failed, rows)}" if outcome.rows_failed else "it fails on the rows as a whole"
    )


def _rows(number: int, whole: int) -> str:
    return "the only row" if whole == 1 else f"{number} of {whole} rows"


def _named_at(key: str, example: ExampleRows, place: int) -> KeyPath:
    """Where the example names the check; the example itself where it does not."""
    for verdict, names in zip(VERDICTS, (example.passes, example.fail, example.undecided), strict=True):
        if key in names:
            return ("examples", place, verdict, names.index(key))
    return ("examples", place)
