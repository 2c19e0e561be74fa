"""Findings and cases as sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from types import ModuleType

import pytest

from loadgate.model.findings import (
    ArrivalEvidence,
    Case,
    CaseState,
    Cause,
    CauseKind,
    CellsEvidence,
    Evidence,
    Finding,
    GroupEvidence,
    RowsEvidence,
)
from loadgate.model.kinds import KINDS, Kind, Severity
from loadgate.model.scope import Scope
from loadgate.reporting.language import LANGUAGES, Language, words
from loadgate.reporting.names import Names
from loadgate.reporting.sentences import case_heading, case_text, cause_text, finding_sentence, finding_title, who

EVIDENCE: tuple[Evidence, ...] = (
    RowsEvidence(rows_checked=13_850, rows_failed=12, column="kind", lines=(3, 40)),
    RowsEvidence(rows_checked=0, rows_failed=0),
    CellsEvidence(cells=95, eligible=14_908, first="2025-W01", last="2025-W30", source="national total"),
    CellsEvidence(cells=1, eligible=0),
    GroupEvidence(
        cells=7,
        eligible=9,
        first="2025-01",
        last="2025-01",
        periods=1,
        direction="up",
        effect_min=None,
        effect_median=None,
        effect_max=None,
        evidence=9.0,
        detection_limit=0.0,
        unmoved=(),
        unmoved_cells=0,
        unmoved_restated=0,
    ),
    ArrivalEvidence(due="2025-08-05T10:00:00+00:00", closes="2025-08-12T10:00:00+00:00"),
    ArrivalEvidence(),
)
SCOPES = (
    Scope(),
    Scope.of(provider="101", dataset="d0", delivery="2025-08/system-0/d0/101", supplier="sender"),
    Scope.of(provider=[f"{each}" for each in range(101, 111)], figure=["cases", "rate"], cell="80+"),
)


def finding(kind: Kind, *, scope: Scope, evidence: Evidence, **detail: str) -> Finding:
    return Finding(kind=kind, severity=KINDS[kind].severity, scope=scope, evidence=evidence, detail=detail)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_sentence_whatever_its_evidence_and_scope(
    kind: Kind, language: Language, views: ModuleType
) -> None:
    names = views.names(language)
    for scope in SCOPES:
        for evidence in EVIDENCE:
            sentence = finding_sentence(finding(kind, scope=scope, evidence=evidence), names)

            assert sentence.endswith(".")
            assert sentence[0] == sentence[0].upper()
            assert not re.search(r"[{}]|None|  | ,| \.|\.\.", sentence), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_its_own_sentence_and_title(language: Language) -> None:
    tables = words(language).tables
    keys = {facts.sentence for facts in KINDS.values()}

    assert keys == set(tables["sentence"]) == set(tables["title"])
    assert len(keys) == len(Kind)
    assert len(set(tables["sentence"].values())) == len(Kind)


def test_a_shared_restatement_says_what_moved_and_what_did_not(views: ModuleType) -> None:
    view = views.held()
    found = {each.id: each for each in view.judgement.findings}

    text = case_text(view.judgement.cases[0], found, view.names, run="2025-08")

    assert text.whole == (
        "Rate per 100,000 inhabitants came restated in weeks 2020-W01 to 2025-W30, in all 16 municipalities and every "
        "age group, by −1.0 % to +2.3 %, where cases did not change. Not moved: cases (95 of 14,908 restated). "
        "Looks like: another denominator."
    )
    assert (text.label, text.severity, text.title, text.cause) == ("case 1", "critical", "restatement", "whole run")
    assert (text.state, text.since, text.owner) == ("new", "first seen in this run", "operations")


@pytest.mark.parametrize("kind", [Kind.RESTATED, Kind.SHARED_RESTATEMENT, Kind.SHARED_HISTORY])
def test_a_restatement_of_several_key_figures_agrees_with_its_verb(views: ModuleType, kind: Kind) -> None:
    view = views.held()
    lead = next(finding for finding in view.judgement.findings if finding.id in view.judgement.cases[0].findings)
    several = replace(lead, kind=kind, scope=replace(lead.scope, figure=frozenset(f"f{n}" for n in range(25))))

    said = finding_sentence(several, view.names)

    assert " came restated " in said
    assert "was" not in said.split()


def test_a_shared_restatement_reads_as_well_in_danish(views: ModuleType) -> None:
    view = views.held("da")
    found = {each.id: each for each in view.judgement.findings}

    text = case_text(view.judgement.cases[0], found, view.names, run="2025-08")

    assert text.sentence == (
        "Rate pr. 100.000 indbyggere er revideret i ugerne 2020-W01 til 2025-W30, hos alle 16 kommuner og alle "
        "værdier af age group, med −1,0 % til +2,3 %, hvor tilfælde ikke har ændret sig."
    )
    assert text.not_moved == "Uændret: tilfælde (95 af 14.908 revideret)."


def test_a_failed_file_names_delivery_count_column_and_lines(views: ModuleType) -> None:
    rows = RowsEvidence(rows_checked=13_850, rows_failed=12, column="kind", lines=(3, 40, 41))
    found = finding(Kind.UNREADABLE_VALUES, scope=SCOPES[1], evidence=rows)

    assert finding_sentence(found, views.names()) == (
        "The delivery for Agerby (Weekly reports, sent by Nordwind Data) has 12 of 13,850 rows (0.09 %) with an "
        "unreadable value, column kind, lines 3, 40, 41 and 9 more."
    )


def test_rows_that_have_no_mark_are_told(views: ModuleType) -> None:
    rows = RowsEvidence(rows_checked=13_850, rows_failed=1200, rows_unmarked=200)
    found = finding(Kind.CHECK_FAILED, scope=SCOPES[1], evidence=rows)

    told = finding_sentence(found, views.names())
    assert "1,200 of 13,850 rows (8.7 %), 200 failed or undecided rows not marked" in told


def test_a_check_of_a_whole_table_is_not_said_to_fail_in_none_of_its_rows(views: ModuleType) -> None:
    found = finding(Kind.CHECK_FAILED, scope=SCOPES[1], evidence=RowsEvidence(rows_checked=105, rows_failed=0))

    told = finding_sentence(found, views.names())

    assert "in 105 rows taken together" in told
    assert "0 of" not in told


def test_a_missing_delivery_names_due_and_closing_time(views: ModuleType) -> None:
    found = finding(Kind.MISSING, scope=SCOPES[1], evidence=EVIDENCE[5])

    assert finding_sentence(found, views.names()) == (
        "The delivery for Agerby (Weekly reports, sent by Nordwind Data) is missing: due 2025-08-05 12:00, "
        "waiting ended 2025-08-12 12:00."
    )


def test_a_group_that_leaves_some_out_says_how_many_it_holds(views: ModuleType) -> None:
    whole = views.shared_restatement(views.names())
    assert isinstance(whole.evidence, GroupEvidence)
    some = tuple(m for m in whole.evidence.members if m.provider < "110" and m.cell in ("00-04", "80+"))
    part = replace(whole, evidence=replace(whole.evidence, members=some))

    assert "in 9 of 16 municipalities, age group 00-04 and 80+, by" in finding_sentence(part, views.names())


def test_members_that_did_not_move_are_not_counted(views: ModuleType) -> None:
    whole = views.shared_restatement(views.names())
    assert isinstance(whole.evidence, GroupEvidence)
    still = tuple(replace(m, cells=0) if m.provider == "101" else m for m in whole.evidence.members)
    part = replace(whole, evidence=replace(whole.evidence, members=still))

    assert "in 15 of 16 municipalities" in finding_sentence(part, views.names())


@pytest.mark.parametrize(
    ("providers", "written"),
    [
        (None, "all 16 municipalities"),
        ([f"{each}" for each in range(101, 117)], "all 16 municipalities"),
        ([f"{each}" for each in range(101, 105)], "4 of 16 municipalities"),
        (["101", "102", "103"], "Agerby, Birkeby and Dalby"),
        (["999"], "999"),
    ],
)
def test_up_to_three_providers_are_named_and_more_are_counted(
    providers: list[str] | None, written: str, views: ModuleType
) -> None:
    assert who(Scope.of(provider=providers), views.names()) == written


def test_several_findings_of_one_kind_are_one_case_with_who_and_how_often(views: ModuleType) -> None:
    own = [
        finding(
            Kind.MISSING,
            scope=Scope.of(provider=provider, delivery=f"2025-08/system-0/d0/{provider}", dataset="d0"),
            evidence=EVIDENCE[5],
        )
        for provider in ("101", "102")
    ]
    case = Case(
        number=7,
        cause=Cause(kind=CauseKind.SYSTEM, members=("system-0",)),
        scope=Scope.of(system="system-0"),
        severity=Severity.CRITICAL,
        findings=tuple(each.id for each in own),
        state=CaseState.PERSISTING,
        first_seen="2025-06",
        size=1.0,
    )

    text = case_text(case, {each.id: each for each in own}, views.names(), run="2025-08")

    assert text.sentence.startswith("Agerby and Birkeby: delivery missing, 2 times. The most serious: The delivery")
    assert (text.cause, text.since, text.state) == ("system Prisme", "since run 2025-06", "persisting")


def test_a_version_is_told_with_its_system(views: ModuleType) -> None:
    case = views.held().judgement.cases[0]
    version = Cause(kind=CauseKind.SYSTEM_VERSION, members=("system-0/2012 R3",))
    case = replace(case, cause=version, kinds=("systematic.restated_alone",))

    assert cause_text(case, views.names("en")) == "system version Prisme 2012 R3"
    assert case_heading(case, views.names("en")) == "restatement, system version Prisme 2012 R3"


def test_what_could_not_run_is_no_heading_beside_what_it_follows_from(views: ModuleType) -> None:
    case = replace(
        views.held().judgement.cases[0],
        cause=Cause(kind=CauseKind.SYSTEM, members=("system-0",)),
        kinds=("checking.could_not_run", "reading.unreadable_values"),
    )

    assert case_heading(case, views.names("en")) == "unreadable values, system Prisme"


@pytest.mark.parametrize("kind", list(CauseKind))
def test_every_cause_has_words(kind: CauseKind, views: ModuleType) -> None:
    case = replace(views.held().judgement.cases[0], cause=Cause(kind=kind, members=("101",)))

    for language in LANGUAGES:
        assert cause_text(case, views.names(language))


def test_the_site_may_lack_its_own_word_for_a_provider() -> None:
    bare = Names(language="en", providers={"1": "One", "2": "Two"})

    assert who(Scope(), bare) == "all 2 providers"
    assert who(Scope(), Names(language="da")) == "hver indberetter"


def test_a_title_for_a_subject_names_the_figure(views: ModuleType) -> None:
    shared = views.shared_restatement(views.names())

    assert finding_title(shared, views.names()) == "rate per 100,000 inhabitants restated"
    assert finding_title(finding(Kind.MISSING, scope=SCOPES[1], evidence=EVIDENCE[5]), views.names()) == (
        "delivery missing"
    )


def test_closed_words_of_other_rooms_are_said_in_the_language_of_the_reader(views: ModuleType) -> None:
    torn = finding(Kind.UNREADABLE_FILE, scope=SCOPES[1], evidence=EVIDENCE[6], problem="corrupt, ends early")

    assert finding_sentence(torn, views.names()).endswith("cannot be read (corrupt, ends early).")
    assert finding_sentence(torn, views.names("da")).endswith("kan ikke læses (ødelagt, slutter for tidligt).")


def test_columns_are_named_by_what_is_wrong_with_them(views: ModuleType) -> None:
    found = finding(Kind.COLUMNS, scope=SCOPES[1], evidence=EVIDENCE[6], missing="a, b", unexpected="3")

    assert finding_sentence(found, views.names()).endswith("that its profile names: missing a, b; 3 not announced.")


def test_columns_besides_those_of_the_profile_are_told_with_what_takes_them(views: ModuleType) -> None:
    scope = Scope.of(delivery="2025-08/tea/pupils/101", supplier="tabulex")
    found = finding(Kind.COLUMNS_ADDED, scope=scope, evidence=EVIDENCE[6], unexpected="2", places="3, 8")

    assert finding_sentence(found, views.names()).endswith(
        " has 2 columns more than its profile names (number 3, 8 in its header). The rest was read as ever; "
        "`ignore_columns` in vendor_profiles/tabulex.yaml takes the names of those that nobody wants."
    )


def test_a_file_that_nobody_announced_is_named_by_its_pseudonym(views: ModuleType) -> None:
    scope = Scope.of(delivery="2025-08/file-0123456789")
    stray = finding(Kind.UNEXPECTED, scope=scope, evidence=ArrivalEvidence(files=1, size_bytes=12), file="file-01")

    assert finding_sentence(stray, views.names()) == (
        "The inbox holds 1 file that no profile knows (file-01), 12 bytes; "
        "`loadgate arrivals 2025-08 --names` shows their names."
    )


def test_a_planned_change_is_named(views: ModuleType) -> None:
    shared = replace(views.shared_restatement(views.names()), detail={"planned": "rebase-2025"})

    assert finding_sentence(shared, views.names()).endswith("cases did not change, as planned in rebase-2025.")


def test_a_control_figure_in_another_unit_is_told_with_the_factor(views: ModuleType) -> None:
    evidence = CellsEvidence(
        cells=1, eligible=1, first="2025-W01", periods=1, difference_min=0.999, difference_max=0.999
    )
    scope = Scope.of(provider="101", figure="cases")
    found = finding(Kind.CONTROL_SUBSTANTIAL, scope=scope, evidence=evidence, factor="1/1000", looks_like="unit")

    assert finding_sentence(found, views.names()) == (
        "Cases of Agerby differed from the control figures in 1 value in week 2025-W01, by +99.9 %, one "
        "part in 1,000 of what they say, more than is tolerated."
    )
    assert finding_sentence(found, views.names("da")).endswith(
        ", med +99,9 %, en 1.000.-del af det, den viser, hvilket er en væsentlig afvigelse."
    )
