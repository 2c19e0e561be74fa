"""Whatever stands in the way of a command, its last lines say what to do."""

from __future__ import annotations

import os
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

PERIOD = "2024-02"


@pytest.mark.parametrize("period", ["0001-01", "9999-12"])
def test_a_period_at_the_end_of_time_is_no_period_to_load(site: Any, period: str) -> None:
    for command in ("run", "arrivals"):
        done = site(command, period)
        assert done.code == 1
        assert done.err == f"{period} is no period to load\n  fix       name one from 1900 to 2999\n"


@pytest.mark.parametrize("name", [".", "tmp", "locks"])
def test_a_file_where_a_folder_of_the_state_should_be_is_told_as_that(site: Any, name: str) -> None:
    place = site.state / name
    place.rename(site.path / "aside")
    place.write_text("")

    done = site("run", PERIOD, "--inline")

    assert done.code == 5
    assert "a fault of the program" not in done.err
    assert "look for a file where a folder of the site or its state should be" in done.err
    told = {line["what"]: line for line in site("doctor", "--json").json}
    assert name == "locks" or told["database"]["state"] == "bad"
    assert "disk" in told


def test_a_run_that_was_cut_short_is_not_taken_for_another_when_it_is_to_be_released(site: Any) -> None:
    assert site("run", PERIOD, "--inline", env={"LOADGATE_KILL_AT": "150"}).code == -9
    assert site("runs", "--json").json[-1]["run"] == PERIOD

    done = site("release", PERIOD)

    assert done.code == 1
    assert done.err.startswith(f"run {PERIOD} is not judged yet\n")
    assert f"`loadgate run {PERIOD}`" in done.err


def test_what_lies_in_a_deliverys_place_and_is_no_file_is_told_without_its_name(site: Any) -> None:
    one, two, three = (site.file("2024-02", provider) for provider in ("04", "10", "13"))
    for path in (one, two, three):
        path.unlink()
    one.symlink_to("/etc/hostname")
    os.mkfifo(two)
    three.mkdir()
    (site.path / "inbox" / "2024-02" / "papers").mkdir()

    told = site("arrivals", "2024-02").out
    plain = site("arrivals", "2024-02", "--json").json
    named = site("arrivals", "2024-02", "--names").out
    notes = [each["found"] for each in site("doctor", "--json").json if each["state"] == "note"]

    for path, what in ((one, "symbolic link"), (two, "pipe"), (three, "folder")):
        provider = path.name.partition(".")[0][-2:]
        delivery = f"2024-02/surveillance/weekly_reports/{provider}"
        sentence = f"a {what} in the place of {delivery}: it is never read; put the file itself there"
        assert sentence in told
        assert f"2024-02/{path.name}  {sentence}" in named
        assert path.name not in told
        assert (what, delivery) in {(each["what"], each["delivery"]) for each in plain["in_place"]}
    assert "3 that are no files and never read: links, pipes, devices, folders (`loadgate arrivals PERIOD`)" in notes


def test_doctor_says_of_each_route_whether_its_variable_holds_an_address(site: Any) -> None:
    (site.path / "vendor_profiles" / "alerts.yaml").write_text(
        "routes:\n"
        + "".join(f"  - {{name: {name}, url_env: LOADGATE_{name.upper()}_URL}}\n" for name in ("one", "two", "three"))
    )
    urls = {"LOADGATE_ONE_URL": "json://127.0.0.1:9/hunter2", "LOADGATE_TWO_URL": "hunter2"}

    done = site("doctor", "--json", env=urls)

    assert [(each["what"], each["state"], each["found"]) for each in done.json if each["what"].endswith("_URL")] == [
        ("LOADGATE_ONE_URL", "ok", "set: route one"),
        ("LOADGATE_TWO_URL", "bad", "no address that Apprise knows: alerts of route two are not sent"),
        ("LOADGATE_THREE_URL", "note", "not set: alerts of route three are not sent"),
    ]
    assert "hunter2" not in done.out + done.err


def test_a_run_says_at_its_end_and_status_afterwards_that_alerts_were_not_sent(site: Any) -> None:
    site.file("2024-01", "04").unlink()
    refused = {"LOADGATE_ALERT_URL": "json://127.0.0.1:9/hunter2"}

    done = site("run", "2024-01", "--inline", env=refused)
    status = site("status", "--json")
    again = site("run", "2024-01", "--inline", "--json", env=refused).json

    assert "Alerts   1 alert of route operations not sent, tried 1 time: they are tried again" in done.out
    assert {
        "run": "2024-01",
        "what": "1 alert of route operations not sent, tried 1 time",
        "owner": "operations",
        "contact": "Whoever runs this sample",
        "next": "loadgate alerts send",
    } in status.json
    assert again["alerts"] == [line for line in status.json if "alert" in line["what"]]
    assert "hunter2" not in done.out + done.err + status.out


def test_alerts_that_did_not_get_out_are_sent_when_someone_asks_for_it(site: Any, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hunter2").respond_with_data("ok")
    site.file("2024-01", "04").unlink()
    dead = {"LOADGATE_ALERT_URL": "json://127.0.0.1:9/hunter2"}
    site("run", "2024-01", "--inline", env=dead)

    still = site("alerts", "send", env=dead)
    unset = site("alerts", "send", "--json")
    mended = {"LOADGATE_ALERT_URL": f"json://127.0.0.1:{httpserver.port}/hunter2"}
    dry = site("alerts", "send", "--dry-run", env=mended)
    asked = len(httpserver.log)
    sent = site("alerts", "send", env=mended)

    line = "2024-01      route operations  1 not sent, 0 of them given up: "
    assert [done.code for done in (still, unset, dry, sent)] == [5, 5, 0, 0]
    assert f"{line}0 sent, the others were not taken: they are tried again\n" in still.out
    assert [one["why"] for one in unset.json] == ["LOADGATE_ALERT_URL is not set"]
    assert "    # looks at each route's URL\n" in still.out
    assert dry.out == f"{line}would be sent\n"
    assert sent.out == f"{line}1 sent\n"
    assert (asked, len(httpserver.log)) == (0, 1)
    assert site("alerts", "send").out == "no alert waits to be sent\n"
    assert "hunter2" not in still.out + still.err + unset.out + dry.out + sent.out
