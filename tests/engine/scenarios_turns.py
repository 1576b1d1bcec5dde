"""Where size cannot be cut, a recovery lets only some of the entries through."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_cases import BASE_MS, Enter, Scenarios, terms
from scenarios_breaker import BBB, beside
from scenarios_recovery import BACK, SLOW, STEPS, TWELVE, entering

from memesnipe_cli.engine.model import ExitPlan, Terms


def least(notional: int) -> list[Terms]:
    """Slot 1 trades where orders below this are not taken; 12 lots are worth 1,140 at their stop."""
    return [terms(), replace(BBB, min_notional=Decimal(notional))]


TURNS: Scenarios = {
    "where size cannot be cut one entry in four goes": (
        beside(
            [50] * 12,
            entering(*range(4, 14)),
            leave={(1, 8): (1,)},
            plan=TWELVE,
            rules=SLOW,
            all_terms=least(1_000),
        ),
        [
            *BACK,
            "4 refused recovery_turn (slot 1)",
            "5 refused recovery_turn (slot 1)",
            "6 refused recovery_turn (slot 1)",
            "8 buy 12 @100 entry (slot 1)",
            "9 sell 12 @100 signal (slot 1)",
            "9 refused recovery_turn (slot 1)",
            "10 refused recovery_turn (slot 1)",
            "11 refused recovery_turn (slot 1)",
            "13 buy 12 @100 entry (slot 1)",
        ],
    ),
    "every second at half": (
        # an entry passed over in stage 1 counts on in stage 2
        beside(
            [50] * 9,
            entering(*range(4, 11)),
            leave={(1, 7): (1,)},
            plan=TWELVE,
            rules=STEPS,
            all_terms=least(1_000),
        ),
        [
            *BACK,
            "4 refused recovery_turn (slot 1)",
            "5 refused recovery_turn (slot 1)",
            "6 account stage 2",
            "7 buy 12 @100 entry (slot 1)",
            "8 sell 12 @100 signal (slot 1)",
            "8 account stage 3",
            "8 refused recovery_turn (slot 1)",
            "10 buy 12 @100 entry (slot 1)",
            "10 account stage 4",
        ],
    ),
    "three of four at three quarters": (
        # stage 3 begins at bar 16; one entry is refused, three go
        beside(
            [50] * 22,
            entering(16, 17, 19, 21),
            leave={(1, 18): (1,), (1, 20): (1,)},
            plan=TWELVE,
            rules=replace(STEPS, stage_ms=6 * BASE_MS),
            all_terms=least(1_000),
        ),
        [
            *BACK,
            "10 account stage 2",
            "16 account stage 3",
            "16 refused recovery_turn (slot 1)",
            "18 buy 12 @100 entry (slot 1)",
            "19 sell 12 @100 signal (slot 1)",
            "20 buy 12 @100 entry (slot 1)",
            "21 sell 12 @100 signal (slot 1)",
            "22 buy 12 @100 entry (slot 1)",
            "22 account stage 4",
        ],
    ),
    "what can be cut is cut, with turns before": (
        # 3 lots at their stop are worth 285, 6 are 570
        beside(
            [50] * 8,
            entering(5, 6),
            plan=TWELVE,
            rules=STEPS,
            all_terms=least(570),
        ),
        [
            *BACK,
            "5 refused recovery_turn (slot 1)",
            "6 account stage 2",
            "7 buy 6 @100 entry (slot 1)",
            "8 account stage 3",
        ],
    ),
    "what is left of the cut at its stop must be enough": (
        # 6 lots are worth 600 now and 570 at their stop
        beside([50] * 5, entering(6), plan=TWELVE, rules=STEPS, all_terms=least(571)),
        [*BACK, "6 account stage 2", "6 refused recovery_turn (slot 1)"],
    ),
    "an order begins the count anew": (
        # passed over once; cut to 6 lots in stage 2; passed over three times in the next stage 1
        beside(
            [50] * 7 + [2] * 8,
            entering(5, 7, 13, 14, 15),
            leave={(1, 9): (1,)},
            plan=ExitPlan(risk_share=0.0067),
            rules=replace(STEPS, stage_ms=3 * BASE_MS),
            all_terms=least(550),
        ),
        [
            *BACK,
            "5 refused recovery_turn (slot 1)",
            "7 account stage 2",
            "8 buy 6 @100 entry (slot 1)",
            "9 account HALT drawdown",
            "10 sell 6 @100 signal (slot 1)",
            "13 account reset",
            "13 account stage 1",
            "13 refused recovery_turn (slot 1)",
            "14 refused recovery_turn (slot 1)",
            "15 refused recovery_turn (slot 1)",
            "16 account stage 2",
        ],
    ),
    "what is too small uncut is too small": (
        beside([50] * 4, {(1, 4): Enter()}, plan=TWELVE, rules=SLOW, all_terms=least(1_141)),
        [*BACK, "4 refused too_small (slot 1)"],
    ),
    "a lot that cannot be parted waits for its turn": (
        beside([50] * 5, {(1, 4): Enter()}, plan=ExitPlan(risk_share=0.001), rules=SLOW),
        [*BACK, "4 refused recovery_turn (slot 1)"],
    ),
}
