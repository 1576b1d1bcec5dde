"""From stored or piped series to what the engine takes: one line of time in ticks, funding, each strategy's signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from memesnipe_cli.clock import DAY_MS, MINUTE_MS, format_time, timeframe_ms, timeframe_name
from memesnipe_cli.engine.assumptions import Assumptions
from memesnipe_cli.engine.instruments import terms_of
from memesnipe_cli.engine.model import EngineInput, EntryRows, Float64, Int64, SignalTape, Slot, Tape, Terms
from memesnipe_cli.engine.signals import BaseBars, SignalScanner
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.profile import Profile
from memesnipe_cli.profile_risk import Adaptive
from memesnipe_cli.risk.adaptive import daily_scales
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, FundingRates, SeriesKey
from memesnipe_cli.strategies.registry import LoadedStrategy

NO_FLOATS = np.empty(0)
NO_INTS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Request:
    """Which data a run wants. `since_ms`, `until_ms` bound the bars that may be traded; earlier ones warm up."""

    strategies: list[LoadedStrategy]
    symbols: list[str]
    venue: str
    since_ms: int | None
    until_ms: int | None
    profile: Profile
    store: Store
    piped: list[Candles] | None


@dataclass(frozen=True)
class Series:
    """One symbol of a run: its base bars (with warm-up), its terms, and what else is known about it."""

    candles: Candles
    terms: Terms
    reference: Candles | None
    funding: FundingRates | None


@dataclass(frozen=True)
class Dataset:
    """All data of a run before any signal. `begin_ms`: first bar that may be traded."""

    base_ms: int
    begin_ms: int
    series: list[Series]
    warnings: list[str]


def load_dataset(request: Request, assumed: Assumptions) -> Dataset:
    """Read every series of a run. Raises DataError where there is none, or too little to warm up."""
    base_ms = min(strategy.timeframe_ms for strategy in request.strategies)
    if request.piped is not None:
        base_ms = _piped_base(request)
    for strategy in request.strategies:
        if strategy.timeframe_ms % base_ms:
            raise UsageError(
                f"bars of {timeframe_name(base_ms)} cannot be made into {strategy.timeframe} for {strategy.name}",
                "run these strategies one by one",
            )
    references = {
        (strategy.needs.reference, strategy.needs.reference_timeframe)
        for strategy in request.strategies
        if strategy.needs.reference is not None
    }
    if len(references) > 1:
        raise UsageError(
            f"the strategies look at several references: {', '.join(' '.join(each) for each in sorted(references))}",
            "run these strategies one by one",
        )
    warm_ms = max(strategy.warm_up * strategy.timeframe_ms for strategy in request.strategies)
    from_ms = None if request.since_ms is None else request.since_ms - warm_ms - base_ms
    warnings: list[str] = []
    series = [_one_series(request, assumed, symbol, base_ms, from_ms, warnings) for symbol in request.symbols]
    first = min(int(item.candles.ts[0]) for item in series)
    begin = max(request.since_ms if request.since_ms is not None else first, first)
    _check_warm_up(request, series)
    return Dataset(base_ms, begin, series, warnings)


def _piped_base(request: Request) -> int:
    lengths = {timeframe_ms(candles.key.timeframe) for candles in request.piped or []}
    wanted = min(strategy.timeframe_ms for strategy in request.strategies)
    usable = [length for length in lengths if wanted % length == 0]
    if not usable:
        raise DataError(
            f"the piped bars are of {', '.join(timeframe_name(x) for x in sorted(lengths))}",
            f"{request.strategies[0].name} needs bars that {timeframe_name(wanted)} is a multiple of",
        )
    return max(usable)


def _one_series(
    request: Request,
    assumed: Assumptions,
    symbol: str,
    base_ms: int,
    from_ms: int | None,
    warnings: list[str],
) -> Series:
    candles = _candles(request, symbol, timeframe_name(base_ms), from_ms)
    if not len(candles):
        raise DataError(
            f"no bars of {symbol} {timeframe_name(base_ms)} from {request.venue} in that time",
            "see `memesnipe ingest list`",
        )
    terms = assumed.apply(
        terms_of(candles, request.store.lake.read_instrument(request.venue, symbol), request.profile)
    )
    needs = [strategy.needs for strategy in request.strategies]
    reference = None
    for strategy in request.strategies:
        if strategy.needs.reference is not None:
            reference = reference_candles(
                request.store, request.venue, symbol, strategy, from_ms, request.until_ms
            )
    funding = None
    if terms.shortable or any(need.funding for need in needs):
        funding = _funding(request, symbol, terms.shortable, warnings)
    return Series(candles, terms, reference, funding)


def _candles(request: Request, symbol: str, timeframe: str, from_ms: int | None) -> Candles:
    """Piped bars of that symbol and timeframe, else stored ones."""
    key = SeriesKey(request.venue, symbol, timeframe)
    if request.piped is None:
        return request.store.lake.read_candles(key, from_ms, request.until_ms)
    for candles in request.piped:
        if candles.key == key:
            return _between(candles, from_ms, request.until_ms)
    there = ", ".join(sorted({str(candles.key) for candles in request.piped}))
    raise UsageError(f"the piped data holds no {key}", f"it holds: {there}")


def _between(candles: Candles, from_ms: int | None, until_ms: int | None) -> Candles:
    begin = 0 if from_ms is None else int(np.searchsorted(candles.ts, from_ms))
    end = len(candles) if until_ms is None else int(np.searchsorted(candles.ts, until_ms))
    return Candles(
        candles.key,
        *(
            getattr(candles, name)[begin:end]
            for name in ("ts", "open", "high", "low", "close", "volume", "synthetic")
        ),
    )


def reference_candles(
    store: Store, venue: str, symbol: str, strategy: LoadedStrategy, from_ms: int | None, until_ms: int | None
) -> Candles | None:
    """Bars of the reference asset that a strategy looks at, in the traded symbol's quote or another dollar; None for a
    strategy without one. Raises DataError where the store has none."""
    base, timeframe = strategy.needs.reference, strategy.needs.reference_timeframe
    if base is None:
        return None
    quote = symbol.split("/")[-1].split(":")[0]
    early = (
        None if from_ms is None else from_ms - 7 * timeframe_ms(timeframe)
    )  # what was known at the first bar
    for candidate in dict.fromkeys((quote, "USD", "USDT", "USDC")):
        try:
            found = store.lake.read_candles(
                SeriesKey(venue, f"{base}/{candidate}", timeframe), early, until_ms
            )
        except DataError:
            continue
        if len(found):
            return found
    raise DataError(
        f"{strategy.name} needs {base}/{quote} bars of {venue} to know the market's trend",
        f"memesnipe ingest candles --venue {venue} --symbol {base}/{quote} --timeframe {timeframe}",
    )


def _funding(request: Request, symbol: str, perpetual: bool, warnings: list[str]) -> FundingRates | None:
    try:
        rates = request.store.lake.read_funding(request.venue, symbol)
    except DataError:
        rates = None
    if rates is not None and len(rates):
        return rates
    if perpetual:
        warnings.append(
            f"{symbol}: no funding rates in the store; positions pay none (memesnipe ingest funding)"
        )
    return None


def _check_warm_up(request: Request, series: Sequence[Series]) -> None:
    for strategy in request.strategies:
        needed = strategy.warm_up * strategy.timeframe_ms
        spans = [int(item.candles.ts[-1] - item.candles.ts[0]) for item in series]
        if max(spans) <= needed:
            days = needed / 86_400_000
            raise DataError(
                f"{strategy.name} needs {strategy.warm_up} bars of {strategy.timeframe} ({days:.0f} days) to warm up; "
                f"the longest series has {max(spans) / 86_400_000:.1f} days",
                "ingest more history (memesnipe ingest candles --since ...) or start earlier with --since",
            )


def base_bars(
    candles: Candles,
    strategy: LoadedStrategy,
    base_ms: int,
    *,
    reference: Candles | None = None,
    funding: FundingRates | None = None,
) -> BaseBars:
    """One series as a strategy's steps see it, with what was known at each bar's close."""
    closes_at = candles.ts + base_ms
    reference_close, reference_ts = NO_FLOATS, NO_INTS
    if strategy.needs.reference is not None and reference is not None:
        length = timeframe_ms(reference.key.timeframe)
        place = np.searchsorted(reference.ts + length, closes_at, side="right") - 1
        known = place >= 0
        reference_close = np.where(known, reference.close[place], np.nan)
        reference_ts = np.where(known, reference.ts[place], -1).astype(np.int64)
    rates = NO_FLOATS
    if strategy.needs.funding and funding is not None:
        place = np.searchsorted(funding.ts, closes_at, side="right") - 1
        rates = np.where(place >= 0, funding.rate[place], np.nan)
    return BaseBars(
        base_ms, candles.ts, candles.open, candles.high, candles.low, candles.close, candles.volume,
        reference_close, reference_ts, rates,
    )  # fmt: skip


def make_tape(dataset: Dataset, until_ms: int | None = None) -> Tape:
    """The traded bars of all series on one line of time, in ticks."""
    parts = [item.candles.ts[item.candles.ts >= dataset.begin_ms] for item in dataset.series]
    ts = parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))
    if not len(ts):
        raise DataError(
            f"no bars from {format_time(dataset.begin_ms)} on", "give an earlier --since, or ingest more"
        )
    count = len(dataset.series)
    ticks = np.zeros((len(ts), count, 4), dtype=np.int64)
    volume = np.zeros((len(ts), count))
    funding = np.zeros((0, count), dtype=np.int64)
    for place, item in enumerate(dataset.series):
        candles = item.candles
        first = int(np.searchsorted(candles.ts, dataset.begin_ms))
        rows = places_on(ts, candles.ts[first:])
        tick = float(item.terms.tick)
        # One array for all columns: new memory takes longer than the division.
        scaled = np.empty(len(candles) - first)
        for column, prices in enumerate((candles.open, candles.high, candles.low, candles.close)):
            np.divide(prices[first:], tick, out=scaled)
            ticks[rows, place, column] = np.rint(scaled, out=scaled)
        volume[rows, place] = candles.volume[first:]
        if item.terms.shortable and item.funding is not None and first < len(candles):
            if not len(funding):
                funding = np.zeros((len(ts), count), dtype=np.int64)
            funding[rows, place] = _charged(item.funding, candles.ts[first:])
    return Tape(dataset.base_ms, np.ascontiguousarray(ts), ticks, volume, funding)


def places_on(line: Int64, ts: Int64) -> Int64 | slice:
    """Where the times `ts` stand on a line of time that holds all of them: for an only series simply everywhere."""
    return slice(None) if len(ts) == len(line) else np.searchsorted(line, ts)


def _charged(rates: FundingRates, ts: Int64) -> Int64:
    """Rates in 1e-8 by bar: each is charged at the first bar that opens at or after its settlement. Venues stamp a
    settlement some milliseconds late; it belongs to its minute."""
    settled = rates.ts - rates.ts % MINUTE_MS
    inside = (settled > ts[0]) & (settled <= ts[-1])
    place = np.searchsorted(ts, settled[inside])
    charged = np.zeros(len(ts), dtype=np.int64)
    np.add.at(charged, place, np.rint(rates.rate[inside] * 1e8).astype(np.int64))
    return charged


@dataclass(frozen=True)
class Signals:
    """Signals of a whole run on its tape, and how each strategy ran."""

    tape: SignalTape
    held_back: dict[str, int]
    compiled: list[bool]  # per strategy


def scan_signals(
    dataset: Dataset,
    tape: Tape,
    strategies: list[LoadedStrategy],
    min_turnover: float,
    cache_dir: Path,
    *,
    compiled: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Signals:
    """Every strategy over every series; entries before the tape's first bar are dropped (they were warm-up)."""
    slots = make_slots(len(strategies), len(dataset.series))
    flags = np.zeros((len(tape.ts), len(slots)), dtype=np.uint8)
    rows: list[EntryRows] = []
    held_back: dict[str, int] = {}
    scanners = [SignalScanner(strategy, cache_dir, compiled=compiled) for strategy in strategies]
    for column, slot in enumerate(slots):
        series = dataset.series[slot.instrument]
        found = scanners[slot.strategy].scan(
            base_bars(
                series.candles,
                strategies[slot.strategy],
                dataset.base_ms,
                reference=series.reference,
                funding=series.funding,
            ),
            min_turnover=min_turnover,
        )
        first = int(np.searchsorted(series.candles.ts, tape.ts[0]))
        places = places_on(tape.ts, series.candles.ts[first:])
        flags[places, column] = found.flags[first:]
        rows.append(_onto_tape(found.rows, first, places))
        for reason, count in found.held_back.items():
            held_back[reason] = held_back.get(reason, 0) + count
        if progress is not None:
            progress(1.0 / len(slots))
    return Signals(SignalTape(flags, rows), held_back, [scanner.compiled for scanner in scanners])


