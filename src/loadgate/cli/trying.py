"""What content would have found, or does with its examples, in; out, lines and JSON for `loadgate check`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.cli.terminal import say, say_json, table, watched
from loadgate.errors import Exit

if TYPE_CHECKING:
    from loadgate.errors import Fault
    from loadgate.model.period import Period
    from loadgate.model.site import Site
    from loadgate.running.against import Against, Found, Marking
    from loadgate.running.examples import Shown

_NAMED = 10  # checks or deliveries; more are counted


def try_examples(root: Path, *, datasets: Sequence[str], as_json: bool) -> Exit:
    """Run the examples and say what they showed."""
    from loadgate.running.examples import run_examples

    shown = run_examples(root, datasets=datasets)
    faults = [fault for one in shown for fault in one.faults]
    if as_json:
        listed = [
            {
                "dataset": one.dataset,
                "examples": one.examples,
                "checks": one.checks,
                "undecided": one.undecided,
                "without_example": one.without,
            }
            for one in shown
        ]
        say_json({"site": str(root), "faults": plain(faults), "datasets": listed})
        return Exit.CONTENT if faults else Exit.OK
    for fault in faults:
        say(f"{fault}\n")
    for one in shown:
        say(_coverage(one))
    examples = sum(one.examples for one in shown)
    say(f"{_count(examples, 'example')}: {_count(len(faults), 'check')} not as the examples say")
    return Exit.CONTENT if faults else Exit.OK


def _coverage(one: Shown) -> str:
    told = f"{one.dataset}: {_count(one.examples, 'example')}"
    if not one.without:
        shown = "has an example that should fail" if one.faults else "is shown to fail"
        return f"{told}, each of {_count(one.checks, 'check')} {shown}"
    keys = [check.partition(":")[2] for check in one.without]
    return f"{told}, {len(one.without)} of {_count(one.checks, 'check')} have no example that fails: {_some(keys)}"


def try_against(root: Path, period: str, *, run: str | None, datasets: Sequence[str], as_json: bool) -> Exit:
    """Evaluate the content of now on a stored period and say what it would have found."""
    from loadgate.running.against import against
    from loadgate.running.opened import open_site

    told = against(open_site(root), period, run=run, datasets=datasets, progress=_progress())
    if as_json:
        say_json(_plain_against(root, period, told))
    else:
        _say_against(told)
    stuck = any(one.could_not_run for one in told.checks) or any(one.could_not_run for one in told.rules)
    return Exit.COULD_NOT_RUN if told.unseen or stuck else Exit.OK


def _progress() -> Callable[[int, int], None]:
    """Told on stderr, so that stdout stays what was asked for: a line that moves, or one in ten elsewhere."""
    bar = watched(sys.stderr)

    def show(done: int, total: int) -> None:
        if bar:
            sys.stderr.write(f"\r  checking  {done} of {total}\x1b[K" + ("\r\x1b[K" if done == total else ""))
        elif done == total or done * 10 // total != (done - 1) * 10 // total:
            sys.stderr.write(f"checking  {done} of {total}\n")
        sys.stderr.flush()

    return show


def _say_against(told: Against) -> None:
    again = f", {told.read_again} of them read again" if told.read_again else ""
    say(f"The content as it lies here now, on {_count(told.deliveries, 'delivery')} of run {told.run}{again}")
    untried = [one.check for one in told.checks if _is_untried(one)]
    tried = [one for one in told.checks if one.check not in untried]
    shown = [one for one in tried if _is_told(one)]
    if shown:
        say()
        head = ("check", "rows", "failed", "undecided", "could not run", "failing", "then", "new", "gone", "changed")
        rows = [_row(one) for one in shown]
        say("\n".join(table(head, rows, right=range(1, len(head)))))
        say()
    silent = len(tried) - len(shown)
    if silent:
        say(f"{_count(silent, 'check')} found nothing, neither then nor now")
    if untried:
        say(
            f"{_count(len(untried), 'check')} had no rows to look at, or nothing to compare them with: {_some(untried)}"
        )
    _say_rules(told)
    for stuck in told.checks:
        if stuck.could_not_run:
            say(f"{stuck.check} could not run on {_count(stuck.could_not_run, 'delivery')}: {'; '.join(stuck.reasons)}")
    for one in told.known_errors:
        then = one.then or "not registered"
        aside = ", in shadow" if one.shadow else ""
        say(f"known error {one.verdict.error}{aside}: {one.verdict.state.value}, then {then}")
    for name in told.without_delivery:
        say(f"{name}: the run had no delivery of it, so nothing is known of its checks")
    if told.empty:
        say(f"{_count(told.empty, 'delivery')} came without a row that can be used, so no check was asked")
    if told.missing:
        say(f"{_count(told.missing, 'delivery')} that the run expected did not come, so no check could be asked")
    if told.unseen:
        say(f"{_count(len(told.unseen), 'delivery')} could not be looked at, and nothing is known of what is in them:")
        say("\n".join(f"  {delivery}: {reason}" for delivery, reason in told.unseen[:_NAMED]))
        if len(told.unseen) > _NAMED:
            say(f"  and {len(told.unseen) - _NAMED} more; --json lists them")


def _is_told(one: Found) -> bool:
    """Whether there is something to tell; that rows could not be decided is, though nothing fails."""
    return bool(one.failing or one.failing_then or one.could_not_run or one.rows_undecided or one.differs)


def _is_untried(one: Found) -> bool:
    """Whether no row was looked at: of such a check it cannot be said that it found nothing."""
    if not one.deliveries:
        return one.content != "gone" and not one.failing_then
    return not one.rows_checked and not _is_told(one)


def _say_rules(told: Against) -> None:
    """How many rows the rules mark: those of which there is something to tell, and how many others there are."""
    shown = [
        one
        for one in told.rules
        if one.rows_marked or one.rows_marked_then or one.rows_undecided or one.could_not_run or one.differs
    ]
    if shown:
        say()
        head = ("rule", "rows", "marked", "undecided", "could not run", "marked then", "changed")
        rows = [_rule_row(one) for one in shown]
        say("\n".join(table(head, rows, right=range(1, len(head)))))
        say()
    untried = [one.rule for one in told.rules if one not in shown and not one.rows_checked]
    if silent := len(told.rules) - len(shown) - len(untried):
        say(f"{_count(silent, 'rule')} marked nothing, neither then nor now")
    if untried:
        say(f"{_count(len(untried), 'rule')} had no rows to look at: {_some(untried)}")


def _rule_row(one: Marking) -> tuple[object, ...]:
    aside = {"new": " (new rule)", "gone": " (no longer in the content)"}.get(one.content, "")
    counts = (
        one.rows_checked,
        one.rows_marked,
        one.rows_undecided,
        one.could_not_run,
        one.rows_marked_then,
        one.changed,
    )
    return one.rule + aside, *(f"{number:,}" for number in counts)


def _row(one: Found) -> tuple[object, ...]:
    marks = [mark for mark, wanted in (("new check", one.content == "new"), ("in shadow", one.shadow)) if wanted]
    if one.content == "gone":
        marks.append("no longer in the content")
    name = one.check + (f" ({', '.join(marks)})" if marks else "")
    counts = (one.rows_checked, one.rows_failed, one.rows_undecided, one.could_not_run, one.failing)
    differences = (one.failing_then, one.new, one.gone, one.changed)
    return name, *(f"{number:,}" for number in (*counts, *differences))


def _plain_against(root: Path, period: str, told: Against) -> dict[str, Any]:
    return {
        "site": str(root),
        "period": period,
        "run": told.run,
        "deliveries": told.deliveries,
        "missing": told.missing,
        "empty": told.empty,
        "read_again": told.read_again,
        "unseen": [{"delivery": delivery, "reason": reason} for delivery, reason in told.unseen],
        "checks": [asdict(one) for one in told.checks],
        "rules": [asdict(one) for one in told.rules],
        "known_errors": [
            {
                "error": one.verdict.error,
                "state": one.verdict.state.value,
                "then": one.then,
                "shadow": one.shadow,
                "size": one.verdict.size,
                "ceiling": one.verdict.ceiling,
            }
            for one in told.known_errors
        ],
        "without_delivery": list(told.without_delivery),
    }


def shadow_marks(site: Site, current: Period) -> list[dict[str, Any]]:
    """What is in shadow; `over` where the last period that has ended is a later one, so that runs count it by now.

    On a site whose arrival times are stated, the clock does not say which period is loaded: there nothing is over.
    """
    from loadgate.model.shadow import trials

    return [
        {"name": one.name, "until": str(one.until), "over": one.until < current.previous and not site.file.stated_times}
        for one in trials(site)
    ]


def shadow_lines(marks: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for over in (False, True):
        for until in sorted({mark["until"] for mark in marks if mark["over"] is over}):
            names = _some([mark["name"] for mark in marks if mark["until"] == until and mark["over"] is over])
            if over:
                lines.append(f"shadow over after {until}: {names}; runs count it, so take shadow_until out")
            else:
                lines.append(f"in shadow up to and with {until}: {names}; later runs count it")
    return lines


def plain(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    return [asdict(fault) for fault in faults]


def _some(names: Sequence[str]) -> str:
    left = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + left


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
