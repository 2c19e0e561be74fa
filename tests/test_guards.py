"""What must never be committed, and how the code is laid out where no linter looks.

Forbidden words are put together from parts, so that this file does not match itself.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = "src/loadgate/samples/"
NOT_WALKED = {".git", ".venv", ".venv-peers", ".sites", ".hypothesis", "__pycache__"}
NOT_WALKED |= {"state", "inbox", "vintages", "dist"}


@cache
def committed() -> tuple[Path, ...]:
    """Files that are committed or would be with `git add .`; every file where this is no checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    walked = (path for path in ROOT.rglob("*") if NOT_WALKED.isdisjoint(path.relative_to(ROOT).parts))
    return tuple(path for path in walked if path.is_file() and not path.parts[-2].endswith("_cache"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    """The file's text, empty for a file that is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def modules(*folders: str) -> list[Path]:
    return [path for path in committed() if path.suffix == ".py" and name_of(path).startswith(folders)]


def places(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    """`file:line` of every hit; the hit itself is not repeated."""
    return [
        f"{name_of(path)}:{number}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def any_of(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


REGISTRIES = any_of(
    r"py" + r"pi\.(org|python)",
    r"python" + r"hosted",
    r"(index|extra-index|find)-" + r"(url|links)\b",
    r"/sim" + r"ple/",
    r"fi" + r"le:///",
    r"arti" + r"factory",
    r"npm" + r"js\.",
)
MACHINES = any_of(
    r"(?<![\w.}\])>~/*])/(ro" + r"ot|wo" + r"rk|ho" + r"me|Us" + r"ers|tm" + r"p|var/tm" + r"p)/",
    r"[A-Z]:\\Us" + r"ers",
)
BESIDE_THE_REPOSITORY = any_of(r"\.\./sha" + r"red", r"/wo" + r"rk/sha" + r"red")
SUBJECTS = any_of(
    r"influ" + r"enza",
    r"\binci" + r"denc",
    r"\bIf" + r"SG",
    r"\bGer" + r"man",
    r"\bL" + r"änder\b",
    r"\bBundes" + r"land",
    r"Robert" + r".Koch",
)
SAMPLE_NAME = any_of(r"(?<![a-z])(?<!sample )(?<!replay )(?<!--from )r" + r"ki(?![a-z])")  # commands may be named
HELD_MONTHS = re.compile(r"(?<![\d-])(2024-0" + r"[13]|2025-0" + r"[18]|2026-0" + r"1)(?![\d-])")


def test_the_guards_look_at_the_lock_and_at_themselves() -> None:
    names = {name_of(path) for path in committed()}
    assert {"requirements.lock", "tests/test_guards.py", "pyproject.toml", "README.md"} <= names


def test_no_committed_file_names_a_package_registry_or_mirror() -> None:
    assert places(REGISTRIES, list(committed())) == []


def test_no_committed_file_holds_a_path_of_somebodys_machine() -> None:
    assert places(MACHINES, list(committed())) == []


def test_nothing_committed_reads_what_lies_beside_the_repository() -> None:
    assert places(BESIDE_THE_REPOSITORY, list(committed())) == []


def test_the_lock_holds_versions_and_hashes_and_nothing_else() -> None:
    line = re.compile(
        r"[a-z0-9][a-z0-9._-]*==[^\s;]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|(?P<blank>)", re.IGNORECASE
    )
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [number for number, text in enumerate(lines, start=1) if not line.fullmatch(text)] == []


def test_there_is_one_lock() -> None:
    assert not [name_of(path) for path in committed() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}]


def engine_and_root_site() -> list[Path]:
    roots = ("src/", "flows/", "expectations/", "vendor_profiles/", "baselines/", "infra/", "site.toml")
    return [path for path in committed() if name_of(path).startswith(roots) and not name_of(path).startswith(SAMPLE)]


def test_no_code_or_content_outside_the_sample_names_its_subject() -> None:
    assert places(SUBJECTS, engine_and_root_site()) == []


def test_only_the_command_line_names_the_sample() -> None:
    files = [path for path in engine_and_root_site() if not name_of(path).startswith("src/loadgate/cli/")]
    assert places(SAMPLE_NAME, files) == []


def test_no_engine_code_names_a_month_that_the_sample_holds_back() -> None:
    code = [path for path in modules("src/", "flows/") if not name_of(path).startswith((SAMPLE, "src/loadgate/cli/"))]
    assert places(HELD_MONTHS, code) == []


ALL_MODULES = modules("src/", "flows/", "tests/", "benchmarks/", "hatch_build.py")


def test_no_module_is_longer_than_500_lines() -> None:
    assert [name_of(path) for path in ALL_MODULES if len(text_of(path).splitlines()) > 500] == []


def test_package_files_are_empty() -> None:
    assert [name_of(path) for path in ALL_MODULES if path.name == "__init__.py" and path.stat().st_size] == []


def test_flows_are_no_package() -> None:
    assert not (ROOT / "flows" / "__init__.py").exists()


def test_every_module_begins_by_saying_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in modules("src/", "flows/", "benchmarks/", "hatch_build.py")
        if path.name != "__init__.py" and len((ast.get_docstring(ast.parse(text_of(path))) or "").split("\n")[0]) < 20
    ]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing_or_is_the_standard_librarys() -> None:
    allowed = {"src/loadgate/model/site.py"}  # the noun of the whole design; never found as top-level `site`
    empty = {"utils", "util", "helpers", "helper", "manager", "base", "impl", "common", "misc"}
    named = {name_of(path): path.stem for path in modules("src/", "flows/") if path.name != "__init__.py"}
    assert {name for name, stem in named.items() if stem in empty | sys.stdlib_module_names} - allowed == set()


def test_a_flow_file_holds_no_class() -> None:
    """A class in a flow file belongs to a module that no other process can import."""
    trees = {name_of(path): ast.parse(text_of(path)) for path in modules("flows/")}
    assert [
        name for name, tree in trees.items() if any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
    ] == []


FORBIDDEN_CALLS = {"eval", "exec", "__import__"}
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve"}
FORBIDDEN_OF_OS = {"system", "popen"}


def faults(tree: ast.AST) -> list[int]:
    """Lines that run text as code, unpickle, or hand a string to a shell."""
    lines = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS:
                lines.append(node.lineno)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=name)) if name in FORBIDDEN_OF_OS:
                lines.append(node.lineno)
            case ast.Call(keywords=keywords) if any(
                word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
                for word in keywords
            ):
                lines.append(node.lineno)
            case ast.Import(names=names) if any(name.name.split(".")[0] in FORBIDDEN_MODULES for name in names):
                lines.append(node.lineno)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "exec(text)",
        "import pickle",
        "from cloudpickle import loads",
        "os.system(line)",
        "subprocess.run(line, shell=True)",
        "subprocess.run(line, shell=loud)",
        "__import__('x')",
    ],
)
def test_the_guard_sees_code_that_runs_text(code: str) -> None:
    assert faults(ast.parse(code)) == [1]


def test_no_module_runs_text_as_code_unpickles_or_starts_a_shell() -> None:
    found = {name_of(path): faults(ast.parse(text_of(path))) for path in ALL_MODULES}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_polars_engine_could_leave_as_its_own_package() -> None:
    """import-linter can't say "all of the package but itself" of a package's neighbours."""
    folder = "src/loadgate/checking/engine/"
    strange = []
    for path in modules(folder):
        for node in ast.walk(ast.parse(text_of(path))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(f"{name}.".startswith("loadgate.") and "checking.engine" not in name for name in names):
                strange.append(f"{name_of(path)}:{node.lineno}")
            if isinstance(node, ast.ImportFrom) and node.level > 1:
                strange.append(f"{name_of(path)}:{node.lineno}")
    assert strange == []


def test_starting_the_command_line_imports_nothing_heavy() -> None:
    heavy = ("polars", "great_expectations", "pyarrow", "pandas", "sqlalchemy", "boto3", "altair", "prefect", "fastapi")
    code = f"import loadgate.cli.main, sys; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
