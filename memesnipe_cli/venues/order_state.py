"""The states of an order and which may follow which. Nothing else decides that."""

from __future__ import annotations

from enum import StrEnum

from memesnipe_cli.errors import DataError


class OrderState(StrEnum):
    """Where an order stands, as far as it is known."""

    INTENT = "intent"  # decided and written down; nothing was sent
    SENT = "sent"  # about to be sent, or sent: from here on it may exist
    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"  # the venue says that it can fill no more, and its fills are booked
    REFUSED = "refused"  # proven by the venue's words
    UNKNOWN = "unknown"  # it may exist
    ABSENT = "absent"  # proven never to have arrived


_S = OrderState

# Fills come from the venue's history and go before whatever was believed: they may follow every state but the two
# before the sending. A fill of an order that was proven not to exist disproves the proof.
_AFTER_SENDING = (_S.PARTLY_FILLED, _S.FILLED)
TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    # At once accepted is what a person made at the venue (claiming.py).
    _S.INTENT: frozenset({_S.SENT, _S.ABSENT, _S.ACCEPTED}),
    _S.SENT: frozenset({_S.ACCEPTED, _S.REFUSED, _S.UNKNOWN, *_AFTER_SENDING}),
    _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.REFUSED, _S.ABSENT, _S.CANCELLED, *_AFTER_SENDING}),
    _S.ACCEPTED: frozenset({_S.CANCELLED, *_AFTER_SENDING}),
    _S.PARTLY_FILLED: frozenset({_S.CANCELLED, *_AFTER_SENDING}),
    _S.FILLED: frozenset(),
    _S.CANCELLED: frozenset({_S.FILLED}),
    _S.REFUSED: frozenset(_AFTER_SENDING),
    _S.ABSENT: frozenset(_AFTER_SENDING),
}

# It can fill no more, as far as is known.
ENDED = frozenset({_S.FILLED, _S.CANCELLED, _S.REFUSED, _S.ABSENT})
# It may exist at the venue, which has not said so yet.
UNSETTLED = frozenset({_S.SENT, _S.UNKNOWN})
# It may still fill.
LIVE = frozenset({_S.ACCEPTED, _S.PARTLY_FILLED}) | UNSETTLED


def follow(order_id: str, now: OrderState, then: OrderState) -> OrderState:
    """`then`, if it may follow `now`. Raises DataError otherwise."""
    if then not in TRANSITIONS[now]:
        raise DataError(
            f"the order {order_id} is {now} and cannot become {then}", "halt and reconcile the account"
        )
    return then
