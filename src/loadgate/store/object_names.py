"""Names of objects in; out, what every store of objects agrees on: which names count, and what a listing tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loadgate.errors import CouldNotRun, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """One object of a listing. `etag` is None, or changes whenever the content does; `modified` is no arrival time."""

    name: str
    size_bytes: int
    etag: str | None
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoObject:
    """What lies in a store under a name and is no object: a folder, or what is never read, such as a symbolic link."""

    name: str
    what: str


class NoSuchObject(CouldNotRun):
    """The object was listed, and is not there any more. The message leaves out its name: names can be personal."""

    def __init__(self) -> None:
        super().__init__("an object is not in its store any more", fix="list the store again")


def is_name(name: str) -> bool:
    """Whether a name is one: parts joined by `/`, none of them empty, `.` or `..`, no NUL."""
    return "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def checked(name: str) -> str:
    """The name, or Refused: a name must not lead out of its store."""
    if not is_name(name):
        raise Refused(
            "an object's name leads out of its store, or has an empty part", fix="rename the object at its source"
        )
    return name
