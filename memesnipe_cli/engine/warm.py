"""Start numba in the background, so that its import and its tables are ready when the bars have been read.

Half a second of every compiled run would otherwise pass before anything runs; most of it overlaps with reading files.
"""

from __future__ import annotations

from threading import Thread


def warm_numba() -> Thread:
    """A running thread that imports numba and fills its tables. Nobody has to wait for it: numba locks for itself."""
    thread = Thread(target=_fill_tables, name="warm-numba", daemon=True)
    thread.start()
    return thread


def _fill_tables() -> None:
    from numba.core.registry import cpu_target

    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
