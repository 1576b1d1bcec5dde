"""What is held and what open orders may still add to it: projected exposure, kept by approvals, fills and ends.

Amounts are in the quote currency, as notionals: a position at its last mark, an open entry at its own price for what
is left of it. Sums per strategy, base asset, cluster and of the whole account are kept up to date, so that asking costs
the same however much is held.
"""

from __future__ import annotations

from decimal import Decimal

from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.intent import Action, OrderIntent

_ZERO = Decimal(0)
# Members of an Enum are slow to look up by name.
_ENTRY, _PROTECT, _CANCEL = Action.ENTRY, Action.PROTECT, Action.CANCEL
_ONE = Decimal(1)
_HINT = "halt and reconcile the account"


class Sum:
    """What lines of one kind add up to. Without any line it is exactly 0 again, whatever rounding left."""

    __slots__ = ("amount", "lines")

    def __init__(self) -> None:
        self.amount = _ZERO
        self.lines = 0


class Line:
    """One line of several sums: its notional stands in each of them."""

    __slots__ = ("notional", "sums")

    def __init__(self, sums: tuple[Sum, ...]) -> None:
        self.notional = _ZERO
        self.sums = sums
        for each in sums:
            each.lines += 1

    def change(self, notional: Decimal) -> None:
        """Now worth `notional`."""
        by = notional - self.notional
        for each in self.sums:
            each.amount += by
        self.notional = notional

    def end(self) -> None:
        """Nothing any more."""
        for each in self.sums:
            each.lines -= 1
            each.amount = each.amount - self.notional if each.lines else _ZERO
        self.notional = _ZERO
        self.sums = ()


class Position:
    """One strategy's holding of one symbol. trade_used: what its units took of a trade's limit, as a share of 1."""

    __slots__ = ("base", "line", "mark", "position", "qty", "trade_used")

    def __init__(
        self, base: str, position: str, qty: Decimal, mark: Decimal, trade_used: Decimal, line: Line
    ) -> None:
        self.base = base
        self.position = position
        self.qty = qty
        self.mark = mark
        self.trade_used = trade_used
        self.line = line
        line.change(qty * mark)


class OpenOrder:
    """An approved order that may still fill. trade_used: its share of the limit of its trade, filled or not; reserve:
    the cash that a unit of it may need, fee included; replaced_by: the id that it is being amended to."""

    __slots__ = ("intent", "left", "line", "quote", "replaced_by", "reserve", "trade_used")

    def __init__(self, intent: OrderIntent, trade_used: Decimal, reserve: Decimal) -> None:
        self.intent = intent
        self.left = intent.qty
        self.trade_used = trade_used
        self.reserve = reserve
        self.quote = intent.quote if reserve else ""
        self.line: Line | None = None
        self.replaced_by = ""


