"""Limits of the account beside the breaker's tiers: caps on a coin, a cluster, an order; rates of orders and fills."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_cases import FLAT, OTHER, Case, Enter, Scenarios, rules, terms

from memesnipe_cli.engine.model import ExitPlan

ALIKE = [terms(cluster="dogs"), terms(base="BBB", cluster="dogs"), terms(base="CCC", cluster="cats")]
EACH = {(slot, 0): Enter() for slot in range(3)}
THREE = ((0, 0), (0, 1), (0, 2))
APART = ((0, 0), (1, 1), (2, 2))

LIMITS: Scenarios = {
    # --- caps
    "an order is worth no more than the largest order": (
        # 550 / 110
        Case([FLAT, FLAT], {0: Enter()}, rules=rules(max_order=Decimal(550))),
        ["1 buy 5 @100 entry"],
    ),
    "and there may be no room for one": (
        Case([FLAT], {0: Enter()}, rules=rules(max_order=Decimal(109))),
        ["0 refused no_room_order"],
    ),
    "a coin's share counts whatever its quote": (
        # 1,650 - 10 x 110 waiting = 550
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(), (1, 0): Enter()},
            all_terms=[terms(), OTHER],
            slots=((0, 0), (0, 1)),
            rules=rules(symbol_share=0.165),
        ),
        ["1 buy 10 @100 entry", "1 buy 5 @100 entry (slot 1)"],
    ),
    "held lots count at their close": (
        # 1,500 - 10 x 100 held = 500, / 110
        Case(
            [[FLAT, FLAT, FLAT]] * 2,
            {(0, 0): Enter(), (1, 1): Enter()},
            all_terms=[terms(), OTHER],
            slots=((0, 0), (0, 1)),
            rules=rules(symbol_share=0.15),
        ),
        ["1 buy 10 @100 entry", "2 buy 4 @100 entry (slot 1)"],
    ),
    "a coin's share may be used up": (
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(), (1, 0): Enter()},
            all_terms=[terms(), OTHER],
            slots=((0, 0), (0, 1)),
            rules=rules(symbol_share=0.12),
        ),
        ["0 refused no_room_symbol (slot 1)", "1 buy 10 @100 entry"],
    ),
    "a strategy's share counts what waits on its other symbols": (
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(), (1, 0): Enter()},
            all_terms=ALIKE[:2],
            slots=((0, 0), (0, 1)),
            rules=rules(strategy_share=0.165),
        ),
        ["1 buy 10 @100 entry", "1 buy 5 @100 entry (slot 1)"],
    ),
    "a cluster shares its limit, across strategies": (
        Case(
            [[FLAT, FLAT]] * 3,
            EACH,
            all_terms=ALIKE,
            slots=APART,
            rules=rules(cluster_share=0.165),
        ),
        ["1 buy 10 @100 entry", "1 buy 5 @100 entry (slot 1)", "1 buy 10 @100 entry (slot 2)"],
    ),
    "a cluster's share may be used up": (
        Case([[FLAT, FLAT]] * 3, EACH, all_terms=ALIKE, slots=APART, rules=rules(cluster_share=0.12)),
        ["0 refused no_room_cluster (slot 1)", "1 buy 10 @100 entry", "1 buy 10 @100 entry (slot 2)"],
    ),
    "of equal caps the earlier is named": (
        Case(
            [FLAT],
            {0: Enter()},
            rules=rules(gross_share=0.01, symbol_share=0.01, cluster_share=0.01, max_order=Decimal(100)),
        ),
        ["0 refused no_room_gross"],
    ),
    "the coin's before the cluster's": (
        Case([FLAT], {0: Enter()}, rules=rules(symbol_share=0.01, cluster_share=0.01)),
        ["0 refused no_room_symbol"],
    ),
    "the cluster's before the order's": (
        Case([FLAT], {0: Enter()}, rules=rules(cluster_share=0.01, max_order=Decimal(100))),
        ["0 refused no_room_cluster"],
    ),
    # --- rates
    "no more entry orders at one close than allowed": (
        Case(
            [[FLAT] * 3] * 3,
            {**EACH, (2, 1): Enter()},
            all_terms=ALIKE,
            slots=THREE,
            rules=rules(orders_per_bar=2),
        ),
        [
            "0 refused order_rate (slot 2)",
            "1 buy 10 @100 entry",
            "1 buy 10 @100 entry (slot 1)",
            "2 buy 10 @100 entry (slot 2)",
        ],
    ),
    "what was refused is no order": (
        Case(
            [[FLAT] * 2] * 3,
            {**EACH, (0, 0): Enter(stop=0.0)},
            all_terms=ALIKE,
            slots=THREE,
            rules=rules(orders_per_bar=2),
        ),
        ["0 refused bad_signal", "1 buy 10 @100 entry (slot 1)", "1 buy 10 @100 entry (slot 2)"],
    ),
    "a further unit is an order like any other": (
        Case(
            [[FLAT, FLAT, (105,) * 4, (105,) * 4], [FLAT] * 4],
            {(0, 0): Enter(), (1, 2): Enter()},
            plan=ExitPlan(units=2, step_r=1.0),
            all_terms=ALIKE[:2],
            slots=((0, 0), (0, 1)),
            rules=rules(orders_per_bar=1),
        ),
        ["1 buy 10 @100 entry", "2 refused order_rate (slot 1)", "3 buy 10 @105 entry"],
    ),
    "exits are not counted": (
        Case(
            [[FLAT] * 4] * 3,
            {(0, 0): Enter(), (1, 0): Enter(), (2, 2): Enter()},
            leave={(0, 2): (1,), (1, 2): (1,)},
            all_terms=ALIKE,
            slots=THREE,
            rules=rules(orders_per_bar=2),
        ),
        [
            "1 buy 10 @100 entry",
            "1 buy 10 @100 entry (slot 1)",
            "3 sell 10 @100 signal",
            "3 sell 10 @100 signal (slot 1)",
            "3 buy 10 @100 entry (slot 2)",
        ],
    ),
    "a strategy whose entries fill too often within the hour is halted": (
        Case(
            [FLAT] * 8,
            {bar: Enter() for bar in (0, 2, 4, 6)},
            leave={bar: (1,) for bar in (1, 3, 5)},
            rules=rules(executions_per_hour=2),
        ),
        [
            "1 buy 10 @100 entry",
            "2 sell 10 @100 signal",
            "3 buy 10 @100 entry",
            "4 sell 10 @100 signal",
            "5 buy 10 @100 entry",
            "5 strategy 0 HALT executions",
            "6 sell 10 @100 signal",
            "6 refused strategy_halt",
        ],
    ),
    "further units are executions, of all its slots": (
        Case(
            [[FLAT, FLAT, (105,) * 4, (105,) * 4], [FLAT] * 4],
            {(0, 0): Enter(), (1, 0): Enter()},
            plan=ExitPlan(units=2, step_r=1.0),
            all_terms=ALIKE[:2],
            slots=((0, 0), (0, 1)),
            rules=rules(executions_per_hour=2),
        ),
        [
            "1 buy 10 @100 entry",
            "1 buy 10 @100 entry (slot 1)",
            "3 buy 10 @105 entry",
            "3 strategy 0 HALT executions",
        ],
    ),
    "each strategy has a count of its own": (
        Case(
            [[FLAT] * 2] * 3,
            EACH,
            all_terms=ALIKE,
            slots=((0, 0), (0, 1), (1, 2)),
            rules=rules(executions_per_hour=1),
        ),
        [
            "1 buy 10 @100 entry",
            "1 buy 10 @100 entry (slot 1)",
            "1 buy 10 @100 entry (slot 2)",
            "1 strategy 0 HALT executions",
        ],
    ),
    "the next hour counts anew": (
        # filled at 00:50, 00:55 and 01:00
        Case(
            [[FLAT] * 14] * 3,
            {(0, 9): Enter(), (1, 10): Enter(), (2, 11): Enter()},
            all_terms=ALIKE,
            slots=THREE,
            rules=rules(executions_per_hour=2),
        ),
        ["10 buy 10 @100 entry", "11 buy 10 @100 entry (slot 1)", "12 buy 10 @100 entry (slot 2)"],
    ),
    "a halt for executions may come back within its hour": (
        # acknowledged at the close of bar 3, halted at that of bar 4 for the same fills, twice as long
        Case(
            [[FLAT] * 9] * 3,
            EACH,
            all_terms=ALIKE,
            slots=THREE,
            rules=rules(
                executions_per_hour=2, cool_off_ms=600_000, cool_off_cap_ms=1_200_000, assumed_reset_ms=0
            ),
        ),
        [
            "1 buy 10 @100 entry",
            "1 buy 10 @100 entry (slot 1)",
            "1 buy 10 @100 entry (slot 2)",
            "1 strategy 0 HALT executions",
            "3 strategy 0 reset",
            "3 strategy 0 stage 1",
            "4 strategy 0 HALT executions",
            "8 strategy 0 reset",
            "8 strategy 0 stage 1",
        ],
    ),
    "a drawdown is named before the executions": (
        Case(
            [FLAT, (100, 100, 100, 96)],
            {0: Enter()},
            rules=replace(rules(executions_per_hour=0), strategy_halt=0.004),
        ),
        ["1 buy 10 @100 entry", "1 strategy 0 HALT strategy_drawdown"],
    ),
}
