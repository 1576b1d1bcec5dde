"""What a trade costs beside its fee: half spread and market impact (docs/simulation-rules.md §6)."""

import math

from memesnipe_cli.engine.kernel.layout import FEE, HALF_SPREAD, IMPACT, LOT, VOLUME_SHARE
from memesnipe_cli.engine.kernel.money import ceil_forgiving, floor_forgiving

PARKINSON = 1.6651  # 2 sqrt(ln 2): a bar's range over its volatility (Parkinson 1980)


def impact_share(rules, open_, high, low, quantity, volume):
    """Square-root impact as a share of the price (Donier, Bonart 2015), scaled to the bar.

    open_, high, low in ticks, quantity and volume in base units; 0 where there is no volume to push against.
    """
    if volume <= 0.0 or open_ <= 0:
        return 0.0
    return rules[IMPACT] * ((high - low) / open_) / PARKINSON * math.sqrt(quantity / volume)


def worse_price(ticks, share, buying):
    """A price moved against us by a share of itself, in ticks; a sale takes at least one tick."""
    if buying:
        return ceil_forgiving(ticks * (1.0 + share))
    return max(1, floor_forgiving(ticks * (1.0 - share)))


def room_lots(rules, terms_f, i, volume):
    """How many lots a bar of this volume may fill."""
    return floor_forgiving(volume * rules[VOLUME_SHARE] / terms_f[i, LOT])


def round_trip_share(terms_f, i, impact):
    """Cost of going in and out, as a share of the price."""
    return 2.0 * (terms_f[i, FEE] + terms_f[i, HALF_SPREAD] + impact)
