"""What the fixture `memesnipe` is, for annotations."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess

Memesnipe = Callable[..., CompletedProcess[str]]
