"""What is known of the market right now: bars, trades, best prices. The threads that listen and ask write here, the
loop reads; every public method takes the lock itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from threading import Condition, RLock
from typing import Any

from memesnipe_cli.clock import format_time
from memesnipe_cli.market.live.bar_ledger import BarLedger
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, Quote
from memesnipe_cli.market.live.prices import Prices
from memesnipe_cli.market.live.pulse import Pulse
from memesnipe_cli.market.live.rest_pace import RestJob, RestPace
from memesnipe_cli.market.live.trade_run import PublicTrade, TradeRun

# A symbol without trades: its bar is over when the connection speaks of a time so long after its end.
QUIET_BY_STAMP_MS = 250
QUIET_BY_CLOCK_MS = 400
# When REST is first asked for a closed bar, and from when on a bar that it does not show is taken as empty.
ASK_AFTER_MS = 250
ASK_BESIDE_STREAM_MS = 1_200
SETTLED_AFTER_MS = 1_000
# A wall clock that moves so much more than time passes: the machine slept, or the clock was set.
JUMP_MS = 3_000
SILENT_S = 3.0
_BARS_AGAIN_S = 0.75
_LATE_AGAIN_S = 5.0
# Kraken gives its last 720 candles, whatever was asked.
_FULL_ANSWER = 720
_LOOK_S = 0.02


class Board:
    """Bars and best prices of some symbols. `late`: is given each bar that comes after its time was given."""

    def __init__(
        self,
        symbols: Sequence[str],
        base_ms: int,
        *,
        now: Callable[[], int],
        monotonic: Callable[[], float],
        late: Callable[[ClosedBar], None] = lambda bar: None,
    ) -> None:
        self.symbols = tuple(symbols)
        self.base_ms = base_ms
        self.now = now
        self.monotonic = monotonic
        self.closing = False
        # Two queues at one lock: a message wakes the loop, and not those who ask REST.
        lock = RLock()
        self._changed = Condition(lock)
        self._asks = Condition(lock)
        self._late = late
        self._ledger: BarLedger | None = None
        self._prices = Prices()
        # --- the stream
        self._runs = {symbol: TradeRun() for symbol in self.symbols}
        self._streaming: set[str] = set()
        self._refused: dict[str, str] = {}
        self._deaf = False  # the clock jumped: what this connection says is old
        self._heard_ms = 0
        self._stream_problem = "not connected yet"
        self._connections = 0
        self._resets = 0
        # --- REST
        self._pace = RestPace(len(self.symbols))
        self._beyond_reach = ""
        # --- how it stands
        self._source = "none"
        self._since_ms = now()
        self._clocks: tuple[int, float] | None = None

    # --- the loop --------------------------------------------------------------------------------------------

    def start(self, after_ms: int) -> None:
        """Bars after the one that opened at `after_ms` are wanted."""
        with self._changed:
            self._ledger = BarLedger(self.symbols, self.base_ms, after_ms)
            self._asks.notify_all()

    def wait(self, seconds: float, real_time: Callable[[], float]) -> list[BarsClosed]:
        """The bars that become due within so many seconds of `real_time`, as soon as some are."""
        give_up = real_time() + seconds
        with self._changed:
            while True:
                due = self._take()
                left = give_up - real_time()
                if due or left <= 0.0 or self.closing:
                    return due
                self._changed.wait(min(left, self._until_next_look()))

    def quote(self, symbol: str) -> Quote | None:
        """The best prices that are the youngest."""
        with self._changed:
            found = self._youngest(symbol)
            return None if found is None else found[0]

    def age_ms(self, symbol: str) -> float | None:
        """The age of `quote`."""
        with self._changed:
            found = self._youngest(symbol)
            return None if found is None else found[1]

    def state(self) -> FeedState:
        """Where the data come from now."""
        with self._changed:
            source = self._present_source()
            if source != self._source:
                self._source, self._since_ms = source, self.now()
            reconnects = max(0, self._connections - 1)
            return FeedState(source, self._since_ms, reconnects, self._problem(source))

    def close(self) -> None:
        """Everybody who waits here may go."""
        with self._changed:
            self.closing = True
            self._changed.notify_all()
            self._asks.notify_all()

    # --- the stream ------------------------------------------------------------------------------------------

    def connecting(self) -> None:
        """A connection is being made anew; nothing was heard on it yet."""
        with self._changed:
            self._prices.pulse = Pulse()
            self._refused.clear()
            self._deaf = False

    def beat(self, stamp_ms: int | None = None) -> None:
        """A message came, whatever it says. stamp_ms: when the venue sent it."""
        with self._changed:
            if self._is_deaf():
                return
            pulse = self._prices.pulse
            self._connections += pulse.heard is None
            self._heard_ms = self.now()
            pulse.beat(self.monotonic(), self._heard_ms, stamp_ms)
            self._tell_the_loop()

    def trades(self, symbol: str, trades: Iterable[PublicTrade], *, first: bool) -> None:
        """Trades of the stream. first: the last ones before it began."""
        with self._changed:
            if self._is_deaf():
                return
            run = self._runs[symbol]
            run.add(trades)
            if first:
                run.began_empty(self.now())
                self._streaming.add(symbol)
            self._tell_the_loop()

    def top(self, symbol: str, quote: Quote | None) -> None:
        """The best prices of a book that is whole; None: it is not, or shows no market."""
        with self._changed:
            if self._is_deaf():
                return
            self._prices.streamed(symbol, quote)
            if quote is not None:
                self._stream_problem = ""

    def stream_refused(self, symbol: str, problem: str) -> None:
        """The venue does not stream this symbol; REST serves it."""
        with self._changed:
            self._streaming.discard(symbol)
            self._prices.streamed(symbol, None)
            self._refused[symbol] = problem

    def disconnected(self, problem: str) -> None:
        """The stream is gone: its books are not whole any more, and trades may be missed."""
        with self._changed:
            self._streaming.clear()
            self._prices.stream_lost()
            self._stream_problem = problem
            self._asks.notify_all()

    def resets(self) -> int:
        """How often the stream had to be made anew because a clock jumped."""
        with self._changed:
            self._look_at_clocks()
            return self._resets

    # --- REST ------------------------------------------------------------------------------------------------

    def next_job(self, wait_s: float) -> RestJob | None:
        """The most urgent question, now marked as being asked; None where there is none within so long."""
        with self._changed:
            job = self._choose()
            if job is None and not self.closing:
                self._asks.wait(wait_s)
                job = self._choose()
            if job is not None:
                self._pace.asking(job, self.monotonic())
            return job

    def bars_answered(self, job: RestJob, rows: Sequence[Sequence[Any]], asked_ms: int, reach: int) -> None:
        """Candles of an answer: rows of (open time, open, high, low, close, volume). asked_ms: the venue's or our time
        when asked, the earlier one. reach: the last open time that the answer can speak of."""
        with self._changed:
            self._pace.answered(job, self.monotonic())
            if self._ledger is None:
                return
            found = {int(row[0]): row for row in rows if row[0] is not None}
            newest = max(found, default=0)
            if len(rows) >= _FULL_ANSWER and min(found, default=0) > job.since:
                self._beyond_reach = (
                    f"the venue serves no bars of {job.symbol} from {format_time(job.since)} "
                    f"to {format_time(min(found))}: memesnipe ingest candles --from-trades brings them"
                )
            for ts in self._ledger.unknown(job.symbol, self.now()):
                if not job.since <= ts <= min(job.last, reach):
                    continue
                # A later bar proves that this one is over; without one it may still be growing.
                if newest <= ts and asked_ms < ts + self.base_ms + SETTLED_AFTER_MS:
                    continue
                row = found.get(ts)
                bar = None if row is None else bar_of(job.symbol, row)
                if row is not None and bar is None:
                    self._pace.problem = f"the candle of {job.symbol} {format_time(ts)} is no candle"
                    continue
                self._offer(job.symbol, ts, bar)
                self._runs[job.symbol].close(ts + self.base_ms, whole=False)
            urgent = any(ts >= self._ledger.next_ts for ts in self._ledger.unknown(job.symbol, self.now()))
            self._pace.again_in(job, _BARS_AGAIN_S if urgent else _LATE_AGAIN_S, self.monotonic())
            self._tell_the_loop()

    def book_answered(self, job: RestJob, quote: Quote | None, sent: float) -> None:
        """Best prices by REST; None: the answer shows no market."""
        with self._changed:
            self._pace.answered(job, self.monotonic())
            self._prices.asked(job.symbol, quote, sent, self.monotonic(), self.now())

    def refreshed(self, symbol: str, quote: Quote | None, sent: float) -> None:
        """The same, asked for by the loop itself."""
        with self._changed:
            self._prices.asked(symbol, quote, sent, self.monotonic(), self.now())

    def failed(self, job: RestJob, problem: str, pause_s: float = 0.0) -> None:
        """No answer. pause_s: nothing is asked for so long (the venue wants fewer questions)."""
        with self._changed:
            self._pace.failed(job, problem, pause_s, self.monotonic())

    # --- inside: bars ----------------------------------------------------------------------------------------

    def _take(self) -> list[BarsClosed]:
        if self._ledger is None:
            return []
        self._look_at_clocks()
        self._close_streamed()
        return self._ledger.take(self.now(), self.monotonic())

    def _close_streamed(self) -> None:
        """Close the bars of which the stream is known to have brought every trade."""
        ledger = self._ledger
        now = self.now()
        if ledger is None or ledger.next_end() > now:
            return
        for symbol in self.symbols:
            if symbol not in self._streaming:
                continue
            run = self._runs[symbol]
            for ts in ledger.unknown(symbol, now):
                end = ts + self.base_ms
                if not run.is_whole(ts):
                    continue
                if not run.reaches(end) and not self._is_quiet_after(end):
                    break
                self._offer(symbol, ts, run.bar(symbol, ts, end))
                run.close(end, whole=True)

    def _is_quiet_after(self, end: int) -> bool:
        """The connection has spoken after `end`: a trade before it would have come."""
        pulse = self._prices.pulse
        if pulse.venue_ms >= end + QUIET_BY_STAMP_MS:
            return True
        return self._heard_ms - pulse.late_ms >= end + QUIET_BY_CLOCK_MS

    def _offer(self, symbol: str, ts: int, bar: ClosedBar | None) -> None:
        if self._ledger is not None:
            late = self._ledger.offer(symbol, ts, bar, self.monotonic())
            if late is not None:
                self._late(late)

    def _tell_the_loop(self) -> None:
        if self._ledger is not None and self._ledger.next_end() <= self.now():
            self._changed.notify_all()

    def _until_next_look(self) -> float:
        """Seconds until something may be due without anybody telling."""
        if self._ledger is None:
            return 1.0
        left = (self._ledger.next_end() - self.now()) / 1000.0
        return min(left, 1.0) if left > 0.0 else _LOOK_S

    def _is_deaf(self) -> bool:
        self._look_at_clocks()
        return self._deaf

    def _look_at_clocks(self) -> None:
        """After a sleep of the machine what a connection still brings is old, and may have holes at its end."""
        seen = (self.now(), self.monotonic())
        if self._clocks is not None:
            passed_ms = (seen[1] - self._clocks[1]) * 1000.0
            if abs(seen[0] - self._clocks[0] - passed_ms) > JUMP_MS:
                self._resets += 1
                self._deaf = True
                self._streaming.clear()
                self._prices.forget()
                for run in self._runs.values():
                    run.forget()
        self._clocks = seen

    def _youngest(self, symbol: str) -> tuple[Quote, float] | None:
        self._look_at_clocks()
        return self._prices.youngest(symbol, self.monotonic())

    # --- inside: what REST is to be asked --------------------------------------------------------------------

    def _choose(self) -> RestJob | None:
        if self._ledger is None or self.closing:
            return None
        self._look_at_clocks()
        self._close_streamed()
        moment = self.monotonic()
        if not self._pace.is_open(moment):
            return None
        return self._choose_bars(self._ledger, moment) or self._choose_book(moment)

    def _choose_bars(self, ledger: BarLedger, moment: float) -> RestJob | None:
        now = self.now()
        for symbol in self.symbols:
            if not self._pace.may_ask("bars", symbol, moment):
                continue
            missing = ledger.unknown(symbol, now)
            if missing and now >= self._ask_from(symbol, missing[-1]):
                return RestJob("bars", symbol, missing[0], missing[-1])
            if len(missing) > 1:
                # The newest may wait for the stream; those before it need not.
                return RestJob("bars", symbol, missing[0], missing[-2])
        return None

    def _ask_from(self, symbol: str, ts: int) -> int:
        """When REST should be asked for the bar that opened at ts."""
        streamed = symbol in self._streaming and self._runs[symbol].is_whole(ts)
        return ts + self.base_ms + (ASK_BESIDE_STREAM_MS if streamed else ASK_AFTER_MS)

    def _choose_book(self, moment: float) -> RestJob | None:
        alive = self._is_heard(moment)
        wanted = [
            symbol
            for symbol in self.symbols
            if not (alive and self._prices.has_book(symbol)) and self._pace.may_ask("book", symbol, moment)
        ]
        if not wanted:
            return None
        return RestJob("book", min(wanted, key=lambda symbol: self._pace.turn("book", symbol)))

    # --- inside: how it stands -------------------------------------------------------------------------------

    def _is_heard(self, moment: float) -> bool:
        heard = self._prices.pulse.heard
        return heard is not None and moment - heard <= SILENT_S

    def _present_source(self) -> str:
        moment = self.monotonic()
        streamed = [symbol for symbol in self.symbols if symbol not in self._refused]
        if streamed and self._is_heard(moment) and all(map(self._prices.has_book, streamed)):
            return "websocket"
        return "rest" if self._pace.is_alive(moment) else "none"

    def _problem(self, source: str) -> str:
        said = []
        if source != "websocket":
            said.append(f"WebSocket: {self._stream_problem or self._without_book()}")
        said += [f"{symbol} comes by REST: {problem}" for symbol, problem in self._refused.items()]
        if self._pace.problem and (source != "websocket" or self._refused):
            said.append(f"REST: {self._pace.problem}")
        if self._beyond_reach:
            said.append(self._beyond_reach)
        late = [symbol for symbol in self.symbols if self._runs[symbol].late]
        if late:
            said.append(f"trades of {', '.join(late)} came after their bar was over: is the clock right?")
        return "; ".join(said)

    def _without_book(self) -> str:
        without = [symbol for symbol in self.symbols if not self._prices.has_book(symbol)]
        return f"no whole book of {', '.join(without)}" if without else "silent"


def bar_of(symbol: str, row: Sequence[Any]) -> ClosedBar | None:
    """A candle of ccxt's as a bar; None where it cannot be one."""
    values = [math.nan if value is None else float(value) for value in row[1:6]]
    if not all(math.isfinite(value) for value in values):
        return None
    open_, high, low, close, volume = values
    if not (0 < low <= min(open_, close) and max(open_, close) <= high and volume >= 0):
        return None
    return ClosedBar(symbol, int(row[0]), open_, high, low, close, volume)
