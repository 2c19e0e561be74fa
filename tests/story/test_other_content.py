"""Old content and another's, where the month before was never loaded here: its files in the inbox are enough."""

from __future__ import annotations

from typing import Any

from loadgate.model.scope import Scope

PERIOD, LAST = "2024-02", "2024-01"
MINE, OTHER = "04", "10"


def told(view: Any, kind: str) -> set[str]:
    """Whose deliveries a kind of finding is about."""
    scopes = [Scope.parse(one["scope"]) for one in view["findings"] if one["kind"] == kind]
    return {name.rpartition("/")[2] for scope in scopes for name in scope.delivery or ()}


def test_last_months_file_is_known_though_nobody_loaded_it(unopened_site: Any) -> None:
    unopened_site.file(PERIOD, MINE).write_bytes(unopened_site.file(LAST, MINE).read_bytes())

    view = unopened_site.run(PERIOD)

    assert told(view, "arrival.duplicate") == {MINE}
    recorded = {work for (work,) in unopened_site.rows("SELECT DISTINCT work_id FROM results WHERE step = 'version'")}
    assert recorded
    assert all(name.startswith(f"{PERIOD}/") for name in recorded)


def test_a_clean_month_after_one_that_nobody_loaded_repeats_nothing(unopened_site: Any) -> None:
    view = unopened_site.run(PERIOD)

    assert told(view, "arrival.duplicate") == told(view, "arrival.impostor") == set()


def test_where_sizes_do_not_say_whose_rows_they_are_the_rows_of_the_month_before_do(unopened_site: Any) -> None:
    _, region, number, *_ = unopened_site.lines(LAST, MINE)[1].split(b"\t")
    theirs = unopened_site.lines(LAST, OTHER)[1:]
    own = [b"\t".join([week, region, number, *rest]) for week, _, _, *rest in (line.split(b"\t") for line in theirs)]
    unopened_site.put(unopened_site.file(LAST, MINE), [*unopened_site.lines(LAST, MINE)[:1], *own])
    unopened_site.file(PERIOD, MINE).write_bytes(unopened_site.file(PERIOD, OTHER).read_bytes())

    view = unopened_site.run(PERIOD)

    assert told(view, "arrival.impostor") == {MINE}
