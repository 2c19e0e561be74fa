"""A file, and a site whose profile describes it or none, in; out, the draft of a suite as YAML and as facts."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.errors import CouldNotRun, LoadgateError, NotFound
from loadgate.model.expected import Column, ColumnType, Dataset
from loadgate.model.profiles import FileFormat, FormatKind
from loadgate.model.tables import UNDECIDED

if TYPE_CHECKING:
    from loadgate.checking.drafts.drafting import Proposal
    from loadgate.checking.drafts.surveying import Survey, Surveyed
    from loadgate.model.profiles import DeliverySpec
    from loadgate.model.site import Site
    from loadgate.reading.raw import Raw
    from loadgate.running.opened import Opened

_LONGEST_NAME = 100
# What is read as something else: columns of the engine's own, all columns, those that fit a pattern; unseen signs.
_NO_NAME = re.compile(r"_.*|\*|\^.*\$|.*[\x00-\x1f\x7f-\x9f\u2028\u2029].*", re.DOTALL)
_FIX_SPEC = "name one with --supplier and --system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """`text`: the suite's YAML. `facts`: the same as plain values, with what was counted; no row's values."""

    text: str
    facts: dict[str, Any]


_NO_FIELDS = (
    "name its --delimiter, or take the lines above its header out of a copy; a profile, with --site and --dataset, can "
    "name the first field of such a line (head_prefix), or the places in a file of fixed width"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person says; None is guessed."""

    dataset: str | None = None
    area: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None


def draft_file(path: Path, asked: Asked) -> Drafted:
    """The draft of a file that no profile describes: its format and types are guessed, and held against every row."""
    from loadgate.checking.drafts.drafting import propose
    from loadgate.checking.drafts.surveying import with_keys
    from loadgate.reading.raw import read_raw

    _must_be_file(path)
    scratch = Path(tempfile.mkdtemp(prefix="loadgate-"))  # 0700, as wherever row values stand
    with _without_values(scratch):
        raw = read_raw(path, into=scratch, delimiter=asked.delimiter, encoding=asked.encoding, header=asked.header)
        if not raw.names:
            raise CouldNotRun("there is nothing in the file to draft from", fix="name a file with rows")
        if raw.rejected > raw.rows:
            raise CouldNotRun(
                f"{raw.rejected:,} of {raw.rows + raw.rejected:,} rows do not split into the fields of the first",
                fix=_NO_FIELDS,
            )
        names, renamed = _names(raw.names)
        times = _times(raw)
        typed = _typed(raw, names)
        counted = with_keys(typed.counted, raw.path, typed.surveyed)
        proposal = propose(typed.columns, counted)
    head = [
        f"Drafted from one file of {_rows(counted.rows)}. Read every line before it counts: data shows what is,",
        "not what ought to be. Each reason is the evidence; write your own in its place.",
        *([f"Not counted: {_rows(raw.rejected)} that could not be split into fields."] if raw.rejected else []),
        *([f"Not counted: {_rows(raw.repeated)} that repeat the header."] if raw.repeated else []),
        "The profile would say:",
        f"  format: {_format(typed.form)}",
        *_mapping({new: old for new, old in renamed.items() if times[old] == 1}),
        *_left_out(typed),
        *_about_the_file(raw),
    ]
    if asked.area is None:
        head.append("The area is made up: write that of the dataset's systems.")
    dataset = Dataset(
        dataset=asked.dataset or _dataset_name(path),
        area=asked.area or "area",
        title="Draft: what is a row of this?",
        key=proposal.key,
        columns=proposal.columns,
        expectations=proposal.lines,
    )
    return _drafted(dataset, proposal, counted, head, typed.remarks, rejected=raw.rejected)


