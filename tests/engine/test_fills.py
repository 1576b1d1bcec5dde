"""What fills, when and at which price: bars, signals and the expected lines, through both engines.

One lot and one tick are 1, costs are 0, an entry with a stop of 5 buys 10 lots, unless a case says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_cases import Case, Enter, rules, story, terms
from engine_kernel import difference, kernel_answer, reference_answer, run_plain
from reference import simulate

from memesnipe_cli.engine.model import ExitPlan

FLAT = (100, 100, 100, 100)
ENTRY = {0: Enter()}
SHORT = {0: Enter(side=-1)}
PERP = terms(shortable=True)
HALF_OUT = ExitPlan(target_r=1.0, target_share=0.5)
MANY_ZEROS = terms(tick=Decimal("0.000000001"), lot=Decimal("0.00001"))
OTHER = replace(terms(), symbol="AAA/EUR")

SCENARIOS: dict[str, tuple[Case, list[str]]] = {
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
    # --- stops
    "a stop fills at its price": (Case([FLAT, FLAT, (98, 99, 95, 97)], ENTRY), ["1 buy 10 @100 entry", "2 sell 10 @95 stop"]),
    "a tick above the stop fills nothing": (Case([FLAT, FLAT, (98, 99, 96, 97)], ENTRY), ["1 buy 10 @100 entry"]),
    "a gap through the stop fills at the open": (
        Case([FLAT, FLAT, (90, 99, 89, 97)], ENTRY),
        ["1 buy 10 @100 entry", "2 sell 10 @90 stop"],
    ),
    "the stop acts on the bar of entry": (
        Case([FLAT, (100, 101, 94, 99)], ENTRY),
        ["1 buy 10 @100 entry", "1 sell 10 @95 stop"],
    ),
    "stop slippage comes off the stop": (
        Case([FLAT, FLAT, (98, 99, 95, 97)], ENTRY, rules=rules(stop_slippage=0.02)),
        ["1 buy 10 @100 entry", "2 sell 10 @93 stop"],
    ),
    "a stop without volume has triggered and sells at the next open": (
        Case([FLAT, FLAT, (98, 99, 95, 97, 0.0), (103, 103, 103, 103)], ENTRY, rules=rules(stop_slippage=0.01)),
        ["1 buy 10 @100 entry", "3 sell 10 @101 stop"],
    ),
    "what the volume left of a stop follows bar by bar": (
        Case(
            [FLAT, FLAT, (98, 99, 95, 97, 80.0), (*FLAT, 0.0), (*FLAT, 100.0), (99, 99, 99, 99)],
            ENTRY,
            rules=rules(volume_share=0.05),
        ),
        ["1 buy 10 @100 entry", "2 sell 4 @95 stop", "4 sell 5 @100 stop", "5 sell 1 @99 stop"],
    ),
    "entry and stop of one bar share its volume": (
        Case([FLAT, (100, 101, 94, 99, 10.0), (97, 97, 97, 97)], ENTRY),
        ["1 buy 10 @100 entry", "2 sell 10 @97 stop"],
    ),
    "a stop-limit that gaps past its limit sells nothing in that bar": (
        Case([FLAT, FLAT, (90, 99, 89, 97), (92, 92, 92, 92)], ENTRY, terms=terms(stop_limit=0.03)),
        ["1 buy 10 @100 entry", "3 sell 10 @92 stop"],
    ),
    "a stop-limit gapped to its limit sells": (
        # 95 x 0.97 = 92.15, rounded up to 93
        Case([FLAT, FLAT, (93, 99, 89, 97)], ENTRY, terms=terms(stop_limit=0.03)),
        ["1 buy 10 @100 entry", "2 sell 10 @93 stop"],
    ),
    "a tick below the limit is too far": (
        Case([FLAT, FLAT, (92, 99, 89, 97)], ENTRY, terms=terms(stop_limit=0.03)),
        ["1 buy 10 @100 entry"],
    ),
    "a stop-limit reached inside the bar sells at the stop": (
        Case([FLAT, FLAT, (98, 99, 50, 97)], ENTRY, terms=terms(stop_limit=0.0)),
        ["1 buy 10 @100 entry", "2 sell 10 @95 stop"],
    ),
    "target at the open and stop share the bar's volume": (
        Case([FLAT, FLAT, (106, 107, 94, 100, 7.0), (99, 99, 99, 99)], ENTRY, plan=HALF_OUT),
        ["1 buy 10 @100 entry", "2 sell 5 @106 target", "2 sell 2 @95 stop", "3 sell 3 @99 stop"],
    ),
    "so do a unit, a target and the stop": (
        Case(
            [FLAT, (100, 104, 100, 104), (106, 107, 90, 100, 20.0), (99, 99, 99, 99)],
            ENTRY,
            plan=ExitPlan(target_r=1.0, target_share=0.5, units=2, step_r=0.5),
        ),
        ["1 buy 10 @100 entry", "2 buy 10 @106 entry", "2 sell 5 @106 target", "2 sell 5 @98 stop", "3 sell 10 @99 stop"],
    ),
    "a stop below nothing protects nothing": (
        Case([FLAT, (50, 50, 50, 50)], {0: Enter(stop=60.0, weight=0.1)}, plan=ExitPlan(risk_share=0.5)),
        ["1 missed volume"],
    ),
    # --- targets
    "a target must be traded through": (
        Case([FLAT, FLAT, (100, 105, 100, 105), (105 - 1, 106, 104, 104)], ENTRY, plan=ExitPlan(target_r=1.0)),
        ["1 buy 10 @100 entry", "3 sell 10 @105 target"],
    ),
    "an open at the target fills it": (
        Case([FLAT, FLAT, (105, 105, 105, 105)], ENTRY, plan=ExitPlan(target_r=1.0)),
        ["1 buy 10 @100 entry", "2 sell 10 @105 target"],
    ),
    "an open beyond the target fills at the open": (
        Case([FLAT, FLAT, (109, 109, 90, 95)], ENTRY, plan=ExitPlan(target_r=1.0)),
        ["1 buy 10 @100 entry", "2 sell 10 @109 target"],
    ),
    "stop and target in one bar: the stop": (
        Case([FLAT, FLAT, (100, 110, 95, 100)], ENTRY, plan=ExitPlan(target_r=1.0)),
        ["1 buy 10 @100 entry", "2 sell 10 @95 stop"],
    ),
    "an open beyond the target, then the stop for the rest": (
        Case([FLAT, FLAT, (106, 107, 94, 100)], ENTRY, plan=HALF_OUT),
        ["1 buy 10 @100 entry", "2 sell 5 @106 target", "2 sell 5 @95 stop"],
    ),
    "a partial target leaves the rest to the stop": (
        Case([FLAT, FLAT, (100, 106, 100, 105), (105, 120, 95, 95)], ENTRY, plan=HALF_OUT),
        ["1 buy 10 @100 entry", "2 sell 5 @105 target", "3 sell 5 @95 stop"],
    ),
    "a target without volume waits": (
        Case(
            [FLAT, FLAT, (100, 106, 100, 105, 0.0), (104, 106, 104, 104)],
            ENTRY,
            plan=ExitPlan(target_r=1.0),
        ),
        ["1 buy 10 @100 entry", "3 sell 10 @105 target"],
    ),
    "the rest of a target stays at the target": (
        Case(
            [FLAT, FLAT, (106, 110, 100, 105, 6.0), (104, 106, 104, 104)],
            ENTRY,
            plan=ExitPlan(target_r=1.0),
        ),
        ["1 buy 10 @100 entry", "2 sell 6 @106 target", "3 sell 4 @105 target"],
    ),
    "the signal's target price goes before the plan's": (
        Case([FLAT, FLAT, (100, 104, 100, 103)], {0: Enter(target=103.0)}, plan=ExitPlan(target_r=4.0)),
        ["1 buy 10 @100 entry", "2 sell 10 @103 target"],
    ),
    "a target price that the fill has passed is none": (
        Case([FLAT, (103, 103, 103, 103), (103, 130, 103, 103)], {0: Enter(target=103.0)}),
        ["1 buy 10 @103 entry"],
    ),
    # --- trail, time, signal
    "a trail uses only the highs of earlier bars": (
        Case(
            [FLAT, FLAT, (100, 120, 100, 118), (118, 119, 115, 116)],
            ENTRY,
            plan=ExitPlan(trail_r=1.0),
        ),
        ["1 buy 10 @100 entry", "3 sell 10 @115 stop"],
    ),
    "a trail never loosens": (
        Case(
            [FLAT, (100, 103, 100, 102), (100, 101, 99, 100), (100, 100, 98, 99)],
            ENTRY,
            plan=ExitPlan(trail_r=1.0),
        ),
        ["1 buy 10 @100 entry", "3 sell 10 @98 stop"],
    ),
    "the high of the bar of entry moves the trail for the next": (
        Case([FLAT, (100, 110, 100, 108), (108, 108, 105, 107)], ENTRY, plan=ExitPlan(trail_r=1.0)),
        ["1 buy 10 @100 entry", "2 sell 10 @105 stop"],
    ),
    "a time stop counts from the open of the bar of entry": (
        Case([FLAT] * 6, {0: Enter(max_bars=2)}),
        ["1 buy 10 @100 entry", "3 sell 10 @100 time"],
    ),
    "the plan's time stop where the signal has none": (
        Case([FLAT] * 6, ENTRY, plan=ExitPlan(max_bars=3)),
        ["1 buy 10 @100 entry", "4 sell 10 @100 time"],
    ),
    "time is up at the close of a strategy bar only": (
        # bars of 3 close with base bars 2, 5, 8; entered at 1, one bar of 3 is over after 3, seen at 5
        Case([FLAT] * 9, ENTRY, plan=ExitPlan(max_bars=1), timeframe_bars=3),
        ["1 buy 10 @100 entry", "6 sell 10 @100 time"],
    ),
    "a signal's exit fills at the next open": (
        Case([FLAT, FLAT, FLAT, (99, 120, 99, 120)], ENTRY, leave={1: (2,), 2: (1,)}),
        ["1 buy 10 @100 entry", "3 sell 10 @99 signal"],
    ),
    "an exit waits for a bar": (
        Case([FLAT, FLAT, None, (97, 97, 97, 97)], ENTRY, leave={1: (1,)}, missing_steps=[2]),
        ["1 buy 10 @100 entry", "3 sell 10 @97 signal"],
    ),
    "the stop stands while an exit waits": (
        Case([FLAT, FLAT, FLAT, (100, 100, 90, 97), FLAT], ENTRY, leave={2: (1,)}, rules=rules(latency_bars=1)),
        ["2 buy 10 @100 entry", "3 sell 10 @95 stop"],
    ),
    "an exit takes its share of the volume and the rest waits": (
        Case(
            [FLAT, FLAT, (*FLAT, 4.0), (*FLAT, 0.0), (98, 98, 98, 98)],
            ENTRY,
            leave={1: (1,)},
        ),
        ["1 buy 10 @100 entry", "2 sell 4 @100 signal", "4 sell 6 @98 signal"],
    ),
    "the stop is withdrawn once an exit order acts": (
        Case(
            [FLAT, FLAT, (*FLAT[:2], 90, 92, 4.0), (*FLAT, 0.0), (98, 98, 98, 98)],
            ENTRY,
            leave={1: (1,)},
            rules=rules(stop_slippage=0.05),
        ),
        ["1 buy 10 @100 entry", "2 sell 4 @100 signal", "4 sell 6 @98 signal"],
    ),
    "a stop that found no volume goes before the exit that waits": (
        Case(
            [FLAT, FLAT, FLAT, FLAT, (100, 100, 90, 92, 0.0), (98, 98, 98, 98), FLAT],
            ENTRY,
            leave={3: (1,)},
            rules=rules(stop_slippage=0.05, latency_bars=2),
        ),
        ["3 buy 10 @100 entry", "5 sell 10 @93 stop"],
    ),
    # --- pyramid
    "a pyramid grows to four units and its stop follows": (
        Case(
            [FLAT, (100, 105, 100, 105), (105, 110, 105, 110), (110, 115, 110, 115), (115, 120, 115, 120), (120, 125, 120, 125), (111, 125, 110, 110)],
            ENTRY,
            plan=ExitPlan(units=4, step_r=1.0),
        ),
        ["1 buy 10 @100 entry", "2 buy 10 @105 entry", "3 buy 10 @110 entry", "4 buy 10 @115 entry", "6 sell 40 @110 stop"],
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
            [FLAT, FLAT, (100, 105, 100, 105), (105, 106, 105, 106), (107, 107, 107, 107), (109, 109, 109, 109)],
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
            [FLAT, (100, 105, 100, 105), (105, 105, 105, 105), FLAT, FLAT, (100, 105, 100, 105), (105, 105, 105, 105)],
            {0: Enter(), 4: Enter()},
            leave={2: (1,)},
            plan=ExitPlan(units=2, step_r=1.0),
        ),
        ["1 buy 10 @100 entry", "2 buy 10 @105 entry", "3 sell 20 @100 signal", "5 buy 9 @100 entry", "6 buy 9 @105 entry"],
    ),
    # --- shorts
    "a short is stopped above": (
        Case([FLAT, FLAT, (98, 105, 98, 99)], SHORT, terms=PERP),
        ["1 sell 10 @100 entry", "2 buy 10 @105 stop"],
    ),
    "a short's gap fills at the open": (
        Case([FLAT, FLAT, (110, 111, 90, 99)], SHORT, terms=PERP, plan=ExitPlan(target_r=1.0)),
        ["1 sell 10 @100 entry", "2 buy 10 @110 stop"],
    ),
    "a short's target lies below": (
        Case([FLAT, FLAT, (100, 100, 95, 96), (96, 96, 94, 94)], SHORT, terms=PERP, plan=ExitPlan(target_r=1.0)),
        ["1 sell 10 @100 entry", "3 buy 10 @95 target"],
    ),
    "a trail closer than the stop moves up from the fill price": (
        Case([FLAT, FLAT, (99, 99, 98, 98), FLAT], ENTRY, plan=ExitPlan(trail_r=0.4)),
        ["1 buy 10 @100 entry", "2 sell 10 @98 stop"],
    ),
    "a short's trail follows the lows": (
        Case(
            [FLAT, FLAT, (100, 100, 80, 82), (82, 85, 82, 83)],
            SHORT,
            terms=PERP,
            plan=ExitPlan(trail_r=1.0),
        ),
        ["1 sell 10 @100 entry", "3 buy 10 @85 stop"],
    ),
    "a short's stop-limit lies above its stop": (
        # 105 x 1.03 = 108.15, rounded down to 108
        Case([FLAT, FLAT, (109, 109, 109, 109), FLAT], SHORT, terms=terms(shortable=True, stop_limit=0.03)),
        ["1 sell 10 @100 entry", "3 buy 10 @100 stop"],
    ),
    "a short gapped to the limit of its stop is bought back": (
        Case([FLAT, FLAT, (108, 108, 108, 108), FLAT], SHORT, terms=terms(shortable=True, stop_limit=0.03)),
        ["1 sell 10 @100 entry", "2 buy 10 @108 stop"],
    ),
    "a short's slippage works upwards when it is bought back": (
        Case([FLAT, FLAT, (98, 105, 98, 99)], SHORT, terms=PERP, rules=rules(stop_slippage=0.01)),
        ["1 sell 10 @100 entry", "2 buy 10 @107 stop"],
    ),
    # --- refusals
    "spot cannot be sold short": (Case([FLAT], SHORT), ["0 refused no_short"]),
    "a stop at the close is a bad signal": (Case([FLAT], {0: Enter(stop=100.0)}), ["0 refused bad_signal"]),
    "so is no stop": (Case([FLAT], {0: Enter(stop=0.0)}), ["0 refused bad_signal"]),
    "and a stop that is not a number": (Case([FLAT], {0: Enter(stop=float("nan"))}), ["0 refused bad_signal"]),
    "and an infinite one": (Case([FLAT], {0: Enter(stop=float("inf"))}), ["0 refused bad_signal"]),
    "and one that fills the price when rounded": (Case([FLAT], {0: Enter(stop=99.5)}), ["0 refused bad_signal"]),
    "and a short that may be sold for nothing": (
        Case([FLAT], SHORT, terms=PERP, rules=rules(collar=1.0)),
        ["0 refused bad_signal"],
    ),
    "costs beyond their share of the stop veto the entry": (
        # round trip 2 x 0.625 % = 1.25 % of the price = a quarter of the stop distance of 5 %
        Case([FLAT], ENTRY, rules=rules(max_cost_share=0.24), terms=terms(taker_fee=Decimal("0.00625"))),
        ["0 refused cost"],
    ),
    "costs within it do not": (
        Case([FLAT, FLAT], ENTRY, rules=rules(max_cost_share=0.26), terms=terms(taker_fee=Decimal("0.00625"))),
        ["1 buy 10 @100 entry"],
    ),
    "half the spread is paid twice": (
        Case([FLAT], ENTRY, rules=rules(max_cost_share=0.24), terms=terms(half_spread=0.00625)),
        ["0 refused cost"],
    ),
    "too little risk for one lot": (Case([FLAT], {0: Enter(stop=51.0)}), ["0 refused no_room:risk"]),
    "too small a share a trade": (
        Case([FLAT], ENTRY, rules=rules(trade_share=0.01)),
        ["0 refused no_room:trade"],
    ),
    "too small a share for the strategy": (
        Case([FLAT], ENTRY, rules=rules(strategy_share=0.01)),
        ["0 refused no_room:strategy"],
    ),
    "too small a gross": (Case([FLAT], ENTRY, rules=rules(gross_share=0.01)), ["0 refused no_room:gross"]),
    "too small a volume": (Case([(*FLAT, 0.9)], ENTRY), ["0 refused no_room:volume"]),
    "no volume at all": (Case([(*FLAT, 0.0)], ENTRY), ["0 refused no_room:volume"]),
    "too small a weight": (Case([FLAT], {0: Enter(weight=0.01)}), ["0 refused no_room:weight"]),
    "a weight caps the size": (
        # 10,000 x 0.05 / 110
        Case([FLAT, FLAT], {0: Enter(weight=0.05)}),
        ["1 buy 4 @100 entry"],
    ),
    "cash pays for the fee as well": (
        # 10,000 / (110 x 1.25) = 72.7
        Case(
            [FLAT, FLAT],
            ENTRY,
            plan=ExitPlan(risk_share=1.0),
            terms=terms(taker_fee=Decimal("0.25")),
            rules=rules(trade_share=9.0, strategy_share=9.0, gross_share=9.0),
        ),
        ["1 buy 72 @100 entry"],
    ),
    "a minimum that the stop would not meet refuses the entry": (
        # 10 lots at 95 less 1 % of fee: 940.5
        Case([FLAT], ENTRY, terms=terms(min_notional=Decimal("940.6"), taker_fee=Decimal("0.01"))),
        ["0 refused too_small"],
    ),
    "a minimum that it meets does not": (
        Case([FLAT, FLAT], ENTRY, terms=terms(min_notional=Decimal("940.4"), taker_fee=Decimal("0.01"))),
        ["1 buy 10 @100 entry"],
    ),
    "the margin is kept above the minimum": (
        Case([FLAT], ENTRY, terms=terms(min_notional=Decimal(800)), rules=rules(min_notional_margin=0.2)),
        ["0 refused too_small"],
    ),
    "the least quantity of the venue": (Case([FLAT], ENTRY, terms=terms(min_qty=Decimal(11))), ["0 refused too_small"]),
    "legs too small to protect merge into one": (
        Case([FLAT, FLAT, (100, 106, 100, 105)], ENTRY, plan=HALF_OUT, terms=terms(min_notional=Decimal(500))),
        ["1 buy 10 @100 entry", "2 sell 10 @105 target"],
    ),
    "the smaller leg may be the rest": (
        Case(
            [FLAT, FLAT, (100, 106, 100, 105)],
            ENTRY,
            plan=ExitPlan(target_r=1.0, target_share=0.7),
            terms=terms(min_notional=Decimal(400)),
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @105 target"],
    ),
    "legs that can be protected stay apart": (
        Case([FLAT, FLAT, (100, 106, 100, 105)], ENTRY, plan=HALF_OUT, terms=terms(min_notional=Decimal(475))),
        ["1 buy 10 @100 entry", "2 sell 5 @105 target"],
    ),
    # --- funding
    "funding is charged at the open on what was held before": (
        # 10 x 100 at 0.1 %, at bar 2 only: bar 1 opened without a position
        Case([FLAT] * 4, ENTRY, terms=PERP, funding={(1, 0): 100_000, (2, 0): 100_000}),
        ["1 buy 10 @100 entry", "2 funding -100000000"],
    ),
    "a short receives what a long pays": (
        Case([FLAT] * 3, SHORT, terms=PERP, funding={(2, 0): 100_000}),
        ["1 sell 10 @100 entry", "2 funding 100000000"],
    ),
    "funding rounds against the account": (
        # 10 x 1e-8 x 100 x 0.01 is 1e-7, times 0.15 % is less than a unit
        Case([FLAT] * 3, {0: Enter(weight=1.2e-9)}, terms=terms(shortable=True, lot=Decimal("0.00000001")), funding={(2, 0): 150_000}),
        ["1 buy 10 @100 entry", "2 funding -2"],
    ),
    "what is received rounds down to nothing": (
        Case([FLAT] * 3, {0: Enter(weight=1.2e-9)}, terms=terms(shortable=True, lot=Decimal("0.00000001")), funding={(2, 0): -10}),
        ["1 buy 10 @100 entry"],
    ),
    # --- large numbers
    "a hundredfold rise of a coin of many zeros": (
        # 30,000 / (0.0055 x 1e-5) lots
        Case([(5_000_000,) * 4 + (1e12,)] * 2 + [(500_000_000,) * 4 + (1e12,)] * 2, {0: Enter(stop=0.0001, weight=0.03)}, leave={2: (1,)}, terms=MANY_ZEROS, rules=rules(capital=Decimal(1_000_000))),
        ["1 buy 545454545455 @5000000 entry", "3 sell 545454545455 @500000000 signal"],
    ),
    "more volume than whole numbers can count": (
        Case([(*FLAT, 1e30)] * 3, {0: Enter(weight=1.2e-6)}, leave={1: (1,)}, terms=terms(lot=Decimal("0.00000001"))),
        ["1 buy 10909 @100 entry", "2 sell 10909 @100 signal"],
    ),
    "a target out of this world": (
        Case([FLAT, FLAT, (100, 200, 100, 200)], {0: Enter(target=1e300)}),
        ["1 buy 10 @100 entry"],
    ),
    "a target without end": (
        Case([FLAT, FLAT, (100, 200, 100, 200)], {0: Enter(target=float("inf"))}),
        ["1 buy 10 @100 entry"],
    ),
    "a target that is not a number": (
        Case([FLAT, FLAT, (100, 200, 100, 200)], {0: Enter(target=float("nan"))}),
        ["1 buy 10 @100 entry"],
    ),
    "a large position pays funding": (
        Case([FLAT] * 3, {0: Enter(weight=0.9)}, plan=ExitPlan(risk_share=1.0), terms=PERP, rules=rules(capital=Decimal(1_000_000)), funding={(2, 0): 500_000}),
        ["1 buy 8181 @100 entry", "2 funding -409050000000"],
    ),
    "an order above a million is refused": (
        Case([FLAT], {0: Enter()}, plan=ExitPlan(risk_share=1.0), rules=rules(capital=Decimal(3_000_000))),
        ["0 refused too_large"],
    ),
    # --- several slots
    "one strategy owns a base asset": (
        Case([FLAT, FLAT], {(0, 0): Enter(), (1, 0): Enter(), (1, 1): Enter()}, slots=((0, 0), (1, 0))),
        ["0 refused base_owned (slot 1)", "1 buy 10 @100 entry", "1 refused base_owned (slot 1)"],
    ),
    "whatever the quote": (
        Case([[FLAT, FLAT]] * 2, {(1, 0): Enter(), (0, 1): Enter()}, all_terms=[terms(), OTHER], slots=((0, 0), (1, 1))),
        ["1 buy 10 @100 entry (slot 1)", "1 refused base_owned"],
    ),
    "but the same strategy may hold it twice": (
        Case([[FLAT, FLAT]] * 2, {(0, 0): Enter(), (1, 0): Enter()}, all_terms=[terms(), OTHER], slots=((0, 0), (0, 1))),
        ["1 buy 10 @100 entry", "1 buy 10 @100 entry (slot 1)"],
    ),
    "and the base is free once it is sold": (
        Case([FLAT] * 5, {(0, 0): Enter(), (1, 2): Enter()}, leave={(0, 1): (1,)}, slots=((0, 0), (1, 0))),
        ["1 buy 10 @100 entry", "2 sell 10 @100 signal", "3 buy 10 @100 entry (slot 1)"],
    ),
    "a waiting buy reserves cash": (
        # 10,000 / 110 = 90 lots for the first; (10,000 - 9,900) / 110 for the second
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(), (1, 0): Enter()},
            plan=ExitPlan(risk_share=1.0),
            all_terms=[terms(), terms(base="BBB")],
            slots=((0, 0), (1, 1)),
            rules=rules(trade_share=9.0, strategy_share=9.0, gross_share=9.0),
        ),
        ["0 refused no_room:cash (slot 1)", "1 buy 90 @100 entry"],
    ),
    "with its fee": (
        # 40 x 110 x 1.25 = 5,500 are reserved; 4,500 / 137.5 = 32.7
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(weight=0.44), (1, 0): Enter()},
            plan=ExitPlan(risk_share=1.0),
            all_terms=[terms(taker_fee=Decimal("0.25")), terms(base="BBB", taker_fee=Decimal("0.25"))],
            slots=((0, 0), (1, 1)),
            rules=rules(trade_share=9.0, strategy_share=9.0, gross_share=9.0),
        ),
        ["1 buy 40 @100 entry", "1 buy 32 @100 entry (slot 1)"],
    ),
    "a waiting short reserves none": (
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(side=-1), (1, 0): Enter()},
            plan=ExitPlan(risk_share=1.0),
            all_terms=[PERP, terms(base="BBB")],
            slots=((0, 0), (1, 1)),
            rules=rules(trade_share=1.0, strategy_share=9.0, gross_share=9.0),
        ),
        ["1 sell 111 @100 entry", "1 buy 90 @100 entry (slot 1)"],
    ),
    "two units of money are kept for rounding": (
        Case([FLAT, FLAT], ENTRY, plan=ExitPlan(risk_share=1.0), rules=rules(collar=0.0), terms=terms(lot=Decimal("0.00000001"))),
        ["1 buy 9999999999 @100 entry"],
    ),
    # --- delisting
    "a delisted long is sold for nothing": (
        Case([FLAT] * 4, {0: Enter(), 2: Enter()}, terms=terms(delisted_ms=1_735_689_600_000 + 2 * 300_000)),
        ["1 buy 10 @100 entry", "2 sell 10 @0 delisted"],
    ),
    "its fee and the last unit are against us": (
        Case(
            [FLAT, FLAT, (98, 98, 98, 98), FLAT],
            {0: Enter(side=-1, weight=1e-10)},
            terms=terms(shortable=True, lot=Decimal("0.0000000003"), taker_fee=Decimal("0.01"), delisted_ms=1_735_689_600_000 + 900_000),
        ),
        ["1 sell 37 @100 entry", "3 buy 37 @98 delisted"],
    ),
    "an order that waits for a delisted instrument is dropped": (
        Case([FLAT] * 4, {1: Enter()}, terms=terms(delisted_ms=1_735_689_600_000 + 2 * 300_000)),
        ["2 missed delisted"],
    ),
    "a delisted short is bought back at the last close": (
        Case([FLAT, FLAT, (98, 98, 98, 98), FLAT], SHORT, terms=terms(shortable=True, delisted_ms=1_735_689_600_000 + 3 * 300_000 - 1)),
        ["1 sell 10 @100 entry", "3 buy 10 @98 delisted"],
    ),
    # --- after a win
    "a won trade skips the next signals of its tag until their exit": (
        Case(
            [FLAT, FLAT, (105, 105, 105, 105), *[FLAT] * 6],
            {0: Enter(), 2: Enter(), 3: Enter(), 5: Enter()},
            leave={1: (1,), 4: (1,)},
            plan=ExitPlan(skip_tag=1),
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @105 signal", "2 refused skip_after_win", "3 refused skip_after_win", "6 buy 10 @100 entry"],
    ),
    "an exit before the first skipped signal does not end the memory": (
        Case(
            [FLAT, FLAT, (105, 105, 105, 105), *[FLAT] * 6],
            {0: Enter(), 4: Enter()},
            leave={1: (1,), 3: (1,)},
            plan=ExitPlan(skip_tag=1),
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @105 signal", "4 refused skip_after_win"],
    ),
    "a trade that won nothing skips nothing": (
        Case([FLAT] * 5, {0: Enter(), 2: Enter()}, leave={1: (1,)}, plan=ExitPlan(skip_tag=1)),
        ["1 buy 10 @100 entry", "2 sell 10 @100 signal", "3 buy 10 @100 entry"],
    ),
    "a win that funding ate is none": (
        Case(
            [FLAT, FLAT, (101, 101, 101, 101), FLAT, FLAT],
            {0: Enter(), 2: Enter()},
            leave={1: (1,)},
            plan=ExitPlan(skip_tag=1),
            terms=PERP,
            funding={(2, 0): 2_000_000},
        ),
        ["1 buy 10 @100 entry", "2 funding -2020000000", "2 sell 10 @101 signal", "3 buy 9 @100 entry"],
    ),
    "a win that funding made is one": (
        Case(
            [FLAT, FLAT, (100, 100, 100, 100), FLAT, FLAT],
            {0: Enter(), 2: Enter()},
            leave={1: (1,)},
            plan=ExitPlan(skip_tag=1),
            terms=PERP,
            funding={(2, 0): -2_000_000},
        ),
        ["1 buy 10 @100 entry", "2 funding 2000000000", "2 sell 10 @100 signal", "2 refused skip_after_win"],
    ),
    "a trade is judged by its own money": (
        Case(
            [FLAT, FLAT, (120, 120, 120, 120), FLAT, FLAT, (99, 99, 99, 99), FLAT, FLAT],
            {0: Enter(tag=2), 3: Enter(tag=1), 6: Enter(tag=1)},
            leave={1: (2,), 4: (1,)},
            plan=ExitPlan(skip_tag=1),
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @120 signal", "4 buy 10 @100 entry", "5 sell 10 @99 signal", "7 buy 10 @100 entry"],
    ),
    "without a skipped signal no exit ends the memory, whatever else is refused": (
        Case(
            [FLAT, FLAT, (105, 105, 105, 105), *[FLAT] * 4],
            {0: Enter(), 3: Enter(tag=2, stop=0.0), 4: Enter()},
            leave={1: (1,), 3: (1,)},
            plan=ExitPlan(skip_tag=1),
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @105 signal", "3 refused bad_signal", "4 refused skip_after_win"],
    ),
    "every win opens an episode of its own": (
        Case(
            [FLAT, FLAT, (105, 105, 105, 105), FLAT, FLAT, FLAT, (105, 105, 105, 105), *[FLAT] * 3],
            {0: Enter(), 2: Enter(), 4: Enter(), 8: Enter()},
            leave={1: (1,), 3: (1,), 5: (1,), 7: (1,)},
            plan=ExitPlan(skip_tag=1),
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @105 signal", "2 refused skip_after_win", "5 buy 10 @100 entry", "6 sell 10 @105 signal", "8 refused skip_after_win"],
    ),
    "other tags are not skipped": (
        Case(
            [FLAT, FLAT, (105, 105, 105, 105), FLAT],
            {0: Enter(), 2: Enter(tag=2)},
            leave={1: (1,)},
            plan=ExitPlan(skip_tag=1),
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @105 signal", "3 buy 10 @100 entry"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_slow_engine_tells(name: str) -> None:
    case, expected = SCENARIOS[name]
    assert story(reference_answer(simulate(*case.build()))) == expected


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_kernel_tells(name: str) -> None:
    case, expected = SCENARIOS[name]
    assert story(kernel_answer(run_plain(*case.build()))) == expected
    assert difference(*case.build()) == ""
