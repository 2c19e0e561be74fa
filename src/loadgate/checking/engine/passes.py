"""A frame enters, with expressions that yield one value each; leave its batches, or the values, or why there are none.

What Polars, or Python code in a frame, says about real rows can quote them, so it is never passed on; what Polars says
about no rows cannot.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Collection, Generator, Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from loadgate.checking.engine.faults import missing_columns, unusable_expression

if TYPE_CHECKING:
    import polars as pl

Key = TypeVar("Key", bound=Hashable)

BATCH_ROWS: Final = 250_000
_AHEAD: Final = {
    "POLARS_ROW_GROUP_PREFETCH_SIZE": "2",  # with 1, a query that meets a damaged row group may never end
    "POLARS_CSV_CHUNK_PREFETCH_LIMIT": "4",
    "POLARS_CSV_CHUNK_SIZE": str(8 << 20),
}
"""How far Polars reads ahead of whoever takes the rows: row groups, and pieces of a CSV file of so many bytes."""

_A_MOMENT: Final = 0.05  # seconds


class UnreadableError(Exception):
    """The rows themselves cannot be had; `kind` names the exception, whose text may quote them."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class SurplusError(UnreadableError):
    """A row has more fields than the table has columns."""

    def __init__(self) -> None:
        super().__init__("surplus fields")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The same rows with one more column, which has a value only where a row has more fields than there are columns.

    Polars notices such a row only if it reads all columns, and takes its first fields otherwise.
    """

    frame: pl.LazyFrame
    column: str


@dataclass(frozen=True, slots=True)
class _End:
    """No more rows come; `kind` names the exception if there may have been more."""

    kind: str | None


class _LittleAhead:
    """While queries start, let them read little ahead, unless the environment says how much.

    Polars reads 128 row groups ahead, which in a long table of small ones is more than all else that a pass holds, and
    keeps CSV files in small pieces, of which a batch then has a dozen. The last of several that start at the same time
    puts the environment back; none waits for another, which may be the one whose rows it computes. Signals interrupt
    the main thread only, so it is threads of ours that enter and leave: then nothing comes between the steps.

    It is the process's environment that Polars reads. `os.environ` is left alone: who copies it in another thread, as
    GX does for each batch, would meet names that come and go.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._starting = 0
        self._ours: list[str] = []

    def __enter__(self) -> None:
        with self._lock:
            if self._starting == 0:
                self._ours = [name for name in _AHEAD if name not in os.environ]
                for name in self._ours:
                    os.putenv(name, _AHEAD[name])
            self._starting += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._starting -= 1
            if self._starting == 0:
                for name in self._ours:
                    if name not in os.environ:  # or someone has set it since
                        os.unsetenv(name)


_LITTLE_AHEAD: Final = _LittleAhead()


def batches(frame: pl.LazyFrame, *, in_order: bool) -> Generator[pl.DataFrame]:
    """Stream a frame's rows, and one batch ahead.

    Polars hands batches over from a thread of ours, so that its own word on how the query ended is heard: an iterator
    of its batches just stops where reading panics, as if there were no more rows. Whoever is interrupted while that
    thread starts cannot know whether there will be one: by itself it ends too once nobody wants it.
    Raises: UnreadableError.
    """
    ready: Queue[pl.DataFrame | _End] = Queue(maxsize=1)
    unwanted = Event()
    starting = ExitStack()

    def put(found: pl.DataFrame | _End) -> None:
        while not unwanted.is_set():
            with suppress(Full):
                ready.put(found, timeout=_A_MOMENT)
                return

    def hand_over(batch: pl.DataFrame) -> bool:
        starting.close()  # once and for all
        put(batch)
        return unwanted.is_set()

    def stream() -> None:
        if unwanted.is_set():
            return
        kind = None
        try:
            starting.enter_context(_LITTLE_AHEAD)
            frame.sink_batches(hand_over, chunk_size=BATCH_ROWS, maintain_order=in_order, engine="streaming")
        except BaseException as error:  # else nobody would hear of it
            kind = type(error).__name__
        starting.close()
        put(_End(kind))

    def stop() -> None:
        unwanted.set()
        while thread.is_alive():
            with suppress(Empty):  # an interrupted `get` may have lost the end
                ready.get(timeout=_A_MOMENT)

    thread = Thread(target=stream, name="reading", daemon=True)
    atexit.register(stop)  # a process that ends before the pass takes its threads away, and would wait for them
    try:
        thread.start()
        batch = ready.get()
        while not isinstance(batch, _End):
            yield batch
            del batch  # or it would wait for the next one
            batch = ready.get()
        thread.join()
        if batch.kind is not None:
            raise UnreadableError(batch.kind)
    finally:  # also where waiting is interrupted
        stop()
        atexit.unregister(stop)


