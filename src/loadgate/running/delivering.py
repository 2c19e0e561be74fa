"""One delivery's life: archived bytes in; out, typed rows, rejects, fingerprint, outcomes, findings, once per key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.content import slices
from loadgate.errors import CouldNotRun
from loadgate.model.deliveries import Delivery
from loadgate.model.encoding import dump
from loadgate.model.findings import Finding, Outcome
from loadgate.model.identity import key_of
from loadgate.model.version import VERSION
from loadgate.running.inbox import archived_parts
from loadgate.running.inputs import RunInputs, content_key
from loadgate.running.keeping import executed, made_by, write_findings, write_outcomes
from loadgate.running.opened import Opened, Ref
from loadgate.store import durable

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.harmonising.alternatives import Harmonising
    from loadgate.checking.suites import Checking
    from loadgate.model.profiles import DeliverySpec
    from loadgate.model.site import Site

FEW = 100  # deliveries
BATCH = 20  # at most together
BATCH_BYTES = 8 << 20


def work(ref: Ref) -> list[str]:
    """Versions of deliveries that are not read and checked yet under this content and engine."""
    opened, inputs, site = ref.frozen()
    return [
        one.id
        for one in inputs.deliveries
        if not (durable.exists(checks_folder(opened, site, one)) and durable.exists(typed_folder(opened, site, one)))
    ]


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries that travel together in one task of an orchestrator; as text, the first and how many more."""

    versions: tuple[str, ...]

    def __str__(self) -> str:
        more = f" and {len(self.versions) - 1} more" if len(self.versions) > 1 else ""
        return f"{self.versions[0]}{more}"


def batches(ref: Ref, versions: Sequence[str]) -> list[Batch]:
    """One delivery each while they are few; of many, small ones travel together. The largest come first.

    A task costs about as much as half of a small delivery does.
    """
    if len(versions) <= FEW:
        return [Batch((version,)) for version in versions]
    sizes = {one.id: sum(part.size_bytes for part in one.parts) for one in ref.open().inputs(ref.run).deliveries}
    made: list[list[str]] = []
    room, places = 0, 0
    for version in sorted(versions, key=lambda version: (-sizes[version], version)):
        room, places = room - sizes[version], places - 1
        if room < 0 or places < 0:
            made.append([])
            room, places = BATCH_BYTES - sizes[version], BATCH - 1
        made[-1].append(version)
    return [Batch(tuple(together)) for together in made]


def do(ref: Ref, version: str) -> None:
    """Read and check one delivery version, in one pass over its bytes; what was done before is not done again."""
    opened, inputs, site = ref.frozen()
    delivery = opened.delivery(ref.run, version)
    typed, checks = typed_folder(opened, site, delivery), checks_folder(opened, site, delivery)
    if durable.exists(checks):
        if not durable.exists(typed):
            read(opened, site, delivery)
        return
    with (
        durable.scratch(opened.tmp) as folder,
        _checking(site, inputs, delivery, folder) as checking,
        _harmonising(site, delivery, folder) as harmonising,
    ):
        asked: list[Checking | Harmonising] = [checking, *([] if harmonising is None else [harmonising])]

        def each(rows: pl.DataFrame) -> None:
            for one in asked:
                one.add(rows)

        if durable.exists(typed):
            for one in asked:
                one.add_all(typed / "typed.parquet")
        elif not read(opened, site, delivery, each=each):
            for one in asked:
                one.restart()
        checked = checking.finish(typed / "typed.parquet")
        # the rules' marks and alternative values stand beside the suite's marks
        told = () if harmonising is None else harmonising.finish(checked.outcomes, typed / "typed.parquet").outcomes
        write_outcomes(folder, (*checked.outcomes, *told))
        durable.seal(folder, {"key": checks.name})
        durable.commit_folder(folder, checks)


def read(opened: Opened, site: Site, delivery: Delivery, *, each: Callable[[pl.DataFrame], None] | None = None) -> bool:
    """Type the rows of a delivery; `each` sees them on their way. Out: whether any of them are used."""
    final = typed_folder(opened, site, delivery)
    with durable.scratch(opened.tmp) as folder:
        used = read_into(folder, opened, site, delivery, each=each)
        durable.commit_folder(folder, final)
    kept = opened.places.fingerprint(f"{content_key(delivery)}-{final.name}")
    durable.write_bytes(kept, (final / "fingerprint.json").read_bytes())
    return used


