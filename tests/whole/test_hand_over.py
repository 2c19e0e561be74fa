"""A run that was just opened goes to the flow as it is: the inbox is looked at once; who asks later looks anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadgate.model.period import Period
from loadgate.running.opened import open_site
from loadgate.running.opening import open_period, open_run


def test_a_run_that_is_handed_over_is_taken_without_another_look(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_site(site.root)
    ref = open_run(opened, Period.parse(site.period), as_of=None, actor="tests")
    opened.hand_over(ref.run)
    looks = count_looks(monkeypatch)

    taken = open_period(str(site.root), site.period, as_of=None, quiet=False)
    again = open_period(str(site.root), site.period, as_of=None, quiet=False)

    assert taken == again == ref
    assert len(looks) == 1  # the second call's


def test_a_run_of_another_period_is_not_taken(site: Any) -> None:
    opened = open_site(site.root)
    ref = open_run(opened, Period.parse(site.period), as_of=None, actor="tests")
    opened.hand_over(ref.run)

    assert opened.handed_over("2024-01") is None
    assert opened.handed_over(site.period) is None  # it was on offer once


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    from loadgate.running import inbox, opening

    looks: list[Path] = []
    receive = inbox.receive

    def counted(opened: Any, content: Any, **times: Any) -> Any:
        looks.append(opened.places.site)
        return receive(opened, content, **times)

    monkeypatch.setattr(opening, "receive", counted)
    return looks