def guarded(rows: Iterable[pl.DataFrame], guard: Guard) -> Iterator[pl.DataFrame]:
    """Take the column of a guard off each batch. Raises: SurplusError if it has a value."""
    for batch in rows:
        if batch[guard.column].null_count() < batch.height:
            raise SurplusError
        yield batch.drop(guard.column)


def read(frame: pl.LazyFrame, *, engine: Literal["auto", "streaming"] = "streaming") -> pl.DataFrame:
    """Collect rows. Raises: UnreadableError."""
    try:
        return frame.collect(engine=engine)
    except failures() as error:
        raise UnreadableError(type(error).__name__) from None


def preflight(schema: Mapping[str, pl.DataType], expressions: Mapping[Key, pl.Expr]) -> dict[Key, str]:
    """Try all expressions on no rows, and one by one only if that fails.

    Out: by key, why an expression cannot be used on this schema; nothing for those that can.
    """
    import polars as pl

    empty = pl.DataFrame(schema=_columns_read(schema, expressions.values())).lazy()
    if not expressions or not _problem(empty, list(expressions.values())):
        return {}
    reasons: dict[Key, str] = {}
    for key, expression in expressions.items():
        if problem := _problem(empty, [expression]):
            reasons[key] = _why_unusable(problem, dict.fromkeys(expression.meta.root_names()), schema)
    return reasons


def _why_unusable(problem: BaseException, names: Iterable[str], schema: Mapping[str, pl.DataType]) -> str:
    """Word why an expression cannot be used that names these columns, which may be patterns, or in no table."""
    import polars as pl

    absent = [name for name in names if name not in schema]
    if absent and isinstance(problem, pl.exceptions.ColumnNotFoundError):
        return missing_columns(absent).reason
    columns = ", ".join(f"{name} ({schema[name]})" for name in names if name in schema)
    return unusable_expression(problem, columns=columns or "the table").reason


def _columns_read(schema: Mapping[str, pl.DataType], expressions: Collection[pl.Expr]) -> Mapping[str, pl.DataType]:
    """The part of a schema that expressions read: to make two thousand empty columns takes longer than most checks.

    All of it if that cannot be told, or would leave none.
    """
    if any(one.meta.has_multiple_outputs() for one in expressions):
        return schema
    read = {name for one in expressions for name in one.meta.root_names()}
    return {name: schema[name] for name in read} if read and read <= schema.keys() else schema


def _problem(frame: pl.LazyFrame, expressions: list[pl.Expr]) -> BaseException | None:
    try:
        # The streaming engine skips work where there are no rows, and may wait for ever after an error.
        named(frame, expressions).collect(engine="in-memory")
    except failures() as error:
        return error
    return None


def reduce_frame(frame: pl.LazyFrame, expressions: Mapping[Key, pl.Expr]) -> tuple[dict[Key, Any], dict[Key, str]]:
    """Evaluate all in one pass; if that fails, one by one, so that the rest still gets an answer.

    Each expression yields one value. Out: values by key, and for each key without one the reason.
    """
    if not expressions:
        return {}, {}
    try:
        found = read(named(frame, list(expressions.values())))
        return dict(zip(expressions, found.row(0), strict=True)), {}
    except UnreadableError as error:
        if len(expressions) == 1:
            return {}, dict.fromkeys(expressions, broken(error.kind))
    values: dict[Key, Any] = {}
    reasons: dict[Key, str] = {}
    for key, expression in expressions.items():
        value, reason = reduce_frame(frame, {key: expression})
        values |= value
        reasons |= reason
    return values, reasons


def broken(kind: str) -> str:
    """Word the reason of a metric that met rows it could not stand."""
    return f"the data could not be evaluated ({kind})"


def failures() -> tuple[type[BaseException], ...]:
    """What asking rows may raise: anything, since frames and rules hold Python; Polars' panics are no Exception.

    For an `except` clause, where it is known what was raised: Ctrl-C that met Polars while it was calling Python comes
    out as a panic that quotes it, and is not for us.
    """
    import polars as pl

    raised = sys.exc_info()[1]
    if isinstance(raised, pl.exceptions.PanicException) and KeyboardInterrupt.__name__ in str(raised):
        return (Exception,)
    return Exception, pl.exceptions.PanicException


def unread(error: BaseException) -> str:
    """Word the reason of every metric of a frame that cannot even be opened."""
    return f"the data could not be read ({type(error).__name__})"


def named(frame: pl.LazyFrame, expressions: list[pl.Expr]) -> pl.LazyFrame:
    return frame.select(expression.alias(f"m{index}") for index, expression in enumerate(expressions))
