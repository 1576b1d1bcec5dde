"""The lines of the live view that say how it goes: orders under way, the feed, execution, the books, what to know."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from memesnipe_cli.engine.figures import number
from memesnipe_cli.live.status import ONLINE, LoopStatus
from memesnipe_cli.live.status_parts import NAKED, UNKNOWN
from memesnipe_cli.live_view.changes import quality_words
from memesnipe_cli.live_view.columns import ACTIONS, ATTENTION, TROUBLE
from memesnipe_cli.live_view.money import labelled
from memesnipe_cli.live_view.words import age, bare, hour

Part = tuple[str, str]
_OK = "ok"
_SOURCES = {"websocket": "WebSocket", "rest": "REST", "tape": "recorded tape", "pipe": "pipe", "none": "none"}


def orders_line(status: LoopStatus) -> Text:
    """How many there are, by what they are for."""
    if not status.orders:
        return labelled("orders", "none open")
    unknown = sum(each.state == UNKNOWN for each in status.orders)
    known = Counter(ACTIONS.get(each.action, each.action) for each in status.orders if each.state != UNKNOWN)
    words = ", ".join(f"{many} {action}" for action, many in sorted(known.items()))
    parts: list[Part] = [(f"{words} open" if words else "", "")]
    if unknown:
        parts += [(", " if words else "", ""), (f"{unknown} UNKNOWN: may exist at the venue", TROUBLE)]
    return labelled("orders", *parts)


def feed_line(status: LoopStatus) -> Text:
    """Where data come from, how old they are, and why it is not better."""
    feed = status.feed
    tone = TROUBLE if feed.source == "none" else ATTENTION if feed.problem else ""
    since = f" since {hour(feed.since_ms)}" if feed.problem and feed.since_ms is not None else ""
    parts: list[Part] = [(_SOURCES.get(feed.source, feed.source) + since, tone)]
    worst = feed.worst
    if worst is not None and feed.limit_ms is not None:
        symbol, oldest = worst
        late = oldest is None or oldest > feed.limit_ms
        words = f", {age(oldest)} at most" if oldest is not None else f", age of {symbol} not known"
        parts.append((words, ATTENTION if late else ""))
        if oldest is not None:
            parts.append((f" ({symbol}), median {age(feed.median_ms)}", ""))
    if feed.reconnects:
        parts.append((f", reconnected {_times(feed.reconnects)}", ""))
    if feed.problem:
        parts.append((f": {feed.problem}", tone))
    return labelled("feed", *parts)


def execution_line(status: LoopStatus) -> Text:
    """Latency of the last orders (median, 95th percentile), and the share of calls that failed."""
    took = status.latency
    errors = "" if took.error_rate is None else f", errors {took.error_rate * 100:.1f} %"
    if not took.orders:
        return labelled("execution", f"no orders yet{errors}")
    sent, answered = (
        f"{number(median, 0)} (p95 {number(most, 0)}) ms"
        for median, most in (
            (took.sent_p50_ms, took.sent_p95_ms),
            (took.acknowledged_p50_ms, took.acknowledged_p95_ms),
        )
    )
    return labelled("execution", f"sent in {sent}, answered in {answered}{errors}")


def books_line(status: LoopStatus) -> Text:
    """What the last reconciliation found."""
    last = status.reconciliation
    if last is None:
        if status.mode == "paper":
            return labelled("books", "paper: kept by the journal alone")
        return labelled("books", ("not reconciled yet", ATTENTION))
    when = f"{age(status.time_ms - last.time_ms)} ago"
    if last.clean:
        return labelled("books", f"agree with {status.venue}, reconciled {when}")
    many = len(last.findings)
    first = f": {last.findings[0]}" if last.findings else ""
    return labelled(
        "books", (f"do NOT agree, {many} finding{'' if many == 1 else 's'} {when}{first}", TROUBLE)
    )


def notices(status: LoopStatus, said: list[str], silent_s: float) -> list[Part]:
    """What a person should know now, the gravest first. silent_s: for how long the loop has shown nothing new."""
    found: list[Part] = []
    if silent_s:
        found.append((f"the loop has shown nothing new for {silent_s:.0f} s: all of this is as old", TROUBLE))
    found += [(bare(each), TROUBLE) for each in status.positions if each.protection == NAKED]
    if status.venue_status != ONLINE:
        found.append((f"{status.venue}: {status.venue_status}", ATTENTION))
    found += [(quality_words(each), ATTENTION) for each in status.quality if each.state != _OK]
    found += [(text, ATTENTION) for text in status.warnings]
    found += [(text, "") for text in reversed(said)]
    return found


def _times(many: int) -> str:
    return "once" if many == 1 else f"{many} times"
