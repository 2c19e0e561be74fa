"""Nothing enters but the expectations of one's own; leaves what each takes, as plain data to commit as JSON.

Content is checked against it as against GX's catalogue, without importing GX.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_type_hints

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_GX_KEYS: Final = ("batch_id", "table", "row_condition", "condition_parser", "ignore_row_if")
_MAIN: Final = ("column", "column_list")  # content knows them by their names
_NAMES: Final = {"reference": "dataset", "reference_columns": "reference column", "codes": "code list"}


def generate() -> dict[str, Any]:
    """Describe every expectation of one's own, as `engine.catalogue.generate` does GX's.

    An argument also has `names` where it is no value: `column`, `condition`, `dataset` (or `prior`), `reference
    column`, `code list`. An expectation has `title`, its first sentence, and `severity` if it has but one.
    """
    from loadgate.checking.engine.catalogue import FORMAT, describe
    from loadgate.checking.expectations.listed import classes

    models = classes()
    found = describe(models)
    for name, model in models.items():
        entry = found[name]
        entry["title"] = " ".join((model.__doc__ or "").split("\n\n")[0].split())
        for key, argument in entry["arguments"].items():
            if (kind := _kind(model, key)) is not None:
                argument["names"] = kind
        if (severity := _only_severity(model)) is not None:
            entry["severity"] = severity
    return {"format": FORMAT, "expectations": found}


def _kind(model: type[Expectation], key: str) -> str | None:
    from great_expectations.expectations.row_conditions import RowConditionType

    if get_type_hints(model).get(key) == RowConditionType and key != "row_condition":
        return "condition"
    if key in _NAMES:
        return _NAMES[key]
    return "column" if key in model.domain_keys and key not in (*_GX_KEYS, *_MAIN) else None


def _only_severity(model: type[Expectation]) -> str | None:
    """What the model makes of every severity, if it is one and the same."""
    from great_expectations.expectations.metadata_types import FailureSeverity

    validators = model.__fields__["severity"].class_validators
    if not validators:
        return None
    field = model.__fields__["severity"]
    made: set[FailureSeverity] = {field.validate(severity, {}, loc="severity")[0] for severity in FailureSeverity}  # type: ignore[misc]
    return next(iter(made)).value if len(made) == 1 else None


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(generate(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
