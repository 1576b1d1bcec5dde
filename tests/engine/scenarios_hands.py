"""What persons do: trips and resets by hand, a halted symbol, deposits and withdrawals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_cases import BASE_MS, FLAT, PERP, Case, Enter, rules
from engine_hands import Flow, HaltSymbol, Hands, NoMark, Reset, Trip
from scenarios_breaker import BURDEN_BOUGHT, LATE, LIMITS, OTHER_BOUGHT, beside
from scenarios_recovery import STEPS, TWELVE, entering

from memesnipe_cli.engine.model import ExitPlan

HALT, EMERGENCY = 2, 3
EARLY = entering(1, 2, 3)
# A halt waits for a person, who has to let five bars pass.
BY_HAND = replace(STEPS, assumed_reset_ms=None, cool_off_ms=5 * BASE_MS, cool_off_cap_ms=20 * BASE_MS)

HANDS: dict[str, tuple[Case, Hands, list[str]]] = {
    # --- trips
    "a trip halts from the close of its bar on": (
        beside([100, 100, 100], EARLY, rules=LATE),
        {3: [Trip(0, HALT)]},
        [
            "2 buy 10 @100 entry",
            "3 buy 10 @100 entry (slot 1)",
            "3 account HALT manual",
        ],
    ),
    "a trip refuses what comes after it": (
        beside([100, 100, 100], EARLY),
        {1: [Trip(0, HALT)]},
        [
            BURDEN_BOUGHT,
            "1 account HALT manual",
            "1 refused breaker_halt (slot 1)",
            "2 refused breaker_halt (slot 1)",
            "3 refused breaker_halt (slot 1)",
        ],
    ),
    "a strategy that is tripped stops alone": (
        beside([100, 100, 100], {(0, 3): Enter(), (1, 3): Enter()}, leave={(0, 1): (1,)}),
        {1: [Trip(1, HALT)]},
        [
            BURDEN_BOUGHT,
            "1 strategy 0 HALT manual",
            "2 sell 10 @100 signal",
            "3 refused strategy_halt",
            "4 buy 10 @100 entry (slot 1)",
        ],
    ),
    "a strategy's emergency closes what it holds, and no more": (
        beside([100, 100, 100], entering(0)),
        {2: [Trip(1, EMERGENCY)]},
        [BURDEN_BOUGHT, OTHER_BOUGHT, "2 strategy 0 EMERGENCY manual", "3 sell 10 @100 emergency"],
    ),
    "it is reset when its own positions are gone": (
        # strategy 0 leaves at the open of bar 5 for want of volume; strategy 1 goes on holding
        beside(
            [(100, 100, 100, 100, 0.0)] * 3 + [100, 100],
            entering(0),
            rules=replace(LIMITS, assumed_reset_ms=0, cool_off_ms=BASE_MS),
        ),
        {2: [Trip(1, EMERGENCY)]},
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 strategy 0 EMERGENCY manual",
            "5 sell 10 @100 emergency",
            "5 strategy 0 reset",
            "5 strategy 0 stage 1",
        ],
    ),
    "an emergency by hand becomes none where the marks call for a halt": (
        beside([50, 50], {}),
        {2: [Trip(0, EMERGENCY)]},
        [BURDEN_BOUGHT, "2 account EMERGENCY manual", "3 sell 10 @50 emergency"],
    ),
    "a halt by hand becomes an emergency where the marks call for one": (
        beside([20, 20], {}),
        {2: [Trip(0, HALT)]},
        [
            BURDEN_BOUGHT,
            "2 account HALT manual",
            "2 account EMERGENCY drawdown",
            "3 sell 10 @20 emergency",
        ],
    ),
    # --- symbols
    "a halted symbol stops alone": (
        beside([100, 100, 100], {(0, 3): Enter(), (1, 3): Enter()}, leave={(0, 1): (1,)}),
        {3: [HaltSymbol(0)]},
        [BURDEN_BOUGHT, "2 sell 10 @100 signal", "3 refused symbol_halt", "4 buy 10 @100 entry (slot 1)"],
    ),
    "its waiting entry is dropped": (
        beside([100, 100, 100], entering(1, 4), rules=LATE),
        {2: [HaltSymbol(1)], 4: [HaltSymbol(1, 0)]},
        ["2 buy 10 @100 entry", "2 missed breaker (slot 1)"],
    ),
    "a symbol's emergency closes it": (
        beside([100, 100], entering(0)),
        {2: [HaltSymbol(1, EMERGENCY)]},
        [BURDEN_BOUGHT, OTHER_BOUGHT, "3 sell 10 @100 emergency (slot 1)"],
    ),
    "an emergency by hand waits for what a halt waited for": (
        # 3 % lost at 00:10 wait for midnight, although they come back
        beside(
            [70, 90, 90, 90, 90],
            {},
            rules=rules(daily_warning=0.03, daily_halt=0.03, cool_off_ms=BASE_MS, assumed_reset_ms=0),
        ),
        {4: [Trip(0, EMERGENCY)]},
        [
            BURDEN_BOUGHT,
            "2 account HALT daily_loss",
            "2 account waits",
            "4 account EMERGENCY manual",
            "5 sell 10 @90 emergency",
        ],
    ),
    "until it is lifted": (
        beside([100, 100, 100], entering(2, 3)),
        {2: [HaltSymbol(1)], 3: [HaltSymbol(1, 0)]},
        [BURDEN_BOUGHT, "2 refused symbol_halt (slot 1)", "4 buy 10 @100 entry (slot 1)"],
    ),
    "the strategy's halt is named before the symbol's": (
        beside([100], entering(1)),
        {1: [HaltSymbol(1), Trip(2, HALT)]},
        [BURDEN_BOUGHT, "1 strategy 1 HALT manual", "1 refused strategy_halt (slot 1)"],
    ),
    # --- no mark
    "where nobody can say what the account is worth nothing is entered": (
        beside([50, 50], entering(1, 2, 3)),
        {2: [NoMark()]},
        [
            BURDEN_BOUGHT,
            "2 buy 10 @100 entry (slot 1)",
            "3 account HALT drawdown",
        ],
    ),
    "a worth that is no number refuses": (
        beside([100] * 3, entering(2, 3)),
        {2: [NoMark()]},
        [BURDEN_BOUGHT, "2 refused no_mark (slot 1)", "4 buy 10 @100 entry (slot 1)"],
    ),
    "it is asked after the symbol's halt": (
        beside([100], entering(1)),
        {1: [NoMark(), HaltSymbol(1)]},
        [BURDEN_BOUGHT, "1 refused symbol_halt (slot 1)"],
    ),
    # --- resets
    "a reset after the cool-off begins the first stage at once": (
        # halted at the close of bar 2, ready at that of bar 7
        beside([50] * 10, entering(7, 8, 9), plan=TWELVE, rules=BY_HAND),
        {8: [Reset(0)]},
        [
            BURDEN_BOUGHT,
            "2 account HALT drawdown",
            "7 refused breaker_halt (slot 1)",
            "8 account reset",
            "8 account stage 1",
            "9 buy 3 @100 entry (slot 1)",
            "10 account stage 2",
        ],
    ),
    "a reset before it lets nothing in until then": (
        beside([50] * 10, entering(3, 4, 5, 6, 7), plan=TWELVE, rules=BY_HAND),
        {4: [Reset(0)]},
        [
            BURDEN_BOUGHT,
            "2 account HALT drawdown",
            "3 refused breaker_halt (slot 1)",
            "4 account reset",
            "4 account stage 1",
            "4 refused breaker_halt (slot 1)",
            "5 refused breaker_halt (slot 1)",
            "6 refused breaker_halt (slot 1)",
            "8 buy 3 @100 entry (slot 1)",
            "9 account stage 2",
            "11 account stage 3",
        ],
    ),
    "nor for a strategy that was reset early": (
        beside(
            [100] * 8, {(0, 4): Enter(), (0, 6): Enter()}, leave={(0, 1): (1,)}, plan=TWELVE, rules=BY_HAND
        ),
        {1: [Trip(1, HALT)], 3: [Reset(1)]},
        [
            BURDEN_BOUGHT,
            "1 strategy 0 HALT manual",
            "2 sell 10 @100 signal",
            "3 strategy 0 reset",
            "3 strategy 0 stage 1",
            "4 refused strategy_halt",
            "7 buy 22 @100 entry",
            "8 strategy 0 stage 2",
        ],
    ),
    "trades that end before the first stage do not end it": (
        beside(
            [50] * 8,
            entering(0, 4),
            leave={(1, 4): (1,)},
            plan=ExitPlan(risk_share=0.005),
            rules=replace(BY_HAND, stage_trades=1, stage_ms=100 * BASE_MS),
        ),
        {4: [Reset(0)]},
        [
            BURDEN_BOUGHT,
            OTHER_BOUGHT,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 sell 10 @100 signal (slot 1)",
        ],
    ),
    "a reset where the marks still call for a halt is none for long": (
        # the loss of the day is what it was
        beside([50] * 3, {}, rules=replace(BY_HAND, daily_warning=0.05, daily_halt=0.05)),
        {3: [Reset(0)]},
        [
            BURDEN_BOUGHT,
            "2 account HALT drawdown",
            "2 account waits",
            "3 account reset",
            "3 account stage 1",
            "3 account HALT daily_loss",
            "3 account waits",
        ],
    ),
    # --- flows
    "a deposit in a drawdown moves no mark": (
        # 4 % below 10,000; as much again comes in: 1,000 below 20,000 halt, not 500
        beside([60, 60, 50, 41, 40], {}),
        {3: [Flow(960_000_000_000, 960_000_000_000)]},
        [
            BURDEN_BOUGHT,
            "2 account WARNING drawdown",
            "3 account flow 960000000000",
            "6 account HALT drawdown",
        ],
    ),
    "nor does a withdrawal": (
        # half is taken out: 250 below 5,000 halt
        beside([60, 60, 56, 55], {}),
        {3: [Flow(-480_000_000_000, 960_000_000_000)]},
        [
            BURDEN_BOUGHT,
            "2 account WARNING drawdown",
            "3 account flow -480000000000",
            "5 account HALT drawdown",
        ],
    ),
    "the day's base moves with a flow": (
        # 2 % of a doubled 10,000
        beside([90, 90, 71, 70], {}, rules=rules(daily_warning=0.01, daily_halt=0.02)),
        {3: [Flow(990_000_000_000, 990_000_000_000)]},
        [
            BURDEN_BOUGHT,
            "2 account WARNING daily_loss",
            "3 account flow 990000000000",
            "5 account HALT daily_loss",
            "5 account waits",
        ],
    ),
    "so does the value that a stage began with": (
        # 2 % of a doubled 9,500 are 380: 370 lost pass, 190 would not
        beside([50, 50, 50, 50, 13, 13, 13], {}, rules=STEPS),
        {5: [Flow(950_000_000_000, 950_000_000_000)]},
        [
            BURDEN_BOUGHT,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account flow 950000000000",
            "6 account stage 2",
            "8 account stage 3",
        ],
    ),
    "so does the lifetime high": (
        # 10,000 doubled: 20,000 less 6 % is 18,800
        beside(
            [50, 50, 50, 50, 31, 30, 30],
            {},
            rules=replace(STEPS, lifetime_halt=0.06, stage_loss=0.5),
        ),
        {5: [Flow(950_000_000_000, 950_000_000_000)]},
        [
            BURDEN_BOUGHT,
            "2 account HALT drawdown",
            "4 account reset",
            "4 account stage 1",
            "5 account flow 950000000000",
            "6 account stage 2",
            "7 account HALT lifetime_drawdown",
        ],
    ),
    "an account that was worth nothing begins anew": (
        # ten sold short at 100, bought back at 200: all is gone, 500 come in
        Case(
            [[(100,) * 4, (100,) * 4, (200,) * 4, (200,) * 4, (200,) * 4]],
            {0: Enter(side=-1, stop=90.0)},
            plan=ExitPlan(risk_share=1.0),
            terms=PERP,
            rules=rules(capital=Decimal(1_000), collar=0.0, warning=0.03, daily_warning=0.03),
        ),
        {3: [Flow(50_000_000_000, 0)]},
        [
            "1 sell 10 @100 entry",
            "2 buy 10 @200 stop",
            "2 account WARNING drawdown",
            "3 account flow 50000000000",
            "3 account CLOSED",
        ],
    ),
    "money that came in can be spent": (
        Case([FLAT] * 3, {1: Enter()}),
        {1: [Flow(1_000_000_000_000, 1_000_000_000_000)]},
        ["1 account flow 1000000000000", "2 buy 20 @100 entry"],
    ),
}
