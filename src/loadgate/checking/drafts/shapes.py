"""Masks of texts in (9 a digit, A and a letters); out, a regular expression of their form that holds none of them."""

from __future__ import annotations

import re
from collections.abc import Collection

from loadgate.checking.drafts.surveying import skeleton

_CLASSES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}
_SIGNS = frozenset("-/._:+, ")  # what holds a code together; any other sign is content
_FIXED_LETTERS = 6  # characters of a code without digits
_RUN = re.compile(r"9+|A+|a+|.", re.DOTALL)


def digits(mask: str) -> int:
    return mask.count("9")


def regex_of(masks: Collection[str]) -> str | None:
    """Classes and counts only: `^[A-Z]{2}-[0-9]{1,5}$`. None where there is no common form, or it says nothing.

    A count that varied may go down to one, and one beyond the longest: numbers begin anew, and grow.
    """
    if not masks or len({skeleton(mask) for mask in masks}) > 1:
        return None
    if not all(sign in _CLASSES or sign in _SIGNS for mask in masks for sign in mask):
        return None
    if any(" " in mask and "aa" in mask for mask in masks):
        return None  # words, not a code
    if not any(map(digits, masks)) and not _is_letter_code(masks):
        return None
    split = [_RUN.findall(mask) for mask in masks]
    pieces = []
    for runs in zip(*split, strict=True):
        kind = runs[0][0]
        shortest, longest = min(map(len, runs)), max(map(len, runs))
        count = "" if longest == 1 else f"{{{shortest}}}" if shortest == longest else f"{{1,{longest + 1}}}"
        pieces.append(_CLASSES[kind] + count if kind in _CLASSES else kind.replace(".", r"\.").replace("+", r"\+"))
    return "^" + "".join(pieces) + "$"


def _is_letter_code(masks: Collection[str]) -> bool:
    """Letters alone are a form only where all are capitals of one short length."""
    lengths = {len(mask) for mask in masks}
    return len(lengths) == 1 and max(lengths) <= _FIXED_LETTERS and all(set(mask) == {"A"} for mask in masks)
