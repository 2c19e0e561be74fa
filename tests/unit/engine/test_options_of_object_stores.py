"""Options of an object store: as they are stored, as Polars takes them, and as boto3 takes them to list files."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.object_stores import NUMBERS, StorageOptions, for_polars, s3_client
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.engine.scanning import PARQUET, scan

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

KEYS: StorageOptions = {"aws_access_key_id": "0071", "aws_secret_access_key": "s", "aws_region": "us-east-1"}


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Any:
    import_gx()
    import great_expectations as gx

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    monkeypatch.setenv("RETRIES", "0")
    return gx.get_context(mode="ephemeral")


@pytest.fixture
def silent() -> Iterator[str]:
    """An endpoint that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_numbers_and_variables_of_options_are_what_they_were_after_json(context: Any) -> None:
    options = {
        **KEYS,
        "max_retries": 0,
        "retry_base_multiplier": 1.5,
        "aws_allow_http": True,
        "file_cache_ttl": "${RETRIES}",
    }
    source = context.data_sources.add_polars("p", storage_options=options)

    again = type(source).parse_raw(source.json())
    again._data_context = context

    assert again._options() == source._options() == {**options, "file_cache_ttl": "0"}
    assert '"${RETRIES}"' in source.json()


@pytest.mark.parametrize("retries", [0, "0", "${RETRIES}"])
def test_polars_takes_a_number_however_it_was_written(context: Any, silent: str, retries: Any) -> None:
    options = {**KEYS, "aws_endpoint_url": silent, "timeout": "100ms", "max_retries": retries, "aws_allow_http": True}
    source = context.data_sources.add_polars("p", storage_options=options)
    found = scan({"reader_method": PARQUET, "path": "s3://b/k.parquet"}, storage_options=source._options())

    with pytest.raises(OSError, match="object-store error"):  # and not that it is no number
        found.frame.collect_schema()


def test_polars_has_the_numbers_that_are_told_from_texts() -> None:
    from polars.io.cloud._utils import POLARS_STORAGE_CONFIG_KEYS

    assert NUMBERS == POLARS_STORAGE_CONFIG_KEYS


def test_texts_of_digits_stay_texts_and_an_http_endpoint_is_allowed() -> None:
    assert for_polars({"aws_access_key_id": "0071", "endpoint": "http://here", "max_retries": "2"}) == {
        "aws_access_key_id": "0071",
        "aws_allow_http": "true",
        "endpoint": "http://here",
        "max_retries": 2,
    }


@pytest.mark.parametrize("time_out", ["200ms", "0.2s", "0s 200ms"])
def test_listing_gives_up_when_the_options_say_so(silent: str, time_out: str) -> None:
    began = time.monotonic()

    with pytest.raises(CannotEvaluateError, match=r"cannot be listed \(ReadTimeoutError\)"):
        scan(
            {"reader_method": PARQUET, "path": "s3://b/k", "reader_options": {"data_directory": "k"}},
            storage_options={
                **KEYS,
                "endpoint": silent,
                "timeout": time_out,
                "connect_timeout": "1s",
                "max_retries": 0,
            },
        )

    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_retries": "some"}, "storage_options: max_retries must be a number"),
        ({"timeout": "30"}, "storage_options: timeout must be a time with its unit, such as 30s"),
        ({"connect_timeout": 5}, "storage_options: connect_timeout must be a time with its unit, such as 30s"),
        ({"timeout": "30 moons"}, "storage_options: timeout must be a time with its unit, such as 30s"),
    ],
)
def test_an_option_that_is_no_number_or_no_time_is_named(options: StorageOptions, said: str) -> None:
    with pytest.raises(CannotEvaluateError, match=said):
        s3_client({**KEYS, **options})


def test_a_data_source_says_at_once_which_option_does_not_fit(context: Any) -> None:
    from great_expectations.datasource.fluent.interfaces import TestConnectionError as ConnectionFault

    with pytest.raises(ConnectionFault, match="storage_options: timeout must be a time with its unit"):
        context.data_sources.add_polars("p", base_directory="s3://b", storage_options={**KEYS, "timeout": "30"})


def test_polars_takes_the_times_that_listing_takes(silent: str) -> None:
    for written in ("100ms", "0.1s", "0s 100ms", "1sec", "0m 1s", "1min", "1h"):
        with pytest.raises(OSError, match="object-store error"):
            pl.scan_parquet(
                "s3://b/k",
                storage_options=for_polars(
                    {**KEYS, "timeout": "50ms", "max_retries": 0, "endpoint": silent, "connect_timeout": written}
                ),
            ).collect_schema()
