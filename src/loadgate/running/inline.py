"""A run in; out, the same run judged: every step in order, in this process, without an orchestrator."""

from __future__ import annotations

from loadgate.errors import CouldNotRun
from loadgate.running import alerts, month
from loadgate.running.opened import Ref


def run_inline(ref: Ref, *, actor: str) -> list[str]:
    """Do all that is left of a run, for replays, back-tests and tests. Returns what could not run, step and unit.

    A failed unit stops nothing: what it should have written is *could not run* when the run is judged.
    """
    failed: list[str] = []
    with month.hold(ref, actor=actor):
        alerts.tell_arrivals(ref)
        for step in month.STEPS:
            for work_id in step.work(ref):
                try:
                    step.do(ref, work_id)
                except CouldNotRun:
                    failed.append(f"{step.name} {work_id}")
                if step is month.DELIVERIES:
                    alerts.tell_delivery(ref, work_id)
        alerts.tell_run(ref)
    return failed
