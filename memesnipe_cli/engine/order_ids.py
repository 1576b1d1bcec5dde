"""Client order ids: the same order has the same id after every restart, and no two orders share one.

`ms`, then the store's id, then a hash of what the order is: 18 characters, the most that Kraken takes as
`cl_ord_id`.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode

PREFIX = "ms"
LENGTH = 18


def store_part(store_id: str) -> str:
    """The beginning that all ids of a store share: prefix and the store's id (8 hex digits) in base 32."""
    return PREFIX + _base32(bytes.fromhex(store_id))


def client_order_id(
    store_id: str,
    account: str,
    session: str,
    strategy: str,
    venue: str,
    symbol: str,
    bar_ms: int,
    leg: str,
    attempt: int = 0,
) -> str:
    """The id of one attempt at one order. `bar_ms`: open of the bar it was decided on (a protective order: of
    its entry); `leg`: entry, exit, stop, target, ..."""
    what = "\n".join((account, session, strategy, venue, symbol, str(bar_ms), leg, str(attempt)))
    start = store_part(store_id)
    return start + _base32(hashlib.blake2b(what.encode(), digest_size=16).digest())[: LENGTH - len(start)]


def _base32(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=").lower()
