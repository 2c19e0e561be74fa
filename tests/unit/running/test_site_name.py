"""A site's name is what its file says, whatever the machine takes for the encoding of texts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ASKED = "import sys; from pathlib import Path; from loadgate.running.opened import site_name; " + (
    "print(ascii(site_name(Path(sys.argv[1]))))"
)


def test_a_name_with_letters_beyond_ascii_is_read_on_a_machine_without_a_locale(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('name = "Ærø"\n', encoding="utf-8")
    plain = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    said = subprocess.run(
        [sys.executable, "-c", ASKED, str(tmp_path)], env=plain, capture_output=True, text=True, check=True
    )

    assert said.stdout == f"{'Ærø'!a}\n"
