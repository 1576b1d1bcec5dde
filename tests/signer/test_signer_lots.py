"""Whatever happens, in whatever order: what is signed to sell never comes to more than what is ours; and the signer's
books are the journal's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from signer_cases import SIGNED, D, Request, World, doge_order

from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.signer.books import BooksFold
from memesnipe_cli.venues.order_lines import amendment_line
from memesnipe_cli.venues.order_state import OrderState

ZERO = D(0)
# What makes orders stand beside each other comes more often.
WHAT = (*["exit", "stop", "amend"] * 3, "buy", "amended", "not amended", "fill", "cancel", "again", "mark")
STEPS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 3), st.integers(1, 12)), min_size=4, max_size=24
)


@dataclass
class Selling:
    """An order that was signed, as the venue may have it. most: the largest quantity that it may have."""

    intent: OrderIntent
    request: Request
    most: Decimal
    amended_to: Decimal | None = None
    filled: Decimal = ZERO

    @property
    def may_sell(self) -> Decimal:
        """From now on."""
        return self.most - self.filled


@dataclass
class Venue:
    """What is really there: kept from what was signed, without a look at the signer's books."""

    world: World
    lots: Decimal = ZERO
    selling: list[Selling] = field(default_factory=list)
    numbers: int = 0

    def check(self) -> None:
        """The rule."""
        assert sum((each.may_sell for each in self.selling), ZERO) <= self.lots

    def next_id(self) -> str:
        """Of an order."""
        self.numbers += 1
        return f"ms{self.numbers}"

    def buy(self, qty: Decimal) -> None:
        """Lots come in."""
        self.world.holds(str(qty), self.next_id())
        self.lots += qty

    def sell(self, action: Action, qty: Decimal) -> None:
        """An exit or a stop is asked for; where it is not signed, the trader writes down that it was refused."""
        intent = doge_order(self.world.venue, self.next_id(), action, qty=qty)
        request = self.world.sends(intent)
        if self.world.verdict(request) != SIGNED:
            self.world.moves(intent, OrderState.REFUSED)
            return
        self.world.moves(intent, OrderState.ACCEPTED, f"OV-{intent.id}")
        self.selling.append(Selling(intent, request, qty))

    def amend(self, each: Selling, qty: Decimal) -> None:
        """A stop gets other terms, which may or may not stand from now on."""
        open_already = self.world.books.orders.of(each.intent.id).amendment is not None
        if each.intent.action is not Action.PROTECT or open_already or self.world.venue != "kraken":
            return
        request = self.world.amends(each.intent, f"OV-{each.intent.id}", qty=qty)
        if self.world.verdict(request) != SIGNED:
            self.told(each, qty, "refused")
            return
        each.amended_to = qty
        each.most = max(each.most, qty)

    def told(self, each: Selling, qty: Decimal, state: str) -> None:
        """What became of an amendment."""
        terms = doge_order(self.world.venue, f"{each.intent.id}-a", Action.PROTECT, qty=qty)
        self.world.write(amendment_line(each.intent.id, terms, state, 0))

    def know(self, each: Selling, stands: bool) -> None:
        """An amendment is answered."""
        if each.amended_to is None or each.filled:
            return
        order = self.world.books.orders.of(each.intent.id)
        self.told(each, each.amended_to, "accepted" if stands else "refused")
        each.most, each.amended_to = order.intent.qty, None

    def fill(self, each: Selling, qty: Decimal) -> None:
        """A part is sold. Only while no amendment is open, of which the venue alone knows the size."""
        qty = min(qty, each.may_sell)
        if each.amended_to is not None or qty <= 0:
            return
        self.world.fills(each.intent, str(qty))
        each.filled += qty
        self.lots -= qty
        if not each.may_sell:
            self.selling.remove(each)

    def cancel(self, each: Selling) -> None:
        """It is over, and was not filled meanwhile."""
        self.world.moves(each.intent, OrderState.CANCELLED)
        self.selling.remove(each)

    def again(self, each: Selling) -> None:
        """The same order once more is no second one: the venue refuses it, or answers with the first."""
        if self.world.venue == "kraken":
            assert self.world.verdict(each.request) != SIGNED

    def step(self, what: str, which: int, amount: int) -> None:
        """One of STEPS."""
        qty = D(amount * 10)
        if what == "buy":
            self.buy(qty)
        elif what in ("exit", "stop"):
            self.sell(Action.REDUCE if what == "exit" else Action.PROTECT, qty)
        elif what == "mark":
            self.world.marked(str(amount * 1_000))
        elif self.selling:
            each = self.selling[which % len(self.selling)]
            if what == "amend":
                self.amend(each, qty)
            elif what in ("amended", "not amended"):
                self.know(each, what == "amended")
            elif what == "fill":
                self.fill(each, qty)
            elif what == "cancel":
                self.cancel(each)
            else:
                self.again(each)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, venue=st.sampled_from(["kraken", "kraken", "coinbase"]))
def test_what_is_signed_never_sells_more_than_our_lots(steps: list[tuple[str, int, int]], venue: str) -> None:
    found = Venue(World(venue, changed_bounds={"messages_per_minute": 1_000}))
    found.buy(D(100))
    for step in steps:
        found.step(*step)
        found.check()
    assert_books_are_the_journals(found.world)


def assert_books_are_the_journals(world: World) -> None:
    """As JSON and back, and folded anew from any line on."""
    fold = BooksFold()
    whole = through_json(fold.dump(world.books))
    assert fold.load(whole) == world.books
    middle = len(world.entries) // 2
    state = fold.initial()
    for entry in world.entries[:middle]:
        state = fold.apply(state, entry)
    state = fold.load(through_json(fold.dump(state)))
    for entry in world.entries[middle:]:
        state = fold.apply(state, entry)
    assert state == world.books
    assert through_json(fold.dump(state)) == whole


def through_json(data: Any) -> Any:
    """What is left of it on a disk."""
    return json.loads(json.dumps(data))


def test_the_worth_is_the_latest_mark_of_the_open_session() -> None:
    world = World(capital=None)
    assert world.books.worth is None
    world.marked("90")
    assert world.books.worth == D(90)
    world.write(("session", {"session": "s2", "capital": "500"}))
    assert world.books.worth == D(500)
    world.marked("480.5")
    assert world.books.worth == D("480.5")
    assert BooksFold().load(through_json(BooksFold().dump(world.books))) == world.books
