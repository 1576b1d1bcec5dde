"""Coinbase Advanced Trade's wire: the token, rights, accounts, fees, the shape of its errors, and the paths."""

from __future__ import annotations

from typing import Any

from .answers import Answer, Request, as_json, plain
from .coinbase_history import fills, order_by_id, orders
from .coinbase_orders import batch_cancel, create, edit, preview
from .coinbase_public import answer_public
from .keys import jwt_trouble
from .orders import Refusal
from .venue import HostileVenue

# Our refusal -> (status, error, message).
WORDS = {
    "bad_arguments": (400, "INVALID_ARGUMENT", "invalid argument"),
    "unknown_pair": (404, "NOT_FOUND", "product not found"),
    "unknown_order": (404, "NOT_FOUND", "order not found"),
    "unknown-order": (404, "NOT_FOUND", "order not found"),
    "permission": (403, "PERMISSION_DENIED", "Missing required scopes"),
    "rate-limit": (429, "rate_limit_exceeded", "too many requests"),
    "order-rate-limit": (429, "RESOURCE_EXHAUSTED", "too many requests"),
    "unavailable": (503, "UNAVAILABLE", "try again later"),
    "maintenance": (503, "UNAVAILABLE", "maintenance"),
    "busy": (503, "UNAVAILABLE", "busy"),
    "internal": (500, "INTERNAL", "internal error"),
}


def coinbase_answer(venue: HostileVenue, request: Request) -> Answer:
    """Carry a request out."""
    try:
        result = _answer(venue, request)
    except Refusal as refusal:
        return coinbase_refusal(refusal.reason, refusal.detail)
    if result is None:
        return as_json({"error": "NOT_FOUND", "error_details": "", "message": "no such path"}, 404)
    return as_json(result)


def coinbase_refusal(reason: str, detail: str = "") -> Answer:
    """An error as Coinbase sends it; without a good token it is plain text."""
    if reason in ("signature", "nonce"):
        return Answer(401, b"Unauthorized\n", "text/plain")
    status, error, message = WORDS[reason]
    return as_json({"error": error, "error_details": detail, "message": message}, status)


def _answer(venue: HostileVenue, request: Request) -> Any:
    path = request.path.removeprefix("/api/v3/").removeprefix("/v2/")
    is_v2 = request.path.startswith("/v2/")
    if path.startswith("brokerage/market/") or path == "brokerage/time" or (is_v2 and path != "accounts"):
        return answer_public(venue, path, request)
    _authority(venue, request, path)
    if venue.mode == "maintenance":
        raise Refusal("unavailable")
    if is_v2:
        return _plain_accounts(venue)
    path = path.removeprefix("brokerage/")
    match (request.method, path):
        case ("GET", "accounts"):
            return _accounts(venue, request)
        case ("GET", "key_permissions"):
            rights = {name: name in venue.rights for name in ("can_view", "can_trade", "can_transfer")}
            return {**rights, "portfolio_uuid": "loopback", "portfolio_type": "CONSUMER"}
        case ("GET", "transaction_summary"):
            return _summary(venue)
        case ("GET", "orders/historical/batch"):
            return orders(venue, request)
        case ("GET", "orders/historical/fills"):
            return fills(venue, request)
        case ("GET", _) if path.startswith("orders/historical/"):
            return order_by_id(venue, path.rsplit("/", 1)[-1])
        case ("POST", "orders"):
            return create(venue, request)
        case ("POST", "orders/preview"):
            return preview(venue, request)
        case ("POST", "orders/edit"):
            return edit(venue, request)
        case ("POST", "orders/batch_cancel"):
            return batch_cancel(venue, request)
        case ("GET", _):
            return answer_public(venue, "brokerage/" + path, request)
    return None


def _authority(venue: HostileVenue, request: Request, path: str) -> None:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if jwt_trouble(token, request.method, request.path, venue.now_us() / 1e6):
        raise Refusal("signature")
    needed = "can_trade" if request.method == "POST" else "can_view"
    if path != "brokerage/key_permissions" and needed not in venue.rights:
        raise Refusal("permission", "Missing required scopes")


def _accounts(venue: HostileVenue, request: Request) -> Any:
    limit, start = int(request.text("limit") or 49), int(request.text("cursor") or 0)
    owned = [each for each in venue.assets if each.code in venue.ledger.balances]
    page = owned[start : start + limit]
    more = start + limit < len(owned)
    shown = [
        {
            "uuid": f"loopback-{each.code}",
            "name": f"{each.code} Wallet",
            "currency": each.code,
            "available_balance": {"value": plain(venue.ledger.available(each.code)), "currency": each.code},
            "default": True,
            "active": True,
            "type": "ACCOUNT_TYPE_FIAT" if each.code == "USD" else "ACCOUNT_TYPE_CRYPTO",
            "ready": True,
            "hold": {"value": plain(venue.ledger.held(each.code)), "currency": each.code},
            "retail_portfolio_id": "loopback",
        }
        for each in page
    ]
    cursor = str(start + limit) if more else ""
    return {"accounts": shown, "has_next": more, "cursor": cursor, "size": len(shown)}


def _plain_accounts(venue: HostileVenue) -> Any:
    """The older list: what can be used, and no word of what is held."""
    return {
        "pagination": {"next_starting_after": None},
        "data": [
            {
                "id": f"loopback-{each.code}",
                "type": "fiat" if each.code == "USD" else "wallet",
                "currency": {"code": each.code},
                "balance": {"amount": plain(venue.ledger.available(each.code)), "currency": each.code},
            }
            for each in venue.assets
            if each.code in venue.ledger.balances
        ],
    }


def _summary(venue: HostileVenue) -> Any:
    pair = next(iter(venue.instruments.values()))
    return {
        "total_volume": 0,
        "total_fees": 0,
        "fee_tier": {
            "pricing_tier": "Advanced 1",
            "taker_fee_rate": plain(pair.taker),
            "maker_fee_rate": plain(pair.maker),
        },
        "total_balance": "",
    }
