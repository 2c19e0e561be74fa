"""A column of texts enters; leaves whether each is a date, a JSON document, or of a form that only Python can read.

Each distinct text is read once per batch of rows, however often it occurs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.literals import is_text
from loadgate.checking.engine.short_texts import asked_of
from loadgate.checking.engine.verdicts import Verdicts

if TYPE_CHECKING:
    import polars as pl


def reads_as_date(asked: Asked) -> pl.Expr:
    from dateutil.parser import parse  # type: ignore[import-untyped]

    def test(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, OverflowError):
            return False
        return True

    return _each_text(asked, test)


def matches_strftime(asked: Asked) -> pl.Expr:
    from datetime import datetime

    form = asked.given("strftime_format")

    def test(text: str) -> bool:
        try:
            datetime.strptime(text, form)
        except ValueError:
            return False
        return True

    return _each_text(asked, test)


def is_json(asked: Asked) -> pl.Expr:
    """True for JSON documents. What is no text is none, as in GX: false, not an error."""
    import polars as pl

    if not is_text(asked.dtype()):
        return pl.repeat(False, pl.len())
    return _each_text(asked, _is_document)


def matches_json_schema(asked: Asked) -> pl.Expr:
    """True for JSON documents that meet the schema; false for texts that are none, see no_json."""
    import jsonschema  # type: ignore[import-untyped]

    schema = asked.given("json_schema")
    kind = jsonschema.validators.validator_for(schema)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError:
        raise CannotEvaluateError("json_schema is no valid JSON schema") from None
    validator = kind(schema)

    def test(text: str) -> bool:
        return _is_document(text) and validator.is_valid(json.loads(text))

    return _each_text(asked, test)


def no_json(asked: Asked) -> pl.Expr:
    """Rows at which GX stops a schema check: a text that is no JSON document."""
    return ~is_json(asked)


def _is_document(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _each_text(asked: Asked, test: Callable[[str], bool]) -> pl.Expr:
    """Ask a Python question of each distinct text. It never raises: an error in a pass would spoil all its metrics."""
    import polars as pl

    if asked.dtype() == pl.Null:
        return pl.lit(None, dtype=pl.Boolean)
    if not is_text(asked.dtype()):
        raise CannotEvaluateError(f"a column of type {asked.dtype()} holds no texts to read")

    return asked_of(asked.column(), Verdicts(test), at_once=asked.at_once)