def draft_of_site(
    opened: Opened, path: Path, *, dataset: str, supplier: str | None = None, system: str | None = None
) -> Drafted:
    """The draft of a file that is read as the site's profile for the dataset says; columns are the site's own."""
    import polars as pl

    from loadgate.checking.drafts.drafting import propose
    from loadgate.checking.drafts.surveying import Surveyed, survey, with_keys
    from loadgate.model.scope import Scope
    from loadgate.reading.files import read
    from loadgate.store import durable

    _must_be_file(path)
    site = opened.site()
    known = next((one for one in site.datasets if one.dataset == dataset), None)
    if known is None:
        raise NotFound(f"the site has no dataset {dataset}", fix=f"name one of {', '.join(_names_of(site))}")
    spec = _spec(site, path, dataset, supplier, system)
    folder = durable.open_folder(opened.tmp)
    with _without_values(folder):
        reading = read([path], spec=spec, dataset=known, scope=Scope.parse("*"), into=folder)
        if not reading.rows_typed and reading.findings:
            told = [f"{one.kind} ({', '.join(one.detail.values())})" for one in reading.findings]
            raise CouldNotRun(
                f"the file cannot be read as the profile of {spec.system} says: {'; '.join(told)}",
                fix="mend the profile, or draft without --site",
            )
        surveyed = [
            Surveyed(
                column=column,
                value=pl.col(name),
                undecided=pl.col(UNDECIDED + name) if name in reading.undecided else None,
                reads=(name, *([UNDECIDED + name] if name in reading.undecided else [])),
            )
            for name, column in known.columns.items()
        ]
        counted = with_keys(survey(reading.typed, surveyed), reading.typed, surveyed)
        proposal = propose(dict(known.columns), counted)
    own = len(known.expectations)
    head = [
        f"Drafted from one file of {_rows(counted.rows)}, read as the profile of {spec.system} says.",
        f"The suite has {own} expectations of its own, which are not repeated here." if own else "",
        *([f"Not counted: {_rows(reading.rows_rejected)} that were rejected."] if reading.rows_rejected else []),
        *([f"Reading found: {', '.join(sorted({one.kind for one in reading.findings}))}."] if reading.findings else []),
    ]
    drafted = known.model_copy(
        update={
            "key": known.key or proposal.key,
            "columns": _as_known(proposal.columns, known.columns),
            "expectations": proposal.lines,
        }
    )
    return _drafted(drafted, proposal, counted, [one for one in head if one], {}, rejected=reading.rows_rejected)


