"""The live loop: bar by bar the decisions of the backtest, sent to a venue; between bars the venue is asked, stops
are kept, the breaker is obeyed. It ends by itself, by its time, or when it is told; positions stay protected at the
venue."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from memesnipe_cli.clock import DAY_MS, SECOND_MS, floor_to
from memesnipe_cli.engine.account_step import SlotSignal
from memesnipe_cli.engine.feed import TapeStep
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.live_steps import LiveSource, LiveSteps
from memesnipe_cli.engine.session import threshold_lines
from memesnipe_cli.engine.session_journal import Decision
from memesnipe_cli.errors import NetworkError
from memesnipe_cli.live.kept_back import kept_back, refusal_line
from memesnipe_cli.live.reconciling import CAUSE
from memesnipe_cli.live.reporting import Reporter
from memesnipe_cli.live.request import LiveRun
from memesnipe_cli.live.starting import Opened
from memesnipe_cli.live.switch import Switch
from memesnipe_cli.records import time_text
from memesnipe_cli.risk.bounds import CLOSED_BAR_MS
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.signer.errors import SignerGoneError

if TYPE_CHECKING:
    from memesnipe_cli.live.request import LiveRequest
    from memesnipe_cli.market.live.feed import FeedState, LiveFeed
    from memesnipe_cli.risk.approval import Approved

PRODUCTS_EVERY_S = 60.0
SHOW_EVERY_S = 0.5
CLOCK_JUMP_S = 1.0
KEY_AGAIN_S = 300.0
SEE_THROUGH_S = 20.0  # how long a loop that ends waits for its orders to be known
_NO_ENTRY = ~(layout.ENTER_MASK | layout.CLOSED_FLAG)


@dataclass(slots=True)
class LiveLoop:
    """One run. key_check: asks the venue whether the key is still fit, and raises where it is not; signer_alive: raises
    SignerGoneError where nobody can sign any more."""

    request: LiveRequest
    opened: Opened
    feed: LiveFeed
    after_ms: int
    key_check: Callable[[], None] = field(default=lambda: None)
    signer_alive: Callable[[], None] = field(default=lambda: None)
    bars: int = 0
    stopping: bool = False
    _reporter: Reporter = field(init=False)
    _switch: Switch = field(init=False)
    _products_s: float = 0.0
    _clock_s: float | None = None
    _shown_s: float = field(default=-math.inf)
    _key_day: int = 0
    _key_s: float = field(default=-math.inf)
    _trouble: str = ""
    _decided_now: bool = False
    _feed_known: bool = False

    def __post_init__(self) -> None:
        self._reporter = Reporter(self.request, self.opened, self.feed)
        self._key_day = self.request.now() // DAY_MS
        seconds = self.request.profile.execution.dead_man_seconds
        self._switch = Switch(self.opened.account, seconds, say=self.request.say)

    def run(self) -> LiveRun:
        """Trade until the feed, the time or the person ends it. Raises RefusedError where the right to send was taken
        away or a check broke."""
        opened, request = self.opened, self.request
        source = LiveSource(
            name=request.venue,
            feed=self.feed,
            after_ms=self.after_ms,
            now=request.now,
            duration_s=request.duration_s,
            on_state=self._feed_changed,
        )
        steps = LiveSteps(
            source,
            opened.inputs,
            opened.dataset,
            request.strategies,
            opened.assumed,
            request.store,
            request.cache_dir,
            opened.begin,
        )
        ended = False
        try:
            # What is asked for entries must be known before the first bar, which may be a stored one that just closed.
            self._settle_flows()
            self._products()
            for step in steps:
                if step is not None:
                    self._bar(step)
                self._between()
                if request.should_stop() or (request.once and self._decided_now):
                    break
            self._see_through()
            ended = True
        except SignerGoneError as gone:
            # It is not started anew, and nobody signs in its place: a person finds out why.
            opened.guard.breaker.trip(ACCOUNT, Level.HALT, gone.code, gone.message)
            request.say(f"{gone.message}; the breaker is at HALT, stops rest at the venue")
            raise
        finally:
            if ended:
                self._show(ended=True)
            self.feed.close()
        return self._result()

    # A bar

    def _bar(self, step: TapeStep) -> None:
        """Decide at the close of a bar, and send what was decided. A bar that closed long ago opens nothing."""
        opened, account = self.opened, self.opened.account
        heard = account.monotonic()
        fresh = bool(step.ages) and min(step.ages) <= CLOSED_BAR_MS
        self._new_day(step)
        bars = account.kernel.bars(step.ts, step.ticks, step.volumes, step.rates)
        account.write(account.kernel.funded(bars))
        account.decided_ms = step.ts
        close_ms = step.ts + opened.inputs.tape.base_ms
        for terms, volume, ticks in zip(opened.inputs.terms, step.volumes, step.ticks, strict=True):
            if ticks[0]:
                account.market.quality.volume(terms.symbol, close_ms, volume)
        for slot in account.slots:
            bar = bars[opened.inputs.slots[slot].instrument]
            if (
                bar.open
                and account.cell(slot, layout.LOTS)
                and account.cell(slot, layout.ENTRY_TS) <= step.ts
            ):
                account.write(account.kernel.trailed(step.ts, slot, bar))
        account.market.look()
        opened.guard.hear()
        opened.guard.judge()
        shut = self._shut(step, fresh)
        said = [_exits_of(each) for each in step.said] if shut else step.said
        events = account.kernel.decide(bars, opened.guard.equity, said)
        for row in events:
            if row[layout.KIND] == layout.ENTRY_ORDER:
                order_id = account.book.order_id(row[layout.EVENT_SLOT], row) or ""
                opened.watcher.timer.signal(order_id, close_ms, heard)
        passed, approved, refused = opened.broker.entries.check(events)
        decision = Decision(opened.guard.equity, step.said, opened.inputs.tape.base_ms, refused)
        account.book.write(passed, decision, hold=True)
        for each in approved:
            quote = self.feed.quote(each.intent.symbol)
            bid, ask, mid = (None, None, None) if quote is None else (quote.bid, quote.ask, quote.mid)
            opened.watcher.timer.decided(each.intent.id, mid, bid, ask)
        self._send(approved)
        kept = list(kept_back(step.said, shut))
        account.book.append([refusal_line(account, each, step.ts) for each in kept])
        account.book.mark(step.ts, opened.inputs.tape.base_ms, opened.guard.equity, account.kernel.cash)
        self.bars += 1
        self._reporter.decided(step, passed, refused, kept)
        self._decided_now = self._decided_now or fresh

    def _shut(self, step: TapeStep, fresh: bool) -> str:
        """Why nothing is opened on this bar, "" where it may be."""
        if not fresh:
            return "late_bar"
        if self.stopping or self.request.should_stop():
            return "stopping"
        if self.opened.guard.level >= Level.HALT:
            return "breaker_halt"
        return "" if step_is_silent(step) or self._switched_off() else "switch_armed"

    def _switched_off(self) -> bool:
        """Whether nothing at the venue would cancel what is about to be sent."""
        try:
            self._switch.off()
        except NetworkError as problem:
            self.request.say(f"nothing is entered, the dead-man's switch may be armed: {problem.message}")
            return False
        return True

    def _send(self, approved: list[Approved]) -> None:
        try:
            self.opened.broker.entries.send(approved)
        except NetworkError as problem:
            # The orders are out; what became of them is asked between bars.
            self.request.say(problem.message)

    def _new_day(self, step: TapeStep) -> None:
        account, opened = self.opened.account, self.opened
        day_ms = floor_to(step.ts, DAY_MS)
        if step.scales is not None:
            self.opened = opened = replace(opened, inputs=replace(opened.inputs, scales=step.scales))
            account.kernel.use_scales(int(opened.inputs.tape.ts[0]) // DAY_MS, step.scales.tolist())
        if day_ms > account.book.state.marked_day:
            changes = threshold_lines(opened.inputs, day_ms) if step.scales is not None else []
            account.book.mark(
                account.decided_ms,
                opened.inputs.tape.base_ms,
                opened.guard.equity,
                account.kernel.cash,
                changes,
                day=time_text(day_ms),
            )

    # Between bars

    def beat(self) -> None:
        """A request is about to be made: whoever waits for an answer is not dead."""
        self._show()

    def heard(self, ok: bool) -> None:
        """A request was answered, or not."""
        market = self.opened.account.market
        market.quality.request(market.now(), ok)

    def _between(self) -> None:
        opened = self.opened
        self.signer_alive()
        self._watch_clock()
        opened.account.market.look()
        opened.guard.look()
        opened.broker.step()
        self._halt_disproved()
        before_ms = opened.reconciler.done_ms
        trouble = opened.reconciler.step(opened.guard.level)
        if opened.reconciler.done_ms != before_ms and opened.account.market.standing.reconciled:
            self._settle_flows()
        if trouble and trouble != self._trouble:
            self.request.say(f"reconciliation: {trouble}")
        self._trouble = trouble
        self._products()
        self._check_key()
        self._renew_switch()
        lines = opened.watcher.taken()
        if lines:
            opened.account.book.append(lines)
        self._show()

    def _settle_flows(self) -> None:
        gone = self.opened.guard.settle_flows()
        if gone:
            currency = self.opened.account.currency
            self.request.say(
                f"{gone:f} {currency} of the account's money was taken out: it trades with the rest"
            )

    def _halt_disproved(self) -> None:
        """An order that was proven not to exist has filled: what else is believed of this venue may be wrong, too."""
        disproved = self.opened.account.disproved
        if disproved and self.opened.guard.level < Level.HALT:
            words = f"filled, and had been proven never to have arrived: {', '.join(sorted(disproved))}"
            self.opened.guard.breaker.trip(ACCOUNT, Level.HALT, CAUSE, words)
            self.request.say(words)

    def _watch_clock(self) -> None:
        """A clock that was set, or a machine that slept: how far the venue's clock is ahead is not known any more, and
        nothing is entered until it has been asked."""
        account = self.opened.account
        offset_s = self.request.now() / SECOND_MS - account.monotonic()
        if self._clock_s is not None and abs(offset_s - self._clock_s) > CLOCK_JUMP_S:
            self.request.say(
                f"the clock jumped by {offset_s - self._clock_s:+.1f} s: the venue is asked for its time"
            )
            account.market.skew_ms = None
            self.opened.reconciler.soon()
        self._clock_s = offset_s

    def _products(self) -> None:
        """How the venue trades each instrument now: it may say cancel-only, or nothing at all."""
        market, now_s = self.opened.account.market, self.opened.account.monotonic()
        if now_s - self._products_s < PRODUCTS_EVERY_S and self._products_s:
            return
        self._products_s = now_s
        venue = self.opened.account.executor.desk.venue
        try:
            market.quality.venue_status(market.venue, market.now(), venue.venue_status())
            for symbol, product in market.products.items():
                status = venue.status(symbol)
                if status != product.status:
                    self.request.say(f"{symbol} is {status} at {market.venue} now")
                    market.products[symbol] = replace(product, status=status)
        except NetworkError as problem:
            market.quality.venue_status(market.venue, market.now(), None)
            self.request.say(problem.message)

    def _renew_switch(self) -> None:
        try:
            self._switch.step()
        except NetworkError as problem:
            self.request.say(problem.message)

    def _check_key(self) -> None:
        """Once a day. A key that is not fit any more ends the loop; where the venue does not say, it is asked again."""
        day, now_s = self.request.now() // DAY_MS, self.opened.account.monotonic()
        if day == self._key_day or now_s < self._key_s:
            return
        try:
            self.key_check()
            self._key_day = day
        except NetworkError as problem:
            self._key_s = now_s + KEY_AGAIN_S
            self.request.say(problem.message)

    def _feed_changed(self, state: FeedState) -> None:
        if state.problem:
            self.request.say(f"market data by {state.source}: {state.problem}")
        else:
            self.request.say(f"market data by {state.source}")
        if self._feed_known:
            self.opened.reconciler.soon()
        self._feed_known = True

    def _show(self, *, ended: bool = False) -> None:
        """Tell the view and the marks, at most twice a second."""
        now_s = self.opened.account.monotonic()
        if now_s - self._shown_s < SHOW_EVERY_S and not ended:
            return
        self._shown_s = now_s
        status = self._reporter.status(self.stopping)
        self.opened.guard.show(status.body(), ended=ended)
        self.request.on_status(status)

    # The end

    def _see_through(self) -> None:
        """Open nothing more, and find out what became of the orders that are out, for a while."""
        self.stopping = True
        self._switched_off()
        opened = self.opened
        until = opened.account.monotonic() + SEE_THROUGH_S
        while opened.account.monotonic() < until:
            opened.guard.look()
            opened.broker.step()
            self._show()
            if not opened.broker.waiting() and not opened.broker.trouble:
                break
            time.sleep(0.05)
        lines = opened.watcher.taken()
        if lines:
            opened.account.book.append(lines)
        if opened.account.book.state.mark is not None:
            # What has filled since the last bar is in the account's worth.
            account, base_ms = opened.account, opened.inputs.tape.base_ms
            account.book.mark(account.decided_ms, base_ms, account.kernel.mark(), account.kernel.cash)

    def _result(self) -> LiveRun:
        opened = self.opened
        book = opened.account.executor.book
        return LiveRun(
            state=opened.account.book.state,
            trades=opened.account.book.trades,
            bars=self.bars,
            stopped=self.request.should_stop(),
            resumed=opened.resumed,
            level=opened.guard.level,
            halted_strategies=opened.guard.halted_strategies,
            left=self._reporter.left(),
            unsettled=[each.intent.id for each in book.unsettled()],
        )


def step_is_silent(step: TapeStep) -> bool:
    """Whether no strategy wants to enter at the close of this bar."""
    return not any(each.flags & layout.ENTER_MASK for each in step.said)


def _exits_of(signal: SlotSignal) -> SlotSignal:
    """A signal without what it would open."""
    return SlotSignal(signal.flags & _NO_ENTRY) if signal.flags else signal
