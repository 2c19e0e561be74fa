"""A draft of a site in; out, every fault that only shows when files are read together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loadgate.content import controls
from loadgate.content import cross_baselines as baselines
from loadgate.content import cross_examples as examples
from loadgate.content import cross_expectations as expectations
from loadgate.content import cross_profiles as profiles
from loadgate.content import cross_shadow as shadow
from loadgate.content.documents import Draft
from loadgate.errors import Fault


def cross_faults(draft: Draft, root: Path) -> Iterator[Fault]:
    """Faults in no order. What stands in a file that could not be read is taken to be right."""
    for check in (
        profiles.site_faults,
        profiles.calendar_faults,
        profiles.supplier_faults,
        profiles.provider_faults,
        profiles.assignment_faults,
        profiles.people_faults,
        expectations.suite_faults,
        expectations.figure_faults,
        expectations.code_list_faults,
        expectations.known_error_faults,
        expectations.gate_faults,
        shadow.shadow_faults,
        examples.example_faults,
        baselines.tolerance_faults,
        baselines.planned_change_faults,
        baselines.bridge_faults,
        baselines.control_table_faults,
    ):
        yield from check(draft)
    yield from controls.control_file_faults(draft, root)
