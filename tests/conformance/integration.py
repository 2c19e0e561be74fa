# ruff: noqa: T201, E501
"""A checkout of GX's repository enters; its newer tests, which are pytest modules, run on this engine in GX's place.

GX parametrises them over its data sources by one decorator. Here GX's own decorator and configurations are used as they
are, but the batch that a test gets is made by this plugin: first GX's on pandas, then one on each of our adapters, by a
subclass of GX's BatchTestSetup. What passes on pandas must pass on the others.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from listed import is_listed, read_cases

from peers import ENGINE, FAST, PANDAS, context

DATA_SOURCE = "add_polars"
ADAPTERS = (ENGINE, FAST, DATA_SOURCE)
FOLDER = "tests/integration/data_sources_and_expectations"
_ASKED = ("_batch_setup_for_datasource", "batch_for_datasource")
"""The parameter that holds data and data source: since 1.3, and before."""
_NOT_OURS = "PandasDataFrameDatasourceTestConfig"


@dataclass(frozen=True)
class Answers:
    """What GX's tests ask of a batch: to validate an expectation, or a suite."""

    frame: pl.DataFrame
    adapter: str

    def validate(self, expect: Any, *, result_format: Any = "SUMMARY", expectation_parameters: Any = None) -> Any:
        import great_expectations as gx

        suite = expect if isinstance(expect, gx.ExpectationSuite) else gx.ExpectationSuite(name="s")
        if suite is not expect:
            suite.expectations = [expect]
        wanted = getattr(result_format, "value", result_format)
        ask = {ENGINE: self._with_engine, FAST: self._with_fast, DATA_SOURCE: self._with_data_source}[self.adapter]
        found = ask(suite, wanted, expectation_parameters or {})
        return found if suite is expect else found.results[0]

    def _with_data_source(self, suite: Any, result_format: Any, parameters: dict[str, Any]) -> Any:
        import loadgate.checking.engine.datasource  # noqa: F401  # adds add_polars
        from loadgate.checking.engine.type_expectations import for_polars

        name = f"p{len(context().data_sources.all())}"
        asset = context().data_sources.add_polars(name).add_dataframe_asset("a")
        batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": self.frame})
        return batch.validate(for_polars(suite), result_format=result_format, expectation_parameters=parameters)

    def _with_fast(self, suite: Any, result_format: Any, parameters: dict[str, Any]) -> Any:
        from loadgate.checking.engine.fast import compile_suite

        compiled = compile_suite(suite, result_format=result_format, values=True)
        return compiled.validate(self.frame.lazy(), parameters=parameters).result

    def _with_engine(self, suite: Any, result_format: Any, parameters: dict[str, Any]) -> Any:
        from great_expectations.core import ExpectationSuiteValidationResult

        from loadgate.checking.engine.execution import validator_for

        context()
        validator = validator_for(self.frame)
        asked = validator.process_expectations_for_validation(suite.expectation_configurations, parameters)
        found = validator.graph_validate(configurations=asked, runtime_configuration={"result_format": result_format})
        success = all(result.success for result in found)
        return ExpectationSuiteValidationResult(success=success, results=found, suite_name=suite.name)


class Plugin:
    """Hands each test its batch, and remembers what passed."""

    def __init__(self, adapter: str, setup: Any, before: set[str] | None = None) -> None:
        self.adapter, self.setup, self.before = adapter, setup, before
        self.asked = 0
        self.passed: set[str] = set()
        self.failed: dict[str, str] = {}

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        parser.addoption("--gallery-measurement", action="store_true", default=False)

    @pytest.fixture(name="_batch_setup_for_datasource")
    def what_was_asked(self, request: pytest.FixtureRequest) -> Any:
        return getattr(request, "param", None)

    @pytest.fixture
    def batch_for_datasource(self, request: pytest.FixtureRequest, _batch_setup_for_datasource: Any) -> Any:
        asked = _batch_setup_for_datasource or request.param
        data = asked[0] if isinstance(asked, tuple) else asked.data
        return pandas_batch(data) if self.adapter == PANDAS else self.setup(data, self.adapter).make_batch()

    @pytest.fixture
    def asset_for_datasource(self, _batch_setup_for_datasource: Any) -> Any:
        pytest.skip("an asset of a database")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if _is_for_pandas(item)]
        self.asked = len(items)
        items[:] = [item for item in items if self.before is None or item.nodeid in self.before]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        elif report.failed:
            self.failed[report.nodeid] = str(report.longrepr)[-600:]


