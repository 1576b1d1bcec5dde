"""What lies outside one trade: funding, large numbers, several slots, delisting, memory of a win."""

from __future__ import annotations

from decimal import Decimal

from engine_cases import (
    ENTRY,
    FINE,
    FLAT,
    MANY_ZEROS,
    OTHER,
    PERP,
    SHORT,
    Case,
    Enter,
    Scenarios,
    rules,
    terms,
)

from memesnipe_cli.engine.model import ExitPlan

ACCOUNT: Scenarios = {
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
        Case(
            [FLAT] * 3,
            {0: Enter(weight=1.2e-9)},
            terms=terms(shortable=True, lot=Decimal("0.00000001")),
            funding={(2, 0): 150_000},
        ),
        ["1 buy 10 @100 entry", "2 funding -2"],
    ),
    "what is received rounds down to nothing": (
        Case(
            [FLAT] * 3,
            {0: Enter(weight=1.2e-9)},
            terms=terms(shortable=True, lot=Decimal("0.00000001")),
            funding={(2, 0): -10},
        ),
        ["1 buy 10 @100 entry"],
    ),
    # --- large numbers
    "a hundredfold rise of a coin of many zeros": (
        # 30,000 / (0.0055 x 1e-5) lots
        Case(
            [(5_000_000,) * 4 + (1e12,)] * 2 + [(500_000_000,) * 4 + (1e12,)] * 2,
            {0: Enter(stop=0.0001, weight=0.03)},
            leave={2: (1,)},
            terms=MANY_ZEROS,
            rules=rules(capital=Decimal(1_000_000)),
        ),
        ["1 buy 545454545454 @5000000 entry", "3 sell 545454545454 @500000000 signal"],
    ),
    "more volume than whole numbers can count": (
        Case(
            [(*FLAT, 1e30)] * 3,
            {0: Enter(weight=1.2e-6)},
            leave={1: (1,)},
            terms=terms(lot=Decimal("0.00000001")),
        ),
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
        Case(
            [FLAT] * 3,
            {0: Enter(weight=0.9)},
            plan=ExitPlan(risk_share=1.0),
            terms=PERP,
            rules=rules(capital=Decimal(1_000_000)),
            funding={(2, 0): 500_000},
        ),
        ["1 buy 8181 @100 entry", "2 funding -409050000000"],
    ),
    "an order above a million is refused": (
        Case([FLAT], {0: Enter()}, plan=ExitPlan(risk_share=1.0), rules=rules(capital=Decimal(3_000_000))),
        ["0 refused too_large"],
    ),
    "so is one beyond what whole numbers can multiply": (
        # 60,000 / (0.0055 x 1e-5) lots x 5,500,000 ticks
        Case(
            [(5_000_000,) * 4 + (1e12,)],
            {0: Enter(stop=0.0001, weight=0.06)},
            terms=MANY_ZEROS,
            rules=rules(capital=Decimal(1_000_000)),
        ),
        ["0 refused too_large"],
    ),
    # --- several slots
    "one strategy owns a base asset": (
        Case([FLAT, FLAT], {(0, 0): Enter(), (1, 0): Enter(), (1, 1): Enter()}, slots=((0, 0), (1, 0))),
        ["0 refused base_owned (slot 1)", "1 buy 10 @100 entry", "1 refused base_owned (slot 1)"],
    ),
    "whatever the quote": (
        Case(
            [[FLAT, FLAT]] * 2,
            {(1, 0): Enter(), (0, 1): Enter()},
            all_terms=[terms(), OTHER],
            slots=((0, 0), (1, 1)),
        ),
        ["1 buy 10 @100 entry (slot 1)", "1 refused base_owned"],
    ),
    "but the same strategy may hold it twice": (
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(), (1, 0): Enter()},
            all_terms=[terms(), OTHER],
            slots=((0, 0), (0, 1)),
        ),
        ["1 buy 10 @100 entry", "1 buy 10 @100 entry (slot 1)"],
    ),
    "and the base is free once it is sold": (
        Case([FLAT] * 5, {(0, 0): Enter(), (1, 2): Enter()}, leave={(0, 1): (1,)}, slots=((0, 0), (1, 0))),
        ["1 buy 10 @100 entry", "2 sell 10 @100 signal", "3 buy 10 @100 entry (slot 1)"],
    ),
    "the account's gross counts every strategy": (
        # 10,000 x 0.3 / 110 = 27 lots; (5,000 - 27 x 110) / 110 = 18.5 are left
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(weight=0.3), (1, 0): Enter(weight=0.3)},
            plan=ExitPlan(risk_share=1.0),
            all_terms=[terms(), terms(base="BBB")],
            slots=((0, 0), (1, 1)),
            rules=rules(gross_share=0.5),
        ),
        ["1 buy 27 @100 entry", "1 buy 18 @100 entry (slot 1)"],
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
        ["0 refused no_room_cash (slot 1)", "1 buy 90 @100 entry"],
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
        Case(
            [FLAT, FLAT],
            ENTRY,
            plan=ExitPlan(risk_share=1.0),
            rules=rules(collar=0.0),
            terms=terms(lot=Decimal("0.00000001")),
        ),
        ["1 buy 9999999999 @100 entry"],
    ),
    "of every waiting buy": (
        Case(
            [[FLAT, FLAT]] * 2,
            {(0, 0): Enter(weight=0.5), (1, 0): Enter()},
            plan=ExitPlan(risk_share=1.0),
            all_terms=[terms(lot=FINE), terms(base="BBB", lot=FINE)],
            slots=((0, 0), (1, 1)),
            rules=rules(collar=0.0, strategy_share=9.0, gross_share=9.0),
        ),
        ["1 buy 5000000000 @100 entry", "1 buy 4999999999 @100 entry (slot 1)"],
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
            terms=terms(
                shortable=True,
                lot=Decimal("0.0000000003"),
                taker_fee=Decimal("0.01"),
                delisted_ms=1_735_689_600_000 + 900_000,
            ),
        ),
        ["1 sell 37 @100 entry", "3 buy 37 @98 delisted"],
    ),
    "an order that waits for a delisted instrument is dropped": (
        Case([FLAT] * 4, {1: Enter()}, terms=terms(delisted_ms=1_735_689_600_000 + 2 * 300_000)),
        ["2 missed delisted"],
    ),
    "a further unit that waits for it is missed as well": (
        Case(
            [FLAT, FLAT, (105, 105, 105, 105), FLAT],
            ENTRY,
            plan=ExitPlan(units=2, step_r=1.0),
            terms=terms(delisted_ms=1_735_689_600_000 + 3 * 300_000),
        ),
        ["1 buy 10 @100 entry", "3 missed delisted", "3 sell 10 @0 delisted"],
    ),
    "a delisted short is bought back at the last close": (
        Case(
            [FLAT, FLAT, (98, 98, 98, 98), FLAT],
            SHORT,
            terms=terms(shortable=True, delisted_ms=1_735_689_600_000 + 3 * 300_000 - 1),
        ),
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
        [
            "1 buy 10 @100 entry",
            "2 sell 10 @105 signal",
            "2 refused skip_after_win",
            "3 refused skip_after_win",
            "6 buy 10 @100 entry",
        ],
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
        [
            "1 buy 10 @100 entry",
            "2 sell 10 @120 signal",
            "4 buy 10 @100 entry",
            "5 sell 10 @99 signal",
            "7 buy 10 @100 entry",
        ],
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
        [
            "1 buy 10 @100 entry",
            "2 sell 10 @105 signal",
            "2 refused skip_after_win",
            "5 buy 10 @100 entry",
            "6 sell 10 @105 signal",
            "8 refused skip_after_win",
        ],
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
}
