"""Checks of the decision: what is refused, and how large an entry may be."""

from __future__ import annotations

from decimal import Decimal

from engine_cases import ENTRY, FLAT, HALF_OUT, PERP, SHORT, Case, Enter, Scenarios, rules, terms

from memesnipe_cli.engine.model import ExitPlan

REFUSALS: Scenarios = {
    # --- refusals
    "spot cannot be sold short": (Case([FLAT], SHORT), ["0 refused no_short"]),
    "a stop at the close is a bad signal": (Case([FLAT], {0: Enter(stop=100.0)}), ["0 refused bad_signal"]),
    "so is no stop": (Case([FLAT], {0: Enter(stop=0.0)}), ["0 refused bad_signal"]),
    "and a stop that is not a number": (
        Case([FLAT], {0: Enter(stop=float("nan"))}),
        ["0 refused bad_signal"],
    ),
    "and an infinite one": (Case([FLAT], {0: Enter(stop=float("inf"))}), ["0 refused bad_signal"]),
    "and one that fills the price when rounded": (
        Case([FLAT], {0: Enter(stop=99.5)}),
        ["0 refused bad_signal"],
    ),
    "and a short that may be sold for nothing": (
        Case([FLAT], SHORT, terms=PERP, rules=rules(collar=1.0)),
        ["0 refused bad_signal"],
    ),
    "a short worth less than the minimum at its price is too small, whatever its stop": (
        # 10 lots: 900 at the limit, 1,050 at the stop
        Case([FLAT], SHORT, terms=terms(shortable=True, min_notional=Decimal(950))),
        ["0 refused too_small"],
    ),
    "costs beyond their share of the stop veto the entry": (
        # round trip 2 x 0.625 % = 1.25 % of the price = a quarter of the stop distance of 5 %
        Case([FLAT], ENTRY, rules=rules(max_cost_share=0.24), terms=terms(taker_fee=Decimal("0.00625"))),
        ["0 refused cost"],
    ),
    "costs within it do not": (
        Case(
            [FLAT, FLAT], ENTRY, rules=rules(max_cost_share=0.26), terms=terms(taker_fee=Decimal("0.00625"))
        ),
        ["1 buy 10 @100 entry"],
    ),
    "half the spread is paid twice": (
        Case([FLAT], ENTRY, rules=rules(max_cost_share=0.24), terms=terms(half_spread=0.00625)),
        ["0 refused cost"],
    ),
    "too little risk for one lot": (Case([FLAT], {0: Enter(stop=51.0)}), ["0 refused no_room_risk"]),
    "too small a share a trade": (
        Case([FLAT], ENTRY, rules=rules(trade_share=0.01)),
        ["0 refused no_room_trade"],
    ),
    "too small a share for the strategy": (
        Case([FLAT], ENTRY, rules=rules(strategy_share=0.01)),
        ["0 refused no_room_strategy"],
    ),
    "too small a gross": (Case([FLAT], ENTRY, rules=rules(gross_share=0.01)), ["0 refused no_room_gross"]),
    "too small a volume": (Case([(*FLAT, 0.9)], ENTRY), ["0 refused no_room_volume"]),
    "no volume at all": (Case([(*FLAT, 0.0)], ENTRY), ["0 refused no_room_volume"]),
    "too small a weight": (Case([FLAT], {0: Enter(weight=0.01)}), ["0 refused no_room_weight"]),
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
    "the least quantity of the venue": (
        Case([FLAT], ENTRY, terms=terms(min_qty=Decimal(11))),
        ["0 refused too_small"],
    ),
    "legs too small to protect merge into one": (
        Case(
            [FLAT, FLAT, (100, 106, 100, 105)], ENTRY, plan=HALF_OUT, terms=terms(min_notional=Decimal(500))
        ),
        ["1 buy 10 @100 entry", "2 sell 10 @105 target"],
    ),
    "a leg of no lots is none": (
        Case([FLAT, FLAT, (100, 106, 100, 105)], ENTRY, plan=ExitPlan(target_r=1.0, target_share=0.05)),
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
        Case(
            [FLAT, FLAT, (100, 106, 100, 105)], ENTRY, plan=HALF_OUT, terms=terms(min_notional=Decimal(475))
        ),
        ["1 buy 10 @100 entry", "2 sell 5 @105 target"],
    ),
}
