"""The store: append-only journals, a lake of market data, stored runs, and a catalog over them. Imports
lightly."""

from memesnipe_cli.store.canonical import JsonValue
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.store.fold import Fold
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store

__all__ = ["Entry", "Fold", "Journal", "JsonValue", "Store"]
