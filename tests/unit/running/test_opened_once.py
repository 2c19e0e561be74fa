"""Threads share one opened site and one open state, however many ask for it at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from loadgate.running.opened import Opened, open_site
from loadgate.settings import Settings

THREADS = 8
Together = Callable[[Callable[[], object]], int]


@pytest.fixture
def together() -> Iterator[Together]:
    """How many different things threads get that ask at the same time."""
    with ThreadPoolExecutor(THREADS) as threads:

        def together(ask: Callable[[], object]) -> int:
            start = Barrier(THREADS)

            def when_all_are_there() -> object:
                start.wait()
                return ask()

            asked = [threads.submit(when_all_are_there) for _ in range(THREADS)]
            return len({id(thing) for thing in [one.result() for one in asked]})

        yield together


def test_threads_that_ask_at_the_same_time_get_the_same_state(tmp_path: Path, together: Together) -> None:
    opened = Opened(tmp_path, Settings())

    assert together(lambda: opened.state) == 1
    opened.close()


@pytest.mark.usefixtures("threads_switch_often")
def test_threads_that_ask_at_the_same_time_get_the_same_site(tmp_path: Path, together: Together) -> None:
    folders = [tmp_path / str(number) for number in range(1_500)]  # some would be opened twice, if nobody waited

    assert {together(partial(open_site, folder)) for folder in folders} == {1}


def test_a_state_that_was_closed_is_opened_anew(tmp_path: Path) -> None:
    opened = Opened(tmp_path, Settings())
    before = opened.state

    opened.close()
    opened.close()

    assert opened.state is not before
    opened.close()
