"""The limits of a profile as the gate needs them: exact decimals, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile

HARD_MAX_ORDER = Decimal(1_000_000)  # of the quote currency; no profile raises it
CLOSED_BAR_MS = 10_000  # a closed bar is no basis for an entry longer than this after its close
DUPLICATE_WINDOW_MS = 10_000
EXIT_COLLAR_MOST = Decimal("0.5")
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Bounds:
    """Shares are of the net asset value; collars of the reference price; max_order of the quote currency."""

    trade_share: Decimal
    strategy_share: Decimal
    gross_share: Decimal
    symbol_share: Decimal
    cluster_share: Decimal
    price_collar: Decimal
    max_order: Decimal
    min_notional_margin: Decimal
    highest_scale: Decimal
    data_age_ms: float
    clock_skew_ms: float
    orders_per_minute: int
    messages_per_minute: int
    executions_per_hour: int

    @classmethod
    def of(cls, profile: Profile) -> Bounds:
        """What a profile allows."""
        limits, execution = profile.limits, profile.execution
        return cls(
            trade_share=_exact(limits.trade_share),
            strategy_share=_exact(limits.strategy_share),
            gross_share=_exact(limits.gross_share),
            symbol_share=_exact(limits.symbol_share),
            cluster_share=_exact(limits.cluster_share),
            price_collar=_exact(limits.price_collar),
            max_order=min(limits.max_order, HARD_MAX_ORDER),
            min_notional_margin=_exact(limits.min_notional_margin),
            highest_scale=_exact(profile.adaptive.highest),
            data_age_ms=execution.data_age_ms,
            clock_skew_ms=execution.clock_skew_halt_ms,
            orders_per_minute=limits.orders_per_minute,
            messages_per_minute=limits.messages_per_minute,
            executions_per_hour=limits.executions_per_hour,
        )


def exit_collar(price_collar: Decimal, attempt: int) -> Decimal:
    """How much an exit may give away at this attempt: the collar of entries at the first, twice as much at each
    further one, half the price at most."""
    return min(price_collar * (1 << min(max(attempt, 0), _MOST_DOUBLINGS)), EXIT_COLLAR_MOST)


def exit_price(
    selling: bool, reference: Decimal, tick: Decimal, price_collar: Decimal, attempt: int
) -> Decimal:
    """The worst price at which an exit may go out: the edge of its collar, in whole ticks, at least one."""
    collar = exit_collar(price_collar, attempt)
    edge = reference * (1 - collar if selling else 1 + collar)
    ticks = edge // tick
    if selling and ticks * tick < edge:
        ticks += 1
    return max(ticks, Decimal(1)) * tick


def _exact(number: float) -> Decimal:
    return Decimal(str(number))
