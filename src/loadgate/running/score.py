"""A judged run and the truth of its planted faults in; out, which were found, which were missed, and what else was.

A fault is found if every finding that it must cause is there: of the right kind, by the right check where one is
named, and with the right Scope. Right means that the two boxes overlap, that at least half of what the finding is
about (pairs of provider and area) lies in what was expected, and that all such findings together and what was expected
have at least half of their pairs in common. A registered error is known by its id instead: what is put down to it lies
inside its Scope, however few of its deliveries show it.

A finding belongs to a fault if it is about one of its deliveries, or if at least half of its pairs are of providers
and areas that faults can move, and it names no figures but such as they can move.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError, field_validator

from loadgate.errors import CouldNotRun, NotFound
from loadgate.model.judgement import KnownErrorState
from loadgate.model.kinds import Kind, Severity
from loadgate.model.scope import Scope
from loadgate.model.written import Written

if TYPE_CHECKING:
    from loadgate.model.findings import Finding
    from loadgate.model.judgement import Judgement
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs
    from loadgate.running.opened import Opened

Pairs = frozenset[tuple[str, str]]  # provider, area
HALF = 0.5
_PUT_DOWN_TO = "known_error"  # key in a finding's detail
_TOLD = (Severity.WARNING, Severity.CRITICAL)


class ExpectedFinding(Written):
    """`put_down_to`: the registered error that the finding must be put down to."""

    kind: str
    scope: str
    check: str | None = None
    put_down_to: str | None = None

    @field_validator("scope")
    @classmethod
    def _is_a_scope(cls, text: str) -> str:
        Scope.parse(text)
        return text

    @property
    def box(self) -> Scope:
        return Scope.parse(self.scope)


class TrueFault(Written):
    """One entry of a truth file."""

    kind: str
    where: str
    period: str
    deliveries: tuple[str, ...]
    figures: tuple[str, ...] = ()
    size: float | None = None
    expected_findings: tuple[ExpectedFinding, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}@{self.where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`missed`: faults with those of their expected findings that are not there."""

    run: str
    planted: tuple[TrueFault, ...]
    found: tuple[TrueFault, ...]
    missed: tuple[tuple[TrueFault, tuple[ExpectedFinding, ...]], ...]
    other: tuple[Finding, ...]


def read_truth(path: Path) -> list[TrueFault]:
    """Raises NotFound where there is no such file, CouldNotRun for one that holds something else."""
    try:
        text = path.read_bytes()
    except OSError:
        raise NotFound(f"there is no truth in {path}", fix="--truth PATH, as `loadgate sample` wrote it") from None
    try:
        return TypeAdapter(list[TrueFault]).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the list"
        raise CouldNotRun(
            f"{path} holds no truth: {where}: {first['msg']}", fix="name the file that `loadgate sample` wrote"
        ) from None


