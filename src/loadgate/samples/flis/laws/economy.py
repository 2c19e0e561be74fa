"""A world in; out, its postings and budgets: spending by function and kind, and what was set aside for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import codes, counts
from loadgate.samples.flis.laws.drawn import Drawn, at, late, periods_of
from loadgate.samples.flis.laws.moves import moves
from loadgate.samples.flis.world import TYPICAL_ROWS, WINDOWS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from loadgate.samples.flis.world import World

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

_A_MONTH = 560_000.0  # net running costs of a citizen in a month, hundredths of a krone
_OF_MAIN = {"0": 0.02, "1": 0.015, "2": 0.04, "3": 0.21, "4": 0.08, "5": 0.51, "6": 0.125}
_LARGE = {
    "3.22.01": 6,
    "5.25.14": 4,
    "5.30.27": 4,
    "5.48.66": 4,
    "5.57.73": 3,
    "6.45.51": 5,
    "4.62.81": 6,
    "5.38.50": 2,
}
_TRANSFERS = ("5.48", "5.57", "5.58")
_KINDS = {"1": 0.68, "2": 0.12, "4": 0.28, "7": -0.08}  # of net costs
_OF_TRANSFERS = {"4": 0.06, "5": 1.00, "7": -0.06}
_CALCULATED = 0.03
_FUNCTIONS = {
    "0.28.20": 1.0,
    "1.38.61": 1.0,
    "2.28.11": 1.0,
    "3.22.01": 6.0,
    "4.62.82": 1.0,
    "5.30.27": 4.0,
    "6.45.51": 5.0,
}
_GROUPING = {"0": "000", "1": "001", "2": "002", "4": "004", "5": "005", "7": "092"}


def _lines(world: World) -> list[dict[str, object]]:
    """Account class, function and kind with net costs of a citizen in a month, in `net`."""
    functions = codes.followed(world, "ledger", "function", _FUNCTIONS)
    codes.fixed(world, "ledger", "account_class", {"1": 1, "2": 1, "3": 1})
    codes.fixed(world, "ledger", "kind", dict.fromkeys(_GROUPING, 1))
    codes.fixed(world, "ledger", "main_function", {f"0{code[0]}": 1 for code in functions})
    weights = {code: _LARGE.get(code, 1.0) for code in functions}
    lines: list[dict[str, object]] = []
    for place, (code, weight) in enumerate(weights.items()):
        of_main = sum(other for name, other in weights.items() if name[0] == code[0])
        net = _A_MONTH * _OF_MAIN.get(code[0], 0.02) * weight / of_main
        transfer = code.startswith(_TRANSFERS)
        for kind, share in (_OF_TRANSFERS if transfer else _KINDS).items():
            if kind == "2" and place % 3:
                continue  # goods stand with the services there
            lines.append(_line("1", code, kind, net * share))
        if transfer:
            lines.append(_line("2", code, "7", -0.3 * net))
        if place % 6 == 0:
            lines.append(_line("1", code, "0", net * _CALCULATED))
        if place % 7 == 0:
            lines.append(_line("3", code, "4", net * 0.4))
    return sorted(lines, key=lambda line: (str(line["account_class"]), str(line["function"]), str(line["kind"])))


def _line(account_class: str, function: str, kind: str, net: float) -> dict[str, object]:
    return {
        "account_class": account_class,
        "main_function": f"0{function[0]}",
        "function": function,
        "grouping": _GROUPING[kind],
        "kind": kind,
        "net": net,
    }


def _spending(world: World, lines: list[dict[str, object]]) -> tuple[Floats, Floats]:
    """Expected amounts by (provider, line, month of the axis), and the same without season and noise."""
    import numpy as np

    functions = sorted({str(line["function"]) for line in lines})
    of_line = [functions.index(str(line["function"])) for line in lines]
    net = np.array([line["net"] for line in lines], dtype=np.float64)
    rng = world.rng("ledger", "practice")
    practice = rng.lognormal(0, 0.15, (len(world.providers), len(functions)))[:, of_line]
    base = counts.sizes(world)[:, None] * net[None, :] * practice * rng.lognormal(0, 0.1, practice.shape)
    levels = moves(world, area="economy", dataset="ledger", lines=len(functions), calm=0.6)[:, of_line, :]
    years = (np.arange(levels.shape[2]) - levels.shape[2] / 2) / 12
    return base[:, :, None] * np.exp(levels), base[:, :, None] * np.exp(0.02 * years)


def ledger(world: World) -> Drawn:
    """Rows by citizens, at least one a line; amounts follow the level itself, late ones with the share reported."""
    import numpy as np

    lines = _lines(world)
    periods = periods_of(world, "ledger")
    steps = at(world, periods)
    amount = _spending(world, lines)[0][:, :, steps]
    noise = np.clip(0.02 * world.rng("ledger", "postings").standard_t(5, amount.shape), -0.3, 0.3)
    amount = np.rint(amount * np.exp(noise))
    wanted = TYPICAL_ROWS["ledger"] / WINDOWS["ledger"] * world.scale("ledger")
    more = max(wanted - len(lines) * len(world.providers), 0.1 * wanted)
    weight = counts.sizes(world)[:, None] * np.sqrt(np.abs(amount[:, :, -1]) / counts.sizes(world)[:, None])
    extra = more * weight / max(weight.sum(), 1)
    n = 1 + world.rng("ledger", "rows").poisson(np.repeat(extra[:, :, None], len(steps), axis=2))
    functions = sorted({str(line["function"]) for line in lines})
    of_line = [functions.index(str(line["function"])) for line in lines]
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, [{k: v for k, v in line.items() if k != "net"} for line in lines]),
        n=counts.flat(n),
        sums={"amount": counts.flat(amount)},
        late=late(world, "ledger", of_line, len(steps), delta=0.04, settled=4, share=0.5),
        smooth=True,
    )


def budget(world: World) -> Drawn:
    """A twelfth of the year's budget by account class and function, in whole kroner; adjusted through the year."""
    import numpy as np

    lines = _lines(world)
    periods = periods_of(world, "budget")
    steady = _spending(world, lines)[1][:, :, at(world, periods)]
    keys = sorted({(str(line["account_class"]), str(line["function"])) for line in lines})
    held = np.zeros((len(world.providers), len(keys), len(periods)))
    for place, line in enumerate(lines):
        if line["kind"] != "0":
            held[:, keys.index((str(line["account_class"]), str(line["function"]))), :] += steady[:, place, :]
    rng = world.rng("budget", "plans")
    years = sorted({period.start.year for period in periods})
    quarters = sorted({(period.start.year, period.start.month // 4) for period in periods})
    of_year = rng.normal(0.01, 0.02, (*held.shape[:2], len(years)))
    of_quarter = rng.normal(0.0, 0.01, (*held.shape[:2], len(quarters)))
    year = [years.index(period.start.year) for period in periods]
    quarter = [quarters.index((period.start.year, period.start.month // 4)) for period in periods]
    original = held * np.exp(of_year[:, :, year])
    adjusted = original * np.exp(of_quarter[:, :, quarter])
    chosen = [{"account_class": one, "main_function": f"0{code[0]}", "function": code} for one, code in keys]
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, chosen),
        n=np.ones((len(world.providers) * len(keys), len(periods)), dtype=np.int64),
        sums={
            "original_budget": counts.flat(np.rint(original / 100) * 100),
            "adjusted_budget": counts.flat(np.rint(adjusted / 100) * 100),
        },
    )
