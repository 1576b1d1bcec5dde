"""What a drill trades: a market that falls, strategies that buy into it, a profile that lets them buy enough.

Symbol FALL/USD is bought at once and held while it falls by 0.4 % of its first price a bar, through all tiers. Symbol
TRY/USD is cheap for one bar between WARNING and HALT, and again after HALT: somebody then wants to buy it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from memesnipe_cli.clock import format_time, parse_time
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import SIMULATED_VENUE, Candles, Float64, Instrument, SeriesKey

BASE_MS = 300_000
CAPITAL = 10_000
FEE = 0.001
HALF_SPREAD = 0.0005
TIERS = {"WARNING": 0.03, "HALT": 0.05, "EMERGENCY": 0.10}
FALLING, TRIED = "FALL/USD", "TRY/USD"
_WARM_BARS = 300  # a day and more, for strategies ask what was traded in a day
_FLAT_BARS = 6
_FALLING_BARS = 40
_START = parse_time("2025-01-06T00:00:00Z")
_CHEAP_ONCE = 17  # bar of the tape: after WARNING, before HALT
_CHEAP_AGAIN = 25  # from then on: after HALT

STRATEGIES = '''"""The strategies of the breaker drill."""

from typing import Any

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal


class Holder(Strategy):
    """Buys what is dear and holds it, with a stop far below."""

    name = "holder"
    timeframe = "5m"

    @staticmethod
    def warm_up(p: Any) -> int:
        return 300

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.5)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        return signal(enter=1 if bar.close > 50.0 else 0, stop=0.5 * bar.close)


class Trier(Strategy):
    """Buys a little of the other symbol whenever it is cheap, for two bars."""

    name = "trier"
    timeframe = "5m"

    @staticmethod
    def warm_up(p: Any) -> int:
        return 300

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.02, max_bars=2)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        return signal(enter=1 if bar.close < 9.95 else 0, stop=0.5 * bar.close)
'''

PROFILE = f"""description = "The breaker drill: simulated money in a folder of its own"

[account]
venue = "{SIMULATED_VENUE}"
capital = {CAPITAL}

[limits]
trade_share = 0.9
strategy_share = 1.0
symbol_share = 1.0
cluster_share = 1.0
max_order = 1000000
max_cost_share = 1.0
allow_looser = true

[breaker]
warning = {TIERS["WARNING"]}
halt = {TIERS["HALT"]}
emergency = {TIERS["EMERGENCY"]}
daily_warning = 0.9
daily_halt = 0.9
strategy_halt = 0.9
lifetime_halt = 0.9
allow_looser = true

[adaptive]
enabled = false

[costs]
half_spread = {HALF_SPREAD}

[venues.{SIMULATED_VENUE}]
taker_fee = {FEE}
half_spread = {HALF_SPREAD}
min_notional = 1
"""


@dataclass(frozen=True)
class Scene:
    """A drill's folder. closes: symbol -> (open of a bar as text, its close), the traded bars in order."""

    store: Path
    profile: Path
    strategies: Path
    since: str
    closes: dict[str, list[tuple[str, float]]]

    def options(self) -> list[str]:
        """The global options that name store and profile."""
        return ["--store", str(self.store), "--profile", str(self.profile)]

    def trade(self, account: str, bars_per_second: float) -> list[str]:
        """The command line that trades, without the program."""
        return [
            *self.options(), "--jsonl", "trade", "--strategy", f"{self.strategies}:Holder",
            "--strategy", f"{self.strategies}:Trier", "--symbol", FALLING, "--symbol", TRIED,
            "--since", self.since, "--account", account, "--speed", f"{bars_per_second:g}",
        ]  # fmt: skip


def set_scene(folder: Path) -> Scene:
    """Write store, strategies and profile of a drill into an empty folder."""
    store = Store(folder / "store")
    begin = _START + _WARM_BARS * BASE_MS
    ts = _START + BASE_MS * np.arange(_WARM_BARS + _FLAT_BARS + _FALLING_BARS, dtype=np.int64)
    bar = np.arange(len(ts)) - _WARM_BARS  # of the tape
    prices = {
        FALLING: np.round(100.0 - 0.4 * np.maximum(0, bar - _FLAT_BARS + 1), 2),
        TRIED: np.where((bar == _CHEAP_ONCE) | (bar >= _CHEAP_AGAIN), 9.9, 10.0),
    }
    for symbol, close in prices.items():
        _write(store, symbol, ts, close)
    profile, strategies = folder / "drill.toml", folder / "drill_strategies.py"
    profile.write_text(PROFILE, encoding="utf-8")
    strategies.write_text(STRATEGIES, encoding="utf-8")
    times = [format_time(int(each)) for each in ts[_WARM_BARS:]]
    closes = {
        symbol: list(zip(times, close[_WARM_BARS:].tolist(), strict=True)) for symbol, close in prices.items()
    }
    return Scene(store.root, profile, strategies, format_time(begin), closes)


def _write(store: Store, symbol: str, ts: np.ndarray, close: Float64) -> None:
    opening = np.concatenate([close[:1], close[:-1]])
    volume = np.full(len(ts), 1_000_000.0)
    high, low = np.maximum(opening, close), np.minimum(opening, close)
    key = SeriesKey(SIMULATED_VENUE, symbol, "5m")
    store.lake.write_candles(Candles(key, ts, opening, high, low, close, volume), source="simulate drill")
    store.lake.write_instrument(
        Instrument(SIMULATED_VENUE, symbol, tick="0.01", lot="0.001", min_notional="1", source="venue")
    )
