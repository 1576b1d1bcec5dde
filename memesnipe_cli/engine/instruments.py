"""How an instrument trades in a run: the venue's own terms where the store has them, else read off its bars."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from memesnipe_cli.engine.model import Float64, Terms
from memesnipe_cli.profile import Profile
from memesnipe_cli.store.tables import Candles, Instrument

MOST_DECIMALS = 12
LARGEST_TICKS = 10**10  # of the highest price: leaves room for lots x ticks in whole numbers
SAMPLE = 4096
STOP_LIMIT_SHARE = 0.01  # Coinbase rests stop-limits only: how far below the stop its limit stands
STOP_LIMIT_VENUES = ("coinbase",)


def terms_of(candles: Candles, known: Instrument | None, profile: Profile) -> Terms:
    """The terms of a series' instrument, with the costs that the profile assumes of its venue."""
    instrument = known if known is not None else inferred(candles)
    venue = profile.venue(candles.key.venue)
    minimum = venue.min_notional if venue.min_notional is not None else Decimal(instrument.min_notional)
    spread = venue.half_spread if venue.half_spread is not None else profile.costs.half_spread
    return Terms(
        venue=candles.key.venue,
        symbol=candles.key.symbol,
        base=instrument.base,
        tick=Decimal(instrument.tick),
        lot=Decimal(instrument.lot),
        taker_fee=Decimal(str(venue.taker_fee)),
        half_spread=spread,
        min_notional=minimum,
        min_qty=Decimal(instrument.min_qty),
        shortable=instrument.perpetual,
        stop_limit=STOP_LIMIT_SHARE if candles.key.venue in STOP_LIMIT_VENUES else None,
        delisted_ms=instrument.delisted_ms,
        cluster=profile.cluster(instrument.base),
    )


def inferred(candles: Candles) -> Instrument:
    """Tick and lot from the decimals of a series' prices and volumes; the smallest order is taken as 1 of the quote."""
    sample = np.concatenate([candles.open[:SAMPLE], candles.high[::97], candles.low[::97]])
    highest = float(np.max(candles.high)) if len(candles) else 1.0
    most = MOST_DECIMALS
    while most > 0 and highest * 10**most > LARGEST_TICKS:
        most -= 1
    return Instrument(
        venue=candles.key.venue,
        symbol=candles.key.symbol,
        # Every close is looked at: a venue may have changed its tick on the way.
        tick=_step(_decimals(candles.close, most, _decimals(sample, most))),
        lot=_step(_decimals(candles.volume[:SAMPLE], 8)),
        min_notional="1",
        perpetual=":" in candles.key.symbol,
    )


def _decimals(values: Float64, most: int, fewest: int = 0) -> int:
    """The fewest decimals, from `fewest` to `most`, that all values have within what a float can tell."""
    for decimals in range(fewest, most):
        scaled = values * 10.0**decimals
        if np.all(np.abs(scaled - np.rint(scaled)) <= 1e-11 * np.abs(scaled)):
            return decimals
    return most


def _step(decimals: int) -> str:
    """2 -> `0.01`."""
    return f"{Decimal(1).scaleb(-decimals):f}"
