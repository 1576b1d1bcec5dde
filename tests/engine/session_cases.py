"""A small market and a strategy that trades it at every turn, for the tests of the paper session.

Three instruments: a coin that is delisted in the middle, a thin one with holes and bars without volume, and a
perpetual with funding that may be sold short.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from memesnipe_cli.clock import parse_time
from memesnipe_cli.engine.backtest import Backtest, BacktestRequest, run_backtest
from memesnipe_cli.engine.session import SessionRequest, SessionRun, run_session
from memesnipe_cli.profile import Account, Costs, Limits, Profile, Venue
from memesnipe_cli.profile_risk import Breaker, Recovery
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, FundingRates, Instrument, SeriesKey
from memesnipe_cli.strategies.registry import LoadedStrategy, load

START = parse_time("2025-03-01T20:00:00Z")
BASE_MS = 300_000
VENUE = "kraken"
SYMBOLS = ["AAA/USD", "BBB/USD", "CCC/USD:USD"]

PROFILE = Profile(
    account=Account(capital=Decimal(10_000), venue=VENUE),
    limits=Limits(
        trade_share=0.2,
        strategy_share=0.8,
        symbol_share=0.5,
        cluster_share=1.0,
        max_order=Decimal(10_000),
        max_cost_share=1.0,
        min_notional_margin=0.0,
        allow_looser=True,
    ),
    breaker=Breaker(
        warning=0.002,
        halt=0.006,
        emergency=0.012,
        daily_warning=0.01,
        daily_halt=0.012,
        strategy_halt=0.008,
        allow_looser=True,
    ),
    recovery=Recovery(
        cool_off_hours=0.2, stage_trades=3, stage_hours=0.5, assumed_reset_hours=0.3, allow_looser=True
    ),
    costs=Costs(half_spread=0.0002, volume_share=0.05),
    venues={"default": Venue(taker_fee=0.0004, min_notional=Decimal(1))},
)

STRATEGY = '''
from typing import Any

from memesnipe_cli.engine.model import ExitPlan
from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.signal import Signal, signal


class Eager(Strategy):
    """Enters and leaves by the last digits of a running sum of closes: one ulp in it changes everything."""

    name = "eager"
    timeframe = "5m"
    tags = {{1: "up", 2: "down"}}

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def warm_up(p: Any) -> int:
        return 5

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(
            risk_share=0.01, target_r=1.0, target_share=0.5, trail_r=1.0, max_bars=9, units=3, step_r=0.3,
            skip_tag=1,
        )

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        s[0] += bar.close
        if bar.ts == {nudged_ts}:
            s[0] += s[0] * 2.3e-16
        digits = int(s[0] * 1.2345678e13) % 64
        exits = 1 if digits % 8 == 7 else (2 if digits % 8 == 6 else 0)
        if digits < 20:
            return signal(enter=1, tag=1, exits=exits, stop=0.012 * bar.close, score=s[0])
        if digits < 32:
            return signal(enter=-1, tag=2, exits=exits, stop=0.012 * bar.close, score=s[0])
        return signal(exits=exits)


class Rival(Strategy):
    """A slower one that wants the same coins."""

    name = "rival"
    timeframe = "15m"
    tags = {{1: "up"}}

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.005, max_bars=4)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        return signal(enter=1 if int(bar.ts) // 900_000 % 5 == 0 else 0, stop=0.03 * bar.close)
'''


def strategies(folder: Path, *names: str, nudged_ts: int = -1) -> list[LoadedStrategy]:
    """Eager (and Rival) from a file; with `nudged_ts` one ulp is added to Eager's sum at that bar."""
    path = folder / f"own_{nudged_ts}.py"
    path.write_text(STRATEGY.format(nudged_ts=nudged_ts), encoding="utf-8")
    return [load(f"{path}:{name}") for name in names or ("Eager", "Rival")]


