"""The documents keep up with the code: every command, exit code, decision and link."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from loadgate.errors import Exit
from loadgate.model.version import VERSION

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def commands() -> dict[str, Any]:
    """`loadgate case show` → its click command, for every command there is."""
    import typer.main

    from loadgate.cli.main import app

    def walk(command: Any, name: str) -> dict[str, Any]:
        below = getattr(command, "commands", None)
        if below is None:
            return {name: command}
        return {path: one for key, sub in below.items() for path, one in walk(sub, f"{name} {key}").items()}

    return walk(typer.main.get_command(app), "loadgate")


def test_every_command_stands_in_the_reference_and_no_other() -> None:
    listed = set(re.findall(r"^\| `(loadgate [a-z -]+)` \|", REFERENCE, re.MULTILINE))
    assert listed == set(commands())


def test_every_command_has_a_purpose_and_an_example() -> None:
    bare = [
        name
        for name, command in commands().items()
        if not (command.help or "").strip() or f"  {name}" not in (command.help or "")
    ]
    assert bare == []


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_stands_in_the_reference(code: Exit) -> None:
    assert f"| {code.value} | `{code.name}` |" in REFERENCE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_decision_is_listed_and_numbered_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("0*.md"))
    listed = re.findall(r"^\| \[\d{4}\]\(([^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == pages
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))


def test_every_environment_variable_of_the_settings_stands_in_the_reference() -> None:
    source = (ROOT / "src/loadgate/settings.py").read_text(encoding="utf-8")
    names = set(re.findall(r'"((?:LOADGATE|PREFECT)_[A-Z_]+)"', source))
    assert names
    assert {name for name in names if f"`{name}`" not in REFERENCE} == set()


def test_the_engine_and_the_package_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
