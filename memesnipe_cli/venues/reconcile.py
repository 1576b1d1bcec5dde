"""Holds our book against what the venue shows, and says what to do about each difference. Pure: asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from memesnipe_cli.engine.order_ids import LENGTH, PREFIX
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.facts import Balance, VenueFill, VenueOrder, VenueStatus
from memesnipe_cli.venues.flows import Flow, explained
from memesnipe_cli.venues.holdings import is_perpetual
from memesnipe_cli.venues.order_book import Order, OrderBook
from memesnipe_cli.venues.order_state import LIVE, UNSETTLED, OrderState

_ZERO = Decimal(0)


class Kind(StrEnum):
    """What was found."""

    ADOPT = "adopt"  # ours, and not known to rest
    CHILD = "child"  # born by the venue from one of ours
    FOREIGN = "foreign"  # the user's own
    OTHER_STORE = "other_store"  # of this tool, and in no line of this journal
    DISPROVED = "disproved"  # ours, and proven not to exist
    ENDED = "ended"  # open in our book only
    REOPENED = "reopened"  # ended in our book only
    TERMS = "terms"  # ours, with other terms than we gave it
    UNBOOKED = "unbooked"  # a fill of ours that is not in the book
    MANUAL_TRADE = "manual_trade"  # somebody traded a coin of which we hold lots
    OVERSOLD = "oversold"  # more was sold than was ours
    SHORT = "short"  # the venue has less of a coin than our lots
    BALANCE = "balance"  # a balance changed without a reason
    POSITION = "position"  # the venue's position in a perpetual is not ours
    UNKNOWN = "unknown"  # the venue's answer lacks it


class Remedy(StrEnum):
    """What to do."""

    SETTLE = "settle"  # ask the venue for that order
    BOOK = "book"  # book the venue's fills
    LEAVE = "leave"
    ASK_AGAIN = "ask_again"
    HALT_SYMBOL = "halt_symbol"
    HALT = "halt"  # the account, with a report


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. order_id: our id, or the venue's where there is none of ours."""

    kind: Kind
    remedy: Remedy
    message: str
    order_id: str = ""
    symbol: str = ""

    @property
    def halts(self) -> bool:
        """It does not add up: nothing may be opened until a person has seen it."""
        return self.remedy in (Remedy.HALT, Remedy.HALT_SYMBOL)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the venue shows. fills: since a little before the last reconciliation. balances: None where it did not say.
    positions: in perpetuals, below 0 for a short; None where it was not asked. flows: what else moved balances, from
    the venue's ledger, since a little before the last reconciliation; None where it was not asked. names: client ids of
    the orders behind trades that the book does not know, by the venue's ids; "" where an order carries none."""

    venue: str
    open_orders: Sequence[VenueOrder]
    fills: Sequence[VenueFill]
    balances: Mapping[str, Balance] | None
    positions: Mapping[str, Decimal] | None = None
    flows: Sequence[Flow] | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def reconcile(book: OrderBook, shown: Shown, store_part: str) -> list[Finding]:
    """Every difference; none means that book and venue agree. store_part: how the ids of this store begin."""
    found = _orders(book, shown, store_part)
    found += _fills(book, shown)
    found += _lots(book, shown)
    # Unbooked fills and unsettled orders move balances: they are compared once those are done.
    waits = any(each.remedy in (Remedy.SETTLE, Remedy.BOOK) for each in found) or book.unsettled()
    return found if waits else [*found, *_positions(book, shown), *_balances(book, shown)]


def is_of_this_tool(client_id: str) -> bool:
    """Whether an id has the form of ours, of whatever store."""
    return len(client_id) == LENGTH and client_id.startswith(PREFIX)


def _is_lost(book: OrderBook, client_id: str) -> bool:
    """Whether an order is of this tool and in no line: another store trades here, or this one came from a backup."""
    return is_of_this_tool(client_id) and client_id not in book.orders


def is_new(book: OrderBook, venue: str, fill: VenueFill) -> bool:
    """Neither booked nor among those of others that the reconciled balances hold already."""
    return fill.trade_id not in book.trades and fill.trade_id not in book.foreign.get(venue, ())