def bars(symbol: str, count: int, seed: int) -> Candles:
    """A wandering price; BBB has holes and bars in which nobody trades."""
    rng = Random(f"{symbol} {seed}")
    price, rows = 1.0, []
    for number in range(count):
        opening = price * (1 + rng.gauss(0, 0.002))
        price = max(0.2, min(5.0, opening * (1 + rng.gauss(0, 0.008))))
        high = max(opening, price) * (1 + abs(rng.gauss(0, 0.004)))
        low = min(opening, price) * (1 - abs(rng.gauss(0, 0.004)))
        volume = 0.0 if rng.random() < 0.06 else rng.choice([2_000.0, 30_000.0, 500_000.0])
        if symbol == "BBB/USD" and (rng.random() < 0.08 or 60 <= number < 66):
            continue
        prices = [round(each, 4) for each in (opening, high, low, price)]
        rows.append((START + number * BASE_MS, *prices, volume))
    columns = list(zip(*rows, strict=True))
    return Candles(
        SeriesKey(VENUE, symbol, "5m"),
        np.array(columns[0], dtype=np.int64),
        *(np.array(column, dtype=np.float64) for column in columns[1:]),
    )


def market(count: int, seed: int = 2) -> list[Candles]:
    """All three series; AAA ends after two thirds."""
    found = [bars(symbol, count, seed) for symbol in SYMBOLS]
    end = START + count * 2 // 3 * BASE_MS
    return [part(found[0], None, end), *found[1:]]


def part(candles: Candles, since_ms: int | None, until_ms: int | None) -> Candles:
    """The bars that open in [since, until)."""
    first = 0 if since_ms is None else int(np.searchsorted(candles.ts, since_ms))
    end = len(candles) if until_ms is None else int(np.searchsorted(candles.ts, until_ms))
    names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
    return replace(candles, **{name: getattr(candles, name)[first:end] for name in names})


def stored(root: Path, series: list[Candles], count: int) -> Store:
    """A store that holds these series, with terms and funding for `count` bars."""
    store = Store(root)
    for candles in series:
        store.lake.write_candles(candles, source="test")
        symbol = candles.key.symbol
        store.lake.write_instrument(
            Instrument(
                VENUE,
                symbol,
                tick="0.0001",
                lot="0.1",
                min_notional="1",
                perpetual=":" in symbol,
                source="venue",
                delisted_ms=START + count * 2 // 3 * BASE_MS if symbol == "AAA/USD" else None,
            )
        )
    times = START + BASE_MS * np.arange(0, count, 7, dtype=np.int64)
    rates = np.where(np.arange(len(times)) % 3 == 0, -0.0007, 0.0011)
    store.lake.write_funding(
        FundingRates(VENUE, SYMBOLS[2], times, rates, np.full(len(times), 7 * BASE_MS)), source="test"
    )
    return store


def session_request(store: Store, chosen: list[LoadedStrategy], **changes: Any) -> SessionRequest:
    """A session on these symbols that acknowledges halts like a backtest; `changes` are fields of SessionRequest."""
    plain = SessionRequest(
        strategies=chosen,
        symbols=SYMBOLS,
        venue=VENUE,
        since_ms=None,
        until_ms=None,
        capital=Decimal(10_000),
        profile=PROFILE,
        store=store,
        cache_dir=store.root / "cache",
        assume_resets=True,
    )
    return replace(plain, **changes)


def traded(request: SessionRequest, **changes: Any) -> SessionRun:
    """Run the session."""
    return run_session(replace(request, **changes))


def backtested(request: SessionRequest, **changes: Any) -> Backtest:
    """The backtest of the same, in plain Python."""
    return run_backtest(
        BacktestRequest(
            strategies=request.strategies,
            symbols=request.symbols,
            venue=request.venue,
            since_ms=request.since_ms,
            until_ms=request.until_ms,
            capital=request.capital,
            assume={},
            profile=request.profile,
            store=request.store,
            cache_dir=request.cache_dir,
            piped=request.piped,
            compiled=False,
            **changes,
        )
    )


def trade_lines(store: Store, account: str = "paper") -> list[dict[str, Any]]:
    """The bodies of the `trade` lines of the open session."""
    found: list[dict[str, Any]] = []
    for entry in store.journal(account).entries():
        if entry.kind == "session":
            found = []
        elif entry.kind == "trade":
            found.append(entry.body)
    return found
