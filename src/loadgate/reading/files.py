"""A delivery's files in, typed rows, rejects, fingerprint and findings out.

Bad data is a finding, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun
from loadgate.model.expected import Dataset
from loadgate.model.findings import ArrivalEvidence, Finding, RowsEvidence
from loadgate.model.fingerprint import Fingerprint
from loadgate.model.kinds import KINDS, Kind, Severity
from loadgate.model.profiles import DeliverySpec, FormatKind
from loadgate.model.scope import Scope
from loadgate.reading.batches import Format
from loadgate.reading.fingerprints import Printer
from loadgate.reading.formats.delimited import read_delimited
from loadgate.reading.formats.fixed import read_fixed
from loadgate.reading.formats.parquet import read_parquet
from loadgate.reading.formats.xlsx import read_xlsx
from loadgate.reading.header import Layout
from loadgate.reading.problems import Problem, Unreadable, WrongColumns, is_library_fault
from loadgate.reading.sources import Limits, open_sources
from loadgate.reading.trailers import Account, Balance, Disagreement
from loadgate.reading.typed import Tally, TypedWriter

if TYPE_CHECKING:
    import polars as pl

FORMATS: dict[FormatKind, Format] = {
    FormatKind.CSV: read_delimited,
    FormatKind.FIXED: read_fixed,
    FormatKind.PARQUET: read_parquet,
    FormatKind.XLSX: read_xlsx,
}

CRITICAL_SHARE = 0.01  # of rows that could not be split; blank lines hold nothing and do not count towards it
# Of a column's values: then the file is at fault, not what was registered. Few rows say less.
MUCH, MUCH_FROM_ROWS, MOSTLY = 0.2, 20, 0.5
_TEXTS = (FormatKind.CSV, FormatKind.FIXED)
_MAX_PARTS = 65_535  # `_part` is UInt16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading gave. rows_in = rows_typed + rows_rejected, always.

    `origins` says for each `_part` which of the given paths it is from: an archive's members are parts of their own.
    `rows_announced` is what the trailers say, None unless every file has one that does; of them `rows_counted` came.
    """

    typed: Path
    rejects: Path
    rows_in: int
    rows_typed: int
    rows_rejected: int
    values_unreadable: dict[str, int]
    undecided: tuple[str, ...]
    fingerprint: Fingerprint
    findings: tuple[Finding, ...]
    origins: tuple[int, ...] = ()
    rows_announced: int | None = None
    rows_counted: int | None = None


@dataclass(slots=True, kw_only=True)
class _Trouble:
    """What was wrong with whole files: (1-based path, problem), columns by the profile's names."""

    files: list[tuple[int, Unreadable]] = field(default_factory=list)
    accounts: list[tuple[int, Account]] = field(default_factory=list)
    announced: list[int | None] = field(default_factory=list)  # rows that each file's trailer names
    counted: int = 0  # rows as a trailer counts them
    missing: list[str] = field(default_factory=list)
    duplicate: list[str] = field(default_factory=list)
    unexpected: tuple[int, ...] = ()  # of the file with the most
    torn: bool = False

    @property
    def fatal(self) -> bool:
        """Whether rows are missing that nobody can count: then none is used."""
        wrong = any(unreadable.problem is not Problem.ENDS_EARLY for _, unreadable in self.files)
        return wrong or bool(self.missing or self.duplicate)


