"""Prefect's database laid in one step: the same as its migrations make, whole or not there."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from loadgate.cli import prefect_schema


def tables(home: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(home / prefect_schema.DATABASE)) as database:
        return {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}


def test_the_carried_schema_is_what_prefects_own_migrations_make(tmp_path: Path) -> None:
    # when this fails after an upgrade of Prefect: python -m loadgate.cli.prefect_schema --write
    assert prefect_schema.migrated(tmp_path) == prefect_schema.SCHEMA.read_text(encoding="utf-8")


def test_a_database_is_laid_once_and_nothing_else_is_left_in_the_home(tmp_path: Path) -> None:
    first = prefect_schema.lay_database(tmp_path)
    second = prefect_schema.lay_database(tmp_path)

    assert (first, second) == (True, False)
    assert {"flow_run", "task_run", "alembic_version"} <= tables(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [prefect_schema.DATABASE]


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
