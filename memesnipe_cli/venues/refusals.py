"""The venues' own words that prove that an order was not taken, and our word for each.

A key matches a venue's word that begins with it. What is not here proves nothing: a rate limit, a nonce, a busy service
or a duplicate id may each be said of an order that exists.
"""

from __future__ import annotations

INSUFFICIENT_FUNDS = "insufficient_funds"
BELOW_MINIMUM = "below_minimum"
INVALID_ORDER = "invalid_order"
UNKNOWN_PRODUCT = "unknown_product"
PERMISSION_DENIED = "permission_denied"
MARKET_MODE = "market_mode"
WOULD_TAKE = "would_take"
TOO_MANY_ORDERS = "too_many_orders"
ACCOUNT_LOCKED = "account_locked"

KRAKEN_REFUSALS: dict[str, str] = {
    "EOrder:Insufficient funds": INSUFFICIENT_FUNDS,
    "EOrder:Insufficient margin": INSUFFICIENT_FUNDS,
    "EOrder:Order minimum not met": BELOW_MINIMUM,
    "EOrder:Cost minimum not met": BELOW_MINIMUM,
    "EOrder:Tick size check failed": INVALID_ORDER,
    "EOrder:Invalid price": INVALID_ORDER,
    "EOrder:Invalid order": INVALID_ORDER,
    "EGeneral:Invalid arguments": INVALID_ORDER,
    "EQuery:Unknown asset pair": UNKNOWN_PRODUCT,
    "EQuery:Invalid asset pair": UNKNOWN_PRODUCT,
    "EGeneral:Permission denied": PERMISSION_DENIED,
    "EAccount:Invalid permissions": PERMISSION_DENIED,
    "EOrder:Trading agreement required": PERMISSION_DENIED,
    "EService:Market in ": MARKET_MODE,
    "EOrder:Post only order": WOULD_TAKE,
    "EOrder:Orders limit exceeded": TOO_MANY_ORDERS,
    "EOrder:Positions limit exceeded": TOO_MANY_ORDERS,
    "ETrade:User Locked": ACCOUNT_LOCKED,
}

COINBASE_REFUSALS: dict[str, str] = {
    "INSUFFICIENT_FUND": INSUFFICIENT_FUNDS,
    "PREVIEW_INSUFFICIENT_FUND": INSUFFICIENT_FUNDS,
    "INVALID_LEDGER_BALANCE": INSUFFICIENT_FUNDS,
    "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL": BELOW_MINIMUM,
    "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL": BELOW_MINIMUM,
    "INVALID_PRODUCT_ID": UNKNOWN_PRODUCT,
    "INVALID_LIMIT_PRICE_POST_ONLY": WOULD_TAKE,
    "INVALID_ARGUMENT": INVALID_ORDER,
    "INVALID_SIDE": INVALID_ORDER,
    "INVALID_SIZE_PRECISION": INVALID_ORDER,
    "INVALID_PRICE_PRECISION": INVALID_ORDER,
    "INVALID_LIMIT_PRICE": INVALID_ORDER,
    "INVALID_NO_LIQUIDITY": INVALID_ORDER,
    "INVALID_REQUEST": INVALID_ORDER,
    "INELIGIBLE_PAIR": INVALID_ORDER,
    "UNSUPPORTED_ORDER_CONFIGURATION": INVALID_ORDER,
    "PREVIEW_INVALID_": INVALID_ORDER,
    "PREVIEW_STOP_PRICE_": INVALID_ORDER,
    "PERMISSION_DENIED": PERMISSION_DENIED,
    "ORDER_ENTRY_DISABLED": MARKET_MODE,
    "ORDER_TYPE_DISABLED": MARKET_MODE,
    "TRADING_DISABLED": MARKET_MODE,
    "PRODUCT_POST_ONLY_MODE": MARKET_MODE,
    "PRODUCT_CANCEL_ONLY_MODE": MARKET_MODE,
    "PREVIEW_PRODUCT_": MARKET_MODE,
    "TOO_MANY_OPEN_ORDERS": TOO_MANY_ORDERS,
}

# Said of the client order id: an order of that id may exist.
ABOUT_THE_ID = ("cl_ord_id", "client_order_id", "client order id", "duplicate")
