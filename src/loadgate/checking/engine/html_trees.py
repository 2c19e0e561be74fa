"""A page's HTML enters; leaves a tree of elements and texts that can be changed and written again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
_RAW: Final = frozenset(("script", "style"))
"""Their text is no HTML: nothing in it is escaped."""
_CELLS: Final = frozenset(("td", "th"))
_CELL_END: Final = "</td>"
_DEEPEST: Final = 100
"""Elements that are nested deeper are not: text may open any number of them."""
_TABLE: Final = frozenset(("table", "caption", "thead", "tbody", "tfoot", "tr", *_CELLS))


@dataclass(slots=True)
class Element:
    """An element, or the page itself if `tag` is empty. It is changed in place.

    `torn`, of a page: more tables, rows or cells end in it than begin, or the end of a cell is no HTML where it stands,
    so nobody knows what belongs to which.
    """

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)
    torn: bool = False

    def find(self, *tags: str) -> Iterator[Element]:
        """Every element below with one of these tags, in the order of the page."""
        return (one for one in self.below() if one.tag in tags)

    def below(self) -> Iterator[Element]:
        """Every element below, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.below()

    def text(self) -> str:
        """All text below, its white space drawn together."""
        parts = (child.text() if isinstance(child, Element) else child for child in self.children)
        return " ".join(" ".join(parts).split())

    def classes(self) -> frozenset[str]:
        return frozenset((self.attributes.get("class") or "").split())

    def remove(self, *, where: Callable[[Element], bool]) -> None:
        """Take out every element below for which `where` holds, with all that is in it."""
        self.children = [child for child in self.children if isinstance(child, str) or not where(child)]
        for child in self.children:
            if isinstance(child, Element):
                child.remove(where=where)

    def write(self) -> str:
        if self.tag == "":
            return "".join(self._written())
        attributes = "".join(
            f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in self.attributes.items()
        )
        if self.tag in _VOID:
            return f"<{self.tag}{attributes}>"
        return f"<{self.tag}{attributes}>{''.join(self._written())}</{self.tag}>"

    def _written(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, Element):
                yield child.write()
            else:
                yield child if self.tag in _RAW else escape(child, quote=False)


def parse(html: str) -> Element:
    """Parse a page or a piece of one. Comments and the document type are left out; what is not closed ends where its
    parent ends. As in browsers, what ends in a cell of a table began there, unless it is a part of the table."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    builder.root.torn = builder.torn or any(map(_holds_cell_end, builder.root.below()))
    return builder.root


def _holds_cell_end(element: Element) -> bool:
    """Whether a quote, or a script, that text opened reaches over the end of a cell."""
    texts = ["".join(child for child in element.children if isinstance(child, str)), *element.attributes.values()]
    return any(_CELL_END in (text or "") for text in texts)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self._open = [self.root]
        self._torn = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in _VOID and len(self._open) < _DEEPEST:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            opened = self._open[depth].tag
            if opened == tag:
                del self._open[depth:]
                return
            if opened == "table" or (opened in _CELLS and tag not in _TABLE):
                break
        self._torn = self._torn or tag in _TABLE

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        self._torn = self._torn or _CELL_END in data

    @property
    def torn(self) -> bool:
        return self._torn or self._open[-1].tag in _RAW  # a script without an end, of which nothing is handed over
