"""A session under its breaker: judged after every bar's fills and between bars, its marks shown to whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.feed import TapeStep
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.session_breaker import SessionBreaker
from memesnipe_cli.engine.session_gate import SessionGate
from memesnipe_cli.engine.session_journal import SessionJournal
from memesnipe_cli.engine.session_marks import marks_of
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.checked import CheckFailed, checked
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.latch import Latch, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import write_marks
from memesnipe_cli.risk.quality import ExecutionQuality

if TYPE_CHECKING:
    from memesnipe_cli.engine.session import SessionRequest

_SHOW_EVERY_S = 0.5
_POLL_S = 0.02  # how soon a level that another process sets is noticed between bars


class Guarded:
    """The account of a session with its breaker. `equity` is that of the last mark, in the quote currency."""

    def __init__(
        self,
        request: SessionRequest,
        book: SessionJournal,
        account: AccountStep,
        inputs: EngineInput,
        latch: LatchFile,
    ) -> None:
        self._request = request
        self._book = book
        self._account = account
        self._base_ms = inputs.tape.base_ms
        self._file = latch
        self._breaker: SessionBreaker | None = None
        if not request.assume_resets:
            symbols = [inputs.terms[slot.instrument].symbol for slot in inputs.slots]
            resets = (book.state.session or {}).get("resets", {})
            self._breaker = SessionBreaker(latch, account, book.state.scopes, symbols, resets)
        self._shown = 0.0
        self._ts = 0
        self._due = time.monotonic()
        self._grids = book.grids
        self._symbols = [terms.symbol for terms in inputs.terms]
        self._quality = ExecutionQuality(request.profile.execution)
        fence = 0 if self._breaker is None else self._breaker.fence
        measured = None if self._breaker is None else self._quality
        self._gate = SessionGate(request.profile, inputs, book, account, fence, measured)
        self.equity = account.mark()

    @property
    def level(self) -> Level:
        """The account's level."""
        return Level(self._account.row(0)[rows.LEVEL])

    def let_through(
        self, step: TapeStep, bars: list[Any], events: list[Row]
    ) -> tuple[list[Row], dict[int, Refused]]:
        """The events of a bar's decisions, each order checked once more by the gate; by slot what it refused."""
        latch = Latch(self._request.account) if self._breaker is None else self._breaker.seen
        cash = self._account.cash
        passed, refused = self._gate.check(step.ts, bars, self.equity, cash, events, latch, step.ages)
        if self._breaker is not None:
            for said in refused.values():
                self._breaker.stop(said)
        return passed, refused

    def saw(self, step: TapeStep, bars: list[Any], filled: list[Row]) -> None:
        """Learn from a bar, before its fills are written down, what became of orders, how well they fill and how liquid
        the instruments are."""
        self._gate.saw(step.ts, bars, filled)
        if self._breaker is None:
            return
        now = step.ts + self._base_ms
        for symbol, prices, volume in zip(self._symbols, step.ticks, step.volumes, strict=True):
            if prices[0]:
                self._quality.volume(symbol, now, volume)
        for row in filled:
            kind = row[layout.KIND]
            if kind in (layout.ENTRY_FILL, layout.EXIT_FILL):
                tick = self._grids[row[layout.EVENT_SLOT]].tick
                buying = (row[layout.EVENT_SIDE] > 0) == (kind == layout.ENTRY_FILL)
                reference, price = row[layout.REFERENCE] * tick, row[layout.EVENT_TICKS] * tick
                self._quality.filled(now, reference, price, "buy" if buying else "sell")

    @property
    def halted_strategies(self) -> list[str]:
        """The strategies that the breaker has halted."""
        scopes = enumerate(self._book.state.scopes)
        return [
            scope.partition(":")[2]
            for number, scope in scopes
            if number and self._account.row(number)[rows.LEVEL] >= Level.HALT
        ]

    def at(self, ts: int) -> float:
        """Obey the latch, mark the account at the close of the bar that opens at ts and judge it; the equity."""
        self._ts = ts
        if self._breaker is not None:
            self._book.write(self._breaker.obey(ts))
        self.equity, events = self._judged(ts)
        if self._breaker is not None:
            self._breaker.latch(ts + self._base_ms)  # the latch first: the journal may have to wait
        self._gate.saw(ts, [], events)
        self._book.write(events)
        return self.equity

    def _judged(self, ts: int) -> tuple[float, list[list[int]]]:
        judged = checked("breaker", lambda: self._account.guard(ts))
        if isinstance(judged, CheckFailed):
            if self._breaker is not None:
                self._breaker.fail(judged)
            raise RefusedError(
                f"a check of the breaker failed ({judged.reason}): trading has stopped",
                "the breaker is at HALT; please report this, with the journal",
                code=judged.cause,
            )
        return judged

    def wait(self, should_stop: Callable[[], bool]) -> bool:
        """Wait until the next bar is due, still obeying the latch. True where the account was judged again."""
        pace = self._request.bars_per_second
        if pace <= 0:
            return False
        self._due = max(self._due + 1.0 / pace, time.monotonic() - 1.0)
        judged = False
        while not should_stop():
            left = self._due - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, _POLL_S))
            judged |= self.idle(self._ts + self._base_ms)
        return judged

    def idle(self, close_ms: int) -> bool:
        """Between bars: obey the latch, and show that who waits for a bar is not dead. close_ms: when the last bar had
        closed. True where the account was judged again; before its first bar it is not."""
        news = self._ts > 0 and self._breaker is not None and self._breaker.has_news()
        if news:
            self.at(self._ts)
        self.show(close_ms)
        return news

    def show(self, close_ms: int, *, ended: bool = False) -> None:
        """Replace the file in which others read the marks, at most twice a second, and at the end."""
        if self._breaker is None:
            return
        now = time.monotonic()
        if now - self._shown < _SHOW_EVERY_S and not ended:
            return
        self._shown = now
        marks = marks_of(self._request, self._book, self._account, close_ms, self.equity, running=not ended)
        marks["fence"] = self._breaker.fence
        marks["quality"] = [finding.body() for finding in self._quality.findings(close_ms)]
        write_marks(self._file.path.with_name("marks.json"), marks)
