"""Funding: intervals measured from the times, bad rates set aside, a venue's history fetched and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memesnipe_cli.clock import HOUR_MS, MINUTE_MS
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import open_venue
from memesnipe_cli.market.funding_fetch import fetch_funding
from memesnipe_cli.market.funding_ingest import store_funding
from memesnipe_cli.market.intervals import measured_intervals, settled_times
from memesnipe_cli.store.store import Store

START = 1_735_689_600_000
SYMBOL = "WIF/USDC:USDC"


def hours(*steps: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return START + np.cumsum([0, *steps]).astype(np.int64) * HOUR_MS


@pytest.mark.parametrize(
    ("steps", "intervals"),
    [
        ((1, 1, 1), (1, 1, 1, 1)),
        ((8, 8, 1, 1), (8, 8, 8, 1, 1)),
        ((1, 1, 8, 8), (1, 1, 1, 8, 8)),
        ((1, 1, 5, 1, 1), (1, 1, 1, 1, 1, 1)),
        ((4, 4, 8), (4, 4, 4, 4)),
    ],
)
def test_a_missing_settlement_is_no_long_interval_and_a_new_schedule_is(
    steps: tuple[int, ...], intervals: tuple[int, ...]
) -> None:
    assert (measured_intervals(hours(*steps)) // HOUR_MS).tolist() == list(intervals)


def test_jitter_is_taken_off_and_late_settlements_still_close_whole_hours() -> None:
    jittered = hours(1, 1, 1) + np.array([48, 0, 3_000, 140])
    assert settled_times(jittered).tolist() == hours(1, 1, 1).tolist()
    late = hours(1, 1, 1) + np.array([0, 14 * MINUTE_MS, 0, 0])
    assert set(measured_intervals(settled_times(late)).tolist()) == {HOUR_MS}


def test_rates_minutes_apart_are_predictions_and_refused() -> None:
    with pytest.raises(DataError, match="predictions"):
        measured_intervals(START + np.arange(10, dtype=np.int64) * MINUTE_MS)


def test_bad_rates_are_set_aside_and_the_rest_stored(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ts = hours(1, 1, 1, 1, 1, 1)
    ts[6] = ts[5]
    rate = np.array([0.0001, float("nan"), 0.5, 0.0002, 0.0003, 0.0004, 0.0005])
    report = store_funding(
        store, "hyperliquid", SYMBOL, ts, rate, source="venue hyperliquid", content_hash=""
    )
    assert report.added == 3
    assert report.set_aside == 4
    reasons = [row["reason"] for row in store.lake.set_aside_rows()]
    assert sorted(reason.split(":")[0] for reason in reasons) == [
        "another rate has the same time",
        "another rate has the same time",
        "the rate is beyond 25% an interval",
        "the rate is missing, NaN or infinite",
    ]
    assert store.lake.read_funding("hyperliquid", SYMBOL).rate.tolist() == [0.0001, 0.0002, 0.0003]


def test_a_venues_history_is_paged_and_resumed_at_its_end(tmp_path: Path) -> None:
    store = Store(tmp_path)
    exchange = open_venue("hyperliquid", None, 1.0)
    asked: list[int] = []

    def history(symbol: str, since: int, limit: int) -> list[dict[str, Any]]:
        asked.append(since)
        exchange.last_json_response = [1]
        times = [ts for ts in hours(*[1] * 1199).tolist() if ts >= since][:limit]
        return [{"timestamp": ts + 48, "fundingRate": 0.0001} for ts in times]

    exchange.fetch_funding_rate_history = history
    caller = Caller(exchange, timeout_s=1.0, deadline=Deadline(20.0))
    report = fetch_funding(store, exchange, caller, SYMBOL, START, START + 1000 * HOUR_MS)
    assert (report.added, len(asked)) == (1000, 3)
    more = fetch_funding(store, exchange, caller, SYMBOL, START, START + 1199 * HOUR_MS)
    assert more.added == 199
    assert asked[3] > START + 997 * HOUR_MS


def test_a_venue_without_a_history_is_said_to_have_none(tmp_path: Path) -> None:
    exchange = open_venue("coinbase", None, 1.0)
    caller = Caller(exchange, timeout_s=1.0, deadline=Deadline(5.0))
    with pytest.raises(UsageError) as caught:
        fetch_funding(Store(tmp_path), exchange, caller, "BTC/USD:USD", START)
    assert "publishes no funding history" in caught.value.hint
