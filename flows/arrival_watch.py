"""Through the window: deliveries are read and checked as they arrive, and told about; due, late and missing too."""

from __future__ import annotations

from prefect import flow, task, unmapped
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner

from loadgate.running import alerts, delivering, month, opening
from loadgate.running.opened import Ref


@task(name="read and check deliveries", task_run_name="{batch}", retries=2, persist_result=False)
def read_and_check(run: Ref, batch: delivering.Batch) -> None:
    month.DELIVERIES.do_all(run, batch.versions)


@task(name="tell about a delivery", task_run_name="tell {version}", retries=2, persist_result=False)
def tell(run: Ref, version: str) -> None:
    alerts.tell_delivery(run, version)


@flow(name="arrival-watch", task_runner=ThreadPoolTaskRunner(max_workers=opening.workers()), persist_result=False)
def arrival_watch(site: str, period: str | None = None, as_of: str | None = None) -> str:
    """Look at the inbox once; schedule it as often as deliveries should be noticed. Opens no run."""
    look = opening.watch_period(site, period, as_of=as_of)
    with month.hold(look, actor="arrival-watch"):
        alerts.tell_arrivals(look)
        batches = delivering.batches(look, month.DELIVERIES.work(look))
        checked = dict(zip(read_and_check.map(unmapped(look), batches), batches, strict=True))
        telling = alerts.may_send(look)
        for batch in as_completed(list(checked)):  # each is told about while others are still read
            for version in checked[batch].versions if telling else ():
                tell(look, version, return_state=True)
    return look.run
