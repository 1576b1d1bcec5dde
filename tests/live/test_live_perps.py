"""The live loop sells a perpetual of Coinbase Derivatives short: its lots, its stop, its cash, and the venue's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal as D
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from live_cases import HISTORY, MINUTE_MS, STRATEGY, Bar, Rig, VenueFeed, strategy
from venue_server import VenueServer

from memesnipe_cli.errors import RefusedError
from memesnipe_cli.live.comparing import mend
from memesnipe_cli.live.flattening import flatten_live
from memesnipe_cli.live.guarding import Guard
from memesnipe_cli.live.request import LiveRun
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar
from memesnipe_cli.risk.latch import Hold, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.tables import Candles, FundingRates, SeriesKey

PERP = "BTC/USD:USD"
CASH = D(200_000)
# Short after a bar that fell, out after one that rose.
DOWN_UP = STRATEGY.replace("class UpDown", "class DownUp").replace("up_down", "down_up")
DOWN_UP = DOWN_UP.replace("bar.close > bar.open", "bar.close < bar.open", 1).replace("enter=1", "enter=-1")
DOWN_UP = DOWN_UP.replace(
    "        if bar.close < bar.open:\n            return signal(exits",
    "        if bar.close > bar.open:\n            return signal(exits",
)

FLAT = Bar.to("60000", "60000")
DOWN = Bar.to("60000", "59500")
UP = Bar.to("59500", "60000")
LOW = Bar.to("59500", "59500")
SOAR = Bar.to("59500", "65800")
PLUNGE = Bar.to("59500", "59500", low="53000")


class PerpFeed(VenueFeed):
    """The same of a perpetual."""

    def _play(self) -> Iterator[list[BarsClosed]]:
        for closed in super()._play():
            yield [BarsClosed(each.ts, tuple(_of_perp(bar) for bar in each.bars)) for each in closed]

    def _quote(self, price: str) -> None:
        self._server.price(PERP, D(price) - 5, D(price) + 5)


def _of_perp(bar: ClosedBar) -> ClosedBar:
    return ClosedBar(PERP, bar.ts, bar.open, bar.high, bar.low, bar.close, 1000.0)


@dataclass
class PerpRig(Rig):
    """A loop that trades BTC/USD:USD short with 100,000 dollars."""

    def request(self, **changed: Any) -> Any:
        return super().request(**{"symbols": [PERP], "capital": D(100_000), **changed})

    def trade(self, *bars: Bar, **changed: Any) -> LiveRun:
        moves = changed.pop("moves", lambda number: None)
        feed = PerpFeed(self.server, bars, self.begin_ms, idle=changed.pop("idle", 4), moves=moves)
        with self.store.journal("live").held():
            loop, _ = self.open(feed, **changed)
            done = loop.run()
        self.keep(bars)
        return done

    def _write_history(self) -> None:
        self._write(self.begin_ms - HISTORY * MINUTE_MS, np.full((HISTORY, 4), 60_000.0))

    def _write(self, first_ms: int, prices: Any) -> None:
        ts = first_ms + MINUTE_MS * np.arange(len(prices), dtype=np.int64)
        columns = [np.ascontiguousarray(prices[:, place]) for place in range(4)]
        key = SeriesKey("coinbase", PERP, "1m")
        self.store.lake.write_candles(Candles(key, ts, *columns, np.full(len(ts), 1000.0)), source="test")

    def earned(self) -> D:
        """What our trades earned by the venue's own book, net of fees."""
        trades = self.server.oracle.trades()
        sides = {order.id: 1 if order.ticket.side == "sell" else -1 for order in self.server.oracle.ours()}
        return sum((sides[each.order_id] * each.cost - each.paid for each in trades), D(0))

    def assert_settled(self, done: LiveRun) -> None:
        """Flat at the venue, and both books have earned the same."""
        self.assert_whole()
        assert self.venue.positions() == []
        there = self.venue.balances()["USD"].total
        assert there == CASH + self.earned()
        assert done.state.cash == D(100_000) + self.earned()
        assert self.book().expected["coinbase"].keys() >= {"USD"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PerpRig]:
    with VenueServer("coinbase", {"USD": str(CASH)}) as server:
        server.price(PERP, "59995", "60005")
        yield PerpRig(server, tmp_path, [strategy(tmp_path, DOWN_UP, "DownUp")])


