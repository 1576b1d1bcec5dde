"""Coinbase Advanced Trade's wire: the token, rights, the shape of its errors, and where each path leads."""

from __future__ import annotations

from typing import Any

from .answers import Answer, Request, as_json
from .coinbase_accounts import accounts, plain_accounts, positions, summary, transactions
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
    except (ValueError, ArithmeticError):
        return coinbase_refusal("bad_arguments", "number")
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
    path = _short(request)
    if _is_public(request):
        return answer_public(venue, path, request)
    coinbase_authority(venue, request)
    if venue.mode == "maintenance":
        raise Refusal("unavailable")
    if request.path.startswith("/v2/"):
        return plain_accounts(venue) if path == "accounts" else transactions(venue, request)
    path = path.removeprefix("brokerage/")
    match (request.method, path):
        case ("GET", "accounts"):
            return accounts(venue, request)
        case ("GET", "key_permissions"):
            rights = {name: name in venue.rights for name in ("can_view", "can_trade", "can_transfer")}
            return {**rights, "portfolio_uuid": "loopback", "portfolio_type": "CONSUMER"}
        case ("GET", "transaction_summary"):
            return summary(venue, request)
        case ("GET", "cfm/positions"):
            return positions(venue)
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


def coinbase_authority(venue: HostileVenue, request: Request) -> None:
    """Token, then rights; a key can always ask what it may do."""
    if request.admitted or _is_public(request):
        return
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if jwt_trouble(token, request.method, request.path, venue.now_us() / 1e6):
        raise Refusal("signature")
    needed = "can_trade" if request.method == "POST" else "can_view"
    if _short(request) != "brokerage/key_permissions" and needed not in venue.rights:
        raise Refusal("permission", "Missing required scopes")


def _short(request: Request) -> str:
    """The path without its version."""
    return request.path.removeprefix("/api/v3/").removeprefix("/v2/")


def _is_public(request: Request) -> bool:
    path = _short(request)
    if request.path.startswith("/v2/"):
        return path.partition("/")[0] != "accounts"
    return path.startswith("brokerage/market/") or path == "brokerage/time"
