"""The small market of the session tests as a store and a profile that a command line can name."""

from __future__ import annotations

import sys
from pathlib import Path

# The market and the strategy are those of the engine's session tests.
sys.path.append(str(Path(__file__).parents[1] / "engine"))

from session_cases import STRATEGY, VENUE, market, stored

from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.store.store import Store

PROFILE = f"""
[account]
venue = "{VENUE}"
capital = 10000

[limits]
trade_share = 0.2
strategy_share = 0.8
max_cost_share = 1.0
min_notional_margin = 0
allow_looser = true

[costs]
half_spread = 0.0002

[venues.{VENUE}]
taker_fee = 0.0004
min_notional = 1
"""


def prepared(folder: Path, bars: int) -> list[str]:
    """A store with the market; the options that name it, the profile and the strategy."""
    folder.mkdir(exist_ok=True)
    stored(folder / "store", market(bars), bars)
    (folder / "loose.toml").write_text(PROFILE, encoding="utf-8")
    (folder / "own.py").write_text(STRATEGY.format(nudged_ts=-1), encoding="utf-8")
    return ["--store", str(folder / "store"), "--profile", str(folder / "loose.toml")]


def eager(folder: Path) -> list[str]:
    """The options that name the strategy."""
    return ["--strategy", f"{folder}/own.py:Eager"]


def account(folder: Path, name: str = "paper") -> AccountState:
    """The account as its journal says."""
    return Store(folder / "store").journal(name).replay(AccountFold())


def trades(folder: Path) -> list[dict[str, object]]:
    """The bodies of the `trade` lines."""
    return [entry.body for entry in Store(folder / "store").journal().entries() if entry.kind == "trade"]
