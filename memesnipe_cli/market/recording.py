"""The journal's line for each ingest: which series, how many rows, from where, with the hash of what was
read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from memesnipe_cli.store.tables import Candles, SeriesKey

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store


def record_ingest(
    store: Store,
    key: SeriesKey,
    *,
    source: str,
    rows: int,
    added: int,
    set_aside: int,
    content_hash: str,
    what: str = "candles",
) -> None:
    """Append an `ingest` entry. Nothing is written where nothing changed (`added` and `set_aside` are 0)."""
    if not added and not set_aside:
        return
    store.journal().append(
        "ingest",
        {
            "what": what,
            "venue": key.venue,
            "symbol": key.symbol,
            "timeframe": key.timeframe,
            "source": source,
            "rows": rows,
            "added": added,
            "set_aside": set_aside,
            "sha256": content_hash,
        },
    )


def candles_hash(candles: Candles, after: str = "") -> str:
    """SHA-256 over the columns, for bars that came over a wire and not from a file; `after` chains a hash
    before.
    """
    digest = hashlib.sha256(after.encode())
    for column in (candles.ts, candles.open, candles.high, candles.low, candles.close, candles.volume):
        digest.update(column.tobytes())
    return digest.hexdigest()
