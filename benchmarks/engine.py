"""How near the engine is to its limit, as ratios measured in one run. Prints; asserts nothing.

    python benchmarks/engine.py [--bars 525600] [--repeat 5]

The yardstick is a hand-written single-pass numba loop of the same rules for one long-only instrument: entry at the next
open inside a limit, stop, half out at a target, trail, time stop, fees, spread and impact, an equity curve and a list
of trades. It is given the same signals.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
from numba import njit

from memesnipe_cli.engine import run as engine_run
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput, EntryRows, ExitPlan, Rules, SignalTape, Slot, Tape, Terms
from memesnipe_cli.engine.signals import BaseBars, _module
from memesnipe_cli.strategies.registry import load

BASE_MS = 300_000
CACHE = engine_run.default_cache_dir()
RULES = Rules(Decimal(200))
PLAN = ExitPlan(target_r=2.0, target_share=0.5, trail_r=1.5, max_bars=24)


def bars(count: int, seed: int) -> dict[str, Any]:
    """A random walk with a few large moves; prices on a tick of 0.01."""
    rng = np.random.default_rng(seed)
    close = np.round(1000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.003, count))) + 1.0, 2)
    open_ = np.concatenate([[1000.0], close[:-1]])
    high = np.round(np.maximum(open_, close) * (1 + rng.random(count) * 0.002), 2)
    low = np.round(np.minimum(open_, close) * (1 - rng.random(count) * 0.002), 2)
    return {
        "ts": np.arange(1, count + 1, dtype=np.int64) * BASE_MS,
        "open": open_, "high": high, "low": low, "close": close, "volume": rng.random(count) * 1e4 + 1e3,
    }  # fmt: skip


def engine_case(
    count: int, instruments: int, entries: int, strategies: int = 1
) -> tuple[EngineInput, SignalTape]:
    """`entries` signals an instrument and strategy, evenly at random."""
    tapes = [bars(count, seed) for seed in range(instruments)]
    prices = [np.stack([tape[name] for name in ("open", "high", "low", "close")], axis=1) for tape in tapes]
    ticks = np.ascontiguousarray(np.rint(np.stack(prices, axis=1) / 0.01).astype(np.int64))
    volume = np.ascontiguousarray(np.stack([tape["volume"] for tape in tapes], axis=1))
    slots = [Slot(s, i) for s in range(strategies) for i in range(instruments)]
    flags = np.full((count, len(slots)), 128, dtype=np.uint8)
    rows = []
    for column, slot in enumerate(slots):
        index = np.sort(np.random.default_rng(column).choice(count, entries, replace=False)).astype(np.int64)
        flags[index, column] |= 1
        zeros, ones = np.zeros(entries), np.ones(entries, dtype=np.int64)
        stop = tapes[slot.instrument]["close"][index] * 0.03
        rows.append(EntryRows(index, ones, ones, stop, zeros, zeros.astype(np.int64), zeros, zeros))
    terms = [
        Terms("sim", f"X{i}/USD", f"X{i}", Decimal("0.01"), Decimal("0.00001"), Decimal("0.001"), 0.0005)
        for i in range(instruments)
    ]
    tape = Tape(BASE_MS, tapes[0]["ts"], ticks, volume, np.zeros((0, instruments), dtype=np.int64))
    inputs = EngineInput(tape, terms, [PLAN] * strategies, [BASE_MS] * strategies, slots, RULES)
    return inputs, SignalTape(flags, rows)


@njit(cache=True)
def yardstick(ticks, volume, flags, row_index, row_stop, equity, trades):  # type: ignore[no-untyped-def]
    """The same rules by hand: one instrument, long only, everything in local variables."""
    cash, lots, stop, target, target_lots, best, trail, entry = 200.0, 0, 0, 0, 0, 0, 0, 0
    wait, wait_limit, wait_stop, leave, row, count, flow = 0, 0, 0, 0, 0, 0, 0.0
    value, fee_rate, spread = 0.01 * 0.00001, 0.001, 0.0005
    for t in range(ticks.shape[0]):
        if lots > 0 or wait > 0:
            open_, high, low, close, traded = ticks[t, 0], ticks[t, 1], ticks[t, 2], ticks[t, 3], volume[t]
            spread_of_bar = (high - low) / open_ / 1.6651
            room = math.floor(traded * 0.05 / 0.00001)
            sold, price, extra = 0, 0, 0.0
            if leave > 0 and lots > 0:
                sold, price = min(lots, room), open_
            if wait > 0:
                bought = min(wait, room)
                impact = spread_of_bar * math.sqrt(bought * 0.00001 / traded)
                paid = math.ceil(open_ * (1.0 + spread + impact) - 1e-6)
                if paid <= wait_limit and bought > 0:
                    cost = bought * paid * value
                    cash -= cost * (1.0 + fee_rate)
                    flow = -cost * (1.0 + fee_rate)
                    lots, stop, best, entry = bought, paid - wait_stop, paid, t
                    target, target_lots, trail = paid + 2 * wait_stop, bought // 2, wait_stop + wait_stop // 2
                wait = 0
            if lots > 0 and leave == 0:
                if target > 0 and open_ >= target:
                    sold, price = target_lots, open_
                    target = 0
                elif low <= stop:
                    sold, price, extra = lots, min(open_, stop), 0.0005
                elif target > 0 and high > target:
                    sold, price = target_lots, target
                    target = 0
                if high > best:
                    best = high
                    stop = max(stop, best - trail)
            if sold > 0:
                impact = spread_of_bar * math.sqrt(sold * 0.00001 / traded)
                got = math.floor(price * (1.0 - spread - impact - extra) + 1e-6)
                income = sold * got * value * (1.0 - fee_rate)
                cash += income
                flow += income
                lots -= sold
                if lots == 0:
                    trades[count, 0], trades[count, 1], trades[count, 2] = entry, t, flow
                    count += 1
                    leave = 0
            equity[t] = cash + lots * close * value * (1.0 - spread) * (1.0 - fee_rate)
            if lots > 0 and t - entry >= 23:
                leave = 1
        else:
            equity[t] = cash
        if flags[t] & 3:
            if lots == 0 and wait == 0:
                close, stop_price = ticks[t, 3], row_stop[row]
                wait_limit = math.floor(close * 1.005)
                quantity = min(
                    equity[t] * 0.005 / stop_price, equity[t] * 0.02 / (wait_limit * 0.01), volume[t] * 0.01
                )
                cost = 2.0 * (fee_rate + spread)
                if cost <= 0.25 * stop_price / (close * 0.01):
                    wait = math.floor(quantity / 0.00001)
                    wait_stop = math.ceil(stop_price / 0.01)
            row += 1
    return count


def best_of(function: Callable[[], object], repeat: int) -> float:
    """The least CPU seconds of some runs: the machine's noise only adds."""
    found = []
    for _ in range(repeat):
        begin = time.process_time()
        function()
        found.append(time.process_time() - begin)
    return min(found)


