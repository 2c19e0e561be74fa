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


@dataclass(slots=True)
class Element:
    """An element, or the page itself if `tag` is empty. It is changed in place."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def find(self, *tags: str) -> Iterator[Element]:
        """Every element below with one of these tags, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                if child.tag in tags:
                    yield child
                yield from child.find(*tags)

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
    parent ends."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
