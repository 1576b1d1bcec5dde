"""One store folder: the journal of each account, the lake, the runs and the catalog over all of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.version import read_marker

if TYPE_CHECKING:
    import duckdb

    from memesnipe_cli.store.lake import Lake
    from memesnipe_cli.store.retention import Selection
    from memesnipe_cli.store.runs import Runs


class Store:
    """Opens the store in `root`. Creates nothing until something is written.

    Raises StoreError where a newer memesnipe wrote it.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self.paths = StorePaths(self.root)
        self.marker = read_marker(self.paths.marker)

    @cached_property
    def lake(self) -> Lake:
        """Candles, funding rates and instruments."""
        # Imports numpy, which the journal's users do without.
        from memesnipe_cli.store.lake import Lake

        return Lake(self.paths)

    @cached_property
    def runs(self) -> Runs:
        """Stored backtest runs."""
        from memesnipe_cli.store.runs import Runs

        return Runs(self.paths)

    def journal(self, account: str = "paper") -> Journal:
        """The journal of one account."""
        return Journal(self.paths, account)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection to the catalog: typed views `candles`, `funding`, `journal`, `orders`, `fills`,
        `trades`, `equity`, `breaker`, `ingests`, `runs`. Never waits for anybody; reads files of this store
        only."""
        from memesnipe_cli.store.catalog import connect

        return connect(self.paths)

    def size(self) -> list[dict[str, Any]]:
        """What lies in the store: rows of part, name, files and bytes."""
        from memesnipe_cli.store.retention import size

        return size(self.paths)

    def prune(self, selection: Selection, *, apply: bool = False) -> list[dict[str, Any]]:
        """What `selection` would remove, and with `apply` removes: rows of part, name and bytes."""
        from memesnipe_cli.store.retention import prune

        return prune(self.paths, selection, apply=apply)
