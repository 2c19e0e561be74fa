"""A reservation stands on the figures, wherever the finding was made."""

from __future__ import annotations

import pytest

from loadgate.judging.scopes import hull, timeless, touched
from loadgate.model.findings import Verdict
from loadgate.model.period import Period
from loadgate.model.scope import Scope, Span


def told(judgement):
    return [(caveat.reason, str(caveat.scope)) for caveat in judgement.caveats]


def test_a_finding_on_a_delivery_is_a_caveat_on_the_figures_that_it_feeds(make):
    finding = make.finding("checking.failed", make.delivery_scope("101"), check="c")
    lineage = make.lineage(
        ("pupils", "101", "2026-10/tea/pupils/101/v1"),
        ("segregation", "101", "2026-10/tea/pupils/101/v1"),
        ("spending", "101", "2026-10/ledger/ledger/101/v1"),
    )

    judgement = make.judge(findings=[finding], lineage=lineage)

    assert told(judgement) == [("checking.failed", "area=school; provider=101; figure=pupils,segregation")]
    assert judgement.caveats[0].source == finding.id


def test_a_delivery_that_names_no_provider_is_a_caveat_on_those_whose_rows_it_holds(make):
    delivery = "2026-10/tea/pupils/_all"
    finding = make.finding("checking.failed", make.scope(None, delivery=delivery), check="c")
    lineage = make.lineage(*(("pupils", provider, delivery) for provider in ("101", "102")))

    assert told(make.judge(findings=[finding], lineage=lineage)) == [
        ("checking.failed", "area=school; provider=101,102; figure=pupils")
    ]


def test_rows_of_nobody_leave_the_caveat_on_those_whose_rows_a_delivery_holds(make):
    delivery = "2026-10/tea/pupils/_all"
    finding = make.finding("checking.failed", make.scope(None, delivery=delivery), check="c")
    lineage = make.lineage(("pupils", "101", delivery), ("pupils", None, delivery))

    assert told(make.judge(findings=[finding], lineage=lineage)) == [
        ("checking.failed", "area=school; provider=101; figure=pupils")
    ]


def test_a_missing_delivery_feeds_nothing_and_is_a_caveat_on_its_providers_area(make):
    finding = make.finding("arrival.missing", make.delivery_scope("101"))

    judgement = make.judge(findings=[finding], lineage=make.lineage())

    assert told(judgement) == [("arrival.missing", "area=school; provider=101")]


def test_caveats_that_differ_only_in_the_provider_are_one(make):
    findings = [make.finding("arrival.missing", make.delivery_scope(p)) for p in ("101", "102", "103")]

    judgement = make.judge(findings=findings)

    assert told(judgement) == [("arrival.missing", "area=school; provider=101,102,103")]
    assert judgement.caveats[0].source == min(finding.id for finding in findings)


def test_caveats_on_different_figures_do_not_spill_over_to_each_others_providers(make):
    findings = [
        make.finding("control.substantial", make.scope(p, figure=f), evidence=make.cells(effect=0.1))
        for p, f in (("101", "pupils"), ("101", "spending"), ("102", "pupils"))
    ]

    assert told(make.judge(findings=findings)) == [
        ("control.substantial", "area=school; provider=101; figure=pupils"),
        ("control.substantial", "area=school; provider=101; figure=spending"),
        ("control.substantial", "area=school; provider=102; figure=pupils"),
    ]


def test_a_caveat_on_everybody_stays_one_beside_a_caveat_on_somebody(make):
    findings = [
        make.finding("control.substantial", make.scope(provider, figure="pupils"), evidence=make.cells())
        for provider in (None, "101")
    ]

    assert told(make.judge(findings=findings)) == [("control.substantial", "area=school; figure=pupils")]


def test_a_finding_on_one_figure_of_a_delivery_is_no_caveat_on_its_others(make):
    scope = make.scope("101", figure="pupils", delivery="2026-10/tea/pupils/101")
    lineage = make.lineage(*((figure, "101", "2026-10/tea/pupils/101") for figure in ("pupils", "segregation")))

    judgement = make.judge(findings=[make.finding("measuring.unlisted_cell", scope)], lineage=lineage)

    assert told(judgement) == [("measuring.unlisted_cell", "area=school; provider=101; figure=pupils")]


def test_a_figures_own_scope_keeps_cells_and_reference_periods(make):
    span = Span(Period.parse("2025-W01"), Period.parse("2025-W09"))
    scope = make.scope("101", figure="pupils", cell="special", reference=span)
    finding = make.finding("control.substantial", scope, evidence=make.cells(effect=0.1))

    assert make.judge(findings=[finding]).caveats[0].scope == scope


def test_a_withheld_part_leaves_a_caveat(make):
    finding = make.finding("arrival.impostor", make.delivery_scope("101"))

    judgement = make.judge(findings=[finding], gate=make.gate(make.rule("block_part")))

    assert told(judgement) == [("withheld", "area=school; provider=101")]
    assert judgement.caveats[0].source == finding.id


def test_a_run_that_is_held_has_withheld_nothing(make):
    judgement = make.judge(findings=[make.shared()], gate=make.gate(make.rule("block_run")))

    assert (judgement.verdict, judgement.caveats) == (Verdict.HOLD, ())


def test_what_is_only_shown_leaves_no_caveat(make):
    judgement = make.judge(
        findings=[make.finding("arrival.late", make.delivery_scope())], gate=make.gate(make.rule("show"))
    )

    assert judgement.caveats == ()
    assert len(judgement.cases) == 1


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("delivery=2026-10/tea/pupils/101", "delivery=tea/pupils/101"),
        ("delivery=2026-10/tea/pupils/101/v2", "delivery=tea/pupils/101"),
        ("delivery=2026-W41/tea/pupils/_all", "delivery=tea/pupils/_all"),
        ("delivery=2026-Q3/tea/pupils/a", "delivery=tea/pupils/a"),
        ("delivery=2026-10-07/tea/pupils/a", "delivery=tea/pupils/a"),
        ("delivery=2026/tea/pupils/a", "delivery=tea/pupils/a"),
        ("delivery=file-0123456789", "delivery=file-0123456789"),
        ("provider=101; reference=2025-W01", "provider=101"),
    ],
)
def test_a_scope_without_time(text, bare):
    assert str(timeless(Scope.parse(text))) == bare


@pytest.mark.parametrize(
    ("scopes", "around"),
    [
        (["provider=101", "provider=102"], "provider=101,102"),
        (["provider=101; figure=a", "provider=101"], "provider=101"),
        (["reference=2025-W01..2025-W03", "reference=2024-W50..2025-W02"], "reference=2024-W50..2025-W03"),
        (["provider=101; reference=2025-W01", "provider=101"], "provider=101"),
        (["*", "provider=101"], "*"),
    ],
)
def test_the_box_around_scopes(scopes, around):
    assert str(hull(map(Scope.parse, scopes))) == around


@pytest.mark.parametrize(
    ("scope", "parts"),
    [
        ("*", {"school/101", "school/102", "elderly/101"}),
        ("area=school", {"school/101", "school/102"}),
        ("provider=101", {"school/101", "elderly/101"}),
        ("area=school; provider=101; figure=pupils", {"school/101"}),
        ("area=citizens", set()),
    ],
)
def test_the_parts_that_a_box_touches(scope, parts):
    assert touched(Scope.parse(scope), ["school/101", "school/102", "elderly/101"]) == parts
