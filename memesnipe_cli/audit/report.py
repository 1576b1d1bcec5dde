"""What an account has done, from its journal alone: profit and loss, costs, latency, refusals, the breaker's time and
the time in which it was looked after; by day, week, month or strategy, and in all.

Every figure is a sum over lines of the journal (docs/reports.md says which), so that rows add up to the total. Paper
and real money, and different currencies, are never in one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from memesnipe_cli.audit.exact import minus, plus, times
from memesnipe_cli.audit.orders import OrderReader
from memesnipe_cli.audit.report_sums import Sums
from memesnipe_cli.audit.report_time import BarClock, LevelClock, period_key, split
from memesnipe_cli.audit.whole import IMPROPER, Window, improper, moment
from memesnipe_cli.clock import parse_time, timeframe_ms
from memesnipe_cli.errors import UsageError
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope
from memesnipe_cli.store.entry import Entry

GROUPINGS = ("day", "week", "month", "strategy")
TOTAL = "total"
_ZERO = Decimal(0)
_OPENING, _CLOSING = "entry_fill", "exit_fill"
_OF_ORDERS = frozenset({"session", "decision", "order", "fill", "amendment", "timing"})

_Group = tuple[str, bool, str]  # currency, paper, key; key "" for the total


class ReportReader:
    """Takes a journal's entries in their order. by: one of GROUPINGS; window: what is counted of them."""

    def __init__(self, by: str, window: Window) -> None:
        if by not in GROUPINGS:
            raise UsageError(f"cannot report by {by!r}", f"by one of: {', '.join(GROUPINGS)}")
        self._by = by
        self._window = window
        self._sums: dict[_Group, Sums] = {}
        self._begins: dict[str, int] = {}
        self._currency = ""
        self._paper = True
        self._simulated = False
        self._base_ms = 0
        self._last_ms = 0
        self._equity: Decimal | None = None
        self._flowed = _ZERO
        self._left_ms: dict[tuple[str, str, str], int] = {}
        self._levels = LevelClock()
        self._bars = BarClock(0)
        self._orders = OrderReader()

    def take(self, entry: Entry) -> None:
        """The next entry. Raises IntegrityError for a line that lacks what it should have."""
        try:
            self._take(entry, entry.body)
        except IMPROPER as problem:
            raise improper(entry, problem) from problem

    def rows(self, account: str) -> list[dict[str, Any]]:
        """The `report` records after the last entry: the rows in the order of their keys, then a total for each
        currency and kind of money."""
        self._end_session()
        self._judge_orders()
        groups = sorted(self._sums, key=lambda group: (group[2] == "", group))
        return [
            self._sums[group].as_record(
                by=TOTAL if not key else self._by,
                key=key or TOTAL,
                account=account,
                currency=currency,
                paper=paper,
            )
            for group in groups
            for currency, paper, key in [group]
        ]

    def _take(self, entry: Entry, body: Mapping[str, Any]) -> None:
        kind = entry.kind
        if kind == "session":
            self._session(entry, body)
        if not self._currency:
            return
        if not self._paper and kind in _OF_ORDERS:
            self._orders.take(entry)
        if kind in ("fill", "position", "funding", "flow") and "event" in body:
            self._booked(moment(entry), body)
        elif kind == "fill":
            self._venue_fill(entry, body)
        elif kind in ("order", "decision"):
            self._order(entry, body)
        elif kind == "trade":
            self._trade(body)
        elif kind == "equity":
            self._mark(entry, body)
        elif kind == "bars":
            self._bar(parse_time(body["bar"]) + self._base_ms, entry)
        elif kind == "refusal":
            reason = body["reason"] if "event" in body else body["code"]
            if reason == "gate" and "gate" in body:
                reason = body["gate"]["code"]
            for sums in self._of(moment(entry), body.get("strategy")):
                sums.refusals[reason] += 1
        elif kind == "timing":
            self._timed(body)
        elif kind == "breaker":
            self._breaker(entry, body)

    # --- a session

    def _session(self, entry: Entry, body: Mapping[str, Any]) -> None:
        self._end_session()
        self._currency, self._paper = body["currency"], body["mode"] != "live"
        self._simulated = bool(body.get("simulated"))
        self._base_ms = timeframe_ms(body["base"])
        self._equity, self._flowed = Decimal(body["capital"]), _ZERO
        begin_ms = parse_time(body["begin"] if self._paper else entry.time)
        self._bars = BarClock(self._base_ms)
        self._last_ms = begin_ms
        for scope in (ACCOUNT, *(strategy_scope(each["name"]) for each in body["strategies"])):
            self._levels.change(scope, Level.CLOSED.name, begin_ms)

    def _end_session(self) -> None:
        """No more is known of it than its last line says."""
        self._levels.end(self._last_ms)
        for scope, level, begin_ms, end_ms in self._levels.passed:
            self._stood(scope, level, *self._window.part(begin_ms, end_ms))
        self._levels.passed.clear()

    # --- money

    def _booked(self, now_ms: int, body: Mapping[str, Any]) -> None:
        """An event of the account: what it changed the cash by."""
        event = body["event"]
        if event == "flow":
            amount = Decimal(body["amount"])
            self._flowed = plus(self._flowed, amount)
            for sums in self._of(now_ms, None):
                sums.add("flows", amount)
            return
        strategy, cash = body["strategy"], Decimal(body["cash"])
        if event == "funding":
            for sums in self._of(now_ms, strategy):
                sums.add("cash_change", cash)
                sums.add("funding", -cash)
            return
        if event not in (_OPENING, _CLOSING):
            return
        self._left_ms[(strategy, body["venue"], body["symbol"])] = now_ms
        fee = Decimal(body["fee"])
        for sums in self._of(now_ms, strategy):
            sums.add("cash_change", cash)
            sums.add("fees", fee)
        if self._paper:
            self._simulated_fill(now_ms, body)

    def _simulated_fill(self, now_ms: int, body: Mapping[str, Any]) -> None:
        qty, price = Decimal(body["qty"]), Decimal(body["price"])
        buying = (body["position"] == "long") == (body["event"] == _OPENING)
        above = minus(price, Decimal(body["reference"]))
        slipped = times(qty, above if buying else -above)
        worth = times(qty, price)
        for sums in self._of(now_ms, body["strategy"]):
            sums.fills += 1
            sums.add("turnover", worth)
            sums.add("slippage", slipped)
            sums.add("slippage_of", worth)

    def _venue_fill(self, entry: Entry, body: Mapping[str, Any]) -> None:
        """A trade of a venue: what it was worth, and a fee in another currency. The rest the account books itself."""
        fee, quote = Decimal(body["fee"]), body["symbol"].partition(":")[0].rpartition("/")[2]
        cost = body.get("cost")
        worth = times(Decimal(body["qty"]), Decimal(body["price"])) if cost is None else Decimal(cost)
        for sums in self._of(moment(entry), body["strategy"]):
            sums.fills += 1
            sums.add("turnover", worth)
            if fee and body["fee_currency"] != quote:
                sums.fees_elsewhere[body["fee_currency"]] = plus(
                    sums.fees_elsewhere.get(body["fee_currency"], _ZERO), fee
                )

    def _trade(self, body: Mapping[str, Any]) -> None:
        """A round trip: it counts when its last fill was, as its money does."""
        key = (body["strategy"], body["venue"], body["symbol"])
        ended_ms = self._left_ms.get(key)
        pnl = Decimal(body["pnl"])
        for sums in self._of(
            parse_time(body["exit_time"]) if ended_ms is None else ended_ms, body["strategy"]
        ):
            sums.trades += 1
            sums.wins += int(pnl > 0)
            sums.add("pnl", pnl)

    def _mark(self, entry: Entry, body: Mapping[str, Any]) -> None:
        """The account's worth at a close: what it gained since the last mark counts for the time before that close."""
        close_ms, equity = parse_time(body["time"]), Decimal(body["equity"])
        self._last_ms = max(self._last_ms, close_ms)
        gained = minus(minus(equity, self._equity or _ZERO), self._flowed)
        self._equity, self._flowed = equity, _ZERO
        for sums in self._of(close_ms - 1, None):
            sums.add("marked", gained)
        self._bar(close_ms, entry)

    # --- orders

    def _order(self, entry: Entry, body: Mapping[str, Any]) -> None:
        event = body.get("event")
        if event == "missed":
            for sums in self._of(moment(entry), body["strategy"]):
                sums.missed[body["reason"]] += 1
        elif (event is None and body["state"] == "intent") or (
            self._paper and event in ("entry_order", "exit_order")
        ):
            for sums in self._of(moment(entry), body["strategy"]):
                sums.orders += 1

    def _timed(self, body: Mapping[str, Any]) -> None:
        sent_ms, acknowledged_ms = body["sent_ms"], body["acknowledged_ms"]
        for sums in self._of(parse_time(body["begin"]), body["strategy"]):
            if sent_ms is not None and body["signal"] is not None:
                sums.sent_ms.append(sent_ms)
            if sent_ms is not None and acknowledged_ms is not None:
                sums.acknowledged_ms.append(acknowledged_ms - sent_ms)

    def _judge_orders(self) -> None:
        """The slippage of live orders, once all that is known of them is read: what their fills cost against the price
        that they were decided on, fees apart (audit/shortfall.py: delay, spread and impact)."""
        for order in self._orders.orders.values():
            if order.paper or not order.fills:
                continue
            cost = order.cost()
            worth = _ZERO
            for fill in order.fills:
                worth = plus(worth, times(fill.qty, fill.price))
            for sums in self._of(order.time_ms, order.strategy, (order.currency, False)):
                if cost.impact is None:
                    sums.slippage_unknown += 1
                    continue
                for part in (cost.delay, cost.spread, cost.impact):
                    sums.add("slippage", part or _ZERO)
                sums.add("slippage_of", worth)

    # --- time

    def _breaker(self, entry: Entry, body: Mapping[str, Any]) -> None:
        """A level that was reached. What a person sets, a paper account obeys at its next bar and writes down then, in
        the time of its bars; a live one is stopped by it at once, whether it runs or not."""
        scope = body.get("scope")
        if body.get("level") not in Level.__members__ or not isinstance(scope, str):
            return
        if self._paper and "event" not in body:
            return
        if "event" in body:
            at_ms = parse_time(body["bar"]) + self._base_ms
        else:
            at_ms = parse_time(body.get("since") or entry.time)
        self._last_ms = max(self._last_ms, at_ms)
        self._levels.change(scope, body["level"], at_ms)

    def _stood(self, scope: str, level: str, begin_ms: int, end_ms: int) -> None:
        if self._by == "strategy" and scope != ACCOUNT:
            if end_ms > begin_ms:
                self._row(scope.partition(":")[2]).level_ms[level] += end_ms - begin_ms
        elif scope == ACCOUNT:
            for begin, end in split(begin_ms, end_ms, self._by):
                for sums in self._of(begin, None):
                    sums.level_ms[level] += end - begin

    def _bar(self, close_ms: int, entry: Entry) -> None:
        self._last_ms = max(self._last_ms, close_ms)
        due, in_time = self._bars.bar(close_ms, parse_time(entry.time))
        if due is None:
            return
        for begin, end in split(*self._window.part(*due), self._by):
            for sums in self._of(begin, None):
                sums.bars_due += (end - begin) // self._base_ms
        if in_time:
            for sums in self._of(close_ms - 1, None):
                sums.bars_in_time += 1

    # --- rows

    def _of(self, ts_ms: int, strategy: str | None, money: tuple[str, bool] | None = None) -> Iterator[Sums]:
        """The sums that something of a moment and a strategy (None: of the account) counts for."""
        if not self._window.has(ts_ms):
            return
        if self._by != "strategy":
            yield self._row(period_key(ts_ms, self._by), money)
        elif strategy:
            yield self._row(strategy, money)
        yield self._row("", money)

    def _row(self, key: str, money: tuple[str, bool] | None = None) -> Sums:
        currency, paper = money or (self._currency, self._paper)
        sums = self._sums.get((currency, paper, key))
        if sums is None:
            sums = self._sums[(currency, paper, key)] = Sums()
        sums.simulated |= paper and self._simulated
        return sums


def report(entries: Iterable[Entry], account: str, by: str, window: Window) -> list[dict[str, Any]]:
    """The `report` records of a journal's entries; see ReportReader."""
    reader = ReportReader(by, window)
    for entry in entries:
        reader.take(entry)
    return reader.rows(account)
