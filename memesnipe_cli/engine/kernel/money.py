"""Whole-number money: value, fee and rounding (docs/simulation-rules.md §1)."""

import math

from memesnipe_cli.engine.kernel.layout import FEE_PPM, VALUE_DEN, VALUE_NUM
from memesnipe_cli.engine.kernel.world import World

LARGEST = 4.0e18  # what is more than this many lots or ticks is this many: whole numbers have 64 bits


def is_number(equity: float) -> bool:
    """Whether an equity is a usable mark."""
    return -1e300 < equity < 1e300


def floor_forgiving(x: float) -> int:
    """The whole number below x; a millionth (and 1e-14 of x) short of the next one is taken for float noise."""
    return math.floor(min(LARGEST, x + (1e-6 + 1e-14 * abs(x))))


def ceil_forgiving(x: float) -> int:
    """The whole number above x, with the same forgiveness."""
    return math.ceil(min(LARGEST, x - (1e-6 + 1e-14 * abs(x))))


def split_value(w: World, slot: int, lots: int, ticks: int) -> tuple[int, int]:
    """The value of lots at ticks as (whole units, what is left of it in 1 / VALUE_DEN of a unit).

    lots x ticks x VALUE_NUM may exceed 64 bits where the value does not: the division comes before ticks.
    """
    den = w.whole[slot, VALUE_DEN]
    product = lots * w.whole[slot, VALUE_NUM]
    rest = product % den * ticks
    return product // den * ticks + rest // den, rest % den


def value_up(w: World, slot: int, lots: int, ticks: int) -> int:
    """What a buyer pays for lots at ticks, in units, rounded up."""
    whole, rest = split_value(w, slot, lots, ticks)
    return whole + 1 if rest > 0 else whole


def value_down(w: World, slot: int, lots: int, ticks: int) -> int:
    """What a seller receives for lots at ticks, in units, rounded down."""
    return split_value(w, slot, lots, ticks)[0]


def fee_on(w: World, slot: int, value: int) -> int:
    """The taker fee on a value, in units, rounded up."""
    ppm = w.whole[slot, FEE_PPM]
    return value // 1_000_000 * ppm - -(value % 1_000_000) * ppm // 1_000_000


def funding_owed(w: World, slot: int, lots: int, ticks: int, rate: int) -> int:
    """What the account pays at a rate (1e-8; negative: receives) on lots at ticks, in units, rounded up."""
    whole, rest = split_value(w, slot, lots, ticks)
    got = -rate
    return -(
        whole // 100_000_000 * got
        + (whole % 100_000_000 * got + rest * got // w.whole[slot, VALUE_DEN]) // 100_000_000
    )
