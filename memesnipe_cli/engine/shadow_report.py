"""A session beside the backtest of the same interval: which signals both decided on, which trades both made, what the
prices differ by, and why. It tests the implementation, not the edge: hours of paired fills say nothing of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from memesnipe_cli.clock import HOUR_MS, format_time
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.shadow_backtest import Paired, backtest_of
from memesnipe_cli.engine.shadow_data import BarDifferences, compare_bars
from memesnipe_cli.engine.shadow_seen import LATE_BAR, Seen, read_session
from memesnipe_cli.engine.trades import TradeRecord, trades_from_events
from memesnipe_cli.engine.words import REFUSALS
from memesnipe_cli.errors import DataError

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.store import Store

ORDER = "order"
LEAST_SIGNALS = 10  # fewer tell nothing of how alike the two are
LEAST_MS = 2 * HOUR_MS

_Moment = tuple[int, int]  # slot, open of the bar
_BPS = 10_000.0


@dataclass(frozen=True)
class SignalDifference:
    """An entry signal that the two did not treat alike. shadow, backtest: `order`, why it was refused, or None where
    there was no signal. why: what it comes from."""

    strategy: str
    symbol: str
    bar_ms: int
    shadow: str | None
    backtest: str | None
    why: str


@dataclass(frozen=True)
class TradePair:
    """One trade of both, or of one of them. Differences are shadow less backtest: prices in bps, pnl in the quote
    currency; None where there is nothing to compare yet."""

    shadow: TradeRecord | None
    backtest: TradeRecord | None
    entry_bps: float | None
    exit_bps: float | None
    pnl: Decimal | None
    why: str

    @property
    def of(self) -> TradeRecord:
        """Whichever there is."""
        trade = self.shadow or self.backtest
        if trade is None:
            raise ValueError("a pair of no trade")
        return trade


@dataclass(frozen=True)
class Residual:
    """What the model's fills cost more than the quotes at the moment of the decision; below 0: less. `fills`: how many
    had a quote. money in the quote currency; oldest_ms: the age of the oldest of the quotes, None where unknown."""

    fills: int
    mean_bps: float | None
    median_bps: float | None
    worst_bps: float | None
    money: Decimal
    oldest_ms: int | None


@dataclass(frozen=True)
class ShadowReport:
    """The comparison. Numbers of signals: of the shadow, of the backtest, alike in both. since, until in ms UTC.
    verdict: SAME, DIFFERENT or INSUFFICIENT, with its sentence in `words`."""

    account: str
    session: str
    strategies: list[str]
    symbols: list[str]
    venue: str
    simulated: bool
    live: bool
    currency: str
    since_ms: int
    until_ms: int
    shadow_signals: int
    backtest_signals: int
    same_signals: int
    differences: list[SignalDifference]
    trades: list[TradePair]
    residual: Residual
    bars: BarDifferences
    shadow_pnl: Decimal
    backtest_pnl: Decimal
    shadow_equity: str | None
    backtest_equity: float
    warnings: list[str]
    verdict: str
    words: str

    @property
    def same_trades(self) -> int:
        """How many trades are the same to the last digit."""
        return sum(pair.shadow is not None and pair.shadow == pair.backtest for pair in self.trades)


def shadow_report(
    store: Store,
    profile: Profile,
    account: str,
    cache_dir: Path,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    compiled: bool = True,
) -> ShadowReport:
    """Compare the open session of an account with its backtest, over the bars that open in [since, until).

    The backtest always begins where the session does, so that both come to the interval with the same account. Raises
    DataError where there is no session, where it has processed nothing, or where the store lacks its bars.
    """
    seen = read_session(store.journal(account))
    if seen.last_ms is None:
        raise DataError(
            f"session {seen.opened['session']} has not processed a bar yet", "wait for a bar to close"
        )
    paired = backtest_of(seen.opened, seen.last_ms, store, profile, cache_dir, compiled=compiled)
    base_ms = paired.dataset.base_ms
    begin = max(paired.dataset.begin_ms, since_ms or 0)
    end = min(seen.last_ms + base_ms, until_ms or 2**62)
    if begin >= end:
        raise DataError(
            f"session {seen.opened['session']} has no bar from {format_time(begin)} to {format_time(end)}",
            "ask for another --since or --until",
        )
    return _Comparison(seen, paired, begin, end).report(account)


class _Comparison:
    """Both runs, over the bars that open in [begin, end)."""

    def __init__(self, seen: Seen, paired: Paired, begin: int, end: int) -> None:
        self.seen = seen
        self.paired = paired
        self.begin = begin
        self.end = end
        self.bars = compare_bars(seen, paired.dataset)
        self.ours = _decided(seen.rows, seen.why)
        self.theirs = _decided(paired.rows, {})
        every = sorted(self.ours.keys() | self.theirs.keys(), key=lambda moment: moment[::-1])
        self.moments = [moment for moment in every if begin <= moment[1] < end]
        apart = [moment for moment in every if self._apart(moment)]
        self._first_apart = min((bar for _, bar in apart), default=None)
        self.apart = {moment: self._why(moment) for moment in apart if begin <= moment[1] < end}

    def _apart(self, moment: _Moment) -> bool:
        ours, theirs = self.ours.get(moment), self.theirs.get(moment)
        return ours is None or theirs is None or (ours == ORDER) != (theirs == ORDER)

    def _why(self, moment: _Moment) -> str:
        slot, bar = moment
        ours, theirs = self.ours.get(moment), self.theirs.get(moment)
        symbol = self.seen.keys[slot][2]
        if ours == LATE_BAR:
            return "late bar"
        data = self.bars.at(symbol, bar)
        if data:
            return data
        if ours not in (None, ORDER) and ours not in REFUSALS.values():
            return f"gate: {ours}"
        if self._first_apart is not None and self._first_apart < bar:
            return f"follows the difference of {format_time(self._first_apart)}"
        earlier = self.bars.before(bar)
        if earlier is not None:
            return f"follows other bars, the first of {format_time(earlier)}"
        if ours not in (None, ORDER):
            return f"refused: {ours}"
        if theirs not in (None, ORDER):
            return f"refused by the backtest: {theirs}"
        return "not explained"

    def report(self, account: str) -> ShadowReport:
        """The whole comparison."""
        seen, opened = self.seen, self.seen.opened
        trades = self._trades()
        ours = [pair.shadow for pair in trades if pair.shadow is not None and not pair.shadow.open]
        theirs = [pair.backtest for pair in trades if pair.backtest is not None and not pair.backtest.open]
        verdict, words = self._verdict()
        return ShadowReport(
            account=account,
            session=opened["session"],
            strategies=[each["name"] for each in opened["strategies"]],
            symbols=list(opened["symbols"]),
            venue=opened["venue"],
            simulated=bool(opened["simulated"]),
            live="feed" in opened,
            currency=opened["currency"],
            since_ms=self.begin,
            until_ms=self.end,
            shadow_signals=sum(moment in self.ours for moment in self.moments),
            backtest_signals=sum(moment in self.theirs for moment in self.moments),
            same_signals=len(self.moments) - len(self.apart),
            differences=[
                SignalDifference(
                    seen.keys[slot][0],
                    seen.keys[slot][2],
                    bar,
                    self.ours.get((slot, bar)),
                    self.theirs.get((slot, bar)),
                    why,
                )
                for (slot, bar), why in self.apart.items()
            ],
            trades=trades,
            residual=self._residual(),
            bars=self.bars,
            shadow_pnl=sum((each.pnl for each in ours), Decimal(0)),
            backtest_pnl=sum((each.pnl for each in theirs), Decimal(0)),
            shadow_equity=seen.equity,
            backtest_equity=self.paired.equity,
            warnings=self.paired.warnings,
            verdict=verdict,
            words=words,
        )

    def _verdict(self) -> tuple[str, str]:
        signals = len(self.moments)
        span = f"{signals} signal{'' if signals == 1 else 's'} in {(self.end - self.begin) / HOUR_MS:.4g} h"
        if self.apart:
            return "DIFFERENT", f"{len(self.apart)} of {span} were not treated alike"
        if signals < LEAST_SIGNALS or self.end - self.begin < LEAST_MS:
            return "INSUFFICIENT", span
        return "SAME", f"{span}, all treated alike"

    # --- trades and fills ---

    def _trades(self) -> list[TradePair]:
        ours, theirs = self._trades_of(self.seen.rows), self._trades_of(self.paired.rows)
        decided = {**_decision_bars(self.paired.rows), **_decision_bars(self.seen.rows)}
        return [
            self._pair(ours.get(key), theirs.get(key), (key[0], decided[key]))
            for key in sorted(ours.keys() | theirs.keys(), key=lambda key: key[::-1])
        ]

    def _trades_of(self, rows: Sequence[Row]) -> dict[_Moment, TradeRecord]:
        """By slot and bar of the first fill: the trades that were entered in the interval."""
        paired = self.paired
        closed, still = trades_from_events(
            np.array(rows, dtype=np.int64).reshape(-1, layout.EVENT_WIDTH),
            paired.inputs.slots,
            paired.inputs.terms,
            [each.name for each in paired.strategies],
            [each.tags for each in paired.strategies],
        )
        return {
            (self.seen.keys.index((each.strategy, each.venue, each.symbol)), each.entry_ms): each
            for each in (*closed, *still)
            if self.begin <= each.entry_ms < self.end
        }

    def _pair(self, ours: TradeRecord | None, theirs: TradeRecord | None, moment: _Moment) -> TradePair:
        if ours is None or theirs is None:
            why = self.apart.get(moment) or self._fill_apart(moment)
            return TradePair(ours, theirs, None, None, None, why)
        over = not (ours.open or theirs.open)
        why = (
            "" if ours == theirs else self.bars.between(ours.symbol, moment[1], ours.exit_ms, theirs.exit_ms)
        )
        return TradePair(
            ours,
            theirs,
            _apart_bps(ours.entry_price, theirs.entry_price),
            _apart_bps(ours.exit_price, theirs.exit_price) if over else None,
            ours.pnl - theirs.pnl if over else None,
            why or ("" if ours == theirs else "follows an earlier difference"),
        )

    def _fill_apart(self, moment: _Moment) -> str:
        """Why an order that both sent filled for one of them only."""
        slot, bar = moment
        return (
            self.bars.at(self.seen.keys[slot][2], bar + self.paired.dataset.base_ms) or "filled for one only"
        )

    def _residual(self) -> Residual:
        """The model's fills against the quotes when they were decided on: what a taker would have paid at once."""
        bps: list[float] = []
        money = Decimal(0)
        ages: list[int] = []
        decided: dict[tuple[int, int], int] = {}
        for row in self.seen.rows:
            slot, kind = row[layout.EVENT_SLOT], row[layout.KIND]
            if kind in (layout.ENTRY_ORDER, layout.EXIT_ORDER):
                decided[slot, kind] = row[layout.EVENT_TS]
                continue
            order = {layout.ENTRY_FILL: layout.ENTRY_ORDER, layout.EXIT_FILL: layout.EXIT_ORDER}.get(kind)
            bar = None if order is None else decided.get((slot, order))
            if bar is None or row[layout.EVENT_TS] != bar + self.paired.dataset.base_ms:
                continue  # a stop or a target: nobody asked for a price just then
            quote = self.seen.quotes.get((self.seen.keys[slot][2], bar))
            if quote is None or not self.begin <= row[layout.EVENT_TS] < self.end:
                continue
            terms = self.paired.inputs.terms[self.paired.inputs.slots[slot].instrument]
            buying = (row[layout.EVENT_SIDE] > 0) == (kind == layout.ENTRY_FILL)
            asked = quote.ask if buying else quote.bid
            worse = row[layout.EVENT_TICKS] * terms.tick - asked
            worse = worse if buying else -worse
            bps.append(float(worse / asked) * _BPS)
            money += worse * row[layout.EVENT_LOTS] * terms.lot
            ages += [] if quote.age_ms is None else [quote.age_ms]
        return Residual(
            fills=len(bps),
            mean_bps=fmean(bps) if bps else None,
            median_bps=median(bps) if bps else None,
            worst_bps=max(bps) if bps else None,
            money=money,
            oldest_ms=max(ages) if ages else None,
        )


