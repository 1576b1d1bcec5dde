"""The tables of a profile that say when to stop and how to start again: [breaker], [recovery], [execution],
[monitoring] and [adaptive].

The owner's numbers are the defaults. A profile may be stricter; looser only with `allow_looser = true` in the same
table, which every session writes into its journal.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StrictBool, model_validator

from memesnipe_cli.profile_fields import (
    Count,
    Number,
    PositiveShare,
    Settings,
    Share,
    looser_than,
    refuse_looser,
)

Hours = Annotated[Number, Field(gt=0, le=24 * 366)]
Seconds = Annotated[Number, Field(gt=0, le=86_400)]
Milliseconds = Annotated[Number, Field(gt=0, le=3_600_000)]


class Breaker(Settings):
    """Drawdowns from the high-water mark and losses of a day at which something stops, as shares.

    `strategy_halt`: a strategy's drawdown on its allocation. `lifetime_halt`: the account's drawdown over all
    epochs, which no reset lifts. `warning_clears`: a warning ends below this share of its threshold.
    """

    warning: PositiveShare = 0.03
    halt: PositiveShare = 0.05
    emergency: PositiveShare = 0.10
    daily_warning: PositiveShare = 0.02
    daily_halt: PositiveShare = 0.03
    strategy_halt: PositiveShare = 0.05
    lifetime_halt: PositiveShare = 0.20
    warning_clears: Annotated[Share, Field(le=1)] = 0.8
    allow_looser: StrictBool = False

    @model_validator(mode="after")
    def _in_order_and_within(self) -> Self:
        if not self.warning <= self.halt <= self.emergency:
            raise ValueError("warning, halt and emergency must rise in this order")
        if self.daily_warning > self.daily_halt:
            raise ValueError("daily_warning must not be above daily_halt")
        names = (
            "warning",
            "halt",
            "emergency",
            "daily_warning",
            "daily_halt",
            "strategy_halt",
            "lifetime_halt",
        )
        fields = type(self).model_fields
        looser = looser_than(tuple((name, getattr(self, name), fields[name].default) for name in names))
        refuse_looser(looser, self.allow_looser)
        return self


class Recovery(Settings):
    """How trading comes back after a halt: a cool-off, an acknowledgement by a person, then a quarter, a half, three
    quarters and all of the normal size.

    A stage is passed after `stage_trades` ended trades or `stage_hours`, unless it lost `stage_loss` of its value. A
    breach doubles the cool-off, up to its cap. `assumed_reset_hours`: how late a backtest assumes the person to be.
    """

    cool_off_hours: Hours = 4
    cool_off_cap_hours: Hours = 24
    stage_trades: Count = 10
    stage_hours: Hours = 24
    stage_loss: PositiveShare = 0.005
    assumed_reset_hours: Hours = 12
    allow_looser: StrictBool = False

    @model_validator(mode="after")
    def _within_the_rules(self) -> Self:
        fields = type(self).model_fields
        looser = [
            f"{name} is {getattr(self, name):g}: at least {fields[name].default:g}"
            for name in ("cool_off_hours", "stage_trades", "stage_hours", "assumed_reset_hours")
            if getattr(self, name) < fields[name].default
        ] + looser_than((("stage_loss", self.stage_loss, 0.005),))
        if self.cool_off_cap_hours < self.cool_off_hours:
            raise ValueError("cool_off_cap_hours must not be below cool_off_hours")
        refuse_looser(looser, self.allow_looser)
        return self


class Execution(Settings):
    """How well orders and data must go. A `_warning` warns; a `_halt` keeps new entries back while it lasts.

    Latencies are averages; `slippage_warning_bps` is in basis points of the price; `liquidity_share` is a share of the
    instrument's own median; `data_age_ms` refuses an entry; depegs are distances of a stablecoin from one dollar.
    `least_latencies`, `least_requests`, `least_fills`: observations before an average is judged. `clears`: a check
    falls below this share of its limit. `mark_standing_ms`: how long a price stands before a tier moves on it, unless
    a second source is within `mark_tolerance` of it. `dead_man_seconds`: while nothing is held, the venue is told to
    cancel every order of the account unless it hears again within so long; 0 for never.
    """

    latency_warning_ms: Milliseconds = 500
    latency_halt_ms: Milliseconds = 1000
    slippage_warning_bps: Annotated[Number, Field(gt=0, le=10_000)] = 100
    error_rate_warning: PositiveShare = 0.05
    error_rate_halt: PositiveShare = 0.25
    liquidity_share: PositiveShare = 0.5
    data_age_ms: Milliseconds = 500
    clock_skew_warning_ms: Milliseconds = 500
    clock_skew_halt_ms: Milliseconds = 2000
    depeg_warning: PositiveShare = 0.005
    depeg_halt: PositiveShare = 0.02
    least_latencies: Count = 3
    least_requests: Count = 20
    least_fills: Count = 3
    clears: PositiveShare = 0.8
    mark_standing_ms: Milliseconds = 3000
    mark_tolerance: PositiveShare = 0.005
    dead_man_seconds: Annotated[int, Field(strict=True, ge=0, le=3600)] = 0
    allow_looser: StrictBool = False

    @model_validator(mode="after")
    def _within_the_rules(self) -> Self:
        fields = type(self).model_fields
        names = [
            name for name in fields if name not in ("allow_looser", "liquidity_share", "dead_man_seconds")
        ]
        looser = looser_than(tuple((name, getattr(self, name), fields[name].default) for name in names))
        if self.liquidity_share < 0.5:
            looser.append(f"liquidity_share is {self.liquidity_share:g}: at least 0.5")
        for kind in ("latency", "error_rate", "clock_skew", "depeg"):
            unit = "_ms" if kind in ("latency", "clock_skew") else ""
            low, high = f"{kind}_warning{unit}", f"{kind}_halt{unit}"
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} must not be above {high}")
        refuse_looser(looser, self.allow_looser)
        return self


class Monitoring(Settings):
    """How often the account is looked after; the `elevated_` ones hold from WARNING on. `heartbeat_limit_seconds`: a
    trader that has been silent for longer is taken for dead. A reconciliation also tells how far the clocks are apart,
    which is known for a quarter of an hour only: ten minutes are the longest between two."""

    heartbeat_limit_seconds: Seconds = 10
    reconcile_seconds: Annotated[Number, Field(gt=0, le=600)] = 300
    elevated_reconcile_seconds: Seconds = 60
    alert_seconds: Seconds = 3600
    elevated_alert_seconds: Seconds = 300

    @model_validator(mode="after")
    def _elevated_is_no_slower(self) -> Self:
        for kind in ("reconcile_seconds", "alert_seconds"):
            if getattr(self, f"elevated_{kind}") > getattr(self, kind):
                raise ValueError(f"elevated_{kind} must not be above {kind}")
        return self


class Adaptive(Settings):
    """Smaller entries while an instrument is wilder than usual.

    Where the volatility of the last `short_days` reaches the `enter_quantile` of its own last `window_days`,
    trade_share is multiplied by long-term over short-term volatility, between `lowest` and `highest`, until it falls
    to the `leave_quantile`. At most one change a day; before `least_days` of history nothing changes.
    """

    enabled: StrictBool = True
    short_days: Annotated[Count, Field(ge=2)] = 7
    long_days: Count = 60
    window_days: Count = 90
    least_days: Count = 30
    enter_quantile: PositiveShare = 0.95
    leave_quantile: PositiveShare = 0.80
    lowest: PositiveShare = 0.5
    highest: Annotated[Number, Field(gt=0, le=1.5)] = 1.0
    allow_looser: StrictBool = False

    @model_validator(mode="after")
    def _within_the_rules(self) -> Self:
        if self.leave_quantile > self.enter_quantile:
            raise ValueError("leave_quantile must not be above enter_quantile")
        if self.lowest > self.highest:
            raise ValueError("lowest must not be above highest")
        if self.short_days >= self.long_days:
            raise ValueError("short_days must be below long_days")
        if self.least_days > self.window_days:
            raise ValueError("least_days must not be above window_days")
        looser = looser_than((("highest", self.highest, 1.0),))
        refuse_looser(looser, self.allow_looser)
        return self
