"""A store in a fresh folder, and small candles to put into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from memesnipe_cli.store import Store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder for a store; it does not exist yet."""
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Store:
    """An empty store."""
    return Store(root)
