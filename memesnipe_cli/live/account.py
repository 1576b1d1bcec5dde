"""An account at a venue: the engine's account that decides, the journal of both, and the venue's executor that sends,
with the words to go from a slot of the one to an order of the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.clock import floor_to
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.live.pending import TOOK, Pending
from memesnipe_cli.venues.attempts import OrderKey
from memesnipe_cli.venues.order_book import Order

if TYPE_CHECKING:
    from memesnipe_cli.engine.account_step import AccountStep
    from memesnipe_cli.engine.event_lines import Row
    from memesnipe_cli.engine.model import EngineInput, Terms
    from memesnipe_cli.engine.session_journal import Line, SessionJournal
    from memesnipe_cli.live.market import Market
    from memesnipe_cli.store.fold import Fold
    from memesnipe_cli.store.journal import Journal
    from memesnipe_cli.venues.desk import S
    from memesnipe_cli.venues.executor import Executor
    from memesnipe_cli.venues.protect import Protector


class SharedJournal:
    """The session's journal for the desk: what the account has decided goes to the disk with the orders that follow
    from it, in one write, before they are sent."""

    def __init__(self, book: SessionJournal, journal: Journal) -> None:
        self._book = book
        self._journal = journal

    def append(self, kind: str, body: dict[str, Any]) -> None:
        """One line."""
        self._book.append([(kind, body)])

    def append_many(self, lines: Sequence[Line]) -> None:
        """Several."""
        self._book.append(lines)

    def replay(self, fold: Fold[S]) -> S:
        """The state of a fold after the last line."""
        return self._journal.replay(fold)


@dataclass(slots=True)
class LiveAccount:
    """kernel: the engine's account; book: its journal and what it knows of trades under way; pending: trades that the
    kernel has not taken in yet. decided_ms: open of the last bar that was decided on; say: tells a person;
    disproved: entries that filled after they had been proven never to have arrived."""

    kernel: AccountStep
    book: SessionJournal
    inputs: EngineInput
    executor: Executor
    protector: Protector
    pending: Pending
    market: Market
    store_id: str
    name: str
    session: str
    now: Callable[[], int]
    monotonic: Callable[[], float]
    decided_ms: int = 0
    say: Callable[[str], None] = field(default=lambda words: None)
    disproved: set[str] = field(default_factory=set)

    @property
    def currency(self) -> str:
        """What the account's cash is in."""
        return str((self.book.state.session or {})["currency"])

    @property
    def slots(self) -> range:
        """The slots: every strategy on every instrument."""
        return range(len(self.book.keys))

    def cell(self, slot: int, column: int) -> int:
        """A column of a slot's state (kernel/layout.py)."""
        return int(self.kernel.world.state[slot, column])

    def terms(self, slot: int) -> Terms:
        """The slot's instrument."""
        return self.inputs.terms[self.inputs.slots[slot].instrument]

    def key(self, slot: int) -> tuple[str, str]:
        """(strategy, symbol)."""
        strategy, _, symbol = self.book.keys[slot]
        return strategy, symbol

    def order_key(self, slot: int, bar_ms: int, leg: str) -> OrderKey:
        """What an order of a slot is, whatever the attempt."""
        strategy, venue, symbol = self.book.keys[slot]
        return OrderKey(self.session, strategy, venue, symbol, bar_ms, leg)

    def held(self, slot: int) -> Decimal:
        """Our lots at the venue, by our own fills."""
        return self.executor.book.held(*self.key(slot))

    def orders(self, slot: int) -> list[Order]:
        """Orders of a slot that may still fill."""
        return [each for each in self.executor.book.live() if self._is_of(each, slot)]

    def position(self, slot: int) -> str:
        """long or short, of what a slot holds or waits to hold."""
        column = layout.SIDE if self.cell(slot, layout.LOTS) else layout.WAIT_SIDE
        return "long" if self.cell(slot, column) > 0 else "short"

    def bar_now(self) -> int:
        """Open of the bar in which something happens now: after the last one that was decided on."""
        base_ms = self.inputs.tape.base_ms
        return max(floor_to(self.now(), base_ms), self.decided_ms + base_ms)

    def waiting_order(self, slot: int) -> Order | None:
        """The order behind the entry that a slot waits for; None where it was never written down."""
        rows = [row for row in self.book.open_rows(slot) if row[layout.KIND] == layout.ENTRY_ORDER]
        order_id = self.book.order_id(slot, rows[-1]) if rows else None
        return self.executor.book.orders.get(order_id or "")

    def write(self, events: list[Row], took: Sequence[str] = (), **more: Any) -> None:
        """Record events; on the disk when this returns. took: the venue's trades that they are made of."""
        if events:
            self.book.write(events, more={**more, **({TOOK: list(took)} if took else {})})

    def _is_of(self, order: Order, slot: int) -> bool:
        return (order.intent.strategy, order.intent.symbol) == self.key(slot)
