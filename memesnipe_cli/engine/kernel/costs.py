"""What a trade costs beside its fee: half spread and market impact (docs/simulation-rules.md §6)."""

import math

from memesnipe_cli.engine.kernel.layout import FEE, HALF_SPREAD, IMPACT, LOT, VOLUME_SHARE
from memesnipe_cli.engine.kernel.money import ceil_forgiving, floor_forgiving
from memesnipe_cli.engine.kernel.world import TickBar, World

PARKINSON = 1.6651  # 2 sqrt(ln 2): a bar's range over its volatility (Parkinson 1980)


def impact_share(w: World, slot: int, bar: TickBar, quantity: float) -> float:
    """Square-root impact of a quantity (base units) as a share of the price (Donier, Bonart 2015), scaled to the bar;
    0 where there is no volume to push against."""
    if bar.volume <= 0.0 or bar.open <= 0:
        return 0.0
    volatility = ((bar.high - bar.low) / bar.open) / PARKINSON
    return w.real[slot, IMPACT] * volatility * math.sqrt(quantity / bar.volume)


def worse_price(ticks: int, share: float, buying: bool) -> int:
    """A price moved against us by a share of itself, in ticks; a sale takes at least one tick."""
    if buying:
        return ceil_forgiving(ticks * (1.0 + share))
    return max(1, floor_forgiving(ticks * (1.0 - share)))


def room_lots(w: World, slot: int, volume: float) -> int:
    """How many lots a bar of this volume may fill."""
    return floor_forgiving(volume * w.real[slot, VOLUME_SHARE] / w.real[slot, LOT])


def round_trip_share(w: World, slot: int, impact: float) -> float:
    """Cost of going in and out, as a share of the price."""
    return 2.0 * (w.real[slot, FEE] + w.real[slot, HALF_SPREAD] + impact)
