"""The objects and exact numbers of the slow engine (`reference.py` says what that is)."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction

from memesnipe_cli.engine.model import Terms

UNIT = Fraction(1, 10**8)
KEPT = 2 * UNIT  # of cash, for the rounding of value and fee
LARGEST_ORDER = Fraction(10**6)  # of the quote currency
FLOAT_NOISE = Fraction(1, 10**15)
PARKINSON = Fraction("1.6651")
LARGEST_PRODUCT = 4 * 10**18
ZERO = Fraction(0)


@dataclass(frozen=True)
class Fill:
    """Lots that changed hands. side +1 bought, -1 sold; price, origin in ticks; value, fee in money units."""

    ts: int
    slot: int
    side: int
    lots: int
    price: int
    reason: str
    value: int
    fee: int
    origin: int


@dataclass(frozen=True)
class Trade:
    """From flat to flat. side +1 long, -1 short; money in the quote currency."""

    slot: int
    side: int
    lots: int
    entry_ts: int
    exit_ts: int
    tag: int
    exit_reason: str
    entry_price: Decimal
    pnl: Decimal
    fees: Decimal
    funding: Decimal
    slipped: int  # lots x ticks lost to spread, impact and slippage
    units: int


@dataclass
class Order:
    """What was decided: an entry (or one more unit) for the bar at `due`, or an exit from `due` on."""

    due: int
    reason: str
    lots: int = 0
    limit: int = 0
    side: int = 0
    tag: int = 0
    distance: int = 0
    target: int = 0
    max_bars: int = 0
    weight: Fraction = ZERO
    cap: str = ""


@dataclass
class Position:
    """What one slot holds. Prices and distances in ticks, money in units."""

    side: int
    tag: int
    entry_ts: int
    distance: int
    trail: int
    step: int
    max_bars: int
    stop: int
    best: int
    last_fill: int
    target: int = 0
    target_lots: int = 0
    lots: int = 0
    units: int = 0
    bought: int = 0
    price_lots: int = 0
    flow: int = 0
    fees: int = 0
    funding: int = 0
    slipped: int = 0
    reasons: list[str] = field(default_factory=list)


@dataclass
class Book:
    """State of one slot."""

    position: Position | None = None
    entry: Order | None = None
    exit: Order | None = None
    won: bool = False
    episode: bool = False
    room: int = 0
    turn: int = 0  # quarters of an entry saved up, where size cannot be cut


@dataclass(frozen=True)
class Bar:
    """One bar in ticks, volume in base units."""

    open: int
    high: int
    low: int
    close: int
    volume: Fraction


@dataclass
class ReferenceResult:
    """What happened.

    `refusals` and `misses` are (ts, slot, code), `funding` (ts, slot, units paid), `orders` (ts, slot, entry),
    `risk` (ts, row, what, the row's state; row 0 is the account, 1 + s strategy s), `levels` each row's level
    at each close, `flows` (ts, units that came in); `doubts` say where floats may differ.
    """

    trades: list[Trade] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    refusals: list[tuple[int, int, str]] = field(default_factory=list)
    misses: list[tuple[int, int, str]] = field(default_factory=list)
    funding: list[tuple[int, int, int]] = field(default_factory=list)
    orders: list[tuple[int, int, Order]] = field(default_factory=list)
    risk: list[tuple[int, int, str, tuple[int, ...]]] = field(default_factory=list)
    levels: list[tuple[int, ...]] = field(default_factory=list)
    flows: list[tuple[int, int]] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    open: dict[int, Position] = field(default_factory=dict)
    cash: int = 0
    doubts: list[str] = field(default_factory=list)

    def refusal_counts(self) -> Counter[tuple[int, str]]:
        """How often each slot was refused for each code."""
        return Counter((slot, code) for _, slot, code in self.refusals)

    def missed_counts(self) -> Counter[tuple[int, str]]:
        """How often each slot's entry was missed for each reason."""
        return Counter((slot, reason) for _, slot, reason in self.misses)


class Refused(Exception):
    """An entry that a check of the decision stopped."""


class Market:
    """One instrument's terms as exact numbers."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.tick = Fraction(terms.tick)
        self.lot = Fraction(terms.lot)
        self.fee = Fraction(terms.taker_fee)
        self.half_spread = exact(terms.half_spread)
        self.min_notional = Fraction(terms.min_notional)
        self.min_qty = Fraction(terms.min_qty)

    def value(self, lots: int, ticks: int) -> Fraction:
        """In the quote currency."""
        return lots * ticks * self.lot * self.tick

    def too_large(self, lots: int, ticks: int) -> bool:
        """Worth more than an order may be, or beyond what 64 bits can multiply."""
        numerator = (self.lot * self.tick / UNIT).numerator
        return self.value(lots, ticks) > LARGEST_ORDER or lots * ticks * numerator > LARGEST_PRODUCT

    def fee_units(self, value_units: int) -> int:
        """The taker fee on a booked value, rounded up."""
        return math.ceil(value_units * self.fee)


def exact(number: float) -> Fraction:
    """The number as a person writes it: 0.1 is one tenth."""
    return Fraction(repr(float(number)))


def square_root(number: Fraction) -> Fraction:
    """To 40 digits."""
    with localcontext() as context:
        context.prec = 40
        return Fraction((Decimal(number.numerator) / Decimal(number.denominator)).sqrt())


def money(units: int) -> Decimal:
    """Units of 1e-8 as an amount."""
    return Decimal(units).scaleb(-8)


class Rounding:
    """Whole numbers from exact ones, with a note wherever floats could come to another answer."""

    def __init__(self, doubts: list[str]) -> None:
        self.doubts = doubts

    def doubt(self, distance: Fraction, size: Fraction, what: str) -> None:
        """Note that a number lies within float noise of where the answer changes."""
        if abs(distance) <= FLOAT_NOISE * abs(size):
            self.doubts.append(what)

    def floor(self, number: Fraction, scale: Fraction = ZERO) -> int:
        """Rounded down; float noise is forgiven. `scale`: the size of the numbers it came from, if larger."""
        forgiving = number + Fraction(1, 10**6) + abs(number) / 10**14
        self.doubt(forgiving - round(forgiving), abs(number) + scale, f"floor of {float(number)!r}")
        return math.floor(forgiving)

    def ceil(self, number: Fraction) -> int:
        """Rounded up; float noise is forgiven."""
        return -self.floor(-number)

    def nearest(self, number: Fraction) -> int:
        """Half up."""
        if number.denominator != 2:
            self.doubt(number - math.floor(number) - Fraction(1, 2), number, f"nearest of {float(number)!r}")
        return math.floor(number + Fraction(1, 2))

    def below(self, left: Fraction, right: Fraction) -> bool:
        """left < right."""
        if right != 0:
            self.doubt(left - right, right, f"{float(left)!r} < {float(right)!r}")
        return left < right
