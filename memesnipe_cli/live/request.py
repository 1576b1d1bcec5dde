"""What a live run is asked to do, and what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from memesnipe_cli import clock

if TYPE_CHECKING:
    from memesnipe_cli.engine.account_fold import AccountState
    from memesnipe_cli.engine.session_journal import OnLine
    from memesnipe_cli.engine.trades import TradeRecord
    from memesnipe_cli.live.status import LoopStatus
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.risk.levels import Level
    from memesnipe_cli.store.store import Store
    from memesnipe_cli.strategies.registry import LoadedStrategy


@dataclass(frozen=True)
class LiveRequest:
    """What to trade with real orders, on which account.

    without_promotion: why strategies that have passed no gate trade all the same, ""
    where nobody said so. new_session: the reason to open a new session, None to go on with the open one. once: decide
    on the next bar that closes, see its orders through and end. duration_s: None for ever. say: tells a person;
    on_line: each journal line once it is on the disk; on_status: how the loop stands, twice a second at most.
    """

    strategies: list[LoadedStrategy]
    symbols: list[str]
    venue: str
    capital: Decimal
    profile: Profile
    store: Store
    cache_dir: Path
    account: str
    without_promotion: str = ""
    new_session: str | None = None
    once: bool = False
    duration_s: float | None = None
    say: Callable[[str], None] = field(default=lambda words: None)
    on_line: OnLine | None = None
    on_status: Callable[[LoopStatus], None] = field(default=lambda status: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)
    now: Callable[[], int] = clock.now_ms


@dataclass(frozen=True)
class LiveRun:
    """What a run did. trades: ended in it; bars: decided on; stopped: it was asked to stop; left: what is still held or
    open, in words; unsettled: orders that may exist at the venue without its having said so."""

    state: AccountState
    trades: list[TradeRecord]
    bars: int
    stopped: bool
    resumed: bool
    level: Level
    halted_strategies: list[str]
    left: list[str]
    unsettled: list[str]
