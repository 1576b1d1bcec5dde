"""Equity paths: what the account is worth, bar by bar, and the breaker's levels that follow."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_cases import BarTuple, Case, Enter, Paths, rules, terms

from memesnipe_cli.engine.model import ExitPlan, Rules

HOUR_MS = 3_600_000

# All of the capital is in one position from bar 1 on: its price is the account's worth.
ALL_IN = ExitPlan(risk_share=1.0)
HOLD = {0: Enter(stop=9_000.0)}
TENTHS = terms(lot=Decimal("0.1"))
TIERS = rules(warning=0.03, halt=0.05, emergency=0.10, collar=0.0)
DAILY = rules(daily_warning=0.02, daily_halt=0.03, collar=0.0)
SOON = {"cool_off_ms": HOUR_MS, "cool_off_cap_ms": HOUR_MS, "assumed_reset_ms": HOUR_MS}


def worth(*percent: float) -> list[BarTuple]:
    """Hourly bars at which the account is worth so many percent of its capital."""
    return [(round(100 * share),) * 4 for share in percent]


def path(*percent: float, rules_of: Rules = TIERS, **changes: object) -> Case:
    """An account that is worth so many percent at each hour; the first two must be 100."""
    case = Case(worth(*percent), HOLD, plan=ALL_IN, terms=TENTHS, rules=rules_of, base_ms=HOUR_MS)
    return replace(case, **changes)  # type: ignore[arg-type]


def stepped(case: Case, **changes: object) -> Case:
    """The same with other rules."""
    return replace(case, rules=replace(case.rules, **changes))  # type: ignore[arg-type]


LAST_HOURS = {"missing_steps": range(2, 20)}  # what follows begins at 20:00

PATHS: Paths = {
    # --- drawdown
    "a gap down through all tiers in one bar": (path(100, 100, 89, 89), ("C C E E",)),
    "a slow bleed passes every tier": (
        path(100, 100, 97.01, 97, 95.01, 95, 90.01, 90),
        ("C C C W W H H E",),
    ),
    "a fall is counted from the highest mark": (
        # 3 % below 104 is 100.88
        path(100, 100, 104, 100.89, 100.88, 98.81, 98.8),
        ("C C C C W W H",),
    ),
    "a warning clears at four fifths of its tier": (
        path(100, 100, 97, 97.59, 97.6, 97.01, 97),
        ("C C W W C C W",),
    ),
    "what comes back after a halt changes nothing": (path(100, 100, 95, 100, 110), ("C C H H H",)),
    "nor after an emergency": (path(100, 100, 90, 110, 110), ("C C E E E",)),
    "a halt is over after twelve hours and measures from there": (
        # 95 at 03:00 is acknowledged at 15:00; 3 % below 95 is 92.15
        path(100, 100, *[95] * 13, 92.16, 92.15, 90.26, 90.25),
        ("C C H H H H H H H H H H H H C C W W H",),
    ),
    "a cool-off beyond the twelve hours counts": (
        stepped(path(100, 100, *[95] * 15), cool_off_ms=13 * HOUR_MS),
        ("C C H H H H H H H H H H H H H C C",),
    ),
    "without an assumed reset a halt waits for a person": (
        stepped(path(100, 100, *[95] * 15), assumed_reset_ms=None),
        ("C C H H H H H H H H H H H H H H H",),
    ),
    "an emergency begins the wait again": (
        stepped(path(100, 100, 95, 95, 90, 90, 90, 90), **{**SOON, "assumed_reset_ms": 3 * HOUR_MS}),
        ("C C H H E E E C",),
    ),
    "an hour without any bar is waited like any other": (
        stepped(path(100, 100, 95, 95, 95, 95, missing_steps=[4]), **SOON),
        ("C C H C C",),
    ),
    "a frozen feed keeps the last mark and its level": (
        replace(path(100, 100), bars=[*worth(100, 100, 97), None, None, *worth(95)]),
        ("C C W W W H",),
    ),
    "a tier is reached to the last unit, not before": (
        replace(
            path(100, 100),
            bars=[(ticks,) * 4 for ticks in (100_000_000, 100_000_000, 95_000_001, 95_000_000)],
            enter={0: Enter(stop=9_000.0)},
            terms=terms(lot=Decimal("0.1"), tick=Decimal("0.0001")),
            rules=rules(warning=0.05, halt=0.05, strategy_halt=0.05, collar=0.0),
        ),
        ("C C C H", "C C C H"),
    ),
    # --- loss of the day
    "the loss of the day warns and halts": (
        path(100, 100, 98.01, 98, 97.01, 97, 100, rules_of=DAILY),
        ("C C C W W H H",),
    ),
    "a warning of the day clears at four fifths": (
        path(100, 100, 98, 98.39, 98.4, rules_of=DAILY),
        ("C C W W C",),
    ),
    "a warning clears when drawdown and loss both allow it": (
        # 2.4 % below 104 is 101.504: the drawdown clears there, while no day is lost
        stepped(path(100, 100, 104, 100.8, 101.5, 101.51, rules_of=DAILY), warning=0.03),
        ("C C C W W C",),
    ),
    "the day's loss holds a warning whose drawdown has cleared": (
        stepped(path(100, 100, 97.6, 98.39, 98.4, rules_of=DAILY), warning=0.03),
        ("C C W W C",),
    ),
    "the loss counts from the last mark before midnight": (
        # 20:00 .. 23:00 lose 2.5 %; the next day 3 % of 97.5 is 94.575
        path(100, 100, *[100] * 18, 98.5, 97.5, 97.5, 97.5, 96, 94.58, 94.57, rules_of=DAILY, **LAST_HOURS),
        ("C C C W W W C W H",),
    ),
    "a gap over midnight is the new day's loss": (
        path(100, 100, *[100] * 18, 100, 100, 100, 100, 97, rules_of=DAILY, **LAST_HOURS),
        ("C C C C C C H",),
    ),
    "a day without bars has no marks of its own": (
        path(100, 100, 99, *[98] * 46, 97.02, 96.03, rules_of=DAILY, missing_steps=range(3, 48)),
        ("C C C C W H",),
    ),
    "a day's halt is not reset before midnight": (
        stepped(
            path(100, 100, *[100] * 18, 97, 97, 97, 97, 97, 97, rules_of=DAILY, **LAST_HOURS),
            **SOON,
        ),
        ("C C H H H H C C",),
    ),
    "with nothing held it is midnight all the same": (
        stepped(
            path(
                *(100, 100, *[100] * 18, 97, 97, 97, 97, 97, 97),
                rules_of=DAILY,
                leave={20: (1,)},
                **LAST_HOURS,
            ),
            **SOON,
        ),
        ("C C H H H H C C",),
    ),
    "even where the loss was made good": (
        stepped(
            path(100, 100, *[100] * 18, 97, 99, 99, 99, 99, rules_of=DAILY, **LAST_HOURS),
            **SOON,
        ),
        ("C C H H H C C",),
    ),
    "a halt for another cause waits for midnight too": (
        # a halt for drawdown; the day loses 3 % only at 21:00
        stepped(
            path(
                100,
                100,
                *[100] * 18,
                98,
                97,
                98,
                98,
                98,
                rules_of=rules(warning=0.02, halt=0.02, daily_warning=0.03, daily_halt=0.03, collar=0.0),
                **LAST_HOURS,
            ),
            **{**SOON, "assumed_reset_ms": 2 * HOUR_MS},
        ),
        ("C C H H H C C",),
    ),
    # --- lifetime
    "epochs may lose no more than the lifetime cap together": (
        stepped(
            path(100, 100, 95, 95, 90, 90, 85, 85, 80, 80, 80, 80.01, 80.01, 80, 80),
            lifetime_halt=0.20,
            emergency=1.0,
            **SOON,
        ),
        ("C C H C H C H C H H H C C H H",),
    ),
    "a lifetime cap below the tiers counts from the first epoch on": (
        path(100, 100, 98.01, 98, rules_of=rules(warning=0.03, halt=0.05, lifetime_halt=0.02, collar=0.0)),
        ("C C C H",),
    ),
    "the lifetime high is the highest of all epochs": (
        # 110 is the mark for good: 20 % below it is 88
        stepped(
            path(100, 100, 110, 104, 104, 98, 98, 93, 93, 88, 88),
            lifetime_halt=0.20,
            emergency=1.0,
            **SOON,
        ),
        ("C C C H C H C H C H H",),
    ),
}
