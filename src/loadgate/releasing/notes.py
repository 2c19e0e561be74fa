"""A judgement in; the release notes out, as Markdown that stays text whatever stands in a name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from loadgate.model.judgement import Caveat, Judgement

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>&~])")
_VERDICTS = {"release": "release", "release_with_caveats": "release with caveats", "hold": "hold"}


def plain(text: str) -> str:
    """Text that neither Markdown nor HTML takes for markup, on one line."""
    one_line = " ".join(text.split())
    return _MARKUP.sub(r"\\\1", one_line)


def release_notes(
    judgement: Judgement,
    *,
    release: str,
    rows: int,
    withheld: Sequence[str],
    head: tuple[int, str],
    as_of: datetime,
    permissions: Sequence[str] = (),
) -> str:
    """What was released, what was left out, with which reservations, and by whose permission."""
    verdict = _VERDICTS[judgement.verdict.value]
    if judgement.verdict is not judgement.verdict_before_waivers:
        verdict += f" (before waivers: {_VERDICTS[judgement.verdict_before_waivers.value]})"
    lines = [
        f"# Release {plain(release)}",
        "",
        f"- Run: {plain(judgement.run)}, judged as of {as_of.isoformat(timespec='minutes')}",
        f"- Verdict: {verdict}",
        f"- Figures: {rows:,} values",
        f"- Ledger: entry {head[0]}, {head[1]}",
        "",
    ]
    lines += _section("Left out", [plain(part) for part in withheld], none="Nothing was left out.")
    lines += _section("Caveats", _caveat_lines(judgement.caveats), none="No caveats.")
    used = permissions or judgement.waivers
    lines += _section("Waivers", [plain(waiver) for waiver in used], none="No waiver was used.")
    cases = [
        f"case {case.number}: {case.severity.value}, {case.state.value}, {plain(', '.join(case.kinds))}"
        for case in judgement.cases
    ]
    lines += _section("Cases", cases, none="No cases.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _caveat_lines(caveats: Sequence[Caveat]) -> list[str]:
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for caveat in caveats:
        together[(caveat.reason, caveat.source)].append(str(caveat.scope))
    return [
        f"{plain(reason)} ({plain(source)}): {plain(' / '.join(scopes))}"
        for (reason, source), scopes in together.items()
    ]


def _section(title: str, items: Sequence[str], *, none: str) -> list[str]:
    body = [f"- {item}" for item in items] if items else [none]
    return [f"## {title}", "", *body, ""]
