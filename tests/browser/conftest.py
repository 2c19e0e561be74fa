"""A real browser on reports of every kind, written as files; nothing is served and nothing may be loaded."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from loadgate.reporting.page import page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
REPORTS = ("release", "held", "with_caveats", "large")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each report in both languages, by `held_en` and so on."""
    views, folder = _views(), tmp_path_factory.mktemp("reports")
    written = {}
    for report in REPORTS:
        for language in ("en", "da"):
            path = folder / f"{report}_{language}.html"
            path.write_text(page(getattr(views, report)(language)), encoding="utf-8")
            written[path.stem] = path
    return written


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield found
        found.close()


def _views() -> ModuleType:
    path = Path(__file__).parents[1] / "unit" / "reporting" / "views.py"
    spec = importlib.util.spec_from_file_location("reporting_views", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
