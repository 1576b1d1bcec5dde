"""What the gate does beside refusing: it reserves, counts, widens, remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gate_cases import NOW, STRATEGY, D, FakeLatch, approved, cluster_of, facts, make_gate, order, refused

from memesnipe_cli.clock import MINUTE_MS
from memesnipe_cli.errors import DataError
from memesnipe_cli.profile import Limits, Profile
from memesnipe_cli.risk.bounds import HARD_MAX_ORDER, Bounds, exit_collar, exit_price
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.latch_state import Hold
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.paths import StorePaths


def test_a_refusal_says_which_check_what_was_found_and_what_is_allowed() -> None:
    gate = make_gate()
    answer = refused(gate, order(price=D("0.21")), facts())
    assert (answer.check, answer.code, answer.value, answer.limit) == (
        "collar",
        "outside_collar",
        D("0.05"),
        D("0.02"),
    )
    assert answer.message == "the price is 0.05 of the reference away from it, 0.02 is the most"
    assert answer.body() == {
        "action": "entry",
        "check": "collar",
        "code": "outside_collar",
        "id": "first",
        "limit": "0.02",
        "message": answer.message,
        "strategy": STRATEGY,
        "symbol": "DOGE/USD",
        "value": "0.05",
        "venue": "kraken",
    }
    assert gate.refusals == {"outside_collar": 1}
    assert answer.trip == ""


def test_a_refused_order_uses_nothing_up() -> None:
    gate = make_gate(orders_per_minute=1)
    refused(gate, order(price=D("0.21")), facts())
    approved(gate, order(), facts())
    assert gate.approvals == 1


def test_an_open_order_counts_until_it_has_ended() -> None:
    gate = make_gate(max_order=D(5000))
    half = order(qty=D(6000), id="one")
    approved(gate, half, facts())
    assert gate.exposure.gross() == D(6000) * D("0.2004")
    assert refused(gate, order(qty=D(6000), id="two"), facts(now_ms=NOW + MINUTE_MS)).code == "trade_share"
    gate.ended("one")
    assert gate.exposure.gross() == 0
    approved(gate, order(qty=D(6000), id="three"), facts(now_ms=NOW + MINUTE_MS))


def test_what_a_partly_filled_order_did_not_buy_may_be_topped_up() -> None:
    gate = make_gate(max_order=D(5000))
    approved(gate, order(qty=D(9000), id="one"), facts())
    gate.filled("one", D(3000), D("0.2"), NOW)
    gate.ended("one")
    late = facts(now_ms=NOW + MINUTE_MS)
    assert refused(gate, order(qty=D(7000), id="two"), late).code == "trade_share"
    approved(gate, order(qty=D(6900), id="three"), late)


def test_units_of_a_trade_add_up_each_against_the_equity_it_was_entered_at() -> None:
    gate = make_gate(max_order=D(5000))
    for number, equity in enumerate((100_000, 99_000, 98_000, 97_000)):
        unit = order(id=f"unit {number}", qty=D(equity) * D("0.02") / 4 // D("0.2004"))
        known = facts(equity=D(equity), now_ms=NOW + number * MINUTE_MS)
        approved(gate, unit, known)
        gate.filled(unit.id, unit.qty, D("0.2"), known.now_ms)
    late = facts(now_ms=NOW + 9 * MINUTE_MS)
    assert refused(gate, order(id="one more", qty=D(100)), late).code == "trade_share"


def test_a_trade_that_is_over_leaves_room_for_the_next() -> None:
    gate = make_gate(max_order=D(5000))
    approved(gate, order(qty=D(9900)), facts())
    gate.filled("first", D(9900), D("0.2"), NOW)
    approved(gate, order(Action.REDUCE, id="out", qty=D(9900)), facts())
    gate.filled("out", D(9900), D("0.199"), NOW)
    assert gate.exposure.gross() == 0
    approved(gate, order(id="again", qty=D(9900)), facts(now_ms=NOW + MINUTE_MS))


def test_the_adaptive_scale_tightens_a_trade_and_loosens_it_only_inside_the_profile() -> None:
    large = order(qty=D(9900))
    assert refused(make_gate(max_order=D(5000)), large, facts(trade_scale=D("0.5"))).limit == 1000
    too_large = order(qty=D(12_000))
    assert refused(make_gate(max_order=D(5000)), too_large, facts(trade_scale=D("1.5"))).limit == 2000


def test_a_position_that_gained_leaves_less_room_for_its_strategy() -> None:
    gate = make_gate()
    gate.exposure.hold(STRATEGY, "BTC/USD", "BTC", "BTC", "long", D(1), D(9000), D(0))
    approved(gate, order(), facts())
    gate.ended("first")
    gate.mark("BTC/USD", D(9900))
    assert refused(gate, order(id="second", qty=D(999)), facts()).code == "strategy_share"
    gate.mark("BTC/USD", D("NaN"))
    assert gate.exposure.gross() == 9900


def test_two_open_buys_share_the_cash_fees_included() -> None:
    gate = make_gate()
    known = facts(cash=D(402))
    approved(gate, order(), known)
    other = replace(order(id="second", qty=D(1001)), strategy="other", symbol="SHIB/USD", base="SHIB")
    product = {"symbol": "SHIB/USD", "base": "SHIB"}
    short_of_cash = facts(product=product, cash=D(402))
    assert refused(gate, other, short_of_cash).code == "not_enough_cash"
    gate.ended("first")
    approved(gate, other, short_of_cash)


def test_cash_of_another_currency_is_not_touched() -> None:
    gate = make_gate()
    approved(gate, order(), facts(cash=D(202)))
    usdc = {"symbol": "DOGE/USDC"}
    approved(gate, order(id="second", symbol="DOGE/USDC"), facts(product=usdc, cash=D(202)))


def test_exits_together_sell_no_more_than_is_held() -> None:
    gate = make_gate(held="1000")
    approved(gate, order(Action.PROTECT, id="stop", qty=D(1000)), facts())
    assert refused(gate, order(Action.REDUCE, id="out", qty=D(1)), facts()).code == "more_than_held"
    gate.ended("stop")
    approved(gate, order(Action.REDUCE, id="out again", qty=D(1000)), facts())


def test_a_stop_that_is_amended_counts_once_and_at_its_larger_size_until_it_is() -> None:
    gate = make_gate(held="1000")
    approved(gate, order(Action.PROTECT, id="stop", qty=D(1000)), facts())
    approved(gate, order(Action.PROTECT, id="smaller", qty=D(400), replaces="stop"), facts())
    out = order(Action.REDUCE, qty=D(600))
    assert refused(gate, replace(out, id="early"), facts()).code == "more_than_held"
    gate.ended("stop")
    approved(gate, replace(out, id="out"), facts())


def test_an_amendment_that_failed_leaves_the_old_stop_counted() -> None:
    gate = make_gate(held="1000")
    approved(gate, order(Action.PROTECT, id="stop", qty=D(1000)), facts())
    approved(gate, order(Action.PROTECT, id="smaller", qty=D(400), replaces="stop"), facts())
    gate.ended("smaller")
    assert refused(gate, order(Action.REDUCE, id="out", qty=D(1)), facts()).code == "more_than_held"


def test_open_orders_of_a_symbol_end_together_by_action() -> None:
    gate = make_gate(held="1000")
    approved(gate, order(Action.PROTECT, id="stop", qty=D(400)), facts())
    approved(gate, order(Action.REDUCE, id="out", qty=D(600), price=D("0.21")), facts())
    approved(gate, order(id="unit"), facts())
    gate.ended_all(STRATEGY, "DOGE/USD", Action.ENTRY)
    assert set(gate.exposure.orders) == {"stop", "out"}
    gate.ended_all("mean_revert_1h", "DOGE/USD", *Action)
    gate.ended_all(STRATEGY, "SHIB/USD", *Action)
    assert set(gate.exposure.orders) == {"stop", "out"}
    gate.ended_all(STRATEGY, "DOGE/USD", Action.REDUCE, Action.PROTECT)
    assert gate.exposure.exits_left(STRATEGY, "DOGE/USD") == 0


def test_another_strategys_lots_are_not_ours_to_sell() -> None:
    gate = make_gate(held="1000")
    foreign = replace(order(Action.REDUCE), strategy="mean_revert_1h")
    assert refused(gate, foreign, facts()).code == "more_than_held"


def test_a_spot_product_is_not_sold_short() -> None:
    short = order(side="sell", position="short", stop=D("0.21"), price=D("0.1996"))
    assert refused(make_gate(), short, facts()).code == "no_short"
    approved(make_gate(), short, facts(product={"shortable": True}))


def test_a_short_is_bought_back_up_to_what_is_short() -> None:
    gate = make_gate()
    gate.exposure.hold(STRATEGY, "DOGE/USD", "DOGE", "memes", "short", D(500), D("0.2"), D(0))
    cover = order(Action.REDUCE, side="buy", position="short", price=D("0.2"), qty=D("500.1"))
    assert refused(gate, cover, facts()).code == "more_than_held"
    approved(gate, replace(cover, qty=D(500)), facts())
    assert refused(make_gate("500"), replace(cover, qty=D(500)), facts()).code == "more_than_held"


def test_a_long_and_a_short_do_not_wait_side_by_side() -> None:
    gate = make_gate()
    approved(gate, order(), facts())
    short = order(id="second", side="sell", position="short", stop=D("0.21"), price=D("0.2005"))
    assert refused(gate, short, facts(product={"shortable": True})).code == "opposite_held"


def test_an_exits_collar_widens_with_each_attempt() -> None:
    collars = [exit_collar(D("0.02"), attempt) for attempt in range(7)]
    assert collars == [D("0.02"), D("0.04"), D("0.08"), D("0.16"), D("0.32"), D("0.5"), D("0.5")]
    deep = order(Action.REDUCE, price=D("0.185"))
    assert refused(make_gate("1000"), deep, facts()).code == "outside_exit_collar"
    approved(make_gate("1000"), replace(deep, attempt=2), facts())


@pytest.mark.parametrize("selling", [True, False])
@pytest.mark.parametrize("attempt", range(6))
def test_the_price_made_for_an_exit_passes_its_collar(selling: bool, attempt: int) -> None:
    reference, tick = D("0.20037"), D("0.0001")
    price = exit_price(selling, reference, tick, D("0.02"), attempt)
    given = (reference - price if selling else price - reference) / reference
    assert price % tick == 0
    assert exit_collar(D("0.02"), attempt) - tick / reference < given <= exit_collar(D("0.02"), attempt)


def test_an_exit_price_is_at_least_one_tick() -> None:
    assert exit_price(True, D("0.0001"), D("0.0001"), D("0.02"), 9) == D("0.0001")


def test_an_exit_is_not_held_against_an_old_price() -> None:
    deep = order(Action.REDUCE, price=D("0.1"))
    approved(make_gate("1000"), deep, facts(data_age_ms=60_000))
    approved(make_gate("1000"), deep, facts(reference=None))


def test_a_closed_bar_may_be_older_than_a_tick_but_not_old() -> None:
    approved(make_gate(), order(), facts(closed_bar=True, data_age_ms=10_000))
    assert refused(make_gate(), order(), facts(closed_bar=True, data_age_ms=10_001)).code == "stale_data"


def test_half_of_the_messages_are_kept_for_exits_and_cancels() -> None:
    gate = make_gate("1000", messages_per_minute=4)
    for number in range(2):
        approved(gate, order(id=f"entry {number}", qty=D(100 + number)), facts())
    assert refused(gate, order(id="third"), facts()).code == "message_rate"
    approved(gate, order(Action.REDUCE, id="out", qty=D(10)), facts())
    approved(gate, order(Action.CANCEL, id="out"), facts())
    assert refused(gate, order(Action.REDUCE, id="out 2", qty=D(10)), facts()).code == "message_rate"
    approved(gate, order(Action.CANCEL, id="out"), facts())


def test_a_strategy_that_fills_too_often_is_to_be_halted_until_the_hour_is_over() -> None:
    gate = make_gate(executions_per_hour=1)
    for number in range(2):
        approved(gate, order(id=f"entry {number}", qty=D(100 + number)), facts())
        for _ in range(2):  # two part fills are one execution
            gate.filled(f"entry {number}", D(50), D("0.2"), NOW)
    answer = refused(gate, order(id="next"), facts())
    assert (answer.code, answer.value, answer.trip) == ("executions", 2, "strategy:momentum_5m")
    approved(gate, order(id="later"), facts(now_ms=NOW + 60 * MINUTE_MS))


def test_a_repeated_order_passes_once_some_time_has_gone_by() -> None:
    gate = make_gate()
    approved(gate, order(), facts())
    assert refused(gate, order(id="second"), facts(now_ms=NOW + 9_999)).code == "duplicate_order"
    approved(gate, order(id="third"), facts(now_ms=NOW + 10_000))


def test_an_id_is_good_once_for_ever() -> None:
    gate = make_gate()
    approved(gate, order(), facts())
    gate.ended("first")
    assert refused(gate, order(qty=D(70)), facts(now_ms=NOW + 10**9)).code == "duplicate_id"
    assert refused(gate, order(id=""), facts()).code == "no_id"


def test_a_resting_stop_is_no_reason_not_to_add_a_unit() -> None:
    gate = make_gate("1000")
    approved(gate, order(Action.PROTECT, id="stop", price=D("0.194")), facts())
    approved(gate, order(id="unit"), facts())


def test_a_trader_whose_right_to_send_was_taken_sends_nothing() -> None:
    gate = make_gate("1000")
    for action in Action:
        assert refused(gate, order(action), facts(latch=FakeLatch(fence=2))).code == "fence_lost"


def test_an_order_of_an_earlier_process_is_booked_unchecked() -> None:
    gate = make_gate(max_order=D(5000))
    gate.adopt(order(qty=D(9000)), D(100_000), D("0.004"))
    assert gate.exposure.gross() == D(9000) * D("0.2004")
    assert refused(gate, order(), facts()).code == "duplicate_id"
    assert refused(gate, order(id="second"), facts()).code == "trade_share"
    gate.filled("first", D(9000), D("0.2"), NOW)
    assert gate.exposure.held(STRATEGY, "DOGE/USD", "long") == 9000


@pytest.mark.parametrize(
    ("order_id", "qty", "price"),
    [("unheard of", "1", "0.2"), ("out", "0", "0.2"), ("out", "1", "NaN"), ("out", "1000.1", "0.2")],
)
def test_a_fill_that_cannot_be_says_that_books_and_venue_differ(order_id: str, qty: str, price: str) -> None:
    gate = make_gate("1000")
    approved(gate, order(Action.REDUCE, id="out"), facts())
    with pytest.raises(DataError) as caught:
        gate.filled(order_id, D(qty), D(price), NOW)
    assert caught.value.hint == "halt and reconcile the account"
    assert gate.exposure.held(STRATEGY, "DOGE/USD", "long") == 1000


def test_a_gate_is_made_from_a_profile_with_its_clusters() -> None:
    profile = Profile(clusters={"memes": ["DOGE", "SHIB"]})
    gate = Gate.of(profile, {"kraken"}, fence=1)
    approved(gate, order(qty=D(100)), facts())
    assert refused(gate, order(cluster="unsorted"), facts()).code == "product_mismatch"


def test_the_latch_file_is_what_the_gate_reads(tmp_path: Path) -> None:
    file = LatchFile(StorePaths(tmp_path), "paper")
    file.create()
    fence = file.take_fence()
    gate = Gate(Bounds.of(Profile()), {"kraken"}, cluster_of, fence)
    approved(gate, order(), facts(latch=file.read(must_exist=True)))
    file.trip("symbol:DOGE/USD", Hold(Level.HALT, "manual", "a test", "2025-01-01T00:00:00Z", "person"))
    tripped = facts(latch=file.read(must_exist=True))
    assert refused(gate, order(id="second"), tripped).code == "symbol_halted"
    file.path.write_bytes(b"")
    broken = facts(latch=LatchFile(StorePaths(tmp_path), "paper").read(must_exist=True))
    assert refused(gate, order(id="second"), broken).code == "account_halted"
    approved(gate, order(Action.CANCEL), broken)
    file.reset("account", file.read(must_exist=True).generation)
    file.take_fence()
    taken = facts(latch=file.read(must_exist=True))
    assert refused(gate, order(Action.CANCEL), taken).code == "fence_lost"


def test_no_profile_raises_the_hard_limit_of_an_order() -> None:
    loose = Profile(limits=Limits.model_construct(**{**Limits().model_dump(), "max_order": D(10**9)}))
    assert Bounds.of(loose).max_order == HARD_MAX_ORDER
