"""An inbox in a bucket: the same findings and the same figures as from the same files in a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import S3Server

pytestmark = pytest.mark.services

FIRST, SECOND = "2023-12", "2024-01"
HASHES = ("findings_sha256", "figures_sha256", "verdict", "cases")


@pytest.fixture
def s3_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("LOADGATE_S3_ENDPOINT", s3_server.endpoint)
    return s3_server


def broken_site(root: Path, *, inbox: str) -> Path:
    """Two periods of the sample; in the second a file is cut short, one is missing, and one nobody announced."""
    from loadgate.samples.rki.layout import write_period, write_site

    write_site(root)
    for period in (FIRST, SECOND):
        write_period(root, period)
    waiting = root / "inbox" / SECOND
    (cut,) = waiting.glob("*_02.tsv.gz")
    cut.write_bytes(cut.read_bytes()[:400])
    (gone,) = waiting.glob("*_07.tsv.gz")
    gone.unlink()
    (waiting / "ekstra fil æøå.csv").write_bytes(b"nobody knows\n")
    site = root / "site.toml"
    site.write_text(site.read_text(encoding="utf-8").replace('inbox = "inbox"', f'inbox = "{inbox}"'), encoding="utf-8")
    return root


def manifests(root: Path) -> Iterator[dict[str, Any]]:
    """Both periods run, the first approved."""
    from loadgate.model.period import Period
    from loadgate.running.opened import open_site
    from loadgate.running.replay import replay

    opened = open_site(root)
    for number, period in enumerate((FIRST, SECOND)):
        (done,) = replay(opened, [Period.parse(period)], approve=number == 0)
        manifest = json.loads((opened.places.run(done.ref.run) / "manifest.json").read_bytes())
        yield {name: manifest[name] for name in HASHES}
    opened.close()


def test_a_bucket_gives_the_same_findings_and_figures_as_a_folder(s3_environment: S3Server, tmp_path: Path) -> None:
    from loadgate.store.objects import open_objects

    there = f"s3://{s3_environment.bucket}/senders/rki"
    in_folder = broken_site(tmp_path / "folder", inbox="inbox")
    in_bucket = broken_site(tmp_path / "bucket", inbox=there)
    bucket = open_objects(there)
    for path in sorted((in_bucket / "inbox").rglob("*")):
        if path.is_file():
            bucket.write(path.relative_to(in_bucket / "inbox").as_posix(), path.read_bytes())
            path.unlink()
    before = {info.name: info.etag for info in bucket.list()}

    from_folder, from_bucket = list(manifests(in_folder)), list(manifests(in_bucket))

    assert from_bucket == from_folder
    assert from_folder[0]["figures_sha256"] != from_folder[1]["figures_sha256"]
    assert from_folder[1]["cases"] != []
    assert {info.name: info.etag for info in bucket.list()} == before  # the sender's files are left alone


def test_a_bucket_that_is_not_there_is_told_before_a_run_opens(s3_environment: S3Server, tmp_path: Path) -> None:
    from loadgate.errors import CouldNotRun
    from loadgate.model.period import Period
    from loadgate.running.opened import open_site
    from loadgate.running.opening import open_run

    root = broken_site(tmp_path / "site", inbox="s3://elsewhere/senders")
    opened = open_site(root)

    with pytest.raises(CouldNotRun, match=r"the object store refused to list \(NoSuchBucket\)"):
        open_run(opened, Period.parse(FIRST), as_of=None, actor="tests")
    assert opened.state.runs.rows() == []
    opened.close()