def time_engine(inputs: EngineInput, signals: SignalTape, repeat: int) -> float:
    """CPU seconds of the compiled loop alone (the packing of arrays around it is left out)."""
    kernel = engine_run.kernel(True, CACHE)
    spent = [0.0]
    inner = kernel.run_tape

    def timed(*arguments: Any) -> Any:
        begin = time.process_time()
        result = inner(*arguments)
        spent[0] += time.process_time() - begin
        return result

    kernel.run_tape = timed
    found = []
    for _ in range(repeat):
        spent[0] = 0.0
        engine_run.simulate(inputs, signals, cache_dir=CACHE)
        found.append(spent[0])
    kernel.run_tape = inner
    return min(found)


def show(what: str, seconds: float, bars_done: int, ratio: float | None = None, wanted: str = "") -> None:
    said = f"{what:<58} {bars_done / seconds / 1e6:8.1f} M bars/s"
    print(said + (f"   ratio {ratio:5.2f}  (wanted {wanted})" if ratio is not None else ""))


def engine_against_yardstick(count: int, repeat: int) -> None:
    for entries in (200, 2000):
        inputs, signals = engine_case(count, 1, entries)
        ticks, volume = inputs.tape.ticks[:, 0, :].copy(), inputs.tape.volume[:, 0].copy()
        flags, rows = signals.flags[:, 0].copy(), signals.rows[0]
        equity, trades = np.empty(count), np.empty((entries, 3))

        def hand() -> object:
            return yardstick(ticks, volume, flags, rows.index, rows.stop, equity, trades)  # noqa: B023

        made = hand()
        by_hand = ours = math.inf
        for _ in range(repeat):
            by_hand = min(by_hand, best_of(hand, 3))
            ours = min(ours, time_engine(inputs, signals, 3))
        show(f"yardstick by hand, {entries} signals, {made} trades", by_hand, count)
        events = engine_run.simulate(inputs, signals, cache_dir=CACHE).events
        closed = int(np.sum(events[:, layout.KIND] == layout.ENTRY_FILL))
        show(f"engine, {entries} signals, {closed} trades", ours, count, by_hand / ours, ">= 0.50")
    inputs, signals = engine_case(count, 20, 200)
    twenty = time_engine(inputs, signals, repeat)
    one = time_engine(*engine_case(count, 1, 200), repeat)
    show(
        "engine, 20 instruments on one account",
        twenty,
        20 * count,
        20 * one / twenty,
        ">= 0.25 of one, per bar",
    )


