"""The provider by dataset matrix."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from loadgate.model.deliveries import Arrivals, ArrivalState
from loadgate.model.findings import Finding, RowsEvidence
from loadgate.model.kinds import Kind, Severity
from loadgate.reporting.matrix import FAILED, NOTHING, ORDER, matrix
from loadgate.reporting.page import STATE_ICONS


def arrivals(*found: object) -> Arrivals:
    return Arrivals(period="2025-08", arrivals=found, unexpected=(), duplicates=())  # type: ignore[arg-type]


def rejected(delivery: str, severity: Severity) -> Finding:
    from loadgate.model.scope import Scope

    evidence = RowsEvidence(rows_checked=9, rows_failed=2)
    return Finding(kind=Kind.REJECTED_ROWS, severity=severity, scope=Scope.of(delivery=delivery), evidence=evidence)


def test_every_state_has_a_place_and_an_icon_of_its_own() -> None:
    states = {*(state.value for state in ArrivalState), FAILED, NOTHING}

    assert states == set(map(str, ORDER)) == set(map(str, STATE_ICONS))
    assert len(set(STATE_ICONS.values())) == len(states)


def test_rows_with_a_problem_come_first_in_groups_of_the_system_most_affected(views: ModuleType) -> None:
    view = views.large()

    found = matrix(view.arrivals, view.judgement.findings, view.names)

    assert found.groups[0][0] == "system-3"
    assert len(found.groups[0][1]) == 12
    assert [len(rows) for _, rows in found.groups] == sorted((len(r) for _, r in found.groups), reverse=True)
    assert found.affected + found.on_time == 98
    assert sum(number for _, number in found.counts) == found.deliveries == 98 * 9


def test_a_delivery_that_came_and_cannot_be_used_is_failed(views: ModuleType) -> None:
    delivery = views.expected("101")
    names = views.names()

    def shown(*findings: Finding, state: ArrivalState = ArrivalState.ON_TIME) -> dict[str, int]:
        return dict(matrix(arrivals(views.arrival(delivery, state)), findings, names).counts)

    assert shown(rejected(delivery.id, Severity.CRITICAL)) == {"failed": 1}
    assert shown(rejected(delivery.id, Severity.WARNING)) == {"on time": 1}
    assert shown(rejected("2025-08/system-0/d0/102", Severity.CRITICAL)) == {"on time": 1}
    assert shown(rejected(delivery.id, Severity.CRITICAL), state=ArrivalState.MISSING) == {"missing": 1}


def test_a_batch_stands_in_the_row_of_each_of_its_providers_and_the_worst_state_shows(views: ModuleType) -> None:
    batch = replace(views.expected("101"), id="2025-08/system-0/d0/batch", unit="batch", providers=("101", "102"))
    own = views.expected("102")

    found = matrix(arrivals(views.arrival(batch), views.arrival(own, ArrivalState.LATE)), (), views.names())

    assert [row.provider for _, rows in found.groups for row in rows] == ["102"]
    assert [row.provider for _, rows in found.fine for row in rows] == ["101"]
    assert found.deliveries == 2


def test_a_dataset_that_a_provider_need_not_send_is_no_problem(views: ModuleType) -> None:
    found = matrix(
        arrivals(views.arrival(views.expected("101")), views.arrival(views.expected("102", dataset=1))),
        (),
        views.names(datasets=2),
    )

    assert found.affected == 0
    assert {cell.state for _, rows in found.fine for row in rows for cell in row.cells} == {"on time", NOTHING}
