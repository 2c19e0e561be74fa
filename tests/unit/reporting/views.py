"""Reports to look at: a release, a month held by one shared restatement, and a programme of 98 with 40 problems."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl

from loadgate.model.deliveries import Arrival, Arrivals, ArrivalState, Delivery, ExpectedDelivery, Part, ReceivedFile
from loadgate.model.expected import Ceiling, Effect, Gate, GateRule, KnownError
from loadgate.model.findings import (
    ArrivalEvidence,
    Case,
    CaseState,
    Cause,
    CauseKind,
    CellsEvidence,
    Finding,
    GroupEvidence,
    MemberEffect,
    Outcome,
    OutcomeState,
    RowsEvidence,
    Verdict,
)
from loadgate.model.judgement import Caveat, Judgement, KnownErrorState, KnownErrorVerdict, PartVerdict, Reason
from loadgate.model.kinds import KINDS, Kind, Severity
from loadgate.model.period import Period
from loadgate.model.scope import Scope, Span
from loadgate.reporting.language import Language
from loadgate.reporting.names import Breakdown, Names
from loadgate.reporting.view import PrintedTable, ReportView

STEMS = (
    *("Ager", "Birke", "Dal", "Eng", "Fjord", "Grøn", "Hav", "Isle", "Jern", "Kilde", "Lund", "Mose", "Nør"),
    *("Over", "Præst", "Ravn", "Skov", "Tved", "Under", "Vester", "Ør", "Åse"),
)
ENDINGS = ("by", "rup", "strup", "løse", "borg")
AGES = ("00-04", "05-14", "15-34", "35-59", "60-79", "80+")
AS_OF = "2025-08-28T07:12:00+00:00"
GATE = Gate(
    rules=(
        GateRule(kinds=(Kind.MISSING,), shared=10, then=Effect.BLOCK_RUN, reason="a supplier has not delivered"),
        GateRule(kinds=(Kind.MISSING,), then=Effect.CAVEAT, reason="one provider never holds the others"),
        GateRule(kinds=(Kind.SHARED_RESTATEMENT,), then=Effect.BLOCK_RUN, reason="a fault of the load, shared by many"),
        GateRule(kinds=(Kind.COULD_NOT_RUN,), then=Effect.BLOCK_PART, reason="what was not checked is not published"),
        GateRule(severity=(Severity.WARNING,), then=Effect.CAVEAT, reason="told to whoever uses the figure"),
    )
)


def provider_names(number: int) -> dict[str, str]:
    return {
        f"{101 + index}": f"{STEMS[index % len(STEMS)]}{ENDINGS[(index // len(STEMS)) % len(ENDINGS)]}"
        for index in range(number)
    }


def names(language: Language = "en", *, providers: int = 16, datasets: int = 1) -> Names:
    titles = {
        "en": ("Cases", "Rate per 100,000 inhabitants"),
        "da": ("Tilfælde", "Rate pr. 100.000 indbyggere"),
    }[language]
    return Names(
        language=language,
        timezone="Europe/Copenhagen",
        providers=provider_names(providers),
        figures={"cases": titles[0], "rate": titles[1]},
        datasets={f"d{index}": DATASETS[index] for index in range(datasets)},
        systems={f"system-{index}": f"{SYSTEMS[index]}" for index in range(datasets)},
        suppliers={"sender": "Nordwind Data"},
        errors={"K-7": "Pupils without a class type"},
        breakdowns={"cases": Breakdown(label="age group", values=6), "rate": Breakdown(label="age group", values=6)},
        provider_one={"en": "municipality", "da": "kommune"}[language],
        provider_many={"en": "municipalities", "da": "kommuner"}[language],
    )


DATASETS = (
    "Weekly reports",
    "Payroll",
    "Citizens",
    "Pupils",
    "Children",
    "Disability",
    "Elderly care",
    "Health",
    "Jobs",
)
SYSTEMS = ("Prisme", "Lønklar", "Folkeliste", "Elevdata", "Barnesag", "Bosted", "Omsorg", "Klinik", "Jobspor")


def expected(provider: str, *, dataset: int = 0, period: str = "2025-08") -> ExpectedDelivery:
    due = datetime(2025, 8, 5, 10, 0, tzinfo=UTC)
    return ExpectedDelivery(
        id=f"{period}/system-{dataset}/d{dataset}/{provider}",
        period=period,
        area=f"area-{dataset}",
        dataset=f"d{dataset}",
        vendor=f"vendor-{dataset}",
        system=f"system-{dataset}",
        system_version=None,
        supplier="sender",
        unit=provider,
        providers=(provider,),
        due=due,
        closes=due + timedelta(days=7),
        pattern=f"{provider}_*.csv",
    )


def arrival(delivery: ExpectedDelivery, state: ArrivalState = ArrivalState.ON_TIME) -> Arrival:
    came = None
    if state in (ArrivalState.ON_TIME, ArrivalState.LATE):
        part = Part(name=f"{delivery.unit}_20250804.csv", sha256="ab" * 32, size_bytes=48_213)
        late = timedelta(days=2) if state is ArrivalState.LATE else timedelta(hours=-20)
        came = Delivery(expected=delivery, version=1, parts=(part,), received_at=delivery.due + late, state=state)
    return Arrival(expected=delivery, state=state, delivery=came)


def judgement(**changes: object) -> Judgement:
    checks = tuple(
        Outcome(check=f"d0:c{n}", scope=Scope(), state=OutcomeState.PASS, severity=Severity.WARNING) for n in range(144)
    )
    quiet = Judgement(
        run="2025-08",
        as_of=AS_OF,
        verdict=Verdict.RELEASE,
        verdict_before_waivers=Verdict.RELEASE,
        reasons=(),
        parts=(PartVerdict(part="area-0/101", verdict=Verdict.RELEASE, reasons=()),),
        cases=(),
        resolved=(),
        findings=(),
        outcomes=checks,
        known_errors=(),
        caveats=(),
        waivers=(),
    )
    return replace(quiet, **changes)  # type: ignore[arg-type]


def restatements(*, odd: bool) -> pl.DataFrame:
    bands = ((0, 1, 0.37, 0.21, 0.52), (2, 4, 0.22, 0.11, 0.33), (5, 12, 0.09, 0.02, 0.15), (13, 52, 0.019, 0.0, 0.05))
    rows = [
        {
            "figure": figure,
            "unit": "week",
            "age_first": first,
            "age_last": last,
            "restated": round(900 * share),
            "eligible": 900,
            "usual_low": low,
            "usual_high": high,
        }
        for figure in ("cases", "rate")
        for first, last, share, low, high in (*bands, (53, None, 0.002, 0.0, 0.004))
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if not odd:
        return frame
    moved = (pl.col("figure") == "rate") & (pl.col("age_first") >= 5)
    return frame.with_columns(pl.when(moved).then(441).otherwise("restated").alias("restated"))


def controls(*, substantial: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    summary = pl.DataFrame(
        {
            "source": ["national total"],
            "figure": ["cases"],
            "compared": [1257 + substantial],
            "agree": [1257],
            "minimal": [0],
            "substantial": [substantial],
            "not_applicable": [0],
        }
    )
    rows = pl.DataFrame(
        [
            {
                "kind": "control",
                "source": "national total",
                "figure": "cases",
                "cell": "80+",
                "provider": f"{101 + index}",
                "reference_start": date(2025, 3, 3) + timedelta(weeks=index),
                "value": 1200.0 + index,
                "other": 1290.0,
                "difference": 90.0 - index,
                "difference_relative": (90.0 - index) / 1290.0,
                "outcome": "substantial",
            }
            for index in range(substantial)
        ]
    )
    return summary, rows


PRINTED = PrintedTable(
    title="Services by code",
    header=("Code", "K1", "K2", "K3", "K4", "%"),
    rows=(
        ("1.1", "131", "128", "141", "146", "2,3%"),
        ("1.17", "4", "4", "4", "4", "25,0%"),
        ("1.3", "0", "0", "0", "0", "-"),
    ),
)
INPUTS = {
    "baseline": "2025-07, approved 2025-07-31",
    "engine": "0.1.0",
    "content": "3fd1c1c04e9e2b7e52c0d4b1e8a99f04c6a2f9b1b46f7f0a6c0b9d8b7c1a2e3d",
    "figures": "b7c1a2e3d3fd1c1c04e9e2b7e52c0d4b1e8a99f04c6a2f9b1b46f7f0a6c0b9d8",
    "ledger_head": "entry 214, 9f04c6a2f9b1b46f",
    "opened_by": "operations",
}


def release(language: Language = "en") -> ReportView:
    """A quiet month."""
    own = names(language)
    summary, rows = controls()
    return ReportView(
        site="sample",
        title="Weekly reports of the regions" if language == "en" else "Regionernes ugerapporter",
        period=Period.parse("2025-08"),
        baseline="2025-07",
        judgement=judgement(),
        arrivals=Arrivals(
            period="2025-08", arrivals=tuple(arrival(expected(p)) for p in own.providers), unexpected=(), duplicates=()
        ),
        gate=GATE,
        names=own,
        restatements=restatements(odd=False),
        controls=summary,
        control_rows=rows,
        inputs=INPUTS,
    )


def _member(provider: str, age: str, index: int, step: int) -> MemberEffect:
    """Each provider and age group got its own factor, of both signs."""
    effect = -0.0096 + (index * 5 % 16) * 0.0009 + step * 0.00385
    return MemberEffect(
        provider=provider,
        cell=age,
        cells=60 + 3 * index,
        eligible=150,
        effect_min=effect,
        effect_median=effect,
        effect_max=effect,
    )


def shared_restatement(own: Names) -> Finding:
    members = tuple(
        _member(provider, age, index % 16, step)
        for index, provider in enumerate(own.providers)
        for step, age in enumerate(AGES)
    )
    return Finding(
        kind=Kind.SHARED_RESTATEMENT,
        severity=Severity.CRITICAL,
        scope=Scope.of(figure="rate", reference=Span.parse("2020-W01..2025-W30")),
        evidence=GroupEvidence(
            cells=7089,
            eligible=14400,
            first="2020-W01",
            last="2025-W30",
            periods=290,
            direction="mixed",
            effect_min=-0.0096,
            effect_median=0.0047,
            effect_max=0.0231,
            evidence=3121.4,
            detection_limit=0.0042,
            unmoved=("cases",),
            unmoved_cells=14908,
            unmoved_restated=95,
            members=members,
        ),
    )


def held(language: Language = "en") -> ReportView:
    """One shared restatement, of all providers and age groups, holds the run."""
    quiet = release(language)
    finding = shared_restatement(quiet.names)
    case = Case(
        number=1,
        cause=Cause(kind=CauseKind.RUN, members=()),
        scope=finding.scope,
        severity=Severity.CRITICAL,
        findings=(finding.id,),
        state=CaseState.NEW,
        first_seen="2025-08",
        size=0.0231,
    )
    reason = Reason(effect="block", rule=3, case=1, findings=(finding.id,), kind=finding.kind)
    usual = Finding(
        kind=Kind.RESTATED,
        severity=Severity.INFO,
        scope=Scope.of(figure="cases"),
        evidence=CellsEvidence(cells=95, eligible=14908, first="2025-W01", last="2025-W30"),
    )
    return replace(
        quiet,
        judgement=judgement(
            verdict=Verdict.HOLD,
            verdict_before_waivers=Verdict.HOLD,
            reasons=(reason,),
            cases=(case,),
            findings=(finding, usual),
        ),
        restatements=restatements(odd=True),
        cells_gone=3,
        printed=(PRINTED,),
    )


def large(language: Language = "en", *, providers: int = 98, datasets: int = 9, problems: int = 40) -> ReportView:
    """A whole programme on a bad day: missing and failed files, a shared fault, deviations, caveats."""
    own = names(language, providers=providers, datasets=datasets)
    ids = list(own.providers)
    deliveries = [expected(provider, dataset=d) for provider in ids for d in range(datasets)]
    state: dict[str, ArrivalState] = {}
    findings: list[Finding] = []
    cases: list[Case] = []
    reasons: list[Reason] = []

    def add(found: list[Finding], cause: Cause, *, effect: str, rule: int, size: float) -> None:
        number = len(cases) + 1
        findings.extend(found)
        cases.append(
            Case(
                number=number,
                cause=cause,
                scope=found[0].scope,
                severity=found[0].severity,
                findings=tuple(each.id for each in found),
                state=CaseState.NEW if number % 3 else CaseState.PERSISTING,
                first_seen="2025-08" if number % 3 else "2025-06",
                size=size,
            )
        )
        ids_of = tuple(each.id for each in found)
        reasons.append(Reason(effect=effect, rule=rule, case=number, findings=ids_of, kind=found[0].kind))

    gone = deliveries[3 : 3 + 12 * datasets : datasets]
    add(
        [_missing(each, state) for each in gone],
        Cause(kind=CauseKind.SYSTEM, members=("system-3",)),
        effect="block",
        rule=1,
        size=1.0,
    )
    add([shared_restatement(own)], Cause(kind=CauseKind.RUN, members=()), effect="block", rule=3, size=0.0231)
    for index in range(problems - 2):
        delivery = deliveries[(index * 37 + 200) % len(deliveries)]
        cause = Cause(kind=CauseKind.PROVIDER, members=delivery.providers)
        if index % 6 == 5:
            add([_late(delivery, state)], cause, effect="caveat", rule=5, size=0.0)
        else:
            add([_bad_rows(delivery, index)], cause, effect="caveat", rule=5, size=0.01 * (index + 1))
    arrivals = tuple(arrival(each, state.get(each.id, ArrivalState.ON_TIME)) for each in deliveries)
    unexpected = ReceivedFile(
        name="liste 010190-1234.csv", size_bytes=12, sha256="cd" * 32, first_seen=deliveries[0].due
    )
    known = (
        KnownErrorVerdict(error="K-7", state=KnownErrorState.WORSE, size=0.081, ceiling=0.05, findings=()),
        KnownErrorVerdict(error="K-9", state=KnownErrorState.WITHIN_CEILING, size=12, ceiling=40, findings=()),
        KnownErrorVerdict(error="K-3", state=KnownErrorState.NO_LONGER_SEEN, size=0, ceiling=0.1, findings=()),
        KnownErrorVerdict(error="K-4", state=KnownErrorState.NOT_CHECKED, size=None, ceiling=0.1, findings=()),
    )
    summary, rows = controls(substantial=60)
    caveats = tuple(
        Caveat(scope=each.scope, reason="check_failed", source=each.id)
        for each in findings
        if each.kind is Kind.CHECK_FAILED
    )
    return replace(
        release(language),
        title="Shared monthly load" if language == "en" else "Fælles månedlig indlæsning",
        names=own,
        judgement=judgement(
            verdict=Verdict.HOLD,
            verdict_before_waivers=Verdict.HOLD,
            reasons=tuple(reasons),
            cases=tuple(cases),
            findings=tuple(findings),
            known_errors=known,
            caveats=caveats,
            resolved=(4, 11),
        ),
        arrivals=Arrivals(period="2025-08", arrivals=arrivals, unexpected=(unexpected,), duplicates=()),
        known_errors=tuple(_error(each, share=each != "K-9") for each in ("K-7", "K-9", "K-3", "K-4")),
        restatements=restatements(odd=True),
        controls=summary,
        control_rows=rows,
        printed=(PRINTED,),
    )


def _missing(delivery: ExpectedDelivery, state: dict[str, ArrivalState]) -> Finding:
    state[delivery.id] = ArrivalState.MISSING
    due, closes = delivery.due.isoformat(), delivery.closes.isoformat()
    evidence = ArrivalEvidence(due=due, closes=closes)
    return Finding(kind=Kind.MISSING, severity=Severity.CRITICAL, scope=delivery.scope, evidence=evidence)


def _late(delivery: ExpectedDelivery, state: dict[str, ArrivalState]) -> Finding:
    state[delivery.id] = ArrivalState.LATE
    received = (delivery.due + timedelta(days=2)).isoformat()
    evidence = ArrivalEvidence(due=delivery.due.isoformat(), received=received, files=1, size_bytes=48_213)
    return Finding(kind=Kind.LATE, severity=Severity.WARNING, scope=delivery.scope, evidence=evidence)


def _bad_rows(delivery: ExpectedDelivery, index: int) -> Finding:
    kind = (Kind.CHECK_FAILED, Kind.UNREADABLE_VALUES, Kind.REJECTED_ROWS)[index % 3]
    return Finding(
        kind=kind,
        severity=KINDS[kind].severity,
        scope=delivery.scope,
        evidence=RowsEvidence(rows_checked=13_850, rows_failed=12 + index, column="class_type", lines=(3, 40, 41)),
        check=f"{delivery.dataset}:not_be_null(class_type)" if kind is Kind.CHECK_FAILED else None,
    )


def _error(error: str, *, share: bool) -> KnownError:
    return KnownError(
        id=error,
        title="Pupils without a class type",
        check="d3:not_be_null(class_type)",
        scope="system=system-3",
        ceiling=Ceiling(share=0.05) if share else Ceiling(rows=40),
        reason="The field is not required in the source system",
        owner="vendor-3",
        reported=date(2024, 11, 4),
        review=date(2025, 6, 1) if error == "K-7" else date(2026, 1, 1),
    )


def with_caveats(language: Language = "en") -> ReportView:
    """A month that goes out with two caveats, after one waiver."""
    view = held(language)
    told = view.judgement
    caveat = Caveat(scope=told.findings[0].scope, reason="restated_alone", source=told.findings[0].id)
    other = Caveat(scope=Scope.of(figure="cases", provider="104"), reason="known error", source="K-7")
    reasons = tuple(replace(reason, waived_by="w-2") for reason in told.reasons)
    return replace(
        view,
        judgement=replace(
            told, verdict=Verdict.RELEASE_WITH_CAVEATS, reasons=reasons, caveats=(caveat, other), waivers=("w-2",)
        ),
    )
