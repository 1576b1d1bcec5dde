"""What every live venue checks before it sends, and the terms of an order in words that all venues share."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from memesnipe_cli.errors import UsageError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues.traits import StopKind, TimeInForce, Traits


@dataclass(frozen=True, slots=True)
class Terms:
    """An order as it goes on the wire. stop: the trigger of a protective order; price: the limit, None for a stop that
    becomes a market order. expires_ms: of a GTD order."""

    client_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal | None
    stop: Decimal | None
    time_in_force: TimeInForce
    expires_ms: int | None


def checked_terms(traits: Traits, approved: Approved, expires_ms: int | None) -> Terms:
    """The terms of an approved order, not yet spent. Raises TypeError for what the risk gate did not approve,
    UsageError for what this venue cannot take."""
    intent = approved_intent(traits, approved)
    if intent.action is Action.CANCEL:
        raise UsageError(f"{intent.id} is a cancel", "call cancel")
    if intent.action is Action.PROTECT:
        return _protective(traits, intent, expires_ms)
    if intent.price is None:
        raise UsageError(f"{intent.id} has no price", "a market order is sent as a marketable limit")
    in_force = TimeInForce.IOC if expires_ms is None else TimeInForce.GTD
    return Terms(intent.id, intent.symbol, intent.side, intent.qty, intent.price, None, in_force, expires_ms)


def approved_intent(traits: Traits, approved: Approved) -> OrderIntent:
    """The intent of what the risk gate approved for this venue. Raises TypeError, UsageError."""
    if type(approved) is not Approved:
        raise TypeError(f"a venue takes approved orders only, not {type(approved).__name__}")
    intent = approved.intent
    if intent.venue != traits.venue:
        raise UsageError(f"{intent.id} is an order for {intent.venue}", f"this is {traits.venue}")
    if not 0 < len(intent.id) <= traits.client_id.longest:
        raise UsageError(
            f"the client order id {intent.id!r} has {len(intent.id)} characters",
            f"{traits.venue} takes 1 to {traits.client_id.longest}",
        )
    return intent


def _protective(traits: Traits, intent: OrderIntent, expires_ms: int | None) -> Terms:
    if intent.stop is None:
        raise UsageError(f"the protective order {intent.id} has no trigger", "set stop")
    kind = StopKind.STOP_MARKET if intent.price is None else StopKind.STOP_LIMIT
    if kind not in traits.stop_kinds:
        kinds = ", ".join(sorted(traits.stop_kinds))
        raise UsageError(f"{traits.venue} cannot rest {intent.id}, a {kind}", f"it rests: {kinds}")
    if expires_ms is not None:
        raise UsageError(
            f"the protective order {intent.id} would expire", "a stop rests until it is cancelled"
        )
    return Terms(
        intent.id, intent.symbol, intent.side, intent.qty, intent.price, intent.stop, TimeInForce.GTC, None
    )
