"""The exit plan: what happens to a position after its entry. A strategy declares it; the engine carries it out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExitPlan:
    """What happens to a position after entry; distances are multiples of the signal's stop distance."""

    risk_share: float = 0.005  # of equity, lost if the stop is hit
    target_r: float = 0.0  # 0: no target unless the signal names a price
    target_share: float = 1.0  # of the lots that leave at the target
    trail_r: float = 0.0  # 0: the stop does not trail
    max_bars: int = 0  # 0: no time stop, unless the signal gives one
    units: int = 1  # pyramid: how many, the first included
    step_r: float = 0.0  # pyramid: how far the price must move for one more unit
    skip_tag: int = 0  # entries with this tag are skipped after a won trade with it; 0: none
