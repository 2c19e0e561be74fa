"""The beginning of a text in; out, why it holds no table of lines and fields, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BEGINNINGS = {
    "a PDF": re.compile(r"%PDF-"),
    "XML or HTML": re.compile(r"<(?:[?!]|[a-z][\w:.-]*(?:\s[^<>]*)?/?>)", re.IGNORECASE),
    "JSON": re.compile(r'\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})|\[\s*[\[{\]]'),
}
_WORDS_OF_A_SENTENCE = 4


def why_no_table(text: str, lines: Sequence[str], *, parted: bool) -> str | None:
    """What the text is instead. `lines`: its first ones, with something in them; `parted`: a delimiter splits them."""
    begins = text.lstrip("\ufeff \t\r\n")
    for kind, beginning in _BEGINNINGS.items():
        if beginning.match(begins):
            return f"the file is {kind}"
    sentences = sum(len(line.split()) >= _WORDS_OF_A_SENTENCE for line in lines)
    if not parted and sentences and sentences * 2 >= len(lines):
        return "no delimiter splits the lines, and they are sentences: the file is plain text"
    return None
