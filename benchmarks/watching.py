"""A command in; out, its wall time, and a record of its processes' CPU time and memory, 20 times a second (Linux).

What is measured is the program as people run it, from outside: nothing in it is patched.
"""

from __future__ import annotations

import os
import subprocess
import time
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1 << 20


@dataclass(slots=True, kw_only=True)
class Watched:
    """`moments`: seconds since the epoch; `own_s`, `others_s`: CPU so far of the process (and of children that it has
    waited for), and of those that live beside it; `resident`: bytes of all of them together."""

    code: int = -1
    began: float = 0.0
    ended: float = 0.0
    moments: list[float] = field(default_factory=list)
    own_s: list[float] = field(default_factory=list)
    others_s: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)

    @property
    def wall_s(self) -> float:
        return self.ended - self.began

    @property
    def cpu_s(self) -> float:
        """Of all processes, to the last sample."""
        return self.own_s[-1] + self.others_s[-1]

    def own_between(self, first: float, last: float) -> float:
        """CPU seconds of the process itself in an interval."""
        return max(0.0, self._own_at(last) - self._own_at(first))

    def peak_mb(self, first: float | None = None, last: float | None = None) -> float:
        """The most memory in an interval, or ever."""
        start = 0 if first is None else max(0, bisect_left(self.moments, first) - 1)
        end = len(self.moments) if last is None else bisect_right(self.moments, last) + 1
        return max(self.resident[start:end], default=0) / _MIB

    def _own_at(self, moment: float) -> float:
        after = bisect_left(self.moments, moment)
        if after == 0:
            return 0.0
        if after == len(self.moments):
            return self.own_s[-1]
        left, right = self.moments[after - 1], self.moments[after]
        part = (moment - left) / (right - left)
        return self.own_s[after - 1] + part * (self.own_s[after] - self.own_s[after - 1])


def watch(command: Sequence[str], *, environment: Mapping[str, str], into: Path) -> Watched:
    """Run a command to its end; what it says goes to `into`."""
    seen = Watched(began=time.time())
    others: dict[int, float] = {}
    with into.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=dict(environment))
        try:
            while process.poll() is None:
                _sample(process.pid, seen, others)
                time.sleep(EVERY_S)
        finally:
            if process.poll() is None:
                process.kill()
    seen.code, seen.ended = process.returncode, time.time()
    return seen


def _sample(pid: int, seen: Watched, others: dict[int, float]) -> None:
    own = _read(pid)
    if own is None:
        return
    resident = own[1]
    for child in _children(pid):
        found = _read(child)
        if found is not None:
            others[child] = found[0]
            resident += found[1]
    seen.moments.append(time.time())
    seen.own_s.append(own[0])
    seen.others_s.append(sum(others.values()))
    seen.resident.append(resident)


def _read(pid: int) -> tuple[float, int] | None:
    """CPU seconds (with those of children it has waited for) and resident bytes; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return sum(map(int, fields[11:15])) / _TICKS, int(fields[21]) * _PAGE


def _children(pid: int) -> list[int]:
    """All processes below this one."""
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return found
    for thread in threads:
        try:
            children = [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_children(child)]
    return found
