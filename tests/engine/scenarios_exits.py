"""Stops, targets, trails, time and signals: how a position ends."""

from __future__ import annotations

from engine_cases import ENTRY, FLAT, HALF_OUT, PERP, SHORT, Case, Enter, Scenarios, rules, terms

from memesnipe_cli.engine.model import ExitPlan

EXITS: Scenarios = {
    # --- stops
    "a stop fills at its price": (
        Case([FLAT, FLAT, (98, 99, 95, 97)], ENTRY),
        ["1 buy 10 @100 entry", "2 sell 10 @95 stop"],
    ),
    "a tick above the stop fills nothing": (
        Case([FLAT, FLAT, (98, 99, 96, 97)], ENTRY),
        ["1 buy 10 @100 entry"],
    ),
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
        Case(
            [FLAT, FLAT, (98, 99, 95, 97, 0.0), (103, 103, 103, 103)], ENTRY, rules=rules(stop_slippage=0.01)
        ),
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
        [
            "1 buy 10 @100 entry",
            "2 buy 10 @106 entry",
            "2 sell 5 @106 target",
            "2 sell 5 @98 stop",
            "3 sell 10 @99 stop",
        ],
    ),
    "a stop below nothing protects nothing": (
        Case([FLAT, (60, 60, 60, 60)], {0: Enter(stop=60.0, weight=0.1)}, plan=ExitPlan(risk_share=0.5)),
        ["1 missed volume"],
    ),
    # --- targets
    "a target must be traded through": (
        Case(
            [FLAT, FLAT, (100, 105, 100, 105), (105 - 1, 106, 104, 104)], ENTRY, plan=ExitPlan(target_r=1.0)
        ),
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
        Case(
            [FLAT, FLAT, FLAT, (100, 100, 90, 97), FLAT], ENTRY, leave={2: (1,)}, rules=rules(latency_bars=1)
        ),
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
    # --- shorts
    "a short is stopped above": (
        Case([FLAT, FLAT, (98, 105, 98, 99)], SHORT, terms=PERP),
        ["1 sell 10 @100 entry", "2 buy 10 @105 stop"],
    ),
    "a short's gap fills at the open": (
        Case([FLAT, FLAT, (110, 111, 90, 99)], SHORT, terms=PERP, plan=ExitPlan(target_r=1.0)),
        ["1 sell 10 @100 entry", "2 buy 10 @110 stop"],
    ),
    "a short's target price is rounded down": (
        Case([FLAT, FLAT, (100, 100, 93, 95)], {0: Enter(side=-1, target=94.5)}, terms=PERP),
        ["1 sell 10 @100 entry", "2 buy 10 @94 target"],
    ),
    "a short's target lies below": (
        Case(
            [FLAT, FLAT, (100, 100, 95, 96), (96, 96, 94, 94)], SHORT, terms=PERP, plan=ExitPlan(target_r=1.0)
        ),
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
}
