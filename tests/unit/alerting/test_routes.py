"""Who is told what, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loadgate.alerting.routes import route
from loadgate.alerting.wording import WORDS, one_line
from loadgate.model.findings import (
    ArrivalEvidence,
    Case,
    CaseState,
    Cause,
    CauseKind,
    Finding,
    RowsEvidence,
    Verdict,
)
from loadgate.model.judgement import Judgement, Reason
from loadgate.model.kinds import Kind, Owner, Severity
from loadgate.model.profiles import AlertRoute
from loadgate.model.scope import Scope

OPERATIONS = AlertRoute(name="operations")


def missing(provider="101", kind=Kind.MISSING) -> Finding:
    scope = Scope.of(area="school", system="tea", delivery=f"2026-10/tea/pupils/{provider}", provider=provider)
    return Finding(kind=kind, severity=Severity.CRITICAL, scope=scope, evidence=ArrivalEvidence())


def failed(provider="101", *, lines=(3, 8, 12), rows=12) -> Finding:
    return Finding(
        kind=Kind.CHECK_FAILED,
        severity=Severity.CRITICAL,
        scope=missing(provider).scope,
        evidence=RowsEvidence(rows_checked=14000, rows_failed=rows, column="class_type", lines=lines),
        check="pupils:not_be_null(class_type)",
    )


def case(*findings: Finding, number: int | None = 1, state=CaseState.NEW, first_seen="2026-10", size=1.0) -> Case:
    return Case(
        number=number,
        cause=Cause(kind=CauseKind.SYSTEM, members=("tea",)),
        scope=findings[0].scope,
        severity=max((f.severity for f in findings), key=lambda s: s.rank),
        findings=tuple(f.id for f in findings),
        state=state,
        first_seen=first_seen,
        size=size,
        kinds=tuple(sorted({f.kind.value for f in findings})),
    )


def judged(*cases: Case, findings, effect="block", provisional=False, run="2026-10") -> Judgement:
    reasons = tuple(
        Reason(effect=effect, rule=1, case=c.number, findings=c.findings, kind=c.kinds[0]) for c in cases if effect
    )
    return Judgement(
        run=run,
        as_of="2026-11-05T08:12:00+00:00",
        verdict=Verdict.HOLD,
        verdict_before_waivers=Verdict.HOLD,
        reasons=reasons,
        parts=(),
        cases=cases,
        resolved=(),
        findings=tuple(findings),
        outcomes=(),
        known_errors=(),
        caveats=(),
        waivers=(),
        provisional=provisional,
    )


def tell(judgement, *, routes=(OPERATIONS,), already=frozenset(), sentence="Pupils of 101 did not arrive.", **more):
    return route(
        judgement,
        site_name="flis",
        period="2026-10",
        routes=routes,
        sentence=lambda _: sentence,
        already=frozenset(already),
        timezone="Europe/Copenhagen",
        **more,
    )


def facts(messages):
    return {fact for message in messages for fact in (message.key, *message.tells)}


def test_an_alert_reads_word_for_word():
    finding = missing()

    (message,) = tell(
        judged(case(finding), findings=[finding]),
        title=lambda _: "delivery missing, system tea",
        report="https://host.example/report.html",
    )

    assert message.subject == "[flis 2026-10] HOLD: delivery missing, system tea (case 1)"
    assert message.body == (
        "What      Pupils of 101 did not arrive.\n"
        "Since     run 2026-10, first seen 2026-11-05 09:12 Europe/Copenhagen\n"
        "Owner     supplier\n"
        "Do        loadgate case show 1 · report: https://host.example/report.html\n"
        "This case is told once; again only if it gets worse, or more files of it fail or are missing.\n"
    )


def test_a_failed_file_names_file_rule_column_lines_and_count():
    finding = failed()

    (message,) = tell(judged(case(finding), findings=[finding]))

    assert (
        "File      2026-10/tea/pupils/101 · rule pupils:not_be_null(class_type) · column class_type"
        " · lines 3, 8, 12, … · 12 of 14,000 rows\n"
    ) in message.body


def test_many_failed_files_are_counted_never_dropped_in_silence():
    findings = [failed(str(number), rows=3) for number in range(101, 113)]

    (message,) = tell(judged(case(*findings), findings=findings))

    assert message.body.count("File  ") == 5
    assert "          and 7 more\n" in message.body


def test_a_danish_route_is_told_in_danish():
    finding = failed()

    (message,) = tell(
        judged(case(finding), findings=[finding]),
        routes=[AlertRoute(name="drift", language="da")],
        sentence="Elever fra Ærø: klassetype mangler.",
    )

    assert message.subject == "[flis 2026-10] TILBAGEHOLDT: Elever fra Ærø: klassetype mangler (sag 1)"
    assert "12 af 14.000 rækker" in message.body
    assert "Ansvar    kommunen\n" in message.body


AT_HOME = {
    "report": "/srv/flis/state/runs/2026-10/report.html",
    "closes": lambda _: datetime(2026, 11, 11, 11, tzinfo=UTC),
}
ADDRESS = "https://reports.example/2026-10"


def asked(finding, *, scope, language="en", as_of="2026-11-05T08:12:00+00:00", **more):
    """The line of an alert that says what to do."""
    judgement = replace(judged(case(finding), findings=[finding]), as_of=as_of)
    routes = [AlertRoute(name="r", scope=scope, language=language)]
    (message,) = tell(judgement, routes=routes, **{**AT_HOME, **more})
    return message.body.splitlines()[-2]


@pytest.mark.parametrize("scope", ["provider=101", "system=tea", "supplier=tabulex", "vendor=tabulex"])
def test_who_sends_data_is_told_no_command_and_no_path_but_what_to_do_by_when(scope):
    told = asked(missing(), scope=scope)

    assert told == "Do        send the file, by 2026-11-11 12:00 Europe/Copenhagen"


@pytest.mark.parametrize(
    ("finding", "language", "told"),
    [
        (missing(), "da", "send filen, senest 2026-11-11 12:00 Europe/Copenhagen"),
        (
            replace(failed(), kind=Kind.TRAILER),
            "en",
            "make the file again, and send it, by 2026-11-11 12:00 Europe/Copenhagen",
        ),
        (
            replace(failed(), kind=Kind.TRAILER),
            "da",
            "dan filen igen, og send den, senest 2026-11-11 12:00 Europe/Copenhagen",
        ),
        (
            failed(),
            "en",
            "see in the source system whether it is right; if not, correct it there and have the file sent again,"
            " by 2026-11-11 12:00 Europe/Copenhagen",
        ),
        (
            failed(),
            "da",
            "se efter i kildesystemet, om det passer; hvis ikke, ret det dér, og få filen sendt igen,"
            " senest 2026-11-11 12:00 Europe/Copenhagen",
        ),
        (replace(failed(), kind=Kind.COULD_NOT_RUN), "en", "nothing yet: operations looks into it"),
        (replace(failed(), kind=Kind.COULD_NOT_RUN), "da", "intet endnu: driften ser på sagen"),
    ],
)
def test_what_a_sender_is_asked_to_do_goes_by_what_was_found(finding, language, told):
    assert asked(finding, scope="provider=101", language=language).split(maxsplit=1)[1] == told


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "send the file; waiting ended 2026-11-11 12:00 Europe/Copenhagen, so tell operations when it is sent"),
        (
            "da",
            "send filen; ventetiden sluttede 2026-11-11 12:00 Europe/Copenhagen, så giv driften besked,"
            " når den er sendt",
        ),
    ],
)
def test_after_closing_a_sender_is_asked_to_tell_operations(language, told):
    said = asked(missing(), scope="provider=101", language=language, as_of="2026-11-11T11:00:00+00:00")

    assert said.split(maxsplit=1)[1] == told


def test_an_address_of_the_report_is_told_to_everyone_and_a_path_to_the_programme_alone():
    at_home = f"loadgate case show 1 · report: {AT_HOME['report']}"

    assert asked(missing(), scope="area=school").split(maxsplit=1)[1] == at_home
    assert asked(missing(), scope="*", address=ADDRESS).split(maxsplit=1)[1] == (
        f"loadgate case show 1 · report: {ADDRESS}"
    )
    assert asked(missing(), scope="provider=101", address=ADDRESS, closes=lambda _: None).split(maxsplit=1)[1] == (
        f"send the file · report: {ADDRESS}"
    )


@pytest.mark.parametrize("language", ["en", "da"])
def test_every_owner_and_standing_has_a_word(language):
    assert set(WORDS[language].owners) == set(Owner)
    assert {severity.value for severity in Severity} <= set(WORDS[language].standing)


@pytest.mark.parametrize(
    ("effect", "provisional", "word"),
    [("block", False, "HOLD"), ("caveat", False, "CAVEAT"), ("", False, "FOUND"), ("block", True, "CRITICAL")],
)
def test_the_subject_says_what_the_gate_makes_of_it(effect, provisional, word):
    finding = missing()

    (message,) = tell(judged(case(finding), findings=[finding], effect=effect, provisional=provisional))

    assert message.subject.startswith(f"[flis 2026-10] {word}: ")


def test_twelve_missing_deliveries_of_one_cause_are_one_message():
    findings = [missing(str(number)) for number in range(101, 113)]

    messages = tell(judged(case(*findings), findings=findings))

    assert len(messages) == 1
    assert len(messages[0].tells) == 12


@pytest.mark.parametrize("provisional_first", [True, False])
def test_a_case_is_told_once(provisional_first):
    finding = missing()
    first = tell(
        judged(
            case(finding, number=None if provisional_first else 1), findings=[finding], provisional=provisional_first
        )
    )

    again = tell(judged(case(finding), findings=[finding]), already=facts(first))

    assert (len(first), again) == (1, [])


def test_the_key_alone_is_enough_to_tell_the_same_news_once():
    finding = missing()
    (message,) = tell(judged(case(finding), findings=[finding]))

    assert tell(judged(case(finding), findings=[finding]), already={message.key}) == []


def test_two_files_that_were_told_one_by_one_are_not_told_again_as_a_group():
    findings = [failed("101"), failed("102")]
    told = set()
    for finding in findings:
        told |= facts(tell(judged(case(finding, number=None), findings=[finding], provisional=True), already=told))

    assert tell(judged(case(*findings), findings=findings), already=told) == []


def test_one_more_file_in_a_new_case_is_news():
    findings = [failed("101"), failed("102")]
    told = facts(tell(judged(case(findings[0]), findings=findings[:1], provisional=True)))

    assert len(tell(judged(case(*findings), findings=findings), already=told)) == 1


def test_a_late_delivery_that_goes_missing_is_told_again():
    late = missing(kind=Kind.LATE)
    told = facts(tell(judged(case(late), findings=[late])))
    gone = missing()

    assert len(tell(judged(case(gone, state=CaseState.PERSISTING), findings=[gone]), already=told)) == 1


@pytest.mark.parametrize(
    ("state", "size", "messages"),
    [
        (CaseState.PERSISTING, 1.0, 0),
        (CaseState.WORSE, 1.0, 1),
        (CaseState.RESOLVED, 1.0, 0),
    ],
)
def test_a_case_that_goes_on_is_told_again_only_when_it_is_worse(state, size, messages):
    finding = failed()
    told = facts(tell(judged(case(finding), findings=[finding])))

    assert len(tell(judged(case(finding, state=state, size=size), findings=[finding]), already=told)) == messages


def test_worse_and_worse_again_are_two_messages_and_each_comes_once():
    finding = failed()
    told = set()
    counts = []
    for size in (0.2, 0.2, 0.4, 0.4):
        messages = tell(judged(case(finding, state=CaseState.WORSE, size=size), findings=[finding]), already=told)
        told |= facts(messages)
        counts.append(len(messages))

    assert counts == [1, 0, 1, 0]


def test_another_months_missing_delivery_is_news_though_its_case_goes_on():
    finding = missing()
    (earlier,) = tell(judged(case(finding), findings=[finding]))
    told = {fact.replace("2026-10", "2026-09") for fact in earlier.tells}

    goes_on = case(finding, state=CaseState.PERSISTING, first_seen="2026-09")
    (message,) = tell(judged(goes_on, findings=[finding]), already=told)

    assert "Since     run 2026-09\n" in message.body


def test_of_a_case_that_goes_on_a_finding_is_told_where_it_was_not_seen_before_and_what_was_kept_back():
    findings = [failed("101"), failed("102"), failed("103")]
    goes_on = case(*findings, state=CaseState.PERSISTING, first_seen="2026-09")
    routes = [AlertRoute(name=name, scope=f"provider={name}") for name in ("101", "102", "103")]

    messages = tell(
        judged(replace(goes_on, joined=(failed("102").id,)), findings=findings),
        routes=routes,
        held=frozenset({f"2026-10/103/{failed('103').id}"}),
    )

    assert [message.route for message in messages] == ["102", "103"]


def test_messages_about_files_of_one_stream_with_the_same_fault_are_alike_and_no_others():
    def alike(finding):
        (message,) = tell(judged(case(finding, number=None), findings=[finding], provisional=True))
        return message.alike

    other_stream = replace(failed(), scope=replace(failed().scope, system=frozenset({"kmd_elev"})))
    other_check = replace(failed(), check="pupils:not_be_null(grade)")

    assert alike(failed("101")) == alike(failed("102"))
    assert len({alike(one) for one in (failed(), missing(), other_stream, other_check)}) == 4


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({}, True),
        ({"severity": "critical"}, True),
        ({"severity": "info"}, True),
        ({"kinds": ("arrival.missing",)}, True),
        ({"kinds": ("arrival",)}, True),
        ({"kinds": ("arrival.late",)}, False),
        ({"kinds": ("checking",)}, False),
        ({"scope": "system=tea"}, True),
        ({"scope": "system=kmd"}, False),
        ({"scope": "provider=102"}, False),
    ],
)
def test_a_route_hears_what_it_asked_for(line, told):
    finding = missing()

    messages = tell(judged(case(finding), findings=[finding]), routes=[AlertRoute(name="r", **line)])

    assert bool(messages) is told


@pytest.mark.parametrize(("severity", "told"), [("info", 1), ("warning", 1), ("critical", 0)])
def test_a_route_hears_from_its_severity_on(severity, told):
    finding = replace(failed(), severity=Severity.WARNING)

    messages = tell(judged(case(finding), findings=[finding]), routes=[AlertRoute(name="r", severity=severity)])

    assert len(messages) == told


def test_each_route_is_told_for_itself():
    finding = missing()
    routes = [AlertRoute(name="one"), AlertRoute(name="two")]
    judgement = judged(case(finding), findings=[finding])

    messages = tell(judgement, routes=routes)

    assert [message.route for message in messages] == ["one", "two"]
    assert tell(judgement, routes=routes, already=facts(messages[:1]))[0].route == "two"


def of_two_providers(state=CaseState.NEW, *, rows=(3, 3)):
    findings = [failed("101", rows=rows[0]), failed("102", rows=rows[1])]
    whole = replace(case(*findings, state=state), cause=Cause(kind=CauseKind.PROVIDER, members=("101", "102")))
    return judged(whole, findings=findings)


def test_of_a_case_a_route_hears_only_the_findings_in_its_scope():
    told = []

    def sentence(one):
        told.append(one)
        return "Told."

    (message,) = route(
        of_two_providers(),
        site_name="flis",
        period="2026-10",
        routes=[AlertRoute(name="r", scope="provider=102")],
        sentence=sentence,
        already=frozenset(),
        timezone="Europe/Copenhagen",
    )

    assert "2026-10/tea/pupils/102 ·" in message.body
    assert "101" not in message.body
    assert [(one.number, one.cause.members, one.findings) for one in told] == [(1, ("102",), (failed("102").id,))]


def test_what_a_route_was_told_of_its_own_file_is_not_told_again_with_the_files_of_others():
    line = AlertRoute(name="r", scope="provider=102")
    finding = failed("102", rows=3)
    alone = judged(case(finding, number=None), findings=[finding], provisional=True)
    told = facts(tell(alone, routes=[line]))

    assert tell(of_two_providers(), routes=[line], already=told) == []


def test_a_route_hears_of_a_severity_that_its_own_findings_have():
    findings = [failed("101"), replace(failed("102"), severity=Severity.WARNING)]
    judgement = judged(case(*findings), findings=findings)
    routes = [AlertRoute(name=name, scope=f"provider={name}", severity="critical") for name in ("101", "102")]

    assert [message.route for message in tell(judgement, routes=routes)] == ["101"]


def test_a_case_that_gets_worse_by_others_again_and_again_is_told_once():
    line = AlertRoute(name="r", scope="provider=102")
    told, counts = set(), []
    for rows in ((3, 3), (6, 3), (9, 3), (9, 5)):
        messages = tell(of_two_providers(CaseState.WORSE, rows=rows), routes=[line], already=told)
        told |= facts(messages)
        counts.append(len(messages))

    assert counts == [1, 0, 0, 1]


def test_a_subject_is_one_line_whatever_stands_in_a_name():
    finding = missing()

    (message,) = tell(
        judged(case(finding), findings=[finding]), sentence="Bad\r\nBcc: everyone@host.example \u202e name\u0000 here."
    )

    assert message.subject == "[flis 2026-10] HOLD: Bad Bcc: everyone@host.example name here (case 1)"
    assert one_line("a\u2028b\tc") == "a b c"


def test_a_long_subject_is_cut_at_a_word_and_keeps_its_case():
    finding = missing()

    (message,) = tell(judged(case(finding), findings=[finding]), sentence="word " * 60)

    assert len(message.subject) <= 150
    assert message.subject.endswith("word… (case 1)")


def test_a_case_without_a_number_points_to_the_status():
    finding = missing()

    (message,) = tell(judged(case(finding, number=None), findings=[finding], provisional=True))

    assert "Do        loadgate status\n" in message.body
    assert "case" not in message.subject