def read_into(
    folder: Path,
    opened: Opened,
    site: Site,
    delivery: Delivery,
    *,
    each: Callable[[pl.DataFrame], None] | None = None,
) -> bool:
    """The same into an empty folder, and seal it; nothing else is written."""
    from loadgate.model.fingerprint import Fingerprint
    from loadgate.reading.files import read as read_files

    reading = read_files(
        archived_parts(opened, [part.sha256 for part in delivery.parts]),
        spec=spec_of(site, delivery),
        dataset=site.dataset(delivery.expected.dataset),
        scope=delivery.expected.scope,
        into=folder,
        each=each,
    )
    (folder / "fingerprint.json").write_bytes(dump(Fingerprint, reading.fingerprint))
    check_id = f"reading:{delivery.expected.dataset}"
    findings = made_by(check_id, reading.findings)
    write_findings(folder, findings)
    write_outcomes(folder, _reading_outcomes(delivery, check_id, findings, reading.rows_in))
    durable.seal(
        folder,
        {
            "key": typed_folder(opened, site, delivery).name,
            "rows_in": reading.rows_in,
            "rows_typed": reading.rows_typed,
            "rows_rejected": reading.rows_rejected,
            "undecided": list(reading.undecided),
            "rows_announced": reading.rows_announced,
            "rows_counted": reading.rows_counted,
        },
    )
    return reading.rows_typed > 0


def _checking(site: Site, inputs: RunInputs, delivery: Delivery, into: Path) -> Checking:
    from loadgate.checking.suites import Checking

    return Checking(
        dataset=site.dataset(delivery.expected.dataset),
        code_lists=site.code_lists,
        providers=delivery.expected.providers,
        period=inputs.period,
        scope=delivery.expected.scope,
        into=into,
        marks_per_check=spec_of(site, delivery).marks_per_check,
    )


@contextmanager
def _harmonising(site: Site, delivery: Delivery, into: Path) -> Iterator[Harmonising | None]:
    """The dataset's rules, if it has any."""
    from loadgate.checking.harmonising.alternatives import Harmonising

    dataset = site.dataset(delivery.expected.dataset)
    if not dataset.rules:
        yield None
        return
    with Harmonising(dataset=dataset, scope=delivery.expected.scope, into=into) as harmonising:
        yield harmonising


def typed_folder(opened: Opened, site: Site, delivery: Delivery) -> Path:
    dataset = site.dataset(delivery.expected.dataset)
    spec = spec_of(site, delivery)
    key = key_of(VERSION, content_key(delivery), slices.reading_slice(site, spec, dataset))
    return opened.places.typed(delivery.id, key)


def is_intact(typed: Path) -> bool:
    """Whether the folder is there and holds, byte for byte, what was sealed."""
    try:
        return not durable.differences(typed)
    except (CouldNotRun, OSError):
        return False


def checks_folder(opened: Opened, site: Site, delivery: Delivery) -> Path:
    dataset = site.dataset(delivery.expected.dataset)
    typed = typed_folder(opened, site, delivery)
    kept = spec_of(site, delivery).marks_per_check
    return opened.places.checks(delivery.id, key_of(typed.name, slices.checking_slice(site, dataset.alone), kept))


def spec_of(site: Site, delivery: Delivery) -> DeliverySpec:
    expected = delivery.expected
    return site.spec(supplier=expected.supplier, system=expected.system, dataset=expected.dataset)


def _reading_outcomes(delivery: Delivery, check_id: str, findings: list[Finding], rows_in: int) -> list[Outcome]:
    """The planned check of reading, and those of single columns that failed."""
    return [
        replace(
            executed(check, delivery.expected.scope, findings),
            rows_checked=rows_in,
            rows_failed=sum(one.rows_failed or 0 for one in findings if one.check == check),
            rows_undecided=0,
        )
        for check in sorted({check_id, *(finding.check for finding in findings if finding.check)})
    ]
