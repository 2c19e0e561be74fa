"""Rows of text in, the bytes of a workbook with one sheet out. The same rows, the same bytes: no clock, no name."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from loadgate.model.expected import Dataset
from loadgate.model.profiles import DeliverySpec
from loadgate.samples.flis.formats.packing import member
from loadgate.samples.flis.formats.values import NUMBERS, plain

if TYPE_CHECKING:
    import polars as pl

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CONTROL = {chr(code): f"_x{code:04X}_" for code in range(32) if chr(code) not in "\t\n"}


def workbook(text: pl.DataFrame, spec: DeliverySpec, dataset: Dataset) -> bytes:
    """Numbers stand in number cells, all else in text cells; what is missing has no cell."""
    title = quoteattr(spec.format.sheet or "Data")
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
        ),
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name={title} sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": _sheet(text, spec, dataset),
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in parts.items():
            archive.writestr(member(name), _DECLARED + xml)
    return data.getvalue()


def _relation(kind: str, target: str) -> str:
    one = f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{one}</Relationships>'


def _sheet(text: pl.DataFrame, spec: DeliverySpec, dataset: Dataset) -> str:
    import polars as pl

    types = {line.source: dataset.columns[line.column].type for line in spec.columns}
    first = spec.format.header_row
    rows: list[str] = []
    if spec.format.header:
        names = pl.DataFrame([text.columns], schema=text.columns, orient="row")
        rows.append(_rows(names, [_text_cell(name, at) for at, name in enumerate(text.columns)], first=first))
        first += 1
    cells: list[pl.Expr] = []
    for at, name in enumerate(text.columns):
        cell = _text_cell(name, at)
        if types.get(name, dataset.columns[name].type if name in dataset.columns else None) in NUMBERS:
            number = plain(pl.col(name), spec.format)
            cell = pl.when(number.is_not_null()).then(_cell(at, "", pl.format("<v>{}</v>", number))).otherwise(cell)
        cells.append(pl.when(pl.col(name).is_not_null()).then(cell))
    rows.append(_rows(text, cells, first=first))
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'


def _rows(text: pl.DataFrame, cells: list[pl.Expr], *, first: int) -> str:
    import polars as pl

    if text.height == 0:
        return ""
    numbered = text.with_columns(pl.int_range(first, first + text.height).cast(pl.String).alias("\x00row"))
    row = pl.concat_str(
        pl.lit('<row r="'), pl.col("\x00row"), pl.lit('">'), *cells, pl.lit("</row>"), ignore_nulls=True
    )
    return str(numbered.select(row).to_series().str.join("").item())


def _cell(at: int, kind: str, content: pl.Expr) -> pl.Expr:
    import polars as pl

    opened = pl.concat_str(pl.lit(f'<c r="{_letters(at)}'), pl.col("\x00row"), pl.lit(f'"{kind}>'))
    return pl.concat_str(opened, content, pl.lit("</c>"))


def _text_cell(name: str, at: int) -> pl.Expr:
    import polars as pl

    text = pl.col(name).str.replace_all(r"_x([0-9A-Fa-f]{4})_", "_x005F_x${1}_")
    text = text.str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)
    text = text.str.replace_many(_CONTROL)
    opened, closed = pl.lit('<is><t xml:space="preserve">'), pl.lit("</t></is>")
    return _cell(at, ' t="inlineStr"', pl.concat_str(opened, text, closed))


def _letters(column: int) -> str:
    text, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
