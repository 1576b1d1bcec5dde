"""Does the bar-by-bar session make the trades of the backtest, to the last digit? Every strategy there is, alone and
all together on one account, over a long tape with a gap, stopped and started again in mid-position.

python benchmarks/parity.py                            the simulated market, at least 100,000 base bars
python benchmarks/parity.py --data STORE --venue kraken
python benchmarks/parity.py --file binance:ETH/USDT:USDT:5m:/path/to/file.parquet [--file ...]

Nothing is written but into a folder of its own that is removed at the end. Costs and limits are loose on purpose: what
is compared are trades, and there must be some. Exit 1 where anything differs or could not be compared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from memesnipe_cli.audit.parity import first_other_score, scanned_scores
from memesnipe_cli.clock import DAY_MS, format_time, parse_time, timeframe_ms
from memesnipe_cli.engine.backtest import Backtest, BacktestRequest, run_backtest
from memesnipe_cli.engine.replay import first_difference
from memesnipe_cli.engine.session import SessionRequest, SessionRun, run_session
from memesnipe_cli.engine.trades import TradeRecord
from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.market.file_ingest import Refusal, ingest_files
from memesnipe_cli.market.file_reading import Named
from memesnipe_cli.market.simulate import instruments, simulate
from memesnipe_cli.market.simulate_parameters import DEFAULT_COINS
from memesnipe_cli.profile import Account, Limits, Profile, Venue
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import SIMULATED_VENUE, Candles, Instrument, SeriesKey
from memesnipe_cli.strategies.registry import BUILT_IN, LoadedStrategy, load

BASE_BARS = 100_800
START = parse_time("2014-01-01")
COINS = ("BTC/USD", "DOGE/USD", "WIF/USD")
GAP_BARS = 500
LONGEST_SIMULATED = "1h"  # longer bars are resampled from these
CAPITAL = Decimal(100_000)
PROFILE = Profile(
    account=Account(capital=CAPITAL, venue=SIMULATED_VENUE),
    limits=Limits(trade_share=0.1, strategy_share=0.5, max_cost_share=1.0, allow_looser=True),
    venues={"default": Venue(taker_fee=Decimal("0.0005"))},  # type: ignore[arg-type]
)


@dataclass
class Holder:
    """Follows a session's lines and asks it to stop in mid-position: at the first bar from `after` on at whose end
    something is held."""

    after: int
    bars: int = 0
    held: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    lines: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def on_line(self, kind: str, body: Mapping[str, Any]) -> None:
        """A line of the journal."""
        if "score" in body:
            self.lines.append((kind, body))
        if kind != "fill":
            return
        key = (body["strategy"], body["symbol"])
        change = Decimal(body["qty"]) * (1 if body["event"] == "entry_fill" else -1)
        self.held[key] = self.held.get(key, Decimal(0)) + change

    def should_stop(self) -> bool:
        """Asked after each bar."""
        self.bars += 1
        return self.bars >= self.after and any(self.held.values())


@dataclass
class Compared:
    """One comparison. restarts: how often the session was stopped while it held something; decisions: how many were
    held against the scan's signals; traded: trades by strategy."""

    names: str
    symbols: list[str]
    bars: int
    trades: int
    open_trades: int
    decisions: int
    traded: dict[str, int]
    restarts: int
    difference: str
    seconds: float


