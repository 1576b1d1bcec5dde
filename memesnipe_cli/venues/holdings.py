"""What we own by our own fills: lots, cost, and what each currency should have changed by. Exact, as the venue wrote.

Only fills change it. The coins and the cash of the account's owner are not in it. A perpetual is no coin: its fills
change a position, and move cash only by what the venue then settles, which its ledger tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from memesnipe_cli.risk.intent import OrderIntent
from memesnipe_cli.venues.facts import VenueFill

_ZERO = Decimal(0)


@dataclass(slots=True)
class Holding:
    """What a strategy holds of a symbol. qty: ours to sell, less fees that were taken in the coin itself; bought and
    sold: sums of quote currency; trade_used: what the units took of the
    limit of a trade, as a share of 1; fees: by the currency that each fill names."""

    base: str
    cluster: str
    position: str
    qty: Decimal = _ZERO
    bought: Decimal = _ZERO
    sold: Decimal = _ZERO
    trade_used: Decimal = _ZERO
    fees: dict[str, Decimal] = field(default_factory=dict)
    lots: list[tuple[Decimal, Decimal]] = field(default_factory=list)  # (quantity, price), the oldest first
    since_ms: int = 0  # when what is held now began to be held

    @property
    def cost(self) -> Decimal:
        """What the present lots were bought (a short: sold) for, without fees."""
        return sum((qty * price for qty, price in self.lots), _ZERO)


def is_perpetual(symbol: str) -> bool:
    """Whether a symbol is a perpetual: `BTC/USD:USD`."""
    return ":" in symbol


def cost_of(fill: VenueFill) -> Decimal:
    """Quote currency of a fill: as the venue wrote it, else price times quantity."""
    return fill.price * fill.qty if fill.cost is None else fill.cost


def book(holding: Holding, intent: OrderIntent, fill: VenueFill) -> None:
    """Take a fill of one of our orders in."""
    opens = fill.side == ("buy" if holding.position == "long" else "sell")
    if fill.side == "buy":
        holding.bought += cost_of(fill)
    else:
        holding.sold += cost_of(fill)
    if fill.fee:
        holding.fees[fill.fee_currency] = holding.fees.get(fill.fee_currency, _ZERO) + fill.fee
    if opens:
        if not holding.qty:
            holding.since_ms = fill.time_ms
        holding.qty += fill.qty
        holding.lots.append((fill.qty, fill.price))
    else:
        holding.qty -= fill.qty
        _take(holding.lots, fill.qty)
    if fill.fee_currency == intent.base and fill.fee:
        holding.qty -= fill.fee
        _take(holding.lots, fill.fee)


def changes(intent: OrderIntent, fill: VenueFill) -> dict[str, Decimal]:
    """By currency, what a fill itself changes the balances by: of a perpetual nothing, since what it earned and its fee
    are settled in the venue's ledger."""
    if is_perpetual(fill.symbol):
        return {}
    sign = 1 if fill.side == "buy" else -1
    found = {intent.base: sign * fill.qty}
    found[intent.quote] = found.get(intent.quote, _ZERO) - sign * cost_of(fill)
    if fill.fee:
        found[fill.fee_currency] = found.get(fill.fee_currency, _ZERO) - fill.fee
    return found


def _take(lots: list[tuple[Decimal, Decimal]], qty: Decimal) -> None:
    """The oldest lots go first. More than there is leaves none: `qty` of the holding then shows the excess."""
    while qty > 0 and lots:
        held, price = lots[0]
        if held > qty:
            lots[0] = (held - qty, price)
            return
        qty -= held
        lots.pop(0)
