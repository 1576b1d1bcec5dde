"""Shared by the engine's tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kernel_folder(request: pytest.FixtureRequest) -> Path:
    """Where compiled kernels stay from one run to the next: compiling takes longer than all tests."""
    return Path(request.config.cache.mkdir("kernels")) if request.config.cache else Path.cwd()
