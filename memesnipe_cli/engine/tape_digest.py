"""A hash of the bars that a session has traded on, so that a later run notices where they are no longer the
same."""

from __future__ import annotations

import hashlib

import numpy as np

from memesnipe_cli.engine.dataset import Dataset

_COLUMNS = ("ts", "open", "high", "low", "close", "volume")


def tape_digest(dataset: Dataset, last_ms: int) -> str:
    """Over every series from its first bar (warm-up included) to the bar that opens at last_ms."""
    digest = hashlib.blake2b(digest_size=16)
    for item in dataset.series:
        candles = item.candles
        end = int(np.searchsorted(candles.ts, last_ms, side="right"))
        digest.update(f"{candles.key} {end}\n".encode())
        for name in _COLUMNS:
            digest.update(np.ascontiguousarray(getattr(candles, name)[:end]).data)
    return digest.hexdigest()
