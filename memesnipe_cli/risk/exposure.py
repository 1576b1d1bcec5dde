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
GROSS = "gross"
_Sums = tuple[str, str, str, str]


class Position:
    """One strategy's holding of one symbol. trade_used: what its units took of a trade's limit, as a share of 1."""

    __slots__ = ("base", "mark", "notional", "position", "qty", "sums", "trade_used")

    def __init__(self, base: str, position: str, mark: Decimal, sums: _Sums) -> None:
        self.base = base
        self.position = position
        self.qty = _ZERO
        self.mark = mark
        self.notional = _ZERO
        self.trade_used = _ZERO
        self.sums = sums


class OpenOrder:
    """An approved order that may still fill. trade_used: its share of the limit of its trade, all of it unfilled."""

    __slots__ = ("fee", "filled", "intent", "left", "notional", "replaced_by", "reserved", "trade_used")

    def __init__(self, intent: OrderIntent, trade_used: Decimal, fee: Decimal) -> None:
        self.intent = intent
        self.left = intent.qty
        self.filled = _ZERO
        self.fee = fee
        self.trade_used = trade_used
        self.notional = _ZERO
        self.reserved = _ZERO
        self.replaced_by = ""


class Exposure:
    """Positions and open orders of one account."""

    def __init__(self) -> None:
        self.positions: dict[tuple[str, str], Position] = {}
        self.orders: dict[str, OpenOrder] = {}
        self._sums: dict[str, tuple[Decimal, int]] = {}  # amount, and how many lines stand behind it
        self._owners: dict[str, dict[str, int]] = {}  # base asset -> strategy -> positions and open entries
        self._exits: dict[tuple[str, str], dict[str, OpenOrder]] = {}
        self._entries: dict[tuple[str, str], dict[str, OpenOrder]] = {}
        self._by_symbol: dict[
            tuple[str, str], dict[str, OpenOrder]
        ] = {}  # venue, symbol: all but resting stops
        self._reserved: dict[str, Decimal] = {}

    # What is asked

    def gross(self) -> Decimal:
        """Everything held and waiting."""
        return self._sum(GROSS)

    def of_strategy(self, strategy: str) -> Decimal:
        """What a strategy holds and waits for."""
        return self._sum(f"strategy:{strategy}")

    def of_base(self, base: str) -> Decimal:
        """What is held and waited for of a base asset, whatever it is traded against."""
        return self._sum(f"base:{base}")

    def of_cluster(self, cluster: str) -> Decimal:
        """What is held and waited for of assets that move together."""
        return self._sum(f"cluster:{cluster}")

    def trade_used(self, strategy: str, symbol: str) -> Decimal:
        """What the units of the present trade, waiting ones included, took of the limit of a trade: a share of 1."""
        held = self.positions.get((strategy, symbol))
        used = held.trade_used if held else _ZERO
        for order in self._entries.get((strategy, symbol), {}).values():
            used += order.trade_used * order.left / order.intent.qty
        return used

    def held(self, strategy: str, symbol: str, position: str) -> Decimal:
        """Our lots of a symbol, long or short as said; 0 where we hold the other way or nothing."""
        found = self.positions.get((strategy, symbol))
        return found.qty if found is not None and found.position == position else _ZERO

    def exits_left(self, strategy: str, symbol: str, without: str = "") -> Decimal:
        """What open exits of a position may still take off it, `without` one that is about to be amended. An order and
        the one it was amended from count as the larger of the two until one of them has ended."""
        exits = self._exits.get((strategy, symbol))
        if not exits:
            return _ZERO
        total = _ZERO
        for order in exits.values():
            if order.intent.id == without:
                continue
            newer = exits.get(order.replaced_by)
            total += order.left if newer is None else max(_ZERO, order.left - newer.left)
        return total

    def opposite(self, venue: str, symbol: str, side: str) -> Decimal | None:
        """The best price among our open orders on the other side of `side`; None where there is none. Stops that rest
        untriggered are not in the book and do not count."""
        orders = self._by_symbol.get((venue, symbol))
        if not orders:
            return None
        prices = [
            each.intent.price
            for each in orders.values()
            if each.intent.side != side and each.intent.price is not None
        ]
        if not prices:
            return None
        return min(prices) if side == "buy" else max(prices)

    def owner(self, base: str) -> str | None:
        """The strategy that holds, or waits for, a base asset."""
        return next(iter(self._owners.get(base, ())), None)

    def reserved(self, quote: str) -> Decimal:
        """Cash of a currency that open buys may need, fees included."""
        return self._reserved.get(quote, _ZERO)

    # What happens

    def opened(self, intent: OrderIntent, trade_used: Decimal = _ZERO, fee: Decimal = _ZERO) -> None:
        """An order was approved and may fill. trade_used: its notional over the limit of a trade."""
        if intent.action is Action.CANCEL or intent.id in self.orders:
            return
        order = OpenOrder(intent, trade_used, fee)
        key = (intent.strategy, intent.symbol)
        self.orders[intent.id] = order
        if intent.action is not Action.PROTECT:
            self._by_symbol.setdefault((intent.venue, intent.symbol), {})[intent.id] = order
        if intent.action is Action.ENTRY:
            self._entries.setdefault(key, {})[intent.id] = order
            self._own(intent.base, intent.strategy, 1)
            self._revalue_order(order, 1)
        else:
            older = self._exits.setdefault(key, {}).get(intent.replaces)
            if older is not None:
                older.replaced_by = intent.id
            self._exits[key][intent.id] = order

    def filled(self, order_id: str, qty: Decimal, price: Decimal) -> bool:
        """Part or all of an open order filled; True where it is the order's first fill.

        Raises DataError for an order that is not open here, for a quantity or price that is none, and for an exit
        that took more than was held: the books and the venue do not agree.
        """
        order = self.orders.get(order_id)
        if order is None:
            raise DataError(
                f"a fill names the order {order_id!r}, which is not open here",
                "halt and reconcile the account",
            )
        if not (qty.is_finite() and qty > 0 and price.is_finite() and price > 0):
            raise DataError(
                f"a fill of {order_id} has quantity {qty} at {price}", "halt and reconcile the account"
            )
        intent, first = order.intent, not order.filled
        if intent.action is Action.ENTRY:
            self._add(order, qty, price)
        else:
            self._take(intent, qty, price)
        order.filled += qty
        order.left = max(_ZERO, order.left - qty)
        if intent.action is Action.ENTRY:
            self._revalue_order(order, 0)
        if not order.left:
            self.ended(order_id)
        return first

    def ended(self, order_id: str) -> None:
        """An order can fill no more: filled, cancelled, expired, or proven never to have reached the venue."""
        order = self.orders.pop(order_id, None)
        if order is None:
            return
        intent = order.intent
        key = (intent.strategy, intent.symbol)
        _drop(self._by_symbol, (intent.venue, intent.symbol), order_id)
        if intent.action is Action.ENTRY:
            order.left = _ZERO
            self._revalue_order(order, -1)
            _drop(self._entries, key, order_id)
            self._own(intent.base, intent.strategy, -1)
        else:
            _drop(self._exits, key, order_id)

    def mark(self, symbol: str, price: Decimal) -> None:
        """What a symbol is worth now. A price that is none leaves the last one in place."""
        if not (price.is_finite() and price > 0):
            return
        for (_, held_symbol), position in self.positions.items():
            if held_symbol == symbol:
                position.mark = price
                self._revalue(position, 0)

    def hold(
        self,
        strategy: str,
        symbol: str,
        base: str,
        cluster: str,
        position: str,
        qty: Decimal,
        mark: Decimal,
        trade_used: Decimal = Decimal(1),
    ) -> None:
        """Set what is held, in place of what was known: after a restart or a reconciliation. qty 0: nothing."""
        key = (strategy, symbol)
        if key in self.positions:
            self._forget(key)
        if qty > 0:
            held = Position(base, position, mark, _sums_of(strategy, base, cluster))
            held.qty, held.trade_used = qty, trade_used
            self._enter(key, held)

    # How it is kept

    def _add(self, order: OpenOrder, qty: Decimal, price: Decimal) -> None:
        intent = order.intent
        key = (intent.strategy, intent.symbol)
        held = self.positions.get(key)
        if held is None:
            held = Position(
                intent.base,
                intent.position,
                price,
                _sums_of(intent.strategy, intent.base, intent.cluster),
            )
            held.qty, held.trade_used = qty, order.trade_used * qty / intent.qty
            self._enter(key, held)
            return
        if held.position != intent.position:
            raise DataError(
                f"{intent.id} opened a {intent.position} in {intent.symbol}, where a {held.position} is held",
                "halt and reconcile the account",
            )
        held.qty += qty
        held.trade_used += order.trade_used * qty / intent.qty
        self._revalue(held, 0)

    def _take(self, intent: OrderIntent, qty: Decimal, price: Decimal) -> None:
        key = (intent.strategy, intent.symbol)
        held = self.positions.get(key)
        if held is None or held.position != intent.position or held.qty < qty:
            have = held.qty if held is not None else _ZERO
            raise DataError(
                f"{intent.id} took {qty} {intent.symbol} at {price} off a {intent.position} of {have}",
                "halt and reconcile the account",
            )
        held.qty -= qty
        if held.qty:
            self._revalue(held, 0)
        else:
            self._forget(key)

    def _enter(self, key: tuple[str, str], held: Position) -> None:
        self.positions[key] = held
        self._own(held.base, key[0], 1)
        self._revalue(held, 1)

    def _forget(self, key: tuple[str, str]) -> None:
        held = self.positions.pop(key)
        held.qty = _ZERO
        self._revalue(held, -1)
        self._own(held.base, key[0], -1)

    def _revalue(self, held: Position, lines: int) -> None:
        now = held.qty * held.mark
        self._change(held.sums, now - held.notional, lines)
        held.notional = now

    def _revalue_order(self, order: OpenOrder, lines: int) -> None:
        intent = order.intent
        now = order.left * (intent.price or _ZERO)
        self._change(_sums_of(intent.strategy, intent.base, intent.cluster), now - order.notional, lines)
        order.notional = now
        if intent.side == "buy":
            needed = now * (1 + order.fee)
            self._reserved[intent.quote] = self.reserved(intent.quote) + needed - order.reserved
            order.reserved = needed

    def _change(self, sums: _Sums, by: Decimal, lines: int) -> None:
        for name in sums:
            amount, count = self._sums.get(name, (_ZERO, 0))
            if count + lines:
                self._sums[name] = (amount + by, count + lines)
            else:
                del self._sums[name]  # starts from an exact 0 the next time

    def _sum(self, name: str) -> Decimal:
        return self._sums.get(name, (_ZERO, 0))[0]

    def _own(self, base: str, strategy: str, by: int) -> None:
        owners = self._owners.setdefault(base, {})
        owners[strategy] = owners.get(strategy, 0) + by
        if not owners[strategy]:
            del owners[strategy]


def _sums_of(strategy: str, base: str, cluster: str) -> _Sums:
    return GROSS, f"strategy:{strategy}", f"base:{base}", f"cluster:{cluster}"


def _drop(groups: dict[tuple[str, str], dict[str, OpenOrder]], key: tuple[str, str], order_id: str) -> None:
    group = groups.get(key)
    if group is not None:
        group.pop(order_id, None)
        if not group:
            del groups[key]
