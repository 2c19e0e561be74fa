"""Arguments with `{"$PARAMETER": name}` in them and the values of one file enter; leave arguments without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loadgate.checking.engine.faults import CannotEvaluateError

_KEY: Final = "$PARAMETER"


def parameter_names(arguments: Any) -> tuple[str, ...]:
    """List the parameters that occur in arguments, however deep, each once and in order."""
    if isinstance(arguments, Mapping):
        if _KEY in arguments:
            return (str(arguments[_KEY]),)
        arguments = list(arguments.values())
    if isinstance(arguments, list | tuple):
        return tuple(dict.fromkeys(name for part in arguments for name in parameter_names(part)))
    return ()


def fill(arguments: Any, parameters: Mapping[str, object]) -> Any:
    """Put values in the place of parameters.

    Raises: CannotEvaluateError if one has no value. None is no value: as a limit it would let everything pass.
    """
    if isinstance(arguments, Mapping):
        if _KEY in arguments:
            return _value(str(arguments[_KEY]), parameters)
        return {name: fill(part, parameters) for name, part in arguments.items()}
    if isinstance(arguments, list | tuple):
        return [fill(part, parameters) for part in arguments]
    return arguments


def _value(name: str, parameters: Mapping[str, object]) -> object:
    value = parameters.get(name)
    if value is None:
        raise CannotEvaluateError(f"the parameter {name} has no value")
    return listed(value)


def listed(value: object) -> object:
    """Make a list of an array or a Series: the text of a long one, by which GX tells metrics apart, leaves most out."""
    for name in ("tolist", "to_list"):
        if (method := getattr(value, name, None)) is not None:
            return method()
    return value
