"""One cause, one case."""

from __future__ import annotations

from dataclasses import replace

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
        (
            [*((p, "tea", "kmd") for p in PROVIDERS[:2]), *((p, "elev", "kmd") for p in PROVIDERS[2:4])],
            [("vendor", ("kmd",), 4)],
        ),
        # two systems of nobody knows whom
        (
            [*((p, "tea", None) for p in PROVIDERS[:3]), *((p, "elev", None) for p in PROVIDERS[3:6])],
            [("system", ("elev",), 3), ("system", ("tea",), 3)],
        ),
        # two providers, each of which lost all its systems, by chance of one vendor
        (
            [(p, f"{s}{p}", "kmd") for p in PROVIDERS[:2] for s in ("tea", "elev")],
            [("provider", ("101",), 2), ("provider", ("102",), 2)],
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


def test_versions_with_the_same_number_of_two_systems_are_two_causes(make):
    versions = [("101", "tea"), ("102", "tea"), ("103", "elev"), ("104", "elev")]
    findings = [
        make.finding(
            "arrival.missing",
            replace(make.delivery_scope(who, system=system, vendor=system), system_version=frozenset({"3.4"})),
        )
        for who, system in versions
    ]

    assert causes(make.judge(findings=findings)) == [
        ("system_version", ("elev/3.4",), 2),
        ("system_version", ("tea/3.4",), 2),
    ]


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


def test_what_is_in_an_area_of_one_part_is_the_areas_and_not_the_runs(make):
    finding = make.finding("control.substantial", make.scope(None, figure=["a", "b"]), evidence=make.cells())

    assert causes(make.judge(findings=[finding], parts=["school/101"])) == [("area", ("school",), 1)]


@pytest.mark.parametrize(
    ("providers", "members"),
    [((["101", "102"], ["101", "103"]), ("101", "102", "103")), ((["101", "102"], None), ())],
    ids=["named", "not all named"],
)
def test_what_nothing_explains_names_the_providers_if_all_of_it_names_some(make, providers, members):
    findings = [
        make.finding("control.substantial", make.scope(of, area=area, figure=["a", "b"]), evidence=make.cells())
        for of, area in zip(providers, ("school", "elderly"), strict=True)
    ]

    judgement = make.judge(findings=findings, parts=[*make.parts, "citizens/101"])

    assert causes(judgement) == [("other", members, 2)]


def test_one_provider_that_deviates_from_two_control_sources_is_two_cases(make):
    findings = [
        make.finding("control.substantial", make.scope(figure=figure), evidence=replace(make.cells(), source=source))
        for figure, source in (("a", "statistics"), ("b", "statistics"), ("c", "accounts"))
    ]

    assert causes(make.judge(findings=findings)) == [("provider", ("101",), 1), ("provider", ("101",), 2)]


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


def test_a_pattern_has_the_members_that_it_tells_and_not_those_of_its_scope(make):
    shared = make.shared(cause="system", provider=["101", "102"])
    told = replace(shared, detail={"cause": "system", "members": "tea,elev"})

    assert causes(make.judge(findings=[told])) == [("system", ("elev", "tea"), 1)]


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_two_checks_that_fail_in_one_file_are_two_causes(make, severity):
    scope = make.delivery_scope()
    findings = [make.finding("checking.failed", scope, check=f"pupils:c{n}", severity=severity) for n in (1, 2)]

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


@pytest.mark.parametrize(("severity", "cases"), [("critical", 1), ("warning", 2)])
def test_what_the_checks_say_follows_from_values_that_cannot_be_read_only_where_they_are_many(make, severity, cases):
    scope = make.delivery_scope()
    findings = [
        make.finding("reading.unreadable_values", scope, severity=severity),
        make.finding("checking.failed", scope, check="pupils:c"),
    ]

    assert len(make.judge(findings=findings).cases) == cases


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