def _onto_tape(rows: EntryRows, first: int, places: Int64 | slice) -> EntryRows:
    """Rows indexed by the series' bars -> rows indexed by the tape's, without those before the tape."""
    later = rows.index >= first
    columns = {
        name: getattr(rows, name)[later]
        for name in ("side", "tag", "stop", "target", "max_bars", "weight", "score")
    }
    index = rows.index[later] - first
    return EntryRows(index=index if isinstance(places, slice) else places[index], **columns)


def make_slots(strategies: int, series: int) -> list[Slot]:
    """Every strategy on every series, in the order given."""
    return [Slot(strategy, place) for strategy in range(strategies) for place in range(series)]


def engine_input(
    dataset: Dataset, tape: Tape, strategies: list[LoadedStrategy], assumed: Assumptions
) -> EngineInput:
    """What the engine takes beside the signals."""
    return EngineInput(
        tape=tape,
        terms=[item.terms for item in dataset.series],
        plans=[strategy.plan for strategy in strategies],
        timeframes_ms=[strategy.timeframe_ms for strategy in strategies],
        slots=make_slots(len(strategies), len(dataset.series)),
        rules=assumed.rules,
        scales=day_scales(dataset, tape, assumed.adaptive),
    )


def day_scales(dataset: Dataset, tape: Tape, settings: Adaptive) -> Float64:
    """(days, N) the factor on trade_share of each series on each UTC day of a tape, from the days before it."""
    first, last = int(tape.ts[0]) // DAY_MS, int(tape.ts[-1]) // DAY_MS
    columns = []
    for item in dataset.series:
        days = item.candles.ts // DAY_MS
        ends = np.flatnonzero(np.append(np.diff(days) > 0, True))
        closes = item.candles.close[ends].tolist()
        columns.append(daily_scales(days[ends].tolist(), closes, first, last, settings))
    return np.ascontiguousarray(np.array(columns, dtype=np.float64).T)


def last_closes(tape: Tape) -> Float64:
    """(T, N) the last close at or before each bar, in ticks; 0 before the first."""
    closes = tape.ticks[:, :, 3]
    if closes.all():
        return closes.astype(np.float64)
    rows = np.where(closes > 0, np.arange(len(tape.ts))[:, None], 0)
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.take_along_axis(closes, rows, axis=0).astype(np.float64)