def linear(count: int, repeat: int) -> None:
    print("\nlinear? time over the time of 1x")
    base = max(count // 8, 10_000)
    for what, cases in (
        ("bars", [engine_case(base * n, 1, 25 * n) for n in (1, 2, 4, 8)]),
        ("instruments", [engine_case(base, n, 25) for n in (1, 2, 4, 8)]),
        ("strategies", [engine_case(base, 2, 25, strategies=n) for n in (1, 2, 4, 8)]),
    ):
        times = [time_engine(inputs, signals, repeat) for inputs, signals in cases]
        print(
            f"  {what:<12}"
            + "  ".join(f"{n}x {t / times[0]:5.2f}" for n, t in zip((1, 2, 4, 8), times, strict=True))
        )


@njit(cache=True)
def indicators_by_hand(ts, high, low, close, volume, out):  # type: ignore[no-untyped-def]
    """momentum_5m's features with local variables and plain arrays: EWMA volatility, ATR, hourly EMAs, channel,
    median of the volume at this time of day."""
    count = close.shape[0]
    highs, volumes, ranked = np.zeros(48), np.zeros((288, 20)), np.zeros((288, 20))
    seen, place = np.zeros(288, np.int64), np.zeros(288, np.int64)
    variance, average, fast, slow = 0.0, 0.0, close[0], close[0]
    for i in range(1, count):
        r = math.log(close[i] / close[i - 1])
        variance = 0.94 * variance + 0.06 * r * r
        span = max(high[i], close[i - 1]) - min(low[i], close[i - 1])
        average = (average * 13.0 + span) / 14.0
        if (ts[i] + 300000) % 3600000 == 0:
            fast += 2.0 / 13.0 * (close[i] - fast)
            slow += 2.0 / 49.0 * (close[i] - slow)
        top = 0.0
        for k in range(48):
            top = max(top, highs[k])
        highs[i % 48] = high[i]
        slot = ts[i] % 86400000 // 300000
        n = seen[slot]
        usual = math.nan
        if n == 20:
            usual = (ranked[slot, 9] + ranked[slot, 10]) / 2.0
            gone = 0
            while ranked[slot, gone] != volumes[slot, place[slot]]:
                gone += 1
            for k in range(gone, 19):
                ranked[slot, k] = ranked[slot, k + 1]
            n = 19
        k = n
        while k > 0 and ranked[slot, k - 1] > volume[i]:
            ranked[slot, k] = ranked[slot, k - 1]
            k -= 1
        ranked[slot, k] = volume[i]
        volumes[slot, place[slot]] = volume[i]
        place[slot] = (place[slot] + 1) % 20
        seen[slot] = n + 1
        m = 0.0
        if i > 12 and variance > 0.0:
            m = math.log(close[i] / close[i - 12]) / (math.sqrt(variance) * math.sqrt(12.0))
        out[i] = m >= 1.0 and close[i] > top and fast > slow and volume[i] >= 1.5 * usual and average > 0.0


def signals_against_hand(count: int, repeat: int) -> None:
    data = bars(count, 1)
    out = np.zeros(count, dtype=np.bool_)
    strategy = load("momentum_5m")
    module = _module(strategy, CACHE, "compiled")
    from memesnipe_cli.engine.signals import SignalScanner

    empty = np.empty(0)
    columns = [data[name] for name in ("ts", "open", "high", "low", "close", "volume")]
    whole = BaseBars(BASE_MS, *columns, empty, empty.astype(np.int64), empty)
    scanner = SignalScanner(strategy, CACHE)
    spent = [0.0]
    inner = module.scan_bars

    def timed(*arguments: Any) -> Any:
        begin = time.process_time()
        result = inner(*arguments)
        spent[0] += time.process_time() - begin
        return result

    def by_hand() -> None:
        indicators_by_hand(data["ts"], data["high"], data["low"], data["close"], data["volume"], out)

    by_hand()
    scanner.scan(whole)
    module.scan_bars = timed
    ours, hand = [], []
    for _ in range(repeat):
        spent[0] = 0.0
        scanner.scan(whole)
        ours.append(spent[0])
        hand.append(best_of(by_hand, 1))
    module.scan_bars = inner
    print()
    show("momentum_5m's features by hand", min(hand), count)
    show("momentum_5m's signals", min(ours), count, min(hand) / min(ours), "a line of their own")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{arguments.bars} bars; CPU time, best of {arguments.repeat}\n")
    engine_against_yardstick(arguments.bars, arguments.repeat)
    linear(arguments.bars, arguments.repeat)
    signals_against_hand(arguments.bars, arguments.repeat)


if __name__ == "__main__":
    main()
