"""Typed models in, JSON Schema files out: `python -m loadgate.content.schemas [FOLDER]` writes what editors read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from loadgate.content.catalogue import CATALOGUE, OWN_CATALOGUE
from loadgate.content.layout import KINDS

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """File name → text: one schema per kind of content file (of a CSV file: of one line), and the catalogues."""
    found = {}
    for kind in KINDS:
        schema = kind.model.model_json_schema(by_alias=True)
        schema = {"$schema": _DRAFT, **schema, "title": f"{kind.pattern}"}
        found[f"{kind.name}.json"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    for path in (CATALOGUE, OWN_CATALOGUE):
        if path.is_file():
            found[path.name] = path.read_text(encoding="utf-8")
    return found


def write(folder: Path) -> list[Path]:
    """Write every schema whose text changed. Returns the paths that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas().items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    for changed in write(Path(sys.argv[1] if len(sys.argv) > 1 else "infra/schemas")):
        sys.stdout.write(f"{changed}\n")
