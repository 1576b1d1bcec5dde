"""What changed between two snapshots of a loop, and matters, as one calm line each: the log of a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from memesnipe_cli.engine.figures import UNDEFINED, money
from memesnipe_cli.live.status import ONLINE, LoopStatus
from memesnipe_cli.live.status_parts import NAKED, UNKNOWN, PositionStatus, amount
from memesnipe_cli.live_view.words import bare, clean, held, plain
from memesnipe_cli.risk.kernel.rows import LAST_STAGE
from memesnipe_cli.risk.levels import STOPPED, Level
from memesnipe_cli.risk.quality import DATA_AGE
from memesnipe_cli.risk.quality import Finding as QualityFinding

# Ages of data come and go around their limit; what is wrong with the feed it says itself.
_RESTLESS = frozenset({DATA_AGE})
_OK = "ok"


class Change(NamedTuple):
    """One line. trouble: a person should hear of it even where all is quiet."""

    text: str
    trouble: bool = False


def say_changes(before: LoopStatus | None, after: LoopStatus) -> list[str]:
    """The lines alone; see `changes`."""
    return [change.text for change in changes(before, after)]


def changes(before: LoopStatus | None, after: LoopStatus) -> list[Change]:
    """A line for each thing that is another one now. before: None says how the loop begins, and what is not well."""
    found = [
        *_beginning(before, after),
        *_levels(before, after),
        *_positions(before, after),
        *_orders(before, after),
        *_feed(before, after),
        *_venue(before, after),
        *_books(before, after),
        *_quality(before, after),
        *_warnings(before, after),
    ]
    return [Change(clean(change.text), change.trouble) for change in found]


def _beginning(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    if before is None:
        kind = "live, real money" if after.mode == "live" else "paper"
        market = ", SIMULATED market" if after.simulated else ""
        worth = money(amount(after.equity), after.currency) if after.equity is not None else "not known"
        yield Change(f"account {after.account} on {after.venue}: {kind}{market}; equity {worth}")
    if after.stopping and not (before and before.stopping):
        yield Change("stopping: no new positions; the stops stay")


def _levels(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    was = before.level if before else Level.CLOSED
    if after.level is not was:
        why = ": ".join(part for part in (after.cause, after.reason) if part)
        yield _level("breaker", was, after.level, why)
    seen = {each.name: each.level for each in before.strategies} if before else {}
    for strategy in after.strategies:
        was = seen.get(strategy.name, Level.CLOSED)
        if strategy.level is not was:
            yield _level(f"breaker of {strategy.name}", was, strategy.level, strategy.cause)
    stage = before.recovery.stage if before else 0
    if after.recovery.stage != stage:
        now = after.recovery
        share = (
            f"{now.size:.0%} of normal (stage {now.stage} of {LAST_STAGE})" if now.stage else "normal again"
        )
        yield Change(f"size of new positions: {share}")


def _level(whose: str, was: Level, now: Level, why: str) -> Change:
    cause = f" ({why})" if why and now > Level.CLOSED else ""
    return Change(f"{whose}: {was.name} -> {now.name}{cause}: {STOPPED[now]}", now > was)


def _positions(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    seen = {each.key: each for each in before.positions} if before else {}
    now = {each.key: each for each in after.positions}
    for key, position in seen.items():
        if key not in now:
            last = (
                ""
                if position.pnl is None
                else f", last at {money(amount(position.pnl), after.currency, signed=True)}"
            )
            yield Change(f"closed {held(position)}{last}")
    for key, position in now.items():
        was = seen.get(key)
        if was is None:
            word = "holds" if before is None else "opened"
            stop = plain(position.stop) if position.stop is not None else "none"
            yield Change(f"{word} {held(position)} at {plain(position.entry_price)}, stop {stop}")
        else:
            yield from _moved(was, position)
        yield from _cover(was, position)


def _moved(was: PositionStatus, now: PositionStatus) -> Iterator[Change]:
    if now.qty != was.qty:
        yield Change(f"holds {held(now)}, was {plain(was.qty)}")
    if now.stop != was.stop:
        yield Change(f"stop of {now.symbol} ({now.strategy}): {plain(was.stop)} -> {plain(now.stop)}")
    if now.leaving and now.leaving != was.leaving:
        yield Change(f"leaving {held(now)}: {now.leaving}")


def _cover(was: PositionStatus | None, now: PositionStatus) -> Iterator[Change]:
    bare_before = was is not None and was.protection == NAKED
    if now.protection == NAKED and not bare_before:
        yield Change(bare(now), True)
    elif bare_before and now.protection != NAKED:
        yield Change(f"stop of {now.symbol} ({now.strategy}): {now.protection} again")


def _orders(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    unknown = {each.id for each in before.orders if each.state == UNKNOWN} if before else set()
    now = {each.id: each for each in after.orders}
    for order in now.values():
        if order.state == UNKNOWN and order.id not in unknown:
            what = f"{order.action}, {order.side} {plain(order.qty)} {order.symbol}"
            why = f": {order.reason}" if order.reason else ""
            yield Change(f"order {order.id} ({what}) is unknown, it may exist at the venue{why}", True)
    for order_id in sorted(unknown):
        found = now.get(order_id)
        if found is None or found.state != UNKNOWN:
            state = "it is not open" if found is None else found.state.replace("_", " ")
            yield Change(f"order {order_id} is settled: {state}")


def _feed(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    was, now = (before.feed if before else None), after.feed
    troubled = was is not None and bool(was.problem)
    if now.problem and (not troubled or (was is not None and was.source != now.source)):
        yield Change(f"feed: {now.source}: {now.problem}", True)
    elif troubled and not now.problem:
        yield Change(f"feed: well again, {now.source}")


def _venue(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    was, now = (before.venue_status if before else ONLINE), after.venue_status
    if now != was:
        yield Change(f"{after.venue}: {now}", now != ONLINE)


def _books(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    was, now = (before.reconciliation if before else None), after.reconciliation
    if now is None:
        return
    if not now.clean:
        known = was.findings if was is not None and not was.clean else None
        if known is None and not now.findings:
            yield Change("reconciliation: the books do not agree with the venue", True)
        for finding in now.findings:
            if finding not in (known or ()):
                yield Change(f"reconciliation: {finding}", True)
    elif was is not None and not was.clean:
        yield Change("reconciliation: the books agree with the venue again")


def _quality(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    seen = {(each.check, each.scope): each.state for each in before.quality} if before else {}
    for now in after.quality:
        was = seen.get((now.check, now.scope), _OK)
        if now.state == was or now.check in _RESTLESS:
            continue
        yield Change(f"execution: {quality_words(now)}", now.state != _OK)


def quality_words(found: QualityFinding) -> str:
    """`latency of the account is at warning: 1200, limit 1000`."""
    of = found.scope.partition(":")[2] or f"the {found.scope}"
    text = f"{found.check.replace('_', ' ')} of {of} is"
    if found.state == _OK:
        return f"{text} ok again"
    return f"{text} at {found.state}: {_figure(found.value)}, limit {_figure(found.limit)}"


def _figure(value: float | str | None) -> str:
    return UNDEFINED if value is None else value if isinstance(value, str) else f"{value:.6g}"


def _warnings(before: LoopStatus | None, after: LoopStatus) -> Iterator[Change]:
    known = before.warnings if before else ()
    for text in after.warnings:
        if text not in known:
            yield Change(text, True)
