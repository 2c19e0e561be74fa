"""Measurements enter one by one, kept as JSON lines; leave, per tool and format, medians held against the floor."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

MEASURES = ("wall_s", "cpu_s", "peak_mb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`place` says of what, `found` what came out: numbers and failing rows by check, or `could_not_run`."""

    place: Mapping[str, Any]
    found: Mapping[str, Any]


class Kept:
    """Measurements in a file of JSON lines; the last one of a place counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._known = {_key(one["place"]): Measured(**one) for one in map(_parsed, lines) if one}

    def find(self, place: Mapping[str, Any]) -> Measured | None:
        return self._known.get(_key(place))

    def keep(self, place: Mapping[str, Any], found: Mapping[str, Any]) -> Measured:
        measured = Measured(place=place, found=found)
        self._known[_key(place)] = measured
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" * self._is_torn() + json.dumps(asdict(measured)) + "\n")
        return measured

    def _is_torn(self) -> bool:
        """The last line was not written to its end."""
        content = self._path.read_bytes() if self._path.exists() else b""
        return bool(content) and not content.endswith(b"\n")


def _key(place: Mapping[str, Any]) -> str:
    return json.dumps(place, sort_keys=True)


def _parsed(line: str) -> dict[str, Any] | None:
    """None for a line that an interruption cut off."""
    try:
        parsed: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One tool on one format. Numbers are None if it could not run; ratios, too, where the floor is not known.

    `before_mb` is what was resident when the clock started, and part of `peak_mb`. `checks` is how many of the suite's
    the tool ran, `failed` how many of these failed, `failed_rows` the rows that failed them, summed. `disagrees` has,
    per check, this tool's failing rows and those of `fast`; None where `fast` is not known.
    """

    HEADER: ClassVar = (
        f"{'tool':<12} {'format':<8} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}"
        f" {'× wall':>7} {'× CPU':>7} {'× peak':>7} {'checks':>7} {'failed':>7}"
    )

    tool: str
    format: str
    rounds: int = 0
    wall_s: float | None = None
    cpu_s: float | None = None
    peak_mb: float | None = None
    before_mb: float | None = None
    wall_over_floor: float | None = None
    cpu_over_floor: float | None = None
    peak_over_floor: float | None = None
    checks: int | None = None
    of_checks: int
    failed: int | None = None
    failed_rows: int | None = None
    disagrees: dict[str, tuple[int, int]] | None = None
    could_not_run: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
            if name != "could_not_run" or value
        }

    def as_row(self) -> str:
        if self.could_not_run:
            return f"{self.tool:<12} {self.format:<8} could not run: {self.could_not_run}"
        ratios = (self.wall_over_floor, self.cpu_over_floor, self.peak_over_floor)
        text = f"{self.tool:<12} {self.format:<8} {self.wall_s:>8.2f} {self.cpu_s:>8.2f} {self.peak_mb:>8.0f} "
        text += " ".join(f"{'' if ratio is None else format(ratio, '.2f'):>7}" for ratio in ratios)
        text += f" {self.checks:>7} {self.failed:>7}"
        for check, (here, there) in (self.disagrees or {}).items():
            text += f"\n    {check}: {here} rows failed, by fast {there}"
        return text


def lines_of(
    measured: Iterable[Measured],
    *,
    floor: Iterable[Measured] = (),
    reference: Mapping[str, Mapping[str, int]],
    suite: int,
) -> list[Line]:
    """Sum up measurements, in the order in which they came.

    `floor` are those of the floor that were kept, used where there are none of it in `measured`; `reference` is what
    `fast` found, per format; `suite` how many checks there are.
    """
    groups = _grouped(measured)
    medians = {key: _medians(group) for key, group in (_grouped(floor) | groups).items()}
    return [
        _line(group, medians[key], floor=medians.get(("floor", key[1])), reference=reference.get(key[1]), suite=suite)
        for key, group in groups.items()
    ]


def _grouped(measured: Iterable[Measured]) -> dict[tuple[str, str], list[Measured]]:
    groups: dict[tuple[str, str], list[Measured]] = {}
    for one in measured:
        groups.setdefault((one.place["tool"], one.place["format"]), []).append(one)
    return groups


def _medians(group: list[Measured]) -> dict[str, float] | None:
    ran = [one.found for one in group if "could_not_run" not in one.found]
    if not ran:
        return None
    return {name: statistics.median(found[name] for found in ran) for name in (*MEASURES, "before_mb")}


def _line(
    group: list[Measured],
    medians: dict[str, Any] | None,
    *,
    floor: dict[str, float] | None,
    reference: Mapping[str, int] | None,
    suite: int,
) -> Line:
    place, found = group[-1].place, group[-1].found
    about: dict[str, Any] = {
        "tool": place["tool"],
        "format": place["format"],
        "of_checks": suite,
        "versions": place["versions"],
    }
    if medians is None:
        return Line(**about, could_not_run=found["could_not_run"])
    ratios: dict[str, Any] = {
        f"{name.partition('_')[0]}_over_floor": floor and medians[name] / floor[name] for name in MEASURES
    }
    failing: dict[str, int] = found["failing"]
    return Line(
        **about,
        **medians,
        **ratios,
        rounds=len(group),
        checks=len(failing),
        failed=sum(map(bool, failing.values())),
        failed_rows=sum(failing.values()),
        disagrees=_disagreement(failing, reference),
    )


def _disagreement(failing: Mapping[str, int], reference: Mapping[str, int] | None) -> dict[str, tuple[int, int]] | None:
    """Where two tools ran the same check with another outcome."""
    if reference is None:
        return None
    return {
        name: (rows, reference[name]) for name, rows in failing.items() if name in reference and rows != reference[name]
    }
