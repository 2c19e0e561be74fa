"""Judge a run again, publish it, freeze its vintage. Started by a person; the decision itself lives in the ledger."""

from __future__ import annotations

from prefect import flow, task

from loadgate.running import release as releasing
from loadgate.running.opened import Ref, ref_of


@task(name="judge again", persist_result=False)
def judge_again(run: Ref) -> str:
    return releasing.judge_again(run).verdict.value


@task(name="publish and freeze", persist_result=False)
def publish(run: Ref, actor: str) -> None:
    releasing.release(run, actor=actor)


@flow(name="release-month", persist_result=False)
def release_month(site: str, run: str, actor: str) -> str:
    """Release a run of a site, if the gate says yes; refused on hold. Returns the verdict that it was released with."""
    ref = ref_of(site, run)
    verdict = judge_again(ref)
    publish(ref, actor)
    return verdict
