"""After a halt: the wait, the steps back to normal size, and what a breach on the way costs."""

from __future__ import annotations

from dataclasses import replace

from engine_cases import BASE_MS, FLAT, Case, Enter, Scenarios, rules
from scenarios_breaker import BURDEN_BOUGHT, beside
from scenarios_paths import HOUR_MS, path, stepped

from memesnipe_cli.engine.model import ExitPlan

# Halted at the close of bar 2 with 9,500 left, acknowledged at the close of bar 4; a stage lasts two bars.
STEPS = rules(
    warning=0.05,
    halt=0.05,
    cool_off_ms=2 * BASE_MS,
    cool_off_cap_ms=8 * BASE_MS,
    assumed_reset_ms=2 * BASE_MS,
    stage_ms=2 * BASE_MS,
    stage_loss=0.02,
)
SLOW = replace(STEPS, stage_ms=100 * BASE_MS)
BY_TRADES = replace(SLOW, stage_trades=1)
TWELVE = ExitPlan(risk_share=0.0064)  # buys 12 lots with 9,500
HALTED = [BURDEN_BOUGHT, "2 account HALT drawdown"]
BACK = [*HALTED, "4 account reset", "4 account stage 1"]


def entering(*bars: int) -> dict[tuple[int, int], Enter]:
    """Slot 1's signals."""
    return {(1, bar): Enter() for bar in bars}


def hours(*percent: float) -> Case:
    """Hourly marks; a cool-off of two hours, acknowledged at its end, and stages of an hour."""
    return stepped(
        path(*percent),
        emergency=1.0,
        cool_off_ms=2 * HOUR_MS,
        cool_off_cap_ms=24 * HOUR_MS,
        assumed_reset_ms=HOUR_MS,
        stage_ms=HOUR_MS,
        warning=0.05,
    )


IN = "1 buy 10 @10000 entry"

