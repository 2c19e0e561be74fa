# ruff: noqa: T201, E501
"""A number of frames enters; leaves how many cases ran, agreed, differ for a listed reason, and differ without one.

python tests/conformance/run.py [--frames N] [--seed N] [--gx-checkout PATH] [--show N]
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # these modules belong together and are no package

from comparing import differences, has_raised, message
from frames import Sample, samples
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from listed import Listed, explain, read_list
from parameters import BUILDERS, RESULT_FORMATS, Asked, draw_case
from tables import run_tables

from peers import ENGINE, FAST, accepts, raises, with_engine, with_fast, with_pandas


def _counters() -> defaultdict[str, Counter[str]]:
    return defaultdict(Counter)


@dataclass
class Tally:
    """What has run so far. A case is one expectation on one frame, by one adapter."""

    agreed: int = 0
    listed: Counter[str] = field(default_factory=Counter)
    unlisted: list[tuple[str, str, str]] = field(default_factory=list)
    per_expectation: dict[str, Counter[str]] = field(default_factory=_counters)

    seen: set[int] = field(default_factory=set)

    def is_new(self, one: Asked, sample: Sample, result_format: Any) -> bool:
        """Hypothesis likes to come back to what it knows; a case counts once."""
        key = hash(
            (one.expectation, repr(one.kwargs), repr(one.parameters), repr(result_format), repr(sample.frame.rows()))
        )
        known = key in self.seen
        self.seen.add(key)
        return not known

    def add(self, other: Tally) -> None:
        self.agreed += other.agreed
        self.listed.update(other.listed)
        self.unlisted += other.unlisted
        for name, counts in other.per_expectation.items():
            self.per_expectation[name].update(counts)

    @property
    def ran(self) -> int:
        return self.agreed + sum(self.listed.values()) + len(self.unlisted)


def compare(
    sample: Sample, asked: Sequence[Asked], result_format: Any, tally: Tally, entries: Sequence[Listed]
) -> None:
    """Run cases on GX's pandas engine and both adapters, and count."""
    asked = [
        one for one in asked if accepts((one.expectation, one.kwargs)) and tally.is_new(one, sample, result_format)
    ]
    if not asked:
        return
    cases = [(one.expectation, one.kwargs) for one in asked]
    given = {name: value for one in asked for name, value in one.parameters.items()}
    theirs = with_pandas(sample.frame, cases, result_format, parameters=given)
    if len(tally.seen) % 5 == 0:
        compare_raising(sample, asked, theirs, given, tally, entries)
    for adapter, run in ((ENGINE, with_engine), (FAST, with_fast)):
        ours = run(sample.frame, cases, result_format, parameters=given)
        for one, expected, found in zip(asked, theirs, ours, strict=True):
            differs = differences(expected, found)
            count = tally.per_expectation[one.expectation]
            count["ran"] += 1
            if not differs:
                tally.agreed += 1
                continue
            entry = explain(one, adapter, differs, entries)
            if entry is not None:
                tally.listed[entry.name] += 1
                count["listed"] += 1
                continue
            count["unlisted"] += 1
            told = f"  {adapter}, {result_format}\n  {one.kwargs} {one.parameters}\n"
            told += f"  {sorted(fact for fact in one.facts if '=' not in fact)}\n"
            told += "".join(f"    {name}: {_cut(a)} | {_cut(b)}\n" for name, (a, b) in differs.items())
            told += f"    exceptions: {message(expected)[:160]} | {message(found)[:160]}\n"
            column = one.kwargs.get("column")
            seen = sample.frame[column].to_list() if column in sample.frame.columns else sample.frame.rows()[:6]
            told += f"    {column or 'rows'} = {_cut(seen)}"
            tally.unlisted.append((one.expectation, "+".join(sorted(differs)), told))


def _cut(value: Any) -> str:
    return repr(value)[:300]


