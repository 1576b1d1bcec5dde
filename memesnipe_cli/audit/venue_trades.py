"""Holds the trades in a journal against the venue's own list of them. Pure: asks nobody and books nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from memesnipe_cli.clock import format_time
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.venues import order_lines
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_fold import OrderFold
from memesnipe_cli.venues.reconcile import is_of_this_tool
from memesnipe_cli.venues.wire import plain

_ZERO = Decimal(0)


class Kind(StrEnum):
    """What was found of a trade."""

    MISSING_HERE = "missing_here"  # of one of our orders, and in no line of the journal
    MISSING_THERE = "missing_there"  # booked, and not in the venue's list
    DIFFERS = "differs"
    UNCLEAR = "unclear"  # may be of an order of ours that is not settled
    LOST = "lost"  # of an order with an id of this tool that no line has
    FOREIGN = "foreign"  # the user's own


@dataclass(frozen=True, slots=True)
class TheirTrade:
    """A trade as the venue's list has it; None where the list does not say. market: as the list writes it, where it
    does not name a symbol that we know. within_ms: how exact its time is. client_id: of the order, "" where it carries
    none or nobody asked."""

    trade_id: str
    order_id: str | None
    symbol: str | None
    market: str
    side: str
    qty: Decimal
    price: Decimal
    cost: Decimal | None
    fee: Decimal
    fee_currency: str | None
    time_ms: int
    within_ms: int = 0
    client_id: str = ""

    @classmethod
    def of(cls, fill: VenueFill, client_id: str = "") -> TheirTrade:
        """One of the venue's interface, which says everything. client_id: that of its order, where it was asked for."""
        return cls(
            fill.trade_id, fill.venue_order_id, fill.symbol, fill.symbol, fill.side, fill.qty, fill.price, fill.cost,
            fill.fee, fill.fee_currency, fill.time_ms, client_id=client_id,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OurTrade:
    """A trade as the journal has it: in the line `seq`, of our order."""

    seq: int
    order: str
    venue: str
    fill: VenueFill


@dataclass(frozen=True, slots=True)
class Difference:
    """One trade on which journal and venue do not agree. here, there: what each says where they differ."""

    kind: Kind
    trade_id: str
    order: str
    market: str
    side: str
    time_ms: int
    qty: Decimal
    price: Decimal
    fields: tuple[str, ...] = ()
    here: str = ""
    there: str = ""
    seq: int | None = None


@dataclass(slots=True)
class Sum:
    """The trades of ours in one market and direction, in the journal (here) and at the venue (there)."""

    trades_here: int = 0
    trades_there: int = 0
    qty_here: Decimal = _ZERO
    qty_there: Decimal = _ZERO
    value_here: Decimal = _ZERO
    value_there: Decimal = _ZERO
    fees_here: Decimal = _ZERO
    fees_there: Decimal = _ZERO


@dataclass
class Comparison:
    """What was found. same: trades on which both agree; foreign: trades of others in that time. sums: by (market, side,
    currency of the fees)."""

    differences: list[Difference] = field(default_factory=list)
    sums: dict[tuple[str, str, str], Sum] = field(default_factory=dict)
    same: int = 0
    foreign: int = 0

    @property
    def clean(self) -> bool:
        """Journal and venue agree on every trade of ours."""
        return not self.differences


class JournalTrades:
    """Takes a journal's entries in their order. trades: by the venue's id, of live orders; book: our orders."""

    def __init__(self) -> None:
        self.trades: dict[str, OurTrade] = {}
        self._fold = OrderFold()
        self.book = self._fold.initial()

    def take(self, entry: Entry) -> None:
        """The next entry."""
        self.book = self._fold.apply(self.book, entry)
        body = entry.body
        if "event" in body:
            return
        if entry.kind == order_lines.FILL:
            fill = order_lines.fill_of(body)
            self.trades[fill.trade_id] = OurTrade(entry.seq, body["order"], body["venue"], fill)

    @property
    def venue(self) -> str | None:
        """Where the account trades, one venue an account; None where it never has."""
        first = next(iter(self.book.orders.values()), None)
        return next(iter(self.book.first_ms), None) if first is None else first.intent.venue

    @property
    def since_ms(self) -> int:
        """When book and venue were first found to agree, which is before the first order; 0 where they never were."""
        return min(self.book.first_ms.values(), default=0)


def compare(
    ours: JournalTrades, theirs: Iterable[TheirTrade], venue: str, since_ms: int, until_ms: int
) -> Comparison:
    """Every trade of `venue` from since_ms to before until_ms. `theirs` must be whole for that time; what it holds
    beyond is looked at for trades that one side dates elsewhere."""
    done = Comparison()
    listed = {each.trade_id: each for each in theirs}
    booked = {name: each for name, each in ours.trades.items() if each.venue == venue}
    for trade_id in sorted(
        {*listed, *booked}, key=lambda name: (_time(booked.get(name), listed.get(name)), name)
    ):
        mine, there = booked.get(trade_id), listed.get(trade_id)
        times = [mine.fill.time_ms] if mine is not None else []
        times += [there.time_ms] if there is not None else []
        if not any(since_ms <= each < until_ms for each in times):
            continue
        if mine is None and there is not None:
            _not_here(done, ours.book, there)
        elif mine is not None and there is None:
            _add(done, mine, None)
            done.differences.append(_of_ours(Kind.MISSING_THERE, mine))
        elif mine is not None and there is not None:
            _add(done, mine, there)
            _both(done, mine, there)
    return done


def _time(mine: OurTrade | None, there: TheirTrade | None) -> int:
    return mine.fill.time_ms if mine is not None else there.time_ms if there is not None else 0


def _not_here(done: Comparison, book: OrderBook, there: TheirTrade) -> None:
    order = book.by_venue_id.get(there.order_id or "")
    if order is not None:
        _add(done, None, there)
        done.differences.append(_of_theirs(Kind.MISSING_HERE, there, order))
        return
    if is_of_this_tool(there.client_id) and there.client_id not in book.orders:
        done.differences.append(_of_theirs(Kind.LOST, there, there.client_id))
        return
    waiting = [] if there.symbol is None else book.unsettled(there.symbol)
    if waiting:
        done.differences.append(_of_theirs(Kind.UNCLEAR, there, waiting[0].intent.id))
        return
    done.foreign += 1


def _both(done: Comparison, mine: OurTrade, there: TheirTrade) -> None:
    differ = [each for each in _said(mine.fill, there) if each[1] != each[2]]
    if not differ:
        done.same += 1
        return
    names = tuple(name for name, _, _ in differ)
    here, theirs = ("; ".join(f"{each[0]} {each[side]}" for each in differ) for side in (1, 2))
    done.differences.append(_of_ours(Kind.DIFFERS, mine, names, here, theirs))


def _said(fill: VenueFill, there: TheirTrade) -> Sequence[tuple[str, str, str]]:
    """(field, what the journal says, what the venue says), of all that both say."""
    found = [
        ("side", fill.side, there.side),
        ("qty", _amount(fill.qty), _amount(there.qty)),
        ("price", _amount(fill.price), _amount(there.price)),
    ]
    if there.symbol is not None:
        found.append(("symbol", fill.symbol, there.symbol))
    if there.order_id is not None:
        found.append(("order", fill.venue_order_id, there.order_id))
    if fill.cost is not None and there.cost is not None:
        found.append(("cost", _amount(fill.cost), _amount(there.cost)))
    if there.fee_currency is not None:
        found.append(("fee", _amount(fill.fee), _amount(there.fee)))
        found.append(("fee currency", fill.fee_currency, there.fee_currency))
    elif fill.fee_currency == _quote(fill.symbol):
        # A list that names no currency writes every fee in the quote, whatever it was taken in.
        found.append(("fee", _amount(fill.fee), _amount(there.fee)))
    if abs(fill.time_ms - there.time_ms) > there.within_ms:
        found.append(("time", format_time(fill.time_ms), format_time(there.time_ms)))
    return found


def _amount(value: Decimal) -> str:
    """Without zeros at its end: the same amount has one text, whoever wrote it."""
    text = plain(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _quote(symbol: str) -> str:
    return symbol.partition("/")[2].partition(":")[0]


def _of_ours(
    kind: Kind, mine: OurTrade, fields: tuple[str, ...] = (), here: str = "", there: str = ""
) -> Difference:
    fill = mine.fill
    return Difference(
        kind, fill.trade_id, mine.order, fill.symbol, fill.side, fill.time_ms, fill.qty, fill.price, fields, here,
        there, mine.seq,
    )  # fmt: skip


def _of_theirs(kind: Kind, there: TheirTrade, order: str) -> Difference:
    market = there.symbol or there.market
    return Difference(kind, there.trade_id, order, market, there.side, there.time_ms, there.qty, there.price)


def _add(done: Comparison, mine: OurTrade | None, there: TheirTrade | None) -> None:
    """Into the sums, each side under its own words: what differs shows there too."""
    if mine is not None:
        fill = mine.fill
        mine_sum = done.sums.setdefault((fill.symbol, fill.side, fill.fee_currency), Sum())
        mine_sum.trades_here += 1
        mine_sum.qty_here += fill.qty
        mine_sum.value_here += fill.qty * fill.price if fill.cost is None else fill.cost
        mine_sum.fees_here += fill.fee
    if there is not None:
        known = None if mine is None else mine.fill
        symbol = there.symbol or (known.symbol if known else there.market)
        currency = there.fee_currency or (known.fee_currency if known else "")
        their_sum = done.sums.setdefault((symbol, there.side, currency), Sum())
        their_sum.trades_there += 1
        their_sum.qty_there += there.qty
        their_sum.value_there += there.qty * there.price if there.cost is None else there.cost
        if there.fee_currency is not None or currency in ("", _quote(symbol)):
            their_sum.fees_there += there.fee


def difference_record(account: str, venue: str, each: Difference) -> dict[str, Any]:
    """The fields of a `trade_check` record."""
    return {
        "account": account,
        "venue": venue,
        "result": str(each.kind),
        "trade": each.trade_id,
        "order": each.order or None,
        "symbol": each.market,
        "side": each.side,
        "time": format_time(each.time_ms),
        "qty": _amount(each.qty),
        "price": _amount(each.price),
        "fields": list(each.fields),
        "here": each.here,
        "there": each.there,
        "seq": each.seq,
    }


def sum_records(account: str, venue: str, done: Comparison) -> list[dict[str, Any]]:
    """The fields of the `trade_sum` records."""
    return [
        {
            "account": account,
            "venue": venue,
            "symbol": symbol,
            "side": side,
            "trades_here": each.trades_here,
            "trades_there": each.trades_there,
            "qty_here": _amount(each.qty_here),
            "qty_there": _amount(each.qty_there),
            "value_here": _amount(each.value_here),
            "value_there": _amount(each.value_there),
            "fee_currency": currency,
            "fees_here": _amount(each.fees_here),
            "fees_there": _amount(each.fees_there),
        }
        for (symbol, side, currency), each in sorted(done.sums.items())
    ]
