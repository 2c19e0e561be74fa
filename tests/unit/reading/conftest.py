"""Factories: bytes in, what reading makes of them out."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from loadgate.model.encoding import dump
from loadgate.model.expected import Column, Dataset
from loadgate.model.findings import Finding
from loadgate.model.fingerprint import Fingerprint
from loadgate.model.kinds import Kind
from loadgate.model.profiles import DeliverySpec, FileFormat, SourceColumn
from loadgate.model.scope import Scope
from loadgate.reading.files import Reading, read
from loadgate.reading.sources import Limits

SCOPE = Scope.of(area="economy", dataset="ledger", delivery="2026-10/prisme/ledger/101", provider="101")
LEDGER = {"account": {}, "cost": {"type": "decimal"}, "day": {"type": "date"}}


@dataclass(frozen=True, kw_only=True)
class Read:
    reading: Reading
    typed: pl.DataFrame
    rejects: pl.DataFrame
    left: list[str]

    def finding(self, kind: Kind) -> Finding:
        return next(found for found in self.reading.findings if found.kind is kind)

    @property
    def kinds(self) -> list[Kind]:
        return [found.kind for found in self.reading.findings]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return self.rejects.select("_line", "reason").rows()

    def column(self, name: str) -> list[Any]:
        return self.typed[name].to_list()

    @property
    def said(self) -> str:
        """Everything that may leave the data area, as text."""
        plain = [repr(found) for found in self.reading.findings]
        return json.dumps(plain) + dump(Fingerprint, self.reading.fingerprint).decode() + repr(self.reading)


@pytest.fixture(scope="session")
def read_bytes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Read]:
    """`read_bytes(b"...", columns={...}, delimiter=";", ...)`: further keywords are the file format's.

    `sources` are columns by their names in the file, `places` are columns by start and length; `providers` are whose
    the delivery is, and `provider_column` says of each row whose it is.
    """

    def run(
        *contents: bytes,
        columns: dict[str, dict[str, Any]] | None = None,
        sources: dict[str, str] | None = None,
        places: dict[str, tuple[int | None, int]] | None = None,
        ignore: tuple[str, ...] = (),
        limits: Limits | None = None,
        provider_column: str | None = None,
        providers: tuple[str, ...] = ("101",),
        **form: Any,
    ) -> Read:
        folder = tmp_path_factory.mktemp("read")
        into = folder / "into"
        into.mkdir()
        paths = []
        for number, content in enumerate(contents):
            paths.append(folder / f"part-{number}")
            paths[-1].write_bytes(content)
        wanted = LEDGER if columns is None else columns
        dataset = Dataset(
            dataset="ledger",
            area="economy",
            title="Ledger",
            columns={name: Column.model_validate(facts) for name, facts in wanted.items()},
            provider_column=provider_column,
        )
        spec = DeliverySpec(
            system="prisme",
            dataset="ledger",
            files="ledger.csv",
            format=FileFormat.model_validate({"delimiter": ";", "decimal": ",", **form}),
            columns=(
                *(SourceColumn(source=a, column=b) for a, b in (sources or {}).items()),
                *(SourceColumn(source=a, column=a, start=b, length=c) for a, (b, c) in (places or {}).items()),
            ),
            ignore_columns=ignore,
        )
        scope = replace(SCOPE, provider=frozenset(providers))
        reading = read(paths, spec=spec, dataset=dataset, scope=scope, into=into, limits=limits)
        return Read(
            reading=reading,
            typed=pl.read_parquet(reading.typed),
            rejects=pl.read_parquet(reading.rejects),
            left=sorted(path.name for path in into.iterdir()),
        )

    return run


@pytest.fixture(scope="session")
def books() -> ModuleType:
    """The writer of workbooks beside this file."""
    spec = importlib.util.spec_from_file_location("reading_workbooks", Path(__file__).with_name("workbooks.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
