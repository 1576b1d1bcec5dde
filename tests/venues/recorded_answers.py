"""What Kraken and Coinbase answer, in their wire formats: small recordings that tests change where they need to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

# A text, or what makes one of the request's fields; None: there is no such path.
Recorded = str | Callable[[dict[str, Any]], str] | None


def kraken(result: Any) -> str:
    """A good answer of Kraken's."""
    return json.dumps({"error": [], "result": result})


def refused(words: str) -> str:
    """Kraken refuses."""
    return json.dumps({"error": [words]})


ASSETS = {
    "XXBT": {
        "aclass": "currency",
        "altname": "XBT",
        "decimals": 10,
        "display_decimals": 5,
        "status": "enabled",
    },
    "XXDG": {
        "aclass": "currency",
        "altname": "XDG",
        "decimals": 8,
        "display_decimals": 2,
        "status": "enabled",
    },
    "PEPE": {
        "aclass": "currency",
        "altname": "PEPE",
        "decimals": 5,
        "display_decimals": 5,
        "status": "enabled",
    },
    "ZUSD": {
        "aclass": "currency",
        "altname": "USD",
        "decimals": 4,
        "display_decimals": 2,
        "status": "enabled",
    },
    "ETH.F": {
        "aclass": "currency",
        "altname": "ETH.F",
        "decimals": 10,
        "display_decimals": 5,
        "status": "enabled",
    },
}


