"""What is told, when, and how often: a failed file and a missing delivery once each, before the run ends."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from loadgate.model.period import Period
from loadgate.samples.rki.layout import write_period

if TYPE_CHECKING:
    from conftest import Laid, Machine

BROKEN, MISSING = "02", "07"
ALIKE = ("01", "02", "03", "04", "05", "06", "08")


@dataclass
class Told:
    """The messages that a web server was given, and how far the run was when each came."""

    url: str
    messages: list[dict[str, str]] = field(default_factory=list)
    checked: list[int] = field(default_factory=list)
    judged: list[bool] = field(default_factory=list)
    refuse: bool = False

    def about(self, *words: str) -> list[dict[str, str]]:
        return [one for one in self.messages if all(word in one["title"] + one["message"] for word in words)]


@pytest.fixture
def told(httpserver: HTTPServer, site: Laid) -> Told:
    got = Told(url=f"json://127.0.0.1:{httpserver.port}/hook")

    def take(request: Request) -> Response:
        if got.refuse:
            return Response(status=503)
        got.messages.append(json.loads(request.data))
        got.checked.append(len(list(site.state.glob(f"deliveries/{site.period}/**/checks-*/manifest.json"))))
        got.judged.append((site.state / "runs" / site.period / "judge" / "all" / "manifest.json").exists())
        return Response("ok")

    httpserver.expect_request("/hook", method="POST").respond_with_handler(take)
    return got


@pytest.fixture
def route(told: Told, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The route's environment variable holds the server's URL."""
    monkeypatch.setenv("LOADGATE_ALERT_URL", told.url)
    return told


@pytest.fixture
def faulty(site: Laid) -> Laid:
    """One file cannot be unpacked, and one never came."""
    site.delivered(BROKEN).write_bytes(b"\x1f\x8b\x08\x00 and then nothing that could be unpacked")
    site.delivered(MISSING).unlink()
    return site


def case_of(laid: Laid, provider: str) -> str:
    """How the messages name a provider's delivery."""
    names = {"02": "Hamburg", "07": "Rheinland-Pfalz"}
    assert f"{provider},{names[provider]}" in (laid.root / "vendor_profiles/providers.csv").read_text(encoding="utf-8")
    return names[provider]


def test_a_failed_file_and_a_missing_delivery_are_told_once_each(faulty: Laid, route: Told) -> None:
    faulty.run()

    assert len(route.about(case_of(faulty, BROKEN))) == 1
    assert len(route.about(case_of(faulty, MISSING))) == 1
    assert len(route.messages) == 2


def test_both_are_told_before_the_run_is_judged(faulty: Laid, route: Told) -> None:
    faulty.run()

    assert route.judged == [False, False]
    assert min(route.checked) == 0  # the missing one needs no check to be known
    assert max(route.checked) < 15  # the broken one is told before the others are checked


