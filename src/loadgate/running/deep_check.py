"""A site in; out, what Great Expectations itself says of every expectation: slower than the catalogue, and final."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgate.model.site import Site


def refused(site: Site) -> list[str]:
    """One line for each expectation that GX refuses to build, with its check id and the kind of error."""
    from loadgate.checking.suites import to_gx_suite

    period = "2000-01"  # only the codes' validity depends on it, and not whether the expectation can be built
    found = []
    for dataset in site.datasets:
        for line in dataset.expectations:
            alone = dataset.model_copy(update={"expectations": (line,)})
            try:
                to_gx_suite(alone, site.code_lists, period)
            except Exception as error:  # GX raises many kinds; content holds no row values
                found.append(f"{dataset.check_id(line)}  {type(error).__name__}: {str(error).splitlines()[0]}")
    return found
