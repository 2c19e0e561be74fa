"""What is staged is exactly what may be published."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from loadgate.errors import Refused
from loadgate.model.findings import Case, CaseState, Cause, CauseKind, Verdict
from loadgate.model.identity import canonical_json
from loadgate.model.judgement import Caveat, Judgement, PartVerdict, Reason
from loadgate.model.kinds import Severity
from loadgate.model.scope import Scope
from loadgate.model.tables import FIGURES, logical_sha256, schema
from loadgate.releasing.notes import plain
from loadgate.releasing.stage import ReleaseManifest, stage

AS_OF = datetime(2026, 11, 5, 12, 30, tzinfo=UTC)
CAVEATS = (
    Caveat(scope=Scope.parse("area=school; provider=101; figure=pupils"), reason="known_error", source="E1"),
    Caveat(
        scope=Scope.parse("figure=pupils; reference=2025-W01..2025-W09"), reason="control.substantial", source="f-1"
    ),
)


def judgement(verdict="release_with_caveats", *, held=(), caveats=CAVEATS, waivers=(), provisional=False, before=None):
    block = Reason(effect="block", rule=2, case=4, findings=("f-1",), kind="arrival.impostor")
    parts = [
        PartVerdict(part=part, verdict=Verdict.HOLD, reasons=(block,))
        if part in held
        else PartVerdict(part=part, verdict=Verdict.RELEASE, reasons=())
        for part in ("school/101", "school/102")
    ]
    case = Case(
        number=4,
        cause=Cause(kind=CauseKind.PROVIDER, members=("101",)),
        scope=Scope.of(provider="101"),
        severity=Severity.CRITICAL,
        findings=("f-1",),
        state=CaseState.NEW,
        first_seen="2026-10",
        size=1.0,
        kinds=("arrival.impostor",),
    )
    return Judgement(
        run="2026-10.2",
        as_of=AS_OF.isoformat(),
        verdict=Verdict(verdict),
        verdict_before_waivers=Verdict(before or verdict),
        reasons=(),
        parts=tuple(parts),
        cases=(case,),
        resolved=(),
        findings=(),
        outcomes=(),
        known_errors=(),
        caveats=caveats,
        waivers=waivers,
        provisional=provisional,
    )


def figures() -> pl.DataFrame:
    rows = [
        ("pupils", None, provider, date(2026, 10, 1), 12.5, Decimal("25"), Decimal("2"), False, f"school/{provider}")
        for provider in ("102", "101")
    ]
    rows.append(("pupils", "national", "all", date(2026, 10, 1), 25.0, None, None, False, None))
    return pl.DataFrame(rows, schema=schema(FIGURES), orient="row")


def staged(folder, **given) -> ReleaseManifest:
    whole = {
        "judgement": judgement(),
        "figures": figures(),
        "release": "2026-10.2",
        "inputs": {"content": "abc"},
        "ledger_head": (17, "d" * 64),
        "as_of": AS_OF,
        **given,
    }
    return stage(into=folder, **whole)


def test_what_the_manifest_says_survives_canonical_json(tmp_path):
    again = json.loads(canonical_json(staged(tmp_path).to_plain()))

    assert again["format"] == 1
    assert (again["ledger_sequence"], again["ledger_sha256"]) == (17, "d" * 64)
    assert again["inputs"] == {"content": "abc"}


def test_the_same_release_staged_twice_is_the_same_to_the_byte(tmp_path):
    for name, frame in (("one", figures()), ("two", figures().reverse())):
        (tmp_path / name).mkdir()
        manifest = staged(tmp_path / name, figures=frame)
        assert manifest.figures_sha256 == logical_sha256(figures(), FIGURES)

    assert staged(tmp_path / "one") == staged(tmp_path / "two")


def test_a_withheld_part_is_left_out_and_only_that(tmp_path):
    manifest = staged(tmp_path, judgement=judgement(held=["school/101"]))

    released = pl.read_parquet(tmp_path / "figures.parquet")
    assert released["provider"].to_list() == ["102", "all"]
    assert manifest.withheld == ("school/101",)
    assert manifest.rows == 2
    assert manifest.figures_sha256 == logical_sha256(released, FIGURES)


def test_released_figures_are_those_of_the_run_to_the_last_digit(tmp_path):
    staged(tmp_path)

    released = pl.read_parquet(tmp_path / "figures.parquet")
    assert_frame_equal(released, figures(), check_row_order=False)


def test_caveats_travel_as_a_table_and_as_json(tmp_path):
    staged(tmp_path)

    table = pl.read_parquet(tmp_path / "caveats.parquet")
    assert table["scope"].to_list() == [str(caveat.scope) for caveat in CAVEATS]
    assert table["provider"].to_list() == [["101"], None]
    assert table["reference_first"].to_list() == [None, date(2024, 12, 30)]
    assert table["reference_end"].to_list() == [None, date(2025, 3, 3)]
    listed = json.loads((tmp_path / "caveats.json").read_bytes())
    assert listed[0] == {"reason": "known_error", "scope": str(CAVEATS[0].scope), "source": "E1"}


def test_a_release_without_caveats_still_has_the_table(tmp_path):
    staged(tmp_path, judgement=judgement("release", caveats=()))

    assert pl.read_parquet(tmp_path / "caveats.parquet").height == 0
    assert json.loads((tmp_path / "caveats.json").read_bytes()) == []


def test_the_notes_say_what_was_released_and_under_what_reservations(tmp_path):
    staged(tmp_path, judgement=judgement(held=["school/101"], waivers=("W1",), before="hold"))

    notes = (tmp_path / "release_notes.md").read_text("utf-8")
    assert notes.startswith("# Release 2026-10.2\n")
    assert "- Verdict: release with caveats (before waivers: hold)\n" in notes
    assert "- Figures: 2 values\n" in notes
    assert "## Left out\n\n- school/101\n" in notes
    assert "## Waivers\n\n- W1\n" in notes
    assert r"- known\_error (E1): area=school; provider=101; figure=pupils" in notes
    assert "- case 4: critical, new, arrival.impostor\n" in notes


def test_notes_with_nothing_to_say_say_so(tmp_path):
    staged(tmp_path, judgement=judgement("release", caveats=()))

    notes = (tmp_path / "release_notes.md").read_text("utf-8")
    assert "Nothing was left out." in notes
    assert "No caveats." in notes
    assert "No waiver was used." in notes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a*b_c", r"a\*b\_c"),
        ("<script>alert(1)</script>", r"\<script\>alert\(1\)\</script\>"),
        ("[x](http://y)", r"\[x\]\(http://y\)"),
        ("two\nlines # here", r"two lines \# here"),
        ("Ærø & Læsø", r"Ærø \& Læsø"),
    ],
)
def test_a_name_is_never_markup(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(("given", "why"), [({"verdict": "hold"}, "hold"), ({"provisional": True}, "only provisional")])
def test_what_is_held_or_provisional_is_refused_and_nothing_is_written(tmp_path, given, why):
    with pytest.raises(Refused) as refused:
        staged(tmp_path, judgement=judgement(**given))

    assert str(refused.value) == (
        f"run 2026-10.2 cannot be released: its verdict is {why}\n"
        "  fix       `loadgate run 2026-10` shows what holds it"
    )
    assert list(tmp_path.iterdir()) == []