def test_each_route_is_told_in_its_language_and_only_of_what_is_its_own(
    faulty: Laid, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty.delivered("03").unlink()  # one case, of two providers
    for name in ("land", "country"):
        monkeypatch.setenv(f"LOADGATE_{name.upper()}_URL", told.url)
    (faulty.root / "vendor_profiles" / "alerts.yaml").write_text(
        "routes:\n"
        f"  - {{name: land, scope: provider={MISSING}, url_env: LOADGATE_LAND_URL, language: da}}\n"
        "  - {name: country, url_env: LOADGATE_COUNTRY_URL, language: en}\n",
        encoding="utf-8",
    )

    faulty.run()

    land = [one for one in told.messages if "Hvad" in one["message"]]
    assert [one["message"].splitlines()[0] for one in land] == [
        "Hvad      Leverancen for Rheinland-Pfalz (Reported cases by week, Land and age group, sendt af Robert"
        " Koch-Institut) mangler: frist 2024-03-01 12:00, ventetiden sluttede 2024-03-05 12:00."
    ]
    assert len(told.about("Niedersachsen")) == 1  # the country's


def test_a_sender_is_told_the_closing_time_of_the_calendar_and_the_reports_address_once_there_is_one(
    faulty: Laid, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADGATE_LAND_URL", told.url)
    monkeypatch.setenv("LOADGATE_REPORT_URL", "https://reports.example/{run}")
    (faulty.root / "vendor_profiles" / "alerts.yaml").write_text(
        f"routes:\n  - {{name: land, scope: provider={MISSING}, url_env: LOADGATE_LAND_URL}}\n", encoding="utf-8"
    )

    faulty.run()

    (message,) = told.messages
    assert (
        "Do        send the file; waiting ended 2024-03-05 12:00 Europe/Berlin, so tell operations when it is sent\n"
        in message["message"]
    )
    assert str(faulty.root) not in message["message"]


def test_a_contact_is_named_to_the_sites_own_desk_alone_and_kept_nowhere(
    faulty: Laid, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loadgate.running.opened import open_site
    from loadgate.running.standing import standing

    name = "Zq-Contact-77"
    contacts = [f"  - {{role: {role}, name: {name}-{role}}}\n" for role in ("operations", "supplier")]
    lines = [
        f"  - {{name: desk{number}, scope: {scope}, readers: {readers}, language: {language}}}\n"
        for number, (scope, readers, language) in enumerate(
            [
                (f"provider={MISSING}", "desk", "en"),
                (f"provider={MISSING}", "desk", "da"),
                (f"provider={MISSING}", "senders", "en"),
            ]
        )
    ]
    lines.append(f"  - {{name: land, scope: provider={MISSING}}}\n")
    profiles = faulty.root / "vendor_profiles"
    (profiles / "contacts.yaml").write_text("contacts:\n" + "".join(contacts), encoding="utf-8")
    (profiles / "alerts.yaml").write_text("routes:\n" + "".join(lines), encoding="utf-8")
    monkeypatch.setenv("LOADGATE_ALERT_URL", told.url)

    run = faulty.run()

    own = [
        [line for line in one["message"].splitlines() if line.startswith(("Owner", "Ansvar", "Do", "Gør"))]
        for one in told.messages
    ]
    assert [lines[0] for lines in own] == [
        f"Ansvar    dataleverandøren ({name}-supplier)",
        f"Owner     supplier ({name}-supplier)",
        "Owner     supplier",
        "Owner     supplier",
    ]
    assert ["loadgate" in lines[1] for lines in own] == [True, True, False, False]
    assert {(line["owner"], line["contact"]) for line in standing(open_site(faulty.root), None)} <= {
        ("supplier", f"{name}-supplier"),
        ("approver", None),
    }
    holders = {path.name for path in faulty.root.rglob("*") if path.is_file() and name.encode() in path.read_bytes()}
    assert holders == {"contacts.yaml", "report.html"}
    assert name in (faulty.state / "runs" / run / "report.html").read_text(encoding="utf-8")


def test_the_address_of_a_report_that_is_there_is_told_instead_of_its_path(
    site: Laid, route: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADGATE_REPORT_URL", "https://reports.example/{run}")
    _raise_all(site)

    site.run()

    assert f"· report: https://reports.example/{site.period}\n" in route.messages[0]["message"]
    assert str(site.root) not in route.messages[0]["message"]


@pytest.fixture
def flooded(site: Laid) -> Laid:
    """Seven files of one system with the same fault."""
    for provider in ALIKE:
        site.delivered(provider).write_bytes(b"\x1f\x8b\x08\x00 and then nothing that could be unpacked")
    return site


def test_of_files_with_the_same_fault_three_are_told_at_once_and_the_others_with_their_case(
    flooded: Laid, route: Told
) -> None:
    flooded.run()

    assert route.judged == [False, False, False, True]
    early = [message["message"].splitlines() for message in route.messages[:3]]
    more = "More files with the same fault are told together, with their case, when the run is judged."
    assert [more in lines for lines in early] == [False, False, True]
    assert "7 times" in route.messages[3]["message"]
    assert "(case " in route.messages[3]["title"]


def test_what_was_told_of_files_alike_is_not_told_again_by_a_second_run(flooded: Laid, route: Told) -> None:
    from loadgate.running.opened import open_site
    from loadgate.running.standing import standing

    flooded.run()
    gate = flooded.root / "expectations" / "gate.yaml"
    gate.write_text(gate.read_text(encoding="utf-8") + "# looked at again\n", encoding="utf-8")

    assert flooded.run() == f"{flooded.period}.2"
    assert len(route.messages) == 4
    assert all("alert" not in line["what"] for line in standing(open_site(flooded.root), None))


def watch(laid: Laid) -> None:
    from loadgate.running import alerts, month
    from loadgate.running.opened import open_site
    from loadgate.running.opening import open_watch

    look = open_watch(open_site(laid.root), Period.parse(laid.period), as_of=None)
    with month.hold(look, actor="tests"):
        for version in month.DELIVERIES.work(look):
            month.DELIVERIES.do(look, version)
            alerts.tell_delivery(look, version)
        alerts.tell_arrivals(look)


def test_what_was_kept_back_for_a_route_whose_url_is_gone_waits_until_it_is_there_again(
    flooded: Laid, route: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loadgate.running import alerts
    from loadgate.running.opened import open_site, ref_of

    with (flooded.root / "vendor_profiles" / "alerts.yaml").open("a", encoding="utf-8") as lines:
        lines.write("  - {name: other, scope: provider=16, url_env: LOADGATE_OTHER_URL}\n")
    watch(flooded)
    monkeypatch.setenv("LOADGATE_OTHER_URL", route.url)
    monkeypatch.delenv("LOADGATE_ALERT_URL")

    run = flooded.run()

    opened = open_site(flooded.root)
    assert alerts.kept_back(opened, None) == {(flooded.period, "operations"): 4}

    monkeypatch.setenv("LOADGATE_ALERT_URL", route.url)
    alerts.tell_run(ref_of(flooded.root, run))
    assert len(route.messages) == 4
    assert alerts.kept_back(opened, None) == {}


def test_what_a_watch_kept_back_is_known_to_the_status_and_told_by_the_run(flooded: Laid, route: Told) -> None:
    from loadgate.running.opened import open_site
    from loadgate.running.standing import standing

    watch(flooded)
    watch(flooded)  # finds what the first found

    assert len(route.messages) == 3
    assert standing(open_site(flooded.root), None) == [
        {
            "run": flooded.period,
            "what": "4 more alerts alike of route operations kept for when the run is judged",
            "owner": "operations",
            "contact": None,  # no run is there whose content says it
            "next": f"loadgate run {flooded.period}",
        }
    ]

    flooded.run()

    assert len(route.messages) == 4
    assert "7 times" in route.messages[3]["message"]
    assert all("alert" not in line["what"] for line in standing(open_site(flooded.root), None))


def test_a_second_run_tells_nothing_again(faulty: Laid, route: Told) -> None:
    faulty.run()
    gate = faulty.root / "expectations" / "gate.yaml"
    gate.write_text(gate.read_text(encoding="utf-8") + "# looked at again\n", encoding="utf-8")

    assert faulty.run() == f"{faulty.period}.2"
    assert len(route.messages) == 2


def test_a_route_that_heard_of_a_case_hears_that_it_is_closed(
    faulty: Laid, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["routes:"]
    for name, scope in (("drift", "*"), ("one", f"provider={MISSING}"), ("other", "provider=03")):
        monkeypatch.setenv(f"LOADGATE_{name.upper()}_URL", told.url)
        lines.append(f"  - {{name: {name}, scope: '{scope}', url_env: LOADGATE_{name.upper()}_URL, language: da}}")
    (faulty.root / "vendor_profiles" / "alerts.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    faulty.run()
    before = len(told.messages)
    write_period(faulty.root, faulty.period)

    run = faulty.run()

    closed = told.messages[before:]
    place = f"leverance {faulty.period}/surveillance/weekly_reports"
    assert [one["title"] for one in closed] == [
        f"[rki 2024-02] LUKKET: ulæselig fil, {place}/{BROKEN} (sag 2)",
        *[f"[rki 2024-02] LUKKET: leverance mangler, {place}/{MISSING} (sag 3)"] * 2,
    ]
    assert closed[-1]["message"] == (
        f"Hvad      leverance mangler, {place}/{MISSING}: ses ikke længere, lukket i kørsel 2024-02.2.\n"
        "Siden     kørsel 2024-02\n"
        "Kommer den igen, meldes den igen, som en ny sag."
    )
    assert run == f"{faulty.period}.2"


def test_a_run_that_finds_nothing_tells_nothing(site: Laid, route: Told) -> None:
    site.run()

    assert route.messages == []


def test_what_a_run_finds_as_a_whole_is_told_at_its_end(site: Laid, route: Told) -> None:
    _raise_all(site)

    site.run()

    assert [len(route.messages), *route.judged] == [1, True]
    assert "HOLD" in route.messages[0]["title"]


def _raise_all(site: Laid) -> None:
    for path in (site.root / "inbox" / site.period).iterdir():
        lines = gzip.decompress(path.read_bytes()).decode("utf-8-sig").splitlines()
        moved = [lines[0], *map(_raised, lines[1:])]
        path.write_bytes(gzip.compress(("\ufeff" + "\n".join(moved) + "\n").encode(), mtime=0))


def _raised(line: str) -> str:
    """The row with an incidence one percent higher, its count as it was."""
    *kept, incidence = line.split("\t")
    return "\t".join([*kept, incidence if incidence == "NA" else f"{float(incidence) * 1.01:.2f}"])


def test_a_replay_sends_nothing(route: Told, tmp_path: Path) -> None:
    from loadgate.running.opened import open_site
    from loadgate.running.replay import replay
    from loadgate.samples.rki.layout import write_site

    root = write_site(tmp_path / "replayed")
    opened = open_site(root)

    def before(period: Period) -> None:
        write_period(root, str(period))
        next((root / "inbox" / str(period)).glob(f"*_{MISSING}.tsv.gz")).unlink()

    (replayed,) = replay(opened, [Period.parse("2023-12")], before=before, approve=False)

    assert [finding.kind.value for finding in replayed.judgement.findings if "arrival" in finding.kind] == [
        "arrival.missing"
    ]
    assert route.messages == []
    assert opened.state.outbox.rows() == []
    opened.close()


def test_a_server_that_refuses_stops_nothing_and_is_asked_again_later(
    faulty: Laid, route: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loadgate.running import alerts
    from loadgate.running.opened import open_site, ref_of
    from loadgate.running.standing import standing

    route.refuse = True
    run = faulty.run()

    outbox = open_site(faulty.root).state.outbox
    assert (faulty.state / "runs" / run / "manifest.json").exists()
    assert [row.attempts for row in outbox.rows()] == [1, 0]  # who refused one is not asked again at once
    assert standing(open_site(faulty.root), None)[-1] == {
        "run": faulty.period,
        "what": "2 alerts of route operations not sent, tried 1 time",
        "owner": "operations",
        "contact": "Whoever runs this sample",
        "next": "loadgate alerts send",
    }

    route.refuse = False
    alerts.tell_run(ref_of(faulty.root, run))
    assert route.messages == []  # not yet

    later = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr(alerts, "now", lambda: later)
    alerts.tell_run(ref_of(faulty.root, run))
    alerts.tell_run(ref_of(faulty.root, run))
    assert len(route.messages) == 2
    assert {row.state.value for row in outbox.rows()} == {"sent"}
    assert all("alert" not in line["what"] for line in standing(open_site(faulty.root), None))


def test_what_was_given_up_is_sent_when_someone_asks_for_it(
    faulty: Laid, route: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loadgate.running import alerts
    from loadgate.running.opened import open_site
    from loadgate.running.standing import standing

    monkeypatch.setattr(alerts, "GIVE_UP_AFTER", 1)
    monkeypatch.setattr(alerts, "FIRST_WAIT_S", 0)
    route.refuse = True
    faulty.run()
    opened = open_site(faulty.root)
    assert standing(opened, None)[-1]["what"].endswith(
        "2 alerts of route operations not sent, tried 1 time; 2 of them given up"
    )

    route.refuse = False
    facts = {"run": faulty.period, "route": "operations", "messages": 2, "given_up": 2}
    assert alerts.send_unsent(opened, dry_run=True) == [{**facts, "sent": 0, "why": None}]
    assert route.messages == []
    assert alerts.send_unsent(opened, dry_run=False) == [{**facts, "sent": 2, "why": None}]
    assert len(route.messages) == 2
    assert alerts.send_unsent(opened, dry_run=False) == []


def test_without_a_url_nothing_is_kept_to_be_sent(faulty: Laid, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    from loadgate.running.opened import open_site

    monkeypatch.delenv("LOADGATE_ALERT_URL", raising=False)
    faulty.run()

    assert told.messages == []
    assert open_site(faulty.root).state.outbox.rows() == []


WATCH = """
import sys
from pathlib import Path
from loadgate.cli.flows import flow_file
from loadgate.cli.prefect_server import ensure_server, load_flow_file

site, period, *as_of = sys.argv[1:]
server = ensure_server(Path(site) / "state" / "prefect")
if server is not None:
    server.wait_ready()
flow = load_flow_file(flow_file(Path(site), "arrival_watch"), "arrival_watch")
print(flow(site=site, period=period, as_of=as_of[0] if as_of else None))
"""


@pytest.fixture
def machine(machine_at: Callable[[Path], Machine], tmp_path: Path) -> Machine:
    return machine_at(tmp_path / "machine")


def test_the_arrival_watch_tells_late_and_failed_files_and_opens_no_run(
    faulty: Laid, told: Told, machine: Machine
) -> None:
    # after the due time, before the period closes
    said = machine.python(
        "-c", WATCH, str(faulty.root), faulty.period, "2024-03-03T12:00:00+01:00", LOADGATE_ALERT_URL=told.url
    )

    assert (said.code, said.out) == (0, f"watch-{faulty.period}\n"), said.err
    assert len(told.about(case_of(faulty, BROKEN))) == 1
    assert len(told.about(case_of(faulty, MISSING))) == 1
    assert len(told.messages) == 2
    assert not (faulty.state / "runs" / faulty.period).exists()
    assert max(told.checked) < 15  # told while others are still read


def test_the_run_after_a_watch_tells_nothing_again_and_reads_nothing_again(
    faulty: Laid, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loadgate.reading import files

    monkeypatch.setenv("LOADGATE_ALERT_URL", told.url)
    watch(faulty)
    before = list(told.messages)
    monkeypatch.setattr(files, "read", lambda *_, **__: pytest.fail("read again"))

    faulty.run()

    assert len(before) == 2
    assert told.messages == before
