"""What Coinbase tells of money: accounts with and without holds, transactions, the fee tier."""

from __future__ import annotations

from typing import Any

from .answers import Request, iso, plain
from .instruments import Asset
from .orders import Refusal
from .venue import HostileVenue

MOST_TRANSACTIONS = 100


def accounts(venue: HostileVenue, request: Request) -> Any:
    """GET accounts: what is available and what is held, in pages with a cursor."""
    limit, start = int(request.text("limit") or 49), int(request.text("cursor") or 0)
    owned = _owned(venue)
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


def plain_accounts(venue: HostileVenue) -> Any:
    """GET /v2/accounts: the whole balance, and no word of what is held."""
    return {
        "pagination": {"next_starting_after": None},
        "data": [
            {
                "id": f"loopback-{each.code}",
                "type": "fiat" if each.code == "USD" else "wallet",
                "currency": {"code": each.code},
                "balance": {"amount": plain(venue.ledger.balances[each.code]), "currency": each.code},
            }
            for each in _owned(venue)
        ],
    }


def transactions(venue: HostileVenue, request: Request) -> Any:
    """GET /v2/accounts/{id}/transactions: every movement of one asset, the newest first; the amount is net of
    the fee."""
    account = request.path.split("/")[3]
    code = account.removeprefix("loopback-")
    if code not in venue.ledger.balances:
        raise Refusal("unknown_order", account)
    kinds = {"deposit": "fiat_deposit", "withdrawal": "fiat_withdrawal"} if code == "USD" else {}
    usual = {"deposit": "send", "withdrawal": "send", "trade": "advanced_trade_fill"}
    names = usual | {"staking": "staking_reward", "settlement": "derivatives_settlement"} | kinds
    entries = [each for each in reversed(venue.ledger.entries) if each.asset == code]
    after = request.text("starting_after")
    first = next((index + 1 for index, each in enumerate(entries) if each.id == after), 0)
    limit = min(int(request.text("limit") or 25), MOST_TRANSACTIONS)
    page = entries[first : first + limit]
    more = first + limit < len(entries)
    shown = [
        {
            "id": each.id,
            "type": names[each.kind],
            "status": "completed",
            "amount": {"amount": plain(each.amount - each.fee), "currency": code},
            "created_at": iso(each.time_us),
            "resource": "transaction",
            "resource_path": f"/v2/accounts/{account}/transactions/{each.id}",
        }
        for each in page
    ]
    return {"pagination": {"next_starting_after": page[-1].id if more else None}, "data": shown}


def positions(venue: HostileVenue) -> Any:
    """GET cfm/positions: those that are not flat."""
    shown = []
    for symbol, held in venue.ledger.positions.items():
        pair, quote = venue.instruments[symbol], venue.matcher.quotes[symbol]
        if held.quantity:
            earned = (quote.last - held.entry) * held.quantity
            shown.append(
                {
                    "product_id": pair.wire_id,
                    "expiration_time": "2030-12-20T16:00:00Z",
                    "side": "LONG" if held.quantity > 0 else "SHORT",
                    "number_of_contracts": plain(abs(held.quantity) / pair.unit),
                    "current_price": plain(quote.last),
                    "avg_entry_price": plain(held.entry),
                    "unrealized_pnl": plain(earned),
                    "daily_realized_pnl": "0",
                }
            )
    return {"positions": shown}


def summary(venue: HostileVenue, request: Request) -> Any:
    """GET transaction_summary: what fills cost."""
    futures = request.text("product_type") == "FUTURE"
    pair = next(each for each in venue.instruments.values() if (each.contract is not None) == futures)
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


def _owned(venue: HostileVenue) -> list[Asset]:
    return [each for each in venue.assets if each.code in venue.ledger.balances]
