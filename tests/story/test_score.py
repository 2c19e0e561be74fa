"""A run scored against a truth that was written by hand, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.errors import Exit

if TYPE_CHECKING:
    from tests.story.conftest import Site


def entry(view: dict[str, Any], provider: str, kind: str) -> dict[str, Any]:
    """A fault of one provider's delivery, with its Scope as the run knows it."""
    (delivery,) = (
        one["delivery"] for one in view["arrivals"]["deliveries"] if one["delivery"].endswith(f"/{provider}")
    )
    return {
        "kind": kind.split(".")[1],
        "where": "/".join(delivery.split("/")[1:]),
        "period": "2024-02",
        "deliveries": [delivery],
        "figures": ["cases"],
        "size": None,
        "expected_findings": [{"kind": kind, "scope": f"delivery={delivery}; provider={provider}", "check": None}],
    }


def test_planted_faults_are_found_missed_or_not_accounted_for(site: Site, edits: Any, tmp_path: Path) -> None:
    site.file("2024-02", "04").unlink()
    site.rewrite("2024-02", "10", edits.unreadable(20))
    view = site.run("2024-02")
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps([entry(view, "04", "arrival.missing"), entry(view, "13", "arrival.late")]))

    done = site("score", "2024-02", "--truth", truth, "--json")

    assert done.code == Exit.NO
    told = done.json
    assert [one["kind"] for one in told["planted"]] == ["missing", "late"]
    assert [one["kind"] for one in told["found"]] == ["missing"]
    assert [one["kind"] for one in told["missed"]] == ["late"]
    assert [one["kind"] for one in told["missed"][0]["not_found"]] == ["arrival.late"]
    assert "reading.unreadable_values" in {one["kind"] for one in told["other"]}

    said = site("score", "2024-02", "--truth", truth)
    assert "was missed; not there:" in said.out
    assert "findings of warning or critical that belong to no fault:" in said.out

    truth.write_text(json.dumps([entry(view, "04", "arrival.missing"), entry(view, "10", "reading.unreadable_values")]))
    done = site("score", "2024-02", "--truth", truth)
    assert done.code == Exit.OK, done.said
    assert "2 planted, 2 found, 0 missed" in done.out


def test_a_truth_of_another_month_is_refused(site: Site, tmp_path: Path) -> None:
    view = site.run("2024-02")
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps([entry(view, "04", "arrival.missing") | {"period": "2024-01"}]))

    done = site("score", "2024-02", "--truth", truth)

    assert done.code == Exit.NO
    assert "the truth is about 2024-01, the run about 2024-02" in done.err
