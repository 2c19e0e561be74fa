"""Prefect's database, migrated once where loadgate is installed: laid whole or not at all, and never over another."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from loadgate.cli import prefect_schema


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python's folder in which the empty database is kept, made by Prefect's own migrations."""
    folder = tmp_path_factory.mktemp("prefix")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.prefix", str(folder))
        prefect_schema.keep()
    return folder


@pytest.fixture(autouse=True)
def _in_prefix(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", str(prefix))


def tables(home: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(home / prefect_schema.DATABASE)) as database:
        return {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}


def test_a_database_is_laid_once_and_nothing_else_is_left_in_the_home(tmp_path: Path) -> None:
    first = prefect_schema.lay_database(tmp_path)
    second = prefect_schema.lay_database(tmp_path)

    assert (first, second) == (True, False)
    assert {"flow_run", "task_run", "alembic_version"} <= tables(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [prefect_schema.DATABASE]


def test_it_is_kept_alone_and_without_runs(prefix: Path) -> None:
    assert [path.name for path in (prefix / "var" / "loadgate").iterdir()] == [prefect_schema.kept().name]
    with contextlib.closing(sqlite3.connect(prefect_schema.kept())) as database:
        assert database.execute("select count(*) from flow_run").fetchone() == (0,)


def test_a_database_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / prefect_schema.DATABASE).write_bytes(b"theirs")

    assert not prefect_schema.lay_database(tmp_path)
    assert (tmp_path / prefect_schema.DATABASE).read_bytes() == b"theirs"


def test_another_version_of_prefect_is_left_to_migrate_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefect_schema, "version", lambda _: "4.0.0")

    assert not prefect_schema.lay_database(tmp_path)
    assert list(tmp_path.iterdir()) == []
