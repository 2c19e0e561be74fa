"""Data Docs that load nothing from elsewhere and show no failing value."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.checks import ELSEWHERE
from loadgate.checking.engine.column_types import has_type
from loadgate.checking.engine.compiler import SURPLUS
from loadgate.checking.engine.data_docs import clean_page, make_self_contained
from loadgate.checking.engine.faults import CannotEvaluateError, missing_columns, not_here, unusable_expression
from loadgate.checking.engine.passes import broken, unread
from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

ROW_VALUES = ("991177", "hush-hush")
LOADING = {"src", "srcset", "href", "xlink:href", "poster", "data", "action", "formaction", "background"}


class Addresses(HTMLParser):
    """Collect what a browser would load or run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script" or any(name.startswith("on") for name, _ in attrs)
        self._in_style = tag == "style"
        for name, value in attrs:
            if name in LOADING or name == "style":
                self.found += re.findall(r"(?:[a-z]+:)?//[^\s)'\"]+", value or "", re.IGNORECASE)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += re.findall(r"(?:[a-z]+:)?//[^\s)'\"]+|@import", data, re.IGNORECASE)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site as GX builds it, of one run with a failing check of every kind."""
    import_gx()
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.checkpoint.actions import UpdateDataDocsAction

    import loadgate.checking.engine.datasource  # noqa: F401

    frame = pl.DataFrame({"id": [1, 2, 991177], "s": ["a", "hush-hush", None]})
    root = tmp_path_factory.mktemp("project")
    context: Any = gx.get_context(mode="file", project_root_dir=root)
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    expectations = [
        gxe.ExpectColumnValuesToBeBetween(column="id", min_value=1, max_value=5),
        gxe.ExpectColumnValuesToBeInSet(column="s", value_set=["a"]),
        gxe.ExpectColumnDistinctValuesToEqualSet(column="s", value_set=["a", "b"]),
        gxe.ExpectColumnMaxToBeBetween(column="id", max_value=10),
        gxe.ExpectColumnMostCommonValueToBeInSet(column="s", value_set=["q"]),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["s", "s"]),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="id", column_B="id"),
        gxe.ExpectTableRowCountToBeBetween(min_value=2, max_value=9),
        gxe.ExpectColumnUniqueValueCountToBeBetween(column="s", min_value=7),
        gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(column="s", min_value=0.9),
        gxe.ExpectColumnSumToBeBetween(column="nowhere", min_value=1),
    ]
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=expectations))
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name="v", data=asset.add_batch_definition_whole_dataframe("all"), suite=suite)
    )
    checkpoint = gx.Checkpoint(
        name="c",
        validation_definitions=[validation],
        actions=[UpdateDataDocsAction(name="docs")],
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]},
    )
    context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    return root / "gx" / "uncommitted" / "data_docs" / "local_site"


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "site"))


def pages(site: Path) -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


def lines(site: Path) -> list[list[str]]:
    """The rows of the tables of results: status, expectation, observed value."""
    from loadgate.checking.engine.html_trees import parse

    (page,) = site.rglob("validations/**/*.html")
    rows = [[cell.text() for cell in row.find("td")] for row in parse(page.read_text(encoding="utf-8")).find("tr")]
    return [row for row in rows if len(row) == 3]


def observed(site: Path) -> dict[str, str]:
    return {row[1].split(" unexpected values")[0]: row[2] for row in lines(site)}


def test_gxs_own_pages_load_from_elsewhere_and_show_values(site: Path) -> None:
    """Else the tests below would pass on anything."""
    html = "".join(pages(site).values())

    assert any("https://" in address for address in Addresses(html).found)
    assert all(value in html for value in ROW_VALUES)


@pytest.mark.parametrize("show_values", [False, True])
def test_no_page_loads_anything_from_elsewhere_or_runs_a_script(site: Path, show_values: bool) -> None:
    changed = make_self_contained(site, show_values=show_values)

    assert set(changed) == set(pages(site))
    assert len(changed) == 3
    for html in pages(site).values():
        found = Addresses(html)
        assert (found.found, found.scripts) == ([], 0)


def test_no_failing_value_is_shown_unless_asked(site: Path, built: Path, tmp_path: Path) -> None:
    asked = Path(shutil.copytree(built, tmp_path / "asked"))

    make_self_contained(site)
    make_self_contained(asked, show_values=True)

    assert not any(value in html for html in pages(site).values() for value in ROW_VALUES)
    assert all(any(value in html for html in pages(asked).values()) for value in ROW_VALUES)


def test_counts_shares_and_reasons_stay(site: Path) -> None:
    make_self_contained(site)

    seen = observed(site)
    assert seen["Must have greater than or equal to 2 and less than or equal to 9 rows."] == "3"
    assert seen["must have greater than or equal to 7 unique values."] == "2"
    assert seen["maximum value must be less than or equal to 10.0 ."] == "withheld"
    assert any("≈33.33% of 3 total rows" in row[1] for row in lines(site))
    assert any("column nowhere is missing" in row[1] for row in lines(site))
    assert sum("%" in value for value in seen.values()) >= 4


def test_the_index_still_leads_to_every_page(site: Path) -> None:
    from loadgate.checking.engine.html_trees import parse

    make_self_contained(site)

    index = site / "index.html"
    links = {anchor.attributes.get("href") for anchor in parse(index.read_text(encoding="utf-8")).find("a")}
    reached = {(site / link).resolve() for link in links if link and not link.startswith("#")}
    assert reached == {page.resolve() for page in pages(site)} - {index.resolve()}


def test_a_page_that_was_made_self_contained_stays_as_it_is(site: Path) -> None:
    make_self_contained(site)
    first = pages(site)

    make_self_contained(site)

    assert pages(site) == first


@pytest.mark.parametrize(
    "loading",
    [
        '<img src="//elsewhere.example/a.png">',
        '<img srcset="https://elsewhere.example/a.png 2x" src="a.png">',
        '<img srcset="a.png 1x, https://elsewhere.example/a.png 2x" src="a.png">',
        '<a href="HTTPS://elsewhere.example">x</a>',
        '<a href="javascript:boom()" onclick="boom()">x</a>',
        '<div style="background:url(https://elsewhere.example/a.png)">x</div>',
        '<style>@import "https://elsewhere.example/a.css";</style>',
        '<meta http-equiv="refresh" content="0;url=https://elsewhere.example">',
        '<link rel="preload" href="https://elsewhere.example/a.js">',
        '<object data="https://elsewhere.example/a.svg"></object>',
        "<script>fetch('https://elsewhere.example')</script>",
    ],
)
def test_nothing_that_loads_or_runs_gets_through(loading: str) -> None:
    page = clean_page(f"<html><head><title>t</title></head><body><p>kept &lt;b&gt;</p>{loading}</body></html>")

    assert "elsewhere.example" not in page
    assert "boom" not in page
    assert "<p>kept &lt;b&gt;</p>" in page


def test_the_text_of_an_exception_is_withheld_unless_it_is_this_engines(site: Path) -> None:
    (page,) = site.rglob("validations/**/*.html")
    html = page.read_text(encoding="utf-8").replace("column nowhere is missing", "could not convert hush-hush")
    page.write_text(html, encoding="utf-8")

    make_self_contained(site)

    assert "could not convert" not in page.read_text(encoding="utf-8")


TORN = "This page is withheld: text in it reads as HTML"


def built_page(*, name: str = "c", value: str = "x") -> str:
    """What GX writes of a frame with a name, or a value, that is HTML."""
    import_gx()
    import great_expectations.expectations as gxe

    checks = [
        check
        for column in (name, "id")
        for check in (
            gxe.ExpectColumnValuesToBeInSet(column=column, value_set=["a"]),
            gxe.ExpectColumnMostCommonValueToBeInSet(column=column, value_set=["a"]),
            gxe.ExpectColumnUniqueValueCountToBeBetween(column=column, min_value=7),
        )
    ]
    return rendered(pl.DataFrame({name: [f"hush-hush{value}hush-hush", value], "id": [991177, 2]}), checks)


def rendered(frame: pl.DataFrame, checks: list[Any]) -> str:
    import great_expectations as gx
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    from loadgate.checking.engine.execution import validator_for

    suite = gx.ExpectationSuite(name="s", expectations=checks)
    result = validator_for(frame, expectation_suite=suite).validate(result_format="COMPLETE")
    result.meta["run_id"] = {"run_name": "r", "run_time": "2024-01-01T00:00:00+00:00"}
    return str(DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result)))


def results(page: str) -> int:
    from loadgate.checking.engine.html_trees import parse

    return sum(len(list(row.find("td"))) == 3 for row in parse(page).find("tr"))


@pytest.mark.parametrize(
    "text", ["</div>", "</p></span></div>", "<b>", "<td>", "</body></html>", "<a href=", "<i>" * 999]
)
def test_text_that_is_html_within_a_cell_shows_no_failing_value_and_all_results_stay(text: str) -> None:
    page = clean_page(built_page(value=text))

    assert not any(value in page for value in ROW_VALUES)
    assert results(page) == 6


@pytest.mark.parametrize("where", ["name", "value"])
@pytest.mark.parametrize(
    "text",
    [
        "</td>",
        "</tr>",
        "</table>",
        "</span></div></td></tr></tbody></table>",
        "<script>",
        "<style>",
        "<p title='",
        "<!--",
        "</td><td>",
        "</table><table>",
        "</td></tr></table><table><tr><td>",
        "</table></td></tr></tbody></table><table><tbody><tr><td><table>",
    ],
)
def test_a_page_that_text_tears_shows_no_failing_value_and_says_so(where: str, text: str) -> None:
    page = clean_page(built_page(**{where: text}))

    assert not any(value in page for value in ROW_VALUES)
    assert TORN in page or results(page) == 6
    assert clean_page(page) == page


ENDS = "</div></td></tr></tbody></table>"
BEGINS = "<table><tbody><tr><td><div>"


@pytest.mark.parametrize(
    "values",
    [
        [f"{ENDS}hush-hush{BEGINS}"],
        [f"a{ENDS}", "b hush-hush", f"c{BEGINS}"],
        [f"a{ENDS}{BEGINS.replace('<tbody>', '<thead><tr><th>Quantile</th></tr></thead><tbody>')}", "b hush-hush"],
    ],
    ids=["beside the table", "a row of three cells", "a table of quantiles"],
)
def test_values_that_end_their_table_and_begin_another_show_neither_themselves_nor_others(values: list[str]) -> None:
    import_gx()
    import great_expectations.expectations as gxe

    checks = [gxe.ExpectColumnValuesToBeInSet(column="c", value_set=["a"])]

    page = rendered(pl.DataFrame({"c": values}), checks)
    cleaned = clean_page(page)

    assert "hush-hush" in page
    assert "hush-hush" not in cleaned
    assert clean_page(cleaned) == cleaned


def test_a_torn_page_is_kept_where_values_may_be_shown() -> None:
    page = clean_page(built_page(value="</td>"), show_values=True)

    assert TORN not in page
    assert all(value in page for value in ROW_VALUES)


def unknown_type() -> str:
    with pytest.raises(CannotEvaluateError) as fault:
        has_type("String", "nonsense")
    return fault.value.reason


@pytest.mark.parametrize(
    "reason",
    [
        missing_columns(["a"]).reason,
        missing_columns(["a", "b"]).reason,
        *(not_here(why).reason for why in ELSEWHERE.values()),
        unusable_expression(ValueError("regex parse error"), columns="a (String)").reason,
        unusable_expression(ValueError("no such operation"), columns="a (String)").reason,
        unknown_type(),
        broken("ComputeError"),
        unread(OSError()),
        SURPLUS,
    ],
)
def test_what_this_engine_says_is_shown_and_not_behind_another_text(reason: str) -> None:
    def shown(text: str) -> str:
        heads = "".join(f"<th>{head}</th>" for head in ("Status", "Expectation", "Observed Value"))
        texts = ("", f"<code>{text}</code>", "--")
        row = "".join(f'<td id="section-1-content-block-1-cell-1-{at}">{it}</td>' for at, it in enumerate(texts, 1))
        return clean_page(f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{row}</tr></tbody></table>")

    assert reason in shown(reason)
    assert "withheld" not in shown(reason)
    assert "hush-hush" not in shown(f"hush-hush {reason}")