def _is_for_pandas(item: pytest.Item) -> bool:
    given = getattr(getattr(item, "callspec", None), "params", {})
    asked = next((given[name] for name in _ASKED if name in given), None)
    source = asked[1] if isinstance(asked, tuple) else getattr(asked, "data_source_config", None)
    return type(source).__name__ == _NOT_OURS


def pandas_batch(data: Any) -> Any:
    made = context()
    name = f"p{len(made.data_sources.all())}"
    asset = made.data_sources.add_pandas(name).add_dataframe_asset("a")
    return asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": data})


def polars_frame(data: Any) -> pl.DataFrame:
    """Read a pandas frame as Polars does; a column of several types, which Polars does not have, as texts."""
    return pl.DataFrame([_column(str(name), data[name]) for name in data.columns])


def _column(name: str, values: Any) -> pl.Series:
    if values.isnull().all() and values.dtype == object:
        return pl.Series(name, [None] * len(values), dtype=pl.Null)
    try:
        made = pl.from_pandas(values)
    except (TypeError, ValueError, pl.exceptions.PolarsError, ImportError):
        made = None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "pyarrow":
            raise
        made = None
    if made is None or made.dtype == pl.Object:
        made = pl.Series([None if value is None or value != value else str(value) for value in values])
    return made.alias(name)


@contextmanager
def importable(checkout: Path) -> Iterator[type]:
    """Let GX's tests import from each other. Yields how they set up a batch, on our engine.

    Raises: ImportError if the checkout lacks some of them.
    """
    before = {name for name in sys.modules if name.partition(".")[0] == "tests"}
    sys.path.append(str(checkout))
    try:
        import_module("tests.integration.conftest")
        theirs = import_module("tests.integration.test_utils.data_source_config.base").BatchTestSetup

        class PolarsBatchTestSetup(theirs):  # type: ignore[misc, valid-type]
            """GX's way to make a batch for a test, with a Polars frame."""

            def __init__(self, data: Any, adapter: str) -> None:
                self.data, self.adapter = data, adapter

            def make_asset(self) -> Any:
                pytest.skip("an asset of a database")

            def make_batch(self) -> Any:
                return Answers(polars_frame(self.data), self.adapter)

            def setup(self) -> None: ...

            def teardown(self) -> None: ...

        yield PolarsBatchTestSetup
    finally:
        sys.path.remove(str(checkout))
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests" and name not in before]:
            del sys.modules[name]


def run_integration(checkout: Path, *, show: int) -> bool:
    """Run GX's newer tests on pandas, and those that pass there on this engine, by each adapter."""
    paths = [
        path
        for path in sorted((checkout / FOLDER).rglob("test_*.py"))
        if "batch_for_datasource" in path.read_text(encoding="utf-8")
    ]
    if not paths:
        print(f"GX's newer tests did not run: the checkout has none in {FOLDER}")
        return True
    context()
    try:
        with importable(checkout) as setup:
            theirs = _run(paths, checkout, Plugin(PANDAS, setup))
            print(
                f"GX's newer tests: {theirs.asked} in {len(paths)} files are for pandas, {len(theirs.passed)} pass there"
            )
            ours = [_run(paths, checkout, Plugin(adapter, setup, theirs.passed)) for adapter in ADAPTERS]
    except ImportError as error:
        print(f"GX's newer tests did not run: the checkout lacks some of GX's tests ({error})")
        return False
    sound = [_report(plugin, theirs.passed, show=show) for plugin in ours]
    return all(sound) and bool(theirs.passed)


def _run(paths: list[Path], checkout: Path, plugin: Plugin) -> Plugin:
    options = ["-q", "--no-header", "-p", "no:cacheprovider", "--noconftest", "-W", "ignore", "--tb=short", "-rN"]
    options += ["--import-mode=importlib", f"--rootdir={checkout}", "-o", "addopts=", "-c", "/dev/null"]
    options += ["-p", "no:logging", "-p", "no:xdist", "--assert=plain", "--continue-on-collection-errors"]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        pytest.main([*options, *map(str, paths)], plugins=[plugin])
    return plugin


def _report(plugin: Plugin, wanted: set[str], *, show: int) -> bool:
    entries = read_cases()
    counts: Counter[str] = Counter({"agree": len(plugin.passed)})
    for name in sorted(wanted - plugin.passed):
        listed = is_listed(name, plugin.adapter, entries)
        counts["differ for a listed reason" if listed else "differ otherwise"] += 1
        if not listed and counts["differ otherwise"] <= 40 * show:
            print(f"GX's test {name}\n    {plugin.failed.get(name, 'did not run')}")
    print(f"GX's newer tests, {plugin.adapter}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    return counts["differ otherwise"] == 0
