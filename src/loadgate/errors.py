"""Every way in which a command can end badly, one class per kind of person who must act, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command; documented in docs/reference.md."""

    OK = 0  # release, release with caveats, or simply done
    NO = 1  # the answer is no: verification failed, the ledger was changed, nothing found
    USAGE = 2  # the command line itself (typer's own code)
    HOLD = 3  # the gate says hold
    CONTENT = 4  # the site's content must be mended first
    COULD_NOT_RUN = 5  # something outside the data stopped the work
    INTERRUPTED = 130  # Ctrl-C
    TERMINATED = 143  # SIGTERM: a machine that shuts down, a container that is stopped


class LoadgateError(Exception):
    """A problem that a person can act on. Carries no row values.

    `fix` says what to do next, in one line.
    """

    exit = Exit.COULD_NOT_RUN

    def __init__(self, message: str, *, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return self.message if self.fix is None else f"{self.message}\n  fix       {self.fix}"


class CouldNotRun(LoadgateError):
    """Operations must act: a store, a server, a lock, a missing secret."""


class Refused(LoadgateError):
    """The gate says hold, or an act is not permitted."""

    exit = Exit.HOLD


class VerificationFailed(LoadgateError):
    """What was verified is not what was recorded."""

    exit = Exit.NO


class Interrupted(LoadgateError):
    """Someone pressed Ctrl-C."""

    exit = Exit.INTERRUPTED

    def __init__(self, what: str = "interrupted") -> None:
        super().__init__(f"{what}; the same command takes it up where it stopped")


class Terminated(Interrupted):
    """SIGTERM came."""

    exit = Exit.TERMINATED

    def __init__(self) -> None:
        super().__init__("terminated")


class NotFound(LoadgateError):
    """An id, period or name that does not exist; `fix` proposes the nearest."""

    exit = Exit.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake in a site's content: where, what was found, what was expected, how to mend it."""

    file: str
    line: int
    key: str
    found: str
    expected: str
    fix: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}  {self.key}\n"
            f"  found     {self.found}\n"
            f"  expected  {self.expected}\n"
            f"  fix       {self.fix}"
        )


class SiteError(LoadgateError):
    """Stewards or operations must mend content; holds every fault at once, in file and line order."""

    exit = Exit.CONTENT

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda f: (f.file, f.line, f.key)))
        count = len(self.faults)
        noun = "fault" if count == 1 else "faults"
        self.count = f"{count} {noun} in the site's content"
        listing = "\n\n".join(str(fault) for fault in self.faults)
        super().__init__(f"{self.count}\n\n{listing}")


def is_interruption(error: BaseException) -> bool:
    """Whether someone pressed Ctrl-C. Where Polars was calling Python just then, it comes out as a panic quoting it."""
    quoted = type(error).__name__ == "PanicException" and "KeyboardInterrupt" in str(error)
    return quoted or isinstance(error, KeyboardInterrupt)
