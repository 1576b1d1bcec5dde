"""An order as it stands in a request, read back from the venue's own form: what would be signed, not what the trader
says it is. A form or a field that is not known here is not signed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from memesnipe_cli.signer.errors import SignerRefusedError

_KRAKEN_FIELDS = frozenset(
    [
        "pair",
        "type",
        "ordertype",
        "volume",
        "cl_ord_id",
        "oflags",
        "price",
        "price2",
        "timeinforce",
        "expiretm",
        "deadline",
    ]
)
_COINBASE_FIELDS = frozenset(
    ["client_order_id", "product_id", "side", "order_configuration", "retail_portfolio_id"]
)
_COINBASE_FORMS = {
    "sor_limit_ioc": frozenset({"base_size", "limit_price"}),
    "limit_limit_gtd": frozenset({"base_size", "limit_price", "end_time", "post_only"}),
    "stop_limit_stop_limit_gtc": frozenset({"base_size", "limit_price", "stop_price", "stop_direction"}),
}


@dataclass(frozen=True, slots=True)
class WireOrder:
    """id: ours. product: the venue's name of what is traded. size: as the venue counts it. price: the limit, trigger:
    of a stop; None where there is none."""

    id: str
    product: str
    side: str
    size: Decimal
    price: Decimal | None
    trigger: Decimal | None


@dataclass(frozen=True, slots=True)
class WireAmendment:
    """venue_id: of the order that is amended."""

    venue_id: str
    size: Decimal
    price: Decimal | None
    trigger: Decimal | None


def kraken_order(body: Mapping[str, Any]) -> WireOrder:
    """AddOrder. Raises SignerRefusedError."""
    _only(body, _KRAKEN_FIELDS)
    kind = _text(body, "ordertype")
    _one_of("ordertype", kind, ("limit", "stop-loss", "stop-loss-limit"))
    _one_of("oflags", _text(body, "oflags"), ("fciq",))
    stop = kind != "limit"
    limit = {"limit": "price", "stop-loss-limit": "price2"}.get(kind)
    return WireOrder(
        id=_text(body, "cl_ord_id"),
        product=_text(body, "pair"),
        side=_text(body, "type"),
        size=_amount(body, "volume"),
        price=None if limit is None else _amount(body, limit),
        trigger=_amount(body, "price") if stop else None,
    )


def kraken_amendment(body: Mapping[str, Any]) -> WireAmendment:
    """AmendOrder. Raises SignerRefusedError."""
    _only(body, frozenset({"txid", "order_qty", "trigger_price", "limit_price", "deadline"}))
    return WireAmendment(
        venue_id=_text(body, "txid"),
        size=_amount(body, "order_qty"),
        price=_amount(body, "limit_price") if "limit_price" in body else None,
        trigger=_amount(body, "trigger_price") if "trigger_price" in body else None,
    )


def kraken_cancel(body: Mapping[str, Any]) -> str:
    """CancelOrder: the venue's id or ours. Raises SignerRefusedError."""
    _only(body, frozenset({"txid", "cl_ord_id"}))
    if len(body) != 1:
        raise _unread("a cancel names one order")
    return _text(body, next(iter(body)))


def coinbase_order(body: Mapping[str, Any]) -> WireOrder:
    """Create order. Raises SignerRefusedError."""
    _only(body, _COINBASE_FIELDS)
    configuration = body.get("order_configuration")
    if not isinstance(configuration, Mapping) or len(configuration) != 1:
        raise _unread("order_configuration holds one form")
    form, terms = next(iter(configuration.items()))
    _one_of("order_configuration", form, _COINBASE_FORMS)
    if not isinstance(terms, Mapping):
        raise _unread(f"{form} holds nothing")
    _only(terms, _COINBASE_FORMS[form])
    side = _text(body, "side")
    _one_of("side", side, ("BUY", "SELL"))
    stop = form.startswith("stop")
    if stop:
        # With the other direction it would trigger at once.
        away = "STOP_DIRECTION_STOP_DOWN" if side == "SELL" else "STOP_DIRECTION_STOP_UP"
        _one_of("stop_direction", _text(terms, "stop_direction"), (away,))
    return WireOrder(
        id=_text(body, "client_order_id"),
        product=_text(body, "product_id"),
        side=side.lower(),
        size=_amount(terms, "base_size"),
        price=_amount(terms, "limit_price"),
        trigger=_amount(terms, "stop_price") if stop else None,
    )


def coinbase_cancel(body: Mapping[str, Any]) -> str:
    """Batch cancel of one: the venue's id. Raises SignerRefusedError."""
    _only(body, frozenset({"order_ids"}))
    ids = body.get("order_ids")
    if not isinstance(ids, list) or len(ids) != 1 or not isinstance(ids[0], str):
        raise _unread("a cancel names one order")
    return ids[0]


ORDERS: Mapping[str, Callable[[Mapping[str, Any]], WireOrder]] = {
    "kraken": kraken_order,
    "coinbase": coinbase_order,
}
CANCELS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "kraken": kraken_cancel,
    "coinbase": coinbase_cancel,
}


def _only(body: Mapping[str, Any], allowed: frozenset[str]) -> None:
    strange = sorted(set(body) - allowed)
    if strange:
        raise _unread(f"{', '.join(strange)} is nothing that is signed")


def _one_of(name: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise _unread(f"{name} is {value!r}")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise _unread(f"{name} is missing")
    return value


def _amount(body: Mapping[str, Any], name: str) -> Decimal:
    try:
        value = Decimal(_text(body, name))
    except InvalidOperation:
        raise _unread(f"{name} is no number") from None
    if not value.is_finite() or value <= 0:
        raise _unread(f"{name} is {value}")
    return value


def _unread(what: str) -> SignerRefusedError:
    return SignerRefusedError("form", f"an order that is not understood: {what}")
