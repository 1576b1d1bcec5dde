"""What a strategy's step gets and gives: one closed bar in, one signal out. Pasted into every compiled strategy."""

from __future__ import annotations

from typing import NamedTuple

EXIT_ALL = 31  # exit bits of the tags 1 to 5


class Bar(NamedTuple):
    """A closed bar of the strategy's timeframe and what else was known at its close.

    ts: open time, ms UTC; length: of the bar, ms; prices in the quote currency; volume in base units.
    reference_close, reference_ts: the last closed bar of the reference series (see `Needs`), nan and -1 where there is
    none. funding: the last settled funding rate, nan where there is none.
    """

    ts: int
    length: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    reference_close: float
    reference_ts: int
    funding: float


class Signal(NamedTuple):
    """What a strategy wants at a bar's close; made by `signal()`.

    enter: 1 long, -1 short, 0 nothing. exits: a bit for each entry tag whose position should leave (tag n: bit n-1).
    tag: 1 to 5, which of the strategy's entries this is. stop: distance of the stop in price. target: price, 0 for the
    plan's. max_bars: time stop in bars of the strategy, 0 for the plan's. weight: largest share of equity, 0 for no
    such cap. score: how strong, for a person to read.
    """

    enter: int
    exits: int
    tag: int
    stop: float
    target: float
    max_bars: int
    weight: float
    score: float


def signal(
    enter: int = 0,
    exits: int = 0,
    tag: int = 1,
    stop: float = 0.0,
    target: float = 0.0,
    max_bars: int = 0,
    weight: float = 0.0,
    score: float = 0.0,
) -> Signal:
    """A Signal with every field of the type that the engine expects."""
    return Signal(
        int(enter),
        int(exits),
        int(tag),
        float(stop),
        float(target),
        int(max_bars),
        float(weight),
        float(score),
    )
