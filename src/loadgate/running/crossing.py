"""A run's typed deliveries in; out, the outcomes of expectations on another dataset, an earlier delivery or a trailer.

They are asked when all deliveries are typed. Where the other table did not come, or not whole, that is a finding of its
own, and they are not applicable.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from loadgate.content import slices
from loadgate.errors import LoadgateError
from loadgate.model.absence import NO_ROWS, NOTHING_EARLIER, absent_columns, has_rows
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.identity import key_of, part_id, stream
from loadgate.model.kinds import Severity
from loadgate.model.period import run_order
from loadgate.model.tables import UNDECIDED
from loadgate.running import delivering
from loadgate.running.baseline import newest_approved
from loadgate.running.inbox import BytesGone
from loadgate.running.keeping import read_findings
from loadgate.store import durable

if TYPE_CHECKING:
    from loadgate.checking.suites import Reference
    from loadgate.model.deliveries import Delivery, ExpectedDelivery
    from loadgate.model.expected import Dataset, ExpectationLine
    from loadgate.model.scope import Scope
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs
    from loadgate.running.opened import Opened

PRIOR: Final = "prior"
NO_TRAILER: Final = "no trailer says how many rows there are"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Why there is nothing to compare with, and what that makes of the check."""

    reason: str
    state: OutcomeState = OutcomeState.NOT_APPLICABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One delivery, and by name the tables that its suite looks at: typed rows of deliveries, or why there are none."""

    delivery: Delivery
    typed: Path
    tables: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    absent: Mapping[str, Absent] = field(default_factory=dict)

    def key(self, site: Site) -> str:
        """Whatever the outcomes depend on."""
        dataset = site.dataset(self.delivery.expected.dataset)
        tables = {name: sorted(path.name for path in paths) for name, paths in self.tables.items()}
        absent = {name: [one.reason, one.state.value] for name, one in self.absent.items()}
        suite = slices.checking_slice(site, dataset.crossing)
        kept = delivering.spec_of(site, self.delivery).marks_per_check
        return key_of(self.delivery.id, self.typed.name, suite, kept, tables, absent)


def crossings(
    opened: Opened,
    inputs: RunInputs,
    site: Site,
    read: Sequence[tuple[Delivery, Path]],
    *,
    folders: Mapping[str, Path] | None = None,
    aside: Path | None = None,
) -> list[Crossing]:
    """Deliveries with such expectations, and what to hold them against; earlier rows that are gone are typed again.

    `folders`: all typed rows of the run by expected delivery, where `read` are not all. Rows typed again are kept, or,
    where nothing is to be kept, go to the folder `aside`.
    """
    folders = folders or {delivery.expected.id: folder for delivery, folder in read}
    found = []
    for delivery, folder in read:
        lines = site.dataset(delivery.expected.dataset).crossing.expectations
        tables: dict[str, tuple[Path, ...]] = {}
        absent: dict[str, Absent] = {}
        for name in sorted({line.reference for line in lines if line.reference is not None}):
            if name == PRIOR:
                there = _prior(opened, inputs, delivery, aside=aside)
            else:
                there = _of_dataset(inputs, delivery, name, folders)
            if isinstance(there, Absent):
                absent[name] = there
            else:
                tables[name] = there
        if lines:
            found.append(Crossing(delivery=delivery, typed=folder, tables=tables, absent=absent))
    return found


def _of_dataset(
    inputs: RunInputs, delivery: Delivery, name: str, folders: Mapping[str, Path]
) -> tuple[Path, ...] | Absent:
    """The same providers' deliveries of another dataset, all of them."""
    wanted = set(delivery.expected.providers)
    theirs = [one for one in inputs.current if one.expected.dataset == name and wanted & set(one.expected.providers)]
    if not wanted <= {provider for one in theirs for provider in one.expected.providers}:
        return Absent(reason=f"no {name} are expected of each of these providers")
    if any(one.delivery is None for one in theirs):
        return Absent(reason=f"{name} did not come")
    if any(one.expected.id not in folders for one in theirs):
        return Absent(reason=f"{name} was not read", state=OutcomeState.COULD_NOT_RUN)
    found = tuple(folders[one.expected.id] for one in theirs)
    return found if all(map(is_whole, found)) else Absent(reason=f"{name} could not be read whole")


def is_whole(folder: Path) -> bool:
    """Whether rows came, and reading found nothing serious: that is a finding of its own."""
    serious = any(finding.severity is Severity.CRITICAL for finding in read_findings(folder))
    return bool(durable.read_manifest(folder)["rows_typed"]) and not serious


def last_approved(
    opened: Opened, expected: ExpectedDelivery, *, baseline: Mapping[str, str], history: Sequence[str]
) -> tuple[RunInputs, Delivery] | None:
    """The delivery of the same stream in the newest earlier run that was approved for one of its parts.

    A part without figures is not in the baseline: its newest run is found among all that were approved.
    """
    parts = [part_id(expected.area, provider) for provider in expected.providers]
    named = [baseline.get(part) or newest_approved(opened, history, part) for part in parts]
    runs = sorted({run for run in named if run is not None}, key=run_order, reverse=True)
    if not runs or not opened.places.inputs(runs[0]).exists():
        return None
    then = opened.inputs(runs[0])
    earlier = next((one for one in then.deliveries if stream(one.expected.id) == stream(expected.id)), None)
    return None if earlier is None else (then, earlier)


