"""Whether a session decided on the very signals that a backtest of the same tape scans, bit by bit.

Trades are compared by engine/replay.py. They are whole ticks and lots, which a last digit in an indicator seldom moves;
what a decision's line says of its signal is the number itself, and it moves with the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from memesnipe_cli.clock import format_time
from memesnipe_cli.records import time_value

if TYPE_CHECKING:
    from memesnipe_cli.engine.session import SessionRequest

Key = tuple[str, str, int]  # strategy, symbol, open of the bar in ms UTC
_DECISIONS = ("entry_order", "refusal")


def scanned_scores(request: SessionRequest, *, compiled: bool = True) -> dict[Key, float]:
    """The score of every entry signal on the tape of a request, as a backtest scans them: the whole tape at once.

    Raises DataError for a tape that cannot be used.
    """
    from memesnipe_cli.engine.assumptions import assumptions
    from memesnipe_cli.engine.dataset import Request, load_dataset, make_slots, make_tape, scan_signals

    assumed = assumptions(request.profile, request.capital, {})
    dataset = load_dataset(
        Request(
            request.strategies,
            request.symbols,
            request.venue,
            request.since_ms,
            request.until_ms,
            request.profile,
            request.store,
            request.piped,
        ),
        assumed,
    )
    tape = make_tape(dataset)
    signals = scan_signals(
        dataset, tape, request.strategies, assumed.min_turnover, request.cache_dir, compiled=compiled
    )
    slots = make_slots(len(request.strategies), len(dataset.series))
    found: dict[Key, float] = {}
    for slot, rows in zip(slots, signals.tape.rows, strict=True):
        name = request.strategies[slot.strategy].name
        symbol = dataset.series[slot.instrument].terms.symbol
        for ts, score in zip(tape.ts[rows.index].tolist(), rows.score.tolist(), strict=True):
            found[(name, symbol, ts)] = score
    return found


def first_other_score(
    lines: Iterable[tuple[str, Mapping[str, Any]]], scanned: Mapping[Key, float]
) -> tuple[int, str]:
    """How many decisions of a session's lines (kind, body) were held against the scan, and the first that was made on
    another signal, in words; "" where none was."""
    count = 0
    for _, body in lines:
        if body.get("event") not in _DECISIONS or "score" not in body:
            continue
        bar_ms = time_value(body["bar"], "bar")
        expected = scanned.get((body["strategy"], body["symbol"], bar_ms))
        if expected is None and body["score"] == "0.0":
            continue  # a further unit of a position: no signal asked for it
        count += 1
        if expected is None or body["score"] != repr(expected):
            where = f"{body['strategy']} {body['symbol']} at {format_time(bar_ms)}"
            said = "no signal" if expected is None else f"a signal of {expected!r}"
            return count, f"{where}: {body['score']} in the session, {said} in the scan of the tape"
    return count, ""
