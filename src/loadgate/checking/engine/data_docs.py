"""A Data Docs site enters; leave its pages loading nothing from elsewhere, and showing failing values only if asked.

GX's pages load styles, scripts and a picture from public servers in the reader's browser, the picture with the id of
the data context, and their tables of failing rows show values. What stays is readable without any script.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Final

from loadgate.checking.engine.html_trees import Element, parse

_WITHHELD: Final = "withheld"
_HEADS: Final = ["Expectation", "Observed Value"]
_ID: Final = re.compile(r"(section-\d+-content-block-\d+-cell-\d+)-([123])")
"""The id of a cell of results: GX numbers sections, blocks, rows and columns."""
_TORN: Final = (
    "This page is withheld: text in it reads as HTML, so values cannot be told from the rest. "
    "GX's stored results have it, and make_self_contained(site, show_values=True) leaves it in the page."
)
_DROPPED: Final = frozenset(
    ("script", "style", "link", "iframe", "object", "embed", "base", "form", "button", "footer")
)
_LOADING: Final = frozenset(
    ("src", "srcset", "href", "xlink:href", "poster", "data", "action", "formaction", "background")
)
_HERE: Final = re.compile(r"(?![a-z][a-z0-9+.-]*:|//|\\)", re.IGNORECASE)
"""A reference to the page itself or to a file beside it: it has no scheme and no server."""
_INTERACTIVE: Final = frozenset(("ge-walkthrough-modal", "modal", "btn-group", "ge-cta-footer"))
_TABLE_ROWS: Final = re.compile(r"columns: (?P<columns>\[.*\]),\s*\n\s*data: (?P<data>\[.*\]),\s*\n")
_SHARES: Final = re.compile(r"--|≈?[\d.,]+% (?:unexpected|not null|null)")
_COUNT: Final = re.compile(r"≈?-?[\d.,]+%?")
_LIMITS: Final = r"(?:[^a-z]|\b(?:at|least|most|exactly|any|number|of|and|or|greater|less|than|equal|to|strictly)\b)*"
_COUNTING: Final = re.compile(
    rf"(?:.*\s)?(?:must|may) have {_LIMITS}\b(?:rows|columns|unique values)\W*"
    rf"|(?:.*\s)?proportion of (?:unique|non-null) values must be {_LIMITS}",
    re.IGNORECASE,
)
"""Expectations whose observed value is a count or a share."""
_OWN_REASONS: Final = re.compile(
    r"columns? .* (?:is|are) missing|cannot be evaluated here, because .*|the check does not fit .*"
    r"|the pattern for .*|the type .* is not known to this engine|GX's own Validator judges .*"
    r"|the data could not be (?:read|evaluated) \(\w+\)|its lines end with a carriage return alone, .*"
    r"|some rows have more fields than the table has columns"
    r"|some files .*: \d+ of \d+; sorted by name, the first such is number \d+"
)
"""What this engine says of a check that could not run; anybody else's exception may quote a row."""
_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:.5rem 0}
th,td{border:1px solid #b5b5b5;padding:.3rem .6rem;text-align:left;vertical-align:top}
.alert{background:#eee;padding:.5rem 1rem;margin-top:1.5rem}
.badge{background:#e4e4e4;padding:0 .3rem}
h4,h5,h6,p{margin:.3rem 0}
ol.ge-breadcrumbs{list-style:none;padding:0}
ol.ge-breadcrumbs li{display:inline}
ol.ge-breadcrumbs li+li::before{content:" / "}
.cooltip .top{color:#555;display:block;font-size:.85em}
.text-danger{color:#a40000}.text-success{color:#1b5e20}.text-warning{color:#7a4b00}
.fa-check-circle::before{content:"\\2713  passed"}
.fa-times::before{content:"\\2717  failed"}
.fa-exclamation-triangle::before{content:"\\26A0  could not run"}
"""


def make_self_contained(site: Path, *, show_values: bool = False) -> list[Path]:
    """Rewrite every page below a folder in place, and say which; a page that was rewritten before stays as it is.

    `show_values` keeps the tables of failing values, and observed values that are taken from rows (a maximum, say).
    Without it, a page that text from the data has torn says so and is empty: GX writes values and names of columns
    into a page as if they were HTML.
    GX's stored results are not touched: what stands in them is decided by the result format.
    """
    pages = sorted(path for path in site.rglob("*.html") if path.is_file())
    for page in pages:
        page.write_text(clean_page(page.read_text(encoding="utf-8"), show_values=show_values), encoding="utf-8")
    return pages


def clean_page(html: str, *, show_values: bool = False) -> str:
    """Do it with one page."""
    root = parse(html)
    for parent in [root, *root.below()]:
        parent.children = [_listed(child) or child for child in parent.children]
    if not show_values:
        looked_at: set[str] = set()
        for table in list(root.find("table")):
            _withhold(table, looked_at)
        if _HEADS[-1] in html and (root.torn or _is_left_out(root, looked_at)):
            for body in root.find("body"):
                body.children = [Element("p", children=[_TORN])]
    root.remove(where=_is_dropped)
    for element in root.below():
        _keep_here(element)
    for head in root.find("head"):
        head.children.append(Element("style", children=[_STYLE]))
    return f"<!DOCTYPE html>\n{root.write().strip()}\n"


def _is_dropped(element: Element) -> bool:
    refreshes = element.tag == "meta" and "http-equiv" in element.attributes
    pictures = element.tag in ("img", "source", "video", "audio") and not _is_here(element.attributes.get("src"))
    actions = "card" in element.classes() and element.text().startswith("Actions")
    moving = actions or not _INTERACTIVE.isdisjoint(element.classes())
    return element.tag in _DROPPED or refreshes or pictures or moving


def _is_here(reference: str | None) -> bool:
    return reference is not None and _HERE.match(reference.strip()) is not None


def _keep_here(element: Element) -> None:
    """Take out what would load or run something: references to elsewhere, handlers, styles with an address."""
    element.attributes = {
        name: value
        for name, value in element.attributes.items()
        if not name.startswith("on")
        and name != "srcset"
        and not (name in _LOADING and not _is_here(value))
        and not (name == "style" and re.search(r"[(\\]", value or ""))  # url(), image-set(), or one of them escaped
    }


def _listed(child: Element | str) -> Element | None:
    """Turn a script that fills a table of the index into the table, with links to the pages."""
    if isinstance(child, str) or child.tag != "script" or "bootstrapTable(" not in (text := _source(child)):
        return None
    found = _TABLE_ROWS.search(text)
    if found is None:
        return None
    try:
        columns, rows = (ast.literal_eval(found[name]) for name in ("columns", "data"))
    except (ValueError, SyntaxError):
        return Element("p", children=["This list was made by a script, and could not be kept."])
    heads: list[Element | str] = [Element("th", children=[column["title"]]) for column in columns]
    lines: list[Element | str] = [
        Element("tr", children=[_cell(row, column["field"], linked=not index) for index, column in enumerate(columns)])
        for row in rows
    ]
    return Element("table", children=[Element("thead", children=[Element("tr", children=heads)]), *lines])


def _cell(row: dict[str, Any], field: str, *, linked: bool) -> Element:
    content = parse(str(row.get(field, ""))).children
    target = row.get("_table_row_link_path")
    inner: list[Element | str] = content
    if linked and target is not None:
        inner = [Element("a", {"href": str(target)}, [*content, " open" if field == "validation_success" else ""])]
    return Element("td", children=inner)


def _source(element: Element) -> str:
    return "".join(child for child in element.children if isinstance(child, str))


def _withhold(table: Element, looked_at: set[str]) -> None:
    """Take the values out of a table of results: what failed, and what was observed unless it is a count or share.

    What lies between rows and cells goes, and a row whose cells GX did not number as one shows nothing: text has put
    them there. `looked_at` gets the numbers of rows.
    """
    heads = [head.text() for part in _parts(table, "thead") for head in part.find("th")][:3]
    if heads[1:] != _HEADS:
        return
    table.children = _parts(table, "thead", "tbody")
    for body in _parts(table, "tbody"):
        body.children = _parts(body, "tr")
        for row in _parts(body, "tr"):
            row.children = cells = _parts(row, "td")
            number = _number(cells)
            if number is None or number in looked_at:
                row.children = [Element("td", children=[_WITHHELD]) for _ in heads]
            else:
                looked_at.add(number)
                _withhold_row(cells[1], cells[2])


def _number(cells: list[Element]) -> str | None:
    """The number of the row whose three cells they are."""
    ids = [_ID.fullmatch(cell.attributes.get("id") or "") for cell in cells]
    found = [(one[1], one[2]) for one in ids if one is not None]
    number = found[0][0] if found else ""
    return number if found == [(number, place) for place in "123"] and len(cells) == len(found) else None


def _parts(element: Element, *tags: str) -> list[Any]:
    return [child for child in element.children if isinstance(child, Element) and child.tag in tags]


def _is_left_out(root: Element, looked_at: set[str]) -> bool:
    """Whether a cell for what was observed is of no row looked at, as where text ends a table and begins another."""
    ids = (_ID.fullmatch(cell.attributes.get("id") or "") for cell in root.find("td"))
    return any(one is not None and one[2] == "3" and one[1] not in looked_at for one in ids)


def _withhold_row(expectation: Element, observed: Element) -> None:
    _cut(expectation)
    expectation.remove(where=_unfolds)
    for code in expectation.find("code"):
        if not _OWN_REASONS.fullmatch(code.text()):
            code.children = [_WITHHELD]
    said = next((child.text() for child in expectation.find("span")), "")
    seen = observed.text()
    if not (_SHARES.fullmatch(seen) or (_COUNT.fullmatch(seen) and _COUNTING.fullmatch(said))):
        observed.children = [_WITHHELD]


def _cut(element: Element) -> bool:
    """Take out the first table of failing values, and all behind it, which a value may have put there."""
    for place, child in enumerate(element.children):
        if isinstance(child, Element):
            shows = child.tag == "table" and _first_head(child) != "Quantile"
            if shows or _cut(child):
                del element.children[place + (not shows) :]
                return True
    return False


def _first_head(table: Element) -> str:
    """Of what was wanted, `Quantile`; all others have failing values."""
    return next((head.text() for head in table.find("th")), "")


def _unfolds(element: Element) -> bool:
    """How to find failing rows, and tracebacks."""
    return (element.attributes.get("id") or "").endswith("-parent")
