"""One backtest: data in, signals, the account's run, and everything a report needs to say about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from memesnipe_cli import __version__
from memesnipe_cli.clock import timeframe_name
from memesnipe_cli.engine.assumptions import Assumptions, assumptions
from memesnipe_cli.engine.breaker_story import BreakerChange, breaker_story
from memesnipe_cli.engine.capital import capital_needed_by_slot
from memesnipe_cli.engine.dataset import (
    Dataset,
    Request,
    Signals,
    engine_input,
    last_closes,
    load_dataset,
    make_tape,
    scan_signals,
)
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import (
    EngineInput,
    EngineOutput,
    Float64,
    Int64,
    SignalTape,
    Tape,
    Terms,
)
from memesnipe_cli.engine.run import account_kernel, simulate
from memesnipe_cli.engine.trades import (
    TradeRecord,
    best_fee_needed,
    count_misses,
    count_refusals,
    trades_from_events,
)
from memesnipe_cli.errors import UsageError
from memesnipe_cli.profile import Profile
from memesnipe_cli.records import decimal_text
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles
from memesnipe_cli.strategies.registry import LoadedStrategy


@dataclass(frozen=True)
class BacktestRequest:
    """What to run. `progress` is told shares of the work done; `cache_dir` keeps compiled code."""

    strategies: list[LoadedStrategy]
    symbols: list[str]
    venue: str
    since_ms: int | None
    until_ms: int | None
    capital: Decimal
    assume: dict[str, str]
    profile: Profile
    store: Store
    cache_dir: Path
    piped: list[Candles] | None = None
    compiled: bool = True
    progress: Callable[[float], None] | None = None


@dataclass(frozen=True)
class Refusals:
    """How often a slot's entries were refused for one reason. fee_needed: for `cost`, the highest taker fee (share) at
    which at least one of them would have passed. capital_needed: for `too_small`, the same of the starting capital."""

    strategy: str
    venue: str
    symbol: str
    code: str
    count: int
    fee_needed: float | None = None
    capital_needed: Decimal | None = None


@dataclass(frozen=True)
class Coverage:
    """What a series holds of the run's time; lengths in base bars."""

    venue: str
    symbol: str
    timeframe: str
    bars: int
    expected: int
    gaps: int
    longest_gap_bars: int
    synthetic: int
    simulated: bool
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Backtest:
    """A finished run. Arrays (T,): close_ms, equity, held (gross over equity) and buy_and_hold at each bar's close."""

    run: str
    strategies: list[dict[str, Any]]
    symbols: list[str]
    venues: list[str]
    since_ms: int
    until_ms: int
    base_timeframe: str
    bars: int
    capital: Decimal
    currency: str
    trades: list[TradeRecord]
    open_trades: list[TradeRecord]
    signals: int
    refusals: list[Refusals]
    missed: dict[str, int]
    orders: int
    close_ms: Int64
    equity: Float64
    held: Float64
    buy_and_hold: Float64
    assumptions: dict[str, object]
    coverage: list[Coverage]
    warnings: list[str]
    breaker: list[BreakerChange]
    assumed_reset_ms: int | None


def run_backtest(request: BacktestRequest) -> Backtest:
    """Run strategies on one account over stored or piped bars.

    Raises DataError (no bars, too few to warm up), UsageError (times, assumptions), StrategyError (a step that raises).
    """
    if request.since_ms is not None and request.until_ms is not None and request.since_ms >= request.until_ms:
        raise UsageError("--since is not before --until", "give a span of time")
    assumed = assumptions(request.profile, request.capital, request.assume)
    dataset = load_dataset(
        Request(
            request.strategies, request.symbols, request.venue, request.since_ms, request.until_ms, request.profile,
            request.store, request.piped,
        ),
        assumed,
    )  # fmt: skip
    tape = make_tape(dataset)
    with ThreadPoolExecutor(1) as aside:  # neither the hash nor a compiled strategy needs the interpreter
        tape_hash = aside.submit(_tape_hash, tape)
        signals = scan_signals(
            dataset, tape, request.strategies, assumed.min_turnover, request.cache_dir,
            compiled=request.compiled, progress=request.progress,
        )  # fmt: skip
    inputs = engine_input(dataset, tape, request.strategies, assumed)
    output = simulate(inputs, signals.tape, compiled=request.compiled, cache_dir=request.cache_dir)
    run = _run_id(request, inputs, signals, tape_hash.result())
    return _result(run, request, assumed, dataset, inputs, signals, output)


