"""`ingest simulate`: the simulated market into the lake, under a venue of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market.recording import candles_hash, record_ingest
from memesnipe_cli.market.report import IngestReport
from memesnipe_cli.market.simulate import instruments, simulate
from memesnipe_cli.market.simulate_parameters import DEFAULT_COINS, CoinSpec
from memesnipe_cli.store.tables import Candles

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store


def ingest_simulation(
    store: Store, *, seed: int, days: int, start_ms: int, symbols: Sequence[str] | None = None
) -> list[IngestReport]:
    """Simulate and store; a second run with the same arguments finds every bar identical.

    Raises UsageError for an unknown coin, or where the store holds a simulated market of another seed or
    start.
    """
    start_ms = clock.floor_to(start_ms, clock.DAY_MS)
    coins = _chosen(symbols)
    found = simulate(seed, days, start_ms, coins)
    for candles in found:
        _check_same_market(store, candles)
    source = f"simulate seed={seed} start={clock.format_time(start_ms)}"
    reports = []
    for candles in found:
        written = store.lake.write_candles(candles, source=source)
        record_ingest(
            store,
            candles.key,
            source=source,
            rows=len(candles),
            added=written.added,
            set_aside=0,
            content_hash=candles_hash(candles),
        )
        reports.append(
            IngestReport(
                source="SIMULATED",
                key=candles.key,
                candles=candles,
                rows=len(candles),
                added=written.added,
                identical=written.identical,
                conflicts=written.conflicts,
            )
        )
    for instrument in instruments(seed, days, start_ms, coins):
        store.lake.write_instrument(instrument)
    return reports


def _chosen(symbols: Sequence[str] | None) -> Sequence[CoinSpec]:
    if not symbols:
        return DEFAULT_COINS
    known = {coin.symbol: coin for coin in DEFAULT_COINS}
    for symbol in symbols:
        if symbol not in known:
            raise UsageError(f"no simulated coin {symbol!r}", f"there are: {', '.join(known)}")
    return [known[symbol] for symbol in dict.fromkeys(symbols)]


def _check_same_market(store: Store, candles: Candles) -> None:
    """Two simulated markets in one series would be neither; the second is refused."""
    try:
        stored = store.lake.read_candles(candles.key)
    except DataError:
        return
    common, here, there = np.intersect1d(candles.ts, stored.ts, assume_unique=True, return_indices=True)
    same = len(common) > 0 and all(
        np.array_equal(getattr(candles, name)[here], getattr(stored, name)[there])
        for name in ("open", "high", "low", "close", "volume")
    )
    if not same and len(stored):
        raise UsageError(
            f"the store already holds {candles.key} of another seed or start",
            "use the same --seed and --start, or another --store",
        )
