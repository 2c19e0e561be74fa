"""A site in; out, what Great Expectations itself says of every expectation: slower than the catalogue, and final."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from loadgate.errors import Fault

if TYPE_CHECKING:
    from loadgate.model.site import Site


def refused(site: Site, *, only: Collection[str] | None = None) -> list[Fault]:
    """One fault for each argument that GX refuses, at its line; `only`: of these datasets."""
    from loadgate.checking.building import objections
    from loadgate.content.loader import read

    draft, _ = read(site.root)  # for the lines, which a loaded site has forgotten
    return [
        document.fault(
            ("expectations", place, "kwargs", *one.argument),
            found=one.found,
            expected=one.expected,
            fix="write what GX takes, or take the expectation out",
        )
        for document in draft.suites
        if only is None or document.value.dataset in only
        for place, line in enumerate(document.value.expectations)
        for one in objections(document.value, line)
    ]
