"""An order as it stands in a request, read back from the venue's own form: what would be signed, not what the trader
says it is. A form or a field that is not known here is not signed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from memesnipe_cli.clock import SECOND_MS, parse_time
from memesnipe_cli.errors import UsageError
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
# No portfolio: which one is the account's, the key says.
_COINBASE_FIELDS = frozenset(["client_order_id", "product_id", "side", "order_configuration"])
_COINBASE_FORMS = {
    "sor_limit_ioc": frozenset({"base_size", "limit_price"}),
    "limit_limit_gtd": frozenset({"base_size", "limit_price", "end_time", "post_only"}),
    "stop_limit_stop_limit_gtc": frozenset({"base_size", "limit_price", "stop_price", "stop_direction"}),
}
# Digits and a point: Kraken takes +5, #5 and 5% as distances from the last price, and a number may be spelt otherwise.
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_SECONDS = re.compile(r"[0-9]{1,11}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z")


@dataclass(frozen=True, slots=True)
class WireOrder:
    """id: ours. product: the venue's name of what is traded. size: as the venue counts it. price: the limit, trigger:
    of a stop; None where there is none. expires_s: when what is left of it is cancelled, in whole seconds; 0: at once,
    a stop never. deadline_ms: the venue's time until which it may be taken, 0 for none."""

    id: str
    product: str
    side: str
    size: Decimal
    price: Decimal | None
    trigger: Decimal | None
    expires_s: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class WireAmendment:
    """venue_id: of the order that is amended. The others as of an order."""

    venue_id: str
    size: Decimal
    price: Decimal | None
    trigger: Decimal | None
    deadline_ms: int


def kraken_order(body: Mapping[str, Any]) -> WireOrder:
    """AddOrder. Raises SignerRefusedError."""
    _only(body, _KRAKEN_FIELDS)
    kind = _text(body, "ordertype")
    _one_of("ordertype", kind, ("limit", "stop-loss", "stop-loss-limit"))
    _one_of("oflags", _text(body, "oflags"), ("fciq",))
    stop = kind != "limit"
    limit = {"limit": "price", "stop-loss-limit": "price2"}.get(kind)
    expires_s = 0
    if stop:
        _none_of(body, "timeinforce", "expiretm")
    elif "expiretm" in body:
        _one_of("timeinforce", _text(body, "timeinforce"), ("GTD",))
        expires_s = int(_matched(body, "expiretm", _SECONDS))
    else:
        _one_of("timeinforce", _text(body, "timeinforce"), ("IOC",))
    if kind != "stop-loss-limit":
        _none_of(body, "price2")
    return WireOrder(
        id=_text(body, "cl_ord_id"),
        product=_text(body, "pair"),
        side=_text(body, "type"),
        size=_amount(body, "volume"),
        price=None if limit is None else _amount(body, limit),
        trigger=_amount(body, "price") if stop else None,
        expires_s=expires_s,
        deadline_ms=_deadline(body),
    )


def kraken_amendment(body: Mapping[str, Any]) -> WireAmendment:
    """AmendOrder. Raises SignerRefusedError."""
    _only(body, frozenset({"txid", "order_qty", "trigger_price", "limit_price", "deadline"}))
    return WireAmendment(
        venue_id=_text(body, "txid"),
        size=_amount(body, "order_qty"),
        price=_amount(body, "limit_price") if "limit_price" in body else None,
        trigger=_amount(body, "trigger_price") if "trigger_price" in body else None,
        deadline_ms=_deadline(body),
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
    expires_s = 0
    if form == "limit_limit_gtd":
        expires_s = -(-_moment(terms, "end_time") // SECOND_MS)
        if terms.get("post_only") is not False:
            raise _unread(f"post_only is {terms.get('post_only')!r}")
    return WireOrder(
        id=_text(body, "client_order_id"),
        product=_text(body, "product_id"),
        side=side.lower(),
        size=_amount(terms, "base_size"),
        price=_amount(terms, "limit_price"),
        trigger=_amount(terms, "stop_price") if stop else None,
        expires_s=expires_s,
        deadline_ms=0,
    )


def kraken_switch(body: Mapping[str, Any]) -> int:
    """CancelAllOrdersAfter: in how many seconds, 0 to switch it off. Raises SignerRefusedError."""
    _only(body, frozenset({"timeout"}))
    return int(_matched(body, "timeout", _SECONDS))


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


def _none_of(body: Mapping[str, Any], *names: str) -> None:
    strange = [name for name in names if name in body]
    if strange:
        raise _unread(f"{', '.join(strange)} is nothing that goes with the rest")


def _one_of(name: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise _unread(f"{name} is {value!r}")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise _unread(f"{name} is missing")
    return value


def _amount(body: Mapping[str, Any], name: str) -> Decimal:
    value = Decimal(_matched(body, name, _AMOUNT))
    if not value:
        raise _unread(f"{name} is 0")
    return value


def _deadline(body: Mapping[str, Any]) -> int:
    return _moment(body, "deadline") if "deadline" in body else 0


def _moment(body: Mapping[str, Any], name: str) -> int:
    try:
        return parse_time(_matched(body, name, _MOMENT))
    except UsageError:
        raise _unread(f"{name} is no time") from None


def _matched(body: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    text = _text(body, name)
    if not form.fullmatch(text):
        raise _unread(f"{name} is {text[:40]!r}")
    return text


def _unread(what: str) -> SignerRefusedError:
    return SignerRefusedError("form", f"an order that is not understood: {what}")