def simulated(root: Path, timeframe: str, bars: int, coins: Sequence[str]) -> Store:
    """A simulated market of so many bars."""
    store = Store(root)
    days = -(-bars * timeframe_ms(timeframe) // DAY_MS)
    chosen = [coin for coin in DEFAULT_COINS if coin.symbol in coins]
    for candles in simulate(7, days, START, chosen, timeframe=timeframe):
        store.lake.write_candles(candles, source="simulate parity")
    for instrument in instruments(7, days, START, chosen):
        store.lake.write_instrument(instrument)
    return store


def from_files(root: Path, named: Sequence[str]) -> Store:
    """VENUE:SYMBOL:TIMEFRAME:PATH each; the symbol of a perpetual has a colon of its own."""
    store = Store(root)
    for text in named:
        head, path = text.split(":/", 1)
        venue, rest = head.split(":", 1)
        symbol, timeframe = rest.rsplit(":", 1)
        for report in ingest_files(store, [Path("/" + path)], Named(venue, symbol, timeframe)):
            if isinstance(report, Refusal):
                raise report.error
        store.lake.write_instrument(instrument_for(store, SeriesKey(venue, symbol, timeframe)))
    return store


def instrument_for(store: Store, key: SeriesKey) -> Instrument:
    """Terms by the prices themselves: four significant digits, and lots worth a cent."""
    price = float(store.lake.read_candles(key).close[0])
    digits = int(np.floor(np.log10(price)))
    return Instrument(
        key.venue,
        key.symbol,
        tick=format(Decimal(1).scaleb(digits - 5), "f"),
        lot=format(Decimal(1).scaleb(min(0, -digits - 2)), "f"),
        min_notional="1",
        perpetual=":" in key.symbol,
        source="assumed",
    )


def with_a_gap(source: Store, root: Path, venue: str, gap_bars: int) -> Store:
    """A copy of a venue's series from which a stretch in the middle is cut."""
    target = Store(root)
    said = "simulate parity" if venue == SIMULATED_VENUE else "parity"
    for info in source.lake.series():
        if info.key.venue != venue:
            continue
        candles = source.lake.read_candles(info.key)
        length = timeframe_ms(info.key.timeframe)
        middle = int(candles.ts[len(candles) // 2])
        kept = (candles.ts < middle) | (candles.ts >= middle + gap_bars * length)
        names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
        target.lake.write_candles(
            Candles(candles.key, *(getattr(candles, name)[kept] for name in names)), source=said
        )
        instrument = source.lake.read_instrument(venue, info.key.symbol)
        if instrument is not None:
            target.lake.write_instrument(instrument)
        if source.paths.funding_series(venue, info.key.symbol).exists():
            rates = source.lake.read_funding(venue, info.key.symbol)
            target.lake.write_funding(rates, source=said)
    return target


def compare(
    store: Store, venue: str, symbols: list[str], chosen: list[LoadedStrategy], restarts: int, seed: int
) -> Compared:
    """Run both and compare them."""
    begin = time.monotonic()
    request = SessionRequest(
        strategies=chosen,
        symbols=symbols,
        venue=venue,
        since_ms=None,
        until_ms=None,
        capital=CAPITAL,
        profile=PROFILE,
        store=store,
        cache_dir=Path(tempfile.gettempdir()) / "memesnipe-parity-kernels",
        account="-".join(each.name for each in chosen),
        assume_resets=True,
    )
    backtest = run_backtest(
        BacktestRequest(
            strategies=chosen,
            symbols=symbols,
            venue=venue,
            since_ms=None,
            until_ms=None,
            capital=CAPITAL,
            assume={},
            profile=PROFILE,
            store=store,
            cache_dir=request.cache_dir,
            compiled=True,
        )
    )
    done, trades, stopped, lines = played(request, backtest, restarts, Random(seed))
    decisions, other = first_other_score(lines, scanned_scores(request))
    return Compared(
        names="+".join(each.name for each in chosen),
        symbols=symbols,
        bars=backtest.bars,
        trades=len(trades),
        open_trades=len(done.open_trades),
        decisions=decisions,
        traded=Counter(each.strategy for each in trades),
        restarts=stopped,
        difference=first_difference(replace(done, trades=trades), backtest) or other,
        seconds=time.monotonic() - begin,
    )


def played(
    request: SessionRequest, backtest: Backtest, restarts: int, rng: Random
) -> tuple[SessionRun, list[TradeRecord], int, list[tuple[str, Mapping[str, Any]]]]:
    """The session, stopped in mid-position so many times: each time a new run goes on from the journal alone."""
    trades: list[TradeRecord] = []
    holder = Holder(0)
    stops = 0
    while True:
        last = stops == restarts
        holder.bars = 0
        holder.after = backtest.bars + 1 if last else rng.randint(1, backtest.bars // (restarts + 1))
        done = run_session(replace(request, on_line=holder.on_line, should_stop=holder.should_stop))
        trades += done.trades
        if not done.stopped:
            return done, trades, stops, holder.lines
        stops += 1


def show(found: Compared) -> None:
    verdict = "IDENTICAL" if not found.difference else f"DIFFERENT: {found.difference}"
    counts = ", ".join(f"{name} {count:,}" for name, count in found.traded.items())
    print(
        f"{found.names}: {found.bars:,} bars x {len(found.symbols)}, {found.trades:,} trades ({counts}), "
        f"{found.open_trades} open, {found.decisions:,} decisions, {found.restarts} restarts in mid-position, "
        f"{found.seconds:.1f} s\n    {verdict}",
        flush=True,
    )


def run_all(
    stores: Callable[[str], Store], venue: str, names: list[list[str]], arguments: argparse.Namespace
) -> bool:
    """Whether every comparison was identical. stores: by the shortest timeframe of the strategies."""
    same = True
    for group in names:
        chosen = [load(name) for name in group]
        shortest = min(chosen, key=lambda each: each.timeframe_ms).timeframe
        store = stores(shortest)
        symbols = arguments.symbol or sorted(
            {info.key.symbol for info in store.lake.series() if info.key.venue == venue}
        )
        try:
            found = compare(store, venue, symbols, chosen, arguments.restarts, arguments.seed)
        except MemesnipeError as error:
            print(f"{'+'.join(group)}: not compared: {error.message}", flush=True)
            same = False
            continue
        show(found)
        same = same and not found.difference
    return same


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a store; its candles are copied")
    parser.add_argument("--file", action="append", help="VENUE:SYMBOL:TIMEFRAME:/PATH, repeatable")
    parser.add_argument("--venue", help="of --data or --file; default: the first there is")
    parser.add_argument("--symbol", action="append")
    parser.add_argument("--strategy", action="append", help="NAME or NAME,NAME; default: every one, and all")
    parser.add_argument("--bars", type=int, default=BASE_BARS, help="of the simulated market")
    parser.add_argument("--restarts", type=int, default=4)
    parser.add_argument("--gap", type=int, default=GAP_BARS, help="bars cut from the middle of each series")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = [text.split(",") for text in arguments.strategy or BUILT_IN]
    if not arguments.strategy:
        names.append(list(BUILT_IN))
    with tempfile.TemporaryDirectory(prefix="memesnipe-parity-") as folder:
        root = Path(folder)
        made: dict[str, Store] = {}
        if arguments.data or arguments.file:
            source = Store(arguments.data) if arguments.data else from_files(root / "given", arguments.file)
            venue = arguments.venue or source.lake.series()[0].key.venue
            given = with_a_gap(source, root / "cut", venue, arguments.gap)

            def stores(_: str) -> Store:
                return given
        else:
            venue = SIMULATED_VENUE
            print(f"SIMULATED market from {format_time(START)}")

            def stores(timeframe: str) -> Store:
                timeframe = min(timeframe, LONGEST_SIMULATED, key=timeframe_ms)
                if timeframe not in made:
                    whole = simulated(root / timeframe, timeframe, arguments.bars + arguments.gap, COINS)
                    made[timeframe] = with_a_gap(whole, root / f"{timeframe}-cut", venue, arguments.gap)
                return made[timeframe]

        return 0 if run_all(stores, venue, names, arguments) else 1


if __name__ == "__main__":
    sys.exit(main())
