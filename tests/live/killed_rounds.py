"""Random trading by real processes that are killed at random moments and started again, on a venue that breaks as it
likes; when it rests, book and venue must be one.

As a program it plays many rounds: `python killed_rounds.py --rounds 500 --seed 1`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
from killed_audit import Audit
from quick_venue import SPEED, Market, QuickServer
from trader_child import STRATEGY, Life
from trader_nursery import Nursery, Trader
from trader_scale import Scale, VenueClock
from venue_server.faults import SHAPES
from venue_server.venue import COINBASE_RIGHTS, KRAKEN_RIGHTS, Mode

from memesnipe_cli.clock import MINUTE_MS, floor_to
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import load_markets, open_venue
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey

D = Decimal
SYMBOLS = ["DOGE/USD", "BTC/USD"]
HISTORY = 1500  # bars: a day and a bit, for the turnover of 24 hours
NETWORK = 5  # exit code of a trader that could not reach the venue when it started
REST_S = 15.0
UP_S = 60.0  # the first one may have to compile
RIGHTS = {"kraken": KRAKEN_RIGHTS, "coinbase": COINBASE_RIGHTS}
CLOSED: tuple[Mode, ...] = ("cancel_only", "post_only", "maintenance")
TRADING = {"kraken": ("modify-trades",), "coinbase": ("can_trade",)}


@dataclass
class Tally:
    """What was played."""

    rounds: int = 0
    orders: int = 0
    trades: int = 0
    starts: int = 0
    refused_starts: int = 0
    by_hand: int = 0
    rests: int = 0
    dust: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    moods: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Another one on top."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)

    def words(self) -> str:
        """For a line."""
        return (
            f"{self.rounds} rounds, {sum(self.kills.values())} kills {dict(self.kills)}, {self.starts} starts"
            f" ({self.refused_starts} without an answer of the venue), {self.orders} orders, {self.trades} trades,"
            f" {sum(self.faults.values())} faults, {self.rests} rests, {self.by_hand} settled by hand,"
            f" {self.dust} with dust"
        )


class Account:
    """One account's life; see `play`."""

    def __init__(
        self, dialect: Literal["kraken", "coinbase"], folder: Path, seed: int, nursery: Nursery
    ) -> None:
        self.chance = random.Random(seed)
        self.seed, self.folder, self.nursery = seed, folder, nursery
        self.clock = VenueClock.starting(SPEED, time.time_ns() // 1000)
        self.server = QuickServer(dialect, self.clock, seed)
        self.store = Store(folder / "store")
        self.scale = Scale(folder)
        self.market = Market(self.server, self.scale, seed)
        self.begin_ms = floor_to(self.server.now_ms(), MINUTE_MS)
        self.audit = Audit(self.server, self.market, self.store)
        self.tally = Tally()
        self.number = self._mood_number = 0
        (folder / "restless.py").write_text(STRATEGY, encoding="utf-8")
        self._write_history()

    def play(self, rounds: int) -> Tally:
        """Rounds of trouble, each of which ends in a kill; then a rest, at which all must add up."""
        with self.server:
            self.server.user_order("DOGE/USD", "sell", "limit", "1000", price="0.9")
            self.server.user_order("BTC/USD", "sell", "limit", "0.1", price="990000")
            self.audit.users = {each.id for each in self.server.open_orders()}
            self.market.start()
            try:
                self._begin()
                for _ in range(rounds):
                    self._round()
                    self.audit.assert_nothing_done_twice()
                self._rest()
            finally:
                self.market.over.set()
                self.market.join(5)
            if self.market.mistake is not None:
                raise self.market.mistake
        tally, oracle = self.tally, self.server.oracle
        tally.orders, tally.trades = len(oracle.ours()), len(oracle.trades())
        tally.faults.update(shape for _, shape, _ in self.server.faults.happened)
        return tally

    def _begin(self) -> None:
        """The product list is kept from now on, and a first start goes well."""
        exchange = open_venue(self.server.dialect, self.server.base_url, 5.0)
        caller = Caller(exchange, timeout_s=5.0, deadline=Deadline(10.0))
        load_markets(exchange, caller, self.folder / "cache", self.server.base_url)
        trader = self._start()
        self._up(trader)
        os.kill(trader.pid, signal.SIGTERM)
        assert trader.ended() == 0, self._said()

    # A round

    def _round(self) -> None:
        chance, server = self.chance, self.server
        share = chance.choice((0.0, 0.05, 0.12, 0.25))
        server.mix(
            SHAPES, share, seed=self.seed * 1000 + self.number, whens=("before", "after", "later"), late_s=2.0
        )
        self._mood()
        how = chance.choice(("timer", "timer", "wire", "inside", "inside"))
        die_at = chance.choice((chance.randint(1, 60), chance.randint(60, 600))) if how == "inside" else 0
        kill_at, when = chance.randint(1, 5), chance.choice(("before", "after"))
        wait_s = chance.choice((chance.uniform(0.2, 1.5), chance.uniform(1.5, 4.0)))
        for tries in range(20):
            trader = self._start(die_at)
            if how != "timer" or chance.random() < 0.7:
                self._up(trader)
            if how == "wire":
                server.on_order = _Trigger(trader, kill_at, when)
            if trader.lives(wait_s if how == "timer" else 4.0):
                trader.kill()
                how = "timer"
            server.on_order = lambda when: None
            if trader.ended() == -signal.SIGKILL:
                self.tally.kills[how] += 1
                self.tally.rounds += 1
                return
            self._check_end(trader)
            self.tally.refused_starts += 1
            if tries == 3:
                self._well()
        raise AssertionError("no trader lived")

    def _mood(self) -> None:
        """The venue is difficult in one more way, or well."""
        chance, server = self.chance, self.server
        with server.lock:
            server.matcher.hide_ms = chance.choice((0, 0, 2_000))
            server.matcher.trades_lag_ms = chance.choice((0, 0, 4_000))
            server.pending_ms = chance.choice((0, 0, 2_000))
        server.disturb_history(chance.random() < 0.5, chance.random() < 0.5)
        self._well()
        mood = chance.choice(("", "", "", "mode", "rights", "stale", "lost cancels", "late fill"))
        self.tally.moods[mood or "well"] += 1
        later_s = chance.uniform(0, 3.0) * SPEED
        if mood == "mode":
            mode = chance.choice(CLOSED)
            self._later(later_s, lambda: server.set_mode(mode))
        elif mood == "rights":
            rights = [each for each in RIGHTS[server.dialect] if each not in TRADING[server.dialect]]
            self._later(later_s, lambda: server.set_rights(rights))
        elif mood == "stale":
            self.market.stale = True
        elif mood == "lost cancels":
            server.lose_cancels(2)
        elif mood == "late fill":
            server.fill_after_cancel("0.5", after_s=2.0)

    def _later(self, seconds: float, change: Callable[[], object]) -> None:
        """A change of the mood, unless another mood has come by then."""
        mood = self._mood_number
        self.server.schedule(seconds, lambda: change() if mood == self._mood_number else None)

    def _well(self) -> None:
        """The venue takes orders from this key again, and prices are heard."""
        with self.server.lock:
            self._mood_number += 1
            self.server.set_mode("online")
            self.server.set_rights(RIGHTS[self.server.dialect])
            self.market.stale = False

    def _start(self, die_at: int = 0, by_hand: list[str] | None = None) -> Trader:
        self.number += 1
        self.tally.starts += 1
        life = Life(
            folder=str(self.folder),
            venue=self.server.dialect,
            base_url=self.server.base_url,
            symbols=SYMBOLS,
            clock=vars(self.clock),
            begin_ms=self.begin_ms,
            number=self.number,
            die_at=die_at,
            by_hand=by_hand or [],
        )
        return self.nursery.start(life)

    def _up(self, trader: Trader) -> None:
        """Wait until the loop turns, or the process has ended."""
        up, until = self.folder / f"up-{self.number}", time.monotonic() + UP_S
        while trader.alive() and not up.exists():
            if time.monotonic() > until:
                raise AssertionError(f"trader {self.number} did not come up: {self._said()}")
            time.sleep(0.01)

    def _check_end(self, trader: Trader) -> None:
        """Nothing but a venue that did not answer may keep a trader from trading."""
        if trader.ended() != NETWORK:
            said = (self.folder / f"said-{self.number}.txt").read_text(encoding="utf-8")
            raise AssertionError(f"trader {self.number} ended with {trader.code}:\n{said[-3000:]}")

    # A rest

    def _rest(self) -> None:
        """The venue is well: a trader settles everything, and is told to end."""
        self.server.calm()
        self._well()
        self.market.resting = True
        by_hand: list[str] = []
        for _ in range(3):
            trader = self._start(by_hand=by_hand)
            by_hand = self._settled(trader)
            os.kill(trader.pid, signal.SIGTERM)
            assert trader.ended() == 0, self._said()
            if not by_hand:
                break
            self.tally.by_hand += len(by_hand)
        self.tally.rests += 1
        done = json.loads((self.folder / f"done-{self.number}.json").read_text(encoding="utf-8"))
        assert done["stopped"] and done["level"] == "CLOSED" and not done["unsettled"], done
        self.tally.dust += self.audit.assert_whole(done["left"])

    def _settled(self, trader: Trader) -> list[str]:
        """Wait until all is known; the orders for which a person is called. Raises AssertionError."""
        self._up(trader)
        until = time.monotonic() + REST_S
        why, seen = "", 0
        while time.monotonic() < until:
            if not trader.lives(0.3):
                raise AssertionError(f"the trader ended: {trader.ended()}\n{self._said()}")
            book, state = self.audit.folded()
            why = self.audit.waits_for(book, state)
            if not why:
                return []
            unknown = self.audit.never_arrived(book)
            seen = seen + 1 if unknown else 0
            if seen >= 8:
                return unknown
        trader.kill()
        trader.ended()
        raise AssertionError(f"not settled in {REST_S} s: {why}\n{self._said()}")

    def _said(self) -> str:
        return (self.folder / f"said-{self.number}.txt").read_text(encoding="utf-8")[-3000:]

    def _write_history(self) -> None:
        ts = self.begin_ms - MINUTE_MS * np.arange(HISTORY, 0, -1, dtype=np.int64)
        for symbol, price in self.market.prices.items():
            flat = np.full(HISTORY, price)
            key = SeriesKey(self.server.dialect, symbol, "1m")
            self.store.lake.write_candles(
                Candles(key, ts, flat, flat, flat, flat, np.full(HISTORY, 1e6)), source="test"
            )


class _Trigger:
    """Kills a trader at the n-th request of an order, before or after it is carried out."""

    def __init__(self, trader: Trader, number: int, when: str) -> None:
        self._trader, self._left, self._when = trader, number, when

    def __call__(self, when: str) -> None:
        if when == self._when:
            self._left -= 1
            if self._left == 0:
                self._trader.kill()


def play(
    dialect: Literal["kraken", "coinbase"], folder: Path, seed: int, nursery: Nursery, rounds: int = 5
) -> Tally:
    """One account's life. Raises AssertionError that names the seed."""
    folder.mkdir(parents=True)
    try:
        return Account(dialect, folder, seed, nursery).play(rounds)
    except BaseException as error:
        error.add_note(f"{dialect}, seed {seed}: {folder}")
        raise


def main() -> int:
    """Play so many rounds, on both venues in turn; a line every 10 rounds."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--venue", choices=["kraken", "coinbase"], action="append")
    parser.add_argument("--keep", action="store_true", help="go on after a failure, and keep its files")
    asked = parser.parse_args()
    venues = asked.venue or ["kraken", "coinbase"]
    total, failures, seed, begun = Tally(), 0, asked.seed, time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="killed-rounds-"))
    with Nursery() as nursery:
        while total.rounds < asked.rounds:
            venue = venues[seed % len(venues)]
            rounds = min(5, asked.rounds - total.rounds)
            try:
                total.add(play(venue, home / f"{venue}-{seed}", seed, nursery, rounds))
            except AssertionError as error:
                failures += 1
                total.rounds += rounds
                _tell(f"FAILED: {venue}, seed {seed}: {error}")
                if not asked.keep:
                    raise
            seed += 1
            if total.rounds % 10 == 0:
                _tell(f"{time.monotonic() - begun:5.0f} s: {total.words()}")
    _tell(f"{failures} failures; {total.words()}; faults: {dict(total.faults)}; moods: {dict(total.moods)}")
    return 1 if failures else 0


def _tell(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