def _decided(rows: Sequence[Row], why: Mapping[_Moment, str]) -> dict[_Moment, str]:
    """By slot and bar: `order`, or why an entry was refused. why: words that say more than the event's code."""
    found: dict[_Moment, str] = {}
    for row in rows:
        moment = (row[layout.EVENT_SLOT], row[layout.EVENT_TS])
        if row[layout.KIND] == layout.ENTRY_ORDER:
            found[moment] = ORDER
        elif row[layout.KIND] == layout.REFUSED:
            found.setdefault(moment, why.get(moment, REFUSALS[row[layout.CODE]]))
    return found


def _decision_bars(rows: Sequence[Row]) -> dict[_Moment, int]:
    """By slot and bar of an entry's fill: the bar that it was decided on."""
    found: dict[_Moment, int] = {}
    ordered: dict[int, int] = {}
    for row in rows:
        if row[layout.KIND] == layout.ENTRY_ORDER:
            ordered[row[layout.EVENT_SLOT]] = row[layout.EVENT_TS]
        elif row[layout.KIND] == layout.ENTRY_FILL:
            found[row[layout.EVENT_SLOT], row[layout.EVENT_TS]] = ordered[row[layout.EVENT_SLOT]]
    return found


def _apart_bps(ours: Decimal, theirs: Decimal) -> float | None:
    """None for what was written off, at a price of 0."""
    return float((ours - theirs) / theirs) * _BPS if theirs else None