def test_sells_short_keeps_a_stop_above_and_covers(rig: PerpRig) -> None:
    stops = []

    def look(number: int) -> None:
        if number == 2:
            stops[:] = [(each.ticket.side, each.trigger, each.remaining) for each in rig.server.open_orders()]

    done = rig.trade(FLAT, DOWN, LOW, UP, FLAT, moves=look)
    assert [trade.exit_reason for trade in done.trades] == ["signal"]
    assert done.trades[0].side == "short"
    assert stops == [("buy", D(65_445), D("0.01"))]
    assert not done.left
    rig.assert_settled(done)


def test_the_stop_above_fills_in_the_middle_of_a_bar(rig: PerpRig) -> None:
    done = rig.trade(FLAT, DOWN, SOAR, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["stop"]
    rig.assert_settled(done)


def test_the_target_below_is_watched_and_bought_at(rig: PerpRig) -> None:
    done = rig.trade(FLAT, DOWN, PLUNGE, LOW)
    assert [trade.exit_reason for trade in done.trades] == ["target"]
    assert done.trades[0].pnl > 0
    rig.assert_settled(done)


def test_a_short_outlives_the_process_and_is_covered_by_the_next_one(rig: PerpRig) -> None:
    first = rig.trade(FLAT, DOWN, LOW)
    assert first.left and "covered" in first.left[0]
    assert [each.qty for each in rig.venue.positions()] == [D("-0.01")]
    rig.assert_whole()
    second = rig.trade(LOW, UP, FLAT)
    assert second.resumed
    assert [trade.exit_reason for trade in second.trades] == ["signal"]
    rig.assert_settled(second)
    third = rig.trade(FLAT)
    assert third.resumed and third.level is Level.CLOSED


def test_the_stop_may_buy_while_nobody_runs(rig: PerpRig) -> None:
    rig.trade(FLAT, DOWN, LOW)
    rig.server.price(PERP, "65795", "65805")
    rig.keep([SOAR])
    rig.server.price(PERP, "59995", "60005")
    done = rig.trade(FLAT, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["stop"]
    rig.assert_settled(done)


def test_an_emergency_covers(rig: PerpRig) -> None:
    def emergency(number: int) -> None:
        if number == 2:
            LatchFile(rig.store.paths, "live").trip(
                "account", Hold(Level.EMERGENCY, "manual", "a test", "2026-01-01T00:00:00Z", "person", None)
            )

    done = rig.trade(FLAT, DOWN, LOW, LOW, moves=emergency)
    assert [trade.exit_reason for trade in done.trades] == ["emergency"]
    rig.assert_settled(done)


def test_what_is_held_is_marked_at_what_it_costs_to_buy_back(rig: PerpRig) -> None:
    # A price counts once it has stood for three seconds.
    rig.trade(FLAT, DOWN, LOW, LOW, idle=10)
    marks = [each.body for each in rig.store.journal("live").entries() if each.kind == "equity"]
    (trade,) = rig.server.oracle.trades()
    back = trade.quantity * D(59_505)
    assert D(marks[-1]["equity"]) == pytest.approx(
        D(100_000) + trade.cost - trade.paid - back - back * D("0.001"), abs=D("0.01")
    )


def test_somebody_elses_trade_in_our_perpetual_halts(rig: PerpRig) -> None:
    rig.trade(FLAT, DOWN, LOW)
    rig.server.user_order(PERP, "buy", "market", "0.01")
    with pytest.raises(RefusedError, match="somebody else"):
        rig.trade(LOW)
    assert LatchFile(rig.store.paths, "live").read(must_exist=True).level(f"symbol:{PERP}") is Level.HALT


def test_a_cover_by_hand_is_claimed_as_the_end_of_the_trade(rig: PerpRig) -> None:
    rig.trade(FLAT, DOWN, LOW)
    for each in rig.server.open_orders():
        rig.server.cancel(each)
    order = rig.server.user_order(PERP, "buy", "market", -rig.book().position(PERP))
    journal = rig.store.journal("live")
    with journal.held():
        assert not mend(rig.venue, journal, rig.profile).clean
        done = mend(rig.venue, journal, rig.profile, claim=order.id, reason="covered in the app")
    assert done.clean, done
    run = rig.trade(LOW)
    assert [trade.exit_reason for trade in run.trades] == ["by_hand"] and not run.left
    assert rig.venue.positions() == [] and rig.book().position(PERP) == 0


def test_a_position_of_somebody_else_is_not_traded_beside(rig: PerpRig) -> None:
    rig.server.user_order(PERP, "buy", "market", "0.02")
    with pytest.raises(RefusedError, match=r"position in BTC/USD:USD is 0\.02, and our lots are 0"):
        rig.trade(FLAT)
    assert not rig.server.oracle.ours()


def test_too_little_capital_for_a_contract_is_said_before(rig: PerpRig) -> None:
    with pytest.raises(
        RefusedError, match=r"0.01 BTC, about 600.*none is made below a capital of about 30000"
    ):
        rig.trade(FLAT, capital=D(200))
    assert not rig.server.oracle.ours()


def test_a_short_without_cash_for_all_of_it_is_not_sent(
    rig: PerpRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.trade(FLAT)
    # As between a withdrawal and the moment at which the account learns of it.
    monkeypatch.setattr(Guard, "settle_flows", lambda self: D(0))
    rig.server.withdraw("USD", CASH - 500)
    done = rig.trade(FLAT, DOWN, LOW)
    assert not done.left and not rig.server.oracle.ours()
    refused = [body for kind, body in rig.lines if kind == "refusal"]
    assert [each["gate"]["code"] for each in refused] == ["not_enough_cash"]


def test_funding_is_paid_by_the_rates_that_were_recorded_and_the_venues_settlement_is_explained(
    rig: PerpRig,
) -> None:
    first = rig.trade(FLAT, DOWN, LOW)
    cash = first.state.cash
    rates = FundingRates(
        "coinbase", PERP, np.array([rig.begin_ms + MINUTE_MS]), np.array([0.001]), np.array([60 * MINUTE_MS])
    )
    rig.store.lake.write_funding(rates, source="test")
    # Longs pay shorts.
    rig.server.reward("USD", "0.595")
    done = rig.trade(LOW, LOW, LOW)
    assert done.state.cash == cash + D("0.595")
    assert done.level is Level.CLOSED
    closed = rig.trade(LOW, UP, FLAT)
    assert closed.trades[0].funding == D("-0.595")
    assert rig.venue.balances()["USD"].total == CASH + rig.earned() + D("0.595")
    assert closed.state.cash == D(100_000) + rig.earned() + D("0.595")
    assert rig.trade(FLAT).level is Level.CLOSED


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cover_without_an_answer_is_never_sent_twice(
    rig: PerpRig, monkeypatch: pytest.MonkeyPatch, when: Literal["before", "after"]
) -> None:
    covers: list[str] = []
    create = rig.venue._create

    def watched(body: dict[str, Any], fence: int) -> Any:
        if body["side"] == "BUY" and "sor_limit_ioc" in body["order_configuration"]:
            covers.append(body["client_order_id"])
            rig.server.fail("timeout", where="brokerage/orders", when=when)
        return create(body, fence)

    monkeypatch.setattr(rig.venue, "_create", watched)
    done = rig.trade(FLAT, DOWN, LOW, UP, FLAT)
    assert len(covers) == 1
    if when == "after":
        rig.assert_settled(done)
    else:
        assert done.unsettled == covers
        assert done.left and [each.qty for each in rig.venue.positions()] == [D("-0.01")]


def test_flatten_covers_without_strategies(rig: PerpRig) -> None:
    rig.trade(FLAT, DOWN, LOW)
    with rig.store.journal("live").held():
        done = flatten_live(
            rig.store,
            "live",
            rig.profile,
            rig.venue,
            PerpFeed(rig.server, [], rig.begin_ms),
            reason="a test",
            now=rig.server.now_ms,
            monotonic=lambda: rig.server.now_us() / 1_000_000,
            sleep=lambda seconds: rig.server.advance(0.5),
        )
    assert [(closed[1], closed[2], closed[3]) for closed in done.closed] == [(PERP, "short", D("0.01"))]
    assert not done.left and rig.venue.positions() == []
    rig.assert_settled(rig.trade(FLAT))
