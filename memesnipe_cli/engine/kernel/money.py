"""Whole-number money: value, fee and rounding (docs/simulation-rules.md §1)."""

import math

from memesnipe_cli.engine.kernel.layout import FEE_PPM, VALUE_DEN, VALUE_NUM


def floor_forgiving(x):
    """The whole number below x; a millionth (and 1e-12 of x) short of the next one is taken for float noise."""
    return int(math.floor(x + (1e-6 + 1e-12 * abs(x))))


def ceil_forgiving(x):
    """The whole number above x, with the same forgiveness."""
    return int(math.ceil(x - (1e-6 + 1e-12 * abs(x))))


def value_up(w, slot, lots, ticks):
    """What a buyer pays for lots at ticks, in units, rounded up."""
    return -((-lots * ticks * w.whole[slot, VALUE_NUM]) // w.whole[slot, VALUE_DEN])


def value_down(w, slot, lots, ticks):
    """What a seller receives for lots at ticks, in units, rounded down."""
    return (lots * ticks * w.whole[slot, VALUE_NUM]) // w.whole[slot, VALUE_DEN]


def fee_on(w, slot, value):
    """The taker fee on a value, in units, rounded up."""
    return -((-value * w.whole[slot, FEE_PPM]) // 1_000_000)