def score_run(opened: Opened, run: str, truth: Sequence[TrueFault]) -> Score:
    """Score a judged run; a period is its newest judged run. Raises NotFound, also for a truth of another period."""
    from loadgate.running import deciding
    from loadgate.running.cases import newest_run

    chosen = newest_run(opened, run)
    inputs = opened.inputs(chosen)
    other = sorted({fault.period for fault in truth} - {inputs.period})
    if other:
        raise NotFound(f"the truth is about {', '.join(other)}, the run about {inputs.period}", fix=f"score {other[0]}")
    return score(deciding.stored(opened, chosen), truth, Known.of(inputs, opened.frozen(inputs.content)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a Scope leaves open, filled in: every provider, the areas of datasets and figures, who is in a delivery."""

    providers: frozenset[str]
    areas: frozenset[str]
    area_of_dataset: dict[str, str]
    area_of_figure: dict[str, str]
    in_delivery: dict[str, frozenset[str]]

    @classmethod
    def of(cls, inputs: RunInputs, site: Site) -> Known:
        areas = {dataset.dataset: dataset.area for dataset in site.datasets}
        return cls(
            providers=frozenset(provider.id for provider in site.providers),
            areas=frozenset(areas.values()),
            area_of_dataset=areas,
            area_of_figure={figure.id: areas[figure.dataset] for figure in site.figures},
            in_delivery={one.expected.id: frozenset(one.expected.providers) for one in inputs.arrivals},
        )

    def pairs(self, scope: Scope) -> Pairs:
        """What the box is about."""
        areas = scope.area
        if areas is None and scope.figure is not None:
            areas = frozenset(self.area_of_figure[name] for name in scope.figure if name in self.area_of_figure)
        if areas is None and scope.dataset is not None:
            areas = frozenset(self.area_of_dataset[name] for name in scope.dataset if name in self.area_of_dataset)
        providers = self.providers if scope.provider is None else scope.provider
        return frozenset((provider, area) for provider in providers for area in areas or self.areas)


def score(judgement: Judgement, truth: Sequence[TrueFault], known: Known) -> Score:
    """Hold the truth against the findings of a judgement."""
    missed: list[tuple[TrueFault, tuple[ExpectedFinding, ...]]] = []
    found: list[TrueFault] = []
    for fault in truth:
        not_there = tuple(one for one in fault.expected_findings if not is_there(one, judgement, known))
        if not_there:
            missed.append((fault, not_there))
        else:
            found.append(fault)
    told = (finding for finding in judgement.findings if finding.severity in _TOLD)
    return Score(
        run=judgement.run,
        planted=tuple(truth),
        found=tuple(found),
        missed=tuple(missed),
        other=tuple(finding for finding in told if not belongs(finding, truth, known)),
    )


def is_there(expected: ExpectedFinding, judgement: Judgement, known: Known) -> bool:
    """Whether findings of the right kind and Scope are there."""
    fitting = [finding for finding in judgement.findings if _fits(finding, expected)]
    wanted = known.pairs(expected.box)
    if expected.put_down_to is not None:
        inside = [finding for finding in fitting if known.pairs(finding.scope) <= wanted]
        return bool(inside) and _as_registered(expected, judgement)
    covered: frozenset[tuple[str, str]] = frozenset()
    for finding in fitting:
        own = known.pairs(finding.scope)
        if len(own & wanted) >= HALF * len(own):
            covered |= own
    return len(covered & wanted) >= HALF * len(covered | wanted) and bool(covered)


def _fits(finding: Finding, expected: ExpectedFinding) -> bool:
    if finding.kind.value != expected.kind or expected.check not in (None, finding.check):
        return False
    if expected.put_down_to not in (None, finding.detail.get(_PUT_DOWN_TO)):
        return False
    return finding.scope.overlaps(expected.box)


def _as_registered(expected: ExpectedFinding, judgement: Judgement) -> bool:
    """A check's findings are put down to an error while it is within its ceiling; above, it explains nothing."""
    if expected.kind != Kind.CHECK_FAILED.value:
        return True
    verdicts = {one.error: one.state for one in judgement.known_errors}
    return verdicts.get(expected.put_down_to or "") is KnownErrorState.WITHIN_CEILING


def belongs(finding: Finding, truth: Iterable[TrueFault], known: Known) -> bool:
    """Whether the faults account for a finding."""
    deliveries = finding.scope.delivery or frozenset()
    own, reached = known.pairs(finding.scope), set[tuple[str, str]]()
    for fault in truth:
        if deliveries & set(fault.deliveries):
            return True
        if finding.scope.figure is None or finding.scope.figure & set(fault.figures):
            reached |= _reach(fault, known)
    return len(own & reached) >= HALF * len(own)


def _reach(fault: TrueFault, known: Known) -> Pairs:
    """Providers, and the areas in which their figures can move."""
    areas = {known.area_of_figure[name] for name in fault.figures if name in known.area_of_figure}
    areas |= {area for one in fault.expected_findings for area in one.box.area or ()}
    return frozenset((provider, area) for provider in _providers(fault, known) for area in areas)


def _providers(fault: TrueFault, known: Known) -> frozenset[str]:
    """Whose figures it can move: the provider that it names, else those of its deliveries."""
    _, _, provider = fault.where.partition("/")[2].partition("/")
    if provider:
        apart = [name for name in fault.deliveries if provider not in known.in_delivery.get(name, frozenset())]
        return frozenset([provider]).union(*(known.in_delivery.get(name, frozenset()) for name in apart))
    return frozenset[str]().union(*(known.in_delivery.get(name, frozenset()) for name in fault.deliveries))


def score_view(scored: Score) -> dict[str, Any]:
    """The score as `loadgate score --json` gives it."""
    return {
        "run": scored.run,
        "counts": {
            "planted": len(scored.planted),
            "found": len(scored.found),
            "missed": len(scored.missed),
            "other": len(scored.other),
        },
        "planted": [_fault_view(fault) for fault in scored.planted],
        "found": [_fault_view(fault) for fault in scored.found],
        "missed": [
            _fault_view(fault) | {"not_found": [one.model_dump(exclude_none=True) for one in wanted]}
            for fault, wanted in scored.missed
        ],
        "other": [
            {
                "id": finding.id,
                "kind": finding.kind.value,
                "severity": finding.severity.value,
                "scope": str(finding.scope),
                "check": finding.check,
            }
            for finding in scored.other
        ],
    }


def _fault_view(fault: TrueFault) -> dict[str, Any]:
    return {"kind": fault.kind, "where": fault.where, "period": fault.period, "size": fault.size}
