"""The breaker: what each level stops, and whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine_cases import FLAT, PERP, PLAIN_PLAN, BarTuple, Case, Enter, Moment, Scenarios, rules, terms

from memesnipe_cli.engine.model import ExitPlan

# Slot 0 holds ten lots of a coin whose fall costs the account a percent for every ten ticks;
# slot 1, of another strategy, trades beside it
ALL_IN = ExitPlan(risk_share=1.0)
BBB = terms(symbol="BBB/USD", base="BBB", cluster="others")
BURDEN = {(0, 0): Enter(stop=99.0, weight=0.11)}
LIMITS = rules(warning=0.03, halt=0.05, emergency=0.08)


def falling(*closes: Any) -> list[BarTuple]:
    """Two bars at 100, then these: their only price, or whole bars."""
    return [FLAT, FLAT, *(close if isinstance(close, tuple) else (close,) * 4 for close in closes)]


def beside(
    closes: Sequence[Any],
    enter: Mapping[Moment, Enter],
    *,
    bars: Sequence[BarTuple] | None = None,
    leave: Mapping[Moment, tuple[int, ...]] | None = None,
    plan: ExitPlan = PLAIN_PLAN,
    **changes: object,
) -> Case:
    """Slot 1's story while the coin of slot 0 falls."""
    fall = falling(*closes)
    case = Case(
        [fall, list(bars or [FLAT] * len(fall))],
        BURDEN | dict(enter),
        leave=dict(leave or {}),
        plans=[ALL_IN, plan],
        all_terms=[terms(), BBB],
        slots=((0, 0), (1, 1)),
        rules=LIMITS,
    )
    return replace(case, **changes)  # type: ignore[arg-type]


BURDEN_BOUGHT = "1 buy 10 @100 entry"
OTHER_BOUGHT = "1 buy 10 @100 entry (slot 1)"
LATE = replace(LIMITS, latency_bars=1)

