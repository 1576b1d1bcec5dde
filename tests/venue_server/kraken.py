"""Kraken's wire: signature, nonce, rights, the words of its errors, and where each path leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .answers import Answer, Request, as_json
from .keys import KRAKEN_KEY, kraken_signature
from .kraken_history import closed_orders, ledgers, open_orders, query_orders, query_trades, trades_history
from .kraken_orders import add_order, amend_order, cancel_all, cancel_all_after, cancel_order
from .kraken_public import answer_public, instrument_of
from .orders import Refusal
from .venue import HostileVenue

# A refusal of ours in Kraken's words.
WORDS = {
    "insufficient_funds": "EOrder:Insufficient funds",
    "below_minimum": "EGeneral:Invalid arguments:volume minimum not met",
    "below_minimum_cost": "EOrder:Order minimum not met",
    "unknown_pair": "EQuery:Unknown asset pair",
    "unknown_order": "EOrder:Unknown order",
    "duplicate_client_id": "EOrder:cl_ord_id already in use",
    "post_only_crosses": "EOrder:Post only order",
    "fill_or_kill": "EOrder:Fill or kill order cannot be filled",
    "cancel_only": "EService:Market in cancel_only mode",
    "post_only_mode": "EService:Market in post_only mode",
    "unavailable": "EService:Unavailable",
    "deadline": "EService:Deadline elapsed",
    "permission": "EGeneral:Permission denied",
    "key": "EAPI:Invalid key",
    "signature": "EAPI:Invalid signature",
    "nonce": "EAPI:Invalid nonce",
    "busy": "EService:Busy",
    "internal": "EGeneral:Internal error",
    "maintenance": "EService:Unavailable",
    "rate-limit": "EAPI:Rate limit exceeded",
    "order-rate-limit": "EOrder:Rate limit exceeded",
    "unknown-order": "EOrder:Unknown order",
}
# What a key must be allowed for a path; any one of them is enough.
RIGHTS: dict[str, tuple[str, ...]] = {
    "Balance": ("query-funds",),
    "BalanceEx": ("query-funds",),
    "TradeVolume": ("query-funds",),
    "OpenOrders": ("query-open-trades",),
    "ClosedOrders": ("query-closed-trades",),
    "QueryOrders": ("query-open-trades", "query-closed-trades"),
    "TradesHistory": ("query-open-trades", "query-closed-trades"),
    "QueryTrades": ("query-open-trades", "query-closed-trades"),
    "Ledgers": ("query-ledger",),
    "AddOrder": ("modify-trades",),
    "AmendOrder": ("modify-trades",),
    "CancelOrder": ("modify-trades", "close-trades"),
    "CancelAll": ("modify-trades", "close-trades"),
    "CancelAllOrdersAfter": ("modify-trades", "close-trades"),
    "GetApiKeyInfo": (),
    "GetWebSocketsToken": ("create-ws-token",),
}


def kraken_answer(venue: HostileVenue, request: Request) -> Answer:
    """Carry a request out."""
    try:
        if request.path.startswith("/0/public/"):
            result = answer_public(venue, request)
        else:
            result = _answer_private(venue, request)
    except Refusal as refusal:
        return kraken_refusal(refusal.reason, refusal.detail)
    except (ValueError, ArithmeticError):
        return kraken_refusal("bad_arguments", "number")
    if result is None:
        return as_json({"error": ["EGeneral:Unknown method"]})
    return as_json({"error": [], "result": result})


def kraken_refusal(reason: str, detail: str = "") -> Answer:
    """An error in Kraken's words; always with status 200."""
    if reason == "bad_arguments":
        text = f"EGeneral:Invalid arguments:{detail}"
    elif reason == "price_precision":
        text = "EOrder:Invalid price:price has too many decimals"
    elif reason == "volume_precision":
        text = "EGeneral:Invalid arguments:volume"
    else:
        text = WORDS[reason]
    return as_json({"error": [text]})


def kraken_authority(venue: HostileVenue, request: Request) -> None:
    """Key, signature, nonce, rights: in this order. A refused nonce is not used up, a used one is."""
    if request.admitted or request.path.startswith("/0/public/"):
        return
    name = request.path.rsplit("/", 1)[-1]
    if request.headers.get("api-key") != KRAKEN_KEY:
        raise Refusal("key")
    nonce = request.text("nonce")
    if request.headers.get("api-sign") != kraken_signature(request.path, nonce, request.body):
        raise Refusal("signature")
    if not nonce.isdigit() or int(nonce) <= venue.last_nonce:
        raise Refusal("nonce")
    venue.last_nonce = int(nonce)
    needed = RIGHTS.get(name, ("withdraw-funds",))
    if needed and not venue.rights.intersection(needed):
        raise Refusal("permission")


def _answer_private(venue: HostileVenue, request: Request) -> Any:
    kraken_authority(venue, request)
    if venue.mode == "maintenance":
        raise Refusal("unavailable")
    action = _ACTIONS.get(request.path.rsplit("/", 1)[-1])
    return None if action is None else action(venue, request)


def _balance(venue: HostileVenue, request: Request) -> Any:
    return {
        each.wire: f"{venue.ledger.balances[each.code]:.{max(each.decimals, 8)}f}" for each in _owned(venue)
    }


def _balance_extended(venue: HostileVenue, request: Request) -> Any:
    return {
        each.wire: {
            "balance": f"{venue.ledger.balances[each.code]:.{max(each.decimals, 8)}f}",
            "hold_trade": f"{venue.ledger.held(each.code):.{max(each.decimals, 8)}f}",
        }
        for each in _owned(venue)
    }


def _owned(venue: HostileVenue) -> Any:
    return [each for each in venue.assets if each.code in venue.ledger.balances]


def _trade_volume(venue: HostileVenue, request: Request) -> Any:
    names = [name for name in request.text("pair").split(",") if name]
    pairs = [instrument_of(venue, name) for name in names]
    return {
        "currency": "ZUSD",
        "volume": "0.0000",
        "fees": {each.wire_id: {"fee": f"{each.taker * 100:.4f}"} for each in pairs},
        "fees_maker": {each.wire_id: {"fee": f"{each.maker * 100:.4f}"} for each in pairs},
    }


def _key_info(venue: HostileVenue, request: Request) -> Any:
    return {
        "apiKeyName": "loopback",
        "apiKey": KRAKEN_KEY,
        "nonce": str(venue.last_nonce),
        "nonceWindow": 0,
        "permissions": sorted(venue.rights),
        "validUntil": "0",
        "queryFrom": "0",
        "queryTo": "0",
        "ipAllowlist": [],
    }


_ACTIONS: dict[str, Callable[[HostileVenue, Request], Any]] = {
    "Balance": _balance,
    "BalanceEx": _balance_extended,
    "TradeVolume": _trade_volume,
    "GetApiKeyInfo": _key_info,
    "GetWebSocketsToken": lambda venue, request: {"token": "loopback", "expires": 900},
    "OpenOrders": open_orders,
    "ClosedOrders": closed_orders,
    "QueryOrders": query_orders,
    "QueryTrades": query_trades,
    "TradesHistory": trades_history,
    "Ledgers": ledgers,
    "AddOrder": add_order,
    "AmendOrder": amend_order,
    "CancelOrder": cancel_order,
    "CancelAll": cancel_all,
    "CancelAllOrdersAfter": cancel_all_after,
}