def read(
    parts: Sequence[Path],
    *,
    spec: DeliverySpec,
    dataset: Dataset,
    scope: Scope,
    into: Path,
    limits: Limits | None = None,
    each: Callable[[pl.DataFrame], None] | None = None,
) -> Reading:
    """Read all parts of a delivery in one pass, in the given order.

    `each` gets every frame of typed rows on its way into the file: whoever wants to see all rows need not read them
    again. If the delivery turns out not to be usable, what it saw is void.

    Out: `into/typed.parquet` with `_part`, `_row`, `_line`, the dataset's columns and `_undecided.<column>` where a
    column has unreadable values; `into/rejects.parquet`. If any part cannot be read to its end as what the profile
    says, no row of the delivery is used, except that rows before an early end are kept.
    Raises: CouldNotRun for anything but the data: a path that is gone, a full disk, a fault of our own.
    """
    printer = Printer(dataset, providers=sorted(scope.provider or ()))
    writer = TypedWriter(into, dataset, spec.format, each=[printer.add, *([each] if each is not None else [])])
    trouble, origins = _Trouble(), list[int]()
    task = _Task(spec, dataset, scope, into, limits or Limits())
    try:
        for origin, path in enumerate(parts):
            _read_path(path, origin, writer, trouble, origins, task)
        if trouble.fatal:
            writer.discard()
            printer = Printer(dataset)
        writer.close()
        printed = printer.close(writer.typed)
    except (CouldNotRun, MemoryError):
        raise
    except BaseException as error:
        if not is_library_fault(error):
            raise
        # the texts of Polars and pyarrow carry row values: the kind of error must do
        raise CouldNotRun(
            f"dataset {dataset.dataset} could not be read: {type(error).__name__}",
            fix="look for space and permissions in the state folder, then run again",
        ) from None
    finally:
        writer.stop()
    if writer.rows_in != writer.rows_typed + writer.rejected.count:
        raise CouldNotRun(
            f"dataset {dataset.dataset}: rows in are not rows typed and rejected",
            fix="this is a fault of the program: report it",
        )
    told = [rows for rows in trouble.announced if rows is not None]
    announced = sum(told) if told and len(told) == len(trouble.announced) else None
    return Reading(
        typed=writer.typed,
        rejects=writer.rejects,
        rows_in=writer.rows_in,
        rows_typed=writer.rows_typed,
        rows_rejected=writer.rejected.count,
        values_unreadable={name: writer.values[name].count for name in writer.undecided},
        undecided=writer.undecided,
        fingerprint=printed,
        findings=tuple(_findings(writer, trouble, parts, task, printed)),
        origins=tuple(origins),
        rows_announced=announced,
        rows_counted=trouble.counted if announced is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Task:
    spec: DeliverySpec
    dataset: Dataset
    scope: Scope
    into: Path
    limits: Limits


def _read_path(
    path: Path, origin: int, writer: TypedWriter, trouble: _Trouble, origins: list[int], task: _Task
) -> None:
    layout = Layout.of(task.spec, task.dataset)
    read_format = FORMATS[task.spec.format.kind]
    try:
        for source in open_sources(path, form=task.spec.format, scratch=task.into, limits=task.limits):
            if len(origins) == _MAX_PARTS:
                raise Unreadable(Problem.MANY_MEMBERS)
            origins.append(origin)
            before = writer.rows_in
            balance = Balance(task.spec.format, task.dataset)
            for batch in read_format(source, layout):
                typed = writer.add(batch, part=len(origins) - 1, before=before)
                balance.add(batch, typed)
                trouble.torn |= batch.torn
                trouble.unexpected = max(trouble.unexpected, batch.unexpected, key=len)
            account = balance.close()
            trouble.announced.append(account.says)
            trouble.counted += account.rows
            if account.problems:
                trouble.accounts.append((origin + 1, account))
    except WrongColumns as wrong:
        trouble.missing += [name for name in wrong.missing if name not in trouble.missing]
        trouble.duplicate += [name for name in wrong.duplicate if name not in trouble.duplicate]
        trouble.unexpected = max(trouble.unexpected, wrong.unexpected, key=len)
    except Unreadable as unreadable:
        trouble.files.append((origin + 1, unreadable))


def _findings(
    writer: TypedWriter, trouble: _Trouble, parts: Sequence[Path], task: _Task, printed: Fingerprint
) -> list[Finding]:
    found: list[Finding] = []
    spec, dataset, scope = task.spec, task.dataset, task.scope
    size_bytes = sum(path.stat().st_size for path in parts)
    came = ArrivalEvidence(files=len(parts), size_bytes=size_bytes)
    alien = [one for one in trouble.files if one[1].looks_like is not None]
    for kind, files in (
        (Kind.UNREADABLE_FILE, [one for one in trouble.files if one not in alien]),
        (Kind.ENCODING, alien),
    ):
        if files:
            found.append(_unreadable(kind, files, writer, spec, scope, came))
    if trouble.missing or trouble.duplicate or trouble.unexpected:
        found.append(_columns(writer, trouble, task, came))
    if writer.rows_in == writer.rejected.blank and not trouble.fatal and not trouble.files:
        found.append(_finding(Kind.EMPTY, scope, came, {}))
    if not (trouble.torn or trouble.files or trouble.accounts):  # who is not in a cut file may have been behind the cut
        found += _absent(printed, task, came)
    if writer.rejected.count:
        found.append(_rejected_rows(writer, trouble, scope))
    found += [_unreadable_values(writer, name, writer.values[name], dataset, scope) for name in writer.undecided]
    if trouble.accounts and not trouble.fatal and (writer.rows_in or _announced(trouble)):
        found.append(_trailer(trouble, scope))
    return found


def _columns(writer: TypedWriter, trouble: _Trouble, task: _Task, came: ArrivalEvidence) -> Finding:
    """Of what differs only the profile's own names are told; of columns that it does not name, their places.

    Columns that came besides lose nothing, unless one of them may be an optional column under another name.
    """
    lacking = {*writer.absent, *writer.partly_absent}
    optional = (
        []
        if trouble.missing
        else [one.source for one in Layout.of(task.spec, task.dataset).wanted if one.column in lacking]
    )
    named = {
        "missing": ", ".join(trouble.missing or optional),
        "duplicate": ", ".join(trouble.duplicate),
        "unexpected": str(len(trouble.unexpected) or ""),
        "places": ", ".join(str(place) for place in trouble.unexpected[:10]),
    }
    detail = {key: text for key, text in named.items() if text}
    lost = bool(trouble.missing or trouble.duplicate)
    kind = Kind.COLUMNS if lost or optional else Kind.COLUMNS_ADDED
    return _finding(kind, task.scope, came, detail, severity=Severity.CRITICAL if lost else Severity.WARNING)


def _unreadable(
    kind: Kind,
    files: list[tuple[int, Unreadable]],
    writer: TypedWriter,
    spec: DeliverySpec,
    scope: Scope,
    came: ArrivalEvidence,
) -> Finding:
    lines = [unreadable.line for _, unreadable in files if unreadable.line is not None]
    rows = RowsEvidence(rows_checked=writer.rows_in, rows_failed=writer.rejected.count, lines=tuple(lines[:10]))
    detail = {"parts": ", ".join(str(part) for part, _ in files[:10])}
    if kind is Kind.ENCODING:
        detail["expected"] = spec.format.encoding
        detail["found"] = ", ".join(sorted({found.looks_like for _, found in files if found.looks_like is not None}))
    else:
        detail["problem"] = ", ".join(sorted({unreadable.problem.value for _, unreadable in files}))
    return _finding(kind, scope, rows if lines else came, detail)


def _announced(trouble: _Trouble) -> bool:
    """Whether anything came but empty files; that those lack their trailer too is no news."""
    return any(Disagreement.ROWS in account.problems or account.lines for _, account in trouble.accounts)


def _trailer(trouble: _Trouble, scope: Scope) -> Finding:
    """Rows of a file are in doubt as far as they are too many or too few; all of them where only a sum tells."""
    accounts = [account for _, account in trouble.accounts]
    columns = [name for account in accounts for name in account.columns]
    problems = frozenset().union(*(account.problems for account in accounts))
    detail = {
        "problem": ", ".join(problem.value for problem in Disagreement if problem in problems),
        "parts": ", ".join(str(part) for part in list(dict.fromkeys(part for part, _ in trouble.accounts))[:10]),
    }
    if columns:
        detail["columns"] = ", ".join(dict.fromkeys(columns))
    checked = failed = difference = 0
    for account in accounts:
        announced = account.announced
        checked += max(account.rows, announced or 0)
        failed += account.rows if announced is None else abs(account.rows - announced)
        difference += 0 if announced is None else account.rows - announced
    if difference:
        detail["difference"] = str(difference)
    lines = [line for account in accounts for line in account.lines]
    evidence = RowsEvidence(
        rows_checked=checked,
        rows_failed=failed,
        column=columns[0] if columns else None,
        lines=tuple(lines[:10]),
    )
    return _finding(Kind.TRAILER, scope, evidence, detail)


def _absent(printed: Fingerprint, task: _Task, came: ArrivalEvidence) -> list[Finding]:
    """Providers of a shared file that has rows, but none of theirs."""
    wanted = sorted(task.scope.provider or ()) if task.dataset.provider_column is not None and printed.rows else []
    if len(wanted) < 2:  # one provider's own file with others' rows is told by each of those rows
        return []
    present = {one.provider for one in printed.providers}
    narrow = (replace(task.scope, provider=frozenset({name})) for name in wanted if name not in present)
    return [_finding(Kind.PROVIDER_ABSENT, scope, came, {}) for scope in narrow]


def _finding(
    kind: Kind,
    scope: Scope,
    evidence: RowsEvidence | ArrivalEvidence,
    detail: dict[str, str],
    *,
    severity: Severity | None = None,
    check: str | None = None,
) -> Finding:
    return Finding(
        kind=kind,
        severity=severity or KINDS[kind].severity,
        scope=scope,
        evidence=evidence,
        check=check,
        detail=detail,
    )


def _rejected_rows(writer: TypedWriter, trouble: _Trouble, scope: Scope) -> Finding:
    """Critical where many rows are lost, or where the end of the file is."""
    rejected = writer.rejected
    cut = trouble.torn or any(unreadable.problem is Problem.ENDS_EARLY for _, unreadable in trouble.files)
    many = rejected.count - rejected.blank > CRITICAL_SHARE * writer.rows_in
    detail = {"reason": rejected.most, "reasons": str(len(rejected.reasons))}
    if cut:
        detail["end"] = "cut off"
    return _finding(
        Kind.REJECTED_ROWS,
        scope,
        RowsEvidence(rows_checked=writer.rows_in, rows_failed=rejected.count, lines=tuple(rejected.lines)),
        detail,
        severity=Severity.CRITICAL if many or cut else Severity.WARNING,
    )


def _unreadable_values(writer: TypedWriter, name: str, tally: Tally, dataset: Dataset, scope: Scope) -> Finding:
    share = MUCH if writer.rows_typed >= MUCH_FROM_ROWS else MOSTLY
    return _finding(
        Kind.UNREADABLE_VALUES,
        scope,
        RowsEvidence(
            rows_checked=writer.rows_typed,
            rows_failed=tally.count,
            rows_undecided=tally.count,
            column=name,
            lines=tuple(tally.lines),
        ),
        {"reason": tally.most},
        severity=Severity.CRITICAL if tally.count > share * writer.rows_typed else None,
        check=f"{dataset.dataset}:readable({name})",
    )