BREAKER: Scenarios = {
    # --- what a level stops
    "a warning stops nothing": (
        beside([70, 70], {(1, 2): Enter()}),
        [BURDEN_BOUGHT, "2 account WARNING drawdown", "3 buy 9 @100 entry (slot 1)"],
    ),
    "a halt refuses entries": (
        beside([50, 50], {(1, 2): Enter(), (1, 3): Enter()}),
        [
            BURDEN_BOUGHT,
            "2 account HALT drawdown",
            "2 refused breaker_halt (slot 1)",
            "3 refused breaker_halt (slot 1)",
        ],
    ),
    "the breaker is asked before the signal is looked at": (
        beside([50], {(1, 2): Enter(stop=0.0)}),
        [BURDEN_BOUGHT, "2 account HALT drawdown", "2 refused breaker_halt (slot 1)"],
    ),
    "a halt lets exits and stops go on": (
        beside([50, 50, 50], {(1, 0): Enter()}, bars=[FLAT] * 4 + [(94,) * 4], leave={(0, 2): (1,)}),
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 account HALT drawdown",
            "3 sell 10 @50 signal",
            "4 sell 10 @94 stop (slot 1)",
        ],
    ),
    "a halt refuses a further unit": (
        beside(
            [50, 50],
            {(1, 0): Enter()},
            bars=[FLAT, FLAT, (110,) * 4, (110,) * 4],
            plan=ExitPlan(units=2, step_r=1.0),
            rules=replace(LIMITS, halt=0.04),
        ),
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 account HALT drawdown",
            "2 refused breaker_halt (slot 1)",
            "3 refused breaker_halt (slot 1)",
        ],
    ),
    "no unit is asked for below its step": (
        beside(
            [40, 40],
            {(1, 0): Enter()},
            bars=[FLAT, FLAT, (104,) * 4, (104,) * 4],
            plan=ExitPlan(units=2, step_r=1.0),
        ),
        [BURDEN_BOUGHT, OTHER_BOUGHT, "2 account HALT drawdown"],
    ),
    "a halt drops an entry that waits": (
        beside([100, 50, 50], {(0, 0): BURDEN[0, 0], (1, 2): Enter()}, rules=LATE),
        ["2 buy 10 @100 entry", "3 account HALT drawdown", "3 missed breaker (slot 1)"],
    ),
    "and a further unit that waits": (
        beside(
            [100, 50, 50],
            {(1, 0): Enter()},
            bars=[FLAT, FLAT, (105,) * 4, (101,) * 4, (101,) * 4],
            plan=ExitPlan(units=2, step_r=1.0),
            rules=replace(LATE, halt=0.04),
        ),
        [
            "2 buy 10 @100 entry",
            "2 buy 10 @105 entry (slot 1)",
            "3 account HALT drawdown",
        ],
    ),
    "a refused entry opens no episode of skipped signals": (
        beside(
            [100, 50, 50, 50, 50],
            {(1, 0): Enter(), (1, 3): Enter(), (1, 5): Enter()},
            bars=[FLAT, FLAT, (105,) * 4, *[FLAT] * 4],
            leave={(1, 1): (1,), (1, 4): (1,)},
            plan=ExitPlan(skip_tag=1),
            rules=replace(LIMITS, halt=0.045, assumed_reset_ms=600_000, cool_off_ms=1),
        ),
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 sell 10 @105 signal (slot 1)",
            "3 account HALT drawdown",
            "3 refused breaker_halt (slot 1)",
            "5 account reset",
            "5 account stage 1",
            "5 refused skip_after_win (slot 1)",
        ],
    ),
    # --- emergency
    "an emergency closes everything": (
        beside([20, 20], {(1, 0): Enter()}),
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 account EMERGENCY drawdown",
            "3 sell 10 @20 emergency",
            "3 sell 10 @100 emergency (slot 1)",
        ],
    ),
    "shorts too": (
        beside([20, 20], {(1, 0): Enter(side=-1)}, all_terms=[terms(), replace(PERP, base="BBB")]),
        [
            BURDEN_BOUGHT,
            "1 sell 10 @100 entry (slot 1)",
            "2 account EMERGENCY drawdown",
            "3 sell 10 @20 emergency",
            "3 buy 10 @100 emergency (slot 1)",
        ],
    ),
    "an emergency cancels entries": (
        beside([100, 20, 20, 20], {(1, 2): Enter()}, rules=LATE),
        [
            "2 buy 10 @100 entry",
            "3 account EMERGENCY drawdown",
            "3 missed breaker (slot 1)",
            "5 sell 10 @20 emergency",
        ],
    ),
    "a halt that becomes an emergency closes as well": (
        beside([50, 20, 20], {}),
        [
            BURDEN_BOUGHT,
            "2 account HALT drawdown",
            "3 account EMERGENCY drawdown",
            "4 sell 10 @20 emergency",
        ],
    ),
    "what finds no volume goes on leaving, and nothing is reset before it is gone": (
        beside(
            [20, 20, 20, 20, 20],
            {(1, 0): Enter()},
            bars=[FLAT, FLAT, FLAT, (*FLAT, 4.0), (*FLAT, 4.0), (*FLAT, 4.0), FLAT],
            rules=replace(LIMITS, assumed_reset_ms=300_000, cool_off_ms=1),
        ),
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 account EMERGENCY drawdown",
            "3 sell 10 @20 emergency",
            "3 sell 4 @100 emergency (slot 1)",
            "4 sell 4 @100 emergency (slot 1)",
            "5 sell 2 @100 emergency (slot 1)",
            "5 account reset",
            "5 account stage 1",
        ],
    ),
    "what was reset late is judged again at the next close": (
        # sold at bar 5 for want of volume before; the day has lost 8 %
        beside(
            [(20, 20, 20, 20, 0.0)] * 3 + [20] * 3,
            {},
            rules=replace(
                LIMITS, daily_warning=0.02, daily_halt=1.0, assumed_reset_ms=0, cool_off_ms=300_000
            ),
        ),
        [
            BURDEN_BOUGHT,
            "2 account EMERGENCY drawdown",
            "5 sell 10 @20 emergency",
            "5 account reset",
            "5 account stage 1",
            "6 account WARNING daily_loss",
        ],
    ),
    "an exit that waits keeps its reason": (
        beside([100, 20, 20], {}, leave={(0, 2): (1,)}, rules=LATE),
        ["2 buy 10 @100 entry", "3 account EMERGENCY drawdown", "4 sell 10 @20 signal"],
    ),
    "a stop goes before an emergency exit whose time has not come": (
        beside([100, 20, 20, 20], {(1, 0): Enter()}, bars=[FLAT] * 4 + [(94,) * 4] * 2, rules=LATE),
        [
            "2 buy 10 @100 entry",
            "2 buy 10 @100 entry (slot 1)",
            "3 account EMERGENCY drawdown",
            "4 sell 10 @94 stop (slot 1)",
            "5 sell 10 @20 emergency",
        ],
    ),
    "what has no bar leaves with its next": (
        beside([20, 20, 20], {(1, 0): Enter()}, bars=[FLAT, FLAT, None, None, FLAT]),
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 account EMERGENCY drawdown",
            "3 sell 10 @20 emergency",
            "4 sell 10 @100 emergency (slot 1)",
        ],
    ),
    # --- strategies
    "of two strategies the one that bleeds is halted": (
        # an allocation of 5,000 each: 250 lost halt; 10 lots bought at 100 lose them at 75
        beside(
            [76, 75, 75, 75],
            {(1, 0): Enter(), (0, 3): Enter(), (1, 3): Enter(), (0, 4): Enter(), (1, 5): Enter()},
            leave={(0, 2): (1,), (1, 2): (1,)},
            rules=rules(strategy_share=0.5, strategy_halt=0.05),
        ),
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "3 sell 10 @75 signal",
            "3 sell 10 @100 signal (slot 1)",
            "3 strategy 0 HALT strategy_drawdown",
            "3 refused strategy_halt",
            "4 buy 9 @100 entry (slot 1)",
            "4 refused strategy_halt",
        ],
    ),
    "a strategy is measured from its own high": (
        # up 500 to 5,500; 275 less is a price of 122.5
        beside([150, 123, 122], {}, rules=rules(strategy_share=0.5, strategy_halt=0.05)),
        [BURDEN_BOUGHT, "4 strategy 0 HALT strategy_drawdown"],
    ),
    "a strategy counts what its ended trades lost": (
        # 200 lost, then 10 lots at 80 lose 50 more
        beside(
            [80, 80, 80, 80, 76, 75],
            {(0, 4): Enter(stop=79.0, weight=0.112)},
            leave={(0, 2): (1,)},
            rules=rules(strategy_share=0.5, strategy_halt=0.05),
        ),
        [
            BURDEN_BOUGHT,
            "3 sell 10 @80 signal",
            "5 buy 12 @80 entry",
            "7 strategy 0 HALT strategy_drawdown",
        ],
    ),
    "the costs of closing count": (
        # bought for 1,020 and a fee of 10.20, could be sold for 980 less 9.80: 60 of 5,000
        beside(
            [100],
            {},
            all_terms=[terms(half_spread=0.02, taker_fee=Decimal("0.01")), BBB],
            rules=rules(strategy_share=0.5, strategy_halt=0.012),
        ),
        ["1 buy 10 @102 entry", "1 strategy 0 HALT strategy_drawdown"],
    ),
    "the account's halt is named before the strategy's": (
        beside([50], {(0, 2): Enter()}, leave={(0, 1): (1,)}, rules=replace(LIMITS, strategy_halt=0.05)),
        [
            BURDEN_BOUGHT,
            "2 sell 10 @50 signal",
            "2 account HALT drawdown",
            "2 strategy 0 HALT strategy_drawdown",
            "2 refused breaker_halt",
        ],
    ),
}
