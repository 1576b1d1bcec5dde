"""A trader in a process of its own, which can be killed: the real loop, the real client, journal and latch on disk.

The program reads one JSON line at a time: `{"start": {...}}` forks a trader and answers with its pid, `{"wait": pid}`
answers with how it ended. What is imported once is there in every trader, so that a restart takes moments. A trader
ends by itself after its time, and with its parent's input at the latest.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ccxt  # noqa: F401 (for every trader that is forked)
import duckdb  # noqa: F401
import numpy as np
import pyarrow.parquet  # noqa: F401
import tenacity.nap
from trader_scale import Scale, ScaleFeed, VenueClock
from trader_signer import ForkedSigner

from memesnipe_cli import clock
from memesnipe_cli.clock import MINUTE_MS
from memesnipe_cli.engine.run import default_cache_dir
from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.gentle_stop import gentle_stop
from memesnipe_cli.live.loop import LiveLoop
from memesnipe_cli.live.request import LiveRequest
from memesnipe_cli.live.starting import open_live
from memesnipe_cli.profile import Profile
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey
from memesnipe_cli.strategies.registry import load
from memesnipe_cli.venues import one_key
from memesnipe_cli.venues.executor import Executor
from memesnipe_cli.venues.opening import open_order_venue
from memesnipe_cli.venues.order_state import OrderState

ACCOUNT = "live"
CAPITAL = Decimal(5000)
LOOK_S = 0.01  # how often the loop looks at nothing new
CALLS = {"timeout_s": 0.5, "read_deadline_s": 1.5, "order_timeout_s": 0.4}
KEY_USE = {"venue": "loopback", "name": "trade", "fingerprint": "test", "purpose": "live start"}

# Long after a bar that rose, out after one that fell; three units, half of them out at a target, a trailing stop.
STRATEGY = '''
from typing import Any

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal


class Restless(Strategy):
    """Long after a bar that rose, out after one that fell."""

    name = "restless"
    summary = "For tests."
    family = "momentum"
    timeframe = "1m"
    tags = {1: "rose"}

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def warm_up(p: Any) -> int:
        return 2

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(target_r=0.4, target_share=0.5, trail_r=0.6, units=3, step_r=0.1, max_bars=6)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        if bar.close > bar.open:
            return signal(enter=1, stop=0.08 * bar.close)
        if bar.close < 0.98 * bar.open:
            return signal(exits=1)
        return signal()
'''


@dataclass(frozen=True)
class Life:
    """What a trader is started with. folder: of its account; die_at: it kills itself at so many points at which
    something has just happened or is about to (0: never); by_hand: orders that a person has found not to exist;
    number: of the life, for its report; begin_ms: open of the first bar
    that is not in the store beforehand."""

    folder: str
    venue: str
    base_url: str
    symbols: list[str]
    clock: dict[str, int]
    begin_ms: int
    number: int
    die_at: int = 0
    by_hand: list[str] = field(default_factory=list)


class Fate:
    """Counts the points at which a process may die, and kills it at one of them."""

    def __init__(self, die_at: int) -> None:
        self._left = die_at

    def point(self) -> None:
        """One of them."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call with a point before and one behind it."""

        def maybe(*args: Any, **named: Any) -> Any:
            self.point()
            answer = call(*args, **named)
            self.point()
            return answer

        return maybe

    def half(self, write: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
        """A write that may be cut off in its middle."""

        def maybe(handle: int, content: bytes) -> int:
            self._left -= 1
            if self._left == 0:
                write(handle, content[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return write(handle, content)

        return maybe


def profile(venue: str, base_url: str) -> Profile:
    """A live profile whose breaker and quality checks stay out of the way: they are not what is looked at."""
    wide = {"warning": 0.9, "halt": 0.9, "emergency": 0.95, "daily_warning": 0.9, "daily_halt": 0.9}
    slow = {"latency_warning_ms": 600_000, "latency_halt_ms": 600_000, "data_age_ms": 5_000}
    skew = {"clock_skew_warning_ms": 60_000, "clock_skew_halt_ms": 60_000}
    errors = {"error_rate_warning": 1.0, "error_rate_halt": 1.0}
    often = {"reconcile_seconds": 60, "elevated_reconcile_seconds": 60}
    rates = {"orders_per_minute": 200, "messages_per_minute": 2_000, "executions_per_hour": 1_000}
    return Profile.model_validate(
        {
            "name": "test",
            "kind": "live",
            "account": {"venue": venue, "capital": str(CAPITAL)},
            "limits": {**rates, "max_order": 60},
            "breaker": {**wide, "strategy_halt": 0.9, "lifetime_halt": 0.95, "allow_looser": True},
            "execution": {**slow, **skew, **errors, "allow_looser": True},
            "monitoring": often,
            "venues": {venue: {"base_url": base_url}, "default": {}},
        }
    )


def ingest(store: Store, venue: str, scale: Scale, symbols: list[str], begin_ms: int) -> int:
    """Put the bars that have closed into the store; the open of the last one."""
    closed, _ = scale.bars()
    if not closed:
        return begin_ms - MINUTE_MS
    ts = np.array([each.ts for each in closed], dtype=np.int64)
    for place, symbol in enumerate(symbols):
        bars = [each.bars[place] for each in closed]
        rows = np.array([[bar.open, bar.high, bar.low, bar.close, bar.volume] for bar in bars])
        columns = [np.ascontiguousarray(rows[:, column]) for column in range(5)]
        store.lake.write_candles(Candles(SeriesKey(venue, symbol, "1m"), ts, *columns), source="test")
    return int(ts[-1])


def trade(life: Life) -> dict[str, Any]:
    """One life, until it is told to end; how it stands then. Raises MemesnipeError."""
    folder, venue_clock = Path(life.folder), VenueClock(**life.clock)
    clock.now_ms = venue_clock.now_ms
    tenacity.nap.time = SimpleNamespace(  # type: ignore[assignment,attr-defined]
        sleep=lambda seconds: time.sleep(seconds / venue_clock.speed)
    )
    store, scale = Store(folder / "store"), Scale(folder)
    feed = ScaleFeed(scale, folder / f"up-{life.number}")
    asked = profile(life.venue, life.base_url)
    signer = ForkedSigner(life.venue, life.base_url, store, ACCOUNT, asked, venue_clock.now_ms)
    venue = open_order_venue(life.venue, life.base_url, signer, folder / "cache", **CALLS)  # type: ignore[arg-type]
    client = venue._exchange  # type: ignore[attr-defined]
    for shared in one_key._shared.values():
        shared.budget._refill_s /= venue_clock.speed * 10
    said: list[str] = []

    def say(words: str) -> None:
        said.append(words)
        sys.stdout.write(f"{venue_clock.now_ms()} {words}\n")
        sys.stdout.flush()

    journal = store.journal(ACCOUNT)
    if life.die_at:
        fate = Fate(life.die_at)
        Journal.append_many = fate.around(Journal.append_many)  # type: ignore[method-assign]
        os.fdatasync = fate.around(os.fdatasync)
        os.write = fate.half(os.write)  # type: ignore[assignment]
        client.fetch2 = fate.around(client.fetch2)
    with journal.held(1.0), gentle_stop() as stop:
        after_ms = ingest(store, life.venue, scale, life.symbols, life.begin_ms)
        request = LiveRequest(
            strategies=[load(f"{folder / 'restless.py'}:Restless", {})],
            symbols=life.symbols,
            venue=life.venue,
            capital=CAPITAL,
            profile=asked,
            store=store,
            cache_dir=default_cache_dir(),
            account=ACCOUNT,
            without_promotion="a test",
            duration_s=60.0,
            say=say,
            should_stop=stop,
            now=venue_clock.now_ms,
        )
        if life.by_hand:
            _by_hand(journal, venue, asked, life.by_hand)
        loops: list[LiveLoop] = []
        opened = open_live(
            request,
            venue,
            feed,
            journal,
            after_ms,
            KEY_USE,
            lambda: bool(loops) and not loops[0].stopping and not stop(),
            monotonic=venue_clock.seconds,
        )
        loops.append(LiveLoop(request, opened, feed, after_ms))
        done = loops[0].run()
        cash = opened.account.kernel.cash
    return {
        "left": done.left,
        "unsettled": done.unsettled,
        "level": done.level.name,
        "cash": cash,
        "stopped": done.stopped,
        "said": said,
    }


def _by_hand(journal: Journal, venue: Any, asked: Profile, order_ids: list[str]) -> None:
    from memesnipe_cli.risk.gate import Gate

    executor = Executor(venue, journal, Gate.of(asked, {venue.traits.venue}), Decimal(0), Decimal("0.02"))
    executor.desk.fold()
    for order_id in order_ids:
        if executor.book.of(order_id).state is OrderState.UNKNOWN:
            executor.settle_by_hand(order_id, "looked: the venue has none")


def _live(life: Life) -> int:
    """A forked trader; its exit code. What it says goes into a file beside its account."""
    folder = Path(life.folder)
    log = os.open(folder / f"said-{life.number}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        done = trade(life)
        code = 0
    except MemesnipeError as error:
        traceback.print_exc()
        done, code = {"error": error.code, "message": error.message}, int(error.exit_code)
    except BaseException:
        traceback.print_exc()
        return 1
    new = folder / f"done-{life.number}.new"
    new.write_text(json.dumps(done), encoding="utf-8")
    os.replace(new, new.with_suffix(".json"))
    return code


def main() -> None:
    """Fork and wait as told, until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    code = _live(Life(**asked["start"]))
                finally:
                    sys.stdout.flush()
                    os._exit(code)
            answer = {"pid": pid}
        else:
            _, status = os.waitpid(asked["wait"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