class Exposure:
    """Positions and open orders of one account."""

    def __init__(self) -> None:
        self.positions: dict[tuple[str, str], Position] = {}
        self.orders: dict[str, OpenOrder] = {}
        self._gross = Sum()
        self._strategies: dict[str, Sum] = {}
        self._bases: dict[str, Sum] = {}
        self._clusters: dict[str, Sum] = {}
        self._by_symbol: dict[str, dict[str, OpenOrder]] = {}
        self._owners: dict[
            str, dict[str, int]
        ] = {}  # base asset -> strategy -> its positions and open entries
        self._reserved: dict[str, Decimal] = {}

    # What is asked

    def gross(self) -> Decimal:
        """Everything held and waiting."""
        return self._gross.amount

    def of_strategy(self, strategy: str) -> Decimal:
        """What a strategy holds and waits for."""
        found = self._strategies.get(strategy)
        return found.amount if found else _ZERO

    def of_base(self, base: str) -> Decimal:
        """What is held and waited for of a base asset, whatever it is traded against."""
        found = self._bases.get(base)
        return found.amount if found else _ZERO

    def of_cluster(self, cluster: str) -> Decimal:
        """What is held and waited for of assets that move together."""
        found = self._clusters.get(cluster)
        return found.amount if found else _ZERO

    def trade_used(self, strategy: str, symbol: str) -> Decimal:
        """What the units of the present trade, waiting ones included, took of the limit of a trade: a share of 1."""
        held = self.positions.get((strategy, symbol))
        used = held.trade_used if held else _ZERO
        for order in self._by_symbol.get(symbol, {}).values():
            if order.line is not None and order.intent.strategy == strategy:
                used += order.trade_used * order.left / order.intent.qty
        return used

    def held(self, strategy: str, symbol: str, position: str) -> Decimal:
        """Our lots of a symbol, long or short as said; 0 where we hold the other way or nothing."""
        found = self.positions.get((strategy, symbol))
        return found.qty if found is not None and found.position == position else _ZERO

    def opposite_way(self, strategy: str, symbol: str, position: str) -> Decimal:
        """Lots that a strategy holds or waits for the other way than `position`."""
        held = self.positions.get((strategy, symbol))
        total = held.qty if held is not None and held.position != position else _ZERO
        for order in self._by_symbol.get(symbol, {}).values():
            intent = order.intent
            if order.line is not None and intent.strategy == strategy and intent.position != position:
                total += order.left
        return total

    def exits_left(self, strategy: str, symbol: str, without: str = "") -> Decimal:
        """What open exits of a position may still take off it, `without` one that is about to be amended. An order and
        the one it is amended to count as the larger of the two until one of them has ended."""
        total = _ZERO
        orders = self._by_symbol.get(symbol, {})
        for order in orders.values():
            if order.line is None and order.intent.strategy == strategy and order.intent.id != without:
                newer = orders.get(order.replaced_by)
                total += order.left if newer is None else max(_ZERO, order.left - newer.left)
        return total

    def opposite(self, symbol: str, side: str) -> Decimal | None:
        """The best price among our open orders on the other side of `side`; None where there is none. Stops that rest
        untriggered are not in the book and do not count."""
        best: Decimal | None = None
        for order in self._by_symbol.get(symbol, {}).values():
            intent = order.intent
            price = intent.price
            if intent.side == side or price is None or intent.action is _PROTECT:
                continue
            if best is None or (price < best if side == "buy" else price > best):
                best = price
        return best

    def open_orders(self, strategy: str, symbol: str) -> list[OrderIntent]:
        """The approved orders of a strategy in a symbol that may still fill."""
        orders = self._by_symbol.get(symbol, {}).values()
        return [order.intent for order in orders if order.intent.strategy == strategy]

    def owner(self, base: str) -> str | None:
        """The strategy that holds, or waits for, a base asset."""
        owners = self._owners.get(base)
        return next(iter(owners)) if owners else None

    def reserved(self, quote: str) -> Decimal:
        """Cash of a currency that open buys may need, fees included."""
        return self._reserved.get(quote, _ZERO)

    # What happens

    def opened(self, intent: OrderIntent, trade_used: Decimal = _ZERO, fee: Decimal = _ZERO) -> None:
        """An order was approved and may fill. trade_used: its notional over the limit of a trade."""
        if intent.action is _CANCEL or intent.id in self.orders:
            return
        price = intent.price
        entry = intent.action is _ENTRY
        buys = entry and intent.side == "buy" and price is not None
        order = OpenOrder(intent, trade_used, price * (_ONE + fee) if buys and price else _ZERO)
        beside = self._by_symbol.setdefault(intent.symbol, {})
        self.orders[intent.id] = beside[intent.id] = order
        if entry:
            order.line = self._line(intent.strategy, intent.base, intent.cluster)
            order.line.change(intent.qty * (price or _ZERO))
            self._own(intent.base, intent.strategy, 1)
            self._reserve(order, intent.qty)
            return
        older = beside.get(intent.replaces)
        if older is not None and older.line is None and older.intent.strategy == intent.strategy:
            older.replaced_by = intent.id

    def filled(self, order_id: str, qty: Decimal, price: Decimal) -> bool:
        """Part or all of an open order filled; True where it is the order's first fill.

        Raises DataError for an order that is not open here, for a quantity or price that is none, and for an exit
        that took more than was held: the books and the venue do not agree.
        """
        order = self.orders.get(order_id)
        if order is None:
            raise DataError(f"a fill names the order {order_id!r}, which is not open here", _HINT)
        if not (qty.is_finite() and qty > 0 and price.is_finite() and price > 0):
            raise DataError(f"a fill of {order_id} has quantity {qty} at {price}", _HINT)
        intent, first = order.intent, order.left == order.intent.qty
        taken = min(qty, order.left)
        if order.line is None:
            self._take(intent, qty)
        else:
            self._add(order, qty, price)
            self._reserve(order, -taken)
        order.left -= taken
        if order.line is not None:
            order.line.change(order.left * (intent.price or _ZERO))
        if not order.left:
            self.ended(order_id)
        return first

    def ended(self, order_id: str) -> None:
        """An order can fill no more: filled, cancelled, expired, or proven never to have reached the venue."""
        order = self.orders.pop(order_id, None)
        if order is None:
            return
        intent = order.intent
        del self._by_symbol[intent.symbol][order_id]
        if order.line is not None:
            self._reserve(order, -order.left)
            order.line.end()
            self._own(intent.base, intent.strategy, -1)

    def mark(self, symbol: str, price: Decimal) -> None:
        """What a symbol is worth now. A price that is none leaves the last one in place."""
        if not (price.is_finite() and price > 0):
            return
        for (_, held_symbol), held in self.positions.items():
            if held_symbol == symbol:
                held.mark = price
                held.line.change(held.qty * price)

    def hold(
        self,
        strategy: str,
        symbol: str,
        base: str,
        cluster: str,
        position: str,
        qty: Decimal,
        mark: Decimal,
        trade_used: Decimal = _ONE,
    ) -> None:
        """Set what is held, in place of what was known: after a restart or a reconciliation. qty 0: nothing."""
        key = (strategy, symbol)
        if key in self.positions:
            self._forget(key)
        if qty > 0:
            line = self._line(strategy, base, cluster)
            self.positions[key] = Position(base, position, qty, mark, trade_used, line)
            self._own(base, strategy, 1)

    # How it is kept

    def _add(self, order: OpenOrder, qty: Decimal, price: Decimal) -> None:
        intent = order.intent
        used = order.trade_used * qty / intent.qty
        held = self.positions.get((intent.strategy, intent.symbol))
        if held is None:
            self.hold(
                intent.strategy,
                intent.symbol,
                intent.base,
                intent.cluster,
                intent.position,
                qty,
                price,
                used,
            )
            return
        if held.position != intent.position:
            raise DataError(
                f"{intent.id} opened a {intent.position} in {intent.symbol}, where a {held.position} is held",
                _HINT,
            )
        held.qty += qty
        held.trade_used += used
        held.line.change(held.qty * held.mark)

    def _take(self, intent: OrderIntent, qty: Decimal) -> None:
        key = (intent.strategy, intent.symbol)
        held = self.positions.get(key)
        if held is None or held.position != intent.position or held.qty < qty:
            have = f"a {held.position} of {held.qty}" if held is not None else "nothing"
            raise DataError(
                f"{intent.id} took {qty} {intent.symbol} off a {intent.position}, where {have} is held", _HINT
            )
        held.qty -= qty
        if held.qty:
            held.line.change(held.qty * held.mark)
        else:
            self._forget(key)

    def _forget(self, key: tuple[str, str]) -> None:
        held = self.positions.pop(key)
        held.line.end()
        self._own(held.base, key[0], -1)

    def _line(self, strategy: str, base: str, cluster: str) -> Line:
        return Line(
            (
                self._gross,
                _entry(self._strategies, strategy),
                _entry(self._bases, base),
                _entry(self._clusters, cluster),
            )
        )

    def _reserve(self, order: OpenOrder, qty: Decimal) -> None:
        if order.reserve:
            self._reserved[order.quote] = self._reserved.get(order.quote, _ZERO) + qty * order.reserve

    def _own(self, base: str, strategy: str, by: int) -> None:
        owners = self._owners.setdefault(base, {})
        owners[strategy] = owners.get(strategy, 0) + by
        if not owners[strategy]:
            del owners[strategy]


def _entry(sums: dict[str, Sum], name: str) -> Sum:
    found = sums.get(name)
    if found is None:
        found = sums[name] = Sum()
    return found
