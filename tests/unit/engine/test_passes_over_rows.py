"""Python code in a frame or in a rule may raise what it likes; the environment is as it was once a pass has begun."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine import passes
from loadgate.checking.engine.compiler import compile_metrics, feed
from loadgate.checking.engine.fast import CompiledSuite, compile_suite
from loadgate.checking.engine.folding import Fold
from loadgate.checking.engine.metrics import OWN_RULES
from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.passes import UnreadableError, batches
from loadgate.checking.engine.quiet import import_gx
from loadgate.errors import is_interruption

ROWS = 40_000
AHEAD = tuple(passes._AHEAD)
SECRET = "qzx-7741-planted"
Function = Callable[[pl.Series], pl.Series]


def suite(*expectations: Any) -> CompiledSuite:
    import_gx()
    from great_expectations.core import ExpectationSuite

    return compile_suite(ExpectationSuite(name="a suite", expectations=list(expectations)))


def through(function: Function) -> pl.LazyFrame:
    frame = pl.LazyFrame({"n": range(ROWS), "other": 1})
    return frame.with_columns(pl.col("n").map_batches(function, return_dtype=pl.Int64, is_elementwise=True))


def refusing(numbers: pl.Series) -> pl.Series:
    if numbers.len() and int(numbers.max()) == ROWS - 1:
        raise ValueError(SECRET)
    return numbers


def environment() -> dict[str, str | None]:
    """As Polars reads it, which is not always as Python has it."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    return {name: value.decode() if (value := getenv(name.encode())) else None for name in AHEAD}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "BATCH_ROWS", 15_000)


@pytest.fixture
def odd_rule() -> Iterator[Any]:
    import_gx()
    from great_expectations.expectations.expectation import ColumnMapExpectation

    @row_rule("column_values.refusing_the_last")
    def _rule(column: pl.Expr, **_: Any) -> pl.Expr:
        return column.map_batches(refusing, return_dtype=pl.Int64) >= 0

    class ExpectColumnValuesToBeRefused(ColumnMapExpectation):
        map_metric = "column_values.refusing_the_last"

    yield ExpectColumnValuesToBeRefused
    del OWN_RULES["column_values.refusing_the_last"]


class Interrupting:
    """A value that is being hashed when someone presses Ctrl-C: Polars panics then."""

    def __hash__(self) -> int:
        raise KeyboardInterrupt


def test_ctrl_c_that_comes_out_of_polars_as_a_panic_is_not_taken_for_rows_that_cannot_be_read() -> None:
    rows = pl.DataFrame({"a": pl.Series([Interrupting(), Interrupting()], dtype=pl.Object)})
    with pytest.raises(pl.exceptions.PanicException, match="KeyboardInterrupt") as caught:
        passes.read(rows.lazy().group_by("a").len(), engine="auto")
    assert is_interruption(caught.value)


def test_python_code_in_a_frame_that_raises_leaves_no_answer_and_no_value_where_it_is_read() -> None:
    import_gx()
    import great_expectations.expectations as gxe

    found = suite(
        gxe.ExpectColumnValuesToBeUnique(column="n"),
        gxe.ExpectColumnMedianToBeBetween(column="n", min_value=0),
        gxe.ExpectColumnMaxToBeBetween(column="other", max_value=1),
    ).validate(through(refusing))

    assert [(one.state.value, one.reason) for one in found.outcomes] == [
        *[("could_not_run", "the data could not be evaluated (ValueError)")] * 2,
        ("pass", None),
    ]
    assert SECRET not in str(found.result)


def test_a_rule_whose_python_code_raises_in_one_batch_spoils_no_other(odd_rule: Any) -> None:
    import_gx()
    import great_expectations.expectations as gxe

    checks = [odd_rule(column="n"), gxe.ExpectColumnValuesToBeBetween(column="n", min_value=1)]

    found = suite(*checks).validate(pl.LazyFrame({"n": range(ROWS)}))

    assert [(one.state.value, one.rows_failed, one.reason) for one in found.outcomes] == [
        ("could_not_run", None, "the data could not be evaluated (ValueError)"),
        ("fail", 1, None),
    ]
    assert SECRET not in str(found.result)


def test_a_frame_that_can_be_read_once_only_leaves_what_takes_a_second_look_without_an_answer() -> None:
    import_gx()
    import great_expectations.expectations as gxe

    rows = pl.DataFrame({"n": [1, 1, *range(ROWS - 2)]})
    with suite(gxe.ExpectColumnValuesToBeUnique(column="n")).start(rows.schema) as running:
        running.add(rows)
        (found,) = running.finish(through(refusing)).outcomes

    assert (found.state.value, found.reason) == ("could_not_run", "the data could not be evaluated (ValueError)")


