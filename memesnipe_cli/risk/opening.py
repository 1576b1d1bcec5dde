"""What the breaker knows of an account that has just been opened. Imports no numpy."""

from __future__ import annotations

from math import floor

from memesnipe_cli.risk.kernel import rows


def opening_rows(capital: int, strategy_share: float, strategies: int, cool_off_ms: int) -> list[list[int]]:
    """The rows (risk/kernel/rows.py) of the account and its strategies. capital: in money units. Each strategy is
    allocated strategy_share of it."""
    allocation = floor(capital * strategy_share + 1e-6)
    return [_row(capital, cool_off_ms), *(_row(allocation, cool_off_ms) for _ in range(strategies))]


def _row(value: int, cool_off_ms: int) -> list[int]:
    row = [0] * rows.ROW_WIDTH
    row[rows.COOL_OFF] = cool_off_ms
    for column in (rows.HIGH, rows.VALUE, rows.DAY_BASE, rows.ALLOCATION):
        row[column] = value
    return row
