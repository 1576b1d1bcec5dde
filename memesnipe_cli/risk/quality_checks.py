"""The judgements on execution quality, each one scalar function that returns (code, value, limit).

Code: OK, WARNING or HALT. A value that is not a number is HALT: what is not known keeps entries back.
`before` is the code that stands. A check rises at once and falls only below `clears` x its limit, so that a value
that trembles around a limit does not make it come and go.
"""

from __future__ import annotations

import math

OK, WARNING, HALT = 0, 1, 2
STATES = ("ok", "warning", "halt")

Judgement = tuple[int, float, float]


def above(value: float, warning: float, halt: float, clears: float, before: int) -> Judgement:
    """A value that must stay low: latency, error rate, slippage, clock skew, distance from the peg."""
    if math.isnan(value):
        return HALT, value, warning
    if value > halt or (before == HALT and value > clears * halt):
        return HALT, value, halt
    if value > warning or (before != OK and value > clears * warning):
        return WARNING, value, warning
    return OK, value, warning


def below(value: float, least: float, clears: float, before: int) -> Judgement:
    """A value that must stay high, and of which too little only warns: liquidity as a share of its own median."""
    if math.isnan(value):
        return HALT, value, least
    if value < least or (before != OK and value * clears < least):
        return WARNING, value, least
    return OK, value, least


def data_age(age_ms: float, limit_ms: float) -> Judgement:
    """The age of the data that an entry would be based on. An age below 0 is a clock that stepped back: no age."""
    return OK if 0.0 <= age_ms <= limit_ms else HALT, age_ms, limit_ms


def slippage_bps(side: str, reference: float, price: float) -> float:
    """What a fill lost against the price it was decided on, in basis points of it; below 0 where it gained.

    NaN for a side that is neither `buy` nor `sell` and for a reference that is no price.
    """
    if side not in ("buy", "sell") or not (reference > 0.0 and price > 0.0):
        return math.nan
    lost = price - reference if side == "buy" else reference - price
    return lost / reference * 10_000.0
