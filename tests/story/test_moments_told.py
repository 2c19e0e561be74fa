"""The terminal tells moments as the report does, by the site's clocks; what programs read stays ISO with its offset."""

from __future__ import annotations

from typing import Any

PERIOD = "2024-02"
LATE = "2024-03-14T23:30:00+00:00"  # half past midnight in Berlin


def test_the_first_lines_of_a_run_and_the_list_of_runs_tell_the_sites_time(site: Any) -> None:
    said = site("run", PERIOD, "--inline", "--as-of", "2024-03-15T00:30").out

    assert "  as of 2024-03-15 00:30 Europe/Berlin\n" in said
    assert "2024-03-15 00:30</span> Europe/Berlin" in (site.state / "runs" / PERIOD / "report.html").read_text()
    head, *_, last = site("runs").out.splitlines()
    assert "as of (Europe/Berlin)" in head
    assert "2024-03-15 00:30" in last
    assert site("runs", "--json").json[-1]["as_of"] == LATE


def test_acts_are_listed_by_the_sites_clock_whatever_is_wrong_with_its_content(site: Any) -> None:
    (at,) = [entry["at"] for entry in site("ledger", "show", "--json").json]
    toml = site.path / "site.toml"
    toml.write_text(toml.read_text().replace("Europe/Berlin", "Pacific/Kiritimati") + "\nunknown = 1\n")

    head, line = site("ledger", "show").out.splitlines()

    assert "at (Pacific/Kiritimati)" in head
    with site.database() as connection:
        (there,) = connection.execute("SELECT strftime('%Y-%m-%d %H:%M', ?, '+14 hours')", [at]).fetchone()
    assert there in line


def test_the_last_day_of_a_waiver_is_not_before_today_where_the_site_is(site_with_cases: Any) -> None:
    case = site_with_cases.run(PERIOD, "--as-of", LATE)["cases"][0]["id"]
    ask = ("waive", case, "--reason", "as agreed", "--until")

    yesterday = site_with_cases(*ask, "2024-03-14")

    assert yesterday.code == 1
    assert "a waiver until 2024-03-14 would never hold" in yesterday.err
    assert site_with_cases(*ask, "2024-03-15").code == 0
