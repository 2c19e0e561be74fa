"""What can be wrong with a whole file, in closed words: raised inside reading, and a finding when it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from loadgate.errors import is_interruption


class Problem(StrEnum):
    """Why a file cannot be read. These words stand in findings; nothing of the file does."""

    CORRUPT = "corrupt"
    ENDS_EARLY = "ends early"  # the rows before the end are kept
    ENCODING = "encoding"
    TOO_LARGE = "too large when unpacked"
    MANY_MEMBERS = "too many members"
    UNSAFE_MEMBER = "unsafe member name"
    LINK = "link in archive"
    ENCRYPTED = "encrypted"
    NESTED = "archive in archive"
    NO_MEMBER = "no such member"
    OTHER_COMPRESSION = "other compression"
    OTHER_FORMAT = "other format"
    LONG_LINE = "line too long"
    NO_SHEET = "no such sheet"


class Unreadable(Exception):
    """The file cannot be read, or not further. Carries closed words and a line number, never content.

    `looks_like`: with Problem.ENCODING, the encoding that the bytes seem to have; None: nobody can tell.
    """

    def __init__(self, problem: Problem, *, line: int | None = None, looks_like: str | None = None) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.line = line
        self.looks_like = looks_like


class WrongColumns(Exception):
    """The header does not give the columns that the profile names. Names are the profile's, never the file's."""

    def __init__(self, *, missing: tuple[str, ...], duplicate: tuple[str, ...], unexpected: tuple[int, ...]) -> None:
        super().__init__("columns")
        self.missing = missing
        self.duplicate = duplicate
        self.unexpected = unexpected


@contextmanager
def guarded(problem: Problem = Problem.CORRUPT) -> Iterator[None]:
    """Turn whatever a library says about hostile bytes into ours; its texts can carry row values."""
    try:
        yield
    except (Unreadable, WrongColumns, MemoryError):
        raise
    except BaseException as error:
        if not is_library_fault(error):
            raise
        raise Unreadable(problem) from None


def is_library_fault(error: BaseException) -> bool:
    """Whether it is an error, not a wish to stop. Polars' PanicException is no Exception, but says the same."""
    panicked = type(error).__name__ == "PanicException" and not is_interruption(error)
    return panicked or isinstance(error, Exception)
