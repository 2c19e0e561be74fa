"""A judgement and its figures in; out, a folder of what may be published, and what its manifest says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from loadgate.errors import Refused
from loadgate.model.findings import Verdict
from loadgate.model.identity import canonical_json
from loadgate.model.judgement import Caveat, Judgement
from loadgate.model.tables import FIGURE_KEY, FIGURES, conform, logical_sha256
from loadgate.releasing.notes import release_notes

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

FORMAT = 1
FIGURES_FILE = "figures.parquet"
CAVEATS_FILE = "caveats.parquet"
CAVEATS_JSON = "caveats.json"
NOTES_FILE = "release_notes.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseManifest:
    """What a release is, its files apart. `figures_sha256` is the logical hash; the ledger's head is the one it was
    released on.
    """

    format: int
    release: str
    run: str
    as_of: str
    verdict: str
    verdict_before_waivers: str
    figures_sha256: str
    rows: int
    withheld: tuple[str, ...]
    waivers: tuple[str, ...]
    caveats: int
    ledger_sequence: int
    ledger_sha256: str
    inputs: Mapping[str, object]

    def to_plain(self) -> dict[str, object]:
        """As it is written: plain values, ready for canonical JSON."""
        return asdict(self)


def stage(
    *,
    judgement: Judgement,
    figures: pl.DataFrame,
    release: str,
    into: Path,
    inputs: Mapping[str, object],
    ledger_head: tuple[int, str],
    as_of: datetime,
    permissions: Sequence[str] = (),
) -> ReleaseManifest:
    """Write figures, caveats and notes into the empty folder `into`; the manifest itself is written by the store.

    Parts whose verdict is hold are left out; each leaves a caveat. Nothing is judged here: a judgement that says
    hold, or is provisional, is refused. Raises Refused; KeyError for columns that FIGURES does not know.
    """
    if judgement.verdict is Verdict.HOLD or judgement.provisional:
        why = "only provisional" if judgement.provisional else "hold"
        raise Refused(
            f"run {judgement.run} cannot be released: its verdict is {why}",
            fix=f"`loadgate run {judgement.run.partition('.')[0]}` shows what holds it",
        )
    withheld = tuple(sorted(part.part for part in judgement.parts if part.verdict is Verdict.HOLD))
    released = _released(figures, withheld)
    head = (int(ledger_head[0]), ledger_head[1])
    released.write_parquet(into / FIGURES_FILE, compression="zstd")
    caveat_table(judgement.caveats).write_parquet(into / CAVEATS_FILE, compression="zstd")
    (into / CAVEATS_JSON).write_bytes(canonical_json(_listed(judgement.caveats)) + b"\n")
    notes = release_notes(
        judgement,
        release=release,
        rows=released.height,
        withheld=withheld,
        head=head,
        as_of=as_of,
        permissions=permissions,
    )
    (into / NOTES_FILE).write_text(notes, encoding="utf-8", newline="\n")
    return ReleaseManifest(
        format=FORMAT,
        release=release,
        run=judgement.run,
        as_of=as_of.isoformat(),
        verdict=judgement.verdict.value,
        verdict_before_waivers=judgement.verdict_before_waivers.value,
        figures_sha256=logical_sha256(released, FIGURES),
        rows=released.height,
        withheld=withheld,
        waivers=judgement.waivers,
        caveats=len(judgement.caveats),
        ledger_sequence=head[0],
        ledger_sha256=head[1],
        inputs=dict(inputs),
    )


def caveat_table(caveats: Sequence[Caveat]) -> pl.DataFrame:
    """One row per caveat: its box in columns, null where it leaves a dimension open, so that figures can be joined."""
    import polars as pl

    lists = ("area", "provider", "figure", "family", "cell")
    rows = [
        {
            "scope": str(caveat.scope),
            "reason": caveat.reason,
            "source": caveat.source,
            **{name: sorted(caveat.scope.values[name]) if name in caveat.scope.values else None for name in lists},
            "reference_first": caveat.scope.reference.first.start if caveat.scope.reference else None,
            "reference_end": caveat.scope.reference.last.end if caveat.scope.reference else None,
        }
        for caveat in caveats
    ]
    return pl.DataFrame(
        rows,
        schema={
            "scope": pl.String,
            "reason": pl.String,
            "source": pl.String,
            **dict.fromkeys(lists, pl.List(pl.String)),
            "reference_first": pl.Date,
            "reference_end": pl.Date,  # the first day after
        },
    )


def _released(figures: pl.DataFrame, withheld: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    kept = conform(figures, FIGURES).filter(~pl.col("part").is_in(list(withheld)).fill_null(value=False))
    return kept.sort(FIGURE_KEY, nulls_last=False)


def _listed(caveats: Sequence[Caveat]) -> list[dict[str, str]]:
    return [{"reason": c.reason, "scope": str(c.scope), "source": c.source} for c in caveats]
