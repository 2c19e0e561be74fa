"""The report as people see it: on a desk and on a phone, in light and in dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESK, PHONE = (1280, 800), (390, 844)
SIZES = [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone")]
NAMES = [f"{report}_{language}" for report in ("release", "held", "with_caveats", "large") for language in ("en", "da")]
Scheme = Literal["light", "dark"]


@contextmanager
def shown(browser: Browser, path: Path, size: tuple[int, int], scheme: Scheme = "light") -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=True
    )
    page = context.new_page()
    try:
        page.goto(path.as_uri())
        yield page
    finally:
        context.close()


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["release_en", "held_da", "with_caveats_en", "large_en", "large_da"])
def test_axe_finds_nothing_even_with_everything_unfolded(
    name: str, size: tuple[int, int], scheme: Scheme, browser: Browser, reports: dict[str, Path]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with shown(browser, reports[name], size, scheme) as page:
        unfold(page)
        found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_verdict_counts_and_the_first_reasons_are_above_the_fold(
    name: str, size: tuple[int, int], browser: Browser, reports: dict[str, Path]
) -> None:
    with shown(browser, reports[name], size) as page:
        for selector in ("h1 .verdict", ".counts", ".because > ul li, .because > p:first-child"):
            boxes = [each.bounding_box() for each in page.locator(selector).all()]
            assert boxes
            for box in boxes:
                assert box is not None
                assert box["y"] >= 0
                assert box["y"] + box["height"] <= size[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_step_is_above_the_fold_on_a_desk(name: str, browser: Browser, reports: dict[str, Path]) -> None:
    with shown(browser, reports[name], DESK) as page:
        box = page.locator(".todo .cmd").first.bounding_box()

    assert box is not None
    assert box["y"] + box["height"] <= DESK[1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_makes_the_page_scroll_sideways(
    name: str, size: tuple[int, int], browser: Browser, reports: dict[str, Path]
) -> None:
    with shown(browser, reports[name], size) as page:
        folded = page.evaluate("document.documentElement.scrollWidth")
        unfold(page)
        unfolded = page.evaluate("document.documentElement.scrollWidth")
        cut = page.evaluate(
            "[...document.querySelectorAll('main p, main li, h2, h3, figcaption')]"
            f".filter(each => each.getBoundingClientRect().right > {size[0]}).length"
        )

    assert (folded, unfolded, cut) == (size[0], size[0], 0)


def test_the_page_asks_for_nothing_but_itself(browser: Browser, reports: dict[str, Path]) -> None:
    with shown(browser, reports["large_en"], DESK) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.reload()

        assert asked == [reports["large_en"].as_uri()]


def test_the_phone_lists_what_is_not_on_time_instead_of_the_matrix(browser: Browser, reports: dict[str, Path]) -> None:
    with shown(browser, reports["large_en"], PHONE) as page:
        assert not page.locator("table.matrix").first.is_visible()
        assert page.get_by_text("76 of 98 municipalities have everything on time.").is_visible()
        assert page.locator(".late > li").count() == 22
    with shown(browser, reports["large_en"], DESK) as page:
        assert page.locator("table.matrix").first.is_visible()
        assert not page.locator(".late").is_visible()


def test_the_keyboard_reaches_the_cases_first_and_the_focus_is_seen(browser: Browser, reports: dict[str, Path]) -> None:
    with shown(browser, reports["held_en"], DESK) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the cases"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#case-1"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_verdicts_differ_by_icon_and_word_and_not_only_by_colour(browser: Browser, reports: dict[str, Path]) -> None:
    seen = set()
    for name in ("release_en", "with_caveats_en", "held_en"):
        with shown(browser, reports[name], DESK) as page:
            icon = page.locator("h1 use").get_attribute("href")
            seen.add((icon, page.locator("h1 .verdict").inner_text()))

    assert len({icon for icon, _ in seen}) == len({word for _, word in seen}) == 3


def test_a_dark_screen_still_prints_on_white(browser: Browser, reports: dict[str, Path]) -> None:
    with shown(browser, reports["held_en"], DESK, "dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        ink = page.evaluate("getComputedStyle(document.querySelector('h2')).color")
        pages = page.pdf(format="A4", print_background=True)

    assert ground == "rgb(255, 255, 255)"
    assert ink == "rgb(27, 31, 35)"
    assert pages.startswith(b"%PDF")
