"""From the engine's events to what a person calls a trade: flat to flat, with its reasons, costs and profit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import MONEY_UNIT, Int64, Slot, Terms
from memesnipe_cli.engine.words import CAPS, EXIT_REASONS, MISSES, REFUSALS


@dataclass(frozen=True)
class TradeRecord:
    """One round trip. Prices are averages over its fills; amounts in the quote currency.

    `slippage` is what the fills cost against the prices they started from (open, stop, target); `risk` what the first
    stop would have lost; `cap` the cap that bound the first unit's size; `open` marks a position the tape ended on: it
    has no exit and is not counted as a trade.
    """

    strategy: str
    venue: str
    symbol: str
    side: str
    qty: Decimal
    entry_ms: int
    entry_price: Decimal
    entry_reason: str
    exit_ms: int
    exit_price: Decimal
    exit_reason: str
    fees: Decimal
    slippage: Decimal
    funding: Decimal
    pnl: Decimal
    notional: Decimal
    risk: Decimal
    cap: str
    units: int
    open: bool = False


@dataclass
class _Building:
    """A position on its way to a trade; ticks and lots as the kernel counts them, money in units."""

    entry_ms: int
    side: int
    tag: int
    cap: int
    stop_ticks: int
    lots_in: int = 0
    lots_out: int = 0
    ticks_in: int = 0  # sum of lots x ticks
    ticks_out: int = 0
    slipped: int = 0  # sum of lots x ticks against us
    fees: int = 0
    funding: int = 0
    cash: int = 0
    units: int = 0
    reasons: list[str] = field(default_factory=list)
    exit_ms: int = 0


def trades_from_events(
    events: Int64,
    slots: Sequence[Slot],
    terms: Sequence[Terms],
    strategies: Sequence[str],
    tags: Sequence[dict[int, str]],
) -> tuple[list[TradeRecord], list[TradeRecord]]:
    """(closed trades in the order they ended, positions still open). tags: per strategy, words for its entry tags."""
    open_: dict[int, _Building] = {}
    order: dict[int, tuple[int, int, int]] = {}
    closed: list[TradeRecord] = []
    wanted = events[(events[:, layout.KIND] <= layout.EXIT_FILL) | (events[:, layout.KIND] == layout.FUNDED)]
    for row in wanted.tolist():
        kind, slot = row[layout.KIND], row[layout.EVENT_SLOT]
        if kind == layout.ENTRY_ORDER:
            order[slot] = (row[layout.EVENT_TAG], row[layout.CODE], row[layout.EVENT_STOP])
        elif kind == layout.ENTRY_FILL:
            _add_entry(open_, slot, row, order[slot])
        elif kind == layout.EXIT_FILL:
            building = open_[slot]
            _add_exit(building, row)
            if building.lots_out == building.lots_in:
                closed.append(_record(open_.pop(slot), slots[slot], terms, strategies, tags))
        elif kind == layout.FUNDED:
            open_[slot].funding -= row[layout.EVENT_CASH]
            open_[slot].cash += row[layout.EVENT_CASH]
    still = [
        _record(building, slots[slot], terms, strategies, tags) for slot, building in sorted(open_.items())
    ]
    return closed, still


def _add_entry(open_: dict[int, _Building], slot: int, row: list[int], order: tuple[int, int, int]) -> None:
    tag, cap, stop_ticks = order
    building = open_.get(slot)
    if building is None:
        building = open_[slot] = _Building(row[layout.EVENT_TS], row[layout.EVENT_SIDE], tag, cap, stop_ticks)
    lots, ticks = row[layout.EVENT_LOTS], row[layout.EVENT_TICKS]
    building.lots_in += lots
    building.ticks_in += lots * ticks
    building.slipped += lots * (ticks - row[layout.REFERENCE]) * building.side
    building.fees += row[layout.EVENT_FEE]
    building.cash += row[layout.EVENT_CASH]
    building.units += 1


def _add_exit(building: _Building, row: list[int]) -> None:
    lots, ticks = row[layout.EVENT_LOTS], row[layout.EVENT_TICKS]
    building.lots_out += lots
    building.ticks_out += lots * ticks
    building.slipped += lots * (row[layout.REFERENCE] - ticks) * building.side
    building.fees += row[layout.EVENT_FEE]
    building.cash += row[layout.EVENT_CASH]
    building.exit_ms = row[layout.EVENT_TS]
    reason = EXIT_REASONS[row[layout.CODE]]
    if reason not in building.reasons:
        building.reasons.append(reason)


def _record(
    item: _Building,
    slot: Slot,
    terms: Sequence[Terms],
    strategies: Sequence[str],
    tags: Sequence[dict[int, str]],
) -> TradeRecord:
    instrument = terms[slot.instrument]
    point = instrument.tick * instrument.lot  # value of one lot moving one tick
    return TradeRecord(
        strategy=strategies[slot.strategy],
        venue=instrument.venue,
        symbol=instrument.symbol,
        side="long" if item.side > 0 else "short",
        qty=item.lots_in * instrument.lot,
        entry_ms=item.entry_ms,
        entry_price=Decimal(item.ticks_in) / item.lots_in * instrument.tick,
        entry_reason=tags[slot.strategy].get(item.tag, f"tag {item.tag}"),
        exit_ms=item.exit_ms,
        exit_price=Decimal(item.ticks_out) / item.lots_out * instrument.tick if item.lots_out else Decimal(0),
        exit_reason="+".join(item.reasons),
        fees=item.fees * MONEY_UNIT,
        slippage=item.slipped * point,
        funding=item.funding * MONEY_UNIT,
        pnl=item.cash * MONEY_UNIT,
        notional=item.ticks_in * point,
        risk=item.lots_in * item.stop_ticks * point,
        cap=CAPS[item.cap],
        units=item.units,
        open=item.lots_out < item.lots_in,
    )


def count_refusals(events: Int64) -> Counter[tuple[int, str]]:
    """(slot, why) -> how often an entry signal was refused."""
    rows = events[events[:, layout.KIND] == layout.REFUSED]
    pairs = zip(rows[:, layout.EVENT_SLOT].tolist(), rows[:, layout.CODE].tolist(), strict=True)
    return Counter((slot, REFUSALS[code]) for slot, code in pairs)


def best_fee_needed(events: Int64) -> dict[int, float]:
    """slot -> the highest taker fee (share) at which at least one of its cost-vetoed signals would have passed."""
    rows = events[(events[:, layout.KIND] == layout.REFUSED) & (events[:, layout.CODE] == layout.COST_VETO)]
    found: dict[int, float] = {}
    for slot, ppm in zip(
        rows[:, layout.EVENT_SLOT].tolist(), rows[:, layout.EVENT_EXTRA].tolist(), strict=True
    ):
        found[slot] = max(found.get(slot, -1.0), ppm / 1e6)
    return found


def count_misses(events: Int64) -> Counter[tuple[int, str]]:
    """(slot, why) -> how often an entry order did not fill."""
    rows = events[events[:, layout.KIND] == layout.MISSED]
    pairs = zip(rows[:, layout.EVENT_SLOT].tolist(), rows[:, layout.CODE].tolist(), strict=True)
    return Counter((slot, MISSES[code]) for slot, code in pairs)
