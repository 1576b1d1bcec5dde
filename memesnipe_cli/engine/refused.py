"""Entries that were refused: how many for which reason, and what would have let the nearest of them pass."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memesnipe_cli.engine.backtest import Refusals

COST = "cost"
TOO_SMALL = "too_small"
# Signals that never came to a decision.
HELD_BACK = {
    "warm_up": "before the strategy had warmed up",
    "after_gap": "right after a gap in the bars",
    "dead_market": "with hardly any volume in the last 24 hours",
}

_MEANINGS = {
    "bad_signal": "the signal's stop distance made no sense",
    "no_short": "a short on an instrument that cannot be shorted",
    "base_owned": "another strategy holds that asset",
    "skip_after_win": "skipped after a won trade, as the strategy's plan says",
    COST: "round-trip cost too large a share of the stop distance",
    TOO_SMALL: "too small for the venue's minimum at the stop",
    "too_large": "order larger than the simulator takes",
    "breaker_halt": "the breaker was at HALT or above",
    "strategy_halt": "the breaker had halted that strategy",
    "symbol_halt": "a person had halted that symbol",
    "no_mark": "what the account is worth was not known",
    "order_rate": "too many orders at once",
    "recovery_turn": "passed over: recovering from a halt, and size could not be cut",
    "gate": "the last check before sending refused it",
    "late_bar": "its bar had closed too long ago",
    "stopping": "the run was about to end",
    "switch_armed": "the dead-man's switch could not be disarmed",
    **HELD_BACK,
}
_NO_ROOM = "no_room_"


def meaning(code: str) -> str:
    """What a refusal's code means, for people."""
    if code.startswith(_NO_ROOM):
        return f"the {code.removeprefix(_NO_ROOM)} cap left nothing"
    return _MEANINGS.get(code, code)


def refusals_by_code(refusals: Sequence[Refusals]) -> dict[str, int]:
    """code -> count over all strategies and symbols, the most frequent first."""
    counts: dict[str, int] = {}
    for refusal in refusals:
        counts[refusal.code] = counts.get(refusal.code, 0) + refusal.count
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def fee_needed(refusals: Sequence[Refusals]) -> float | None:
    """The highest taker fee (a share) at which at least one signal vetoed by cost would have passed.

    None where none was vetoed, or where spread and impact alone were too much for each of them.
    """
    fees = [
        refusal.fee_needed for refusal in refusals if refusal.code == COST and refusal.fee_needed is not None
    ]
    best = max(fees, default=None)
    return best if best is not None and best > 0 else None


def capital_needed(refusals: Sequence[Refusals]) -> Decimal | None:
    """The smallest capital to start with at which at least one entry refused as too small would have passed.

    None where none was refused so, or where more capital would not have helped.
    """
    amounts = [refusal.capital_needed for refusal in refusals if refusal.code == TOO_SMALL]
    return min((amount for amount in amounts if amount is not None), default=None)
