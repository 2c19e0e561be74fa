"""One cause, one case."""

from __future__ import annotations

import pytest

from loadgate.judging.grouping import FAMILIES
from loadgate.model.kinds import Kind


def causes(judgement):
    return sorted((case.cause.kind.value, case.cause.members, len(case.findings)) for case in judgement.cases)


def test_every_kind_of_finding_belongs_to_a_family():
    assert set(FAMILIES) == set(Kind)


PROVIDERS = tuple(str(number) for number in range(101, 121))
WIDE = tuple(f"school/{provider}" for provider in (*PROVIDERS, "199"))


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        # (provider, system, vendor) of each missing delivery; the causes that come out
        ([("101", "tea", "tabulex")], [("delivery", ("2026-10/tea/pupils/101",), 1)]),
        ([(p, "tea", "tabulex") for p in PROVIDERS[:12]], [("system", ("tea",), 12)]),
        (
            [*((p, "tea", "tabulex") for p in PROVIDERS[:12]), ("113", "elev", "kmd")],
            [("delivery", ("2026-10/elev/pupils/113",), 1), ("system", ("tea",), 12)],
        ),
        # one provider lost everything
        ([("101", s, v) for s, v in (("tea", "tabulex"), ("elev", "kmd"))], [("provider", ("101",), 2)]),
        # two systems of one vendor
        (
            [*((p, "tea", "kmd") for p in PROVIDERS[:3]), *((p, "elev", "kmd") for p in PROVIDERS[3:6])],
            [("vendor", ("kmd",), 6)],
        ),
        # two systems of two vendors
        (
            [*((p, "tea", "tabulex") for p in PROVIDERS[:3]), *((p, "elev", "kmd") for p in PROVIDERS[3:6])],
            [("system", ("elev",), 3), ("system", ("tea",), 3)],
        ),
    ],
)
def test_missing_deliveries_are_put_down_to_the_most_specific_cause_that_covers_them(make, missing, expected):
    findings = [
        make.finding("arrival.missing", make.delivery_scope(provider, system=system, vendor=vendor))
        for provider, system, vendor in missing
    ]

    assert causes(make.judge(findings=findings, parts=WIDE)) == expected


def test_what_is_missing_in_every_part_is_the_runs(make):
    findings = [
        make.finding("arrival.missing", make.delivery_scope(p, system=s, vendor=v))
        for p, s, v in (("101", "tea", "tabulex"), ("102", "elev", "kmd"), ("103", "own", "own"))
    ]

    judgement = make.judge(findings=findings, parts=("school/101", "school/102", "school/103"))

    assert causes(judgement) == [("run", ("101", "102", "103"), 3)]


def test_what_several_systems_of_one_area_share_is_the_areas(make):
    findings = [
        make.finding("control.substantial", make.scope(["101", "102"], figure=["a", "b"]), evidence=make.cells()),
        make.finding("control.substantial", make.scope(["102", "103"], figure=["b", "c"]), evidence=make.cells()),
    ]

    assert causes(make.judge(findings=findings)) == [("area", ("school",), 2)]


def test_deviations_in_every_part_are_still_not_the_runs(make):
    findings = [
        make.finding("control.substantial", make.scope(p, figure=f"figure{p}"), evidence=make.cells(effect=0.2))
        for p in ("101", "102", "103")
    ]

    judgement = make.judge(findings=findings, parts=("school/101", "school/102", "school/103"))

    assert causes(judgement) == [("provider", (p,), 1) for p in ("101", "102", "103")]


def test_one_figure_that_deviates_everywhere_and_one_provider_that_deviates_in_all_are_two_cases(make):
    pairs = [(p, "spending") for p in ("101", "102", "103", "104", "105")]
    pairs += [("106", f"figure{number}") for number in range(4)]
    findings = [
        make.finding("control.substantial", make.scope(p, figure=f), evidence=make.cells(effect=0.2)) for p, f in pairs
    ]

    assert causes(make.judge(findings=findings)) == [("figure", ("spending",), 5), ("provider", ("106",), 4)]


def test_a_pattern_that_detecting_found_is_its_own_case_with_its_own_cause(make):
    shared = make.shared(cause="run", provider=["101", "102", "103"])
    other = make.finding("checking.failed", make.delivery_scope(), check="pupils:c")

    judgement = make.judge(findings=[shared, other])

    assert causes(judgement) == [("delivery", ("2026-10/tea/pupils/101",), 1), ("run", ("101", "102", "103"), 1)]


def test_two_checks_that_fail_in_one_file_are_two_causes(make):
    findings = [make.finding("checking.failed", make.delivery_scope(), check=f"pupils:c{n}") for n in (1, 2)]

    assert [case.checks for case in make.judge(findings=findings).cases] == [("pupils:c1",), ("pupils:c2",)]


@pytest.mark.parametrize("kind", ["reading.unreadable_file", "reading.columns", "arrival.empty"])
def test_what_the_checks_say_of_a_file_that_cannot_be_read_has_the_file_as_its_cause(make, kind):
    scope = make.delivery_scope()
    findings = [
        make.finding(kind, scope),
        make.finding("checking.failed", scope, check="pupils:row_count()"),
        make.finding("checking.failed", make.delivery_scope("102"), check="pupils:row_count()"),
    ]

    judgement = make.judge(findings=findings, planned=[make.check("pupils:c", scope)])

    assert sorted(len(case.findings) for case in judgement.cases) == [1, 3]


def test_several_faults_of_one_file_are_one_case(make):
    scope = make.delivery_scope()
    findings = [make.finding(kind, scope) for kind in ("reading.rejected_rows", "reading.unreadable_values")]

    assert causes(make.judge(findings=findings)) == [("delivery", ("2026-10/tea/pupils/101",), 2)]


def test_information_makes_no_case(make):
    assert make.judge(findings=[make.finding("prior.restated", make.scope(figure="pupils"))]).cases == ()


def test_files_that_nobody_announced_are_one_case_however_many(make):
    strays = ["2026-10/file-aaaaaaaaaa", "2026-10/file-bbbbbbbbbb"]
    findings = [make.finding("arrival.unexpected", make.scope(None, area=None, delivery=stray)) for stray in strays]

    assert causes(make.judge(findings=findings)) == [("other", tuple(strays), 2)]