def _result(
    run: str,
    request: BacktestRequest,
    assumed: Assumptions,
    dataset: Dataset,
    inputs: EngineInput,
    signals: Signals,
    output: EngineOutput,
) -> Backtest:
    tape, strategies = inputs.tape, request.strategies
    closed, still = trades_from_events(
        output.events,
        inputs.slots,
        inputs.terms,
        [each.name for each in strategies],
        [each.tags for each in strategies],
    )
    closes = last_closes(tape)
    missed: dict[str, int] = {}
    for (_, why), count in count_misses(output.events).items():
        missed[why] = missed.get(why, 0) + count
    return Backtest(
        run=run,
        strategies=[
            {
                "name": each.name,
                "params": each.params.model_dump(),
                "timeframe": each.timeframe,
                "family": each.family,
                "source": each.source,
                "code": each.code_hash,
                "compiled": compiled,
            }
            for each, compiled in zip(strategies, signals.compiled, strict=True)
        ],
        symbols=request.symbols,
        venues=sorted({terms.venue for terms in inputs.terms}),
        since_ms=int(tape.ts[0]),
        until_ms=int(tape.ts[-1]) + tape.base_ms,
        base_timeframe=timeframe_name(tape.base_ms),
        bars=len(tape.ts),
        capital=request.capital,
        currency=request.profile.account.currency,
        trades=closed,
        open_trades=still,
        signals=sum(len(rows.index) for rows in signals.tape.rows) + sum(signals.held_back.values()),
        refusals=_refusals(output, inputs, strategies, signals),
        missed=missed,
        orders=int(np.sum(output.events[:, layout.KIND] == layout.ENTRY_ORDER)),
        close_ms=tape.ts + tape.base_ms,
        equity=output.equity,
        held=_held(output, inputs, closes),
        buy_and_hold=_buy_and_hold(inputs, closes),
        assumptions=_said(assumed, inputs, dataset),
        coverage=[_coverage(item.candles, dataset) for item in dataset.series],
        warnings=dataset.warnings,
        breaker=breaker_story(output.events, [each.name for each in strategies], tape.base_ms),
        assumed_reset_ms=assumed.rules.assumed_reset_ms,
    )


def _refusals(
    output: EngineOutput, inputs: EngineInput, strategies: list[LoadedStrategy], signals: Signals
) -> list[Refusals]:
    events = output.events
    needed = best_fee_needed(events)
    capitals = capital_needed_by_slot(events, inputs, signals.tape, output.equity)
    found = []
    for (slot, why), count in sorted(count_refusals(events).items()):
        terms = inputs.terms[inputs.slots[slot].instrument]
        name = strategies[inputs.slots[slot].strategy].name
        fee = needed.get(slot) if why == "cost" else None
        capital = capitals.get(slot) if why == "too_small" else None
        found.append(Refusals(name, terms.venue, terms.symbol, why, count, fee, capital))
    for why, count in signals.held_back.items():
        if count:
            found.append(Refusals("", "", "", why, count))
    return found


def _held(output: EngineOutput, inputs: EngineInput, closes: Float64) -> Float64:
    """Gross value of the positions over equity, at each close."""
    events, tape = output.events, inputs.tape
    fills = events[
        (events[:, layout.KIND] == layout.ENTRY_FILL) | (events[:, layout.KIND] == layout.EXIT_FILL)
    ]
    gross = np.zeros(len(tape.ts))
    for number, slot in enumerate(inputs.slots):
        own = fills[fills[:, layout.EVENT_SLOT] == number]
        if not len(own):
            continue
        terms = inputs.terms[slot.instrument]
        change = np.zeros(len(tape.ts))
        signed = np.where(own[:, layout.KIND] == layout.ENTRY_FILL, 1, -1) * own[:, layout.EVENT_LOTS]
        np.add.at(change, np.searchsorted(tape.ts, own[:, layout.EVENT_TS]), signed)
        gross += np.cumsum(change) * closes[:, slot.instrument] * float(terms.tick * terms.lot)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(output.equity > 0, gross / output.equity, 0.0)


