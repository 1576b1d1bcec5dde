"""The open session's line as engine input: ticks, lots, costs and rules as they were written when it began. For whoever
acts on an account without its strategies' code, its profile or its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import numpy as np

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.engine.dataset import make_slots
from memesnipe_cli.engine.model import EngineInput, ExitPlan, Rules, Tape, Terms


@dataclass(frozen=True)
class Labels:
    """A strategy as the session's journal names it: `tags` are the words of its entries."""

    name: str
    tags: dict[int, str]


def session_input(session: Mapping[str, Any], bar_ms: int) -> EngineInput:
    """What the engine takes, with an empty tape of the one bar that opens at bar_ms and plans that decide nothing."""
    terms = [_terms(item) for item in session["instruments"]]
    strategies = session["strategies"]
    count = len(terms)
    tape = Tape(
        timeframe_ms(session["base"]),
        np.array([bar_ms], dtype=np.int64),
        np.zeros((1, count, 4), dtype=np.int64),
        np.zeros((1, count)),
        np.zeros((0, count), dtype=np.int64),
    )
    return EngineInput(
        tape=tape,
        terms=terms,
        plans=[ExitPlan() for _ in strategies],
        timeframes_ms=[timeframe_ms(each["timeframe"]) for each in strategies],
        slots=make_slots(len(strategies), count),
        rules=_rules(session),
    )


def _terms(item: Mapping[str, Any]) -> Terms:
    symbol = item["symbol"]
    return Terms(
        venue=item["venue"],
        symbol=symbol,
        base=symbol.split("/")[0],
        tick=Decimal(item["tick"]),
        lot=Decimal(item["lot"]),
        taker_fee=Decimal(item["taker_fee"]),
        half_spread=float(item["half_spread"]),
        min_notional=Decimal(item["min_notional"]),
        min_qty=Decimal(item["min_qty"]),
        shortable=bool(item["shortable"]),
        stop_limit=None if item["stop_limit"] is None else float(item["stop_limit"]),
    )


def _rules(session: Mapping[str, Any]) -> Rules:
    """Numbers stand as text in the line; a rule that it does not name has its default."""
    written: Mapping[str, str | None] = session["rules"]
    kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(Rules)}
    values: dict[str, Any] = {
        name: None if text is None else kinds[name](text) for name, text in written.items() if name in kinds
    }
    return Rules(**{**values, "capital": Decimal(session["capital"])})