def test_failing_rows_that_cannot_be_read_again_or_are_gone_leave_no_answer_and_no_value() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    increasing = ExpectationSuite(name="a suite", expectations=[gxe.ExpectColumnValuesToBeIncreasing(column="n")])
    compiled = compile_suite(increasing, values=True)
    rows = pl.DataFrame({"n": [*range(ROWS), 0]})
    found = []
    for again in (through(refusing), None, rows.lazy()):
        with compiled.start(rows.schema) as running:
            running.add(rows)
            found.append(running.finish(again))

    assert [(one.outcomes[0].state.value, one.outcomes[0].reason) for one in found] == [
        ("could_not_run", "the data could not be evaluated (ValueError)"),
        ("could_not_run", "it takes a second look at the rows, and they are gone"),
        ("fail", None),
    ]
    assert not any(SECRET in str(one.result) for one in found)
    assert found[2].result.results[0].result["partial_unexpected_list"] == [0]


@pytest.mark.parametrize("taken", [0, 1, None], ids=["none", "one", "all"])
def test_the_environment_is_restored_however_many_batches_are_taken(taken: int | None) -> None:
    before = environment()
    running = batches(through(lambda numbers: numbers), in_order=True)

    for _ in range(9 if taken is None else taken):
        next(running, None)
        assert environment() == before
    running.close()

    assert environment() == before


def test_what_python_has_of_the_environment_stays_the_same_for_whoever_copies_it_meanwhile() -> None:
    before, seen = dict(os.environ), []

    def seeing(numbers: pl.Series) -> pl.Series:
        seen.append((environment(), dict(os.environ)))
        return numbers

    assert sum(batch.height for batch in batches(through(seeing), in_order=True)) == ROWS

    assert seen[0] == (passes._AHEAD, before)


def test_the_environment_is_restored_where_reading_fails_at_once() -> None:
    before, seen = environment(), []

    def seeing(numbers: pl.Series) -> pl.Series:
        seen.append(environment())
        raise KeyError

    with pytest.raises(UnreadableError, match="KeyError"):
        next(batches(through(seeing), in_order=True))

    assert seen[0] == passes._AHEAD
    assert environment() == before


def test_the_environment_is_restored_wherever_whoever_asks_for_rows_is_interrupted() -> None:
    """Ctrl-C comes between any two lines of the main thread: here at the first, then at the second, and so on."""
    before, own = environment(), sys.gettrace()
    steps, met = 0, True

    def interrupt(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps, met
        if frame.f_code.co_filename != passes.__file__:
            return None
        if event == "line" and not met:
            steps -= 1
            if steps < 0:
                met = True
                raise InterruptedError
        return interrupt

    for place in range(100):
        steps, met = place, False
        rows = batches(pl.LazyFrame({"n": [1]}), in_order=True)
        sys.settrace(interrupt)
        try:
            next(rows)
            rows.close()
        except InterruptedError:
            pass
        finally:
            sys.settrace(own)
        if not met:
            break
        assert restored(before), place

    assert not met
    assert place > 10


def restored(before: dict[str, str | None]) -> bool:
    """Whether the environment is as before, at the latest when the query has started."""
    until = time.monotonic() + 5
    while environment() != before and time.monotonic() < until:
        time.sleep(0.01)
    return environment() == before


def test_how_far_the_environment_itself_says_to_read_ahead_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AHEAD[0], "7")
    seen = []

    def seeing(numbers: pl.Series) -> pl.Series:
        seen.append(environment())
        return numbers

    assert sum(batch.height for batch in batches(through(seeing), in_order=True)) == ROWS

    assert seen[0] == passes._AHEAD | {AHEAD[0]: "7"}
    assert environment() == {**dict.fromkeys(AHEAD), AHEAD[0]: "7"}


@pytest.mark.parametrize("value", [None, "9"])
def test_what_someone_else_does_to_the_environment_meanwhile_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.setenv("POLARS_VERBOSE", "0")  # so that what this test sets is put back

    def changing(numbers: pl.Series) -> pl.Series:
        os.environ.pop(AHEAD[0], None)
        if value is not None:
            os.environ[AHEAD[0]] = value
        return numbers

    try:
        rows = sum(batch.height for batch in batches(through(changing), in_order=True))
        assert (rows, os.environ.get(AHEAD[0]), environment()[AHEAD[0]]) == (ROWS, value, value)
    finally:
        os.environ.pop(AHEAD[0], None)


def test_a_pass_may_begin_while_another_begins_that_waits_for_it() -> None:
    before = environment()

    def nested(numbers: pl.Series) -> pl.Series:
        return pl.concat(batch["n"] for batch in batches(pl.LazyFrame({"n": numbers}), in_order=True))

    found: list[int] = []
    waiting = Thread(target=lambda: found.extend(one["n"].sum() for one in batches(through(nested), in_order=True)))
    waiting.daemon = True  # if it waits for ever, the test does not
    waiting.start()
    waiting.join(timeout=60)

    assert sum(found) == sum(range(ROWS))
    assert environment() == before


