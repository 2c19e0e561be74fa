"""Small sites to run months of: what any site needs stands here, what a test is about stands with the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from loadgate.running.opened import Opened, Ref

TOWNS = {"101": "Northtown,north", "102": "Southtown,south"}
SITE = """\
name = "small"
title = "A small site"
timezone = "Europe/Copenhagen"
languages = ["en"]
stated_times = true
[provider_label]
en = "town"
"""
SYSTEM = """\
[[systems]]
id = "{system}"
name = "{system}"
area = "{area}"
vendor = "acme"
"""
CALENDAR = """\
rules:
  - due: {month: 1, day: 3, at: "12:00"}
    closes: {month: 1, day: 7, at: "12:00"}
    reason: Early.
"""
DELIVERY = """\
  - system: {system}
    dataset: {dataset}
    files: "{{period}}/{dataset}_{{provider}}{{part}}.csv"
    format:
      delimiter: ";"
"""
COUNT = """\
area: {area}
figures:
  - id: {dataset}
    title: {{en: All}}
    kind: count
    family: {dataset}
    dataset: {dataset}
    cadence: month
    reference: month
    numerator: {{count: rows}}
    unit: rows
"""
SUITE_OF_KINDS = """\
dataset: {dataset}
area: {area}
title: {dataset}
columns:
  month: {{type: month}}
  kind: {{type: text, optional: true}}
expectations:
"""


@dataclass(frozen=True, slots=True)
class SmallSite:
    """A site folder, its inbox, and its runs. Every file came on the second of the month after its own."""

    path: Path

    @property
    def inbox(self) -> Path:
        return self.path / "inbox"

    def deliver(self, name: str, *lines: str) -> None:
        """Put a file into the inbox, in the folder of its period."""
        from loadgate.model.period import Period

        write(self.inbox, {name: "\n".join([*lines, ""])})
        names = sorted(path.relative_to(self.inbox).as_posix() for path in self.inbox.glob("*/*.csv"))
        times = [f"{one},{Period.parse(one[:7]).shift(1)}-02T09:00:00+01:00" for one in names]
        write(self.inbox, {"received.csv": "\n".join(["name,received_at", *times, ""])})

    def run(self, period: str) -> Ref:
        from loadgate.model.period import Period
        from loadgate.running.inline import run_inline
        from loadgate.running.opened import open_site
        from loadgate.running.opening import open_run

        ref = open_run(open_site(self.path), Period.parse(period), as_of=None, actor="test", quiet=True)
        run_inline(ref, actor="test")
        return ref

    def approve(self, run: str) -> Opened:
        """Approve a run that is done, whatever its verdict."""
        from loadgate.running import deciding
        from loadgate.running.opened import Ref
        from loadgate.running.replay import approve_run

        ref = Ref(site=str(self.path), run=run)
        approve_run(ref, deciding.stored(ref.open(), run))
        return ref.open()


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


MakeSite = Callable[..., SmallSite]


@pytest.fixture
def make_site(tmp_path: Path) -> MakeSite:
    """`make_site(files)`: a site of these files beside those that any site needs.

    Each of the `towns` delivers from each system (`systems`: its id and its area); the rows of one dataset are counted
    (`counted`: its area and its name). `delivered` are the datasets that the courier brings, such as `desk/cases`, and
    what the profile says of each further, from its format on. `of_kinds` are datasets, such as `care/cases`, whose rows
    have a month and, if their file has it, a kind; and what is expected of each.
    """

    def make(
        files: Mapping[str, str] = {},
        *,
        towns: Sequence[str] = tuple(TOWNS),
        systems: Mapping[str, str] = {"desk": "care"},
        counted: tuple[str, str] = ("care", "cases"),
        delivered: Mapping[str, str] = {"desk/cases": ""},
        of_kinds: Mapping[str, str] = {},
    ) -> SmallSite:
        area, dataset = counted
        providers = [f"{town},{TOWNS[town]}" for town in towns]
        assigned = [f"{of},{town},{system},,courier,2020-01-01," for system, of in systems.items() for town in towns]
        profile = "supplier: courier\nname: The courier\ndeliveries:\n"
        for name, more in delivered.items():
            system, _, of_dataset = name.partition("/")
            profile += DELIVERY.format(system=system, dataset=of_dataset) + more
        common = {
            "site.toml": SITE + "".join(SYSTEM.format(system=system, area=of) for system, of in systems.items()),
            "vendor_profiles/calendar.yaml": CALENDAR,
            "vendor_profiles/providers.csv": "\n".join(["id,name,region", *providers, ""]),
            "vendor_profiles/assignments.csv": "\n".join(
                ["area,provider,system,system_version,supplier,valid_from,valid_to", *assigned, ""]
            ),
            "vendor_profiles/courier.yaml": profile,
            f"expectations/key_figures/{area}.yaml": COUNT.format(area=area, dataset=dataset),
        }
        suites = {}
        for name, expected in of_kinds.items():
            of_area, _, of_dataset = name.partition("/")
            head = SUITE_OF_KINDS.format(area=of_area, dataset=of_dataset)
            suites[f"expectations/suites/{name}.yaml"] = head + expected
        write(tmp_path, {**common, **suites, **files})
        return SmallSite(tmp_path)

    return make
