"""The backtest that a session is held against: its strategies, symbols, capital and rules over its own interval, from
what the store holds now."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memesnipe_cli.engine.assumptions import assumptions
from memesnipe_cli.engine.dataset import Dataset, Request, engine_input, load_dataset, make_tape, scan_signals
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.live_data import live_dataset
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.run import simulate
from memesnipe_cli.engine.session_line import as_opened, changed_code, differences, session_body
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.records import time_value

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.store import Store
    from memesnipe_cli.strategies.registry import LoadedStrategy


@dataclass(frozen=True)
class Paired:
    """The backtest of a session's interval. rows: its events in order; equity at its last close; warnings: what is no
    longer as it was when the session ran."""

    strategies: list[LoadedStrategy]
    dataset: Dataset
    inputs: EngineInput
    rows: list[Row]
    equity: float
    warnings: list[str]


def backtest_of(
    opened: Mapping[str, Any],
    last_ms: int,
    store: Store,
    profile: Profile,
    cache_dir: Path,
    *,
    compiled: bool = True,
) -> Paired:
    """Run it from the session's first bar to the one that opened at last_ms.

    Raises DataError where the store no longer holds what the session began with, or where its strategy is gone.
    """
    strategies = [_strategy(each) for each in opened["strategies"]]
    capital = Decimal(opened["capital"])
    assumed = assumptions(profile, capital, {})
    reset = opened["rules"].get("assumed_reset_ms")
    assumed = replace(
        assumed, rules=replace(assumed.rules, assumed_reset_ms=None if reset is None else int(reset))
    )
    base_ms = min(strategy.timeframe_ms for strategy in strategies)
    since = None if opened["since"] is None else time_value(opened["since"], "since")
    wanted = Request(
        strategies, list(opened["symbols"]), opened["venue"], since, last_ms + base_ms, profile, store, None
    )
    live = since is not None and "feed" in opened
    dataset = live_dataset(wanted, assumed, last_ms) if live else load_dataset(wanted, assumed)
    now = session_body(
        0, opened["account"], "", profile, since, capital, strategies, dataset, assumed, opened["resets"]
    )
    warnings = [f"since the session began: {words}" for words in differences(opened, now)]
    warnings += [f"the code of {name} is not what the session ran" for name in changed_code(opened, now)]
    dataset = as_opened(dataset, opened)
    tape = make_tape(dataset)
    inputs = engine_input(dataset, tape, strategies, assumed)
    signals = scan_signals(dataset, tape, strategies, assumed.min_turnover, cache_dir, compiled=compiled)
    output = simulate(inputs, signals.tape, compiled=compiled, cache_dir=cache_dir)
    return Paired(strategies, dataset, inputs, output.events.tolist(), float(output.equity[-1]), warnings)


def _strategy(said: Mapping[str, Any]) -> LoadedStrategy:
    """A strategy of the session, with its parameters, from where it came from."""
    from memesnipe_cli.strategies.registry import load

    params = {name: str(value) for name, value in said["params"].items()}
    kind, _, path = str(said["source"]).partition(" ")
    if kind != "file":
        return load(said["name"], params)
    for spec in _classes(Path(path)):
        try:
            found = load(spec, params)
        except UsageError:
            continue  # another class of the file
        if found.name == said["name"]:
            return found
    raise DataError(
        f"{path} holds no strategy {said['name']!r} any more",
        "put it back, or open a new session with another",
    )


def _classes(path: Path) -> list[str]:
    """The classes in a file, as a strategy is named on the command line."""
    if not path.is_file():
        raise DataError(
            f"the strategy's file {str(path)!r} is not there",
            "run this where the session was started from, or put the file back",
        )
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [f"{path}:{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)]
