"""A month to kill at any of its durable writes; what it comes to then, and what it comes to undisturbed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Command = tuple[str, ...]


class Undisturbed:
    """What a month comes to when nobody kills it, and how many points its commands pass: run, release."""

    def __init__(self, *, ends: dict[str, Any], points: tuple[int, int]) -> None:
        self.ends = ends
        self.points = points

    def place(self, number: int) -> tuple[int, int]:
        """The point with this number over both commands, from 1: which command, and its own point."""
        return (0, number) if number <= self.points[0] else (1, number - self.points[0])

    def drawn(self, part: int, parts: int, *, seed: int) -> int:
        """A point of one of so many equal parts of both commands."""
        total = sum(self.points)
        return random.Random(seed + part).randrange(total * part // parts, total * (part + 1) // parts) + 1


class Month:
    """A period with the commands that take it to its release; `previous` is the period that is published before."""

    def __init__(self, *, period: str, previous: str, as_of: str | None = None) -> None:
        now = () if as_of is None else ("--as-of", as_of)
        self.period, self.previous = period, previous
        self.inline: tuple[Command, Command] = (
            ("run", period, "--inline", "--json", *now),
            ("release", period, *now),
        )
        self.prefect: tuple[Command, Command] = (("run", period, "--json", *now), ("release", period, *now))

    def what_stands(self, site: Any) -> dict[str, Any]:
        """Everything that must not depend on when somebody was killed."""
        run = self.period
        manifest = site.manifest(run)
        known = "SELECT step, work_id, key FROM results WHERE step IN ('version', 'rows') ORDER BY 1, 2, 3"
        units = "SELECT DISTINCT step, work_id, state FROM work WHERE run = ? ORDER BY 1, 2"
        return {
            "runs": site.rows("SELECT id, state FROM runs ORDER BY id"),
            "findings": manifest["findings_sha256"],
            "figures": manifest["figures_sha256"],
            "manifest": manifest,
            "judgement": (site.state / "runs" / run / "judge" / "all" / "judgement.json").read_bytes(),
            "cases": site.rows("SELECT number, origin, state, opened_run, last_run, body FROM cases ORDER BY number"),
            "members": site.rows("SELECT number, run, finding_id FROM case_findings ORDER BY 1, 2, 3"),
            "known": site.rows(known),
            "units": site.rows(units, run),
            "acts": [(kind, json.loads(body)["verdict"]) for kind, body in site.rows("SELECT kind, body FROM ledger")],
            "published": sorted(path.name for path in (site.state / "published").iterdir()),
            "vintages": sorted(path.name for path in (site.path / "baselines" / "vintages").iterdir()),
            "figures file": (site.state / "published" / run / "figures.parquet").read_bytes(),
        }

    def undisturbed(self, template: Any, into: Path) -> Undisturbed:
        site = template.copy(into / "site")
        points = count_points(site, self.inline, into)
        return Undisturbed(ends=self.what_stands(site), points=points)

    def kill_and_go_on(
        self, site: Any, undisturbed: Undisturbed, *, which: int, point: int, prefect: bool = False
    ) -> None:
        """One life: killed at this point of this command, looked at, then the same commands again."""
        commands = self.prefect if prefect else self.inline
        if which == 1:
            assert site(*commands[0]).code == 0
        killed = site(*commands[which], env={"LOADGATE_KILL_AT": str(point)})
        assert killed.code == -9, killed.said

        self.nothing_is_half_published(site)

        again = site(*commands[0])
        assert again.code == 0, again.said
        assert (self.period, "judged") in site.rows("SELECT id, state FROM runs") or which == 1
        released = site(*commands[1])
        assert released.code == 0, released.said
        self.nothing_is_half_published(site)
        stands = self.what_stands(site)
        for name, expected in undisturbed.ends.items():
            assert stands[name] == expected, f"{name} is not what it is undisturbed"

    def nothing_is_half_published(self, site: Any) -> None:
        verified = site("verify", "--json")
        assert verified.code == 0, verified.said
        assert verified.json["run"] in (self.previous, self.period)
        chain = site("ledger", "verify")
        assert chain.code == 0, chain.said
        for command in (("status",), ("runs",), ("case", "list", "--all")):
            looked = site(*command)
            assert looked.code == 0, looked.said


def count_points(site: Any, commands: tuple[Command, Command], into: Path) -> tuple[int, int]:
    counted = []
    for number, command in enumerate(commands):
        file = into / f"points-{number}"
        done = site(*command, env={"LOADGATE_COUNT_POINTS": str(file)})
        assert done.code == 0, done.said
        counted.append(int(file.read_text()))
    return counted[0], counted[1]


def copies(template: Any, folder: Path) -> Callable[[int], Any]:
    """`with copies(…)(number) as site`: a site to kill; a failure leaves it to be looked at."""

    @contextmanager
    def copied(number: int) -> Iterator[Any]:
        yield template.copy(folder / str(number))
        shutil.rmtree(folder / str(number))

    return copied
