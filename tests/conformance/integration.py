# ruff: noqa: T201, E501
"""A checkout of GX's repository enters; its newer tests, which are pytest modules, run on this engine in GX's place.

GX parametrises them over its databases by one decorator, which its conftest keeps. Here that conftest and what else the
modules import from GX's own tests are replaced by small stand-ins: the decorator hands each test a batch on pandas, then one
on this engine. A test that passes on pandas must pass on the other.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from sys import modules
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from listed import LIST
from peers import context

FOLDER = "tests/integration/data_sources_and_expectations/expectations"
PANDAS = "pandas"


class StandIn(ModuleType):
    """A module that has every name: whatever is asked of it is a data source that is not pandas."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "parameterize_batch_for_data_sources":
            return parameterize
        if name in ("ALL_DATA_SOURCES", "JUST_PANDAS_DATA_SOURCES", "PANDAS_DATA_SOURCES", "NON_SQL_DATA_SOURCES"):
            return [PANDAS]
        if name.isupper():
            return []
        return lambda *_, **__: PANDAS if "Pandas" in name else name


def parameterize(data_source_configs: list[Any], data: Any, **_: Any) -> Callable[[Any], Any]:
    """Mark a test with its data; it is for us if it is for pandas."""

    def mark(test: Any) -> Any:
        test.gx_data = data if PANDAS in list(data_source_configs) else None
        return test

    return mark


class PolarsBatch:
    """What GX's tests ask of a batch: validate."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def validate(self, expect: Any, *, result_format: Any = "SUMMARY", expectation_parameters: Any = None) -> Any:
        import great_expectations as gx
        from great_expectations.core.result_format import ResultFormat

        from loadgate.checking.engine.execution import validator_for

        context()
        validator = validator_for(self.frame)
        wanted = result_format.value if isinstance(result_format, ResultFormat) else result_format
        one = not isinstance(expect, gx.ExpectationSuite)
        asked = [expect.configuration] if one else expect.expectation_configurations
        filled = validator.process_expectations_for_validation(asked, expectation_parameters)
        found = validator.graph_validate(configurations=filled, runtime_configuration={"result_format": wanted})
        if one:
            return found[0]
        from great_expectations.core import ExpectationSuiteValidationResult

        return ExpectationSuiteValidationResult(
            success=all(result.success for result in found), results=found, suite_name=expect.name
        )


class Plugin:
    """Hands each test its batch, and remembers what passed."""

    def __init__(self, engine: str, passed: set[str] | None = None) -> None:
        self.engine, self.before = engine, passed
        self.passed: set[str] = set()
        self.failed: dict[str, str] = {}

    @pytest.fixture
    def batch_for_datasource(self, request: pytest.FixtureRequest) -> Any:
        data = getattr(request.function, "gx_data", None)
        if data is None:
            pytest.skip("not for pandas")
        if self.engine == PANDAS:
            return pandas_batch(data)
        return PolarsBatch(pl.from_pandas(data.infer_objects()))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [
            item
            for item in items
            if "batch_for_datasource" in getattr(item, "fixturenames", ())
            and getattr(item.function, "gx_data", None) is not None  # type: ignore[attr-defined]
            if self.before is None or item.nodeid in self.before
        ]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        elif report.failed:
            self.failed[report.nodeid] = str(report.longrepr)[-400:]


def pandas_batch(data: Any) -> Any:
    made = context()
    name = f"p{len(made.data_sources.all())}"
    asset = made.data_sources.add_pandas(name).add_dataframe_asset("a")
    return asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": data})


@contextmanager
def stand_ins() -> Iterator[None]:
    names = [
        "tests",
        "tests.integration",
        "tests.integration.conftest",
        "tests.integration.data_sources_and_expectations",
    ]
    names += ["tests.integration.data_sources_and_expectations.data_source_lists", "tests.integration.test_utils"]
    names += ["tests.integration.test_utils.data_source_config", "tests.conftest"]
    before = {name: modules.get(name) for name in names}
    for name in names:
        modules[name] = StandIn(name)
        modules[name].__path__ = []
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                modules.pop(name, None)
            else:
                modules[name] = module


def run_integration(checkout: Path, *, show: int) -> bool:
    """Run GX's newer tests on pandas, and those that pass there on this engine."""
    paths = [str(path) for path in sorted((checkout / FOLDER).glob("test_expect_*.py"))]
    if not paths:
        print(f"GX's newer tests did not run: the checkout has none in {FOLDER}")
        return True
    entries = tomllib.loads(LIST.read_text(encoding="utf-8")).get("table", [])
    options = ["-q", "--no-header", "-p", "no:cacheprovider", "--noconftest", "-W", "ignore", "--tb=line", "-rN"]
    options += ["--import-mode=importlib", f"--rootdir={checkout}", "-o", "addopts=", "-c", "/dev/null"]
    with stand_ins():
        theirs = Plugin(PANDAS)
        pytest.main([*options, *paths], plugins=[theirs])
        ours = Plugin("polars", theirs.passed)
        pytest.main([*options, *paths], plugins=[ours])
    counts: Counter[str] = Counter(agree=len(ours.passed))
    for name, trouble in ours.failed.items():
        listed = any(fnmatchcase(name, pattern) for entry in entries for pattern in entry["cases"])
        counts["differ for a listed reason" if listed else "differ otherwise"] += 1
        if not listed and counts["differ otherwise"] <= 40 * show:
            print(f"GX's test {name}\n    {trouble}")
    print(
        f"GX's newer tests: {len(theirs.passed)} pass on pandas; "
        + ", ".join(f"{n} {what}" for what, n in counts.items())
    )
    return counts["differ otherwise"] == 0