def _prior(opened: Opened, inputs: RunInputs, delivery: Delivery, *, aside: Path | None) -> tuple[Path, ...] | Absent:
    """The rows of the last approved delivery of the stream. Where its bytes are gone, that could not run."""
    found = last_approved(opened, delivery.expected, baseline=inputs.baseline, history=inputs.history)
    if found is None or not durable.exists(opened.places.content(found[0].content)):
        return Absent(reason=NOTHING_EARLIER)
    then, earlier = found
    try:
        site = opened.frozen(then.content)
        folder = delivering.typed_folder(opened, site, earlier)
        if aside is not None and not delivering.is_intact(folder):
            folder = Path(tempfile.mkdtemp(dir=aside))
            delivering.read_into(folder, opened, site, earlier)
        elif aside is None and not durable.exists(folder):
            delivering.read(opened, site, earlier)
    except BytesGone as gone:
        return Absent(reason=f"the last approved delivery: {gone.message}", state=OutcomeState.COULD_NOT_RUN)
    except LoadgateError:  # content so old can no longer be read
        return Absent(reason=NOTHING_EARLIER)
    return (folder,) if has_rows(folder / "typed.parquet") else Absent(reason=NOTHING_EARLIER)


def outcomes(site: Site, crossing: Crossing, *, period: str, into: Path) -> list[Outcome]:
    """One outcome for each such expectation of the delivery's suite; the rows that fail are marked in `into`."""
    expected = crossing.delivery.expected
    return outcomes_of(
        site,
        site.dataset(expected.dataset),
        crossing.typed,
        tables=crossing.tables,
        absent=crossing.absent,
        providers=expected.providers,
        period=period,
        scope=expected.scope,
        into=into,
        marks_per_check=delivering.spec_of(site, crossing.delivery).marks_per_check,
    )


def outcomes_of(
    site: Site,
    dataset: Dataset,
    typed: Path,
    *,
    tables: Mapping[str, Sequence[Path]],
    absent: Mapping[str, Absent],
    providers: Sequence[str],
    period: str,
    scope: Scope,
    into: Path,
    marks_per_check: int | None = None,
) -> list[Outcome]:
    """The same of any sealed folder with typed rows. `into` is a folder that is not there yet."""
    from loadgate.checking.suites import Checking

    told = durable.read_manifest(typed)
    into.mkdir(parents=True)
    with Checking(
        dataset=dataset,
        code_lists=site.code_lists,
        providers=providers,
        period=period,
        scope=scope,
        into=into,
        marks_per_check=marks_per_check,
        references={name: _reference(paths) for name, paths in tables.items()},
        parameters=_late(told),
    ) as checking:
        checking.add_all(typed / "typed.parquet")
        checked = checking.finish(typed / "typed.parquet")
    return [
        _as_told(outcome, _absent(line, absent, told))
        for line, outcome in zip(dataset.crossing.expectations, checked.outcomes, strict=True)
    ]


def _late(told: Mapping[str, Any]) -> dict[str, object]:
    """What the delivery's trailers say, if they do."""
    announced, counted = told.get("rows_announced"), told.get("rows_counted")
    if announced is None or counted is None:
        return {}
    return {"trailer_rows": announced, "rejected_rows": counted - told["rows_typed"]}


def _absent(line: ExpectationLine, absent: Mapping[str, Absent], told: Mapping[str, Any]) -> Absent | None:
    if not told["rows_typed"]:  # whatever else did not come
        return Absent(reason=NO_ROWS)
    if line.late and not _late(told):
        return Absent(reason=NO_TRAILER)
    return absent.get(line.reference or "")


def _reference(paths: Sequence[Path]) -> Reference:
    """The rows of deliveries as one table, without what reading put beside the delivered columns.

    Only the flags of values that could not be read stay: a rule may have to know that a key is missing for that. Nor
    has it columns that one of the deliveries came without: what its rows would hold is not known.
    """
    import polars as pl

    from loadgate.checking.suites import ASIDE, Reference

    absent = frozenset[str]().union(*(absent_columns(path / "typed.parquet") for path in paths))
    frames = [pl.scan_parquet(path / "typed.parquet") for path in paths]
    there = frames[0].collect_schema().names()
    own = [name for name in there if not name.startswith(UNDECIDED) and name not in ASIDE]
    kept = [name for name in own if name not in absent]
    theirs = [frozenset(one.collect_schema().names()) for one in frames]
    flags = [UNDECIDED + name for name in kept if any(UNDECIDED + name in names for names in theirs)]
    rows = [
        one.select(*kept, *(pl.col(flag) if flag in names else pl.lit(False).alias(flag) for flag in flags))
        for one, names in zip(frames, theirs, strict=True)
    ]
    return Reference(rows=pl.concat(rows), absent=absent)


def _as_told(outcome: Outcome, absent: Absent | None) -> Outcome:
    from loadgate.checking.expectations.enough import TOO_FEW

    if absent is not None:
        state, reason = absent.state, absent.reason
        return Outcome(check=outcome.check, scope=outcome.scope, severity=outcome.severity, state=state, reason=reason)
    if outcome.state is OutcomeState.COULD_NOT_RUN and (outcome.reason or "").startswith(TOO_FEW):
        return replace(outcome, state=OutcomeState.NOT_APPLICABLE)
    return outcome
