"""Steps that bring an account somewhere; the last request of all is what the signer is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from signer_cases import (
    NOW_MS,
    SIGNED,
    D,
    Request,
    World,
    cancel_request,
    doge_order,
    order_request,
    short_intent,
    switch_request,
)

from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.signer.judge import Judge
from memesnipe_cli.venues.order_lines import amendment_line, cancel_line
from memesnipe_cli.venues.order_state import OrderState

Step = Callable[[World], Request | None]
ENTRY, REDUCE, PROTECT = Action.ENTRY, Action.REDUCE, Action.PROTECT
NEW_STOP = D("0.0950")
QUESTION = Request(["private"], "POST", "Balance", {})


@dataclass(frozen=True)
class Case:
    """expected: `signed`, or the rule that says no. world: what is other than in a plain one."""

    name: str
    expected: str
    steps: tuple[Step, ...]
    venue: str = "kraken"
    world: dict[str, Any] = field(default_factory=dict)

    def verdict(self, judge_class: type[Judge] = Judge) -> str:
        """What a signer with these rules says."""
        return says(World(self.venue, judge_class=judge_class, **self.world), *self.steps)


def says(world: World, *steps: Step) -> str:
    """What the signer says to the last request of the steps."""
    request: Request | None = None
    for step in steps:
        request = step(world) or request
    assert request is not None
    return world.verdict(request)


# Orders that are sent


def enters(order_id: str = "ms1", *, expires_ms: int | None = None, **changed: Any) -> Step:
    return lambda world: world.sends(doge_order(world.venue, order_id, **changed), expires_ms=expires_ms)


def leaves(qty: str = "100", order_id: str = "ms2", **changed: Any) -> Step:
    return lambda world: world.sends(doge_order(world.venue, order_id, REDUCE, qty=D(qty), **changed))


def protects(qty: str = "100", order_id: str = "ms3", **changed: Any) -> Step:
    return lambda world: world.sends(doge_order(world.venue, order_id, PROTECT, qty=D(qty), **changed))


def perpetual(action: Action, order_id: str = "ms7", **changed: Any) -> Step:
    """Of a short: its entry, what buys it back, its stop."""
    return lambda world: world.sends(short_intent(order_id, action, **changed))


def cancels(order_id: str, venue_id: str = "") -> Step:
    return lambda world: cancel_request(doge_order(world.venue, order_id), venue_id)


def amends(qty: str = "100", stop: Decimal | None = NEW_STOP, order_id: str = "ms3") -> Step:
    return lambda world: world.amends(_intent(world, order_id), _at_venue(order_id), qty=D(qty), stop=stop)


def switches(seconds: int) -> Step:
    return lambda world: switch_request(seconds)


def questions() -> Step:
    return lambda world: QUESTION


# Requests that are not what the journal has


def other(
    action: Action, venue: str = "kraken", sent: OrderIntent | None = None, **changed: Any
) -> tuple[Step, ...]:
    """An order is written down, and another one of its id, `sent`, is asked for. Lots are there for it."""
    intent = doge_order(venue, "ms9", action)
    return holds("300"), lambda world: world.sends(intent), asks(sent or replace(intent, **changed))


def asks(intent: OrderIntent, *, expires_ms: int | None = None) -> Step:
    """An order, without a word of it in the journal."""
    return lambda world: order_request(intent, expires_ms=expires_ms)


def alters(step: Step, **changed: Any) -> Step:
    """The request of a step, with other fields; None takes one away."""

    def altered(world: World) -> Request:
        request = step(world)
        assert request is not None
        return request.with_params(**changed)

    return altered


def asks_again(order_id: str) -> Step:
    """An order of the journal, at whatever time."""
    return lambda world: order_request(_intent(world, order_id))


def under_fence(step: Step, fence: int) -> Step:
    """The request of a step, under another right to send."""

    def fenced(world: World) -> Request:
        request = step(world)
        assert request is not None
        return replace(request, fence=fence)

    return fenced


# What happened


def holds(qty: str = "100", **changed: Any) -> Step:
    return lambda world: world.holds(qty, **changed)


def holds_short() -> Step:
    return lambda world: world.holds_short()


def rests(qty: str = "100", order_id: str = "ms3", action: Action = PROTECT, **changed: Any) -> Step:
    return lambda world: world.rests(
        doge_order(world.venue, order_id, action, qty=D(qty), **changed), _at_venue(order_id)
    )


def rests_on_short(order_id: str = "ms8") -> Step:
    return lambda world: world.rests(short_intent(order_id, PROTECT), _at_venue(order_id))


def becomes(order_id: str, state: OrderState) -> Step:
    return lambda world: world.moves(_intent(world, order_id), state, _at_venue(order_id))


def fills(order_id: str, qty: str) -> Step:
    return lambda world: world.fills(_intent(world, order_id), qty)


def is_cancelled_soon(order_id: str) -> Step:
    return lambda world: world.write(cancel_line(order_id, _at_venue(order_id), "sent", NOW_MS))


def amendment_is(state: str, qty: str = "100", order_id: str = "ms3") -> Step:
    """What became of the last amendment."""

    def told(world: World) -> None:
        terms = replace(_intent(world, order_id), id=f"{order_id}-a", qty=D(qty), stop=NEW_STOP)
        world.write(amendment_line(order_id, terms, state, NOW_MS))

    return told


def signed(step: Step) -> Step:
    """The request of a step, which is signed, and may come again."""

    def done(world: World) -> Request:
        request = step(world)
        assert request is not None
        assert world.verdict(request) == SIGNED
        return request

    return done


def stopped(scope: str = ACCOUNT, level: Level = Level.HALT) -> Step:
    return lambda world: world.stopped(scope, level)


def taken_over() -> Step:
    """Somebody else has the right to send."""

    def done(world: World) -> None:
        world.latch = world.latch.fenced(NOW_MS)

    return done


def marked(equity: str) -> Step:
    return lambda world: world.marked(equity)


def refused_entries(count: int) -> tuple[Step, ...]:
    """Signed one after the other."""
    return tuple(
        step
        for number in range(count)
        for step in (signed(enters(f"n{number}")), becomes(f"n{number}", OrderState.REFUSED))
    )


def refused_exits(count: int) -> tuple[Step, ...]:
    """Signed one after the other."""
    return tuple(
        step
        for number in range(count)
        for step in (signed(leaves("1", f"x{number}")), becomes(f"x{number}", OrderState.REFUSED))
    )


def passes(ms: int) -> Step:
    """Time passes."""

    def done(world: World) -> None:
        world.now_ms += ms

    return done


def _intent(world: World, order_id: str) -> OrderIntent:
    return world.books.orders.of(order_id).intent


def _at_venue(order_id: str) -> str:
    return f"OV-{order_id}"