def test_a_damaged_file_is_refused_or_read_to_its_end_and_never_ends_early(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sound, damaged = tmp_path / "sound.parquet", tmp_path / "damaged.parquet"
    table = pl.DataFrame({"n": range(1000), "text": ["x", "y"] * 500})
    table.write_parquet(sound, compression="uncompressed", row_group_size=250, statistics=False)
    raw = sound.read_bytes()
    footer = int.from_bytes(raw[-8:-4], "little")
    panics = 0
    for place in range(len(raw) - 8 - footer, len(raw) - 8):
        damaged.write_bytes(raw[:place] + bytes([raw[place] ^ 0x7F]) + raw[place + 1 :])
        frame = pl.scan_parquet(damaged)
        try:
            expected: int | str = frame.collect(engine="streaming").height
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            expected = type(error).__name__
            panics += expected == "PanicException"
        try:
            found: int | str = sum(batch.height for batch in batches(frame, in_order=False))
        except UnreadableError as error:
            found = error.kind
        assert found == expected, place
    capfd.readouterr()  # what Polars says of its panics

    assert panics > 0  # or this test does not see what it is for


def test_who_takes_no_more_batches_leaves_no_query_behind() -> None:
    before = {thread.name for thread in threading.enumerate()}
    rows = batches(pl.LazyFrame({"n": range(2_000_000)}), in_order=True)

    assert next(rows).height == passes.BATCH_ROWS
    rows.close()

    assert {thread.name for thread in threading.enumerate()} <= before


@pytest.mark.parametrize("taken", [0, 1])
def test_who_is_interrupted_while_waiting_for_a_batch_leaves_no_query_behind(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "BATCH_ROWS", 250_000)
    before = {thread.name for thread in threading.enumerate()}
    at_work, waiting = threading.Event(), threading.Event()

    def slow(numbers: pl.Series) -> pl.Series:
        at_work.set()
        time.sleep(0.1)
        return numbers

    def interrupt() -> None:
        at_work.wait()
        waiting.wait()
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGALRM)

    def interrupted(*_: object) -> None:
        raise InterruptedError

    def take() -> Iterator[None]:
        for place, _ in enumerate(chain([None], batches(frame, in_order=True))):
            if place == taken:
                waiting.set()
            yield

    frame = pl.LazyFrame({"n": range(1_500_000)}).select(pl.col("n").map_batches(slow, is_elementwise=True))
    own = signal.signal(signal.SIGALRM, interrupted)
    try:
        Thread(target=interrupt).start()
        with pytest.raises(InterruptedError):
            deque(take())
    finally:
        signal.signal(signal.SIGALRM, own)

    assert {thread.name for thread in threading.enumerate()} <= before


@pytest.mark.parametrize("at_work_before", [False, True])
def test_who_is_interrupted_while_a_query_starts_leaves_none_behind(
    at_work_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Thread] = []
    interrupted, read = threading.Event(), threading.Event()

    class Slow(Thread):
        """Has not said yet that it runs when whoever starts it is interrupted, before or after it is at work."""

        def start(self) -> None:
            started.append(self)
            if at_work_before:
                super().start()
                read.wait(60)
            raise InterruptedError

        def is_alive(self) -> bool:
            return interrupted.is_set() and super().is_alive()

    def note(numbers: pl.Series) -> pl.Series:
        read.set()
        return numbers

    monkeypatch.setattr(passes, "Thread", Slow)
    with pytest.raises(InterruptedError):
        next(batches(through(note), in_order=True))
    interrupted.set()
    (reading,) = started
    if not at_work_before:
        Thread.start(reading)
    reading.join(60)

    assert not reading.is_alive()
    assert read.is_set() is at_work_before


def test_a_pass_that_fails_halfway_reads_on_for_nobody() -> None:
    def watch(*_: object) -> None:
        raise InterruptedError

    import_gx()
    from great_expectations.validator.metric_configuration import MetricConfiguration

    frame = pl.LazyFrame({"n": range(2_000_000)})
    plan = compile_metrics([MetricConfiguration("column.max", {"column": "n"}, {})], schema=frame.collect_schema())
    with pytest.raises(InterruptedError), Fold(plan, watch=watch) as fold:
        feed(fold, frame)

    assert "reading" not in {thread.name for thread in threading.enumerate()}


def test_a_process_that_ends_in_the_middle_of_a_pass_ends() -> None:
    program = """
        import polars as pl
        from loadgate.checking.engine.passes import batches

        rows = batches(pl.LazyFrame({"n": range(2_000_000)}), in_order=True)
        next(rows)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=60, capture_output=True)

    assert (ended.returncode, ended.stderr) == (0, b"")


def test_values_that_cannot_be_put_together_from_batch_to_batch_spoil_no_other_answer() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    asked = [
        gxe.ExpectColumnDistinctValuesToBeInSet(column="lists", value_set=[1]),
        gxe.ExpectColumnMaxToBeBetween(column="n", max_value=0),
    ]
    compiled = compile_suite(ExpectationSuite(name="a suite", expectations=asked), values=True)
    frame = pl.LazyFrame({"lists": [[1], [2, 3]] * passes.BATCH_ROWS, "n": 0})

    found = compiled.validate(frame)

    assert [one.state.value for one in found.outcomes] == ["could_not_run", "pass"]
    assert found.outcomes[0].reason == "the data could not be evaluated (TypeError)"
