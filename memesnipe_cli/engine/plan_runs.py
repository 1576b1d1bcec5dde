"""The runs behind a plan: one strategy on one venue's stored bars, read and scanned once, then run through the
backtest's engine again and again with another capital, fee or cost veto."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.assumptions import Assumptions, assumptions
from memesnipe_cli.engine.dataset import (
    Dataset,
    Request,
    Signals,
    engine_input,
    load_dataset,
    make_tape,
    scan_signals,
)
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.metrics.daily_returns import daily_returns
from memesnipe_cli.engine.model import EngineInput, EngineOutput, Float64, Tape
from memesnipe_cli.engine.run import simulate
from memesnipe_cli.engine.trades import TradeRecord, count_refusals, trades_from_events
from memesnipe_cli.strategies.registry import LoadedStrategy

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.store import Store

MONTH_MS = 30.4375 * DAY_MS
_NO_VETO = 1e9
_BREAKER_OFF = {"breaker": "0"}
# What the size of an order runs into where there is too little capital.
_TOO_LITTLE = ("too_small", "no_room_trade", "no_room_risk", "no_room_weight")
_PASSED = 0.9  # of the entries that a capital must be enough for
_LEAST, _MOST = 1.0, 1_000_000.0
_CLOSE = 1.01  # how near the search comes
_LEAST_FEE = 0.00005


@dataclass(frozen=True)
class PlanRequest:
    """What is planned: one strategy, a venue and symbols that are stored there; [since, until) bounds the bars."""

    strategy: LoadedStrategy
    symbols: list[str]
    venue: str
    since_ms: int | None
    until_ms: int | None
    profile: Profile
    store: Store
    cache_dir: Path


@dataclass(frozen=True)
class PlanRun:
    """One run: its closed trades, profit with open positions marked, the value of all its purchases and sales, orders
    sent, refusals by reason, and its daily returns (None where the account was lost)."""

    capital: Decimal
    trades: list[TradeRecord]
    profit: float
    traded: float
    orders: int
    refused: Counter[str]
    daily: Float64 | None


class PlanRuns:
    """The runs of one strategy on one venue. Raises DataError where there are too few bars."""

    def __init__(self, request: PlanRequest) -> None:
        self._request = request
        strategies = [request.strategy]
        self._assumed = assumptions(request.profile, Decimal(1), {})
        self.dataset: Dataset = load_dataset(
            Request(
                strategies, request.symbols, request.venue, request.since_ms, request.until_ms, request.profile,
                request.store, None,
            ),
            self._assumed,
        )  # fmt: skip
        self.tape: Tape = make_tape(self.dataset)
        self._signals: Signals = scan_signals(
            self.dataset, self.tape, strategies, self._assumed.min_turnover, request.cache_dir
        )

        self._plain: EngineInput = engine_input(self.dataset, self.tape, strategies, self._assumed)

    @property
    def months(self) -> float:
        """Length of the tape."""
        return float((int(self.tape.ts[-1]) - int(self.tape.ts[0]) + self.tape.base_ms) / MONTH_MS)

    def at(self, capital: Decimal, *, fee: float | None = None) -> PlanRun:
        """The backtest with this capital; fee: a taker fee (share) instead of the profile's."""
        assumed = assumptions(self._request.profile, capital, {})
        return self._run(self._inputs(assumed, fee), capital)

    def unknown_minimums(self) -> list[str]:
        """The symbols whose smallest order neither the venue nor the profile has told: it is taken as 1."""
        if self._request.profile.venue(self._request.venue).min_notional is not None:
            return []
        lake, venue = self._request.store.lake, self._request.venue
        return [symbol for symbol in self._request.symbols if lake.read_instrument(venue, symbol) is None]

    def stops(self) -> Float64:
        """Stop distance of each entry signal that could be traded, as a share of the price."""
        found = []
        for rows, slot in zip(self._signals.tape.rows, self._slots(), strict=True):
            terms = self.dataset.series[slot].terms
            tradable = (rows.side > 0) | terms.shortable
            close = self.tape.ticks[rows.index, slot, 3] * float(terms.tick)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = rows.stop / close
            found.append(share[tradable & np.isfinite(share) & (share > 0.0)])
        return np.concatenate(found) if found else np.empty(0)

    def cost(self) -> float:
        """What a round trip costs without impact, as a share of the price, at the dearest of the symbols."""
        return max(
            2.0 * (float(item.terms.taker_fee) + item.terms.half_spread) for item in self.dataset.series
        )

    def fee(self) -> float:
        """The taker fee, of the dearest of the symbols."""
        return max(float(item.terms.taker_fee) for item in self.dataset.series)

    def minimum_capital(self) -> Decimal | None:
        """The smallest whole amount at which nine of ten entries are large enough for the venue's minimum and its
        margin at their stops, whatever they cost; None where no entry can be judged or none of up to a million."""
        if not self._enough(_MOST):
            return None
        low, high = _LEAST, _MOST
        while high / low > _CLOSE:
            middle = (low * high) ** 0.5
            low, high = (low, middle) if self._enough(middle) else (middle, high)
        return Decimal(int(high) + 1)

    def _enough(self, capital: float) -> bool:
        assumed = assumptions(self._request.profile, Decimal(f"{capital:.2f}"), _BREAKER_OFF)
        assumed = replace(assumed, rules=replace(assumed.rules, max_cost_share=_NO_VETO))
        output = self._simulated(self._inputs(assumed, None))
        orders, refused = _counts(output)
        small = sum(refused[code] for code in _TOO_LITTLE)
        return orders > 0 and orders >= _PASSED * (orders + small)

    def break_even_fee(self, run: PlanRun) -> float | None:
        """The highest taker fee (share) at which it would have earned; None where it would not have without any.

        Of a run that traded: the fee at which its trades come to nothing. Of one that did not: the highest one at which
        a run trades and earns, looked for in steps of a tenth.
        """
        if run.traded > 0.0:
            fee = self.fee() + run.profit / run.traded
            return fee if fee > 0.0 else None
        fee = self.fee()
        while fee >= _LEAST_FEE:
            if self.at(run.capital, fee=fee).profit > 0.0:
                return fee
            fee *= 0.9
        return 0.0 if self.at(run.capital, fee=0.0).profit > 0.0 else None

    def _slots(self) -> Iterable[int]:
        return range(len(self.dataset.series))

    def _inputs(self, assumed: Assumptions, fee: float | None) -> EngineInput:
        inputs = replace(self._plain, rules=assumed.rules)
        if fee is None:
            return inputs
        amount = Decimal(round(fee * 1_000_000)) / 1_000_000
        return replace(inputs, terms=[replace(terms, taker_fee=amount) for terms in inputs.terms])

    def _simulated(self, inputs: EngineInput) -> EngineOutput:
        return simulate(inputs, self._signals.tape, cache_dir=self._request.cache_dir)

    def _run(self, inputs: EngineInput, capital: Decimal) -> PlanRun:
        output = self._simulated(inputs)
        strategy = self._request.strategy
        closed, still = trades_from_events(
            output.events, inputs.slots, inputs.terms, [strategy.name], [strategy.tags]
        )
        orders, refused = _counts(output)
        return PlanRun(
            capital=capital,
            trades=closed,
            profit=float(output.equity[-1]) - float(capital),
            traded=sum(float(each.notional + each.qty * each.exit_price) for each in [*closed, *still]),
            orders=orders,
            refused=refused,
            daily=daily_returns(self.tape.ts + self.tape.base_ms, output.equity, float(capital)),
        )


def _counts(output: EngineOutput) -> tuple[int, Counter[str]]:
    """(entry orders sent, refusals by reason)."""
    refused: Counter[str] = Counter()
    for (_, code), many in count_refusals(output.events).items():
        refused[code] += many
    return int(np.sum(output.events[:, layout.KIND] == layout.ENTRY_ORDER)), refused