RECOVERY: Scenarios = {
    # --- sizes
    "size comes back in four steps": (
        beside(
            [50] * 12,
            {(1, bar): Enter() for bar in (4, 6, 8, 10, 12)},
            leave={(1, bar): (1,) for bar in (5, 7, 9, 11)},
            plan=TWELVE,
            rules=STEPS,
        ),
        [
            *BACK,
            "5 buy 3 @100 entry (slot 1)",
            "6 sell 3 @100 signal (slot 1)",
            "6 account stage 2",
            "7 buy 6 @100 entry (slot 1)",
            "8 sell 6 @100 signal (slot 1)",
            "8 account stage 3",
            "9 buy 9 @100 entry (slot 1)",
            "10 sell 9 @100 signal (slot 1)",
            "10 account stage 4",
            "11 buy 12 @100 entry (slot 1)",
            "12 sell 12 @100 signal (slot 1)",
            "12 account stage 0",
            "13 buy 12 @100 entry (slot 1)",
        ],
    ),
    "a strategy that recovers is cut, another is not": (
        # 5,000 are allocated: the burden's 500 are its strategy's 10 %
        beside(
            [50] * 6,
            {(0, 4): Enter(), (1, 4): Enter()},
            leave={(0, 2): (1,)},
            plan=TWELVE,
            rules=replace(STEPS, warning=1.0, halt=1.0, strategy_halt=0.1, strategy_share=0.5),
        ),
        [
            BURDEN_BOUGHT,
            "2 strategy 0 HALT strategy_drawdown",
            "3 sell 10 @50 signal",
            "4 strategy 0 reset",
            "4 strategy 0 stage 1",
            "5 buy 21 @50 entry",
            "5 buy 12 @100 entry (slot 1)",
            "6 strategy 0 stage 2",
        ],
    ),
    "the smaller stage counts": (
        # the account has a trade to show at bar 6, strategy 0 has none
        beside(
            [50] * 7,
            {(1, 4): Enter(), (0, 6): Enter(), (1, 6): Enter()},
            leave={(0, 2): (1,), (1, 5): (1,)},
            plan=TWELVE,
            rules=replace(BY_TRADES, strategy_halt=0.1, strategy_share=0.5),
        ),
        [
            *HALTED,
            "2 strategy 0 HALT strategy_drawdown",
            "3 sell 10 @50 signal",
            "4 account reset",
            "4 account stage 1",
            "4 strategy 0 reset",
            "4 strategy 0 stage 1",
            "5 buy 3 @100 entry (slot 1)",
            "6 sell 3 @100 signal (slot 1)",
            "6 account stage 2",
            "7 buy 21 @50 entry",
            "7 buy 6 @100 entry (slot 1)",
        ],
    ),
    "a further unit is cut as well": (
        beside(
            [50] * 6,
            {(1, 4): Enter()},
            bars=[(100,) * 4] * 6 + [(105,) * 4] * 2,
            plan=replace(TWELVE, units=2, step_r=1.0),
            rules=SLOW,
        ),
        [*BACK, "5 buy 3 @100 entry (slot 1)", "7 buy 3 @105 entry (slot 1)"],
    ),
    # --- what ends a stage
    "a stage ends with its trades": (
        beside(
            [50] * 8,
            {(1, 4): Enter(), (1, 6): Enter()},
            leave={(1, 5): (1,), (1, 7): (1,)},
            plan=TWELVE,
            rules=BY_TRADES,
        ),
        [
            *BACK,
            "5 buy 3 @100 entry (slot 1)",
            "6 sell 3 @100 signal (slot 1)",
            "6 account stage 2",
            "7 buy 6 @100 entry (slot 1)",
            "8 sell 6 @100 signal (slot 1)",
            "8 account stage 3",
        ],
    ),
    "a trade from before a stage counts for none": (
        # one trade ends while the account is halted, the other in its stage
        beside(
            [50] * 8,
            {(1, 0): Enter(), (1, 4): Enter()},
            leave={(1, 2): (1,), (1, 6): (1,)},
            plan=TWELVE,
            rules=BY_TRADES,
        ),
        [
            "1 buy 10 @100 entry",
            "1 buy 12 @100 entry (slot 1)",
            "2 account HALT drawdown",
            "3 sell 12 @100 signal (slot 1)",
            "4 account reset",
            "4 account stage 1",
            "5 buy 3 @100 entry (slot 1)",
            "7 sell 3 @100 signal (slot 1)",
            "7 account stage 2",
        ],
    ),
    "a stage that loses its share begins again": (
        # 2 % of 9,500 are 190: the burden falls by 19
        beside([50, 50, 50, 31, 31, 31, 31], {}, rules=STEPS),
        [*BACK, "6 account stage 1", "8 account stage 2"],
    ),
    "one that loses less is passed": (
        beside([50, 50, 50, 32, 32, 32, 32], {}, rules=STEPS),
        [*BACK, "6 account stage 2", "8 account stage 3"],
    ),
    "each stage is measured from its own begin": (
        beside([50, 50, 50, 40, 40, 30, 30, 20, 20], {}, rules=STEPS),
        [*BACK, "6 account stage 2", "8 account stage 3", "10 account stage 4"],
    ),
    "what is reset is judged again at the next close, with nothing held too": (
        # the day has lost 5 %
        beside(
            [50] * 5,
            {},
            leave={(0, 2): (1,)},
            rules=replace(STEPS, daily_warning=0.02, daily_halt=1.0),
        ),
        [
            *HALTED,
            "3 sell 10 @50 signal",
            "4 account reset",
            "4 account stage 1",
            "5 account WARNING daily_loss",
            "6 account stage 2",
        ],
    ),
    "and a strategy that filled too often in this hour": (
        beside(
            [100] * 5,
            {},
            leave={(0, 1): (1,)},
            rules=replace(STEPS, executions_per_hour=0),
        ),
        [
            BURDEN_BOUGHT,
            "1 strategy 0 HALT executions",
            "2 sell 10 @100 signal",
            "3 strategy 0 reset",
            "3 strategy 0 stage 1",
            "4 strategy 0 HALT executions",
        ],
    ),
    "each row is reset and proved on its own, with nothing held too": (
        # the strategy loses 6 % of its 5,000 a bar before the account loses 5 % of its 10,000
        beside(
            [70, 50, 50, 50, 50, 50],
            {},
            leave={(0, 2): (1,)},
            rules=replace(STEPS, strategy_halt=0.05, strategy_share=0.5),
        ),
        [
            BURDEN_BOUGHT,
            "2 strategy 0 HALT strategy_drawdown",
            "3 sell 10 @50 signal",
            "3 account HALT drawdown",
            "4 strategy 0 reset",
            "4 strategy 0 stage 1",
            "5 account reset",
            "5 account stage 1",
            "6 strategy 0 stage 2",
            "7 account stage 2",
        ],
    ),
    "a strategy without an allocation is halted": (
        Case([FLAT], {0: Enter()}, rules=rules(strategy_share=0.0, strategy_halt=0.05)),
        ["0 strategy 0 HALT strategy_drawdown", "0 refused strategy_halt"],
    ),
    # --- a breach on the way
    "a breach in a stage doubles the cool-off": (
        # halted at 03:00 for two hours, at 06:00 for four, at 11:00 for eight
        hours(100, 100, 95, 95, 95, 90, 90, 90, 90, 90, 85, *[85] * 8),
        [
            IN,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account HALT drawdown",
            "9 account reset",
            "9 account stage 1",
            "10 account HALT drawdown",
            "18 account reset",
            "18 account stage 1",
        ],
    ),
    "up to its cap": (
        stepped(hours(100, 100, 95, 95, 95, 90, 90, 90, 90, 90, 85, *[85] * 8), cool_off_cap_ms=5 * HOUR_MS),
        [
            IN,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account HALT drawdown",
            "9 account reset",
            "9 account stage 1",
            "10 account HALT drawdown",
            "15 account reset",
            "15 account stage 1",
            "16 account stage 2",
            "17 account stage 3",
            "18 account stage 4",
        ],
    ),
    "normal size again, the cool-off is the first one": (
        hours(100, 100, 95, 95, 95, *[90] * 9, 85, 85, 85),
        [
            IN,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account HALT drawdown",
            "9 account reset",
            "9 account stage 1",
            "10 account stage 2",
            "11 account stage 3",
            "12 account stage 4",
            "13 account stage 0",
            "14 account HALT drawdown",
            "16 account reset",
            "16 account stage 1",
        ],
    ),
    "a breach at full size doubles it still": (
        hours(100, 100, 95, 95, 95, 95, 95, 95, 90, 90, 90, 90, 90),
        [
            IN,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account stage 2",
            "6 account stage 3",
            "7 account stage 4",
            "8 account HALT drawdown",
            "12 account reset",
            "12 account stage 1",
        ],
    ),
    "a warning in a stage is none": (
        stepped(hours(100, 100, 95, 95, 95, 92, 92, 92), warning=0.03, stage_loss=0.1),
        [
            IN,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account WARNING drawdown",
            "5 account stage 2",
            "6 account stage 3",
            "7 account stage 4",
        ],
    ),
    "an emergency after a halt does not double again": (
        # 90 at 06:00 for four hours, 80 at 07:00 again for four: out at 75, acknowledged at 11:00
        stepped(hours(100, 100, 95, 95, 95, 90, 80, 75, 75, 75, 75), emergency=0.15),
        [
            IN,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account HALT drawdown",
            "6 account EMERGENCY drawdown",
            "7 sell 10 @7500 emergency",
            "10 account reset",
            "10 account stage 1",
        ],
    ),
}