def _orders(book: OrderBook, shown: Shown, store_part: str) -> list[Finding]:
    found: list[Finding] = []
    seen: set[str] = set()
    for theirs in shown.open_orders:
        if theirs.status is VenueStatus.CLOSED:
            continue
        ours = book.orders.get(theirs.client_id) if theirs.client_id else None
        if ours is not None:
            seen.add(theirs.client_id)
            found += _both(ours, theirs)
        else:
            found.append(_not_in_the_book(book, theirs, store_part))
    for order in book.live():
        order_id = order.intent.id
        if order.intent.venue != shown.venue or order_id in seen:
            continue
        kind = Kind.UNKNOWN if order.state in UNSETTLED else Kind.ENDED
        message = f"{order_id} is {order.state} in the book, and the venue shows it among no open orders"
        found.append(Finding(kind, Remedy.SETTLE, message, order_id, order.intent.symbol))
    return found


def _both(ours: Order, theirs: VenueOrder) -> list[Finding]:
    order_id, symbol = ours.intent.id, ours.intent.symbol
    where = f"{order_id} ({theirs.venue_id})"
    if ours.state in (OrderState.REFUSED, OrderState.ABSENT, OrderState.INTENT):
        message = f"{where} rests at the venue, and is {ours.state} in the book"
        return [Finding(Kind.DISPROVED, Remedy.HALT, message, order_id, symbol)]
    if ours.state in UNSETTLED:
        message = f"{where} rests at the venue, and is {ours.state} in the book"
        return [Finding(Kind.ADOPT, Remedy.SETTLE, message, order_id, symbol)]
    if ours.state not in LIVE:
        message = f"{where} is {ours.state} in the book, and open at the venue"
        return [Finding(Kind.REOPENED, Remedy.HALT_SYMBOL, message, order_id, symbol)]
    found: list[Finding] = []
    if ours.amendment is not None:
        message = f"whether the change of {where} stands is not known"
        found.append(Finding(Kind.UNKNOWN, Remedy.SETTLE, message, order_id, symbol))
    elif _terms_differ(ours, theirs):
        message = f"{where} has other terms at the venue: {_terms_said(theirs)}"
        found.append(Finding(Kind.TERMS, Remedy.HALT_SYMBOL, message, order_id, symbol))
    if theirs.filled != ours.filled:
        message = f"{where} has filled {theirs.filled}, of which {ours.filled} is booked"
        found.append(Finding(Kind.UNBOOKED, Remedy.BOOK, message, order_id, symbol))
    return found


def _terms_differ(ours: Order, theirs: VenueOrder) -> bool:
    intent = ours.intent
    trigger = intent.stop if intent.action is Action.PROTECT else None
    return (theirs.symbol, theirs.side, theirs.qty, theirs.stop, theirs.price or intent.price) != (
        intent.symbol,
        intent.side,
        intent.qty,
        trigger,
        intent.price,
    )


def _terms_said(order: VenueOrder) -> str:
    stop = "" if order.stop is None else f", stop {order.stop}"
    return f"{order.side} {order.qty} {order.symbol}{stop}"


def _not_in_the_book(book: OrderBook, theirs: VenueOrder, store_part: str) -> Finding:
    client_id = theirs.client_id
    if theirs.parent in book.by_venue_id:
        message = f"{theirs.venue_id} was born from our order {book.by_venue_id[theirs.parent]}"
        return Finding(Kind.CHILD, Remedy.HALT_SYMBOL, message, theirs.venue_id, theirs.symbol)
    if is_of_this_tool(client_id):
        whose = "this store" if client_id.startswith(store_part) else "another store"
        message = f"{client_id} ({theirs.venue_id}) carries an id of {whose}, and this journal lacks it"
        return Finding(Kind.OTHER_STORE, Remedy.HALT, message, client_id, theirs.symbol)
    message = f"{theirs.venue_id} is not ours: {_terms_said(theirs)}"
    return Finding(Kind.FOREIGN, Remedy.LEAVE, message, theirs.venue_id, theirs.symbol)


def _fills(book: OrderBook, shown: Shown) -> list[Finding]:
    found: list[Finding] = []
    held = {_asset(symbol) for (_, symbol), holding in book.holdings.items() if holding.qty}
    for fill in shown.fills:
        if not is_new(book, shown.venue, fill):
            continue
        order_id = book.by_venue_id.get(fill.venue_order_id)
        said = f"the trade {fill.trade_id}, a {fill.side} of {fill.qty} {fill.symbol},"
        if order_id is not None:
            message = f"{said} of {order_id} is not booked"
            found.append(Finding(Kind.UNBOOKED, Remedy.BOOK, message, order_id, fill.symbol))
        elif _is_lost(book, shown.names.get(fill.venue_order_id, "")):
            name = shown.names[fill.venue_order_id]
            message = f"{said} is of {name}, an order of this tool that this journal lacks"
            found.append(Finding(Kind.OTHER_STORE, Remedy.HALT, message, name, fill.symbol))
        elif book.unsettled(fill.symbol):
            message = f"{said} may be of an order that is not settled"
            found.append(
                Finding(
                    Kind.UNKNOWN,
                    Remedy.SETTLE,
                    message,
                    book.unsettled(fill.symbol)[0].intent.id,
                    fill.symbol,
                )
            )
        elif _asset(fill.symbol) in held:
            message = f"{said} was made by somebody else, in {_asset(fill.symbol)}, of which we hold lots"
            found.append(
                Finding(Kind.MANUAL_TRADE, Remedy.HALT_SYMBOL, message, fill.venue_order_id, fill.symbol)
            )
    return found