@contextmanager
def _without_values(scratch: Path) -> Iterator[None]:
    """Nothing of the rows is left behind: neither files, nor the text of a library's error, which may hold them."""
    from loadgate.reading.problems import is_library_fault

    try:
        yield
    except (LoadgateError, MemoryError, OSError):
        raise
    except BaseException as error:
        if not is_library_fault(error):
            raise
        raise CouldNotRun(f"no suite could be drawn from the file: {type(error).__name__}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _must_be_file(path: Path) -> None:
    if not path.is_file():
        raise NotFound("there is no such file to draft from", fix="name a CSV, Parquet or xlsx file")


def _names_of(site: Site) -> list[str]:
    return sorted(one.dataset for one in site.datasets)


def _as_known(drawn: Mapping[str, Column], known: Mapping[str, Column]) -> dict[str, Column]:
    """The site's columns as they stand; only a description that is lacking comes from the draft."""
    return {name: known[name].model_copy(update={"description": drawn[name].description}) for name in known}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """`unheld`: columns of a type that no column of a dataset has; `nameless`: how many no profile can name.

    `unsaid`: numbers are written as no profile can say.
    """

    columns: dict[str, Column]
    surveyed: list[Surveyed]
    counted: Survey
    remarks: dict[str, list[str]]
    form: FileFormat
    unheld: list[str]
    nameless: int
    unsaid: bool


def _typed(raw: Raw, names: Sequence[str]) -> _Typed:
    """Types guessed from the first rows and held against all; a column with a value of another type becomes text."""
    import polars as pl

    from loadgate.checking.drafts.surveying import survey
    from loadgate.reading.inferring import guess

    guessed = guess(pl.scan_parquet(raw.path), raw.form)
    schema = pl.read_parquet_schema(raw.path)
    columns: dict[str, Column] = {}
    remarks: dict[str, list[str]] = {}
    surveyed = []
    unheld: list[str] = []
    nameless = 0
    for (stand_in, column), name, found in zip(guessed.types.items(), names, raw.names, strict=True):
        if not found and raw.form.kind is FormatKind.XLSX:  # nobody has to name it in a profile
            nameless += 1
            continue
        if column is None:
            unheld.append(found)
            continue
        columns[name] = column
        surveyed.append(_surveyed(stand_in, column, schema[stand_in], guessed.form))
    counted = survey(raw.path, surveyed)
    again = [at for at, fact in enumerate(counted.facts) if fact.undecided]
    for at in again:
        name, fact = list(columns)[at], counted.facts[at]
        said = f"{fact.undecided:,} of {fact.present + fact.undecided:,} values do not read as {columns[name].type}"
        kind = schema[surveyed[at].reads[0]]
        if kind == pl.String or fact.undecided * 2 > fact.present + fact.undecided:
            remarks[name] = [f"{said}: it is text here"]
            columns[name] = Column()
            surveyed[at] = _surveyed(surveyed[at].reads[0], Column(), kind, guessed.form)
        else:
            remarks[name] = [f"{said}: they are undecided"]
    texts = [at for at in again if surveyed[at].column.type is ColumnType.TEXT]
    if texts:
        facts = list(counted.facts)
        for at, fact in zip(texts, survey(raw.path, [surveyed[at] for at in texts]).facts, strict=True):
            facts[at] = fact
        counted = replace(counted, facts=tuple(facts))
    return _Typed(
        columns=columns,
        surveyed=surveyed,
        counted=counted,
        remarks=remarks,
        form=guessed.form,
        unheld=unheld,
        nameless=nameless,
        unsaid=guessed.unsaid,
    )


def _left_out(typed: _Typed) -> Iterator[str]:
    from loadgate.content.suite_text import flow

    if typed.unheld:
        yield f"  ignore_columns: {flow(typed.unheld)}"
        yield f"Columns are left out, of a type that no column has: {', '.join(typed.unheld)}"
    if typed.nameless:
        yield f"Columns are left out that have no name in the header: {typed.nameless}"
    if typed.unsaid:
        yield "Some numbers have the delimiter in them, which no profile can say: they are text here."


def _about_the_file(raw: Raw) -> Iterator[str]:
    if any(times > 1 for times in _times(raw).values()):
        yield "A name stands twice in the header: a profile cannot tell its columns apart. Have one of them renamed."
    if raw.other_sheets:
        others = f"Not looked at: {raw.other_sheets} more"
        yield f"Read from the first sheet. {others}; a profile's format names one by `sheet`."


def _surveyed(stand_in: str, column: Column, kind: Any, form: FileFormat) -> Surveyed:
    import polars as pl

    from loadgate.checking.drafts.surveying import Surveyed
    from loadgate.reading.casting import from_typed
    from loadgate.reading.inferring import LEADING_ZERO

    reading = from_typed(pl.col(stand_in), column, kind, form)
    if column.type is ColumnType.TEXT:
        return Surveyed(column=column, value=reading.value, reads=(stand_in,))
    lost = reading.value.is_null() & ~reading.missing
    if column.type is ColumnType.INTEGER and kind == pl.String:
        lost = lost | pl.col(stand_in).str.strip_chars().str.contains(LEADING_ZERO)
    lost = lost.fill_null(False)
    return Surveyed(column=column, value=pl.when(~lost).then(reading.value), undecided=lost, reads=(stand_in,))


def _times(raw: Raw) -> Counter[str]:
    """How often each name stands in the header; in a workbook, a column without one is nobody's."""
    return Counter(name for name in raw.names if name or raw.form.kind is not FormatKind.XLSX)


def _names(found: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Names that a suite can have, and for those that could not stay what they were."""
    taken = {name for name in found if not _is_odd(name)}
    names: list[str] = []
    renamed: dict[str, str] = {}
    for at, name in enumerate(found, 1):
        if not _is_odd(name) and name not in names:
            names.append(name)
            continue
        new = f"column_{at}"
        while new in taken:
            new += "_"
        taken.add(new)
        names.append(new)
        renamed[new] = name
    return names, renamed


def _is_odd(name: str) -> bool:
    return not name or len(name) > _LONGEST_NAME or _NO_NAME.fullmatch(name) is not None


def _mapping(renamed: Mapping[str, str]) -> list[str]:
    from loadgate.content.suite_text import flow

    if not renamed:
        return []
    lines = [f"    - {flow({'source': old[:_LONGEST_NAME], 'column': new})}" for new, old in renamed.items()]
    return ["  columns:  # these names cannot stand in a suite; list the others too", *lines]


def _format(form: FileFormat) -> str:
    from loadgate.content.suite_text import flow

    return flow({"kind": form.kind, **form.model_dump(exclude_defaults=True, exclude={"kind"})})


def _dataset_name(path: Path) -> str:
    """The file's name as far as it can name a dataset; long numbers, which may be a person's, are left out."""
    name = re.sub(r"[^a-z0-9]+", "_", path.name.partition(".")[0].lower())
    return re.sub(r"_*\d{6,}(_\d{4}(?!\d))?_*", "_", name).strip("_") or "dataset"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _drafted(
    dataset: Dataset,
    proposal: Proposal,
    counted: Survey,
    head: Sequence[str],
    said: Mapping[str, Sequence[str]],
    *,
    rejected: int,
) -> Drafted:
    from loadgate.content.suite_text import Remarks, suite_text

    remarks = {name: [*said.get(name, ()), *proposal.remarks.get(name, ())] for name in dataset.columns}
    text = suite_text(dataset, Remarks(head=[*head, *proposal.general], columns=remarks))
    facts = {
        "dataset": dataset.dataset,
        "area": dataset.area,
        "rows": counted.rows,
        "rejected": rejected,
        "key": list(dataset.key),
        "columns": [
            {
                "name": name,
                "type": column.type,
                "personal": column.personal,
                "missing": fact.missing,
                "undecided": fact.undecided,
                "remarks": remarks[name],
            }
            for (name, column), fact in zip(dataset.columns.items(), counted.facts, strict=True)
        ],
        "expectations": [line.model_dump(mode="json", exclude_defaults=True) for line in dataset.expectations],
        "yaml": text,
    }
    return Drafted(text=text, facts=facts)


def _spec(site: Site, path: Path, dataset: str, supplier: str | None, system: str | None) -> DeliverySpec:
    """The profile that describes the file: the one stated, the only one, or the one whose pattern its name fits."""
    found = [
        (profile.supplier, spec)
        for profile in site.suppliers
        for spec in profile.deliveries
        if spec.dataset == dataset and supplier in (None, profile.supplier) and system in (None, spec.system)
    ]
    if not found:
        raise NotFound(f"no supplier's profile describes {dataset} so", fix="look into vendor_profiles/")
    if _alike(found):
        return found[0][1]
    fitting = [one for one in found if _fits(path, one[1])]
    if fitting and _alike(fitting):
        return fitting[0][1]
    choices = ", ".join(sorted({f"{name} {spec.system}" for name, spec in found}))
    raise NotFound(f"several profiles describe {dataset}: {choices}", fix=_FIX_SPEC)


def _alike(found: Sequence[tuple[str, DeliverySpec]]) -> bool:
    return len({repr((spec.format, spec.columns, spec.ignore_columns)) for _, spec in found}) == 1


def _fits(path: Path, spec: DeliverySpec) -> bool:
    from loadgate.arriving.patterns import Pattern

    pattern = Pattern(re.sub(r"\{(period|provider|batch|system|dataset)\}", "*", spec.files))
    parts = path.resolve().parts
    return any(pattern.match("/".join(parts[at:])) is not None for at in range(1, len(parts)))
