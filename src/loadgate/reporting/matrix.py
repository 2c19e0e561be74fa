"""Arrivals and findings in; the provider by dataset matrix out: one state per cell, problem rows first, by system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadgate.model.deliveries import Arrival, Arrivals, ArrivalState
from loadgate.model.findings import Finding
from loadgate.model.kinds import Kind, Severity
from loadgate.reporting.names import Names

FAILED = "failed"
NOTHING = "nothing"
# The worst first: what a cell shows where several deliveries meet in it.
ORDER: tuple[str, ...] = (
    ArrivalState.MISSING,
    FAILED,
    ArrivalState.QUARANTINED,
    ArrivalState.OVERDUE,
    ArrivalState.LATE,
    ArrivalState.UNEXPECTED,
    ArrivalState.AWAITED,
    ArrivalState.SUPERSEDED,
    ArrivalState.ON_TIME,
    NOTHING,
)
_FINE = frozenset({ArrivalState.ON_TIME.value, ArrivalState.SUPERSEDED.value, NOTHING})
_FAILS = frozenset(
    {
        Kind.DUPLICATE,
        Kind.EMPTY,
        Kind.IMPOSTOR,
        Kind.UNREADABLE_FILE,
        Kind.ENCODING,
        Kind.COLUMNS,
        Kind.REJECTED_ROWS,
        Kind.TRAILER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    state: str
    dataset: str
    due: str  # ISO text
    system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One provider. `cells` are in the order of the matrix' datasets."""

    provider: str
    cells: tuple[Cell, ...]

    @property
    def problems(self) -> tuple[Cell, ...]:
        return tuple(sorted((cell for cell in self.cells if cell.state not in _FINE), key=lambda c: _rank(c.state)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """`groups`: (system, rows with a problem in it), most rows first; `fine`: rows without any."""

    datasets: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    fine: tuple[tuple[str, tuple[Row, ...]], ...]
    counts: tuple[tuple[str, int], ...]  # deliveries per state, worst first
    deliveries: int

    @property
    def rows(self) -> int:
        return self.affected + self.on_time

    @property
    def affected(self) -> int:
        return sum(len(rows) for _, rows in self.groups)

    @property
    def on_time(self) -> int:
        return sum(len(rows) for _, rows in self.fine)


def matrix(arrivals: Arrivals, findings: Sequence[Finding], names: Names) -> Matrix:
    """Every expected delivery stands in the row of each provider that it is for."""
    failed = failed_deliveries(findings)
    states = {arrival.expected.id: state_of(arrival, failed) for arrival in arrivals.arrivals}
    datasets = tuple(sorted({a.expected.dataset for a in arrivals.arrivals}, key=lambda d: names.datasets.get(d, d)))
    cells: dict[str, dict[str, Cell]] = {}
    for arrival in arrivals.arrivals:
        expected = arrival.expected
        cell = Cell(
            state=states[expected.id],
            dataset=expected.dataset,
            due=expected.due.isoformat(),
            system=expected.system,
        )
        for provider in expected.providers:
            row = cells.setdefault(provider, {})
            there = row.get(expected.dataset)
            if there is None or _rank(cell.state) < _rank(there.state):
                row[expected.dataset] = cell
    rows = [
        Row(
            provider=provider,
            cells=tuple(row.get(d, Cell(state=NOTHING, dataset=d, due="", system="")) for d in datasets),
        )
        for provider, row in cells.items()
    ]
    return Matrix(
        datasets=datasets,
        groups=_grouped([row for row in rows if row.problems], names),
        fine=_grouped([row for row in rows if not row.problems], names),
        counts=_counts(states),
        deliveries=len(states),
    )


def state_of(arrival: Arrival, failed: frozenset[str]) -> str:
    """What is shown for a delivery: its arrival, unless it came and then failed."""
    came = arrival.delivery is not None or arrival.state in (ArrivalState.ON_TIME, ArrivalState.LATE)
    return FAILED if came and arrival.expected.id in failed else arrival.state.value


def failed_deliveries(findings: Sequence[Finding]) -> frozenset[str]:
    """Ids of deliveries that came and cannot be used: a critical finding of the load about one delivery."""
    return frozenset(
        delivery
        for finding in findings
        if finding.kind in _FAILS and finding.severity is Severity.CRITICAL and finding.scope.delivery is not None
        for delivery in finding.scope.delivery
    )


def _counts(states: dict[str, str]) -> tuple[tuple[str, int], ...]:
    counted = Counter(states.values())
    return tuple((state, counted[state]) for state in map(str, ORDER) if counted[state])


def _grouped(rows: Sequence[Row], names: Names) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        systems = [cell.system for cell in row.problems]
        if not systems:
            own = {cell.system for cell in row.cells if cell.system}
            systems = list(own) if len(own) == 1 else [""]
        groups.setdefault(systems[0], []).append(row)

    def order(row: Row) -> tuple[int, int, str]:
        worst = _rank(row.problems[0].state) if row.problems else len(ORDER)
        return worst, -len(row.problems), names.providers.get(row.provider, row.provider)

    listed = [(system, tuple(sorted(own, key=order))) for system, own in groups.items()]
    return tuple(sorted(listed, key=lambda group: (-len(group[1]), group[0])))


def _rank(state: str) -> int:
    return ORDER.index(state)
