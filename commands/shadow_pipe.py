"""`memesnipe shadow --data`: candles that are piped in, line by line, as they close."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from memesnipe_cli.commands.shadow_live import Asked, Standing, request_of, run_live, say_state, standing

from memesnipe_cli.cli import Run
from memesnipe_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.engine.live_steps import LiveSource
    from memesnipe_cli.engine.piped_bars import PipeHead
    from memesnipe_cli.strategies.registry import LoadedStrategy

_NAME = "pipe"


def piped(this_run: Run, asked: Asked, source: str) -> int:
    """Shadow a pipe until it ends, Ctrl-C, or --duration."""
    from memesnipe_cli.commands.backtest_run import load_strategies

    from memesnipe_cli.clock import timeframe_name
    from memesnipe_cli.engine.live_steps import LiveSource
    from memesnipe_cli.engine.piped_bars import Lines, read_head
    from memesnipe_cli.engine.warm_up import base_length
    from memesnipe_cli.market.live.pipe_feed import PipeFeed
    from memesnipe_cli.records import time_value

    loaded = load_strategies(asked.strategies, asked.params)
    base_ms = base_length(loaded)
    found = standing(this_run, asked)
    with _descriptor(source) as descriptor:
        lines = Lines(descriptor)
        head = read_head(lines)
        if head.base_ms != base_ms:
            raise UsageError(
                f"the piped bars are of {timeframe_name(head.base_ms)}, the strategies take {timeframe_name(base_ms)}",
                f"pipe in bars of {timeframe_name(base_ms)}: --timeframe {timeframe_name(base_ms)}",
            )
        if asked.venue not in (None, head.venue):
            raise UsageError(f"the piped bars are of {head.venue}, not of {asked.venue}", "leave --venue out")
        known = [] if found.session is None else list(found.session["symbols"])
        symbols = list(dict.fromkeys(asked.symbols or known or head.symbols))
        stream = itertools.chain(head.lines, lines)
        with closing(PipeFeed(stream, base_ms, symbols, warn=this_run.console.warn)) as feed:
            live = LiveSource(
                name=_NAME,
                feed=feed,
                after_ms=head.first_ms - base_ms,
                duration_s=asked.duration_s,
                on_state=lambda state: say_state(this_run, state),
            )
            since_ms = head.first_ms
            if found.session is not None:
                since_ms = time_value(found.session["since"], "since")
            if _warm(this_run, asked, found, loaded, head, symbols, since_ms, live):
                request = request_of(this_run, asked, found, loaded, head.venue, symbols, since_ms, live)
                _say_begun(this_run, loaded, head, symbols)
                return int(run_live(this_run, request))
            return _warm_up_on_the_pipe(this_run, asked, found, loaded, head, symbols, live)


@contextmanager
def _descriptor(source: str) -> Iterator[int]:
    """Where the lines come from. Raises UsageError for a terminal and for what is no file."""
    if source == "-":
        stdin = typer.get_binary_stream("stdin")
        if stdin.isatty():
            raise UsageError(
                "stdin is a terminal", "memesnipe ingest stream ... --jsonl | memesnipe shadow --data - ..."
            )
        yield stdin.fileno()
        return
    path = Path(source)
    if not path.exists() or path.is_dir():
        raise UsageError(f"--data {source} is no file", "name a file of candle records, or - for stdin")
    with path.open("rb", buffering=0) as stream:
        yield stream.fileno()


def _warm(
    this_run: Run,
    asked: Asked,
    found: Standing,
    loaded: list[LoadedStrategy],
    head: PipeHead,
    symbols: list[str],
    since_ms: int,
    live: LiveSource,
) -> bool:
    """Whether the store holds what the strategies warm up on, up to the first bar of the pipe."""
    from memesnipe_cli.engine.assumptions import assumptions
    from memesnipe_cli.engine.dataset import Request
    from memesnipe_cli.engine.live_data import live_dataset

    request = request_of(this_run, asked, found, loaded, head.venue, symbols, since_ms, live)
    wanted = Request(loaded, symbols, head.venue, since_ms, None, this_run.profile, this_run.store, None)
    try:
        live_dataset(wanted, assumptions(request.profile, request.capital, {}), live.after_ms)
    except DataError:
        return False
    return True


def _warm_up_on_the_pipe(
    this_run: Run,
    asked: Asked,
    found: Standing,
    loaded: list[LoadedStrategy],
    head: PipeHead,
    symbols: list[str],
    live: LiveSource,
) -> int:
    """Nothing is stored of what comes: the first bars of the pipe warm up, and the session begins after them, anew each
    time."""
    from memesnipe_cli.clock import timeframe_name
    from memesnipe_cli.engine.piped_bars import as_candles, warm_up_from
    from memesnipe_cli.gentle_stop import gentle_stop

    span = max(each.warm_up * each.timeframe_ms for each in loaded) + 2 * head.base_ms
    this_run.console.say(
        f"the store has no history of it: the first {span // head.base_ms} bars of the pipe are the warm-up"
    )
    live.feed.start(head.first_ms - head.base_ms)
    with gentle_stop() as stop:
        warmed = warm_up_from(live.feed, span, stop)
    if warmed is None:
        return int(stop.code or 0)
    before, first = warmed
    since_ms = first[0].ts
    if found.state.session is not None:
        was_pipe = found.state.session.get("feed") == _NAME
        found = replace(
            found, session=None, new_session=asked.reason or _NAME, abandon=found.abandon or was_pipe
        )
    live = replace(live, after_ms=before[-1].ts, first=first)
    request = request_of(this_run, asked, found, loaded, head.venue, symbols, since_ms, live)
    series = as_candles(head.venue, timeframe_name(head.base_ms), before)
    _say_begun(this_run, loaded, head, symbols)
    return int(run_live(this_run, replace(request, piped=series), goes_on=False))


def _say_begun(this_run: Run, loaded: list[LoadedStrategy], head: PipeHead, symbols: list[str]) -> None:
    from memesnipe_cli.commands.trade_output import SIMULATED

    from memesnipe_cli.store.tables import SIMULATED_VENUE

    what = f", {SIMULATED}" if head.venue == SIMULATED_VENUE else ""
    this_run.console.say(
        f"PAPER{what}: {', '.join(each.name for each in loaded)} on piped candles of {head.venue} {', '.join(symbols)}"
    )
