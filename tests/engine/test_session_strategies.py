"""The built-in strategies on a simulated market: the session makes the trades of the backtest, across restarts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from session_cases import backtested, session_request, traded

from memesnipe_cli.clock import parse_time
from memesnipe_cli.engine import signals
from memesnipe_cli.engine.replay import first_difference
from memesnipe_cli.engine.session import SessionRun
from memesnipe_cli.engine.trades import TradeRecord
from memesnipe_cli.market.simulated_ingest import ingest_simulation
from memesnipe_cli.profile import Limits, Profile, Venue
from memesnipe_cli.store.store import Store
from memesnipe_cli.strategies.registry import load

SYMBOLS = ["BTC/USD", "DOGE/USD", "WIF/USD"]
PROFILE = Profile(
    limits=Limits(trade_share=0.1, strategy_share=0.5, max_cost_share=1.0, allow_looser=True),
    venues={"default": Venue(taker_fee=Decimal("0.0005"))},  # type: ignore[arg-type]
)
# Shorter than they should be, so that a month is enough to warm up and to trade.
PARAMETERS = {
    "momentum_5m": {"volume_days": "3", "slow_hours": "24"},
    "mean_revert_1h": {"tests": "60", "rsi_entry": "40", "entry_z": "-1", "adx_max": "60", "ratio_max": "2"},
    "eth_breakout_momentum": {
        "fast": "5", "slow": "10", "fast_exit": "3", "slow_exit": "5", "regime_days": "3", "volatility_bars": "20",
        "volatility_rank": "1",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four weeks of three simulated coins."""
    made = Store(tmp_path_factory.mktemp("simulated") / "store")
    ingest_simulation(made, seed=7, days=28, start_ms=parse_time("2025-01-01"), symbols=SYMBOLS)
    return made


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_built_in_strategy_trades_as_it_was_tested(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch, kernel_folder: Path
) -> None:
    # So few bars of the past are scanned by compiled code, too: the stream goes on from where that left off.
    monkeypatch.setattr(signals, "FEW_BARS", 3_000)
    request = session_request(
        store,
        [load(name, PARAMETERS[name])],
        venue="sim",
        symbols=SYMBOLS,
        profile=PROFILE,
        account=name,
        cache_dir=kernel_folder,
    )
    rng, found = Random(3), list[TradeRecord]()
    done: SessionRun | None = None
    while done is None or done.stopped:
        left = rng.randint(1_000, 5_000)
        stops = iter([False] * left + [True] * 10_000)
        done = traded(request, should_stop=lambda stops=stops: next(stops))
        found += done.trades
    assert first_difference(replace(done, trades=found), backtested(request)) == ""
    assert len(found) >= 5
