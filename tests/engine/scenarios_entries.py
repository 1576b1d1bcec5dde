"""Entries and further units: when they fill, at which price, and when not."""

from __future__ import annotations

from decimal import Decimal

from engine_cases import ENTRY, FLAT, PERP, SHORT, Case, Enter, Scenarios, rules, terms

from memesnipe_cli.engine.model import ExitPlan

ENTRIES: Scenarios = {
    # --- entries
    "an entry fills at the next open, never on the bar of its signal": (
        Case([(90, 120, 80, 100), (101, 103, 100, 102)], ENTRY),
        ["1 buy 10 @101 entry"],
    ),
    "a signal on the last bar fills nothing": (Case([FLAT, FLAT], {1: Enter()}), []),
    "a position open on the last bar stays open": (Case([FLAT, FLAT], ENTRY), ["1 buy 10 @100 entry"]),
    "latency delays the entry by whole bars": (
        Case([FLAT, FLAT, (102, 102, 102, 102)], ENTRY, rules=rules(latency_bars=1)),
        ["2 buy 10 @102 entry"],
    ),
    "an entry that finds no bar is missed": (
        Case([FLAT, None, FLAT], ENTRY, missing_steps=[1]),
        ["2 missed no_bar"],
    ),
    "and missed at once where another instrument has a bar": (
        Case([[FLAT, None, FLAT], [FLAT, FLAT, FLAT]], ENTRY),
        ["1 missed no_bar"],
    ),
    "a zero-volume bar fills no entry": (Case([FLAT, (*FLAT, 0.0), FLAT], ENTRY), ["1 missed volume"]),
    "an entry takes its share of the volume and the rest is cancelled": (
        Case([FLAT, (*FLAT, 80.0), FLAT], ENTRY, rules=rules(volume_share=0.05)),
        ["1 buy 4 @100 entry"],
    ),
    "volume for less than a lot fills nothing": (
        Case([FLAT, (*FLAT, 19.0), FLAT], ENTRY, rules=rules(volume_share=0.05)),
        ["1 missed volume"],
    ),
    "a partial fill too small to protect is not bought": (
        Case([FLAT, (*FLAT, 4.0), FLAT], ENTRY, terms=terms(min_notional=Decimal(400))),
        ["1 missed volume"],
    ),
    "an open beyond the collar is missed": (
        Case([FLAT, (111, 111, 111, 111)], ENTRY),
        ["1 missed limit"],
    ),
    "an open at the collar fills": (Case([FLAT, (110, 110, 110, 110)], ENTRY), ["1 buy 10 @110 entry"]),
    "slippage counts against the collar": (
        Case([FLAT, (110, 110, 110, 110)], ENTRY, terms=terms(half_spread=0.001)),
        ["1 missed limit"],
    ),
    "a short sale's collar lies below": (
        Case([FLAT, (89, 89, 89, 89)], SHORT, terms=PERP),
        ["1 missed limit"],
    ),
    "the exit bit of its own tag silences an entry": (Case([FLAT, FLAT], ENTRY, leave={0: (1,)}), []),
    "the exit bit of another tag does not": (
        Case([FLAT, FLAT], ENTRY, leave={0: (2,)}),
        ["1 buy 10 @100 entry"],
    ),
    "buying rounds up, selling rounds down": (
        Case(
            [FLAT, FLAT, (102, 102, 102, 102)],
            ENTRY,
            leave={1: (1,)},
            terms=terms(half_spread=0.001),
        ),
        ["1 buy 10 @101 entry", "2 sell 10 @101 signal"],
    ),
    "impact follows the square root of the share of volume": (
        # 10 of 1,000 lots: 1 x (120 - 80) / 100 / 1.6651 x 0.1 = 2.402 %
        Case([FLAT, (100, 120, 96, 100, 1000.0), FLAT], ENTRY, rules=rules(impact=1.0)),
        ["1 buy 10 @102 entry", "1 sell 10 @95 stop"],
    ),
    "nothing is sold for less than a tick": (
        # 10 of 10 lots: (300 - 96) / 100 / 1.6651 is more than the whole price
        Case([FLAT, FLAT, (100, 300, 96, 100, 10.0)], ENTRY, leave={1: (1,)}, rules=rules(impact=1.0)),
        ["1 buy 10 @100 entry", "2 sell 10 @1 signal"],
    ),
    # --- pyramid
    "a pyramid grows to four units and its stop follows": (
        Case(
            [
                FLAT,
                (100, 105, 100, 105),
                (105, 110, 105, 110),
                (110, 115, 110, 115),
                (115, 120, 115, 120),
                (120, 125, 120, 125),
                (111, 125, 110, 110),
            ],
            ENTRY,
            plan=ExitPlan(units=4, step_r=1.0),
        ),
        [
            "1 buy 10 @100 entry",
            "2 buy 10 @105 entry",
            "3 buy 10 @110 entry",
            "4 buy 10 @115 entry",
            "6 sell 40 @110 stop",
        ],
    ),
    "a step short of a tick adds nothing": (
        Case([FLAT, (100, 104, 100, 104), FLAT], ENTRY, plan=ExitPlan(units=4, step_r=1.0)),
        ["1 buy 10 @100 entry"],
    ),
    "the target's lots do not grow with the pyramid": (
        Case(
            [FLAT, (100, 105, 100, 105), (105, 105, 105, 105), (111, 111, 111, 111)],
            ENTRY,
            plan=ExitPlan(units=2, step_r=1.0, target_r=2.0),
        ),
        ["1 buy 10 @100 entry", "2 buy 10 @105 entry", "3 sell 10 @111 target"],
    ),
    "a waiting unit goes with the position": (
        Case(
            [FLAT, FLAT, (100, 105, 100, 105), (105, 105, 95, 105), (105, 105, 105, 105)],
            ENTRY,
            plan=ExitPlan(units=2, step_r=1.0),
            rules=rules(latency_bars=1),
        ),
        ["2 buy 10 @100 entry", "3 sell 10 @95 stop"],
    ),
    "an exit order drops the unit that waits": (
        Case(
            [FLAT, FLAT, (100, 105, 100, 105), (104, 105, 104, 104), (106, 106, 106, 106), FLAT],
            {0: Enter()},
            leave={3: (1,)},
            plan=ExitPlan(units=2, step_r=1.0),
            rules=rules(latency_bars=1),
        ),
        ["2 buy 10 @100 entry", "5 sell 10 @100 signal"],
    ),
    "one unit waits at a time": (
        Case(
            [
                FLAT,
                FLAT,
                (100, 105, 100, 105),
                (105, 106, 105, 106),
                (107, 107, 107, 107),
                (109, 109, 109, 109),
            ],
            {0: Enter()},
            plan=ExitPlan(units=9, step_r=1.0),
            rules=rules(latency_bars=1),
        ),
        ["2 buy 10 @100 entry", "4 buy 9 @107 entry"],
    ),
    "a step is at least one tick": (
        Case([FLAT, FLAT, FLAT, (101, 101, 101, 101), FLAT], ENTRY, plan=ExitPlan(units=2, step_r=0.01)),
        ["1 buy 10 @100 entry", "4 buy 10 @100 entry"],
    ),
    "the next trade has a pyramid of its own": (
        Case(
            [
                FLAT,
                (100, 105, 100, 105),
                (105, 105, 105, 105),
                FLAT,
                FLAT,
                (100, 105, 100, 105),
                (105, 105, 105, 105),
            ],
            {0: Enter(), 4: Enter()},
            leave={2: (1,)},
            plan=ExitPlan(units=2, step_r=1.0),
        ),
        [
            "1 buy 10 @100 entry",
            "2 buy 10 @105 entry",
            "3 sell 20 @100 signal",
            "5 buy 9 @100 entry",
            "6 buy 9 @105 entry",
        ],
    ),
}
