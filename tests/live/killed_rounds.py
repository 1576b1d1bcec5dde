"""Random trading by real processes that are killed at random moments and started again, on a venue that breaks as it
likes; when it rests, book and venue must be one.

As a program it plays many rounds: `python killed_rounds.py --rounds 500 --seed 1`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from trader_child import ACCOUNT, CAPITAL, STRATEGY, Life, Scale, VenueClock
from venue_server import BookedTrade, Books, VenueServer
from venue_server.faults import SHAPES
from venue_server.venue import COINBASE_RIGHTS, KRAKEN_RIGHTS

from memesnipe_cli.audit.verify import verify
from memesnipe_cli.clock import MINUTE_MS, floor_to
from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import MONEY_UNIT
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import load_markets, open_venue
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_fold import OrderFold
from memesnipe_cli.venues.order_state import OrderState

D = Decimal
SPEED = 20
TICK_S = 0.1
SYMBOLS = ["DOGE/USD", "BTC/USD"]
HISTORY = 1500  # bars: a day and a bit, for the turnover of 24 hours
NETWORK = 5  # exit code of a trader that could not reach the venue when it started
REST_S = 15.0
UP_S = 60.0  # the first one may have to compile
RIGHTS = {"kraken": KRAKEN_RIGHTS, "coinbase": COINBASE_RIGHTS}
TRADING = {"kraken": ("modify-trades",), "coinbase": ("can_trade",)}
ORDER_PATHS = ("AddOrder", "AmendOrder", "CancelOrder", "/orders")


class Nursery:
    """Starts traders from one process that has everything imported."""

    def __init__(self) -> None:
        here = Path(__file__).parent
        paths = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(here / "trader_child.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads, "PYTHONPATH": paths},
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process.wait(timeout=5)

    def start(self, life: Life) -> Trader:
        """A trader that lives from now on."""
        return Trader(self, int(self._ask({"start": asdict(life)}, 20.0)["pid"]))

    def wait(self, pid: int, seconds: float) -> int:
        """The exit code of a trader; below 0: the signal that killed it. Raises TimeoutError."""
        return int(self._ask({"wait": pid}, seconds)["code"])

    def _ask(self, what: dict[str, Any], seconds: float) -> dict[str, Any]:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None and pipe_out is not None
        pipe_in.write(json.dumps(what).encode() + b"\n")
        pipe_in.flush()
        if not select.select([pipe_out], [], [], seconds)[0]:
            raise TimeoutError(f"no answer to {what} in {seconds} s")
        said: dict[str, Any] = json.loads(pipe_out.readline())
        return said


@dataclass
class Trader:
    """A process that trades. `code`: how it ended, None while it is not known."""

    nursery: Nursery
    pid: int
    code: int | None = None

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        if self.code is not None:
            return False
        state = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        return state != "Z"

    def kill(self) -> None:
        """kill -9, where it has not ended."""
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)

    def ended(self, seconds: float = 10.0) -> int:
        """How it ended."""
        if self.code is None:
            self.code = self.nursery.wait(self.pid, seconds)
        return self.code

    def lives(self, seconds: float) -> bool:
        """Whether it still lives after so long; returns as soon as it does not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.alive():
                return False
            time.sleep(0.01)
        return self.alive()


class QuickServer(VenueServer):
    """The hostile venue on a clock of its own. `on_order`: called before and after each request of an order."""

    def __init__(self, dialect: Literal["kraken", "coinbase"], clock: VenueClock, seed: int) -> None:
        self._clock = clock
        self.on_order: Callable[[str], None] = lambda when: None
        super().__init__(dialect, {"USD": "20000", "DOGE": "5000", "BTC": "0.5"}, seed=seed, hang_s=1.0)

    def __enter__(self) -> QuickServer:
        super().__enter__()
        # Connections of killed processes break: that is no news.
        self._server.handle_error = lambda request, address: None  # type: ignore[method-assign]
        return self

    def now_us(self) -> int:
        """By that clock."""
        return self._clock.now_us()

    def take(self, request: Any) -> Any:
        """As ever, with somebody looking on."""
        is_order = request.method == "POST" and any(path in request.path for path in ORDER_PATHS)
        if is_order:
            self.on_order("before")
        taken = super().take(request)
        if is_order:
            self.on_order("after")
        return taken


