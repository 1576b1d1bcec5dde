"""Makes the snapshot of a running loop from its parts, for the view, the marks and the records."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.open_trade import entry_bar
from memesnipe_cli.engine.refused import meaning
from memesnipe_cli.engine.run import from_units
from memesnipe_cli.engine.words import CAUSES, EXIT_REASONS, REFUSALS
from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live.status_health import FeedStatus, LatencyStatus, ReconciliationStatus
from memesnipe_cli.live.status_parts import (
    WATCHED,
    DecisionStatus,
    OrderStatus,
    PositionStatus,
    Recovery,
    StrategyStatus,
)
from memesnipe_cli.records import decimal_text
from memesnipe_cli.risk.bounds import CLOSED_BAR_MS
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.kernel.tiers import fall_share, smaller_stage
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.mark_guard import WAITING
from memesnipe_cli.risk.quality import ERROR_RATE, ONLINE, VENUE_STATUS

if TYPE_CHECKING:
    from memesnipe_cli.engine.event_lines import Row
    from memesnipe_cli.engine.feed import TapeStep
    from memesnipe_cli.live.kept_back import KeptBack
    from memesnipe_cli.live.request import LiveRequest
    from memesnipe_cli.live.starting import Opened
    from memesnipe_cli.market.live.feed import LiveFeed
    from memesnipe_cli.risk.approval import Refused

_KEPT = 8


@dataclass(slots=True)
class Reporter:
    """Of one run."""

    request: LiveRequest
    opened: Opened
    feed: LiveFeed
    _decisions: deque[DecisionStatus] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _started_ms: int = 0

    def __post_init__(self) -> None:
        self._started_ms = self.request.now()

    def decided(
        self,
        step: TapeStep,
        events: Sequence[Row],
        refused: Mapping[int, Refused],
        kept: Sequence[KeptBack] = (),
    ) -> None:
        """Keep what a bar's decisions were, and what came to none."""
        account = self.opened.account
        time_ms = step.ts + self.opened.inputs.tape.base_ms
        for each in kept:
            strategy, symbol = account.key(each.slot)
            self._decisions.append(DecisionStatus(time_ms, strategy, symbol, "kept back", meaning(each.code)))
        for row in events:
            kind, slot = row[layout.KIND], row[layout.EVENT_SLOT]
            if kind not in (layout.ENTRY_ORDER, layout.EXIT_ORDER, layout.REFUSED):
                continue
            strategy, symbol = account.key(slot)
            if kind == layout.REFUSED and slot in refused:
                said = refused[slot]
                value = "" if said.value is None else str(said.value)
                limit = "" if said.limit is None else str(said.limit)
                self._decisions.append(
                    DecisionStatus(time_ms, strategy, symbol, "refused", said.message, value, limit)
                )
                continue
            words = {
                layout.ENTRY_ORDER: ("enter", self._tag(slot, row)),
                layout.EXIT_ORDER: ("exit", EXIT_REASONS.get(row[layout.CODE], "")),
                layout.REFUSED: ("refused", REFUSALS.get(row[layout.CODE], "")),
            }[kind]
            self._decisions.append(DecisionStatus(time_ms, strategy, symbol, *words))

    def _tag(self, slot: int, row: Row) -> str:
        strategy = self.request.strategies[self.opened.inputs.slots[slot].strategy]
        return strategy.tags.get(row[layout.EVENT_TAG], "")

    def status(self, stopping: bool) -> LoopStatus:
        """The loop as it stands now."""
        opened, account = self.opened, self.opened.account
        session = account.book.state.session or {}
        row = account.kernel.row(0)
        now_ms = self.request.now()
        standing = account.market.standing
        lifetime = max(row[rows.HIGH], row[rows.LIFE_HIGH])
        limit_ms = account.market.data_age_ms
        ages = {symbol: self.feed.age_ms(symbol) for symbol in account.market.products}
        base_ms = opened.inputs.tape.base_ms
        done = opened.reconciler.done
        quality = account.market.quality.findings(now_ms)
        said = {each.check: each.value for each in quality}
        errors, venue_status = said.get(ERROR_RATE), said.get(VENUE_STATUS)
        return LoopStatus(
            account=self.request.account,
            venue=self.request.venue,
            session=session["session"],
            mode="live",
            currency=session["currency"],
            time_ms=now_ms,
            started_ms=self._started_ms,
            equity=standing.equity,
            cash=from_units(account.kernel.cash),
            high_water_mark=from_units(row[rows.HIGH]),
            day_base=from_units(row[rows.DAY_BASE]),
            lifetime_high=from_units(lifetime),
            drawdown=fall_share(row[rows.HIGH], row[rows.VALUE]),
            daily_loss=fall_share(row[rows.DAY_BASE], row[rows.VALUE]),
            lifetime_drawdown=fall_share(lifetime, row[rows.VALUE]),
            level=Level(row[rows.LEVEL]),
            cause=CAUSES[row[rows.CAUSE]],
            since_ms=row[rows.SINCE] or None,
            tiers=tuple(self.request.profile.breaker.model_dump(exclude={"allow_looser"}).items()),
            recovery=_recovery(row),
            strategies=tuple(self._strategies()),
            positions=tuple(self._positions()),
            orders=tuple(OrderStatus.of(each) for each in account.executor.book.active.values()),
            decisions=tuple(self._decisions),
            feed=FeedStatus.of(self.feed.state(), ages, limit_ms),
            latency=LatencyStatus.of(
                list(opened.watcher.sent_ms),
                list(opened.watcher.acknowledged_ms),
                errors if isinstance(errors, float) else None,
            ),
            quality=tuple(quality),
            venue_status=ONLINE if venue_status is None else str(venue_status),
            reconciliation=None if done is None else ReconciliationStatus.of(done, opened.reconciler.done_ms),
            warnings=tuple(self._warnings()),
            next_bar_s=(base_ms - now_ms % base_ms) / 1000,
            stopping=stopping,
        )

    def left(self) -> list[str]:
        """What is still held or open, in words."""
        words = [
            f"{each.symbol} {each.side} {decimal_text(each.qty)}, stop {each.stop} ({each.protection})"
            for each in self._positions()
        ]
        for order in self.opened.account.executor.book.active.values():
            if order.intent.action != "protect":
                words.append(
                    f"order {order.intent.id}: {order.intent.side} {order.intent.symbol}, {order.state}"
                )
        return words

    def _warnings(self) -> list[str]:
        opened = self.opened
        found = []
        base_ms, now_ms = opened.inputs.tape.base_ms, self.request.now()
        late_ms = now_ms - (opened.account.decided_ms + 2 * base_ms)
        # A bar in which nobody traded is none, and no trouble; the feed says itself what it has lost.
        if late_ms > CLOSED_BAR_MS and self.feed.state().problem:
            found.append(f"no bar for {(late_ms + base_ms) // 60_000} minutes: market data are not whole")
        if opened.broker.trouble:
            found.append(opened.broker.trouble)
        if opened.guard.unconfirmed and not opened.guard.unconfirmed.startswith(WAITING):
            found.append(f"no confirmed mark ({opened.guard.unconfirmed}): nothing is entered")
        return found

    def _strategies(self) -> list[StrategyStatus]:
        account = self.opened.account
        found = []
        for number, scope in enumerate(account.book.state.scopes):
            if number:
                row = account.kernel.row(number)
                found.append(
                    StrategyStatus(
                        scope.partition(":")[2],
                        Level(row[rows.LEVEL]),
                        CAUSES[row[rows.CAUSE]],
                        fall_share(row[rows.HIGH], row[rows.VALUE]),
                        from_units(row[rows.VALUE]),
                        from_units(row[rows.HIGH]),
                        from_units(row[rows.ALLOCATION]),
                        _recovery(row),
                    )
                )
        return found

    def _positions(self) -> list[PositionStatus]:
        account = self.opened.account
        return [self._position(slot) for slot in account.slots if account.cell(slot, layout.LOTS)]

    def _position(self, slot: int) -> PositionStatus:
        account = self.opened.account
        strategy, venue, symbol = account.book.keys[slot]
        terms, lots = account.terms(slot), account.cell(slot, layout.LOTS)
        long = account.cell(slot, layout.SIDE) > 0
        qty = lots * terms.lot
        quote = self.feed.quote(symbol)
        mark = None if quote is None else quote.bid if long else quote.ask
        entry = account.cell(slot, layout.LAST_UNIT) * terms.tick
        flow = from_units(account.cell(slot, layout.CASH_FLOW))
        pnl = None
        if mark is not None:
            sign = 1 if long else -1
            pnl = flow + sign * mark * qty * (1 - sign * terms.taker_fee)
        target = account.cell(slot, layout.TARGET)
        trail = account.cell(slot, layout.TRAIL)
        cover = self.opened.broker.covers.of(slot)
        return PositionStatus(
            strategy=strategy,
            venue=venue,
            symbol=symbol,
            side="long" if long else "short",
            qty=qty,
            entry_price=entry,
            entry_ms=entry_bar(account.book.open_rows(slot)),
            mark=mark,
            pnl=pnl,
            stop=account.cell(slot, layout.STOP) * terms.tick,
            protection=WATCHED if cover is None else cover.cover.value,
            target=target * terms.tick if target else None,
            trailing=trail * terms.tick if trail else None,
            naked=Decimal(0) if cover is None else cover.naked,
            stop_order="" if cover is None else cover.order_id,
            words="" if cover is None else cover.words,
            leaving=EXIT_REASONS.get(account.cell(slot, layout.LEAVE), ""),
        )


def _recovery(row: list[int]) -> Recovery:
    return Recovery(
        row[rows.STAGE],
        smaller_stage(row[rows.STAGE], 0) / rows.LAST_STAGE,
        row[rows.STAGE_TS] or None if row[rows.STAGE] else None,
        row[rows.READY] or None,
    )
