"""Whether the bars that a session saw are those that the store holds: bar by bar, by their digests."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np

from memesnipe_cli.engine.dataset import Dataset
from memesnipe_cli.engine.live_series import bar_digest
from memesnipe_cli.engine.shadow_seen import Seen

MISSED, OTHER, NOT_STORED = "feed gap", "other bar data", "not in the store"
_WORDS = {
    MISSED: "feed gap: this bar did not come in",
    OTHER: "other bar data than the store has",
    NOT_STORED: "the store has no such bar",
}


@dataclass
class BarDifferences:
    """`apart`: by symbol and bar, what is not the same; same: how many bars are. Of a session that kept no notes of its
    bars (a replay) nothing is known: both are empty."""

    same: int = 0
    apart: dict[str, dict[int, str]] = field(default_factory=dict)

    def count(self, what: str) -> int:
        """How many bars differ in this way."""
        return sum(list(bars.values()).count(what) for bars in self.apart.values())

    def at(self, symbol: str, bar_ms: int) -> str:
        """What is not the same at one bar, in words; empty where nothing is known to differ."""
        return _WORDS.get(self.apart.get(symbol, {}).get(bar_ms, ""), "")

    def before(self, bar_ms: int) -> int | None:
        """The first bar of any symbol that differs, if it lies before this one."""
        first = min((next(iter(bars)) for bars in self.apart.values() if bars), default=None)
        return first if first is not None and first < bar_ms else None

    def between(self, symbol: str, first_ms: int, *ends_ms: int) -> str:
        """The first difference of a symbol's bars from first_ms to the last of the ends, in words."""
        bars = list(self.apart.get(symbol, {}))
        place = bisect_left(bars, first_ms)
        inside = place < len(bars) and bars[place] <= max(ends_ms)
        return self.at(symbol, bars[place]) if inside else ""


def compare_bars(seen: Seen, dataset: Dataset) -> BarDifferences:
    """Every bar from the session's beginning to its last, in order of time."""
    found = BarDifferences()
    if not seen.bars:
        return found
    for item in dataset.series:
        candles, symbol = item.candles, item.terms.symbol
        begin = int(np.searchsorted(candles.ts, dataset.begin_ms))
        stored = {
            ts: bar_digest(*prices)
            for ts, *prices in zip(
                candles.ts[begin:].tolist(),
                candles.open[begin:].tolist(),
                candles.high[begin:].tolist(),
                candles.low[begin:].tolist(),
                candles.close[begin:].tolist(),
                candles.volume[begin:].tolist(),
                strict=True,
            )
        }
        came = {ts: bars[symbol] for ts, bars in seen.bars.items() if symbol in bars}
        apart = {}
        for ts in sorted(stored.keys() | came.keys()):
            if ts not in came:
                apart[ts] = MISSED
            elif ts not in stored:
                apart[ts] = NOT_STORED
            elif stored[ts] != came[ts]:
                apart[ts] = OTHER
            else:
                found.same += 1
        found.apart[symbol] = apart
    return found
