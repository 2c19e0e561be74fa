"""Factories of what judging is handed; each takes only what a test is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from loadgate.judging.judge import judge
from loadgate.model.expected import Ceiling, Effect, Gate, GateRule, KnownError
from loadgate.model.findings import (
    ArrivalEvidence,
    Case,
    CaseState,
    Cause,
    CauseKind,
    CellsEvidence,
    Check,
    Finding,
    GroupEvidence,
    Outcome,
    OutcomeState,
    RowsEvidence,
)
from loadgate.model.judgement import Judgement, Waiver
from loadgate.model.kinds import KINDS, Kind, Severity
from loadgate.model.scope import Scope
from loadgate.model.tables import LINEAGE, schema

PARTS = ("school/101", "school/102", "school/103", "elderly/101", "elderly/102", "elderly/103")


class Make:
    """`make.finding("arrival.missing", provider="101")` and so on."""

    parts = PARTS

    @staticmethod
    def scope(provider: str | Sequence[str] | None = "101", **dimensions: Any) -> Scope:
        return Scope.of(**{"area": "school", "provider": provider, **dimensions})

    @classmethod
    def delivery_scope(
        cls, provider: str = "101", *, period: str = "2026-10", system: str = "tea", area: str = "school", **more: Any
    ) -> Scope:
        return Scope.of(
            area=area,
            dataset="pupils",
            vendor=more.get("vendor", "tabulex"),
            system=system,
            supplier=more.get("supplier", "tabulex"),
            delivery=f"{period}/{system}/pupils/{provider}",
            provider=provider,
        )

    @staticmethod
    def finding(
        kind: str | Kind, scope: Scope, *, severity: str | None = None, failed: int = 5, checked: int = 100, **more: Any
    ) -> Finding:
        kind = Kind(kind)
        evidence = more.pop("evidence", None)
        if evidence is None and kind.startswith("arrival"):
            evidence = ArrivalEvidence()
        return Finding(
            kind=kind,
            severity=Severity(severity) if severity else KINDS[kind].severity,
            scope=scope,
            evidence=evidence or RowsEvidence(rows_checked=checked, rows_failed=failed),
            **more,
        )

    @staticmethod
    def cells(cells: int = 10, eligible: int = 100, effect: float | None = None) -> CellsEvidence:
        return CellsEvidence(cells=cells, eligible=eligible, difference_max=effect, source="statistics")

    @classmethod
    def shared(
        cls,
        *,
        effects: tuple[float | None, float | None] = (-0.010, 0.023),
        provider: Sequence[str] = ("101", "102", "103"),
        figure: str = "segregation",
        cause: str = "run",
        reference: Any = None,
    ) -> Finding:
        scope = Scope.of(area="school", provider=provider, figure=figure, reference=reference)
        evidence = GroupEvidence(
            cells=400,
            eligible=500,
            first="2024-W01",
            last="2025-W30",
            periods=80,
            direction="mixed",
            effect_min=effects[0],
            effect_median=None,
            effect_max=effects[1],
            evidence=200.0,
            detection_limit=0.01,
            unmoved=("pupils",),
            unmoved_cells=500,
            unmoved_restated=3,
        )
        detail = {"cause": cause, "members": ",".join(provider)}
        return cls.finding("systematic.restated_alone", scope, evidence=evidence, detail=detail)

    @staticmethod
    def outcome(
        check: str,
        scope: Scope,
        state: str = "fail",
        *,
        severity: str = "warning",
        failed: int = 5,
        checked: int = 100,
        undecided: int = 0,
    ) -> Outcome:
        ran = state in ("pass", "fail")
        return Outcome(
            check=check,
            scope=scope,
            state=OutcomeState(state),
            severity=Severity(severity),
            rows_checked=checked if ran else None,
            rows_failed=(failed if state == "fail" else 0) if ran else None,
            rows_undecided=undecided if ran else None,
        )

    @staticmethod
    def check(id: str, scope: Scope, *, severity: str = "warning", run_wide: bool = False) -> Check:
        return Check(id=id, scope=scope, severity=Severity(severity), run_wide=run_wide)

    @staticmethod
    def error(id: str = "E1", *, scope: str = "system=tea", treatment: str = "caveat", **what: Any) -> KnownError:
        ceiling = {name: what.pop(name) for name in ("rows", "share", "effect") if name in what}
        if not {"check", "kind"} & set(what):
            what["check"] = "pupils:not_be_null(class_type)"
        return KnownError(
            id=id,
            title="Pupils without a class type",
            scope=scope,
            ceiling=Ceiling(**(ceiling or {"rows": 10})),
            treatment=treatment,
            reason="registered",
            owner="steward",
            reported=date(2026, 1, 1),
            review=date(2027, 1, 1),
            **what,
        )

    @staticmethod
    def rule(
        then: str, *kinds: str, severity: Sequence[str] = (), scope: str = "*", shared: int | None = None
    ) -> GateRule:
        return GateRule(
            kinds=tuple(map(Kind, kinds)),
            severity=tuple(map(Severity, severity)),
            scope=scope,
            shared=shared,
            then=Effect(then),
            reason="because",
        )

    @classmethod
    def gate(cls, *rules: GateRule) -> Gate:
        return Gate(rules=rules or (cls.rule("caveat", severity=["warning", "critical"]), cls.rule("show")))

    @staticmethod
    def case(
        number: int | None = 1,
        *,
        scope: Scope,
        kinds: Sequence[str] = ("arrival.missing",),
        checks: Sequence[str] = (),
        size: float = 0.5,
        severity: str = "critical",
        first_seen: str = "2026-09",
    ) -> Case:
        return Case(
            number=number,
            cause=Cause(kind=CauseKind.OTHER, members=()),
            scope=scope,
            severity=Severity(severity),
            findings=("f-earlier",),
            state=CaseState.NEW,
            first_seen=first_seen,
            size=size,
            kinds=tuple(kinds),
            checks=tuple(checks),
        )

    @staticmethod
    def waiver(
        id: str = "W1",
        *,
        case: int = 1,
        scope: Scope,
        kinds: Sequence[str],
        until: date = date(2026, 11, 30),
        ceiling: float | None = None,
        approved_by: str | None = "second",
    ) -> Waiver:
        return Waiver(
            id=id,
            case=case,
            scope=scope,
            kinds=tuple(kinds),
            reason="known",
            requested_by="first",
            approved_by=approved_by,
            until=until,
            ceiling=ceiling,
        )

    @staticmethod
    def lineage(*rows: tuple[str, str, str]) -> pl.DataFrame:
        """(figure, provider, delivery) each."""
        return pl.DataFrame([(*row, 1) for row in rows], schema=schema(LINEAGE), orient="row")

    @classmethod
    def judge(cls, **given: Any) -> Judgement:
        """A judgement of whatever is given, with nothing else in it."""
        nothing: dict[str, Any] = {
            "run": "2026-10",
            "planned": (),
            "outcomes": (),
            "findings": (),
            "register": (),
            "waivers": (),
            "open_cases": (),
            "gate": cls.gate(),
            "parts": PARTS,
            "lineage": None,
            "as_of": datetime(2026, 11, 5, 12, tzinfo=UTC),
            "timezone": "Europe/Copenhagen",
        }
        return judge(**{**nothing, **given})


@pytest.fixture
def make() -> type[Make]:
    return Make
