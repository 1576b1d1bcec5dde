"""What a live run brings into the store before it begins: every series that its strategies warm up on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memesnipe_cli.clock import DAY_MS, floor_to, timeframe_ms, timeframe_name
from memesnipe_cli.errors import UsageError
from memesnipe_cli.market.candle_fetch import CLOSE_GRACE_MS, fetch_series
from memesnipe_cli.store.tables import SeriesKey

if TYPE_CHECKING:
    from memesnipe_cli.market.venue_session import VenueSession
    from memesnipe_cli.store.store import Store
    from memesnipe_cli.strategies.registry import LoadedStrategy

_DOLLARS = ("USD", "USDT", "USDC")
_REFERENCE_BARS = 7  # so many of the reference's bars before the first of ours: what was known then


@dataclass(frozen=True)
class Wanted:
    """One series and the time from which on it is needed, ms UTC."""

    key: SeriesKey
    since_ms: int


def base_length(strategies: Sequence[LoadedStrategy]) -> int:
    """Length of the bars that these strategies are fed with together, ms."""
    return min(strategy.timeframe_ms for strategy in strategies)


def last_closed(now_ms: int, base_ms: int) -> int:
    """Open of the last base bar that the venue has had time to finish."""
    return floor_to(now_ms - CLOSE_GRACE_MS, base_ms) - base_ms


def reference_symbols(
    strategies: Sequence[LoadedStrategy], symbols: Sequence[str], listed: Sequence[str]
) -> list[str]:
    """What the strategies look at beside the traded symbols, as the venue lists it. Raises UsageError where it does
    not."""
    found: list[str] = []
    for base in dict.fromkeys(each.needs.reference for each in strategies if each.needs.reference):
        for quote in dict.fromkeys(symbol.split("/")[-1].split(":")[0] for symbol in symbols):
            names = [f"{base}/{each}" for each in dict.fromkeys((quote, *_DOLLARS))]
            name = next((name for name in names if name in listed), None)
            if name is None:
                raise UsageError(
                    f"the venue lists none of {', '.join(names)}, and a strategy needs one to know the market's trend",
                    "take another venue: --venue NAME",
                )
            found.append(name)
    return list(dict.fromkeys(found))


def wanted_series(
    strategies: Sequence[LoadedStrategy],
    symbols: Sequence[str],
    references: Sequence[str],
    venue: str,
    since_ms: int,
    last_ms: int,
) -> list[Wanted]:
    """The series of a run that begins at since_ms and has bars up to the one that opened at last_ms."""
    base_ms = base_length(strategies)
    name = timeframe_name(base_ms)
    warm_ms = max(DAY_MS, *(strategy.warm_up * strategy.timeframe_ms for strategy in strategies))
    first = since_ms - warm_ms - 2 * base_ms
    found = [Wanted(SeriesKey(venue, symbol, name), first) for symbol in symbols]
    lengths = {each.needs.reference_timeframe for each in strategies if each.needs.reference}
    for symbol in references:
        for timeframe in sorted(lengths):
            length = timeframe_ms(timeframe)
            found.append(Wanted(SeriesKey(venue, symbol, timeframe), first - _REFERENCE_BARS * length))
            if symbol not in symbols:
                # The bar that is under way is built from base bars.
                found.append(Wanted(SeriesKey(venue, symbol, name), floor_to(last_ms + base_ms, length)))
    return found


def bring_in(
    store: Store,
    session: VenueSession,
    wanted: Sequence[Wanted],
    last_ms: int,
    base_ms: int,
    advance: Callable[[float], None] = lambda share: None,
) -> list[str]:
    """Ask the venue for what the store lacks of these series, up to the base bar that opened at last_ms.

    advance is told shares of the work. Returns warnings. Raises NetworkError (what came before it is stored),
    UsageError, StoreError.
    """
    warnings: list[str] = []
    for each in wanted:
        session.prepare(store, each.key.symbol)
        end = floor_to(last_ms + base_ms, timeframe_ms(each.key.timeframe))
        if each.since_ms < end:
            report = fetch_series(store, session.exchange, session.caller, each.key, each.since_ms, end)
            warnings += report.warnings
        advance(1.0 / len(wanted))
    return list(dict.fromkeys(warnings))
