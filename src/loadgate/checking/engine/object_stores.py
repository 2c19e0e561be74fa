"""Options of an object store, as people write them, enter; leave those that Polars takes, and boto3's client for S3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from loadgate.checking.engine.faults import CannotEvaluateError

StorageOptions = Mapping[str, str | bool | int | float]

NUMBERS: Final = frozenset(
    (
        "file_cache_ttl",
        "max_retries",
        *(f"retry_{name}" for name in ("timeout_ms", "init_backoff_ms", "max_backoff_ms", "base_multiplier")),
        *(f"rate_{way}_{name}" for way in ("read", "write") for name in ("init", "floor", "ceiling")),
    )
)
"""Polars' own options, which it wants as numbers; those of its object store it wants as texts."""
_ENDPOINTS: Final = ("aws_endpoint_url", "endpoint_url", "aws_endpoint", "endpoint")
_FOR_BOTO3: Final = {
    "endpoint_url": _ENDPOINTS,
    "region_name": ("aws_region", "region", "aws_default_region", "default_region"),
    "aws_access_key_id": ("aws_access_key_id", "access_key_id"),
    "aws_secret_access_key": ("aws_secret_access_key", "secret_access_key"),
    "aws_session_token": ("aws_session_token", "session_token", "aws_token", "token"),
}
"""What boto3 calls the options that Polars' object store takes, which has several names for each."""
_PATIENCE: Final = {"connect_timeout": "connect_timeout", "read_timeout": "timeout"}
_UNITS_S: Final = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}


def for_polars(options: StorageOptions) -> dict[str, str | int | float]:
    """Fit options to what Polars takes: a variable of the environment is a text, and so is its number.

    Who writes an http:// endpoint wants it; the object store asks to be told so.
    Raises: CannotEvaluateError if what has to be a number is none.
    """
    plain = any(name.casefold() in _ENDPOINTS and str(value).startswith("http://") for name, value in options.items())
    fitted = {name: _number(name, value) if name in NUMBERS else _text(value) for name, value in options.items()}
    return {"aws_allow_http": "true", **fitted} if plain else fitted


def s3_client(options: StorageOptions) -> Any:
    """Make the client that lists what is on S3, from GX's own boto3; the data itself Polars reads.

    It takes its options from those of Polars' object store; what they leave open, both take from AWS_*.
    Raises: CannotEvaluateError if boto3 is not installed, or an option is no number or no time.
    """
    from great_expectations.compatibility import aws

    boto3: Any = aws.boto3  # type: ignore[attr-defined]  # it stands in where it is not installed, and is false
    make_config: Any = aws.Config  # type: ignore[attr-defined]  # and so does botocore's
    if not boto3:
        raise CannotEvaluateError("files on S3 are listed by boto3, which is not installed")
    given = {name.casefold(): value for name, value in options.items()}
    named = {
        name: _text(given[found])
        for name, spellings in _FOR_BOTO3.items()
        if (found := next((one for one in spellings if one in given), None))
    }
    waits: dict[str, Any] = {name: _seconds(one, given[one]) for name, one in _PATIENCE.items() if one in given}
    if "max_retries" in given:
        waits["retries"] = {"max_attempts": _number("max_retries", given["max_retries"])}
    return boto3.session.Session().client("s3", config=make_config(**waits), **named)


def _text(value: str | bool | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(name: str, value: str | bool | int | float) -> int | float:
    if not isinstance(value, str):
        return value
    try:
        return float(value) if name == "retry_base_multiplier" else int(value)
    except ValueError:
        raise CannotEvaluateError(f"storage_options: {name} must be a number") from None


def _seconds(name: str, value: str | bool | int | float) -> float:
    parts = re.findall(r"(\d+(?:\.\d+)?) ?([a-z]+)", _text(value))
    if not re.fullmatch(r"(?:\d+(?:\.\d+)? ?[a-z]+ ?)+", _text(value)) or any(
        unit not in _UNITS_S for _, unit in parts
    ):
        raise CannotEvaluateError(f"storage_options: {name} must be a time with its unit, such as 30s")
    return sum(float(count) * _UNITS_S[unit] for count, unit in parts)
