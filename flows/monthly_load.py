"""One period: what is left of the deliveries' lives, then the run's life, to a proposed decision."""

from __future__ import annotations

from prefect import flow, task, unmapped
from prefect.futures import as_completed, wait
from prefect.task_runners import ThreadPoolTaskRunner

from loadgate.running import alerts, delivering, month, opening
from loadgate.running.opened import Ref

AGAIN = {"retries": 2, "retry_delay_seconds": [1, 10], "persist_result": False}


@task(name="read and check deliveries", task_run_name="{batch}", **AGAIN)
def read_and_check(run: Ref, batch: delivering.Batch) -> None:
    month.DELIVERIES.do_all(run, batch.versions)


@task(name="tell about a delivery", task_run_name="tell {version}", **AGAIN)
def tell(run: Ref, version: str) -> None:
    alerts.tell_delivery(run, version)


@task(name="look across deliveries", **AGAIN)
def look_across(run: Ref, unit: str) -> None:
    month.ACROSS.do(run, unit)


@task(name="measure an area", task_run_name="measure {area}", **AGAIN)
def measure(run: Ref, area: str) -> None:
    month.MEASURE.do(run, area)


@task(name="compare with control figures and prior run", **AGAIN)
def compare(run: Ref, unit: str) -> None:
    month.COMPARE.do(run, unit)


@task(name="detect systematic differences", **AGAIN)
def detect(run: Ref, unit: str) -> None:
    month.DETECT.do(run, unit)


@task(name="judge", **AGAIN)
def judge(run: Ref, unit: str) -> None:
    month.JUDGE.do(run, unit)


@flow(name="monthly-load", task_runner=ThreadPoolTaskRunner(max_workers=opening.workers()), persist_result=False)
def monthly_load(site: str, period: str | None = None, as_of: str | None = None, quiet: bool = False) -> str:
    """Load one period of a site, the current one by default; returns the run. A failed task stops nothing."""
    run = opening.open_period(site, period, as_of=as_of, quiet=quiet)
    with month.hold(run, actor="monthly-load"):
        alerts.tell_arrivals(run)
        batches = delivering.batches(run, month.DELIVERIES.work(run))
        checked = dict(zip(read_and_check.map(unmapped(run), batches), batches, strict=True))
        telling = alerts.may_send(run)
        for batch in as_completed(list(checked)):  # each is told about while others are still read
            for version in checked[batch].versions if telling else ():
                tell(run, version, return_state=True)
        for step, unit_of_work in ((month.ACROSS, look_across), (month.MEASURE, measure), (month.COMPARE, compare)):
            wait(unit_of_work.map(unmapped(run), step.work(run)))
        for step, unit_of_work in ((month.DETECT, detect), (month.JUDGE, judge)):
            wait(unit_of_work.map(unmapped(run), step.work(run)))
        alerts.tell_run(run)
    return run.run