def _buy_and_hold(inputs: EngineInput, closes: Float64) -> Float64:
    """The capital in equal parts, each put into its symbol at its first open and never touched; fee and spread paid."""
    capital = float(inputs.rules.capital)
    part = capital / len(inputs.terms)
    total = np.zeros(len(inputs.tape.ts))
    for place, terms in enumerate(inputs.terms):
        there = inputs.tape.ticks[:, place, 0] > 0
        if not there.any():
            total += part  # nothing to buy: it ended before the run began
            continue
        first = int(np.argmax(there))
        paid = 1.0 + terms.half_spread
        price = (
            float(inputs.tape.ticks[first, place, 0])
            * float(terms.tick)
            * paid
            * (1.0 + float(terms.taker_fee))
        )
        worth = (1.0 - terms.half_spread) * (1.0 - float(terms.taker_fee)) * float(terms.tick)
        held = part / price * closes[:, place] * worth
        total += np.where(np.arange(len(held)) < first, part, held)
        if terms.delisted_ms is not None:
            gone = inputs.tape.ts >= terms.delisted_ms
            total[gone] -= held[gone]
    return total


def _said(assumed: Assumptions, inputs: EngineInput, dataset: Dataset) -> dict[str, object]:
    """What the result was made under, for the record."""
    rules = asdict(assumed.rules)
    rules["capital"] = decimal_text(assumed.rules.capital)
    rules["max_order"] = decimal_text(assumed.rules.max_order)
    return {
        **rules,
        "min_turnover": assumed.min_turnover,
        "replaced": sorted(assumed.replaced),
        "instruments": [_terms_said(terms) for terms in inputs.terms],
        "funding": [item.funding is not None for item in dataset.series],
        "intrabar": "a bar that touches stop and target counts as the stop",
    }


def _terms_said(terms: Terms) -> dict[str, object]:
    return {
        "venue": terms.venue,
        "symbol": terms.symbol,
        "tick": decimal_text(terms.tick),
        "lot": decimal_text(terms.lot),
        "taker_fee": float(terms.taker_fee),
        "half_spread": terms.half_spread,
        "min_notional": decimal_text(terms.min_notional),
        "stop_limit": terms.stop_limit,
        "shortable": terms.shortable,
    }


def _coverage(candles: Candles, dataset: Dataset) -> Coverage:
    first = int(np.searchsorted(candles.ts, dataset.begin_ms))
    ts = candles.ts[first:]
    steps = np.diff(ts) // dataset.base_ms
    return Coverage(
        venue=candles.key.venue,
        symbol=candles.key.symbol,
        timeframe=candles.key.timeframe,
        bars=len(ts),
        expected=int((ts[-1] - ts[0]) // dataset.base_ms) + 1 if len(ts) else 0,
        gaps=int(np.sum(steps > 1)),
        longest_gap_bars=int(steps.max()) - 1 if len(steps) else 0,
        synthetic=int(candles.synthetic[first:].sum()),
        simulated=candles.key.simulated,
        first_ms=int(ts[0]) if len(ts) else 0,
        last_ms=int(ts[-1]) if len(ts) else 0,
    )


def _run_id(request: BacktestRequest, inputs: EngineInput, signals: Signals, tape_hash: bytes) -> str:
    """Names strategies, parameters, data, rules and code: the same run has the same id. The signals stand for all that
    only they depend on: bars of the warm-up, the reference series, indicators, the turnover veto."""
    digest = hashlib.blake2b(digest_size=8)
    for strategy in request.strategies:
        digest.update(repr((strategy.name, strategy.params.model_dump(), strategy.code_hash)).encode())
    rules = (inputs.terms, inputs.plans, inputs.timeframes_ms, inputs.rules, inputs.slots, __version__)
    digest.update(repr((rules, signals.held_back)).encode())
    digest.update(account_kernel().digest().encode())
    digest.update(tape_hash)
    digest.update(_signal_hash(signals.tape))
    return digest.hexdigest()


def _signal_hash(signals: SignalTape) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(np.ascontiguousarray(signals.flags).data)
    for rows in signals.rows:
        for column in (rows.index, rows.tag, rows.stop, rows.target, rows.max_bars, rows.weight, rows.score):
            digest.update(np.ascontiguousarray(column).data)
    return digest.digest()


def _tape_hash(tape: Tape) -> bytes:
    digest = hashlib.sha256()  # the quickest here where the processor helps with it
    for array in (tape.ts, tape.ticks, tape.volume, tape.funding):
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()
