"""The allow-list: every request that may be signed, by venue. What is not here is not signed, whoever asks: no
withdrawal, no transfer, no address, no key, no sub-account, no staking, no earn, no conversion, no batch of orders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from memesnipe_cli.signer.errors import SignerRefusedError


class Use(StrEnum):
    """What a request is for; a question changes nothing at the venue."""

    QUESTION = "question"
    ORDER = "order"
    CANCEL = "cancel"
    AMEND = "amend"
    SWITCH = "switch"  # the dead-man's switch


_Key = tuple[tuple[str, ...], str, str]  # ccxt's names: interface, method, path
_KRAKEN = ("private",)
_V3, _V2 = ("v3", "private"), ("v2", "private")
_QUESTIONS_KRAKEN = (
    "Balance",
    "BalanceEx",
    "ClosedOrders",
    "GetApiKeyInfo",
    "Ledgers",
    "OpenOrders",
    "QueryOrders",
    "TradesHistory",
    "TradeVolume",
)
_ALLOWED: Mapping[str, Mapping[_Key, Use]] = {
    "kraken": {
        **{(_KRAKEN, "POST", path): Use.QUESTION for path in _QUESTIONS_KRAKEN},
        (_KRAKEN, "POST", "AddOrder"): Use.ORDER,
        (_KRAKEN, "POST", "CancelOrder"): Use.CANCEL,
        (_KRAKEN, "POST", "AmendOrder"): Use.AMEND,
        (_KRAKEN, "POST", "CancelAllOrdersAfter"): Use.SWITCH,
    },
    "coinbase": {
        (_V3, "GET", "brokerage/accounts"): Use.QUESTION,
        (_V3, "GET", "brokerage/cfm/positions"): Use.QUESTION,
        (_V3, "GET", "brokerage/key_permissions"): Use.QUESTION,
        (_V3, "GET", "brokerage/orders/historical/batch"): Use.QUESTION,
        (_V3, "GET", "brokerage/orders/historical/fills"): Use.QUESTION,
        (_V3, "GET", "brokerage/orders/historical/{order_id}"): Use.QUESTION,
        (_V3, "GET", "brokerage/transaction_summary"): Use.QUESTION,
        (_V2, "GET", "accounts/{account_id}/transactions"): Use.QUESTION,
        (_V3, "POST", "brokerage/orders"): Use.ORDER,
        (_V3, "POST", "brokerage/orders/batch_cancel"): Use.CANCEL,
    },
}
# What stands in a path must not lead to another one.
_IN_PATH = re.compile(r"[A-Za-z0-9-]{1,64}")


def use_of(venue: str, interface: Sequence[str], method: str, path: str, params: Mapping[str, Any]) -> Use:
    """What a request is for. Raises SignerRefusedError for one that is not on the list."""
    use = _ALLOWED.get(venue, {}).get((tuple(interface), method, path))
    if use is None:
        raise SignerRefusedError("not_allowed", f"{method} {path} of {venue} is not on the signer's list")
    for name in re.findall(r"{(\w+)}", path):
        if not _IN_PATH.fullmatch(str(params.get(name, ""))):
            raise SignerRefusedError("not_allowed", f"the {name} in the path {path} is no id")
    return use
