"""An argument that counts rows enters; leaves as an integer, if it is that exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def whole(value: Any) -> Any:
    """A whole number of any library, or a parameter. Raises ValueError: pydantic makes 2 of 2.7."""
    if isinstance(value, Mapping):
        return value
    exact = value.is_integer() if isinstance(value, float) else hasattr(value, "__index__")
    if isinstance(value, bool) or not exact:
        raise ValueError("a number of rows is a whole number, neither a fraction nor a text")
    return int(value)