def compare_raising(
    sample: Sample,
    asked: Sequence[Asked],
    theirs: Sequence[Any],
    given: dict[str, Any],
    tally: Tally,
    entries: Sequence[Listed],
) -> None:
    """Where GX could not answer, ask both engines again to catch no exceptions: both must raise."""
    for one in [one for one, expected in zip(asked, theirs, strict=True) if has_raised(expected)][:3]:
        case = (one.expectation, one.kwargs)
        pair = tuple(raises(run, sample.frame, case, given) for run in (with_pandas, with_engine))
        count = tally.per_expectation[one.expectation]
        count["ran"] += 1
        differs = {} if pair[0] == pair[1] else {"raised": pair}
        entry = explain(one, ENGINE, differs, entries)
        if not differs:
            tally.agreed += 1
        elif entry is not None:
            tally.listed[entry.name] += 1
        else:
            told = f"  catch_exceptions: false\n  {one.kwargs}\n  raised: {pair}"
            tally.unlisted.append((one.expectation, "raised", told))


def generated(tally: Tally, entries: Sequence[Listed], *, frames: int, start: int, only: Sequence[str] = ()) -> None:
    """Compare on generated frames: per frame, each expectation once."""
    names = [name for name in BUILDERS if not only or name in only]

    @st.composite
    def suites(draw: Any) -> tuple[Sample, list[Asked], Any]:
        sample = draw(samples())
        return sample, [draw_case(name, draw, sample) for name in names], draw(st.sampled_from(RESULT_FORMATS))

    @seed(start)
    @settings(
        max_examples=frames,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(suites())
    def each(drawn: tuple[Sample, list[Asked], Any]) -> None:
        sample, asked, result_format = drawn
        compare(sample, asked, result_format, tally, entries)

    each()


def report(tally: Tally, *, show: int) -> bool:
    """Print what ran. Returns whether every difference is listed, and few are."""
    shown: Counter[tuple[str, str]] = Counter()
    for name, parts_, told in tally.unlisted:
        shown[name, parts_] += 1
        if shown[name, parts_] <= show:
            print(f"{name}: {parts_}\n{told}")
    for (name, parts_), count in shown.most_common():
        print(f"{count:6} differ without a listed reason  {name}: {parts_}")
    listed = sum(tally.listed.values())
    for name, count in tally.listed.most_common():
        print(f"{count:6} differ for a listed reason      {name}")
    share = listed / tally.ran if tally.ran else 0
    print(
        f"\ngenerated data: {tally.ran} cases of {len(tally.per_expectation)} expectations ran: {tally.agreed} agree, {listed} differ for a listed reason ({share:.2%}), {len(tally.unlisted)} differ otherwise"
    )
    return not tally.unlisted and share <= 0.03


def share_of(part: tuple[int, int, tuple[str, ...]]) -> Tally:
    """One process's share of the generated frames."""
    frames, start, only = part
    tally = Tally()
    with redirect_stderr(io.StringIO()):  # one of GX's expectations shows a bar whatever it is told
        generated(tally, read_list(), frames=frames, start=start, only=only)
    tally.seen.clear()
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=800, help="generated frames, over all processes")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--show", type=int, default=1, help="how many of each unexplained difference to print")
    parser.add_argument("--only", nargs="*", default=[], help="expectations, without expect_")
    parser.add_argument("--gx-checkout", type=Path, help="a checkout of GX's repository, for its own tables of cases")
    wanted = parser.parse_args()
    tally, begun = Tally(), time.monotonic()
    each = max(1, wanted.frames // wanted.processes)
    parts = [(each, wanted.seed + number, tuple(wanted.only)) for number in range(wanted.processes)]
    with ProcessPoolExecutor(wanted.processes, mp_context=get_context("spawn")) as pool:
        for done in pool.map(share_of, parts):
            tally.add(done)
    sound = report(tally, show=wanted.show)
    if wanted.gx_checkout:
        with redirect_stderr(io.StringIO()):  # GX shows a bar per case
            sound = run_tables(wanted.gx_checkout.resolve(), show=wanted.show) and sound
    else:
        print("GX's own tables of cases did not run: GX_CHECKOUT names no checkout of its repository")
    print(f"{time.monotonic() - begun:.0f} s")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
