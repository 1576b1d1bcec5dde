"""`memesnipe ingest stream`: bars of a venue as they close, into the store and down the pipe."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memesnipe_cli.cli import current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.errors import ExitCode

if TYPE_CHECKING:
    from memesnipe_cli.console import Console
    from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, LiveFeed

_NAP_S = 0.25  # how soon Ctrl-C is obeyed
_COLUMNS = (
    *(Column(name, name) for name in ("venue", "symbol", "timeframe")),
    Column("bars", "bars", right=True),
    Column("first", "since"),
    Column("last", "until"),
)
_SOURCES = {
    "websocket": "by WebSocket",
    "rest": "by REST",
    "none": "nothing comes",
}


def stream(
    ctx: typer.Context,
    venue: Annotated[str, typer.Option(help="Any venue ccxt knows; WebSocket on kraken and coinbase.")],
    symbol: Annotated[list[str], typer.Option(help="E.g. DOGE/USD (repeatable).")],
    timeframe: Annotated[str, typer.Option(help="Length of the bars, one that the venue has.")] = "5m",
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="End after so long, e.g. 90s, 10m, 8h. Default: never.")
    ] = None,
) -> int:
    """Bring in bars as they close, until Ctrl-C: by WebSocket where that works, else by REST.

    Every bar is stored. With --jsonl it is also written as a `candle` record at once, so that it can go on down a pipe.
    A bar that came by after an outage has `live` false in its record. For bars of the past: memesnipe ingest candles.
    """
    from memesnipe_cli.clock import length_s, now_ms, timeframe_ms
    from memesnipe_cli.gentle_stop import gentle_stop
    from memesnipe_cli.market.live.venue_feed import open_feed

    run = current(ctx)
    console = run.console
    end = None if duration is None else time.monotonic() + length_s(duration, "--duration")
    base_ms = timeframe_ms(timeframe)
    settings = run.profile.venues.get(venue)
    feed = open_feed(
        venue,
        symbol,
        base_ms,
        run.store,
        base_url=settings.base_url if settings is not None else None,
        say=console.say,
    )
    told = _Told(console, venue, timeframe)
    try:
        with gentle_stop() as stop:
            now = now_ms()
            feed.start(now - now % base_ms - base_ms)
            while not stop() and (end is None or time.monotonic() < end):
                left = _NAP_S if end is None else min(_NAP_S, max(0.0, end - time.monotonic()))
                for closed in feed.wait(left):
                    told.bars(closed)
                told.state(feed)
    finally:
        feed.close()
    told.sum_up()
    return stop.code or ExitCode.OK


class _Told:
    """What the user has been told, and how."""

    def __init__(self, console: Console, venue: str, timeframe: str) -> None:
        self._console = console
        self._venue = venue
        self._timeframe = timeframe
        self._state: tuple[str, str] | None = None
        self._rows: dict[str, dict[str, Any]] = {}

    def bars(self, closed: BarsClosed) -> None:
        """Write the bars of one time."""
        for bar in closed.bars:
            row = self._record(bar)
            if self._console.mode is OutputMode.JSONL:
                self._console.record(row)
            self._count(row)
        if self._console.mode is OutputMode.HUMAN:
            self._console.say(self._line(closed))

    def state(self, feed: LiveFeed) -> None:
        """Say how the data come, whenever that changes."""
        state = feed.state()
        if (state.source, state.problem) == self._state:
            return
        self._state = (state.source, state.problem)
        self._console.say(_state_line(self._venue, state))

    def sum_up(self) -> None:
        """A row a symbol, at the end."""
        if self._console.mode is not OutputMode.JSONL:
            self._console.records(list(self._rows.values()), _COLUMNS, empty="no bar has closed")

    def _record(self, bar: ClosedBar) -> dict[str, Any]:
        from memesnipe_cli.records import decimal_text, record, time_text

        numbers = ("open", "high", "low", "close", "volume")
        return record(
            "candle",
            venue=self._venue,
            symbol=bar.symbol,
            timeframe=self._timeframe,
            ts=time_text(bar.ts),
            **{name: decimal_text(getattr(bar, name)) for name in numbers},
            synthetic=False,
            live=bar.live,
        )

    def _count(self, row: dict[str, Any]) -> None:
        names = ("venue", "symbol", "timeframe")
        total = self._rows.setdefault(
            row["symbol"],
            {
                "type": "stream",
                "v": 1,
                **{name: row[name] for name in names},
                "bars": 0,
                "since": row["ts"],
                "until": row["ts"],
            },
        )
        total["bars"] += 1
        total["until"] = row["ts"]

    def _line(self, closed: BarsClosed) -> str:
        from memesnipe_cli.clock import format_time
        from memesnipe_cli.records import decimal_text

        closes = ", ".join(f"{bar.symbol} {decimal_text(bar.close)}" for bar in closed.bars)
        late = "" if all(bar.live for bar in closed.bars) else " (brought in later)"
        return f"{format_time(closed.ts)}  {closes or 'nothing was traded'}{late}"


def _state_line(venue: str, state: FeedState) -> str:
    how = _SOURCES.get(state.source, state.source)
    again = f", connected anew {state.reconnects} times" if state.reconnects else ""
    return f"{venue}: {how}{again}" + (f" ({state.problem})" if state.problem else "")