def kraken_pair(base: str, altname: str, wsname: str, **changed: Any) -> dict[str, Any]:
    """A row of AssetPairs."""
    row = {
        "altname": altname,
        "wsname": wsname,
        "aclass_base": "currency",
        "base": base,
        "aclass_quote": "currency",
        "quote": "ZUSD",
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": 7,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4], [10000, 0.35]],
        "fees_maker": [[0, 0.25], [10000, 0.2]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "13",
        "costmin": "0.5",
        "tick_size": "0.0000001",
        "status": "online",
        "long_position_limit": 0,
    }
    return {**row, **changed}


PAIRS = {
    "XDGUSD": kraken_pair("XXDG", "XDGUSD", "XDG/USD"),
    "PEPEUSD": kraken_pair(
        "PEPE", "PEPEUSD", "PEPE/USD", pair_decimals=9, tick_size="0.000000001", ordermin="100000"
    ),
}

KRAKEN: dict[str, Recorded] = {
    "/Assets": kraken(ASSETS),
    "/AssetPairs": kraken(PAIRS),
    "/Time": kraken({"unixtime": 1762820224, "rfc1123": "Tue, 11 Nov 25 00:17:04 +0000"}),
    "/SystemStatus": kraken({"status": "online", "timestamp": "2025-11-11T00:17:10Z"}),
    "/TradeVolume": kraken(
        {
            "currency": "ZUSD",
            "volume": "1234.5678",
            "fees": {
                "XDGUSD": {"fee": "0.3500", "minfee": "0.1000", "maxfee": "0.4000", "tiervolume": "0.0000"}
            },
            "fees_maker": {"XDGUSD": {"fee": "0.2000", "minfee": "0.0000", "maxfee": "0.2500"}},
        }
    ),
    "/GetApiKeyInfo": kraken(
        {
            "apiKeyName": "trader",
            "apiKey": "loopback",
            "nonce": "1762820224000",
            "permissions": ["query-funds", "query-open-trades", "modify-trades", "query-ledger"],
            "ipAllowlist": [],
        }
    ),
}


def kraken_order(status: str = "open", **changed: Any) -> dict[str, Any]:
    """A row of OpenOrders, ClosedOrders or QueryOrders; `descr` is merged."""
    descr = {
        "pair": "XDGUSD",
        "type": "buy",
        "ordertype": "limit",
        "price": "0.0995000",
        "price2": "0",
        "leverage": "none",
        "order": "buy 100.00000000 XDGUSD @ limit 0.0995000",
        "close": "",
    }
    row = {
        "refid": None,
        "userref": 0,
        "cl_ord_id": "ours-1",
        "status": status,
        "opentm": 1762820100.8648,
        "starttm": 0,
        "expiretm": 0,
        "vol": "100.00000000",
        "vol_exec": "40.00000000",
        "cost": "3.98000",
        "fee": "0.01393",
        "price": "0.0995000",
        "stopprice": "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": "fciq",
    }
    return {**row, **changed, "descr": {**descr, **changed.get("descr", {})}}


def kraken_trade(order_id: str = "OURS01", **changed: Any) -> dict[str, Any]:
    """A row of TradesHistory."""
    row = {
        "ordertxid": order_id,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": "XDGUSD",
        "time": 1762820150.8921,
        "type": "buy",
        "ordertype": "limit",
        "price": "0.0995000",
        "cost": "3.98000",
        "fee": "0.01393",
        "vol": "40.00000000",
        "margin": "0.00000",
        "misc": "",
        "trade_id": 1001,
        "maker": True,
        "ledgers": ["L4UESK-KG3EQ-BJM7HJ"],
    }
    return {**row, **changed}


def coinbase_product(product_id: str = "DOGE-USD", **changed: Any) -> dict[str, Any]:
    """A row of market/products: spot."""
    base, _, quote = product_id.partition("-")
    row = {
        "product_id": product_id,
        "price": "0.10001",
        "volume_24h": "226474836.1",
        "base_increment": "0.1",
        "quote_increment": "0.00001",
        "quote_min_size": "1",
        "quote_max_size": "10000000",
        "base_min_size": "0.1",
        "base_max_size": "36590000",
        "base_name": base,
        "quote_name": "US Dollar",
        "is_disabled": False,
        "new": False,
        "status": "online",
        "cancel_only": False,
        "limit_only": False,
        "post_only": False,
        "trading_disabled": False,
        "fcm_trading_session_details": None,
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": quote,
        "base_currency_id": base,
        "mid_market_price": "",
        "alias": "",
        "alias_to": [],
        "view_only": False,
        "price_increment": "0.00001",
        "display_name": product_id,
        "product_venue": "CBE",
    }
    return {**row, **changed}


PERPETUAL = coinbase_product(
    "BIP-20DEC30-CDE",
    price="68930",
    base_increment="1",
    quote_increment="0.01",
    quote_min_size="0",
    base_min_size="1",
    base_max_size="5000",
    base_name="",
    status="",
    product_type="FUTURE",
    quote_currency_id="USD",
    base_currency_id="",
    price_increment="5",
    display_name="BTC PERP",
    product_venue="FCM",
    fcm_trading_session_details={"is_session_open": True, "open_time": "2026-04-06T21:00:00Z"},
    future_product_details={
        "venue": "cde",
        "contract_code": "BIP",
        "contract_expiry": "2030-12-20T16:00:00Z",
        "contract_size": "0.01",
        "contract_root_unit": "BTC",
        "contract_expiry_type": "EXPIRING",
        "perpetual_details": {"open_interest": "183283", "funding_rate": "", "funding_time": None},
        "funding_interval": "3600s",
        "funding_rate": "0.000013",
        "funding_time": "2026-04-07T00:00:00Z",
    },
)


def coinbase_products(fields: dict[str, Any]) -> str:
    """market/products: whatever was asked for, all of one type come back."""
    futures = fields.get("product_type") == "FUTURE"
    return json.dumps({"products": [PERPETUAL] if futures else [coinbase_product()], "num_products": 1})


def coinbase_account(currency: str, free: str, held: str) -> dict[str, Any]:
    """A row of accounts."""
    return {
        "uuid": f"8bfc20d7-{currency}",
        "name": f"{currency} Wallet",
        "currency": currency,
        "available_balance": {"value": free, "currency": currency},
        "default": True,
        "active": True,
        "created_at": "2021-05-31T09:59:59Z",
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": {"value": held, "currency": currency},
        "retail_portfolio_id": "portfolio-1",
    }


COINBASE: dict[str, Recorded] = {
    "/v2/currencies": json.dumps({"data": [{"id": "USD", "name": "US Dollar", "min_size": "0.01"}]}),
    "/v2/currencies/crypto": json.dumps({"data": [{"asset_id": "d1", "code": "DOGE", "name": "Dogecoin"}]}),
    "/v2/exchange-rates": json.dumps({"data": {"currency": "USD", "rates": {"DOGE": "10"}}}),
    "/market/products": coinbase_products,
    "/brokerage/time": json.dumps(
        {"iso": "2025-11-11T00:17:04Z", "epochSeconds": "1762820224", "epochMillis": "1762820224123"}
    ),
    "/transaction_summary": json.dumps(
        {
            "total_volume": 1234.5,
            "total_fees": 4.3,
            "fee_tier": {
                "pricing_tier": "Advanced 1",
                "usd_from": "0",
                "usd_to": "1000",
                "taker_fee_rate": "0.006",
                "maker_fee_rate": "0.004",
            },
            "margin_rate": None,
        }
    ),
    "/key_permissions": json.dumps(
        {
            "can_view": True,
            "can_trade": True,
            "can_transfer": False,
            "portfolio_uuid": "p",
            "portfolio_type": "DEFAULT",
        }
    ),
    "/brokerage/accounts": json.dumps(
        {
            "accounts": [
                coinbase_account("DOGE", "1234.5", "100"),
                coinbase_account("USD", "10000.50", "450.00"),
            ],
            "has_next": False,
            "cursor": "",
            "size": 2,
        }
    ),
}


def coinbase_order(**changed: Any) -> dict[str, Any]:
    """A row of the order history."""
    row = {
        "order_id": "0000-000001",
        "product_id": "DOGE-USD",
        "user_id": "2222",
        "order_configuration": {
            "limit_limit_gtd": {
                "base_size": "100",
                "limit_price": "0.09950",
                "end_time": "2025-11-11T00:20:00Z",
                "post_only": False,
            }
        },
        "side": "BUY",
        "client_order_id": "ours-1",
        "status": "OPEN",
        "time_in_force": "GOOD_UNTIL_DATE_TIME",
        "created_time": "2025-11-11T00:15:00.123456Z",
        "completion_percentage": "40",
        "filled_size": "40",
        "average_filled_price": "0.0995",
        "fee": "",
        "number_of_fills": "1",
        "filled_value": "3.98",
        "pending_cancel": False,
        "size_in_quote": False,
        "total_fees": "0.02388",
        "size_inclusive_of_fees": False,
        "trigger_status": "INVALID_ORDER_TYPE",
        "order_type": "LIMIT",
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": False,
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": "",
        "last_fill_time": "2025-11-11T00:16:00Z",
        "originating_order_id": "",
        "attached_order_id": "",
    }
    return {**row, **changed}


def coinbase_fill(**changed: Any) -> dict[str, Any]:
    """A row of the fills."""
    row = {
        "entry_id": "22222-1",
        "trade_id": "1111-1",
        "order_id": "0000-000001",
        "trade_time": "2025-11-11T00:16:00.123456789Z",
        "trade_type": "FILL",
        "price": "0.0995",
        "size": "40",
        "commission": "0.02388",
        "product_id": "DOGE-USD",
        "sequence_timestamp": "2025-11-11T00:16:00.123456789Z",
        "liquidity_indicator": "TAKER",
        "size_in_quote": False,
        "user_id": "3333",
        "side": "BUY",
        "retail_portfolio_id": "portfolio-1",
    }
    return {**row, **changed}
