"""Calls that may hang (a resolver, D-Bus) under a deadline of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def within(deadline_s: float, works: Sequence[Callable[[], T]]) -> list[T | Exception | None]:
    """Run `works` side by side. For each its result, the exception it raised, or None where time ran out.

    A work that hangs is left behind in a daemon thread, which ends with the process.
    """
    results: list[T | Exception | None] = [None] * len(works)

    def run(place: int) -> None:
        try:
            results[place] = works[place]()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(works))]
    give_up = time.monotonic() + deadline_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, give_up - time.monotonic()))
    return list(results)
