"""Editing one content file does exactly those steps again that read it; the table says which."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Laid

READ, CHECK = "deliveries read", "deliveries checked"
ACROSS, MEASURE, COMPARE, DETECT, JUDGE = "across", "measure", "compare", "detect", "judge"

# The one function of each step's room: called only where a result is made, not where it is taken over.
ROOMS = {
    READ: ("loadgate.reading.files", "read"),
    CHECK: ("loadgate.checking.suites", "Checking"),
    ACROSS: ("loadgate.arriving.impostors", "impostors"),
    MEASURE: ("loadgate.measuring.figures", "measure"),
    COMPARE: ("loadgate.comparing.control", "compare_control"),
    DETECT: ("loadgate.detecting.systematic", "detect"),
    JUDGE: ("loadgate.judging.judge", "judge"),
}
EVERY = frozenset(ROOMS)
DELIVERIES = 16


@dataclass(frozen=True, slots=True)
class Edit:
    """In `file`, `old` becomes `new`; the whole file is `new` where there was none."""

    what: str
    file: str
    old: str | None
    new: str
    again: frozenset[str]

    def make(self, root: Path) -> None:
        path = root / self.file
        if self.old is None:
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.new, encoding="utf-8")
            return
        text = path.read_text(encoding="utf-8")
        assert self.old in text
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")


def edit(what: str, file: str, old: str | None, new: str, *again: str) -> Edit:
    """Other content is another run, and every run is judged."""
    return Edit(what, file, old, new, frozenset(again) | {JUDGE})


PROFILES, EXPECTATIONS, BASELINES = "vendor_profiles", "expectations", "baselines"
EXAMPLES = f"{EXPECTATIONS}/examples"
SUITE = f"{EXPECTATIONS}/suites/notifications/weekly_reports.yaml"
FIGURES = f"{EXPECTATIONS}/key_figures/notifications.yaml"

KNOWN_ERROR = """errors:
  - id: E-1
    title: Another Land's rows
    check: weekly_reports:own_land
    scope: supplier=rki
    ceiling: {share: 0.01}
    reason: A register that nobody reads but the gate.
    owner: operations
    reported: 2024-01-10
    review: 2030-01-10
"""
PLANNED = """changes:
  - id: P-1
    title: New population figures
    kind: systematic.restated_alone
    scope: figure=incidence
    valid_from: 2024-02
    valid_to: 2024-02
    reason: Announced in January.
