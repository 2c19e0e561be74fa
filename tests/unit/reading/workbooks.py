"""Writes small workbooks, part by part: what a spreadsheet program may write, and what none would."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
PLAIN, DAY, FOUR_DIGITS, MOMENT, PERCENT = range(5)  # the styles
_STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="0000"/>'
    '<numFmt numFmtId="171" formatCode="[$-406]dd\\-mm\\-yyyy\\ hh:mm"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
    '<xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="10"/></cellXfs></styleSheet>'
)


class Raw(str):
    """A cell's XML, its reference as {at}."""

    __slots__ = ()


def letters(column: int) -> str:
    text, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def cell(at: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Raw):
        return value.format(at=f'r="{at}"')
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f'<c r="{at}"><v>{value}</v></c>'
    if isinstance(value, datetime):
        days = (value - datetime(1899, 12, 30)).total_seconds() / 86_400
        return f'<c r="{at}" s="{MOMENT}"><v>{days}</v></c>'
    if isinstance(value, date):
        return f'<c r="{at}" s="{DAY}"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def sheet(rows: list[list[object]], *, prefix: str = "") -> str:
    body = ""
    for number, row in enumerate(rows, 1):
        cells = "".join(cell(f"{letters(at)}{number}", value) for at, value in enumerate(row))
        body += f'<row r="{number}">{cells}</row>'
    xml = f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'
    if not prefix:
        return xml
    return (
        xml.replace("</", f"</{prefix}:")
        .replace("<", f"<{prefix}:")
        .replace(f"<{prefix}:/", "</")
        .replace("xmlns=", f"xmlns:{prefix}=")
    )


def workbook(
    *sheets: tuple[str, str],
    shared: list[str] | None = None,
    settings: str = "",
    hidden: tuple[str, ...] = (),
    replace: dict[str, str | bytes] | None = None,
) -> bytes:
    """Sheets as (name, XML). `replace` puts other content into parts, or adds them."""
    states = {name: ' state="hidden"' if name in hidden else "" for name, _ in sheets}
    listed = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{at}'{states[name]} r:id='r{at}'/>"
        for at, (name, _) in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="r{at}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" Type="{RELATIONS}/officeDocument" '
        'Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr {settings}/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}'
        f'<Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="t" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/sheet{at}.xml": xml for at, (_, xml) in enumerate(sheets, 1)},
    }
    if shared is not None:
        items = "".join(f"<si>{item}</si>" for item in shared)
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{items}</sst>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | (replace or {})).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def of(rows: list[list[object]]) -> bytes:
    """A workbook of one sheet."""
    return workbook(("Ark1", sheet(rows)))
