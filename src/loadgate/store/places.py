"""A site's root and settings in, paths out: the only module that knows where anything lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STATE_README = """This folder is loadgate's state. Back it up together with the inbox and baselines/vintages.

  loadgate.db     ledger, runs, work, outbox, projections                      KEEP
  archive/        original bytes by SHA-256, read-only                         KEEP (retention: loadgate prune)
  content/        content snapshots                                            KEEP
  fingerprints/   small summaries of deliveries, without personal data         KEEP
  deliveries/     typed rows, rejects, check results: personal data            SAFE: redone from the archive
  runs/           what each run found, its figures, judgement and report       KEEP
  pruning.json    what a prune that was cut short has to delete                KEEP: the next `loadgate prune` ends it
  staged/         a release on its way to published/                           KEEP
  published/      releases, and CURRENT, which names the one that counts       KEEP
  prefect/ tmp/   Prefect's home; half-written things                          SAFE when idle

`loadgate tidy` deletes what is SAFE and not needed soon (prefect/ aside): no run may be at work.
"""

WATCH = "watch-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Paths of one site. `state` is `<site>/state` unless one setting moves it."""

    site: Path
    state: Path

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.state / 'loadgate.db'}"

    @property
    def inbox(self) -> Path:
        return self.site / "inbox"

    @property
    def tmp(self) -> Path:
        return self.state / "tmp"

    @property
    def prefect(self) -> Path:
        return self.state / "prefect"

    @property
    def row_values(self) -> tuple[Path, ...]:
        """Folders below the state in which row values stand: only their owner may look."""
        return (self.archive, self.deliveries, self.tmp)

    @property
    def archive(self) -> Path:
        return self.state / "archive"

    def archived(self, sha256: str) -> Path:
        return self.archive / sha256[:2] / sha256

    def content(self, sha256: str) -> Path:
        return self.state / "content" / sha256

    def fingerprint(self, content_key: str) -> Path:
        return self.state / "fingerprints" / f"{content_key}.json"

    @property
    def deliveries(self) -> Path:
        return self.state / "deliveries"

    def typed(self, delivery: str, key: str) -> Path:
        """Typed rows and rejects of a delivery version (`…/v1`)."""
        return self.deliveries / delivery / f"typed-{key}"

    def checks(self, delivery: str, key: str) -> Path:
        return self.deliveries / delivery / f"checks-{key}"

    @property
    def runs(self) -> Path:
        return self.state / "runs"

    def run(self, run: str) -> Path:
        return self.runs / run

    def inputs(self, run: str) -> Path:
        """What a run froze; a watch (`watch-2026-10`) freezes nothing and writes its own anew each time."""
        if run.startswith(WATCH):
            return self.watches / f"{run}.json"
        return self.step(run, "opened") / "inputs.json"

    @property
    def watches(self) -> Path:
        return self.state / "watch"

    def step(self, run: str, step: str) -> Path:
        return self.run(run) / step

    def report(self, run: str) -> Path:
        return self.run(run) / "report.html"

    @property
    def vintages(self) -> Path:
        return self.site / "baselines" / "vintages"

    def vintage(self, run: str) -> Path:
        return self.vintages / run

    @property
    def published(self) -> Path:
        return self.state / "published"

    def release(self, run: str) -> Path:
        return self.published / run

    def staged(self, run: str) -> Path:
        """A release that is not in the ledger yet, or not in its place."""
        return self.state / "staged" / run

    @property
    def current(self) -> Path:
        return self.published / "CURRENT"

    @property
    def locks(self) -> Path:
        return self.state / "locks"

    def lock(self, period: str) -> Path:
        return self.locks / f"{period}.lock"

    @property
    def pruning(self) -> Path:
        """What a prune is about to delete: there from before its ledger entry until all of it is gone."""
        return self.state / "pruning.json"