class Market(threading.Thread):
    """Moves the prices, and closes bars. `resting`: prices stand still; `stale`: nobody hears of them."""

    def __init__(self, server: QuickServer, scale: Scale, seed: int) -> None:
        super().__init__(daemon=True)
        self._server, self._scale = server, scale
        self._chance = random.Random(seed)
        self._bar_ms = floor_to(server.now_ms(), MINUTE_MS)
        self.prices = {"DOGE/USD": 0.1, "BTC/USD": 60_000.0}
        self._home = dict(self.prices)
        self._aims = dict(self.prices)
        self._bars = {symbol: [price] * 4 for symbol, price in self.prices.items()}
        self.resting = self.stale = False
        self.over = threading.Event()
        self.mistake: BaseException | None = None
        self._tick()

    def run(self) -> None:
        """Until it is over."""
        try:
            while not self.over.wait(TICK_S):
                self._tick()
        except BaseException as error:
            self.mistake = error

    def _tick(self) -> None:
        now_ms = self._server.now_ms()
        self._server.tick()
        if now_ms >= self._bar_ms + MINUTE_MS:
            self._close()
            self._bar_ms = floor_to(now_ms, MINUTE_MS)
        left = max(1.0, (self._bar_ms + 0.8 * MINUTE_MS - now_ms) / (TICK_S * SPEED * 1000))
        shown = {}
        for symbol, price in self.prices.items():
            if not self.resting and left > 1:
                price += (self._aims[symbol] - price) / left * self._chance.uniform(0.5, 1.6)
            self.prices[symbol] = price
            bar = self._bars[symbol]
            bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
            shown[symbol] = self._quote(symbol, price)
        self._scale.show(shown, stale=self.stale)

    def _quote(self, symbol: str, price: float) -> tuple[Decimal, Decimal]:
        tick = self._server.instruments[symbol].tick
        mid = (D(repr(price)) / tick).to_integral_value(ROUND_FLOOR) * tick
        away = max(tick, (mid * D("0.0002") / tick).to_integral_value(ROUND_FLOOR) * tick)
        worth = 1_000_000 if self.resting else self._chance.choice((1_000_000, 1_000_000, 40, 6, 1))
        lot = self._server.instruments[symbol].lot
        depth = max(lot, (D(worth) / mid / lot).to_integral_value(ROUND_FLOOR) * lot)
        self._server.price(symbol, mid - away, mid + away, depth=depth)
        return mid - away, mid + away

    def _close(self) -> None:
        closed = []
        for symbol, (opened, high, low, close) in self._bars.items():
            closed.append(ClosedBar(symbol, self._bar_ms, opened, high, low, close, 1_000_000.0))
            self._bars[symbol] = [close] * 4
            home = self._home[symbol]
            chance = self._chance
            move = chance.choice((0.004, 0.01, 0.02, 0.05, 0.05, -0.01, -0.02, -0.05, -0.12))
            if not 0.6 * home < close * (1 + move) < 1.7 * home:
                move = -move
            self._aims[symbol] = close * (1 + move)
        self._scale.add(BarsClosed(self._bar_ms, tuple(closed)))


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

    def __init__(self, dialect: Literal["kraken", "coinbase"], folder: Path, seed: int, nursery: Nursery) -> None:
        self.chance = random.Random(seed)
        self.seed, self.folder, self.nursery = seed, folder, nursery
        self.clock = VenueClock.starting(SPEED, time.time_ns() // 1000)
        self.server = QuickServer(dialect, self.clock, seed)
        self.store = Store(folder / "store")
        self.scale = Scale(folder)
        self.market = Market(self.server, self.scale, seed)
        self.begin_ms = floor_to(self.server.now_ms(), MINUTE_MS)
        self.tally = Tally()
        self.number = 0
        (folder / "restless.py").write_text(STRATEGY, encoding="utf-8")
        self._write_history()

    def play(self, rounds: int) -> Tally:
        """Rounds of trouble, each of which ends in a kill; then a rest, at which all must add up."""
        with self.server:
            self.server.user_order("DOGE/USD", "sell", "limit", "1000", price="0.9")
            self.server.user_order("BTC/USD", "sell", "limit", "0.1", price="990000")
            self.users = [each.id for each in self.server.open_orders()]
            self.market.start()
            try:
                self._begin()
                for _ in range(rounds):
                    self._round()
                    self._assert_nothing_done_twice()
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
        share = chance.choice((0.0, 0.03, 0.1, 0.2))
        server.mix(
            SHAPES, share, seed=self.seed * 1000 + self.number, whens=("before", "after", "later"), late_s=2.0
        )
        self._mood()
        how = chance.choice(("timer", "timer", "wire", "inside", "inside"))
        die_at = chance.choice((chance.randint(1, 60), chance.randint(60, 600))) if how == "inside" else 0
        kill_at, when = chance.randint(1, 5), chance.choice(("before", "after"))
        wait_s = chance.choice((chance.uniform(0.2, 1.5), chance.uniform(1.5, 5.0)))
        for _ in range(20):
            trader = self._start(die_at)
            if how != "timer" or chance.random() < 0.7:
                self._up(trader)
            if how == "wire":
                server.on_order = _Trigger(trader, kill_at, when)
            if trader.lives(wait_s if how == "timer" else 6.0):
                trader.kill()
                how = "timer"
            server.on_order = lambda when: None
            if trader.ended() == -signal.SIGKILL:
                self.tally.kills[how] += 1
                self.tally.rounds += 1
                return
            self._check_end(trader)
            self.tally.refused_starts += 1
        raise AssertionError("no trader lived")

    def _mood(self) -> None:
        """The venue is difficult in one more way, or well."""
        chance, server = self.chance, self.server
        with server.lock:
            server.matcher.hide_ms = chance.choice((0, 0, 2_000))
            server.matcher.trades_lag_ms = chance.choice((0, 0, 4_000))
            server.pending_ms = chance.choice((0, 0, 2_000))
        server.disturb_history(chance.random() < 0.5, chance.random() < 0.5)
        server.set_mode("online")
        server.set_rights(RIGHTS[server.dialect])
        self.market.stale = False
        mood = chance.choice(("", "", "", "mode", "rights", "stale", "lost cancels", "late fill"))
        self.tally.moods[mood or "well"] += 1
        later_s = chance.uniform(0, 3.0) * SPEED
        if mood == "mode":
            mode = chance.choice(("cancel_only", "post_only", "maintenance"))
            server.schedule(later_s, lambda: server.set_mode(mode))
        elif mood == "rights":
            rights = [each for each in RIGHTS[server.dialect] if each not in TRADING[server.dialect]]
            server.schedule(later_s, lambda: server.set_rights(rights))
        elif mood == "stale":
            self.market.stale = True
        elif mood == "lost cancels":
            server.lose_cancels(2)
        elif mood == "late fill":
            server.fill_after_cancel("0.5", after_s=2.0)

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

    def _assert_nothing_done_twice(self) -> None:
        with self.server.lock:
            oracle = self.server.oracle
            assert not oracle.doubled()
            assert not oracle.strangers()
            assert not oracle.sold_more_than()
            still = {each.id for each in self.server.open_orders()}
            assert set(self.users) <= still, "an order of the user's is gone"

    # A rest

    def _rest(self) -> None:
        """The venue is well: a trader settles everything, and is told to end."""
        self.server.calm()
        self.server.set_rights(RIGHTS[self.server.dialect])
        self.market.resting, self.market.stale = True, False
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
        self._assert_whole(done)

    def _settled(self, trader: Trader) -> list[str]:
        """Wait until all is known; the orders for which a person is called. Raises AssertionError."""
        self._up(trader)
        until = time.monotonic() + REST_S
        why, seen = "", 0
        while time.monotonic() < until:
            if not trader.lives(0.3):
                raise AssertionError(f"the trader ended: {trader.ended()}\n{self._said()}")
            book, state = self._folded()
            why = self._waits_for(book, state)
            if not why:
                return []
            unknown = self._never_arrived(book)
            seen = seen + 1 if unknown else 0
            if seen >= 8:
                return unknown
        trader.kill()
        trader.ended()
        raise AssertionError(f"not settled in {REST_S} s: {why}\n{self._said()}")

    def _waits_for(self, book: OrderBook, state: AccountState) -> str:
        unsettled = [f"{each.intent.id} {each.intent.action} {each.state}" for each in book.unsettled()]
        if unsettled:
            return f"unsettled {unsettled}"
        open_orders = [each.intent.id for each in book.live() if each.intent.action != "protect"]
        if open_orders:
            return f"open {open_orders}"
        waiting = [state.keys[k] for k in range(len(state.keys)) if state.slots[k, layout.WAIT_LOTS]]
        if waiting:
            return f"waits for entries {waiting}"
        leaving = [
            state.keys[k]
            for k in range(len(state.keys))
            if state.slots[k, layout.LOTS] and state.slots[k, layout.LEAVE]
        ]
        if leaving:
            return f"still to leave: {leaving}"
        with self.server.lock:
            naked = self._naked()
        return f"naked {naked}" if naked else ""

    def _never_arrived(self, book: OrderBook) -> list[str]:
        """Coinbase takes no deadline, and a process that died has nothing left to ask with again."""
        if self.server.dialect != "coinbase":
            return []
        entries = [each for each in book.unsettled() if each.intent.action == "entry"]
        unsettled = [each for each in entries if each.state is OrderState.UNKNOWN]
        with self.server.lock:
            return [each.intent.id for each in unsettled if not self.server.oracle.orders_with(each.intent.id)]

    def _naked(self) -> dict[str, Decimal]:
        """What no stop is under, though one could be."""
        found = {}
        for base, qty in self.server.oracle.naked_positions().items():
            if qty > self._dust(base):
                found[base] = qty
        return found

    def _dust(self, base: str) -> Decimal:
        symbol = f"{base}/USD"
        product = self.server.instruments[symbol]
        lowest = D(repr(self.market.prices[symbol])) * D("0.85")
        return max(product.least_quantity, product.least_cost / lowest)

    def _folded(self) -> tuple[OrderBook, AccountState]:
        journal = self.store.journal(ACCOUNT)
        return journal.replay(OrderFold()), journal.replay(AccountFold())

    def _assert_whole(self, done: dict[str, Any]) -> None:
        """Book and venue agree to the last digit: trades, open orders, balances, cash, lots; the journal's chain holds,
        and the breaker has nothing against the account."""
        self._assert_nothing_done_twice()
        server, oracle = self.server, self.server.oracle
        book, state = self._folded()
        trades, spent, lines = {}, D(0), 0
        dusty = set()
        for entry in self.store.journal(ACCOUNT).entries():
            body = entry.body
            if entry.kind == "fill" and "event" not in body:
                trades[body["venue_trade_id"]] = BookedTrade(
                    body["order"], body["side"], D(body["qty"]), D(body["price"]), D(body["fee"]), body["fee_currency"]
                )
            elif "dust" in body:
                dusty.add(body["symbol"])
            lines += "took" in body
        open_orders = {each.intent.id: each.left for each in book.live()}
        oracle.assert_books_agree(Books(trades=trades, open_orders=open_orders))
        assert not book.unsettled()
        expected = book.expected[server.dialect]
        for currency, total in expected.items():
            there = server.ledger.balances.get(currency, D(0))
            assert there == total, f"{there} {currency} is there, and {total} is expected"
        for base, qty in oracle.naked_positions().items():
            symbol = f"{base}/USD"
            shown = symbol in dusty or any(symbol in each for each in done["left"])
            assert qty <= self._dust(base) and shown, f"{qty} {base} is naked; left: {done['left']}"
            self.tally.dust += 1
        for number, key in enumerate(state.keys):
            lot = state.grid(key).lot
            lots = state.slots[number, layout.LOTS]
            held = book.held(key[0], key[2])
            assert held == oracle.positions().get(key[2].partition("/")[0], D(0))
            rest = held - lots * lot
            assert 0 <= rest <= self._dust(key[2].partition("/")[0]), f"{held} {key} is held, {lots} lots of {lot}"
            if rest:
                assert key[2] in dusty or rest < lot * 3, f"{rest} of {key} is ours and is in no account"
        for holding in book.holdings.values():
            spent += holding.bought - holding.sold + sum(holding.fees.values(), D(0))
        off = CAPITAL - spent - state.cash
        assert 0 <= off <= lines * MONEY_UNIT, f"the account's cash is {off} off in {lines} steps"
        latch = LatchFile(self.store.paths, ACCOUNT).read(must_exist=True)
        assert latch.level() is Level.CLOSED
        verdict = verify(self.store.paths, ACCOUNT)
        assert not verdict.broken, verdict.findings
        assert not server.mistakes

    def _said(self) -> str:
        return (self.folder / f"said-{self.number}.txt").read_text(encoding="utf-8")[-3000:]

    def _write_history(self) -> None:
        ts = self.begin_ms - MINUTE_MS * np.arange(HISTORY, 0, -1, dtype=np.int64)
        for symbol, price in self.market.prices.items():
            flat = [np.full(HISTORY, price) for _ in range(4)]
            key = SeriesKey(self.server.dialect, symbol, "1m")
            self.store.lake.write_candles(Candles(key, ts, *flat, np.full(HISTORY, 1e6)), source="test")


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
                print(f"FAILED: {venue}, seed {seed}: {error}", flush=True)
                if not asked.keep:
                    raise
            seed += 1
            if total.rounds % 10 == 0:
                print(f"{time.monotonic() - begun:5.0f} s: {total.words()}", flush=True)
    print(f"{failures} failures; {total.words()}; faults: {dict(total.faults)}; moods: {dict(total.moods)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
