"""What a run assumes: from the profile, replaced one by one with `--assume NAME=VALUE`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from math import isfinite

from memesnipe_cli.clock import HOUR_MS
from memesnipe_cli.engine.model import Rules, Terms
from memesnipe_cli.errors import UsageError
from memesnipe_cli.profile import Profile
from memesnipe_cli.profile_risk import Adaptive

_NEVER = 1e9  # a drawdown that no account reaches
MIN_TURNOVER = 10_000.0  # quote volume of the last 24 hours below which nothing is entered

# name -> (lowest, highest, what it is)
KNOWN: dict[str, tuple[float, float, str]] = {
    "fee": (0.0, 0.1, "taker fee, share of value"),
    "half_spread": (0.0, 0.1, "half of the bid-ask spread, share of price"),
    "impact": (0.0, 100.0, "factor of the square-root impact"),
    "volume_share": (0.0, 1.0, "largest share of a bar's volume that may fill"),
    "entry_volume_share": (0.0, 1.0, "largest share of a bar's volume that an entry may ask for"),
    "stop_slippage": (0.0, 0.1, "what a stop loses beside spread and impact, share of price"),
    "latency_bars": (0.0, 1000.0, "bars between decision and fill beside the first"),
    "collar": (0.0, 0.1, "how far above the close an entry may pay"),
    "stake": (0.0, 1.0, "largest entry, share of equity (replaces the trade limit)"),
    "strategy_share": (0.0, 1.0, "largest gross of a strategy, share of equity"),
    "gross_share": (0.0, 1.0, "largest gross of the account, share of equity"),
    "symbol_share": (0.0, 1.0, "largest gross of one base asset, share of equity"),
    "cluster_share": (0.0, 1.0, "largest gross of assets that move together, share of equity"),
    "breaker": (0.0, 1.0, "1: the circuit breaker trips as it would live; 0: it never does"),
    "reset_hours": (0.0, 8784.0, "hours after which a halt of the breaker is acknowledged"),
    "max_cost_share": (0.0, 1.0, "largest round-trip cost, share of the stop distance"),
    "min_notional": (0.0, 1e9, "the venue's smallest order, quote currency"),
    "min_turnover": (0.0, 1e15, "least quote volume of the last 24 hours"),
}


@dataclass(frozen=True)
class Assumptions:
    """The rules of a run, and which of them a person replaced (such a run is no evidence for promotion)."""

    rules: Rules
    min_turnover: float
    replaced: dict[str, float]
    values: Mapping[str, str]
    adaptive: Adaptive

    def apply(self, terms: Terms) -> Terms:
        """An instrument's terms with what was replaced."""
        changes: dict[str, object] = {}
        if "fee" in self.replaced:
            changes["taker_fee"] = Decimal(self.values["fee"])
        if "half_spread" in self.replaced:
            changes["half_spread"] = self.replaced["half_spread"]
        if "min_notional" in self.replaced:
            changes["min_notional"] = Decimal(self.values["min_notional"])
        return replace(terms, **changes) if changes else terms  # type: ignore[arg-type]


def assumptions(profile: Profile, capital: Decimal, assume: Mapping[str, str]) -> Assumptions:
    """The profile's assumptions with those that `assume` replaces. Raises UsageError for unknown names and values."""
    given = {name: _value(name, text) for name, text in assume.items()}
    limits, costs = profile.limits, profile.costs
    stake = given.get("stake", 0.0)  # who raises the stake of a trade means the caps above it, too
    reset_hours = given.get("reset_hours", profile.recovery.assumed_reset_hours)
    rules = Rules(
        capital=capital,
        trade_share=given.get("stake", limits.trade_share),
        strategy_share=given.get("strategy_share", max(limits.strategy_share, stake)),
        gross_share=given.get("gross_share", limits.gross_share),
        symbol_share=given.get("symbol_share", max(limits.symbol_share, stake)),
        cluster_share=given.get("cluster_share", max(limits.cluster_share, stake)),
        max_order=limits.max_order if "stake" not in given else max(limits.max_order, capital),
        orders_per_bar=limits.orders_per_minute,
        executions_per_hour=limits.executions_per_hour,
        max_cost_share=given.get("max_cost_share", limits.max_cost_share),
        min_notional_margin=limits.min_notional_margin,
        collar=given.get("collar", limits.entry_collar),
        entry_volume_share=given.get("entry_volume_share", Rules.entry_volume_share),
        volume_share=given.get("volume_share", costs.volume_share),
        impact=given.get("impact", costs.impact),
        stop_slippage=given.get("stop_slippage", costs.stop_slippage),
        latency_bars=int(given.get("latency_bars", 0)),
        **_tiers(profile, given.get("breaker", 1.0) >= 1.0),
        cool_off_ms=int(profile.recovery.cool_off_hours * HOUR_MS),
        cool_off_cap_ms=int(profile.recovery.cool_off_cap_hours * HOUR_MS),
        stage_trades=profile.recovery.stage_trades,
        stage_ms=int(profile.recovery.stage_hours * HOUR_MS),
        stage_loss=profile.recovery.stage_loss,
        assumed_reset_ms=int(reset_hours * HOUR_MS),
    )
    return Assumptions(rules, given.get("min_turnover", MIN_TURNOVER), given, dict(assume), profile.adaptive)


def _tiers(profile: Profile, on: bool) -> dict[str, float]:
    """The breaker's thresholds; out of reach where it is switched off."""
    tiers: dict[str, float] = profile.breaker.model_dump(exclude={"allow_looser"})
    return (
        tiers
        if on
        else {name: _NEVER if name != "warning_clears" else share for name, share in tiers.items()}
    )


def _value(name: str, text: str) -> float:
    if name not in KNOWN:
        near = difflib.get_close_matches(name, KNOWN, 1, 0.4)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"assumption {name!r} is not known", f"{guess}one of {', '.join(KNOWN)}")
    lowest, highest, what = KNOWN[name]
    try:
        value = float(Decimal(text))
    except (InvalidOperation, ValueError):
        value = float("nan")
    if not (isfinite(value) and lowest <= value <= highest):
        raise UsageError(f"assumption {name}={text!r} is not in {lowest:g} .. {highest:g}", f"{name}: {what}")
    if name in ("latency_bars", "breaker") and value != int(value):
        raise UsageError(f"assumption {name}={text!r} is not a whole number", f"{name}: {what}")
    if name == "fee" and Decimal(text) * 1_000_000 % 1 != 0:
        raise UsageError(
            f"assumption {name}={text!r} is finer than a millionth", "fees are whole millionths: 0.0025"
        )
    return value
