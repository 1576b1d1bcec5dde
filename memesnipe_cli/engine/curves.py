"""The pictures of a run as a few hundred points: enough for any screen, small enough to store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.engine.metrics.drawdown import drawdown_series

if TYPE_CHECKING:
    from memesnipe_cli.engine.backtest import Backtest
    from memesnipe_cli.engine.model import Float64

POINTS = 400
_DIGITS = 8


@dataclass(frozen=True)
class Curves:
    """Lists of one length, ascending in time; the first point is the capital before the first bar.

    ts: ms UTC; equity and buy_and_hold: the last marks of each stretch; drawdown: the worst of the stretch,
    as a share of the high before it.
    """

    ts: list[int]
    equity: list[float]
    buy_and_hold: list[float]
    drawdown: list[float]

    def as_dict(self) -> dict[str, Any]:
        """What is stored."""
        return asdict(self)

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Curves:
        """The curves of a stored run; empty lists for one that was stored without."""
        return Curves(*(list(stored.get(name, ())) for name in ("ts", "equity", "buy_and_hold", "drawdown")))


def curves(backtest: Backtest, shares: Float64 | None = None) -> Curves:
    """At most POINTS stretches of about the same number of bars. `shares` is the drawdown at each mark, where
    the caller has it already."""
    start = float(backtest.capital)
    bars = len(backtest.close_ms)
    if shares is None:
        shares = drawdown_series(backtest.equity, start)
    firsts = np.unique(np.linspace(0, bars, min(POINTS, bars), endpoint=False).astype(np.int64))
    if bars == 0:
        return Curves([backtest.since_ms], [start], [start], [0.0])
    lasts = np.append(firsts[1:], bars) - 1
    return Curves(
        ts=[backtest.since_ms, *backtest.close_ms[lasts].tolist()],
        equity=_rounded(start, backtest.equity[lasts]),
        buy_and_hold=_rounded(start, backtest.buy_and_hold[lasts]),
        drawdown=_rounded(0.0, np.maximum.reduceat(shares, firsts)),
    )


def _rounded(first: float, rest: Float64) -> list[float]:
    return [first, *np.round(rest, _DIGITS).tolist()]
