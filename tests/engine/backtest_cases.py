"""Backtests made by hand, for the tests of what a result says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from memesnipe_cli.clock import parse_time
from memesnipe_cli.engine.backtest import Backtest, Coverage, Refusals
from memesnipe_cli.engine.trades import TradeRecord

HOUR = 3_600_000
SINCE = parse_time("2025-03-01")

TRADE = TradeRecord(
    strategy="momentum_5m",
    venue="kraken",
    symbol="DOGE/USD",
    side="long",
    qty=Decimal("20"),
    entry_ms=SINCE + HOUR,
    entry_price=Decimal("0.2"),
    entry_reason="breakout",
    exit_ms=SINCE + 3 * HOUR,
    exit_price=Decimal("0.21"),
    exit_reason="target+time",
    fees=Decimal("0.05"),
    slippage=Decimal("0.01"),
    funding=Decimal("0"),
    pnl=Decimal("0.15"),
    notional=Decimal("4"),
    risk=Decimal("0.1"),
    cap="trade",
    units=1,
)
COVERAGE = Coverage(
    venue="kraken",
    symbol="DOGE/USD",
    timeframe="1h",
    bars=4,
    expected=5,
    gaps=1,
    longest_gap_bars=1,
    synthetic=0,
    simulated=False,
    first_ms=SINCE,
    last_ms=SINCE + 4 * HOUR,
)

TERMS = {
    "venue": "kraken",
    "symbol": "DOGE/USD",
    "tick": "0.0001",
    "lot": "1",
    "taker_fee": 0.006,
    "half_spread": 0.0005,
    "min_notional": "1",
    "stop_limit": None,
    "shortable": False,
}


def trade(pnl: str, **changes: Any) -> TradeRecord:
    """A closed trade with this profit."""
    return replace(TRADE, pnl=Decimal(pnl), **changes)


def refusals(code: str, count: int, *, fee: float | None = None) -> Refusals:
    """Entries of momentum_5m refused for one reason."""
    return Refusals("momentum_5m", "kraken", "DOGE/USD", code, count, fee)


def backtest(equity: list[float] | None = None, **changes: Any) -> Backtest:
    """A run of momentum_5m over hourly bars from 200; `equity` are its marks at the closes."""
    marks = np.array([200.0, 201.0, 199.0, 200.5] if equity is None else equity)
    bars = len(marks)
    plain = Backtest(
        run="r0123456789abcdef",
        strategies=[
            {
                "name": "momentum_5m",
                "params": {"fast": 12},
                "timeframe": "1h",
                "family": "momentum",
                "compiled": True,
            }
        ],
        symbols=["DOGE/USD"],
        venues=["kraken"],
        since_ms=SINCE,
        until_ms=SINCE + bars * HOUR,
        base_timeframe="1h",
        bars=bars,
        capital=Decimal(200),
        currency="USD",
        trades=[],
        open_trades=[],
        signals=0,
        refusals=[],
        missed={},
        orders=0,
        close_ms=SINCE + HOUR * np.arange(1, bars + 1, dtype=np.int64),
        equity=marks,
        held=np.zeros(bars),
        buy_and_hold=np.linspace(199.0, 210.0, bars),
        assumptions={"trade_share": 0.02, "replaced": [], "instruments": [TERMS], "funding": [False]},
        coverage=[COVERAGE],
        warnings=[],
        breaker=[],
        assumed_reset_ms=12 * HOUR,
    )
    return replace(plain, **changes)