"""
BRIDGE = """name: ages
source: germany
figure: cases
cells: {all: "00+"}
"""

EDITS = [
    edit("the site's title", "site.toml", "Reported influenza cases in", "Influenza in"),
    edit("the time zone", "site.toml", "Europe/Berlin", "Europe/Copenhagen", *EVERY),
    edit("a comment", f"{EXPECTATIONS}/gate.yaml", "# The gate:", "# This is the gate:"),
    edit("when deliveries are due", f"{PROFILES}/calendar.yaml", "day: 1, at:", "day: 2, at:"),
    edit("a provider's name", f"{PROFILES}/providers.csv", "Hamburg", "Freie und Hansestadt Hamburg"),
    edit("who delivers since when", f"{PROFILES}/assignments.csv", "2020-01-01", "2019-01-01", DETECT),
    edit("a comparison group", f"{PROFILES}/peers.csv", None, "group,provider\ncities,02\ncities,11\n"),
    edit("a supplier's name", f"{PROFILES}/rki.yaml", "Robert Koch-Institut", "RKI"),
    edit("a profile's reason", f"{PROFILES}/rki.yaml", "otherwise as published", "else as published"),
    edit("what is no value", f"{PROFILES}/rki.yaml", '["NA"]', '["NA", "-"]', *EVERY),
    edit("whom alerts reach", f"{PROFILES}/alerts.yaml", "severity: warning", "severity: critical"),
    edit("a contact", f"{PROFILES}/contacts.yaml", "Whoever runs this sample", "Operations"),
    edit("an expectation", SUITE, "min_value: 250", "min_value: 251", CHECK),
    edit("what is only tried", SUITE, "    severity: info", '    severity: info\n    shadow_until: "2024-02"'),
    edit("a dataset's title", SUITE, "Reported cases by week", "Cases by week", CHECK),
    edit("a column", SUITE, "type: decimal, scale: 2", "type: decimal, scale: 3", *EVERY),
    edit("a code list", f"{EXPECTATIONS}/code_lists/laender.yaml", "title: Hessen", "title: Hesse", CHECK),
    edit("a key figure", FIGURES, "Anmeldte tilfælde", "Tilfælde", MEASURE, COMPARE, DETECT),
    edit("the gate", f"{EXPECTATIONS}/gate.yaml", "shared: 2", "shared: 3"),
    edit("a known error", f"{EXPECTATIONS}/known_errors/rki.yaml", None, KNOWN_ERROR),
    edit(
        "a tolerance",
        f"{BASELINES}/tolerances.yaml",
        "substantial: {absolute: 0",
        "substantial: {absolute: 1",
        COMPARE,
        DETECT,
    ),
    edit(
        "a control figure of this period",
        f"{BASELINES}/control_figures/germany_2024-02.csv",
        "2024-02,cases,00+,,2020-W01,1534,",
        "2024-02,cases,00+,,2020-W01,1535,",
        COMPARE,
        DETECT,
    ),
    edit(
        "a control figure of another period",
        f"{BASELINES}/control_figures/germany_2024-01.csv",
        "2024-01,cases,00+,,2020-W01,1534,",
        "2024-01,cases,00+,,2020-W01,1535,",
    ),
    edit("a bridge", f"{BASELINES}/bridges/ages.yaml", None, BRIDGE, COMPARE, DETECT),
    edit("a planned change", f"{BASELINES}/planned_changes.yaml", None, PLANNED, DETECT),
]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the results that are made, by step."""
    counts: Counter[str] = Counter()

    def counted(step: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            counts[step] += 1
            return make(*arguments, **named)

        return counting

    for step, (module, name) in ROOMS.items():
        room = importlib.import_module(module)
        monkeypatch.setattr(room, name, counted(step, getattr(room, name)))
    return counts


@pytest.fixture(scope="module")
def run_once(site_at: Callable[[Path], Laid], tmp_path_factory: pytest.TempPathFactory) -> Laid:
    from loadgate.running.opened import open_site

    laid = site_at(tmp_path_factory.mktemp("once") / "site")
    assert laid.run() == "2024-02"
    open_site(laid.root).close()
    return laid


@pytest.fixture
def edited(run_once: Laid) -> Any:
    """The site after its first run; what an edit changed is put back, so that each edit stands alone."""
    before = {name: (run_once.root / name).read_bytes() for name in _content(run_once)}
    yield run_once
    for name in _content(run_once):
        if name not in before:
            (run_once.root / name).unlink()
    for name, content in before.items():
        (run_once.root / name).write_bytes(content)


def _content(laid: Laid) -> list[str]:
    from loadgate.content.layout import content_paths

    return content_paths(laid.root)


@pytest.mark.parametrize("one", EDITS, ids=lambda one: one.what)
def test_an_edit_does_exactly_the_steps_again_that_read_it(edited: Laid, made: Counter[str], one: Edit) -> None:
    one.make(edited.root)

    run = edited.run()

    assert run.startswith("2024-02.")
    assert set(made) == one.again
    for step in (READ, CHECK):
        assert made[step] in (0, DELIVERIES)


def test_without_an_edit_nothing_is_done_again(edited: Laid, made: Counter[str]) -> None:
    run = edited.run()
    made.clear()

    assert edited.run() == run
    assert made == Counter()


def test_an_edit_that_is_taken_back_takes_over_what_was_made_before_it(edited: Laid, made: Counter[str]) -> None:
    tolerances = edited.root / BASELINES / "tolerances.yaml"
    text = tolerances.read_text(encoding="utf-8")
    tolerances.write_text(text.replace("substantial: {absolute: 0", "substantial: {absolute: 9"), encoding="utf-8")
    edited.run()
    assert made[COMPARE] == 1
    tolerances.write_text(text, encoding="utf-8")
    made.clear()

    edited.run()

    assert set(made) == {JUDGE}


def test_every_content_file_of_the_site_has_its_line_in_the_table(run_once: Laid) -> None:
    listed = {one.file for one in EDITS}
    content = {name for name in _content(run_once) if not name.startswith(EXAMPLES)}
    period_files = {name for name in content if name.endswith("germany_2023-12.csv")}

    assert content - period_files <= listed


def test_an_edit_of_an_example_makes_no_other_run(edited: Laid, made: Counter[str]) -> None:
    run = edited.run()
    (example,) = (edited.root / EXAMPLES).rglob("*.yaml")
    example.write_text(example.read_text(encoding="utf-8") + "# another word\n", encoding="utf-8")
    made.clear()

    assert edited.run() == run
    assert made == Counter()
