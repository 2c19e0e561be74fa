"""A run in; out, the steps of a month in order: what is left to do, and the doing of one unit."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from loadgate.errors import CouldNotRun, LoadgateError
from loadgate.running import deciding, delivering, reducing
from loadgate.running.locking import alone
from loadgate.running.opened import Ref, holder, now

LEASE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the month. `work` lists what is left to do; `do` does one unit and is safe to repeat."""

    name: str
    left: Callable[[Ref], list[str]]
    act: Callable[[Ref, str], None]

    def work(self, ref: Ref) -> list[str]:
        """Units that are not done yet, written down so that progress can be seen."""
        units = self.left(ref)
        work = ref.open().state.work
        work.plan(ref.run, self.name, units)
        work.settle(ref.run, self.name, left=units, now=now())
        return units

    def do(self, ref: Ref, work_id: str) -> None:
        """Do one unit under a lease. Raises CouldNotRun, which carries no row values, when it fails."""
        work = ref.open().state.work
        me = holder()
        work.claim(ref.run, self.name, work_id, holder=me, now=now(), lease_s=LEASE_S)
        try:
            self.act(ref, work_id)
        except Exception as error:
            detail = {"error": type(error).__name__, "at": _place(error)}
            if isinstance(error, LoadgateError):
                detail["message"] = error.message
            work.fail(ref.run, self.name, work_id, holder=me, now=now(), detail=detail)
            raise CouldNotRun(
                f"{self.name} {work_id} could not run: {type(error).__name__} at {detail['at']}",
                fix="see `loadgate status`; running the month again takes it up where it stopped",
            ) from None
        work.finish(ref.run, self.name, work_id, holder=me, now=now())

    def do_all(self, ref: Ref, work_ids: Sequence[str]) -> None:
        """Do units one after the other; one that fails stops no other. Raises CouldNotRun at the end."""
        failed = []
        for work_id in work_ids:
            try:
                self.do(ref, work_id)
            except CouldNotRun as error:
                failed.append(error)
        if len(failed) > 1:
            raise CouldNotRun(f"{len(failed)} of {len(work_ids)} could not run; the first: {failed[0].message}")
        if failed:
            raise failed[0]


DELIVERIES = Step("deliveries", delivering.work, delivering.do)
ACROSS = Step("across", reducing.across_work, reducing.across)
MEASURE = Step("measure", reducing.measure_work, reducing.measure)
COMPARE = Step("compare", reducing.compare_work, reducing.compare)
DETECT = Step("detect", reducing.detect_work, reducing.detect)
JUDGE = Step("judge", deciding.judge_work, deciding.judge_run)
STEPS: tuple[Step, ...] = (DELIVERIES, ACROSS, MEASURE, COMPARE, DETECT, JUDGE)


def is_done(ref: Ref) -> bool:
    """Whether nothing is left to do in this run."""
    return not JUDGE.left(ref)


def is_left(ref: Ref) -> bool:
    """Whether there is work in this run: it is not done, or results of deliveries that it had are gone since."""
    from loadgate.store.work import WorkState

    rows = ref.open().state.work.rows(ref.run)
    failed = {row.work_id for row in rows if row.step == DELIVERIES.name and row.state is WorkState.FAILED}
    return not is_done(ref) or not failed.issuperset(delivering.work(ref))


@contextmanager
def hold(ref: Ref, *, actor: str, again: bool = True) -> Iterator[None]:
    """Be the only process at work on the run's period. `again`: to do what is left; else only to look or to release."""
    opened = ref.open()
    with alone(opened, opened.inputs(ref.run).period, actor=actor):
        if again:
            take_up(ref)
        yield


def take_up(ref: Ref) -> None:
    """Free what a dead holder left half done. What failed is done again, and all that follows it, until released."""
    from loadgate.store.runs import RunState
    from loadgate.store.work import WorkState

    state = ref.open().state
    state.work.interrupt(ref.run, now=now())
    if is_done(ref):
        JUDGE.work(ref)  # killed between the run's manifest and saying so
    failed = {row.step for row in state.work.rows(ref.run) if row.state is WorkState.FAILED}
    if failed and state.runs.get(ref.run).state is not RunState.RELEASED:
        _begin_again(ref, failed)
    if not failed and is_done(ref) and is_left(ref):
        state.work.plan_again(ref.run, steps=[DELIVERIES.name])


def _begin_again(ref: Ref, failed: Collection[str]) -> None:
    """Forget what was made without the units that failed; only then are they planned anew, as a crash may come."""
    names = [step.name for step in STEPS]
    after = names[min(names.index(step) for step in failed) + 1 :] or [JUDGE.name]
    opened = ref.open()
    deciding.reopen(opened, ref.run, steps=after)
    opened.state.work.plan_again(ref.run, steps=after)


def _place(error: BaseException) -> str:
    """File and line of the innermost frame: enough for an engineer, and no values."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "?"
    name = frames[-1].filename.replace("\\", "/")
    return f"{'/'.join(name.rsplit('/', 2)[-2:])}:{frames[-1].lineno}"