def _lots(book: OrderBook, shown: Shown) -> list[Finding]:
    found: list[Finding] = []
    owned: dict[str, Decimal] = {}
    for (strategy, symbol), holding in book.holdings.items():
        if holding.qty < 0:
            message = f"{strategy} sold {-holding.qty} {symbol} more than was ours"
            found.append(Finding(Kind.OVERSOLD, Remedy.HALT, message, "", symbol))
        elif holding.position == "long" and not is_perpetual(symbol):
            owned[holding.base] = owned.get(holding.base, _ZERO) + holding.qty
    for base, qty in owned.items():
        there = None if shown.balances is None else shown.balances.get(base)
        if qty and there is not None and there.total < qty:
            message = f"the venue has {there.total} {base}, and our lots are {qty}"
            found.append(Finding(Kind.SHORT, Remedy.HALT, message, "", base))
    return found


def _positions(book: OrderBook, shown: Shown) -> list[Finding]:
    if shown.positions is None:
        return []
    ours = {symbol for _, symbol in book.holdings if is_perpetual(symbol)}
    found: list[Finding] = []
    for symbol in sorted(ours | shown.positions.keys()):
        there, mine = shown.positions.get(symbol, _ZERO), book.position(symbol)
        if there == mine:
            continue
        message = f"the venue's position in {symbol} is {there}, and our lots are {mine}"
        if symbol in ours:
            # A venue nets all positions in a product: an exit of ours could turn one round that is not as we think.
            found.append(Finding(Kind.POSITION, Remedy.HALT, message, "", symbol))
        else:
            found.append(Finding(Kind.FOREIGN, Remedy.LEAVE, message, "", symbol))
    return found


def _balances(book: OrderBook, shown: Shown) -> list[Finding]:
    if shown.balances is None:
        return [Finding(Kind.UNKNOWN, Remedy.ASK_AGAIN, f"{shown.venue} does not say its balances")]
    expected = book.expected.get(shown.venue)
    if expected is None:
        return []
    # What came before the first time is in those balances already, although its ids were not looked at.
    first_ms = book.first_ms.get(shown.venue, 0)
    flows = [each for each in shown.flows or () if each.time_ms >= first_ms]
    reasons = dict(explained(flows, book.counted.get(shown.venue, ())))
    for fill in shown.fills:
        if is_new(book, shown.venue, fill):
            _explain(reasons, fill)
    found: list[Finding] = []
    for currency in sorted(expected.keys() | shown.balances.keys()):
        should = expected.get(currency, _ZERO) + reasons.get(currency, _ZERO)
        there = shown.balances.get(currency)
        if there is None:
            if should:
                message = f"the venue does not say how much {currency} there is"
                found.append(Finding(Kind.UNKNOWN, Remedy.ASK_AGAIN, message))
        elif there.total != should:
            message = f"there is {there.total} {currency}, and {should} is explained"
            found.append(Finding(Kind.BALANCE, Remedy.HALT, message))
    return found


def _explain(reasons: dict[str, Decimal], fill: VenueFill) -> None:
    """The user's own trades move balances, too; of perpetuals by what is settled, which the ledger tells."""
    if is_perpetual(fill.symbol):
        return
    base, _, quote = fill.symbol.partition("/")
    sign = 1 if fill.side == "buy" else -1
    cost = fill.price * fill.qty if fill.cost is None else fill.cost
    for currency, change in ((base, sign * fill.qty), (quote, -sign * cost), (fill.fee_currency, -fill.fee)):
        reasons[currency] = reasons.get(currency, _ZERO) + change


def _asset(symbol: str) -> str:
    """What is held of a symbol: a coin, whatever it is traded against, or a perpetual."""
    return symbol if is_perpetual(symbol) else symbol.partition("/")[0]
